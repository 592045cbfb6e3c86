//! One call and its two sides.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{DelegationId, Scheduling, Time, ToolCall, ToolResult};
use serde_json::Value;

use crate::{ToolAnswer, ToolError, ToolOutcome, ToolOutput, ToolRecord};

/// The work side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Waits for a hand to take it.
    Offered,
    /// Waits for a yes.
    Approving { until: Time },
    /// Waits for a place.
    Waiting { until: Time },
    /// Runs.
    Running { until: Time },
    /// Was told to stop; is dropped at `until`, and has been dropped when that is `None`.
    Stopping {
        until: Option<Time>,
        outcome: ToolOutcome,
    },
    /// Has ended, or will never begin.
    Over(ToolOutcome),
}

/// The answer side.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The model waits for it.
    Owed,
    /// The session has it.
    Sending { tries: u32, result: ToolResult },
    /// It came back and is given again.
    Resting {
        tries: u32,
        result: ToolResult,
        until: Time,
    },
    /// Nothing more will leave.
    Settled(ToolAnswer),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) call: Arc<ToolCall>,
    pub(super) tool: Option<usize>,
    /// The delegation that the call serves, where it serves one.
    pub(super) delegation: Option<DelegationId>,
    pub(super) arguments: Value,
    pub(super) work: Work,
    pub(super) answer: Answer,
    /// What the model is or would be told.
    pub(super) result: Option<ToolResult>,
    /// Whether the answer should not make the model speak.
    pub(super) silent: bool,
    /// Whether the work may have begun in the process that had the session before.
    pub(super) begun_before: bool,
    announced: Time,
    pub(super) started: Option<Time>,
    pub(super) over: Time,
}

impl Call {
    pub(super) fn new(
        now: Time,
        call: ToolCall,
        tool: Option<usize>,
        delegation: Option<DelegationId>,
    ) -> Self {
        Self {
            call: Arc::new(call),
            tool,
            delegation,
            arguments: Value::Null,
            work: Work::Offered,
            answer: Answer::Owed,
            result: None,
            silent: false,
            begun_before: false,
            announced: now,
            started: None,
            over: now,
        }
    }

    /// Whether the work may have had an effect.
    pub(super) fn has_begun(&self) -> bool {
        self.begun_before || self.started.is_some()
    }

    /// When something is due.
    pub(super) fn due(&self) -> Option<Time> {
        let work = match self.work {
            Work::Approving { until } | Work::Waiting { until } | Work::Running { until } => {
                Some(until)
            }
            Work::Stopping { until, .. } => until,
            Work::Offered | Work::Over(_) => None,
        };
        let answer = match self.answer {
            Answer::Resting { until, .. } => Some(until),
            _ => None,
        };
        work.into_iter().chain(answer).min()
    }

    /// The answer for the model.
    pub(super) fn result_of(
        &self,
        result: Result<ToolOutput, ToolError>,
        scheduling: Option<Scheduling>,
    ) -> ToolResult {
        let (output, own, is_error) = match result {
            Ok(output) => (output.text, output.scheduling, false),
            Err(error) => (error.to_json(), None, true),
        };
        ToolResult {
            call: self.call.id.clone(),
            name: self.call.name.clone(),
            output,
            is_error,
            scheduling: if self.silent {
                Some(Scheduling::Silent)
            } else {
                own.or(scheduling)
            },
        }
    }

    /// How long the work ran.
    pub(super) fn took(&self) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| self.over - started)
    }

    /// The record, once both sides have ended.
    pub(super) fn record(&self, now: Time) -> Option<ToolRecord> {
        let (Work::Over(outcome), Answer::Settled(answer)) = (&self.work, &self.answer) else {
            return None;
        };
        Some(ToolRecord {
            call: self.call.id.clone(),
            name: self.call.name.clone(),
            outcome: *outcome,
            answer: *answer,
            ran: self.started.is_some(),
            took: self.took(),
            settled_after: now - self.announced,
        })
    }
}
