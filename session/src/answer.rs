//! Whole answers, for callers that do not want them piece by piece.

use std::{fmt, time::Duration};

use antiphon_protocol::{Event, ResponseStatus, ToolCall, Usage};
use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use crate::{Events, Session, SessionError};

/// How long an answer may take to be complete.
const WITHIN: Duration = Duration::from_secs(120);
/// Most audio of one answer, in bytes.
const MOST: usize = 64 << 20;

/// One answer of the model, whole.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// What was written.
    pub text: String,
    /// What was said, as text.
    pub transcript: String,
    /// What was said, in [`Session::output_format`].
    pub audio: Bytes,
    /// The tools that the model asks for. Answer them with [`Session::send_tool_results`] and take
    /// what follows with [`Session::answer`].
    pub calls: Vec<ToolCall>,
    /// How it ended.
    pub status: Option<ResponseStatus>,
    /// What it cost, where the provider says so.
    pub usage: Option<Usage>,
    /// What else the reader was given meanwhile, in order.
    pub others: Vec<Event>,
}

/// Content stays out of debug output.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("text_bytes", &self.text.len())
            .field("transcript_bytes", &self.transcript.len())
            .field("audio_bytes", &self.audio.len())
            .field("calls", &self.calls)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Pieces of text, put together: a complete text takes the place of its pieces.
#[derive(Default)]
struct Words {
    done: String,
    piece: String,
}

impl Words {
    fn add(&mut self, text: &str, done: bool) {
        if !done {
            return self.piece.push_str(text);
        }
        self.piece.clear();
        self.done.push_str(text);
    }

    fn whole(mut self) -> String {
        self.done.push_str(&self.piece);
        self.done
    }
}

impl Session {
    /// Sends text and collects the answer with its audio. Takes all events from the reader meanwhile;
    /// those that are no part of the answer are in [`Answer::others`].
    ///
    /// Waits at most 120 s beyond sending. Dropping the future loses what was collected, and nothing
    /// else.
    ///
    /// # Errors
    /// [`SessionError::Deadline`] when the answer was not complete in time, [`SessionError::Full`] when
    /// it is larger than 64 MiB, and see [`Session::send_text`].
    pub async fn ask(
        &self,
        events: &mut Events,
        text: impl Into<String>,
    ) -> Result<Answer, SessionError> {
        self.send_text(text).await?;
        self.answer(events).await
    }

    /// Sends a whole utterance, declares it a turn and asks for a response where that must be done by
    /// hand, and collects the answer; see [`Session::ask`].
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub async fn ask_aloud(
        &self,
        events: &mut Events,
        audio: impl Into<Bytes>,
    ) -> Result<Answer, SessionError> {
        self.send_audio(audio).await?;
        if self.shared.by_hand {
            self.commit_audio().await?;
            self.create_response(Default::default()).await?;
        }
        self.answer(events).await
    }

    /// Collects the next answer; see [`Session::ask`].
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub async fn answer(&self, events: &mut Events) -> Result<Answer, SessionError> {
        let whole = timeout(WITHIN, collect(events)).await;
        whole.map_err(|_| SessionError::Deadline)?
    }
}

async fn collect(events: &mut Events) -> Result<Answer, SessionError> {
    let mut answer = Answer::default();
    let (mut text, mut transcript) = (Words::default(), Words::default());
    let mut audio = BytesMut::new();
    loop {
        match events.next().await {
            None | Some(Event::Ended(_)) => return Err(SessionError::Ended),
            Some(Event::OutputText(delta)) => text.add(&delta.text, delta.done),
            Some(Event::OutputTranscript(delta)) => transcript.add(&delta.text, delta.done),
            Some(Event::Audio(chunk)) if audio.len() + chunk.data.len() > MOST => {
                return Err(SessionError::Full);
            }
            Some(Event::Audio(chunk)) => audio.extend_from_slice(&chunk.data),
            Some(Event::ToolCall(call)) => answer.calls.push(call),
            Some(Event::ResponseDone(done)) => {
                answer.status = Some(done.status);
                answer.usage = done.usage;
                break;
            }
            Some(event) => answer.others.push(event),
        }
    }
    answer.text = text.whole();
    answer.transcript = transcript.whole();
    answer.audio = audio.freeze();
    Ok(answer)
}
