//! An hour of call over each wire, in virtual time: every change of connection is itemised, and there
//! is no gap that the provider did not cause.
#![expect(
    clippy::unwrap_used,
    reason = "a call that cannot be held fails its test"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_conformance::{
    suite::{Act, Scene, Stage, Subject, subjects},
    tap::{Seen, Tap, Way},
};
use antiphon_emulator::DAY;
use antiphon_protocol::{
    Capabilities, Ended, Event, InputClock, Recovery, Resume, Rotation, RotationCause, Transcripts,
};
use antiphon_session::Session;
use antiphon_transport::Clock;
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3_700);
const PIECE: Duration = Duration::from_millis(20);
/// How often the caller asks something.
const QUESTIONS: Duration = Duration::from_secs(45);

/// What a call amounted to.
#[derive(Default)]
struct Account {
    rotations: Vec<Rotation>,
    answers: usize,
    ended: usize,
}

/// The times at which audio left, to find the longest gap.
#[derive(Default)]
struct Pace {
    beats: u64,
    last: Option<Instant>,
    gaps: Vec<(Duration, Instant)>,
}

impl Pace {
    fn beat(&mut self, now: Instant) {
        self.beats += 1;
        if let Some(last) = self.last.replace(now) {
            let gap = now - last;
            if gap > Duration::from_millis(250) {
                self.gaps.push((gap, now));
            }
        }
    }
}

#[test]
fn every_wire_carries_an_hour() {
    let mut failures = Vec::new();
    for wire in subjects::wires() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let begun = std::time::SystemTime::now();
        let result = runtime.block_on(hour(&wire));
        let wall = begun.elapsed().unwrap_or_default().as_secs_f64();
        match result {
            Ok(told) => println!(
                "hour-{} cases=1 failed=0 seed=1 wall={wall:.1}s {told}",
                wire.name
            ),
            Err(why) => failures.push(format!("{}: {why}", wire.name)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

async fn hour(wire: &subjects::Wire) -> Result<String, String> {
    let provider = wire.provider();
    let mut config = wire.config();
    let can = provider.capabilities(&config.model).into_owned();
    if can.output_transcripts == Transcripts::OnRequest {
        config.output_transcription = Some(true);
    }
    let scene = Scene::answering([Act::say("I am here, and I listen.")]);
    let stage = Stage {
        scene,
        ..Stage::default()
    };
    let pace = Arc::new(Mutex::new(Pace::default()));
    let listened = Arc::clone(&pace);
    let tap = Tap::new(wire.peer(&stage, Clock::start())).listener(move |sight| {
        let Seen::Frame(Way::Out, frame) = sight.what else {
            return;
        };
        let is_audio = frame
            .data
            .windows(12)
            .take(120)
            .any(|part| part == b"\"audio\":\"AAAA" || part.starts_with(b"\"audio\""));
        if is_audio {
            listened.lock().unwrap().beat(sight.at);
        }
    });
    let (session, mut events) = Session::builder(provider)
        .config(config)
        .dial(tap)
        .wall_clock(DAY)
        .seed(1)
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    let reader = tokio::spawn(async move {
        let mut account = Account::default();
        while let Some(event) = events.next().await {
            match event {
                Event::Rotated(rotation) => account.rotations.push(rotation),
                Event::ResponseDone(_) => account.answers += 1,
                Event::Ended(_) => account.ended += 1,
                _ => {}
            }
        }
        account
    });
    let begun = Instant::now();
    let rate = u64::from(session.input_format().rate);
    let silence = vec![0; usize::try_from(rate / 50 * 2).unwrap_or_default()];
    let tone: Vec<u8> = (0..rate / 50)
        .flat_map(|at| (if at % 80 < 40 { 6_000_i16 } else { -6_000 }).to_le_bytes())
        .collect();
    while begun.elapsed() < HOUR {
        // A question of a second, and then silence, as a microphone gives it.
        let asks = begun.elapsed().as_secs() % QUESTIONS.as_secs() == 5;
        let piece = if asks { &tone } else { &silence };
        session
            .send_audio(piece.clone())
            .await
            .map_err(|error| format!("after {:?}: {error}", begun.elapsed()))?;
        sleep(PIECE).await;
    }
    let marks = session.state().borrow().uplink;
    let ended = session.close().await;
    let account = reader.await.map_err(|error| error.to_string())?;
    let (beats, gaps) = {
        let mut pace = pace.lock().unwrap();
        (pace.beats, std::mem::take(&mut pace.gaps))
    };
    if beats < 10 * HOUR.as_secs() {
        return Err(format!("only {beats} pieces of audio left"));
    }
    if marks.dropped > 0 {
        return Err(format!("audio was dropped: {marks:?}"));
    }
    judge(&can, &account, &ended, &gaps)
}

/// What must hold of an hour of call.
fn judge(
    can: &Capabilities,
    account: &Account,
    ended: &Ended,
    gaps: &[(Duration, Instant)],
) -> Result<String, String> {
    if !ended.is_orderly() || account.ended != 1 {
        return Err(format!("it ended {} times, with {ended:?}", account.ended));
    }
    let asked = HOUR.as_secs() / QUESTIONS.as_secs();
    if (account.answers as u64) + 4 < asked {
        return Err(format!("{} answers to {asked} questions", account.answers));
    }
    let expected = can.limits.connection.or(can.limits.session);
    let least = expected.map_or(0, |limit| (HOUR.as_secs() - 100) / limit.as_secs());
    if (account.rotations.len() as u64) < least {
        return Err(format!("{} of {least} rotations", account.rotations.len()));
    }
    for rotation in &account.rotations {
        let planned = matches!(rotation.cause, RotationCause::GoAway | RotationCause::Limit);
        // A session's own limit takes the provider's memory with it; history is told again then.
        let kept = match (can.resume, rotation.cause) {
            (Resume::None, _) => rotation.recovery == Recovery::Reseeded,
            (_, RotationCause::Limit) => rotation.recovery != Recovery::Fresh,
            _ => rotation.recovery == Recovery::Resumed,
        };
        if !planned || !kept || rotation.losses.samples_dropped > 0 || rotation.losses.response_lost
        {
            return Err(format!("a rotation cost too much: {rotation:?}"));
        }
    }
    let most = gaps.iter().map(|(gap, _)| *gap).max().unwrap_or_default();
    // While one connection takes over from another a wire without overlap is silent.
    let allowed = match can.input_clock {
        InputClock::Continuous => Duration::from_millis(300),
        InputClock::Free => Duration::from_secs(3),
    };
    if most > allowed {
        return Err(format!("no audio left for {most:?}, {} gaps", gaps.len()));
    }
    Ok(format!(
        "rotations={} answers={} longest_gap={}ms",
        account.rotations.len(),
        account.answers,
        most.as_millis()
    ))
}
