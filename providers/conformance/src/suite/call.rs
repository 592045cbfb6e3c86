//! One call in progress: a session against a subject's peer, everything it told, and waiting for it.

use std::{sync::Arc, time::Duration};

use antiphon_emulator::DAY;
use antiphon_protocol::{
    Capabilities, EndedCause, Event, InputClock, SessionConfig, ToolCall, ToolResult, Transcripts,
};
use antiphon_session::{ConnectError, Session};
use antiphon_transport::Clock;
use bytes::Bytes;
use serde_json::json;
use tokio::{sync::watch, time};

use super::{
    Failure,
    scene::ANSWER,
    subject::{Stage, Subject},
};

/// How long anything may take, in virtual time.
const PATIENCE: Duration = Duration::from_secs(90);
/// The length of a piece of audio.
const PIECE: Duration = Duration::from_millis(20);
/// How long a question sounds, and the silence after it that ends a turn.
const QUESTION: Duration = Duration::from_millis(1_200);
const SILENCE: Duration = Duration::from_millis(1_500);

/// A session and what it has told so far.
pub(crate) struct Call {
    pub(crate) session: Session,
    pub(crate) can: Capabilities,
    log: watch::Receiver<Vec<Arc<Event>>>,
    /// What was told before the last question.
    mark: usize,
}

impl Call {
    /// Opens a session with the subject's own configuration.
    pub(crate) async fn open(subject: &dyn Subject, stage: &Stage) -> Result<Self, Failure> {
        Self::open_as(subject, stage, |config| config).await
    }

    /// Opens a session with a configuration of the scenario's own.
    pub(crate) async fn open_as(
        subject: &dyn Subject,
        stage: &Stage,
        adapt: impl FnOnce(SessionConfig) -> SessionConfig,
    ) -> Result<Self, Failure> {
        Self::try_open(subject, stage, adapt)
            .await
            .map_err(|error| Failure::new(format!("the session did not open: {error}")))
    }

    pub(crate) async fn try_open(
        subject: &dyn Subject,
        stage: &Stage,
        adapt: impl FnOnce(SessionConfig) -> SessionConfig,
    ) -> Result<Self, ConnectError> {
        let provider = subject.provider();
        let mut config = adapt(subject.config());
        let can = provider.capabilities(&config.model).into_owned();
        if can.output_transcripts == Transcripts::OnRequest {
            config.output_transcription = Some(true);
        }
        let dial = subject.peer(stage, Clock::start());
        let (session, mut events) = Session::builder(provider)
            .config(config)
            .dial(dial)
            .wall_clock(DAY)
            .seed(1)
            .connect()
            .await?;
        let (told, log) = watch::channel(Vec::new());
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                told.send_modify(|log| log.push(Arc::new(event)));
            }
        });
        Ok(Self {
            session,
            can,
            log,
            mark: 0,
        })
    }

    /// Everything told so far.
    pub(crate) fn told(&self) -> Vec<Arc<Event>> {
        self.log.borrow().clone()
    }

    /// Everything told since the last question.
    pub(crate) fn since(&self) -> Vec<Arc<Event>> {
        let log = self.log.borrow();
        log.get(self.mark..).unwrap_or_default().to_vec()
    }

    /// Waits until `find` finds something in what was told since the last question.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        find: impl Fn(&[Arc<Event>]) -> Option<T>,
    ) -> Result<T, Failure> {
        self.until_within(PATIENCE, what, find).await
    }

    /// Like [`until`](Self::until), with a patience of the scenario's own.
    pub(crate) async fn until_within<T>(
        &mut self,
        patience: Duration,
        what: &str,
        find: impl Fn(&[Arc<Event>]) -> Option<T>,
    ) -> Result<T, Failure> {
        let mark = self.mark;
        let mut found = None;
        let seen = self.log.wait_for(|log| {
            found = find(log.get(mark..).unwrap_or_default());
            found.is_some()
        });
        let outcome = time::timeout(patience, seen).await;
        drop(outcome);
        found.ok_or_else(|| {
            Failure::new(format!(
                "{what} did not come; told: {}",
                names(&self.since())
            ))
        })
    }

    /// Waits until nobody speaks and no call is open.
    pub(crate) async fn quiet(&self) -> Result<(), Failure> {
        let mut state = self.session.state();
        let quiet = state.wait_for(|state| state.turn.is_idle() && !state.turn.playing);
        match time::timeout(PATIENCE, quiet).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Failure::new(format!(
                "the conversation did not come to rest: {:?}",
                self.session.state().borrow().turn
            ))),
        }
    }

    /// Puts a question: in writing where the wire answers text, else by voice.
    pub(crate) async fn ask(&mut self, words: &str) -> Result<(), Failure> {
        self.mark = self.log.borrow().len();
        if self.can.create_response {
            self.session.send_text(words).await?;
            Ok(())
        } else {
            self.speak().await
        }
    }

    /// Asks for an answer without a question.
    pub(crate) async fn prompt(&mut self) -> Result<(), Failure> {
        self.mark = self.log.borrow().len();
        self.session.create_response(Default::default()).await?;
        Ok(())
    }

    /// Puts a question by voice, in real time: a tone, which peers hear by its loudness.
    pub(crate) async fn speak(&mut self) -> Result<(), Failure> {
        self.mark = self.log.borrow().len();
        self.sound(QUESTION, 8_000.0).await?;
        if self.can.input_clock == InputClock::Free {
            self.sound(SILENCE, 0.0).await?;
        }
        Ok(())
    }

    /// Begins to speak while the model does.
    pub(crate) async fn speak_over(&mut self) -> Result<(), Failure> {
        self.sound(QUESTION, 8_000.0).await?;
        if self.can.input_clock == InputClock::Free {
            self.sound(SILENCE, 0.0).await?;
        }
        Ok(())
    }

    async fn sound(&self, length: Duration, loudness: f64) -> Result<(), Failure> {
        let rate = self.session.input_format().rate;
        let samples = rate as usize * PIECE.as_millis() as usize / 1_000;
        let wave = |at: usize| {
            let turns = at as f64 * 200.0 / f64::from(rate);
            (loudness * (turns * std::f64::consts::TAU).sin()) as i16
        };
        let pieces = length.as_millis() / PIECE.as_millis();
        for piece in 0..pieces as usize {
            let first = piece * samples;
            let bytes: Vec<u8> = (first..first + samples)
                .flat_map(|at| wave(at).to_le_bytes())
                .collect();
            self.session.send_audio(Bytes::from(bytes)).await?;
            time::sleep(PIECE).await;
        }
        Ok(())
    }

    /// Waits for the end of an answer, and gives its words.
    pub(crate) async fn answer(&mut self) -> Result<String, Failure> {
        if self.can.server_turns {
            self.until("the end of the answer", |log| {
                let over = log.iter().rev().find_map(|event| match &**event {
                    Event::ResponseDone(_) => Some(()),
                    _ => None,
                });
                over.filter(|()| !words(log).is_empty())
            })
            .await?;
        } else {
            self.until("the words of the answer", |log| {
                (!words(log).is_empty()).then_some(())
            })
            .await?;
        }
        self.quiet().await?;
        Ok(words(&self.since()))
    }

    /// Waits for `count` calls.
    pub(crate) async fn calls(&mut self, count: usize) -> Result<Vec<ToolCall>, Failure> {
        self.until("the tool calls", |log| {
            let calls = calls(log);
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    /// Answers calls, each with its own word.
    pub(crate) async fn reply(&self, answers: &[(&ToolCall, &str)]) -> Result<(), Failure> {
        let results = answers.iter().map(|(call, answer)| {
            let output = json!({ ANSWER: answer }).to_string();
            ToolResult::new(call.id.clone(), call.name.clone(), output)
        });
        self.session.send_tool_results(results.collect()).await?;
        Ok(())
    }

    /// Closes the session and checks what must hold of every call.
    pub(crate) async fn close(mut self) -> Result<(), Failure> {
        let ended = self.session.close().await;
        if ended.cause != EndedCause::Closed {
            return Err(Failure::new(format!("the session ended with {ended:?}")));
        }
        self.mark = 0;
        let over = |log: &[Arc<Event>]| {
            let last = log.last().map(|event| matches!(**event, Event::Ended(_)));
            last.unwrap_or(false).then_some(())
        };
        self.until("the terminal event", over).await?;
        let told = self.told();
        let ends = told
            .iter()
            .filter(|event| matches!(***event, Event::Ended(_)));
        let ends = ends.count();
        Failure::unless(ends == 1, || format!("{ends} terminal events"))
    }
}

/// All words of the model in `log`, in order.
pub(crate) fn words(log: &[Arc<Event>]) -> String {
    let pieces = log.iter().filter_map(|event| match &**event {
        Event::OutputTranscript(text) | Event::OutputText(text) if !text.done => Some(&*text.text),
        _ => None,
    });
    pieces.collect::<String>().trim().to_owned()
}

/// The calls in `log`.
pub(crate) fn calls(log: &[Arc<Event>]) -> Vec<ToolCall> {
    let calls = log.iter().filter_map(|event| match &**event {
        Event::ToolCall(call) => Some(call.clone()),
        _ => None,
    });
    calls.collect()
}

/// What events are called in a report, never their content; repeats are counted.
fn names(log: &[Arc<Event>]) -> String {
    let mut names: Vec<(String, usize)> = Vec::new();
    for event in log {
        let shown = format!("{event:?}");
        let end = shown.find(|c: char| !c.is_alphanumeric());
        let name = shown.get(..end.unwrap_or(shown.len())).unwrap_or_default();
        let name = match &**event {
            Event::Error(error) => format!("{name} {:?}", error.message.as_str()),
            _ => name.to_owned(),
        };
        match names.last_mut() {
            Some((last, times)) if *last == name => *times += 1,
            _ => names.push((name, 1)),
        }
    }
    let names = names.iter().map(|(name, times)| match times {
        1 => name.clone(),
        _ => format!("{times} {name}"),
    });
    names.collect::<Vec<_>>().join(", ")
}
