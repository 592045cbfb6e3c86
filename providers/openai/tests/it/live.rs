//! A session of GPT-Live from its first word to its last.

use std::{sync::Arc, time::Duration};

use crate::common::{STARTED, Talk, events, lines, sent, signals};
use antiphon_openai::{
    Live, OpenAi,
    live_types::{
        ClientDelegation, DecisionsConfig, DecisionsDelegation, ResponsesDelegation, Trigger,
    },
};
use antiphon_protocol::{
    AudioFormat, AuthShape, CommandId, Counting, DelegationId, Effect, End, Event, Fault, Frame,
    How, InputClock, Item, OpeningPlan, Provider, Retry, Role, Seeded, SessionConfig, Signal,
    Stage, ToolSpec, WallTime,
};
use serde_json::{Value, json};

fn config() -> SessionConfig {
    SessionConfig::new("gpt-live-1")
}

fn plan() -> OpeningPlan {
    OpeningPlan::fresh(Arc::new(config()))
}

fn live() -> Live {
    OpenAi::live("key")
}

fn url(provider: &Live) -> String {
    provider.open(&plan()).unwrap().0.url.to_string()
}

/// The goodbye, and what the codec makes of the answer.
fn closed(talk: &mut Talk, answer: &str) -> Vec<Effect> {
    let mut made: Vec<Effect> = Vec::new();
    talk.codec.finish(&mut made);
    assert_eq!(
        sent(&made),
        [json!({"type": "session.close", "event_id": "ap_close"})]
    );
    talk.heard(answer)
}

#[test]
fn a_session_is_started_before_anything_else() {
    let mut talk = Talk::opened(&live(), &plan());
    assert_eq!(
        sent(&talk.made()),
        [
            json!({"type": "session.start", "event_id": "ap_open", "session": {"model": "gpt-live-1"}})
        ]
    );
    let made = talk.heard(STARTED);
    let expires = WallTime::from_unix_seconds(1_791_373_550);
    assert_eq!(
        signals(&made),
        [
            Signal::Expires(expires),
            Signal::Ready {
                resumed: false,
                seeded: Seeded::Nothing
            }
        ]
    );
    let Event::SessionStarted(started) = &events(&made)[0] else {
        panic!("{made:?}");
    };
    assert_eq!(
        (
            started.id.as_deref(),
            started.model.as_deref(),
            started.expires
        ),
        (Some("live_1"), Some("gpt-live-1"), Some(expires))
    );
}

#[test]
fn any_error_before_the_start_refuses_the_session() {
    let rows = [
        (
            r#"{"type":"invalid_request_error","code":"unknown_parameter","message":"m","client_event_id":"ap_open"}"#,
            Fault::Invalid,
        ),
        (
            r#"{"type":"invalid_request_error","code":"credit_balance_exhausted","message":"m"}"#,
            Fault::Quota,
        ),
        (
            r#"{"type":"invalid_request_error","code":"invalid_api_key","message":"m"}"#,
            Fault::Auth,
        ),
        (
            r#"{"type":"invalid_request_error","code":"forbidden","message":"m","param":null}"#,
            Fault::Forbidden,
        ),
        (r#"{"type":"server_error","message":"m"}"#, Fault::Server),
        (r#"{"message":"no type"}"#, Fault::Unknown),
    ];
    for (error, fault) in rows {
        let mut talk = Talk::opened(&live(), &plan());
        let made = talk.heard(&format!(r#"{{"type":"error","error":{error}}}"#));
        assert_eq!(signals(&made), [Signal::Refused(fault)], "{error}");
        // Nothing can make a refused start good.
        assert_eq!(signals(&talk.heard(STARTED))[1..], [], "{error}");
    }
}

#[test]
fn a_started_session_in_an_odd_shape_is_ready_none_the_less() {
    let mut talk = Talk::opened(&live(), &plan());
    let made = talk.heard(r#"{"type":"session.started","session":{"model":"gpt-live-1"}}"#);
    assert!(matches!(
        events(&made)[..],
        [Event::Malformed(_), Event::Other(_)]
    ));
    assert!(matches!(signals(&made)[..], [Signal::Ready { .. }]));
}

#[test]
fn history_is_told_as_messages_and_the_bridge_comes_last() {
    let plan = OpeningPlan {
        seed: vec![
            Item::text(Role::User, "Hello."),
            Item::text(Role::Assistant, "Hi."),
        ],
        bridge: Some("The line was cut.".to_owned()),
        ..plan()
    };
    let mut talk = Talk::opened(&live(), &plan);
    let message = |role, kind, text| json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]});
    assert_eq!(
        sent(&talk.made())[0]["session"]["input"],
        json!([
            message("user", "input_text", "Hello."),
            message("assistant", "output_text", "Hi."),
            message("developer", "input_text", "The line was cut."),
        ])
    );
    let made = talk.heard(STARTED);
    assert!(signals(&made).contains(&Signal::Ready {
        resumed: false,
        seeded: Seeded::Whole
    }));
}

#[test]
fn sessions_go_where_they_belong_with_their_credential() {
    let azure = OpenAi::azure_live("my-resource", "key").unwrap();
    let rows = [
        (live(), "wss://api.openai.com/v1/live/sessions"),
        (
            azure.clone(),
            "wss://my-resource.openai.azure.com/openai/v1/live/sessions",
        ),
        (
            OpenAi::compatible_live("https://host.example/v1", "key").unwrap(),
            "wss://host.example/v1/live/sessions",
        ),
        (
            live().attach("live_u7_1"),
            "wss://api.openai.com/v1/live/sessions/live_u7_1/attach",
        ),
        (
            live().fork("live_u7_1"),
            "wss://api.openai.com/v1/live/sessions/live_u7_1/fork",
        ),
    ];
    for (provider, expected) in rows {
        assert_eq!(url(&provider), expected);
    }
    let shape = |provider: &Live| provider.open(&plan()).unwrap().0.auth.unwrap().0;
    assert_eq!(shape(&live()), AuthShape::Bearer);
    assert!(matches!(shape(&azure), AuthShape::Header(name) if name == "api-key"));
    assert!(live().without_key().open(&plan()).unwrap().0.auth.is_none());
    for hostile in ["", "a/b", "a?b", "é"] {
        assert!(live().attach(hostile).open(&plan()).is_err(), "{hostile:?}");
    }
}

#[test]
fn a_sideband_opens_nothing_and_closes_nothing() {
    let attached = live().attach("live_1");
    let mut talk = Talk::opened(&attached, &plan());
    let made = talk.made();
    assert_eq!(sent(&made), Vec::<Value>::new());
    assert!(matches!(signals(&made)[..], [Signal::Ready { .. }]));
    // Seen once on an attachment, though the reference says that nothing comes.
    assert!(
        signals(&talk.heard(STARTED))
            .iter()
            .all(|signal| !matches!(signal, Signal::Ready { .. }))
    );
    let mut made: Vec<Effect> = Vec::new();
    talk.codec.finish(&mut made);
    assert_eq!(made, [Effect::Signal(Signal::Finished)]);
    let can = attached.capabilities("gpt-live-1").into_owned();
    assert_eq!(can.input_clock, InputClock::Free);
    assert_eq!(can.output_formats[..], [AudioFormat::PCM16_24K]);
}

#[test]
fn a_sideband_with_tools_is_ready_when_they_are_taken_in() {
    let attached = live()
        .attach("live_1")
        .with_delegation(ResponsesDelegation::default());
    let config = config().tool(ToolSpec::new("look", "Looks.", json!({"type": "object"})));
    let mut talk = Talk::opened(&attached, &OpeningPlan::fresh(Arc::new(config)));
    let made = talk.made();
    assert_eq!(
        sent(&made),
        [
            json!({"type": "session.update", "event_id": "ap_open", "session": {"delegation": {
                "type": "responses",
                "responses": {"tools": [{"type": "function", "name": "look", "description": "Looks.",
                    "parameters": {"type": "object"}}]},
            }}})
        ]
    );
    assert_eq!(signals(&made), []);
    let made = talk.heard(r#"{"type":"session.updated","session":{"id":"live_1"}}"#);
    assert!(signals(&made).contains(&Signal::Ready {
        resumed: false,
        seeded: Seeded::Nothing
    }));
}

#[test]
fn a_fork_states_only_what_differs() {
    let opened =
        |provider: Live| sent(&Talk::opened(&provider, &plan()).made())[0]["session"].clone();
    assert_eq!(opened(live().fork("live_1")), json!({}));
    assert_eq!(
        opened(
            live()
                .fork("live_1")
                .with_store(true)
                .with_delegation(ClientDelegation::default())
        ),
        json!({"store": true, "delegation": {"type": "client"}})
    );
    let config = config().instructions("Be someone else.");
    let refusal = live()
        .fork("live_1")
        .open(&OpeningPlan::fresh(Arc::new(config)))
        .err()
        .unwrap();
    assert!(
        refusal.to_string().contains("a fork keeps its source's"),
        "{refusal}"
    );
    let seeded = OpeningPlan {
        seed: vec![Item::text(Role::User, "x")],
        ..plan()
    };
    assert!(live().fork("live_1").open(&seeded).is_err());
}

#[test]
fn the_track_is_continuous_and_the_quick_way_finds_it() {
    let mut talk = Talk::live(&live());
    for frame in [
        r#"{"type":"session.output_audio.delta","delta":"AAECAw=="}"#,
        r#"{"type":"session.output_audio.delta","delta":"AAECAw==","start_ms":0,"end_ms":100}"#,
        r#"{"type":"session.output_audio.delta","\u0064elta":"AAECAw=="}"#,
    ] {
        let made = talk.heard(frame);
        let [Effect::Event(Event::Audio(chunk))] = &made[..] else {
            panic!("{made:?}");
        };
        assert_eq!(
            (&chunk.data[..], &chunk.item, &chunk.response),
            (&[0, 1, 2, 3][..], &None, &None)
        );
        assert_eq!(chunk.format, AudioFormat::PCM16_24K);
    }
}

#[test]
fn the_format_that_the_service_reports_counts() {
    let mut talk = Talk::opened(&live(), &plan());
    talk.hear(r#"{"type":"session.started","session":{"id":"live_1","audio":{"format":{"type":"audio/pcmu","rate":8000}}}}"#);
    talk.made();
    let made = talk.heard(r#"{"type":"session.output_audio.delta","delta":"AAECAw=="}"#);
    assert!(
        matches!(&made[..], [Effect::Event(Event::Audio(chunk))] if chunk.format == AudioFormat::MULAW_8K)
    );
}

#[test]
fn words_keep_their_spaces_and_belong_to_a_speaker() {
    let mut talk = Talk::live(&live());
    talk.hear(r#"{"type":"session.input_transcript.delta","delta":" check","start_ms":800,"end_ms":1000}"#);
    talk.hear(r#"{"type":"session.output_transcript.delta","delta":"Okay,","start_ms":800,"end_ms":1000}"#);
    let made = events(&talk.made());
    assert!(
        matches!(&made[0], Event::InputTranscript(words) if words.text == " check" && !words.done)
    );
    assert!(matches!(&made[1], Event::OutputTranscript(words) if words.text == "Okay,"));
    assert_eq!(made.len(), 2);
}

#[test]
fn work_for_the_caller_is_a_delegation_and_other_work_is_not() {
    let mut talk = Talk::live(&live());
    let frame = |target: &str| {
        format!(
            r#"{{"type":"session.delegation.created","offset_ms":4600,"delegation":{{"id":"item_1","type":"delegation","target":"{target}"}}}}"#
        )
    };
    let made = events(&talk.heard(&frame("client")));
    assert!(matches!(&made[..], [Event::Delegation(delegation)]
        if delegation.id == DelegationId::from("item_1")
        && delegation.task.is_none()
        && delegation.at == Some(Duration::from_millis(4600))));
    for target in ["responses", "decisions", "somebody_new"] {
        assert!(
            matches!(&events(&talk.heard(&frame(target)))[..], [Event::Other(_)]),
            "{target}"
        );
    }
}

#[test]
fn usage_is_time_in_all_so_far() {
    let mut talk = Talk::live(&live());
    let made = events(&talk.heard(
        r#"{"type":"session.usage.updated","usage":{"seconds":32.5},"context_window":{"usage_ratio":0.12}}"#,
    ));
    let [Event::Usage(report)] = &made[..] else {
        panic!("{made:?}");
    };
    assert_eq!(report.counting, Counting::Cumulative);
    assert_eq!(report.usage.duration, Duration::from_millis(32_500));
    assert_eq!(report.context_used, Some(0.12));
    for hostile in ["-1.0", "1e300"] {
        let made = events(&talk.heard(&format!(
            r#"{{"type":"session.usage.updated","usage":{{"seconds":{hostile}}}}}"#
        )));
        assert!(
            matches!(&made[..], [Event::Usage(report)] if report.usage.duration.is_zero()),
            "{hostile}"
        );
    }
}

#[test]
fn a_goodbye_is_answered_by_the_end() {
    let mut talk = Talk::live(&live());
    let made = closed(
        &mut talk,
        r#"{"type":"session.closed","reason":"close_requested","session":{"id":"live_1"},"usage":{"seconds":9}}"#,
    );
    assert_eq!(signals(&made), [Signal::Finished]);
    assert!(
        matches!(&events(&made)[..], [Event::Usage(report)] if report.usage.duration == Duration::from_secs(9))
    );
}

#[test]
fn what_had_no_place_at_the_close_is_a_benign_refusal() {
    let mut talk = Talk::live(&live());
    for (id, content) in [(7, "One."), (8, "Two.")] {
        let context = antiphon_protocol::Context {
            kind: antiphon_protocol::ContextKind::Thinking,
            text: content.to_owned(),
            delegation: None,
        };
        talk.asked(id, &antiphon_protocol::Command::Context(context))
            .unwrap();
    }
    let incomplete = |name: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"server_error","code":"context_injection_incomplete","message":"m"{name}}}}}"#
        )
    };
    let made = closed(&mut talk, &incomplete(r#","client_event_id":"ap_8_0""#));
    // Without a name it is the oldest.
    let made = [made, talk.heard(&incomplete(""))].concat();
    let refused: Vec<_> = signals(&made)
        .into_iter()
        .map(|signal| match signal {
            Signal::Reject(id, error) => (id, error.benign),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        refused,
        [(CommandId::new(8), true), (CommandId::new(7), true)]
    );
    let made = talk
        .heard(r#"{"type":"session.closed","reason":"close_requested","session":{"id":"live_1"}}"#);
    assert_eq!(signals(&made), [Signal::Finished]);
}

#[test]
fn an_end_that_nobody_asked_for_says_why() {
    let rows = [
        ("expired", Fault::SessionLimit, Retry::Rotate),
        ("content", Fault::Forbidden, Retry::Never),
        ("remote_hangup", Fault::Closed, Retry::Never),
        ("connection_lost", Fault::Network, Retry::Backoff),
        ("close_requested", Fault::Closed, Retry::Never),
        ("something_new", Fault::Unknown, Retry::Never),
    ];
    for (reason, fault, retry) in rows {
        let mut talk = Talk::live(&live());
        let made = talk.heard(&format!(
            r#"{{"type":"session.closed","reason":"{reason}","session":{{"id":"live_1"}}}}"#
        ));
        let [Event::Error(error)] = &events(&made)[..] else {
            panic!("{made:?}");
        };
        assert_eq!((error.code.as_deref(), error.fault), (Some(reason), fault));
        let signal = match fault {
            Fault::SessionLimit => Signal::GoAway {
                left: Some(Duration::ZERO),
            },
            _ => Signal::Refused(fault),
        };
        assert_eq!(signals(&made), [signal], "{reason}");
        let end = End {
            last_error: Some(error.clone()),
            ..End::new(Stage::Live, How::Refused)
        };
        assert_eq!(live().classify(&end), (fault, retry), "{reason}");
    }
}

#[test]
fn only_a_lost_account_ends_a_running_session() {
    let error = |code: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"invalid_request_error","code":"{code}","message":"m"}}}}"#
        )
    };
    for (code, ends) in [
        ("insufficient_quota", true),
        ("invalid_api_key", true),
        ("model_not_found", false),
        ("forbidden", false),
        ("invalid_value", false),
        ("something_new", false),
    ] {
        let made = Talk::live(&live()).heard(&error(code));
        assert_eq!(!signals(&made).is_empty(), ends, "{code}");
        assert!(matches!(events(&made)[..], [Event::Error(_)]), "{code}");
    }
}

#[test]
fn decisions_and_remarks_stay_readable() {
    let decisions = DecisionsDelegation::default()
        .with_decisions(DecisionsConfig::default().with_model("gpt-live-1"));
    let mut talk = Talk::live(&live().with_delegation(decisions));
    for frame in [
        r#"{"type":"decision.event","event":{"type":"decision.completed","decision":{"answers":[]}}}"#,
        r#"{"type":"info","code":"data_channel_permissions","message":"m"}"#,
        r#"{"type":"transport.dtmf.received","event":"5"}"#,
        r#"{"type":"session.input_audio.append","audio":"AAECAw=="}"#,
        r#"{"type":"something.new","x":1}"#,
    ] {
        let made = talk.heard(frame);
        let [Effect::Event(Event::Other(raw))] = &made[..] else {
            panic!("{made:?}");
        };
        assert_eq!(raw.json(), frame);
    }
}

#[test]
fn binary_frames_are_read_alike() {
    let mut talk = Talk::opened(&live(), &plan());
    let mut made: Vec<Effect> = Vec::new();
    talk.codec
        .decode(&Frame::binary(STARTED.as_bytes().to_vec()), &mut made);
    assert!(lines(&made).contains("Ready"), "{made:?}");
}

#[test]
fn what_a_builder_was_told_is_sent_or_refused() {
    let triggers: Vec<Trigger> = serde_json::from_value(json!([{
        "type": "decisions", "event_type": "session.input_transcript.delta",
        "decisions": {"questions": [{"type": "predicate", "instructions": "Is the user angry?"}]},
    }]))
    .unwrap();
    let told = |provider: &Live| {
        let mut talk = Talk::opened(provider, &plan());
        let mut frames = sent(&talk.made());
        frames
            .pop()
            .map_or(Value::Null, |mut frame| frame["session"].take())
    };
    let set = live()
        .with_triggers(triggers.clone())
        .with_store(true)
        .with_acknowledgement_delay(Duration::from_millis(400));
    assert_eq!(
        told(&set),
        json!({"model": "gpt-live-1", "store": true, "triggers": json!(triggers),
            "delegation": {"type": "client", "acknowledgement_delay_ms": 400}})
    );
    // A running session keeps the model behind it, and takes the rest.
    let attached = live().attach("live_1").with_backend("gpt-5.5");
    assert_eq!(told(&attached), Value::Null);
    assert_eq!(
        told(
            &attached
                .clone()
                .with_acknowledgement_delay(Duration::from_millis(400))
        ),
        json!({"delegation": {"type": "responses", "acknowledgement_delay_ms": 400}})
    );
    assert_eq!(
        told(&attached.clone().with_triggers(triggers.clone())),
        json!({"triggers": json!(triggers)})
    );
    for (refused, why) in [
        (attached.with_store(true), "where it is opened"),
        (
            live().fork("live_1").with_triggers(triggers),
            "once it runs",
        ),
        (
            live().with_delegation(ResponsesDelegation::default()),
            "name the model that works",
        ),
    ] {
        let refusal = refused.open(&plan()).err().unwrap();
        assert!(refusal.why.contains(why), "{refusal}");
    }
}
