//! Client events of GPT-Live: read strictly, then carried out or refused as the service does.

use antiphon_protocol::{Frame, FrameKind, Time};
use serde_json::{Value, json};

use super::{
    Phase, Session,
    closing::Closing,
    config::{Config, Mode},
    tables::{FORK, PRIMARY, SIDEBAND},
    text,
};
use crate::{joint::Seat, refusal::Refusal, shape};

impl Session {
    /// Takes in one frame of a connection.
    pub(super) fn frame(&mut self, now: Time, seat: Seat, frame: &Frame) {
        let mut event_id = None;
        let result = self
            .read(seat, frame, &mut event_id)
            .and_then(|event| self.carry_out(now, &event, event_id.as_deref()));
        if let Err(refusal) = result {
            self.refuse(seat, &refusal, event_id.as_deref());
            if self.phase == Phase::Fresh {
                self.phase = Phase::Refused;
            }
        }
    }

    /// Reads a frame; `event_id` is set as soon as it is known.
    fn read(
        &self,
        seat: Seat,
        frame: &Frame,
        event_id: &mut Option<String>,
    ) -> Result<Value, Refusal> {
        if frame.kind == FrameKind::Binary {
            return Err(invalid_event("Events are sent as text, not as binary."));
        }
        let event: Value = serde_json::from_slice(&frame.data)
            .map_err(|_| Refusal::new("invalid_json", "The event is not valid JSON."))?;
        *event_id = text(&event, "event_id").map(str::to_owned);
        let Some(members) = event.as_object() else {
            return Err(invalid_event("The event is not a JSON object."));
        };
        let Some(event_type) = text(&event, "type") else {
            return Err(invalid_event("The 'type' field is missing.").at("type"));
        };
        let events = match seat {
            Seat::OWN if self.source.is_some() => FORK,
            Seat::OWN => PRIMARY,
            _ => SIDEBAND,
        };
        let known = events.iter().find(|(name, _)| *name == event_type);
        let (_, fields) = known.ok_or_else(|| {
            let types: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
            Refusal::value("type", event_type, &types)
        })?;
        if event_type == "session.update"
            && let Some(session) = event.get("session").and_then(Value::as_object)
        {
            self.config.check_update(session)?;
        }
        shape::check_members(members, fields, "").map_err(in_terms_of_live)?;
        Ok(event)
    }

    fn carry_out(&mut self, now: Time, event: &Value, id: Option<&str>) -> Result<(), Refusal> {
        let event_type = text(event, "type").unwrap_or_default();
        match (self.phase, event_type) {
            (Phase::Fresh, "session.start") => return self.start(now, event, id),
            (Phase::Fresh, _) => {
                return Err(invalid_event("The first event must be 'session.start'."));
            }
            // A caller's audio may still be on its way when the session is closed.
            (Phase::Draining, "session.input_audio.append") => return Ok(()),
            (Phase::Draining, _) => return Err(invalid_event("The session is closing.")),
            (_, "session.start") => return Err(invalid_event("The session has already started.")),
            _ => {}
        }
        match event_type {
            "session.update" => {
                let session = event.get("session").unwrap_or(&Value::Null);
                self.config.update(session)?;
                self.announce("session.updated", id);
            }
            "session.input_audio.append" => self.append_audio(now, event)?,
            "session.input_audio.mute" => self.mute(true, id),
            "session.input_audio.unmute" => self.mute(false, id),
            "session.output_audio.fixture.play" => self.play_fixture(event, id)?,
            "session.instructions.append"
            | "session.thinking.append"
            | "session.commentary.append" => self.append_context(event_type, event, id)?,
            "response.item.create" | "response.create" => {
                if self.config.mode() != Mode::Responses {
                    let message = format!("{event_type} requires Responses delegation.");
                    return Err(Refusal::uncoded(message));
                }
                if event_type == "response.create" {
                    self.continue_backend(now)?;
                } else {
                    self.give_item(event.get("item").unwrap_or(&Value::Null))?;
                }
            }
            "session.close" => {
                self.closing = Some(Closing {
                    requested: now,
                    event: id.map(str::to_owned),
                });
                self.phase = Phase::Draining;
            }
            "transport.dtmf.send" => {
                let message = "The session is not carried by SIP.";
                return Err(invalid_event(message));
            }
            _ => self.decide(event_type, event, id)?,
        }
        Ok(())
    }

    fn start(&mut self, now: Time, event: &Value, id: Option<&str>) -> Result<(), Refusal> {
        let session = event.get("session").unwrap_or(&Value::Null);
        self.config = match &self.source {
            Some(source) => source.config.fork(session)?,
            None => Config::start(session)?,
        };
        if self.source.is_none() {
            self.caller.next_turn = self.config.turns_before();
        }
        let format = self.config.format();
        self.timeline.start(format, now);
        self.caller.listen_at(format.rate);
        self.expires = now + self.settings.session_limit;
        self.phase = Phase::Running;
        self.announce("session.started", id);
        Ok(())
    }

    /// Queues an event that shows the session as it is.
    fn announce(&mut self, event_type: &str, answers: Option<&str>) {
        let fields = json!({"session": self.resource()});
        self.emit(event_type, fields, answers);
    }

    fn mute(&mut self, muted: bool, id: Option<&str>) {
        self.caller.muted = muted;
        let event_type = if muted {
            "session.input_audio.muted"
        } else {
            "session.input_audio.unmuted"
        };
        self.emit(event_type, json!({}), id);
    }
}

pub(super) fn invalid_event(message: impl Into<String>) -> Refusal {
    Refusal::new("invalid_event", message)
}

/// This protocol has one code for all values that do not fit.
fn in_terms_of_live(refusal: Refusal) -> Refusal {
    match refusal.code {
        Some("unknown_parameter" | "missing_required_parameter") => refusal,
        _ => Refusal {
            code: Some("invalid_value"),
            ..refusal
        },
    }
}
