//! The audio frames of this wire, for the media path.

use antiphon_protocol::{
    AudioFormat,
    media::{AudioEncoder, AudioTemplate, Key, Others, Role, Shape},
};

/// Most bytes of audio in one frame: a whole number of samples and of base64 groups.
pub(super) const LARGEST_FRAME: usize = 1_048_572;

/// The media type of sound.
const SOUND: &str = "audio/pcm";
const HOLE: &str = "*";

/// `serverContent` with one part that is sound, and nothing beside it.
pub(super) static SPOKEN: Shape = Shape {
    keys: &[Key::required(
        &["serverContent", "server_content"],
        Role::Object(&CONTENT),
    )],
    others: Others::Unusual,
};

static CONTENT: Shape = Shape {
    keys: &[Key::required(
        &["modelTurn", "model_turn"],
        Role::Object(&TURN),
    )],
    others: Others::Unusual,
};

static TURN: Shape = Shape {
    keys: &[
        Key::optional(&["role"], Role::Only(&["\"model\"", "\"user\""])),
        Key::required(&["parts"], Role::Single(&PART)),
    ],
    others: Others::Unusual,
};

static PART: Shape = Shape {
    keys: &[Key::required(
        &["inlineData", "inline_data"],
        Role::Object(&BLOB),
    )],
    others: Others::Unusual,
};

static BLOB: Shape = Shape {
    keys: &[
        Key::required(&["mimeType", "mime_type"], Role::MediaType(&[SOUND])),
        Key::required(&["data"], Role::Payload),
    ],
    others: Others::Unusual,
};

/// Writes `realtimeInput.audio`, with the rate in its media type.
pub(super) fn encoder(format: AudioFormat) -> AudioEncoder {
    let frame = format!(
        r#"{{"realtimeInput":{{"audio":{{"data":"{HOLE}","mimeType":"{SOUND};rate={}"}}}}}}"#,
        format.rate
    );
    let template = AudioTemplate::from_frame(&frame, HOLE);
    AudioEncoder::new(template.unwrap_or_else(|| AudioTemplate::new("", "")))
}

/// Whether bytes of this media type are sound that the session can play; bytes without a type are
/// taken for sound, as the service sends nothing else by itself.
pub(super) fn is_sound(media_type: Option<&str>) -> bool {
    media_type.is_none_or(|media_type| essence(media_type).eq_ignore_ascii_case(SOUND))
}

/// The format that a media type states; what it leaves open is `usual`.
pub(super) fn format(media_type: Option<&str>, usual: AudioFormat) -> AudioFormat {
    let rate = media_type.and_then(|media_type| {
        media_type
            .split(';')
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("rate"))
            .and_then(|(_, rate)| rate.trim().parse::<u32>().ok())
            .filter(|rate| *rate > 0)
    });
    rate.map_or(usual, AudioFormat::pcm16)
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_in_the_media_type() {
        let usual = AudioFormat::PCM16_24K;
        for (media_type, rate) in [
            (Some("audio/pcm;rate=16000"), 16_000),
            (Some("audio/pcm; Rate = 8000"), 8_000),
            (Some("audio/pcm;channels=1;rate=48000"), 48_000),
            (Some("audio/pcm"), 24_000),
            (Some("audio/pcm;rate=0"), 24_000),
            (Some("audio/pcm;rate=fast"), 24_000),
            (Some("audio/pcm;rate=99999999999"), 24_000),
            (None, 24_000),
        ] {
            assert_eq!(format(media_type, usual).rate, rate, "{media_type:?}");
        }
        assert!(is_sound(Some("AUDIO/PCM;rate=1")) && is_sound(None));
        assert!(!is_sound(Some("video/mp4")) && !is_sound(Some("audio/pcmu")));
    }

    #[test]
    fn a_frame_states_its_rate() {
        let frame = encoder(AudioFormat::PCM16_16K).frame(&[0, 1, 2]);
        assert_eq!(
            &frame[..],
            br#"{"realtimeInput":{"audio":{"data":"AAEC","mimeType":"audio/pcm;rate=16000"}}}"#
        );
    }
}
