//! What frames say, read without our own codecs: an audit that trusted them would share their faults.

mod gemini;
mod live;
mod openai;

use antiphon_protocol::Frame;
use serde_json::Value;

use crate::tap::Way;

/// One thing that a frame says, as far as the rules of the audit care.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    /// The client opens a conversation, or goes on with one by a handle.
    Opened { resumes: Option<String> },
    /// The server gives a handle, which leads to this moment.
    Handle(String),
    /// The server has opened it.
    Started,
    /// The server asks for a call, or for work.
    Called(String),
    /// The server no longer wants these answered.
    Withdrawn(Vec<String>),
    /// The client tells a new conversation of a call that another one asked for.
    AskedBefore(String),
    /// The client tells a new conversation of an answer that another one was given.
    AnsweredBefore(String),
    /// The client answers a call.
    Answered(String),
    /// The client asks for a response.
    Asked,
    /// A response begins.
    Began(String),
    /// A response is over, and what it used in tokens.
    Done { response: String, tokens: u64 },
    /// The server has spent tokens besides.
    Spent(u64),
    /// What the connection has used so far, in seconds.
    Used(f64),
    /// The server refuses something.
    Refused(String),
    /// The server sends so many bytes of audio of an item.
    Spoken { item: String, bytes: u64 },
    /// The client shortens an item to so many milliseconds.
    Shortened { item: String, millis: u64 },
    /// The client sends so many bytes of audio.
    Heard(u64),
    /// The client tells the model the words that lead over to this change.
    Told(u64),
    /// The client gives instructions, in the place of those before, in which such words stand.
    Instructed(Vec<u64>),
}

impl Fact {
    /// Whether it is only that somebody speaks.
    pub(super) const fn is_audio(&self) -> bool {
        matches!(self, Self::Heard(_) | Self::Spoken { .. })
    }
}

/// The language of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Dialect {
    OpenAi,
    Live,
    Gemini,
}

/// The longest frame that can ask for a call here, in bytes.
const CALL: usize = 1 << 10;

impl Dialect {
    /// The language of the wire of this name.
    pub(in crate::sim) fn of(wire: &str) -> Self {
        match wire {
            name if name.starts_with("gpt-live") => Self::Live,
            name if name.starts_with("gemini") => Self::Gemini,
            _ => Self::OpenAi,
        }
    }

    /// Whether the server asks for a call, or for work.
    pub(in crate::sim) fn asks_for_work(self, frame: &Frame) -> bool {
        let asks = |fact: &Fact| matches!(fact, Fact::Called(_));
        frame.data.len() < CALL && self.read(Way::In, frame).iter().any(asks)
    }

    /// What `frame` says; nothing when it says nothing that matters.
    pub(super) fn read(self, way: Way, frame: &Frame) -> Vec<Fact> {
        let member: &[u8] = match (self, way) {
            (Self::OpenAi | Self::Live, Way::Out) => b"\"audio\":\"",
            (Self::Gemini, Way::Out) => b"\"data\":\"",
            // Of the continuous track nothing but its length would matter, and nobody asks for it.
            (Self::Live, Way::In) if is_track(&frame.data) => return Vec::new(),
            (_, Way::In) => b"",
        };
        if let Some(bytes) = payload(&frame.data, member) {
            return vec![Fact::Heard(bytes)];
        }
        let Ok(value) = serde_json::from_slice::<Value>(&frame.data) else {
            return Vec::new();
        };
        let mut facts = Vec::new();
        match (self, way) {
            (Self::OpenAi, Way::In) => openai::server(&value, &mut facts),
            (Self::OpenAi, Way::Out) => openai::client(&value, &mut facts),
            (Self::Live, Way::In) => live::server(&value, &mut facts),
            (Self::Live, Way::Out) => live::client(&value, &mut facts),
            (Self::Gemini, Way::In) => gemini::server(&value, &mut facts),
            (Self::Gemini, Way::Out) => gemini::client(&value, &mut facts),
        }
        match way {
            Way::Out if self == Self::Gemini && gemini::instructs(&value) => {
                facts.push(Fact::Instructed(bridges(&frame.data).collect()));
            }
            Way::Out => facts.extend(bridges(&frame.data).map(Fact::Told)),
            Way::In => {}
        }
        facts
    }
}

/// Frames of the caller's audio are most of a call, and need no parser.
fn payload(data: &[u8], member: &[u8]) -> Option<u64> {
    let head = data.get(..data.len().min(160))?;
    let start = (!member.is_empty())
        .then(|| head.windows(member.len()).position(|bytes| bytes == member))??
        + member.len();
    let rest = data.get(start..)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    decoded(rest.get(..end)?)
}

/// How the words begin that lead over to a change, before its number.
pub(in crate::sim) const BRIDGE: &str = "This is number ";

/// The numbers of the changes to which words in a frame lead over.
fn bridges(data: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let text = str::from_utf8(data).unwrap_or_default();
    text.split(BRIDGE).skip(1).filter_map(|rest| {
        let (number, _) = rest.split_once('.')?;
        number.parse().ok()
    })
}

fn is_track(data: &[u8]) -> bool {
    let name = b"session.output_audio.delta";
    let head = data.get(..data.len().min(160)).unwrap_or_default();
    head.windows(name.len()).any(|bytes| bytes == name)
}

/// How many bytes a base64 text stands for.
fn decoded(text: &[u8]) -> Option<u64> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let bytes = (text.len() / 4 * 3).checked_sub(padding)?;
    u64::try_from(bytes).ok()
}

/// The text under a path such as `/item/call_id`.
fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path)?.as_str()
}

fn owned(value: &Value, path: &str) -> String {
    text(value, path).unwrap_or_default().to_owned()
}

fn number(value: &Value, path: &str) -> u64 {
    value
        .pointer(path)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, way: Way, text: &str) -> Vec<Fact> {
        dialect.read(way, &Frame::text(text))
    }

    #[test]
    fn each_language_is_read() {
        let id = || "c".to_owned();
        let rows = [
            (
                Dialect::OpenAi,
                Way::Out,
                r#"{"type":"input_audio_buffer.append","audio":"AAAAAA=="}"#,
                vec![Fact::Heard(4)],
            ),
            (
                Dialect::OpenAi,
                Way::Out,
                r#"{"type":"conversation.item.create","item":{"id":"ap_9_0","type":"function_call_output","call_id":"c"}}"#,
                vec![Fact::Answered(id())],
            ),
            (
                Dialect::OpenAi,
                Way::Out,
                r#"{"type":"conversation.item.create","item":{"id":"ap_seed_1","type":"function_call_output","call_id":"c"}}"#,
                vec![Fact::AnsweredBefore(id())],
            ),
            (
                Dialect::OpenAi,
                Way::Out,
                r#"{"type":"conversation.item.create","item":{"id":"ap_seed_0","type":"function_call","call_id":"c"}}"#,
                vec![Fact::AskedBefore(id())],
            ),
            (
                Dialect::OpenAi,
                Way::In,
                r#"{"type":"response.done","response":{"id":"r","usage":{"total_tokens":7}}}"#,
                vec![Fact::Done {
                    response: "r".to_owned(),
                    tokens: 7,
                }],
            ),
            (
                Dialect::OpenAi,
                Way::Out,
                r#"{"type":"conversation.item.create","item":{"id":"ap_9_0","type":"message","content":[{"type":"input_text","text":"This is number 3."}]}}"#,
                vec![Fact::Told(3)],
            ),
            (
                Dialect::Gemini,
                Way::Out,
                r#"{"contextUpdate":{"systemInstruction":{"parts":[{"text":"This is number 12."}]}}}"#,
                vec![Fact::Instructed(vec![12])],
            ),
            (
                Dialect::Live,
                Way::In,
                r#"{"type":"response.event","event":{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c"}}}"#,
                vec![Fact::Called(id())],
            ),
            (
                Dialect::Live,
                Way::Out,
                r#"{"type":"session.commentary.append","content":"x","delegation_id":"c"}"#,
                vec![Fact::Answered(id())],
            ),
            (
                Dialect::Gemini,
                Way::In,
                r#"{"toolCall":{"functionCalls":[{"id":"c","name":"f"}]},"usageMetadata":{"promptTokenCount":3,"responseTokenCount":4}}"#,
                vec![Fact::Called(id()), Fact::Spent(7)],
            ),
            (
                Dialect::Gemini,
                Way::Out,
                r#"{"setup":{"sessionResumption":{"handle":"h"}}}"#,
                vec![Fact::Opened {
                    resumes: Some("h".to_owned()),
                }],
            ),
        ];
        for (dialect, way, frame, facts) in rows {
            assert_eq!(read(dialect, way, frame), facts, "{frame}");
        }
    }
}
