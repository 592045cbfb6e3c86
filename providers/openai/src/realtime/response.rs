//! What the model answers: its responses, their speech, words and calls.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    AudioChunk, CallId, Event, ItemId, ResponseDone, ResponseId, ResponseStatus, Sink, TextDelta,
    ToolCall, media as path,
};
use wire::ServerEvent as Wire;

use super::{aside, awaited::Awaited, codec::RealtimeCodec, decode::index, item, usage};
use crate::{
    error::Report,
    raw::{self, malformed, other},
};

impl RealtimeCodec {
    pub(super) fn response_event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        match event {
            Wire::ResponseCreated(event) => out.event(Event::ResponseStarted {
                response: event.response.id.map(ResponseId::from),
            }),
            Wire::ResponseDone(event) => self.response_done(&event, out),
            Wire::ResponseOutputItemAdded(event) => {
                if let wire::Item::FunctionCall(call) = &event.item {
                    self.call_begun(call);
                }
                out.event(other("response.output_item.added", text));
            }
            Wire::ResponseOutputItemDone(event) => self.output_item_done(&event, text, out),
            Wire::ResponseFunctionCallArgumentsDone(event) => self.arguments_done(event, text, out),
            event => self.output_event(event, text, out),
        }
    }

    fn output_event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        match event {
            Wire::ResponseOutputAudioDelta(event) => self.audio_delta(&event, text, out),
            Wire::ResponseOutputAudioDone(event) => out.event(Event::AudioDone {
                item: Some(event.item_id.into()),
                response: Some(event.response_id.into()),
            }),
            Wire::ResponseOutputAudioTranscriptDelta(event) => {
                out.event(Event::OutputTranscript(TextDelta {
                    item: Some(event.item_id.into()),
                    response: Some(event.response_id.into()),
                    content_index: index(event.content_index),
                    text: event.delta,
                    done: false,
                }));
            }
            Wire::ResponseOutputAudioTranscriptDone(event) => {
                out.event(Event::OutputTranscript(TextDelta {
                    item: Some(event.item_id.into()),
                    response: Some(event.response_id.into()),
                    content_index: index(event.content_index),
                    text: event.transcript,
                    done: true,
                }));
            }
            Wire::ResponseOutputTextDelta(event) => out.event(Event::OutputText(TextDelta {
                item: Some(event.item_id.into()),
                response: Some(event.response_id.into()),
                content_index: index(event.content_index),
                text: event.delta,
                done: false,
            })),
            Wire::ResponseOutputTextDone(event) => out.event(Event::OutputText(TextDelta {
                item: Some(event.item_id.into()),
                response: Some(event.response_id.into()),
                content_index: index(event.content_index),
                text: event.text,
                done: true,
            })),
            event => out.event(other(event.event_type(), text)),
        }
    }

    /// Audio in a frame that the quick way left to the full parser.
    fn audio_delta(
        &mut self,
        event: &wire::ResponseOutputAudioDelta,
        text: &str,
        out: &mut dyn Sink,
    ) {
        let Ok(data) = path::decode_base64(event.delta.as_bytes()) else {
            let name = "response.output_audio.delta";
            out.event(malformed("the audio is not base64", name, text.len()));
            return;
        };
        self.desired.has_spoken = true;
        let torn = self.output_format.breaks_off(data.len());
        out.event(Event::Audio(AudioChunk {
            item: Some(self.spoken.0.id(&event.item_id)),
            content_index: index(event.content_index),
            response: Some(self.spoken.1.id(&event.response_id)),
            ..AudioChunk::new(data, self.output_format)
        }));
        if torn {
            out.event(raw::torn("response.output_audio.delta", text.len()));
        }
    }

    /// An item gives a call its name.
    pub(super) fn call_begun(&mut self, call: &wire::FunctionCall) {
        if let Some(id) = &call.call_id {
            self.calls.begin(CallId::from(id.as_str()), &call.name);
        }
    }

    /// The usual end of a call. Services that leave its name out have named it in the item before,
    /// or will in the item after.
    fn arguments_done(
        &mut self,
        event: wire::ResponseFunctionCallArgumentsDone,
        text: &str,
        out: &mut dyn Sink,
    ) {
        let id = CallId::from(event.call_id);
        let name = event.name.filter(|name| !name.is_empty());
        let Some(name) = name.or_else(|| self.calls.name(&id).map(str::to_owned)) else {
            out.event(other("response.function_call_arguments.done", text));
            return;
        };
        let call = ToolCall {
            id,
            name,
            arguments: event.arguments,
            item: Some(event.item_id.into()),
            response: Some(event.response_id.into()),
        };
        match self.calls.announce(call) {
            Some(call) => out.event(Event::ToolCall(call)),
            None => out.event(other("response.function_call_arguments.done", text)),
        }
    }

    /// A call in an item that is complete. One that was cut off must not run.
    fn call_in_item(&mut self, item: &wire::Item, response: Option<&str>, out: &mut dyn Sink) {
        let wire::Item::FunctionCall(call) = item else {
            return;
        };
        let is_whole = matches!(call.status, None | Some(wire::ItemStatus::Completed));
        if let Some(call) = item::tool_call(call).filter(|call| is_whole && !call.name.is_empty()) {
            let response = response.map(ResponseId::from);
            let call = self.calls.announce(ToolCall { response, ..call });
            call.into_iter()
                .for_each(|call| out.event(Event::ToolCall(call)));
        }
    }

    fn output_item_done(
        &mut self,
        event: &wire::ResponseOutputItemDone,
        text: &str,
        out: &mut dyn Sink,
    ) {
        self.call_in_item(&event.item, Some(&event.response_id), out);
        // Services without an event of the conversation for it complete the item here.
        let id = item::id(&event.item).map(ItemId::from);
        if id.is_some_and(|id| self.item_finished(&id)) {
            let item = item::neutral(&event.item);
            out.event(Event::ItemDone { item });
        } else {
            out.event(other("response.output_item.done", text));
        }
    }

    fn response_done(&mut self, event: &wire::ResponseDone, out: &mut dyn Sink) {
        let response = &event.response;
        let id = response.id.as_deref().map(ResponseId::from);
        let status = status(response);
        if status == ResponseStatus::Completed {
            for item in response.output.iter().flatten() {
                self.call_in_item(item, response.id.as_deref(), out);
            }
        }
        let is_cancelled = matches!(status, ResponseStatus::Cancelled { .. });
        let by_speech = is_cancelled && reason(response) == Some(&wire::StatusReason::TurnDetected);
        if by_speech {
            out.event(Event::Interrupted {
                response: id.clone(),
            });
        }
        out.event(Event::ResponseDone(ResponseDone {
            response: id.clone(),
            status,
            usage: usage::response(event),
        }));
        if is_cancelled && !by_speech {
            self.acknowledge(
                |awaited| match awaited {
                    Awaited::Cancelled(None) => true,
                    Awaited::Cancelled(Some(asked)) => Some(asked) == id.as_ref(),
                    _ => false,
                },
                out,
            );
        }
    }

    /// Events of responses that are not part of the conversation stay as they came: nothing of
    /// them is heard, answered or remembered there. `false` leaves the event to the conversation.
    pub(super) fn event_aside(&mut self, event: &Wire, text: &str, out: &mut dyn Sink) -> bool {
        match event {
            Wire::ResponseCreated(event) if self.aside.is_one(&event.response) => {
                self.aside.begin(event.response.id.as_deref());
            }
            Wire::ResponseDone(event) if self.aside.is_one(&event.response) => {
                let id = event.response.id.as_deref();
                self.aside.end(id);
                if let Some(usage) = usage::response(event) {
                    out.event(Event::Usage(usage.into()));
                }
                let asked = id.map(ResponseId::from);
                if asked.is_some() && status(&event.response) != ResponseStatus::Completed {
                    self.acknowledge(|awaited| *awaited == Awaited::Cancelled(asked.clone()), out);
                }
            }
            event if self.aside.holds(aside::response_of(event)) => {}
            _ => return false,
        }
        out.event(other(event.event_type(), text));
        true
    }
}

fn details(response: &wire::Response) -> Option<&wire::StatusDetails> {
    match response.status_details.as_ref()? {
        wire::ResponseStatusDetails::Details(details) => Some(details),
        _ => None,
    }
}

fn reason(response: &wire::Response) -> Option<&wire::StatusReason> {
    details(response)?.reason.as_ref()
}

fn status(response: &wire::Response) -> ResponseStatus {
    let why = || reason(response).map(ToString::to_string);
    match &response.status {
        None | Some(wire::ResponseStatus::Completed) => ResponseStatus::Completed,
        Some(wire::ResponseStatus::Cancelled) => ResponseStatus::Cancelled { reason: why() },
        Some(wire::ResponseStatus::Failed) => ResponseStatus::Failed {
            error: details(response)
                .and_then(|details| details.error.as_ref())
                .map(|error| Report::from(error).neutral()),
        },
        Some(wire::ResponseStatus::Incomplete) => ResponseStatus::Incomplete { reason: why() },
        // It has ended, and not in a way that is known to be good.
        Some(status) => ResponseStatus::Incomplete {
            reason: Some(status.to_string()),
        },
    }
}
