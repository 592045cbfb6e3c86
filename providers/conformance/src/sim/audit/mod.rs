//! The account of a call as the wires tell it, kept apart from everything that is under test.
//!
//! It reads every frame by itself, knows which connection it was on, and holds the rules of the
//! contract against it: one answer to each call, on a conversation that asked for it and has not taken
//! it back; one response at a time, and one follow-up per batch; nothing shortened beyond what was
//! produced; every sample that left accounted for; everything used counted once.

mod fact;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_protocol::Usage;
use antiphon_runner::{Outcome, ToolAnswer, ToolRecord};
use tokio::time::Instant;

pub(super) use self::fact::Dialect;
use self::fact::Fact;
use crate::tap::{Seen, Sight};

/// How long a call may stay open, whatever tools and approvers do.
const CALL: Duration = Duration::from_secs(60);
/// After so long a response that says nothing has lost its place.
const WATCHDOG: Duration = Duration::from_secs(30);
/// How long the runner may wait for the end of the sentence that delegated something.
const HEARING: Duration = Duration::from_secs(5);
/// How long frames of both sides may cross.
const CROSSING: Duration = Duration::from_millis(20);
/// Failures that are kept; more of them tell nothing new.
const FAILURES: usize = 8;

/// A call, by the conversation that asked for it.
#[derive(Clone, Copy, Debug)]
struct Call {
    at: Instant,
    answered: bool,
    withdrawn: bool,
    /// Whether the conversation went on from a moment before it.
    forgotten: bool,
}

impl Call {
    const fn new(at: Instant) -> Self {
        Self {
            at,
            answered: false,
            withdrawn: false,
            forgotten: false,
        }
    }
}

/// What goes on on one connection.
#[derive(Debug, Default)]
struct Line {
    /// Since when it is gone.
    left: Option<Instant>,
    /// The conversation it belongs to: a connection that resumes goes on with the one before.
    conversation: u64,
    asked: Option<Instant>,
    running: Option<(String, Instant)>,
    /// Calls of the response that runs.
    calls: u64,
    /// Bytes of audio by item.
    items: BTreeMap<String, u64>,
    seconds: f64,
}

struct Books {
    dialect: Dialect,
    /// Samples a second of what the server says.
    rate: u64,
    single: bool,
    lines: BTreeMap<u64, Line>,
    newest: u64,
    /// The newest connection that is in use.
    live: u64,
    /// The conversation that was in use when the caller hung up.
    last: Option<u64>,
    calls: BTreeMap<(u64, String), Call>,
    /// When each handle was given.
    handles: BTreeMap<String, Instant>,
    responses: BTreeSet<String>,
    /// Tokens of responses and besides.
    tokens: u64,
    asked: u64,
    batches: u64,
    refused: u64,
    bytes: u64,
    failures: Vec<String>,
}

/// The account; clones share it.
#[derive(Clone)]
pub(super) struct Audit(Arc<Mutex<Books>>);

/// What the caller knows at the end of a call.
pub(super) struct Closing<'a> {
    pub(super) outcome: &'a Outcome,
    /// When the caller hung up.
    pub(super) at: Instant,
    /// Responses the caller asked for.
    pub(super) wishes: u64,
    /// Samples that the caller gave.
    pub(super) given: u64,
}

impl Audit {
    /// An empty account. With `single` the wire allows one response at a time.
    pub(super) fn new(dialect: Dialect, rate: u32, single: bool) -> Self {
        Self(Arc::new(Mutex::new(Books {
            dialect,
            rate: u64::from(rate),
            single,
            lines: BTreeMap::new(),
            newest: 0,
            live: 0,
            last: None,
            calls: BTreeMap::new(),
            handles: BTreeMap::new(),
            responses: BTreeSet::new(),
            tokens: 0,
            asked: 0,
            batches: 0,
            refused: 0,
            bytes: 0,
            failures: Vec::new(),
        })))
    }

    /// Takes in what was seen on a wire. What it says that matters, in words.
    pub(super) fn see(&self, sight: &Sight<'_>) -> Vec<String> {
        let mut books = self.lock();
        let Seen::Frame(way, frame) = sight.what else {
            let line = books.lines.entry(sight.wire).or_default();
            line.left = matches!(sight.what, Seen::Left).then_some(sight.at);
            return Vec::new();
        };
        let facts = books.dialect.read(way, frame);
        let told = facts.iter().filter(|fact| !fact.is_audio());
        let words = told.map(|fact| format!("{fact:?}")).collect();
        for fact in facts {
            books.note(sight.at, sight.wire, fact);
        }
        words
    }

    /// Everything that did not hold, after the call.
    pub(super) fn close(&self, closing: &Closing<'_>) -> Vec<String> {
        let mut books = self.lock();
        books.calls_at_the_end(closing);
        books.responses_at_the_end(closing);
        books.audio_at_the_end(closing);
        books.usage_at_the_end(&closing.outcome.usage);
        std::mem::take(&mut books.failures)
    }

    /// The caller hangs up: which connection was in use by then.
    pub(super) fn hang_up(&self) {
        let mut books = self.lock();
        books.last = books
            .lines
            .get(&books.live)
            .filter(|line| line.left.is_none())
            .map(|line| line.conversation);
    }

    /// Whether something did not hold so far.
    pub(super) fn has_failed(&self) -> bool {
        !self.lock().failures.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn fail(&mut self, why: String) {
        if self.failures.len() < FAILURES {
            self.failures.push(why);
        }
    }

    fn note(&mut self, now: Instant, wire: u64, fact: Fact) {
        let line = self.lines.entry(wire).or_default();
        let conversation = line.conversation;
        match fact {
            Fact::Opened { resumes } => self.opened(wire, resumes.as_deref()),
            Fact::Handle(handle) => {
                self.handles.insert(handle, now);
            }
            // What a connection asks for after another took over is nobody's to do.
            Fact::Called(_) if wire < self.live => {}
            Fact::Called(id) => {
                line.calls += 1;
                self.calls
                    .entry((conversation, id))
                    .or_insert(Call::new(now));
            }
            Fact::Withdrawn(ids) => {
                for id in ids {
                    if let Some(call) = self.calls.get_mut(&(conversation, id)) {
                        call.withdrawn = true;
                    }
                }
            }
            Fact::AskedBefore(id) => {
                self.calls
                    .entry((conversation, id))
                    .or_insert(Call::new(now));
            }
            Fact::AnsweredBefore(id) => {
                if let Some(call) = self.calls.get_mut(&(conversation, id)) {
                    call.answered = true;
                }
            }
            Fact::Answered(id) => self.answered(conversation, &id),
            Fact::Asked => self.asked(now, wire),
            Fact::Began(response) => {
                line.asked = None;
                line.calls = 0;
                line.running = Some((response, now));
            }
            Fact::Done { response, tokens } => self.done(wire, response, tokens),
            Fact::Spent(tokens) => self.tokens += tokens,
            Fact::Started => self.live = wire,
            Fact::Used(seconds) => line.seconds = seconds,
            Fact::Refused(_) => {
                line.asked = None;
                self.refused += 1;
            }
            Fact::Spoken { item, bytes } => *line.items.entry(item).or_default() += bytes,
            Fact::Shortened { item, millis } => self.shortened(wire, &item, millis),
            Fact::Heard(bytes) => self.bytes += bytes,
        }
    }

    fn opened(&mut self, wire: u64, resumes: Option<&str>) {
        let conversation = if resumes.is_some() { self.newest } else { wire };
        self.newest = conversation;
        if let Some(moment) = resumes.and_then(|handle| self.handles.get(handle)) {
            let late = |((of, _), call): &(&(u64, String), &mut Call)| {
                *of == conversation && call.at >= *moment
            };
            for (_, call) in self.calls.iter_mut().filter(late) {
                call.forgotten = true;
            }
        }
        if let Some(line) = self.lines.get_mut(&wire) {
            line.conversation = conversation;
        }
    }

    fn answered(&mut self, conversation: u64, id: &str) {
        let Some(call) = self.calls.get_mut(&(conversation, id.to_owned())) else {
            return self.fail(format!(
                "an answer to {id} left for a conversation that did not ask"
            ));
        };
        let was = *call;
        call.answered = true;
        if was.answered {
            self.fail(format!("the call {id} was answered twice"));
        }
        if was.forgotten {
            self.fail(format!(
                "the call {id} was answered in a conversation that went on from before it"
            ));
        }
        if was.withdrawn {
            self.fail(format!("the call {id} was answered after it was withdrawn"));
        }
    }

    fn asked(&mut self, now: Instant, wire: u64) {
        self.asked += 1;
        let Some(line) = self.lines.get_mut(&wire) else {
            return;
        };
        let open = |since: Instant| now - since < WATCHDOG;
        // What came a moment ago may have crossed what had been written by then.
        let running = line.running.as_ref();
        let running = running.filter(|(_, since)| *since + CROSSING < now && open(*since));
        let running = running.map(|(response, _)| response.clone());
        let waits = line.asked.is_some_and(open);
        // A response that began a moment ago may be taken for the answer to this.
        let crossed = line
            .running
            .as_ref()
            .is_some_and(|(_, since)| *since + CROSSING >= now);
        line.asked = (!crossed).then_some(now);
        match running {
            _ if !self.single => {}
            Some(response) => self.fail(format!(
                "a response was asked for while {response} was running"
            )),
            None if waits => self.fail("a response was asked for twice".to_owned()),
            None => {}
        }
    }

    fn done(&mut self, wire: u64, response: String, tokens: u64) {
        if let Some(line) = self.lines.get_mut(&wire) {
            if line.running.take_if(|(id, _)| *id == response).is_some() && line.calls > 0 {
                self.batches += 1;
            }
            line.calls = 0;
        }
        if self.responses.insert(response) {
            self.tokens += tokens;
        }
    }

    fn shortened(&mut self, wire: u64, item: &str, millis: u64) {
        let line = self.lines.get(&wire);
        let bytes = line
            .and_then(|line| line.items.get(item).copied())
            .unwrap_or_default();
        // Two bytes a sample.
        let produced = bytes * 500 / self.rate.max(1);
        if millis == 0 || millis > produced {
            self.fail(format!(
                "{item} was shortened to {millis} ms of {produced} ms"
            ));
        }
    }

    fn calls_at_the_end(&mut self, closing: &Closing<'_>) {
        let records = &closing.outcome.tool_calls;
        let mut failures = Vec::new();
        for ((conversation, id), call) in &self.calls {
            let of_it = |record: &&ToolRecord| record.call.as_str() == id;
            let known: Vec<&ToolRecord> = records.iter().filter(of_it).collect();
            let old = call.at + CALL < closing.at;
            let owed = !(call.answered || call.withdrawn || call.forgotten);
            if Some(*conversation) == self.last && old && owed {
                failures.push(format!("the call {id} was never answered"));
            }
            match known.as_slice() {
                [] if old && self.outlived(*conversation, call.at) => {
                    failures.push(format!("the runner never heard of the call {id}"));
                }
                [] | [_] => {}
                _ => failures.push(format!("the runner tells of the call {id} twice")),
            }
            let sent = known.iter().any(|record| record.answer == ToolAnswer::Sent);
            let left = self
                .calls
                .iter()
                .any(|((_, asked), call)| asked == id && call.answered);
            if sent && !left {
                failures.push(format!("the answer to {id} counts as sent and never left"));
            }
        }
        for record in records {
            let asked = self
                .calls
                .keys()
                .any(|(_, id)| id.as_str() == record.call.as_str());
            if !asked {
                failures.push(format!("nobody asked for the call {}", record.call));
            }
        }
        for failure in failures {
            self.fail(failure);
        }
    }

    /// Whether a conversation went on for a while after `moment`. Work that is delegated in its last
    /// seconds is void before anybody could hear of it.
    fn outlived(&self, conversation: u64, moment: Instant) -> bool {
        let mut lines = self.lines.values();
        lines.any(|line| {
            line.conversation == conversation
                && line.left.is_none_or(|left| left > moment + HEARING)
        })
    }

    /// Each response was wished for by the caller, or follows a batch of calls, or was lost with a
    /// connection or to a race.
    fn responses_at_the_end(&mut self, closing: &Closing<'_>) {
        let connections = self.lines.len() as u64;
        let most = closing.wishes + self.batches + connections + self.refused;
        if self.asked > most {
            let asked = self.asked;
            self.fail(format!(
                "{asked} responses were asked for, and there was reason for {most}"
            ));
        }
    }

    fn audio_at_the_end(&mut self, closing: &Closing<'_>) {
        let marks = closing.outcome.audio_in;
        if marks.accepted != closing.given {
            let given = closing.given;
            self.fail(format!("{given} samples were given, and {marks:?}"));
        }
        if marks.accepted != marks.sent + marks.dropped {
            self.fail(format!("samples are unaccounted for: {marks:?}"));
        }
        let left = self.bytes / 2;
        if left > marks.sent + marks.replayed + marks.silence {
            self.fail(format!("{left} samples left, and {marks:?}"));
        }
    }

    fn usage_at_the_end(&mut self, usage: &Usage) {
        if usage.total() != self.tokens {
            let (told, counted) = (self.tokens, usage.total());
            self.fail(format!("{told} tokens were told, and {counted} counted"));
        }
        let seconds: f64 = self.lines.values().map(|line| line.seconds).sum();
        let counted = usage.duration.as_secs_f64();
        if (seconds - counted).abs() > 0.01 {
            self.fail(format!("{seconds} s were told, and {counted} s counted"));
        }
    }
}
