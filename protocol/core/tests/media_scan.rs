//! The quick reader of audio frames against its slow twin: whatever the scan answers, the full
//! parser says too, and ordinary frames are never left to the parser.

mod frames;
mod suite;
mod wires;

use std::{cell::Cell, fs, path::Path};

use antiphon_protocol::media::{self, AudioFrame};
use base64::Engine;
use frames::{damage, odd, ordinary};
use proptest::prelude::*;
use suite::{at_tier, run};
use wires::{FLAT, Found, NESTED, Wire};

const EVERYDAY: u32 = 20_000;
const NIGHTLY: u32 = 2_000_000;

#[test]
fn ordinary_frames_are_never_left_to_the_parser() {
    for wire in [&FLAT, &NESTED] {
        check(
            wire,
            "ordinary",
            2_000,
            50_000,
            ordinary(wire),
            |wire, frame| {
                let scanned = scan(wire, frame);
                prop_assert!(scanned.is_some());
                prop_assert_eq!(scanned, twin(wire, frame));
                Ok(())
            },
        );
    }
}

#[test]
fn odd_frames_are_read_as_the_parser_reads_them_or_not_at_all() {
    for wire in [&FLAT, &NESTED] {
        check(wire, "odd", EVERYDAY, NIGHTLY, odd(wire), agrees);
    }
}

#[test]
fn damaged_frames_are_read_as_the_parser_reads_them_or_not_at_all() {
    for wire in [&FLAT, &NESTED] {
        let frames = prop_oneof![ordinary(wire), odd(wire)];
        let damaged = (frames, prop::collection::vec(damage(), 1..4)).prop_map(|(frame, blows)| {
            blows
                .into_iter()
                .fold(frame, |frame, blow| blow.strike(frame))
        });
        check(wire, "damaged", EVERYDAY, NIGHTLY, damaged, agrees);
    }
}

#[test]
fn a_frame_that_breaks_off_anywhere_is_not_read() {
    for wire in [&FLAT, &NESTED] {
        let frame = (wire.frame)("AAECAwQF");
        let whole = frame.trim_end().len();
        for end in 0..whole {
            assert_eq!(
                scan(wire, &frame.as_bytes()[..end]),
                None,
                "{} {end}",
                wire.name
            );
        }
        assert!(scan(wire, &frame.as_bytes()[..whole]).is_some());
    }
}

#[test]
fn unusual_frames_are_left_to_the_parser() {
    for (wire, rows) in [(&FLAT, UNUSUAL_FLAT), (&NESTED, UNUSUAL_NESTED)] {
        let usual = (wire.frame)("AAEC");
        assert!(scan(wire, usual.as_bytes()).is_some());
        for (what, from, to) in rows {
            assert!(usual.contains(from), "{what}: {from} is not in {usual}");
            let frame = usual.replacen(from, to, 1);
            assert_eq!(scan(wire, frame.as_bytes()), None, "{what}: {frame}");
        }
    }
}

#[test]
fn nesting_beyond_the_bound_is_left_to_the_parser() {
    let nested = |depth| {
        let note = format!("{{\"x\":{}{},", "[".repeat(depth), "]".repeat(depth));
        (FLAT.frame)("AAEC").replacen('{', &note, 1).into_bytes()
    };
    assert!(scan(&FLAT, &nested(10)).is_some());
    assert!(twin(&FLAT, &nested(100)).is_some());
    assert_eq!(scan(&FLAT, &nested(100)), None);
}

/// What is unusual, the piece of an ordinary frame that is replaced, and by what.
const UNUSUAL_FLAT: &[(&str, &str, &str)] = &[
    ("another type", "output_audio.delta", "output_audio.done"),
    ("an escaped key", "\"delta\"", "\"\\u0064elta\""),
    ("an escaped id", "item_E", "item\\u005fE"),
    ("an escaped payload", "AAEC", "AA\\u0045C"),
    ("an escaped quote in the payload", "AAEC", "AA\\\"C"),
    ("a payload that is null", "\"AAEC\"", "null"),
    (
        "an id that is null",
        "\"event_EBXOxXXUt8NGONARCeFwH\"",
        "null",
    ),
    (
        "an index below zero",
        "\"output_index\":0",
        "\"output_index\":-1",
    ),
    (
        "an index with a fraction",
        "\"output_index\":0",
        "\"output_index\":0.0",
    ),
    (
        "an index with leading zero",
        "\"output_index\":0",
        "\"output_index\":00",
    ),
    (
        "an index too large",
        "\"output_index\":0",
        "\"output_index\":4294967296",
    ),
    (
        "a key twice",
        "\"delta\"",
        "\"item_id\":\"other\",\"delta\"",
    ),
    (
        "a payload twice",
        "\"delta\"",
        "\"delta\":\"AAAA\",\"delta\"",
    ),
    ("a missing key", "\"item_id\"", "\"item\""),
    ("a key in other letters", "\"delta\"", "\"DELTA\""),
    ("text after the frame", "\"AAEC\"}", "\"AAEC\"} x"),
    ("two frames", "\"AAEC\"}", "\"AAEC\"}{}"),
    ("a byte-order mark", "{\"type\"", "\u{feff}{\"type\""),
    ("a comma too many", "\"AAEC\"}", "\"AAEC\",}"),
    ("a comma first", "{\"type\"", "{,\"type\""),
    ("a comment", "{\"type\"", "{/**/\"type\""),
    (
        "an unknown key with a broken value",
        "{\"type\"",
        "{\"x\":tru,\"type\"",
    ),
    (
        "an unknown key with no number",
        "{\"type\"",
        "{\"x\":-,\"type\"",
    ),
    ("a control character", "item_E", "item\u{1}E"),
    ("a letter beyond ASCII", "item_E", "itemé"),
];

/// The same for the other wire.
const UNUSUAL_NESTED: &[(&str, &str, &str)] = &[
    (
        "a second member",
        "\"serverContent\"",
        "\"usageMetadata\":{},\"serverContent\"",
    ),
    (
        "a thought",
        "\"inlineData\"",
        "\"thought\":true,\"inlineData\"",
    ),
    ("a picture", "audio/pcm", "image/png"),
    (
        "a media type that begins alike",
        "audio/pcm;",
        "audio/pcma;",
    ),
    ("no part", "[", "[],\"x\":["),
    ("two parts", "[", "[{\"text\":\"x\"},"),
    (
        "an ignored key twice",
        "\"parts\"",
        "\"role\":\"a\",\"role\":\"b\",\"parts\"",
    ),
    (
        "both spellings",
        "\"data\"",
        "\"mime_type\":\"audio/pcm\",\"data\"",
    ),
];

#[test]
fn look_alikes_inside_other_values_are_not_taken() {
    let frame = (FLAT.frame)("AAEC").replacen(
        '{',
        r#"{ "note" : {"type":"x","delta":"////","item_id":[{"delta":"////"}]}, "n":[ -0.5 , true,{} ],"#,
        1,
    );
    let found = scan(&FLAT, frame.as_bytes());
    assert_eq!(found, twin(&FLAT, frame.as_bytes()));
    assert_eq!(found.map(|(_, audio)| audio), Some(vec![0, 1, 2]));
}

#[test]
fn base64_is_read_as_two_other_crates_read_it() {
    let text = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80).prop_flat_map(|bytes| prop::sample::select(
            frames::engines()
                .map(|engine| engine.encode(&bytes))
                .to_vec()
        )),
        "[A-D+/_=-]{0,9}",
        "[ -~\n]{0,24}",
    ];
    let cases = at_tier(EVERYDAY, NIGHTLY);
    run("media-base64", cases, &text, |text| {
        let encodings = [
            data_encoding::BASE64,
            data_encoding::BASE64_NOPAD,
            data_encoding::BASE64URL,
            data_encoding::BASE64URL_NOPAD,
        ];
        let others = [
            frames::engines()
                .iter()
                .find_map(|engine| engine.decode(&text).ok()),
            // This crate also reads padded pieces one after another, as nobody else does.
            encodings
                .iter()
                .find_map(|encoding| encoding.decode(text.as_bytes()).ok())
                .filter(|_| !text.trim_end_matches('=').contains('=')),
        ];
        let ours = media::decode_base64(text.as_bytes())
            .ok()
            .map(|bytes| bytes.to_vec());
        prop_assert_eq!(&others[0], &ours);
        prop_assert_eq!(&others[1], &ours);

        let mut appended = vec![7];
        let result = media::decode_base64_into(text.as_bytes(), &mut appended);
        prop_assert_eq!(result.is_ok(), ours.is_some());
        prop_assert_eq!(&appended[..1], [7]);
        prop_assert_eq!(&appended[1..], ours.unwrap_or_default());
        Ok(())
    });
}

#[test]
fn recorded_frames_are_read_as_the_parser_reads_them() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    if !specs.is_dir() {
        eprintln!("skipped: recorded frames (no ../../../shared/specs)");
        return;
    }
    let (mut frames, mut read) = (0, 0);
    for file in [
        "samples-openai.jsonl",
        "samples-openai-compat.jsonl",
        "samples-gemini.jsonl",
        "traces.jsonl",
    ] {
        let text = fs::read_to_string(specs.join(file)).expect("a samples file");
        for line in text.lines() {
            let line: serde_json::Value =
                serde_json::from_str(line).expect("one JSON value a line");
            for frame in [line["frame"].to_string(), format!("{:#}\n", line["frame"])] {
                frames += 1;
                for wire in [&FLAT, &NESTED] {
                    let found = scan(wire, frame.as_bytes());
                    assert_eq!(found, twin(wire, frame.as_bytes()), "{frame}");
                    read += usize::from(found.is_some());
                }
            }
        }
    }
    assert!(read >= 100, "{read} of {frames} recorded frames read");
}

/// The quick reader.
fn scan(wire: &Wire, frame: &[u8]) -> Option<(Found, Vec<u8>)> {
    let scanned = media::scan(frame, wire.shape)?;
    let audio = scanned.decode().ok()?.to_vec();
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let AudioFrame {
        kind,
        media_type,
        event,
        response,
        item,
        ..
    } = scanned;
    let found = Found {
        kind: owned(kind),
        media_type: owned(media_type),
        event: owned(event),
        response: owned(response),
        item: owned(item),
        output_index: scanned.output_index,
        content_index: scanned.content_index,
        payload: String::from_utf8(scanned.payload.to_vec()).ok()?,
    };
    Some((found, audio))
}

/// The slow reader: a typed parse, and another crate's base64.
fn twin(wire: &Wire, frame: &[u8]) -> Option<(Found, Vec<u8>)> {
    let found = (wire.parse)(frame)?;
    let audio = frames::engines()
        .iter()
        .find_map(|engine| engine.decode(&found.payload).ok())?;
    Some((found, audio))
}

fn agrees(wire: &Wire, frame: &[u8]) -> Result<(), TestCaseError> {
    if let Some(scanned) = scan(wire, frame) {
        prop_assert_eq!(Some(scanned), twin(wire, frame));
    }
    Ok(())
}

fn check(
    wire: &'static Wire,
    what: &str,
    everyday: u32,
    nightly: u32,
    frames: impl Strategy<Value = Vec<u8>>,
    holds: fn(&Wire, &[u8]) -> Result<(), TestCaseError>,
) {
    let cases = at_tier(everyday, nightly);
    let name = format!("media-scan-{what}-{}", wire.name);
    let read = Cell::new(0_u32);
    run(&name, cases, &frames, |frame| {
        read.set(read.get() + u32::from(scan(wire, &frame).is_some()));
        holds(wire, &frame)
    });
    // A scan that answers nothing agrees with everything.
    assert!(
        read.get() > cases / 50,
        "{name}: only {} frames read",
        read.get()
    );
}
