//! The figures of a run, as the `metrics` crate is told them.
#![cfg(feature = "metrics")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_runner::tool_fn;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::json;
use support::{agent, nothing, run, settle};
use tokio::time::sleep;

/// A recorder that keeps what it is given.
#[derive(Clone, Default)]
struct Figures(Arc<Mutex<BTreeMap<String, f64>>>);

impl Figures {
    fn all(&self) -> BTreeMap<String, f64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn one(&self, key: &Key) -> Arc<Figure> {
        let labels = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()));
        let name = format!("{}{}", key.name(), labels.collect::<String>());
        Arc::new(Figure {
            name,
            figures: self.clone(),
        })
    }
}

struct Figure {
    name: String,
    figures: Figures,
}

impl Figure {
    fn add(&self, value: f64) {
        let mut all = self
            .figures
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *all.entry(self.name.clone()).or_default() += value;
    }
}

impl CounterFn for Figure {
    fn increment(&self, value: u64) {
        self.add(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
    }

    fn absolute(&self, _value: u64) {}
}

impl HistogramFn for Figure {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, _key: KeyName, _unit: Option<Unit>, _text: SharedString) {}
    fn describe_gauge(&self, _key: KeyName, _unit: Option<Unit>, _text: SharedString) {}
    fn describe_histogram(&self, _key: KeyName, _unit: Option<Unit>, _text: SharedString) {}

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, _key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

#[tokio::test(start_paused = true)]
async fn figures_tell_of_waits_tools_interruptions_and_rotations() {
    let figures = Figures::default();
    let _guard = metrics::set_default_local_recorder(&figures);
    let tool = tool_fn("slow", "", nothing(), |_| async {
        sleep(Duration::from_secs(3)).await;
        ""
    });
    let agent = agent().tool(tool).on_audio(drop).on_flush(|| ());
    let (run, server) = run(agent).await;
    server.send(&json!({ "t": "silence" }));
    server.calls("one", &[("a", "slow", ""), ("b", "made up", "")]);
    while server.recv().await["t"] != "create response" {}
    server.send(&json!({ "t": "started", "id": "two" }));
    server.audio("item", 1000);
    settle().await;
    server.send(&json!({ "t": "interrupted" }));
    server.send(&json!({ "t": "done", "id": "two", "status": "cancelled" }));
    settle().await;
    server.wire.drop_connection();
    let _server = support::accept(server.peer.clone()).await;
    settle().await;
    run.close().await;
    let all = figures.all();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    for name in [
        "antiphon_first_heard_seconds",
        "antiphon_silence_seconds",
        "antiphon_interruption_seconds",
        "antiphon_tool_seconds tool=unknown outcome=unknown_tool",
        "antiphon_audio_dropped_samples_total side=input",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let waited = all["antiphon_first_audio_seconds"];
    assert!((3.0..3.1).contains(&waited), "{waited}");
    let took = all["antiphon_tool_seconds tool=slow outcome=completed"];
    assert!((3.0..3.1).contains(&took), "{took}");
    assert_eq!(all["antiphon_responses_total status=completed"], 1.0);
    assert_eq!(all["antiphon_responses_total status=cancelled"], 1.0);
    assert_eq!(all["antiphon_rotations_total kept=nothing"], 1.0);
}
