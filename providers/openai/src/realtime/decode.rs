//! Events of the wire in neutral words.
//!
//! What becomes of each event is one match. Whatever has no neutral word arrives as it came: rate
//! limits, hosted tools, responses aside from the conversation, playback on the service's side,
//! content parts, and pieces of a call's arguments, which arrive whole with the call.

use std::time::Duration;

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    AudioChunk, Event, Fault, Frame, Item, ItemId, ItemKind, ItemStatus, ServerError,
    SessionStarted, Signal, Sink, Speech, TextDelta, WallTime, media as path,
};
use serde_json::{Map, Value};
use wire::ServerEvent as Wire;

use super::{
    awaited::Awaited, codec::RealtimeCodec, dialect::reported_output, item, media,
    opening::Opening, usage,
};
use crate::{
    error::{self, Report},
    names::{self, Origin},
    raw::{self, malformed, other},
};

/// Names events had in the beta, and have now. Compatible services still use them.
const BETA: &[(&str, &str)] = &[
    ("response.audio.delta", "response.output_audio.delta"),
    ("response.audio.done", "response.output_audio.done"),
    (
        "response.audio_transcript.delta",
        "response.output_audio_transcript.delta",
    ),
    (
        "response.audio_transcript.done",
        "response.output_audio_transcript.done",
    ),
    ("response.text.delta", "response.output_text.delta"),
    ("response.text.done", "response.output_text.done"),
];

/// Largest report of a new session that is kept to return to its defaults.
const LARGEST_DEFAULTS: usize = 32 << 10;

impl RealtimeCodec {
    /// The quick way of the frames that most of a conversation consists of. `false` leaves the
    /// frame to the full parser.
    pub(super) fn decode_audio(&mut self, frame: &Frame, out: &mut dyn Sink) -> bool {
        let Some(found) = path::scan(&frame.data, &media::DELTA) else {
            return false;
        };
        if self.aside.holds(found.response) {
            return false;
        }
        let Ok(data) = found.decode() else {
            return false;
        };
        self.desired.has_spoken = true;
        let torn = self.output_format.breaks_off(data.len());
        out.event(Event::Audio(AudioChunk {
            item: found.item.map(|id| self.spoken.0.id(id)),
            content_index: found.content_index.unwrap_or(0),
            response: found.response.map(|id| self.spoken.1.id(id)),
            ..AudioChunk::new(data, self.output_format)
        }));
        if torn {
            out.event(raw::torn("response.output_audio.delta", frame.len()));
        }
        true
    }

    /// One event. The session's own are read here, the rest by subject.
    pub(super) fn event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        if self.event_aside(&event, text, out) {
            return;
        }
        match event {
            Wire::Error(event) => self.error(&Report::from(&event.error), out),
            Wire::SessionCreated(event) => self.session_created(&event.session, text, out),
            Wire::SessionUpdated(event) => self.session_updated(&event.session, out),
            Wire::Unknown(event) => self.unknown(event.event_type(), text, out),
            Wire::Degraded(event) if event.event_type() == "error" => {
                let event = serde_json::from_str(text).unwrap_or(Value::Null);
                self.error(&Report::lenient(&event), out);
            }
            // Counted, and readable none the less.
            Wire::Degraded(event) => {
                let misfit = event.misfit().to_string();
                out.event(malformed(&misfit, event.event_type(), text.len()));
                out.event(other(event.event_type(), text));
            }
            event => self.item_event(event, text, out),
        }
    }

    /// A name that is new, or was given up.
    fn unknown(&mut self, name: &str, text: &str, out: &mut dyn Sink) {
        let renamed = BETA.iter().find(|(beta, _)| *beta == name);
        let event = renamed.and_then(|(_, now)| {
            let mut event: Map<String, Value> = serde_json::from_str(text).ok()?;
            event.insert("type".to_owned(), (*now).into());
            Wire::from_json(&Value::Object(event).to_string()).ok()
        });
        match event {
            Some(Wire::Degraded(event)) => {
                out.event(malformed(&event.misfit().to_string(), name, text.len()));
                out.event(other(name, text));
            }
            Some(event) => self.event(event, text, out),
            None => out.event(other(name, text)),
        }
    }

    fn session_created(&mut self, session: &wire::Session, text: &str, out: &mut dyn Sink) {
        if text.len() <= LARGEST_DEFAULTS
            && let Ok(Value::Object(members)) = serde_json::to_value(session)
        {
            self.desired.created(&members);
        }
        self.started(session, out);
    }

    fn started(&mut self, session: &wire::Session, out: &mut dyn Sink) {
        self.is_started = true;
        let (id, model, expires) = match session {
            wire::Session::Realtime(session) => (
                session.id.clone(),
                session.model.as_ref().map(ToString::to_string),
                session.expires_at,
            ),
            wire::Session::Transcription(session) => (session.id.clone(), None, session.expires_at),
            _ => (None, None, None),
        };
        // Some services fill it with 0.
        let expires = expires
            .filter(|seconds| *seconds > 0)
            .map(WallTime::from_unix_seconds);
        out.event(Event::SessionStarted(SessionStarted { id, model, expires }));
        if let Some(expires) = expires {
            out.signal(Signal::Expires(expires));
        }
    }

    fn session_updated(&mut self, session: &wire::Session, out: &mut dyn Sink) {
        if !self.is_started {
            self.started(session, out);
        }
        if let wire::Session::Realtime(session) = session
            && let Some(format) = reported_output(session)
        {
            self.output_format = format;
        }
        out.event(Event::Configured);
        if matches!(self.opening, Opening::Configuring { .. }) {
            let step = self.opening.configured();
            self.step(step, out);
        } else {
            self.desired.updated();
            self.acknowledge(|awaited| *awaited == Awaited::Updated, out);
        }
    }

    fn error(&mut self, report: &Report<'_>, out: &mut dyn Sink) {
        let mut error = report.neutral();
        if error.command.is_none() {
            error.command = report.event.and_then(|event| self.receipts.called(event));
        }
        out.event(Event::Error(error.clone()));
        match (&self.opening, report.origin(), error.command) {
            (Opening::Refused, ..) => {}
            (Opening::Seeding { .. }, Some(Origin::Seed(index)), _) => {
                let step = self.opening.rejected(index);
                self.step(step, out);
            }
            (_, _, Some(id)) => self.reject(id, error, out),
            // Nothing else is on its way yet, so that an error without a name is about it too.
            (Opening::Configuring { .. }, ..) => self.refuse(&error, out),
            _ if error.fault == Fault::SessionLimit => out.signal(Signal::GoAway {
                left: Some(Duration::ZERO),
            }),
            _ if error::is_fatal(error.fault) => self.refuse(&error, out),
            _ => {}
        }
    }

    fn refuse(&mut self, error: &ServerError, out: &mut dyn Sink) {
        self.opening = Opening::Refused;
        out.signal(Signal::Refused(error.fault));
    }

    fn item_event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        match event {
            Wire::ConversationItemAdded(event) => {
                self.item_added(&event.item, event.previous_item_id.as_deref(), false, out);
            }
            // The beta has no event for an item's completion.
            Wire::ConversationItemCreated(event) => {
                self.item_added(&event.item, event.previous_item_id.as_deref(), true, out);
            }
            Wire::ConversationItemDone(event) => self.item_done(&event.item, out),
            Wire::ConversationItemTruncated(event) => {
                let item = ItemId::from(event.item_id);
                out.event(Event::ItemTruncated {
                    item: item.clone(),
                    audio_end: Duration::from_millis(event.audio_end_ms),
                });
                self.acknowledge(|awaited| *awaited == Awaited::Truncated(item.clone()), out);
            }
            Wire::ConversationItemDeleted(event) => {
                let item = ItemId::from(event.item_id);
                self.item_finished(&item);
                out.event(Event::ItemDeleted { item: item.clone() });
                self.acknowledge(|awaited| *awaited == Awaited::Deleted(item.clone()), out);
            }
            event => self.input_event(event, text, out),
        }
    }

    fn item_added(
        &mut self,
        item: &wire::Item,
        previous: Option<&str>,
        is_beta: bool,
        out: &mut dyn Sink,
    ) {
        let id = item::id(item);
        if matches!(self.opening, Opening::Seeding { .. }) {
            let step = self.opening.added(id);
            self.step(step, out);
            return;
        }
        if self.is_replayed(id) {
            return;
        }
        if let wire::Item::FunctionCall(call) = item {
            self.call_begun(call);
        }
        let item = self.neutral(item);
        out.event(Event::ItemAdded {
            item: item.clone(),
            previous: previous.map(ItemId::from),
        });
        if let Some(id) = &item.id {
            self.acknowledge(
                |awaited| matches!(awaited, Awaited::Added(added) if added == id.as_str()),
                out,
            );
            if !is_beta || item.status == ItemStatus::InProgress {
                self.item_begun(id);
                return;
            }
        }
        if is_beta {
            out.event(Event::ItemDone { item });
        }
    }

    fn item_done(&mut self, item: &wire::Item, out: &mut dyn Sink) {
        let id = item::id(item);
        if matches!(self.opening, Opening::Seeding { .. }) || self.is_replayed(id) {
            return;
        }
        let item = self.neutral(item);
        if let Some(id) = &item.id {
            self.item_finished(id);
        }
        out.event(Event::ItemDone { item });
    }

    /// An item in neutral words; the answer to a call gets the name that only the call has.
    fn neutral(&self, item: &wire::Item) -> Item {
        let mut item = item::neutral(item);
        if let ItemKind::ToolResult(result) = &mut item.kind
            && let Some(name) = self.calls.name(&result.call)
        {
            name.clone_into(&mut result.name);
        }
        item
    }

    /// Whether an item is of the history that this side replayed: no news to the reader.
    fn is_replayed(&self, id: Option<&str>) -> bool {
        match id.and_then(names::origin) {
            Some(Origin::Seed(index)) => index < self.replayed,
            _ => false,
        }
    }

    fn input_event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        match event {
            Wire::InputAudioBufferSpeechStarted(event) => out.event(Event::SpeechStarted(Speech {
                item: Some(event.item_id.into()),
                at: Some(Duration::from_millis(event.audio_start_ms)),
                derived: false,
            })),
            Wire::InputAudioBufferSpeechStopped(event) => {
                self.ended_by_server = Some(event.item_id.clone());
                out.event(Event::SpeechStopped(Speech {
                    item: Some(event.item_id.into()),
                    at: Some(Duration::from_millis(event.audio_end_ms)),
                    derived: false,
                }));
            }
            Wire::InputAudioBufferCommitted(event) => {
                let by_server = self.ended_by_server.as_deref() == Some(&event.item_id);
                out.event(Event::InputCommitted {
                    item: event.item_id.into(),
                    previous: event.previous_item_id.map(ItemId::from),
                });
                if by_server {
                    self.ended_by_server = None;
                } else {
                    self.acknowledge(|awaited| *awaited == Awaited::Committed, out);
                }
            }
            Wire::InputAudioBufferCleared(_) => {
                out.event(Event::InputCleared);
                self.acknowledge(|awaited| *awaited == Awaited::Cleared, out);
            }
            Wire::ConversationItemInputAudioTranscriptionDelta(event) => {
                out.event(Event::InputTranscript(TextDelta {
                    item: Some(event.item_id.into()),
                    response: None,
                    content_index: index(event.content_index),
                    text: event.delta.unwrap_or_default(),
                    done: false,
                }));
            }
            Wire::ConversationItemInputAudioTranscriptionCompleted(event) => {
                out.event(Event::InputTranscript(TextDelta {
                    item: Some(event.item_id.into()),
                    response: None,
                    content_index: index(event.content_index),
                    text: event.transcript,
                    done: true,
                }));
                if let Some(usage) = event.usage.as_ref().and_then(usage::transcription) {
                    out.event(Event::Usage(usage.into()));
                }
            }
            Wire::ConversationItemInputAudioTranscriptionFailed(event) => {
                out.event(Event::InputTranscriptFailed {
                    item: Some(event.item_id.into()),
                    error: Report::from(&event.error).neutral(),
                });
            }
            event => self.response_event(event, text, out),
        }
    }
}

pub(super) fn index(wire: Option<u64>) -> u32 {
    u32::try_from(wire.unwrap_or(0)).unwrap_or(u32::MAX)
}
