//! The caller of a simulated conversation: does something random, pauses, does something else.

use std::time::Duration;

use antiphon_protocol::{Capabilities, ConfigField, InputClock};
use antiphon_runner::{Control, UpdateError};
use antiphon_session::SessionError;
use bytes::Bytes;
use fastrand::Rng;
use tokio::time::{self, Instant};

use super::{Tell, report::Report};

/// How long any of the caller's commands may take.
const BOUND: Duration = Duration::from_secs(150);
/// The length of a piece of audio.
const PIECE: Duration = Duration::from_millis(20);

pub(super) struct Caller<'a> {
    control: Control,
    can: Capabilities,
    dice: Rng,
    report: &'a mut Report,
    updates: u64,
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

impl<'a> Caller<'a> {
    pub(super) fn new(
        control: Control,
        can: Capabilities,
        dice: Rng,
        report: &'a mut Report,
    ) -> Self {
        Self {
            control,
            can,
            dice,
            report,
            updates: 0,
        }
    }

    /// Talks for about `length`.
    pub(super) async fn talk(&mut self, length: Duration, tell: Option<&Tell>) {
        let tell = |line: String| {
            if let Some(tell) = tell {
                tell(line);
            }
        };
        let begun = Instant::now();
        while begun.elapsed() < length && self.report.failures.is_empty() {
            let deed = self.deed();
            tell(format!("{:>9.3} s {deed:?}", begun.elapsed().as_secs_f64()));
            let done = time::timeout(BOUND, self.act(deed)).await;
            match done {
                Ok(Ok(())) => {}
                Ok(Err(why)) => self.report.fail(format!("{deed:?}: {why}")),
                Err(_) => self.report.fail(format!("{deed:?} never ended")),
            }
            time::sleep(Duration::from_millis(self.dice.u64(100..6_000))).await;
        }
        tell(format!("{:>9.3} s the end", begun.elapsed().as_secs_f64()));
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
        let can = &self.can;
        match deed {
            Deed::Write if can.create_response => {
                self.report.counts.questions += 1;
                tolerate(self.control.send_text("What do you say?").await)
            }
            Deed::Write | Deed::Speak => {
                self.report.counts.questions += 1;
                let length = Duration::from_millis(self.dice.u64(600..2_000));
                self.sound(length, 8_000.0).await?;
                if can.input_clock == InputClock::Free {
                    self.sound(Duration::from_millis(900), 0.0).await?;
                }
                Ok(())
            }
            Deed::Interrupt => tolerate(self.control.interrupt().await),
            Deed::Update => {
                if !can.fields.contains(&ConfigField::Instructions) {
                    return Ok(());
                }
                self.updates += 1;
                self.report.counts.updates += 1;
                let text = format!("Answer in one sentence. This is change {}.", self.updates);
                let patch =
                    move |config: antiphon_protocol::SessionConfig| config.instructions(text);
                match self.control.update(patch).await {
                    Ok(_) | Err(UpdateError::Failed(_)) => Ok(()),
                    Err(error) => Err(error.to_string()),
                }
            }
            Deed::Prompt if can.create_response => {
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

    /// Sounds for so long, in real time.
    async fn sound(&self, length: Duration, loudness: f64) -> Result<(), String> {
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
            tolerate(self.control.send_audio(bytes).await)?;
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
