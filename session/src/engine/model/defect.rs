//! Ways to spoil what an engine says, to prove that the conversations would notice.

use antiphon_protocol::{CallId, Event, Frame, Recovery, ToolCall};
use antiphon_transport::{Output, WireAction};

use crate::{
    Delivery, SessionError,
    engine::{EngineOutput, Outcome},
};

/// One way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// A create leaves twice, so that one of them meets the response of the other.
    CreatesRace,
    /// Answers of tools are given twice.
    AnswersTwice,
    /// An answer of a tool is not sent, and said to be.
    AnswerLost,
    /// A call is told twice.
    CallTwice,
    /// Calls that a new connection does not know are not named.
    VoidUnnamed,
    /// An item is shortened a second later than it was heard.
    TruncateLate,
    /// An item is said to be heard longer than it was.
    HeardLonger,
    /// A word is told to be heard, and is not in the history.
    WordTwice,
    /// A frame of the caller's audio is left out.
    AudioLost,
    /// A frame of the caller's audio leaves twice.
    AudioTwice,
    /// A caller is answered twice.
    AnsweredTwice,
    /// A caller is never answered.
    NeverAnswered,
    /// What was delivered is said to have come back.
    ReturnedAfterAll,
    /// What a new connection knows is overstated.
    RecoveryOverstated,
    /// The end is told twice.
    EndsTwice,
    /// Speech that was voided counts for nothing.
    VoidUncounted,
    /// The generation of a new connection is an older one's.
    GenerationOld,
}

impl Defect {
    pub(super) const ALL: [Self; 17] = [
        Self::CreatesRace,
        Self::AnswersTwice,
        Self::AnswerLost,
        Self::CallTwice,
        Self::VoidUnnamed,
        Self::TruncateLate,
        Self::HeardLonger,
        Self::WordTwice,
        Self::AudioLost,
        Self::AudioTwice,
        Self::AnsweredTwice,
        Self::NeverAnswered,
        Self::ReturnedAfterAll,
        Self::RecoveryOverstated,
        Self::EndsTwice,
        Self::VoidUncounted,
        Self::GenerationOld,
    ];

    /// What comes out in the place of `output`.
    pub(super) fn spoil(self, output: Output<EngineOutput>) -> Vec<Output<EngineOutput>> {
        match output {
            Output::Wire(action) => self.on_the_wire(action),
            Output::Up(EngineOutput::Show(event)) => self.to_the_reader(event),
            Output::Up(EngineOutput::Resolve { id, outcome }) => {
                let resolve = |outcome| Output::Up(EngineOutput::Resolve { id, outcome });
                match (self, outcome) {
                    (Self::NeverAnswered, Outcome::Delivered(_)) => Vec::new(),
                    (Self::AnsweredTwice, Outcome::Delivered(delivery)) => {
                        let again = Delivery {
                            command: delivery.command,
                            acknowledged: false,
                        };
                        let both = [Outcome::Delivered(delivery), Outcome::Delivered(again)];
                        both.map(resolve).into()
                    }
                    (Self::ReturnedAfterAll, Outcome::Delivered(_)) => {
                        vec![resolve(Outcome::Failed(SessionError::Full))]
                    }
                    (_, outcome) => vec![resolve(outcome)],
                }
            }
        }
    }

    fn on_the_wire(self, action: WireAction) -> Vec<Output<EngineOutput>> {
        let WireAction::Transmit {
            generation,
            seq,
            frame,
        } = action
        else {
            return vec![Output::Wire(action)];
        };
        let line = String::from_utf8(frame.data.to_vec()).unwrap();
        let lines = match (self, line.split(' ').next().unwrap()) {
            (Self::CreatesRace, "create") | (Self::AnswersTwice, "results") => {
                vec![line.clone(), line]
            }
            (Self::AudioTwice, "audio") => vec![line.clone(), line],
            (Self::AudioLost, "audio") | (Self::AnswerLost, "results") => {
                vec!["nothing 0".to_owned()]
            }
            (Self::TruncateLate, "truncate") => {
                let (rest, heard) = line.rsplit_once(' ').unwrap();
                let heard = heard.parse::<u64>().unwrap() + 24_000;
                vec![format!("{rest} {heard}")]
            }
            _ => vec![line],
        };
        let transmit = |line| {
            Output::Wire(WireAction::Transmit {
                generation,
                seq,
                frame: Frame::text(line),
            })
        };
        lines.into_iter().map(transmit).collect()
    }

    fn to_the_reader(self, event: Event) -> Vec<Output<EngineOutput>> {
        let twice = matches!(
            (self, &event),
            (Self::CallTwice, Event::ToolCall(ToolCall { .. }))
                | (Self::WordTwice, Event::OutputTranscript(_))
                | (Self::EndsTwice, Event::Ended(_))
        );
        let mut events = if twice {
            vec![event.clone()]
        } else {
            Vec::new()
        };
        events.push(self.falsify(event));
        events
            .into_iter()
            .map(|event| Output::Up(EngineOutput::Show(event)))
            .collect()
    }

    fn falsify(self, mut event: Event) -> Event {
        match (self, &mut event) {
            (Self::VoidUnnamed, Event::Rotated(rotation)) => {
                rotation.losses.calls_void = Vec::<CallId>::new();
            }
            (Self::RecoveryOverstated, Event::Rotated(rotation))
                if rotation.recovery == Recovery::Fresh =>
            {
                rotation.recovery = Recovery::Reseeded;
            }
            (Self::GenerationOld, Event::Rotated(rotation)) => {
                rotation.generation = antiphon_protocol::Generation::new(0);
            }
            (Self::HeardLonger, Event::InterruptionSettled(report)) => {
                for item in &mut report.items {
                    item.heard = item.produced;
                }
            }
            (Self::VoidUncounted, Event::InterruptionSettled(report)) => report.unread_bytes = 0,
            _ => {}
        }
        event
    }
}
