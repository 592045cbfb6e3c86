//! Frames to damage: recorded and published ones where they are at hand, made ones always.

use std::{fs, path::Path};

use antiphon_conformance::wire::{Direction, Protocol};
use serde_json::Value;

use crate::{
    generate::{Fill, Generator},
    random::Random,
    shapes::{PROTOCOLS, Shapes},
};

pub(crate) struct Frame {
    pub(crate) protocol: Protocol,
    pub(crate) direction: Direction,
    pub(crate) value: Value,
}

/// Lines of a file of samples beside the repository; none where it is absent.
pub(crate) fn samples(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/specs")
        .join(file);
    match fs::read_to_string(path) {
        Ok(text) => text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        Err(_) => {
            eprintln!("skipped: no {file} beside the repository");
            Vec::new()
        }
    }
}

fn protocol(line: &Value) -> Protocol {
    match (
        line["provider"].as_str().unwrap_or_default(),
        line["api"].as_str().unwrap_or_default(),
    ) {
        (provider, _) if provider.contains("gemini") || provider.contains("google") => {
            Protocol::GeminiLive
        }
        (_, "live") => Protocol::OpenAiLive,
        _ => Protocol::OpenAiRealtime,
    }
}

pub(crate) fn frames(seed: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    for file in [
        "samples-openai.jsonl",
        "samples-openai-compat.jsonl",
        "samples-openai-live.jsonl",
        "samples-gemini.jsonl",
        "samples-nonconforming.jsonl",
        "traces.jsonl",
    ] {
        for line in samples(file) {
            let protocol = if file.contains("live") {
                Protocol::OpenAiLive
            } else {
                protocol(&line)
            };
            let direction = line["direction"].as_str().unwrap().parse().unwrap();
            frames.push(Frame {
                protocol,
                direction,
                value: line["frame"].clone(),
            });
        }
    }
    for (protocol, folder) in PROTOCOLS {
        let shapes = Shapes::of(folder);
        for (index, root) in shapes.roots().into_iter().enumerate() {
            let random = Random::new(seed ^ index as u64);
            let mut generator = Generator::new(&shapes, random, Fill::Mixed);
            let value = generator.object(&root.object, 0);
            frames.push(Frame {
                protocol,
                direction: root.direction,
                value,
            });
        }
    }
    frames
}
