//! The configuration the service has, and the update that makes it another one.
//!
//! An update is sparse, so what changed is found leaf by leaf. A leaf that is to be unset goes back
//! to what the service reported when it created the session. Objects are sent whole, because
//! compatible servers replace them where the service merges them.

use std::collections::{BTreeMap, VecDeque};

use antiphon_protocol::{CommandId, ConfigField, Subject, Unsupported};
use serde_json::{Map, Value};

/// Most updates on their way at once that are told apart.
const LIMIT: usize = 64;

/// Members of a session object by path, such as `instructions` or `audio.output.voice`.
type Leaves = BTreeMap<String, Value>;

/// What the session is, and is about to be.
#[derive(Debug)]
pub(crate) struct Desired {
    accepted: Leaves,
    in_flight: VecDeque<(CommandId, Leaves)>,
    defaults: Option<Leaves>,
    /// Whether the model has spoken: its voice is settled then.
    pub(crate) has_spoken: bool,
}

impl Desired {
    /// A session opened as `session`.
    pub(crate) fn new(session: &Map<String, Value>) -> Self {
        Self {
            accepted: leaves(session),
            in_flight: VecDeque::new(),
            defaults: None,
            has_spoken: false,
        }
    }

    /// The service has created a session with these settings.
    pub(crate) fn created(&mut self, session: &Map<String, Value>) {
        self.defaults = Some(leaves(session));
    }

    /// The oldest update has been taken in.
    pub(crate) fn updated(&mut self) {
        if let Some((_, accepted)) = self.in_flight.pop_front() {
            self.accepted = accepted;
        }
    }

    /// An update was refused: the session is as it was.
    pub(crate) fn refused(&mut self, id: CommandId) {
        self.in_flight.retain(|(open, _)| *open != id);
    }

    /// The session object that leads to `session`; `None` when it is like that already.
    pub(crate) fn change(
        &mut self,
        id: CommandId,
        session: &Map<String, Value>,
        subject: &Subject,
    ) -> Result<Option<Map<String, Value>>, Unsupported> {
        let wanted = leaves(session);
        let update = self.update(&wanted, subject)?;
        if update.is_some() {
            self.send(id, wanted);
        }
        Ok(update)
    }

    /// A frame of the caller's own changes these members.
    pub(crate) fn overlay(&mut self, id: CommandId, session: &Map<String, Value>) {
        let mut next = self.newest().clone();
        next.extend(leaves(session));
        self.send(id, next);
    }

    fn newest(&self) -> &Leaves {
        self.in_flight.back().map_or(&self.accepted, |(_, it)| it)
    }

    fn send(&mut self, id: CommandId, leaves: Leaves) {
        if self.in_flight.len() >= LIMIT {
            self.in_flight.pop_front();
        }
        self.in_flight.push_back((id, leaves));
    }

    fn update(
        &self,
        wanted: &Leaves,
        subject: &Subject,
    ) -> Result<Option<Map<String, Value>>, Unsupported> {
        let changed = self.changed(wanted);
        if changed.is_empty() {
            return Ok(None);
        }
        if self.has_spoken && changed.iter().any(|path| is_voice(path)) {
            return Err(subject.field(
                ConfigField::Voice,
                "the voice is settled once the model has spoken; open a new connection",
            ));
        }
        let mut update = Map::new();
        for (path, value) in self.with_siblings(wanted, &changed) {
            put(&mut update, path, value.clone());
        }
        for path in changed.iter().filter(|path| !wanted.contains_key(*path)) {
            let default = self.defaults.as_ref().and_then(|leaves| leaves.get(path));
            let Some(default) = default else {
                return Err(subject.thing(
                    format!("unsetting {path}"),
                    "its default was not reported; set it, or open a new connection",
                ));
            };
            put(&mut update, path, default.clone());
        }
        if let Some(kind) = wanted.get("type") {
            put(&mut update, "type", kind.clone());
        }
        Ok(Some(update))
    }

    /// Paths that differ from what the session is or from anything it may be about to be.
    fn changed(&self, wanted: &Leaves) -> Vec<String> {
        let mut changed = Vec::new();
        let states = std::iter::once(&self.accepted).chain(self.in_flight.iter().map(|(_, it)| it));
        for state in states {
            for path in wanted.keys().chain(state.keys()) {
                if wanted.get(path) != state.get(path) && !changed.contains(path) {
                    changed.push(path.clone());
                }
            }
        }
        changed
    }

    /// Wanted leaves that changed, and those in the same object. A settled voice is left out: it
    /// is the same, and the service may refuse even that.
    fn with_siblings<'a>(
        &'a self,
        wanted: &'a Leaves,
        changed: &'a [String],
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        wanted
            .iter()
            .filter(move |(path, _)| {
                let is_sibling = parent(path)
                    .is_some_and(|side| changed.iter().any(|other| parent(other) == Some(side)));
                let is_settled = self.has_spoken && is_voice(path);
                changed.contains(path) || (is_sibling && !is_settled)
            })
            .map(|(path, value)| (path.as_str(), value))
    }
}

/// The voice stands in one of two places, by dialect.
fn is_voice(path: &str) -> bool {
    matches!(path, "audio.output.voice" | "voice")
}

/// The object a leaf of `audio` stands in; other leaves stand alone.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(parent, _)| parent)
}

fn leaves(session: &Map<String, Value>) -> Leaves {
    let mut leaves = Leaves::new();
    for (name, value) in session {
        match value {
            Value::Object(audio) if name == "audio" => {
                for (side, value) in audio {
                    match value {
                        Value::Object(members) => {
                            for (member, value) in members {
                                leaves.insert(format!("audio.{side}.{member}"), value.clone());
                            }
                        }
                        _ => drop(leaves.insert(format!("audio.{side}"), value.clone())),
                    }
                }
            }
            _ => drop(leaves.insert(name.clone(), value.clone())),
        }
    }
    leaves
}

fn put(session: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(session.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = session
                .entry(first)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
