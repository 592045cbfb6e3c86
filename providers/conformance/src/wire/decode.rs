//! One way to decode a frame of any protocol.

use antiphon_gemini_live_types as gemini;
use antiphon_openai_live_types as live;
use antiphon_openai_realtime_types as realtime;

use super::{Direction, Protocol};

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its type is described and it fits.
    Known {
        /// The frame, encoded again.
        json: String,
    },
    /// Its type is described, but it does not fit.
    Degraded {
        /// The type.
        event_type: String,
        /// What does not fit.
        misfit: String,
        /// The frame, encoded again.
        json: String,
    },
    /// Its type is not described.
    Unknown {
        /// The type, empty where it has none.
        event_type: String,
        /// The frame, encoded again.
        json: String,
    },
    /// It could not be read at all.
    Failed(String),
}

impl Outcome {
    const fn rank(&self) -> u8 {
        match self {
            Self::Known { .. } => 0,
            Self::Degraded { .. } => 1,
            Self::Unknown { .. } => 2,
            Self::Failed(_) => 3,
        }
    }
}

/// Decodes a frame as the events of its protocol and direction: the first description that it
/// fits, else the first that knows its type.
#[must_use]
pub fn decode(protocol: Protocol, direction: Option<Direction>, frame: &str) -> Outcome {
    let server = direction != Some(Direction::Client);
    let client = direction != Some(Direction::Server);
    let mut readers: Vec<fn(&str) -> Outcome> = Vec::new();
    match protocol {
        Protocol::OpenAiRealtime => {
            if server {
                readers.extend([server_event as fn(&str) -> _, translation_server_event]);
            }
            if client {
                readers.extend([client_event as fn(&str) -> _, translation_client_event]);
            }
        }
        Protocol::OpenAiLive => {
            if server {
                readers.push(live_server_event);
            }
            if client {
                readers.extend([
                    live_client_event as fn(&str) -> _,
                    live_sideband_client_event,
                    live_fork_client_event,
                ]);
            }
        }
        Protocol::GeminiLive => {
            if server {
                readers.push(gemini_server_frame);
            }
            if client {
                readers.push(gemini_client_frame);
            }
        }
    }
    let mut best = Outcome::Failed("no description".to_owned());
    for reader in readers {
        let outcome = reader(frame);
        if outcome.rank() < best.rank() || matches!(best, Outcome::Failed(_)) {
            best = outcome;
        }
        if best.rank() == 0 {
            break;
        }
    }
    best
}

macro_rules! reader {
    ($name:ident, $module:ident, $events:path) => {
        fn $name(frame: &str) -> Outcome {
            use $events as Events;
            match Events::from_json(frame) {
                Ok(Events::Unknown(event)) => Outcome::Unknown {
                    event_type: event.event_type().to_owned(),
                    json: event.json().to_owned(),
                },
                Ok(Events::Degraded(event)) => Outcome::Degraded {
                    event_type: event.event_type().to_owned(),
                    misfit: event.misfit().to_string(),
                    json: event.json().to_owned(),
                },
                Ok(event) => Outcome::Known {
                    json: event.to_json(),
                },
                Err($module::DecodeError::NoType) => Outcome::Unknown {
                    event_type: String::new(),
                    json: frame.to_owned(),
                },
                Err(error) => Outcome::Failed(error.to_string()),
            }
        }
    };
}

reader!(server_event, realtime, realtime::ServerEvent);
reader!(client_event, realtime, realtime::ClientEvent);
reader!(
    translation_server_event,
    realtime,
    realtime::TranslationServerEvent
);
reader!(
    translation_client_event,
    realtime,
    realtime::TranslationClientEvent
);
reader!(gemini_server_frame, gemini, gemini::ServerFrame);
reader!(gemini_client_frame, gemini, gemini::ClientFrame);
reader!(live_server_event, live, live::ServerEvent);
reader!(live_client_event, live, live::ClientEvent);
reader!(live_sideband_client_event, live, live::SidebandClientEvent);
reader!(live_fork_client_event, live, live::ForkClientEvent);
