//! Many conversations, on as many threads as there are cores, and what they amount to.

use std::{
    fmt,
    hash::{DefaultHasher, Hasher},
    num::NonZero,
    ops::RangeInclusive,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Counts, Defect, Report, Tell, play};
use crate::suite::subjects;

/// Calls of which none of what should happen may be missing.
const BLOCK: u64 = 100;
/// How long it is from one fault to the next, in the mean over such a block: about two minutes.
const FAULTS: RangeInclusive<Duration> = Duration::from_secs(90)..=Duration::from_secs(150);
/// Calls before the heap is measured: whatever is made once is made by then.
const WARM_UP: u64 = 12;
/// What the heap may have grown by over a range, in bytes.
const GROWTH: usize = 256 << 10;
/// What one conversation, its emulated server and its books may hold at a time, in bytes.
const PEAK: usize = 48 << 20;

/// Which conversations to hold, and how.
#[derive(Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub seeds: u64,
    /// How many at a time.
    pub threads: usize,
    /// What is broken on purpose.
    pub defect: Option<Defect>,
    /// Tells how many bytes of the heap are in use, where somebody counts them.
    pub heap: Option<fn() -> usize>,
    /// Who is told what happens.
    pub tell: Option<Tell>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("first", &self.first)
            .field("seeds", &self.seeds)
            .field("threads", &self.threads)
            .field("defect", &self.defect)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// These conversations, on all cores.
    pub fn new(first: u64, seeds: u64) -> Self {
        Self {
            first,
            seeds,
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            defect: None,
            heap: None,
            tell: None,
        }
    }
}

/// Bytes of the heap in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heap {
    /// After the first conversations, with none in progress.
    pub before: usize,
    /// At most, when one had just ended.
    pub peak: usize,
    /// After all of them, with none in progress.
    pub after: usize,
}

/// What a range of conversations amounts to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Tally {
    /// How many there were.
    pub cases: u64,
    /// How many of them failed.
    pub failed: u64,
    /// What did not hold of the range as a whole.
    pub faults: Vec<String>,
    /// How much happened.
    pub counts: Counts,
    /// The heap, where somebody counts it.
    pub heap: Option<Heap>,
    /// Over the hashes of all conversations, in the order of their seeds.
    pub hash: u64,
    /// How long it took, in real seconds.
    pub seconds: f64,
}

impl Tally {
    /// Whether everything held.
    pub const fn holds(&self) -> bool {
        self.failed == 0 && self.faults.is_empty()
    }

    /// Virtual hours.
    pub fn hours(&self) -> f64 {
        self.counts.virtual_time.as_secs_f64() / 3_600.0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.counts)?;
        writeln!(
            f,
            "virtual_hours_per_minute={:.1}",
            self.hours() * 60.0 / self.seconds.max(1e-9)
        )?;
        if let Some(heap) = self.heap {
            writeln!(
                f,
                "heap_before={} heap_after={} heap_peak={}",
                heap.before, heap.after, heap.peak
            )?;
        }
        for fault in &self.faults {
            writeln!(f, "failed: {fault}")?;
        }
        write!(
            f,
            "cases={} failed={} virtual_hours={:.1} hash={:016x}",
            self.cases,
            self.failed,
            self.hours(),
            self.hash
        )
    }
}

/// Counts and hashes by seed; what failed is told and forgotten.
struct Books {
    hashes: Vec<u64>,
    blocks: Vec<Counts>,
    failed: u64,
    error: Option<std::io::Error>,
}

/// Holds the conversations of `plan`. `failed` is told of each that fails.
///
/// # Errors
/// When a runtime cannot be made.
pub fn run(plan: &Plan, failed: impl Fn(&Report) + Sync) -> std::io::Result<Tally> {
    let begun = Instant::now();
    let seeds = usize::try_from(plan.seeds).unwrap_or(usize::MAX);
    let blocks = seeds.div_ceil(usize::try_from(BLOCK).unwrap_or(1));
    let books = Mutex::new(Books {
        hashes: vec![0; seeds],
        blocks: vec![Counts::default(); blocks],
        failed: 0,
        error: None,
    });
    let live = || plan.heap.map_or(0, |heap| heap());
    let peak = AtomicUsize::new(0);
    let note = |report: &Report, place: u64| {
        peak.fetch_max(live(), Ordering::Relaxed);
        if !report.failures.is_empty() {
            failed(report);
        }
        let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
        books.failed += u64::from(!report.failures.is_empty());
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        if let Some(hash) = books.hashes.get_mut(at(place)) {
            *hash = report.hash;
        }
        if let Some(block) = books.blocks.get_mut(at(place / BLOCK)) {
            block.add(&report.counts);
        }
    };
    let part = |from: u64, to: u64| {
        let next = AtomicU64::new(from);
        thread::scope(|scope| {
            for _ in 0..plan.threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        if place >= to {
                            break;
                        }
                        match play(plan.first + place, plan.defect, plan.tell.clone()) {
                            Ok(report) => note(&report, place),
                            Err(error) => {
                                let mut books =
                                    books.lock().unwrap_or_else(PoisonError::into_inner);
                                books.error = Some(error);
                            }
                        }
                    }
                });
            }
        });
    };
    let warm = WARM_UP.min(plan.seeds);
    part(0, warm);
    let before = live();
    part(warm, plan.seeds);
    let after = live();
    let books = books.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = books.error {
        return Err(error);
    }
    let heap = plan.heap.map(|_| Heap {
        before,
        peak: peak.into_inner(),
        after,
    });
    Ok(tally(plan, &books, heap, begun.elapsed().as_secs_f64()))
}

fn tally(plan: &Plan, books: &Books, heap: Option<Heap>, seconds: f64) -> Tally {
    let mut counts = Counts::default();
    let mut faults = Vec::new();
    let whole = usize::try_from(plan.seeds / BLOCK).unwrap_or_default();
    for (place, block) in books.blocks.iter().enumerate() {
        counts.add(block);
        let mut missing = block.missing();
        let wires = subjects::wires().into_iter().map(|wire| wire.name);
        missing.extend(wires.filter(|wire| !block.wires.contains_key(wire)));
        if place < whole && !missing.is_empty() {
            let first = plan.first + place as u64 * BLOCK;
            let missing = missing.join(", ");
            faults.push(format!(
                "in the {BLOCK} seeds from {first} there were no {missing}"
            ));
        }
        let between = block.between_faults().unwrap_or(Duration::MAX);
        if place < whole && !FAULTS.contains(&between) {
            let first = plan.first + place as u64 * BLOCK;
            faults.push(format!(
                "in the {BLOCK} seeds from {first} there was a fault every {between:?}"
            ));
        }
    }
    if let Some(heap) = heap {
        let grown = heap.after.saturating_sub(heap.before);
        if plan.seeds > WARM_UP && grown > GROWTH {
            faults.push(format!("the heap has grown by {grown} B"));
        }
        if heap.peak > heap.before + PEAK * plan.threads.max(1) {
            faults.push(format!("{} B of the heap were in use", heap.peak));
        }
    }
    let mut hasher = DefaultHasher::new();
    for hash in &books.hashes {
        hasher.write_u64(*hash);
    }
    Tally {
        cases: plan.seeds,
        failed: books.failed,
        faults,
        counts,
        heap,
        hash: hasher.finish(),
        seconds,
    }
}
