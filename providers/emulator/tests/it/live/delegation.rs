//! Work that the model has done by others: the client, a backend model, or a model that decides.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{
    Bench, SAID, error_of, joined, of_type, outline, types, weather_tool, with_backend,
};

const WEATHER: &str = r#"
expect "What's the weather like in Oslo today?"
  call get_weather city="{place|Oslo}"
  say "It is {output.temperature} degrees in {call.city}." or "{output}" or "I do not know."
"#;

/// Asks, and returns the id of the delegation that follows.
fn delegated(bench: &mut Bench) -> String {
    bench.ask();
    let created = bench.run_until("session.delegation.created");
    assert_eq!(created["delegation"]["type"], "delegation");
    created["delegation"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_client_is_asked_without_being_told_what_for_and_its_answer_is_spoken() {
    let rows = [
        (r#"{"temperature": 8}"#, "It is 8 degrees in Oslo."),
        ("It is foggy.", "It is foggy."),
    ];
    for (answer, said) in rows {
        let mut bench = Bench::started(WEATHER);
        let id = delegated(&mut bench);
        let events = bench.all();
        let created = of_type(&events, "session.delegation.created")[0];
        assert_eq!(
            created["delegation"],
            json!({"id": id, "type": "delegation", "target": "client"})
        );
        assert!(created["offset_ms"].as_u64() > Some(1_000));
        bench.tell("thinking", json!(id), "Looking it up.");
        assert_eq!(
            joined(&bench.run(3_000), SAID),
            "",
            "progress is not spoken"
        );
        bench.tell("commentary", json!(id), answer);
        assert_eq!(joined(&bench.run(6_000), SAID), said);
        bench.tell("commentary", json!(id), "Take a coat.");
        assert_eq!(
            joined(&bench.run(4_000), SAID),
            "Take a coat.",
            "more is said as it is"
        );
    }
}

#[test]
fn several_calls_are_several_delegations_and_all_must_be_answered() {
    let mut bench = Bench::started("expect \"a\"\n call one\n call two\n say \"Done: {output}\"");
    bench.ask();
    bench.run(1_000);
    let all = bench.all();
    let created = of_type(&all, "session.delegation.created");
    let ids: Vec<Value> = created
        .iter()
        .map(|event| event["delegation"]["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    bench.tell("commentary", ids[1].clone(), "second");
    assert_eq!(joined(&bench.run(3_000), SAID), "");
    bench.tell("commentary", ids[0].clone(), "first");
    assert_eq!(joined(&bench.run(5_000), SAID), "Done: first");
}

#[test]
fn an_interruption_does_not_end_delegated_work() {
    let mut bench = Bench::started(&format!("{WEATHER}\nexpect \"Hello\"\n say \"Yes?\""));
    let id = delegated(&mut bench);
    bench.ask();
    assert_eq!(joined(&bench.run(3_000), SAID), "Yes?");
    bench.tell("commentary", json!(id), r#"{"temperature": 3}"#);
    assert_eq!(joined(&bench.run(6_000), SAID), "It is 3 degrees in Oslo.");
}

#[test]
fn an_acknowledgement_is_spoken_unless_the_client_is_quicker() {
    let slow = json!({"delegation": {"type": "client", "acknowledgement_delay_ms": 1_500}});
    let mut bench = Bench::configured(WEATHER, slow.clone());
    delegated(&mut bench);
    assert_eq!(joined(&bench.run(5_000), SAID), "One moment, please.");
    let mut bench = Bench::configured(WEATHER, slow);
    let id = delegated(&mut bench);
    bench.tell("thinking", json!(id), "Looking.");
    assert_eq!(joined(&bench.run(5_000), SAID), "");
}

/// The nested events among `events`.
fn nested(events: &[Value]) -> Vec<Value> {
    let outer = of_type(events, "response.event");
    outer.iter().map(|event| event["event"].clone()).collect()
}

/// The calls that a client would collect.
fn calls(events: &[Value]) -> Vec<Value> {
    let nested = nested(events);
    let done = of_type(&nested, "response.output_item.done");
    let items = done.iter().map(|event| event["item"].clone());
    items
        .filter(|item| item["type"] == "function_call")
        .collect()
}

fn output(bench: &mut Bench, call: &Value, output: &str) -> Vec<Value> {
    bench.send(json!({"type": "response.item.create", "item": {
        "type": "function_call_output", "call_id": call["call_id"], "output": output,
    }}))
}

fn go_on(bench: &mut Bench) -> Vec<Value> {
    bench.send(json!({"type": "response.create"}))
}

#[test]
fn a_backend_calls_the_tool_writes_the_answer_and_the_model_speaks_it() {
    let mut bench = Bench::configured(WEATHER, with_backend());
    let id = delegated(&mut bench);
    bench.run(1_000);
    let mut outline = types(&nested(&bench.all()));
    outline.dedup();
    assert_eq!(
        outline,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let all = bench.all();
    let created = of_type(&all, "session.delegation.created")[0];
    assert_eq!(created["delegation"]["target"], "responses");
    let first = &nested(&all)[0];
    assert_eq!(
        first["response"]["id"],
        created["delegation"]["response_id"]
    );
    let outer = of_type(&all, "response.event");
    assert!(outer.iter().all(|event| event["delegation_id"] == id));
    let numbers: Vec<u64> = nested(&all)
        .iter()
        .map(|event| event["sequence_number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    let completed = nested(&all).pop().unwrap();
    assert_eq!(
        completed["response"]["output"],
        json!([]),
        "empty, and there is a call"
    );
    assert!(completed["response"]["usage"]["total_tokens"].as_u64() > Some(0));

    let call = calls(&all).remove(0);
    assert_eq!(call["arguments"], r#"{"city":"Oslo"}"#);
    assert!(output(&mut bench, &call, r#"{"temperature": 8}"#).is_empty());
    assert!(go_on(&mut bench).len() <= 1);
    let answer = bench.run(8_000);
    let written = nested(&answer);
    let text = of_type(&written, "response.output_text.done")[0]["text"].clone();
    assert_eq!(text, "It is 8 degrees in Oslo.");
    assert_eq!(joined(&answer, SAID), "It is 8 degrees in Oslo.");
}

#[test]
fn a_partial_batch_is_refused_and_so_is_a_second_answer() {
    let script =
        "expect \"a\"\n call get_weather city=\"A\"\n call get_weather city=\"B\"\n say \"Both.\"";
    let mut bench = Bench::configured(script, with_backend());
    delegated(&mut bench);
    let early = error_of(&go_on(&mut bench));
    assert_eq!(
        early["code"], "invalid_event",
        "the response is still at work"
    );
    bench.run(2_000);
    let calls = calls(&bench.all());
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0]["call_id"], calls[1]["call_id"]);
    output(&mut bench, &calls[0], "{}");
    let partial = error_of(&go_on(&mut bench));
    assert!(
        partial["message"]
            .as_str()
            .unwrap()
            .contains(calls[1]["call_id"].as_str().unwrap())
    );
    let again = error_of(&output(&mut bench, &calls[0], "{}"));
    assert_eq!(again["param"], "item.call_id");
    let unknown = error_of(&output(&mut bench, &json!({"call_id": "call_none"}), "{}"));
    assert_eq!(unknown["param"], "item.call_id");
    output(&mut bench, &calls[1], "{}");
    go_on(&mut bench);
    assert_eq!(joined(&bench.run(4_000), SAID), "Both.");
}

#[test]
fn typed_words_are_a_turn_of_the_backend() {
    let mut bench = Bench::configured(WEATHER, with_backend());
    let nothing = error_of(&go_on(&mut bench));
    assert_eq!(nothing["code"], "invalid_event");
    bench.send(
        json!({"type": "response.item.create", "item": {"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "And in Rome?"}]}}),
    );
    go_on(&mut bench);
    bench.run(1_000);
    let all = bench.all();
    assert!(
        of_type(&all, "response.event")
            .iter()
            .all(|event| event["delegation_id"].is_null())
    );
    let call = calls(&all).remove(0);
    assert_eq!(call["arguments"], r#"{"city":"Rome"}"#);
    output(&mut bench, &call, r#"{"temperature": 20}"#);
    go_on(&mut bench);
    assert_eq!(joined(&bench.run(6_000), SAID), "It is 20 degrees in Rome.");
}

#[test]
fn a_failed_response_voids_its_calls() {
    let script = "expect \"a\"\n call get_weather\n fail response \"overloaded\"\n say \"x\"";
    let mut bench = Bench::configured(script, with_backend());
    delegated(&mut bench);
    bench.run(1_000);
    let call = calls(&bench.all()).remove(0);
    output(&mut bench, &call, "{}");
    go_on(&mut bench);
    bench.run(1_000);
    let all = nested(&bench.all());
    let failed = of_type(&all, "response.failed")[0];
    assert_eq!(failed["response"]["error"]["message"], "overloaded");
    error_of(&output(&mut bench, &call, "{}"));
}

#[test]
fn a_backend_without_the_tool_leaves_the_call_out() {
    let backend = json!({"delegation": {"type": "responses", "responses": {"model": "m"}}});
    let mut bench = Bench::configured(WEATHER, backend);
    bench.ask();
    let events = bench.run(5_000);
    assert!(of_type(&events, "session.delegation.created").is_empty());
    let update =
        json!({"delegation": {"type": "responses", "responses": {"tools": [weather_tool()]}}});
    let updated = bench.send(json!({"type": "session.update", "session": update}));
    let shown = &updated[0]["session"]["delegation"]["responses"];
    assert_eq!(
        (&shown["model"], &shown["tools"][0]["name"]),
        (&json!("m"), &json!("get_weather"))
    );
}

#[test]
fn a_backend_at_work_holds_up_the_end() {
    let mut bench = Bench::configured(WEATHER, with_backend());
    delegated(&mut bench);
    bench.send(json!({"type": "session.close"}));
    let events = bench.wait(Duration::from_secs(30));
    let mut names = outline(&events);
    names.dedup();
    assert_eq!(names, ["response.event", "session.closed"]);
}

#[test]
fn decisions_answer_their_questions() {
    let questions = json!([
        {"type": "predicate", "name": "angry", "instructions": "Is the caller angry?"},
        {"type": "choice", "instructions": "What?", "choices": [{"value": "a"}, {"value": "b"}]},
        {"type": "score", "instructions": "How much?", "levels": [{"label": "low"}, {"label": "high"}]},
    ]);
    let mut bench = Bench::configured(
        WEATHER,
        json!({
            "delegation": {"type": "decisions", "decisions": {"model": "d", "questions": questions}},
            "triggers": [{"type": "decisions", "event_type": "session.input_transcript.delta",
                "decisions": {"questions": [questions[0]]}}],
        }),
    );
    let ask = json!({"type": "decision.create", "event_id": "ask_1"});
    let decided = bench.send(ask.clone());
    assert_eq!(types(&decided), ["decision.event"]);
    assert_eq!(
        decided[0]["event"]["decision"]["answers"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        error_of(&bench.send(ask))["param"],
        "event_id",
        "once per id"
    );
    let item = json!({"type": "message", "role": "user", "content": "x"});
    let created = bench.send(json!({"type": "decision.item.create", "item": item}));
    let id = created[0]["item"]["id"].clone();
    let deleted = bench.send(json!({"type": "decision.item.delete", "item_id": id}));
    assert_eq!(types(&deleted), ["decision.item.deleted"]);
    bench.ask();
    bench.run(2_000);
    let all = bench.all();
    let triggered = of_type(&all, "decision.event");
    let source = |event: &&&Value| event["source_event_type"] == "session.input_transcript.delta";
    assert!(triggered.iter().filter(source).count() > 1);
    let delegation = of_type(&all, "session.delegation.created")[0]["delegation"]["id"].clone();
    assert!(
        triggered
            .iter()
            .any(|event| event["delegation_id"] == delegation)
    );
}
