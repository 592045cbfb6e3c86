//! One provider for many sessions.

use std::{borrow::Cow, sync::Arc};

use antiphon_protocol::{
    Capabilities, Codec, End, Endpoint, Fault, OpeningPlan, Provider, Retry, Unsupported,
};

/// A provider that several sessions hold; it is asked by reference only.
pub(crate) struct SharedProvider(pub(crate) Arc<dyn Provider>);

impl Provider for SharedProvider {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        self.0.capabilities(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        self.0.open(plan)
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        self.0.classify(end)
    }
}
