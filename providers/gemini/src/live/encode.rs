//! Commands as messages of the wire.

use std::sync::Arc;

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{
    Command, CommandId, ConfigField, Content, Frame, Item, ItemKind, RawJson, ResponseOptions,
    Role, Scheduling, SessionConfig, Signal, Sink, ToolResult, Unsupported, VideoFrame,
};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    codec::{LiveCodec, member, send},
    media::LARGEST_FRAME,
    model::{Blocking, ClientContent},
    native::{self, camel},
    seed::{self, MODEL, USER},
    service::Backend,
};

impl LiveCodec {
    pub(super) fn command(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let why = match command {
            Command::Audio(audio) => {
                self.audio(audio, out);
                return Ok(());
            }
            Command::Video(frame) => {
                video(frame, out);
                return Ok(());
            }
            Command::ToolResults(results) => {
                self.tool_results(results, out);
                return Ok(());
            }
            Command::ActivityStart | Command::ActivityEnd | Command::AudioStreamEnd => {
                return self.activity(command, out);
            }
            Command::AddItems(items) => return self.add_items(command, items, out),
            Command::Context(context) => return self.context(command, context, out),
            Command::CreateResponse(options) => return self.create_response(command, options, out),
            Command::Configure(config) => return self.configure(id, config, out),
            Command::Native(json) => return self.native(command, json, out),
            Command::CommitAudio => {
                "this wire has no commit; mark the end of the activity, or let the service detect it"
            }
            Command::ClearAudio => "what was sent is heard; stop sending instead",
            Command::CancelResponse(_) => {
                "this wire has no cancel; stop playing, and the user's next words interrupt the \
                 model"
            }
            Command::Truncate { .. } => {
                "the service itself keeps what was heard; stop playing when it says interrupted"
            }
            Command::DeleteItem(_) => {
                "the service's history cannot be edited; open a new connection with another history"
            }
            _ => "this wire has no message for it; send one of its own as a native command",
        };
        Err(self.subject.command(command, why))
    }

    fn audio(&mut self, audio: &Bytes, out: &mut dyn Sink) {
        for part in audio.chunks(LARGEST_FRAME) {
            out.send(Frame::text_bytes(self.encoder.frame(part)));
        }
    }

    fn activity(&self, command: &Command, out: &mut dyn Sink) -> Result<(), Unsupported> {
        let input = wire::RealtimeInput::default();
        let input = match command {
            Command::ActivityStart | Command::ActivityEnd if !self.is_manual => {
                return Err(self.subject.command(
                    command,
                    "the service detects activity itself; configure manual turn detection first",
                ));
            }
            Command::ActivityStart => input.with_activity_start(wire::ActivityStart::default()),
            Command::ActivityEnd => input.with_activity_end(wire::ActivityEnd::default()),
            _ if self.is_manual => {
                return Err(self
                    .subject
                    .command(command, "the caller detects activity; mark its end instead"));
            }
            _ if self.rules.manner.backend == Backend::Vertex => {
                return Err(self.subject.command(
                    command,
                    "Vertex does not take it; send silence until the turn ends",
                ));
            }
            _ => input.with_audio_stream_end(true),
        };
        realtime(input, out);
        Ok(())
    }

    /// Entries of the conversation. Where the wire takes turns at any time they are turns, which
    /// stop a running answer; elsewhere only the user's can be said, and are answered by themselves.
    fn add_items(
        &self,
        command: &Command,
        items: &[Item],
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let refuse = |why: &str| Err(self.subject.command(command, why));
        let mut turns = Vec::new();
        for item in items {
            let ItemKind::Message { role, content } = &item.kind else {
                return refuse(
                    "calls and their answers are no messages; answer a call with its result, and \
                     give history when the connection opens",
                );
            };
            let role = match (role, self.rules.manner.client_content) {
                (Role::User, _) => USER,
                (Role::Assistant, ClientContent::Always) => MODEL,
                (Role::System, ClientContent::Always) => {
                    return refuse("the wire has no such role; give it as context instead");
                }
                _ => {
                    return refuse(
                        "this model takes only the user's words once the connection is open; give \
                         history when it opens",
                    );
                }
            };
            if content.iter().any(|part| matches!(part, Content::Other(_))) {
                return refuse("a part of another provider cannot be sent");
            }
            turns.extend(seed::turn(role, content));
        }
        if turns.is_empty() {
            return Ok(());
        }
        match self.rules.manner.client_content {
            ClientContent::Always => content(turns, false, out),
            ClientContent::Opening => as_realtime(turns, out),
        }
        Ok(())
    }

    fn create_response(
        &self,
        command: &Command,
        options: &ResponseOptions,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let refuse = |why: &str| Err(self.subject.command(command, why));
        let mut plain = options.clone();
        plain.instructions = None;
        if plain != ResponseOptions::default() {
            return refuse(
                "a response is as the session is configured; only instructions can be given",
            );
        }
        match (self.rules.manner.client_content, &options.instructions) {
            (ClientContent::Always, None) => content(Vec::new(), true, out),
            (ClientContent::Always, Some(text)) => content(vec![seed::told(text)], true, out),
            (ClientContent::Opening, Some(text)) => {
                realtime(wire::RealtimeInput::default().with_text(text.as_str()), out);
            }
            (ClientContent::Opening, None) => {
                return refuse(
                    "this model answers by itself; send it text, or instructions for the response",
                );
            }
        }
        Ok(())
    }

    fn tool_results(&self, results: &[ToolResult], out: &mut dyn Sink) {
        let is_scheduled = self.rules.manner.blocking != Blocking::Only;
        let answers = results.iter().map(|result| {
            let scheduling = result.scheduling.filter(|_| is_scheduled);
            answer(result, scheduling)
        });
        let response = wire::ToolResponse::default().with_function_responses(answers.collect());
        send(
            wire::ClientMessage::default().with_tool_response(response),
            out,
        );
    }

    fn configure(
        &mut self,
        id: CommandId,
        config: &Arc<SessionConfig>,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let changed = ConfigField::changed(&self.config, config);
        // What the wire cannot say at all is told first.
        let setup = self.rules.setup(config, &self.subject)?;
        let mut update = Map::new();
        for field in &changed {
            match field {
                ConfigField::Instructions if self.rules.manner.context_update => {
                    if config.instructions.is_none() {
                        return Err(self.subject.field(
                            *field,
                            "instructions can be replaced but not taken back; open a new connection",
                        ));
                    }
                    update.insert("systemInstruction".to_owned(), Value::Null);
                }
                ConfigField::Tools if self.rules.manner.context_update => {
                    let tools = setup.get("tools").cloned();
                    let tools = tools.unwrap_or_else(|| Value::Array(Vec::new()));
                    update.insert("tools".to_owned(), json!({ "tools": tools }));
                }
                field => {
                    return Err(self.subject.field(
                        *field,
                        "it is settled when the connection is made; open a new connection",
                    ));
                }
            }
        }
        self.config = Arc::clone(config);
        if update.is_empty() {
            // The session is like that already.
            out.signal(Signal::Ack(id));
            return Ok(());
        }
        if let Some(instructions) = update.get_mut("systemInstruction") {
            *instructions = match config.native.get("systemInstruction") {
                Some(native) => native.clone(),
                None => self.instructions(),
            };
        }
        out.send(member("contextUpdate", Value::Object(update)));
        Ok(())
    }

    /// A message of the caller's own, as it is. What it changes of the configuration is followed.
    fn native(
        &mut self,
        command: &Command,
        json: &RawJson,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let text = json.0.get();
        let Ok(Value::Object(message)) = serde_json::from_str(text) else {
            let why = "a message of this wire is a JSON object";
            return Err(self.subject.command(command, why));
        };
        if message.keys().any(|name| camel(name) == "setup") {
            return Err(self.subject.command(
                command,
                "a second setup closes the connection; change the configuration instead",
            ));
        }
        if let Some(config) = native::merged(&self.config, json) {
            if config.instructions != self.config.instructions {
                self.orders.clear();
            }
            self.config = Arc::new(config);
        }
        out.send(Frame::text(text));
        Ok(())
    }
}

fn video(frame: &VideoFrame, out: &mut dyn Sink) {
    let picture = seed::blob(&frame.mime, &frame.data);
    realtime(wire::RealtimeInput::default().with_video(picture), out);
}

pub(super) fn realtime(input: wire::RealtimeInput, out: &mut dyn Sink) {
    send(
        wire::ClientMessage::default().with_realtime_input(input),
        out,
    );
}

pub(super) fn content(turns: Vec<wire::Content>, complete: bool, out: &mut dyn Sink) {
    let mut content = wire::ClientContent::default().with_turn_complete(complete);
    content.turns = (!turns.is_empty()).then_some(turns);
    send(
        wire::ClientMessage::default().with_client_content(content),
        out,
    );
}

/// The user's turns part by part, as they would be said and shown.
fn as_realtime(turns: Vec<wire::Content>, out: &mut dyn Sink) {
    let parts = turns.into_iter().filter_map(|turn| turn.parts);
    for part in parts.flatten() {
        let input = wire::RealtimeInput {
            text: part.text,
            video: part.inline_data,
            ..wire::RealtimeInput::default()
        };
        realtime(input, out);
    }
}

/// What a tool returned. Objects and lists go out as such; a failure stands where the model looks
/// for one.
fn answer(result: &ToolResult, scheduling: Option<Scheduling>) -> wire::FunctionResponse {
    let value = match serde_json::from_str::<Value>(&result.output) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => Value::String(result.output.clone()),
    };
    let place = if result.is_error { "error" } else { "output" };
    let mut answer = wire::FunctionResponse {
        response: Some([(place.to_owned(), value)].into()),
        scheduling: scheduling.map(|scheduling| match scheduling {
            Scheduling::Interrupt => wire::FunctionResponseScheduling::Interrupt,
            Scheduling::WhenIdle => wire::FunctionResponseScheduling::WhenIdle,
            Scheduling::Silent => wire::FunctionResponseScheduling::Silent,
        }),
        ..wire::FunctionResponse::default()
    };
    // A call that the service gave no id is answered by its name alone.
    answer.id = (!result.call.as_str().starts_with('~')).then(|| result.call.to_string());
    answer.name = (!result.name.is_empty()).then(|| result.name.clone());
    answer
}
