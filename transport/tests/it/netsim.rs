//! A simulated network that tears, holds and delays, without a word of warning: every client is in
//! use again or has ended in bounded time, and the same seed gives the same run.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{End, How, Phase, Stage};
use antiphon_transport::{Connect, Destination, DialProgress, Socket, WsDial};
use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt, stream::FuturesUnordered};
use tokio::time::sleep;
use tokio_tungstenite::{accept_async, tungstenite::Message};
use turmoil::{
    Builder, Sim,
    net::{TcpListener, TcpStream},
};

use crate::support::{
    Words,
    bench::config,
    dice::{Dice, Suite, cases},
    rig::{Above, audited},
};

/// When the last fault is repaired.
const REPAIRED: Duration = Duration::from_secs(60);
/// The longest that a client may take from there: silence noticed, a last attempt under way, and
/// the longest wait.
const BOUND: Duration = Duration::from_secs(66 + 15 + 15 + 30);

type Failure = Box<dyn std::error::Error>;
/// What each client of a world was told, by its seed.
type Traces = Vec<(u64, Vec<String>)>;

struct SimulatedTcp;

#[async_trait]
impl Connect for SimulatedTcp {
    async fn connect(
        &self,
        destination: &Destination,
        progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        progress.enter(Stage::Connect);
        let address = (destination.host.clone(), destination.port);
        match TcpStream::connect(address).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(End::new(Stage::Connect, How::Io).because(&error.to_string())),
        }
    }
}

/// All connections live in one task: tasks are dropped in no certain order when a host is bounced,
/// and the order in which connections end has to be the same in each run.
async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            // Both halves may be dropped and begun anew at any point.
            biased;
            accepted = listener.accept() => connections.push(talk(accepted?.0)),
            Some(()) = connections.next() => {}
        }
    }
}

async fn talk(stream: TcpStream) {
    let Ok(mut socket) = accept_async(stream).await else {
        return;
    };
    if socket.send(Message::text("ready")).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && socket.send(Message::text("say")).await.is_err() {
            return;
        }
    }
}

/// Everything that a client was told, and when.
fn trace_of(above: &Above) -> Vec<String> {
    let desk = above.desk.lock().unwrap();
    desk.heard
        .iter()
        .map(|(at, output)| format!("{} {output:?}", at.as_millis()))
        .collect()
}

fn hash_of(traces: &[(u64, Vec<String>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    traces.hash(&mut hasher);
    hasher.finish()
}

/// Talks until well after the last repair, and says what became of the session.
async fn client(seed: u64, traces: Arc<Mutex<Traces>>) -> Result<(), Failure> {
    let words = Words {
        url: "ws://server/".to_owned(),
        ..Words::default()
    };
    let dial = WsDial::new()
        .allow_plaintext_host("server")
        .connect_with(SimulatedTcp);
    let (above, task, audit) = audited(words, config(), dial, seed);
    let mut id = 0;
    while turmoil::sim_elapsed().is_none_or(|now| now < REPAIRED + BOUND) && !task.is_finished() {
        id += 1;
        above.send(id, 1);
        sleep(Duration::from_millis(500)).await;
    }
    let phase = above.phases().last().map(|(_, phase)| *phase);
    if !matches!(phase, Some(Phase::Live | Phase::Closed)) {
        return Err(format!("{phase:?} long after the network was mended").into());
    }
    above.close();
    tokio::time::timeout(Duration::from_secs(5), task).await??;
    if let Some(broken) = &audit.lock().unwrap().broken {
        return Err(broken.clone().into());
    }
    let settled = above
        .receipts()
        .iter()
        .filter(|(_, word)| *word != "acknowledged" && *word != "rejected")
        .count();
    if settled as u64 != id {
        return Err(format!("{id} commands, {settled} receipts").into());
    }
    traces.lock().unwrap().push((seed, trace_of(&above)));
    Ok(())
}

/// One thing that befalls the network.
fn befall(sim: &mut Sim<'_>, dice: &mut Dice, clients: u64) {
    let name = format!("client-{}", dice.below(clients));
    let name = name.as_str();
    match dice.below(8) {
        0 | 1 => sim.partition(name, "server"),
        2 => sim.partition_oneway("server", name),
        3 => sim.hold(name, "server"),
        4 => sim.release(name, "server"),
        5 => sim.repair(name, "server"),
        6 => {
            let latency = Duration::from_millis(dice.below(5000));
            sim.set_link_latency(name, "server", latency);
        }
        _ => sim.bounce("server"),
    }
}

/// Runs one world to its end. Yields everything every client was told.
fn world(seed: u64) -> Result<Traces, String> {
    let mut dice = Dice::new(seed);
    // Large worlds are slow, and rare.
    let clients = match dice.below(16) {
        0 => 5 + dice.below(16),
        _ => 1 + dice.below(4),
    };
    let mut sim = Builder::new()
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(50))
        .simulation_duration(Duration::from_secs(400))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(200))
        .tcp_capacity(1 << 20)
        .build();
    sim.host("server", serve);
    let traces = Arc::new(Mutex::new(Vec::new()));
    for number in 0..clients {
        let traces = Arc::clone(&traces);
        sim.client(
            format!("client-{number}"),
            client(seed * 32 + number, traces),
        );
    }
    let mut next = Duration::from_millis(1000 + dice.below(5000));
    let mut mended = false;
    loop {
        if sim.elapsed() >= next && sim.elapsed() < REPAIRED {
            befall(&mut sim, &mut dice, clients);
            next = sim.elapsed() + Duration::from_millis(dice.below(15_000));
        }
        if sim.elapsed() >= REPAIRED && !mended {
            mended = true;
            for number in 0..clients {
                let name = format!("client-{number}");
                sim.repair(name.as_str(), "server");
                sim.release(name.as_str(), "server");
                sim.set_link_latency(name.as_str(), "server", Duration::from_millis(50));
            }
        }
        if sim.step().map_err(|failure| failure.to_string())? {
            break;
        }
    }
    let mut traces = std::mem::take(&mut *traces.lock().unwrap());
    traces.sort_unstable();
    Ok(traces)
}

/// The first line that two runs do not share.
fn difference(first: &Traces, second: &Traces) -> String {
    let lines = |traces: &Traces| {
        traces
            .iter()
            .flat_map(|(_, trace)| trace.clone())
            .collect::<Vec<_>>()
    };
    let differs = lines(first)
        .into_iter()
        .zip(lines(second))
        .find(|(a, b)| a != b);
    format!("{differs:#?}")
}

// faults: A2, D5 by partitions without a FIN, held packets and restarts on a simulated
// network
#[test]
fn every_client_is_back_or_has_ended_and_the_same_seed_gives_the_same_run() {
    let mut once = Suite::new("netsim");
    let mut twice = Suite::new("netsim_twice");
    for case in 0..cases(20, 1000) {
        let seed = once.seed() + case;
        let named = |broken| format!("seed {seed}: {broken}");
        let first = world(seed);
        if case < cases(3, 1000) {
            let same = first.clone().and_then(|first| {
                let second = world(seed)?;
                (hash_of(&first) == hash_of(&second))
                    .then_some(())
                    .ok_or_else(|| difference(&first, &second))
            });
            twice.case(same.map_err(named));
        }
        once.case(first.map(drop).map_err(named));
    }
    once.end();
    twice.end();
}
