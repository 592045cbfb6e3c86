//! When wires break, and how.

use std::time::Duration;

use antiphon_protocol::Frame;
use fastrand::Rng;

use super::audit::Dialect;
use crate::tap::WireFault;

/// The mean time between two faults.
const EVERY: f64 = 110.0;

/// Faults for a call of `length`, each with the time at which it strikes.
pub(super) fn schedule(
    dice: &mut Rng,
    dialect: Dialect,
    length: Duration,
) -> Vec<(Duration, WireFault)> {
    let mut at = 0.0;
    let mut faults = Vec::new();
    loop {
        // Exponential: the time to the next fault does not depend on the last one.
        at += -EVERY * (1.0 - dice.f64()).ln();
        if at > length.as_secs_f64() {
            return faults;
        }
        faults.push((Duration::from_secs_f64(at), fault(dice, dialect)));
    }
}

/// Faults like to strike while the model waits for its tools: that is when most is at stake.
pub(super) fn provoked(
    mut dice: Rng,
    dialect: Dialect,
) -> impl FnMut(&Frame) -> Option<Duration> + Send {
    move |frame| {
        let asks = dialect.asks_for_work(frame) && dice.u8(0..2) == 0;
        // Before the quickest answer, or before the slowest.
        let within = if dice.bool() { 0..300 } else { 300..6_000 };
        asks.then(|| Duration::from_millis(dice.u64(within)))
    }
}

/// How long dials take that nothing is wrong with.
pub(super) fn latency(mut dice: Rng) -> impl FnMut() -> Duration + Send {
    move || Duration::from_millis(dice.u64(40..600))
}

fn fault(dice: &mut Rng, dialect: Dialect) -> WireFault {
    match dice.u8(0..13) {
        0 => WireFault::Eof,
        1 => WireFault::Reset,
        2 => WireFault::Close(1000),
        3 => WireFault::Close(1001),
        4 => WireFault::Close(1011),
        5 => WireFault::Close(1012),
        6 => WireFault::HalfOpen,
        7 => WireFault::Garbage,
        8 => WireFault::Repeat,
        9 => WireFault::Refused(503),
        10 => WireFault::SlowDial(Duration::from_secs(dice.u64(1..10))),
        11 => WireFault::Stall(Duration::from_secs(dice.u64(1..12))),
        _ => farewell(dice, dialect),
    }
}

/// The server announces that it will go, in its own way.
fn farewell(dice: &mut Rng, dialect: Dialect) -> WireFault {
    let left = dice.u8(1..30);
    match dialect {
        Dialect::Gemini => WireFault::Says(Frame::text(format!(
            "{{\"goAway\":{{\"timeLeft\":\"{left}s\"}}}}"
        ))),
        // These two only ever go without a word before.
        Dialect::OpenAi | Dialect::Live => WireFault::Close(1001),
    }
}

/// A word for each kind, for the count.
pub(super) const fn name(fault: &WireFault) -> &'static str {
    match fault {
        WireFault::Eof | WireFault::Reset => "drop",
        WireFault::Close(_) => "close",
        WireFault::HalfOpen => "half-open",
        WireFault::Stall(_) => "stall",
        WireFault::Says(_) => "go-away",
        WireFault::Garbage => "malformed",
        WireFault::Repeat => "repeat",
        WireFault::Refused(_) => "refused",
        WireFault::SlowDial(_) => "slow-dial",
    }
}

/// The kinds that a range of calls must meet.
pub(super) const KINDS: &[&str] = &[
    "drop",
    "close",
    "half-open",
    "stall",
    "go-away",
    "malformed",
    "repeat",
    "refused",
    "slow-dial",
];
