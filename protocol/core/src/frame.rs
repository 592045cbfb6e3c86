//! One WebSocket message, as bytes.

use std::fmt;

use bytes::Bytes;

use crate::Malformed;

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

    /// Reads the payload as text with a reader of wire types, and hands the text back beside it.
    ///
    /// # Errors
    /// What to tell in place of a frame that is no event at all: it is not UTF-8, or nothing that
    /// the reader takes.
    pub fn read<'a, T, E: fmt::Display>(
        &'a self,
        reader: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Result<(T, &'a str), Malformed> {
        let read = std::str::from_utf8(&self.data)
            .map_err(|error| format!("the frame is not UTF-8 after byte {}", error.valid_up_to()))
            .and_then(|text| match reader(text) {
                Ok(event) => Ok((event, text)),
                Err(error) => Err(error.to_string()),
            });
        read.map_err(|error| Malformed {
            error,
            name: None,
            bytes: self.len(),
        })
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
