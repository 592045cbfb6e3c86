//! The media path: finding and writing base64 audio in JSON frames without building a tree.
//!
//! Most frames of a conversation carry audio and little else. For them a tree of JSON values, or
//! even a typed parse, costs many times what the audio itself costs. This module reads such frames
//! in one pass and decodes their payload straight into the bytes that are handed out, and writes
//! them from a template into a buffer that is used again.
//!
//! What the keys are called is a wire's own business, so a provider's plug-in describes the frame
//! by a constant [`Shape`]:
//!
//! ```
//! use antiphon_protocol::media::{self, Key, Others, Role, Shape};
//!
//! static SPOKEN: Shape = Shape {
//!     keys: &[
//!         Key::required(&["type"], Role::Kind(&["speech.delta"])),
//!         Key::required(&["item"], Role::Item),
//!         Key::required(&["audio"], Role::Payload),
//!     ],
//!     others: Others::Skip,
//! };
//!
//! let frame = br#"{"type":"speech.delta","item":"i1","audio":"AAEC","note":null}"#;
//! let spoken = media::scan(frame, &SPOKEN).expect("an ordinary frame");
//! assert_eq!(spoken.item, Some("i1"));
//! assert_eq!(&spoken.decode()?[..], [0, 1, 2]);
//!
//! // Anything else, and anything unusual, is left to the full parser.
//! assert!(media::scan(br#"{"type":"speech.done","item":"i1"}"#, &SPOKEN).is_none());
//! assert!(media::scan(br#"{"\u0074ype":"speech.delta","item":"i1","audio":""}"#, &SPOKEN).is_none());
//! # Ok::<(), media::Base64Error>(())
//! ```
//!
//! # The rule
//!
//! [`scan`] answers only when it has read the whole frame and understood every byte of it: known
//! keys once each, plain strings, ordinary numbers, correct JSON to the end. In all other cases it
//! answers `None`, which means "not mine, or unusual": the caller then takes the full parser, whose
//! answer is the truth. What the scan does answer is what the full parser would have found.

mod base64;
mod cursor;
mod recent;
mod scan;
mod shape;
mod template;

pub use self::{
    base64::{Base64Error, decode_base64, decode_base64_into},
    recent::Recent,
    scan::{AudioFrame, scan},
    shape::{Key, Others, Role, Shape},
    template::{AudioEncoder, AudioTemplate},
};
