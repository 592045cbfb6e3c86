//! Sessions that translate.

use std::sync::Arc;

use crate::common::{Talk, events, sent, signals};
use antiphon_openai::{OpenAi, Realtime};
use antiphon_protocol::{
    AudioFormat, Command, ConfigField, Effect, Event, Fault, InputTranscription, Item,
    NoiseReduction, OpeningPlan, Provider, RawJson, Role, SessionConfig, Signal,
};
use bytes::Bytes;
use serde_json::{json, value::RawValue};

const CREATED: &str = r#"{"type":"session.created","event_id":"e1","session":{"id":"sess_1",
    "type":"translation","expires_at":0,"model":"gpt-realtime-translate","audio":{}}}"#;
const UPDATED: &str = r#"{"type":"session.updated","event_id":"e2","session":{"id":"sess_1",
    "type":"translation","expires_at":0,"model":"gpt-realtime-translate","audio":{}}}"#;

fn provider() -> Realtime {
    OpenAi::realtime("key").translating()
}

fn config() -> SessionConfig {
    SessionConfig::new("gpt-realtime-translate")
}

fn spanish() -> SessionConfig {
    let mut config = config();
    config.language = Some("es".to_owned());
    config
}

fn opened(config: SessionConfig) -> Talk {
    Talk::opened(&provider(), &OpeningPlan::fresh(Arc::new(config)))
}

fn ready() -> Talk {
    let mut talk = opened(spanish());
    talk.hear(CREATED);
    talk.hear(UPDATED);
    talk.made();
    talk
}

fn configure(config: SessionConfig) -> Command {
    Command::Configure(Arc::new(config))
}

#[test]
fn it_has_an_address_of_its_own_and_takes_no_history() {
    let plan = OpeningPlan::fresh(Arc::new(config()));
    let (endpoint, _) = provider().open(&plan).unwrap();
    assert_eq!(
        endpoint.url.to_string(),
        "wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate"
    );
    let plan = OpeningPlan {
        seed: vec![Item::text(Role::User, "x")],
        ..plan
    };
    assert!(provider().open(&plan).is_err());
}

#[test]
fn it_is_ready_when_the_configuration_is_taken_in_or_there_is_none() {
    let mut talk = opened(config());
    assert_eq!(talk.made(), []);
    assert!(matches!(
        signals(&talk.heard(CREATED))[..],
        [Signal::Ready { .. }]
    ));

    let mut config = spanish();
    config.noise_reduction = Some(NoiseReduction::FarField);
    config.input_transcription = Some(InputTranscription::default());
    let mut talk = opened(config);
    assert_eq!(
        sent(&talk.made())[0]["session"],
        json!({"audio": {
            "input": {"transcription": {"model": "gpt-realtime-whisper"}, "noise_reduction": {"type": "far_field"}},
            "output": {"language": "es"},
        }})
    );
    assert_eq!(signals(&talk.heard(CREATED)), []);
    assert!(matches!(
        signals(&talk.heard(UPDATED))[..],
        [Signal::Ready { .. }]
    ));

    let mut talk = opened(spanish());
    let error = r#"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_api_key","message":"m"}}"#;
    assert_eq!(signals(&talk.heard(error)), [Signal::Refused(Fault::Auth)]);
}

#[test]
fn speech_goes_in_and_comes_out_with_the_words_of_both() {
    let mut talk = ready();
    assert_eq!(
        talk.frame(1, &Command::Audio(Bytes::from_static(&[0, 1, 2, 3]))),
        json!({"type": "session.input_audio_buffer.append", "audio": "AAECAw=="})
    );
    for (frame, format) in [
        (
            r#"{"type":"session.output_audio.delta","delta":"AAECAw==","sample_rate":24000,"channels":1,"format":"pcm16","elapsed_ms":5}"#,
            AudioFormat::PCM16_24K,
        ),
        (
            r#"{"type":"session.output_audio.delta","delta":"AAECAw=="}"#,
            AudioFormat::PCM16_24K,
        ),
        (
            r#"{"type":"session.output_audio.delta","delta":"AAECAw==","sample_rate":16000}"#,
            AudioFormat::PCM16_16K,
        ),
    ] {
        let made = talk.heard(frame);
        let [Effect::Event(Event::Audio(chunk))] = &made[..] else {
            panic!("{made:?}");
        };
        assert_eq!((&chunk.data[..], chunk.format), (&[0, 1, 2, 3][..], format));
    }
    let stereo =
        talk.heard(r#"{"type":"session.output_audio.delta","delta":"AAECAw==","channels":2}"#);
    assert!(matches!(
        events(&stereo)[..],
        [Event::Malformed(_), Event::Other(_)]
    ));
    let words = talk.heard(r#"{"type":"session.input_transcript.delta","delta":" quick"}"#);
    assert!(
        matches!(&events(&words)[..], [Event::InputTranscript(words)] if words.text == " quick")
    );
    let words = talk.heard(r#"{"type":"session.output_transcript.delta","delta":"La"}"#);
    assert!(matches!(&events(&words)[..], [Event::OutputTranscript(words)] if words.text == "La"));
}

#[test]
fn the_language_can_change_and_what_is_unset_is_switched_off() {
    let mut talk = ready();
    let mut french = spanish();
    french.language = Some("fr".to_owned());
    french.noise_reduction = Some(NoiseReduction::NearField);
    assert_eq!(
        talk.frame(1, &configure(french.clone()))["session"],
        json!({"audio": {"input": {"noise_reduction": {"type": "near_field"}}, "output": {"language": "fr"}}})
    );
    assert!(matches!(signals(&talk.heard(UPDATED))[..], [Signal::Ack(id)] if id.get() == 1));
    assert_eq!(talk.asked(2, &configure(french)), Ok(vec![]));
    assert_eq!(
        talk.frame(3, &configure(spanish()))["session"],
        json!({"audio": {"input": {"noise_reduction": null}, "output": {"language": "es"}}})
    );
    let refusal = talk.asked(4, &configure(config())).unwrap_err();
    assert_eq!(refusal.field, Some(ConfigField::Language));
}

#[test]
fn what_is_no_translation_is_refused() {
    let mut talk = ready();
    for command in [
        Command::CommitAudio,
        Command::CancelResponse(None),
        Command::AddItems(vec![]),
    ] {
        assert!(talk.asked(1, &command).is_err(), "{command:?}");
    }
    let raw = |json: &str| {
        Command::Native(Box::new(RawJson(
            RawValue::from_string(json.to_owned()).unwrap(),
        )))
    };
    assert_eq!(
        talk.frame(2, &raw(r#"{"type":"session.update","session":{}}"#))["event_id"],
        "ap_2_0"
    );
    assert!(matches!(
        signals(&talk.heard(UPDATED))[..],
        [Signal::Ack(_)]
    ));
}

#[test]
fn what_is_left_is_translated_before_the_end() {
    let mut talk = ready();
    let mut made: Vec<Effect> = Vec::new();
    talk.codec.finish(&mut made);
    assert_eq!(
        sent(&made),
        [json!({"type": "session.close", "event_id": "ap_close"})]
    );
    assert_eq!(
        signals(&talk.heard(r#"{"type":"session.closed"}"#)),
        [Signal::Finished]
    );
    // Unasked it is the end all the same.
    assert_eq!(
        signals(&ready().heard(r#"{"type":"session.closed"}"#)),
        [Signal::Refused(Fault::Closed)]
    );
}
