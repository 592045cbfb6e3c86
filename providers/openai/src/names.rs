//! Ids of what this side sends, made so that they tell by themselves what they belong to.
//!
//! An error names the client event at fault, and an item keeps the id it was created with. Both are
//! read back without a table: `ap_7_0` is the first frame, or item, of command 7.

use antiphon_protocol::CommandId;

/// Id of the opening `session.update`.
pub(crate) const OPENING: &str = "ap_open";
const SEED: &str = "ap_seed_";
const COMMAND: &str = "ap_";

/// Id of the frame, and of the item in it, that replays an entry of history.
pub(crate) fn seed(index: usize) -> String {
    format!("{SEED}{index}")
}

/// Id of a frame, and of the item in it, that carries out a command.
pub(crate) fn frame(command: CommandId, index: usize) -> String {
    format!("{COMMAND}{command}_{index}")
}

/// What an id belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The opening configuration.
    Opening,
    /// An entry of replayed history.
    Seed(usize),
    /// A command.
    Command(CommandId),
}

/// Reads an id of this side's making.
pub(crate) fn origin(id: &str) -> Option<Origin> {
    if id == OPENING {
        return Some(Origin::Opening);
    }
    if let Some(index) = id.strip_prefix(SEED) {
        return index.parse().ok().map(Origin::Seed);
    }
    let (command, index) = id.strip_prefix(COMMAND)?.split_once('_')?;
    index.parse::<usize>().ok()?;
    command
        .parse()
        .ok()
        .map(CommandId::new)
        .map(Origin::Command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_what_they_belong_to() {
        assert_eq!(origin(OPENING), Some(Origin::Opening));
        assert_eq!(origin(&seed(3)), Some(Origin::Seed(3)));
        let id = CommandId::new(u64::MAX);
        assert_eq!(origin(&frame(id, 2)), Some(Origin::Command(id)));
        for foreign in [
            "", "item_1", "ap_", "ap_x_0", "ap_1", "ap_1_x", "ap_seed_", "ap_-1_0",
        ] {
            assert_eq!(origin(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn item_ids_keep_within_what_the_service_takes() {
        assert!(frame(CommandId::new(u64::MAX), 999).len() <= 32);
    }
}
