//! Shapes of the session object that services of this kind understand.
//!
//! Events differ little and are read alike, whoever sends them. What must be said in a service's own
//! words is the configuration: a member under a name that a service does not know is ignored there
//! in silence. The object is built in its present shape and then moved, member by member.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::AudioFormat;
use serde_json::{Map, Value, json};

use super::input::reported_format;

/// How a service wants its configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// As OpenAI and Azure OpenAI do, and most services that follow them.
    #[default]
    Ga,
    /// As OpenAI did in its beta: a flat object, formats by name. Azure Voice Live and several
    /// open-source servers.
    Beta,
    /// As xAI does: audio formats and transcription as at present, the rest as in the beta.
    Xai,
}

/// Where a member stands at present, and under which name it stands elsewhere.
type Moves = &'static [(&'static str, &'static str)];

const BETA: Moves = &[
    ("audio.input.format", "input_audio_format"),
    ("audio.input.noise_reduction", "input_audio_noise_reduction"),
    ("audio.input.transcription", "input_audio_transcription"),
    ("audio.input.turn_detection", "turn_detection"),
    ("audio.output.format", "output_audio_format"),
    ("audio.output.speed", "speed"),
    ("audio.output.voice", "voice"),
    ("max_output_tokens", "max_response_output_tokens"),
    ("output_modalities", "modalities"),
];

const XAI: Moves = &[
    ("audio.input.turn_detection", "turn_detection"),
    ("audio.output.voice", "voice"),
    ("max_output_tokens", "max_response_output_tokens"),
    ("output_modalities", "modalities"),
];

/// Formats by the names they had in the beta.
const FORMATS: &[(&str, AudioFormat)] = &[
    ("pcm16", AudioFormat::PCM16_24K),
    ("g711_ulaw", AudioFormat::MULAW_8K),
    ("g711_alaw", AudioFormat::ALAW_8K),
    ("pcm16-8000hz", AudioFormat::pcm16(8_000)),
    ("pcm16-16000hz", AudioFormat::PCM16_16K),
];

impl Dialect {
    const fn moves(self) -> Moves {
        match self {
            Self::Ga => &[],
            Self::Beta => BETA,
            Self::Xai => XAI,
        }
    }

    /// Gives a session object, or the options of a response, this shape.
    pub(crate) fn dress(self, object: &mut Map<String, Value>) {
        if self == Self::Ga {
            return;
        }
        object.remove("type");
        for (path, name) in self.moves() {
            if let Some(value) = take(object, path) {
                object.insert((*name).to_owned(), self.value(name, value));
            }
        }
    }

    fn value(self, name: &str, value: Value) -> Value {
        match name {
            "input_audio_format" | "output_audio_format" => {
                let format = serde_json::from_value(value.clone()).ok();
                let format = format.as_ref().and_then(reported_format);
                let named = FORMATS.iter().find(|(_, known)| Some(*known) == format);
                named.map_or(value, |(name, _)| (*name).into())
            }
            // Speech was asked for together with its text.
            "modalities" if self == Self::Beta && value == json!(["audio"]) => {
                json!(["text", "audio"])
            }
            _ => value,
        }
    }

    /// The transcriber that is named when the caller names none: the one of the recorded sessions
    /// of such services.
    pub(crate) const fn transcriber(self) -> &'static str {
        match self {
            Self::Ga => "gpt-realtime-whisper",
            Self::Beta => "whisper-1",
            Self::Xai => "grok-transcribe",
        }
    }

    /// What assistant's text is called in an item.
    pub(crate) const fn assistant_text(self) -> wire::ContentType {
        match self {
            Self::Ga | Self::Xai => wire::ContentType::OutputText,
            Self::Beta => wire::ContentType::Text,
        }
    }
}

/// The format of the model's audio as a service reports it, in whichever shape.
pub(crate) fn reported_output(session: &wire::RealtimeSession) -> Option<AudioFormat> {
    let output = session
        .audio
        .as_ref()
        .and_then(|audio| audio.output.as_ref());
    if let Some(format) = output.and_then(|output| output.format.as_ref()) {
        return reported_format(format);
    }
    let name = session.extra.get("output_audio_format")?.as_str()?;
    let named = FORMATS.iter().find(|(known, _)| *known == name);
    named.map(|&(_, format)| format)
}

/// Takes the member at `path` out, and objects that it leaves empty.
fn take(object: &mut Map<String, Value>, path: &str) -> Option<Value> {
    let Some((first, rest)) = path.split_once('.') else {
        return object.remove(path);
    };
    let Value::Object(inner) = object.get_mut(first)? else {
        return None;
    };
    let taken = take(inner, rest);
    if inner.is_empty() {
        object.remove(first);
    }
    taken
}
