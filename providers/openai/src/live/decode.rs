//! Events of the wire in neutral words.
//!
//! The wire has no turns, so none are told: whoever hears the track and reads the transcripts derives
//! them. What has no neutral word arrives as it came: decisions, remarks, telephony, clips, muting,
//! the caller's own audio as a sideband reflects it, and what the backend model writes.

use std::time::Duration;

use antiphon_openai_live_types as wire;
use antiphon_protocol::{
    AudioChunk, Counting, Delegation, DelegationId, Event, Fault, Frame, PeerText, ServerError,
    SessionStarted, Signal, Sink, TextDelta, Usage, UsageReport, WallTime, media as path,
};
use bytes::Bytes;
use serde_json::Value;
use wire::ServerEvent as Wire;

use super::{codec::LiveCodec, config::reported_format, media, opening::Stage};
use crate::{
    error::Report,
    raw::{self, malformed, other},
};

/// The appends, by the event that acknowledges each.
pub(super) const APPENDED: &[&str] = &[
    "session.instructions.appended",
    "session.thinking.appended",
    "session.commentary.appended",
];

impl LiveCodec {
    /// The quick way of the frames that most of a session consists of. `false` leaves the frame to
    /// the full parser.
    pub(super) fn decode_audio(&mut self, frame: &Frame, out: &mut dyn Sink) -> bool {
        let Some(found) = path::scan(&frame.data, &media::DELTA) else {
            return false;
        };
        let Ok(data) = found.decode() else {
            return false;
        };
        self.sound(data, frame.len(), out);
        true
    }

    fn sound(&self, data: Bytes, frame: usize, out: &mut dyn Sink) {
        let torn = self.format.breaks_off(data.len());
        out.event(Event::Audio(AudioChunk::new(data, self.format)));
        if torn {
            out.event(raw::torn("session.output_audio.delta", frame));
        }
    }

    /// One event.
    pub(super) fn event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        match event {
            Wire::SessionStarted(event) => self.started(&event.session, out),
            Wire::SessionUpdated(event) => {
                self.updated(&event.session, event.client_event_id.as_deref(), out);
            }
            Wire::SessionClosed(event) => {
                self.closed(event.reason.as_ref(), event.usage.as_ref(), out);
            }
            Wire::SessionOutputAudioDelta(event) => {
                match path::decode_base64(event.delta.as_bytes()) {
                    Ok(data) => self.sound(data, text.len(), out),
                    Err(_) => {
                        let name = "session.output_audio.delta";
                        out.event(malformed("the audio is not base64", name, text.len()));
                    }
                }
            }
            Wire::SessionInputTranscriptDelta(event) => {
                out.event(Event::InputTranscript(words(event.delta)));
            }
            Wire::SessionOutputTranscriptDelta(event) => {
                out.event(Event::OutputTranscript(words(event.delta)));
            }
            Wire::SessionDelegationCreated(event) => Self::delegated(event, text, out),
            Wire::ResponseEvent(event) => self.nested_event(*event, text, out),
            Wire::SessionUsageUpdated(event) => out.event(Event::Usage(UsageReport {
                context_used: event.context_window.map(|window| window.usage_ratio),
                ..used(&event.usage)
            })),
            Wire::Error(event) => self.error(&Report::from(&event.error), out),
            Wire::Degraded(event) => {
                let misfit = event.misfit().to_string();
                self.degraded(event.event_type(), &misfit, text, out);
            }
            event => self.acknowledgement(&event, text, out),
        }
    }

    /// A frame of a known type that does not fit. It is counted and readable, and what it stands for
    /// is taken as said where the session would hang without it.
    fn degraded(&mut self, name: &str, misfit: &str, text: &str, out: &mut dyn Sink) {
        if name == "error" {
            let event = serde_json::from_str(text).unwrap_or(Value::Null);
            self.error(&Report::lenient(&event), out);
            return;
        }
        out.event(malformed(misfit, name, text.len()));
        out.event(other(name, text));
        match name {
            "session.started" => self.ready(out),
            "session.closed" => self.closed(None, None, out),
            _ => {}
        }
    }

    fn started(&mut self, session: &wire::Session, out: &mut dyn Sink) {
        if let Some(format) = reported_format(session)
            && !self.rules.target.is_attached()
        {
            self.format = format;
        }
        // Some services fill it with 0.
        let expires = session
            .expires_at
            .filter(|seconds| *seconds > 0)
            .map(WallTime::from_unix_seconds);
        out.event(Event::SessionStarted(SessionStarted {
            id: Some(session.id.clone()).filter(|id| !id.is_empty()),
            model: session.model.as_ref().map(ToString::to_string),
            expires,
        }));
        if let Some(expires) = expires {
            out.signal(Signal::Expires(expires));
        }
        out.event(Event::Configured);
        self.ready(out);
    }

    fn updated(&mut self, session: &wire::Session, frame: Option<&str>, out: &mut dyn Sink) {
        if self.stage == Stage::Opening {
            self.started(session, out);
            return;
        }
        out.event(Event::Configured);
        if let Some(id) = self.acknowledge("session.updated", frame, out) {
            self.desired.updated(id);
        }
    }

    /// Work for the caller. What a backend model works at is told by its responses, and what is
    /// decided by its decision.
    fn delegated(event: wire::SessionDelegationCreated, text: &str, out: &mut dyn Sink) {
        if event.delegation.target != wire::DelegationTarget::Client {
            out.event(other("session.delegation.created", text));
            return;
        }
        out.event(Event::Delegation(Delegation {
            id: DelegationId::from(event.delegation.id),
            task: None,
            at: event.offset_ms.map(Duration::from_millis),
        }));
    }

    /// The session is over. That the caller wanted it is the usual end; else the reason is told as
    /// an error, since nothing else would say it.
    fn closed(
        &mut self,
        reason: Option<&wire::CloseReason>,
        usage: Option<&wire::Usage>,
        out: &mut dyn Sink,
    ) {
        if let Some(usage) = usage {
            out.event(Event::Usage(used(usage)));
        }
        let was = std::mem::replace(&mut self.stage, Stage::Over);
        if was == Stage::Closing {
            out.signal(Signal::Finished);
            return;
        }
        if was == Stage::Over {
            return;
        }
        let (fault, message) = match reason {
            None | Some(wire::CloseReason::CloseRequested) => {
                (Fault::Closed, "the session was closed")
            }
            Some(wire::CloseReason::RemoteHangup) => (Fault::Closed, "the caller hung up"),
            Some(wire::CloseReason::Expired) => (Fault::SessionLimit, "the session expired"),
            Some(wire::CloseReason::Content) => {
                (Fault::Forbidden, "the session was ended for its content")
            }
            Some(wire::CloseReason::ConnectionLost) => (
                Fault::Network,
                "the service lost the connection to the caller",
            ),
            Some(_) => (Fault::Unknown, "the session ended"),
        };
        let code = reason.map(|reason| PeerText::new(reason.as_str()).as_str().to_owned());
        out.event(Event::Error(ServerError {
            kind: Some("session.closed".to_owned()),
            code,
            message: message.into(),
            fault,
            ..ServerError::default()
        }));
        if fault == Fault::SessionLimit {
            let left = Some(Duration::ZERO);
            out.signal(Signal::GoAway { left });
        } else {
            out.signal(Signal::Refused(fault));
        }
    }

    fn error(&mut self, report: &Report<'_>, out: &mut dyn Sink) {
        let mut error = report.neutral();
        if error.command.is_none() {
            error.command = report.event.and_then(|event| self.receipts.called(event));
        }
        // Azure names no command; what has no place yet is refused in order.
        if error.command.is_none() && report.code == Some("context_injection_incomplete") {
            error.command = self
                .receipts
                .settle(|awaited| APPENDED.contains(&awaited.event));
        }
        out.event(Event::Error(error.clone()));
        match (self.stage, error.command) {
            (Stage::Over, _) => {}
            // Nothing follows a refused start, whatever it is about.
            (Stage::Opening, _) => self.refuse(error.fault, out),
            (_, Some(id)) => self.reject(id, error, out),
            // A backend model that is not found, or not allowed, leaves the conversation as it is.
            _ if matches!(error.fault, Fault::Auth | Fault::Quota) => {
                self.refuse(error.fault, out);
            }
            _ => {}
        }
    }

    fn refuse(&mut self, fault: Fault, out: &mut dyn Sink) {
        self.stage = Stage::Over;
        out.signal(Signal::Refused(fault));
    }

    /// Events that settle a command. They stay readable: some say where on the timeline, and none
    /// has a neutral word.
    fn acknowledgement(&mut self, event: &Wire, text: &str, out: &mut dyn Sink) {
        let frame = match event {
            Wire::SessionInstructionsAppended(event) => event.client_event_id.as_deref(),
            Wire::SessionThinkingAppended(event) => event.client_event_id.as_deref(),
            Wire::SessionCommentaryAppended(event) => event.client_event_id.as_deref(),
            Wire::SessionInputAudioMuted(event) => event.client_event_id.as_deref(),
            Wire::SessionInputAudioUnmuted(event) => event.client_event_id.as_deref(),
            Wire::SessionOutputAudioFixturePlaying(event) => event.client_event_id.as_deref(),
            Wire::DecisionItemCreated(event) => event.client_event_id.as_deref(),
            Wire::DecisionItemDeleted(event) => event.client_event_id.as_deref(),
            Wire::TransportDtmfSent(event) => event.client_event_id.as_deref(),
            _ => {
                out.event(other(event.event_type(), text));
                return;
            }
        };
        self.acknowledge(event.event_type(), frame, out);
        out.event(other(event.event_type(), text));
    }
}

/// The next words of a speaker. The wire gives no end of an utterance.
fn words(text: String) -> TextDelta {
    TextDelta {
        item: None,
        response: None,
        content_index: 0,
        text,
        done: false,
    }
}

/// Time used since the session began.
fn used(usage: &wire::Usage) -> UsageReport {
    UsageReport {
        usage: Usage {
            duration: Duration::try_from_secs_f64(usage.seconds).unwrap_or_default(),
            ..Usage::default()
        },
        counting: Counting::Cumulative,
        context_used: None,
    }
}
