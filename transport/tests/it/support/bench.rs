//! A link on the bench: a test plays the driver, the peer and the layer above.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{
    Command, CommandId, End, Ended, Fault, Frame, Generation, How, OpeningPlan, Phase, Provider,
    RotationCause, Stage, Time, WallTime, WireSeq,
};
use antiphon_transport::{
    CloseRequest, Input, Link, LinkCommand, LinkConfig, LinkOutput, Machine, Output, Receipt,
    Undelivered, WireAction, WireEvent,
};

use super::Words;

/// Unix time of the bench's origin, in seconds.
pub(crate) const ORIGIN: u64 = 1_700_000_000;

pub(crate) fn config() -> LinkConfig {
    LinkConfig::new(WallTime::from_unix_seconds(ORIGIN))
}

pub(crate) struct Bench {
    pub(crate) link: Link,
    pub(crate) now: Time,
    /// Everything the link has said and nobody has taken.
    pub(crate) said: Vec<Output<LinkOutput>>,
    dialed: Vec<Generation>,
}

impl Bench {
    pub(crate) fn new(words: Words) -> Self {
        Self::with(words, config())
    }

    pub(crate) fn with(words: impl Provider + 'static, config: LinkConfig) -> Self {
        Self::seeded(words, config, 42)
    }

    pub(crate) fn seeded(words: impl Provider + 'static, config: LinkConfig, seed: u64) -> Self {
        Self {
            link: Link::new(Arc::new(words), config, seed),
            now: Time::ZERO,
            said: Vec::new(),
            dialed: Vec::new(),
        }
    }

    /// A link whose first connection is ready.
    pub(crate) fn live(words: Words) -> Self {
        let mut bench = Self::new(words);
        bench.go_live();
        bench
    }

    pub(crate) fn go_live(&mut self) {
        self.command(LinkCommand::Start);
        self.plan();
        self.open();
        self.hear("ready");
        self.flush();
        assert_eq!(self.link.phase(), Phase::Live);
        self.said.clear();
    }

    pub(crate) fn input(&mut self, input: Input<LinkCommand>) {
        self.link.handle(self.now, input);
        while let Some(output) = self.link.poll_output() {
            if let Output::Wire(WireAction::Dial { generation, .. }) = &output {
                self.dialed.push(*generation);
            }
            self.said.push(output);
        }
    }

    pub(crate) fn command(&mut self, command: LinkCommand) {
        self.input(Input::Command(command));
    }

    pub(crate) fn wire(&mut self, event: WireEvent) {
        self.input(Input::Wire(event));
    }

    pub(crate) fn plan(&mut self) {
        self.plan_with(Words::plan());
    }

    pub(crate) fn plan_with(&mut self, plan: OpeningPlan) {
        self.command(LinkCommand::Plan(plan));
    }

    pub(crate) fn send(&mut self, id: u64, command: Command) {
        self.command(LinkCommand::Send {
            id: CommandId::new(id),
            command,
        });
    }

    pub(crate) fn close(&mut self) {
        self.close_by(None);
    }

    pub(crate) fn close_by(&mut self, deadline: Option<Time>) {
        self.input(Input::Close(CloseRequest {
            deadline,
            dropped: false,
        }));
    }

    /// The newest wire.
    pub(crate) fn newest(&self) -> Generation {
        *self.dialed.last().expect("a dial")
    }

    /// The newest wire opens.
    pub(crate) fn open(&mut self) {
        let generation = self.newest();
        self.wire(WireEvent::Dialed { generation });
    }

    /// The peer says `word` on the newest wire.
    pub(crate) fn hear(&mut self, word: &str) {
        self.hear_on(self.newest(), word);
    }

    pub(crate) fn hear_on(&mut self, generation: Generation, word: &str) {
        self.wire(WireEvent::Frame {
            generation,
            frame: Frame::text(word),
        });
    }

    /// Everything transmitted on the newest wire has left.
    pub(crate) fn flush(&mut self) {
        let generation = self.newest();
        self.wire(WireEvent::Written {
            generation,
            seq: WireSeq::new(u64::MAX),
        });
    }

    /// The newest wire ends.
    pub(crate) fn lose(&mut self, end: End) {
        let generation = self.newest();
        self.wire(WireEvent::Lost { generation, end });
    }

    /// The newest wire ends like a torn cable.
    pub(crate) fn cut(&mut self) {
        self.lose(End::new(Stage::Live, How::Eof));
    }

    /// The newest dial fails like a closed door.
    pub(crate) fn refuse(&mut self) {
        let generation = self.newest();
        self.wire(WireEvent::DialFailed {
            generation,
            end: End::new(Stage::Connect, How::Io),
        });
    }

    /// Lets time pass, with every timeout at its time.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..100_000 {
            match self.link.poll_timeout() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.input(Input::Timeout);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the link asks for timeouts without end");
    }

    /// Lets time pass until the link wants a plan again.
    pub(crate) fn pass_until_plan(&mut self) -> Duration {
        let start = self.now;
        while self.plans_wanted() == 0 {
            let at = self.link.poll_timeout().expect("a timeout to wait for");
            self.pass(at - self.now);
        }
        self.now - start
    }

    pub(crate) fn take(&mut self) -> Vec<Output<LinkOutput>> {
        std::mem::take(&mut self.said)
    }

    pub(crate) fn ups(&self) -> impl Iterator<Item = &LinkOutput> {
        self.said.iter().filter_map(|output| match output {
            Output::Up(up) => Some(up),
            Output::Wire(_) => None,
        })
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = &WireAction> {
        self.said.iter().filter_map(|output| match output {
            Output::Wire(action) => Some(action),
            Output::Up(_) => None,
        })
    }

    pub(crate) fn plans_wanted(&self) -> usize {
        self.ups()
            .filter(|up| matches!(up, LinkOutput::NeedPlan { .. }))
            .count()
    }

    /// The cause and handle of the last plan that was wanted.
    pub(crate) fn plan_wanted(&self) -> Option<(RotationCause, Option<String>)> {
        self.ups()
            .filter_map(|up| match up {
                LinkOutput::NeedPlan { cause, resume, .. } => Some((
                    *cause,
                    resume.as_ref().map(|token| token.0.expose().to_owned()),
                )),
                _ => None,
            })
            .last()
    }

    pub(crate) fn phases(&self) -> Vec<Phase> {
        self.ups()
            .filter_map(|up| match up {
                LinkOutput::Phase(phase) => Some(*phase),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn closed(&self) -> Option<&Ended> {
        self.ups().find_map(|up| match up {
            LinkOutput::Closed(ended) => Some(ended),
            _ => None,
        })
    }

    pub(crate) fn lost(&self) -> Vec<(Generation, Fault)> {
        self.ups()
            .filter_map(|up| match up {
                LinkOutput::Lost {
                    generation, fault, ..
                } => Some((*generation, *fault)),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn due(&self) -> Option<(RotationCause, Time)> {
        self.ups().find_map(|up| match up {
            LinkOutput::RotationDue { cause, deadline } => Some((*cause, *deadline)),
            _ => None,
        })
    }

    pub(crate) fn events(&self) -> usize {
        self.ups()
            .filter(|up| matches!(up, LinkOutput::Event { .. }))
            .count()
    }

    /// Receipts as words: number, what became of it.
    pub(crate) fn receipts(&self) -> Vec<(u64, &'static str)> {
        self.ups()
            .filter_map(|up| match up {
                LinkOutput::Receipt { id, receipt } => Some((id.get(), word_of(receipt))),
                _ => None,
            })
            .collect()
    }

    /// Frames transmitted: the generation and the words.
    pub(crate) fn transmitted(&self) -> Vec<(u32, String)> {
        self.actions()
            .filter_map(|action| match action {
                WireAction::Transmit {
                    generation, frame, ..
                } => Some((
                    generation.get(),
                    String::from_utf8_lossy(&frame.data).into_owned(),
                )),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn aborted(&self) -> Vec<u32> {
        self.actions()
            .filter_map(|action| match action {
                WireAction::Abort { generation } => Some(generation.get()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn hung_up(&self) -> Vec<u32> {
        self.actions()
            .filter_map(|action| match action {
                WireAction::Hangup { generation, .. } => Some(generation.get()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn pings(&self) -> usize {
        self.actions()
            .filter(|action| matches!(action, WireAction::Ping { .. }))
            .count()
    }
}

pub(crate) fn word_of(receipt: &Receipt) -> &'static str {
    match receipt {
        Receipt::Written => "written",
        Receipt::Acknowledged => "acknowledged",
        Receipt::Rejected(_) => "rejected",
        Receipt::Unsupported(_) => "unsupported",
        Receipt::Undelivered { why, .. } => match why {
            Undelivered::NotLive => "not live",
            Undelivered::Lost => "lost",
            Undelivered::WriteBufferFull => "full",
            Undelivered::Closing => "closing",
            Undelivered::TooLarge => "too large",
        },
        _ => "other",
    }
}
