//! Translation sessions: speech in one language in, speech in another out.
//!
//! The wire is a small one of its own, without turns, items or responses. The service speaks first;
//! the session is ready when its configuration is taken in, or at once where there is none. At the
//! end what is left is translated before the service says that it has closed.

use antiphon_openai_realtime_types as wire;
use antiphon_protocol::{
    AudioChunk, AudioFormat, Capabilities, Codec, Command, CommandId, ConfigField, Event, Fault,
    Frame, NoiseReduction, OutputModality, Seeded, SessionConfig, SessionStarted, Signal, Sink,
    Subject, TextDelta, Unsupported, WallTime,
    media::{self as path, AudioEncoder, AudioTemplate, Key, Others, Role, Shape},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use wire::TranslationServerEvent as Wire;

use super::{
    codec::session_update,
    config::{Rules, merge_native},
    dialect::Dialect,
    media::LARGEST_APPEND,
};
use crate::{
    error::{self, Report},
    names,
    native::Native,
    raw::{self, malformed, other},
    receipts::Receipts,
};

/// Id of the goodbye.
const GOODBYE: &str = "ap_close";
const FORMAT: AudioFormat = AudioFormat::PCM16_24K;

static DELTA: Shape = Shape {
    keys: &[
        Key::required(&["type"], Role::Kind(&["session.output_audio.delta"])),
        Key::required(&["delta"], Role::Payload),
        Key::optional(&["sample_rate"], Role::Only(&["24000"])),
        Key::optional(&["channels"], Role::Only(&["1"])),
        Key::optional(&["format"], Role::Only(&["\"pcm16\""])),
    ],
    others: Others::Skip,
};

/// The session object of a translation; only what is set stands in it.
pub(crate) fn session(
    config: &SessionConfig,
    can: &Capabilities,
    subject: &Subject,
) -> Result<Map<String, Value>, Unsupported> {
    if config.output == Some(OutputModality::Text) {
        let why = "a translation is spoken; read its transcript instead";
        return Err(subject.field(ConfigField::Output, why));
    }
    if config.output_transcription == Some(false) {
        let why = "speech always comes with its transcript; leave it unset and ignore it";
        return Err(subject.field(ConfigField::OutputTranscription, why));
    }
    for (format, known, field) in [
        (
            config.input_format,
            &can.input_formats,
            ConfigField::InputFormat,
        ),
        (
            config.output_format,
            &can.output_formats,
            ConfigField::OutputFormat,
        ),
    ] {
        if format.is_some_and(|format| !known.contains(&format)) {
            return Err(subject.field(field, "translation takes pcm16 24000 Hz only; resample"));
        }
    }
    let mut input = Map::new();
    if let Some(asked) = &config.input_transcription {
        if asked.language.is_some() || asked.prompt.is_some() {
            let why = "of a translation's transcription only the model can be chosen";
            return Err(subject.field(ConfigField::InputTranscription, why));
        }
        let model = asked.model.as_deref();
        let model = model.unwrap_or_else(|| Dialect::Ga.transcriber());
        input.insert("transcription".to_owned(), json!({ "model": model }));
    }
    if let Some(noise) = config.noise_reduction {
        let kind = match noise {
            NoiseReduction::NearField => "near_field",
            NoiseReduction::FarField => "far_field",
            _ => return Err(subject.field(ConfigField::NoiseReduction, "near or far field only")),
        };
        input.insert("noise_reduction".to_owned(), json!({ "type": kind }));
    }
    let mut audio = Map::new();
    if !input.is_empty() {
        audio.insert("input".to_owned(), Value::Object(input));
    }
    if let Some(language) = &config.language {
        audio.insert("output".to_owned(), json!({ "language": language }));
    }
    let mut session = Map::new();
    if !audio.is_empty() {
        session.insert("audio".to_owned(), Value::Object(audio));
    }
    Ok(session)
}

/// How far the session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Ready,
    Closing,
    Over,
}

/// The translator of a translation session.
pub(crate) struct TranslationCodec {
    subject: Subject,
    rules: Rules,
    stage: Stage,
    session: Map<String, Value>,
    receipts: Receipts<()>,
    encoder: AudioEncoder,
}

impl TranslationCodec {
    pub(crate) fn new(subject: Subject, rules: Rules, session: Map<String, Value>) -> Self {
        Self {
            subject,
            rules,
            stage: Stage::Opening,
            session,
            receipts: Receipts::default(),
            encoder: AudioEncoder::new(AudioTemplate::new(
                r#"{"type":"session.input_audio_buffer.append","audio":""#,
                r#""}"#,
            )),
        }
    }

    fn ready(&mut self, out: &mut dyn Sink) {
        self.stage = Stage::Ready;
        out.signal(Signal::Ready {
            resumed: false,
            seeded: Seeded::Nothing,
        });
    }

    fn refuse(&mut self, fault: Fault, out: &mut dyn Sink) {
        self.stage = Stage::Over;
        out.signal(Signal::Refused(fault));
    }

    fn event(&mut self, event: Wire, text: &str, out: &mut dyn Sink) {
        match event {
            Wire::Error(event) => self.error(&Report::from(&event.error), out),
            Wire::SessionCreated(event) => self.created(&event.session, out),
            Wire::SessionUpdated(_) => {
                out.event(Event::Configured);
                match self.stage {
                    Stage::Opening => self.ready(out),
                    _ => {
                        if let Some(id) = self.receipts.settle(|()| true) {
                            out.signal(Signal::Ack(id));
                        }
                    }
                }
            }
            Wire::SessionClosed(_) => self.closed(text, out),
            Wire::SessionInputTranscriptDelta(event) => {
                out.event(Event::InputTranscript(words(event.delta)));
            }
            Wire::SessionOutputTranscriptDelta(event) => {
                out.event(Event::OutputTranscript(words(event.delta)));
            }
            Wire::SessionOutputAudioDelta(event) => audio(&event, text, out),
            Wire::Degraded(event) if event.event_type() == "error" => {
                let event = serde_json::from_str(text).unwrap_or(Value::Null);
                self.error(&Report::lenient(&event), out);
            }
            Wire::Degraded(event) => {
                let misfit = event.misfit().to_string();
                out.event(malformed(&misfit, event.event_type(), text.len()));
                out.event(other(event.event_type(), text));
            }
            event => out.event(other(event.event_type(), text)),
        }
    }

    fn created(&mut self, session: &wire::TranslationSession, out: &mut dyn Sink) {
        // Some services fill it with 0.
        let expires = Some(session.expires_at)
            .filter(|seconds| *seconds > 0)
            .map(WallTime::from_unix_seconds);
        out.event(Event::SessionStarted(SessionStarted {
            id: Some(session.id.clone()),
            model: Some(session.model.clone()),
            expires,
        }));
        if let Some(expires) = expires {
            out.signal(Signal::Expires(expires));
        }
        if self.stage == Stage::Opening && self.session.is_empty() {
            out.event(Event::Configured);
            self.ready(out);
        }
    }

    /// The end, which is the answer to the goodbye or the service's own.
    fn closed(&mut self, text: &str, out: &mut dyn Sink) {
        let was = std::mem::replace(&mut self.stage, Stage::Over);
        out.event(other("session.closed", text));
        match was {
            Stage::Closing => out.signal(Signal::Finished),
            Stage::Over => {}
            Stage::Opening | Stage::Ready => out.signal(Signal::Refused(Fault::Closed)),
        }
    }

    fn error(&mut self, report: &Report<'_>, out: &mut dyn Sink) {
        let mut error = report.neutral();
        if error.command.is_none() {
            error.command = report.event.and_then(|event| self.receipts.called(event));
        }
        out.event(Event::Error(error.clone()));
        match (self.stage, error.command) {
            (Stage::Over, _) => {}
            (Stage::Opening, _) => self.refuse(error.fault, out),
            (_, Some(id)) => {
                self.receipts.refuse(id);
                out.signal(Signal::Reject(id, error));
            }
            _ if error::is_fatal(error.fault) => self.refuse(error.fault, out),
            _ => {}
        }
    }

    fn configure(
        &mut self,
        id: CommandId,
        config: &SessionConfig,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if config.model != self.subject.model {
            let why = "the model is settled when the connection is made; open a new connection";
            return Err(self.subject.field(ConfigField::Model, why));
        }
        let wanted = self.rules.session(config, &self.subject)?;
        if wanted == self.session {
            out.signal(Signal::Ack(id));
            return Ok(());
        }
        let mut update = wanted.clone();
        let at = |session: &Map<String, Value>, side: &str, name: &str| {
            let audio = session.get("audio")?.get(side)?.get(name)?;
            Some(audio.clone())
        };
        if at(&self.session, "output", "language").is_some()
            && at(&wanted, "output", "language").is_none()
        {
            let why = "once set it cannot be unset; set another, or open a new connection";
            return Err(self.subject.field(ConfigField::Language, why));
        }
        for name in ["transcription", "noise_reduction"] {
            if at(&self.session, "input", name).is_some() && at(&wanted, "input", name).is_none() {
                let off = json!({"audio": {"input": {name: null}}});
                if let Value::Object(off) = off {
                    merge_native(&mut update, &off);
                }
            }
        }
        self.session = wanted;
        self.receipts.expect(id, ());
        out.send(session_update(names::frame(id, 0), update));
        Ok(())
    }

    fn native(
        &mut self,
        id: CommandId,
        command: &Command,
        json: &str,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let native = Native::read(json, command, &self.subject)?;
        if native.kind() == Some("session.update") {
            if let Some(session) = native.object("session") {
                merge_native(&mut self.session, session);
            }
            self.receipts.expect(id, ());
        }
        native.send(id, &mut self.receipts, out);
        Ok(())
    }
}

impl Codec for TranslationCodec {
    fn start(&mut self, out: &mut dyn Sink) {
        if !self.session.is_empty() {
            let session = self.session.clone();
            out.send(session_update(names::OPENING.to_owned(), session));
        }
    }

    fn decode(&mut self, frame: &Frame, out: &mut dyn Sink) {
        if let Some(found) = path::scan(&frame.data, &DELTA)
            && let Ok(data) = found.decode()
        {
            sound(data, FORMAT, frame.len(), out);
            return;
        }
        match frame.read(Wire::from_json) {
            Ok((event, text)) => self.event(event, text, out),
            Err(malformed) => out.event(Event::Malformed(malformed)),
        }
    }

    fn encode(
        &mut self,
        id: CommandId,
        command: &Command,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        match command {
            Command::Audio(audio) => {
                for part in audio.chunks(LARGEST_APPEND) {
                    out.send(Frame::text_bytes(self.encoder.frame(part)));
                }
                Ok(())
            }
            Command::Configure(config) => self.configure(id, config, out),
            Command::Native(json) => self.native(id, command, json.0.get(), out),
            _ => Err(self.subject.command(
                command,
                "this session only translates what it hears; open a conversation for it",
            )),
        }
    }

    fn finish(&mut self, out: &mut dyn Sink) {
        if self.stage != Stage::Ready {
            out.signal(Signal::Finished);
            return;
        }
        self.stage = Stage::Closing;
        let close = wire::TranslationSessionClose::default().with_event_id(GOODBYE);
        let close = wire::TranslationClientEvent::from(close);
        out.send(Frame::text(close.to_json()));
    }
}

/// Audio in a frame that the quick way left to the full parser.
fn audio(event: &wire::TranslationOutputAudioDelta, text: &str, out: &mut dyn Sink) {
    let name = SOUND;
    let Ok(data) = path::decode_base64(event.delta.as_bytes()) else {
        out.event(malformed("the audio is not base64", name, text.len()));
        return;
    };
    if event.channels.is_some_and(|channels| channels != 1) {
        out.event(malformed("the audio is not mono", name, text.len()));
        out.event(other(name, text));
        return;
    }
    let rate = event.sample_rate.and_then(|rate| u32::try_from(rate).ok());
    let format = rate
        .filter(|rate| *rate > 0)
        .map_or(FORMAT, AudioFormat::pcm16);
    sound(data, format, text.len(), out);
}

/// The event that brings audio.
const SOUND: &str = "session.output_audio.delta";

fn sound(data: Bytes, format: AudioFormat, frame: usize, out: &mut dyn Sink) {
    let torn = format.breaks_off(data.len());
    out.event(Event::Audio(AudioChunk::new(data, format)));
    if torn {
        out.event(raw::torn(SOUND, frame));
    }
}

/// The next words of the speech or of its translation; neither ends.
fn words(text: String) -> TextDelta {
    TextDelta {
        item: None,
        response: None,
        content_index: 0,
        text,
        done: false,
    }
}
