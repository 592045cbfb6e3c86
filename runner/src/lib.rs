#![doc = include_str!("../README.md")]

mod approval;
mod board;
mod builder;
mod control;
mod delegation;
mod desk;
mod handler;
mod outcome;
mod problem;
mod runner;
mod tally;
mod telemetry;
mod tool;
mod updates;

/// Ways to break a runner, for its own tests.
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation {
    pub use crate::board::flaw::Defect;
}

#[cfg(feature = "schemars")]
pub use self::tool::{typed_tool, typed_tool_sync};
pub use self::{
    approval::{Approver, Decision, ToolHook},
    board::{ExecuteError, RateCap, ToolLimits},
    builder::{RunnerBuilder, StartError},
    control::{Activity, Control, NativeSent},
    delegation::Errand,
    handler::{Handler, HandlerResult, HandlerReturn, Lane, LaneLimits},
    outcome::{Lag, Outcome, Responses, RunError, ToolAnswer, ToolEnd, ToolOutcome, ToolRecord},
    problem::{HandlerFault, Problem},
    runner::Runner,
    tool::{
        CancelReason, Cancellation, FunctionTool, OnStop, Tool, ToolContext, ToolError,
        ToolErrorKind, ToolOutput, ToolPolicy, ToolReturn, tool_fn, tool_fn_sync,
    },
    updates::UpdateError,
};
