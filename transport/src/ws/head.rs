//! The head of a frame (RFC 6455, 5.2), read of the peer's frames and written anew of this side's.

/// The largest payload of a control frame, in bytes.
pub(super) const CONTROL: usize = 125;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    /// One that the protocol does not know.
    Other,
}

impl Kind {
    pub(super) const fn is_data(self) -> bool {
        matches!(self, Self::Continuation | Self::Text | Self::Binary)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The first byte: whether it is the last frame of a message, and its kind.
    pub(super) first: u8,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of the payload.
    pub(super) payload: u64,
    /// Bytes of the head itself.
    pub(super) size: usize,
}

impl Head {
    /// The head that `bytes` begin with; `None` while there are too few of them.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let ([first, second], rest) = bytes.split_first_chunk()?;
        let (payload, rest) = match second & !MASKED {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            length => (u64::from(length), rest),
        };
        let (mask, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            let (mask, rest) = rest.split_first_chunk()?;
            (Some(*mask), rest)
        };
        Some(Self {
            first: *first,
            mask,
            payload,
            size: bytes.len() - rest.len(),
        })
    }

    /// Writes the head, as one of a payload of `payload` bytes.
    pub(super) fn write(&self, payload: usize, out: &mut Vec<u8>) {
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        out.push(self.first);
        if let Ok(short @ 0..=125) = u8::try_from(payload) {
            out.push(masked | short);
        } else if let Ok(length) = u16::try_from(payload) {
            out.push(masked | 126);
            out.extend(length.to_be_bytes());
        } else {
            out.push(masked | 127);
            out.extend((payload as u64).to_be_bytes());
        }
        out.extend(self.mask.into_iter().flatten());
    }

    pub(super) const fn kind(&self) -> Kind {
        match self.first & OPCODE {
            0 => Kind::Continuation,
            1 => Kind::Text,
            2 => Kind::Binary,
            8 => Kind::Close,
            9 => Kind::Ping,
            10 => Kind::Pong,
            _ => Kind::Other,
        }
    }

    pub(super) const fn is_final(&self) -> bool {
        self.first & FINAL != 0
    }

    /// Whether bits are set that belong to extensions, of which none was agreed on.
    pub(super) const fn is_extended(&self) -> bool {
        self.first & RESERVED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written_and_not_before_it_is_whole() {
        for payload in [0, 1, 125, 126, 65_535, 65_536, 1 << 40] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let head = Head {
                    first: 0x82,
                    mask,
                    payload: payload as u64,
                    size: 0,
                };
                let mut bytes = Vec::new();
                head.write(payload, &mut bytes);
                let size = bytes.len();
                for cut in 0..size {
                    assert_eq!(Head::parse(&bytes[..cut]), None);
                }
                bytes.extend([7; 20]);
                assert_eq!(Head::parse(&bytes), Some(Head { size, ..head }));
            }
        }
    }
}
