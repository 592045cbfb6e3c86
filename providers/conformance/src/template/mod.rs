//! A whole plug-in to copy from: a provider of under 300 lines for a small made-up wire, the peer it
//! is tested against, and the subject that the suite is given.
//!
//! The wire speaks JSON, one object to a frame, told apart by `op`:
//!
//! | client | server |
//! | --- | --- |
//! | `hello` model, instructions, tools, history | `welcome` id |
//! | `text` text | `began` |
//! | `audio` data, `commit` | `words` text, `sound` data (PCM16 at 24 kHz, base64) |
//! | `answer`, `stop` | `call` id, name, arguments |
//! | `result` call, output | `ended` stopped, tokens |
//! | `instruct` n, text | `done` n, or `bad` n, why |

mod peer;
mod provider;

use std::sync::Arc;

use antiphon_protocol::{Provider, SessionConfig};
use antiphon_transport::{Clock, testing::MemoryDial};

pub use self::{peer::TemplatePeer, provider::Template};
use crate::suite::{Stage, Subject};

/// The key that the peer accepts.
const KEY: &str = "template-key";

/// The template as a subject of the suite.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemplateSubject;

impl Subject for TemplateSubject {
    fn name(&self) -> &str {
        "template"
    }

    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(Template::new(KEY))
    }

    fn config(&self) -> SessionConfig {
        SessionConfig::new("template-1").instructions("Answer in one sentence.")
    }

    fn peer(&self, stage: &Stage, clock: Clock) -> MemoryDial {
        peer::dial(stage.clone(), KEY, clock)
    }
}
