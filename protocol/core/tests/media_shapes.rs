//! What a shape can say about a frame, role by role.

use antiphon_protocol::media::{self, AudioFrame, Key, Others, Role, Shape};

fn scan<'a>(frame: &'a str, shape: &Shape) -> Option<AudioFrame<'a>> {
    media::scan(frame.as_bytes(), shape)
}

#[test]
fn a_value_that_is_taken_for_granted_must_be_spelled_so() {
    static SHAPE: Shape = Shape {
        keys: &[
            Key::required(&["audio"], Role::Payload),
            Key::optional(&["rate"], Role::Only(&["24000"])),
            Key::optional(&["format"], Role::Only(&["\"pcm16\"", "\"pcm\"", "null"])),
        ],
        others: Others::Skip,
    };
    for (frame, is_read) in [
        (r#"{"audio":"AAEC"}"#, true),
        (r#"{"audio":"AAEC","rate":24000,"format":"pcm"}"#, true),
        (r#"{"audio":"AAEC","rate":24000,"format":null}"#, true),
        (r#"{"audio":"AAEC","rate":"24000"}"#, false),
        (r#"{"audio":"AAEC","rate":24000.0}"#, false),
        (r#"{"audio":"AAEC","rate":16000}"#, false),
        (r#"{"audio":"AAEC","rate":null}"#, false),
        (r#"{"audio":"AAEC","format":"opus"}"#, false),
        (r#"{"audio":"AAEC","format":pcm}"#, false),
        (r#"{"audio":"AAEC","format":["pcm"]}"#, false),
        (r#"{"audio":"AAEC","format":"pcm","format":"pcm"}"#, false),
    ] {
        assert_eq!(scan(frame, &SHAPE).is_some(), is_read, "{frame}");
    }
}

#[test]
fn every_part_is_found_where_its_role_says() {
    static SHAPE: Shape = Shape {
        keys: &[
            Key::required(&["k"], Role::Kind(&["audio", "sound"])),
            Key::required(&["m"], Role::MediaType(&["audio/pcm", "audio/l16"])),
            Key::required(&["e"], Role::Event),
            Key::required(&["r"], Role::Response),
            Key::required(&["i"], Role::Item),
            Key::required(&["o"], Role::OutputIndex),
            Key::required(&["c"], Role::ContentIndex),
            Key::required(&["x"], Role::Ignored),
            Key::required(&["p"], Role::Payload),
        ],
        others: Others::Unusual,
    };
    let frame = r#"{"p":"AAEC","x":[{"p":"BBBB"}],"c":4294967295,"o":0,"i":"i1","r":"r1",
        "e":"e1","m":"audio/l16;rate=16000","k":"sound"}"#;
    let found = scan(frame, &SHAPE).expect("an ordinary frame");
    assert_eq!(found.kind, Some("sound"));
    assert_eq!(found.media_type, Some("audio/l16;rate=16000"));
    assert_eq!(found.event, Some("e1"));
    assert_eq!(found.response, Some("r1"));
    assert_eq!(found.item, Some("i1"));
    assert_eq!(found.output_index, Some(0));
    assert_eq!(found.content_index, Some(u32::MAX));
    assert_eq!(found.payload, b"AAEC");
}

#[test]
fn a_media_type_is_compared_without_its_parameters() {
    static SHAPE: Shape = Shape {
        keys: &[
            Key::required(&["m"], Role::MediaType(&["audio/pcm"])),
            Key::required(&["p"], Role::Payload),
        ],
        others: Others::Unusual,
    };
    for (media_type, is_read) in [
        ("audio/pcm", true),
        ("audio/pcm;rate=24000", true),
        ("audio/pcm;", true),
        ("audio/pcm ;rate=24000", false),
        ("Audio/PCM", false),
        ("audio/pcmu", false),
        ("audio/", false),
        ("", false),
    ] {
        let frame = format!(r#"{{"m":"{media_type}","p":""}}"#);
        assert_eq!(scan(&frame, &SHAPE).is_some(), is_read, "{media_type}");
    }
}

#[test]
fn a_frame_without_payload_is_not_audio() {
    static SHAPE: Shape = Shape {
        keys: &[Key::optional(&["p"], Role::Payload)],
        others: Others::Skip,
    };
    assert!(scan("{}", &SHAPE).is_none());
    let silent = scan(r#"{"p":""}"#, &SHAPE).expect("audio of no length");
    assert_eq!(silent.decode().as_deref(), Ok(&[][..]));
}

#[test]
fn two_places_for_one_part_are_unusual() {
    static SHAPE: Shape = Shape {
        keys: &[
            Key::optional(&["a"], Role::Payload),
            Key::optional(&["b"], Role::Payload),
        ],
        others: Others::Skip,
    };
    assert!(scan(r#"{"a":"AAEC"}"#, &SHAPE).is_some());
    assert!(scan(r#"{"b":"AAEC"}"#, &SHAPE).is_some());
    assert!(scan(r#"{"a":"AAEC","b":"AAEC"}"#, &SHAPE).is_none());
}

#[test]
fn a_shape_that_holds_itself_ends() {
    static SHAPE: Shape = Shape {
        keys: &[
            Key::optional(&["in"], Role::Object(&SHAPE)),
            Key::optional(&["one"], Role::Single(&SHAPE)),
            Key::optional(&["p"], Role::Payload),
        ],
        others: Others::Skip,
    };
    let nested = |depth: usize| {
        let open = r#"{"in":{"one":["#.repeat(depth);
        let close = "]}}".repeat(depth);
        format!(r#"{open}{{"p":"AAEC"}}{close}"#)
    };
    assert!(scan(&nested(3), &SHAPE).is_some());
    assert!(scan(&nested(100_000), &SHAPE).is_none());
}

#[test]
fn a_shape_with_too_many_keys_matches_nothing() {
    const fn many<const N: usize>() -> [Key; N] {
        [const { Key::optional(&["p"], Role::Payload) }; N]
    }
    static FITS: Shape = Shape {
        keys: &many::<32>(),
        others: Others::Skip,
    };
    static TOO_MANY: Shape = Shape {
        keys: &many::<33>(),
        others: Others::Skip,
    };
    assert!(scan(r#"{"p":"AAEC"}"#, &FITS).is_some());
    assert!(scan(r#"{"p":"AAEC"}"#, &TOO_MANY).is_none());
}

#[test]
fn any_bytes_are_read_in_linear_time() {
    static SHAPE: Shape = Shape {
        keys: &[Key::required(&["p"], Role::Payload)],
        others: Others::Skip,
    };
    // A quadratic reader would need hours for these.
    let million = 4_000_000;
    for frame in [
        "[".repeat(million),
        "{\"a\":".repeat(million),
        format!("{{\"a\":[{}", "0,".repeat(million)),
        format!("{{\"a\":\"{}", "a".repeat(million)),
        format!("{{\"p\":\"{}", "\\\"".repeat(million)),
        " ".repeat(million),
        format!("{{\"a\":{}", "9".repeat(million)),
    ] {
        assert!(scan(&frame, &SHAPE).is_none());
    }
}
