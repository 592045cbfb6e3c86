//! The caller's audio: the buffer, voice activity, and the items that come of it.

use std::time::Duration;

use antiphon_protocol::{AudioFormat, Time};
use serde_json::json;

use super::{Connection, session::Session, usage::Tokens};
use crate::{
    audio,
    refusal::Refusal,
    vad::{Heard, Vad},
};

/// Least audio that can be committed, in milliseconds.
const LEAST_COMMIT_MS: f64 = 100.0;
/// Between two pieces of a transcription.
const TRANSCRIPT_PACE: Duration = Duration::from_millis(30);
/// From the end of a turn to the first piece of its transcription.
const TRANSCRIPT_DELAY: Duration = Duration::from_millis(150);

/// Pieces of transcription that may wait; a caller who sends turns much faster than they are spoken
/// gets the next one's transcription refused.
const MAX_TRANSCRIPTS: usize = 4_096;

/// The input audio buffer. It counts the audio; nothing needs its sound once it was listened to.
#[derive(Clone, Debug)]
pub(super) struct InputBuffer {
    format: AudioFormat,
    /// Samples received in `format`, and the milliseconds received in earlier formats.
    samples: u64,
    earlier_ms: u64,
    /// Samples, of `samples`, that are not part of an item yet.
    pending: u64,
    vad: Option<Vad>,
    /// The id of the item that the turn under way will become.
    turn: Option<Turn>,
}

#[derive(Clone, Debug)]
struct Turn {
    item: String,
    start_ms: u64,
}

/// A piece of a transcription of the caller's audio.
#[derive(Clone, Debug)]
pub(super) enum Transcript {
    Delta {
        item: String,
        text: String,
    },
    Completed {
        item: String,
        text: String,
        seconds: u64,
    },
}

impl InputBuffer {
    pub(super) fn new(session: &Session) -> Self {
        let format = session.input_format();
        let vad = session
            .turn_detection()
            .map(|detection| Vad::new(detection.vad, format.rate, 0));
        Self {
            format,
            samples: 0,
            earlier_ms: 0,
            pending: 0,
            vad,
            turn: None,
        }
    }

    /// Takes over a changed configuration.
    pub(super) fn configure(&mut self, session: &Session) {
        let format = session.input_format();
        if format != self.format {
            self.earlier_ms = self.ms();
            self.samples = 0;
            self.pending = 0;
            self.format = format;
            self.vad = None;
        }
        match (session.turn_detection(), &mut self.vad) {
            (None, vad) => {
                *vad = None;
                self.turn = None;
            }
            (Some(detection), Some(vad)) => vad.set(detection.vad),
            (Some(detection), None) => {
                self.turn = None;
                self.vad = Some(Vad::new(detection.vad, format.rate, self.ms()));
            }
        }
    }

    /// Milliseconds of audio received since the session began.
    fn ms(&self) -> u64 {
        self.earlier_ms + self.format.millis_of(self.samples)
    }

    fn clear(&mut self) {
        let now_ms = self.ms();
        self.pending = 0;
        self.turn = None;
        if let Some(vad) = &mut self.vad {
            vad.restart(now_ms);
        }
    }
}

impl Connection {
    /// `input_audio_buffer.append`.
    pub(super) fn append_audio(&mut self, now: Time, base64: &str) -> Result<(), Refusal> {
        let bytes = base64_simd::STANDARD.decode_to_vec(base64).map_err(|_| {
            let message = "Invalid 'audio'. Expected base64-encoded audio bytes.";
            Refusal::new("invalid_value", message).at("audio")
        })?;
        if bytes.len() > 15 << 20 {
            let message = "Audio of one event is limited to 15 MiB.";
            return Err(Refusal::new("string_above_max_length", message).at("audio"));
        }
        let samples = audio::decode(&bytes, self.input.format);
        self.input.samples += samples.len() as u64;
        self.input.pending += samples.len() as u64;
        let mut heard = Vec::new();
        if let Some(vad) = &mut self.input.vad {
            vad.listen(&samples, |event| heard.push(event));
        }
        for event in heard {
            match event {
                Heard::Started { start_ms } => self.speech_started(start_ms),
                Heard::Stopped { end_ms } => self.speech_stopped(now, end_ms),
            }
        }
        Ok(())
    }

    fn speech_started(&mut self, start_ms: u64) {
        self.idle = None;
        let item = self.ids.id("item");
        self.emit(
            "input_audio_buffer.speech_started",
            &json!({"audio_start_ms": start_ms, "item_id": item}),
        );
        self.input.turn = Some(Turn { item, start_ms });
        if self
            .session
            .turn_detection()
            .is_some_and(|detection| detection.interrupt_response)
        {
            self.cancel_active("turn_detected");
        }
    }

    fn speech_stopped(&mut self, now: Time, end_ms: u64) {
        let Some(turn) = self.input.turn.take() else {
            return;
        };
        self.emit(
            "input_audio_buffer.speech_stopped",
            &json!({"audio_end_ms": end_ms, "item_id": turn.item}),
        );
        self.input.pending = 0;
        self.commit_item(now, &turn.item, end_ms.saturating_sub(turn.start_ms));
        if self
            .session
            .turn_detection()
            .is_some_and(|detection| detection.create_response)
        {
            self.respond_to_turn(now);
        }
    }

    /// The caller's silence becomes a turn that the model answers.
    pub(super) fn idle_for_too_long(&mut self, now: Time) {
        self.idle = None;
        // What has changed since the answer began counts.
        let idles = self.session.turn_detection().and_then(|turns| turns.idle);
        if idles.is_none() || self.active.is_some() || self.input.turn.is_some() {
            return;
        }
        let item = self.ids.id("item");
        let end_ms = self.input.ms();
        let start_ms = end_ms.saturating_sub(self.input.format.millis_of(self.input.pending));
        self.emit(
            "input_audio_buffer.timeout_triggered",
            &json!({"audio_start_ms": start_ms, "audio_end_ms": end_ms, "item_id": item}),
        );
        self.input.clear();
        self.commit_item(now, &item, end_ms - start_ms);
        self.respond_to_turn(now);
    }

    /// `input_audio_buffer.commit`.
    pub(super) fn commit_audio(&mut self, now: Time) -> Result<(), Refusal> {
        let pending = self.input.pending;
        let ms = pending as f64 * 1000.0 / f64::from(self.input.format.rate.max(1));
        if ms < LEAST_COMMIT_MS {
            let message = format!(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of \
                 audio, but buffer only has {ms:.2}ms of audio."
            );
            return Err(Refusal::new("input_audio_buffer_commit_empty", message));
        }
        let turn = self.input.turn.take();
        let item = turn.map_or_else(|| self.ids.id("item"), |turn| turn.item);
        self.input.clear();
        self.commit_item(now, &item, ms as u64);
        Ok(())
    }

    /// `input_audio_buffer.clear`.
    pub(super) fn clear_audio(&mut self) {
        self.input.clear();
        self.emit("input_audio_buffer.cleared", &json!({}));
    }

    /// Makes an item of the buffered audio and starts its transcription.
    fn commit_item(&mut self, now: Time, item: &str, ms: u64) {
        let previous = self.conversation.last_id().map(str::to_owned);
        self.emit(
            "input_audio_buffer.committed",
            &json!({"previous_item_id": previous, "item_id": item}),
        );
        let words = self.story.hear(None);
        let value = json!({
            "id": item,
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": null}],
        });
        self.conversation.push(item, value, Tokens::of_caller(ms));
        self.announce_item("conversation.item.added", item);
        self.announce_item("conversation.item.done", item);
        if self.session.transcribes() {
            self.transcribe(now, item, &words, ms);
        }
    }

    pub(super) fn transcribe(&mut self, now: Time, item: &str, words: &str, ms: u64) {
        if self.transcripts.len() > MAX_TRANSCRIPTS {
            self.emit(
                "conversation.item.input_audio_transcription.failed",
                &json!({"item_id": item, "content_index": 0, "error": {
                    "type": "server_error",
                    "code": "overloaded",
                    "message": format!("Input transcription failed for item '{item}'."),
                    "param": null,
                }}),
            );
            return;
        }
        // One turn's transcription ends before the next one's begins.
        let after = self.transcripts.back().map_or(Time::ZERO, |(at, _)| *at);
        let mut at = after.max(now + TRANSCRIPT_DELAY);
        for (index, word) in words.split_whitespace().enumerate() {
            let text = if index == 0 {
                word.to_owned()
            } else {
                format!(" {word}")
            };
            self.transcripts.push_back((
                at,
                Transcript::Delta {
                    item: item.to_owned(),
                    text,
                },
            ));
            at = at + TRANSCRIPT_PACE;
        }
        let completed = Transcript::Completed {
            item: item.to_owned(),
            text: words.to_owned(),
            seconds: ms.div_ceil(1000),
        };
        self.transcripts.push_back((at, completed));
    }

    pub(super) fn transcribe_further(&mut self) {
        match self.transcripts.pop_front() {
            Some((_, Transcript::Delta { item, text })) => self.emit_delta(
                "conversation.item.input_audio_transcription.delta",
                json!({"item_id": item, "content_index": 0}),
                &text,
            ),
            Some((
                _,
                Transcript::Completed {
                    item,
                    text,
                    seconds,
                },
            )) => {
                self.emit(
                    "conversation.item.input_audio_transcription.completed",
                    &json!({
                        "item_id": item,
                        "content_index": 0,
                        "transcript": text,
                        "usage": {"type": "duration", "seconds": seconds},
                    }),
                );
                self.conversation.set_transcript(&item, &text);
            }
            None => {}
        }
    }
}
