//! A session as another process can go on with it.

use antiphon_protocol::{
    CallId, Content, Heard, Item, ItemId, ItemKind, ItemStatus, RawEvent, ResponseId, ResumeToken,
    Role, Secret, SessionConfig, ToolCall, ToolResult,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use serde_json::value::RawValue;

use crate::{UsageTotals, engine::Kept};

/// A session at one moment, to be continued by another process: see
/// [`Session::snapshot`](crate::Session::snapshot) and
/// [`SessionBuilder::restore`](crate::SessionBuilder::restore).
///
/// It holds what was said, and so is as private as the conversation. The provider's handle, which is
/// as secret as a key, is part of it but is left out when it is serialised, unless asked for by name:
/// [`Snapshot::exposing_secrets`]. Without it the conversation goes on from its history.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub(crate) provider: String,
    pub(crate) session_id: Option<String>,
    pub(crate) config: SessionConfig,
    pub(crate) history: Vec<SavedItem>,
    pub(crate) open_calls: Vec<ToolCall>,
    /// Open calls whose tools had not begun and will not.
    #[serde(default)]
    pub(crate) untouched_calls: Vec<CallId>,
    pub(crate) closed_calls: Vec<CallId>,
    /// Open calls that the provider's handle does not lead to: it was given before they were made.
    #[serde(default)]
    pub(crate) unreached_calls: Vec<CallId>,
    pub(crate) playhead: Vec<SavedHeard>,
    pub(crate) usage: UsageTotals,
    /// Responses that are in the usage and must not be counted again.
    #[serde(default)]
    pub(crate) counted: Vec<ResponseId>,
    pub(crate) response_open: bool,
    #[serde(default, skip_serializing, deserialize_with = "token")]
    pub(crate) resume: Option<ResumeToken>,
}

/// Content stays out of debug output.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("provider", &self.provider)
            .field("items", &self.history.len())
            .field("open_calls", &self.open_calls)
            .field("resumable", &self.resume.is_some())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The provider's name; another one cannot go on with its handle.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The provider's id of the session.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// What the session was configured as, with what was wished and was still on its way.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// The calls that wait for an answer. Whoever goes on answers them, once; see
    /// [`Snapshot::is_untouched`] for whether their tools may run.
    pub fn open_calls(&self) -> &[ToolCall] {
        &self.open_calls
    }

    /// Whether the tool of a call has certainly not begun, and will not, in the process that took the
    /// snapshot. A session does not run tools and so does not know: unless
    /// [`Snapshot::with_untouched`] said so, any tool may have begun.
    pub fn is_untouched(&self, call: &CallId) -> bool {
        self.untouched_calls.contains(call)
    }

    /// States of which calls the tools have not begun and will not begin in this process.
    #[must_use]
    pub fn with_untouched(mut self, calls: Vec<CallId>) -> Self {
        self.untouched_calls = calls;
        self
    }

    /// What was used.
    pub fn usage(&self) -> UsageTotals {
        self.usage
    }

    /// What was said, as far as it was heard.
    pub fn history(&self) -> Vec<Item> {
        self.history.iter().cloned().map(Into::into).collect()
    }

    /// Whether the provider gave a handle to continue by.
    pub fn is_resumable(&self) -> bool {
        self.resume.is_some()
    }

    /// The same to be serialised with the provider's handle in clear text. Whoever reads it can take
    /// the call over.
    pub fn exposing_secrets(&self) -> ExposedSnapshot<'_> {
        ExposedSnapshot(self)
    }
}

/// A [`Snapshot`] that serialises its secrets, too.
pub struct ExposedSnapshot<'a>(&'a Snapshot);

impl std::fmt::Debug for ExposedSnapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ExposedSnapshot<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = self.0;
        let mut all = serializer.serialize_struct("Snapshot", 12)?;
        all.serialize_field("provider", &kept.provider)?;
        all.serialize_field("session_id", &kept.session_id)?;
        all.serialize_field("config", &kept.config)?;
        all.serialize_field("history", &kept.history)?;
        all.serialize_field("open_calls", &kept.open_calls)?;
        all.serialize_field("untouched_calls", &kept.untouched_calls)?;
        all.serialize_field("closed_calls", &kept.closed_calls)?;
        all.serialize_field("unreached_calls", &kept.unreached_calls)?;
        all.serialize_field("playhead", &kept.playhead)?;
        all.serialize_field("usage", &kept.usage)?;
        all.serialize_field("counted", &kept.counted)?;
        all.serialize_field("response_open", &kept.response_open)?;
        let token = kept.resume.as_ref().map(|token| token.0.expose());
        all.serialize_field("resume", &token)?;
        all.end()
    }
}

fn token<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<ResumeToken>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.map(|text| ResumeToken(Secret::from(text))))
}

/// How much of an item was heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedHeard {
    item: Option<ItemId>,
    heard: u64,
    produced: u64,
}

impl From<Heard> for SavedHeard {
    fn from(heard: Heard) -> Self {
        Self {
            item: heard.item,
            heard: heard.heard,
            produced: heard.produced,
        }
    }
}

/// An entry of the conversation, whole: what the neutral language shows of an image is its size only.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedItem {
    id: Option<ItemId>,
    status: SavedStatus,
    /// Whether it is an order of the application's, which some resumed connections must be given again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    order: bool,
    #[serde(flatten)]
    kind: SavedKind,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedStatus {
    InProgress,
    Completed,
    Incomplete,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum SavedKind {
    Message {
        role: SavedRole,
        parts: Vec<SavedPart>,
    },
    ToolCall {
        call: ToolCall,
    },
    ToolResult {
        result: ToolResult,
    },
    Other {
        name: String,
        json: String,
    },
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedRole {
    System,
    User,
    Assistant,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "part")]
enum SavedPart {
    Text { text: String },
    Audio { transcript: Option<String> },
    Image { mime: String, base64: String },
    Other { name: String, json: String },
}

impl From<Kept> for SavedItem {
    fn from(kept: Kept) -> Self {
        Self {
            order: kept.order,
            ..kept.item.into()
        }
    }
}

impl From<SavedItem> for Kept {
    fn from(saved: SavedItem) -> Self {
        Self {
            order: saved.order,
            item: saved.into(),
        }
    }
}

impl From<Item> for SavedItem {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            order: false,
            status: match item.status {
                ItemStatus::InProgress => SavedStatus::InProgress,
                ItemStatus::Completed => SavedStatus::Completed,
                ItemStatus::Incomplete => SavedStatus::Incomplete,
            },
            kind: match item.kind {
                ItemKind::Message { role, content } => SavedKind::Message {
                    role: match role {
                        Role::User => SavedRole::User,
                        Role::Assistant => SavedRole::Assistant,
                        _ => SavedRole::System,
                    },
                    parts: content.into_iter().filter_map(saved_part).collect(),
                },
                ItemKind::ToolCall(call) => SavedKind::ToolCall { call },
                ItemKind::ToolResult(result) => SavedKind::ToolResult { result },
                ItemKind::Other(raw) => SavedKind::Other {
                    name: raw.name().to_owned(),
                    json: raw.json().to_owned(),
                },
                // A kind of a later version has nothing here to be kept in.
                _ => SavedKind::Other {
                    name: "unknown".to_owned(),
                    json: "null".to_owned(),
                },
            },
        }
    }
}

fn saved_part(content: Content) -> Option<SavedPart> {
    Some(match content {
        Content::Text(text) => SavedPart::Text { text },
        Content::Audio { transcript } => SavedPart::Audio { transcript },
        Content::Image { mime, data } => SavedPart::Image {
            mime,
            base64: base64_simd::STANDARD.encode_to_string(&data),
        },
        Content::Other(raw) => SavedPart::Other {
            name: raw.name().to_owned(),
            json: raw.json().to_owned(),
        },
        _ => return None,
    })
}

impl From<SavedItem> for Item {
    fn from(saved: SavedItem) -> Self {
        let kind = match saved.kind {
            SavedKind::Message { role, parts } => ItemKind::Message {
                role: match role {
                    SavedRole::System => Role::System,
                    SavedRole::User => Role::User,
                    SavedRole::Assistant => Role::Assistant,
                },
                content: parts.into_iter().map(part).collect(),
            },
            SavedKind::ToolCall { call } => ItemKind::ToolCall(call),
            SavedKind::ToolResult { result } => ItemKind::ToolResult(result),
            SavedKind::Other { name, json } => ItemKind::Other(raw(name, json)),
        };
        Self {
            id: saved.id,
            status: match saved.status {
                SavedStatus::Completed => ItemStatus::Completed,
                // The process that was making it is gone.
                SavedStatus::InProgress | SavedStatus::Incomplete => ItemStatus::Incomplete,
            },
            kind,
        }
    }
}

fn part(saved: SavedPart) -> Content {
    match saved {
        SavedPart::Text { text } => Content::Text(text),
        SavedPart::Audio { transcript } => Content::Audio { transcript },
        SavedPart::Image { mime, base64 } => Content::Image {
            mime,
            data: base64_simd::STANDARD
                .decode_to_vec(base64)
                .map_or_else(|_| Bytes::new(), Bytes::from),
        },
        SavedPart::Other { name, json } => Content::Other(raw(name, json)),
    }
}

fn raw(name: String, json: String) -> RawEvent {
    let json = RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned());
    RawEvent::new(name, json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        let picture = Item::new(ItemKind::Message {
            role: Role::User,
            content: vec![
                Content::Text("what is this?".into()),
                Content::Image {
                    mime: "image/png".into(),
                    data: Bytes::from_static(b"\x89PNG"),
                },
            ],
        });
        let result = ToolResult::new("c".into(), "tool", "ok");
        Snapshot {
            provider: "toy".into(),
            session_id: Some("s".into()),
            config: SessionConfig::new("m").instructions("be brief"),
            history: [picture, Item::new(ItemKind::ToolResult(result))]
                .map(Into::into)
                .to_vec(),
            open_calls: Vec::new(),
            untouched_calls: vec!["u".into()],
            closed_calls: vec!["c".into()],
            unreached_calls: Vec::new(),
            playhead: Vec::new(),
            usage: UsageTotals::default(),
            counted: vec!["r".into()],
            response_open: true,
            resume: Some(ResumeToken(Secret::from("canary-handle"))),
        }
    }

    #[test]
    fn it_survives_json_and_its_handle_only_when_asked_for_by_name() {
        let kept = snapshot();
        let plain = serde_json::to_string(&kept).unwrap();
        assert!(!plain.contains("canary"), "{plain}");
        assert!(!format!("{kept:?}{:?}", kept.exposing_secrets()).contains("canary"));
        let read: Snapshot = serde_json::from_str(&plain).unwrap();
        assert!(!read.is_resumable());
        assert_eq!(read.history(), kept.history());

        let exposed = serde_json::to_string(&kept.exposing_secrets()).unwrap();
        let read: Snapshot = serde_json::from_str(&exposed).unwrap();
        assert_eq!(read, kept);
    }
}
