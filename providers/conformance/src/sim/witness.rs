//! What a second reader of the session sees, and what the history says about it.
//!
//! An observer is told everything but audio. It must be told of one end and of nothing after it; what it
//! was told of interruptions is what history must have been cut to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_protocol::{Content, Event, Heard, Item, ItemId, ItemKind, TextDelta};
use antiphon_session::{EventFilter, Observed, Observer, Session};
use tokio::task::JoinHandle;

use super::{
    report::{self, Report},
    speaker::Speaker,
};

#[derive(Default)]
struct Seen {
    ends: u64,
    after_end: bool,
    /// How many bytes of words came of each item.
    words: BTreeMap<ItemId, usize>,
    cut: BTreeMap<ItemId, Heard>,
    /// New connections, by what made them necessary.
    rotations: BTreeMap<&'static str, u64>,
    failures: Vec<String>,
}

/// A second reader.
pub(super) struct Witness {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Witness {
    /// Begins to read. What `speaker` reported is the most that can have been heard, if it reports.
    pub(super) fn new(session: &Session, speaker: Option<Speaker>) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let observer = session.observe(EventFilter::CONTROL);
        let task = tokio::spawn(watch(observer, Arc::clone(&seen), speaker));
        Self { seen, task }
    }

    /// Holds the history against what was seen: of what was interrupted no more words than were heard.
    pub(super) fn compare(&self, history: &[Item]) {
        let mut seen = lock(&self.seen);
        let mut failures = Vec::new();
        for item in history {
            let ItemKind::Message { content, .. } = &item.kind else {
                continue;
            };
            let Some((heard, words)) = item
                .id
                .as_ref()
                .and_then(|id| Some((seen.cut.get(id)?, *seen.words.get(id)?)))
            else {
                continue;
            };
            let kept: usize = content.iter().map(length).sum();
            let most = words as u128 * u128::from(heard.heard);
            if kept as u128 * u128::from(heard.produced.max(1)) > most {
                failures.push(format!(
                    "history keeps {kept} of {words} bytes of what was heard as {heard:?}"
                ));
            }
        }
        if seen.failures.is_empty() {
            seen.failures = failures;
        }
    }

    /// Waits for the end of what can be read. Tells what was seen, and everything that did not hold.
    pub(super) async fn close(self, report: &mut Report) {
        // Its session is over; a reader that is not told so is aborted with the runtime.
        let over = tokio::time::timeout(super::GOODBYE, self.task).await;
        let mut seen = lock(&self.seen);
        report.counts.causes = std::mem::take(&mut seen.rotations);
        let mut failures = std::mem::take(&mut seen.failures);
        if over.is_err() {
            failures.push("an observer waits for ever".to_owned());
        }
        if seen.ends != 1 {
            failures.push(format!("an observer was told of {} ends", seen.ends));
        }
        if seen.after_end {
            failures.push("an observer was told something after the end".to_owned());
        }
        report.failures.append(&mut failures);
    }

    /// Whether something did not hold so far.
    pub(super) fn has_failed(&self) -> bool {
        !lock(&self.seen).failures.is_empty()
    }
}

async fn watch(mut observer: Observer, seen: Arc<Mutex<Seen>>, speaker: Option<Speaker>) {
    while let Some(observed) = observer.next().await {
        let mut seen = lock(&seen);
        match observed {
            Observed::Lagged(missed) => {
                let missed = missed.total();
                seen.failures
                    .push(format!("an observer missed {missed} events"));
            }
            Observed::Event(event) => seen.note(&event, speaker.as_ref()),
        }
    }
}

impl Seen {
    fn note(&mut self, event: &Event, speaker: Option<&Speaker>) {
        self.after_end |= self.ends > 0;
        match event {
            Event::Ended(_) => self.ends += 1,
            Event::OutputTranscript(words) | Event::OutputText(words) => self.said(words),
            Event::InterruptionSettled(settled) => {
                for heard in &settled.items {
                    self.stopped(heard, speaker);
                }
            }
            Event::Rotated(rotation) => {
                let cause = report::cause(rotation.cause);
                *self.rotations.entry(cause).or_default() += 1;
            }
            _ => {}
        }
    }

    fn said(&mut self, words: &TextDelta) {
        if let Some(item) = &words.item {
            let known = self.words.entry(item.clone()).or_default();
            if words.done {
                *known = words.text.len().max(*known);
            } else {
                *known += words.text.len();
            }
        }
    }

    fn stopped(&mut self, heard: &Heard, speaker: Option<&Speaker>) {
        if heard.heard > heard.produced {
            self.failures
                .push(format!("more was heard than produced: {heard:?}"));
        }
        let Some(item) = &heard.item else { return };
        let reported = speaker.and_then(|speaker| speaker.reported(item));
        if let Some(reported) = reported
            && heard.heard > reported
        {
            self.failures
                .push(format!("{reported} samples were played, and {heard:?}"));
        }
        self.cut.insert(item.clone(), heard.clone());
    }
}

fn length(part: &Content) -> usize {
    match part {
        Content::Text(text) => text.len(),
        Content::Audio { transcript } => transcript.as_ref().map_or(0, String::len),
        _ => 0,
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
