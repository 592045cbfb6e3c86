//! Every fault at every frame boundary of real conversations: each call ends, one end is told, and
//! every command is accounted for.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{Command, CommandId, EndedCause, Fault};
use antiphon_transport::{
    LinkCommand,
    testing::{PeerWire, ScriptedDial, ScriptedPeer},
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
        Injection::Garbage | Injection::Null | Injection::Duplicate => Outcome::Unmoved,
        Injection::Close(1007) => Outcome::Ended(Fault::Invalid),
        Injection::Close(1009) => Outcome::Ended(Fault::TooLarge),
        // Before the session is ready the same configuration would be refused again.
        Injection::Close(1008) if !ready => Outcome::Ended(Fault::Invalid),
        _ => Outcome::Replaced,
    }
}

/// Plays the conversation on one wire up to a boundary: so many server frames.
fn play(wire: &PeerWire, above: &Above, conversation: &Conversation, frames: usize, ids: &mut u64) {
    let mut sent = 0;
    for step in &conversation.steps {
        if sent == frames {
            return;
        }
        match step {
            Step::Server(frame) => {
                wire.send_text(frame.clone());
                sent += 1;
            }
            Step::Client(frame) => {
                above.command(LinkCommand::Send {
                    id: CommandId::new(*ids),
                    command: Command::Audio(frame.clone().into()),
                });
                *ids += 1;
            }
        }
    }
}

fn inject(wire: &PeerWire, fault: Injection, last: &str) {
    match fault {
        Injection::Eof => wire.drop_connection(),
        Injection::Reset => wire.reset(),
        Injection::Close(code) => wire.close(code, "injected"),
        Injection::Silence => wire.answer_pings(false),
        Injection::Garbage => wire.send_text("\u{fffd}{\"type\":"),
        Injection::Null => wire.send_text("null"),
        Injection::Duplicate => wire.send_text(last),
    }
}

struct Case {
    above: Above,
    peer: ScriptedPeer,
    task: tokio::task::JoinHandle<()>,
    audit: Arc<std::sync::Mutex<crate::support::rig::Audit>>,
    ids: u64,
}

impl Case {
    fn new(seed: u64) -> Self {
        let (dial, peer) = ScriptedDial::new();
        let (above, task, audit) = audited(Recorded, config(), dial, seed);
        Self {
            above,
            peer,
            task,
            audit,
            ids: 1,
        }
    }

    /// Plays up to the boundary on the next wire, and injects the fault there.
    async fn strike(
        &mut self,
        conversation: &Conversation,
        boundary: usize,
        fault: Injection,
    ) -> Result<PeerWire, String> {
        let wire = timeout(NOTICED, self.peer.accept())
            .await
            .map_err(|_| "no connection in time".to_owned())?;
        play(&wire, &self.above, conversation, boundary, &mut self.ids);
        settle().await;
        let frames = conversation.server_frames();
        let last = boundary.checked_sub(1).and_then(|last| frames.get(last));
        inject(&wire, fault, last.copied().unwrap_or("{}"));
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
    let ready = boundary >= conversation.ready_after();
    let mut case = Case::new(seed);
    let _struck = case.strike(conversation, boundary, fault).await?;
    let expected = expected(fault, ready);
    let _next = match expected {
        Outcome::Replaced => Some(case.recovers(conversation).await?),
        Outcome::Ended(_) | Outcome::Unmoved => None,
    };
    if expected == Outcome::Unmoved && !case.above.lost().is_empty() {
        return Err("the connection was lost".to_owned());
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

async fn two_faults(
    conversation: &Conversation,
    (first, fault): (usize, Injection),
    (second, other): (usize, Injection),
    seed: u64,
) -> Result<(), String> {
    let mut case = Case::new(seed);
    let ready = first >= conversation.ready_after();
    let _struck = case.strike(conversation, first, fault).await?;
    let _other = match expected(fault, ready) {
        Outcome::Replaced => Some(case.strike(conversation, second, other).await?),
        _ => None,
    };
    sleep(NOTICED).await;
    if case.peer.dials() > 11 {
        return Err(format!("{} attempts", case.peer.dials()));
    }
    case.end().await.map(drop)
}

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
