//! Whose turn it is, and what it is called: the wire names neither responses nor items.

use antiphon_protocol::{ItemId, ResponseId};

/// Most bytes of words that are kept to be told as a whole at their end.
const LARGEST_WORDS: usize = 64 << 10;

/// Words that come in pieces and are told as a whole once.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: String,
    /// Whether they were told as a whole, or are more than is kept.
    closed: bool,
}

impl Words {
    pub(super) fn push(&mut self, piece: &str) {
        if self.text.len() + piece.len() > LARGEST_WORDS {
            self.closed = true;
            self.text = String::new();
        } else if !self.closed {
            self.text.push_str(piece);
        }
    }

    /// Whether there were any.
    fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.closed
    }

    /// All of them, once.
    pub(super) fn whole(&mut self) -> Option<String> {
        if std::mem::replace(&mut self.closed, true) || self.text.is_empty() {
            return None;
        }
        Some(std::mem::take(&mut self.text))
    }
}

/// An answer of the model that is not over.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: ResponseId,
    pub(super) item: ItemId,
    /// Whether the service stopped it because the user spoke.
    pub(super) interrupted: bool,
    /// Whether it has spoken, and not said that it is through.
    pub(super) speaking: bool,
    /// Whether a part of it ended with the promise of more.
    pub(super) promised: bool,
    pub(super) spoken: Words,
    pub(super) written: Words,
}

/// What the user says.
#[derive(Debug)]
pub(super) struct Speech {
    pub(super) item: ItemId,
    pub(super) words: Words,
}

/// The turns of one connection.
#[derive(Debug)]
pub(super) struct Turns {
    next: u64,
    answer: Option<Answer>,
    last: Option<ResponseId>,
    speech: Option<Speech>,
    /// Whether an interruption came when nothing was being answered.
    interrupted_silence: bool,
}

impl Turns {
    /// The turns of a session's connection of that number.
    pub(super) fn new(ordinal: u32) -> Self {
        Self {
            next: u64::from(ordinal) << 32,
            answer: None,
            last: None,
            speech: None,
            interrupted_silence: false,
        }
    }

    /// A number that nothing else of this session has.
    pub(super) fn number(&mut self) -> u64 {
        self.next = self.next.saturating_add(1);
        self.next
    }

    /// The answer that is not over.
    pub(super) fn answer(&mut self) -> Option<&mut Answer> {
        self.answer.as_mut()
    }

    /// The answer that is not over; the second tells whether it begins here.
    pub(super) fn begin(&mut self) -> (&mut Answer, bool) {
        let is_new = self.answer.is_none();
        if is_new {
            self.interrupted_silence = false;
        }
        let number = if is_new { self.number() } else { 0 };
        let answer = self.answer.get_or_insert_with(|| Answer {
            response: ResponseId::synthetic(number),
            item: ItemId::synthetic(number),
            interrupted: false,
            speaking: false,
            promised: false,
            spoken: Words::default(),
            written: Words::default(),
        });
        (answer, is_new)
    }

    /// The user spoke over the model. What was stopped, unless that was known.
    pub(super) fn interrupt(&mut self) -> Option<Option<ResponseId>> {
        match &mut self.answer {
            Some(answer) => {
                let was_known = std::mem::replace(&mut answer.interrupted, true);
                (!was_known).then(|| Some(answer.response.clone()))
            }
            None => {
                self.interrupted_silence = true;
                Some(self.last.clone())
            }
        }
    }

    /// The answer is over. `false` as the second when nothing was to be ended: the turn was
    /// interrupted when its answer had ended already.
    pub(super) fn end(&mut self) -> (Option<Answer>, bool) {
        let answer = self.answer.take();
        if let Some(answer) = &answer {
            self.last = Some(answer.response.clone());
        }
        let was_silence = std::mem::take(&mut self.interrupted_silence);
        let counts = answer.is_some() || !was_silence;
        (answer, counts)
    }

    /// What the user is saying.
    pub(super) fn speech(&mut self) -> &mut Speech {
        let number = if self.speech.is_none() {
            self.number()
        } else {
            0
        };
        self.speech.get_or_insert_with(|| Speech {
            item: ItemId::synthetic(number),
            words: Words::default(),
        })
    }

    /// Whether the user has begun to speak, and no words of it have come.
    pub(super) fn is_speech_wordless(&self) -> bool {
        self.speech
            .as_ref()
            .is_some_and(|speech| speech.words.is_empty())
    }

    /// What the user has said belongs to the past.
    pub(super) fn end_speech(&mut self) -> Option<Speech> {
        self.speech.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_two_connections_differ() {
        let mut first = Turns::new(0);
        let mut second = Turns::new(1);
        assert_ne!(first.begin().0.item, second.begin().0.item);
        assert_ne!(first.number(), second.number());
    }

    #[test]
    fn words_are_told_once_and_bounded() {
        let mut words = Words::default();
        assert_eq!(words.whole(), None);
        let mut words = Words::default();
        words.push("a");
        words.push("b");
        assert_eq!(words.whole().as_deref(), Some("ab"));
        assert_eq!(words.whole(), None);
        let mut words = Words::default();
        for _ in 0..LARGEST_WORDS {
            words.push("xy");
        }
        assert!(words.text.len() <= LARGEST_WORDS);
        assert_eq!(words.whole(), None);
    }
}
