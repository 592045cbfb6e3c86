//! The services that can be talked with: their names, keys and models, and the plug-in for each.

use std::sync::Arc;

use antiphon_emulator::Emulator;
use antiphon_gemini::Gemini;
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    InputTranscription, Provider, Secret, SessionConfig, Transcripts, TurnDetection, TurnDetector,
};

use super::{
    exit::{Exit, Failure},
    target::Target,
};

/// What transcribes the caller on OpenAI Realtime, so that the summary can tell what was said.
const TRANSCRIBER: &str = "gpt-4o-mini-transcribe";
/// What does the work that GPT-Live delegates.
const BACKEND: &str = "gpt-5.4";

/// One service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// OpenAI Realtime.
    OpenAiRealtime,
    /// OpenAI GPT-Live, whose work is done by a model behind it.
    OpenAiLive,
    /// Gemini Live on the Developer API.
    GeminiLive,
}

const ALL: [Service; 3] = [
    Service::OpenAiRealtime,
    Service::OpenAiLive,
    Service::GeminiLive,
];

impl Service {
    /// The service of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let found = ALL.into_iter().find(|service| service.name() == name);
        found.ok_or_else(|| {
            let names = ALL.map(Self::name).join(", ");
            let sentence = format!("provider '{name}' is unknown: use one of {names}");
            Failure::new(Exit::Configuration, sentence)
        })
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiRealtime => "openai-realtime",
            Self::OpenAiLive => "openai-live",
            Self::GeminiLive => "gemini-live",
        }
    }

    /// The environment variable that holds its key.
    pub const fn key_variable(self) -> &'static str {
        match self {
            Self::OpenAiRealtime | Self::OpenAiLive => "OPENAI_API_KEY",
            Self::GeminiLive => "GEMINI_API_KEY",
        }
    }

    /// The protocol's name, for sentences.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::OpenAiRealtime => "Realtime",
            Self::OpenAiLive => "GPT-Live",
            Self::GeminiLive => "Gemini Live",
        }
    }

    /// The model that is talked with when none is named.
    pub const fn model(self) -> &'static str {
        match self {
            Self::OpenAiRealtime => "gpt-realtime",
            Self::OpenAiLive => "gpt-live-1",
            Self::GeminiLive => "gemini-2.5-flash-native-audio",
        }
    }

    /// Where the emulator speaks its protocol.
    pub fn emulated(self, emulator: &Emulator) -> String {
        match self {
            Self::OpenAiRealtime => emulator.url(),
            Self::OpenAiLive => emulator.live_url(),
            Self::GeminiLive => emulator.gemini_url(),
        }
    }

    /// The plug-in for a target; `emulator` is where that speaks, where it is the target.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn provider(
        self,
        target: &Target,
        emulator: Option<&str>,
    ) -> Result<Arc<dyn Provider>, Failure> {
        let (url, key) = match target {
            Target::Service(key) => (None, Some(key.clone())),
            Target::Emulator => (emulator.map(str::to_owned), None),
            Target::Address(url, key) => (Some(url.to_string()), key.clone()),
        };
        self.plug_in(url.as_deref(), key)
            .map_err(|why| Failure::new(Exit::Configuration, why))
    }

    fn plug_in(self, url: Option<&str>, key: Option<Secret>) -> Result<Arc<dyn Provider>, String> {
        let bare = key.is_none();
        let key = key.unwrap_or_else(|| Secret::from(""));
        // Each plug-in is a type of its own with the same two choices.
        macro_rules! placed {
            ($plug_in:expr) => {{
                let mut plug_in = $plug_in;
                if bare {
                    plug_in = plug_in.without_key();
                }
                if let Some(url) = url {
                    plug_in = plug_in
                        .with_base_url(url)
                        .map_err(|error| error.to_string())?;
                }
                Ok(Arc::new(plug_in))
            }};
        }
        match self {
            Self::OpenAiRealtime => placed!(OpenAi::realtime(key)),
            Self::OpenAiLive => placed!(OpenAi::live(key).with_backend(BACKEND)),
            Self::GeminiLive => placed!(Gemini::live(key)),
        }
    }

    /// `config` with what this service must be asked for, so that both sides are transcribed and the
    /// end of a turn is noticed.
    pub fn adapted(self, provider: &dyn Provider, mut config: SessionConfig) -> SessionConfig {
        let can = provider.capabilities(&config.model);
        if can.turn_detectors.contains(&TurnDetector::ServerVad) {
            config.turn_detection = Some(TurnDetection::server_vad());
        }
        if can.output_transcripts == Transcripts::OnRequest && self == Self::GeminiLive {
            config.output_transcription = Some(true);
        }
        if can.input_transcripts == Transcripts::OnRequest {
            let model = (self == Self::OpenAiRealtime).then(|| TRANSCRIBER.to_owned());
            config.input_transcription = Some(InputTranscription {
                model,
                ..InputTranscription::default()
            });
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_by_its_name_only() {
        for service in ALL {
            assert_eq!(Service::named(service.name()), Ok(service));
        }
        let failure = Service::named("acme").unwrap_err();
        for words in ["'acme' is unknown", "openai-live", "gemini-live"] {
            assert!(failure.sentence.contains(words), "{failure}");
        }
    }

    #[test]
    fn every_service_takes_the_configuration_that_it_is_given() {
        for service in ALL {
            let provider = service
                .provider(&Target::Service("key".into()), None)
                .unwrap();
            let config = SessionConfig::new(service.model()).instructions("Be kind.");
            let config = service.adapted(&*provider, config);
            let plan = antiphon_protocol::OpeningPlan::fresh(Arc::new(config));
            assert!(provider.open(&plan).is_ok(), "{}", service.name());
        }
    }
}
