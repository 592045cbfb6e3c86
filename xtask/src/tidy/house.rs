//! The map of the house: which rooms there are, what each is called and what it may see.
//!
//! The rules read their facts here, so that an arrow, a name or an exception changes in one place.

/// What kind of crate a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// The neutral language and the provider traits.
    Core,
    /// The wire of one protocol, generated.
    Types,
    /// The connection machine and its wires.
    Transport,
    /// The session handle and its engine.
    Session,
    /// The agent loop.
    Runner,
    /// A provider plug-in.
    Plugin,
    /// The emulator and the conformance suite.
    Proof,
    /// Programs that a person runs.
    Examples,
    /// The commands of this crate.
    Xtask,
}

use Room::{Core, Examples, Plugin, Proof, Runner, Session, Transport, Types, Xtask};

/// What a room's normal dependencies may see of ours. A plug-in sees its own types only.
const NORMAL: &[(Room, &[Room])] = &[
    (Core, &[]),
    (Types, &[]),
    (Transport, &[Core]),
    (Session, &[Core, Transport]),
    (Runner, &[Core, Session]),
    (Plugin, &[Core, Types]),
    (
        Proof,
        &[Core, Types, Transport, Session, Runner, Plugin, Proof],
    ),
    (
        Examples,
        &[Core, Types, Transport, Session, Runner, Plugin, Proof],
    ),
    (Xtask, &[]),
];

/// What a room's tests may see beyond that. The lower rooms prove themselves alone; whoever needs a
/// provider to be proven may use the plug-ins and the proof tools. `transport`, `session` and
/// `runner` may name themselves, to turn on a feature for their own tests.
const TESTS: &[(Room, &[Room])] = &[
    (Core, &[]),
    (Types, &[]),
    (Transport, &[Transport]),
    (Session, &[Session, Plugin, Proof]),
    (Runner, &[Runner, Transport, Plugin, Proof]),
    (Plugin, &[Transport, Session, Runner, Proof]),
    (Proof, &[]),
    (Examples, &[]),
    (Xtask, &[]),
];

/// A library file that may read a clock or draw by chance, because its work is to make them inputs.
#[derive(Debug)]
pub(crate) struct Shell {
    /// How the path of the file begins.
    pub(crate) prefix: &'static str,
    /// Why it may.
    pub(crate) reason: &'static str,
}

/// Every other library file in [`DETERMINISTIC`] promises the same outputs for the same inputs.
pub(crate) const SHELLS: &[Shell] = &[
    Shell {
        prefix: "transport/src/clock.rs",
        reason: "turns the clock of the runtime into Time",
    },
    Shell {
        prefix: "transport/src/ws/",
        reason: "bounds a dial on real sockets",
    },
    Shell {
        prefix: "session/src/builder.rs",
        reason: "draws the date and the seed that a session starts with",
    },
    Shell {
        prefix: "providers/emulator/src/server/",
        reason: "serves the machine on real sockets",
    },
];

/// Where the same inputs must give the same outputs.
pub(crate) const DETERMINISTIC: &[&str] = &[
    "protocol/",
    "transport/",
    "session/",
    "providers/openai/",
    "providers/gemini/",
    "providers/emulator/",
];

/// Where the product's code names no provider.
pub(crate) const NEUTRAL: &[&str] = &[
    "protocol/core/src/",
    "transport/src/",
    "session/src/",
    "runner/src/",
];

/// The names that [`NEUTRAL`] code may not hold.
pub(crate) const PROVIDERS: &[&str] = &["openai", "gemini", "azure", "vertex"];

/// The room of a folder and the crate name that follows from it, or `None` off the map.
pub(crate) fn place(folder: &str) -> Option<(Room, String)> {
    let ours = |name: &str| format!("antiphon-{name}");
    match folder.split_once('/') {
        Some((_, inner)) if inner.is_empty() || inner.contains('/') => None,
        Some(("protocol", "core")) => Some((Core, ours("protocol"))),
        Some(("protocol", wire)) => Some((Types, format!("antiphon-{wire}-types"))),
        Some(("providers", tool @ ("emulator" | "conformance"))) => Some((Proof, ours(tool))),
        Some(("providers", provider)) => Some((Plugin, ours(provider))),
        Some(_) => None,
        None => match folder {
            "transport" => Some((Transport, ours(folder))),
            "session" => Some((Session, ours(folder))),
            "runner" => Some((Runner, ours(folder))),
            "examples" => Some((Examples, ours(folder))),
            "xtask" => Some((Xtask, folder.to_owned())),
            _ => None,
        },
    }
}

/// Whether `from` (a room and its crate name) may see `to` as a normal dependency.
pub(crate) fn may_see(from: (Room, &str), to: (Room, &str)) -> bool {
    let own_types = from.0 != Plugin || to.0 != Types || to.1.starts_with(&format!("{}-", from.1));
    own_types && lists(NORMAL, from.0, to.0)
}

/// Whether the tests of `from` may see `to`.
pub(crate) fn tests_may_see(from: (Room, &str), to: (Room, &str)) -> bool {
    may_see(from, to) || lists(TESTS, from.0, to.0)
}

fn lists(table: &[(Room, &[Room])], from: Room, to: Room) -> bool {
    table
        .iter()
        .any(|(room, sees)| *room == from && sees.contains(&to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_and_crate_names_map_mechanically() {
        let names = [
            ("protocol/core", Some("antiphon-protocol")),
            ("protocol/openai-live", Some("antiphon-openai-live-types")),
            ("providers/openai", Some("antiphon-openai")),
            ("providers/emulator", Some("antiphon-emulator")),
            ("session", Some("antiphon-session")),
            ("xtask", Some("xtask")),
            ("common", None),
            ("protocol", None),
            ("providers/openai/azure", None),
        ];
        for (folder, name) in names {
            let found = place(folder).map(|(_, name)| name);
            assert_eq!(found.as_deref(), name, "of {folder}");
        }
    }

    #[test]
    fn a_plug_in_sees_the_types_of_its_own_provider_only() {
        let plugin = (Plugin, "antiphon-openai");
        assert!(may_see(plugin, (Types, "antiphon-openai-live-types")));
        assert!(!may_see(plugin, (Types, "antiphon-gemini-live-types")));
        assert!(!tests_may_see(
            plugin,
            (Types, "antiphon-gemini-live-types")
        ));
    }

    #[test]
    fn tests_never_turn_the_house_upside_down_for_the_lower_rooms() {
        for room in [Core, Types, Transport] {
            for above in [Session, Runner, Plugin, Proof, Examples] {
                assert!(
                    !tests_may_see((room, "a"), (above, "b")),
                    "{room:?} sees {above:?}"
                );
            }
        }
    }
}
