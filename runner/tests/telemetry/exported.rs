//! The spans as OpenTelemetry's exporters have them.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::prelude::*;

/// What one run is drawn as.
pub(crate) const DRAWING: &str = "\
invoke_agent clerk
  turn
    chat small (client) gen_ai.response.finish_reasons=tool_calls
      execute_tool look_up
      execute_tool book error.type=failed
    chat small (client) gen_ai.response.finish_reasons=stop
";

const SHOWN: [&str; 2] = ["gen_ai.response.finish_reasons", "error.type"];

#[derive(Clone, Default)]
pub(crate) struct Tree(InMemorySpanExporter);

impl Tree {
    /// Exports all spans of this thread as long as the guard lives.
    pub(crate) fn listen(&self) -> DefaultGuard {
        let exporter = SdkTracerProvider::builder().with_simple_exporter(self.0.clone());
        let tracer = exporter.build().tracer("tests");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        tracing_subscriber::registry().with(layer).set_default()
    }

    fn spans(&self) -> Vec<SpanData> {
        let mut spans = self.0.get_finished_spans().unwrap();
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    /// The tree of the agents' spans.
    pub(crate) fn drawn(&self) -> String {
        let spans = self.spans();
        let mut drawing = String::new();
        for root in spans.iter().filter(|span| span.name.starts_with("invoke")) {
            draw(&spans, root, 0, &mut drawing);
        }
        drawing
    }

    /// Which of the conventions' attributes were exported, by the operation's name.
    pub(crate) fn attributes(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for span in self.spans() {
            let operation = attribute(&span, "gen_ai.operation.name");
            let names = span.attributes.iter().map(|it| it.key.as_str().to_owned());
            let names = names.filter(|name| name.starts_with("gen_ai.") || name == "error.type");
            if let Some(operation) = operation {
                all.entry(operation).or_default().extend(names);
            }
        }
        all
    }

    /// Which spans say that they failed, and of what.
    pub(crate) fn failed(&self) -> Vec<(String, String)> {
        let failed = self.spans().into_iter();
        let failed = failed.filter(|span| matches!(span.status, Status::Error { .. }));
        failed
            .filter_map(|span| Some((span.name.to_string(), attribute(&span, "error.type")?)))
            .collect()
    }
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let mut all = span.attributes.iter();
    let found = all.find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

fn draw(spans: &[SpanData], span: &SpanData, depth: usize, into: &mut String) {
    into.push_str(&"  ".repeat(depth));
    into.push_str(&span.name);
    if span.span_kind == SpanKind::Client {
        into.push_str(" (client)");
    }
    for name in SHOWN {
        if let Some(value) = attribute(span, name) {
            into.push_str(&format!(" {name}={value}"));
        }
    }
    into.push('\n');
    let id = span.span_context.span_id();
    for child in spans.iter().filter(|span| span.parent_span_id == id) {
        draw(spans, child, depth + 1, into);
    }
}
