//! A thousand clients lose their connections at once, and the server stays away for two minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use antiphon_protocol::{
    End, Frame, Generation, How, Phase, Retry, ServerError, Stage, Time, WireSeq, classify,
};
use antiphon_transport::{
    BackoffConfig, Input, Link, LinkCommand, LinkOutput, Machine, Output, WireAction, WireEvent,
};

use crate::support::{
    Words,
    bench::config,
    dice::{Suite, cases},
};

const CLIENTS: usize = 1000;
const DOWN: Duration = Duration::from_secs(120);
const SECOND: Duration = Duration::from_secs(1);
/// How long after the server's return nine of ten clients are back, however it was away.
const BACK: Duration = Duration::from_secs(45);

/// How a server that is away meets a dial.
struct Outage {
    name: &'static str,
    /// For how long the connections had been ready when they were lost.
    lived: Duration,
    /// How long a dial takes to fail; `None` for one that hangs until its deadline.
    fails_after: Option<Duration>,
    /// What it says.
    end: fn() -> End,
}

fn refused() -> End {
    End::new(Stage::Connect, How::Io).because("connection refused")
}

fn unavailable() -> End {
    let mut end = End::new(Stage::Upgrade, How::Status).with_status(503);
    end.retry_after = Some(45 * SECOND);
    end
}

const OUTAGES: &[Outage] = &[
    Outage {
        name: "refused at once",
        lived: Duration::from_secs(100),
        fails_after: Some(Duration::ZERO),
        end: refused,
    },
    Outage {
        name: "lost before they were healthy",
        lived: Duration::from_secs(20),
        fails_after: Some(Duration::ZERO),
        end: refused,
    },
    Outage {
        name: "refused after a while",
        lived: Duration::from_secs(100),
        fails_after: Some(Duration::from_secs(3)),
        end: refused,
    },
    Outage {
        name: "dials that hang",
        lived: Duration::from_secs(100),
        fails_after: None,
        end: refused,
    },
    Outage {
        name: "asked to wait",
        lived: Duration::from_secs(100),
        fails_after: Some(Duration::ZERO),
        end: unavailable,
    },
];

struct Client {
    link: Link,
    loss: Time,
    fails_after: Option<Duration>,
    end: fn() -> End,
    /// The attempts after the loss.
    attempts: Vec<Time>,
    /// A dial that will fail, and when.
    failing: Option<(Time, Generation)>,
    back: Option<Time>,
}

impl Client {
    fn live(outage: &Outage, backoff: &BackoffConfig, seed: u64) -> Self {
        let mut words = Words::default();
        words.capabilities.liveness = Duration::from_secs(100_000);
        let config = config().backoff(backoff.clone());
        let mut client = Self {
            link: Link::new(Arc::new(words), config, seed),
            loss: Time::ZERO + outage.lived,
            fails_after: outage.fails_after,
            end: outage.end,
            attempts: Vec::new(),
            failing: None,
            back: None,
        };
        client.put(Time::ZERO, Input::Command(LinkCommand::Start));
        assert_eq!(client.link.phase(), Phase::Live);
        client
    }

    fn put(&mut self, now: Time, input: Input<LinkCommand>) {
        self.link.handle(now, input);
        while let Some(output) = self.link.poll_output() {
            match output {
                Output::Up(LinkOutput::NeedPlan { .. }) => {
                    let plan = LinkCommand::Plan(Words::plan());
                    self.link.handle(now, Input::Command(plan));
                }
                Output::Wire(WireAction::Dial { generation, .. }) => self.dial(now, generation),
                Output::Wire(WireAction::Abort { generation }) => {
                    self.failing.take_if(|(_, failing)| *failing == generation);
                }
                _ => {}
            }
        }
    }

    fn dial(&mut self, now: Time, generation: Generation) {
        if now >= self.loss {
            self.attempts.push(now);
        }
        if now >= self.loss && now < self.loss + DOWN {
            self.failing = self.fails_after.map(|after| (now + after, generation));
            return;
        }
        if now >= self.loss {
            self.back = Some(now);
        }
        let frame = Frame::text("ready");
        let seq = WireSeq::new(9);
        for event in [
            WireEvent::Dialed { generation },
            WireEvent::Frame { generation, frame },
            WireEvent::Written { generation, seq },
        ] {
            self.link.handle(now, Input::Wire(event));
        }
    }

    fn lose(&mut self, end: End) {
        let generation = self.link.generation().unwrap();
        let lost = Input::Wire(WireEvent::Lost { generation, end });
        self.put(self.loss, lost);
    }

    /// When something happens next.
    fn next(&self) -> Option<Time> {
        let failing = self.failing.map(|(at, _)| at);
        self.link.poll_timeout().into_iter().chain(failing).min()
    }

    fn step(&mut self, now: Time) {
        let failed = self.failing.take_if(|(at, _)| *at <= now);
        let input = match failed {
            Some((_, generation)) => Input::Wire(WireEvent::DialFailed {
                generation,
                end: (self.end)(),
            }),
            None => Input::Timeout,
        };
        self.put(now, input);
    }
}

#[derive(Debug)]
struct Storm {
    most_attempts: usize,
    peak: usize,
    back: usize,
    given_up: usize,
}

/// Most attempts in any second that begins two seconds after the loss or later.
fn peak(attempts: impl Iterator<Item = Duration>) -> usize {
    let mut late: Vec<_> = attempts.filter(|since| *since >= 2 * SECOND).collect();
    late.sort();
    let within = |first: usize| {
        let end = late[first] + SECOND;
        late[first..].partition_point(|at| *at < end)
    };
    (0..late.len()).map(within).max().unwrap_or(0)
}

fn storm(outage: &Outage, backoff: &BackoffConfig, seed: u64) -> Storm {
    let seed = seed.wrapping_mul(10_007);
    let mut clients: Vec<Client> = (0..CLIENTS as u64)
        .map(|number| Client::live(outage, backoff, seed + number))
        .collect();
    let loss = Time::ZERO + outage.lived;
    let mut agenda: BTreeSet<(Time, usize)> = BTreeSet::new();
    for (number, client) in clients.iter_mut().enumerate() {
        client.lose(End::new(Stage::Live, How::Eof));
        agenda.extend(client.next().map(|at| (at, number)));
    }
    while let Some((at, number)) = agenda.pop_first() {
        let client = clients.get_mut(number).unwrap();
        if client.back.is_some() || at > loss + DOWN + 120 * SECOND {
            continue;
        }
        client.step(at);
        agenda.extend(client.next().map(|at| (at, number)));
    }
    let in_time = loss + DOWN + BACK;
    let early = |at: &&Time| **at < loss + DOWN;
    let attempts = clients.iter().flat_map(|client| &client.attempts);
    Storm {
        most_attempts: clients
            .iter()
            .map(|client| client.attempts.iter().filter(early).count())
            .max()
            .unwrap_or(0),
        peak: peak(attempts.map(|at| *at - loss)),
        back: clients
            .iter()
            .filter(|client| client.back.is_some_and(|at| at <= in_time))
            .count(),
        given_up: clients
            .iter()
            .filter(|client| client.link.is_closed())
            .count(),
    }
}

// faults: C23 by a thousand clients that lose one server together
#[test]
fn a_crowd_comes_back_without_a_stampede() {
    let mut suite = Suite::new("storm");
    let first = suite.seed();
    for seed in first..first + cases(1, 100) {
        for outage in OUTAGES {
            let storm = storm(outage, &BackoffConfig::default(), seed);
            let polite = storm.most_attempts <= 12
                && storm.peak <= CLIENTS / 20
                && storm.back >= CLIENTS * 9 / 10;
            let name = outage.name;
            suite.case(
                polite
                    .then_some(())
                    .ok_or_else(|| format!("{name}, seed {seed}: {storm:?}")),
            );
        }
    }
    suite.end();
}

#[test]
fn one_client_is_back_soon_or_gives_up() {
    let backoff = BackoffConfig::for_one_client();
    let storm = storm(&OUTAGES[0], &backoff, 3);
    // Ten attempts, and after about a minute of failure an end that says that another try might
    // have helped: a caller on the phone is not kept waiting for longer.
    assert!(storm.most_attempts <= 10, "{storm:?}");
    assert!(storm.given_up >= CLIENTS * 9 / 10, "{storm:?}");
    // What the name warns of.
    assert!(storm.peak > CLIENTS / 20, "{storm:?}");
}

/// Every end that the tables know, with a name.
fn ends() -> BTreeMap<String, End> {
    let statuses = (100..600).map(|status| {
        let end = End::new(Stage::Upgrade, How::Status).with_status(status);
        (format!("status {status}"), end)
    });
    let codes = (1000..5000).map(|code| {
        let end = End::new(Stage::Opening, How::CloseFrame).with_code(code);
        (format!("close code {code}"), end)
    });
    let facts = [
        How::Tls,
        How::Protocol,
        How::TooLarge,
        How::Token,
        How::Address,
        How::Refused,
    ]
    .map(|how| (format!("{how:?}"), End::new(Stage::Connect, how)));
    let errors = [
        antiphon_protocol::Fault::Auth,
        antiphon_protocol::Fault::Forbidden,
        antiphon_protocol::Fault::NotFound,
        antiphon_protocol::Fault::Quota,
    ]
    .map(|fault| {
        let mut end = End::new(Stage::Opening, How::CloseFrame).with_code(1011);
        let error = ServerError {
            fault,
            ..ServerError::default()
        };
        end.last_error = Some(error);
        (format!("error {fault:?}"), end)
    });
    statuses.chain(codes).chain(facts).chain(errors).collect()
}

#[test]
fn fatal_ends_are_not_knocked_at_again() {
    let mut suite = Suite::new("storm_fatal");
    let fatal = ends()
        .into_iter()
        .filter(|(_, end)| classify(end).1 == Retry::Never);
    for (name, end) in fatal {
        let outage = Outage {
            fails_after: None,
            ..OUTAGES[0]
        };
        let mut client = Client::live(&outage, &BackoffConfig::retry_for_ever(), 1);
        client.lose(End::new(Stage::Live, How::Eof));
        let generation = Generation::new(1);
        if end.stage >= Stage::Opening {
            let dialed = WireEvent::Dialed { generation };
            client.put(client.loss, Input::Wire(dialed));
            client.put(
                client.loss,
                Input::Wire(WireEvent::Lost { generation, end }),
            );
        } else {
            let failed = WireEvent::DialFailed { generation, end };
            client.put(client.loss, Input::Wire(failed));
        }
        let once = client.attempts.len() == 1 && client.link.is_closed();
        suite.case(
            once.then_some(())
                .ok_or_else(|| format!("{name}: {} attempts", client.attempts.len())),
        );
    }
    suite.end();
}
