//! Credentials that are kept while they are good.

use std::{fmt, future::Future, time::Duration};

use antiphon_protocol::{AuthError, Secret, Time, TokenSource, Why};
use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::Clock;

/// A refusal within this time of a refresh is about the token before it.
const JUST_FETCHED: Duration = Duration::from_secs(10);

/// A credential as it was just issued.
#[derive(Clone, Debug)]
pub struct FreshToken {
    /// The credential.
    pub token: Secret,
    /// How long it is good for, counted from its arrival; `None` when it does not run out.
    pub valid_for: Option<Duration>,
}

/// Keeps a credential until shortly before it runs out, and fetches the next one once, however many
/// connections ask for it at the same time.
///
/// A connection that was refused with it makes the cache fetch another, once.
///
/// ```
/// use std::time::Duration;
/// use antiphon_protocol::{AuthError, Secret, TokenSource, Why};
/// use antiphon_transport::{FreshToken, TokenCache};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), AuthError> {
/// let cache = TokenCache::new(|| async {
///     // Ask your own service for a short-lived key here.
///     Ok(FreshToken {
///         token: Secret::from("ephemeral"),
///         valid_for: Some(Duration::from_secs(600)),
///     })
/// });
/// assert_eq!(cache.token(Why::Connect).await?.expose(), "ephemeral");
/// # Ok(())
/// # }
/// ```
pub struct TokenCache<F> {
    fetch: F,
    skew: Duration,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: Secret,
    fetched: Time,
    good_until: Option<Time>,
}

impl<F> fmt::Debug for TokenCache<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("skew", &self.skew)
            .finish_non_exhaustive()
    }
}

impl<F> TokenCache<F> {
    /// An empty cache over `fetch`.
    pub fn new(fetch: F) -> Self {
        Self {
            fetch,
            skew: Duration::from_secs(60),
            clock: Clock::start(),
            kept: Mutex::new(None),
        }
    }

    /// Sets how long before its end a credential is replaced; never more than half its life.
    /// Default 60 s.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    fn keep(&self, fresh: FreshToken) -> Kept {
        let now = self.clock.now();
        Kept {
            good_until: fresh
                .valid_for
                .map(|life| now + (life - self.skew.min(life / 2))),
            token: fresh.token,
            fetched: now,
        }
    }
}

impl Kept {
    fn serves(&self, now: Time, why: Why) -> bool {
        let good = self.good_until.is_none_or(|until| now < until);
        match why {
            Why::Connect => good,
            Why::Refused => good && now - self.fetched < JUST_FETCHED,
        }
    }
}

#[async_trait]
impl<F, Fut> TokenSource for TokenCache<F>
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<FreshToken, AuthError>> + Send,
{
    async fn token(&self, why: Why) -> Result<Secret, AuthError> {
        // Whoever comes first fetches while the others wait here. One that is dropped while it
        // fetches lets the next one in.
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.serves(now, why)) {
            return Ok(kept.token.clone());
        }
        let fresh = (self.fetch)().await?;
        let new = self.keep(fresh);
        let token = new.token.clone();
        *kept = Some(new);
        Ok(token)
    }
}
