//! Commands as frames.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    Command, CommandId, ConfigField, Context, ContextKind, Frame, Item, ItemId, ResponseId,
    ResponseOptions, Role, SessionConfig, Signal, Sink, ToolResult, Unsupported,
};
use bytes::Bytes;
use serde_json::Value;

use super::{
    awaited::Awaited,
    codec::{RealtimeCodec, frame, session_update},
    config::{self, Purpose},
    dialect::Dialect,
    item::{self, Unsayable},
    media::LARGEST_APPEND,
};
use crate::{names, native::Native};

impl RealtimeCodec {
    pub(super) fn command(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        self.check_purpose(command)?;
        match command {
            Command::Audio(audio) => self.audio(audio, out),
            Command::CommitAudio => {
                self.receipts.expect(id, Awaited::Committed);
                let commit = wire::InputAudioBufferCommit::default();
                send(commit.with_event_id(names::frame(id, 0)), out);
            }
            Command::ClearAudio => {
                self.receipts.expect(id, Awaited::Cleared);
                let clear = wire::InputAudioBufferClear::default();
                send(clear.with_event_id(names::frame(id, 0)), out);
            }
            Command::AddItems(items) => self.add_items(id, command, items, out)?,
            Command::Context(context) => self.context(id, command, context, out)?,
            Command::ToolResults(results) => self.tool_results(id, results, out),
            Command::CreateResponse(options) => self.create_response(id, options, out)?,
            Command::CancelResponse(response) => self.cancel(id, response.as_ref(), out),
            Command::Truncate {
                item,
                content_index,
                heard,
            } => {
                self.refuse_synthetic(command, item)?;
                self.truncate(id, item, *content_index, *heard, out);
            }
            Command::DeleteItem(item) => {
                self.refuse_synthetic(command, item)?;
                self.receipts.expect(id, Awaited::Deleted(item.clone()));
                let delete = wire::ConversationItemDelete::new(item.as_str());
                send(delete.with_event_id(names::frame(id, 0)), out);
            }
            Command::Configure(config) => self.configure(id, config, out)?,
            Command::Native(json) => self.native(id, command, json.0.get(), out)?,
            Command::ActivityStart | Command::ActivityEnd => {
                return Err(self.subject.command(
                    command,
                    "this wire has no activity marks; commit the audio and create a response",
                ));
            }
            Command::AudioStreamEnd => {
                return Err(self.subject.command(
                    command,
                    "this wire has no end of audio; stop sending, or commit",
                ));
            }
            Command::Video(_) => {
                return Err(self.subject.command(
                    command,
                    "this model watches nothing; show it still images as items",
                ));
            }
            _ => {
                return Err(self.subject.command(
                    command,
                    "this wire has no frame for it; send one of its own as a native command",
                ));
            }
        }
        Ok(())
    }

    /// A session that only transcribes has no conversation to act on.
    fn check_purpose(&self, command: &Command) -> Result<(), Unsupported> {
        let needs_conversation = matches!(
            command,
            Command::AddItems(_)
                | Command::Context(_)
                | Command::ToolResults(_)
                | Command::CreateResponse(_)
                | Command::CancelResponse(_)
                | Command::Truncate { .. }
                | Command::DeleteItem(_)
        );
        if self.rules.purpose == Purpose::Transcription && needs_conversation {
            return Err(self.subject.command(
                command,
                "this session only transcribes; open a conversation for it",
            ));
        }
        Ok(())
    }

    fn audio(&mut self, audio: &Bytes, out: &mut dyn Sink) {
        for part in audio.chunks(LARGEST_APPEND) {
            out.send(Frame::text_bytes(self.encoder.frame(part)));
        }
    }

    fn add_items(
        &mut self,
        id: CommandId,
        command: &Command,
        items: &[Item],
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let mut created = Vec::new();
        for (index, entry) in items.iter().enumerate() {
            let chosen = entry.id.as_ref().filter(|id| !id.is_synthetic());
            let name = chosen.map_or_else(|| names::frame(id, index), ToString::to_string);
            let item = item::outgoing(entry, name, self.rules.dialect, Unsayable::Refuse)
                .map_err(|why| self.subject.command(command, why))?;
            created.extend(item);
        }
        if let Some(last) = created.last().and_then(item::id) {
            self.receipts.expect(id, Awaited::Added(last.to_owned()));
        }
        create_items(id, created, out);
        Ok(())
    }

    /// Orders and knowledge are told by the application; what is to be said needs a response.
    fn context(
        &mut self,
        id: CommandId,
        command: &Command,
        context: &Context,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if context.delegation.is_some() {
            let why = "nothing is delegated on this wire; name no delegation";
            return Err(self.subject.command(command, why));
        }
        if context.kind == ContextKind::Commentary {
            let why = "nothing is said unasked on this wire; create a response with instructions";
            return Err(self.subject.command(command, why));
        }
        let told = [Item::text(Role::System, context.text.as_str())];
        self.add_items(id, command, &told, out)
    }

    fn tool_results(&mut self, id: CommandId, results: &[ToolResult], out: &mut dyn Sink) {
        let answers: Vec<wire::Item> = results
            .iter()
            .enumerate()
            .map(|(index, result)| item::tool_result(result, names::frame(id, index)).into())
            .collect();
        if let Some(last) = answers.len().checked_sub(1) {
            let last = names::frame(id, last);
            self.receipts.expect(id, Awaited::Added(last));
        }
        create_items(id, answers, out);
    }

    fn create_response(
        &mut self,
        id: CommandId,
        options: &ResponseOptions,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let mut create = wire::ResponseCreate::default().with_event_id(names::frame(id, 0));
        if *options != ResponseOptions::default() {
            let subject = &self.subject;
            create.response = Some(wire::ResponseParams {
                instructions: options.instructions.clone(),
                output_modalities: options
                    .output
                    .map(|output| config::modalities(output, subject))
                    .transpose()?,
                tool_choice: options
                    .tool_choice
                    .as_ref()
                    .map(|choice| config::tool_choice(choice, subject))
                    .transpose()?,
                max_output_tokens: options
                    .max_output_tokens
                    .map(|most| config::max_output_tokens(most, subject))
                    .transpose()?,
                ..wire::ResponseParams::default()
            });
        }
        out.send(self.dressed(&create.into()));
        Ok(())
    }

    /// A request for a response, its options in the service's own shape.
    fn dressed(&self, create: &wire::ClientEvent) -> Frame {
        if self.rules.dialect != Dialect::Ga
            && let Ok(mut event) = serde_json::to_value(create)
            && let Some(Value::Object(options)) = event.get_mut("response")
        {
            self.rules.dialect.dress(options);
            return Frame::text(event.to_string());
        }
        frame(create)
    }

    fn cancel(&mut self, id: CommandId, response: Option<&ResponseId>, out: &mut dyn Sink) {
        self.receipts
            .expect(id, Awaited::Cancelled(response.cloned()));
        let mut cancel = wire::ResponseCancel::default().with_event_id(names::frame(id, 0));
        cancel.response_id = response.map(ToString::to_string);
        send(cancel, out);
    }

    fn refuse_synthetic(&self, command: &Command, item: &ItemId) -> Result<(), Unsupported> {
        if item.is_synthetic() {
            return Err(self.subject.command(
                command,
                "the service does not know this item; name one that it reported",
            ));
        }
        Ok(())
    }

    fn truncate(
        &mut self,
        id: CommandId,
        item: &ItemId,
        content_index: u32,
        heard: u64,
        out: &mut dyn Sink,
    ) {
        self.receipts.expect(id, Awaited::Truncated(item.clone()));
        let end = self.output_format.millis_of(heard);
        let truncate =
            wire::ConversationItemTruncate::new(item.as_str(), u64::from(content_index), end);
        send(truncate.with_event_id(names::frame(id, 0)), out);
    }

    fn configure(
        &mut self,
        id: CommandId,
        config: &SessionConfig,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if config.model != self.subject.model {
            return Err(self.subject.field(
                ConfigField::Model,
                "the model is settled when the connection is made; open a new connection",
            ));
        }
        let session = self.rules.session(config, &self.subject)?;
        match self.desired.change(id, &session, &self.subject)? {
            Some(update) => {
                self.receipts.expect(id, Awaited::Updated);
                out.send(session_update(names::frame(id, 0), update));
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
        match native.kind() {
            Some("session.update") => {
                if let Some(session) = native.object("session") {
                    self.desired.overlay(id, session);
                }
                self.receipts.expect(id, Awaited::Updated);
            }
            Some("input_audio_buffer.commit") => self.receipts.expect(id, Awaited::Committed),
            Some("input_audio_buffer.clear") => self.receipts.expect(id, Awaited::Cleared),
            Some("response.create") => {
                let response = native.object("response");
                let conversation = response.and_then(|response| response.get("conversation"));
                if conversation.and_then(Value::as_str) == Some("none") {
                    self.aside.expect();
                }
            }
            _ => {}
        }
        native.send(id, &mut self.receipts, out);
        Ok(())
    }
}

fn send(event: impl Into<wire::ClientEvent>, out: &mut dyn Sink) {
    out.send(frame(&event.into()));
}

fn create_items(id: CommandId, items: Vec<wire::Item>, out: &mut dyn Sink) {
    for (index, item) in items.into_iter().enumerate() {
        let create = wire::ConversationItemCreate::new(item);
        send(create.with_event_id(names::frame(id, index)), out);
    }
}
