//! One WebSocket message, as bytes.

use std::fmt;

use bytes::Bytes;

/// Whether a message travels as text or as binary. Some services send JSON in binary frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A text message; the wire has checked that it is UTF-8.
    Text,
    /// A binary message.
    Binary,
}

/// One whole WebSocket data message.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// How it travels.
    pub kind: FrameKind,
    /// Its payload.
    pub data: Bytes,
}

impl Frame {
    /// A text message.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: FrameKind::Text,
            data: Bytes::from(text.into()),
        }
    }

    /// A text message from bytes known to be UTF-8, such as what a JSON writer made.
    pub fn text_bytes(data: impl Into<Bytes>) -> Self {
        Self {
            kind: FrameKind::Text,
            data: data.into(),
        }
    }

    /// A binary message.
    pub fn binary(data: impl Into<Bytes>) -> Self {
        Self {
            kind: FrameKind::Binary,
            data: data.into(),
        }
    }

    /// Payload size in bytes.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

/// Content stays out of debug output: only kind and size are shown.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} B)", self.kind, self.data.len())
    }
}
