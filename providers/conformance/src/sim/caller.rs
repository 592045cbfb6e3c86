//! The caller of a simulated conversation: does something random, pauses, does something else.

use std::time::Duration;

use antiphon_protocol::{Capabilities, ConfigField, InputClock, SessionConfig, UpdateOutcome};
use antiphon_runner::{Control, UpdateError};
use antiphon_session::SessionError;
use bytes::Bytes;
use fastrand::Rng;
use tokio::time::{self, Instant};

use super::{
    Tell,
    audit::{Audit, BRIDGE},
    report::Report,
    witness::Witness,
};

/// How long any of the caller's commands may take.
const BOUND: Duration = Duration::from_secs(150);
/// The length of a piece of audio.
const PIECE: Duration = Duration::from_millis(20);
/// Voices that every provider here takes.
const VOICES: [&str; 3] = ["alloy", "marin", "cedar"];

pub(super) struct Caller<'a> {
    pub(super) control: Control,
    pub(super) can: Capabilities,
    pub(super) dice: Rng,
    pub(super) report: &'a mut Report,
    pub(super) audit: Audit,
    pub(super) witness: &'a Witness,
    /// Responses that were asked for.
    pub(super) wishes: u64,
    /// Samples that were given.
    pub(super) given: u64,
    pub(super) changes: u64,
}

/// What the caller does next.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Write,
    Speak,
    Interrupt,
    Update,
    Prompt,
    Mute,
    Listen,
}

impl Caller<'_> {
    /// Talks for about `length`.
    pub(super) async fn talk(&mut self, length: Duration, tell: Option<&Tell>) {
        let begun = Instant::now();
        let tell = |what: &str| {
            if let Some(tell) = tell {
                tell(format!("{:>9.3} s {what}", begun.elapsed().as_secs_f64()));
            }
        };
        while begun.elapsed() < length && !self.has_failed() {
            let deed = self.deed();
            tell(&format!("{deed:?}"));
            let done = time::timeout(BOUND, self.act(deed)).await;
            match done {
                Ok(Ok(())) => {}
                Ok(Err(why)) => self.report.fail(format!("{deed:?}: {why}")),
                Err(_) => self.report.fail(format!("{deed:?} never ended")),
            }
            time::sleep(Duration::from_millis(self.dice.u64(100..6_000))).await;
            self.recall().await;
        }
        tell("the end");
    }

    fn has_failed(&self) -> bool {
        !self.report.failures.is_empty() || self.audit.has_failed() || self.witness.has_failed()
    }

    fn deed(&mut self) -> Deed {
        match self.dice.u8(0..16) {
            0..=3 => Deed::Write,
            4..=8 => Deed::Speak,
            9..=10 => Deed::Interrupt,
            11 => Deed::Update,
            12 => Deed::Prompt,
            13 => Deed::Mute,
            _ => Deed::Listen,
        }
    }

    async fn act(&mut self, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Write if self.can.create_response => {
                self.report.counts.questions += 1;
                self.wishes += 1;
                tolerate(self.control.send_text("What do you say?").await)
            }
            Deed::Write | Deed::Speak => {
                self.report.counts.questions += 1;
                let length = Duration::from_millis(self.dice.u64(600..2_000));
                self.sound(length, 8_000.0).await?;
                if self.can.input_clock == InputClock::Free {
                    self.sound(Duration::from_millis(900), 0.0).await?;
                }
                Ok(())
            }
            Deed::Interrupt => tolerate(self.control.interrupt().await),
            Deed::Update => self.update().await,
            Deed::Prompt if self.can.create_response => {
                self.wishes += 1;
                tolerate(self.control.create_response(Default::default()).await)
            }
            Deed::Mute => {
                tolerate(self.control.mute(true).await)?;
                time::sleep(Duration::from_secs(2)).await;
                tolerate(self.control.mute(false).await)
            }
            Deed::Prompt | Deed::Listen => {
                time::sleep(Duration::from_millis(self.dice.u64(1_000..15_000))).await;
                Ok(())
            }
        }
    }

    /// Another persona, or another voice as well, with or without words that lead over.
    async fn update(&mut self) -> Result<(), String> {
        let takes = |field| self.can.fields.contains(&field);
        if !takes(ConfigField::Instructions) {
            return Ok(());
        }
        self.changes += 1;
        let persona = format!("Answer in one sentence. You are number {}.", self.changes);
        let voice = VOICES.get(self.dice.usize(0..6)).copied();
        let voice = voice.filter(|_| takes(ConfigField::Voice));
        let patch = move |config: SessionConfig| {
            let config = config.instructions(persona);
            match voice {
                Some(voice) => config.voice(voice),
                None => config,
            }
        };
        let bridge = voice.is_some() || self.dice.bool();
        let done = if bridge {
            let words = format!("{BRIDGE}{}.", self.changes);
            self.control.update_with_bridge(patch, words).await
        } else {
            self.control.update(patch).await
        };
        match done {
            Ok(UpdateOutcome::AppliedLive { .. } | UpdateOutcome::Rotated { .. }) => {
                self.report.counts.updates += 1;
                if bridge {
                    self.report.counts.bridges += 1;
                    self.audit.bridged(self.changes);
                }
                Ok(())
            }
            Ok(_) | Err(UpdateError::Failed(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Looks at the history.
    async fn recall(&mut self) {
        match time::timeout(BOUND, self.control.history()).await {
            Ok(Ok(history)) => self.witness.compare(&history),
            Ok(Err(error)) => self.report.fail(format!("no history: {error}")),
            Err(_) => self.report.fail("the history never came".to_owned()),
        }
    }

    /// Sounds for so long, in real time.
    async fn sound(&mut self, length: Duration, loudness: f64) -> Result<(), String> {
        let rate = self.control.input_format().rate;
        let samples = u64::from(rate) * PIECE.as_millis() as u64 / 1_000;
        for piece in 0..(length.as_millis() / PIECE.as_millis()) as u64 {
            let wave = |at: u64| {
                let turns = at as f64 * 200.0 / f64::from(rate);
                (loudness * (turns * std::f64::consts::TAU).sin()) as i16
            };
            let first = piece * samples;
            let bytes = (first..first + samples).flat_map(|at| wave(at).to_le_bytes());
            let bytes: Bytes = bytes.collect::<Vec<_>>().into();
            let done = self.control.send_audio(bytes).await;
            if done.is_ok() {
                self.given += samples;
            }
            tolerate(done)?;
            time::sleep(PIECE).await;
        }
        Ok(())
    }
}

/// What may become of a command while wires break: everything but a refusal by the server that is
/// ours to avoid, and the end of the session.
fn tolerate<T>(done: Result<T, SessionError>) -> Result<(), String> {
    match done {
        Ok(_) => Ok(()),
        Err(
            error
            @ (SessionError::Ended | SessionError::Rejected(_) | SessionError::Unsupported(_)),
        ) => Err(error.to_string()),
        Err(_) => Ok(()),
    }
}
