//! Tools made of closures.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use antiphon_protocol::{Scheduling, ToolBehavior, ToolSpec};
use async_trait::async_trait;
use serde_json::Value;

use super::{OnStop, Tool, ToolContext, ToolError, ToolErrorKind, ToolOutput, ToolPolicy};

/// What a tool closure may return: anything that is an output (text or JSON), or a `Result` of one.
pub trait ToolReturn {
    /// The output or the error.
    ///
    /// # Errors
    /// The closure's own error.
    fn into_result(self) -> Result<ToolOutput, ToolError>;
}

macro_rules! returns_output {
    ($($plain:ty),*) => {$(
        impl ToolReturn for $plain {
            fn into_result(self) -> Result<ToolOutput, ToolError> {
                Ok(self.into())
            }
        }
    )*};
}

returns_output!(ToolOutput, String, &'static str, Value);

impl<T: Into<ToolOutput>, E: Into<ToolError>> ToolReturn for Result<T, E> {
    fn into_result(self) -> Result<ToolOutput, ToolError> {
        self.map(Into::into).map_err(Into::into)
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<ToolOutput, ToolError>> + Send>>;
type Function = dyn Fn(ToolContext, Value) -> Answer + Send + Sync;

/// A tool made of a closure, to be adjusted and given to the builder.
#[derive(Clone)]
pub struct FunctionTool {
    spec: ToolSpec,
    policy: ToolPolicy,
    function: Arc<Function>,
}

impl std::fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionTool")
            .field("name", &self.spec.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A tool of an async closure over the arguments object; `parameters` is its JSON Schema.
///
/// ```
/// use antiphon_runner::tool_fn;
/// use serde_json::{Value, json};
///
/// let schema = json!({
///     "type": "object",
///     "properties": { "city": { "type": "string" } },
///     "required": ["city"],
/// });
/// let weather = tool_fn("get_weather", "The weather in a city.", schema, |args: Value| async move {
///     json!({ "city": args["city"], "sky": "clear" })
/// });
/// # let _ = weather;
/// ```
pub fn tool_fn<F, Fut>(
    name: impl Into<String>,
    description: impl Into<String>,
    parameters: Value,
    function: F,
) -> FunctionTool
where
    F: Fn(Value) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: ToolReturn> + Send + 'static,
{
    FunctionTool::with_context(name, description, parameters, move |_, value| {
        function(value)
    })
}

/// A tool of a closure that blocks or computes; it runs on a thread meant for that.
///
/// Such work cannot be dropped: after a timeout or a cancellation the call is settled, but the thread
/// goes on until the closure returns.
pub fn tool_fn_sync<F, R>(
    name: impl Into<String>,
    description: impl Into<String>,
    parameters: Value,
    function: F,
) -> FunctionTool
where
    F: Fn(Value) -> R + Send + Sync + 'static,
    R: ToolReturn + 'static,
{
    let function = Arc::new(function);
    FunctionTool::with_context(name, description, parameters, move |_, value| {
        let function = Arc::clone(&function);
        on_a_thread(move || function(value).into_result())
    })
}

/// A tool of an async closure over arguments of its own type, whose schema is that type's.
///
/// Arguments that do not fit the type are answered with an error that says where.
///
/// ```
/// use antiphon_runner::typed_tool;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct City {
///     /// The city's name.
///     city: String,
/// }
/// let weather = typed_tool("get_weather", "The weather in a city.", |args: City| async move {
///     format!("It is sunny in {}.", args.city)
/// });
/// # let _ = weather;
/// ```
#[cfg(feature = "schemars")]
pub fn typed_tool<A, F, Fut>(
    name: impl Into<String>,
    description: impl Into<String>,
    function: F,
) -> FunctionTool
where
    A: serde::de::DeserializeOwned + schemars::JsonSchema + Send + 'static,
    F: Fn(A) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: ToolReturn> + Send + 'static,
{
    let function = Arc::new(function);
    FunctionTool::with_context(name, description, schema_of::<A>(), move |_, value| {
        let function = Arc::clone(&function);
        async move { function(arguments(value)?).await.into_result() }
    })
}

/// As [`typed_tool`], of a closure that blocks or computes; see [`tool_fn_sync`].
#[cfg(feature = "schemars")]
pub fn typed_tool_sync<A, F, R>(
    name: impl Into<String>,
    description: impl Into<String>,
    function: F,
) -> FunctionTool
where
    A: serde::de::DeserializeOwned + schemars::JsonSchema + Send + 'static,
    F: Fn(A) -> R + Send + Sync + 'static,
    R: ToolReturn + 'static,
{
    tool_fn_sync(name, description, schema_of::<A>(), move |value| {
        function(arguments(value)?).into_result()
    })
}

#[cfg(feature = "schemars")]
fn arguments<A: serde::de::DeserializeOwned>(value: Value) -> Result<A, ToolError> {
    serde_json::from_value(value)
        .map_err(|error| ToolError::invalid_arguments(format!("the arguments do not fit: {error}")))
}

/// The schema as models take it: inlined, without the marks of the schema language itself.
#[cfg(feature = "schemars")]
fn schema_of<A: schemars::JsonSchema>() -> Value {
    let mut settings = schemars::generate::SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<A>();
    schema.remove("title");
    if schema.get("properties").is_none() {
        schema.insert(
            "properties".to_owned(),
            Value::Object(serde_json::Map::new()),
        );
    }
    schema.to_value()
}

async fn on_a_thread(
    work: impl FnOnce() -> Result<ToolOutput, ToolError> + Send + 'static,
) -> Result<ToolOutput, ToolError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(ToolError::of(
            ToolErrorKind::Cancelled,
            "the work was stopped",
        )),
    }
}

impl FunctionTool {
    /// A tool of an async closure that is given its call's context too.
    pub fn with_context<F, Fut>(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
        function: F,
    ) -> Self
    where
        F: Fn(ToolContext, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: ToolReturn> + Send + 'static,
    {
        let function = move |cx, value| -> Answer {
            let answer = function(cx, value);
            Box::pin(async move { answer.await.into_result() })
        };
        Self {
            spec: ToolSpec::new(name, description, parameters),
            policy: ToolPolicy::default(),
            function: Arc::new(function),
        }
    }

    /// Sets how long a call may wait for its turn, and then how long it may run.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeout = timeout;
        self
    }

    /// Sets how many calls of this tool may run at a time; at least one may.
    #[must_use]
    pub fn at_once(mut self, calls: usize) -> Self {
        self.policy.at_once = calls.max(1);
        self
    }

    /// Sets what an interruption by the user does to the work.
    #[must_use]
    pub fn on_interruption(mut self, on_stop: OnStop) -> Self {
        self.policy.on_interruption = on_stop;
        self
    }

    /// Sets what the provider's withdrawal of a call does to the work.
    #[must_use]
    pub fn on_cancellation(mut self, on_stop: OnStop) -> Self {
        self.policy.on_cancellation = on_stop;
        self
    }

    /// Lets the model go on talking while the tool works, where the provider can, and says when it
    /// should take up the answer.
    #[must_use]
    pub fn non_blocking(mut self, scheduling: Scheduling) -> Self {
        self.spec.behavior = ToolBehavior::NonBlocking;
        self.policy.scheduling = Some(scheduling);
        self
    }

    /// Sets the longest result, in bytes.
    #[must_use]
    pub fn result_bytes(mut self, bytes: usize) -> Self {
        self.policy.result_bytes = bytes;
        self
    }

    /// Lets a process that goes on with the session of another do work again that may have begun there:
    /// for tools that may run any number of times. See [`ToolPolicy::rerun_after_restore`].
    #[must_use]
    pub fn rerun_after_restore(mut self) -> Self {
        self.policy.rerun_after_restore = true;
        self
    }

    /// Lets no call run before it is approved.
    #[must_use]
    pub fn needs_approval(mut self) -> Self {
        self.policy.needs_approval = true;
        self
    }
}

#[async_trait]
impl Tool for FunctionTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn policy(&self) -> ToolPolicy {
        self.policy.clone()
    }

    async fn call(&self, cx: ToolContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        (self.function)(cx, arguments).await
    }
}
