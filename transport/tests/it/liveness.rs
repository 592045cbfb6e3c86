//! A peer is given up when it is silent, and not while it is slow.

use std::{collections::BTreeSet, time::Duration};

use antiphon_protocol::{Fault, Time};
use antiphon_transport::{Machine, Output, WireAction, WireEvent};

use crate::support::{
    Bench, Words,
    dice::{Dice, Suite},
};

/// One peer: how late its pongs are, how often it says something else, and when it falls silent.
struct Schedule {
    pong_delay: (u64, u64),
    frame_every: Option<u64>,
    silent_from: Time,
}

fn run(schedule: &Schedule, dice: &mut Dice) -> Result<(), String> {
    let mut bench = Bench::live(Words::default());
    let mut arrivals: BTreeSet<(Time, bool)> = BTreeSet::new();
    if let Some(every) = schedule.frame_every {
        arrivals.insert((Time::from_millis(every), true));
    }
    let mut heard = Time::ZERO;
    for _ in 0..10_000 {
        let timeout = bench.link.poll_timeout();
        let arrival = arrivals.first().copied();
        // What arrives and what runs out at one time may come in either order.
        let arrives = arrival.filter(|(at, _)| timeout.is_none_or(|timeout| *at <= timeout));
        if let Some((at, is_frame)) = arrives {
            arrivals.pop_first();
            bench.now = at;
            heard = at;
            if is_frame {
                bench.hear("say");
                let next = at + Duration::from_millis(schedule.frame_every.unwrap_or(u64::MAX));
                if next < schedule.silent_from {
                    arrivals.insert((next, true));
                }
            } else {
                let generation = bench.newest();
                bench.wire(WireEvent::Alive { generation });
            }
        } else {
            let at = timeout.ok_or("no timer is left")?;
            bench.now = bench.now.max(at);
            bench.input(antiphon_transport::Input::Timeout);
        }
        for output in bench.take() {
            match output {
                Output::Wire(WireAction::Ping { .. }) => {
                    let (least, most) = schedule.pong_delay;
                    let delay = least + dice.below(most - least + 1);
                    let at = bench.now + Duration::from_millis(delay);
                    if at < schedule.silent_from {
                        arrivals.insert((at, false));
                    }
                }
                Output::Wire(WireAction::Abort { .. }) => {
                    let silence = bench.now - heard;
                    if silence < Duration::from_secs(60) {
                        return Err(format!("given up after {silence:?} of silence"));
                    }
                    if silence > Duration::from_secs(75) {
                        return Err(format!("given up only after {silence:?} of silence"));
                    }
                    if heard + Duration::from_secs(60) < schedule.silent_from {
                        return Err(format!("given up at {:?}, while it lived", bench.now));
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
    }
    Err("never given up".to_owned())
}

// faults: D5, D6 by pongs up to 40 s late, and peers that fall silent
#[test]
fn slow_peers_live_and_silent_ones_do_not() {
    let mut suite = Suite::new("liveness");
    let mut dice = Dice::new(suite.seed());
    for case in 0..500 {
        let most = dice.below(40_001);
        let schedule = Schedule {
            pong_delay: (if case % 2 == 0 { most } else { 0 }, most),
            frame_every: (case % 3 == 0).then(|| 100 + dice.below(59_000)),
            silent_from: Time::from_millis(60_000 + dice.below(3_600_000)),
        };
        let outcome = run(&schedule, &mut dice);
        suite.case(outcome.map_err(|broken| format!("case {case}: {broken}")));
    }
    suite.end();
}

#[test]
fn a_dead_peer_is_named_so() {
    let mut bench = Bench::live(Words::default());
    bench.pass(Duration::from_secs(65));
    assert_eq!(bench.lost(), [(bench.newest(), Fault::Network)]);
}
