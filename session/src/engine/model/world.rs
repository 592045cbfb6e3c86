//! One random conversation: the engine under test, everybody around it, and the account of what passed
//! between them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    mem::Discriminant,
    sync::Arc,
    time::Duration,
};

use antiphon_protocol::{
    CommandId, Event, Generation, Interruption, SessionConfig, Time, WallTime,
};
use antiphon_transport::{Input, LinkConfig, Machine, Output, WireEvent};

use super::{
    FORMAT,
    book::{Asked, Calls, Wish},
    chronicle::Chronicle,
    defect::Defect,
    microphone::Microphone,
    server::Server,
    speaker::Speaker,
    wire::{Abilities, Words},
};
use crate::{
    EventFilter, Snapshot,
    engine::{
        Budget, Engine, EngineCommand, EngineConfig, EngineOutput, LateResults, Limits,
        TurnDerivation, UplinkPacing, Verb,
    },
};

/// How one conversation is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) able: Abilities,
    pub(super) follow_up: bool,
    pub(super) paced: bool,
    /// Whether the player reports.
    pub(super) reports: bool,
    /// Whether a stalled reader loses speech instead of its session.
    pub(super) drops: bool,
}

pub(super) struct World {
    pub(super) manner: Manner,
    pub(super) engine: Engine,
    pub(super) now: Time,
    pub(super) defect: Option<Defect>,
    pub(super) inputs: VecDeque<Input<EngineCommand>>,
    pub(super) unwritten: Vec<WireEvent>,
    pub(super) stalled: bool,
    /// Whether a wire has been stalled, and audio may have waited in this side's queues.
    pub(super) ever_stalled: bool,
    pub(super) held: bool,
    pub(super) deaf: bool,
    pub(super) server: Server,
    pub(super) speaker: Speaker,
    pub(super) chronicle: Chronicle,
    pub(super) microphone: Microphone,
    pub(super) calls: Calls,
    pub(super) asked: Asked,
    pub(super) downlink: Downlink,
    /// Control events that the reader has still to get.
    pub(super) shown: VecDeque<Discriminant<Event>>,
    /// The interruption that is not settled yet.
    pub(super) interruption: Option<Interruption>,
    /// The response that runs, as the reader was told.
    pub(super) response: Option<String>,
    /// Whether the caller has asked to stop what may be about to begin.
    pub(super) stopping: bool,
    /// Responses that may have been stopped as they began.
    pub(super) stopped: BTreeSet<String>,
    pub(super) snapshot: Option<Snapshot>,
    /// What each response has cost, and what connections have said they used.
    pub(super) used: u64,
    /// What connections that were let go may have told besides.
    pub(super) late: u64,
    pub(super) costs: BTreeMap<String, u64>,
    pub(super) generation: Option<Generation>,
    newest: Option<Generation>,
    /// What the session says it has dropped for a slow reader, in bytes.
    dropped: u64,
    pub(super) ends: (usize, usize),
    /// Whether the end was asked for.
    pub(super) closing: bool,
    next: u64,
    pub(super) word: u64,
}

/// The account of the model's speech, in samples, but for the bytes that the engine counts.
#[derive(Debug, Default)]
pub(super) struct Downlink {
    pub(super) shown: u64,
    pub(super) read: u64,
    /// Unread, and removed by interruptions, in bytes.
    pub(super) void: u64,
}

fn engine(manner: Manner, restore: Option<Snapshot>) -> Engine {
    let provider = Arc::new(Words::new(manner.able));
    let config = restore.as_ref().map(|kept| kept.config().clone());
    let pacing = if manner.paced {
        UplinkPacing::RealTime
    } else {
        UplinkPacing::AsGiven
    };
    Engine::new(EngineConfig {
        capabilities: antiphon_protocol::Provider::capabilities(&*provider, "").into_owned(),
        provider,
        config: Arc::new(config.unwrap_or_else(|| SessionConfig::new("m"))),
        link: LinkConfig::new(WallTime::default()),
        limits: Limits {
            inbox_bytes: 60_000,
            drop_media: manner.drops,
            ..Limits::default()
        },
        pacing,
        follow_up: manner.follow_up,
        late_results: LateResults::default(),
        seed: 3,
        derivation: TurnDerivation::default(),
        prices: None,
        budget: Budget::default(),
        restore,
    })
}

impl World {
    pub(super) fn new(manner: Manner, defect: Option<Defect>) -> Self {
        let mut world = Self {
            manner,
            engine: engine(manner, None),
            now: Time::ZERO,
            defect,
            inputs: VecDeque::new(),
            unwritten: Vec::new(),
            stalled: false,
            ever_stalled: false,
            held: false,
            deaf: false,
            server: Server::new(manner.able),
            speaker: Speaker::new(manner.reports),
            chronicle: Chronicle::default(),
            microphone: Microphone::default(),
            calls: Calls::default(),
            asked: Asked::default(),
            downlink: Downlink::default(),
            shown: VecDeque::new(),
            interruption: None,
            response: None,
            stopping: false,
            stopped: BTreeSet::new(),
            snapshot: None,
            used: 0,
            late: 0,
            costs: BTreeMap::new(),
            generation: None,
            newest: None,
            dropped: 0,
            ends: (0, 0),
            closing: false,
            next: 0,
            word: 0,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        let observe = EngineCommand::Observe(EventFilter::ALL);
        self.engine.handle(self.now, Input::Command(observe));
        self.engine.start(self.now);
        self.run();
    }

    pub(super) fn put(&mut self, input: Input<EngineCommand>) {
        self.inputs.push_back(input);
        self.run();
    }

    pub(super) fn ask(&mut self, wish: Wish, verb: Verb) -> u64 {
        self.next += 1;
        let id = self.next;
        if !matches!(verb, Verb::Audio(_)) {
            self.asked.ask(id, wish);
        }
        self.put(Input::Command(EngineCommand::Do {
            id: CommandId::new(id),
            verb,
        }));
        id
    }

    /// The number of the command that will be asked next.
    pub(super) const fn next_id(&self) -> u64 {
        self.next + 1
    }

    /// Lets the engine and all around it act until nobody has anything left to do.
    pub(super) fn run(&mut self) {
        loop {
            self.look();
            self.drain();
            if let Some(input) = self.inputs.pop_front() {
                self.engine.handle(self.now, input);
            } else if let Some((generation, line)) = self.arrival() {
                self.hear(generation, &line);
            } else {
                break;
            }
        }
        let turn = self.engine.state().turn;
        let open = self.calls.open().len();
        assert!(
            self.ends.1 > 0 || turn.open_calls == open,
            "{turn:?}, {open} open"
        );
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            let Some(defect) = self.defect else {
                self.output(output);
                continue;
            };
            for output in defect.spoil(output) {
                self.output(output);
            }
        }
    }

    fn output(&mut self, output: Output<EngineOutput>) {
        match output {
            Output::Wire(action) => self.act(action),
            Output::Up(EngineOutput::Resolve { id, outcome }) => self.answered(id, outcome),
            Output::Up(EngineOutput::Show(event)) => self.show(event),
        }
    }

    /// What the state tells without an event: connections that come and go, interruptions that begin.
    fn look(&mut self) {
        let state = self.engine.state();
        let before = self.generation;
        if state.generation != before {
            assert!(
                state.generation.is_none() || state.generation > self.newest,
                "{:?} after {:?}",
                state.generation,
                self.newest
            );
            self.newest = state.generation.or(self.newest);
            self.generation = None;
            if before.is_some() {
                self.speaker.play(self.now);
                self.speaker.nothing_more_of(None);
                self.chronicle.complete(None);
                self.response = None;
            }
            self.generation = self.engine.state().generation;
        }
        let dropped = self.engine.state().media_dropped;
        if std::mem::replace(&mut self.dropped, dropped) != dropped {
            self.speaker.lose_unread(self.now);
        }
        let begun = self.engine.conversation.interrupting().cloned();
        if self.interruption.is_none()
            && let Some(begun) = &begun
        {
            self.stop(begun);
            self.interruption = Some(begun.clone());
        }
    }

    /// An interruption has begun: it must say of each item what the player says.
    pub(super) fn stop(&mut self, begun: &Interruption) {
        let unfinished = self.speaker.unfinished();
        self.speaker.stop(self.now, &begun.items);
        let responses = unfinished.iter().chain(&self.response);
        let responses: Vec<_> = responses.map(String::as_str).collect();
        self.chronicle.stop(&begun.items, &responses);
    }

    pub(super) fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        // One thing may lead to another in the same moment, but not for ever.
        let mut chain = 0;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= until) {
            chain = if due > self.now { 0 } else { chain + 1 };
            self.now = self.now.max(due);
            self.put(Input::Timeout);
            assert!(
                chain < 8,
                "a timeout that does not pass: {due:?} of link {:?}, conversation {:?}, uplink {:?}",
                self.engine.link.poll_timeout(),
                self.engine.conversation.poll_timeout(),
                self.engine.uplink_timeout()
            );
        }
        self.now = until;
    }

    /// The process dies in the middle of everything, and another one goes on with what was kept.
    pub(super) fn restore(&mut self) {
        self.ask(Wish::Other, Verb::Snapshot);
        let Some(kept) = self.snapshot.take() else {
            return;
        };
        let open: Vec<&str> = kept
            .open_calls()
            .iter()
            .map(|call| call.id.as_str())
            .collect();
        for id in self.calls.kept(&open, &self.server.answered) {
            self.chronicle.returned(id);
        }
        let (_, playing) = {
            let uplink = &self.engine.uplink;
            self.engine
                .conversation
                .kept(self.now, |id| uplink.waits(id))
        };
        self.speaker.stop(self.now, &playing);
        for heard in &playing {
            self.chronicle.cut(heard);
        }
        self.chronicle.complete(None);
        self.chronicle.check(&kept.history());
        self.chronicle.restored();
        self.microphone.check_sent(&self.engine.state().uplink);
        let written = serde_json::to_string(&kept.exposing_secrets()).unwrap();
        let read: Snapshot = serde_json::from_str(&written).unwrap();
        assert!(
            read == kept,
            "what is kept does not survive being written down"
        );
        self.server.forget_generations();
        self.inputs.clear();
        self.unwritten.clear();
        self.shown.clear();
        self.asked.forget();
        self.microphone.restart();
        (self.downlink, self.dropped) = (Downlink::default(), 0);
        self.speaker = Speaker::new(self.manner.reports);
        (self.generation, self.newest) = (None, None);
        (self.interruption, self.response, self.stopping) = (None, None, false);
        self.engine = engine(self.manner, Some(read));
        self.begin();
    }

    /// Samples that the engine was given and nobody has read.
    pub(super) fn check_downlink(&mut self) {
        let state = self.engine.state();
        let unread = self.engine.inbox.unread_audio() as u64;
        let down = &self.downlink;
        let bytes = |samples| FORMAT.bytes_of(samples);
        assert_eq!(
            bytes(down.shown),
            bytes(down.read) + down.void + state.media_dropped + unread,
            "{down:?}, {} dropped, {unread} unread",
            state.media_dropped
        );
    }
}
