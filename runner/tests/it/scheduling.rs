//! When the model takes up the answer of a tool that it does not wait for: as the provider's wire can
//! say it, and else by what the session does.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its script does not fit"
)]

use std::time::Duration;

use antiphon_gemini::Gemini;
use antiphon_protocol::Scheduling;
use antiphon_runner::{FunctionTool, Runner, ToolOutput, tool_fn};
use antiphon_transport::testing::{PeerWire, ScriptedDial};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{agent, nothing, run, settle};

const ALL: [Scheduling; 3] = [
    Scheduling::Interrupt,
    Scheduling::WhenIdle,
    Scheduling::Silent,
];

fn search() -> FunctionTool {
    tool_fn("search", "Searches.", nothing(), |_| async {
        sleep(Duration::from_secs(5)).await;
        "found"
    })
}

#[tokio::test(start_paused = true)]
async fn where_the_session_asks_the_model_to_go_on_it_interrupts_waits_or_does_not_ask() {
    for scheduling in ALL {
        let (run, server) = run(agent().tool(search().non_blocking(scheduling))).await;
        server.call("c", "search", "");
        sleep(Duration::from_secs(4)).await;
        server.send(&json!({ "t": "started", "id": "talk" }));
        server.audio("talk", 60_000);
        let mut said = Vec::new();
        sleep(Duration::from_secs(2)).await;
        said.extend(server.sent());
        server.send(&json!({ "t": "done", "id": "talk", "status": "cancelled" }));
        settle().await;
        said.extend(server.sent());
        let said: Vec<&str> = said
            .iter()
            .filter_map(|frame| frame["t"].as_str())
            .collect();
        let expected: &[&str] = match scheduling {
            Scheduling::Interrupt => &["cancel response", "result", "create response"],
            Scheduling::WhenIdle => &["result", "create response"],
            Scheduling::Silent => &["result"],
        };
        assert_eq!(said, expected, "{scheduling:?}");
        run.close().await;
    }
}

async fn next(wire: &PeerWire) -> Value {
    let frame = timeout(Duration::from_secs(30), wire.recv()).await;
    serde_json::from_slice(&frame.unwrap().unwrap().data).unwrap()
}

#[tokio::test(start_paused = true)]
async fn gemini_is_told_and_a_tools_own_word_wins_over_its_policy() {
    let by_itself = tool_fn("search", "Searches.", nothing(), |_| async {
        ToolOutput::new("found").scheduled(Scheduling::Silent)
    });
    let cases = ALL.map(|scheduling| {
        let word = match scheduling {
            Scheduling::Interrupt => "INTERRUPT",
            Scheduling::WhenIdle => "WHEN_IDLE",
            Scheduling::Silent => "SILENT",
        };
        (search().non_blocking(scheduling), word)
    });
    let own = (by_itself.non_blocking(Scheduling::WhenIdle), "SILENT");
    for (tool, word) in cases.into_iter().chain([own]) {
        let (dial, peer) = ScriptedDial::new();
        let agent = Runner::builder(Gemini::live("key"))
            .model("gemini-3.8-live")
            .tool(tool)
            .session(move |session| session.dial(dial.clone()).seed(1));
        let serving = async {
            let wire = peer.accept().await;
            let setup = next(&wire).await;
            wire.send_text(json!({ "setupComplete": {} }).to_string());
            (wire, setup)
        };
        let (runner, (wire, setup)) = tokio::join!(agent.connect(), serving);
        let declared = &setup["setup"]["tools"][0]["functionDeclarations"][0];
        assert_eq!(declared["behavior"], "NON_BLOCKING", "{setup}");
        let runner = runner.unwrap();
        let control = runner.control();
        let run = tokio::spawn(runner.run());
        let call = json!({ "id": "c", "name": "search", "args": {} });
        let call = json!({ "toolCall": { "functionCalls": [call] } });
        wire.send_text(call.to_string());
        let answer = next(&wire).await;
        let answer = &answer["toolResponse"]["functionResponses"][0];
        assert_eq!(
            (&answer["id"], &answer["scheduling"]),
            (&json!("c"), &json!(word))
        );
        control.close_within(Duration::from_secs(1)).await;
        run.await.unwrap().unwrap();
    }
}
