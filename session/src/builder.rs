//! From a description to a session that is ready.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use antiphon_protocol::{
    Ended, EndedCause, Event, OpeningPlan, Provider, SessionConfig, TurnDetection, WallTime,
};
use antiphon_transport::{BackoffConfig, Clock, Dial, LinkConfig, Meter, drive_metered};
use futures::FutureExt;
use tokio::sync::{mpsc, watch};

#[cfg(feature = "simulation")]
use crate::simulation::{Defect, Digest};
use crate::{
    Budget, ConnectError, Events, LateResults, Limits, Prices, Session, SessionState, Snapshot,
    TurnDerivation, UplinkPacing,
    changes::Changes,
    engine::{Engine, EngineConfig, Reports},
    events::{Parcel, Tap},
    handle::Shared,
    port::{COMMANDS, Inlets, Outlets, SessionPort},
};

/// Describes a session; see [`Session::builder`].
#[must_use = "a description does nothing until it is connected"]
pub struct SessionBuilder {
    provider: Arc<dyn Provider>,
    config: SessionConfig,
    dial: Option<Arc<dyn Dial>>,
    limits: Limits,
    pacing: UplinkPacing,
    follow_up: bool,
    late_results: LateResults,
    seed: Option<u64>,
    derivation: TurnDerivation,
    prices: Option<Arc<dyn Prices>>,
    budget: Budget,
    restore: Option<Snapshot>,
    link: LinkConfig,
    #[cfg(feature = "simulation")]
    simulation: (Option<Defect>, Digest),
    meter: Option<Arc<dyn Meter>>,
    #[cfg(feature = "recording")]
    tape: Option<Box<dyn crate::Tape>>,
}

impl std::fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("provider", &self.provider.name())
            .field("model", &self.config.model)
            .finish_non_exhaustive()
    }
}

impl SessionBuilder {
    pub(crate) fn new(provider: Arc<dyn Provider>) -> Self {
        Self {
            provider,
            config: SessionConfig::default(),
            dial: None,
            limits: Limits::default(),
            pacing: UplinkPacing::default(),
            follow_up: true,
            late_results: LateResults::default(),
            seed: None,
            derivation: TurnDerivation::default(),
            prices: None,
            budget: Budget::default(),
            restore: None,
            link: LinkConfig::new(wall_clock()),
            #[cfg(feature = "simulation")]
            simulation: Default::default(),
            meter: None,
            #[cfg(feature = "recording")]
            tape: None,
        }
    }

    /// Sets what the session should be.
    pub fn config(mut self, config: SessionConfig) -> Self {
        self.config = config;
        self
    }

    /// Replaces the transport, for tests or for another network. Default: WebSockets over TCP and TLS,
    /// through the proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.dial = Some(Arc::new(dial));
        self
    }

    /// Sets the session's bounds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how fast the user's audio leaves. Default [`UplinkPacing::AsGiven`].
    pub fn pacing(mut self, pacing: UplinkPacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Whether the session asks the model to go on once all calls of a batch are answered, on wires
    /// where it must be asked. Default `true`.
    pub fn follow_up(mut self, follow_up: bool) -> Self {
        self.follow_up = follow_up;
        self
    }

    /// Sets what becomes of a tool's result that comes when its call is void. Default
    /// [`LateResults::Refuse`].
    pub fn late_results(mut self, policy: LateResults) -> Self {
        self.late_results = policy;
        self
    }

    /// Makes the session's randomness (the jitter of reconnects) repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the wall clock at the moment of connecting, for sessions under virtual time: ends that a
    /// provider states by the calendar are read against it. Default is the system's.
    pub fn wall_clock(mut self, now: WallTime) -> Self {
        self.link.wall_at_origin = now;
        self
    }

    /// Sets when speech counts as such on wires that do not say who is speaking.
    pub fn derive_turns(mut self, derivation: TurnDerivation) -> Self {
        self.derivation = derivation;
        self
    }

    /// Tells `meter` what the session's wires count: dials, frames, bytes.
    pub fn meter(mut self, meter: impl Meter + 'static) -> Self {
        self.meter = Some(Arc::new(meter));
        self
    }

    /// Writes down all that the session is fed, for time travel. Give it the
    /// [`RecordingDial`](antiphon_transport::RecordingDial) that the session dials with, in an `Arc`:
    /// then one file holds all, and `testing::TimeTravel` (feature `testing`) goes to any frame of it.
    ///
    /// Audio and words are written as they are: a tape is as private as the conversation.
    #[cfg(feature = "recording")]
    pub fn tape(mut self, tape: impl crate::Tape + 'static) -> Self {
        self.tape = Some(Box::new(tape));
        self
    }

    /// Sets what usage costs; the sum is in [`SessionState::usage`].
    pub fn prices(mut self, prices: impl Prices + 'static) -> Self {
        self.prices = Some(Arc::new(prices));
        self
    }

    /// Sets what the session may use. When that is used up, the session ends in order, with
    /// [`EndedCause::OverBudget`].
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Goes on with a conversation that another process has kept: by the provider's handle where the
    /// snapshot holds one that is good, else from its history. The configuration is the snapshot's
    /// unless [`SessionBuilder::config`] is called afterwards.
    ///
    /// The first event that matters is an [`Event::Rotated`] with
    /// [`RotationCause::Restore`](antiphon_protocol::RotationCause::Restore), which says what was
    /// kept, and which calls are void.
    pub fn restore(mut self, snapshot: Snapshot) -> Self {
        self.config = snapshot.config().clone();
        self.restore = Some(snapshot);
        self
    }

    /// Sets when and how often to reconnect.
    pub fn backoff(mut self, backoff: BackoffConfig) -> Self {
        self.link = self.link.backoff(backoff);
        self
    }

    /// Sets the deadlines of the first and every further connection: from the order to dial to an
    /// open wire, and from there to the provider's acceptance. Default 15 s each.
    pub fn deadlines(mut self, dial: Duration, ready: Duration) -> Self {
        self.link = self.link.dial_deadline(dial).ready_deadline(ready);
        self
    }

    /// Sets how many dials the first connection may take. Default 3.
    pub fn connect_attempts(mut self, attempts: u32) -> Self {
        self.link = self.link.connect_attempts(attempts);
        self
    }

    /// Breaks the session in one way, for the simulator.
    #[cfg(feature = "simulation")]
    #[doc(hidden)]
    pub fn with_defect(mut self, defect: Option<Defect>) -> Self {
        self.simulation.0 = defect;
        self
    }

    /// Hashes all that goes into the session's machines and comes out of them, for the simulator.
    #[cfg(feature = "simulation")]
    #[doc(hidden)]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.simulation.1 = digest;
        self
    }

    /// Opens the session; resolves when the provider has accepted the configuration.
    ///
    /// Bounded by the deadlines of dial and opening, times the attempts and the waits between them.
    /// Cancel safe: dropping the future closes what was begun.
    ///
    /// # Errors
    /// When the configuration cannot be sent, or the session ended before it was ready.
    pub async fn connect(self) -> Result<(Session, Events), ConnectError> {
        let dial = self
            .dial
            .clone()
            .or_else(default_dial)
            .ok_or(ConnectError::NoDial)?;
        let config = Arc::new(self.config);
        // Offline, so that a configuration that cannot be sent fails before anything is dialled.
        self.provider
            .open(&OpeningPlan::fresh(Arc::clone(&config)))?;
        let capabilities = self.provider.capabilities(&config.model).into_owned();
        let clock = Clock::start();
        let (shared, inlets, outlets, events) = channels(&*self.provider, &capabilities, &config);
        let mut state = shared.state.clone();
        let session = Session {
            shared: Arc::new(shared),
        };
        let given = EngineConfig {
            provider: self.provider,
            config,
            capabilities,
            link: self.link,
            limits: self.limits,
            pacing: self.pacing,
            follow_up: self.follow_up,
            late_results: self.late_results,
            seed: self.seed.unwrap_or_else(entropy),
            derivation: self.derivation,
            prices: self.prices,
            budget: self.budget,
            restore: self.restore,
        };
        #[cfg(feature = "recording")]
        let tape = self.tape.map(|tape| (tape, crate::tape::Begun::of(&given)));
        let mut engine = Engine::new(given);
        #[cfg(feature = "simulation")]
        engine.simulate(self.simulation.0, self.simulation.1);
        let now = clock.now();
        #[cfg(feature = "recording")]
        if let Some((tape, begun)) = tape {
            engine.record(now, tape, begun);
        }
        engine.start(now);
        spawn(
            engine,
            SessionPort::new(inlets, outlets.port, clock),
            dial,
            clock,
            self.meter.unwrap_or_else(|| Arc::new(())),
            outlets.last_words,
        );
        let ready = state
            .wait_for(|state| state.generation.is_some() || state.ended.is_some())
            .await
            .map(|state| state.ended.clone());
        match ready {
            Ok(None) => Ok((session, events)),
            Ok(Some(ended)) => Err(ConnectError::Ended(Box::new(ended))),
            Err(_) => Err(ConnectError::Ended(Box::new(Ended::local(
                EndedCause::Panicked,
            )))),
        }
    }
}

/// What the task says if it panics.
struct LastWords {
    state: watch::Sender<SessionState>,
    parcels: mpsc::UnboundedSender<Parcel>,
    tap: Tap,
}

struct Ends {
    port: Outlets,
    last_words: LastWords,
}

fn channels(
    provider: &dyn Provider,
    capabilities: &antiphon_protocol::Capabilities,
    config: &SessionConfig,
) -> (Shared, Inlets, Ends, Events) {
    let (urgent, urgent_in) = mpsc::channel(COMMANDS);
    let (ordered, ordered_in) = mpsc::channel(COMMANDS);
    let (close, close_in) = watch::channel(None);
    let (played, played_in) = watch::channel(Reports::default());
    let (state_out, state) = watch::channel(SessionState::default());
    let (parcels_out, parcels) = mpsc::unbounded_channel();
    let tap = Tap::new();
    let shared = Shared {
        urgent,
        ordered,
        close,
        state,
        played,
        tap: tap.clone(),
        input_format: capabilities.input_format(config),
        output_format: capabilities.output_format(config),
        provider: provider.name(),
        by_hand: capabilities.create_response
            && config.turn_detection == Some(TurnDetection::Manual),
    };
    let inlets = Inlets {
        urgent: urgent_in,
        ordered: ordered_in,
        close: Changes::new(close_in),
        played: Changes::new(played_in),
    };
    let last_words = LastWords {
        state: state_out.clone(),
        parcels: parcels_out.clone(),
        tap: tap.clone(),
    };
    let port = Outlets {
        state: state_out,
        parcels: parcels_out,
        tap,
    };
    (
        shared,
        inlets,
        Ends { port, last_words },
        Events { parcels },
    )
}

/// Runs the session's one task. A panic of it is an end with a cause.
fn spawn(
    engine: Engine,
    port: SessionPort,
    dial: Arc<dyn Dial>,
    clock: Clock,
    meter: Arc<dyn Meter>,
    last_words: LastWords,
) {
    let run = drive_metered(engine, port, dial, clock, meter);
    let run = AssertUnwindSafe(run).catch_unwind();
    tokio::spawn(async move {
        if run.await.is_err() && last_words.state.borrow().ended.is_none() {
            let ended = Ended::local(EndedCause::Panicked);
            last_words.tap.show(Event::Ended(ended.clone()));
            last_words
                .state
                .send_modify(|state| state.ended = Some(ended.clone()));
            // Without a reader there is nobody to tell.
            let _ = last_words.parcels.send(Parcel {
                event: Event::Ended(ended),
                _room: None,
            });
        }
    });
}

#[cfg(feature = "tungstenite")]
fn default_dial() -> Option<Arc<dyn Dial>> {
    Some(Arc::new(antiphon_transport::WsDial::from_env()))
}

#[cfg(not(feature = "tungstenite"))]
fn default_dial() -> Option<Arc<dyn Dial>> {
    None
}

fn wall_clock() -> WallTime {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    WallTime::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Seeds jitter, nothing secret: the standard library's randomly keyed hasher is enough.
fn entropy() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
