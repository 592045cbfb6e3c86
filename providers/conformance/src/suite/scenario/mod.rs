//! The scenarios, each a conversation and what must hold of it.

mod change;
mod media;
mod talk;
mod tools;
mod trouble;

use antiphon_protocol::Capabilities;
use futures::future::LocalBoxFuture;

use super::{Failure, Subject};

type Play = for<'a> fn(&'a dyn Subject) -> LocalBoxFuture<'a, Result<(), Failure>>;

/// One scenario.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Scenario {
    /// Its name, as the suite prints it.
    pub name: &'static str,
    /// What must hold, in a sentence.
    pub about: &'static str,
    /// Why a wire with these capabilities cannot play it; `None` when it can.
    pub skip: fn(&Capabilities) -> Option<&'static str>,
    pub(super) play: Play,
}

/// Every scenario, in the order in which they run.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    [talk::ALL, media::ALL, tools::ALL, change::ALL, trouble::ALL]
        .into_iter()
        .flatten()
}

/// For scenarios that every wire can play.
fn never(_: &Capabilities) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_scenarios_share_a_name() {
        let names: BTreeSet<_> = scenarios().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), scenarios().count());
        assert!(scenarios().all(|scenario| scenario.about.ends_with('.')));
    }
}
