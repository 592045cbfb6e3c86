//! The end of a conversation, and what is left of it.

use std::time::Duration;

use antiphon_protocol::{Ended, Losses};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Conversation;
use crate::talk::{
    account::Account, events_log::EventsLog, microphone::PERIOD, speaker::Stretch, timeline::Sound,
};

/// How long the caller's audio and late transcripts may take to arrive after the last turn.
const SETTLE: Duration = Duration::from_millis(600);

/// Why a conversation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Every turn was answered, or failed.
    Finished,
    /// The time was up.
    TimeUp,
    /// The person wants to stop.
    Asked,
    /// The session ended by itself.
    Ended,
}

/// What is left of a conversation.
#[derive(Debug)]
pub struct Remains {
    /// Why it stopped.
    pub stop: Stop,
    /// How the session ended.
    pub ended: Ended,
    /// The turns.
    pub account: Account,
    /// The caller's recordings, where they were said.
    pub said: Vec<Sound>,
    /// What was heard.
    pub heard: Vec<Stretch>,
    /// Connections after the first.
    pub reconnects: u32,
    /// What those cost.
    pub losses: Losses,
    /// Samples of the caller's audio that no connection took.
    pub unsent: u64,
    /// Whether a connection was lost in a turn that was not answered.
    pub cut_off: bool,
    /// When it was over, on its own clock.
    pub end: Duration,
    /// The file of events, to be completed.
    pub log: Option<EventsLog>,
}

impl Conversation {
    pub(super) async fn finish(mut self, stop: Stop) -> Remains {
        self.caller.fall_silent();
        self.play();
        if stop == Stop::Finished {
            self.settle().await;
        }
        let end = self.clock.now();
        let cut_off = self.is_cut_off(stop);
        self.last_words(stop, end);
        let ended = self.close().await;
        let (reconnects, uplink) = {
            let state = self.state.borrow();
            (state.rotations, state.uplink)
        };
        // Tools and handlers come to rest within bounds of the runner's; these are tighter.
        let _ = timeout(self.habits.farewell, self.runner.finish()).await;
        let (said, untaken) = self.caller.into_said();
        Remains {
            stop,
            ended,
            account: self.account,
            said,
            heard: self.speaker.heard().to_vec(),
            reconnects,
            losses: self.losses,
            unsent: untaken + uplink.accepted.saturating_sub(uplink.sent),
            cut_off,
            end,
            log: self.log,
        }
    }

    /// Waits for what is still on its way: the caller's last silence, and transcripts.
    async fn settle(&mut self) {
        let until = Instant::now() + SETTLE;
        let mut quiet_since: Option<Instant> = None;
        loop {
            let uplink = self.state.borrow().uplink;
            let is_sent = uplink.accepted <= uplink.sent + uplink.dropped;
            let has_words = self.account.turns.iter().all(|turn| turn.user.is_some());
            if self.caller.is_through() && is_sent && has_words {
                // What was handed over last may not have been counted yet.
                if quiet_since.get_or_insert_with(Instant::now).elapsed() >= PERIOD {
                    return;
                }
            }
            // Cancel safe: timers and the runner's next event lose nothing.
            tokio::select! {
                biased;
                () = sleep_until(until) => return,
                event = self.runner.next() => match event {
                    Some(event) => self.event(&event),
                    None => return,
                },
                () = sleep(PERIOD) => {}
            }
        }
    }

    /// Whether turns are unanswered because a connection was lost.
    fn is_cut_off(&self, stop: Stop) -> bool {
        let is_open = self
            .account
            .turns
            .last()
            .is_some_and(|turn| !turn.is_answered());
        let ended_early = stop == Stop::Ended && (is_open || self.caller.next_start().is_some());
        self.account.is_cut_off() || ended_early || (self.is_shaken && is_open)
    }

    /// What the end means for the turn that it falls into.
    fn last_words(&mut self, stop: Stop, at: Duration) {
        match stop {
            Stop::Finished => {}
            Stop::Asked => {
                let last = self.account.turns.last_mut();
                if let Some(turn) = last.filter(|turn| !turn.is_answered()) {
                    turn.cut.get_or_insert(at);
                }
            }
            Stop::TimeUp => self.account.fail_open("the time was up"),
            Stop::Ended => self.account.fail_open("the session ended"),
        }
        self.speaker.hush();
    }

    /// Closes the session and takes in what it still has to say.
    async fn close(&mut self) -> Ended {
        let control = self.control.clone();
        let closing = control.close_within(self.habits.farewell);
        tokio::pin!(closing);
        let mut closed = None;
        loop {
            // Cancel safe, as above; the stream ends soon after the session is closed.
            tokio::select! {
                biased;
                ended = &mut closing, if closed.is_none() => closed = Some(ended),
                event = self.runner.next() => match event {
                    Some(event) => self.event(&event),
                    None => break,
                },
            }
        }
        match (self.ended.take(), closed) {
            (Some(ended), _) | (None, Some(ended)) => ended,
            (None, None) => closing.await,
        }
    }
}
