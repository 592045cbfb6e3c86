//! From the bytes of the peer to whole messages, each held once and within its limits.

use std::{
    mem,
    pin::pin,
    task::{Context, Poll, ready},
};

use antiphon_protocol::{End, How, Stage};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    Limits,
    envelopes::Stop,
    head::{CONTROL, Head, Kind},
};

/// Bytes that are first set aside for a message that does not fit the read buffer, where its size is
/// known and where it is not.
const FIRST: (usize, usize) = (256 * 1024, 8 * 1024);

/// Bytes of a message that must have come before memory is taken for all that may yet come. To grow
/// costs the old memory beside the new, and this much is allowed beside a message of the largest size.
const TRUSTED: usize = 1024 * 1024;

/// Bytes of a message that are a sign of life before the rest has come. What brings fewer in a minute is
/// too slow for any voice, and counts as silent; so the largest message has its time limit, too.
const PART: usize = 256 * 1024;

pub(super) struct Inflow {
    limits: Limits,
    /// What was read and not looked at.
    buffer: BytesMut,
    /// The frame that is being collected.
    frame: Option<Collected>,
    /// What has come of a message that does not fit the buffer, or comes in several frames.
    message: Vec<u8>,
    /// The kind of the message whose last frame has not come.
    open: Option<Kind>,
    /// What the last envelope carries, and whether it is a ping's.
    content: (Bytes, bool),
    /// Bytes that have come of a message and were no sign of life yet.
    unnoticed: usize,
    /// Whether the peer has broken the protocol, so that nothing more is read.
    over: bool,
}

struct Collected {
    head: Head,
    /// Bytes that have not come.
    left: usize,
}

impl Inflow {
    /// Begins with what was already read from the connection.
    pub(super) fn new(limits: &Limits, read: &[u8]) -> Self {
        Self {
            limits: *limits,
            buffer: BytesMut::from(read),
            frame: None,
            message: Vec::new(),
            open: None,
            content: (Bytes::new(), false),
            unnoticed: 0,
            over: false,
        }
    }

    /// What the envelope carried that was handed out last: a message when it was the last frame of
    /// one, the reason of a close frame, what a ping says; and whether it is that.
    pub(super) fn take(&mut self) -> (Bytes, bool) {
        mem::take(&mut self.content)
    }

    /// Whether a good part of a message has come that is not whole. Once for each part.
    pub(super) const fn is_coming(&mut self) -> bool {
        let much = self.unnoticed >= PART;
        if much {
            self.unnoticed = 0;
        }
        much
    }

    /// Ready when the envelope of one more frame is in `envelopes`.
    pub(super) fn poll<IO: AsyncRead + Unpin>(
        &mut self,
        io: &mut IO,
        envelopes: &mut Vec<u8>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Stop>> {
        loop {
            if self.over {
                return Poll::Ready(Err(eof()));
            }
            if self.step(envelopes)? {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_read(io, cx))?;
        }
    }

    /// Whether a frame was complete; if not, more must be read.
    fn step(&mut self, envelopes: &mut Vec<u8>) -> Result<bool, Stop> {
        if self.frame.is_none() {
            let Some(head) = Head::parse(&self.buffer) else {
                return Ok(false);
            };
            if self.is_odd(&head) {
                // The library finds what is wrong with it.
                head.write(0, envelopes);
                self.over = true;
                return Ok(true);
            }
            let len = self.admit(&head)?;
            let whole = head.size + len;
            let alone = self.open.is_none() && head.is_final();
            if self.buffer.len() >= whole && (alone || !head.kind().is_data()) {
                self.buffer.advance(head.size);
                let content = self.buffer.split_to(len).freeze();
                self.complete(&head, content, envelopes)?;
                return Ok(true);
            }
            if alone && whole <= self.limits.read_buffer || !head.kind().is_data() {
                return Ok(false);
            }
            self.buffer.advance(head.size);
            self.frame = Some(Collected { head, left: len });
        }
        self.collect(envelopes)
    }

    /// Whether only a peer that breaks the protocol sends such a frame here.
    fn is_odd(&self, head: &Head) -> bool {
        let out_of_place = match head.kind() {
            Kind::Other => true,
            Kind::Continuation => self.open.is_none(),
            Kind::Text | Kind::Binary => self.open.is_some(),
            Kind::Close | Kind::Ping | Kind::Pong => !head.is_final(),
        };
        out_of_place || head.is_extended() || head.mask.is_some()
    }

    /// The length of the payload, if it is within the limits.
    fn admit(&self, head: &Head) -> Result<usize, Stop> {
        let len = usize::try_from(head.payload).unwrap_or(usize::MAX);
        if !head.kind().is_data() {
            if len > CONTROL {
                return Err(broken(
                    1002,
                    &format!("a control frame of {len} bytes exceeds {CONTROL} bytes"),
                ));
            }
            return Ok(len);
        }
        let too_large = |what: &str, size: usize, limit: usize| Stop {
            end: End::new(Stage::Live, How::TooLarge).because(&format!(
                "a {what} of {size} bytes exceeds the limit of {limit} bytes"
            )),
            goodbye: Some(1009),
        };
        let Limits { frame, message, .. } = self.limits;
        let whole = self.message.len().saturating_add(len);
        if whole > message {
            return Err(too_large("message", whole, message));
        }
        if len > frame {
            return Err(too_large("frame", len, frame));
        }
        Ok(len)
    }

    /// Moves what was read into the message.
    fn collect(&mut self, envelopes: &mut Vec<u8>) -> Result<bool, Stop> {
        while let Some(Collected { left: 1.., .. }) = self.frame
            && !self.buffer.is_empty()
        {
            let count = self.room().min(self.buffer.len());
            self.message.extend_from_slice(&self.buffer.split_to(count));
            self.has_come(count);
        }
        let Some(Collected { head, .. }) = self.frame.take_if(|frame| frame.left == 0) else {
            return Ok(false);
        };
        if !head.is_final() {
            self.open.get_or_insert(head.kind());
            head.write(0, envelopes);
            return Ok(true);
        }
        let mut message = mem::take(&mut self.message);
        if message.len() <= TRUSTED {
            message.shrink_to_fit();
        }
        self.complete(&head, message.into(), envelopes)?;
        Ok(true)
    }

    const fn has_come(&mut self, count: usize) {
        self.unnoticed = self.unnoticed.saturating_add(count);
        if let Some(frame) = &mut self.frame {
            frame.left -= count;
        }
    }

    /// Makes room for what is to come of this frame; the bytes there is room for, which are more than
    /// none if any are to come.
    fn room(&mut self) -> usize {
        let Some(Collected { head, left }) = &self.frame else {
            return 0;
        };
        let have = self.message.len();
        if have == self.message.capacity() {
            let (first, most) = if head.is_final() {
                (FIRST.0, have + left)
            } else {
                (FIRST.1, self.limits.message)
            };
            let next = if have < TRUSTED {
                first.max(2 * have)
            } else {
                most
            };
            self.message.reserve_exact(next.min(most) - have);
        }
        (self.message.capacity() - have).min(*left)
    }

    fn poll_read<IO: AsyncRead + Unpin>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Stop>> {
        let read = if self.frame.is_some() {
            let room = self.room();
            let mut target = (&mut self.message).limit(room);
            let read = ready!(pin!(io.read_buf(&mut target)).poll(cx));
            self.has_come(*read.as_ref().unwrap_or(&0));
            read
        } else {
            let more = self.limits.read_buffer.saturating_sub(self.buffer.len());
            self.buffer.reserve(more.max(CONTROL));
            ready!(pin!(io.read_buf(&mut self.buffer)).poll(cx))
        };
        Poll::Ready(match read {
            Ok(0) => Err(eof()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(eof()),
            Err(error) => Err(Stop {
                end: End::new(Stage::Live, How::Io).because(&error.to_string()),
                goodbye: None,
            }),
        })
    }

    /// Hands out the envelope of a frame, and keeps what it carries.
    fn complete(
        &mut self,
        head: &Head,
        mut content: Bytes,
        envelopes: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let kind = match head.kind() {
            Kind::Continuation => self.open.take().unwrap_or(Kind::Continuation),
            kind => kind,
        };
        let mut code = Bytes::new();
        if kind.is_data() {
            self.unnoticed = 0;
        }
        if kind == Kind::Close {
            code = content.split_to(content.len().min(2));
        }
        if matches!(kind, Kind::Text | Kind::Close) && std::str::from_utf8(&content).is_err() {
            let what = if kind == Kind::Text {
                "a text message"
            } else {
                "the reason of a close frame"
            };
            return Err(broken(1007, &format!("{what} is not UTF-8")));
        }
        head.write(code.len(), envelopes);
        envelopes.extend_from_slice(&code);
        self.content = (content, kind == Kind::Ping);
        Ok(())
    }
}

fn broken(goodbye: u16, why: &str) -> Stop {
    Stop {
        end: End::new(Stage::Live, How::Protocol).because(why),
        goodbye: Some(goodbye),
    }
}

fn eof() -> Stop {
    Stop {
        end: End::new(Stage::Live, How::Eof).because("the stream ended without a close frame"),
        goodbye: None,
    }
}
