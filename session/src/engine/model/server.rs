//! The server's side of a random conversation: what it knows, and what it must never be told.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use antiphon_protocol::{Generation, Recovery, Time};

use super::{microphone::Microphone, speaker::is_audible, step::Reception, wire::Abilities};

/// How long the session lets a response be silent before it takes it for dead.
const SILENT: Duration = Duration::from_secs(30);
/// Lines that may be under way at once.
const UNDER_WAY: usize = 40;

/// What the server knows of a conversation, over the connections that continue it.
#[derive(Default)]
pub(super) struct Conversation {
    words: Vec<String>,
    items: BTreeMap<String, u64>,
    /// The calls it made.
    calls: BTreeSet<String>,
}

/// One connection.
pub(super) struct Peer {
    pub(super) open: bool,
    pub(super) ready: bool,
    pub(super) recovery: Recovery,
    conversation: usize,
    /// The handle that it brought.
    handle: String,
    active: Option<String>,
    creates: Vec<String>,
    /// Whether the last of them crossed something on its way: then either side may take one response
    /// for another.
    crossed: bool,
    /// When the session has last heard of either.
    pub(super) progress: Time,
    item: u32,
    last_frame: u32,
    used: u64,
    /// Of that, what the session was told.
    pub(super) told: u64,
    /// What it has said and the session has not heard.
    pub(super) under_way: VecDeque<String>,
}

pub(super) struct Server {
    able: Abilities,
    pub(super) peers: BTreeMap<Generation, Peer>,
    conversations: Vec<Conversation>,
    handles: BTreeMap<String, usize>,
    /// Handles that were tried in vain.
    refused: BTreeSet<String>,
    pub(super) answered: BTreeSet<String>,
    pub(super) reception: Option<Reception>,
    pub(super) confirms: bool,
    unconfirmed: Vec<(Generation, String)>,
    names: u32,
}

impl Server {
    pub(super) fn new(able: Abilities) -> Self {
        Self {
            able,
            peers: BTreeMap::new(),
            conversations: Vec::new(),
            handles: BTreeMap::new(),
            refused: BTreeSet::new(),
            answered: BTreeSet::new(),
            reception: None,
            confirms: true,
            unconfirmed: Vec::new(),
            names: 0,
        }
    }

    pub(super) fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    /// A connection is dialed.
    pub(super) fn dialed(&mut self, now: Time, generation: Generation) {
        let newest = self.peers.keys().next_back();
        assert!(newest < Some(&generation), "{generation:?} is not new");
        let open = self.peers.values().filter(|peer| peer.open).count();
        assert!(open < 2, "a third connection");
        assert!(open == 0 || self.able.overlap, "a second connection");
        self.peers.insert(
            generation,
            Peer {
                open: true,
                ready: false,
                recovery: Recovery::Fresh,
                conversation: 0,
                handle: String::new(),
                active: None,
                creates: Vec::new(),
                crossed: false,
                progress: now,
                item: 0,
                last_frame: 0,
                used: 0,
                told: 0,
                under_way: VecDeque::new(),
            },
        );
    }

    /// The session's process is gone, and counts its connections anew.
    pub(super) fn forget_generations(&mut self) {
        // What was being tried has not failed.
        for peer in self.peers.values().filter(|peer| peer.open && !peer.ready) {
            self.refused.remove(&peer.handle);
        }
        self.peers.clear();
        self.unconfirmed.clear();
    }

    pub(super) fn gone(&mut self, generation: Generation) {
        if let Some(peer) = self.peers.get_mut(&generation) {
            peer.open = false;
            peer.under_way.clear();
        }
        self.unconfirmed.retain(|(of, _)| *of != generation);
    }

    /// A connection says what it brings. Returns the close code, if it is not wanted.
    pub(super) fn greet(&mut self, generation: Generation, words: &[&str]) -> Option<u16> {
        let (handle, seed) = (words[1], words[2..].join(" "));
        let seed: Vec<String> = seed
            .split('|')
            .filter(|words| !words.is_empty())
            .map(str::to_owned)
            .collect();
        let others = self.peers.iter().filter(|(other, _)| **other != generation);
        let alone = others.clone().all(|(_, other)| !other.open);
        let known = self.handles.get(handle).copied();
        if handle != "-" {
            assert!(alone, "a handle is used while an older connection is open");
            assert!(!self.refused.contains(handle), "{handle} is tried again");
            assert!(seed.is_empty(), "said twice");
        }
        let reception = self.reception.take();
        let welcome = !matches!(reception, Some(Reception::Closed(_) | Reception::Silent));
        if handle != "-" && !welcome {
            self.refused.insert(handle.to_owned());
        }
        let resumed = known.filter(|_| welcome && reception != Some(Reception::Anew));
        let seeded = !seed.is_empty();
        let conversation = resumed.unwrap_or_else(|| {
            self.conversations.push(Conversation {
                words: seed,
                ..Conversation::default()
            });
            self.conversations.len() - 1
        });
        let peer = self.peers.get_mut(&generation).unwrap();
        peer.conversation = conversation;
        peer.handle = handle.to_owned();
        peer.recovery = match (resumed, seeded) {
            (Some(_), _) => Recovery::Resumed,
            (None, true) => Recovery::Reseeded,
            (None, false) => Recovery::Fresh,
        };
        match reception {
            Some(Reception::Closed(code)) => return Some(code),
            Some(Reception::Silent) => {}
            _ => {
                peer.ready = true;
                let how = if resumed.is_some() { "resumed" } else { "anew" };
                peer.under_way.push_back(format!("ready {how}"));
            }
        }
        None
    }

    /// The newest connection that is ready and open.
    pub(super) fn live(&self) -> Option<Generation> {
        let mut peers = self.peers.iter().rev();
        peers
            .find(|(_, peer)| peer.open && peer.ready)
            .map(|(generation, _)| *generation)
    }

    /// The live connection, as long as it has room for another line.
    pub(super) fn speaker(&mut self) -> Option<&mut Peer> {
        let live = self.live()?;
        self.peers
            .get_mut(&live)
            .filter(|peer| peer.under_way.len() < UNDER_WAY)
    }

    pub(super) fn say(&mut self, line: String) {
        if let Some(peer) = self.speaker() {
            peer.under_way.push_back(line);
        }
    }

    /// What it makes of a frame, and what it must never see.
    pub(super) fn hear(
        &mut self,
        now: Time,
        generation: Generation,
        words: &[&str],
        microphone: &mut Microphone,
        prompt: bool,
    ) {
        let able = self.able;
        let peer = self.peers.get_mut(&generation).unwrap();
        assert!(peer.ready, "{words:?} before the conversation is open");
        let conversation = &mut self.conversations[peer.conversation];
        // What crosses on its way is nobody's fault.
        let crossing = !peer.under_way.is_empty();
        match words[0] {
            "audio" => {
                let first = words[2].parse().ok();
                let frames = words[3].parse().unwrap();
                microphone.hear(now, &mut peer.last_frame, first, frames, prompt);
            }
            "create" => {
                if now - peer.progress >= SILENT && !crossing {
                    (peer.active, peer.creates) = (None, Vec::new());
                }
                let free = peer.active.is_none() && peer.creates.is_empty();
                assert!(
                    free || crossing || peer.crossed,
                    "a create while a response runs"
                );
                if free {
                    peer.progress = now;
                    peer.creates.push(words[1].to_owned());
                    peer.crossed = crossing;
                } else {
                    peer.under_way
                        .push_back(format!("reject {} benign", words[1]));
                }
            }
            "cancel" => {
                let runs = peer.active.is_some();
                assert!(
                    able.cancel && (runs || crossing || peer.crossed),
                    "a cancel without a response"
                );
            }
            "items" => {
                let said = words[2..].join(" ");
                assert!(!conversation.words.contains(&said), "{said} is said twice");
                conversation.words.push(said);
            }
            "results" => {
                for call in &words[2..] {
                    assert!(
                        self.answered.insert((*call).to_owned()),
                        "{call} is answered twice"
                    );
                    assert!(
                        conversation.calls.contains(*call),
                        "{call}: never made here"
                    );
                }
            }
            "truncate" => {
                let (item, heard) = (words[2], words[3].parse::<u64>().unwrap());
                let produced = conversation.items.get(item).copied();
                assert!(able.truncate && is_audible(heard), "{words:?}");
                assert!(Some(heard) <= produced, "{words:?}: {produced:?} produced");
            }
            "delete" => {
                let known = conversation.items.contains_key(words[2]);
                assert!(
                    able.delete && known,
                    "{words:?}: not an item of this conversation"
                );
            }
            _ => {}
        }
        if able.refusals && matches!(words[0], "configure" | "truncate" | "delete") {
            if self.confirms {
                peer.under_way.push_back(format!("ack {}", words[1]));
            } else {
                self.unconfirmed.push((generation, words[1].to_owned()));
            }
        }
    }

    /// Confirms or refuses one of the commands that it has not confirmed, in any order.
    pub(super) fn confirm(&mut self, which: u8, refused: bool) {
        if self.unconfirmed.is_empty() {
            return;
        }
        let which = usize::from(which) % self.unconfirmed.len();
        let (generation, id) = self.unconfirmed.remove(which);
        if let Some(peer) = self.peers.get_mut(&generation) {
            peer.under_way.push_back(if refused {
                format!("reject {id} bad")
            } else {
                format!("ack {id}")
            });
        }
    }

    /// Begins a response: one that was asked for, or its own.
    pub(super) fn begin(&mut self) {
        let response = self.name("r");
        if let Some(peer) = self.speaker()
            && peer.active.is_none()
        {
            peer.creates.pop();
            peer.active = Some(response.clone());
            peer.under_way.push_back(format!("started {response}"));
        }
    }

    /// Says some of the running response, by the item that is its turn.
    pub(super) fn speak(&mut self, next: bool, samples: u16) {
        let Some(peer) = self.speaker() else { return };
        let Some(response) = peer.active.clone() else {
            return;
        };
        peer.item += u32::from(next);
        let item = format!("{response}-{}", peer.item);
        peer.under_way
            .push_back(format!("audio {response} {item} {samples}"));
        let conversation = peer.conversation;
        *self.conversations[conversation]
            .items
            .entry(item)
            .or_default() += u64::from(samples);
    }

    /// The words that go with it.
    pub(super) fn words(&mut self) {
        let word = self.name("w");
        let Some(peer) = self.speaker() else { return };
        let Some(response) = &peer.active else { return };
        let line = format!("speak {response} {response}-{} {word}", peer.item);
        let item = format!("{response}-{}", peer.item);
        peer.under_way.push_back(line);
        let conversation = peer.conversation;
        self.conversations[conversation]
            .items
            .entry(item)
            .or_default();
    }

    /// Asks for a tool, or asks again for one of before.
    pub(super) fn call(&mut self, again: Option<u8>) {
        let new = self.name("c");
        let Some(peer) = self.speaker() else { return };
        let response = peer.active.clone().unwrap_or_else(|| "-".to_owned());
        let calls = &mut self.conversations[peer_conversation(&self.peers)].calls;
        let call = match again {
            None => {
                calls.insert(new.clone());
                new
            }
            Some(which) => match calls.iter().nth(usize::from(which)) {
                Some(call) => call.clone(),
                None => return,
            },
        };
        self.say(format!("call {response} {call}"));
    }

    pub(super) fn withdraw(&mut self, which: u8) {
        if self.speaker().is_none() {
            return;
        }
        let calls = &self.conversations[peer_conversation(&self.peers)].calls;
        let mut open = calls.iter().filter(|call| !self.answered.contains(*call));
        if let Some(call) = open.nth(usize::from(which % 8)).cloned() {
            self.say(format!("uncall {call}"));
        }
    }

    pub(super) fn end(&mut self, cancelled: bool, cost: u64) {
        let Some(peer) = self.speaker() else { return };
        if let Some(response) = peer.active.take() {
            let status = if cancelled { "cancelled" } else { "completed" };
            peer.crossed &= !peer.creates.is_empty();
            peer.under_way
                .push_back(format!("done {response} {status} {cost}"));
        }
    }

    /// What the connection has used so far.
    pub(super) fn used_so_far(&mut self, more: u8) {
        let Some(peer) = self.speaker() else { return };
        peer.used += u64::from(more);
        let line = format!("so-far {}", peer.used);
        peer.under_way.push_back(line);
    }

    pub(super) fn give_handle(&mut self, given: bool) {
        let handle = self.name("h");
        let Some(peer) = self.speaker() else { return };
        if given {
            peer.under_way.push_back(format!("handle {handle}"));
            let conversation = peer.conversation;
            self.handles.insert(handle, conversation);
        } else {
            peer.under_way.push_back("nohandle".to_owned());
        }
    }
}

fn peer_conversation(peers: &BTreeMap<Generation, Peer>) -> usize {
    let mut peers = peers.values().rev();
    peers
        .find(|peer| peer.open && peer.ready)
        .unwrap()
        .conversation
}
