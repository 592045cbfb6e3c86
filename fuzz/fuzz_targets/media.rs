//! The media scanner never panics, and what it finds is what the full parser finds.
#![no_main]

use antiphon_protocol::media::{self, Key, Others, Role, Shape};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static SPOKEN: Shape = Shape {
    keys: &[
        Key::required(&["type"], Role::Kind(&["response.output_audio.delta"])),
        Key::required(&["item_id"], Role::Item),
        Key::required(&["delta"], Role::Payload),
    ],
    others: Others::Skip,
};

fuzz_target!(|frame: &[u8]| {
    let Some(spoken) = media::scan(frame, &SPOKEN) else {
        return;
    };
    let value: Value = serde_json::from_slice(frame).expect("the scanner read all of it as JSON");
    assert_eq!(value["type"], "response.output_audio.delta");
    assert_eq!(value["item_id"].as_str(), spoken.item);
    let audio = value["delta"].as_str().expect("a string").as_bytes();
    assert_eq!(spoken.decode(), media::decode_base64(audio));
});
