//! Random inputs into a link: whatever comes, in whatever order, the promises hold.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use antiphon_protocol::{
    CommandId, End, Fault, Frame, Generation, How, Retry, RotationCause, Stage, Time, WireSeq,
};
use antiphon_transport::{
    BackoffConfig, CloseRequest, Defect, Input, Link, LinkCommand, Machine, WireEvent,
};

use crate::support::{
    Words,
    bench::config,
    dice::{Dice, Suite, cases},
    ledger::{Ledger, TRANSITIONS, Wire},
    words::command,
};

struct Run {
    link: Link,
    ledger: Ledger,
    dice: Dice,
    now: Time,
    paused: bool,
    next_id: u64,
    /// Whether the peer does nothing that ends a link for good, so that it lives long.
    calm: bool,
    /// Inputs before the link was closed.
    lived: u64,
}

fn words(dice: &mut Dice) -> Words {
    let mut words = Words {
        goodbye: dice.one_in(3),
        refuses: dice.one_in(100),
        ..Words::default()
    };
    words.capabilities.overlap = dice.one_in(2);
    words.capabilities.close_drain = Duration::from_millis(dice.below(3000));
    if dice.one_in(2) {
        words.capabilities.limits.connection = Some(Duration::from_secs(dice.below(300)));
    }
    if dice.one_in(3) {
        words.capabilities.limits.session = Some(Duration::from_secs(dice.below(300)));
    }
    if dice.one_in(3) {
        let retry = dice.pick(&[
            Retry::Backoff,
            Retry::OnceFresh,
            Retry::Rotate,
            Retry::Never,
            Retry::After(Duration::from_secs(100)),
        ]);
        words.verdict = Some((Fault::Unknown, retry));
    }
    words
}

impl Run {
    fn new(seed: u64, defect: Option<Defect>) -> Self {
        let mut dice = Dice::new(seed);
        let calm = dice.one_in(2);
        let mut words = words(&mut dice);
        let mut config = config()
            .write_buffer(2000)
            .connect_attempts(1 + u32::try_from(dice.below(4)).unwrap());
        if calm {
            words.refuses = false;
            words.verdict = None;
            config = config
                .connect_attempts(u32::MAX)
                .backoff(BackoffConfig::retry_for_ever());
        }
        let link = Link::new(Arc::new(words), config, seed);
        let link = match defect {
            Some(defect) => link.with_defect(defect),
            None => link,
        };
        Self {
            link,
            ledger: Ledger::default(),
            dice,
            now: Time::ZERO,
            paused: false,
            next_id: 1,
            calm,
            lived: 0,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let least = if self.calm { 100 } else { 0 };
        let steps = least + 1 + self.dice.below(300 - least);
        self.input(Input::Command(LinkCommand::Start))?;
        for _ in 0..steps {
            let input = self.choose();
            self.input(input)?;
        }
        self.input(Input::Close(CloseRequest {
            deadline: None,
            dropped: false,
        }))?;
        // Whatever state it was in, it ends by itself now.
        let asked = self.now;
        for _ in 0..20 {
            let Some(at) = self.link.poll_timeout() else {
                break;
            };
            self.now = self.now.max(at);
            self.input(Input::Timeout)?;
        }
        if !self.ledger.is_closed() {
            return Err("a close that was asked for comes".to_owned());
        }
        if self.now - asked > Duration::from_secs(5) {
            return Err("a close that was asked for comes in time".to_owned());
        }
        Ok(())
    }

    fn input(&mut self, input: Input<LinkCommand>) -> Result<(), String> {
        self.ledger.input(&input);
        self.lived += u64::from(!self.ledger.is_closed());
        self.link.handle(self.now, input);
        while let Some(output) = self.link.poll_output() {
            self.ledger.output(&output)?;
        }
        self.ledger.at_rest(self.link.poll_timeout(), self.paused)
    }

    fn choose(&mut self) -> Input<LinkCommand> {
        match self.dice.below(20) {
            0..=8 => Input::Wire(self.wire_event()),
            9..=12 => Input::Command(self.command()),
            13..=15 => self.let_time_pass(),
            16 => Input::Timeout,
            17 => {
                self.paused = self.dice.one_in(3);
                Input::Command(LinkCommand::ReadPaused(self.paused))
            }
            18 if self.dice.one_in(40) => Input::Close(CloseRequest {
                deadline: self.dice.one_in(2).then_some(self.now),
                dropped: self.dice.one_in(2),
            }),
            _ => Input::Command(LinkCommand::Plan(self.plan())),
        }
    }

    fn let_time_pass(&mut self) -> Input<LinkCommand> {
        match self.link.poll_timeout() {
            Some(at) if self.dice.one_in(2) => self.now = self.now.max(at),
            _ => self.now = self.now + Duration::from_millis(self.dice.below(5000)),
        }
        Input::Timeout
    }

    fn plan(&mut self) -> antiphon_protocol::OpeningPlan {
        if self.dice.one_in(3) {
            Words::resuming("handle")
        } else {
            Words::plan()
        }
    }

    fn command(&mut self) -> LinkCommand {
        match self.dice.below(10) {
            0 => LinkCommand::Start,
            1 => LinkCommand::Healthy,
            2 => LinkCommand::Rotate(RotationCause::Request),
            3 => LinkCommand::Plan(self.plan()),
            _ => {
                let id = CommandId::new(self.next_id);
                self.next_id += 1;
                LinkCommand::Send {
                    id,
                    command: command(usize::try_from(self.dice.below(6)).unwrap()),
                }
            }
        }
    }

    fn wire_event(&mut self) -> WireEvent {
        let known: Vec<_> = self.ledger.wires.iter().map(|(g, w)| (*g, *w)).collect();
        if known.is_empty() || self.dice.one_in(20) {
            let generation = Generation::new(u32::try_from(self.dice.below(6)).unwrap());
            // The driver never reports on a wire it does not have; a link must bear it all the same.
            if self.ledger.wires.contains_key(&generation) {
                return WireEvent::Alive { generation };
            }
            return self.open_event(generation);
        }
        let (generation, wire) = self.dice.pick(&known);
        match wire {
            Wire::Dialing => match self.dice.below(5) {
                0 => WireEvent::DialFailed {
                    generation,
                    end: self.end(),
                },
                1 => WireEvent::Stage {
                    generation,
                    stage: Stage::Tls,
                },
                _ => WireEvent::Dialed { generation },
            },
            Wire::Open | Wire::HungUp => self.open_event(generation),
        }
    }

    fn open_event(&mut self, generation: Generation) -> WireEvent {
        match self.dice.below(12) {
            0 if self.dice.one_in(2) => WireEvent::Lost {
                generation,
                end: self.end(),
            },
            1 => WireEvent::Alive { generation },
            2..=4 => {
                let last = self.ledger.transmitted.get(&generation).copied();
                let last = last.unwrap_or_default().get();
                WireEvent::Written {
                    generation,
                    seq: WireSeq::new(self.dice.below(last + 1)),
                }
            }
            _ => WireEvent::Frame {
                generation,
                frame: Frame::text(self.word()),
            },
        }
    }

    fn word(&mut self) -> String {
        let word = self.dice.pick(&[
            "ready",
            "ready",
            "ready",
            "ready",
            "ready resumed",
            "say",
            "say",
            "ask",
            "error auth",
            "error benign",
            "error expired",
            "token handle",
            "token",
            "goaway",
            "finished",
            "refused",
            "ack",
            "reject",
            "consumed",
            "expires",
            "goaway",
            "null",
            "",
        ]);
        match word {
            "error auth" | "refused" | "null" | "" if self.calm => "say".to_owned(),
            "ack" | "reject" | "consumed" => {
                format!("{word} {}", self.dice.below(self.next_id + 2))
            }
            "goaway" if self.dice.one_in(2) => format!("{word} {}", self.dice.below(60)),
            "expires" => format!(
                "{word} {}",
                crate::support::bench::ORIGIN + self.dice.below(2000)
            ),
            word => word.to_owned(),
        }
    }

    fn end(&mut self) -> End {
        let how = self.dice.pick(&[
            How::CloseFrame,
            How::Eof,
            How::Io,
            How::Status,
            How::Deadline,
            How::TooLarge,
        ]);
        let mut end = End::new(Stage::Live, how);
        match how {
            How::CloseFrame => {
                let codes = [1000, 1001, 1011, 1012, 1007, 1008, 4000];
                let harmless = if self.calm { 4 } else { codes.len() };
                end.code = Some(self.dice.pick(&codes[..harmless]));
            }
            How::Status if self.calm => end.status = Some(503),
            How::Status => end.status = Some(self.dice.pick(&[401, 429, 500, 503])),
            How::TooLarge if self.calm => end.how = How::Io,
            _ => {}
        }
        end
    }
}

#[test]
fn the_promises_hold_under_random_inputs() {
    let mut suite = Suite::new("link_random");
    let mut seen = BTreeSet::new();
    let (mut ran, mut long) = (0_u64, 0_u64);
    for case in 0..cases(5_000, 500_000) {
        let seed = suite.seed() + case;
        let mut run = Run::new(seed, None);
        let outcome = run.run();
        seen.extend(run.ledger.phases.iter().copied());
        ran += 1;
        long += u64::from(run.lived >= 100);
        suite.case(outcome.map_err(|broken| format!("seed {seed}: {broken}")));
    }
    let missed: Vec<_> = TRANSITIONS
        .iter()
        .filter(|change| !seen.contains(*change))
        .collect();
    assert!(missed.is_empty(), "never seen: {missed:?}");
    assert!(
        long >= ran / 4,
        "only {long} of {ran} links lived for 100 inputs"
    );
    suite.end();
}

/// Each defect, with the promise that it breaks.
const DEFECTS: [(Defect, &str); 13] = [
    (Defect::TwoDials, "two wires at most"),
    (Defect::EarlyFrame, "nothing is transmitted without a wire"),
    (Defect::GenerationReused, "generations only grow"),
    (
        Defect::EventAfterClosed,
        "nothing but receipts follows the end",
    ),
    (Defect::ClosedTwice, "nothing but receipts follows the end"),
    (Defect::TimerAfterEnd, "no timer outlives the end"),
    (Defect::TimerForgotten, "every wait has an end"),
    (Defect::AbortForgotten, "no wire outlives the end"),
    (
        Defect::ReceiptForgotten,
        "every command has come back by the end",
    ),
    (Defect::PhaseSkipped, "is not in the table"),
    (
        Defect::OldWireHeard,
        "nothing older than the live wire is heard",
    ),
    (Defect::TwoLive, "one live wire"),
    (Defect::CloseWaits, "a close that was asked for comes"),
];

#[test]
fn a_broken_link_is_noticed() {
    let mut suite = Suite::new("link_defects");
    for (defect, promise) in DEFECTS {
        let broken: BTreeSet<String> = (0..5_000)
            .filter_map(|seed| Run::new(seed, Some(defect)).run().err())
            .collect();
        let noticed = broken.iter().any(|words| words.contains(promise));
        suite.case(if noticed {
            Ok(())
        } else {
            Err(format!("{defect:?} went unnoticed: {broken:?}"))
        });
    }
    suite.end();
}

#[test]
fn the_table_in_the_documentation_is_the_one_that_is_checked() {
    let documentation = include_str!("../../src/link/mod.rs");
    let documented: Vec<(&str, &str)> = documentation
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `"))
        .filter_map(|line| {
            let (from, rest) = line.split_once("` | `")?;
            let (to, _) = rest.split_once('`')?;
            Some((from, to))
        })
        .collect();
    assert_eq!(documented, TRANSITIONS);
}
