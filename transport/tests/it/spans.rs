//! One span for each connection, that tells its generation and, as it changes, its phase; and counts.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_transport::{
    Clock, Count, Link, LinkCommand, Meter, MetricsMeter, drive_metered, testing::ScriptedDial,
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, SharedString, Unit};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
    subscriber::Interest,
};

use crate::support::{
    Words,
    bench::config,
    rig::{Above, rig, settle},
};

/// What was told of one span: its name, and each value of each field in order.
#[derive(Clone, Debug, Default)]
struct Told {
    name: &'static str,
    fields: BTreeMap<&'static str, Vec<String>>,
    closed: bool,
}

/// Keeps every span.
#[derive(Clone, Default)]
struct Notebook(Arc<Mutex<Vec<Told>>>);

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}").trim_matches('"').to_owned();
        self.fields.entry(field.name()).or_default().push(text);
    }
}

impl Notebook {
    fn with(&self, id: &span::Id, change: impl FnOnce(&mut Told)) {
        let place = usize::try_from(id.into_u64()).unwrap() - 1;
        change(&mut self.0.lock().unwrap()[place]);
    }

    fn connections(&self) -> Vec<Told> {
        let spans = self.0.lock().unwrap();
        spans
            .iter()
            .filter(|told| told.name == "connection")
            .cloned()
            .collect()
    }
}

impl Subscriber for Notebook {
    fn register_callsite(&self, _: &'static tracing::Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut told = Told {
            name: attributes.metadata().name(),
            ..Told::default()
        };
        attributes.record(&mut told);
        let mut spans = self.0.lock().unwrap();
        spans.push(told);
        span::Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &span::Id, values: &span::Record<'_>) {
        self.with(id, |told| values.record(told));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}

    fn try_close(&self, id: span::Id) -> bool {
        self.with(&id, |told| told.closed = true);
        true
    }
}

#[tokio::test(start_paused = true)]
async fn each_connection_has_a_span_that_follows_its_phase() {
    let notebook = Notebook::default();
    let _guard = tracing::subscriber::set_default(notebook.clone());
    let rig = rig(Words::default(), config());
    let wire = rig.accept().await;
    wire.close(1011, "the server failed");
    let _second = rig.accept().await;
    let open: Vec<bool> = notebook
        .connections()
        .iter()
        .map(|told| told.closed)
        .collect();
    assert_eq!(open, [true, false]);
    rig.close().await;

    let told = notebook.connections();
    let generations: Vec<_> = told.iter().map(|told| &told.fields["generation"]).collect();
    assert_eq!(generations, [&["0"], &["1"]]);
    assert_eq!(
        told[0].fields["phase"],
        ["credential", "session opening", "conversation"]
    );
    assert_eq!(
        told[1].fields["phase"],
        ["credential", "session opening", "conversation", "closing"]
    );
    assert!(told.iter().all(|told| told.closed), "{told:?}");
    assert_eq!(told[0].fields["host"], ["words.example"]);
}

/// Adds up what is counted.
#[derive(Default)]
struct Sums(Mutex<BTreeMap<Count, u64>>);

impl Meter for Sums {
    fn count(&self, what: Count, by: u64) {
        *self.0.lock().unwrap().entry(what).or_default() += by;
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_counted() {
    let sums = Arc::new(Sums::default());
    let (dial, peer) = ScriptedDial::new();
    let clock = Clock::start();
    let above = Above {
        desk: Arc::default(),
        clock,
    };
    let link = Link::new(Arc::new(Words::default()), config(), 7);
    let meter: Arc<dyn Meter> = Arc::clone(&sums) as _;
    let run = drive_metered(link, above.clone(), Arc::new(dial), clock, meter);
    let task = tokio::spawn(run);
    above.command(LinkCommand::Start);
    let wire = peer.accept().await;
    wire.send_text("ready");
    settle().await;
    above.send(1, 0);
    settle().await;
    wire.send_text("say");
    settle().await;
    above.close();
    wire.hangup().await;
    task.await.unwrap();
    let sums = sums.0.lock().unwrap();
    let expected = BTreeMap::from([
        (Count::Dials, 1),
        (Count::Opened, 1),
        (Count::Lost, 1),
        (Count::FramesIn, 2),
        (Count::BytesIn, 8),
        (Count::FramesOut, 2),
        (Count::BytesOut, 325),
    ]);
    assert_eq!(*sums, expected);
}

/// Keeps what the `metrics` crate's macros are given.
#[derive(Default)]
struct Registry(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl metrics::Recorder for Registry {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &metrics::Metadata<'_>) -> Counter {
        let mut counters = self.0.lock().unwrap();
        let counter = counters.entry(key.name().to_owned()).or_default();
        Counter::from_arc(Arc::clone(counter))
    }

    fn register_gauge(&self, _: &Key, _: &metrics::Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &metrics::Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn the_metrics_crate_gets_the_counts_under_their_names() {
    let registry = Registry::default();
    metrics::with_local_recorder(&registry, || {
        MetricsMeter.count(Count::Dials, 1);
        MetricsMeter.count(Count::BytesIn, 40);
        MetricsMeter.count(Count::BytesIn, 2);
    });
    let counters = registry.0.lock().unwrap();
    let counted: BTreeMap<&str, u64> = counters
        .iter()
        .map(|(name, counter)| (name.as_str(), counter.load(Ordering::Relaxed)))
        .collect();
    let expected = BTreeMap::from([
        ("antiphon_transport_dials", 1),
        ("antiphon_transport_bytes_in", 42),
    ]);
    assert_eq!(counted, expected);
}
