//! A bookkeeper beside a link: watches every input and output, and says which promise was broken.

use std::collections::BTreeMap;

use antiphon_protocol::{Generation, Phase, WireSeq};
use antiphon_transport::{Input, LinkCommand, LinkOutput, Output, Receipt, WireAction, WireEvent};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Dialing,
    Open,
    HungUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Open,
    Written,
    Back,
}

/// What must hold of any link, whatever happens to it.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) wires: BTreeMap<Generation, Wire>,
    pub(crate) transmitted: BTreeMap<Generation, WireSeq>,
    newest: Option<Generation>,
    live: Option<Generation>,
    closed: bool,
    phase: Option<Phase>,
    /// Whether a plan was asked for and has not come to anything yet.
    planning: bool,
    given: BTreeMap<u64, Given>,
    pub(crate) phases: Vec<(&'static str, &'static str)>,
}

/// The allowed changes of phase, as the link's documentation has them.
pub(crate) const TRANSITIONS: &[(&str, &str)] = &[
    ("Idle", "Dialing"),
    ("Idle", "Closed"),
    ("Dialing", "Opening"),
    ("Dialing", "Waiting"),
    ("Dialing", "Closed"),
    ("Opening", "Live"),
    ("Opening", "Waiting"),
    ("Opening", "Closed"),
    ("Live", "Draining"),
    ("Live", "Dialing"),
    ("Live", "Opening"),
    ("Live", "Waiting"),
    ("Live", "Closed"),
    ("Draining", "Dialing"),
    ("Draining", "Closed"),
    ("Waiting", "Dialing"),
    ("Waiting", "Closed"),
];

pub(crate) const fn name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Idle => "Idle",
        Phase::Dialing { .. } => "Dialing",
        Phase::Opening => "Opening",
        Phase::Live => "Live",
        Phase::Draining => "Draining",
        Phase::Waiting { .. } => "Waiting",
        Phase::Closed => "Closed",
        _ => "another",
    }
}

type Verdict = Result<(), String>;

fn must(holds: bool, promise: &str) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(promise.to_owned())
    }
}

impl Ledger {
    pub(crate) fn input(&mut self, input: &Input<LinkCommand>) {
        match input {
            Input::Command(LinkCommand::Send { id, .. }) => {
                self.given.insert(id.get(), Given::Open);
            }
            Input::Wire(WireEvent::Dialed { generation }) => {
                if let Some(wire) = self.wires.get_mut(generation)
                    && *wire == Wire::Dialing
                {
                    *wire = Wire::Open;
                }
            }
            Input::Wire(
                WireEvent::DialFailed { generation, .. } | WireEvent::Lost { generation, .. },
            ) => {
                self.wires.remove(generation);
            }
            _ => {}
        }
    }

    pub(crate) fn output(&mut self, output: &Output<LinkOutput>) -> Verdict {
        match output {
            Output::Wire(action) => {
                must(!self.closed, "no action follows the end")?;
                self.action(action)
            }
            Output::Up(up) => self.up(up),
        }
    }

    fn action(&mut self, action: &WireAction) -> Verdict {
        match action {
            WireAction::Dial { generation, .. } => {
                must(
                    self.newest.is_none_or(|newest| newest < *generation),
                    "generations only grow",
                )?;
                must(
                    !self.wires.values().any(|wire| *wire == Wire::Dialing),
                    "one dial in flight",
                )?;
                must(self.wires.len() < 2, "two wires at most")?;
                self.planning = false;
                self.newest = Some(*generation);
                self.wires.insert(*generation, Wire::Dialing);
                Ok(())
            }
            WireAction::Transmit {
                generation, seq, ..
            } => {
                must(
                    self.wires.get(generation) == Some(&Wire::Open),
                    "nothing is transmitted without a wire",
                )?;
                let last = self.transmitted.insert(*generation, *seq);
                must(last.is_none_or(|last| last < *seq), "frames are in order")
            }
            WireAction::Ping { generation } => must(
                self.wires.get(generation) == Some(&Wire::Open),
                "nothing is pinged without a wire",
            ),
            WireAction::Hangup { generation, .. } => {
                let before = self.wires.insert(*generation, Wire::HungUp);
                must(before == Some(Wire::Open), "only an open wire is hung up")
            }
            WireAction::Abort { generation } => must(
                self.wires.remove(generation).is_some(),
                "only a known wire is dropped",
            ),
        }
    }

    fn up(&mut self, up: &LinkOutput) -> Verdict {
        if let LinkOutput::Receipt { id, receipt } = up {
            return self.receipt(id.get(), receipt);
        }
        must(!self.closed, "nothing but receipts follows the end")?;
        match up {
            LinkOutput::Phase(phase) => {
                let change = (
                    name(self.phase.as_ref().unwrap_or(&Phase::Idle)),
                    name(phase),
                );
                self.phase = Some(*phase);
                self.phases.push(change);
                if TRANSITIONS.contains(&change) {
                    Ok(())
                } else {
                    Err(format!("the change {change:?} is not in the table"))
                }
            }
            LinkOutput::NeedPlan { .. } => {
                self.planning = true;
                Ok(())
            }
            LinkOutput::Ready { generation, .. } => {
                must(self.live.is_none(), "one live wire")?;
                must(
                    self.wires.get(generation) == Some(&Wire::Open),
                    "only an open wire is ready",
                )?;
                self.live = Some(*generation);
                Ok(())
            }
            LinkOutput::Lost { generation, .. } => must(
                self.live.take() == Some(*generation),
                "what was live is lost",
            ),
            LinkOutput::Event { generation, .. } => {
                must(
                    self.wires.contains_key(generation),
                    "only a known wire is heard",
                )?;
                must(
                    self.live.is_none_or(|live| live <= *generation),
                    "nothing older than the live wire is heard",
                )
            }
            LinkOutput::Closed(_) => {
                self.closed = true;
                must(
                    matches!(self.phase, Some(Phase::Closed)),
                    "the phase is told before the end",
                )?;
                must(self.wires.is_empty(), "no wire outlives the end")?;
                must(
                    !self.given.values().any(|given| *given == Given::Open),
                    "every command has come back by the end",
                )
            }
            _ => Ok(()),
        }
    }

    fn receipt(&mut self, id: u64, receipt: &Receipt) -> Verdict {
        // A peer may speak of commands that were never given.
        let Some(given) = self.given.get_mut(&id) else {
            return Ok(());
        };
        match receipt {
            Receipt::Acknowledged | Receipt::Rejected(_) => must(
                *given != Given::Open,
                "a command is written before it is answered",
            ),
            receipt => {
                must(*given == Given::Open, "a command is settled once")?;
                *given = match receipt {
                    Receipt::Written => Given::Written,
                    _ => Given::Back,
                };
                Ok(())
            }
        }
    }

    /// What must hold between inputs.
    pub(crate) fn at_rest(
        &self,
        timeout: Option<antiphon_protocol::Time>,
        paused: bool,
    ) -> Verdict {
        let phase = self.phase.unwrap_or(Phase::Idle);
        match phase {
            Phase::Closed => must(timeout.is_none(), "no timer outlives the end"),
            Phase::Idle => must(
                timeout.is_some() == self.planning,
                "before the first dial only a plan is waited for",
            ),
            Phase::Live if paused => Ok(()),
            _ => must(timeout.is_some(), "every wait has an end"),
        }
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }
}
