//! What handlers are told, in which order, and that none of them holds up the conversation.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its script does not fit"
)]

use std::time::Duration;

use antiphon_protocol::{AudioChunk, TextDelta};
use antiphon_runner::{Control, Handler, HandlerResult, LaneLimits, tool_fn};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Notes, Server, agent, nothing, run, settle};

/// Sleeps over everything it is told of.
struct Slow(Notes);

#[async_trait]
impl Handler for Slow {
    async fn on_text(&self, _control: &Control, text: TextDelta) -> HandlerResult {
        sleep(Duration::from_secs(10)).await;
        self.0.add(format!("slow {}", text.text));
        Ok(())
    }
}

fn text(server: &Server, words: &str) {
    server.send(&json!({ "t": "text", "text": words }));
}

#[tokio::test(start_paused = true)]
async fn each_closure_hears_of_its_own_kind_in_order() {
    let notes = Notes::default();
    let note = |word: &'static str| {
        let notes = notes.clone();
        move || notes.add(word)
    };
    let [audio, speech, silence, done, start, end, over] =
        ["audio", "speech", "silence", "done", "start", "end", "over"].map(note);
    let [said, heard, wrote] = ["said", "heard", "wrote"].map(|word| {
        let notes = notes.clone();
        move |text: TextDelta| notes.add(format!("{word} {}", text.text))
    });
    let agent = agent()
        .tool(tool_fn("quick", "", nothing(), |_| async { "" }))
        .on_audio(move |_| audio())
        .on_text(wrote)
        .on_input_transcript(heard)
        .on_output_transcript(said)
        .on_speech_started(move |_| speech())
        .on_speech_stopped(move |_| silence())
        .on_response_done(move |_| done())
        .on_tool_start(move |_| start())
        .on_tool_end(move |_| end())
        .on_end(move |_| over());
    let (run, server) = run(agent).await;
    server.send(&json!({ "t": "speech" }));
    server.send(&json!({ "t": "silence" }));
    server.send(&json!({ "t": "heard", "text": "hello" }));
    server.send(&json!({ "t": "said", "text": "good day" }));
    server.send(&json!({ "t": "text", "text": "Good day." }));
    server.audio("a", 20);
    server.call("c", "quick", "");
    server.result().await;
    let outcome = run.close().await;
    let all = notes.all();
    let place = |note: &str| all.iter().position(|its| its == note).unwrap();
    for pair in [
        ["speech", "silence"],
        ["silence", "done"],
        ["heard hello", "said good day"],
        ["said good day", "wrote Good day."],
        ["start", "end"],
    ] {
        assert!(place(pair[0]) < place(pair[1]), "{pair:?} in {all:?}");
    }
    assert_eq!(
        (notes.count("audio"), notes.count("over")),
        (1, 1),
        "{all:?}"
    );
    assert_eq!(outcome.user_turns, 1);
    assert_eq!(outcome.audio_out, Duration::from_millis(20));
    assert_eq!(outcome.responses.completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_sleeps_ten_seconds_delays_neither_audio_nor_tools_and_is_reported() {
    let (slow, notes) = (Notes::default(), Notes::default());
    let (audio, problems) = (notes.clone(), notes.clone());
    let agent = agent()
        .tool(tool_fn("quick", "", nothing(), |_| async { "" }))
        .handler(Slow(slow.clone()))
        .on_audio(move |_| audio.add("audio"))
        .on_error(move |problem| problems.add(problem.to_string()));
    let (run, server) = run(agent).await;
    let begun = Instant::now();
    text(&server, "one");
    text(&server, "two");
    for _ in 0..50 {
        server.audio("a", 20);
    }
    server.call("c", "quick", "");
    server.result().await;
    settle().await;
    assert_eq!(notes.count("audio"), 50);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(slow.all(), [""; 0]);
    sleep(Duration::from_secs(21)).await;
    assert_eq!(
        slow.all(),
        ["slow one", "slow two"],
        "it is told of everything, in order"
    );
    assert_eq!(
        notes.count("a handler of the text lane is slow: it has taken 1s"),
        2
    );
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_or_fails_is_reported_and_told_of_what_follows() {
    let notes = Notes::default();
    let (texts, audio, problems) = (notes.clone(), notes.clone(), notes.clone());
    let agent = agent()
        .on_text(move |text: TextDelta| {
            texts.add(text.text.clone());
            assert_ne!(text.text, "bad", "no bad words");
            if text.text == "worse" {
                Err("I will not")
            } else {
                Ok(())
            }
        })
        .on_audio(move |_| audio.add("audio"))
        .on_error(move |problem| problems.add(problem.to_string()));
    let (run, server) = run(agent).await;
    for word in ["good", "bad", "worse", "better"] {
        text(&server, word);
        server.audio("a", 20);
    }
    settle().await;
    assert_eq!(notes.count("audio"), 4);
    let all = notes.all();
    assert!(all.contains(&"better".to_owned()), "{all:?}");
    let told = |words: &str| all.iter().any(|note| note.contains(words));
    assert!(
        told("text lane panicked") && told("no bad words"),
        "{all:?}"
    );
    assert!(told("text lane failed: I will not"), "{all:?}");
    assert_eq!(run.close().await.problems, 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_handler_that_panics_is_counted_and_not_told_of_itself() {
    let agent = agent().on_error(|problem| assert!(problem.to_string().is_empty(), "oh no"));
    let (run, server) = run(agent).await;
    server.send(&json!({ "t": "error", "message": "one" }));
    server.send(&json!({ "t": "error", "message": "benign", "benign": true }));
    settle().await;
    assert_eq!(run.close().await.problems, 2, "the error and the panic");
}

struct SlowAudio(Notes);

#[async_trait]
impl Handler for SlowAudio {
    async fn on_audio(&self, _control: &Control, chunk: AudioChunk) -> HandlerResult {
        sleep(chunk.duration()).await;
        self.0.add(chunk.item.unwrap().as_str());
        Ok(())
    }

    async fn on_flush(&self, _control: &Control) -> HandlerResult {
        self.0.add("flush");
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn audio_beyond_the_lanes_bound_is_dropped_by_age_and_told() {
    let notes = Notes::default();
    let lags = Notes::default();
    let lag = lags.clone();
    let mut limits = LaneLimits::default();
    limits.audio_bytes = 10_000;
    let agent = agent()
        .handler(SlowAudio(notes.clone()))
        .lane_limits(limits)
        .on_lag(move |its| lag.add(its.to_string()));
    let (run, server) = run(agent).await;
    server.audio("playing", 100);
    settle().await;
    for n in 0..5 {
        server.audio(&format!("item {n}"), 100);
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(notes.all(), ["playing", "item 4"]);
    assert_eq!(
        lags.all(),
        ["the audio lane missed 1", "the audio lane missed 3"]
    );
    let outcome = run.close().await;
    assert_eq!(outcome.lag.iter().map(|lag| lag.missed).sum::<u64>(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_removes_waiting_audio_and_tells_players_to_drop_theirs() {
    let notes = Notes::default();
    let (run, server) = run(agent().handler(SlowAudio(notes.clone()))).await;
    for _ in 0..5 {
        server.audio("old", 1000);
    }
    settle().await;
    server.send(&json!({ "t": "interrupted" }));
    server.audio("new", 100);
    sleep(Duration::from_secs(5)).await;
    let all = notes.all();
    assert_eq!(
        all.iter().filter(|note| *note == "old").count(),
        1,
        "the one that plays: {all:?}"
    );
    let place = |note: &str| all.iter().rposition(|its| its == note).unwrap();
    assert!(place("flush") < place("new"), "{all:?}");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_by_the_caller_flushes_at_once() {
    let notes = Notes::default();
    let (run, server) = run(agent().handler(SlowAudio(notes.clone()))).await;
    server.send(&json!({ "t": "started", "id": "r" }));
    for _ in 0..5 {
        server.audio("old", 1000);
    }
    settle().await;
    let begun = Instant::now();
    run.control.interrupt().await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(notes.count("old"), 1);
    assert!(notes.count("flush") >= 1);
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn handlers_that_never_come_to_rest_hold_up_the_end_only_so_long() {
    struct Stuck;
    #[async_trait]
    impl Handler for Stuck {
        async fn on_text(&self, _control: &Control, _text: TextDelta) -> HandlerResult {
            std::future::pending().await
        }
    }
    let (run, server) = run(agent().handler(Stuck)).await;
    for _ in 0..3 {
        text(&server, "word");
    }
    settle().await;
    let begun = Instant::now();
    let outcome = run.close().await;
    assert!(
        begun.elapsed() <= Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(outcome.lag.iter().map(|lag| lag.missed).sum::<u64>(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handler_speaks_to_the_conversation_by_its_control() {
    struct Polite;
    #[async_trait]
    impl Handler for Polite {
        async fn on_text(&self, control: &Control, _text: TextDelta) -> HandlerResult {
            control.send_text("thank you").await?;
            Ok(())
        }
    }
    let (run, server) = run(agent().handler(Polite)).await;
    text(&server, "here you are");
    assert_eq!(server.recv().await["t"], "add items");
    assert_eq!(server.recv().await["t"], "create response");
    run.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_tells_how_far_it_has_come() {
    let notes = Notes::default();
    let progress = notes.clone();
    let tool = antiphon_runner::FunctionTool::with_context(
        "steps",
        "",
        nothing(),
        |cx: antiphon_runner::ToolContext, _: Value| async move {
            cx.progress("half");
            "whole"
        },
    );
    let agent = agent().tool(tool).on_tool_progress(move |call, message| {
        progress.add(format!("{}: {message}", call.name));
    });
    let (run, server) = run(agent).await;
    server.call("c", "steps", "");
    server.result().await;
    settle().await;
    assert_eq!(notes.all(), ["steps: half"]);
    run.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_blocks_only_its_lane() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let (told, mut texts) = tokio::sync::mpsc::unbounded_channel();
    let agent = agent()
        .on_audio(move |_| {
            released
                .lock()
                .map(|released| released.recv())
                .is_ok()
                .then_some(())
                .ok_or("")
        })
        .on_text(move |text| told.send(text.text));
    let (run, server) = run(agent).await;
    server.audio("a", 20);
    text(&server, "meanwhile");
    assert_eq!(texts.recv().await.unwrap(), "meanwhile");
    release.send(()).unwrap();
    run.close().await;
}
