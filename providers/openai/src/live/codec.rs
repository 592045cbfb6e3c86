//! One connection's translator.

use antiphon_openai_live_types as wire;
use antiphon_protocol::{
    AudioFormat, Codec, Command, CommandId, Event, Frame, Seeded, ServerError, Signal, Sink,
    Subject, Unsupported, media::AudioEncoder,
};
use serde_json::{Map, Value};

use super::{
    config::Rules,
    desired::Desired,
    history::History,
    media,
    nested::Nested,
    opening::{Stage, Target},
};
use crate::{names, receipts::Receipts};

/// Id of the goodbye.
pub(super) const GOODBYE: &str = "ap_close";

/// What shows that a command was carried out: an event of this type, which may name the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    /// Event id of the frame.
    pub(super) frame: String,
    /// Type of the event.
    pub(super) event: &'static str,
}

/// The translator of GPT-Live.
pub(crate) struct LiveCodec {
    pub(super) subject: Subject,
    pub(super) rules: Rules,
    pub(super) stage: Stage,
    pub(super) desired: Desired,
    pub(super) receipts: Receipts<Awaited>,
    pub(super) nested: Nested,
    pub(super) encoder: AudioEncoder,
    pub(super) format: AudioFormat,
    /// Whether all of the history there was is part of what opens the session.
    pub(super) seeded: Seeded,
    opening: Map<String, Value>,
}

/// What a codec is made from.
pub(crate) struct Plan {
    pub(crate) subject: Subject,
    pub(crate) rules: Rules,
    pub(crate) session: Map<String, Value>,
    pub(crate) history: History,
    pub(crate) format: AudioFormat,
}

impl LiveCodec {
    pub(crate) fn new(plan: Plan) -> Self {
        let desired = Desired::new(&plan.session);
        let mut opening = plan.session;
        if !plan.history.messages.is_empty()
            && !opening.contains_key("input")
            && let Ok(input) = serde_json::to_value(&plan.history.messages)
        {
            opening.insert("input".to_owned(), input);
        }
        Self {
            subject: plan.subject,
            rules: plan.rules,
            stage: Stage::Opening,
            desired,
            receipts: Receipts::default(),
            nested: Nested::default(),
            encoder: media::append(),
            format: plan.format,
            seeded: plan.history.seeded,
            opening,
        }
    }

    /// The connection is in use from here on.
    pub(super) fn ready(&mut self, out: &mut dyn Sink) {
        if self.stage == Stage::Opening {
            self.stage = Stage::Ready;
            out.signal(Signal::Ready {
                resumed: false,
                seeded: self.seeded.clone(),
            });
        }
    }

    /// Acknowledges what an event of this type settles: the frame it names, else the oldest. Tells
    /// the command whose last frame it was.
    pub(super) fn acknowledge(
        &mut self,
        event: &str,
        frame: Option<&str>,
        out: &mut dyn Sink,
    ) -> Option<CommandId> {
        let id = self.receipts.settle(|awaited| {
            awaited.event == event && frame.is_none_or(|frame| awaited.frame == frame)
        })?;
        if self.receipts.is_open(id) {
            return None;
        }
        out.signal(Signal::Ack(id));
        Some(id)
    }

    /// The service has refused a command.
    pub(super) fn reject(&mut self, id: CommandId, error: ServerError, out: &mut dyn Sink) {
        self.receipts.refuse(id);
        self.desired.refused(id);
        out.signal(Signal::Reject(id, error));
    }
}

impl Codec for LiveCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        let session = std::mem::take(&mut self.opening);
        let opening = names::OPENING.to_owned();
        match self.rules.target {
            Target::Session | Target::Fork(_) => out.send(about("session.start", opening, session)),
            // Nothing answers an attachment, so there is nothing to wait for.
            Target::Attached(_) if session.is_empty() => self.ready(out),
            Target::Attached(_) => out.send(about("session.update", opening, session)),
        }
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        if self.decode_audio(frame, out) {
            return;
        }
        match frame.read(wire::ServerEvent::from_json) {
            Ok((event, text)) => self.event(event, text, out),
            Err(malformed) => out.event(Event::Malformed(malformed)),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        self.command(id, command, out)
    }

    /// A sideband leaves without a word: what it would say ends the session for everybody.
    fn finish(&mut self, out: &mut dyn Sink) {
        if self.rules.target.is_attached() || self.stage != Stage::Ready {
            out.signal(Signal::Finished);
            return;
        }
        self.stage = Stage::Closing;
        send(wire::SessionClose::default().with_event_id(GOODBYE), out);
    }
}

/// A frame about the session, whose object may hold members of the caller's own.
pub(super) fn about(kind: &str, event_id: String, session: Map<String, Value>) -> Frame {
    let mut frame = Map::new();
    frame.insert("type".to_owned(), kind.into());
    frame.insert("event_id".to_owned(), event_id.into());
    frame.insert("session".to_owned(), Value::Object(session));
    Frame::text(Value::Object(frame).to_string())
}

pub(super) fn send(event: impl Into<wire::ClientEvent>, out: &mut dyn Sink) {
    let mut json = Vec::with_capacity(256);
    event.into().write_json(&mut json);
    out.send(Frame::text_bytes(json));
}
