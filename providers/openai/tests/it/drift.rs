//! What the service changes, leaves out or garbles costs one event at most.

use crate::common::{Talk, events};
use antiphon_protocol::{Event, ResponseStatus, SessionConfig};
use serde_json::{Value, json};

fn talk() -> Talk {
    Talk::ready(SessionConfig::new("gpt-realtime"))
}

/// The event that a `response.done` with these members becomes.
fn done(members: &Value) -> antiphon_protocol::ResponseDone {
    let mut response = json!({"id": "r1", "status": "completed", "output": []});
    for (name, value) in members.as_object().unwrap() {
        response[name] = value.clone();
    }
    let frame = json!({"type": "response.done", "response": response}).to_string();
    let made = events(&talk().heard(&frame));
    let found = made.iter().find_map(|event| match event {
        Event::ResponseDone(done) => Some(done.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{made:?} of {frame}"))
}

// faults: E3 by a status that nobody knows, beside usage that everybody pays
#[test]
fn a_value_of_tomorrow_costs_no_usage() {
    let done = done(&json!({"status": "paused", "usage": {"input_tokens": 3, "output_tokens": 4}}));
    let ResponseStatus::Incomplete { reason } = &done.status else {
        panic!("{done:?}");
    };
    assert_eq!(reason.as_deref(), Some("paused"));
    assert_eq!(done.usage.unwrap().total(), 7);
}

// faults: E17 by usage that is missing, null, empty, partly null, overlong and of new kinds
#[test]
fn any_usage_is_counted_as_far_as_it_goes() {
    for (usage, total) in [
        (json!({}), None),
        (json!({"usage": null}), None),
        (json!({"usage": {}}), Some(0)),
        (
            json!({"usage": {"input_tokens": 3, "output_tokens": null}}),
            Some(3),
        ),
        (
            json!({"usage": {"input_tokens": 3, "input_token_details": null}}),
            Some(3),
        ),
        (
            json!({"usage": {"output_tokens": 4, "output_token_details": {"smell_tokens": 4}}}),
            Some(4),
        ),
        (
            json!({"usage": {"input_tokens": u64::MAX, "output_tokens": u64::MAX}}),
            Some(u64::MAX),
        ),
    ] {
        let counted = done(&usage).usage.map(|usage| usage.total());
        assert_eq!(counted.unwrap_or(0), total.unwrap_or(0), "{usage}");
    }
}

// faults: E22 by audio of an odd number of bytes between two whole frames
#[test]
fn half_a_sample_is_never_carried_into_the_next_frame() {
    let mut talk = talk();
    let frame = |delta: &str| {
        json!({"type": "response.output_audio.delta", "response_id": "r1", "item_id": "i1",
            "output_index": 0, "content_index": 0, "delta": delta})
        .to_string()
    };
    talk.hear(&frame("AQIDBA=="));
    talk.hear(&frame("AQID"));
    talk.hear(&frame("BQYHCA=="));
    let made = events(&talk.made());
    let told: Vec<_> = made
        .iter()
        .filter_map(|event| match event {
            Event::Malformed(malformed) => Some(malformed.error.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["the audio ends within a sample"]);
    let heard: Vec<Vec<u8>> = made
        .into_iter()
        .filter_map(|event| match event {
            Event::Audio(chunk) => Some(chunk.data.to_vec()),
            _ => None,
        })
        .collect();
    assert_eq!(heard.first().unwrap(), &[1, 2, 3, 4]);
    assert_eq!(
        heard.last().unwrap(),
        &[5, 6, 7, 8],
        "it begins where a sample begins"
    );
    assert!(heard.iter().all(|data| data.len() % 2 == 0), "{heard:?}");
}
