//! What became of each turn, read off the events: who said what, what it took, how it ended.

use std::{collections::BTreeMap, time::Duration};

use antiphon_protocol::{
    CallId, Event, ItemId, Losses, ResponseDone, ResponseId, ResponseStatus, TextDelta, ToolCall,
    Usage,
};

/// A tool at work: its span on the conversation's clock, and what came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The provider's id of the call.
    pub id: CallId,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them.
    pub arguments: String,
    /// When the model asked.
    pub asked: Duration,
    /// When the tool was done, and with what.
    pub answered: Option<(Duration, String)>,
}

/// One turn of the caller and the answer to it. Times are on the conversation's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// When the caller began.
    pub began: Duration,
    /// When the caller made the last sound of it, or sent the words.
    pub last_sound: Duration,
    /// Whether the caller has finished, silence included.
    pub is_said: bool,
    /// How long the caller's recording is.
    pub audio_in: Duration,
    /// What the caller said, where known.
    pub user: Option<String>,
    /// When the first of the answer's audio came.
    pub first_audio: Option<Duration>,
    /// Samples of the answer that arrived.
    pub produced: u64,
    /// Samples of the answer that were heard.
    pub heard: u64,
    /// When playback of the answer was cut short.
    pub cut: Option<Duration>,
    /// The tools that were called.
    pub calls: Vec<Call>,
    /// Why the turn failed, where it did.
    pub failure: Option<String>,
    /// How the last response ended.
    last: Option<ResponseStatus>,
    /// The answer's parts in the order they began.
    parts: Vec<(Option<ItemId>, String)>,
    /// Whether the server has taken the caller's part in.
    taken: bool,
    /// Responses that run.
    running: usize,
    /// Whether the connection was lost in the middle of the answer, and it may yet be asked for
    /// again.
    lost: bool,
}

/// How a turn came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered to the end.
    Completed,
    /// Answered until the caller spoke again.
    Interrupted,
    /// Not answered, or not to the end.
    Failed,
}

impl Turn {
    /// How it came out, as far as it went.
    pub fn outcome(&self) -> Outcome {
        match (&self.failure, &self.last) {
            (Some(_), _) => Outcome::Failed,
            _ if self.cut.is_some() => Outcome::Interrupted,
            (None, Some(ResponseStatus::Completed)) if self.running == 0 => Outcome::Completed,
            (None, Some(ResponseStatus::Cancelled { .. })) => Outcome::Interrupted,
            _ => Outcome::Failed,
        }
    }

    /// Whether the answer is there, as far as the events tell: a response has ended, none runs, and
    /// each call is answered.
    pub fn is_answered(&self) -> bool {
        let pending = self.calls.iter().any(|call| call.answered.is_none());
        let is_done = self.last.is_some() && self.running == 0 && !self.lost;
        self.failure.is_some() || (is_done && !pending)
    }

    /// What the model said. Of an answer that was cut short, the words that were heard, estimated
    /// in proportion to the audio.
    pub fn assistant(&self) -> Option<String> {
        let whole: Vec<&str> = self.parts.iter().map(|(_, text)| text.trim()).collect();
        let whole = whole.join(" ").trim().to_owned();
        if whole.is_empty() {
            return None;
        }
        if self.cut.is_none() || self.heard >= self.produced {
            return Some(whole);
        }
        let share = self.heard as f64 / self.produced.max(1) as f64;
        let words: Vec<&str> = whole.split_whitespace().collect();
        let said = (words.len() as f64 * share).round() as usize;
        Some(
            format!("{} …", words.get(..said).unwrap_or_default().join(" "))
                .trim()
                .to_owned(),
        )
    }

    /// From the caller's last sound to the first of the answer's audio.
    pub fn first_audio_after(&self) -> Option<Duration> {
        Some(self.first_audio?.saturating_sub(self.last_sound))
    }
}

/// Why a turn failed whose answer went with its connection.
const CUT: &str = "the connection was lost in the middle of the answer";

/// The turns of a conversation so far, and what it cost.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The turns, in order.
    pub turns: Vec<Turn>,
    /// Tokens.
    pub usage: Usage,
    /// Frames that were not of the protocol.
    pub malformed: u64,
    /// The last error of the server that was more than a lost race.
    pub complaint: Option<String>,
    responses: BTreeMap<ResponseId, usize>,
    items: BTreeMap<ItemId, usize>,
}

impl Account {
    /// The caller begins to say a recording; `last_sound` is where the last sound of it falls.
    pub fn begin_recording(&mut self, at: Duration, audio_in: Duration, last_sound: Duration) {
        self.turns.push(Turn {
            began: at,
            audio_in,
            last_sound,
            ..Turn::default()
        });
    }

    /// The caller sends words.
    pub fn begin_words(&mut self, at: Duration, words: &str) {
        let user = Some(words.to_owned());
        let turn = Turn {
            began: at,
            last_sound: at,
            user,
            ..Turn::default()
        };
        self.turns.push(Turn {
            taken: true,
            is_said: true,
            ..turn
        });
    }

    /// The caller has finished the turn that was begun last.
    pub fn said(&mut self) {
        if let Some(turn) = self.turns.last_mut() {
            turn.is_said = true;
        }
    }

    /// Which turn a piece of audio answers.
    pub fn turn_of(&self, response: Option<&ResponseId>) -> Option<usize> {
        let known = response.and_then(|response| self.responses.get(response).copied());
        known.or_else(|| self.answering())
    }

    /// Takes in an event that arrived `at` this time.
    pub fn event(&mut self, at: Duration, event: &Event) {
        match event {
            Event::SpeechStarted(speech) => self.place(speech.item.as_ref()),
            Event::SpeechStopped(speech) => {
                self.place(speech.item.as_ref());
                self.taken();
            }
            Event::InputCommitted { item, .. } => {
                self.place(Some(item));
                self.taken();
            }
            Event::InputTranscript(text) => self.heard_user(text),
            Event::ResponseStarted { response } => self.started(response.as_ref()),
            // What belongs to no item is the silence of a track without end.
            Event::Audio(chunk) if chunk.item.is_some() => {
                if let Some(turn) = self.answer(chunk.response.as_ref()) {
                    turn.first_audio.get_or_insert(at);
                    turn.produced += chunk.samples();
                }
            }
            Event::OutputTranscript(text) | Event::OutputText(text) => {
                if let Some(turn) = self.answer(text.response.as_ref()) {
                    add_text(&mut turn.parts, text);
                }
            }
            Event::ToolCall(call) => self.asked(at, call),
            Event::ResponseDone(done) => self.done(done),
            Event::Rotated(rotation) => self.rotated(&rotation.losses),
            Event::Usage(report) => self.usage.add(&report.usage),
            Event::Malformed(_) => self.malformed += 1,
            Event::Error(error) if !error.benign => {
                self.complaint = Some(error.message.as_str().to_owned());
            }
            _ => {}
        }
    }

    /// A tool has finished.
    pub fn answered(&mut self, at: Duration, id: &CallId, output: String) {
        let calls = self.turns.iter_mut().flat_map(|turn| &mut turn.calls);
        if let Some(call) = calls.into_iter().find(|call| call.id == *id) {
            call.answered.get_or_insert((at, output));
        }
    }

    /// Whether a connection took an answer with it that was not asked for again.
    pub fn is_cut_off(&self) -> bool {
        self.turns.iter().any(|turn| turn.lost)
    }

    /// Everything that still runs will not be answered, for this reason.
    pub fn fail_open(&mut self, why: &str) {
        for turn in &mut self.turns {
            if !turn.is_answered() {
                turn.failure.get_or_insert_with(|| why.to_owned());
            }
        }
    }

    /// A new connection: the answer that was cut off is asked for again, or is lost.
    fn rotated(&mut self, losses: &Losses) {
        for turn in self.turns.iter_mut().filter(|turn| turn.lost) {
            if losses.response_asked_again {
                (turn.lost, turn.last) = (false, None);
            } else {
                turn.failure.get_or_insert_with(|| CUT.to_owned());
            }
        }
    }

    /// The turn that answers belong to: the last one, unless its caller's part is still under way.
    fn answering(&self) -> Option<usize> {
        let last = self.turns.len().checked_sub(1)?;
        let taken = self.turns.get(last).is_some_and(|turn| turn.taken);
        Some(if taken { last } else { last.saturating_sub(1) })
    }

    fn answer(&mut self, response: Option<&ResponseId>) -> Option<&mut Turn> {
        let turn = self.turn_of(response)?;
        self.turns.get_mut(turn)
    }

    /// What the caller says becomes this item.
    fn place(&mut self, item: Option<&ItemId>) {
        if let (Some(item), Some(last)) = (item, self.turns.len().checked_sub(1)) {
            self.items.entry(item.clone()).or_insert(last);
        }
    }

    fn taken(&mut self) {
        if let Some(turn) = self.turns.last_mut() {
            turn.taken = true;
        }
    }

    fn heard_user(&mut self, text: &TextDelta) {
        // On wires that tell no end of speech, words of something new are what tells it.
        if text
            .item
            .as_ref()
            .is_some_and(|item| !self.items.contains_key(item))
        {
            self.place(text.item.as_ref());
            self.taken();
        }
        let known = text
            .item
            .as_ref()
            .and_then(|item| self.items.get(item).copied());
        let turn = known.or_else(|| self.turns.len().checked_sub(1));
        let Some(turn) = turn.and_then(|turn| self.turns.get_mut(turn)) else {
            return;
        };
        if !text.done && text.item.is_none() {
            // Such words are never told again as a whole.
            turn.user.get_or_insert_default().push_str(&text.text);
        } else if text.done && !text.text.trim().is_empty() {
            let said = text.text.trim();
            turn.user = Some(match turn.user.take() {
                Some(before) => format!("{before} {said}"),
                None => said.to_owned(),
            });
        }
    }

    fn started(&mut self, response: Option<&ResponseId>) {
        let Some(index) = self.answering() else {
            return;
        };
        if let Some(response) = response {
            self.responses.insert(response.clone(), index);
        }
        if let Some(turn) = self.turns.get_mut(index) {
            turn.running += 1;
            // A caller who pauses within a turn is answered twice; the second answer counts.
            turn.cut = None;
        }
    }

    fn asked(&mut self, at: Duration, call: &ToolCall) {
        let known = self
            .turns
            .iter()
            .flat_map(|turn| &turn.calls)
            .any(|seen| seen.id == call.id);
        if let Some(turn) = self.answer(call.response.as_ref()).filter(|_| !known) {
            turn.calls.push(Call {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                asked: at,
                answered: None,
            });
        }
    }

    fn done(&mut self, done: &ResponseDone) {
        if let Some(usage) = &done.usage {
            self.usage.add(usage);
        }
        let Some(turn) = self.answer(done.response.as_ref()) else {
            return;
        };
        turn.running = turn.running.saturating_sub(1);
        match &done.status {
            ResponseStatus::Failed { error } => {
                let words = error
                    .as_ref()
                    .map_or("no reason given", |e| e.message.as_str());
                turn.failure
                    .get_or_insert_with(|| format!("the model failed: {words}"));
            }
            // The session's own word for it.
            ResponseStatus::Incomplete { reason }
                if reason.as_deref() == Some("connection_lost") =>
            {
                turn.lost = turn.cut.is_none();
            }
            ResponseStatus::Incomplete { reason } => {
                let words = reason.as_deref().unwrap_or("no reason given");
                turn.failure
                    .get_or_insert_with(|| format!("the answer was cut off: {words}"));
            }
            _ => {}
        }
        turn.last = Some(done.status.clone());
    }
}

fn add_text(parts: &mut Vec<(Option<ItemId>, String)>, delta: &TextDelta) {
    let part = match parts.iter_mut().find(|(item, _)| *item == delta.item) {
        Some((_, part)) => part,
        None => {
            parts.push((delta.item.clone(), String::new()));
            match parts.last_mut() {
                Some((_, part)) => part,
                None => return,
            }
        }
    };
    if !delta.done {
        part.push_str(&delta.text);
    } else if !delta.text.is_empty() {
        part.clone_from(&delta.text);
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::{
        AudioChunk, AudioFormat, Generation, Recovery, Rotation, RotationCause, Speech,
    };

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn started(id: &str) -> Event {
        Event::ResponseStarted {
            response: Some(id.into()),
        }
    }

    fn done(id: &str, status: ResponseStatus) -> Event {
        Event::ResponseDone(ResponseDone {
            response: Some(id.into()),
            status,
            usage: None,
        })
    }

    fn audio(response: &str, samples: usize) -> Event {
        let mut chunk = AudioChunk::new(vec![0; samples * 2].into(), AudioFormat::PCM16_24K);
        chunk.item = Some("i".into());
        chunk.response = Some(response.into());
        Event::Audio(chunk)
    }

    fn said(response: &str, text: &str) -> Event {
        let (item, response) = (Some("i".into()), Some(response.into()));
        Event::OutputTranscript(TextDelta {
            item,
            response,
            content_index: 0,
            text: text.to_owned(),
            done: false,
        })
    }

    fn stopped() -> Event {
        Event::SpeechStopped(Speech {
            item: None,
            at: None,
            derived: false,
        })
    }

    fn lost(id: &str) -> Event {
        done(
            id,
            ResponseStatus::Incomplete {
                reason: Some("connection_lost".to_owned()),
            },
        )
    }

    fn rotated(response_asked_again: bool) -> Event {
        let losses = Losses {
            response_lost: true,
            response_asked_again,
            ..Losses::default()
        };
        let (generation, cause) = (Generation::new(2), RotationCause::Drop);
        Event::Rotated(Rotation {
            generation,
            cause,
            recovery: Recovery::Reseeded,
            losses,
        })
    }

    fn account(events: &[Event]) -> Account {
        let mut account = Account::default();
        account.begin_words(ms(0), "Hello?");
        tell(&mut account, events);
        account
    }

    fn tell(account: &mut Account, events: &[Event]) {
        for event in events {
            account.event(ms(100), event);
        }
    }

    #[test]
    fn what_is_still_said_while_the_caller_interrupts_answers_the_turn_before() {
        let mut account = account(&[started("a"), audio("a", 10)]);
        account.begin_recording(ms(50), ms(1000), ms(900));
        tell(
            &mut account,
            &[audio("a", 10), started("late"), audio("late", 5), stopped()],
        );
        tell(&mut account, &[started("b"), audio("b", 7), audio("a", 1)]);
        let produced: Vec<u64> = account.turns.iter().map(|turn| turn.produced).collect();
        assert_eq!(produced, [26, 7]);
    }

    #[test]
    fn a_turn_is_answered_when_no_call_and_no_response_is_open() {
        let call = ToolCall {
            id: "c".into(),
            name: "get_weather".to_owned(),
            arguments: "{}".to_owned(),
            item: None,
            response: Some("a".into()),
        };
        let mut account = account(&[
            started("a"),
            Event::ToolCall(call.clone()),
            Event::ToolCall(call),
        ]);
        tell(&mut account, &[done("a", ResponseStatus::Completed)]);
        assert_eq!(
            account.turns[0].calls.len(),
            1,
            "told twice, it is still one call"
        );
        assert!(!account.turns[0].is_answered());
        account.answered(ms(7), &"c".into(), "sunny".to_owned());
        assert!(account.turns[0].is_answered());
        tell(&mut account, &[started("b")]);
        assert!(!account.turns[0].is_answered());
        tell(&mut account, &[done("b", ResponseStatus::Completed)]);
        assert_eq!(account.turns[0].outcome(), Outcome::Completed);
    }

    #[test]
    fn an_answer_lost_with_its_connection_fails_unless_it_is_asked_for_again() {
        let mut account = account(&[started("a"), lost("a")]);
        assert!(!account.turns[0].is_answered() && account.is_cut_off());
        let mut again = account.clone();

        tell(&mut account, &[rotated(false)]);
        assert_eq!(account.turns[0].outcome(), Outcome::Failed);
        assert!(account.turns[0].is_answered() && account.is_cut_off());

        tell(&mut again, &[rotated(true)]);
        assert!(!again.turns[0].is_answered() && !again.is_cut_off());
        tell(
            &mut again,
            &[started("b"), done("b", ResponseStatus::Completed)],
        );
        assert_eq!(again.turns[0].outcome(), Outcome::Completed);
    }

    #[test]
    fn of_an_interrupted_answer_the_words_heard_are_told() {
        let mut account = account(&[
            started("a"),
            audio("a", 100),
            said("a", "one two three four"),
        ]);
        assert_eq!(
            account.turns[0].assistant().as_deref(),
            Some("one two three four")
        );
        account.turns[0].heard = 50;
        account.turns[0].cut = Some(ms(200));
        assert_eq!(account.turns[0].assistant().as_deref(), Some("one two …"));
        assert_eq!(account.turns[0].outcome(), Outcome::Interrupted);
    }
}
