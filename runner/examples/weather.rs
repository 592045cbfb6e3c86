//! An agent that knows the weather: one typed tool, spoken answers.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it speaks with a person"
)]

mod support;

use antiphon_runner::typed_tool;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use support::{Outcome, agent};

const SCRIPT: &str = r#"
expect "What is the weather like in Oslo?"
  call get_weather city="Oslo"
  say "It is {output.degrees} degrees and {output.sky} in Oslo."
expect "And in Lisbon?"
  call get_weather city="Lisbon"
  say "In Lisbon it is {output.degrees} degrees."
"#;

#[derive(Deserialize, JsonSchema)]
struct Place {
    /// The city's name.
    city: String,
}

#[tokio::main]
async fn main() -> Outcome {
    let weather = typed_tool(
        "get_weather",
        "The weather in a city.",
        |place: Place| async move {
            let degrees = 4 * place.city.len();
            json!({ "degrees": degrees, "sky": "clear" })
        },
    );
    let (agent, mut answers) = agent(SCRIPT).await?;
    let runner = agent
        .instructions("You know the weather. Answer in one sentence.")
        .tool(weather)
        .on_tool_end(|end| println!("       [{} took {:?}]", end.call.name, end.took))
        .connect()
        .await?;
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    answers
        .to(&control, "What is the weather like in Oslo?")
        .await?;
    answers.to(&control, "And in Lisbon?").await?;
    control.close().await;
    let outcome = run.await??;
    println!(
        "{} calls, {:?} of speech",
        outcome.tool_calls.len(),
        outcome.audio_out
    );
    Ok(())
}
