//! Whole conversations with a real protocol on the other side, in memory and under virtual time.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its script does not fit"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_emulator::{Builder, Script};
use antiphon_openai::OpenAi;
use antiphon_protocol::SessionConfig;
use antiphon_runner::{Runner, RunnerBuilder, ToolAnswer, typed_tool};
use antiphon_transport::Clock;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

#[derive(Deserialize, JsonSchema)]
struct Place {
    /// The city's name.
    city: String,
}

fn agent(script: &str) -> RunnerBuilder {
    let script: Script = script.parse().unwrap();
    let dial = Builder::new()
        .script(script)
        .key(Some("key"))
        .in_memory(Clock::start());
    let weather = typed_tool(
        "get_weather",
        "The weather in a city.",
        |place: Place| async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            json!({ "temperature": place.city.len() })
        },
    );
    Runner::builder(OpenAi::realtime("key"))
        .config(SessionConfig::new("gpt-realtime"))
        .tool(weather)
        .session(move |session| session.dial(dial.clone()).seed(1))
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_aloud_with_what_the_tool_found() {
    let script = "expect \"What is the weather like in Oslo?\"\n  \
        call get_weather city=\"Oslo\"\n  say \"It is {output.temperature} degrees in Oslo.\"\n\
        expect \"And in Rome?\"\n  call get_weather city=\"Rome\"\n  call get_weather city=\"Bern\"\n  \
        say \"It is {output.temperature} degrees.\"\n";
    let (told, mut answers) = mpsc::unbounded_channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&bytes);
    let runner = agent(script)
        .on_audio(move |chunk| {
            heard.fetch_add(chunk.data.len(), Ordering::SeqCst);
        })
        .on_output_transcript(move |text| {
            if text.done {
                told.send(text.text)
            } else {
                Ok(())
            }
        })
        .connect()
        .await
        .unwrap();
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    control
        .send_text("What is the weather like in Oslo?")
        .await
        .unwrap();
    assert_eq!(answers.recv().await.unwrap(), "It is 4 degrees in Oslo.");
    let mut state = control.state();
    state.wait_for(|state| state.turn.is_idle()).await.unwrap();
    control.send_text("And in Rome?").await.unwrap();
    assert_eq!(answers.recv().await.unwrap(), "It is 4 degrees.");
    state
        .wait_for(|state| state.latency.sounded == 2)
        .await
        .unwrap();
    control.close().await;
    let outcome = run.await.unwrap().unwrap();
    assert!(
        bytes.load(Ordering::SeqCst) > 24_000,
        "more than half a second of speech"
    );
    let answers: Vec<_> = outcome.tool_calls.iter().map(|call| call.answer).collect();
    assert!(answers.len() >= 2 && answers.iter().all(|answer| *answer == ToolAnswer::Sent));
    assert!(outcome.usage.total() > 0);
    let waits = outcome
        .turns
        .iter()
        .filter_map(antiphon_protocol::TurnTimes::to_first_sound);
    assert_eq!(waits.count(), 2, "{:?}", outcome.turns);
    assert_eq!(outcome.problems, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connection_in_mid_answer_is_told_and_the_run_goes_on() {
    let script: Script = "unprompted\n say \"I am about to\"\n drop".parse().unwrap();
    let builder = Builder::new()
        .script(script)
        .then_script(Script::saying("I am back."));
    let dial = builder.key(Some("key")).in_memory(Clock::start());
    let rotations = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&rotations);
    let (told, mut answers) = mpsc::unbounded_channel();
    let runner = Runner::builder(OpenAi::realtime("key"))
        .model("gpt-realtime")
        .session(move |session| session.dial(dial.clone()).seed(1))
        .on_rotation(move |rotation| seen.lock().unwrap().push(rotation.losses.response_lost))
        .on_output_transcript(move |text| {
            if text.done {
                told.send(text.text)
            } else {
                Ok(())
            }
        })
        .connect()
        .await
        .unwrap();
    let control = runner.control();
    let run = tokio::spawn(runner.run());
    control.create_response(Default::default()).await.unwrap();
    let mut state = control.state();
    state.wait_for(|state| state.rotations == 1).await.unwrap();
    control.create_response(Default::default()).await.unwrap();
    assert_eq!(answers.recv().await.unwrap(), "I am back.");
    control.close().await;
    let outcome = run.await.unwrap().unwrap();
    assert_eq!(*rotations.lock().unwrap(), [true]);
    assert_eq!(outcome.rotations, 1);
    assert!(outcome.losses.response_lost);
}
