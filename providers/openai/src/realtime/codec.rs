//! One connection's translator.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    AudioFormat, Codec, Command, CommandId, Event, Frame, ItemId, ResponseId, ServerError, Signal,
    Sink, Subject, Unsupported,
    media::{AudioEncoder, Recent},
};
use serde_json::{Map, Value};

use super::{
    aside::Aside,
    awaited::Awaited,
    config::Rules,
    desired::Desired,
    media,
    opening::{Opening, Seed, Step},
};
use crate::{calls::Calls, names, receipts::Receipts};

/// Most items that are known to be unfinished at once.
const OPEN_ITEMS: usize = 256;

/// The translator of OpenAI Realtime.
pub(crate) struct RealtimeCodec {
    pub(super) subject: Subject,
    pub(super) rules: Rules,
    pub(super) opening: Opening,
    pub(super) desired: Desired,
    pub(super) receipts: Receipts<Awaited>,
    pub(super) calls: Calls,
    pub(super) aside: Aside,
    pub(super) encoder: AudioEncoder,
    pub(super) output_format: AudioFormat,
    /// The ids of the audio that is being spoken: hundreds of frames share them.
    pub(super) spoken: (Recent<ItemId>, Recent<ResponseId>),
    /// Items that joined the conversation and are not complete.
    pub(super) open_items: Vec<ItemId>,
    /// The item whose speech the server's own detector ended last: it commits that by itself.
    pub(super) ended_by_server: Option<String>,
    pub(super) is_started: bool,
    /// How many items of history this side replays.
    pub(super) replayed: usize,
    session: Map<String, Value>,
}

/// What a codec is made from.
pub(crate) struct Plan {
    pub(crate) subject: Subject,
    pub(crate) rules: Rules,
    pub(crate) session: Map<String, Value>,
    pub(crate) seed: Seed,
    pub(crate) output_format: AudioFormat,
}

impl RealtimeCodec {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            subject: plan.subject,
            rules: plan.rules,
            replayed: plan.seed.len(),
            opening: Opening::Configuring { seed: plan.seed },
            desired: Desired::new(&plan.session),
            receipts: Receipts::default(),
            calls: Calls::default(),
            aside: Aside::default(),
            encoder: media::append(),
            output_format: plan.output_format,
            spoken: <_>::default(),
            open_items: Vec::new(),
            ended_by_server: None,
            is_started: false,
            session: plan.session,
        }
    }

    /// Carries out a step of the opening.
    pub(super) fn step(&mut self, step: Step, out: &mut dyn Sink) {
        match step {
            Step::Wait => {}
            Step::Send(frames) => frames.iter().for_each(|event| out.send(frame(event))),
            Step::Ready { seeded } => out.signal(Signal::Ready {
                resumed: false,
                seeded,
            }),
        }
    }

    /// Acknowledges the oldest command that this settles.
    pub(super) fn acknowledge(
        &mut self,
        is_settled: impl Fn(&Awaited) -> bool,
        out: &mut dyn Sink,
    ) {
        if let Some(id) = self.receipts.settle(is_settled) {
            out.signal(Signal::Ack(id));
        }
    }

    /// The service has refused a command.
    pub(super) fn reject(&mut self, id: CommandId, error: ServerError, out: &mut dyn Sink) {
        self.receipts.refuse(id);
        self.desired.refused(id);
        out.signal(Signal::Reject(id, error));
    }

    /// An item joined the conversation and is not complete.
    pub(super) fn item_begun(&mut self, id: &ItemId) {
        if self.open_items.contains(id) {
            return;
        }
        if self.open_items.len() >= OPEN_ITEMS {
            self.open_items.remove(0);
        }
        self.open_items.push(id.clone());
    }

    /// Whether the item was known to be incomplete; it no longer is.
    pub(super) fn item_finished(&mut self, id: &ItemId) -> bool {
        let place = self.open_items.iter().position(|open| open == id);
        place.map(|place| self.open_items.remove(place)).is_some()
    }
}

impl Codec for RealtimeCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        let session = std::mem::take(&mut self.session);
        out.send(session_update(names::OPENING.to_owned(), session));
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
}

/// A frame of the generated types.
pub(super) fn frame(event: &wire::ClientEvent) -> Frame {
    let mut json = Vec::with_capacity(256);
    event.write_json(&mut json);
    Frame::text_bytes(json)
}

/// `session.update` with a session object that may hold members of the caller's own.
pub(super) fn session_update(event_id: String, session: Map<String, Value>) -> Frame {
    let mut update = Map::new();
    update.insert("type".to_owned(), "session.update".into());
    update.insert("event_id".to_owned(), event_id.into());
    update.insert("session".to_owned(), Value::Object(session));
    Frame::text(Value::Object(update).to_string())
}
