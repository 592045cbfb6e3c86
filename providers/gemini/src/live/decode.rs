//! Messages of the wire in neutral words.
//!
//! One message may have several members. They are told in this order, whatever theirs: what the user
//! does, interruption, void calls, media, transcripts, calls, the end of the turn, usage, the handle
//! to resume by, the announced end, and what has no neutral word.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{
    CallId, Event, Frame, ResumeToken, Secret, Signal, Sink, Speech, ToolCall, Usage, WireSeq,
    media as path,
};
use serde_json::{Map, Value};
use wire::{ServerFrame, VadSignalType, VoiceActivityType};

use super::{
    arguments,
    codec::{LiveCodec, malformed, other},
    duration, media,
    native::camel,
    usage,
};

/// What a call is called that the service gave no id.
const UNNAMED: &str = "~";

impl LiveCodec {
    /// The quick way of the frames that most of a conversation consists of. `false` leaves the
    /// frame to the full parser.
    pub(super) fn decode_sound(&mut self, frame: &Frame, out: &mut dyn Sink) -> bool {
        let Some(found) = path::scan(&frame.data, &media::SPOKEN) else {
            return false;
        };
        let Ok(data) = found.decode() else {
            return false;
        };
        let format = media::format(found.media_type, self.output_format);
        self.sound(data, format, frame.len(), out);
        true
    }

    pub(super) fn frame(&mut self, frame: ServerFrame, text: &str, out: &mut dyn Sink) {
        match frame {
            ServerFrame::Message(message) => self.message(*message, text, out),
            ServerFrame::Degraded(frame) => {
                out.event(malformed(
                    &frame.misfit().to_string(),
                    frame.event_type(),
                    text.len(),
                ));
                self.what_fits(text, out);
                out.event(other(frame.event_type(), text));
            }
            ServerFrame::Unknown(frame) => out.event(other(frame.event_type(), text)),
            _ => out.event(other("", text)),
        }
    }

    fn message(&mut self, message: wire::ServerMessage, text: &str, out: &mut dyn Sink) {
        let mut wordless = Vec::new();
        if let Some(complete) = message.setup_complete {
            if complete.voice_consent_signature.is_some() {
                wordless.push("setupComplete.voiceConsentSignature".to_owned());
            }
            if !self.opened(complete, out) {
                wordless.push("setupComplete".to_owned());
            }
        }
        let signalled = message.voice_activity_detection_signal;
        match message.voice_activity {
            Some(activity) => self.voice(&activity, &mut wordless, out),
            None => self.voice_signal(signalled.as_ref(), &mut wordless, out),
        }
        let content = message.server_content.unwrap_or_default();
        if content.interrupted == Some(true) {
            self.interrupted(out);
        }
        if let Some(cancelled) = message.tool_call_cancellation {
            cancelled_calls(cancelled, &mut wordless, out);
        }
        self.said(&content, text.len(), &mut wordless, out);
        if let Some(calls) = message.tool_call {
            self.tool_calls(calls, text, &mut wordless, out);
        }
        let spent = message.usage_metadata.as_ref().and_then(usage::of);
        if spent.is_none() && message.usage_metadata.is_some() {
            wordless.push("usageMetadata".to_owned());
        }
        let spent = self.ended(&content, spent, out);
        if let Some(usage) = spent {
            out.event(Event::Usage(usage.into()));
        }
        if let Some(update) = message.session_resumption_update {
            resumption(&update, out);
        }
        if let Some(away) = message.go_away {
            let left = away.time_left.as_ref();
            out.signal(Signal::GoAway {
                left: left.and_then(|left| duration::of_text(left.as_str())),
            });
        }
        wordless.extend(message.extra.iter().map(|(name, _)| name.to_owned()));
        for name in wordless {
            out.event(other(&name, text));
        }
    }

    /// What was spent, unless it belongs to an answer that ends here.
    fn ended(
        &mut self,
        content: &wire::ServerContent,
        spent: Option<Usage>,
        out: &mut dyn Sink,
    ) -> Option<Usage> {
        if content.generation_complete == Some(true) {
            self.generated(out);
        }
        if !self.is_over(content) {
            return spent;
        }
        self.end_answer(content.turn_complete_reason.as_ref(), spent, out)
    }

    /// What the user's voice does, as the service hears it.
    fn voice(
        &mut self,
        activity: &wire::VoiceActivity,
        wordless: &mut Vec<String>,
        out: &mut dyn Sink,
    ) {
        let at = activity.audio_offset.as_ref();
        let at = at.and_then(|at| duration::of_text(at.as_str()));
        match activity.kind {
            Some(VoiceActivityType::ActivityStart) => self.speech_started(at, out),
            Some(VoiceActivityType::ActivityEnd) => self.speech_stopped(at, out),
            _ => wordless.push("voiceActivity".to_owned()),
        }
    }

    /// The same in an older form, without a time.
    fn voice_signal(
        &mut self,
        signal: Option<&wire::VoiceActivityDetectionSignal>,
        wordless: &mut Vec<String>,
        out: &mut dyn Sink,
    ) {
        let Some(signal) = signal else { return };
        match signal.vad_signal_type {
            Some(VadSignalType::Sos) => self.speech_started(None, out),
            Some(VadSignalType::Eos) => self.speech_stopped(None, out),
            _ => wordless.push("voiceActivityDetectionSignal".to_owned()),
        }
    }

    fn speech_started(&mut self, at: Option<std::time::Duration>, out: &mut dyn Sink) {
        self.end_speech(out);
        let item = Some(self.turns.speech().item.clone());
        out.event(Event::SpeechStarted(Speech {
            item,
            at,
            derived: false,
        }));
    }

    fn speech_stopped(&mut self, at: Option<std::time::Duration>, out: &mut dyn Sink) {
        let item = Some(self.turns.speech().item.clone());
        out.event(Event::SpeechStopped(Speech {
            item,
            at,
            derived: false,
        }));
    }

    fn tool_calls(
        &mut self,
        calls: wire::ToolCall,
        text: &str,
        wordless: &mut Vec<String>,
        out: &mut dyn Sink,
    ) {
        let written = arguments::of(text);
        for (place, call) in calls.function_calls.into_iter().flatten().enumerate() {
            // Arguments in pieces come only where a session asks for them.
            let is_piece = call.will_continue == Some(true) || call.partial_args.is_some();
            let (Some(name), false) = (call.name, is_piece) else {
                wordless.push("toolCall".to_owned());
                continue;
            };
            let id = match call.id {
                Some(id) if !id.is_empty() => CallId::from(id),
                _ => CallId::from(format!("{UNNAMED}{}", self.turns.number())),
            };
            let arguments = match written.get(place) {
                Some(Some(arguments)) => (*arguments).to_owned(),
                _ => serde_json::to_string(&call.args.unwrap_or_default()).unwrap_or_default(),
            };
            let (response, _) = self.answer(out);
            out.event(Event::ToolCall(ToolCall {
                id,
                name,
                arguments,
                item: None,
                response: Some(response),
            }));
        }
    }

    /// Reads the members of a frame that fit where others do not, so that one new shape does not
    /// cost the end of a turn beside it.
    fn what_fits(&mut self, text: &str, out: &mut dyn Sink) {
        let Ok(mut members) = serde_json::from_str::<Map<String, Value>>(text) else {
            return;
        };
        let mut away = None;
        members.retain(|name, value| {
            if fits(name, value) {
                return true;
            }
            match (camel(name).as_str(), value) {
                ("goAway", value) => {
                    away = Some(value.take());
                    false
                }
                ("serverContent", Value::Object(content)) => {
                    content.retain(|name, value| {
                        let mut alone = Map::new();
                        alone.insert(name.clone(), value.clone());
                        fits("serverContent", &Value::Object(alone))
                    });
                    true
                }
                _ => false,
            }
        });
        let fitting = Value::Object(members).to_string();
        if let Ok(ServerFrame::Message(message)) = ServerFrame::from_json(&fitting) {
            self.message(*message, text, out);
        }
        if let Some(away) = away {
            let left = ["timeLeft", "time_left"];
            let left = left.iter().find_map(|name| away.get(*name));
            out.signal(Signal::GoAway {
                left: left.and_then(duration::read),
            });
        }
    }
}

/// Whether a member fits the wire when it stands alone.
fn fits(name: &str, value: &Value) -> bool {
    let mut alone = Map::new();
    alone.insert(name.to_owned(), value.clone());
    !matches!(
        ServerFrame::from_json(&Value::Object(alone).to_string()),
        Ok(ServerFrame::Degraded(_)) | Err(_)
    )
}

fn cancelled_calls(
    cancelled: wire::ToolCallCancellation,
    wordless: &mut Vec<String>,
    out: &mut dyn Sink,
) {
    let calls: Vec<CallId> = cancelled
        .ids
        .unwrap_or_default()
        .into_iter()
        .map(CallId::from)
        .collect();
    if calls.is_empty() {
        wordless.push("toolCallCancellation".to_owned());
    } else {
        out.event(Event::ToolCallsCancelled { calls });
    }
}

/// The newest handle counts. While the model works there is none, and the one before stays good.
fn resumption(update: &wire::SessionResumptionUpdate, out: &mut dyn Sink) {
    if let Some(handle) = &update.new_handle
        && update.resumable == Some(true)
        && !handle.expose().is_empty()
    {
        let handle = Secret::from(handle.expose());
        out.signal(Signal::Resume(Some(ResumeToken(handle))));
    }
    let index = update.last_consumed_client_message_index;
    if let Some(Ok(index)) = index.map(|index| u64::try_from(index.value())) {
        out.signal(Signal::Consumed(WireSeq::new(index)));
    }
}
