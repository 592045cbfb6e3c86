//! One pass over a frame that is expected to carry audio.

use std::fmt;

use bytes::Bytes;

use super::{Base64Error, Key, Others, Role, Shape, cursor::Cursor, decode_base64};

/// Deepest nesting that is read.
const DEPTH: usize = 16;

/// An audio frame's parts, borrowed from it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioFrame<'a> {
    /// The frame's type, see [`Role::Kind`].
    pub kind: Option<&'a str>,
    /// The payload's media type with its parameters, see [`Role::MediaType`].
    pub media_type: Option<&'a str>,
    /// The event's id.
    pub event: Option<&'a str>,
    /// The response's id.
    pub response: Option<&'a str>,
    /// The item's id.
    pub item: Option<&'a str>,
    /// The place of the item in the response.
    pub output_index: Option<u32>,
    /// The place of the content part in the item.
    pub content_index: Option<u32>,
    /// The payload as it stands between its quotes; only decoding shows whether it is base64.
    pub payload: &'a [u8],
}

impl AudioFrame<'_> {
    /// Decodes the payload; one allocation.
    ///
    /// # Errors
    /// When the payload is not base64, which includes one with JSON escapes in it: take the full
    /// parser then.
    pub fn decode(&self) -> Result<Bytes, Base64Error> {
        decode_base64(self.payload)
    }
}

/// Content stays out of debug output: the payload's size is shown.
impl fmt::Debug for AudioFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioFrame")
            .field("kind", &self.kind)
            .field("media_type", &self.media_type)
            .field("item", &self.item)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// Finds type, ids and payload of an audio frame, or `None` when the frame is another one or
/// unusual in any way; the full parser decides then.
///
/// Time is linear in the frame, nothing is allocated, and a frame of another type is left at the
/// first key that tells.
pub fn scan<'a>(frame: &'a [u8], shape: &Shape) -> Option<AudioFrame<'a>> {
    let mut scan = Scan {
        cursor: Cursor::new(frame),
        found: AudioFrame::default(),
        payload: None,
    };
    scan.cursor.space();
    scan.object(shape, DEPTH)?;
    scan.cursor.space();
    let payload = scan.payload.filter(|_| scan.cursor.is_at_end())?;
    Some(AudioFrame {
        payload,
        ..scan.found
    })
}

struct Scan<'a> {
    cursor: Cursor<'a>,
    found: AudioFrame<'a>,
    payload: Option<&'a [u8]>,
}

impl Scan<'_> {
    fn object(&mut self, shape: &Shape, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut seen = Seen::default();
        self.cursor.take(b'{')?;
        self.cursor.space();
        while !self.cursor.eat(b'}') {
            if !seen.is_empty {
                self.cursor.take(b',')?;
                self.cursor.space();
            }
            seen.is_empty = false;
            let key = self.key(shape.keys, seen.next)?;
            self.cursor.space();
            self.cursor.take(b':')?;
            self.cursor.space();
            match key {
                Some((index, key)) => {
                    seen.mark(index)?;
                    self.value(&key.role, depth)?;
                }
                None if shape.others == Others::Skip => self.cursor.skip(depth)?,
                None => return None,
            }
            self.cursor.space();
        }
        seen.is_complete(shape.keys).then_some(())
    }

    /// The next key of the object, if it is one of `keys`. Wires keep their order, so the key at
    /// `expected` is the likeliest, under its first name.
    #[inline]
    fn key<'k>(&mut self, keys: &'k [Key], expected: usize) -> Option<Option<(usize, &'k Key)>> {
        if let Some(key) = keys.get(expected)
            && let Some(name) = key.names.first()
            && self.cursor.eat_string(name)
        {
            return Some(Some((expected, key)));
        }
        let name = self.cursor.string()?;
        let is_it = |key: &Key| key.names.iter().any(|known| known.as_bytes() == name);
        Some(keys.iter().enumerate().find(|(_, key)| is_it(key)))
    }

    fn value(&mut self, role: &Role, depth: usize) -> Option<()> {
        let cursor = &mut self.cursor;
        let found = &mut self.found;
        match role {
            Role::Kind(kinds) => {
                let kind = kinds.iter().find(|kind| cursor.eat_string(kind))?;
                once(&mut found.kind, kind)
            }
            Role::MediaType(types) => {
                let media_type = cursor.text()?;
                let essence = media_type.split(';').next()?;
                let is_known = types.contains(&essence);
                once(&mut found.media_type, is_known.then_some(media_type)?)
            }
            Role::Payload => once(&mut self.payload, cursor.payload()?),
            Role::Event => once(&mut found.event, cursor.text()?),
            Role::Response => once(&mut found.response, cursor.text()?),
            Role::Item => once(&mut found.item, cursor.text()?),
            Role::OutputIndex => once(&mut found.output_index, cursor.index()?),
            Role::ContentIndex => once(&mut found.content_index, cursor.index()?),
            Role::Only(spellings) => {
                let value = cursor.spelled(depth)?;
                let mut spellings = spellings.iter().map(|known| known.as_bytes());
                spellings.any(|known| known == value).then_some(())
            }
            Role::Ignored => cursor.skip(depth),
            Role::Object(shape) => self.object(shape, depth),
            Role::Single(shape) => {
                cursor.take(b'[')?;
                cursor.space();
                self.object(shape, depth)?;
                self.cursor.space();
                self.cursor.take(b']')
            }
        }
    }
}

/// Keeps `value`, unless the frame said it before.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = Some(value);
    Some(())
}

/// Which keys of one object have come.
struct Seen {
    is_empty: bool,
    keys: u32,
    /// The place after that of the last key that was known.
    next: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            is_empty: true,
            keys: 0,
            next: 0,
        }
    }
}

impl Seen {
    fn mark(&mut self, index: usize) -> Option<()> {
        let bit = 1_u32.checked_shl(u32::try_from(index).ok()?)?;
        self.next = index + 1;
        let is_new = self.keys & bit == 0;
        self.keys |= bit;
        is_new.then_some(())
    }

    fn is_complete(&self, keys: &[Key]) -> bool {
        keys.len() <= 32
            && keys
                .iter()
                .enumerate()
                .all(|(index, key)| !key.required || self.keys >> index & 1 == 1)
    }
}
