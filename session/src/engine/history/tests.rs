//! What a history keeps, cuts and tells a new connection.

use super::*;

const ROOM: SeedLimits = SeedLimits {
    items: 100,
    bytes: 100_000,
};

fn words(item: &str, text: &str, done: bool) -> TextDelta {
    TextDelta {
        item: Some(item.into()),
        response: None,
        content_index: 0,
        text: text.into(),
        done,
    }
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: "tool".into(),
        arguments: "{}".into(),
        item: None,
        response: None,
    }
}

fn result(id: &str) -> ToolResult {
    ToolResult::new(id.into(), "tool", "ok")
}

fn read(items: &[Item]) -> Vec<String> {
    items
        .iter()
        .map(|item| match &item.kind {
            ItemKind::Message { role, content } => {
                let text: String = content
                    .iter()
                    .map(|part| match part {
                        Content::Text(text) => text.clone(),
                        Content::Audio { transcript } => transcript.clone().unwrap_or_default(),
                        _ => "?".into(),
                    })
                    .collect();
                format!("{role:?}: {text}")
            }
            ItemKind::ToolCall(call) => format!("call {}", call.id),
            ItemKind::ToolResult(result) => format!("result {}", result.call),
            _ => "other".into(),
        })
        .collect()
}

// faults: E14, E16 by a transcript that comes after the answer has begun
#[test]
fn a_spoken_turn_and_its_answer_stand_in_the_order_in_which_they_began() {
    let mut history = History::default();
    history.on_committed(&"u".into());
    history.on_text(Role::Assistant, &words("a", "It is ", false), true);
    // The user's transcript may come after the answer has begun.
    history.on_text(Role::User, &words("u", "How is the weather?", true), true);
    history.on_text(Role::Assistant, &words("a", "fine.", false), true);
    history.on_text(Role::Assistant, &words("a", "It is fine.", true), true);
    assert_eq!(
        read(&history.items()),
        ["User: How is the weather?", "Assistant: It is fine."]
    );
    assert!(!history.awaits_answer());
}

#[test]
fn what_the_caller_added_is_not_doubled_when_the_provider_reports_it() {
    let mut history = History::default();
    let added = Item::text(Role::User, "hello");
    history.on_command(CommandId::new(1), std::slice::from_ref(&added));
    history.on_item(&added.clone().with_id("i".into()));
    history.on_item(&added.with_id("i".into()));
    assert_eq!(read(&history.items()), ["User: hello"]);
    assert!(history.awaits_answer());
    history.on_command(CommandId::new(2), &[Item::text(Role::User, "lost")]);
    history.on_undelivered(CommandId::new(2));
    assert_eq!(history.total(), 1);
}

#[test]
fn only_what_was_heard_was_said() {
    for (heard, left) in [
        (0, vec![]),
        (500, vec!["Assistant: one two"]),
        (990, vec!["Assistant: one two three"]),
        (1000, vec!["Assistant: one two three four"]),
    ] {
        let mut history = History::default();
        history.on_text(
            Role::Assistant,
            &words("a", "one two three four", true),
            true,
        );
        let heard = Heard {
            item: Some("a".into()),
            heard,
            produced: 1000,
        };
        history.on_interrupted(&heard);
        assert_eq!(read(&history.items()), left, "{heard:?}");
    }
}

#[test]
fn a_seed_pairs_calls_with_answers_and_keeps_the_newest_that_fits() {
    let mut history = History::default();
    history.on_text(Role::User, &words("u", "first", true), false);
    history.on_call(&call("answered"));
    history.on_results(CommandId::new(1), &[result("answered")]);
    history.on_call(&call("void"));
    history.on_text(Role::Assistant, &words("a", "last", true), true);
    assert_eq!(
        read(&history.seed(ROOM, |_| false)),
        [
            "User: first",
            "call answered",
            "result answered",
            "Assistant: last"
        ]
    );
    let two = SeedLimits { items: 2, ..ROOM };
    assert_eq!(
        read(&history.seed(two, |_| false)),
        ["Assistant: last"],
        "an answer needs its call"
    );
    assert!(history.seed(SeedLimits::default(), |_| false).is_empty());
    assert!(
        history
            .seed(ROOM, |_| false)
            .iter()
            .all(|item| item.id.is_none())
    );
    assert_eq!(
        read(&history.seed(ROOM, |id| id == CommandId::new(1))),
        ["User: first", "Assistant: last"],
        "an answer that is still to be sent is not replayed, and so its call is not either"
    );
}

#[test]
fn words_without_items_belong_to_the_running_entry_of_their_speaker() {
    let mut history = History::default();
    let say = |text: &str| TextDelta {
        item: None,
        ..words("", text, false)
    };
    history.on_text(Role::User, &say("a"), true);
    history.on_text(Role::Assistant, &say("b"), true);
    history.on_text(Role::Assistant, &say("c"), true);
    history.on_response_done();
    history.on_text(Role::Assistant, &say("d"), true);
    assert_eq!(
        read(&history.items()),
        ["User: a", "Assistant: bc", "Assistant: d"]
    );
}

#[test]
fn what_a_lost_connection_said_is_still_cut_to_what_was_heard() {
    let mut history = History::default();
    history.on_text(
        Role::Assistant,
        &words("a", "one two three four", true),
        true,
    );
    history.forget_ids(|_| false);
    history.on_interrupted(&Heard {
        item: Some("a".into()),
        heard: 50,
        produced: 100,
    });
    assert_eq!(read(&history.items()), ["Assistant: one two"]);
}

#[test]
fn another_process_keeps_the_providers_names_but_not_those_minted_here() {
    let mut history = History::default();
    let minted = ItemId::synthetic(1);
    let say = |item: &ItemId, text: &str| TextDelta {
        item: Some(item.clone()),
        ..words("", text, false)
    };
    let kept = Item::text(Role::Assistant, "before").with_id(minted.clone());
    let named = Item::text(Role::Assistant, "named").with_id("x".into());
    history.restore(vec![kept, named]);
    history.on_text(Role::Assistant, &say(&minted, "after"), true);
    let ids: Vec<_> = history.items().into_iter().map(|item| item.id).collect();
    assert_eq!(ids, [None, Some("x".into()), Some(minted)]);
}

// faults: H3 by three thousand turns of four kilobytes
#[test]
fn memory_is_bounded() {
    let mut history = History::default();
    for n in 0..3000 {
        let text = "x".repeat(4096);
        history.on_text(Role::User, &words(&format!("u{n}"), &text, true), false);
    }
    assert!(history.bytes <= BYTES && history.entries.len() <= ENTRIES);
    assert_eq!(history.total(), 3000);
}
