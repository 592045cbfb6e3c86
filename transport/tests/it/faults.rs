//! Every fault at every frame boundary of real conversations: each call ends, one end is told, and
//! every command is accounted for.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{
    Command, CommandId, End, EndedCause, Fault, Frame, How, RotationCause, Stage,
};
use antiphon_transport::{
    LinkCommand,
    testing::{FaultyDial, FrameFault, FrameFaults, PeerWire, ScriptedDial, ScriptedPeer},
};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{
    bench::config,
    dice::{Dice, Suite, cases},
    recorded::{Conversation, Recorded, Step, conversations},
    rig::{Above, audited, in_virtual_time, settle},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Injection {
    Eof,
    Reset,
    Close(u16),
    Silence,
    Garbage,
    Null,
    Duplicate,
    Lost,
    Swapped,
}

const FAULTS: [Injection; 14] = [
    Injection::Eof,
    Injection::Reset,
    Injection::Close(1000),
    Injection::Close(1001),
    Injection::Close(1007),
    Injection::Close(1008),
    Injection::Close(1009),
    Injection::Close(1011),
    Injection::Close(1012),
    Injection::Close(4000),
    Injection::Silence,
    Injection::Garbage,
    Injection::Null,
    Injection::Duplicate,
];

/// The longest that a fault may go unnoticed, the wait for the next attempt included: silence.
const NOTICED: Duration = Duration::from_secs(66);

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The same connection goes on.
    Unmoved,
    /// Another connection takes over.
    Replaced,
    /// The link ends by itself.
    Ended(Fault),
}

fn expected(fault: Injection, ready: bool) -> Outcome {
    match fault {
        Injection::Garbage
        | Injection::Null
        | Injection::Duplicate
        | Injection::Lost
        | Injection::Swapped => Outcome::Unmoved,
        Injection::Close(1007) => Outcome::Ended(Fault::Invalid),
        Injection::Close(1009) => Outcome::Ended(Fault::TooLarge),
        // Before the session is ready the same configuration would be refused again.
        Injection::Close(1008) if !ready => Outcome::Ended(Fault::Invalid),
        _ => Outcome::Replaced,
    }
}

impl Injection {
    /// The fault after so many frames, as the wire carries it out.
    fn after(self, frames: usize) -> FrameFaults {
        let end = |how| End::new(Stage::Live, how).because("injected");
        let fault = match self {
            Self::Eof => FrameFault::End(end(How::Eof)),
            Self::Reset => FrameFault::End(end(How::Io)),
            Self::Close(code) => FrameFault::End(end(How::CloseFrame).with_code(code)),
            Self::Silence => FrameFault::HalfOpen,
            Self::Garbage => FrameFault::Insert(Frame::text("\u{fffd}{\"type\":")),
            Self::Null => FrameFault::Insert(Frame::text("null")),
            Self::Duplicate => FrameFault::Repeat,
            Self::Lost => FrameFault::Drop,
            Self::Swapped => FrameFault::Swap,
        };
        FrameFaults::new().after(frames as u64, fault)
    }
}

/// A place in a conversation: on which of its connections, and after how many frames there.
fn place(parts: &[Conversation], boundary: usize) -> (usize, usize) {
    let mut left = boundary;
    for (part, conversation) in parts.iter().enumerate() {
        let frames = conversation.server_frames().len();
        if left < frames || part + 1 == parts.len() {
            return (part, left);
        }
        left -= frames;
    }
    (0, boundary)
}

fn is_ready(conversation: &Conversation, boundary: usize) -> bool {
    let parts = conversation.connections();
    let (part, frames) = place(&parts, boundary);
    frames >= parts[part].ready_after()
}

struct Case {
    above: Above,
    dial: FaultyDial,
    peer: ScriptedPeer,
    task: tokio::task::JoinHandle<()>,
    audit: Arc<std::sync::Mutex<crate::support::rig::Audit>>,
    ids: u64,
}

impl Case {
    fn new(seed: u64) -> Self {
        let (dial, peer) = ScriptedDial::new();
        let dial = FaultyDial::new(dial);
        let (above, task, audit) = audited(Recorded, config(), dial.clone(), seed);
        Self {
            above,
            dial,
            peer,
            task,
            audit,
            ids: 1,
        }
    }

    /// Plays the conversation on the next wires, with the fault at the boundary. Yields the wires.
    async fn strike(
        &mut self,
        conversation: &Conversation,
        boundary: usize,
        fault: Injection,
    ) -> Result<Vec<PeerWire>, String> {
        let parts = conversation.connections();
        let (struck, frames) = place(&parts, boundary);
        for part in 0..=struck {
            self.dial.fault_next(if part == struck {
                fault.after(frames)
            } else {
                FrameFaults::new()
            });
        }
        let mut wires = Vec::new();
        for (part, conversation) in parts.iter().enumerate().take(struck + 1) {
            if part > 0 {
                self.above
                    .command(LinkCommand::Rotate(RotationCause::GoAway));
            }
            wires.push(self.play(conversation).await?);
        }
        Ok(wires)
    }

    /// Plays one connection's part of a conversation to its end.
    async fn play(&mut self, conversation: &Conversation) -> Result<PeerWire, String> {
        let wire = timeout(NOTICED, self.peer.accept())
            .await
            .map_err(|_| "no connection in time".to_owned())?;
        for step in &conversation.steps {
            match step {
                Step::Server(frame) => wire.send_text(frame.clone()),
                Step::Client(frame) => {
                    settle().await;
                    self.above.command(LinkCommand::Send {
                        id: CommandId::new(self.ids),
                        command: Command::Audio(frame.clone().into()),
                    });
                    self.ids += 1;
                }
                Step::Rotate => {}
            }
        }
        settle().await;
        Ok(wire)
    }

    /// The next connection comes, becomes ready, and takes a command.
    async fn recovers(&mut self, conversation: &Conversation) -> Result<PeerWire, String> {
        let wire = timeout(NOTICED, self.peer.accept())
            .await
            .map_err(|_| "no new connection in time".to_owned())?;
        let ready = conversation.ready_after();
        for frame in conversation.server_frames().iter().take(ready) {
            wire.send_text(*frame);
        }
        settle().await;
        let id = self.ids;
        self.ids += 1;
        self.above.command(LinkCommand::Send {
            id: CommandId::new(id),
            command: Command::Audio("{}".into()),
        });
        settle().await;
        if self.above.receipts().last() != Some(&(id, "written")) {
            return Err("the new connection takes no command".to_owned());
        }
        Ok(wire)
    }

    /// Closes if it has not ended yet, and checks the books.
    async fn end(self) -> Result<EndedCause, String> {
        let asked = Instant::now();
        self.above.close();
        timeout(Duration::from_secs(10), self.task)
            .await
            .map_err(|_| "the link did not end".to_owned())?
            .map_err(|panic| format!("the link panicked: {panic}"))?;
        if asked.elapsed() > Duration::from_millis(2001) {
            return Err(format!("closing took {:?}", asked.elapsed()));
        }
        let audit = self.audit.lock().unwrap();
        if let Some(broken) = &audit.broken {
            return Err(broken.clone());
        }
        Ok(self.above.ended())
    }
}

async fn one_fault(
    conversation: &Conversation,
    boundary: usize,
    fault: Injection,
    seed: u64,
) -> Result<(), String> {
    let ready = is_ready(conversation, boundary);
    let mut case = Case::new(seed);
    let _struck = case.strike(conversation, boundary, fault).await?;
    let expected = expected(fault, ready);
    let _next = match expected {
        Outcome::Replaced => Some(case.recovers(conversation).await?),
        Outcome::Ended(_) | Outcome::Unmoved => None,
    };
    if expected == Outcome::Unmoved {
        unmoved(&case.above, conversation, boundary, fault)?;
    }
    let cause = case.end().await?;
    match expected {
        Outcome::Ended(fault) if cause != EndedCause::Fault(fault) => Err(format!("{cause:?}")),
        Outcome::Unmoved | Outcome::Replaced if cause != EndedCause::Closed => {
            Err(format!("{cause:?}"))
        }
        _ => Ok(()),
    }
}

/// The same connection goes on, and heard all that was said and what was injected.
fn unmoved(
    above: &Above,
    conversation: &Conversation,
    boundary: usize,
    fault: Injection,
) -> Result<(), String> {
    let parts = conversation.connections();
    let (struck, frames) = place(&parts, boundary);
    if above.lost().len() > struck {
        return Err("the connection was lost".to_owned());
    }
    let said: usize = parts[..=struck]
        .iter()
        .map(|part| part.server_frames().len())
        .sum();
    let injected = match fault {
        // Before the first frame there is nothing to repeat.
        Injection::Duplicate if frames == 0 => 0,
        _ => 1,
    };
    let heard = above.heard();
    if heard == said + injected {
        Ok(())
    } else {
        Err(format!(
            "{heard} events of {said} frames and {injected} injected"
        ))
    }
}

async fn two_faults(
    conversation: &Conversation,
    (first, fault): (usize, Injection),
    (second, other): (usize, Injection),
    seed: u64,
) -> Result<(), String> {
    let mut case = Case::new(seed);
    let ready = is_ready(conversation, first);
    let _struck = case.strike(conversation, first, fault).await?;
    let _other = match expected(fault, ready) {
        Outcome::Replaced => Some(case.strike(conversation, second, other).await?),
        _ => None,
    };
    sleep(NOTICED).await;
    // The first one, a change that was asked for on each connection, and the budget.
    if case.peer.dials() > 13 {
        return Err(format!("{} attempts", case.peer.dials()));
    }
    case.end().await.map(drop)
}

// faults: D1, D2, E23 by clean closes, cut streams and repeated frames among fourteen
// faults at each boundary
#[test]
fn every_fault_at_every_frame_boundary() {
    let mut suite = Suite::new("fault_matrix");
    // The whole matrix takes seconds; only a machine without the recordings has fewer cases.
    for conversation in conversations().iter() {
        for boundary in 0..=conversation.server_frames().len() {
            for fault in FAULTS {
                let seed = suite.seed();
                let outcome = in_virtual_time(one_fault(conversation, boundary, fault, seed));
                suite.case(outcome.map_err(|broken| {
                    format!(
                        "{} after {boundary}, {fault:?}: {broken}",
                        conversation.name
                    )
                }));
            }
        }
    }
    suite.end();
}

/// Loses one frame, or lets the next overtake it; nobody is told.
async fn astray(
    conversation: &Conversation,
    boundary: usize,
    fault: Injection,
    seed: u64,
) -> Result<(), String> {
    let mut case = Case::new(seed);
    let _wires = case.strike(conversation, boundary, fault).await?;
    // An acceptance that is lost is missed after 15 s; everything else is the layer's above to miss.
    sleep(NOTICED).await;
    let _next = case.peer.try_accept();
    case.end().await.map(drop)
}

#[test]
fn a_frame_that_goes_astray_hangs_nothing() {
    let mut suite = Suite::new("fault_astray");
    for conversation in conversations().iter() {
        for boundary in 0..conversation.server_frames().len() {
            for fault in [Injection::Lost, Injection::Swapped] {
                let seed = suite.seed();
                let outcome = in_virtual_time(astray(conversation, boundary, fault, seed));
                suite.case(outcome.map_err(|broken| {
                    format!(
                        "{} after {boundary}, {fault:?}: {broken}",
                        conversation.name
                    )
                }));
            }
        }
    }
    suite.end();
}

#[test]
fn a_second_fault_while_the_first_is_being_mended() {
    let mut suite = Suite::new("fault_pairs");
    let conversations = conversations();
    let mut dice = Dice::new(suite.seed());
    for case in 0..cases(2_000, 20_000) {
        let place = usize::try_from(dice.below(conversations.len() as u64)).unwrap();
        let conversation = conversations.get(place).unwrap();
        let mut point = || {
            let frames = conversation.server_frames().len() as u64;
            let boundary = usize::try_from(dice.below(frames + 1)).unwrap();
            (boundary, dice.pick(&FAULTS))
        };
        let (first, second) = (point(), point());
        let outcome = in_virtual_time(two_faults(conversation, first, second, case));
        suite.case(outcome.map_err(|broken| {
            format!("{}: {first:?} then {second:?}: {broken}", conversation.name)
        }));
    }
    suite.end();
}
