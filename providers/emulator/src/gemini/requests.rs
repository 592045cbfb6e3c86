//! Client messages: read strictly, then carried out or refused as the service does.

use antiphon_gemini_live_types::{ClientFrame, ClientMessage, DecodeError, RealtimeInput};
use antiphon_protocol::{Frame, Time};
use serde_json::{Value, json};

use super::{
    Config, Connection, PATIENCE, Phase, names,
    refusal::Refusal,
    resumption::{Resumption, Unusable},
};

impl Connection {
    /// Takes in one frame of the client, after the opening of the script.
    pub(super) fn frame(&mut self, now: Time, frame: &Frame) {
        let result = self
            .read(frame)
            .and_then(|message| self.carry_out(now, *message));
        if let Err(refusal) = result {
            self.close(refusal.code, &refusal.reason);
        }
    }

    fn read(&self, frame: &Frame) -> Result<Box<ClientMessage>, Refusal> {
        let read = ClientFrame::from_slice(&frame.data).map_err(|error| unreadable(&error))?;
        if let ClientFrame::Message(message) = &read
            && is_plain_audio(message)
        {
            return Ok(message.clone());
        }
        let raw: Value = serde_json::from_slice(&frame.data)
            .map_err(|_| Refusal::invalid("Invalid JSON payload received."))?;
        names::check(&raw, self.settings.service)?;
        match read {
            ClientFrame::Message(message) => Ok(message),
            ClientFrame::Degraded(degraded) => Err(Refusal::invalid(format!(
                "Invalid JSON payload received. {}",
                degraded.misfit()
            ))),
            _ => Err(Refusal::invalid("Request contains an invalid argument.")),
        }
    }

    fn carry_out(&mut self, now: Time, message: ClientMessage) -> Result<(), Refusal> {
        let members = members_of(&message);
        if let [_, second, ..] = *members {
            return Err(Refusal::invalid(format!(
                "oneof field 'message_type' is already set. Cannot set '{second}'"
            )));
        }
        match (&self.phase, message.setup) {
            (Phase::Waiting, Some(setup)) => {
                let config = Config::read(&setup, &self.settings)?;
                self.phase = Phase::Preparing {
                    since: now,
                    at: now + self.settings.preparing,
                    config: Box::new(config),
                };
                return Ok(());
            }
            (Phase::Waiting, None) => {
                return Err(Refusal::invalid("The first message must be 'setup'."));
            }
            (_, Some(_)) => {
                let reason = "'setup' must be the first message and cannot be sent again.";
                return Err(Refusal::invalid(reason));
            }
            (Phase::Preparing { .. }, None) => {
                let reason = "Messages are accepted only after 'setupComplete'.";
                return Err(Refusal::invalid(reason));
            }
            _ => {}
        }
        self.consumed += 1;
        if let Some(input) = message.realtime_input {
            return self.take_realtime(now, input);
        }
        if let Some(content) = message.client_content {
            return self.take_content(now, &content);
        }
        if let Some(response) = &message.tool_response {
            return self.take_answers(now, response);
        }
        if let Some(update) = &message.context_update {
            return self.config.update(update);
        }
        Err(Refusal::invalid("Request contains an invalid argument."))
    }

    /// Opens the session that `setup` asked for, or refuses to.
    pub(super) fn finish_setup(&mut self, now: Time) {
        let waiting = std::mem::replace(&mut self.phase, Phase::Waiting);
        let Phase::Preparing { since, config, .. } = waiting else {
            self.phase = waiting;
            return;
        };
        let handle = config
            .resumption
            .as_ref()
            .and_then(|resume| resume.handle.as_ref());
        let lease = match self.take_up(now, handle) {
            Ok(lease) => lease,
            // The end of the old connection may be on its way.
            Err(Unusable::Open) if now < since + PATIENCE => {
                let at = since + PATIENCE;
                self.phase = Phase::Preparing { since, at, config };
                return;
            }
            Err(unusable) => {
                let refusal = Refusal::from(unusable);
                self.close(refusal.code, &refusal.reason);
                return;
            }
        };
        let resumed = handle.is_some();
        self.resumption = config
            .resumption
            .as_ref()
            .map(|resume| Resumption::new(lease, resume.transparent));
        self.limits.begin(now, &config, &self.settings);
        self.history = config.history && !resumed;
        self.config = *config;
        self.phase = Phase::Open;
        let complete = if self.config.model.names_session(self.settings.service) {
            json!({"sessionId": self.ids.uuid()})
        } else {
            json!({})
        };
        self.out.push(json!({ "setupComplete": complete }));
    }
}

/// Whether a message is nothing but audio, which is not worth a second reading.
fn is_plain_audio(message: &ClientMessage) -> bool {
    let Some(input) = &message.realtime_input else {
        return false;
    };
    let RealtimeInput {
        media_chunks: None,
        audio: Some(audio),
        audio_stream_end: None,
        video: None,
        text: None,
        activity_start: None,
        activity_end: None,
        extra,
    } = input
    else {
        return false;
    };
    extra.is_empty()
        && audio.extra.is_empty()
        && message.extra.is_empty()
        && members_of(message).len() == 1
}

fn members_of(message: &ClientMessage) -> Vec<&'static str> {
    let members = [
        (message.setup.is_some(), "setup"),
        (message.client_content.is_some(), "clientContent"),
        (message.realtime_input.is_some(), "realtimeInput"),
        (message.tool_response.is_some(), "toolResponse"),
        (message.context_update.is_some(), "contextUpdate"),
    ];
    let there = members.into_iter().filter(|(there, _)| *there);
    there.map(|(_, name)| name).collect()
}

fn unreadable(error: &DecodeError) -> Refusal {
    Refusal::invalid(match error {
        DecodeError::NotAnObject => {
            "Invalid JSON payload received. Root element must be a message."
        }
        _ => "Invalid JSON payload received.",
    })
}
