//! The network between the engine and the server of a random conversation.

use antiphon_protocol::{End, Frame, Generation, How, Stage};
use antiphon_transport::{Input, Machine, WireAction, WireEvent};

use super::{step::Reception, world::World};

impl World {
    /// What is next to arrive from the server, on whichever wire.
    pub(super) fn arrival(&mut self) -> Option<(Generation, String)> {
        if self.held || !self.engine.wants_read() {
            return None;
        }
        self.server.peers.iter_mut().find_map(|(generation, peer)| {
            let line = peer.under_way.pop_front().filter(|_| peer.open)?;
            Some((*generation, line))
        })
    }

    pub(super) fn hear(&mut self, generation: Generation, line: &str) {
        if self.generation == Some(generation) {
            self.arrives(generation, line);
        } else {
            self.comes_late(generation, line);
        }
        self.frame(generation, line);
    }

    pub(super) fn frame(&mut self, generation: Generation, line: &str) {
        self.inputs.push_back(Input::Wire(WireEvent::Frame {
            generation,
            frame: Frame::text(line),
        }));
    }

    /// The session may hear this on a connection that was let go: what it costs counts if it does.
    fn comes_late(&mut self, generation: Generation, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let told = self.server.peers[&generation].told;
        self.late += match words[0] {
            "done" => words[3].parse().unwrap(),
            "so-far" => words[1].parse::<u64>().unwrap() - told,
            _ => 0,
        };
    }

    /// The session is about to hear this on its live connection.
    fn arrives(&mut self, generation: Generation, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let peer = self.server.peers.get_mut(&generation).unwrap();
        match words[0] {
            "started" | "audio" | "speak" => peer.progress = self.now,
            "call" if words[1] != "-" => peer.progress = self.now,
            "handle" => self.calls.handle(true),
            "nohandle" => self.calls.handle(false),
            "done" => {
                let cost: u64 = words[3].parse().unwrap();
                if self.costs.insert(words[1].to_owned(), cost).is_none() {
                    self.used += cost;
                }
            }
            "so-far" => {
                let total: u64 = words[1].parse().unwrap();
                self.used += total - std::mem::replace(&mut peer.told, total);
            }
            _ => {}
        }
    }

    pub(super) fn act(&mut self, action: WireAction) {
        match action {
            WireAction::Dial { generation, .. } => {
                let refused = self.server.reception == Some(Reception::Refused);
                self.server.dialed(self.now, generation);
                if refused {
                    self.server.reception = None;
                    self.server.gone(generation);
                    let end = End::new(Stage::Connect, How::Io);
                    self.wire(WireEvent::DialFailed { generation, end });
                } else {
                    self.wire(WireEvent::Dialed { generation });
                }
            }
            WireAction::Transmit {
                generation,
                seq,
                frame,
            } => {
                self.unwritten.push(WireEvent::Written { generation, seq });
                self.transmitted(generation, std::str::from_utf8(&frame.data).unwrap());
                self.write();
            }
            WireAction::Ping { generation } if !self.deaf => {
                self.wire(WireEvent::Alive { generation });
            }
            WireAction::Hangup { generation, .. } if !self.deaf => {
                self.lose(generation, End::new(Stage::Draining, How::CloseFrame));
            }
            WireAction::Abort { generation } => self.server.gone(generation),
            WireAction::Ping { .. } | WireAction::Hangup { .. } => {}
        }
    }

    fn transmitted(&mut self, generation: Generation, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        if words[0] == "hello" {
            assert!(self.knows(&words), "{line}: nobody said that");
            if let Some(code) = self.server.greet(generation, &words) {
                let end = End::new(Stage::Opening, How::CloseFrame).with_code(code);
                self.lose(generation, end);
            }
            return;
        }
        assert_eq!(
            self.generation,
            Some(generation),
            "{line}: not on the live connection"
        );
        if !matches!(words[0], "audio" | "create") {
            self.asked.hear(words[1].parse().unwrap());
        }
        let prompt = !self.ever_stalled && !self.manner.able.continuous && !self.manner.paced;
        let microphone = &mut self.microphone;
        self.server
            .hear(self.now, generation, &words, microphone, prompt);
    }

    /// Whether what a connection brings was said.
    fn knows(&self, hello: &[&str]) -> bool {
        let seed = hello[2..].join(" ");
        let seed: Vec<&str> = seed.split('|').filter(|words| !words.is_empty()).collect();
        self.chronicle.holds(&seed)
    }

    fn wire(&mut self, event: WireEvent) {
        self.inputs.push_back(Input::Wire(event));
    }

    pub(super) fn lose(&mut self, generation: Generation, end: End) {
        self.server.gone(generation);
        self.wire(WireEvent::Lost { generation, end });
    }

    pub(super) fn write(&mut self) {
        if !self.stalled {
            let written = std::mem::take(&mut self.unwritten);
            self.inputs.extend(written.into_iter().map(Input::Wire));
        }
    }
}
