//! The account of a call as the wires tell it, kept apart from everything that is under test.
//!
//! It reads every frame by itself, knows which connection it was on, and holds the rules of the
//! contract against it: one answer to each call, on a conversation that asked for it and has not taken
//! it back; the words of an update once; one response at a time, and one follow-up per batch; nothing
//! shortened beyond what was produced; every sample that left accounted for; everything used counted
//! once.

mod bridges;
mod calls;
mod fact;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_protocol::{Frame, Usage};
use antiphon_runner::ToolRecord;
use antiphon_session::UplinkMarks;
use tokio::time::Instant;

pub(super) use self::fact::{BRIDGE, Dialect};
use self::{bridges::Bridges, calls::Calls, fact::Fact};
use crate::tap::{Seen, Sight, Way};

/// After so long a response that says nothing has lost its place.
const WATCHDOG: Duration = Duration::from_secs(30);
/// How long frames of both sides may cross.
const CROSSING: Duration = Duration::from_millis(1);
/// Failures that are kept; more of them tell nothing new.
const FAILURES: usize = 8;

/// What goes on on one connection.
#[derive(Debug, Default)]
struct Line {
    /// Whether the server has opened it.
    started: bool,
    /// Since when it is gone.
    left: Option<Instant>,
    /// The conversation it belongs to: a connection that resumes goes on with the one before.
    conversation: u64,
    asked: Option<Instant>,
    /// When a response was last asked for, whatever became of that.
    created: Option<Instant>,
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
    /// The newest connection that is in use.
    live: u64,
    /// The conversation that was in use when the caller hung up.
    last: Option<u64>,
    calls: Calls,
    bridges: Bridges,
    /// Where each handle leads to: a conversation, and a moment of it.
    handles: BTreeMap<String, (u64, Instant)>,
    responses: BTreeSet<String>,
    /// Tokens of responses and besides.
    tokens: u64,
    asked: u64,
    batches: u64,
    refused: u64,
    bytes: u64,
    /// What was refused and nobody here could have avoided.
    excused: BTreeSet<String>,
    failures: Vec<String>,
}

/// The account; clones share it.
#[derive(Clone)]
pub(super) struct Audit(Arc<Mutex<Books>>);

/// What the caller knows at the end of a call.
pub(super) struct Closing<'a> {
    /// What the runner says became of each call.
    pub(super) calls: &'a [ToolRecord],
    pub(super) usage: &'a Usage,
    pub(super) audio: UplinkMarks,
    /// When the caller hung up.
    pub(super) at: Instant,
    /// Responses the caller asked for.
    pub(super) wishes: u64,
    /// Samples that the caller gave.
    pub(super) given: u64,
}

impl Audit {
    /// An empty account. With `single` the wire allows one response at a time; with `acknowledges` the
    /// server says of everything that it has come.
    pub(super) fn new(dialect: Dialect, rate: u32, single: bool, acknowledges: bool) -> Self {
        Self(Arc::new(Mutex::new(Books {
            dialect,
            rate: u64::from(rate),
            single,
            lines: BTreeMap::new(),
            live: 0,
            last: None,
            calls: Calls::new(acknowledges),
            bridges: Bridges::default(),
            handles: BTreeMap::new(),
            responses: BTreeSet::new(),
            tokens: 0,
            asked: 0,
            batches: 0,
            refused: 0,
            bytes: 0,
            excused: BTreeSet::new(),
            failures: Vec::new(),
        })))
    }

    /// Takes in what was seen on a wire. What it says that matters, in words.
    pub(super) fn see(&self, sight: &Sight<'_>) -> Vec<String> {
        let mut books = self.lock();
        let (way, frame, reaches) = match sight.what {
            Seen::Frame(way, frame) => (way, frame, true),
            Seen::Swallowed(frame) => (Way::Out, frame, false),
            Seen::Opened | Seen::Left => {
                let line = books.lines.entry(sight.wire).or_default();
                line.left = matches!(sight.what, Seen::Left).then_some(sight.at);
                return Vec::new();
            }
        };
        books.read(sight.at, sight.wire, way, frame, reaches)
    }

    /// An update took effect that leads over with the words of this number.
    pub(super) fn bridged(&self, number: u64) {
        self.lock().bridges.applied(number);
    }

    /// Everything that did not hold, after the call.
    pub(super) fn close(&self, closing: &Closing<'_>) -> Vec<String> {
        let mut books = self.lock();
        books.calls_at_the_end(closing);
        books.bridges_at_the_end();
        books.responses_at_the_end(closing);
        books.audio_at_the_end(closing);
        books.usage_at_the_end(closing.usage);
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

    /// Whether nobody here could have avoided that the server refuses something with these words.
    pub(super) fn excuses(&self, why: &str) -> bool {
        self.lock().excused.contains(why)
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

    /// Takes in a frame that reaches the other side, or does not. What it says, in words.
    fn read(
        &mut self,
        now: Instant,
        wire: u64,
        way: Way,
        frame: &Frame,
        reaches: bool,
    ) -> Vec<String> {
        let facts = self.dialect.read(way, frame);
        let told = facts.iter().filter(|fact| !fact.is_audio());
        let words = told.map(|fact| format!("{fact:?}")).collect();
        for fact in facts {
            self.note(now, wire, fact, reaches);
        }
        words
    }

    fn note(&mut self, now: Instant, wire: u64, fact: Fact, reaches: bool) {
        let line = self.lines.entry(wire).or_default();
        let conversation = line.conversation;
        let wrong = match fact {
            Fact::Opened { resumes } => return self.opened(wire, resumes),
            Fact::Handle(handle) => {
                self.handles.insert(handle, (conversation, now));
                None
            }
            // What a connection asks for after another took over is nobody's to do.
            Fact::Called(_) if wire < self.live => None,
            Fact::Called(id) => {
                line.calls += 1;
                self.calls.asked(conversation, id, wire, now);
                None
            }
            Fact::Withdrawn(ids) => {
                self.calls.withdrawn(conversation, ids);
                None
            }
            Fact::AskedBefore(id) => self.calls.asked_before(conversation, id, wire, now),
            Fact::AnsweredBefore(id) => self.calls.answered_before(conversation, &id),
            Fact::Answered(id) => self.calls.answered(conversation, &id, reaches),
            Fact::Told(number) => {
                self.bridges.told(number, conversation, wire, now);
                None
            }
            Fact::Instructed(numbers) => self.bridges.instructed(wire, &numbers),
            fact => return self.other(now, wire, fact),
        };
        if let Some(why) = wrong {
            self.fail(why);
        }
    }

    fn other(&mut self, now: Instant, wire: u64, fact: Fact) {
        let line = self.lines.entry(wire).or_default();
        match fact {
            Fact::Asked => self.asked(now, wire),
            Fact::Began(response) => {
                line.asked = None;
                line.calls = 0;
                line.running = Some((response, now));
            }
            Fact::Done { response, tokens } => self.done(wire, response, tokens),
            Fact::Spent(tokens) => self.tokens += tokens,
            Fact::Started => {
                line.started = true;
                self.live = wire;
            }
            Fact::Used(seconds) => line.seconds = seconds,
            Fact::Refused(why) => {
                line.asked = None;
                self.refused += 1;
                // A response cannot be asked for before the answer to a call. One that came when the
                // wish was on its way was on its own way here.
                if let Some(left) = line.created
                    && self.calls.came_after(&why, left)
                {
                    self.excused.insert(why);
                }
            }
            Fact::Spoken { item, bytes } => *line.items.entry(item).or_default() += bytes,
            Fact::Shortened { item, millis } => self.shortened(wire, &item, millis),
            Fact::Heard(bytes) => self.bytes += bytes,
            _ => {}
        }
    }

    /// A connection opens a conversation, or goes on with the one that its handle leads to, from the
    /// moment at which that was given.
    fn opened(&mut self, wire: u64, resumes: Option<String>) {
        let leads_to = resumes.map(|handle| self.handles.get(&handle).copied());
        let conversation = match leads_to {
            None => wire,
            Some(Some((conversation, moment))) => {
                self.calls.rolled_back(conversation, moment);
                self.bridges.rolled_back(conversation, moment);
                conversation
            }
            Some(None) => {
                return self.fail("a connection resumes by a handle that nobody gave".to_owned());
            }
        };
        if let Some(line) = self.lines.get_mut(&wire) {
            line.conversation = conversation;
        }
    }

    /// When a conversation was over; `None` while it goes on.
    fn end_of(&self, conversation: u64) -> Option<Instant> {
        let lines = self.lines.values();
        let its = lines.filter(|line| line.conversation == conversation);
        let ends: Option<Vec<Instant>> = its.map(|line| line.left).collect();
        ends.and_then(|ends| ends.into_iter().max())
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
        // What begins names nobody who asked for it. So the session takes what began by itself, while
        // this was on its way, for the answer to this, and may ask again when that is over.
        let crossed = line
            .running
            .as_ref()
            .is_some_and(|(_, since)| *since + CROSSING >= now);
        line.asked = (!crossed).then_some(now);
        line.created = Some(now);
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
        let marks = closing.audio;
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
