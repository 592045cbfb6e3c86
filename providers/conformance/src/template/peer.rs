//! The server's side of the template's wire: a pure machine that plays a scene.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use antiphon_protocol::{End, Frame, How, Secret, Stage as Reached, Time};
use antiphon_transport::{
    Clock,
    testing::{MemoryDial, Peer, PeerOutput},
};
use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::suite::{ANSWER, Act, QUESTION, Scene, Stage};

/// How long a word sounds, in samples at 24 kHz, and how much faster than that it is sent.
const WORD: usize = 6_000;
const PACE: u32 = 10;

/// A dial that plays `stage`, connection after connection.
pub(super) fn dial(stage: Stage, key: &'static str, clock: Clock) -> MemoryDial {
    let opened = AtomicUsize::new(0);
    MemoryDial::new(clock, move |request| {
        let given = request.token.as_ref().map(Secret::expose);
        if stage.refuse || given != Some(key) {
            return Err(End::new(Reached::Upgrade, How::Status).with_status(401));
        }
        let scene = match opened.fetch_add(1, Ordering::Relaxed) {
            0 => &stage.scene,
            _ => stage.then.as_ref().unwrap_or(&stage.scene),
        };
        Ok(Box::new(TemplatePeer::new(scene.clone())))
    })
}

/// One connection of the template's server.
#[derive(Debug)]
pub struct TemplatePeer {
    scene: Scene,
    welcomed: bool,
    /// Which turn of the caller is next.
    turn: usize,
    /// Whether the caller has said something that was not answered.
    asked: bool,
    /// What is left to do of the answer that is being made, and of the turn after it.
    acts: VecDeque<Act>,
    answering: bool,
    next_call: u64,
    open_calls: BTreeSet<String>,
    answer: String,
    tokens: u64,
    due: Option<Time>,
    out: VecDeque<PeerOutput>,
}

impl TemplatePeer {
    /// A connection that plays `scene`.
    pub fn new(scene: Scene) -> Self {
        Self {
            scene,
            welcomed: false,
            turn: 0,
            asked: false,
            acts: VecDeque::new(),
            answering: false,
            next_call: 0,
            open_calls: BTreeSet::new(),
            answer: String::new(),
            tokens: 0,
            due: None,
            out: VecDeque::new(),
        }
    }

    fn send(&mut self, frame: &Value) {
        self.out
            .push_back(PeerOutput::Send(Frame::text(frame.to_string())));
    }

    fn refuse(&mut self, frame: &Value, why: &str) {
        let n = frame["n"].as_u64().unwrap_or_default();
        self.send(&json!({ "op": "bad", "n": n, "why": why }));
    }

    fn told(&mut self, now: Time, frame: &Value) {
        match frame["op"].as_str().unwrap_or_default() {
            "hello" if !self.welcomed => {
                self.welcomed = true;
                let user = |item: &&Value| item["by"] == "user";
                self.turn = frame["history"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(user)
                    .count();
                self.send(&json!({ "op": "welcome", "id": "template-session" }));
            }
            _ if !self.welcomed => {
                self.out.push_back(PeerOutput::Close {
                    code: 1002,
                    reason: "say hello first".to_owned(),
                });
            }
            "text" => self.asked |= frame["by"] == "user",
            "audio" | "commit" => self.asked = true,
            "answer" if self.answering => self.refuse(frame, "an answer is being made"),
            "answer" if !self.open_calls.is_empty() => self.refuse(frame, "calls are open"),
            "answer" => self.begin(now),
            "stop" if self.answering => self.end(true),
            "stop" => self.refuse(frame, "no answer is being made"),
            "result" => {
                let call = frame["call"].as_str().unwrap_or_default();
                if self.open_calls.remove(call) {
                    let output = frame["output"].as_str().unwrap_or_default();
                    let output: Value = serde_json::from_str(output).unwrap_or_default();
                    self.answer = output
                        .get(ANSWER)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned();
                } else {
                    self.refuse(frame, "no such call is open");
                }
            }
            "instruct" => {
                let n = frame["n"].clone();
                self.send(&json!({ "op": "done", "n": n }));
            }
            _ => self.refuse(frame, "unknown op"),
        }
    }

    fn begin(&mut self, now: Time) {
        if self.asked {
            self.asked = false;
            let last = self.scene.turns.len().saturating_sub(1);
            let turn = self.scene.turns.get(self.turn.min(last));
            self.acts = turn
                .map(|turn| turn.acts.clone().into())
                .unwrap_or_default();
            self.turn += 1;
        } else if self.acts.is_empty() {
            self.acts = self.scene.unprompted.clone().into();
        }
        self.answering = true;
        self.send(&json!({ "op": "began" }));
        self.due = Some(now);
    }

    fn end(&mut self, stopped: bool) {
        self.answering = false;
        self.due = None;
        if stopped {
            self.acts.clear();
        }
        let tokens = std::mem::take(&mut self.tokens);
        self.send(&json!({ "op": "ended", "stopped": stopped, "tokens": tokens }));
    }

    /// Does the next thing of the answer.
    fn act(&mut self, now: Time) {
        let Some(act) = self.acts.pop_front() else {
            return self.end(false);
        };
        let mut pause = Duration::ZERO;
        match act {
            Act::Say(text) => pause = self.say(&text),
            Act::SayAnswer(text) => {
                let text = format!("{text} {}.", self.answer);
                pause = self.say(&text);
            }
            Act::Call { tool, question } => {
                self.next_call += 1;
                let id = format!("call-{}", self.next_call);
                let arguments = json!({ QUESTION: question }).to_string();
                self.send(&json!({ "op": "call", "id": id, "name": tool, "arguments": arguments }));
                self.open_calls.insert(id);
                if !matches!(self.acts.front(), Some(Act::Call { .. })) {
                    return self.end(false);
                }
            }
            Act::Wait(time) => pause = time,
            Act::Drop => {
                self.due = None;
                return self.out.push_back(PeerOutput::Drop);
            }
            Act::Garbage => {
                for text in ["{", "[1]", "words", "null"] {
                    self.out.push_back(PeerOutput::Send(Frame::text(text)));
                }
            }
        }
        self.due = Some(now + pause);
    }

    /// Says one word, and puts the rest back.
    fn say(&mut self, text: &str) -> Duration {
        let (word, rest) = match text.split_once(' ') {
            Some((word, rest)) => (format!("{word} "), Some(rest)),
            None => (text.to_owned(), None),
        };
        if let Some(rest) = rest {
            self.acts.push_front(Act::say(rest));
        }
        let sound: Vec<u8> = (0..WORD)
            .flat_map(|at| (if at % 120 < 60 { 4_000_i16 } else { -4_000 }).to_le_bytes())
            .collect();
        self.tokens += 1;
        self.send(&json!({ "op": "words", "text": word }));
        self.send(&json!({ "op": "sound", "data": STANDARD.encode_to_string(&sound) }));
        Duration::from_millis(WORD as u64 * 1_000 / 24_000) / PACE
    }
}

impl Peer for TemplatePeer {
    fn on_open(&mut self, _now: Time) {}

    fn on_frame(&mut self, now: Time, frame: Frame) {
        match serde_json::from_slice::<Value>(&frame.data) {
            Ok(frame) => self.told(now, &frame),
            Err(_) => self.refuse(&Value::Null, "no JSON"),
        }
    }

    fn poll_output(&mut self) -> Option<PeerOutput> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.due
    }

    fn on_timeout(&mut self, now: Time) {
        if self.due.is_some_and(|due| due <= now) {
            self.act(now);
        }
    }
}
