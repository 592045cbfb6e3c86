//! When what happens in a turn, on the session's one clock.

use std::time::Duration;

use antiphon_protocol::{AudioChunk, CallId, ItemId, Time, ToolTimes, TurnTimes};
use serde::Serialize;

use super::level::silent_lead;

/// How long the player's report is waited for, after an interruption.
const SILENCE: Duration = Duration::from_secs(1);
/// Calls of one turn that are timed.
const TOOLS: usize = 64;
/// The amplitude above which a sample is not silence, of full scale: what dither makes is.
const AUDIBLE: f64 = 0.002;

/// How long users waited for answers, over all turns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LatencyTotals {
    /// Turns that were timed.
    pub turns: u64,
    /// Of those, turns in which the wait from the end of the user's part to the first sound is known.
    pub sounded: u64,
    /// The sum of those waits.
    pub to_first_sound: Duration,
    /// The longest of them.
    pub worst_first_sound: Duration,
    /// Turns in which the wait until the first sound was heard is known.
    pub heard: u64,
    /// The sum of those waits.
    pub to_first_heard: Duration,
    /// The longest of them.
    pub worst_first_heard: Duration,
    /// Turns in which the time from an interruption to the player's silence is known.
    pub silenced: u64,
    /// The sum of those times.
    pub to_silence: Duration,
    /// The longest of them.
    pub worst_silence: Duration,
}

impl LatencyTotals {
    fn add(&mut self, times: &TurnTimes) {
        self.turns = self.turns.saturating_add(1);
        if let Some(wait) = times.to_first_sound() {
            self.sounded = self.sounded.saturating_add(1);
            self.to_first_sound = self.to_first_sound.saturating_add(wait);
            self.worst_first_sound = self.worst_first_sound.max(wait);
        }
        if let Some(wait) = times.to_first_heard() {
            self.heard = self.heard.saturating_add(1);
            self.to_first_heard = self.to_first_heard.saturating_add(wait);
            self.worst_first_heard = self.worst_first_heard.max(wait);
        }
        if let Some(wait) = times.to_silence() {
            self.silenced = self.silenced.saturating_add(1);
            self.to_silence = self.to_silence.saturating_add(wait);
            self.worst_silence = self.worst_silence.max(wait);
        }
    }
}

/// Where the first sound of the turn is.
#[derive(Debug)]
struct Sound {
    item: Option<ItemId>,
    /// Samples of its item before it.
    offset: u64,
    /// The same from the start of its chunk, as time.
    lead: Duration,
}

/// The turn that runs, and the sums of those before it.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    turn: Option<TurnTimes>,
    sound: Option<Sound>,
    /// Until when the player's report of its silence is waited for.
    silence_by: Option<Time>,
    totals: LatencyTotals,
}

impl Timeline {
    /// The user stopped speaking. Returns the turn before, if this begins another.
    pub(crate) fn speech_ended(&mut self, now: Time) -> Option<TurnTimes> {
        let before = self.next(now);
        self.running().speech_end = Some(now);
        before
    }

    /// The user's input is complete. Returns the turn before, if this begins another.
    pub(crate) fn committed(&mut self, now: Time) -> Option<TurnTimes> {
        let before = self.next(now);
        self.running().committed.get_or_insert(now);
        before
    }

    /// A piece of an answer came.
    pub(crate) fn first_byte(&mut self, now: Time) {
        self.running().first_byte.get_or_insert(now);
    }

    /// Speech came, whose item has `offset` samples before it.
    pub(crate) fn speech(&mut self, now: Time, chunk: &AudioChunk, offset: u64) {
        if self
            .turn
            .as_ref()
            .is_some_and(|turn| turn.first_sound.is_some())
        {
            return;
        }
        let Some(lead) = silent_lead(chunk.format, &chunk.data, AUDIBLE) else {
            return;
        };
        let turn = self.running();
        turn.first_byte.get_or_insert(now);
        turn.first_sound = Some(now);
        self.sound = Some(Sound {
            item: chunk.item.clone(),
            offset: offset.saturating_add(lead),
            lead: chunk.format.duration_of(lead),
        });
    }

    /// The reader took a chunk, which the imagined player plays at once.
    pub(crate) fn taken(&mut self, now: Time, chunk: &AudioChunk) {
        let end = chunk.offset.saturating_add(chunk.samples());
        let heard = self.sound.take_if(|sound| {
            sound.item == chunk.item && (chunk.offset..end).contains(&sound.offset)
        });
        if let (Some(sound), Some(turn)) = (heard, &mut self.turn) {
            turn.first_heard = Some(now + sound.lead);
        }
    }

    /// A player reports that it has played so much of an item.
    pub(crate) fn played(&mut self, now: Time, item: Option<&ItemId>, samples: u64) {
        let heard = self
            .sound
            .take_if(|sound| sound.item.as_ref() != item || samples > sound.offset);
        if let (Some(_), Some(turn)) = (heard, &mut self.turn) {
            turn.first_heard = Some(now);
        }
    }

    pub(crate) fn tool_called(&mut self, now: Time, call: &CallId) {
        self.first_byte(now);
        let turn = self.running();
        if turn.tools.len() < TOOLS {
            turn.tools.push(ToolTimes {
                call: call.clone(),
                begun: now,
                answered: None,
            });
        }
    }

    pub(crate) fn tool_answered(&mut self, now: Time, call: &CallId) {
        let tools = self.turn.iter_mut().flat_map(|turn| &mut turn.tools);
        for tool in tools.filter(|tool| tool.call == *call) {
            tool.answered = Some(now);
        }
    }

    /// The answer is interrupted; a player that `reports` will say when it is silent.
    pub(crate) fn interrupted(&mut self, now: Time, reports: bool) {
        if let Some(turn) = &mut self.turn
            && turn.interrupted.is_none()
        {
            turn.interrupted = Some(now);
            turn.silenced = (!reports).then_some(now);
            self.silence_by = reports.then(|| now + SILENCE);
            self.sound = None;
        }
    }

    /// The player says that it has fallen silent.
    pub(crate) fn silent(&mut self, now: Time) {
        if self.silence_by.take().is_some()
            && let Some(turn) = &mut self.turn
        {
            turn.silenced = Some(now);
        }
    }

    /// Until when the player's report is worth waiting for.
    pub(crate) fn awaits_silence(&self) -> Option<Time> {
        self.silence_by
    }

    /// The report is waited for no longer.
    pub(crate) fn on_timeout(&mut self, now: Time) {
        self.silence_by.take_if(|by| *by <= now);
    }

    pub(crate) fn settled(&mut self, now: Time) {
        if let Some(turn) = &mut self.turn
            && turn.interrupted.is_some()
        {
            turn.settled.get_or_insert(now);
        }
    }

    /// Nobody speaks and nothing is open. Returns the turn that is over, if one is.
    pub(crate) fn quiet(&mut self, now: Time) -> Option<TurnTimes> {
        self.turn
            .as_ref()
            .is_some_and(|turn| turn.first_byte.is_some())
            .then(|| self.end(now))
            .flatten()
    }

    pub(crate) fn totals(&self) -> &LatencyTotals {
        &self.totals
    }

    /// What the user says after an answer has begun is another turn.
    fn next(&mut self, now: Time) -> Option<TurnTimes> {
        self.quiet(now)
    }

    fn end(&mut self, now: Time) -> Option<TurnTimes> {
        let mut turn = self.turn.take()?;
        turn.ended = now;
        self.sound = None;
        self.silence_by = None;
        self.totals.add(&turn);
        Some(turn)
    }

    fn running(&mut self) -> &mut TurnTimes {
        self.turn.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::AudioFormat;
    use bytes::Bytes;

    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    /// 20 ms of silence, and then as much sound.
    fn chunk(item: &str) -> AudioChunk {
        let mut data = vec![0; 960];
        data.extend(5000_i16.to_le_bytes().repeat(480));
        let mut chunk = AudioChunk::new(Bytes::from(data), AudioFormat::PCM16_24K);
        chunk.item = Some(item.into());
        chunk
    }

    #[test]
    fn a_spoken_turn_with_a_tool_is_timed_from_the_end_of_speech_to_the_first_sample_heard() {
        let mut line = Timeline::default();
        assert_eq!(line.speech_ended(at(1000)), None);
        assert_eq!(line.committed(at(1010)), None);
        line.tool_called(at(1200), &"c".into());
        line.tool_answered(at(1700), &"c".into());
        line.speech(at(2000), &chunk("a"), 0);
        line.speech(at(2050), &chunk("a"), 960);
        line.taken(at(2100), &chunk("a"));
        let turn = line.quiet(at(3000)).expect("a turn");
        assert_eq!(turn.first_byte, Some(at(1200)));
        assert_eq!(turn.to_first_sound(), Some(Duration::from_millis(1000)));
        assert_eq!(turn.to_first_heard(), Some(Duration::from_millis(1120)));
        assert_eq!(turn.tools[0].answered, Some(at(1700)));
        assert_eq!(turn.ended, at(3000));
        assert_eq!(line.quiet(at(3001)), None, "once");
        assert_eq!(line.totals().turns, 1);
        assert_eq!(line.totals().worst_first_heard, Duration::from_millis(1120));
    }

    #[test]
    fn a_player_hears_the_first_sound_when_its_report_passes_it() {
        let mut line = Timeline::default();
        line.committed(at(0));
        line.speech(at(100), &chunk("a"), 0);
        line.played(at(200), Some(&"a".into()), 480);
        assert!(line.sound.is_some(), "only its silence was played");
        line.played(at(220), Some(&"a".into()), 481);
        let turn = line.quiet(at(300)).expect("a turn");
        assert_eq!(turn.first_heard, Some(at(220)));
    }

    #[test]
    fn the_users_next_turn_ends_the_one_before_and_silence_is_no_answer() {
        let mut line = Timeline::default();
        line.speech_ended(at(0));
        let mut silence = chunk("a");
        silence.data = Bytes::from(vec![0; 960]);
        line.speech(at(50), &silence, 0);
        assert_eq!(line.quiet(at(60)), None, "nothing was answered");
        line.first_byte(at(100));
        line.interrupted(at(150), false);
        line.settled(at(170));
        let turn = line.speech_ended(at(900)).expect("the turn before");
        assert_eq!(
            (turn.interrupted, turn.settled),
            (Some(at(150)), Some(at(170)))
        );
        assert_eq!(turn.first_sound, None);
    }
}
