//! What a caller can say about how the session should be.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use antiphon_protocol::SessionConfig;

/// How long a quiet moment is waited for, unless the caller says otherwise.
const QUIET_WITHIN: Duration = Duration::from_secs(20);

type Patch = Box<dyn FnOnce(SessionConfig) -> SessionConfig + Send>;

enum Change {
    To(Box<SessionConfig>),
    Patch(Patch),
    /// Its description has panicked.
    #[cfg(feature = "recording")]
    Broken,
}

/// A wish to configure the session in another way; see [`Session::update`](crate::Session::update).
///
/// ```
/// use antiphon_session::Update;
///
/// let update = Update::change(|config| config.voice("cedar"))
///     .bridge("You have a new voice from here on. Do not mention it.");
/// # let _ = update;
/// ```
#[must_use = "a wish does nothing until it is given to a session"]
pub struct Update {
    change: Change,
    bridge: Option<String>,
    pub(crate) quiet_within: Duration,
}

/// Content stays out of debug output.
impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("bridged", &self.bridge.is_some())
            .field("quiet_within", &self.quiet_within)
            .finish_non_exhaustive()
    }
}

impl Update {
    /// The session shall be like `config`.
    pub fn to(config: SessionConfig) -> Self {
        Self::new(Change::To(Box::new(config)))
    }

    /// The session shall be as it is desired to be by then, but for what `change` does to it.
    pub fn change(change: impl FnOnce(SessionConfig) -> SessionConfig + Send + 'static) -> Self {
        Self::new(Change::Patch(Box::new(change)))
    }

    fn new(change: Change) -> Self {
        Self {
            change,
            bridge: None,
            quiet_within: QUIET_WITHIN,
        }
    }

    /// Tells the model this once, when the change has happened, whichever way it happens.
    pub fn bridge(mut self, words: impl Into<String>) -> Self {
        self.bridge = Some(words.into());
        self
    }

    /// How long to wait for a quiet moment where a new connection is needed; after that it is made
    /// in the middle of whatever goes on. Default 20 s.
    pub fn quiet_within(mut self, span: Duration) -> Self {
        self.quiet_within = span;
        self
    }

    /// The same wish in plain words, by what is desired now; `None` when its description panics.
    #[cfg(feature = "recording")]
    pub(crate) fn plain(self, desired: &SessionConfig) -> Option<Self> {
        let (config, bridge, quiet_within) = self.resolve(desired)?;
        Some(Self {
            change: Change::To(Box::new((*config).clone())),
            bridge,
            quiet_within,
        })
    }

    /// What is wished, where it is in plain words.
    #[cfg(feature = "recording")]
    pub(crate) fn resolved(&self) -> Option<(&SessionConfig, Option<&str>, Duration)> {
        match &self.change {
            Change::To(config) => Some((config, self.bridge.as_deref(), self.quiet_within)),
            Change::Patch(_) | Change::Broken => None,
        }
    }

    /// A wish whose description has panicked.
    #[cfg(feature = "recording")]
    pub(crate) fn panicking() -> Self {
        Self::new(Change::Broken)
    }

    /// What is wished, by what is desired now; `None` when the caller's description of it panics, which
    /// must not be the end of the session.
    pub(crate) fn resolve(
        self,
        desired: &SessionConfig,
    ) -> Option<(Arc<SessionConfig>, Option<String>, Duration)> {
        let config = match self.change {
            Change::To(config) => *config,
            Change::Patch(change) => {
                catch_unwind(AssertUnwindSafe(|| change(desired.clone()))).ok()?
            }
            #[cfg(feature = "recording")]
            Change::Broken => return None,
        };
        Some((Arc::new(config), self.bridge, self.quiet_within))
    }
}
