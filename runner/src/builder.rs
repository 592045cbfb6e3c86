//! The description of an agent, from which sessions are opened.

use std::{collections::BTreeSet, sync::Arc};

use antiphon_protocol::{
    AudioChunk, Delegation, Ended, Interruption, Provider, ResponseDone, Rotation, SessionConfig,
    Speech, TextDelta, ToolCall, TurnDetection, TurnTimes, UpdateOutcome,
};
use antiphon_session::{Dial, Session, SessionBuilder};
use thiserror::Error;

use crate::{
    Approver, Handler, HandlerReturn, Lag, Lane, LaneLimits, Problem, Runner, Tool, ToolEnd,
    ToolHook, ToolLimits,
    approval::Guards,
    board::{Automatic, Board, Flaw, Listed},
    delegation::Delegate,
    desk::{Desk, Scene},
    handler::{Lanes, Notice, Routes},
    runner::Parts,
    telemetry::Spans,
};

type Adjust = Arc<dyn Fn(SessionBuilder) -> SessionBuilder + Send + Sync>;

/// An agent could not be started.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two tools have the same name; nothing was dialled.
    #[error("two tools are called {0:?}; give each a name of its own")]
    DuplicateTool(String),
    /// A tool needs approval, and nobody is there who could give it; nothing was dialled.
    #[error("{0:?} needs approval, and nobody can give it; name somebody with `approver`")]
    NoApprover(String),
    /// The session could not be opened.
    #[error(transparent)]
    Session(#[from] antiphon_session::ConnectError),
}

/// Describes an agent: a provider, a configuration, tools and handlers; see [`Runner::builder`].
///
/// A description is cheap to clone and opens as many sessions as one likes, one after the other or at a
/// time.
#[derive(Clone)]
#[must_use = "a description does nothing until it is connected"]
pub struct RunnerBuilder {
    provider: Arc<dyn Provider>,
    name: Option<String>,
    config: SessionConfig,
    tools: Vec<Arc<dyn Tool>>,
    delegate: Option<Arc<dyn Tool>>,
    pub(crate) routes: Routes,
    guards: Guards,
    automatic: Automatic,
    tool_limits: ToolLimits,
    pub(crate) lane_limits: LaneLimits,
    adjust: Vec<Adjust>,
    flaw: Flaw,
}

impl std::fmt::Debug for RunnerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunnerBuilder")
            .field("provider", &self.provider.name())
            .field("model", &self.config.model)
            .field("tools", &self.tools.len())
            .finish_non_exhaustive()
    }
}

/// One method per closure: its name, the lane it is served by, how it is called.
macro_rules! closures {
    ($(
        $(#[$doc:meta])*
        $name:ident($($arg:ty),*) in $lane:ident, $notice:pat => ($($given:expr),*)
    ),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name<R: HandlerReturn>(
            mut self,
            closure: impl Fn($($arg),*) -> R + Send + Sync + 'static,
        ) -> Self {
            self.routes.closures.add(Lane::$lane, move |notice| match notice {
                $notice => Some(closure($($given),*).into_result()),
                _ => None,
            });
            self
        }
    )*};
}

impl RunnerBuilder {
    pub(crate) fn new(provider: Arc<dyn Provider>) -> Self {
        Self {
            provider,
            name: None,
            config: SessionConfig::default(),
            tools: Vec::new(),
            delegate: None,
            routes: Routes::default(),
            guards: Guards::default(),
            automatic: Automatic {
                execution: true,
                answers: true,
            },
            tool_limits: ToolLimits::default(),
            lane_limits: LaneLimits::default(),
            adjust: Vec::new(),
            flaw: Flaw::default(),
        }
    }

    /// Names the agent, for telemetry.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets what the session should be. Tools that it declares beside those given to
    /// [`RunnerBuilder::tool`] are answered by hand.
    pub fn config(mut self, config: SessionConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets the model, as the provider names it.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.config.model = model.into();
        self
    }

    /// Sets what the model is told to be and do.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.config.instructions = Some(text.into());
        self
    }

    /// Sets the voice, as the provider names it.
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.config.voice = Some(voice.into());
        self
    }

    /// Gives the agent a tool; the model is told of it when the session opens.
    pub fn tool(mut self, tool: impl Tool + 'static) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// Sets the tool that does the work which a full-duplex model delegates (GPT-Live). The model is not
    /// told of it: it asks for work, and names no tool.
    ///
    /// Each delegation is one call of it, under the same rules as any call: limits, approval, hooks,
    /// handlers, one answer. Its arguments are an [`Errand`](crate::Errand): what was said since the
    /// last delegation, once the user has finished the sentence (waited for at most 3 s). The call's
    /// id is the delegation's. The result is answered as commentary, which the model speaks of; with
    /// [`Scheduling::Silent`](antiphon_protocol::Scheduling::Silent), in the tool's policy or in the
    /// output, as thinking. A delegation does not outlive its connection.
    pub fn delegate_to(mut self, tool: impl Tool + 'static) -> Self {
        self.delegate = Some(Arc::new(tool));
        self
    }

    /// Sets who decides about calls of tools that need approval. With such a tool and nobody to decide,
    /// nothing can be opened.
    pub fn approver(mut self, approver: impl Approver + 'static) -> Self {
        self.guards.approver = Some(Arc::new(approver));
        self
    }

    /// Puts a hook around the work of every tool.
    pub fn hook(mut self, hook: impl ToolHook + 'static) -> Self {
        self.guards.hooks.push(Arc::new(hook));
        self
    }

    /// Whether calls run by themselves. Default `true`; else see
    /// [`Control::execute`](crate::Control::execute).
    pub fn automatic_execution(mut self, automatic: bool) -> Self {
        self.automatic.execution = automatic;
        self
    }

    /// Whether calls are answered by themselves once their work is over. Default `true`; else see
    /// [`Control::send_tool_results`](crate::Control::send_tool_results).
    pub fn automatic_answers(mut self, automatic: bool) -> Self {
        self.automatic.answers = automatic;
        self
    }

    /// Sets the bounds on tool calls.
    pub fn tool_limits(mut self, limits: ToolLimits) -> Self {
        self.tool_limits = limits;
        self
    }

    /// Sets the bounds on what waits for handlers.
    pub fn lane_limits(mut self, limits: LaneLimits) -> Self {
        self.lane_limits = limits;
        self
    }

    /// Adjusts the description of each session before it is opened: its transport, bounds, pacing.
    pub fn session(
        mut self,
        adjust: impl Fn(SessionBuilder) -> SessionBuilder + Send + Sync + 'static,
    ) -> Self {
        self.adjust.push(Arc::new(adjust));
        self
    }

    /// Replaces the transport, for tests or for another network; each session opens its own wires.
    pub fn dial(self, dial: impl Dial + Clone + 'static) -> Self {
        self.session(move |session| session.dial(dial.clone()))
    }

    /// Adds a handler; each is told of everything, in the order they were added.
    pub fn handler(mut self, handler: impl Handler + 'static) -> Self {
        self.routes.handlers.push(Arc::new(handler));
        self
    }

    closures! {
        /// Hears the model speak; see [`Handler::on_audio`].
        on_audio(AudioChunk) in Audio, Notice::Audio(chunk) => (chunk.clone()),
        /// Hears that what was given to play must not be heard; see [`Handler::on_flush`].
        on_flush() in Audio, Notice::Flush(_) => (),
        /// Reads what the model writes.
        on_text(TextDelta) in Text, Notice::Text(text) => (text.clone()),
        /// Reads what the user said.
        on_input_transcript(TextDelta) in Text, Notice::InputTranscript(text) => (text.clone()),
        /// Reads what the model says.
        on_output_transcript(TextDelta) in Text, Notice::OutputTranscript(text) => (text.clone()),
        /// Hears that the user began to speak.
        on_speech_started(Speech) in Turn, Notice::SpeechStarted(speech) => (speech.clone()),
        /// Hears that the user stopped speaking.
        on_speech_stopped(Speech) in Turn, Notice::SpeechStopped(speech) => (speech.clone()),
        /// Hears that an interruption is settled; see [`Handler::on_interruption`].
        on_interruption(Interruption) in Turn, Notice::Interruption(settled) => (settled.clone()),
        /// Hears that a response has ended.
        on_response_done(ResponseDone) in Turn, Notice::ResponseDone(done) => (done.clone()),
        /// Hears when what happened in a turn; see [`Handler::on_turn_timed`].
        on_turn_timed(&TurnTimes) in Turn, Notice::TurnTimed(times) => (times),
        /// Hears that a tool begins its work.
        on_tool_start(&ToolCall) in Tool, Notice::ToolStart(call) => (call),
        /// Hears how far a tool has come.
        on_tool_progress(&ToolCall, &str) in Tool,
            Notice::ToolProgress(call, message) => (call, message),
        /// Hears that a call's work is over; see [`Handler::on_tool_end`].
        on_tool_end(ToolEnd) in Tool, Notice::ToolEnd(end) => (end.clone()),
        /// Hears that a full-duplex model asks for work.
        on_delegation(Delegation) in Tool, Notice::Delegation(delegation) => (delegation.clone()),
        /// Hears that a new connection took over.
        on_rotation(Rotation) in Session, Notice::Rotation(rotation) => (rotation.clone()),
        /// Hears what became of a change of the configuration.
        on_update(&UpdateOutcome) in Session, Notice::Updated(outcome) => (outcome),
        /// Hears that handlers were too slow; see [`Handler::on_lag`].
        on_lag(Lag) in Session, Notice::Lag(lag) => (*lag),
        /// Hears that the session is over.
        on_end(Ended) in Session, Notice::End(ended) => (ended.clone()),
        /// Hears of problems that do not end the session.
        on_error(&Problem) in Error, Notice::Error(problem) => (problem),
    }

    /// Breaks the tool runner in one way, for its own tests.
    #[cfg(feature = "simulation")]
    #[doc(hidden)]
    pub fn with_defect(mut self, defect: Option<crate::simulation::Defect>) -> Self {
        self.flaw = Flaw(defect);
        self
    }

    /// Opens a session; resolves when the provider has accepted the configuration.
    ///
    /// Bounded as [`SessionBuilder::connect`] is. Cancel safe: dropping the future closes what was
    /// begun.
    ///
    /// # Errors
    /// When two tools share a name, nobody can approve what needs it, the configuration cannot be sent,
    /// or the session ended before it was ready.
    pub async fn connect(&self) -> Result<Runner, StartError> {
        let (config, listed) = self.described()?;
        let stops_on_speech = self.stops_on_speech(&config);
        let spans = Spans::new(
            self.provider.telemetry_name(),
            self.name.as_deref(),
            &config,
        );
        let mut session = Session::builder(Arc::clone(&self.provider)).config(config);
        for adjust in &self.adjust {
            session = adjust(session);
        }
        let connected = session.connect().await;
        let (session, events) = connected.inspect_err(|error| spans.refused(error))?;
        let lanes = Arc::new(Lanes::new(&self.routes, &self.lane_limits));
        // The one that serves delegations has its place after the others.
        let place = self.delegate.as_ref().map(|_| self.tools.len());
        let delegate = place.and_then(|place| listed.get(place));
        let delegate = delegate.map(|listed| Delegate::new(listed.name.clone()));
        let tools = self.tools.iter().chain(&self.delegate).cloned().collect();
        let mut board = Board::new(listed, place, self.automatic, self.tool_limits);
        board.flaw = self.flaw;
        let scene = Scene {
            provider: Arc::clone(&self.provider),
            session,
            lanes: Arc::clone(&lanes),
            home: spans.current().clone(),
        };
        let desk = Desk::new(board, tools, self.guards.clone(), delegate, scene);
        let builder = self.clone();
        Ok(Runner::start(Parts {
            builder,
            desk,
            lanes,
            events,
            spans,
            stops_on_speech,
        }))
    }

    /// What the session shall be, and all tools with the one that serves delegations, if they make an
    /// agent.
    fn described(&self) -> Result<(SessionConfig, Vec<Listed>), StartError> {
        let mut config = self.config.clone();
        let mut listed = Vec::new();
        for tool in self.tools.iter().chain(&self.delegate) {
            let (spec, policy) = (tool.spec(), tool.policy());
            if policy.needs_approval && self.guards.approver.is_none() {
                return Err(StartError::NoApprover(spec.name));
            }
            listed.push(Listed::new(&spec, policy));
            if listed.len() <= self.tools.len() {
                config.tools.push(spec);
            }
        }
        let mut names = BTreeSet::new();
        let mut again = config.tools.iter();
        match again.find(|tool| !names.insert(tool.name.as_str())) {
            Some(tool) => Err(StartError::DuplicateTool(tool.name.clone())),
            None => Ok((config, listed)),
        }
    }

    /// Whether the provider stops the model by itself as soon as the user speaks.
    fn stops_on_speech(&self, config: &SessionConfig) -> bool {
        let asked = match &config.turn_detection {
            Some(
                TurnDetection::ServerVad {
                    interrupt_response, ..
                }
                | TurnDetection::SemanticVad {
                    interrupt_response, ..
                },
            ) => interrupt_response.unwrap_or(true),
            Some(TurnDetection::Manual) => false,
            _ => true,
        };
        asked && self.provider.capabilities(&config.model).server_interrupts
    }
}
