//! The plug-ins of this workspace, each against the emulator.

use std::sync::Arc;

use antiphon_emulator::{Builder, Script};
use antiphon_openai::OpenAi;
use antiphon_protocol::{Provider, SessionConfig};
use antiphon_transport::{Clock, testing::MemoryDial};

use super::{Scene, Stage, Subject};
use crate::template::TemplateSubject;

/// The key that the emulator accepts.
const KEY: &str = "suite-key";

/// Every subject of this workspace.
pub fn all() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(Emulated {
            name: "openai-realtime",
            model: "gpt-realtime",
            provider: || Some(Arc::new(OpenAi::realtime(KEY))),
            skips: &[],
        }),
        Box::new(Emulated {
            name: "azure-openai",
            model: "my-deployment",
            provider: || Some(Arc::new(OpenAi::azure("resource", KEY).ok()?)),
            skips: &[],
        }),
        Box::new(TemplateSubject),
    ]
}

/// A plug-in whose wire the emulator speaks.
struct Emulated {
    name: &'static str,
    model: &'static str,
    provider: fn() -> Option<Arc<dyn Provider>>,
    skips: &'static [(&'static str, &'static str)],
}

impl Subject for Emulated {
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
        let mut builder = Builder::new().key(Some(key)).script(script(&stage.scene));
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
    #[expect(clippy::expect_used, reason = "a test reads what scenes become")]
    scene.script().parse().expect("a scene is a script")
}
