//! Base64 as audio comes: mostly standard and padded, sometimes URL-safe or unpadded.

use base64_simd::{Base64, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use thiserror::Error;

/// The text is not base64 of any known kind. It does not quote the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not base64")]
pub struct Base64Error;

/// Decodes base64; one allocation.
///
/// The standard and the URL-safe alphabet are read, not mixed, with or without padding. White
/// space, escapes and bits beyond the last byte are refused: two readers might disagree on them.
///
/// # Errors
/// When `text` is not base64.
pub fn decode_base64(text: &[u8]) -> Result<Bytes, Base64Error> {
    variants(text)
        .find_map(|variant| variant.decode_to_vec(text).ok())
        .map(Bytes::from)
        .ok_or(Base64Error)
}

/// Decodes base64 and appends the bytes to `out`; no allocation where `out` has room.
///
/// # Errors
/// When `text` is not base64; `out` is as it was then.
pub fn decode_base64_into(text: &[u8], out: &mut Vec<u8>) -> Result<(), Base64Error> {
    variants(text)
        .find_map(|variant| variant.decode_append(text, out).ok())
        .ok_or(Base64Error)
}

/// The likeliest variant, and then the one that the text shows itself to be.
fn variants(text: &[u8]) -> impl Iterator<Item = &'static Base64> {
    let other = move || {
        let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
        match (is_url_safe, text.ends_with(b"=")) {
            (true, true) => Some(&URL_SAFE),
            (true, false) => Some(&URL_SAFE_NO_PAD),
            (false, false) => Some(&STANDARD_NO_PAD),
            (false, true) => None,
        }
    };
    std::iter::once(&STANDARD).chain(std::iter::once_with(other).flatten())
}
