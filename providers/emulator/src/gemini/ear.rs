//! What the caller says and shows as it happens: audio, activity, text, video.

use std::time::Duration;

use antiphon_gemini_live_types::{Blob, RealtimeInput};
use antiphon_protocol::{AudioFormat, Time};
use serde_json::json;

use super::{Connection, refusal::Refusal, usage::Tokens};
use crate::{
    audio,
    vad::{Heard, Vad},
};

/// From the end of the caller's turn to the first piece of its transcription.
const TRANSCRIPT_DELAY: Duration = Duration::from_millis(40);
/// Between two pieces of a transcription.
const TRANSCRIPT_PACE: Duration = Duration::from_millis(10);
/// Pieces of transcription that may wait; more are left out.
const MAX_TRANSCRIPTS: usize = 4_096;
/// Samples per second of audio whose MIME type names no rate, in Hz.
const RATE: u32 = 16_000;

/// The listening side of a session.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Listens when the caller's turns are found automatically.
    vad: Option<Vad>,
    /// Samples per second of the audio that arrives, in Hz.
    rate: u32,
    /// Samples received at `rate`, and the milliseconds received before.
    samples: u64,
    earlier_ms: u64,
    /// Where speech began that is not long enough to count yet, in milliseconds of the session.
    onset: Option<u64>,
    /// Where the caller's turn began, while it lasts, in milliseconds of the session.
    turn: Option<u64>,
    /// What the caller wrote during a turn whose bounds the client gives.
    written: Option<String>,
}

impl Ear {
    /// Milliseconds of audio received since the session began.
    fn ms(&self) -> u64 {
        self.earlier_ms + self.samples * 1_000 / u64::from(self.rate.max(1))
    }

    /// Whether the caller's turn lasts.
    pub(super) fn is_in_turn(&self) -> bool {
        self.turn.is_some()
    }
}

impl Connection {
    /// `realtimeInput`, its members in the order of a turn.
    pub(super) fn take_realtime(&mut self, now: Time, input: RealtimeInput) -> Result<(), Refusal> {
        let manual = self.config.detection.is_none();
        if input.activity_start.is_some() {
            self.only_if(manual, "activity_start")?;
            if !self.ear.is_in_turn() {
                let start_ms = self.ear.ms();
                self.begin_activity(now, start_ms);
            }
        }
        if let Some(audio) = &input.audio {
            self.hear_audio(now, audio, "audio")?;
        }
        for (at, chunk) in input.media_chunks.iter().flatten().enumerate() {
            let path = format!("media_chunks[{at}]");
            match chunk.mime_type.as_deref().unwrap_or_default() {
                mime if mime.starts_with("image/") => self.see(chunk, &path)?,
                _ => self.hear_audio(now, chunk, &path)?,
            }
        }
        if let Some(video) = &input.video {
            self.see(video, "video")?;
        }
        if let Some(text) = input.text {
            self.read_text(now, text);
        }
        if input.audio_stream_end == Some(true) {
            self.only_if(!manual, "audio_stream_end")?;
            self.end_stream(now);
        }
        if input.activity_end.is_some() {
            self.only_if(manual, "activity_end")?;
            self.end_activity(now);
        }
        Ok(())
    }

    /// Whether what `member` says goes with how turns are found.
    fn only_if(&self, fits: bool, member: &str) -> Result<(), Refusal> {
        if fits {
            return Ok(());
        }
        let setting = match self.config.detection {
            Some(_) => "enabled",
            None => "disabled",
        };
        Err(Refusal::invalid(format!(
            "'realtime_input.{member}' is not allowed when automatic activity detection is {setting}."
        )))
    }

    fn hear_audio(&mut self, now: Time, audio: &Blob, member: &str) -> Result<(), Refusal> {
        let path = format!("realtime_input.{member}");
        let mime = audio.mime_type.as_deref().unwrap_or_default();
        let rate = rate_of(mime)
            .ok_or_else(|| Refusal::value(&format!("{path}.mime_type"), "TYPE_STRING", mime))?;
        let bytes = bytes_of(audio)
            .ok_or_else(|| Refusal::value(&format!("{path}.data"), "TYPE_BYTES", "not base64"))?;
        if self.settings.strict_tools
            && self.config.model.trips_over_audio()
            && self.groups.iter().any(|group| group.blocking)
        {
            let reason = "Operation is not implemented, or supported, or enabled.";
            return Err(Refusal::policy(reason));
        }
        let samples = audio::decode(&bytes, AudioFormat::pcm16(rate));
        self.tune(rate);
        self.ear.samples += samples.len() as u64;
        let mut heard = Vec::new();
        if let Some(vad) = &mut self.ear.vad {
            vad.listen(&samples, |event| heard.push(event));
        }
        for event in heard {
            match event {
                Heard::Started { start_ms } => self.ear.onset = Some(start_ms),
                Heard::Stopped { end_ms } => {
                    let silence_ms = self
                        .config
                        .detection
                        .map_or(0, |found| found.vad.silence_ms);
                    self.count_onset(now, end_ms.saturating_sub(silence_ms));
                    self.ear.onset = None;
                    self.end_activity(now);
                }
            }
        }
        let quiet_ms = self.ear.vad.as_ref().map_or(0, Vad::quiet_ms);
        self.count_onset(now, self.ear.ms().saturating_sub(quiet_ms));
        Ok(())
    }

    /// Listens at another rate, or for the first time.
    fn tune(&mut self, rate: u32) {
        if self.ear.rate == rate {
            return;
        }
        self.ear.earlier_ms = self.ear.ms();
        self.ear.samples = 0;
        self.ear.rate = rate;
        self.ear.onset = None;
        let at_ms = self.ear.earlier_ms;
        let detection = self.config.detection;
        self.ear.vad = detection.map(|detection| Vad::new(detection.vad, rate, at_ms));
    }

    /// Counts speech that has lasted until `loud_ms`, once it is long enough.
    fn count_onset(&mut self, now: Time, loud_ms: u64) {
        let least = self.config.detection.map_or(0, |found| found.prefix_ms);
        if let Some(start_ms) = self.ear.onset
            && loud_ms.saturating_sub(start_ms) >= least
        {
            self.ear.onset = None;
            if !self.ear.is_in_turn() {
                self.begin_activity(now, start_ms);
            }
        }
    }

    /// The caller's turn begins.
    fn begin_activity(&mut self, now: Time, start_ms: u64) {
        self.ear.turn = Some(start_ms);
        self.signal_activity("ACTIVITY_START", start_ms);
        if self.config.interrupts {
            self.yield_to_caller(now);
        }
    }

    /// The caller's turn ends, if one lasts.
    fn end_activity(&mut self, now: Time) {
        let Some(start_ms) = self.ear.turn.take() else {
            return;
        };
        let end_ms = self.ear.ms();
        self.signal_activity("ACTIVITY_END", end_ms);
        self.context += Tokens::of_audio(end_ms.saturating_sub(start_ms));
        let written = self.ear.written.take();
        let spoken = written.is_none();
        let words = self.story.hear(written);
        if spoken && self.config.transcribes_input {
            self.transcribe(now, &words);
        }
        self.respond(now);
    }

    /// `audioStreamEnd`: what was heard so far is all there is.
    fn end_stream(&mut self, now: Time) {
        let at_ms = self.ear.ms();
        if let Some(vad) = &mut self.ear.vad {
            vad.restart(at_ms);
        }
        self.ear.onset = None;
        self.end_activity(now);
    }

    fn signal_activity(&mut self, kind: &str, at_ms: u64) {
        if self.config.signals_activity {
            let offset = format!("{}.{:03}s", at_ms / 1_000, at_ms % 1_000);
            self.out
                .push(json!({"voiceActivity": {"type": kind, "audioOffset": offset}}));
        }
    }

    /// Text that is part of the conversation as it happens.
    fn read_text(&mut self, now: Time, text: String) {
        self.context += Tokens::of_text(&text);
        if self.config.detection.is_none() && self.ear.is_in_turn() {
            let written = self.ear.written.get_or_insert_default();
            if !written.is_empty() {
                written.push(' ');
            }
            written.push_str(&text);
            return;
        }
        self.yield_to_caller(now);
        self.story.hear(Some(text));
        self.respond(now);
    }

    fn see(&mut self, frame: &Blob, member: &str) -> Result<(), Refusal> {
        let path = format!("realtime_input.{member}");
        let mime = frame.mime_type.as_deref().unwrap_or_default();
        if ![
            "image/jpeg",
            "image/png",
            "image/webp",
            "image/heic",
            "image/heif",
        ]
        .contains(&mime)
        {
            return Err(Refusal::value(
                &format!("{path}.mime_type"),
                "TYPE_STRING",
                mime,
            ));
        }
        bytes_of(frame)
            .ok_or_else(|| Refusal::value(&format!("{path}.data"), "TYPE_BYTES", "not base64"))?;
        self.context += Tokens::FRAME;
        self.limit_video();
        Ok(())
    }

    fn transcribe(&mut self, now: Time, words: &str) {
        let after = self.transcripts.back().map_or(Time::ZERO, |(at, _)| *at);
        let mut at = after.max(now + TRANSCRIPT_DELAY);
        for word in words.split_whitespace() {
            if self.transcripts.len() >= MAX_TRANSCRIPTS {
                return;
            }
            self.transcripts.push_back((at, format!(" {word}")));
            at = at + TRANSCRIPT_PACE;
        }
    }

    pub(super) fn transcribe_further(&mut self) {
        if let Some((_, word)) = self.transcripts.pop_front() {
            self.emit_content(&json!({"inputTranscription": {"text": word}}));
        }
    }
}

/// The rate in the MIME type of PCM16, in Hz; nothing for what the service does not take.
fn rate_of(mime: &str) -> Option<u32> {
    let mut parts = mime.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("audio/pcm") {
        return None;
    }
    let rate = parts.find_map(|part| part.strip_prefix("rate="));
    let rate = rate.map_or(Some(RATE), |rate| rate.parse().ok());
    rate.filter(|rate| (8_000..=48_000).contains(rate))
}

/// Bytes as protobuf's JSON has them: either alphabet of base64, with padding or without.
fn bytes_of(blob: &Blob) -> Option<Vec<u8>> {
    let text = blob.data.as_deref()?.trim_end_matches('=');
    let alphabet = if text.contains(['-', '_']) {
        base64_simd::URL_SAFE_NO_PAD
    } else {
        base64_simd::STANDARD_NO_PAD
    };
    alphabet.decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_stands_in_the_mime_type() {
        let rows = [
            ("audio/pcm;rate=16000", Some(16_000)),
            ("audio/pcm; rate=24000", Some(24_000)),
            ("audio/pcm", Some(16_000)),
            ("audio/pcm;rate=0", None),
            ("audio/pcm;rate=fast", None),
            ("audio/mpeg", None),
            ("", None),
        ];
        for (mime, rate) in rows {
            assert_eq!(rate_of(mime), rate, "{mime}");
        }
    }

    #[test]
    fn base64_comes_in_either_alphabet() {
        for (data, bytes) in [
            ("+/8=", Some(vec![0xfb, 0xff])),
            ("-_8", Some(vec![0xfb, 0xff])),
            ("", Some(vec![])),
            ("+_", None),
            ("*", None),
        ] {
            let blob = Blob::default().with_data(data);
            assert_eq!(bytes_of(&blob), bytes, "{data}");
        }
    }
}
