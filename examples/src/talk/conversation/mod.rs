//! The conversation itself: one loop between the runner's events, the clock and the person.

mod caller;
mod closing;

use std::{collections::BTreeSet, time::Duration};

use antiphon_protocol::{AudioChunk, AudioFormat, Ended, Event, ItemId, Losses, Phase, Rotation};
use antiphon_runner::{Control, Runner, ToolEnd};
use antiphon_session::{Playback, SessionState};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use self::caller::Caller;
pub use self::{
    caller::{Cue, Line, Recording},
    closing::{Remains, Stop},
};
use super::{
    account::Account, cli::Pace, clock::Clock, events_log::EventsLog, microphone::PERIOD,
    plan::Start, progress::Progress, speaker::Speaker,
};

/// Without any event for this long after an answer, the model is taken to have finished.
const QUIET: Duration = Duration::from_millis(120);

/// How a conversation is held.
#[derive(Debug)]
pub struct Habits {
    /// How fast recordings are said and answers are played.
    pub pace: Pace,
    /// When to stop.
    pub deadline: Instant,
    /// How long closing may take after that.
    pub farewell: Duration,
}

/// A conversation under way.
#[derive(Debug)]
pub struct Conversation {
    runner: Runner,
    control: Control,
    state: watch::Receiver<SessionState>,
    playback: Playback,
    output: AudioFormat,
    habits: Habits,
    clock: Clock,
    caller: Caller,
    account: Account,
    speaker: Speaker,
    tools: mpsc::UnboundedReceiver<ToolEnd>,
    /// Items that were interrupted; what still arrives of them is not heard.
    void: BTreeSet<ItemId>,
    last_event: Instant,
    losses: Losses,
    /// Whether a connection was lost in the turn that was begun last.
    is_shaken: bool,
    ended: Option<Ended>,
    log: Option<EventsLog>,
    progress: Progress,
}

impl Conversation {
    /// Prepares a conversation with a runner that is connected.
    pub fn new(
        runner: Runner,
        tools: mpsc::UnboundedReceiver<ToolEnd>,
        cues: Vec<Cue>,
        habits: Habits,
        log: Option<EventsLog>,
        progress: Progress,
    ) -> Self {
        let control = runner.control();
        Self {
            state: control.state(),
            playback: control.playback(),
            output: control.output_format(),
            caller: Caller::new(&control, cues),
            speaker: Speaker::new(control.output_format()),
            control,
            runner,
            habits,
            clock: Clock::start(),
            account: Account::default(),
            tools,
            void: BTreeSet::new(),
            last_event: Instant::now(),
            losses: Losses::default(),
            is_shaken: false,
            ended: None,
            log,
            progress,
        }
    }

    /// Holds it to its end and closes the session. It ends early when `stop` resolves.
    pub async fn hold(mut self, stop: impl Future<Output = ()>) -> Remains {
        tokio::pin!(stop);
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let why = loop {
            // Every arm is cancel safe: channels, timers and the runner's next event lose nothing.
            tokio::select! {
                biased;
                () = &mut stop => break Stop::Asked,
                () = sleep_until(self.habits.deadline) => break Stop::TimeUp,
                event = self.runner.next() => match event {
                    Some(event) => self.event(&event),
                    None => break Stop::Ended,
                },
                Some(end) = self.tools.recv() => self.tool_ended(&end),
                why = self.caller.refused() => self.account.fail_open(&why),
                _ = ticks.tick() => {}
            }
            self.pass_time();
            if self.ended.is_some() {
                break Stop::Ended;
            }
            if self.is_answered() && self.caller.next_start().is_none() {
                break Stop::Finished;
            }
            self.take_cue();
        };
        self.finish(why).await
    }

    /// Takes in an event of the session.
    fn event(&mut self, event: &Event) {
        let at = self.clock.now();
        // The silence of a track without end goes on for ever, and tells nothing.
        if !matches!(event, Event::Audio(chunk) if chunk.item.is_none()) {
            self.last_event = Instant::now();
        }
        if let Some(log) = &mut self.log {
            log.add(at, event);
        }
        self.progress.event(at, event);
        self.account.event(at, event);
        match event {
            Event::SpeechStarted(_) | Event::Interrupted { .. } => self.hush(at),
            Event::InterruptionSettled(settled) => {
                self.void
                    .extend(settled.items.iter().filter_map(|heard| heard.item.clone()));
            }
            Event::Audio(chunk) => self.hear(at, chunk),
            Event::Phase(Phase::Waiting { .. }) => self.is_shaken = true,
            Event::Rotated(rotation) => self.rotated(rotation),
            Event::Ended(ended) => self.ended = Some(ended.clone()),
            _ => {}
        }
    }

    fn hear(&mut self, at: Duration, chunk: &AudioChunk) {
        // What belongs to no item is the silence of a track without end.
        if chunk
            .item
            .as_ref()
            .is_none_or(|item| self.void.contains(item))
        {
            return;
        }
        let Some(index) = self.account.turn_of(chunk.response.as_ref()) else {
            return;
        };
        if let Some(turn) = self.account.turns.get(index)
            && turn.produced == chunk.samples()
            && let Some(after) = turn.first_audio_after()
        {
            let after = after.as_secs_f64();
            self.progress
                .at(at, "model", format_args!("speaks, {after:.2} s after you"));
        }
        self.speaker.take(at, chunk, index);
        if self.habits.pace == Pace::Fast {
            self.clock.skip(self.speaker.waiting());
        }
        self.play();
    }

    /// Lets the loudspeaker catch up with the clock, and tells the session what was heard.
    fn play(&mut self) {
        for progress in self.speaker.play(self.clock.now()) {
            self.playback.heard(progress.item, progress.samples);
        }
        for (index, turn) in self.account.turns.iter_mut().enumerate() {
            turn.heard = self.speaker.heard_in(index);
        }
    }

    /// The caller speaks: nothing of the answer is to be heard any more.
    fn hush(&mut self, at: Duration) {
        self.play();
        self.playback.silent();
        for (index, item) in self.speaker.hush() {
            self.void.extend(item);
            if let Some(turn) = self.account.turns.get_mut(index)
                && turn.cut.is_none()
            {
                turn.cut = Some(at);
                let heard = self.output.duration_of(turn.heard).as_secs_f64();
                let line = format_args!("interrupt after {heard:.1} s of the answer");
                self.progress.at(at, "you", line);
            }
        }
    }

    fn rotated(&mut self, rotation: &Rotation) {
        let losses = &rotation.losses;
        self.losses.items_lost += losses.items_lost;
        self.losses
            .calls_void
            .extend(losses.calls_void.iter().cloned());
        self.losses.response_lost |= losses.response_lost && !losses.response_asked_again;
    }

    fn tool_ended(&mut self, end: &ToolEnd) {
        let at = self.clock.now();
        let output = end
            .result
            .as_ref()
            .map_or_else(String::new, |result| result.output.clone());
        let took = end.took.as_millis();
        self.progress.at(
            at,
            "tool",
            format_args!("{} → {output} ({took} ms)", end.call.name),
        );
        self.account.answered(at, &end.call.id, output);
    }

    /// What happens by the clock alone: the microphone picks up, the loudspeaker plays.
    fn pass_time(&mut self) {
        if self.habits.pace == Pace::Real && self.caller.pick_up(self.clock.now()) {
            self.account.said();
        }
        self.play();
    }

    /// Whether nothing is left of the turn that was begun last.
    fn is_answered(&self) -> bool {
        let Some(turn) = self.account.turns.last() else {
            return false;
        };
        turn.is_said
            && turn.is_answered()
            && self.speaker.is_silent()
            && self.last_event.elapsed() >= QUIET
            && self.state.borrow().turn.is_idle()
    }

    /// Begins the next turn if it is time.
    fn take_cue(&mut self) {
        let Some(start) = self.caller.next_start() else {
            return;
        };
        let heard = self.account.turns.last().map_or(0, |turn| turn.heard);
        let heard = self.output.duration_of(heard);
        let is_due = self.account.turns.is_empty()
            || self.is_answered()
            || matches!(start, Start::WhileHearing(after) if heard >= after);
        if is_due && let Some(cue) = self.caller.next_cue() {
            self.is_shaken = false;
            self.say(cue.line);
        }
    }

    fn say(&mut self, line: Line) {
        let at = self.clock.now();
        match line {
            Line::Words(words) => {
                self.progress.at(at, "you", format_args!("write “{words}”"));
                self.account.begin_words(at, &words);
                self.caller.write(&self.control, words);
            }
            Line::Recording(recording) => {
                let long = recording.duration;
                let line = format_args!("say {}, {:.1} s", recording.name, long.as_secs_f64());
                self.progress.at(at, "you", line);
                if self.habits.pace == Pace::Fast {
                    self.clock.skip(long);
                    self.account.begin_recording(at, long, self.clock.now());
                    self.account.said();
                    self.caller.pour(at, recording);
                } else {
                    self.account
                        .begin_recording(at, long, at + recording.last_sound);
                    self.caller.say(at, recording);
                }
            }
        }
    }
}
