//! The conversation as a picture: two lanes of waveform on one time axis, and what happened between.
//!
//! The picture is plain SVG text. Everything with a label gets a row of its own where it would touch
//! another label.

mod rows;
mod svg;
mod waveform;

use std::time::Duration;

pub use self::svg::draw;

/// Everything the picture shows. Times are on the conversation's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Whom the conversation was with.
    pub title: String,
    /// What the caller said.
    pub user: Vec<Sound>,
    /// What was heard of the answers.
    pub assistant: Vec<Sound>,
    /// From the caller's last sound to the first audio of the answer.
    pub latencies: Vec<Span>,
    /// Tools at work.
    pub tools: Vec<Span>,
    /// Answers cut short.
    pub interruptions: Vec<Span>,
    /// Who said what, in order.
    pub words: Vec<Words>,
    /// When it was over.
    pub end: Duration,
}

/// Audio at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// When it begins.
    pub at: Duration,
    /// Samples per second, in Hz.
    pub rate: u32,
    /// Samples from -1 to 1.
    pub samples: Vec<f32>,
}

/// Something with a beginning, an end and a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// When it begins.
    pub from: Duration,
    /// When it ends; the same moment for a mark.
    pub to: Duration,
    /// What it is.
    pub label: String,
}

/// A line of what was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// When it was said.
    pub at: Duration,
    /// Whether the caller said it.
    pub user: bool,
    /// The words.
    pub text: String,
}
