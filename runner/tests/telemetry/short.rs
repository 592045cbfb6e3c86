//! The spans as log lines have them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    prelude::*,
    registry::{LookupSpan, SpanRef},
};

/// What one run is drawn as.
pub(crate) const DRAWING: &str = "\
session provider=toy agent=clerk
  turn
    response status=tool_calls
      tool name=look_up
      tool name=book error=failed
    response status=stop
";

/// Draws the tree of spans, with the fields that tell them apart.
#[derive(Clone, Default)]
pub(crate) struct Tree(Arc<Mutex<Grown>>);

/// Spans in the order of their beginnings.
#[derive(Default)]
struct Grown(Vec<Node>);

/// Which of them a span is.
struct Place(usize);

struct Node {
    parent: Option<usize>,
    words: Vec<String>,
}

const SHOWN: [&str; 5] = ["provider", "agent", "name", "status", "error"];

impl Tree {
    /// Listens to all spans of this thread as long as the guard lives.
    pub(crate) fn listen(&self) -> DefaultGuard {
        tracing_subscriber::registry()
            .with(self.clone())
            .set_default()
    }

    fn grown(&self) -> MutexGuard<'_, Grown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tree of the agents' spans.
    pub(crate) fn drawn(&self) -> String {
        let grown = self.grown();
        let mut drawing = String::new();
        draw(&grown, None, 0, &mut drawing);
        drawing
    }
}

fn draw(grown: &Grown, parent: Option<usize>, depth: usize, into: &mut String) {
    for (place, node) in grown.0.iter().enumerate() {
        if node.parent == parent {
            into.push_str(&"  ".repeat(depth));
            into.push_str(&node.words.join(" "));
            into.push('\n');
            draw(grown, Some(place), depth + 1, into);
        }
    }
}

struct Words<'a>(&'a mut Vec<String>);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if SHOWN.contains(&field.name()) {
            self.0.push(format!(
                "{}={}",
                field.name(),
                format!("{value:?}").trim_matches('"')
            ));
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Tree {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut words = vec![attributes.metadata().name().to_owned()];
        attributes.record(&mut Words(&mut words));
        let Some(span) = context.span(id) else {
            return;
        };
        let parent = span.parent().and_then(|parent| place(&parent));
        let mut grown = self.grown();
        // Ids of closed spans are used again; places are not.
        span.extensions_mut().insert(Place(grown.0.len()));
        grown.0.push(Node { parent, words });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let place = context.span(id).and_then(|span| place(&span));
        let mut grown = self.grown();
        if let Some(node) = place.and_then(|place| grown.0.get_mut(place)) {
            values.record(&mut Words(&mut node.words));
        }
    }
}

fn place<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<usize> {
    span.extensions().get::<Place>().map(|place| place.0)
}
