//! The plug-ins of this workspace, each against the emulator.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_emulator::{Builder, Script};
use antiphon_gemini::Gemini;
use antiphon_openai::OpenAi;
use antiphon_protocol::{Provider, Secret, SessionConfig};
use antiphon_transport::{Clock, testing::MemoryDial};

use super::{Scene, Stage, Subject};
use crate::template::TemplateSubject;

/// The key that the emulator accepts.
const KEY: &str = "suite-key";

/// How long sessions of GPT-Live last here.
const LIVE_LIMIT: Duration = Duration::from_secs(600);

/// For wires whose calls run on whatever the user says.
const KEEPS_CALLS: &[(&str, &str)] = &[("cancelled-tool", "the wire never takes a call back")];

/// Every subject of this workspace.
pub fn all() -> Vec<Box<dyn Subject>> {
    let wires = wires().into_iter();
    let wires = wires.map(|wire| Box::new(wire) as Box<dyn Subject>);
    let template: Box<dyn Subject> = Box::new(TemplateSubject);
    wires.chain([template]).collect()
}

/// Every wire that the emulator speaks, with the plug-in for it.
pub fn wires() -> Vec<Wire> {
    vec![
        Wire {
            name: "openai-realtime",
            model: "gpt-realtime",
            provider: || Some(Arc::new(OpenAi::realtime(KEY))),
            skips: KEEPS_CALLS,
        },
        Wire {
            name: "azure-openai",
            model: "my-deployment",
            provider: || Some(Arc::new(OpenAi::azure("resource", KEY).ok()?)),
            skips: KEEPS_CALLS,
        },
        Wire {
            name: "gpt-live",
            model: "gpt-live-1",
            provider: || Some(Arc::new(OpenAi::live(KEY))),
            skips: &[],
        },
        Wire {
            name: "gpt-live-backend",
            model: "gpt-live-1",
            provider: || Some(Arc::new(OpenAi::live(KEY).with_backend("gpt-5.4"))),
            skips: KEEPS_CALLS,
        },
        Wire {
            name: "gemini-live",
            model: "gemini-3.8-live",
            provider: || Some(Arc::new(Gemini::live(KEY))),
            skips: &[],
        },
        Wire {
            name: "gemini-live-vertex",
            model: "gemini-live-2.5-flash-native-audio",
            provider: || {
                let token = Arc::new(Secret::from(KEY));
                Some(Arc::new(
                    Gemini::vertex("project", "us-central1", token).ok()?,
                ))
            },
            skips: &[],
        },
    ]
}

/// A plug-in whose wire the emulator speaks.
#[derive(Clone, Copy)]
pub struct Wire {
    /// Its name in reports.
    pub name: &'static str,
    /// The model that is asked for.
    pub model: &'static str,
    provider: fn() -> Option<Arc<dyn Provider>>,
    skips: &'static [(&'static str, &'static str)],
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("name", &self.name)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl Wire {
    /// An emulator that plays `script` on every connection, with everything drawn from `seed`, and
    /// sessions short enough to meet their limits.
    #[cfg(feature = "simulation")]
    pub(crate) fn simulated(
        &self,
        seed: u64,
        script: &str,
        clock: Clock,
        watcher: impl Fn(u64, antiphon_protocol::Time, &antiphon_emulator::Moment<'_>)
        + Send
        + Sync
        + 'static,
    ) -> MemoryDial {
        Builder::new()
            .watcher(watcher)
            .key(Some(KEY))
            .script(read(script))
            .session_limit(Duration::from_secs(240))
            .gemini(|settings| settings.connection_limit = Duration::from_secs(150))
            .live(|settings| settings.session_limit = Duration::from_secs(240))
            .seed(seed)
            .in_memory(clock)
    }
}

impl Subject for Wire {
    fn name(&self) -> &str {
        self.name
    }

    fn provider(&self) -> Arc<dyn Provider> {
        #[expect(
            clippy::expect_used,
            reason = "the addresses are constants of this file"
        )]
        (self.provider)().expect("the address is well formed")
    }

    fn config(&self) -> SessionConfig {
        SessionConfig::new(self.model).instructions("Answer in one sentence.")
    }

    fn peer(&self, stage: &Stage, clock: Clock) -> MemoryDial {
        let key = if stage.refuse { "another-key" } else { KEY };
        // An input clock ticks fifty times a second: two hours of it would only take long.
        let mut builder = Builder::new()
            .key(Some(key))
            .script(script(&stage.scene))
            .live(|settings| settings.session_limit = LIVE_LIMIT);
        if let Some(then) = &stage.then {
            builder = builder.then_script(script(then));
        }
        builder.in_memory(clock)
    }

    fn skips(&self) -> &[(&'static str, &'static str)] {
        self.skips
    }
}

fn script(scene: &Scene) -> Script {
    read(&scene.script())
}

fn read(script: &str) -> Script {
    #[expect(
        clippy::expect_used,
        reason = "scenes and the simulator's script are read by tests"
    )]
    script.parse().expect("it is a script")
}
