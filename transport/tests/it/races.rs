//! Every command before and after every frame of real conversations: no order breaks a promise.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{CommandId, Frame, Generation, RotationCause, Time, WireSeq};
use antiphon_transport::{CloseRequest, Input, Link, LinkCommand, Machine, WireEvent};

use crate::support::{
    Words,
    bench::config,
    dice::Suite,
    ledger::Ledger,
    recorded::{Conversation, Recorded, conversations},
    words::command,
};

/// What the layer above may ask at any moment.
const COMMANDS: [&str; 12] = [
    "audio",
    "commit",
    "create",
    "cancel",
    "stream end",
    "unsupported",
    "start again",
    "plan unasked",
    "rotate",
    "healthy",
    "pause",
    "close",
];

fn input(kind: usize) -> Input<LinkCommand> {
    match kind {
        0..=5 => Input::Command(LinkCommand::Send {
            id: CommandId::new(1),
            command: command(kind),
        }),
        6 => Input::Command(LinkCommand::Start),
        7 => Input::Command(LinkCommand::Plan(Words::plan())),
        8 => Input::Command(LinkCommand::Rotate(RotationCause::Request)),
        9 => Input::Command(LinkCommand::Healthy),
        10 => Input::Command(LinkCommand::ReadPaused(true)),
        _ => Input::Close(CloseRequest {
            deadline: None,
            dropped: true,
        }),
    }
}

struct Table {
    link: Link,
    ledger: Ledger,
    now: Time,
}

impl Table {
    fn put(&mut self, input: Input<LinkCommand>) -> Result<(), String> {
        self.ledger.input(&input);
        self.link.handle(self.now, input);
        while let Some(output) = self.link.poll_output() {
            self.ledger.output(&output)?;
        }
        Ok(())
    }

    fn wire(&mut self, event: WireEvent) -> Result<(), String> {
        self.put(Input::Wire(event))
    }
}

const WIRE: Generation = Generation::new(0);

fn race(
    conversation: &Conversation,
    place: usize,
    kind: usize,
    before: bool,
) -> Result<(), String> {
    let mut table = Table {
        link: Link::new(Arc::new(Recorded), config(), 3),
        ledger: Ledger::default(),
        now: Time::ZERO,
    };
    table.put(Input::Command(LinkCommand::Start))?;
    table.put(Input::Command(LinkCommand::Plan(Words::plan())))?;
    table.wire(WireEvent::Dialed { generation: WIRE })?;
    for (number, frame) in conversation.server_frames().iter().enumerate() {
        table.now = table.now + Duration::from_millis(20);
        if number == place && before {
            table.put(input(kind))?;
        }
        table.wire(WireEvent::Frame {
            generation: WIRE,
            frame: Frame::text(*frame),
        })?;
        if number == place && !before {
            table.put(input(kind))?;
        }
        table.wire(WireEvent::Written {
            generation: WIRE,
            seq: WireSeq::new(u64::MAX),
        })?;
    }
    table.put(input(11))?;
    while let Some(at) = table.link.poll_timeout() {
        table.now = table.now.max(at);
        table.put(Input::Timeout)?;
    }
    if table.ledger.is_closed() {
        Ok(())
    } else {
        Err("a close that was asked for comes".to_owned())
    }
}

#[test]
fn every_command_around_every_frame() {
    let mut suite = Suite::new("races");
    for conversation in conversations().iter() {
        for place in 0..conversation.server_frames().len() {
            for (kind, what) in COMMANDS.iter().enumerate() {
                for before in [true, false] {
                    let outcome = race(conversation, place, kind, before);
                    suite.case(outcome.map_err(|broken| {
                        format!("{} {what} {place} {before}: {broken}", conversation.name)
                    }));
                }
            }
        }
    }
    suite.end();
}
