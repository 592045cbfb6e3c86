//! The figures of a run, as the `metrics` crate is told them.
#![cfg(feature = "metrics")]
#![expect(
    clippy::indexing_slicing,
    reason = "a test ends where the documentation does not fit"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_runner::{LaneLimits, tool_fn};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::json;
use tokio::time::sleep;

use crate::support;
use crate::support::{agent, nothing, run, settle};

/// A recorder that keeps what it is given.
#[derive(Clone, Default)]
struct Figures {
    sums: Arc<Mutex<BTreeMap<String, f64>>>,
    rows: Arc<Mutex<BTreeSet<Row>>>,
}

/// A figure as the documentation lists it: its name, its kind, and the names of its labels.
type Row = (String, String, Vec<String>);

/// What the documentation lists.
fn listed() -> BTreeSet<Row> {
    let lines = include_str!("../../README.md").lines();
    let rows = lines.filter(|line| line.starts_with("| `antiphon_"));
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names = |cell: &str| -> Vec<String> {
            let names = cell.split('`').skip(1).step_by(2);
            names.map(str::to_owned).collect()
        };
        (
            cells[1].trim_matches('`').to_owned(),
            cells[2].to_owned(),
            names(cells[3]),
        )
    });
    rows.collect()
}

impl Figures {
    fn all(&self) -> BTreeMap<String, f64> {
        let sums = self.sums.lock();
        sums.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rows(&self) -> BTreeSet<Row> {
        let rows = self.rows.lock();
        rows.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn one(&self, key: &Key, kind: &str) -> Arc<Figure> {
        let labels = key.labels().map(|label| label.key().to_owned()).collect();
        let row = (key.name().to_owned(), kind.to_owned(), labels);
        let rows = self.rows.lock();
        rows.unwrap_or_else(PoisonError::into_inner).insert(row);
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
        let sums = self.figures.sums.lock();
        let mut all = sums.unwrap_or_else(PoisonError::into_inner);
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
        Counter::from_arc(self.one(key, "counter"))
    }

    fn register_gauge(&self, _key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key, "histogram"))
    }
}

#[tokio::test(start_paused = true)]
async fn figures_tell_of_waits_tools_interruptions_rotations_and_lag_as_the_documentation_lists_them()
 {
    let figures = Figures::default();
    let _guard = metrics::set_default_local_recorder(&figures);
    let tool = tool_fn("slow", "", nothing(), |_| async {
        sleep(Duration::from_secs(3)).await;
        ""
    });
    let mut limits = LaneLimits::default();
    limits.bytes = 2000;
    let agent = agent().tool(tool).on_audio(drop).on_flush(|| ());
    let agent = agent.lane_limits(limits).on_text(drop).on_lag(drop);
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
    for _ in 0..3 {
        server.send(&json!({ "t": "text", "text": "x".repeat(1500) }));
    }
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
    assert_eq!(all["antiphon_lane_missed_total lane=text"], 2.0);
    assert_eq!(figures.rows(), listed(), "measured and documented");
}
