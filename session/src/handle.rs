//! The handle: verbs over channels, and nothing else.

use std::{sync::Arc, time::Duration};

use antiphon_protocol::{
    AudioFormat, Command, CommandId, Ended, Interruption, Item, ItemId, Provider, RawJson,
    ResponseOptions, SessionConfig, ToolResult, UpdateOutcome,
};
use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    EventFilter, Observer, SessionBuilder, SessionError, SessionState, Snapshot, Update,
    UsageAccount,
    engine::{Outcome, Played, Reports, Verb},
    events::Tap,
};

/// How far a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The command's number; an [`Event::Error`](antiphon_protocol::Event::Error) that refuses it
    /// later names it.
    pub command: CommandId,
    /// Whether the provider has said that it carried the command out; else it is known to be written.
    pub acknowledged: bool,
}

/// A command on its way to the session's task.
pub(crate) struct Request {
    pub(crate) verb: Verb,
    pub(crate) reply: Option<oneshot::Sender<Outcome>>,
}

/// How the session is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) within: Option<Duration>,
}

pub(crate) struct Shared {
    pub(crate) urgent: mpsc::Sender<Request>,
    pub(crate) ordered: mpsc::Sender<Request>,
    pub(crate) close: watch::Sender<Option<Ending>>,
    pub(crate) state: watch::Receiver<SessionState>,
    pub(crate) played: watch::Sender<Reports>,
    pub(crate) tap: Tap,
    pub(crate) input_format: AudioFormat,
    pub(crate) output_format: AudioFormat,
    pub(crate) provider: &'static str,
    /// Whether turns are declared, and responses asked for, by the caller.
    pub(crate) by_hand: bool,
}

/// A voice session. Clones speak to the same one; it closes when the last handle and the reader are
/// gone.
///
/// Every method is cancel safe: a dropped future either sent its command or did not. A command that
/// the session took is carried out even if nobody waits for the outcome.
#[derive(Clone)]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("provider", &self.shared.provider)
            .field("phase", &self.shared.state.borrow().phase)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Describes a session with `provider`.
    pub fn builder(provider: impl Provider + 'static) -> SessionBuilder {
        SessionBuilder::new(Arc::new(provider))
    }

    /// Sends the user's audio, in [`Session::input_format`].
    ///
    /// Returns when the session has taken it, which is at once unless audio is given faster than it
    /// may leave: then within the chunk's own duration and the write deadline. What becomes of it is
    /// told by [`SessionState::uplink`]. While there is no connection the newest audio is held for a
    /// few seconds and the oldest dropped.
    ///
    /// # Errors
    /// When the chunk is not a whole number of samples (nothing of it is sent then), or the session
    /// is over.
    pub async fn send_audio(&self, chunk: impl Into<Bytes>) -> Result<(), SessionError> {
        let mut rest: Bytes = chunk.into();
        let sample = self.shared.input_format.bytes_per_sample();
        if !(rest.len() as u64).is_multiple_of(sample) {
            return Err(SessionError::PartialSample);
        }
        let most = self.frame_bytes();
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(most));
            let request = Request {
                verb: Verb::Audio(piece),
                reply: None,
            };
            self.shared
                .ordered
                .send(request)
                .await
                .map_err(|_| SessionError::Ended)?;
        }
        Ok(())
    }

    /// Declares the user's audio so far a turn. Never overtakes audio that was sent before it.
    ///
    /// # Errors
    /// See [`SessionError`]; waits no longer than the session holds commands.
    pub async fn commit_audio(&self) -> Result<Delivery, SessionError> {
        self.say(Command::CommitAudio).await
    }

    /// Forgets the user's uncommitted audio.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn clear_audio(&self) -> Result<Delivery, SessionError> {
        self.say(Command::ClearAudio).await
    }

    /// Says that the user began to speak, where the caller detects activity.
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without activity marks.
    pub async fn activity_start(&self) -> Result<Delivery, SessionError> {
        self.say(Command::ActivityStart).await
    }

    /// Says that the user stopped speaking, where the caller detects activity.
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without activity marks.
    pub async fn activity_end(&self) -> Result<Delivery, SessionError> {
        self.say(Command::ActivityEnd).await
    }

    /// Says that no audio will come for a while.
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without such a mark.
    pub async fn audio_stream_end(&self) -> Result<Delivery, SessionError> {
        self.say(Command::AudioStreamEnd).await
    }

    /// Adds a text message of the user and asks for a response.
    ///
    /// The response waits for its turn where the protocol allows only one at a time; this call does
    /// not wait for it.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn send_text(&self, text: impl Into<String>) -> Result<Delivery, SessionError> {
        delivered(
            self.put(&self.shared.ordered, Verb::Text(text.into()))
                .await?,
        )
    }

    /// Adds entries to the conversation, in order, without asking for a response.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn add_items(&self, items: Vec<Item>) -> Result<Delivery, SessionError> {
        self.say(Command::AddItems(items)).await
    }

    /// Asks for a response. Where one is running the request waits until that has ended.
    ///
    /// # Errors
    /// See [`SessionError`]; [`SessionError::Full`] when too many requests wait.
    pub async fn create_response(
        &self,
        options: ResponseOptions,
    ) -> Result<Delivery, SessionError> {
        self.say(Command::CreateResponse(options)).await
    }

    /// Answers calls. Each call takes one answer; where the protocol needs to be asked to go on, the
    /// session does so once for a whole batch of calls.
    ///
    /// Results whose calls are void are dealt with as
    /// [`SessionBuilder::late_results`](crate::SessionBuilder::late_results) chose; where all of them go
    /// nowhere, this returns at once, with nothing written.
    ///
    /// # Errors
    /// [`SessionError::Call`] when a call is unknown or answered, or void and such are refused: nothing
    /// is sent then.
    pub async fn send_tool_results(
        &self,
        results: Vec<ToolResult>,
    ) -> Result<Delivery, SessionError> {
        self.say(Command::ToolResults(results)).await
    }

    /// Interrupts the model: one awaited transaction that drops unread audio, stops the response and
    /// shortens history to what was heard.
    ///
    /// Overtakes everything that waits. Settles within 5 s whatever the provider does.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn interrupt(&self) -> Result<Interruption, SessionError> {
        match self.put(&self.shared.urgent, Verb::Interrupt).await? {
            Outcome::Interrupted(interruption) => Ok(interruption),
            Outcome::Failed(error) => Err(error),
            _ => Ok(Interruption::default()),
        }
    }

    /// Shortens an item to `heard` samples at the output rate.
    ///
    /// For callers that keep history by hand; [`Session::interrupt`] does this by itself.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn truncate(&self, item: ItemId, heard: u64) -> Result<Delivery, SessionError> {
        self.urgent(Command::Truncate {
            item,
            content_index: 0,
            heard,
        })
        .await
    }

    /// Stops the running response; without one it does nothing.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn cancel_response(&self) -> Result<Delivery, SessionError> {
        self.urgent(Command::CancelResponse(None)).await
    }

    /// Asks for the session to be like `config`; fields that cannot change live are refused.
    ///
    /// # Errors
    /// See [`SessionError`]; resolves when the provider has accepted or refused it.
    pub async fn configure(&self, config: SessionConfig) -> Result<Delivery, SessionError> {
        self.say(Command::Configure(Arc::new(config))).await
    }

    /// Asks for the session to be configured in another way, by whatever way there is: on the live
    /// connection where it can take the change up, else by a new connection at a quiet moment.
    ///
    /// Returns when it is known what became of it. Wishes that wait are merged, and the last one
    /// wins: then all their callers are told the same. Waits at most the time the wish gives to find
    /// a quiet moment and 30 s more; after that it returns [`UpdateOutcome::Pending`], and an
    /// [`Event::ConfigUpdated`](antiphon_protocol::Event::ConfigUpdated) tells the rest.
    ///
    /// # Errors
    /// When the session is over, and [`SessionError::Unsupported`], which names the field, when the wish
    /// changes the format of the audio: a session keeps the one it began with. Any other refusal is an
    /// outcome: [`UpdateOutcome::Failed`].
    pub async fn update(&self, update: Update) -> Result<UpdateOutcome, SessionError> {
        match self.put(&self.shared.urgent, Verb::Update(update)).await? {
            Outcome::Updated(outcome) => Ok(outcome),
            Outcome::Failed(error) => Err(error),
            _ => Err(SessionError::Ended),
        }
    }

    /// What was used, response by response; the totals alone are in [`SessionState::usage`].
    ///
    /// # Errors
    /// When the session is over.
    pub async fn usage(&self) -> Result<UsageAccount, SessionError> {
        match self.put(&self.shared.urgent, Verb::Usage).await? {
            Outcome::Usage(account) => Ok(*account),
            Outcome::Failed(error) => Err(error),
            _ => Err(SessionError::Ended),
        }
    }

    /// The session as another process can go on with it; see
    /// [`SessionBuilder::restore`](crate::SessionBuilder::restore). Take it when the session is
    /// quiet, or right before this process ends: what happens afterwards is not in it.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn snapshot(&self) -> Result<Snapshot, SessionError> {
        match self.put(&self.shared.urgent, Verb::Snapshot).await? {
            Outcome::Snapshot(snapshot) => Ok(*snapshot),
            Outcome::Failed(error) => Err(error),
            _ => Err(SessionError::Ended),
        }
    }

    /// Sends a frame of the provider's own, verbatim. Where it configures the session, later
    /// connections keep the change.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn send_native(&self, frame: Box<RawValue>) -> Result<Delivery, SessionError> {
        self.say(Command::Native(Box::new(RawJson(frame)))).await
    }

    /// What was said so far, oldest first: what the user said, what the model said as far as it was
    /// heard, calls and their answers, and what the application told the model. Bounded by
    /// [`Limits::history_items`](crate::Limits::history_items) and
    /// [`Limits::history_tokens`](crate::Limits::history_tokens), and by 1 MiB in all.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn history(&self) -> Result<Vec<Item>, SessionError> {
        match self.put(&self.shared.urgent, Verb::History).await? {
            Outcome::History(items) => Ok(items),
            Outcome::Failed(error) => Err(error),
            _ => Ok(Vec::new()),
        }
    }

    /// Mutes the caller, or lets it be heard again. While muted, audio that is given leaves as
    /// silence of the same length: the provider's clock and its ear go on, and nothing is overheard.
    ///
    /// Overtakes what waits; what was given before and has not left is still heard.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn mute(&self, muted: bool) -> Result<(), SessionError> {
        let outcome = self.put(&self.shared.urgent, Verb::Mute(muted)).await?;
        delivered(outcome).map(|_| ())
    }

    /// Where a player reports what was heard. Until the first report, playback is estimated: speech is
    /// taken to be heard in real time from its arrival on.
    pub fn playback(&self) -> Playback {
        Playback {
            played: self.shared.played.clone(),
        }
    }

    /// The session's state, to look at or to wait for.
    ///
    /// ```no_run
    /// # async fn example(session: antiphon_session::Session) {
    /// let idle = session.state().wait_for(|state| state.turn.is_idle()).await.is_ok();
    /// # let _ = idle; }
    /// ```
    pub fn state(&self) -> watch::Receiver<SessionState> {
        self.shared.state.clone()
    }

    /// A second reader that may fall behind, and is told when it does.
    pub fn observe(&self, filter: EventFilter) -> Observer {
        let state = &self.shared.state;
        self.shared
            .tap
            .observe(filter, || state.borrow().ended.is_some())
    }

    /// The format of the audio the caller sends.
    pub fn input_format(&self) -> AudioFormat {
        self.shared.input_format
    }

    /// The format of the audio the model sends.
    pub fn output_format(&self) -> AudioFormat {
        self.shared.output_format
    }

    /// The provider's name.
    pub fn provider(&self) -> &'static str {
        self.shared.provider
    }

    /// Closes the session and waits until it is closed: at most the provider's drain time and 2 s.
    ///
    /// From any clone, any number of times; it wins over a hanging dial, a wait and a stalled write.
    pub async fn close(&self) -> Ended {
        self.end(Ending { within: None }).await
    }

    /// Closes the session and waits until it is closed: at most `deadline`.
    pub async fn close_within(&self, deadline: Duration) -> Ended {
        self.end(Ending {
            within: Some(deadline),
        })
        .await
    }

    /// Waits until the session is over, without closing it.
    pub async fn closed(&self) -> Ended {
        let mut state = self.shared.state.clone();
        let seen = state.wait_for(|state| state.ended.is_some()).await;
        let ended = seen.ok().and_then(|state| state.ended.clone());
        // The task publishes an end before it drops the sender, even if it panics.
        ended.unwrap_or_else(|| Ended::local(antiphon_protocol::EndedCause::Panicked))
    }

    async fn end(&self, ending: Ending) -> Ended {
        self.shared.close.send_if_modified(|order| {
            let sooner = match (order.as_ref(), ending.within) {
                (None, _) => true,
                (Some(Ending { within: None }), Some(_)) => true,
                (Some(Ending { within: Some(old) }), Some(new)) => new < *old,
                (Some(_), None) => false,
            };
            if sooner {
                *order = Some(ending);
            }
            sooner
        });
        self.closed().await
    }

    pub(crate) async fn say(&self, command: Command) -> Result<Delivery, SessionError> {
        delivered(self.put(&self.shared.ordered, Verb::Say(command)).await?)
    }

    async fn urgent(&self, command: Command) -> Result<Delivery, SessionError> {
        delivered(self.put(&self.shared.urgent, Verb::Say(command)).await?)
    }

    pub(crate) async fn put(
        &self,
        to: &mpsc::Sender<Request>,
        verb: Verb,
    ) -> Result<Outcome, SessionError> {
        let (reply, outcome) = oneshot::channel();
        to.send(Request {
            verb,
            reply: Some(reply),
        })
        .await
        .map_err(|_| SessionError::Ended)?;
        outcome.await.map_err(|_| SessionError::Ended)
    }

    /// Audio is split so that one command never carries more than 100 ms, which keeps pacing and
    /// accounting exact.
    fn frame_bytes(&self) -> usize {
        let format = self.shared.input_format;
        usize::try_from(format.bytes_of(u64::from(format.rate) / 10))
            .unwrap_or(usize::MAX)
            .max(2)
    }
}

pub(crate) fn delivered(outcome: Outcome) -> Result<Delivery, SessionError> {
    match outcome {
        Outcome::Delivered(delivery) => Ok(delivery),
        Outcome::Failed(error) => Err(error),
        _ => Err(SessionError::Ended),
    }
}

/// A player's end of the playhead. Reports never block and never fail.
#[derive(Clone, Debug)]
pub struct Playback {
    played: watch::Sender<Reports>,
}

impl Playback {
    /// Says that `samples` samples of `item` have been heard, counted as in
    /// [`AudioChunk::offset`](antiphon_protocol::AudioChunk::offset); `None` on a continuous track.
    /// Items are heard in the order they were produced: a report on one says that all before it were
    /// heard, or dropped, to their end. Of an item with several parts, the end of one is reported
    /// before the beginning of the next.
    pub fn heard(&self, item: Option<ItemId>, samples: u64) {
        self.played
            .send_modify(|reports| reports.played = Some(Played { item, samples }));
    }

    /// Says that nothing is heard any more. After an interruption this is when silence was reached; see
    /// [`TurnTimes::silenced`](antiphon_protocol::TurnTimes::silenced).
    pub fn silent(&self) {
        self.played
            .send_modify(|reports| reports.silences = reports.silences.saturating_add(1));
    }

    /// Says that the player has thrown away, by its own decision, what it was given and had not played.
    /// Of items that it was given whole, history ends at what was reported as heard. To stop an answer
    /// that is still being made, use [`Session::interrupt`].
    pub fn flushed(&self) {
        self.played
            .send_modify(|reports| reports.flushes = reports.flushes.saturating_add(1));
    }
}
