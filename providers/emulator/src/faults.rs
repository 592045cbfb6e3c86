//! Faults of single frames that a script asks for, whichever protocol the connection speaks.

use std::collections::VecDeque;

use antiphon_protocol::{Frame, FrameKind, Time};
use serde_json::Value;

use crate::peer::{Input, Output, Peer};

/// A fault of single frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameFault {
    /// The last frame once more.
    Duplicate,
    /// The next two frames in the opposite order.
    Swap,
    /// The first half of the last frame.
    Half,
    /// A text frame that is not UTF-8.
    Utf8,
    /// An event of a type that does not exist.
    Unknown,
    /// An event of about this many bytes.
    Huge(usize),
    /// The last frame once more, with one byte of its audio less.
    OddAudio,
}

/// The shortest text that is taken for audio, in letters of base64.
const LEAST_AUDIO: usize = 64;

/// A machine whose frames suffer what its script asks for.
pub(crate) struct Disturbed {
    peer: Box<dyn Peer>,
    waiting: VecDeque<Output>,
    last: Option<Frame>,
    swapping: bool,
    held: Option<Frame>,
}

impl Disturbed {
    pub(crate) fn new(peer: Box<dyn Peer>) -> Self {
        Self {
            peer,
            waiting: VecDeque::new(),
            last: None,
            swapping: false,
            held: None,
        }
    }

    /// Puts in line what becomes of one output of the machine.
    fn pass(&mut self, output: Output) {
        match output {
            Output::Frame(frame) if self.swapping => {
                self.swapping = false;
                self.held = Some(frame);
            }
            Output::Frame(frame) => {
                self.last = Some(frame.clone());
                self.waiting.push_back(Output::Frame(frame));
                self.release();
            }
            Output::Fault(FrameFault::Swap) => self.swapping = true,
            Output::Fault(fault) => {
                let frame = faulty(fault, self.last.as_ref());
                self.waiting.extend(frame.map(Output::Frame));
            }
            end @ (Output::Close { .. } | Output::Drop) => {
                self.release();
                self.waiting.push_back(end);
            }
        }
    }

    fn release(&mut self) {
        self.waiting.extend(self.held.take().map(Output::Frame));
    }
}

impl Peer for Disturbed {
    fn handle(&mut self, now: Time, input: Input) {
        self.peer.handle(now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        while self.waiting.is_empty() {
            let output = self.peer.poll_output()?;
            self.pass(output);
        }
        self.waiting.pop_front()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.peer.poll_timeout()
    }
}

fn faulty(fault: FrameFault, last: Option<&Frame>) -> Option<Frame> {
    let kind = last.map_or(FrameKind::Text, |frame| frame.kind);
    let of = |data: Vec<u8>| Frame {
        kind,
        data: data.into(),
    };
    let head = br#"{"type":"emulator.unheard_of","event_id":"event_unheard_of","fresh":""#;
    Some(match fault {
        FrameFault::Duplicate => last?.clone(),
        FrameFault::Half => {
            let data = &last?.data;
            of(data.iter().take(data.len() / 2).copied().collect())
        }
        FrameFault::Utf8 => Frame::text_bytes(b"{\"type\":\"\xff\xfe\"}".as_slice()),
        FrameFault::Unknown => {
            of([head, b"\",\"nested\":{\"list\":[1,null]}}".as_slice()].concat())
        }
        FrameFault::Huge(bytes) => of([head, vec![b'a'; bytes].as_slice(), b"\"}"].concat()),
        FrameFault::OddAudio => {
            let mut event: Value = serde_json::from_slice(&last?.data).ok()?;
            shorten(&mut event)?;
            of(event.to_string().into_bytes())
        }
        FrameFault::Swap => return None,
    })
}

/// Takes a byte of the first audio in an event.
fn shorten(value: &mut Value) -> Option<()> {
    match value {
        Value::String(text) if text.len() >= LEAST_AUDIO => {
            let mut bytes = base64_simd::STANDARD.decode_to_vec(text.as_bytes()).ok()?;
            bytes.pop()?;
            *text = base64_simd::STANDARD.encode_to_string(bytes);
            Some(())
        }
        Value::Array(values) => values.iter_mut().find_map(shorten),
        Value::Object(members) => members.values_mut().find_map(shorten),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::Frame;

    use super::*;

    struct Script(VecDeque<Output>);

    impl Peer for Script {
        fn handle(&mut self, _now: Time, _input: Input) {}

        fn poll_output(&mut self) -> Option<Output> {
            self.0.pop_front()
        }

        fn poll_timeout(&self) -> Option<Time> {
            None
        }
    }

    fn disturbed(outputs: Vec<Output>) -> Vec<Output> {
        let mut peer = Disturbed::new(Box::new(Script(outputs.into())));
        std::iter::from_fn(|| peer.poll_output()).collect()
    }

    fn frame(text: &str) -> Output {
        Output::Frame(Frame::text(text))
    }

    #[test]
    fn frames_suffer_what_the_script_asks_for() {
        let fault = Output::Fault;
        let (a, b, c) = (frame("aaaa"), frame("bbbb"), frame("cccc"));
        let rows = [
            (
                vec![a.clone(), fault(FrameFault::Duplicate)],
                vec![a.clone(), a.clone()],
            ),
            (
                vec![fault(FrameFault::Swap), a.clone(), b.clone(), c.clone()],
                vec![b.clone(), a.clone(), c],
            ),
            (
                vec![fault(FrameFault::Swap), a.clone(), Output::Drop],
                vec![a.clone(), Output::Drop],
            ),
            (
                vec![a.clone(), fault(FrameFault::Half)],
                vec![a, frame("aa")],
            ),
            (vec![fault(FrameFault::Duplicate), b.clone()], vec![b]),
        ];
        for (outputs, expected) in rows {
            assert_eq!(disturbed(outputs.clone()), expected, "{outputs:?}");
        }
    }

    #[test]
    fn made_up_frames_are_what_their_names_say() {
        let one = |fault, last: &str| match disturbed(vec![frame(last), Output::Fault(fault)]).pop()
        {
            Some(Output::Frame(frame)) => frame.data,
            other => panic!("a frame, not {other:?}"),
        };
        assert!(std::str::from_utf8(&one(FrameFault::Utf8, "a")).is_err());
        let unknown: Value = serde_json::from_slice(&one(FrameFault::Unknown, "a")).unwrap();
        assert_eq!(unknown["type"], "emulator.unheard_of");
        let huge = one(FrameFault::Huge(100_000), "a");
        assert!(huge.len() > 100_000 && serde_json::from_slice::<Value>(&huge).is_ok());
        let audio = base64_simd::STANDARD.encode_to_string([7; 96]);
        let odd = one(
            FrameFault::OddAudio,
            &format!(r#"{{"x":[{{"delta":"{audio}"}}]}}"#),
        );
        let odd: Value = serde_json::from_slice(&odd).unwrap();
        let bytes = base64_simd::STANDARD.decode_to_vec(odd["x"][0]["delta"].as_str().unwrap());
        assert_eq!(bytes.unwrap().len(), 95);
    }
}
