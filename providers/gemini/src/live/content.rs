//! What the model says: `serverContent`, and the answer that it derives from it.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{
    AudioChunk, AudioFormat, Event, Fault, ItemId, PeerText, ResponseDone, ResponseId,
    ResponseStatus, ServerError, Sink, TextDelta, Usage, media as path,
};
use bytes::Bytes;
use wire::{InteractionStatus, TurnCompleteReason};

use super::{
    codec::{LiveCodec, malformed},
    media,
};

const CONTENT: &str = "serverContent";

impl LiveCodec {
    /// The answer that runs; it begins here if none does.
    pub(super) fn answer(&mut self, out: &mut dyn Sink) -> (ResponseId, ItemId) {
        let (answer, is_new) = self.turns.begin();
        let names = (answer.response.clone(), answer.item.clone());
        if is_new {
            out.event(Event::ResponseStarted {
                response: Some(names.0.clone()),
            });
        }
        names
    }

    /// A piece of the model's speech.
    pub(super) fn sound(
        &mut self,
        data: Bytes,
        format: AudioFormat,
        frame: usize,
        out: &mut dyn Sink,
    ) {
        let torn = format.breaks_off(data.len());
        let (response, item) = self.answer(out);
        if let Some(answer) = self.turns.answer() {
            answer.speaking = true;
        }
        out.event(Event::Audio(AudioChunk {
            item: Some(item),
            response: Some(response),
            ..AudioChunk::new(data, format)
        }));
        if torn {
            let name = format!("{CONTENT}.modelTurn.inlineData");
            out.event(malformed("the audio ends within a sample", &name, frame));
        }
    }

    /// The user spoke over the model.
    pub(super) fn interrupted(&mut self, out: &mut dyn Sink) {
        if let Some(response) = self.turns.interrupt() {
            out.event(Event::Interrupted { response });
            // What is heard from here on is another turn of the user's, which may have begun.
            if !self.turns.is_speech_wordless() {
                self.end_speech(out);
            }
        }
    }

    /// Media and transcripts, and the names of what has no neutral word.
    pub(super) fn said(
        &mut self,
        content: &wire::ServerContent,
        bytes: usize,
        wordless: &mut Vec<String>,
        out: &mut dyn Sink,
    ) {
        let parts = content.model_turn.iter().flat_map(|turn| &turn.parts);
        for part in parts.flatten() {
            self.part(part, bytes, wordless, out);
        }
        if let Some(words) = &content.input_transcription {
            self.heard(words, out);
            note_details(words, "inputTranscription", wordless);
        }
        if let Some(words) = &content.output_transcription {
            self.spoken(words, out);
            note_details(words, "outputTranscription", wordless);
        }
        let has_grounding = content
            .grounding_metadata
            .as_ref()
            .is_some_and(|sources| *sources != wire::GroundingMetadata::default());
        for (is_there, name) in [
            (has_grounding, "groundingMetadata"),
            (content.url_context_metadata.is_some(), "urlContextMetadata"),
            (
                content.interim_input_transcription.is_some(),
                "interimInputTranscription",
            ),
            (content.waiting_for_input == Some(true), "waitingForInput"),
        ] {
            if is_there {
                wordless.push(format!("{CONTENT}.{name}"));
            }
        }
        let extra = content.extra.iter().filter(|(_, value)| !value.is_null());
        wordless.extend(extra.map(|(name, _)| format!("{CONTENT}.{name}")));
    }

    fn part(
        &mut self,
        part: &wire::Part,
        bytes: usize,
        wordless: &mut Vec<String>,
        out: &mut dyn Sink,
    ) {
        if let Some(name) = wordless_part(part) {
            self.answer(out);
            wordless.push(format!("{CONTENT}.modelTurn.{name}"));
        }
        if let Some(blob) = &part.inline_data
            && media::is_sound(blob.mime_type.as_deref())
        {
            let data = blob.data.as_deref().unwrap_or_default();
            match decode(data) {
                Some(data) => {
                    let format = media::format(blob.mime_type.as_deref(), self.output_format);
                    self.sound(data, format, bytes, out);
                }
                None => {
                    let name = format!("{CONTENT}.modelTurn.inlineData");
                    out.event(malformed("the audio is not base64", &name, bytes));
                }
            }
        }
        if let Some(text) = part.text.as_deref().filter(|text| !text.is_empty()) {
            let (response, item) = self.answer(out);
            let delta = model(response, item, text.to_owned(), false);
            if part.thought == Some(true) {
                out.event(Event::Thought(delta));
            } else {
                if let Some(answer) = self.turns.answer() {
                    answer.written.push(text);
                }
                out.event(Event::OutputText(delta));
            }
        }
    }

    /// The user's words.
    fn heard(&mut self, words: &wire::Transcription, out: &mut dyn Sink) {
        if let Some(text) = piece(words) {
            let speech = self.turns.speech();
            speech.words.push(text);
            let item = speech.item.clone();
            out.event(Event::InputTranscript(user(item, text.to_owned(), false)));
        }
        if words.finished == Some(true) {
            let speech = self.turns.speech();
            let item = speech.item.clone();
            if let Some(text) = speech.words.whole() {
                out.event(Event::InputTranscript(user(item, text, true)));
            }
        }
    }

    /// The words of the model's speech.
    fn spoken(&mut self, words: &wire::Transcription, out: &mut dyn Sink) {
        if let Some(text) = piece(words) {
            let (response, item) = self.answer(out);
            if let Some(answer) = self.turns.answer() {
                answer.spoken.push(text);
            }
            let delta = model(response, item, text.to_owned(), false);
            out.event(Event::OutputTranscript(delta));
        }
        if words.finished == Some(true) {
            self.words_done(out);
        }
    }

    /// The words of the answer as a whole, unless it was cut off or they were told before.
    fn words_done(&mut self, out: &mut dyn Sink) {
        let Some(answer) = self.turns.answer().filter(|answer| !answer.interrupted) else {
            return;
        };
        let (spoken, written) = (answer.spoken.whole(), answer.written.whole());
        let (response, item) = (answer.response.clone(), answer.item.clone());
        if let Some(text) = spoken {
            let delta = model(response.clone(), item.clone(), text, true);
            out.event(Event::OutputTranscript(delta));
        }
        if let Some(text) = written {
            out.event(Event::OutputText(model(response, item, text, true)));
        }
    }

    /// The user's turn belongs to the past; its words are told as a whole.
    pub(super) fn end_speech(&mut self, out: &mut dyn Sink) {
        if let Some(mut speech) = self.turns.end_speech()
            && let Some(text) = speech.words.whole()
        {
            out.event(Event::InputTranscript(user(speech.item, text, true)));
        }
    }

    /// All of the answer is generated, though not played.
    pub(super) fn generated(&mut self, out: &mut dyn Sink) {
        let Some(answer) = self.turns.answer() else {
            return;
        };
        if std::mem::take(&mut answer.speaking) {
            out.event(Event::AudioDone {
                item: Some(answer.item.clone()),
                response: Some(answer.response.clone()),
            });
        }
    }

    /// Whether the answer ends with this message. Models that think at length end several turns for
    /// one request and promise more; the one that leaves them idle is the last.
    pub(super) fn is_over(&mut self, content: &wire::ServerContent) -> bool {
        let is_idle = matches!(
            content.interaction_status,
            Some(InteractionStatus::Idle | InteractionStatus::RequiresAction)
        );
        let promises = content.interaction_status == Some(InteractionStatus::InProgress);
        let turn_complete = content.turn_complete == Some(true);
        match self.turns.answer() {
            Some(answer) if turn_complete && promises && !answer.interrupted => {
                answer.promised = true;
                false
            }
            Some(answer) => turn_complete || (is_idle && answer.promised),
            None => turn_complete && !promises,
        }
    }

    /// Ends the answer. Gives the usage back when there was nothing to end.
    pub(super) fn end_answer(
        &mut self,
        reason: Option<&TurnCompleteReason>,
        usage: Option<Usage>,
        out: &mut dyn Sink,
    ) -> Option<Usage> {
        self.generated(out);
        self.words_done(out);
        let (answer, counts) = self.turns.end();
        if !counts {
            return usage;
        }
        let (response, interrupted) = match answer {
            Some(answer) => (answer.response, answer.interrupted),
            None => {
                // A turn without an answer is one none the less: somebody may wait for it.
                let (response, _) = self.answer(out);
                self.turns.end();
                (response, false)
            }
        };
        // After an interruption the user is speaking the next turn.
        if !interrupted {
            self.end_speech(out);
        }
        out.event(Event::ResponseDone(ResponseDone {
            response: Some(response),
            status: status(interrupted, reason),
            usage,
        }));
        None
    }
}

fn model(response: ResponseId, item: ItemId, text: String, done: bool) -> TextDelta {
    TextDelta {
        response: Some(response),
        ..user(item, text, done)
    }
}

fn user(item: ItemId, text: String, done: bool) -> TextDelta {
    TextDelta {
        item: Some(item),
        response: None,
        content_index: 0,
        text,
        done,
    }
}

fn piece(words: &wire::Transcription) -> Option<&str> {
    words.text.as_deref().filter(|text| !text.is_empty())
}

/// Speakers and times of words have no neutral word. A language alone is not worth a frame.
fn note_details(words: &wire::Transcription, name: &str, wordless: &mut Vec<String>) {
    if words.speaker_label.is_some() || words.words.is_some() || !words.extra.is_empty() {
        wordless.push(format!("{CONTENT}.{name}"));
    }
}

/// The member of a part that has no neutral word: what built-in tools do, media that are no sound,
/// and what is new.
fn wordless_part(part: &wire::Part) -> Option<String> {
    let is_wordless_blob = part
        .inline_data
        .as_ref()
        .is_some_and(|blob| !media::is_sound(blob.mime_type.as_deref()));
    let known = [
        (part.executable_code.is_some(), "executableCode"),
        (part.code_execution_result.is_some(), "codeExecutionResult"),
        (part.file_data.is_some(), "fileData"),
        (part.function_call.is_some(), "functionCall"),
        (part.function_response.is_some(), "functionResponse"),
        (part.tool_call.is_some(), "toolCall"),
        (part.tool_response.is_some(), "toolResponse"),
        (is_wordless_blob, "inlineData"),
    ];
    let known = known.iter().find(|(is_there, _)| *is_there);
    known
        .map(|(_, name)| (*name).to_owned())
        .or_else(|| part.extra.iter().next().map(|(name, _)| name.to_owned()))
}

/// Sound in base64 of either alphabet: protobuf's JSON form takes both.
fn decode(data: &str) -> Option<Bytes> {
    if let Ok(data) = path::decode_base64(data.as_bytes()) {
        return Some(data);
    }
    let mut standard = data
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    path::decode_base64(standard.as_bytes()).ok()
}

fn status(interrupted: bool, reason: Option<&TurnCompleteReason>) -> ResponseStatus {
    let word = reason.map(ToString::to_string);
    match reason {
        _ if interrupted => ResponseStatus::Cancelled {
            reason: Some("interrupted".to_owned()),
        },
        None
        | Some(
            TurnCompleteReason::TurnCompleteReasonUnspecified | TurnCompleteReason::NeedMoreInput,
        ) => ResponseStatus::Completed,
        Some(TurnCompleteReason::MalformedFunctionCall) => ResponseStatus::Failed {
            error: Some(ServerError {
                code: word,
                message: PeerText::new("the model made a call that cannot be read"),
                fault: Fault::Server,
                ..ServerError::default()
            }),
        },
        Some(_) => ResponseStatus::Incomplete { reason: word },
    }
}
