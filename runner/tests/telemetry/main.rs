//! The spans of a run, in the form that the build has: with the feature `otel` as they are exported,
//! else as log lines have them. One test only: whether a span is made at all is decided once for the
//! whole process, so a test beside it that listens to none could decide it first.
#![expect(
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

#[cfg(feature = "otel")]
#[expect(
    clippy::unwrap_used,
    reason = "a test ends where its script does not fit"
)]
mod exported;
#[cfg(not(feature = "otel"))]
mod short;
#[path = "../it/support/mod.rs"]
mod support;

use antiphon_protocol::{OutputModality, SessionConfig};
use antiphon_runner::{RunnerBuilder, ToolError, tool_fn};
#[cfg(feature = "otel")]
use exported::{DRAWING, Tree};
use serde_json::json;
#[cfg(not(feature = "otel"))]
use short::{DRAWING, Tree};
use support::{Run, Server, agent, nothing, run, settle};

const DOCUMENTATION: &str = include_str!("../../README.md");

fn clerk() -> RunnerBuilder {
    let config = SessionConfig::new("small").output(OutputModality::Audio);
    let found = tool_fn("look_up", "", nothing(), |_| async { "found" });
    let full = tool_fn("book", "", nothing(), |_| async {
        Err::<String, _>(ToolError::new("full"))
    });
    agent().config(config).name("clerk").tool(found).tool(full)
}

/// One turn with two tool calls.
async fn converse(run: &Run, server: &Server) {
    server.send(&json!({ "t": "session", "id": "session" }));
    server.send(&json!({ "t": "speech" }));
    server.send(&json!({ "t": "silence" }));
    server.calls("one", &[("a", "look_up", ""), ("b", "book", "")]);
    while server.recv().await["t"] != "create response" {}
    server.send(&json!({ "t": "started", "id": "two" }));
    server.audio("item", 20);
    server.send(&json!({ "t": "done", "id": "two", "tokens": 7 }));
    let mut state = run.control.state();
    let over = state.wait_for(|state| state.latency.turns == 1).await;
    assert!(over.is_ok_and(|state| state.ended.is_none()));
}

#[tokio::test(start_paused = true)]
async fn one_run_is_a_tree_of_spans_as_the_documentation_shows_it() {
    let tree = Tree::default();
    let _guard = tree.listen();
    let (talk, server) = run(clerk()).await;
    converse(&talk, &server).await;
    let outcome = talk.close().await;
    assert_eq!(tree.drawn(), DRAWING);
    let shown = DOCUMENTATION.replace("\r\n", "\n");
    assert!(shown.contains(DRAWING), "the documentation shows it");
    let tools: Vec<usize> = outcome.turns.iter().map(|turn| turn.tools.len()).collect();
    assert_eq!(tools, [2], "one turn with both");

    // A run that fails, in the middle of a response that fails.
    let (talk, server) = run(clerk()).await;
    server.send(&json!({ "t": "started", "id": "three" }));
    server.send(&json!({ "t": "done", "id": "three", "status": "failed" }));
    settle().await;
    server.peer.hold_dials(true);
    server.wire.drop_connection();
    talk.end().await.unwrap_err();
    #[cfg(feature = "otel")]
    conventional(&tree);
}

/// The attributes are those that the documentation lists, and failures are marked as such.
#[cfg(feature = "otel")]
#[expect(clippy::unwrap_used, reason = "each operation has its row")]
fn conventional(tree: &Tree) {
    let exported = tree.attributes();
    assert_eq!(exported.len(), 3, "{exported:?}");
    for (operation, attributes) in exported {
        let start = format!("| `{operation}");
        let row = DOCUMENTATION.lines().find(|line| line.starts_with(&start));
        let names = row.unwrap().split('`').skip(1).step_by(2);
        let listed = names.filter(|name| name.contains('.')).map(str::to_owned);
        assert_eq!(
            attributes,
            listed.collect(),
            "exported and listed of {operation}"
        );
    }
    let failed = tree.failed();
    let failed: Vec<_> = failed
        .iter()
        .map(|(span, error)| (span.as_str(), error.as_str()))
        .collect();
    assert_eq!(
        failed,
        [
            ("execute_tool book", "failed"),
            ("invoke_agent clerk", "timeout"),
            ("chat small", "overloaded"),
        ]
    );
}
