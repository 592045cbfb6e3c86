//! Which plug-in a recording is lived through with: a session in the crate that keeps it names no
//! provider, so that the command for it stands here.

use std::sync::Arc;

use antiphon_protocol::Provider;
use antiphon_session::testing::{Moment, recorded_provider};

use crate::suite::{Subject, subjects};

/// The plug-in of that name: the suite's own, or the one a plug-in goes by. Its key is good for nothing.
///
/// Where two plug-ins go by one name, such as GPT-Live with a backend and without, the suite's name
/// tells them apart.
pub fn provider(name: &str) -> Option<Arc<dyn Provider>> {
    let wires = subjects::wires();
    let own = wires.iter().find(|wire| wire.name == name);
    let wire = own.or_else(|| wires.iter().find(|wire| wire.provider().name() == name))?;
    Some(wire.provider())
}

/// The names that [`provider`] knows.
pub fn names() -> Vec<&'static str> {
    subjects::wires().iter().map(|wire| wire.name).collect()
}

/// The plug-in that `recording` was made with.
///
/// # Errors
/// Why there is none, in words.
pub fn recorded(recording: &str) -> Result<Arc<dyn Provider>, String> {
    let name = recorded_provider(recording).map_err(|error| error.to_string())?;
    provider(&name).ok_or_else(|| format!("there is no plug-in {name:?}: name one with --provider"))
}

/// One moment in one line.
pub fn line(moment: &Moment) -> String {
    let state = &moment.state;
    format!(
        "frame={} at={:?} phase={:?} turn={:?}/{:?} gate={} calls={} playing={} history={} tokens={}",
        moment.frame,
        moment.at,
        state.phase,
        state.turn.user,
        state.turn.model,
        moment.gate.state,
        state.turn.open_calls,
        state.turn.playing,
        moment.history.len(),
        state.usage.total.total(),
    )
}
