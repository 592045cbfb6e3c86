//! How long the model lets its user wait, response by response.

use std::time::Duration;

use antiphon_protocol::{Event, ResponseDone, ResponseId, ResponseStatus, Time};
use serde::Serialize;

/// When one response came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResponseTimes {
    /// Which one, where the provider names it.
    pub response: Option<ResponseId>,
    /// When it began, counted from the start of the run.
    pub begun: Duration,
    /// How long the user waited for its first audio: from the end of their speech, or where that is not
    /// known or was answered already, from the response's beginning. `None` when it has no audio.
    ///
    /// A response that speaks after tool calls is counted from the speech that led to the calls.
    pub first_audio: Option<Duration>,
    /// From its beginning to its end.
    pub took: Duration,
    /// How much it speaks.
    pub audio: Duration,
    /// How many tools it called.
    pub calls: u32,
    /// Whether it was cut off by the user or the caller.
    pub cancelled: bool,
}

#[derive(Debug)]
struct Open {
    response: Option<ResponseId>,
    begun: Time,
    first_audio: Option<Duration>,
    audio: Duration,
    calls: u32,
}

/// Measures from events and the times at which they came.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    /// When the user stopped speaking, until that is answered aloud.
    waiting_since: Option<Time>,
    open: Option<Open>,
}

impl Stopwatch {
    /// Takes in an event; the times of a response at its end.
    pub(crate) fn note(&mut self, now: Time, event: &Event) -> Option<ResponseTimes> {
        match event {
            Event::SpeechStarted(_) => self.waiting_since = None,
            Event::SpeechStopped(_) => self.waiting_since = Some(now),
            Event::ResponseStarted { response } => self.open = Some(open(now, response.clone())),
            Event::Audio(chunk) => {
                let response = chunk.response.clone();
                let current = self.open.get_or_insert_with(|| open(now, response));
                current.audio = current.audio.saturating_add(chunk.duration());
                if current.first_audio.is_none() {
                    let since = self.waiting_since.take().unwrap_or(current.begun);
                    current.first_audio = Some(now - since);
                }
            }
            Event::ToolCall(_) => {
                if let Some(current) = &mut self.open {
                    current.calls = current.calls.saturating_add(1);
                }
            }
            Event::ResponseDone(done) => return self.done(now, done),
            // What was open on the old connection will not end.
            Event::Rotated(_) => self.open = None,
            _ => {}
        }
        None
    }

    fn done(&mut self, now: Time, done: &ResponseDone) -> Option<ResponseTimes> {
        let current = self.open.take()?;
        Some(ResponseTimes {
            response: done.response.clone().or(current.response),
            begun: current.begun.since_origin(),
            first_audio: current.first_audio,
            took: now - current.begun,
            audio: current.audio,
            calls: current.calls,
            cancelled: matches!(done.status, ResponseStatus::Cancelled { .. }),
        })
    }
}

fn open(now: Time, response: Option<ResponseId>) -> Open {
    Open {
        response,
        begun: now,
        first_audio: None,
        audio: Duration::ZERO,
        calls: 0,
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::{AudioChunk, AudioFormat, Speech, ToolCall};

    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    fn speech() -> Speech {
        Speech {
            item: None,
            at: None,
            derived: false,
        }
    }

    fn audio(millis: usize) -> Event {
        Event::Audio(AudioChunk::new(
            vec![0; 48 * millis].into(),
            AudioFormat::PCM16_24K,
        ))
    }

    fn started(id: &str) -> Event {
        Event::ResponseStarted {
            response: Some(id.into()),
        }
    }

    fn done(id: &str) -> Event {
        let status = ResponseStatus::Completed;
        Event::ResponseDone(ResponseDone {
            response: Some(id.into()),
            status,
            usage: None,
        })
    }

    fn call() -> Event {
        Event::ToolCall(ToolCall {
            id: "c".into(),
            name: "tool".into(),
            arguments: String::new(),
            item: None,
            response: None,
        })
    }

    #[test]
    fn the_wait_is_counted_from_the_end_of_speech_across_tool_calls() {
        let mut watch = Stopwatch::default();
        let history = [
            (0, Event::SpeechStarted(speech())),
            (1000, Event::SpeechStopped(speech())),
            (1200, started("calls")),
            (1300, call()),
            (1400, done("calls")),
            (3000, started("speaks")),
            (3500, audio(100)),
            (3600, audio(50)),
            (4000, done("speaks")),
            (9000, started("more")),
            (9100, audio(10)),
            (9200, done("more")),
        ];
        let times: Vec<ResponseTimes> = history
            .iter()
            .filter_map(|(ms, event)| watch.note(at(*ms), event))
            .collect();
        let waits: Vec<_> = times.iter().map(|times| times.first_audio).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [None, ms(2500), ms(100)]);
        assert_eq!(times[0].calls, 1);
        assert_eq!(times[1].audio, Duration::from_millis(150));
        assert_eq!(times[1].took, Duration::from_millis(1000));
        assert_eq!(times[2].begun, Duration::from_millis(9000));
    }

    #[test]
    fn an_end_without_a_beginning_measures_nothing() {
        let mut watch = Stopwatch::default();
        assert_eq!(watch.note(at(5), &done("a")), None);
    }
}
