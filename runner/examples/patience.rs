//! A tool that takes half a minute, tells how far it has come, and does not hold up the talk.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it speaks with a person"
)]

mod support;

use std::time::Duration;

use antiphon_runner::{FunctionTool, OnStop, ToolContext};
use serde_json::{Value, json};
use support::{Outcome, agent};
use tokio::time::{Instant, sleep};

const SCRIPT: &str = r#"
expect "Search the archive for antiphons, please."
  call search words="antiphons"
  say "I found {output}."
expect "Are you still there?"
  say "I am. The search goes on."
otherwise ""
  say "I found {output}."
"#;

#[tokio::main]
async fn main() -> Outcome {
    let schema = json!({
        "type": "object",
        "properties": { "words": { "type": "string" } },
        "required": ["words"],
    });
    let search = |cx: ToolContext, _: Value| async move {
        for part in 1..=6 {
            sleep(Duration::from_secs(5)).await;
            cx.progress(format!("{part} of 6 shelves"));
        }
        "three old songs"
    };
    let search = FunctionTool::with_context("search", "Searches the archive.", schema, search)
        .timeout(Duration::from_secs(90))
        .on_interruption(OnStop::Finish);
    let (agent, mut answers) = agent(SCRIPT).await?;
    let runner = agent
        .tool(search)
        .on_tool_progress(|call, message| println!("       [{}: {message}]", call.name))
        .connect()
        .await?;
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    let begun = Instant::now();
    control
        .send_text("Search the archive for antiphons, please.")
        .await?;
    sleep(Duration::from_secs(8)).await;
    answers.to(&control, "Are you still there?").await?;
    answers.next().await?;
    println!("all is done after {:?}", begun.elapsed());
    control.close().await;
    run.await??;
    Ok(())
}
