//! What a caller asked, written down.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{
    Command, Context, ContextKind, DelegationId, Item, ItemId, OutputModality, RawJson, ResponseId,
    ResponseOptions, SessionConfig, ToolChoice, ToolResult, VideoFrame,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Update, engine::Verb, snapshot::SavedItem};

/// A verb, with what it carries. Content stays out of debug output.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SavedVerb {
    Audio {
        base64: String,
    },
    Text(String),
    Interrupt,
    History,
    Mute(bool),
    Update {
        config: SessionConfig,
        bridge: Option<String>,
        quiet_within: Duration,
    },
    Usage,
    Snapshot,
    CommitAudio,
    ClearAudio,
    ActivityStart,
    ActivityEnd,
    AudioStreamEnd,
    Video {
        mime: String,
        base64: String,
    },
    AddItems(Vec<SavedItem>),
    Context {
        kind: ContextKind,
        text: String,
        delegation: Option<DelegationId>,
    },
    ToolResults(Vec<ToolResult>),
    CreateResponse {
        instructions: Option<String>,
        output: Option<OutputModality>,
        tool_choice: Option<ToolChoice>,
        max_output_tokens: Option<u32>,
    },
    CancelResponse(Option<ResponseId>),
    Truncate {
        item: ItemId,
        content_index: u32,
        heard: u64,
    },
    DeleteItem(ItemId),
    Configure(SessionConfig),
    Native(String),
    Release(DelegationId),
}

impl std::fmt::Debug for SavedVerb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SavedVerb")
    }
}

impl SavedVerb {
    pub(crate) fn of(verb: &Verb) -> Option<Self> {
        Some(match verb {
            Verb::Audio(data) => Self::Audio {
                base64: encoded(data),
            },
            Verb::Text(text) => Self::Text(text.clone()),
            Verb::Say(command) => return Self::of_command(command),
            Verb::Interrupt => Self::Interrupt,
            Verb::History => Self::History,
            Verb::Mute(muted) => Self::Mute(*muted),
            Verb::Update(update) => {
                let (config, bridge, quiet_within) = update.resolved()?;
                Self::Update {
                    config: config.clone(),
                    bridge: bridge.map(str::to_owned),
                    quiet_within,
                }
            }
            Verb::Usage => Self::Usage,
            Verb::Snapshot => Self::Snapshot,
            Verb::Release(delegation) => Self::Release(delegation.clone()),
        })
    }

    fn of_command(command: &Command) -> Option<Self> {
        Some(match command {
            Command::Audio(data) => Self::Audio {
                base64: encoded(data),
            },
            Command::CommitAudio => Self::CommitAudio,
            Command::ClearAudio => Self::ClearAudio,
            Command::ActivityStart => Self::ActivityStart,
            Command::ActivityEnd => Self::ActivityEnd,
            Command::AudioStreamEnd => Self::AudioStreamEnd,
            Command::Video(frame) => Self::Video {
                mime: frame.mime.clone(),
                base64: encoded(&frame.data),
            },
            Command::AddItems(items) => {
                Self::AddItems(items.iter().cloned().map(Into::into).collect())
            }
            Command::Context(context) => Self::Context {
                kind: context.kind,
                text: context.text.clone(),
                delegation: context.delegation.clone(),
            },
            Command::ToolResults(results) => Self::ToolResults(results.clone()),
            Command::CreateResponse(options) => Self::CreateResponse {
                instructions: options.instructions.clone(),
                output: options.output,
                tool_choice: options.tool_choice.clone(),
                max_output_tokens: options.max_output_tokens,
            },
            Command::CancelResponse(response) => Self::CancelResponse(response.clone()),
            Command::Truncate {
                item,
                content_index,
                heard,
            } => Self::Truncate {
                item: item.clone(),
                content_index: *content_index,
                heard: *heard,
            },
            Command::DeleteItem(item) => Self::DeleteItem(item.clone()),
            Command::Configure(config) => Self::Configure((**config).clone()),
            Command::Native(frame) => Self::Native(frame.0.get().to_owned()),
            // A command of a later version has no word here.
            _ => return None,
        })
    }

    /// The same again; `None` when what it carries is damaged.
    #[cfg(feature = "testing")]
    pub(crate) fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::Audio { base64 } => Verb::Audio(decoded(base64)?),
            Self::Text(text) => Verb::Text(text.clone()),
            Self::Interrupt => Verb::Interrupt,
            Self::History => Verb::History,
            Self::Mute(muted) => Verb::Mute(*muted),
            Self::Update {
                config,
                bridge,
                quiet_within,
            } => {
                let update = Update::to(config.clone()).quiet_within(*quiet_within);
                Verb::Update(match bridge {
                    Some(words) => update.bridge(words.as_str()),
                    None => update,
                })
            }
            Self::Usage => Verb::Usage,
            Self::Snapshot => Verb::Snapshot,
            Self::Release(delegation) => Verb::Release(delegation.clone()),
            _ => Verb::Say(self.command()?),
        })
    }

    #[cfg(feature = "testing")]
    fn command(&self) -> Option<Command> {
        Some(match self {
            Self::CommitAudio => Command::CommitAudio,
            Self::ClearAudio => Command::ClearAudio,
            Self::ActivityStart => Command::ActivityStart,
            Self::ActivityEnd => Command::ActivityEnd,
            Self::AudioStreamEnd => Command::AudioStreamEnd,
            Self::Video { mime, base64 } => Command::Video(VideoFrame {
                mime: mime.clone(),
                data: decoded(base64)?,
            }),
            Self::AddItems(items) => {
                Command::AddItems(items.iter().cloned().map(Item::from).collect())
            }
            Self::Context {
                kind,
                text,
                delegation,
            } => Command::Context(Context {
                kind: *kind,
                text: text.clone(),
                delegation: delegation.clone(),
            }),
            Self::ToolResults(results) => Command::ToolResults(results.clone()),
            Self::CreateResponse {
                instructions,
                output,
                tool_choice,
                max_output_tokens,
            } => {
                let mut options = ResponseOptions::default();
                options.instructions.clone_from(instructions);
                options.output = *output;
                options.tool_choice.clone_from(tool_choice);
                options.max_output_tokens = *max_output_tokens;
                Command::CreateResponse(options)
            }
            Self::CancelResponse(response) => Command::CancelResponse(response.clone()),
            Self::Truncate {
                item,
                content_index,
                heard,
            } => Command::Truncate {
                item: item.clone(),
                content_index: *content_index,
                heard: *heard,
            },
            Self::DeleteItem(item) => Command::DeleteItem(item.clone()),
            Self::Configure(config) => Command::Configure(Arc::new(config.clone())),
            Self::Native(json) => {
                let json = RawValue::from_string(json.clone()).ok()?;
                Command::Native(Box::new(RawJson(json)))
            }
            _ => return None,
        })
    }
}

fn encoded(data: &Bytes) -> String {
    base64_simd::STANDARD.encode_to_string(data)
}

#[cfg(feature = "testing")]
fn decoded(base64: &str) -> Option<Bytes> {
    let data = base64_simd::STANDARD.decode_to_vec(base64).ok()?;
    Some(Bytes::from(data))
}
