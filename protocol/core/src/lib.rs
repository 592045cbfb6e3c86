#![doc = include_str!("../README.md")]

pub mod address;
mod answer;
mod audio;
mod capabilities;
mod command;
mod config;
mod event;
mod fault;
mod frame;
mod id;
mod item;
pub mod media;
mod outcome;
mod provider;
mod raw;
mod refusal;
mod secret;
mod text;
mod time;
mod tool;
mod usage;

pub use self::{
    answer::Refusal,
    audio::{AudioChunk, AudioFormat, Encoding},
    capabilities::{
        Capabilities, ConfigField, FollowUp, InputClock, Receipts, Resume, SeedLimits,
        SessionLimits, ToolsDuringSpeech, Transcripts, TurnDetector,
    },
    command::{Command, CommandClass, Context, ContextKind, RawJson, ResponseOptions, VideoFrame},
    config::{
        Eagerness, InputTranscription, NoiseReduction, OutputModality, SessionConfig, TurnDetection,
    },
    event::{
        Delegation, Event, EventClass, Malformed, ResponseDone, ResponseStatus, ServerError,
        SessionStarted, Speech, TextDelta,
    },
    fault::{
        CLOSE_CODES, End, EndMeaning, EndWhen, Fault, HTTP_STATUSES, How, Retry, Stage,
        UNKNOWN_RETRIES, classify,
    },
    frame::{Frame, FrameKind},
    id::{CallId, CommandId, DelegationId, Generation, ItemId, ResponseId, WireSeq},
    item::{Content, Item, ItemKind, ItemStatus, Role},
    outcome::{
        Allowance, Closer, Ended, EndedCause, Heard, Interruption, Losses, Phase, Recovery,
        Rotation, RotationCause, ToolTimes, TurnTimes, UpdateOutcome,
    },
    provider::{
        AuthError, AuthShape, Codec, Effect, Endpoint, OpeningPlan, Provider, ResumeToken, Seeded,
        Signal, Sink, TokenSource, Unsupported, Why,
    },
    raw::RawEvent,
    refusal::Subject,
    secret::Secret,
    text::PeerText,
    time::{Time, WallTime},
    tool::{Scheduling, ToolBehavior, ToolCall, ToolChoice, ToolResult, ToolSpec},
    usage::{Counting, ModalityTokens, Usage, UsageReport},
};
