//! What an audio frame costs on the media path and by other ways.
//!
//! `cargo bench -p antiphon-protocol --bench media` measures with criterion and ends with a table of
//! `media …` lines: the best of many short runs, the ratio to the first line of its group, and how
//! often the allocator was asked. (The allocator that counts adds a little to each of these.)
//! `-- --table` prints the table alone.

#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

#[path = "../tests/wires/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod wires;

use std::{
    hint::black_box,
    sync::LazyLock,
    time::{Duration, Instant},
};

use allocation_counter::measure as measure_allocations;
use antiphon_protocol::media::{self, AudioEncoder, AudioTemplate};
use base64::{
    Engine,
    engine::{Simd, general_purpose},
};
use criterion::{Criterion, Throughput};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wires::{FLAT, Flat, NESTED, Nested};

/// One way of doing a group's work; what it answers is the bytes it made.
type Way<'a> = (&'static str, Box<dyn FnMut() -> usize + 'a>);

/// Ways that do the same work; the first is the one the product takes.
struct Group<'a> {
    name: &'static str,
    /// Bytes of audio.
    bytes: usize,
    ways: Vec<Way<'a>>,
}

fn main() {
    let sound = Sound::new();
    let groups = || {
        vec![
            pass(&sound),
            decode_flat(&sound),
            decode_nested(&sound),
            encode_flat(&sound),
            encode_nested(&sound),
            base64_decode(&sound),
            base64_encode(&sound),
            find_quote(&sound),
        ]
    };
    if !std::env::args().any(|arg| arg == "--table") {
        let mut criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .configure_from_args();
        for group in groups() {
            measure(&mut criterion, group);
        }
        criterion.final_summary();
    }
    for group in groups() {
        print(group);
    }
}

fn measure(criterion: &mut Criterion, group: Group<'_>) {
    let mut timed = criterion.benchmark_group(format!("media/{}", group.name));
    timed.throughput(Throughput::Bytes(group.bytes as u64));
    for (name, mut way) in group.ways {
        timed.bench_function(name, |bencher| bencher.iter(|| black_box(way())));
    }
    timed.finish();
}

fn print(group: Group<'_>) {
    let mut first = None;
    for (name, mut way) in group.ways {
        let nanos = best_of(&mut *way);
        let allocations = measure_allocations(|| {
            black_box(way());
        })
        .count_total;
        let ratio = nanos / *first.get_or_insert(nanos);
        println!(
            "media {:<24} {:>5} B  {name:<28} {nanos:>8.0} ns {ratio:>7.2} {allocations:>3} allocations",
            group.name, group.bytes
        );
    }
}

/// Nanoseconds of one run, in the quickest of 60 batches.
fn best_of(way: &mut dyn FnMut() -> usize) -> f64 {
    const BATCH: u32 = 2_000;
    (0..60)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..BATCH {
                black_box(way());
            }
            started.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH)
        })
        .fold(f64::INFINITY, f64::min)
}

/// The audio that the frames carry.
struct Sound {
    /// 40 ms at 24 kHz, as services send it.
    down: Vec<u8>,
    /// 20 ms at 24 kHz, as a caller sends it.
    up: Vec<u8>,
    /// 20 ms at 16 kHz, as a caller sends it.
    up_slow: Vec<u8>,
    flat: String,
    nested: String,
    text: String,
}

impl Sound {
    fn new() -> Self {
        let noise = |len: usize| -> Vec<u8> {
            (0..len as u64)
                .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
                .collect()
        };
        let text = general_purpose::STANDARD.encode(noise(1920));
        Self {
            down: noise(1920),
            up: noise(960),
            up_slow: noise(640),
            flat: (FLAT.frame)(&text),
            nested: (NESTED.frame)(&text),
            text,
        }
    }
}

fn decode(text: &str) -> usize {
    media::decode_base64(text.as_bytes()).map_or(0, |audio| audio.len())
}

fn pass(sound: &Sound) -> Group<'_> {
    let other = br#"{"type":"response.output_audio_transcript.delta","event_id":"event_EBXOxXXUt8NGONARCeFwH","delta":"Hello"}"#;
    let size = |frame, wire: &wires::Wire| {
        media::scan(frame, wire.shape).map_or(0, |found| found.payload.len())
    };
    Group {
        name: "scan",
        bytes: sound.down.len(),
        ways: vec![
            ("flat", Box::new(move || size(sound.flat.as_bytes(), &FLAT))),
            (
                "nested",
                Box::new(move || size(sound.nested.as_bytes(), &NESTED)),
            ),
            ("another frame", Box::new(move || size(other, &FLAT))),
        ],
    }
}

fn decode_flat(sound: &Sound) -> Group<'_> {
    let frame = &*sound.flat;
    let mut buffer = Vec::new();
    Group {
        name: "decode flat",
        bytes: sound.down.len(),
        ways: vec![
            (
                "scan",
                Box::new(move || {
                    let found = media::scan(frame.as_bytes(), FLAT.shape);
                    found
                        .and_then(|found| found.decode().ok())
                        .map_or(0, |audio| audio.len())
                }),
            ),
            (
                "scan, into a buffer",
                Box::new(move || {
                    buffer.clear();
                    media::scan(frame.as_bytes(), FLAT.shape).map_or(0, |found| {
                        let _ = media::decode_base64_into(found.payload, &mut buffer);
                        buffer.len()
                    })
                }),
            ),
            (
                "serde_json borrowed",
                Box::new(move || {
                    serde_json::from_str(frame)
                        .map_or(0, |frame: FlatBorrowed<'_>| decode(frame.delta))
                }),
            ),
            (
                "serde_json typed",
                Box::new(move || {
                    serde_json::from_str(frame).map_or(0, |frame: Flat| decode(&frame.delta))
                }),
            ),
            (
                "serde_json Value",
                Box::new(move || {
                    let value: Value = serde_json::from_str(frame).unwrap_or_default();
                    value.get("delta").and_then(Value::as_str).map_or(0, decode)
                }),
            ),
            (
                "serde_json typed, base64",
                Box::new(move || {
                    serde_json::from_str(frame).map_or(0, |frame: Flat| {
                        general_purpose::STANDARD
                            .decode(frame.delta)
                            .map_or(0, |audio| audio.len())
                    })
                }),
            ),
        ],
    }
}

fn decode_nested(sound: &Sound) -> Group<'_> {
    let frame = sound.nested.as_bytes();
    Group {
        name: "decode nested",
        bytes: sound.down.len(),
        ways: vec![
            (
                "scan",
                Box::new(move || {
                    let found = media::scan(frame, NESTED.shape);
                    found
                        .and_then(|found| found.decode().ok())
                        .map_or(0, |audio| audio.len())
                }),
            ),
            (
                "serde_json borrowed",
                Box::new(move || {
                    serde_json::from_slice(frame).map_or(0, |frame: NestedBorrowed<'_>| {
                        let parts = frame.server_content.model_turn.parts;
                        parts
                            .first()
                            .map_or(0, |part| decode(part.inline_data.data))
                    })
                }),
            ),
            (
                "serde_json typed",
                Box::new(move || {
                    serde_json::from_slice(frame).map_or(0, |frame: Nested| {
                        let parts = frame.server_content.model_turn.parts;
                        parts
                            .first()
                            .map_or(0, |part| decode(&part.inline_data.data))
                    })
                }),
            ),
            (
                "serde_json Value",
                Box::new(move || {
                    let value: Value = serde_json::from_slice(frame).unwrap_or_default();
                    value
                        .pointer("/serverContent/modelTurn/parts/0/inlineData/data")
                        .and_then(Value::as_str)
                        .map_or(0, decode)
                }),
            ),
            (
                "serde_json typed, base64",
                Box::new(move || {
                    serde_json::from_slice(frame).map_or(0, |frame: Nested| {
                        let parts = frame.server_content.model_turn.parts;
                        parts.first().map_or(0, |part| {
                            general_purpose::STANDARD
                                .decode(&part.inline_data.data)
                                .map_or(0, |audio| audio.len())
                        })
                    })
                }),
            ),
        ],
    }
}

/// The flat frame as types that borrow their text.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "reading them is the work that is measured")]
struct FlatBorrowed<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    event_id: Option<&'a str>,
    response_id: &'a str,
    item_id: &'a str,
    output_index: u32,
    content_index: u32,
    delta: &'a str,
}

/// The nested frame as types that borrow their text.
#[derive(Debug, Deserialize)]
struct NestedBorrowed<'a> {
    #[serde(rename = "serverContent", borrow)]
    server_content: ContentBorrowed<'a>,
}

#[derive(Debug, Deserialize)]
struct ContentBorrowed<'a> {
    #[serde(rename = "modelTurn", borrow)]
    model_turn: TurnBorrowed<'a>,
}

#[derive(Debug, Deserialize)]
struct TurnBorrowed<'a> {
    #[serde(borrow)]
    parts: Vec<PartBorrowed<'a>>,
}

#[derive(Debug, Deserialize)]
struct PartBorrowed<'a> {
    #[serde(rename = "inlineData", borrow)]
    inline_data: BlobBorrowed<'a>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "reading it is the work that is measured")]
struct BlobBorrowed<'a> {
    #[serde(rename = "mimeType")]
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
struct FlatAppend<'a> {
    r#type: &'a str,
    audio: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NestedAppend<'a> {
    realtime_input: Input<'a>,
}

#[derive(Serialize)]
struct Input<'a> {
    audio: Blob<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'a str,
    data: String,
}

fn written(frame: serde_json::Result<Vec<u8>>) -> usize {
    frame.map_or(0, |frame| frame.len())
}

/// The ways that do not depend on the wire.
fn templates(template: AudioTemplate, audio: &[u8]) -> Vec<Way<'_>> {
    let mut buffer = Vec::new();
    let mut encoder = AudioEncoder::new(template.clone());
    vec![
        (
            "template, into a buffer",
            Box::new(move || {
                buffer.clear();
                template.write(audio, &mut buffer);
                buffer.len()
            }),
        ),
        (
            "encoder, as Bytes",
            Box::new(move || encoder.frame(audio).len()),
        ),
    ]
}

fn encode_flat(sound: &Sound) -> Group<'_> {
    const KIND: &str = "input_audio_buffer.append";
    let template = AudioTemplate::new(r#"{"type":"input_audio_buffer.append","audio":""#, r#""}"#);
    let mut ways = templates(template, &sound.up);
    ways.push((
        "serde_json typed",
        Box::new(|| {
            let audio = base64_simd::STANDARD.encode_to_string(&sound.up);
            written(serde_json::to_vec(&FlatAppend {
                r#type: KIND,
                audio,
            }))
        }),
    ));
    ways.push((
        "serde_json json!",
        Box::new(|| {
            let audio = base64_simd::STANDARD.encode_to_string(&sound.up);
            written(serde_json::to_vec(
                &serde_json::json!({"type": KIND, "audio": audio}),
            ))
        }),
    ));
    ways.push((
        "serde_json typed, base64",
        Box::new(|| {
            let audio = general_purpose::STANDARD.encode(&sound.up);
            written(serde_json::to_vec(&FlatAppend {
                r#type: KIND,
                audio,
            }))
        }),
    ));
    Group {
        name: "encode flat",
        bytes: sound.up.len(),
        ways,
    }
}

fn encode_nested(sound: &Sound) -> Group<'_> {
    const MIME: &str = "audio/pcm;rate=16000";
    let template = AudioTemplate::new(
        r#"{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":""#,
        r#""}}}"#,
    );
    let append = |data| NestedAppend {
        realtime_input: Input {
            audio: Blob {
                mime_type: MIME,
                data,
            },
        },
    };
    let mut ways = templates(template, &sound.up_slow);
    ways.push((
        "serde_json typed",
        Box::new(move || {
            let data = base64_simd::STANDARD.encode_to_string(&sound.up_slow);
            written(serde_json::to_vec(&append(data)))
        }),
    ));
    ways.push((
        "serde_json json!",
        Box::new(|| {
            let data = base64_simd::STANDARD.encode_to_string(&sound.up_slow);
            written(serde_json::to_vec(&serde_json::json!(
                {"realtimeInput": {"audio": {"mimeType": MIME, "data": data}}}
            )))
        }),
    ));
    ways.push((
        "serde_json typed, base64",
        Box::new(move || {
            let data = general_purpose::STANDARD.encode(&sound.up_slow);
            written(serde_json::to_vec(&append(data)))
        }),
    ));
    Group {
        name: "encode nested",
        bytes: sound.up_slow.len(),
        ways,
    }
}

fn base64_decode(sound: &Sound) -> Group<'_> {
    let text = sound.text.as_bytes();
    let buffer = || Vec::with_capacity(sound.down.len() + 3);
    let (mut a, mut b, mut c) = (buffer(), buffer(), buffer());
    let mut d = vec![0; sound.down.len() + 3];
    Group {
        name: "base64 decode",
        bytes: sound.down.len(),
        ways: vec![
            (
                "base64-simd",
                Box::new(move || {
                    a.clear();
                    let _ = base64_simd::STANDARD.decode_append(text, &mut a);
                    a.len()
                }),
            ),
            (
                "base64, Simd engine",
                Box::new(move || {
                    b.clear();
                    let _ = SIMD.decode_vec(text, &mut b);
                    b.len()
                }),
            ),
            (
                "base64",
                Box::new(move || {
                    c.clear();
                    let _ = general_purpose::STANDARD.decode_vec(text, &mut c);
                    c.len()
                }),
            ),
            (
                "data-encoding",
                Box::new(move || {
                    data_encoding::BASE64
                        .decode_mut(text, d.get_mut(..1920).unwrap_or_default())
                        .unwrap_or(0)
                }),
            ),
        ],
    }
}

fn base64_encode(sound: &Sound) -> Group<'_> {
    let audio = &*sound.up;
    let mut a = Vec::with_capacity(1280);
    let (mut b, mut c) = (vec![0; 1280], vec![0; 1280]);
    let mut d = String::with_capacity(1280);
    Group {
        name: "base64 encode",
        bytes: sound.up.len(),
        ways: vec![
            (
                "base64-simd",
                Box::new(move || {
                    a.clear();
                    base64_simd::STANDARD.encode_append(audio, &mut a);
                    a.len()
                }),
            ),
            (
                "base64, Simd engine",
                Box::new(move || SIMD.encode_slice(audio, &mut b).unwrap_or(0)),
            ),
            (
                "base64",
                Box::new(move || {
                    general_purpose::STANDARD
                        .encode_slice(audio, &mut c)
                        .unwrap_or(0)
                }),
            ),
            (
                "data-encoding",
                Box::new(move || {
                    d.clear();
                    data_encoding::BASE64.encode_append(audio, &mut d);
                    d.len()
                }),
            ),
        ],
    }
}

/// Made once: it asks the processor what it can do.
static SIMD: LazyLock<Simd> = LazyLock::new(|| Simd::standard(general_purpose::PAD));

fn find_quote(sound: &Sound) -> Group<'_> {
    let text = sound
        .flat
        .as_bytes()
        .get(sound.flat.len() - sound.text.len() - 2..)
        .unwrap_or_default();
    Group {
        name: "find the closing quote",
        bytes: sound.text.len(),
        ways: vec![
            (
                "memchr",
                Box::new(move || memchr::memchr(b'"', text).unwrap_or(0)),
            ),
            (
                "Iterator::position",
                Box::new(move || text.iter().position(|&byte| byte == b'"').unwrap_or(0)),
            ),
        ],
    }
}
