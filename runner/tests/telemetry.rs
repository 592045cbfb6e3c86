//! The spans of a run. One test only: whether a span is made at all is decided once for the whole
//! process, so a test beside it that listens to none could decide it first.

mod support;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use antiphon_runner::tool_fn;
use serde_json::json;
use support::{agent, nothing, run};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    prelude::*,
    registry::{LookupSpan, SpanRef},
};

/// Draws the tree of spans, with the fields that tell them apart.
#[derive(Clone, Default)]
struct Tree(Arc<Mutex<Grown>>);

/// Spans in the order of their beginnings.
#[derive(Default)]
struct Grown(Vec<Node>);

/// Which of them a span is.
struct Place(usize);

struct Node {
    parent: Option<usize>,
    words: Vec<String>,
}

const SHOWN: [&str; 4] = [
    "gen_ai.provider.name",
    "gen_ai.tool.name",
    "gen_ai.response.finish_reasons",
    "error.type",
];

impl Tree {
    fn grown(&self) -> MutexGuard<'_, Grown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drawn(&self) -> String {
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

const DRAWING: &str = "\
invoke_agent gen_ai.provider.name=toy
  turn
    chat gen_ai.response.finish_reasons=tool_calls
      execute_tool gen_ai.tool.name=look_up
      execute_tool gen_ai.tool.name=book error.type=failed
    chat gen_ai.response.finish_reasons=stop
";

#[tokio::test(start_paused = true)]
async fn one_run_is_a_tree_of_spans_as_the_documentation_shows_it() {
    let tree = Tree::default();
    let _guard = tracing_subscriber::registry()
        .with(tree.clone())
        .set_default();
    let agent = agent()
        .tool(tool_fn("look_up", "", nothing(), |_| async { "found" }))
        .tool(tool_fn("book", "", nothing(), |_| async {
            Err::<String, _>(antiphon_runner::ToolError::new("full"))
        }));
    let (run, server) = run(agent).await;
    server.send(&json!({ "t": "speech" }));
    server.send(&json!({ "t": "silence" }));
    server.calls("one", &[("a", "look_up", ""), ("b", "book", "")]);
    while server.recv().await["t"] != "create response" {}
    server.send(&json!({ "t": "started", "id": "two" }));
    server.audio("item", 20);
    server.send(&json!({ "t": "done", "id": "two" }));
    let mut state = run.control.state();
    let over = state.wait_for(|state| state.latency.turns == 1).await;
    assert!(over.is_ok_and(|state| state.ended.is_none()));
    let outcome = run.close().await;
    let drawn = tree.drawn();
    let agent = drawn
        .lines()
        .skip_while(|line| !line.starts_with("invoke_agent"));
    let drawn: String = agent.map(|line| format!("{line}\n")).collect();
    assert_eq!(drawn, DRAWING);
    let shown = include_str!("../README.md").replace("\r\n", "\n");
    assert!(shown.contains(DRAWING), "the documentation shows it");
    let tools: Vec<usize> = outcome.turns.iter().map(|turn| turn.tools.len()).collect();
    assert_eq!(tools, [2], "one turn with both");
}
