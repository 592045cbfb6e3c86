//! Writing audio frames: text before, base64, text after.

use std::borrow::Cow;

use base64_simd::{AsOut, STANDARD};
use bytes::{Bytes, BytesMut};

/// A frame with a hole where the base64 audio goes.
///
/// ```
/// use antiphon_protocol::media::AudioTemplate;
///
/// const APPEND: AudioTemplate = AudioTemplate::new(r#"{"type":"append","audio":""#, r#""}"#);
///
/// let mut out = Vec::new();
/// APPEND.write(&[0, 1, 2], &mut out);
/// assert_eq!(out, br#"{"type":"append","audio":"AAEC"}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTemplate {
    prefix: Cow<'static, str>,
    suffix: Cow<'static, str>,
}

impl AudioTemplate {
    /// The text before and after the audio; the quotes around it belong to them.
    pub const fn new(prefix: &'static str, suffix: &'static str) -> Self {
        Self {
            prefix: Cow::Borrowed(prefix),
            suffix: Cow::Borrowed(suffix),
        }
    }

    /// The template that a finished frame becomes when its `placeholder` is taken out.
    ///
    /// `None` when the placeholder is empty, absent, or there more than once.
    pub fn from_frame(frame: &str, placeholder: &str) -> Option<Self> {
        if placeholder.is_empty() {
            return None;
        }
        let (prefix, suffix) = frame.split_once(placeholder)?;
        if suffix.contains(placeholder) {
            return None;
        }
        Some(Self {
            prefix: Cow::Owned(prefix.to_owned()),
            suffix: Cow::Owned(suffix.to_owned()),
        })
    }

    /// Bytes that a frame with `audio` bytes of audio takes; saturates.
    pub fn frame_len(&self, audio: usize) -> usize {
        audio
            .div_ceil(3)
            .saturating_mul(4)
            .saturating_add(self.prefix.len())
            .saturating_add(self.suffix.len())
    }

    /// Appends a frame with `audio` to `out`; no allocation where `out` has room.
    pub fn write(&self, audio: &[u8], out: &mut Vec<u8>) {
        out.reserve(self.frame_len(audio.len()));
        out.extend_from_slice(self.prefix.as_bytes());
        STANDARD.encode_append(audio, out);
        out.extend_from_slice(self.suffix.as_bytes());
    }

    /// Appends a frame with `audio` to `out`; no allocation where `out` has room.
    pub fn write_bytes(&self, audio: &[u8], out: &mut BytesMut) {
        out.reserve(self.frame_len(audio.len()));
        out.extend_from_slice(self.prefix.as_bytes());
        let start = out.len();
        out.resize(start + STANDARD.encoded_length(audio.len()), 0);
        if let Some(hole) = out.get_mut(start..) {
            let _ = STANDARD.encode(audio, hole.as_out());
        }
        out.extend_from_slice(self.suffix.as_bytes());
    }
}

/// Bytes of the block that an encoder cuts frames from. What sends in real time has one frame in
/// flight; several fit.
const BLOCK: usize = 8 * 1024;

/// Makes audio frames in a block of memory that is used again once the frames in it are gone.
///
/// Codecs use it, and so can anyone who sends frames without a session. While frames are dropped
/// before the block is full, as when each is sent before the next is made, none costs an
/// allocation. A frame larger than the block gets memory of its own, so that one large frame does
/// not stay in memory.
///
/// ```
/// use antiphon_protocol::{Frame, media::{AudioEncoder, AudioTemplate}};
///
/// let mut encoder = AudioEncoder::new(AudioTemplate::new(r#"{"audio":""#, r#""}"#));
/// let frame = Frame::text_bytes(encoder.frame(&[0, 1, 2]));
/// assert_eq!(&frame.data[..], br#"{"audio":"AAEC"}"#);
/// ```
#[derive(Debug)]
pub struct AudioEncoder {
    template: AudioTemplate,
    block: BytesMut,
}

impl AudioEncoder {
    /// An encoder that holds no memory before its first frame.
    pub fn new(template: AudioTemplate) -> Self {
        Self {
            template,
            block: BytesMut::new(),
        }
    }

    /// A frame with `audio`.
    pub fn frame(&mut self, audio: &[u8]) -> Bytes {
        let len = self.template.frame_len(audio.len());
        if len > BLOCK {
            let mut frame = Vec::with_capacity(len);
            self.template.write(audio, &mut frame);
            return frame.into();
        }
        if self.block.capacity() < len {
            self.block.reserve(BLOCK);
        }
        self.template.write_bytes(audio, &mut self.block);
        self.block.split().freeze()
    }
}
