//! Random conversations against a small model of a server: what must hold whatever happens.

mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use antiphon_protocol::{
    AudioFormat, Command, CommandId, End, Event, Frame, Generation, How, Provider, RawJson,
    ResponseOptions, SessionConfig, Stage, Time, ToolResult, WallTime,
};
use antiphon_transport::{CloseRequest, Input, LinkConfig, Machine, Output, WireAction, WireEvent};
use bytes::Bytes;
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::value::RawValue;

use crate::Update;

use self::wire::Words;
use super::{
    Budget, Engine, EngineCommand, EngineConfig, EngineOutput, Limits, Played, TurnDerivation,
    UplinkPacing, Verb,
};

const FORMAT: AudioFormat = AudioFormat::PCM16_24K;

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Audio(u16),
    Text,
    Create,
    Commit,
    Cancel,
    Interrupt,
    Answer(u8),
    Heard(u8, u32),
    Read(u8),
    ServerAnswers,
    ServerSpeaks(u8),
    ServerCalls(u8),
    ServerEnds,
    UserSpeaks,
    UserStops,
    Stall(bool),
    Drop,
    RefuseDial,
    Mute(bool),
    Update { voice: bool, to: u8 },
    DoneAgain(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u64..4000).prop_map(Step::Wait),
        2 => (2u16..6000).prop_map(Step::Audio),
        2 => Just(Step::Text),
        2 => Just(Step::Create),
        1 => Just(Step::Commit),
        1 => Just(Step::Cancel),
        2 => Just(Step::Interrupt),
        3 => any::<u8>().prop_map(Step::Answer),
        1 => (any::<u8>(), any::<u32>()).prop_map(|(item, samples)| Step::Heard(item, samples)),
        3 => (1u8..9).prop_map(Step::Read),
        4 => Just(Step::ServerAnswers),
        5 => any::<u8>().prop_map(Step::ServerSpeaks),
        3 => any::<u8>().prop_map(Step::ServerCalls),
        4 => Just(Step::ServerEnds),
        2 => Just(Step::UserSpeaks),
        2 => Just(Step::UserStops),
        1 => any::<bool>().prop_map(Step::Stall),
        1 => Just(Step::Drop),
        1 => Just(Step::RefuseDial),
        1 => any::<bool>().prop_map(Step::Mute),
        2 => (any::<bool>(), any::<u8>()).prop_map(|(voice, to)| Step::Update { voice, to }),
        1 => any::<u8>().prop_map(Step::DoneAgain),
    ]
}

/// The other side, and the account of what passed.
struct World {
    engine: Engine,
    now: Time,
    wire: Option<Generation>,
    stalled: bool,
    refuse: bool,
    unwritten: Vec<WireEvent>,
    /// The response that runs at the server, and creates that it has not taken up.
    active: Option<String>,
    creates: Vec<u64>,
    /// When either last made progress; 30 s later the gate gives the place up.
    progress: Time,
    numbers: u64,
    produced: BTreeMap<String, u64>,
    /// Responses that have ended, and what each cost.
    done: BTreeMap<String, u64>,
    continuous: bool,
    answered: BTreeSet<String>,
    open: BTreeSet<u64>,
    ends: usize,
    next: u64,
}

impl World {
    fn new(follow_up: bool, paced: bool, continuous: bool) -> Self {
        let provider: Arc<dyn Provider> = Arc::new(Words { continuous });
        let limits = Limits {
            inbox_bytes: 60_000,
            drop_media: true,
            ..Limits::default()
        };
        let engine = Engine::new(EngineConfig {
            capabilities: provider.capabilities("").into_owned(),
            provider,
            config: Arc::new(SessionConfig::new("m")),
            link: LinkConfig::new(WallTime::default()),
            limits,
            pacing: if paced {
                UplinkPacing::RealTime
            } else {
                UplinkPacing::AsGiven
            },
            follow_up,
            seed: 3,
            derivation: TurnDerivation::default(),
            prices: None,
            budget: Budget::default(),
            restore: None,
        });
        let mut world = Self {
            engine,
            now: Time::ZERO,
            wire: None,
            stalled: false,
            refuse: false,
            unwritten: Vec::new(),
            active: None,
            creates: Vec::new(),
            progress: Time::ZERO,
            numbers: 0,
            produced: BTreeMap::new(),
            done: BTreeMap::new(),
            continuous,
            answered: BTreeSet::new(),
            open: BTreeSet::new(),
            ends: 0,
            next: 0,
        };
        world.engine.start(Time::ZERO);
        world.drain();
        world
    }

    fn put(&mut self, input: Input<EngineCommand>) {
        self.engine.handle(self.now, input);
        self.drain();
    }

    fn ask(&mut self, verb: Verb) {
        self.next += 1;
        if !matches!(verb, Verb::Audio(_)) {
            self.open.insert(self.next);
        }
        self.put(Input::Command(EngineCommand::Do {
            id: CommandId::new(self.next),
            verb,
        }));
    }

    fn say(&mut self, line: &str) {
        // What the server says while reading is paused stays in the network.
        if let Some(generation) = self.wire.filter(|_| self.engine.wants_read()) {
            self.put(Input::Wire(WireEvent::Frame {
                generation,
                frame: Frame::text(line),
            }));
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Wire(action) => self.act(action),
                Output::Up(EngineOutput::Resolve { id, .. }) => {
                    let own = id.get() > self.next;
                    assert!(own || self.open.remove(&id.get()), "{id} is answered twice");
                }
                Output::Up(EngineOutput::Show(_)) => {}
            }
        }
    }

    fn act(&mut self, action: WireAction) {
        match action {
            WireAction::Dial { generation, .. } if self.refuse => {
                self.refuse = false;
                let end = End::new(Stage::Connect, How::Io);
                self.put(Input::Wire(WireEvent::DialFailed { generation, end }));
            }
            WireAction::Dial { generation, .. } => {
                self.wire = Some(generation);
                (self.active, self.creates) = (None, Vec::new());
                self.answered.clear();
                self.put(Input::Wire(WireEvent::Dialed { generation }));
                self.say("ready");
            }
            WireAction::Transmit {
                generation,
                seq,
                frame,
            } => {
                self.unwritten.push(WireEvent::Written { generation, seq });
                self.hear(std::str::from_utf8(&frame.data).unwrap());
                self.write();
            }
            WireAction::Hangup { generation, .. } => {
                self.wire = None;
                let end = End::new(Stage::Draining, How::CloseFrame);
                self.put(Input::Wire(WireEvent::Lost { generation, end }));
            }
            WireAction::Abort { generation } if self.wire == Some(generation) => self.wire = None,
            _ => {}
        }
    }

    fn write(&mut self) {
        if !self.stalled {
            for written in std::mem::take(&mut self.unwritten) {
                self.put(Input::Wire(written));
            }
        }
    }

    /// What the server makes of a frame, and what it must never see.
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "create" => {
                assert!(!self.continuous, "a create where none can be asked for");
                if self.now - self.progress >= Duration::from_secs(30) {
                    (self.active, self.creates) = (None, Vec::new());
                }
                self.progress = self.now;
                assert!(self.active.is_none(), "a create while a response runs");
                assert!(self.creates.is_empty(), "a create while another waits");
                self.creates.push(words[1].parse().unwrap());
            }
            "cancel" => assert!(self.active.is_some(), "a cancel without a response"),
            "configure" => self.say(&format!("ack {}", words[1])),
            "results" => {
                assert!(
                    self.answered.insert(words[2].to_owned()),
                    "{} twice",
                    words[2]
                );
            }
            "truncate" => {
                let (item, heard) = (words[2], words[3].parse::<u64>().unwrap());
                assert!(heard > 0 && heard <= self.produced[item], "{line}");
                self.say(&format!("ack {}", words[1]));
            }
            _ => {}
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(millis) => self.wait(Duration::from_millis(*millis)),
            Step::Audio(bytes) => {
                let data = Bytes::from(vec![0; usize::from(*bytes) & !1]);
                self.ask(Verb::Audio(data));
            }
            Step::Text => self.ask(Verb::Text("text".into())),
            Step::Create => {
                self.ask(Verb::Say(Command::CreateResponse(
                    ResponseOptions::default(),
                )));
            }
            Step::Commit => self.ask(Verb::Say(Command::CommitAudio)),
            Step::Cancel => self.ask(Verb::Say(Command::CancelResponse(None))),
            Step::Interrupt => self.ask(Verb::Interrupt),
            Step::Answer(call) => {
                let result = ToolResult::new(format!("c{}", call % 6).into(), "tool", "ok");
                self.ask(Verb::Say(Command::ToolResults(vec![result])));
            }
            Step::Heard(item, samples) => {
                let item = Some(format!("i{}", item % 6).into());
                let played = Played {
                    item,
                    samples: u64::from(*samples),
                };
                self.put(Input::Command(EngineCommand::Played(played)));
            }
            Step::Read(events) => self.read(usize::from(*events)),
            Step::ServerAnswers => self.answer(),
            Step::ServerSpeaks(item) => self.speak(*item),
            Step::ServerCalls(call) => {
                if let Some(response) = self.active.clone().filter(|_| self.engine.wants_read()) {
                    self.progress = self.now;
                    self.say(&format!("call {response} c{}", call % 6));
                }
            }
            Step::ServerEnds => {
                if self.engine.wants_read()
                    && self.wire.is_some()
                    && let Some(response) = self.active.take()
                {
                    let cost = self.now.as_millis() % 1000;
                    self.done.insert(response.clone(), cost);
                    self.say(&format!("done {response} {cost}"));
                }
            }
            Step::DoneAgain(which) => {
                let known = self.done.iter().nth(usize::from(*which));
                if let Some((response, cost)) = known
                    && self.active.is_none()
                {
                    self.say(&format!("done {response} {cost}"));
                }
            }
            Step::Mute(muted) => self.ask(Verb::Mute(*muted)),
            Step::Update { voice, to } => {
                let (voice, to) = (*voice, to.to_string());
                self.ask(Verb::Update(Update::change(move |config| {
                    if voice {
                        config.voice(to)
                    } else {
                        config.instructions(to)
                    }
                })));
            }
            Step::UserSpeaks => self.say("speech"),
            Step::UserStops => self.say("silence"),
            Step::Stall(stalled) => {
                self.stalled = *stalled;
                self.write();
            }
            Step::Drop => {
                if let Some(generation) = self.wire.take() {
                    let end = End::new(Stage::Live, How::Eof);
                    self.put(Input::Wire(WireEvent::Lost { generation, end }));
                }
            }
            Step::RefuseDial => self.refuse = true,
        }
    }

    fn answer(&mut self) {
        let asked = self.creates.pop().is_some() || self.continuous;
        if self.active.is_none() && self.engine.wants_read() && self.wire.is_some() && asked {
            self.numbers += 1;
            let response = format!("r{}", self.numbers);
            self.active = Some(response.clone());
            self.progress = self.now;
            self.say(&format!("started {response}"));
        }
    }

    fn speak(&mut self, item: u8) {
        let Some(response) = self.active.clone().filter(|_| self.engine.wants_read()) else {
            return;
        };
        let item = format!("{response}-i{}", item % 3);
        *self.produced.entry(item.clone()).or_default() += 2400;
        self.progress = self.now;
        self.say(&format!("audio {response} {item}"));
    }

    fn read(&mut self, events: usize) {
        for _ in 0..events {
            match self.engine.take_event(self.now) {
                Some(Event::Ended(_)) => self.ends += 1,
                Some(_) => assert_eq!(self.ends, 0, "an event after the end"),
                None => break,
            }
        }
        self.engine.after_taking(self.now);
        self.drain();
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.put(Input::Timeout);
            let again = self.engine.poll_timeout();
            assert!(
                again != Some(due) || again > Some(self.now),
                "a timeout that does not pass"
            );
        }
        self.now = until;
    }
}

fn cases() -> u32 {
    match std::env::var("ANTIPHON_TIER").as_deref() {
        Ok("nightly") => 500_000,
        _ => 5_000,
    }
}

/// One conversation, to its end.
fn hold(
    steps: &[Step],
    follow_up: bool,
    paced: bool,
    continuous: bool,
) -> Result<(), TestCaseError> {
    let mut world = World::new(follow_up, paced, continuous);
    for step in steps {
        world.step(step);
    }
    world.put(Input::Close(CloseRequest {
        deadline: None,
        dropped: false,
    }));
    world.wait(Duration::from_secs(60));
    world.read(usize::MAX);
    prop_assert_eq!(world.ends, 1, "exactly one end");
    prop_assert!(world.open.is_empty(), "unanswered: {:?}", world.open);
    let marks = world.engine.state().uplink;
    prop_assert_eq!(marks.sent + marks.dropped, marks.accepted, "{:?}", marks);
    prop_assert!(marks.muted <= marks.accepted);
    let used = world.engine.state().usage.total.total();
    let spent = world.done.values().sum::<u64>();
    prop_assert_eq!(used, spent, "each response counts once");
    prop_assert_eq!(world.engine.poll_timeout(), None);
    Ok(())
}

#[test]
fn whatever_happens_the_contract_holds() {
    let begun = std::time::Instant::now();
    let seed = std::env::var("ANTIPHON_SEED").map_or(1, |seed| seed.parse().unwrap_or(1));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::to_le_bytes(seed));
    let config = ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let conversation = (
        prop::collection::vec(step(), 1..300),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.1),
    );
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let outcome = TestRunner::new_with_rng(config, rng)
        .run(&conversation, |(steps, follow, paced, continuous)| {
            hold(&steps, follow, paced, continuous)
        });
    println!(
        "session_model cases={} failed={} seed={seed} wall={:.2}s",
        cases(),
        u8::from(outcome.is_err()),
        begun.elapsed().as_secs_f64()
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn a_full_window_waits_for_the_wire_and_not_for_the_clock() {
    let mut world = World::new(true, true, false);
    world.step(&Step::Stall(true));
    let long = "x".repeat(super::WINDOW);
    world.ask(Verb::Say(Command::Native(Box::new(RawJson(
        RawValue::from_string(format!("\"{long}\"")).unwrap(),
    )))));
    for _ in 0..20 {
        world.step(&Step::Audio(4800));
    }
    world.now = world.now + Duration::from_secs(1);
    world.put(Input::Timeout);
    assert!(
        world.engine.poll_timeout() > Some(world.now),
        "a timeout that cannot do anything wakes the task for nothing"
    );
}
