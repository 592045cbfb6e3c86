//! The agent that talks: a provider, a configuration and one tool, given to the runner.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{AudioFormat, OpeningPlan, Provider as _, SessionConfig};
use antiphon_runner::{Runner, RunnerBuilder, StartError, ToolEnd};
use antiphon_session::UplinkPacing;
use antiphon_transport::BackoffConfig;
use tokio::sync::mpsc;

use super::{
    cli::Options,
    exit::{Exit, Failure},
    service::Service,
    target::{Target, shown},
    weather,
    wire::{Recording, Wire},
};

const INSTRUCTIONS: &str = "You are a friendly voice assistant for the weather. Look the weather up \
    with get_weather before you speak of it. Answer in two or three short sentences.";

/// An agent that is checked and ready to be connected.
#[derive(Debug)]
pub struct Agent {
    builder: RunnerBuilder,
    /// Where it will connect to, without the address's query.
    pub address: String,
    /// What is recorded of the wire, if anything is.
    pub recording: Option<Recording>,
    /// The format of the caller's audio.
    pub input: AudioFormat,
    /// The format of the model's audio.
    pub output: AudioFormat,
}

impl Agent {
    /// Describes the agent and checks the description; nothing is dialled. The emulator's address is
    /// needed where that is the target.
    ///
    /// # Errors
    /// When the provider cannot do what is asked.
    pub fn new(
        service: Service,
        options: &Options,
        target: &Target,
        emulator: Option<&str>,
    ) -> Result<Self, Failure> {
        let provider = service.provider(target, emulator)?;
        let config = service.adapted(&*provider, config(service, options));
        let plan = OpeningPlan::fresh(Arc::new(config.clone()));
        let refuse = |error: String| Failure::new(Exit::Configuration, error);
        let (endpoint, _) = provider
            .open(&plan)
            .map_err(|error| refuse(format!("{error}: check --model and --voice")))?;
        let capabilities = provider.capabilities(&config.model).into_owned();
        let wire = Wire::new(options)?;
        let dial = wire.dial();
        let tape = wire.recording().map(|recording| recording.tape());
        Ok(Self {
            address: shown(&endpoint.url),
            input: capabilities.input_format(&config),
            output: capabilities.output_format(&config),
            builder: Runner::builder(provider)
                .config(config)
                .tool(weather::tool())
                .session(move |session| {
                    // A person waits at the other end: better to say soon that it does not work.
                    let patience = Duration::from_secs(10);
                    let backoff = BackoffConfig::for_one_client()
                        .delays(Duration::from_millis(300), Duration::from_secs(2))
                        .budget(4);
                    let session = session.pacing(UplinkPacing::AsGiven).backoff(backoff);
                    let session = session.deadlines(patience, patience).connect_attempts(2);
                    let session = session.dial(Arc::clone(&dial));
                    match &tape {
                        Some(tape) => session.tape(Arc::clone(tape)),
                        None => session,
                    }
                }),
            recording: wire.recording(),
        })
    }

    /// Opens the session. Finished tools are told to `tools`.
    ///
    /// # Errors
    /// As the runner's.
    pub async fn connect(
        self,
        tools: mpsc::UnboundedSender<ToolEnd>,
    ) -> Result<Runner, StartError> {
        // The conversation may be over before a tool is; then nobody listens.
        let told = self.builder.on_tool_end(move |end| drop(tools.send(end)));
        told.connect().await
    }
}

fn config(service: Service, options: &Options) -> SessionConfig {
    let model = options.model.as_deref().unwrap_or(service.model());
    let config = SessionConfig::new(model).instructions(INSTRUCTIONS);
    match &options.voice {
        Some(voice) => config.voice(voice),
        None => config,
    }
}
