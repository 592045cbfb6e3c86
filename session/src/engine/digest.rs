//! A hash over everything that goes into a session's machines and comes out of them.

use std::{
    fmt::{self, Write},
    hash::{DefaultHasher, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_protocol::Time;
use antiphon_transport::Input;

use super::{EngineCommand, Verb};

/// A hash over everything that goes into a session's engine and the link in it and comes out of
/// them, with the time of each.
///
/// Clones share it. Two sessions with the same one behaved alike.
#[derive(Clone, Debug, Default)]
pub struct Digest(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    hasher: DefaultHasher,
    notes: u64,
}

/// Which machine, and which way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    IntoEngine,
    OutOfEngine,
    /// An event that the reader takes.
    Taken,
    IntoLink,
    OutOfLink,
}

impl Digest {
    /// The hash so far.
    pub fn value(&self) -> u64 {
        self.lock().hasher.finish()
    }

    /// How many inputs and outputs it covers.
    pub fn notes(&self) -> u64 {
        self.lock().notes
    }

    pub(crate) fn note(&self, now: Time, place: Place, what: &dyn fmt::Debug) {
        let mut shared = self.lock();
        shared.notes += 1;
        let nanos = now.since_origin().as_nanos();
        shared
            .hasher
            .write_u64(u64::try_from(nanos).unwrap_or(u64::MAX));
        shared.hasher.write_u8(place as u8);
        // A hasher takes all that is written.
        let _ = write!(Writing(&mut shared.hasher), "{what:?}");
    }

    /// Content is in no debug output, but decides what follows.
    pub(crate) fn content(&self, input: &Input<EngineCommand>) {
        let Input::Command(EngineCommand::Do { verb, .. }) = input else {
            return;
        };
        match verb {
            Verb::Audio(data) => self.lock().hasher.write(data),
            Verb::Text(text) => self.lock().hasher.write(text.as_bytes()),
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writing<'a>(&'a mut DefaultHasher);

impl Write for Writing<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
