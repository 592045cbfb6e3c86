//! What the media path asks of the allocator, frame by frame.

#[expect(dead_code, reason = "the slow twins are not asked here")]
mod wires;

use std::{collections::VecDeque, hint::black_box};

use allocation_counter::measure;
use antiphon_protocol::{
    AudioChunk, AudioFormat, ItemId, ResponseId,
    media::{self, AudioEncoder, AudioTemplate, Recent},
};
use bytes::BytesMut;
use wires::{FLAT, NESTED};

/// 40 ms of PCM16 at 24 kHz.
const DOWN: usize = 1920;
/// 20 ms of PCM16 at 24 kHz.
const UP: usize = 960;

const APPEND: AudioTemplate =
    AudioTemplate::new(r#"{"type":"input_audio_buffer.append","audio":""#, r#""}"#);

fn audio(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn decoding_a_frame_allocates_once() {
    for wire in [&FLAT, &NESTED] {
        let sample = audio(DOWN);
        let frame = (wire.frame)(&data_encoding::BASE64.encode(&sample));
        let mut decoded = None;
        let cost = measure(|| {
            decoded =
                media::scan(frame.as_bytes(), wire.shape).and_then(|frame| frame.decode().ok());
        });
        assert_eq!(decoded.as_deref(), Some(&sample[..]));
        assert_eq!(
            (cost.count_total, cost.bytes_total),
            (1, DOWN as u64),
            "{}",
            wire.name
        );
    }
}

#[test]
fn ids_that_come_again_allocate_nothing() {
    let sample = audio(DOWN);
    let frame = (FLAT.frame)(&data_encoding::BASE64.encode(&sample));
    let mut items: Recent<ItemId> = Recent::default();
    let mut responses: Recent<ResponseId> = Recent::default();
    let mut decode = || {
        let found = media::scan(frame.as_bytes(), FLAT.shape).expect("an ordinary frame");
        let audio = found.decode().expect("base64");
        AudioChunk {
            item: found.item.map(|item| items.id(item)),
            response: found.response.map(|response| responses.id(response)),
            ..AudioChunk::new(audio, AudioFormat::PCM16_24K)
        }
    };
    let first = decode();
    let cost = measure(|| assert!(decode() == first));
    assert_eq!(cost.count_total, 1);
}

#[test]
fn decoding_into_a_used_buffer_allocates_nothing() {
    let frame = (FLAT.frame)(&data_encoding::BASE64.encode(&audio(DOWN)));
    let mut out = Vec::with_capacity(DOWN);
    let cost = measure(|| {
        let found = media::scan(frame.as_bytes(), FLAT.shape).expect("an ordinary frame");
        media::decode_base64_into(found.payload, &mut out).expect("base64");
    });
    assert_eq!(out, audio(DOWN));
    assert_eq!(cost.count_total, 0);
}

#[test]
fn leaving_a_frame_to_the_parser_allocates_nothing() {
    let frame = br#"{"type":"response.output_audio_transcript.delta","delta":"Hello"}"#;
    let cost = measure(|| assert!(media::scan(frame, FLAT.shape).is_none()));
    assert_eq!(cost.count_total, 0);
}

#[test]
fn writing_into_a_used_buffer_allocates_nothing() {
    let sample = audio(UP);
    let mut out = Vec::new();
    APPEND.write(&sample, &mut out);
    let first = out.clone();
    let cost = measure(|| {
        out.clear();
        APPEND.write(&sample, &mut out);
    });
    assert_eq!(out, first);
    assert_eq!(cost.count_total, 0);

    let mut out = BytesMut::with_capacity(APPEND.frame_len(UP));
    let cost = measure(|| APPEND.write_bytes(&sample, &mut out));
    assert_eq!(out, first);
    assert_eq!(cost.count_total, 0);
}

#[test]
fn an_encoder_allocates_nothing_once_its_frames_come_back() {
    let sample = audio(UP);
    let mut encoder = AudioEncoder::new(APPEND);
    drop(encoder.frame(&sample));
    let steady = measure(|| {
        for _ in 0..1000 {
            black_box(encoder.frame(&sample));
        }
    });
    assert_eq!(steady.count_total, 0);
}

#[test]
fn an_encoder_holds_what_is_in_flight_and_little_more() {
    let sample = audio(UP);
    let mut encoder = AudioEncoder::new(APPEND);
    let cost = measure(|| {
        let mut in_flight = VecDeque::with_capacity(8);
        for _ in 0..10_000 {
            if in_flight.len() == 8 {
                in_flight.pop_front();
            }
            in_flight.push_back(encoder.frame(&sample));
        }
    });
    let in_flight = 8 * APPEND.frame_len(UP) as u64;
    assert!(cost.bytes_max < 4 * in_flight, "{cost:?}");
    assert!(cost.count_total < 10_000, "{cost:?}");
}

#[test]
fn a_large_frame_does_not_stay_in_memory() {
    let mut encoder = AudioEncoder::new(APPEND);
    let large = audio(1 << 20);
    let cost = measure(|| {
        let frame = encoder.frame(&large);
        assert_eq!(frame.len(), APPEND.frame_len(1 << 20));
        drop(frame);
        drop(encoder.frame(&[0; UP]));
    });
    assert!(cost.bytes_current <= 16 * 1024, "{cost:?}");
}
