//! A thousand clients lose their connections at once, and the server stays away for two minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use antiphon_protocol::{End, How, Phase, Stage, Time};
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
/// When the connections are lost: after long enough for all to be healthy.
const LOSS: Time = Time::from_millis(100_000);

struct Client {
    link: Link,
    /// The attempts after the loss.
    attempts: Vec<Time>,
    back: Option<Time>,
}

impl Client {
    fn put(&mut self, now: Time, input: Input<LinkCommand>) {
        self.link.handle(now, input);
        while let Some(output) = self.link.poll_output() {
            match output {
                Output::Up(LinkOutput::NeedPlan { .. }) => {
                    self.link
                        .handle(now, Input::Command(LinkCommand::Plan(Words::plan())));
                }
                Output::Wire(WireAction::Dial { generation, .. }) => self.dial(now, generation),
                _ => {}
            }
        }
    }

    fn dial(&mut self, now: Time, generation: antiphon_protocol::Generation) {
        let down = now >= LOSS && now < LOSS + DOWN;
        if now >= LOSS {
            self.attempts.push(now);
        }
        if down {
            let end = End::new(Stage::Connect, How::Io).because("connection refused");
            let failed = WireEvent::DialFailed { generation, end };
            self.link.handle(now, Input::Wire(failed));
            return;
        }
        self.link
            .handle(now, Input::Wire(WireEvent::Dialed { generation }));
        self.link.handle(
            now,
            Input::Wire(WireEvent::Frame {
                generation,
                frame: antiphon_protocol::Frame::text("ready"),
            }),
        );
        self.link.handle(
            now,
            Input::Wire(WireEvent::Written {
                generation,
                seq: antiphon_protocol::WireSeq::new(9),
            }),
        );
        if now >= LOSS {
            self.back = Some(now);
        }
    }
}

struct Storm {
    most_attempts: usize,
    peak: usize,
    back: usize,
    given_up: usize,
}

fn storm(backoff: &BackoffConfig, seed: u64) -> Storm {
    let mut clients: Vec<Client> = (0..CLIENTS as u64)
        .map(|number| {
            let config = config().backoff(backoff.clone());
            let mut words = Words::default();
            words.capabilities.liveness = Duration::from_secs(100_000);
            let mut client = Client {
                link: Link::new(Arc::new(words), config, seed.wrapping_mul(10_007) + number),
                attempts: Vec::new(),
                back: None,
            };
            client.put(Time::ZERO, Input::Command(LinkCommand::Start));
            assert_eq!(client.link.phase(), Phase::Live);
            client
        })
        .collect();
    let mut agenda: BTreeSet<(Time, usize)> = BTreeSet::new();
    for (number, client) in clients.iter_mut().enumerate() {
        let generation = client.link.generation().unwrap();
        let end = End::new(Stage::Live, How::Eof);
        client.put(LOSS, Input::Wire(WireEvent::Lost { generation, end }));
        agenda.extend(client.link.poll_timeout().map(|at| (at, number)));
    }
    while let Some((at, number)) = agenda.pop_first() {
        let client = clients.get_mut(number).unwrap();
        if client.back.is_some() || at > LOSS + DOWN + Duration::from_secs(120) {
            continue;
        }
        client.put(at, Input::Timeout);
        agenda.extend(client.link.poll_timeout().map(|at| (at, number)));
    }
    let mut per_second: BTreeMap<u64, usize> = BTreeMap::new();
    for attempt in clients.iter().flat_map(|client| &client.attempts) {
        let since = *attempt - LOSS;
        if since >= Duration::from_secs(2) {
            *per_second.entry(since.as_secs()).or_default() += 1;
        }
    }
    let in_time = LOSS + DOWN + Duration::from_secs(45);
    Storm {
        most_attempts: clients
            .iter()
            .map(|client| {
                let early = |at: &&Time| **at < LOSS + DOWN;
                client.attempts.iter().filter(early).count()
            })
            .max()
            .unwrap_or(0),
        peak: per_second.values().copied().max().unwrap_or(0),
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

#[test]
fn a_crowd_comes_back_without_a_stampede() {
    let mut suite = Suite::new("storm");
    for case in 0..cases(1, 100) {
        let storm = storm(&BackoffConfig::for_crowds(), suite.seed() + case);
        let polite = storm.most_attempts <= 12
            && storm.peak <= CLIENTS / 20
            && storm.back >= CLIENTS * 9 / 10;
        suite.case(polite.then_some(()).ok_or_else(|| {
            format!(
                "seed {case}: most attempts {}, peak {}, back {}, given up {}",
                storm.most_attempts, storm.peak, storm.back, storm.given_up
            )
        }));
    }
    suite.end();
}

#[test]
fn by_default_a_client_is_back_soon_or_gives_up() {
    let storm = storm(&BackoffConfig::default(), 3);
    // Ten attempts, and after about a minute of failure an end that says that another try might
    // have helped: a caller on the phone is not kept waiting for longer.
    assert!(storm.most_attempts <= 10, "{}", storm.most_attempts);
    assert!(storm.given_up >= CLIENTS * 9 / 10, "{}", storm.given_up);
}

#[test]
fn fatal_ends_are_not_knocked_at_again() {
    let mut client = Client {
        link: Link::new(Arc::new(Words::default()), config(), 1),
        attempts: Vec::new(),
        back: None,
    };
    client.put(LOSS + DOWN, Input::Command(LinkCommand::Start));
    assert_eq!(client.attempts.len(), 1);
    let generation = client.link.generation().unwrap();
    let end = End::new(Stage::Live, How::CloseFrame).with_code(1007);
    client.put(
        LOSS + DOWN,
        Input::Wire(WireEvent::Lost { generation, end }),
    );
    assert!(client.link.is_closed());
    assert_eq!(client.attempts.len(), 1);
}
