//! The caller's audio and ordered commands on their way out, in one line.
//!
//! Audio is numbered by sample and every sample is accounted for. While there is no connection the
//! newest audio is held for a few seconds and ordered commands for as long as they may wait. What a
//! lost connection had been given since the last commit is sent again, in order, if it is young
//! enough; older audio is dropped and counted, never replayed late in a burst.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{AudioFormat, Command, CommandId, InputClock, Time};
use bytes::Bytes;

use super::metronome::Metronome;
use crate::UplinkMarks;

/// How fast audio leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
        }
    }

    /// Whether the caller's audio leaves as silence from here on.
    pub(crate) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// A connection is live.
    pub(crate) fn on_live(&mut self, now: Time) {
        if let Some(metronome) = &mut self.metronome {
            metronome.start(now);
        }
    }

    /// Takes the caller's audio.
    pub(crate) fn push_audio(&mut self, now: Time, data: Bytes) {
        let samples = self.samples(&data);
        self.marks.accepted += samples;
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

    /// Takes out answers to calls that the next connection will not know.
    pub(crate) fn take_results(&mut self) -> Vec<(CommandId, Command)> {
        let mut taken = Vec::new();
        self.line.retain(|entry| match entry {
            Waiting::Ordered {
                id,
                command: command @ Command::ToolResults(_),
                ..
            } => {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn uplink(pacing: UplinkPacing) -> Uplink {
        let clock = InputClock::Free;
        Uplink::new(
            AudioFormat::PCM16_24K,
            clock,
            pacing,
            5 * SECOND,
            15 * SECOND,
        )
    }

    fn continuous() -> Uplink {
        let (clock, pacing) = (InputClock::Continuous, UplinkPacing::AsGiven);
        Uplink::new(
            AudioFormat::PCM16_24K,
            clock,
            pacing,
            5 * SECOND,
            15 * SECOND,
        )
    }

    fn audio(millis: u64) -> Bytes {
        Bytes::from(vec![1; (millis * 48) as usize])
    }

    fn drain(uplink: &mut Uplink, now: Time) -> Vec<Departure> {
        std::iter::from_fn(|| uplink.depart(now)).collect()
    }

    #[test]
    fn a_commit_never_overtakes_the_audio_it_commits() {
        for pacing in [UplinkPacing::AsGiven, UplinkPacing::RealTime] {
            let mut uplink = uplink(pacing);
            for _ in 0..5 {
                uplink.push_audio(Time::ZERO, audio(100));
            }
            uplink
                .push(Time::ZERO, CommandId::new(1), Command::CommitAudio)
                .unwrap();
            uplink.push_audio(Time::ZERO, audio(20));
            let mut left = Vec::new();
            for tick in 0..100 {
                left.extend(drain(&mut uplink, Time::from_millis(tick * 10)));
            }
            assert_eq!(left.len(), 7);
            assert_eq!(
                left[5],
                Departure::Ordered(CommandId::new(1), Command::CommitAudio)
            );
        }
    }

    #[test]
    fn a_recording_leaves_in_real_time_with_a_lead() {
        let mut uplink = uplink(UplinkPacing::RealTime);
        for _ in 0..50 {
            uplink.push_audio(Time::ZERO, audio(20));
        }
        assert!(!uplink.has_room(), "a second waits, callers are held up");
        assert_eq!(
            drain(&mut uplink, Time::ZERO).len(),
            6,
            "the lead, and the piece that is due"
        );
        assert_eq!(drain(&mut uplink, Time::from_millis(200)).len(), 10);
        assert_eq!(uplink.poll_timeout(true), Some(Time::from_millis(220)));
    }

    #[test]
    fn what_was_not_committed_is_sent_again_in_order_and_counted() {
        let mut uplink = uplink(UplinkPacing::AsGiven);
        uplink.push_audio(Time::ZERO, audio(100));
        uplink
            .push(Time::ZERO, CommandId::new(1), Command::CommitAudio)
            .unwrap();
        uplink.push_audio(Time::ZERO, Bytes::from_static(&[2; 96]));
        uplink.push_audio(Time::ZERO, Bytes::from_static(&[3; 96]));
        drain(&mut uplink, Time::ZERO);
        uplink.push_audio(Time::ZERO, Bytes::from_static(&[4; 96]));
        uplink.on_lost();
        let again = drain(&mut uplink, Time::ZERO);
        let first_bytes: Vec<u8> = again
            .iter()
            .map(|departure| match departure {
                Departure::Audio(data) => data[0],
                Departure::Silence(_) | Departure::Ordered(..) => 0,
            })
            .collect();
        assert_eq!(first_bytes, [2, 3, 4]);
        let marks = uplink.marks();
        assert_eq!(
            (marks.accepted, marks.sent, marks.replayed),
            (2544, 2544, 96)
        );
    }

    #[test]
    fn old_audio_is_dropped_and_counted_instead_of_replayed_late() {
        let mut uplink = uplink(UplinkPacing::AsGiven);
        uplink.push_audio(Time::ZERO, audio(100));
        uplink.push_audio(Time::from_millis(4000), audio(100));
        assert!(uplink.expire(Time::from_millis(5000)).is_empty());
        assert_eq!(uplink.marks().dropped, 0);
        assert_eq!(
            uplink.poll_timeout(false),
            Some(Time::from_nanos(5_000_000_001))
        );
        uplink.expire(Time::from_millis(5001));
        assert_eq!(uplink.marks().dropped, 2400);
        assert_eq!(drain(&mut uplink, Time::from_millis(5001)).len(), 1);
    }

    #[test]
    fn a_continuous_clock_is_fed_in_real_time_by_the_caller_by_silence_and_while_muted() {
        let mut uplink = continuous();
        uplink.on_live(Time::ZERO);
        let mut told = 0;
        for millis in 0..12_000 {
            let now = Time::from_millis(millis);
            uplink.mute(millis >= 8_000);
            // The caller speaks between 3 s and 6 s, and from 8 s on, muted.
            if ((3_000..6_000).contains(&millis) || millis >= 8_000) && millis % 100 == 0 {
                uplink.push_audio(now, audio(100));
            }
            for departure in drain(&mut uplink, now) {
                let (Departure::Audio(data) | Departure::Silence(data)) = departure else {
                    panic!("no command was given")
                };
                assert!(
                    millis < 8_200 || data.iter().all(|byte| *byte == 0),
                    "muted"
                );
                told += data.len() as u64 / 48;
            }
            assert!(told <= millis + 20, "ahead at {millis}: {told}");
            assert!(told + 100 > millis, "starved at {millis}: {told}");
        }
        let marks = uplink.marks();
        assert_eq!(marks.accepted, 24 * 7_000);
        assert_eq!(marks.muted, 24 * 4_000);
        assert_eq!(marks.sent + uplink.waiting(), marks.accepted);
        assert!(marks.silence >= 24 * 4_800, "{marks:?}");
    }

    #[test]
    fn on_a_continuous_clock_only_the_newest_half_second_is_sent_again() {
        let mut uplink = continuous();
        uplink.on_live(Time::ZERO);
        for tick in 0..100 {
            uplink.push_audio(Time::from_millis(tick * 20), audio(20));
            drain(&mut uplink, Time::from_millis(tick * 20));
        }
        uplink.on_lost();
        assert!(uplink.replayable() <= 24 * 500, "{}", uplink.replayable());
        assert!(
            drain(&mut uplink, Time::from_millis(2_000)).is_empty(),
            "no clock runs"
        );
        uplink.expire(Time::from_millis(2_300));
        assert!(uplink.replayable() <= 24 * 220, "{}", uplink.replayable());
    }

    #[test]
    fn commands_wait_only_so_long_and_only_so_many() {
        let mut uplink = uplink(UplinkPacing::AsGiven);
        for n in 0..COMMANDS as u64 {
            uplink
                .push(Time::ZERO, CommandId::new(n), Command::ClearAudio)
                .unwrap();
        }
        assert!(
            uplink
                .push(Time::ZERO, CommandId::new(999), Command::ClearAudio)
                .is_err()
        );
        assert_eq!(uplink.expire(Time::from_millis(15_000)).len(), COMMANDS);
        assert!(
            uplink
                .push(Time::ZERO, CommandId::new(999), Command::ClearAudio)
                .is_ok()
        );
    }

    proptest! {
        #[test]
        fn every_sample_is_sent_dropped_or_waiting(
            steps in prop::collection::vec((0u8..5, 0u64..3000), 1..80), paced in any::<bool>()
        ) {
            let mut uplink =
                uplink(if paced { UplinkPacing::RealTime } else { UplinkPacing::AsGiven });
            let mut now = Time::ZERO;
            let mut replays_waiting = false;
            for (step, millis) in steps {
                now = now + Duration::from_millis(millis);
                match step {
                    0 | 1 => uplink.push_audio(now, audio(millis % 100)),
                    2 => { drain(&mut uplink, now); }
                    3 => { uplink.on_lost(); replays_waiting = true; }
                    _ => { uplink.expire(now); }
                }
                let marks = uplink.marks();
                let accounted = marks.sent + marks.dropped + uplink.waiting();
                if replays_waiting {
                    prop_assert!(accounted >= marks.accepted);
                } else {
                    prop_assert_eq!(accounted, marks.accepted);
                }
            }
            uplink.clear();
            let marks = uplink.marks();
            prop_assert_eq!(marks.sent + marks.dropped, marks.accepted);
        }
    }
}
