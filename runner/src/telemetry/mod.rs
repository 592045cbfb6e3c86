//! What an operator sees of a run: spans, and with the `metrics` feature figures. Never content.

mod measures;
mod spans;

pub(crate) use self::{
    measures::{Silence, measure, missed, tool_ended},
    spans::{Spans, tool_failed, tool_span},
};
