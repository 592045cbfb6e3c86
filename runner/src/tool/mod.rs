//! Tools: what an agent can do when the model asks for it.

mod answer;
mod arguments;
mod context;
mod function;
mod policy;

use antiphon_protocol::ToolSpec;
use async_trait::async_trait;
use serde_json::Value;

#[cfg(feature = "schemars")]
pub use self::function::{typed_tool, typed_tool_sync};
pub use self::{
    answer::{ToolError, ToolErrorKind, ToolOutput},
    context::{CancelReason, Cancellation, ToolContext},
    function::{FunctionTool, ToolReturn, tool_fn, tool_fn_sync},
    policy::{OnStop, ToolPolicy},
};

pub(crate) use self::arguments::parse as parse_arguments;

/// Something the model can call.
///
/// Implement it for tools with state; [`tool_fn`] and [`typed_tool`] make one of a closure.
///
/// ```
/// use antiphon_protocol::ToolSpec;
/// use antiphon_runner::{Tool, ToolContext, ToolError, ToolOutput};
/// use serde_json::{Value, json};
///
/// struct Clock;
///
/// #[async_trait::async_trait]
/// impl Tool for Clock {
///     fn spec(&self) -> ToolSpec {
///         ToolSpec::new("time", "Tells the time.", json!({ "type": "object", "properties": {} }))
///     }
///
///     async fn call(&self, _cx: ToolContext, _args: Value) -> Result<ToolOutput, ToolError> {
///         Ok("noon".into())
///     }
/// }
/// ```
#[async_trait]
pub trait Tool: Send + Sync {
    /// How the model knows it. Read once, when the agent is built.
    fn spec(&self) -> ToolSpec;

    /// How it is run. Read once, when the agent is built.
    fn policy(&self) -> ToolPolicy {
        ToolPolicy::default()
    }

    /// Does the work. Runs in a task of its own, beside the conversation; `arguments` is an object
    /// that holds all members the schema requires.
    ///
    /// The future is dropped when the work takes longer than [`ToolPolicy::timeout`], or when it was
    /// cancelled and has not come to rest in time; [`ToolContext::cancelled`] tells beforehand.
    ///
    /// # Errors
    /// The model reads the error, and can act on it.
    ///
    /// # Panics
    /// A panic is contained and answered as [`ToolErrorKind::Crashed`].
    async fn call(&self, cx: ToolContext, arguments: Value) -> Result<ToolOutput, ToolError>;
}
