//! Another persona in mid-conversation: new instructions, and a message that explains the change.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it speaks with a person"
)]

mod support;

use support::{Outcome, agent};

const SCRIPT: &str = r#"
expect "Who are you?"
  say "I am your assistant."
expect "And now?"
  say "Ahoy! I am the captain of this ship."
"#;

#[tokio::main]
async fn main() -> Outcome {
    let (agent, mut answers) = agent(SCRIPT).await?;
    let runner = agent
        .instructions("You are a polite assistant.")
        .connect()
        .await?;
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    answers.to(&control, "Who are you?").await?;
    control
        .update_with_bridge(
            |config| config.instructions("You are a pirate captain."),
            "From here on you are a pirate captain. Do not mention the change.",
        )
        .await?;
    println!(
        "       [{:?} again, with new instructions]",
        control.activity()
    );
    answers.to(&control, "And now?").await?;
    control.close().await;
    run.await??;
    Ok(())
}
