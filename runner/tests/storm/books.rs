//! What a storm may see on the wire: who was promised an answer, and what the model was asked to go on
//! about.
//!
//! A *batch* is what one response calls that none had called before. It is *ripe* when each of its calls is
//! settled, by an answer or by being void, and one of the answers is to be spoken of. To ask the model to go
//! on *covers* every batch that is ripe by then and was not covered before. Each time must cover one, and
//! in the end no batch that is ripe is uncovered: so every batch is followed up once, and two that wait
//! at the same time may share the one.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_protocol::CallId;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Open,
    Answered,
    /// Void in this very moment: an answer may have crossed the news.
    Voided,
    Void,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Follow {
    Due,
    Covered,
    /// It became ripe in the moment of a request or of an interruption: before it or after it.
    Perhaps,
    /// The response was cancelled, the caller took it back, or its connection is gone.
    Waived,
}

#[derive(Debug)]
struct Batch {
    open: BTreeSet<CallId>,
    aloud: bool,
    follow: Follow,
    /// Whether the model itself made it ripe in this moment, by taking a call back.
    crossed: bool,
}

impl Batch {
    fn is_ripe(&self) -> bool {
        self.open.is_empty() && self.aloud
    }
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    calls: BTreeMap<CallId, (usize, Fate)>,
    batches: Vec<Batch>,
    /// How often the model was asked to go on.
    pub(crate) asked: usize,
    /// Whether it has yet to begin.
    asking: bool,
    /// Whether a response of the model's own runs.
    running: bool,
    /// Whether such a response may have met the last request.
    crossed: bool,
    /// Whether it began in answer to what was taken in last, and what left then has yet to be seen.
    fresh: bool,
    /// What the last request covered, and what was due of it before.
    covered: Vec<(usize, Follow)>,
    /// What was ripe when the caller interrupted, in this moment.
    interrupted: Option<BTreeSet<usize>>,
}

impl Books {
    /// The calls that were made so far.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &CallId> {
        self.calls.keys()
    }

    pub(crate) fn open(&self) -> Vec<CallId> {
        let calls = self.calls.iter();
        let open = calls.filter(|(_, (_, fate))| *fate == Fate::Open);
        open.map(|(call, _)| call.clone()).collect()
    }

    pub(crate) fn is_answered(&self, call: &CallId) -> bool {
        self.calls
            .get(call)
            .is_some_and(|(_, fate)| *fate == Fate::Answered)
    }

    /// A response of the model's own has begun.
    pub(crate) fn begun(&mut self) {
        (self.asking, self.running, self.crossed) = (false, true, true);
    }

    /// It is over, and made these calls.
    pub(crate) fn over(&mut self, calls: &[CallId], cancelled: bool) {
        self.running = false;
        let mut open = BTreeSet::new();
        for call in calls {
            if !self.calls.contains_key(call) {
                self.calls
                    .insert(call.clone(), (self.batches.len(), Fate::Open));
                open.insert(call.clone());
            }
        }
        let follow = if cancelled {
            Follow::Waived
        } else {
            Follow::Due
        };
        self.batches.push(Batch {
            open,
            aloud: false,
            follow,
            crossed: false,
        });
    }

    pub(crate) fn withdrawn(&mut self, call: &CallId) {
        if let Some((batch, fate @ Fate::Open)) = self.calls.get_mut(call) {
            *fate = Fate::Voided;
            let batch = &mut self.batches[*batch];
            batch.open.remove(call);
            batch.crossed = batch.is_ripe();
        }
    }

    /// An answer came.
    pub(crate) fn answered(&mut self, call: &CallId, aloud: bool) {
        let (batch, fate) = self.calls.get_mut(call).expect("only what was asked for");
        match fate {
            Fate::Open | Fate::Voided => *fate = Fate::Answered,
            Fate::Answered => panic!("{call} was answered twice"),
            Fate::Void => panic!("{call} was answered though it is void"),
        }
        let batch = &mut self.batches[*batch];
        batch.open.remove(call);
        batch.aloud |= aloud;
    }

    /// The model was asked to go on.
    pub(crate) fn go_on(&mut self) {
        let free = !self.asking && !self.running;
        assert!(
            free || std::mem::take(&mut self.crossed),
            "asked to go on while a response runs or is asked for"
        );
        self.asking = true;
        self.asked += 1;
        self.covered.clear();
        for (place, batch) in self.batches.iter_mut().enumerate() {
            let follow = batch.follow;
            if batch.is_ripe() && matches!(follow, Follow::Due | Follow::Perhaps) {
                self.covered.push((place, follow));
                batch.follow = if batch.crossed && follow == Follow::Due {
                    Follow::Perhaps
                } else {
                    Follow::Covered
                };
            }
        }
        assert!(!self.covered.is_empty(), "asked to go on about nothing");
    }

    /// The model would not: a response of its own was running.
    pub(crate) fn refused(&mut self) {
        (self.asking, self.fresh) = (false, true);
        for (place, follow) in self.covered.drain(..) {
            self.batches[place].follow = follow;
        }
    }

    /// The model went on as it was asked to.
    pub(crate) fn gone_on(&mut self) {
        self.asking = false;
        self.covered.clear();
    }

    /// The caller interrupts, which takes back all that waits to be asked.
    pub(crate) fn interrupted(&mut self) {
        let ripe = self.batches.iter().enumerate();
        let ripe = ripe.filter(|(_, batch)| batch.is_ripe());
        self.interrupted = Some(ripe.map(|(place, _)| place).collect());
    }

    /// Everything that was set off has happened.
    pub(crate) fn moment_passed(&mut self) {
        self.crossed = std::mem::take(&mut self.fresh);
        for batch in &mut self.batches {
            batch.crossed = false;
        }
        for (_, fate) in self.calls.values_mut() {
            if *fate == Fate::Voided {
                *fate = Fate::Void;
            }
        }
        let Some(before) = self.interrupted.take() else {
            return;
        };
        for (place, batch) in self.batches.iter_mut().enumerate() {
            if batch.is_ripe() && batch.follow == Follow::Due {
                batch.follow = if before.contains(&place) {
                    Follow::Waived
                } else {
                    Follow::Perhaps
                };
            }
        }
    }

    /// The connection is gone, and the next one knows nothing of what this one asked for.
    pub(crate) fn lost(&mut self) {
        (self.asking, self.running) = (false, false);
        for (_, fate) in self.calls.values_mut() {
            if matches!(fate, Fate::Open | Fate::Voided) {
                *fate = Fate::Void;
            }
        }
        for batch in &mut self.batches {
            batch.open.clear();
            batch.follow = Follow::Waived;
        }
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        assert_eq!(self.open(), [], "calls were never answered");
        for (place, batch) in self.batches.iter().enumerate() {
            let forgotten = batch.is_ripe() && batch.follow == Follow::Due;
            assert!(!forgotten, "nobody asked to go on about batch {place}");
        }
    }
}
