//! Changing the configuration in any situation: none of them hangs, and nothing is told twice.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where its script does not fit"
)]

mod support;

use std::time::Duration;

use antiphon_protocol::{SessionConfig, ToolSpec};
use antiphon_runner::{Activity, Control, Runner, RunnerBuilder, UpdateError, tool_fn};
use serde_json::{Value, json};
use support::{Server, Toy, accept, agent, nothing, run, settle};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What a session may be doing when a change comes.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Idle,
    Generating,
    ToolRuns,
    Reconnecting,
    AnotherPending,
}

const MOMENTS: [Moment; 5] = [
    Moment::Idle,
    Moment::Generating,
    Moment::ToolRuns,
    Moment::Reconnecting,
    Moment::AnotherPending,
];

fn with_tool(agent: RunnerBuilder) -> RunnerBuilder {
    agent.tool(tool_fn("slow", "", nothing(), |_| async {
        sleep(Duration::from_secs(20)).await;
        ""
    }))
}

type Update = JoinHandle<Result<(), UpdateError>>;

fn update(control: &Control, instructions: &'static str, bridge: &'static str) -> Update {
    let control = control.clone();
    tokio::spawn(async move {
        let patch = move |config: SessionConfig| config.instructions(instructions);
        control.update_with_bridge(patch, bridge).await
    })
}

/// Brings a session into a situation; gives the server that goes on with it, and a change that is
/// pending already.
async fn arrange(moment: Moment, control: &Control, server: Server) -> (Server, Option<Update>) {
    match moment {
        Moment::Idle => {}
        Moment::Generating => server.send(&json!({ "t": "started", "id": "r" })),
        Moment::ToolRuns => server.call("c", "slow", ""),
        Moment::Reconnecting => {
            server.peer.hold_dials(true);
            server.wire.drop_connection();
            settle().await;
        }
        Moment::AnotherPending => {
            let other = update(control, "first", "one");
            settle().await;
            return (server, Some(other));
        }
    }
    settle().await;
    (server, None)
}

/// Answers changes as a willing provider does, and collects what else the client says.
async fn serve(server: &Server) -> Vec<Value> {
    let mut said = Vec::new();
    while let Ok(Some(frame)) = timeout(Duration::from_secs(60), server.wire.recv()).await {
        let value: Value = serde_json::from_slice(&frame.data).unwrap();
        if value["t"] == "configure" {
            server.send(&json!({ "t": "configured" }));
        }
        said.push(value);
    }
    said
}

fn bridges(said: &[Value]) -> Vec<String> {
    let added = said.iter().filter(|value| value["t"] == "add items");
    let texts = added.flat_map(|value| value["texts"].as_array().cloned().unwrap_or_default());
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_is_made_in_every_situation_and_its_message_is_heard_once() {
    for moment in MOMENTS {
        let (run, server) = run(with_tool(agent())).await;
        let (server, other) = arrange(moment, &run.control, server).await;
        let change = update(&run.control, "second", "two");
        let server = if matches!(moment, Moment::Reconnecting) {
            sleep(Duration::from_secs(1)).await;
            server.peer.hold_dials(false);
            accept(server.peer.clone()).await
        } else {
            server
        };
        let said = serve(&server).await;
        let within = timeout(Duration::from_secs(120), change).await;
        assert_eq!(within.unwrap().unwrap(), Ok(()), "{moment:?}");
        let configured: Vec<&Value> = said
            .iter()
            .filter(|value| value["t"] == "configure")
            .collect();
        assert_eq!(
            configured.last().unwrap()["instructions"],
            "second",
            "{moment:?}"
        );
        let expected = if let Some(other) = other {
            assert_eq!(other.await.unwrap(), Ok(()));
            vec!["one", "two"]
        } else {
            vec!["two"]
        };
        assert_eq!(bridges(&said), expected, "{moment:?}");
        run.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_cannot_change_says_so_in_every_situation_and_tells_the_model_nothing() {
    for moment in MOMENTS {
        let agent = with_tool(Runner::builder(Toy { live: false }).model("small"));
        let (run, server) = run(agent).await;
        let (server, other) = arrange(moment, &run.control, server).await;
        let change = update(&run.control, "second", "two");
        let server = if matches!(moment, Moment::Reconnecting) {
            sleep(Duration::from_secs(1)).await;
            server.peer.hold_dials(false);
            accept(server.peer.clone()).await
        } else {
            server
        };
        let said = serve(&server).await;
        let within = timeout(Duration::from_secs(120), change)
            .await
            .unwrap()
            .unwrap();
        assert!(
            matches!(within, Err(UpdateError::NotLive(_))),
            "{moment:?}: {within:?}"
        );
        if let Some(other) = other {
            assert!(other.await.unwrap().is_err());
        }
        assert_eq!(bridges(&said), [""; 0], "{moment:?}");
        run.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_while_the_model_speaks_is_made_when_it_is_quiet() {
    let (run, server) = run(agent()).await;
    server.send(&json!({ "t": "started", "id": "r" }));
    settle().await;
    let change = update(&run.control, "new", "hello");
    assert_eq!(server.recv().await["t"], "configure");
    assert_eq!(run.control.activity(), Activity::Updating { attempt: 1 });
    server.send(&json!({ "t": "refused" }));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        server.sent(),
        [Value::Null; 0],
        "held while the model speaks"
    );
    server.send(&json!({ "t": "done", "id": "r" }));
    assert_eq!(server.recv().await["t"], "configure");
    assert_eq!(run.control.activity(), Activity::Updating { attempt: 2 });
    server.send(&json!({ "t": "configured" }));
    assert_eq!(change.await.unwrap(), Ok(()));
    assert_eq!(run.control.activity(), Activity::Idle);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_three_times_fails_and_leaves_no_trace() {
    let (run, server) = run(agent().instructions("old")).await;
    let change = update(&run.control, "bad", "unheard");
    for _ in 0..3 {
        assert_eq!(server.recv().await["instructions"], "bad");
        server.send(&json!({ "t": "refused" }));
    }
    assert!(matches!(change.await.unwrap(), Err(UpdateError::Failed(_))));
    let control = run.control.clone();
    let next = tokio::spawn(async move { control.update(|config| config.voice("bass")).await });
    let sent = server.recv().await;
    assert_eq!(
        (&sent["instructions"], &sent["voice"]),
        (&json!("old"), &json!("bass"))
    );
    server.send(&json!({ "t": "configured" }));
    assert_eq!(next.await.unwrap(), Ok(()));
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn changes_that_come_meanwhile_are_merged_and_the_last_word_wins() {
    let (run, server) = run(agent()).await;
    let first = update(&run.control, "first", "one");
    assert_eq!(server.recv().await["instructions"], "first");
    let second = update(&run.control, "second", "two");
    let control = run.control.clone();
    let third = tokio::spawn(async move { control.update(|config| config.voice("bass")).await });
    settle().await;
    server.send(&json!({ "t": "configured" }));
    assert_eq!(server.recv().await["texts"], json!(["one"]));
    let sent = server.recv().await;
    assert_eq!(
        (&sent["instructions"], &sent["voice"]),
        (&json!("second"), &json!("bass"))
    );
    server.send(&json!({ "t": "configured" }));
    for change in [first, second, third] {
        assert_eq!(change.await.unwrap(), Ok(()));
    }
    assert_eq!(server.recv().await["texts"], json!(["two"]));
    settle().await;
    assert_eq!(server.count("configure"), 0, "one frame for both");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_is_brought_to_the_same_state() {
    let (run, server) = run(agent().instructions("old")).await;
    let change = update(&run.control, "new", "hello");
    server.recv().await;
    server.send(&json!({ "t": "configured" }));
    change.await.unwrap().unwrap();
    server.wire.drop_connection();
    let server = accept(server.peer.clone()).await;
    let known = if server.opening["instructions"] == "new" {
        server.opening.clone()
    } else {
        server.recv().await
    };
    assert_eq!(known["instructions"], "new");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_a_change_declares_is_answered_by_hand() {
    let (run, server) = run(agent()).await;
    let control = run.control.clone();
    let change = tokio::spawn(async move {
        control
            .update(|config| config.tool(ToolSpec::new("new", "", nothing())))
            .await
    });
    assert_eq!(server.recv().await["tools"], 1);
    server.send(&json!({ "t": "configured" }));
    change.await.unwrap().unwrap();
    settle().await;
    server.call("c", "new", "");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(server.count("result"), 0);
    let by_hand = antiphon_protocol::ToolResult::new("c".into(), "new", "done");
    run.control.send_tool_results(vec![by_hand]).await.unwrap();
    assert_eq!(server.result().await["output"], "done");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_panics_or_comes_after_the_end_is_told_so() {
    let (run, _server) = run(agent()).await;
    let control = run.control.clone();
    let panicked = control.update(|config| {
        assert!(config.model.is_empty(), "oh no");
        config
    });
    assert_eq!(panicked.await, Err(UpdateError::Panicked));
    run.close().await;
    assert_eq!(
        control.update(|config| config).await,
        Err(UpdateError::Ended)
    );
}
