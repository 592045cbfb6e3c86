//! The members of every client message, as the service accepts them: in camelCase or snake_case, and
//! no others.

use antiphon_gemini_live_types::{
    ActivityHandling, Behavior, EndSensitivity, FunctionResponseScheduling, MediaResolution,
    Modality, StartSensitivity, ThinkingLevel, TurnCoverage,
};
use serde_json::{Map, Value};

use super::{
    Service::{self, Developer, Vertex},
    refusal::Refusal,
};

/// What a member may hold. Everything may be null, which is the same as absent.
enum Kind {
    /// Not looked into: what the emulator stores nowhere and the service accepts in many forms.
    Any,
    Text,
    Truth,
    /// A number, or an integer as a string.
    Number,
    /// One of these strings.
    Word(&'static [&'static str]),
    Object(&'static [Member]),
    List(&'static Self),
    /// A member that only one of the services has.
    Only(Service, &'static Self),
}

type Member = (&'static str, Kind);

/// Checks a whole message.
///
/// # Errors
/// Names the first member that is unknown or holds the wrong kind of value.
pub(super) fn check(message: &Value, service: Service) -> Result<(), Refusal> {
    MESSAGE.check(message, "", service)
}

impl Kind {
    fn check(&self, value: &Value, path: &str, service: Service) -> Result<(), Refusal> {
        match (self, value) {
            (Self::Any, _)
            | (_, Value::Null)
            | (Self::Text, Value::String(_))
            | (Self::Truth, Value::Bool(_))
            | (Self::Number, Value::Number(_)) => Ok(()),
            (Self::Number, Value::String(text)) if text.parse::<i64>().is_ok() => Ok(()),
            (Self::Word(words), Value::String(word)) if words.contains(&word.as_str()) => Ok(()),
            (Self::Object(members), Value::Object(values)) => {
                check_members(members, values, path, service)
            }
            (Self::List(kind), Value::Array(values)) => {
                let mut values = values.iter().enumerate();
                values.try_for_each(|(at, value)| {
                    kind.check(value, &format!("{path}[{at}]"), service)
                })
            }
            (Self::Only(_, kind), _) => kind.check(value, path, service),
            _ => Err(Refusal::value(path, self.name(), &value.to_string())),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Text => "TYPE_STRING",
            Self::Truth => "TYPE_BOOL",
            Self::Number => "TYPE_NUMBER",
            Self::Word(_) => "TYPE_ENUM",
            Self::Object(_) => "TYPE_MESSAGE",
            Self::List(_) => "LIST",
            Self::Only(_, kind) => kind.name(),
        }
    }
}

fn check_members(
    members: &[Member],
    values: &Map<String, Value>,
    path: &str,
    service: Service,
) -> Result<(), Refusal> {
    for (name, value) in values {
        let known = camel(name);
        let found = members.iter().find(|(member, _)| *member == known);
        let there = |kind: &Kind| !matches!(kind, Only(only, _) if *only != service);
        let Some((_, kind)) = found.filter(|(_, kind)| there(kind)) else {
            return Err(Refusal::unknown(name, path));
        };
        let name = snake(&known);
        let path = if path.is_empty() {
            name
        } else {
            format!("{path}.{name}")
        };
        kind.check(value, &path, service)?;
    }
    Ok(())
}

/// `client_content` as `clientContent`; camelCase stays as it is.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// `clientContent` as `client_content`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

use Kind::{Any, List, Number, Object, Only, Text, Truth, Word};

const MESSAGE: Kind = Object(&[
    ("setup", Object(SETUP)),
    ("clientContent", Object(CLIENT_CONTENT)),
    ("realtimeInput", Object(REALTIME_INPUT)),
    (
        "toolResponse",
        Object(&[("functionResponses", List(&FUNCTION_RESPONSE))]),
    ),
    ("contextUpdate", Object(CONTEXT_UPDATE)),
]);

const SETUP: &[Member] = &[
    ("model", Text),
    ("generationConfig", Object(GENERATION_CONFIG)),
    ("systemInstruction", CONTENT),
    ("tools", List(&TOOL)),
    ("sessionResumption", Object(SESSION_RESUMPTION)),
    ("contextWindowCompression", Object(COMPRESSION)),
    ("inputAudioTranscription", Object(TRANSCRIPTION)),
    ("outputAudioTranscription", Object(TRANSCRIPTION)),
    (
        "proactivity",
        Object(&[("proactiveAudio", Truth), ("proactiveVideo", Truth)]),
    ),
    ("explicitVadSignal", Only(Vertex, &Truth)),
    (
        "historyConfig",
        Object(&[("initialHistoryInClientContent", Truth)]),
    ),
    ("avatarConfig", Any),
    ("safetySettings", List(&Any)),
    ("labels", Only(Developer, &Any)),
    ("realtimeInputConfig", Object(REALTIME_INPUT_CONFIG)),
];

const GENERATION_CONFIG: &[Member] = &[
    ("modelSelectionConfig", Any),
    ("responseJsonSchema", Any),
    ("audioTimestamp", Only(Vertex, &Truth)),
    ("candidateCount", Number),
    ("enableAffectiveDialog", Truth),
    ("frequencyPenalty", Number),
    ("logprobs", Number),
    ("maxOutputTokens", Number),
    ("mediaResolution", Word(MediaResolution::KNOWN)),
    ("presencePenalty", Number),
    ("responseLogprobs", Truth),
    ("responseMimeType", Text),
    ("responseModalities", List(&Word(Modality::KNOWN))),
    ("responseSchema", Any),
    ("routingConfig", Only(Vertex, &Any)),
    ("seed", Number),
    ("speechConfig", Object(SPEECH_CONFIG)),
    ("stopSequences", List(&Text)),
    ("temperature", Number),
    (
        "thinkingConfig",
        Object(&[
            ("includeThoughts", Truth),
            ("thinkingBudget", Number),
            ("thinkingLevel", Word(ThinkingLevel::KNOWN)),
        ]),
    ),
    ("topK", Number),
    ("topP", Number),
    ("enableEnhancedCivicAnswers", Only(Developer, &Truth)),
    ("responseFormat", Any),
    ("translationConfig", Any),
    ("audioTranscriptionConfig", Object(TRANSCRIPTION)),
];

const SPEECH_CONFIG: &[Member] = &[
    (
        "voiceConfig",
        Object(&[
            ("replicatedVoiceConfig", Any),
            ("prebuiltVoiceConfig", Object(&[("voiceName", Text)])),
            ("voice", Text),
        ]),
    ),
    ("languageCode", Text),
    ("multiSpeakerVoiceConfig", Any),
];

const SESSION_RESUMPTION: &[Member] = &[("handle", Text), ("transparent", Only(Vertex, &Truth))];

const COMPRESSION: &[Member] = &[
    ("triggerTokens", Number),
    ("slidingWindow", Object(&[("targetTokens", Number)])),
];

const TRANSCRIPTION: &[Member] = &[
    ("languageCodes", List(&Text)),
    ("languageAuto", Any),
    ("languageHints", Any),
    ("customVocabulary", List(&Text)),
    ("adaptationPhrases", List(&Text)),
    ("wordTimestamp", Truth),
    ("diarization", Truth),
    ("mode", Text),
    ("sourceText", Text),
];

const REALTIME_INPUT_CONFIG: &[Member] = &[
    (
        "automaticActivityDetection",
        Object(&[
            ("disabled", Truth),
            ("startOfSpeechSensitivity", Word(StartSensitivity::KNOWN)),
            ("endOfSpeechSensitivity", Word(EndSensitivity::KNOWN)),
            ("prefixPaddingMs", Number),
            ("silenceDurationMs", Number),
        ]),
    ),
    ("activityHandling", Word(ActivityHandling::KNOWN)),
    ("turnCoverage", Word(TurnCoverage::KNOWN)),
    ("interimTranscriptTimestampEnabled", Truth),
];

const TOOL: Kind = Object(&[
    ("functionDeclarations", List(&FUNCTION_DECLARATION)),
    ("retrieval", Only(Vertex, &Any)),
    ("computerUse", Any),
    ("fileSearch", Only(Developer, &Any)),
    ("googleSearch", Any),
    ("googleMaps", Any),
    ("codeExecution", Any),
    ("enterpriseWebSearch", Only(Vertex, &Any)),
    ("googleSearchRetrieval", Any),
    ("parallelAiSearch", Only(Vertex, &Any)),
    ("urlContext", Any),
    ("mcpServers", Only(Developer, &Any)),
    ("exaAiSearch", Only(Vertex, &Any)),
]);

const FUNCTION_DECLARATION: Kind = Object(&[
    ("description", Text),
    ("name", Text),
    ("parameters", Any),
    ("parametersJsonSchema", Any),
    ("response", Any),
    ("responseJsonSchema", Any),
    ("behavior", Word(Behavior::KNOWN)),
]);

const CONTENT: Kind = Object(&[("parts", List(&PART)), ("role", Text)]);

const PART: Kind = Object(&[
    ("text", Text),
    ("thought", Truth),
    ("thoughtSignature", Text),
    ("inlineData", BLOB),
    ("fileData", Any),
    ("functionCall", Any),
    ("functionResponse", Any),
    ("executableCode", Any),
    ("codeExecutionResult", Any),
    ("videoMetadata", Any),
    ("mediaResolution", Any),
    ("toolCall", Only(Developer, &Any)),
    ("toolResponse", Only(Developer, &Any)),
    ("partMetadata", Only(Developer, &Any)),
    ("audioTranscription", Any),
    ("mediaProcessing", Any),
    ("speechMetadata", Any),
    ("documentMetadata", Any),
    ("spreadsheetMetadata", Any),
    ("audioMetadata", Any),
]);

const BLOB: Kind = Object(&[("data", Text), ("displayName", Text), ("mimeType", Text)]);

const CLIENT_CONTENT: &[Member] = &[("turns", List(&CONTENT)), ("turnComplete", Truth)];

const REALTIME_INPUT: &[Member] = &[
    ("mediaChunks", List(&BLOB)),
    ("audio", BLOB),
    ("audioStreamEnd", Only(Developer, &Truth)),
    ("video", BLOB),
    ("text", Text),
    ("activityStart", Object(&[])),
    ("activityEnd", Object(&[])),
];

const FUNCTION_RESPONSE: Kind = Object(&[
    ("willContinue", Only(Developer, &Truth)),
    ("scheduling", Word(FunctionResponseScheduling::KNOWN)),
    ("parts", List(&Any)),
    ("id", Text),
    ("name", Text),
    ("response", Any),
]);

const CONTEXT_UPDATE: &[Member] = &[
    ("systemInstruction", CONTENT),
    ("tools", Object(&[("tools", List(&TOOL))])),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_are_one_name() {
        for (name, camel_case) in [
            ("client_content", "clientContent"),
            ("clientContent", "clientContent"),
            ("prefix_padding_ms", "prefixPaddingMs"),
            ("", ""),
            ("_x_", "X"),
        ] {
            assert_eq!(camel(name), camel_case);
        }
        assert_eq!(
            snake("initialHistoryInClientContent"),
            "initial_history_in_client_content"
        );
    }

    #[test]
    fn a_null_is_the_same_as_absent() {
        let message = json!({"setup": {"model": null, "tools": null, "labels": null}});
        assert_eq!(check(&message, Developer), Ok(()));
        assert!(check(&message, Vertex).is_err());
    }
}
