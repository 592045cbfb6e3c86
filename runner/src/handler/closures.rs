//! The closure form of handlers.

use std::{fmt::Display, sync::Arc};

use super::{HandlerResult, Lane, Notice};

/// What a handler closure may return: nothing, or a `Result` whose error is reported.
pub trait HandlerReturn {
    /// The error, if there is one.
    ///
    /// # Errors
    /// The closure's own error, in words.
    fn into_result(self) -> HandlerResult;
}

impl HandlerReturn for () {
    fn into_result(self) -> HandlerResult {
        Ok(())
    }
}

impl<T, E: Display> HandlerReturn for Result<T, E> {
    fn into_result(self) -> HandlerResult {
        self.map(drop).map_err(|error| error.to_string().into())
    }
}

type Closure = Arc<dyn Fn(&Notice) -> Option<HandlerResult> + Send + Sync>;

/// The closures an agent was given, by lane.
#[derive(Clone, Default)]
pub(crate) struct Closures(Vec<(Lane, Closure)>);

impl Closures {
    /// Adds a closure of `lane` that answers `None` to notices that are not meant for it.
    pub(crate) fn add(
        &mut self,
        lane: Lane,
        closure: impl Fn(&Notice) -> Option<HandlerResult> + Send + Sync + 'static,
    ) {
        self.0.push((lane, Arc::new(closure)));
    }

    /// The closures of `lane`, in the order they were given.
    pub(crate) fn of(&self, lane: Lane) -> impl Iterator<Item = &Closure> {
        self.0
            .iter()
            .filter(move |(its, _)| *its == lane)
            .map(|(_, closure)| closure)
    }
}
