//! JSON that is kept or sent as it came, and frames that say something impossible.

use antiphon_protocol::{Event, Malformed, PeerText, RawEvent};
use serde_json::value::RawValue;

/// An event as it came, under its name.
pub(crate) fn other(name: &str, text: &str) -> Event {
    match RawValue::from_string(text.trim().to_owned()) {
        Ok(json) => Event::Other(RawEvent::new(name, json)),
        Err(_) => malformed("the frame is not JSON", name, text.len()),
    }
}

/// A frame of a known type that says something impossible.
pub(crate) fn malformed(error: &str, name: &str, bytes: usize) -> Event {
    Event::Malformed(Malformed {
        error: error.to_owned(),
        name: Some(PeerText::new(name)),
        bytes,
    })
}

/// Audio that breaks off within a sample: what is whole of it is heard, and the rest is told of.
pub(crate) fn torn(name: &str, bytes: usize) -> Event {
    malformed("the audio ends within a sample", name, bytes)
}
