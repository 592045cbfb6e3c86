//! Frames that make other clients play what was taken back, miss what stood beside it, or lose the
//! thread.

use std::{sync::Arc, time::Duration};

use antiphon_gemini::Gemini;
use antiphon_protocol::{
    Codec, Effect, Event, Frame, OpeningPlan, Provider, ResponseId, SessionConfig, Signal,
};
use serde_json::{Value, json};

/// A connection that is ready.
fn ready() -> Box<dyn Codec> {
    let plan = OpeningPlan::fresh(Arc::new(SessionConfig::new("gemini-3.8-live")));
    let (_, mut codec) = Gemini::live("key").open(&plan).unwrap();
    codec.start(&mut Vec::new());
    hear(&mut *codec, &json!({"setupComplete": {}}));
    codec
}

/// What the codec makes of a frame.
fn hear(codec: &mut dyn Codec, frame: &Value) -> Vec<Effect> {
    let mut made = Vec::new();
    codec.decode(&Frame::binary(frame.to_string().into_bytes()), &mut made);
    made
}

fn audio() -> Value {
    json!({"parts": [{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AAECAw=="}}]})
}

/// The answers that audio belongs to.
fn spoken(made: &[Effect]) -> Vec<Option<ResponseId>> {
    made.iter()
        .filter_map(|effect| match effect {
            Effect::Event(Event::Audio(chunk)) => Some(chunk.response.clone()),
            _ => None,
        })
        .collect()
}

// faults: E11 by audio in the very frame that says that the answer was interrupted
#[test]
fn an_interruption_is_told_before_the_audio_beside_it() {
    let mut codec = ready();
    let begun = hear(
        &mut *codec,
        &json!({"serverContent": {"modelTurn": audio()}}),
    );
    let answer = spoken(&begun).pop().unwrap();
    let frame = json!({"serverContent": {"modelTurn": audio(), "interrupted": true}});
    let made = hear(&mut *codec, &frame);
    let place = |wanted: fn(&Event) -> bool| {
        made.iter()
            .position(|effect| matches!(effect, Effect::Event(event) if wanted(event)))
    };
    let interrupted = place(|event| matches!(event, Event::Interrupted { .. })).unwrap();
    let audio = place(|event| matches!(event, Event::Audio(_)));
    assert!(audio.is_none_or(|audio| audio > interrupted), "{made:?}");
    // Whoever voids the interrupted answer voids that audio with it.
    assert!(
        spoken(&made).iter().all(|response| *response == answer),
        "{made:?}"
    );
}

/// A member of a frame, and what has to come of it.
type Member = (&'static str, Value, fn(&Effect) -> bool);

// faults: E12 by every subset of six members in one frame
#[test]
fn no_member_of_a_frame_hides_another() {
    let members: [Member; 6] = [
        (
            "toolCall",
            json!({"functionCalls": [{"id": "c", "name": "look", "args": {}}]}),
            |made| matches!(made, Effect::Event(Event::ToolCall(_))),
        ),
        (
            "usageMetadata",
            json!({"promptTokenCount": 3, "totalTokenCount": 3}),
            |made| {
                matches!(
                    made,
                    Effect::Event(Event::Usage(_) | Event::ResponseDone(_))
                )
            },
        ),
        ("goAway", json!({"timeLeft": "50s"}), |made| {
            matches!(made, Effect::Signal(Signal::GoAway { .. }))
        }),
        (
            "sessionResumptionUpdate",
            json!({"newHandle": "h", "resumable": true}),
            |made| matches!(made, Effect::Signal(Signal::Resume(Some(_)))),
        ),
        ("serverContent", json!({"modelTurn": audio()}), |made| {
            matches!(made, Effect::Event(Event::Audio(_)))
        }),
        ("memberOfTomorrow", json!({"x": 1}), |made| {
            matches!(made, Effect::Event(Event::Other(_)))
        }),
    ];
    for subset in 1_u32..1 << members.len() {
        let chosen: Vec<_> = members
            .iter()
            .enumerate()
            .filter(|(place, _)| subset & (1 << place) != 0)
            .map(|(_, member)| member)
            .collect();
        let frame: Value = chosen
            .iter()
            .map(|(name, value, _)| ((*name).to_owned(), value.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let made = hear(&mut *ready(), &frame);
        for (name, _, is_there) in chosen {
            assert!(
                made.iter().any(is_there),
                "{name} is lost of {frame}: {made:?}"
            );
        }
    }
}

// faults: E13 by one sound under both spellings of its member
#[test]
fn a_sound_under_two_names_is_heard_once() {
    let frame = json!({
        "serverContent": {"modelTurn": audio()},
        "server_content": {"model_turn": audio()},
    });
    let made = hear(&mut *ready(), &frame);
    assert!(spoken(&made).len() <= 1, "{made:?}");
    let frame = json!({"serverContent": {"modelTurn": audio(), "model_turn": audio()}});
    let made = hear(&mut *ready(), &frame);
    assert!(spoken(&made).len() <= 1, "{made:?}");
}

// faults: C4 by notices whose time is text, a number, an object, empty, null and nonsense
#[test]
fn a_notice_is_heard_whatever_its_time() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (left, expected) in [
        (json!({"timeLeft": "50s"}), seconds(50)),
        (json!({"timeLeft": "-5s"}), seconds(0)),
        (json!({"timeLeft": ""}), None),
        (json!({"timeLeft": "soon"}), None),
        (json!({"timeLeft": null}), None),
        (json!({"timeLeft": 7}), seconds(7)),
        (json!({"timeLeft": {"seconds": 7}}), seconds(7)),
        (json!({"timeLeft": [7]}), None),
        (json!({}), None),
    ] {
        let made = hear(&mut *ready(), &json!({ "goAway": left }));
        let told = made.iter().find_map(|effect| match effect {
            Effect::Signal(Signal::GoAway { left }) => Some(*left),
            _ => None,
        });
        let Some(told) = told else {
            panic!("no notice in {made:?} of {left}");
        };
        assert_eq!(told, expected, "{left}");
    }
}

// faults: C6, C7 by updates with and without a handle, and with one that leads nowhere
#[test]
fn a_handle_is_taken_only_where_it_can_be_used() {
    for (update, expected) in [
        (json!({"newHandle": "h", "resumable": true}), Some("h")),
        (json!({"newHandle": "h", "resumable": false}), None),
        (json!({"newHandle": "h"}), None),
        (json!({"resumable": true}), None),
        (json!({"newHandle": "", "resumable": true}), None),
        (json!({"handle": "h", "resumable": true}), None),
        (json!({}), None),
    ] {
        let made = hear(&mut *ready(), &json!({ "sessionResumptionUpdate": update }));
        let handle = made.iter().find_map(|effect| match effect {
            Effect::Signal(Signal::Resume(Some(token))) => Some(token.0.expose()),
            _ => None,
        });
        assert_eq!(handle, expected, "{update}");
    }
}
