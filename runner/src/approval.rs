//! Who may say no: approval before a call runs, and hooks before and after its work.

use std::sync::Arc;

use antiphon_protocol::ToolCall;
use async_trait::async_trait;
use serde_json::Value;

use crate::{Tool, ToolContext, ToolError, ToolOutput};

/// What was decided about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may run.
    Allow,
    /// It may not; the model reads why.
    Deny(String),
}

/// Decides whether calls of tools that need approval may run.
///
/// It fails closed: a decision that does not come within
/// [`ToolLimits::approval`](crate::ToolLimits::approval), or that panics, is a no.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Decides about one call; `arguments` is what the tool would be given.
    async fn decide(&self, call: &ToolCall, arguments: &Value) -> Decision;
}

/// Stands around the work of every tool.
///
/// It fails closed: an error or a panic before the work means that it does not run, and after it that
/// its output is not sent; the model is told of a failure instead. Hooks run in the order they were
/// given, and after the work in the opposite order. Their time counts as the tool's.
#[async_trait]
#[expect(unused_variables, reason = "the provided methods change nothing")]
pub trait ToolHook: Send + Sync {
    /// Before the work: gives back the arguments, as they are or rewritten.
    ///
    /// # Errors
    /// The call does not run, and the model reads the error.
    async fn before(&self, call: &ToolCall, arguments: Value) -> Result<Value, ToolError> {
        Ok(arguments)
    }

    /// After the work: gives back the output, as it is, rewritten or redacted.
    ///
    /// # Errors
    /// The output is not sent, and the model reads the error.
    async fn after(&self, call: &ToolCall, output: ToolOutput) -> Result<ToolOutput, ToolError> {
        Ok(output)
    }
}

/// All who may say no.
#[derive(Clone, Default)]
pub(crate) struct Guards {
    pub(crate) approver: Option<Arc<dyn Approver>>,
    pub(crate) hooks: Vec<Arc<dyn ToolHook>>,
}

impl Guards {
    pub(crate) async fn approve(&self, call: &ToolCall, arguments: &Value) -> Result<(), String> {
        match &self.approver {
            None => Err("nobody is there who could approve it".to_owned()),
            Some(approver) => match approver.decide(call, arguments).await {
                Decision::Allow => Ok(()),
                Decision::Deny(why) => Err(why),
            },
        }
    }

    pub(crate) async fn run(
        &self,
        tool: &dyn Tool,
        cx: ToolContext,
        mut arguments: Value,
    ) -> Result<ToolOutput, ToolError> {
        let call = Arc::clone(&cx.call);
        for hook in &self.hooks {
            arguments = hook.before(&call, arguments).await?;
        }
        let mut output = tool.call(cx, arguments).await?;
        for hook in self.hooks.iter().rev() {
            output = hook.after(&call, output).await?;
        }
        Ok(output)
    }
}
