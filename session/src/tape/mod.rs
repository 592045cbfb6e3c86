//! What a session is fed, written down: with what travelled on its wires, enough to live through it again.
//!
//! The session's engine is deterministic: the same inputs at the same times lead to the same state. A
//! [`Tape`] is told each input but the frames themselves, which a
//! [`RecordingDial`](antiphon_transport::RecordingDial) has written down already, and the number of
//! events that the reader took.

mod verb;

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{
    CommandId, End, Generation, How, ItemId, PeerText, SessionConfig, Stage, Time, WireSeq,
};
use antiphon_transport::{CloseRequest, Input, LinkConfig, RecordingDial, WireEvent};
use serde::{Deserialize, Serialize};

pub(crate) use self::verb::SavedVerb;
use crate::{
    Budget, EventFilter, LateResults, Limits, Snapshot, TurnDerivation, UplinkPacing,
    engine::{EngineCommand, EngineConfig, Played},
};

/// Where a session writes down what it is fed; see
/// [`SessionBuilder::tape`](crate::SessionBuilder::tape).
///
/// A [`RecordingDial`] in an `Arc` is one: then the same file holds both what travelled and what the
/// session was asked.
pub trait Tape: Send {
    /// One JSON object, without line breaks. Called on the session's task: it should not block.
    fn note(&mut self, json: &str);
}

impl Tape for Arc<RecordingDial> {
    fn note(&mut self, json: &str) {
        RecordingDial::note(self, json);
    }
}

/// One input, and when it came on the session's clock.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) at: Time,
    pub(crate) fed: Fed,
}

/// What came.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fed {
    /// The session begins, described like this.
    Begun(Box<Begun>),
    Do {
        id: CommandId,
        verb: Box<SavedVerb>,
    },
    Played {
        item: Option<ItemId>,
        samples: u64,
    },
    Silent {
        flushed: bool,
    },
    Observe(u8),
    ReaderGone,
    Stage {
        generation: Generation,
        stage: Stage,
    },
    Dialed {
        generation: Generation,
    },
    DialFailed {
        generation: Generation,
        end: SavedEnd,
    },
    /// The frame that was heard next on that connection.
    Frame {
        generation: Generation,
    },
    Alive {
        generation: Generation,
    },
    Written {
        generation: Generation,
        seq: WireSeq,
    },
    Writing {
        generation: Generation,
    },
    Lost {
        generation: Generation,
        end: SavedEnd,
    },
    Close {
        deadline: Option<Time>,
        dropped: bool,
    },
    Timeout,
    /// The reader took so many events.
    Taken(usize),
    /// What came last cost so much, in the millionths that [`Prices`](crate::Prices) counts.
    Charged(u64),
}

/// What a session was described as. Prices are code: what they came to is noted instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) provider: String,
    pub(crate) config: SessionConfig,
    pub(crate) link: LinkConfig,
    pub(crate) limits: Limits,
    pub(crate) pacing: UplinkPacing,
    pub(crate) follow_up: bool,
    pub(crate) late_results: LateResults,
    pub(crate) seed: u64,
    pub(crate) derivation: TurnDerivation,
    pub(crate) budget: Budget,
    pub(crate) restore: Option<Snapshot>,
    /// Whether what is restored held a handle, which itself is a secret.
    pub(crate) by_handle: bool,
}

impl Begun {
    pub(crate) fn of(given: &EngineConfig) -> Self {
        let restore = given.restore.clone();
        Self {
            provider: given.provider.name().to_owned(),
            config: (*given.config).clone(),
            link: given.link.clone(),
            limits: given.limits.clone(),
            pacing: given.pacing,
            follow_up: given.follow_up,
            late_results: given.late_results,
            seed: given.seed,
            derivation: given.derivation.clone(),
            budget: given.budget,
            by_handle: restore.as_ref().is_some_and(Snapshot::is_resumable),
            restore,
        }
    }
}

/// An [`End`] as the wire reports it, before the link has completed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedEnd {
    stage: Stage,
    how: How,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<Duration>,
}

impl SavedEnd {
    fn of(end: &End) -> Self {
        let headers = end.headers.iter();
        Self {
            stage: end.stage,
            how: end.how,
            code: end.code,
            status: end.status,
            reason: end.reason.as_str().to_owned(),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().to_owned()))
                .collect(),
            retry_after: end.retry_after,
        }
    }

    /// The same again.
    #[cfg(feature = "testing")]
    pub(crate) fn end(&self) -> End {
        let headers = self.headers.iter();
        let mut end = End::new(self.stage, self.how);
        end.code = self.code;
        end.status = self.status;
        end.reason = PeerText::bounded(&self.reason, self.reason.len());
        end.headers = headers
            .map(|(name, value)| (name.clone(), PeerText::new(value)))
            .collect();
        end.retry_after = self.retry_after;
        end
    }
}

impl Fed {
    /// What is written down of an input; `None` for a command that has no word here.
    pub(crate) fn of(input: &Input<EngineCommand>) -> Option<Self> {
        Some(match input {
            Input::Command(EngineCommand::Do { id, verb }) => Self::Do {
                id: *id,
                verb: Box::new(SavedVerb::of(verb)?),
            },
            Input::Command(EngineCommand::Played(Played { item, samples })) => Self::Played {
                item: item.clone(),
                samples: *samples,
            },
            Input::Command(EngineCommand::Silent { flushed }) => Self::Silent { flushed: *flushed },
            Input::Command(EngineCommand::Observe(filter)) => Self::Observe(filter.bits()),
            Input::Command(EngineCommand::ReaderGone) => Self::ReaderGone,
            Input::Wire(event) => Self::of_wire(event),
            Input::Close(request) => Self::Close {
                deadline: request.deadline,
                dropped: request.dropped,
            },
            Input::Timeout => Self::Timeout,
        })
    }

    fn of_wire(event: &WireEvent) -> Self {
        match event {
            WireEvent::Stage { generation, stage } => Self::Stage {
                generation: *generation,
                stage: *stage,
            },
            WireEvent::Dialed { generation } => Self::Dialed {
                generation: *generation,
            },
            WireEvent::DialFailed { generation, end } => Self::DialFailed {
                generation: *generation,
                end: SavedEnd::of(end),
            },
            WireEvent::Frame { generation, .. } => Self::Frame {
                generation: *generation,
            },
            WireEvent::Alive { generation } => Self::Alive {
                generation: *generation,
            },
            WireEvent::Written { generation, seq } => Self::Written {
                generation: *generation,
                seq: *seq,
            },
            WireEvent::Writing { generation } => Self::Writing {
                generation: *generation,
            },
            WireEvent::Lost { generation, end } => Self::Lost {
                generation: *generation,
                end: SavedEnd::of(end),
            },
        }
    }

    /// The input again; a frame must be brought, and what is no input is none.
    #[cfg(feature = "testing")]
    pub(crate) fn input(
        &self,
        frame: impl FnOnce(Generation) -> Option<antiphon_protocol::Frame>,
    ) -> Option<Input<EngineCommand>> {
        let wire = match self {
            Self::Begun(_) | Self::Taken(_) | Self::Charged(_) => return None,
            Self::Do { id, verb } => {
                let verb = verb.verb()?;
                return Some(Input::Command(EngineCommand::Do { id: *id, verb }));
            }
            Self::Played { item, samples } => {
                let item = item.clone();
                let samples = *samples;
                return Some(Input::Command(EngineCommand::Played(Played {
                    item,
                    samples,
                })));
            }
            Self::Silent { flushed } => {
                let flushed = *flushed;
                return Some(Input::Command(EngineCommand::Silent { flushed }));
            }
            Self::Observe(bits) => {
                let filter = EventFilter::from_bits(*bits);
                return Some(Input::Command(EngineCommand::Observe(filter)));
            }
            Self::ReaderGone => return Some(Input::Command(EngineCommand::ReaderGone)),
            Self::Close { deadline, dropped } => {
                return Some(Input::Close(CloseRequest {
                    deadline: *deadline,
                    dropped: *dropped,
                }));
            }
            Self::Timeout => return Some(Input::Timeout),
            Self::Stage { generation, stage } => WireEvent::Stage {
                generation: *generation,
                stage: *stage,
            },
            Self::Dialed { generation } => WireEvent::Dialed {
                generation: *generation,
            },
            Self::DialFailed { generation, end } => WireEvent::DialFailed {
                generation: *generation,
                end: end.end(),
            },
            Self::Frame { generation } => WireEvent::Frame {
                generation: *generation,
                frame: frame(*generation)?,
            },
            Self::Alive { generation } => WireEvent::Alive {
                generation: *generation,
            },
            Self::Written { generation, seq } => WireEvent::Written {
                generation: *generation,
                seq: *seq,
            },
            Self::Writing { generation } => WireEvent::Writing {
                generation: *generation,
            },
            Self::Lost { generation, end } => WireEvent::Lost {
                generation: *generation,
                end: end.end(),
            },
        };
        Some(Input::Wire(wire))
    }
}
