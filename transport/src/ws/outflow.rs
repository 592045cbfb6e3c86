//! From envelopes of this side to bytes: what belongs into them is put in and masked.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::head::{Head, Kind};

/// Bytes of answers to pings that may wait for a peer to take them in.
const MOST_ANSWERS: usize = 32 * 1024;

pub(super) struct Outflow {
    /// Bytes for the socket, and how many of them have left.
    waiting: Vec<u8>,
    gone: usize,
    /// Bytes that have left since the beginning, but for those in `gone`.
    left: u64,
    /// Bytes beyond which nothing more is taken from above.
    room: usize,
    /// What the next data frame carries.
    content: Bytes,
    /// What the next pong carries.
    answer: Vec<u8>,
    /// Bytes of pongs among those that wait.
    answers: usize,
    /// The rest of a message that does not fit the room.
    rest: Option<Rest>,
    /// Frames that follow it.
    after: Vec<u8>,
}

struct Rest {
    content: Bytes,
    /// As it applies to the first byte of the content.
    mask: [u8; 4],
}

impl Outflow {
    pub(super) const fn new(room: usize) -> Self {
        Self {
            waiting: Vec::new(),
            gone: 0,
            left: 0,
            room,
            content: Bytes::new(),
            answer: Vec::new(),
            answers: 0,
            rest: None,
            after: Vec::new(),
        }
    }

    /// Sets what the next data frame carries.
    pub(super) fn carry(&mut self, content: Bytes) {
        self.content = content;
    }

    /// Sets what the next pong carries.
    pub(super) fn answer(&mut self, content: &[u8]) {
        self.answer.clear();
        self.answer.extend_from_slice(content);
    }

    /// Whether one more frame may be given.
    pub(super) const fn has_room(&self) -> bool {
        self.rest.is_none() && self.waiting.len() - self.gone < self.room
    }

    /// Bytes that the operating system has taken.
    pub(super) const fn handed_over(&self) -> u64 {
        self.left.saturating_add(self.gone as u64)
    }

    /// Whether so many pongs wait that the peer should not be read before they have left.
    pub(super) const fn owes_much(&self) -> bool {
        self.answers >= MOST_ANSWERS
    }

    /// Takes the whole frames among the envelopes.
    pub(super) fn take(&mut self, envelopes: &mut Vec<u8>) {
        let mut taken = 0;
        while let Some(bytes) = envelopes.get(taken..)
            && let Some(head) = Head::parse(bytes)
            && let Some(payload) = usize::try_from(head.payload)
                .ok()
                .and_then(|len| bytes.get(head.size..head.size.checked_add(len)?))
        {
            taken += head.size + payload.len();
            match head.kind() {
                Kind::Text | Kind::Binary => {
                    let content = mem::take(&mut self.content);
                    self.put(&head, content);
                }
                Kind::Pong => {
                    let answer = mem::take(&mut self.answer);
                    let out = self.end();
                    let before = out.len();
                    head.write(answer.len(), out);
                    put_masked(&answer, head.mask.unwrap_or_default(), out);
                    self.answers += self.end().len() - before;
                    self.answer = answer;
                }
                // These carry nothing but what the library put in, which it has masked.
                _ => {
                    let whole = bytes.get(..head.size + payload.len());
                    self.end().extend_from_slice(whole.unwrap_or_default());
                }
            }
        }
        envelopes.drain(..taken);
    }

    fn put(&mut self, head: &Head, content: Bytes) {
        let mask = head.mask.unwrap_or_default();
        let out = self.end();
        head.write(content.len(), out);
        if self.rest.is_some() || self.waiting.len() + content.len() <= self.room {
            put_masked(&content, mask, self.end());
        } else {
            self.rest = Some(Rest { content, mask });
        }
    }

    /// Where the next bytes belong.
    const fn end(&mut self) -> &mut Vec<u8> {
        match self.rest {
            Some(_) => &mut self.after,
            None => &mut self.waiting,
        }
    }

    /// Ready when all has been handed to the operating system.
    pub(super) fn poll_drain<IO: AsyncWrite + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            while let Some(bytes @ [_, ..]) = self.waiting.get(self.gone..) {
                match ready!(Pin::new(&mut *io).poll_write(cx, bytes))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => self.gone += count,
                }
            }
            self.waiting.clear();
            self.left = self.left.saturating_add(self.gone as u64);
            self.gone = 0;
            if !self.refill() {
                break;
            }
        }
        self.answers = 0;
        // A message as large as a limit allows leaves no room as large behind.
        self.waiting.shrink_to(2 * self.room);
        Pin::new(io).poll_flush(cx)
    }

    /// Whether there is more of a large message, or of what follows it.
    fn refill(&mut self) -> bool {
        let Some(Rest { content, mask }) = &mut self.rest else {
            return false;
        };
        let count = content.len().min(self.room);
        put_masked(
            content.get(..count).unwrap_or_default(),
            *mask,
            &mut self.waiting,
        );
        mask.rotate_left(count % 4);
        content.advance(count);
        if content.is_empty() {
            self.rest = None;
            self.waiting.append(&mut self.after);
        }
        true
    }
}

/// Appends `content` under `mask`.
fn put_masked(content: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(content);
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = out.get_mut(begin..).unwrap_or_default().as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes in a few bytes at a time.
    struct Slow(Vec<u8>, usize);

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = self.1.min(bytes.len());
            self.0.extend(bytes.iter().take(count));
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    const ROOM: usize = 64;

    /// The envelope of a frame of this side.
    fn envelope(first: u8, mask: [u8; 4]) -> Vec<u8> {
        [&[first, 0x80], mask.as_slice()].concat()
    }

    /// The payloads that a peer makes of these bytes.
    fn unmasked(mut bytes: &[u8]) -> Vec<(Kind, Vec<u8>)> {
        let mut heard = Vec::new();
        while let Some(head) = Head::parse(bytes) {
            let end = head.size + usize::try_from(head.payload).unwrap();
            let masks = head.mask.unwrap().into_iter().cycle();
            let payload = bytes[head.size..end].iter().zip(masks);
            heard.push((
                head.kind(),
                payload.map(|(byte, mask)| byte ^ mask).collect(),
            ));
            bytes = &bytes[end..];
        }
        assert!(bytes.is_empty());
        heard
    }

    #[test]
    fn messages_of_any_size_arrive_whole_and_a_pong_waits_for_the_message_before_it() {
        for size in (0..300).chain([1000, 70_000]) {
            for step in [1, 7, 64, 4096] {
                let content: Vec<u8> = (0..size).map(|byte| byte as u8).collect();
                let mut outflow = Outflow::new(ROOM);
                outflow.carry(content.clone().into());
                outflow.take(&mut envelope(0x82, [1, 2, 3, 250]));
                outflow.answer(b"ping");
                let mut split = envelope(0x8a, [9, 8, 7, 6]);
                let mut late = split.split_off(3);
                outflow.take(&mut split);
                assert_eq!(split.len(), 3, "half an envelope stays where it is");
                split.append(&mut late);
                outflow.take(&mut split);

                let mut slow = Slow(Vec::new(), step);
                let drained =
                    outflow.poll_drain(&mut slow, &mut Context::from_waker(Waker::noop()));
                assert!(drained.is_ready() && outflow.has_room());
                let expected = [(Kind::Binary, content), (Kind::Pong, b"ping".to_vec())];
                assert_eq!(unmasked(&slow.0), expected);
            }
        }
    }

    #[test]
    fn a_message_that_is_too_large_for_the_room_is_not_held_twice() {
        let mut outflow = Outflow::new(ROOM);
        outflow.carry(vec![7; 1 << 20].into());
        outflow.take(&mut envelope(0x82, [1; 4]));
        assert!(!outflow.has_room() && outflow.waiting.capacity() < 4 * ROOM);
        let mut slow = Slow(Vec::new(), usize::MAX);
        let _ = outflow.poll_drain(&mut slow, &mut Context::from_waker(Waker::noop()));
        assert!(outflow.waiting.capacity() < 4 * ROOM);
        assert_eq!(slow.0.len(), (1 << 20) + 14);
    }
}
