//! The caller's side: what is still to be said, and the way to the session.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::AudioFormat;
use antiphon_runner::Control;
use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::talk::{microphone::Microphone, plan::Start, timeline::Sound};

/// Pieces of the caller's audio that may wait for the session: five seconds of them.
const QUEUE: usize = 256;

/// A turn that is ready to be said.
#[derive(Clone, Debug)]
pub struct Cue {
    /// What is said.
    pub line: Line,
    /// When.
    pub start: Start,
}

/// What is said in a turn.
#[derive(Clone, Debug)]
pub enum Line {
    /// A recording.
    Recording(Recording),
    /// Written words.
    Words(String),
}

/// A recording that is ready to be said.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What it is called in reports.
    pub name: String,
    /// The audio in the wire's format.
    pub wire: Vec<u8>,
    /// The audio as the picture shows it.
    pub sound: Sound,
    /// How long it lasts.
    pub duration: Duration,
    /// Where its last sound ends.
    pub last_sound: Duration,
}

/// Says one cue after the other.
#[derive(Debug)]
pub(super) struct Caller {
    cues: VecDeque<Cue>,
    format: AudioFormat,
    /// Open while something is, or will be, said aloud.
    microphone: Option<(Microphone, mpsc::Sender<Bytes>)>,
    /// Carries what the microphone picks up; ends after the microphone is put away.
    carrier: Option<JoinHandle<()>>,
    refusals: (
        mpsc::UnboundedSender<String>,
        mpsc::UnboundedReceiver<String>,
    ),
    said: Vec<Sound>,
    /// Samples that the session did not take.
    unsent: u64,
}

impl Caller {
    pub(super) fn new(control: &Control, cues: Vec<Cue>) -> Self {
        let format = control.input_format();
        let is_spoken = cues
            .iter()
            .any(|cue| matches!(cue.line, Line::Recording(_)));
        let (line, carrier) = is_spoken.then(|| line_to(control)).unzip();
        Self {
            microphone: line.map(|line| (Microphone::new(format), line)),
            carrier,
            cues: cues.into(),
            format,
            refusals: mpsc::unbounded_channel(),
            said: Vec::new(),
            unsent: 0,
        }
    }

    /// When the next cue is due; `None` after the last.
    pub(super) fn next_start(&self) -> Option<Start> {
        self.cues.front().map(|cue| cue.start)
    }

    pub(super) fn next_cue(&mut self) -> Option<Cue> {
        self.cues.pop_front()
    }

    /// Sends what the microphone picked up by `now`. Answers whether a recording was finished by it.
    pub(super) fn pick_up(&mut self, now: Duration) -> bool {
        let Some((microphone, _)) = &mut self.microphone else {
            return false;
        };
        let was_speaking = microphone.is_speaking();
        let piece = microphone.pick_up(now);
        let has_finished = was_speaking && !microphone.is_speaking();
        self.send(piece);
        has_finished
    }

    /// Begins to say a recording at the pace of [`Caller::pick_up`].
    pub(super) fn say(&mut self, at: Duration, recording: Recording) {
        self.said.push(Sound {
            at,
            ..recording.sound
        });
        if let Some((microphone, _)) = &mut self.microphone {
            microphone.say(&recording.wire);
        }
    }

    /// Says a recording at once.
    pub(super) fn pour(&mut self, at: Duration, recording: Recording) {
        self.say(at, recording);
        let piece = self
            .microphone
            .as_mut()
            .map(|(microphone, _)| microphone.pour());
        self.send(piece.unwrap_or_default());
    }

    /// Sends a text message in a task of its own: the conversation goes on meanwhile.
    pub(super) fn write(&self, control: &Control, words: String) {
        let (control, refused) = (control.clone(), self.refusals.0.clone());
        tokio::spawn(async move {
            if let Err(error) = control.send_text(words).await {
                // Nobody listens when the conversation is over.
                let _ = refused.send(format!("the message was not taken: {error}"));
            }
        });
    }

    /// Waits until a text message is refused, and tells why. Cancel safe.
    pub(super) async fn refused(&mut self) -> String {
        match self.refusals.1.recv().await {
            Some(why) => why,
            // This side holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Puts the microphone away.
    pub(super) fn fall_silent(&mut self) {
        self.microphone = None;
    }

    /// Whether the session was given everything that was picked up before the microphone was put away.
    pub(super) fn is_through(&self) -> bool {
        self.carrier.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The recordings where they were said, and the samples that the session did not take.
    pub(super) fn into_said(self) -> (Vec<Sound>, u64) {
        (self.said, self.unsent)
    }

    fn send(&mut self, piece: Bytes) {
        let samples = self.format.samples_in_bytes(piece.len());
        let Some((_, line)) = &self.microphone else {
            return;
        };
        if samples > 0 && line.try_send(piece).is_err() {
            self.unsent += samples;
        }
    }
}

/// Carries the caller's audio to the session, so that a session that takes none for a while holds up
/// nothing else.
fn line_to(control: &Control) -> (mpsc::Sender<Bytes>, JoinHandle<()>) {
    let (line, mut pieces) = mpsc::channel::<Bytes>(QUEUE);
    let control = control.clone();
    let carrier = tokio::spawn(async move {
        while let Some(piece) = pieces.recv().await {
            if control.send_audio(piece).await.is_err() {
                break;
            }
        }
    });
    (line, carrier)
}
