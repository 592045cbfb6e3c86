//! Frames written from a template say what a JSON writer would have said.

mod suite;

use antiphon_protocol::media::{self, AudioEncoder, AudioTemplate};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};
use suite::{at_tier, run};

const APPEND: AudioTemplate = AudioTemplate::new(r#"{"type":"append","audio":""#, r#""}"#);

#[test]
fn every_way_of_writing_says_the_same() {
    let mut encoder = AudioEncoder::new(APPEND);
    // Up to and beyond the block that the encoder cuts small frames from.
    for len in (0..64).chain([
        960, 6_000, 6_117, 6_118, 6_119, 6_120, 6_121, 6_122, 100_000,
    ]) {
        let audio: Vec<u8> = (0..len).map(|at: usize| at as u8).collect();
        let mut out = b"before ".to_vec();
        APPEND.write(&audio, &mut out);
        let written = out.strip_prefix(b"before ").expect("what was there stays");

        let frame: Value = serde_json::from_slice(written).expect("JSON");
        assert_eq!(
            frame,
            json!({ "type": "append", "audio": STANDARD.encode(&audio) })
        );
        assert_eq!(written.len(), APPEND.frame_len(len), "{len}");

        let mut bytes = BytesMut::from(&b"before "[..]);
        APPEND.write_bytes(&audio, &mut bytes);
        assert_eq!(bytes, out, "{len}");
        assert_eq!(encoder.frame(&audio), written, "{len}");
    }
}

#[test]
fn frames_in_flight_are_not_touched_by_later_ones() {
    let mut encoder = AudioEncoder::new(APPEND);
    let frames: Vec<_> = (0..200_u8)
        .map(|byte| encoder.frame(&[byte; 480]))
        .collect();
    for (byte, frame) in (0..200_u8).zip(&frames) {
        let mut expected = Vec::new();
        APPEND.write(&[byte; 480], &mut expected);
        assert_eq!(frame, &expected, "{byte}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let audio = prop::collection::vec(any::<u8>(), 0..3000);
    run("media-write", at_tier(5_000, 200_000), &audio, |audio| {
        let mut out = Vec::new();
        AudioTemplate::new("", "").write(&audio, &mut out);
        let read = media::decode_base64(&out);
        prop_assert_eq!(read.as_deref(), Ok(&audio[..]));
        Ok(())
    });
}

#[test]
fn a_finished_frame_becomes_a_template() {
    let frame = json!({ "audio": { "mime": "audio/pcm;\"x\"", "data": "HOLE" } }).to_string();
    let template = AudioTemplate::from_frame(&frame, "HOLE").expect("one hole");
    let mut out = Vec::new();
    template.write(&[0, 1, 2], &mut out);
    assert_eq!(out, frame.replace("HOLE", "AAEC").into_bytes());

    for (frame, placeholder) in [("{}", "HOLE"), ("HOLE HOLE", "HOLE"), ("{}", "")] {
        assert_eq!(
            AudioTemplate::from_frame(frame, placeholder),
            None,
            "{frame}"
        );
    }
}
