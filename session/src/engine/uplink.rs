//! The caller's audio and ordered commands on their way out, in one line.
//!
//! Audio is numbered by sample and every sample is accounted for. While there is no connection the
//! newest audio is held for a few seconds and ordered commands for as long as they may wait. What a
//! lost connection had been given since the last commit is sent again, in order, if it is young
//! enough; older audio is dropped and counted, never replayed late in a burst.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioFormat, CallId, Command, CommandId, InputClock, Time};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    flaw::{Defect, Flaw},
    metronome::Metronome,
};
use crate::UplinkMarks;

/// How fast audio leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UplinkPacing {
    /// As it is given; the caller is a microphone or knows what it does.
    #[default]
    AsGiven,
    /// In real time with a lead of 100 ms; the caller has a recording.
    RealTime,
}

/// How far real-time pacing runs ahead.
const LEAD: Duration = Duration::from_millis(100);
/// Ordered commands that may wait.
const COMMANDS: usize = 256;
/// Paced audio that may wait before callers are held up.
const PACED: Duration = Duration::from_millis(500);
/// How long audio is worth sending where the provider's clock is the caller's audio: what cannot be
/// sent at its time delays all that follows, for good.
const LATENESS: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
struct Piece {
    data: Bytes,
    /// When the caller gave it.
    given: Time,
    /// Whether an earlier connection was given it already.
    again: bool,
    /// Whether it is silence of this side's own, for the provider's clock.
    filler: bool,
}

#[derive(Clone, Debug)]
enum Waiting {
    Audio(Piece),
    Ordered {
        id: CommandId,
        command: Command,
        given: Time,
    },
}

/// Something that leaves now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Departure {
    /// The caller's audio.
    Audio(Bytes),
    /// Silence of this side's own.
    Silence(Bytes),
    Ordered(CommandId, Command),
}

#[derive(Debug)]
pub(crate) struct Uplink {
    format: AudioFormat,
    pacing: UplinkPacing,
    /// How long audio is worth sending, and how far back it is kept for a replay.
    hold: Duration,
    /// How long an ordered command may wait.
    patience: Duration,
    line: VecDeque<Waiting>,
    waiting: u64,
    ordered: usize,
    /// What the live connection was given since the last commit, oldest first.
    given: VecDeque<Piece>,
    given_samples: u64,
    /// When the next paced audio may leave.
    paced: Time,
    /// Keeps the provider's clock going, where the caller's audio drives it.
    metronome: Option<Metronome>,
    muted: bool,
    marks: UplinkMarks,
    pub(super) flaw: Flaw,
}

impl Uplink {
    pub(crate) fn new(
        format: AudioFormat,
        clock: InputClock,
        pacing: UplinkPacing,
        hold: Duration,
        patience: Duration,
    ) -> Self {
        let continuous = clock == InputClock::Continuous;
        Self {
            format,
            pacing,
            hold: if continuous { hold.min(LATENESS) } else { hold },
            patience,
            line: VecDeque::new(),
            waiting: 0,
            ordered: 0,
            given: VecDeque::new(),
            given_samples: 0,
            paced: Time::ZERO,
            metronome: continuous.then(|| Metronome::new(format)),
            muted: false,
            marks: UplinkMarks::default(),
            flaw: Flaw::default(),
        }
    }

    /// The format of the caller's audio.
    pub(crate) fn format(&self) -> AudioFormat {
        self.format
    }

    /// Whether the caller's audio leaves as silence from here on.
    pub(crate) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// A connection is live.
    pub(crate) fn on_live(&mut self, now: Time) {
        if self.flaw.is(Defect::CommandsLost) {
            self.line.retain(|entry| matches!(entry, Waiting::Audio(_)));
            self.ordered = 0;
        }
        if let Some(metronome) = &mut self.metronome {
            metronome.start(now);
        }
    }

    /// Takes the caller's audio.
    pub(crate) fn push_audio(&mut self, now: Time, data: Bytes) {
        let samples = self.samples(&data);
        self.marks.accepted += samples;
        if self.flaw.is(Defect::AudioLeaks) && self.marks.accepted % 96_000 < samples {
            return;
        }
        let data = if self.muted {
            self.marks.muted += samples;
            Bytes::from(vec![self.format.silence(); data.len()])
        } else {
            data
        };
        self.waiting += samples;
        self.line.push_back(Waiting::Audio(Piece {
            data,
            given: now,
            again: false,
            filler: false,
        }));
    }

    /// Takes an ordered command; gives it back when too many wait.
    pub(crate) fn push(
        &mut self,
        now: Time,
        id: CommandId,
        command: Command,
    ) -> Result<(), Command> {
        if self.ordered >= COMMANDS {
            return Err(command);
        }
        self.ordered += 1;
        self.line.push_back(Waiting::Ordered {
            id,
            command,
            given: now,
        });
        Ok(())
    }

    /// Whether callers may give more. Only pacing holds them up: without a connection audio ages
    /// instead.
    pub(crate) fn has_room(&self) -> bool {
        self.ordered < COMMANDS
            && ((self.pacing == UplinkPacing::AsGiven && self.metronome.is_none())
                || self.waiting < self.format.samples_in(PACED))
    }

    /// The next thing that may leave on the live connection.
    pub(crate) fn depart(&mut self, now: Time) -> Option<Departure> {
        if self.is_paced() && self.paced > now + LEAD {
            return None;
        }
        if self.metronome.is_some() && !matches!(self.line.front(), Some(Waiting::Ordered { .. })) {
            return self.tick(now);
        }
        match self.line.pop_front()? {
            Waiting::Audio(piece) => Some(Departure::Audio(self.give(now, piece))),
            Waiting::Ordered { id, command, .. } => {
                self.ordered -= 1;
                if matches!(command, Command::CommitAudio | Command::ClearAudio) {
                    self.committed();
                }
                Some(Departure::Ordered(id, command))
            }
        }
    }

    /// The next frame of a continuous stream: the caller's, or silence.
    fn tick(&mut self, now: Time) -> Option<Departure> {
        let metronome = self.metronome.as_mut()?;
        let most = metronome.frame_bytes();
        let Some(Waiting::Audio(first)) = self.line.front_mut() else {
            let piece = Piece {
                data: metronome.silence(now)?,
                given: now,
                again: false,
                filler: true,
            };
            return Some(Departure::Silence(self.give(now, piece)));
        };
        if !metronome.is_due(now) {
            return None;
        }
        let piece = Piece {
            data: first.data.split_to(first.data.len().min(most)),
            ..first.clone()
        };
        if first.data.is_empty() {
            self.line.pop_front();
        }
        Some(Departure::Audio(self.give(now, piece)))
    }

    /// The provider has taken the audio so far into an item: none of it will be needed again.
    pub(crate) fn committed(&mut self) {
        self.given.clear();
        self.given_samples = 0;
    }

    /// The connection is lost. What it was given and had not committed goes back to the front.
    pub(crate) fn on_lost(&mut self) {
        if let Some(metronome) = &mut self.metronome {
            metronome.stop();
        }
        while let Some(mut piece) = self.given.pop_back() {
            if piece.filler {
                continue;
            }
            piece.again = true;
            self.waiting += self.samples(&piece.data);
            self.line.push_front(Waiting::Audio(piece));
        }
        self.given_samples = 0;
    }

    /// An audio command came back because the write buffer was full: it is next again.
    pub(crate) fn take_back(&mut self, now: Time) {
        if let Some(piece) = self.given.pop_back() {
            let samples = self.samples(&piece.data);
            self.given_samples -= samples;
            if let Some(metronome) = &mut self.metronome {
                metronome.took_back(samples);
            }
            if piece.filler {
                self.marks.silence = self.marks.silence.saturating_sub(samples);
                return;
            }
            self.waiting += samples;
            let marks = &mut self.marks;
            let mark = if piece.again {
                &mut marks.replayed
            } else {
                &mut marks.sent
            };
            *mark = mark.saturating_sub(samples);
            self.paced = self.paced.min(now);
            self.line.push_front(Waiting::Audio(piece));
        }
    }

    /// Samples that wait to be sent again.
    pub(crate) fn replayable(&self) -> u64 {
        let again = self.line.iter().map(|entry| match entry {
            Waiting::Audio(piece) if piece.again => self.samples(&piece.data),
            _ => 0,
        });
        again.sum()
    }

    /// Drops what has waited too long; returns the commands among it.
    pub(crate) fn expire(&mut self, now: Time) -> Vec<CommandId> {
        let mut expired = Vec::new();
        let (hold, patience) = (self.hold, self.patience);
        let mut dropped = Vec::new();
        self.line.retain(|entry| match entry {
            Waiting::Audio(piece) if now - piece.given > hold => {
                dropped.push((piece.data.len(), piece.again));
                false
            }
            Waiting::Ordered { id, given, .. } if now - *given >= patience => {
                expired.push(*id);
                false
            }
            _ => true,
        });
        for (bytes, again) in dropped {
            let samples = self.format.samples_in_bytes(bytes);
            self.waiting -= samples;
            if !again {
                self.marks.dropped += samples;
            }
        }
        self.ordered -= expired.len();
        expired
    }

    /// Whether a command waits.
    pub(crate) fn waits(&self, wanted: CommandId) -> bool {
        self.line
            .iter()
            .any(|entry| matches!(entry, Waiting::Ordered { id, .. } if *id == wanted))
    }

    /// Takes out commands that shall not be sent after all.
    pub(crate) fn withdraw(&mut self, is_void: impl Fn(CommandId) -> bool) {
        let before = self.line.len();
        self.line
            .retain(|entry| !matches!(entry, Waiting::Ordered { id, .. } if is_void(*id)));
        self.ordered -= before - self.line.len();
    }

    /// Takes out answers to calls that the live connection does not know, and to delegations, none of
    /// which outlives its connection.
    pub(crate) fn take_answers(
        &mut self,
        knows: impl Fn(&CallId) -> bool,
    ) -> Vec<(CommandId, Command)> {
        let mut taken = Vec::new();
        self.line.retain(|entry| match entry {
            Waiting::Ordered { id, command, .. } if is_void_answer(command, &knows) => {
                taken.push((*id, command.clone()));
                false
            }
            _ => true,
        });
        self.ordered -= taken.len();
        taken
    }

    /// Takes everything out; returns the commands. What audio waited is dropped and counted.
    pub(crate) fn clear(&mut self) -> Vec<CommandId> {
        let mut commands = Vec::new();
        for entry in self.line.drain(..) {
            match entry {
                Waiting::Audio(piece) if !piece.again => {
                    self.marks.dropped += self.format.samples_in_bytes(piece.data.len());
                }
                Waiting::Audio(_) => {}
                Waiting::Ordered { id, .. } => commands.push(id),
            }
        }
        self.waiting = 0;
        self.ordered = 0;
        commands
    }

    /// When something may leave by its pace, or has waited too long.
    pub(crate) fn poll_timeout(&self, live: bool) -> Option<Time> {
        if let Some(metronome) = self.metronome.as_ref().filter(|_| live) {
            let waits = !self.line.is_empty();
            return metronome.poll_timeout(waits);
        }
        if live {
            return (self.is_paced() && !self.line.is_empty()).then(|| self.paced - LEAD);
        }
        self.line
            .iter()
            .map(|entry| match entry {
                Waiting::Audio(piece) => piece.given + self.hold + Duration::from_nanos(1),
                Waiting::Ordered { given, .. } => *given + self.patience,
            })
            .min()
    }

    pub(crate) fn marks(&self) -> UplinkMarks {
        self.marks
    }

    #[cfg(feature = "testing")]
    pub(crate) fn at(&self) -> crate::testing::WaitingAt {
        crate::testing::WaitingAt {
            samples: self.waiting,
            commands: self.ordered,
            unread: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Only audio is paced; a command leaves when the audio before it has.
    fn is_paced(&self) -> bool {
        self.pacing == UplinkPacing::RealTime
            && self.metronome.is_none()
            && matches!(self.line.front(), Some(Waiting::Audio(piece)) if !piece.again)
    }

    fn give(&mut self, now: Time, piece: Piece) -> Bytes {
        let samples = self.samples(&piece.data);
        if let Some(metronome) = &mut self.metronome {
            metronome.sent(samples);
        }
        if piece.filler {
            self.marks.silence += samples;
        } else {
            self.waiting -= samples;
        }
        if piece.filler {
            // Silence of this side's own is nobody's to account for.
        } else if piece.again {
            self.marks.replayed += samples;
        } else {
            self.marks.sent += samples;
            // A sender that was woken late catches up; one that was idle starts anew.
            let idle = self.paced + LEAD < now;
            let start = if idle { now } else { self.paced };
            self.paced = start + self.format.duration_of(samples);
        }
        let data = piece.data.clone();
        self.given.push_back(piece);
        self.given_samples += samples;
        let most = self.format.samples_in(self.hold);
        while self.given_samples > most
            && let Some(oldest) = self.given.pop_front()
        {
            self.given_samples -= self.samples(&oldest.data);
        }
        data
    }

    fn samples(&self, data: &Bytes) -> u64 {
        self.format.samples_in_bytes(data.len())
    }
}

fn is_void_answer(command: &Command, knows: impl Fn(&CallId) -> bool) -> bool {
    match command {
        Command::ToolResults(results) => !results.iter().all(|result| knows(&result.call)),
        Command::Context(context) => context.delegation.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
