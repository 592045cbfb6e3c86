//! Commands as frames.

use antiphon_openai_live_types as wire;
use antiphon_protocol::{
    Command, CommandId, ConfigField, Context, ContextKind, DelegationId, Encoding, Frame, Item,
    ResponseOptions, SessionConfig, Signal, Sink, ToolResult, Unsupported,
};
use bytes::Bytes;

use super::{
    append,
    codec::{Awaited, LiveCodec, about, send},
    config::Work,
    item,
    media::LARGEST_APPEND,
};
use crate::{names, native::Native};

/// What the live model is told when it is to speak and nobody says what.
const SPEAK: &str = "Speak to the user now.";

/// What acknowledges commands that callers may send in this wire's own words.
const ANSWERED: &[(&str, &str)] = &[
    ("session.update", "session.updated"),
    (
        "session.instructions.append",
        "session.instructions.appended",
    ),
    ("session.thinking.append", "session.thinking.appended"),
    ("session.commentary.append", "session.commentary.appended"),
    ("session.input_audio.mute", "session.input_audio.muted"),
    ("session.input_audio.unmute", "session.input_audio.unmuted"),
    (
        "session.output_audio.fixture.play",
        "session.output_audio.fixture.playing",
    ),
    ("decision.item.create", "decision.item.created"),
    ("decision.item.delete", "decision.item.deleted"),
    ("transport.dtmf.send", "transport.dtmf.sent"),
];

impl LiveCodec {
    pub(super) fn command(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        match command {
            Command::Audio(audio) => self.audio(command, audio, out),
            Command::Context(context) => self.context(id, command, context, out),
            Command::AddItems(items) => self.add_items(id, command, items, out),
            Command::ToolResults(results) => self.tool_results(id, command, results, out),
            Command::CreateResponse(options) => self.create_response(id, command, options, out),
            Command::Configure(config) => self.configure(id, config, out),
            Command::Native(json) => self.native(id, command, json.0.get(), out),
            _ => Err(self.subject.command(command, advice(command))),
        }
    }

    fn audio(
        &mut self,
        command: &Command,
        audio: &Bytes,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if self.rules.target.is_attached() {
            let why = "another connection carries the audio of this session";
            return Err(self.subject.command(command, why));
        }
        if self.format.encoding == Encoding::Pcm16 && !audio.len().is_multiple_of(2) {
            let why = "it ends within a sample, which the service refuses; send whole ones";
            return Err(self.subject.command(command, why));
        }
        for part in audio.chunks(LARGEST_APPEND) {
            out.send(Frame::text_bytes(self.encoder.frame(part)));
        }
        Ok(())
    }

    fn context(
        &mut self,
        id: CommandId,
        command: &Command,
        context: &Context,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if context.delegation.is_some() && self.rules.settings.work() == Work::Responses {
            let why = "a backend model answers the delegations of this session; name none";
            return Err(self.subject.command(command, why));
        }
        let words = [(context.kind, context.text.clone())];
        self.append(id, command, &words, context.delegation.as_ref(), out)
    }

    /// Words for the live model, in pieces that the service takes.
    fn append(
        &mut self,
        id: CommandId,
        command: &Command,
        words: &[(ContextKind, String)],
        delegation: Option<&DelegationId>,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let mut pieces = Vec::new();
        for (kind, text) in words {
            let cut = append::pieces(text).map_err(|why| self.subject.command(command, why))?;
            pieces.extend(cut.into_iter().map(|piece| (*kind, piece)));
        }
        for (index, (kind, piece)) in pieces.into_iter().enumerate() {
            let frame = names::frame(id, index);
            let event = match kind {
                ContextKind::Instructions => "session.instructions.appended",
                ContextKind::Thinking => "session.thinking.appended",
                ContextKind::Commentary => "session.commentary.appended",
            };
            out.send(appended(kind, piece, delegation, &frame));
            self.receipts.expect(id, Awaited { frame, event });
        }
        Ok(())
    }

    fn add_items(
        &mut self,
        id: CommandId,
        command: &Command,
        items: &[Item],
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if self.rules.settings.work() != Work::Responses {
            let words: Result<Vec<_>, _> = items.iter().map(item::as_context).collect();
            let words = words.map_err(|why| self.subject.command(command, why))?;
            return self.append(id, command, &words, None, out);
        }
        let items: Result<Vec<_>, _> = items.iter().map(item::for_backend).collect();
        let items = items.map_err(|why| self.subject.command(command, why))?;
        self.nested.ask(true);
        create_items(id, items, out);
        Ok(())
    }

    fn tool_results(
        &mut self,
        id: CommandId,
        command: &Command,
        results: &[ToolResult],
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if self.rules.settings.work() != Work::Responses {
            let why = "nothing calls tools in this session; answer a delegation as context";
            return Err(self.subject.command(command, why));
        }
        self.nested.answered(results);
        self.nested.ask(true);
        let answers = results.iter().map(|result| item::result(result).into());
        create_items(id, answers.collect(), out);
        Ok(())
    }

    fn create_response(
        &mut self,
        id: CommandId,
        command: &Command,
        options: &ResponseOptions,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if self.rules.settings.work() != Work::Responses {
            let why = "the model decides itself when to speak; ask it to by commentary as context";
            return Err(self.subject.command(command, why));
        }
        let mut others = options.clone();
        others.instructions = None;
        let is_asked = self.nested.is_asked();
        if others != ResponseOptions::default() || (is_asked && options.instructions.is_some()) {
            let why = "a response takes no options; configure the backend model instead";
            return Err(self.subject.command(command, why));
        }
        if is_asked {
            self.nested.ask(false);
            let create = wire::ResponseCreate::default();
            send(create.with_event_id(names::frame(id, 0)), out);
            return Ok(());
        }
        // The backend model has nothing to answer, so that it is the live one who is to speak.
        let words = options.instructions.as_deref().unwrap_or(SPEAK);
        let words = [(ContextKind::Instructions, words.to_owned())];
        self.append(id, command, &words, None, out)
    }

    fn configure(
        &mut self,
        id: CommandId,
        config: &SessionConfig,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if config.model != self.subject.model {
            let why = "the model is settled when the session starts; open a new connection";
            return Err(self.subject.field(ConfigField::Model, why));
        }
        let session = self.rules.session(config, &self.subject)?;
        match self.desired.change(id, &session, &self.subject)? {
            Some(update) => {
                let frame = names::frame(id, 0);
                out.send(about("session.update", frame.clone(), update));
                let event = "session.updated";
                self.receipts.expect(id, Awaited { frame, event });
            }
            // The session is like that already.
            None => out.signal(Signal::Ack(id)),
        }
        Ok(())
    }

    fn native(
        &mut self,
        id: CommandId,
        command: &Command,
        json: &str,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let native = Native::read(json, command, &self.subject)?;
        let kind = native.kind();
        if kind == Some("session.start") {
            let why = "the session has started; open a new one for another configuration";
            return Err(self.subject.command(command, why));
        }
        if kind == Some("session.update")
            && let Some(session) = native.object("session")
        {
            self.desired.overlay(id, session);
        }
        let frame = native.send(id, &mut self.receipts, out);
        let answer = ANSWERED.iter().find(|(asked, _)| Some(*asked) == kind);
        if let Some((_, event)) = answer {
            self.receipts.expect(id, Awaited { frame, event });
        }
        Ok(())
    }
}

/// What to do instead of what the wire has no frame for.
const fn advice(command: &Command) -> &'static str {
    match command {
        Command::CommitAudio | Command::ActivityStart | Command::ActivityEnd => {
            "this wire has no turns; the model hears when the user has finished"
        }
        Command::ClearAudio => "this wire takes no audio back; what was sent is heard",
        Command::AudioStreamEnd => {
            "the session's clock runs on audio; send silence, and mute where it should hear none"
        }
        Command::Video(_) => "this model sees nothing; show images to a backend model as items",
        Command::CancelResponse(_) => {
            "nothing stops this model but its own ears; stop the playback, and tell it to stop as \
             instructions in context"
        }
        Command::Truncate { .. } => {
            "the model takes all it said for heard; tell it what was not, as thinking in context"
        }
        Command::DeleteItem(_) => "this wire has no items; nothing said can be taken back",
        _ => "this wire has no frame for it; send one of its own as a native command",
    }
}

fn appended(
    kind: ContextKind,
    content: &str,
    delegation: Option<&DelegationId>,
    frame: &str,
) -> Frame {
    let delegation = delegation.map(ToString::to_string);
    let event: wire::ClientEvent = match kind {
        ContextKind::Instructions => {
            let mut append = wire::SessionInstructionsAppend::new(content).with_event_id(frame);
            append.delegation_id = delegation;
            append.into()
        }
        ContextKind::Thinking => {
            let mut append = wire::SessionThinkingAppend::new(content).with_event_id(frame);
            append.delegation_id = delegation;
            append.into()
        }
        ContextKind::Commentary => {
            let mut append = wire::SessionCommentaryAppend::new(content).with_event_id(frame);
            append.delegation_id = delegation;
            append.into()
        }
    };
    let mut json = Vec::with_capacity(content.len() + 128);
    event.write_json(&mut json);
    Frame::text_bytes(json)
}

fn create_items(id: CommandId, items: Vec<wire::Item>, out: &mut dyn Sink) {
    for (index, item) in items.into_iter().enumerate() {
        let create = wire::ResponseItemCreate::new(item);
        send(create.with_event_id(names::frame(id, index)), out);
    }
}
