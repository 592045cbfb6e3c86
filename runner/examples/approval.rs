//! A tool that spends money, and asks on the terminal before it does.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it speaks with a person"
)]

mod support;

use antiphon_protocol::ToolCall;
use antiphon_runner::{Approver, Decision, typed_tool};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use support::{Outcome, agent};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

const SCRIPT: &str = r#"
expect "Send ten euros to Alice, please."
  call pay to="Alice" euros="10"
  say "{output|I may not do that}."
"#;

#[derive(Deserialize, JsonSchema)]
struct Payment {
    /// Who is paid.
    to: String,
    /// How much, in euros.
    euros: u32,
}

/// The person at the terminal. No answer in time is a no.
struct Terminal;

#[async_trait]
impl Approver for Terminal {
    async fn decide(&self, call: &ToolCall, arguments: &Value) -> Decision {
        println!("May the agent {} {arguments}? [y/N]", call.name);
        let mut answer = String::new();
        match BufReader::new(stdin()).read_line(&mut answer).await {
            Ok(_) if answer.trim() == "y" => Decision::Allow,
            _ => Decision::Deny("the user does not want that".to_owned()),
        }
    }
}

#[tokio::main]
async fn main() -> Outcome {
    let pay = typed_tool("pay", "Sends money.", |payment: Payment| async move {
        format!("{} has {} euros now", payment.to, payment.euros)
    });
    let (agent, mut answers) = agent(SCRIPT).await?;
    let runner = agent
        .tool(pay.needs_approval())
        .approver(Terminal)
        .connect()
        .await?;
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    answers
        .to(&control, "Send ten euros to Alice, please.")
        .await?;
    control.close().await;
    for record in run.await??.tool_calls {
        println!("{}: {:?}", record.name, record.outcome);
    }
    Ok(())
}
