//! What an emulator is told before it starts, whichever way it is reached.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_protocol::{Secret, Time, WallTime};

use crate::{
    Script, gemini,
    joint::Register,
    live,
    memory::Moment,
    openai::{self, Settings},
};

/// Who is told of all that machines do.
type Watcher = dyn Fn(u64, Time, &Moment<'_>) + Send + Sync;

/// How a connection with a missing or wrong key is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// HTTP 401 with a JSON body, in place of the upgrade.
    #[default]
    Status,
    /// The upgrade succeeds; an `error` event and a close frame with code 3000 follow, on Gemini Live
    /// a close frame with code 1008 alone.
    Event,
}

/// Sets up an emulator. Made by [`Builder::new`].
#[derive(Clone)]
#[must_use = "an emulator is started by one of the builder's last methods"]
pub struct Builder {
    /// By connection; the last one serves all later ones.
    scripts: Vec<Arc<Script>>,
    key: Option<Secret>,
    refusal: Refusal,
    session_limit: Duration,
    thinking: Duration,
    rate_limits: bool,
    gemini: gemini::Settings,
    live: live::Settings,
    /// Where sidebands and forks find the sessions of GPT-Live.
    pub(crate) hall: live::Hall,
    /// The same of OpenAI Realtime, by session id.
    pub(crate) calls: Register<openai::Connection>,
    seed: u64,
    pub(crate) watcher: Option<Arc<Watcher>>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) max_connections: usize,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("key", &self.key.is_some())
            .field("refusal", &self.refusal)
            .field("session_limit", &self.session_limit)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// The weather script, any key or none, sessions of an hour, 64 connections at once.
    pub fn new() -> Self {
        Self {
            scripts: vec![Arc::new(Script::weather())],
            key: None,
            refusal: Refusal::Status,
            session_limit: Duration::from_secs(3_600),
            thinking: Duration::from_millis(120),
            rate_limits: true,
            gemini: gemini::Settings::new(Script::weather()),
            live: live::Settings::new(Script::weather()),
            hall: live::Hall::new(),
            calls: Register::default(),
            seed: 0,
            watcher: None,
            #[cfg(feature = "tls")]
            tls: None,
            max_connections: 64,
        }
    }

    /// What is heard, said and done on each connection.
    pub fn script(mut self, script: impl Into<Arc<Script>>) -> Self {
        self.scripts = vec![script.into()];
        self
    }

    /// What later connections play: with one `script` and one `then_script`, the second connection
    /// and all after it. So a first connection can break where the next one holds.
    pub fn then_script(mut self, script: impl Into<Arc<Script>>) -> Self {
        self.scripts.push(script.into());
        self
    }

    /// The one key that is accepted; `None` accepts any key, and no key.
    pub fn key(mut self, key: Option<&str>) -> Self {
        self.key = key.map(Secret::from);
        self
    }

    /// How a wrong key is refused.
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    /// How long a session may last: by default an hour on OpenAI Realtime, which then sends
    /// `session_expired` and a close frame with code 1001, and two hours on GPT-Live.
    pub fn session_limit(mut self, limit: Duration) -> Self {
        self.session_limit = limit;
        self.live.session_limit = limit;
        self
    }

    /// From the creation of a response to its first output.
    pub fn thinking(mut self, thinking: Duration) -> Self {
        self.thinking = thinking;
        self
    }

    /// Whether `rate_limits.updated` is sent with each response, as some sessions do.
    pub fn rate_limits(mut self, sent: bool) -> Self {
        self.rate_limits = sent;
        self
    }

    /// Changes what only connections of the Gemini Live protocol have. Script, service, version, seed,
    /// calendar and `thinking` are each connection's own.
    ///
    /// ```
    /// # use antiphon_emulator::Builder;
    /// # use std::time::Duration;
    /// let builder = Builder::new().gemini(|gemini| {
    ///     gemini.connection_limit = Duration::from_secs(90);
    ///     gemini.notice = Duration::from_secs(30);
    /// });
    /// ```
    pub fn gemini(mut self, change: impl FnOnce(&mut gemini::Settings)) -> Self {
        change(&mut self.gemini);
        self
    }

    /// Changes what only sessions of GPT-Live have. Script, seed, calendar and `thinking` are each
    /// connection's own.
    ///
    /// ```
    /// # use antiphon_emulator::Builder;
    /// # use std::time::Duration;
    /// let builder = Builder::new().live(|live| live.starvation = Duration::from_secs(5));
    /// ```
    pub fn live(mut self, change: impl FnOnce(&mut live::Settings)) -> Self {
        change(&mut self.live);
        self
    }

    /// Where the ids of all sessions follow from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Tells `watcher` of everything that goes into and comes out of the machines of
    /// [`in_memory`](Self::in_memory), by the number of the connection, from 0.
    pub fn watcher(
        mut self,
        watcher: impl Fn(u64, Time, &Moment<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// Serves TLS only, with this configuration.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// How many connections are served at once; one more is refused with HTTP 503.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = most;
        self
    }

    /// Whether `key` opens a session.
    pub(crate) fn accepts(&self, key: Option<&str>) -> bool {
        self.key
            .as_ref()
            .is_none_or(|wanted| key == Some(wanted.expose()))
    }

    #[cfg(feature = "server")]
    pub(crate) fn refuses_with(&self) -> Refusal {
        self.refusal
    }

    /// What the `number`th connection plays.
    pub(crate) fn script_of(&self, number: u64) -> Arc<Script> {
        let place = usize::try_from(number)
            .unwrap_or(usize::MAX)
            .min(self.scripts.len().saturating_sub(1));
        self.scripts
            .get(place)
            .map_or_else(Arc::default, Arc::clone)
    }

    /// The seed of the `number`th connection. Ids walk through all words in even steps, so seeds that
    /// lay a few such steps apart would give one connection the ids of another.
    fn seed_of(&self, number: u64) -> u64 {
        self.seed ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03)
    }

    /// The settings of the `number`th connection, of the Gemini Live protocol.
    pub(crate) fn gemini_settings(
        &self,
        number: u64,
        service: gemini::Service,
        version: String,
        now: WallTime,
    ) -> gemini::Settings {
        let mut settings = self.gemini.clone();
        settings.script = self.script_of(number);
        settings.service = service;
        settings.version = version;
        settings.seed = self.seed_of(number);
        settings.opened_at = now;
        settings.thinking = self.thinking;
        settings
    }

    /// The settings of the `number`th connection, of GPT-Live.
    pub(crate) fn live_settings(&self, number: u64, now: WallTime) -> live::Settings {
        let mut settings = self.live.clone();
        settings.script = self.script_of(number);
        settings.seed = self.seed_of(number);
        settings.opened_at = now;
        settings.thinking = self.thinking;
        settings
    }

    /// The settings of the `number`th connection, of OpenAI Realtime.
    pub(crate) fn settings(&self, number: u64, model: Option<String>, now: WallTime) -> Settings {
        let mut settings = Settings::new(self.script_of(number));
        settings.model = model;
        settings.seed = self.seed_of(number);
        settings.opened_at = now;
        settings.session_limit = self.session_limit;
        settings.thinking = self.thinking;
        settings.rate_limits = self.rate_limits;
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_connections_draw_the_same_ids() {
        for seed in [0, 1, 7, u64::MAX] {
            let builder = Builder::new().seed(seed);
            let mut seen = std::collections::BTreeSet::new();
            for number in 0..50 {
                let mut ids = crate::ids::Ids::new(builder.seed_of(number));
                for _ in 0..1_000 {
                    assert!(seen.insert(ids.uuid()), "seed {seed}, connection {number}");
                }
            }
        }
    }

    #[test]
    fn the_key_is_in_no_debug_output() {
        let builder = Builder::new().key(Some("sk-very-secret"));
        assert!(builder.accepts(Some("sk-very-secret")) && !builder.accepts(None));
        assert!(!format!("{builder:?}").contains("very-secret"));
    }
}
