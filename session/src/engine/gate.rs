//! The response gate: one response where the protocol allows one.
//!
//! It knows when a create or a cancel is legal, orders them, and waits instead of racing. A create
//! that loses a race against the server's own response waits for that one to end and is sent again.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::{CommandId, ResponseId, ResponseOptions, Time};

use super::flaw::{Defect, Flaw};

/// Creates that may wait.
const WAITING: usize = 32;
/// How often a create that lost a race is sent again.
const RACES: u8 = 3;
/// How long a response may stay silent before its place is given up.
const WATCHDOG: Duration = Duration::from_secs(30);
/// How long creates wait for answers to calls; afterwards the provider may say what it thinks of them.
const ANSWERS: Duration = Duration::from_secs(120);

/// A create that waits or is on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Create {
    pub(crate) id: CommandId,
    pub(crate) options: ResponseOptions,
    races: u8,
    /// Whether it follows tool results; one that waits follows those that come meanwhile, too.
    follows: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Free,
    /// A create has its turn, and nothing has come of it yet. `sent` is when it left.
    Requested {
        create: Create,
        sent: Option<Time>,
    },
    /// A response runs. The create that may have caused it is kept until the response ends, because
    /// its refusal can arrive after the server's own response has begun.
    Active {
        response: Option<ResponseId>,
        create: Option<Create>,
        seen: Time,
        cancelling: bool,
    },
}

/// What the gate wants done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GateOut {
    /// Send this create.
    Create(CommandId, ResponseOptions),
    /// Do not send this create after all: its turn comes later.
    Recall(CommandId),
    /// The first of these will not be sent: what it was to follow is followed by the second.
    Joined(CommandId, CommandId),
    /// Send this cancel.
    Cancel(CommandId, Option<ResponseId>),
    /// A cancel that has nothing to stop.
    Idle(CommandId),
    /// The response said nothing for too long; its place is free again.
    Stalled(Option<ResponseId>),
}

#[derive(Debug)]
pub(crate) struct Gate {
    /// Whether the protocol allows one response at a time.
    single: bool,
    state: State,
    waiting: VecDeque<Create>,
    /// What the last response may have come of. Its refusal can be late: two responses of the server's own
    /// may have begun since it left.
    past: Option<Create>,
    /// Until when creates wait for answers to calls.
    held: Option<Time>,
    /// Whether they have waited that long.
    overdue: bool,
    /// A cancel that came before the response it means had begun.
    cancel: Option<CommandId>,
    pub(super) flaw: Flaw,
    out: VecDeque<GateOut>,
}

impl Gate {
    pub(crate) fn new(single: bool) -> Self {
        Self {
            single,
            state: State::Free,
            waiting: VecDeque::new(),
            past: None,
            held: None,
            overdue: false,
            cancel: None,
            flaw: Flaw::default(),
            out: VecDeque::new(),
        }
    }

    /// Asks for a response. `false` when too many wait already.
    pub(crate) fn create(&mut self, id: CommandId, options: ResponseOptions) -> bool {
        if !self.has_room() {
            return false;
        }
        self.waiting.push_back(Create {
            id,
            options,
            races: 0,
            follows: false,
        });
        self.pump();
        true
    }

    /// Whether another create may wait.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    /// Asks for a response ahead of those that wait: the follow-up of tool results. One is enough for
    /// all that was answered by the time it leaves. Returns the name of the one that follows.
    pub(crate) fn create_first(&mut self, id: CommandId) -> CommandId {
        let mut waiting = self.waiting.iter().filter(|create| create.follows);
        if let Some(waiting) = waiting.next()
            && !self.flaw.is(Defect::FollowUpPerBatch)
        {
            return waiting.id;
        }
        self.waiting.push_front(Create {
            id,
            options: ResponseOptions::default(),
            races: 0,
            follows: true,
        });
        self.pump();
        id
    }

    /// The provider has taken in a create to which no response belongs: the voice will speak.
    pub(crate) fn on_spoken_for(&mut self, id: CommandId) {
        if matches!(&self.state, State::Requested { create, .. } if create.id == id) {
            self.free();
        }
    }

    /// Whether calls are open without whose answers no response can be asked for.
    pub(crate) fn hold(&mut self, now: Time, held: bool) {
        if held {
            self.held.get_or_insert(now + ANSWERS);
        } else if self.held.take().is_some() {
            self.overdue = false;
            self.pump();
        }
    }

    /// Asks to stop the running response, at the first moment at which that is legal.
    pub(crate) fn cancel(&mut self, id: CommandId) {
        match &mut self.state {
            State::Free => self.out.push_back(GateOut::Idle(id)),
            State::Requested { .. } => {
                if let Some(older) = self.cancel.replace(id) {
                    self.out.push_back(GateOut::Idle(older));
                }
            }
            State::Active {
                cancelling: true, ..
            } => self.out.push_back(GateOut::Idle(id)),
            State::Active {
                response,
                cancelling,
                ..
            } => {
                *cancelling = true;
                self.out.push_back(GateOut::Cancel(id, response.clone()));
            }
        }
    }

    /// Forgets the creates that wait and returns their names. One that has left is not sent again if it has
    /// lost a race.
    pub(crate) fn void_waiting(&mut self) -> Vec<CommandId> {
        let left = match &mut self.state {
            State::Requested { create, .. } => Some(create),
            State::Active { create, .. } => create.as_mut(),
            State::Free => None,
        };
        for create in left.into_iter().chain(&mut self.past) {
            create.races = RACES;
        }
        self.waiting.drain(..).map(|create| create.id).collect()
    }

    /// Forgets the follow-ups that have not left and returns their names: what they follow is gone.
    pub(crate) fn void_follow_ups(&mut self) -> Vec<CommandId> {
        let follows = self.waiting.iter().filter(|create| create.follows);
        let mut void: Vec<_> = follows.map(|create| create.id).collect();
        self.waiting.retain(|create| !create.follows);
        if let State::Requested { create, sent: None } = &self.state
            && create.follows
        {
            void.push(create.id);
            self.free();
        }
        void
    }

    /// A create that has not left shall not be made after all.
    pub(crate) fn withdraw(&mut self, id: CommandId) {
        self.waiting.retain(|create| create.id != id);
        let has_its_turn = matches!(&self.state, State::Requested { create, sent: None }
            if create.id == id);
        if has_its_turn {
            // Its turn may have come a moment ago, and nobody have been told.
            self.out
                .retain(|out| !matches!(out, GateOut::Create(told, _) if *told == id));
            self.free();
        }
    }

    /// A create has left.
    pub(crate) fn on_sent(&mut self, now: Time, id: CommandId) {
        if let State::Requested { create, sent } = &mut self.state
            && create.id == id
        {
            *sent = Some(now);
        }
    }

    pub(crate) fn on_started(&mut self, now: Time, response: Option<ResponseId>) {
        let create = match std::mem::replace(&mut self.state, State::Free) {
            // It has not left, and would meet this response.
            State::Requested { create, sent: None } => {
                self.out.push_back(GateOut::Recall(create.id));
                self.comes_back(create);
                None
            }
            State::Requested { create, .. } => Some(create),
            State::Active { create, .. } => create,
            State::Free => None,
        };
        self.state = State::Active {
            response,
            create,
            seen: now,
            cancelling: false,
        };
        if let Some(id) = self.cancel.take() {
            self.cancel(id);
        }
    }

    /// Something of the running response arrived.
    pub(crate) fn on_progress(&mut self, now: Time) {
        if let State::Active { seen, .. } = &mut self.state {
            *seen = now;
        }
    }

    pub(crate) fn on_done(&mut self, response: Option<&ResponseId>) {
        let ends = match &self.state {
            State::Active {
                response: Some(active),
                ..
            } => response.is_none_or(|done| done == active),
            State::Active { response: None, .. } => true,
            State::Free | State::Requested { .. } => false,
        };
        if ends {
            self.free();
        }
    }

    /// The provider refused the create `id`. Returns whether the gate deals with it: the create lost
    /// a race and will be sent again.
    pub(crate) fn on_refused(&mut self, now: Time, id: CommandId, benign: bool) -> bool {
        let (create, active) = match &mut self.state {
            State::Requested { create, .. } if create.id == id => (Some(create.clone()), false),
            State::Active { create, .. } if create.as_ref().is_some_and(|c| c.id == id) => {
                (create.take(), true)
            }
            state => {
                let past = self.past.take_if(|past| past.id == id);
                let later = match &*state {
                    State::Requested { create, .. } => Some(create),
                    State::Active { create, .. } => create.as_ref(),
                    State::Free => None,
                };
                let is_followed = later.is_some_and(|later| later.follows);
                if benign && is_followed && past.as_ref().is_some_and(|past| past.follows) {
                    return true;
                }
                (past, *state != State::Free)
            }
        };
        let Some(mut create) = create else {
            return false;
        };
        let again = benign && create.races < RACES;
        if again {
            create.races += 1;
            self.comes_back(create);
        }
        if !active {
            // A benign refusal says that a response runs whose start we have yet to hear of.
            if benign {
                self.state = State::Active {
                    response: None,
                    create: None,
                    seen: now,
                    cancelling: false,
                };
            } else {
                self.free();
            }
        }
        again
    }

    /// The connection is gone, and with it the running response and a create that had left. A create
    /// that still `waits` for its turn to leave keeps its place. Returns whether something was lost.
    pub(crate) fn on_lost(&mut self, waits: impl Fn(CommandId) -> bool) -> bool {
        if matches!(&self.state, State::Requested { create, .. } if waits(create.id)) {
            return false;
        }
        if let Some(id) = self.cancel.take() {
            self.out.push_back(GateOut::Idle(id));
        }
        self.past = None;
        std::mem::replace(&mut self.state, State::Free) != State::Free
    }

    /// The end of the lost response was told: what waited for it waits for the next connection.
    pub(crate) fn go_on(&mut self) {
        self.pump();
    }

    /// Whether a response that has not begun is to be cancelled when it does.
    pub(crate) fn is_cancelling(&self) -> bool {
        self.cancel.is_some()
    }

    /// Whether a response is asked for or runs, or waits to be asked for.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_open() || !self.waiting.is_empty()
    }

    /// Whether a response is asked for or runs.
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Free
    }

    /// Whether a response runs, as far as the provider has said.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    pub(crate) fn response(&self) -> Option<&ResponseId> {
        match &self.state {
            State::Active { response, .. } => response.as_ref(),
            State::Free | State::Requested { .. } => None,
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn at(&self) -> crate::testing::GateAt {
        let (state, cancelling) = match &self.state {
            State::Free => ("free", false),
            State::Requested { .. } => ("requested", self.cancel.is_some()),
            State::Active { cancelling, .. } => ("active", *cancelling),
        };
        crate::testing::GateAt {
            state,
            response: self.response().cloned(),
            waiting: self.waiting.len(),
            cancelling,
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<GateOut> {
        self.out.pop_front()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        match &self.state {
            State::Free if self.waiting.is_empty() || self.overdue => None,
            State::Free => self.held,
            State::Requested { sent, .. } => sent.map(|sent| sent + WATCHDOG),
            State::Active { seen, .. } => Some(*seen + WATCHDOG),
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Time) {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        if self.state == State::Free {
            self.overdue = true;
            self.pump();
        } else {
            self.out
                .push_back(GateOut::Stalled(self.response().cloned()));
            self.free();
        }
    }

    /// A create that had its turn waits again. A follow-up that began to wait meanwhile has nothing left to
    /// follow: this one leaves after all that was answered by now.
    fn comes_back(&mut self, create: Create) {
        if create.follows && !self.flaw.is(Defect::FollowUpPerBatch) {
            let out = &mut self.out;
            self.waiting.retain(|waiting| {
                if waiting.follows {
                    out.push_back(GateOut::Joined(waiting.id, create.id));
                }
                !waiting.follows
            });
        }
        self.waiting.push_front(create);
    }

    fn free(&mut self) {
        if let State::Active { create, .. } = std::mem::replace(&mut self.state, State::Free) {
            self.past = create;
        }
        if let Some(id) = self.cancel.take() {
            self.out.push_back(GateOut::Idle(id));
        }
        self.pump();
    }

    fn pump(&mut self) {
        if self.held.is_some() && !self.overdue {
            return;
        }
        let open = !self.single || self.flaw.is(Defect::GateOpen);
        while (open || self.state == State::Free)
            && let Some(create) = self.waiting.pop_front()
        {
            self.out
                .push_back(GateOut::Create(create.id, create.options.clone()));
            self.state = State::Requested { create, sent: None };
        }
    }
}

#[cfg(test)]
mod tests;
