//! Keeping a session for another process, and going on with what was kept.

use antiphon_protocol::{ItemKind, Time};

use super::{Engine, Restored};
use crate::Snapshot;

impl Engine {
    /// What another process needs to go on.
    pub(super) fn snapshot(&mut self, now: Time) -> Snapshot {
        let (history, playhead) = self.conversation.kept(now, |id| self.uplink.waits(id));
        let (open, closed) = self.conversation.known_calls(|id| self.uplink.waits(id));
        let open_calls = history
            .iter()
            .filter_map(|kept| match &kept.item.kind {
                ItemKind::ToolCall(call) if open.contains(&call.id) => Some(call.clone()),
                _ => None,
            })
            .collect();
        Snapshot {
            provider: self.provider.name().to_owned(),
            session_id: self.state.session_id.clone(),
            config: (**self.updates.desired()).clone(),
            history: history.into_iter().map(Into::into).collect(),
            unreached_calls: open
                .iter()
                .filter(|call| !self.reached.contains(call))
                .cloned()
                .collect(),
            open_calls,
            // Only who runs the tools knows.
            untouched_calls: Vec::new(),
            closed_calls: closed,
            playhead: playhead.into_iter().map(Into::into).collect(),
            usage: self.usage.totals(),
            counted: self.usage.counted(),
            response_open: self.conversation.is_responding(),
            resume: self.link.resume_token(now),
        }
    }

    /// All that the session is.
    #[cfg(feature = "testing")]
    pub(crate) fn moment(&self) -> crate::testing::Moment {
        let mut moment = crate::testing::Moment {
            frame: 0,
            at: Time::ZERO,
            state: self.state.clone(),
            gate: crate::testing::GateAt::default(),
            calls: Vec::new(),
            playhead: crate::testing::PlayheadAt::default(),
            interrupting: false,
            waiting: self.uplink.at(),
            history: Vec::new(),
        };
        moment.waiting.unread = self.inbox.next_weight();
        self.conversation.show(&mut moment);
        moment
    }

    /// Goes on with what another process has kept.
    pub(super) fn restore(&mut self, snapshot: Snapshot) {
        let calls = snapshot.open_calls.iter();
        let calls = calls.map(|call| (call.clone(), !snapshot.is_untouched(&call.id)));
        let calls = calls.collect();
        self.restored = Some(Restored {
            calls,
            resume: snapshot.resume,
        });
        self.usage.restore(snapshot.usage, snapshot.counted);
        let open = snapshot.open_calls.iter().map(|call| call.id.clone());
        let unreached = &snapshot.unreached_calls;
        self.reached = open.filter(|call| !unreached.contains(call)).collect();
        let kept = snapshot.history.into_iter().map(Into::into).collect();
        self.conversation.restore(
            kept,
            &snapshot.open_calls,
            &snapshot.closed_calls,
            snapshot.response_open,
        );
    }
}
