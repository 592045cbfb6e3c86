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

/// One way to read frames: an event enum of a protocol and direction.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The protocol.
    pub protocol: Protocol,
    /// Who sends what it reads.
    pub direction: Direction,
    /// The enum, by the description file that holds it and its name.
    pub events: &'static str,
    /// Decodes a frame and encodes it again.
    pub read: fn(&str) -> Outcome,
}

/// Decodes a frame as the events of its protocol and direction: the first enum that it fits, else
/// the first that knows its type.
#[must_use]
pub fn decode(protocol: Protocol, direction: Option<Direction>, frame: &str) -> Outcome {
    let mut best = Outcome::Failed("no enum reads this protocol".to_owned());
    let fitting = READERS.iter().filter(|reader| {
        reader.protocol == protocol && direction.is_none_or(|wanted| wanted == reader.direction)
    });
    for reader in fitting {
        let outcome = (reader.read)(frame);
        if outcome.rank() < best.rank() || matches!(best, Outcome::Failed(_)) {
            best = outcome;
        }
        if best.rank() == 0 {
            break;
        }
    }
    best
}

macro_rules! readers {
    ($($protocol:ident $direction:ident $name:literal $events:path;)*) => {
        /// Every event enum, in the order in which [`decode`] tries them.
        pub const READERS: &[Reader] = &[$(Reader {
            protocol: Protocol::$protocol,
            direction: Direction::$direction,
            events: $name,
            read: |frame| {
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
                    Ok(event) => Outcome::Known { json: event.to_json() },
                    Err(error) => refused(frame, &error.to_string()),
                }
            },
        },)*];
    };
}

/// An object without a type is a frame of a type that nobody knows.
fn refused(frame: &str, error: &str) -> Outcome {
    if error == realtime::DecodeError::NoType.to_string() {
        return Outcome::Unknown {
            event_type: String::new(),
            json: frame.to_owned(),
        };
    }
    Outcome::Failed(error.to_owned())
}

readers! {
    OpenAiRealtime Server "server.ServerEvent" realtime::ServerEvent;
    OpenAiRealtime Server "translation.TranslationServerEvent" realtime::TranslationServerEvent;
    OpenAiRealtime Server "beta.ServerEvent" realtime::beta::ServerEvent;
    OpenAiRealtime Client "client.ClientEvent" realtime::ClientEvent;
    OpenAiRealtime Client "translation.TranslationClientEvent" realtime::TranslationClientEvent;
    OpenAiRealtime Client "beta.ClientEvent" realtime::beta::ClientEvent;
    OpenAiLive Server "server.ServerEvent" live::ServerEvent;
    OpenAiLive Client "client.ClientEvent" live::ClientEvent;
    OpenAiLive Client "client.SidebandClientEvent" live::SidebandClientEvent;
    OpenAiLive Client "client.ForkClientEvent" live::ForkClientEvent;
    GeminiLive Server "server.ServerFrame" gemini::ServerFrame;
    GeminiLive Client "client.ClientFrame" gemini::ClientFrame;
}
