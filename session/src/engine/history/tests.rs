//! What is kept, what goes, and what a new connection is told.

use antiphon_protocol::SeedLimits;

use super::*;

const ROOM: SeedLimits = SeedLimits {
    items: 100,
    bytes: 100_000,
};

fn kept(items: usize, tokens: u64) -> History {
    History::new(&Limits {
        history_items: items,
        history_tokens: tokens,
        ..Limits::default()
    })
}

fn none(_: &CallId) -> bool {
    false
}

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
    let mut history = kept(1024, 100_000);
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
    let mut history = kept(1024, 100_000);
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
        let mut history = kept(1024, 100_000);
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
    let mut history = kept(1024, 100_000);
    history.on_text(Role::User, &words("u", "first", true), false);
    history.on_call(&call("answered"));
    history.on_results(CommandId::new(1), &[result("answered")]);
    history.on_call(&call("void"));
    history.on_text(Role::Assistant, &words("a", "last", true), true);
    assert_eq!(
        read(&history.seed(ROOM, none, |_| false)),
        [
            "User: first",
            "call answered",
            "result answered",
            "Assistant: last"
        ]
    );
    let two = SeedLimits { items: 2, ..ROOM };
    assert_eq!(
        read(&history.seed(two, none, |_| false)),
        ["Assistant: last"],
        "an answer needs its call"
    );
    assert!(
        history
            .seed(SeedLimits::default(), none, |_| false)
            .is_empty()
    );
    assert!(
        history
            .seed(ROOM, none, |_| false)
            .iter()
            .all(|item| item.id.is_none())
    );
    assert_eq!(
        read(&history.seed(ROOM, none, |id| id == CommandId::new(1))),
        ["User: first", "Assistant: last"],
        "an answer that is still to be sent is not replayed, and so its call is not either"
    );
}

#[test]
fn words_without_items_belong_to_the_running_entry_of_their_speaker() {
    let mut history = kept(1024, 100_000);
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
    let mut history = kept(1024, 100_000);
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
    let mut history = kept(1024, 100_000);
    let minted = ItemId::synthetic(1);
    let say = |item: &ItemId, text: &str| TextDelta {
        item: Some(item.clone()),
        ..words("", text, false)
    };
    let before = Item::text(Role::Assistant, "before").with_id(minted.clone());
    let named = Item::text(Role::Assistant, "named").with_id("x".into());
    let restored = [before, named].map(|item| Kept { item, order: false });
    history.restore(restored.to_vec());
    history.on_text(Role::Assistant, &say(&minted, "after"), true);
    let ids: Vec<_> = history.items().into_iter().map(|item| item.id).collect();
    assert_eq!(ids, [None, Some("x".into()), Some(minted)]);
}

// faults: H3 by three thousand turns of four kilobytes
#[test]
fn memory_is_bounded() {
    let mut history = kept(1024, u64::MAX);
    for n in 0..3000 {
        let text = "x".repeat(4096);
        history.on_text(Role::User, &words(&format!("u{n}"), &text, true), false);
    }
    let marks = history.marks();
    assert!(history.size.bytes <= 1 << 20 && marks.items <= 1024);
    assert_eq!(history.total(), 3000);
    assert_eq!(marks.items as u64 + marks.pruned_items, 3000);
    assert_eq!(marks.estimated_tokens, marks.items as u64 * (1024 + 4));
    assert_eq!(marks.pruned_tokens, marks.pruned_items * (1024 + 4));
}

fn say(history: &mut History, words: &str) {
    let id = CommandId::new(history.total() as u64 + 1000);
    history.on_command(id, &[Item::text(Role::User, words)]);
}

#[test]
fn the_oldest_goes_first_a_call_with_its_answer_and_what_the_application_said_last() {
    let mut history = kept(6, 100_000);
    history.on_command(CommandId::new(1), &[Item::text(Role::System, "order")]);
    history.on_call(&call("answered"));
    say(&mut history, "a");
    history.on_call(&call("waits"));
    history.on_results(CommandId::new(2), &[result("answered")]);
    say(&mut history, "b");
    say(&mut history, "c");
    let pruned = |history: &History| history.marks().pruned_items;
    assert_eq!(
        read(&history.items()),
        [
            "System: order",
            "User: a",
            "call waits",
            "User: b",
            "User: c"
        ]
    );
    assert_eq!(pruned(&history), 2, "the call and its answer");
    for more in ["d", "e", "f", "g", "h"] {
        say(&mut history, more);
    }
    assert_eq!(
        read(&history.items()),
        [
            "System: order",
            "call waits",
            "User: e",
            "User: f",
            "User: g",
            "User: h"
        ]
    );
    history.most = (2, 100_000);
    say(&mut history, "i");
    assert_eq!(read(&history.items()), ["System: order", "User: i"]);
    history.most = (1, 100_000);
    say(&mut history, "j");
    assert_eq!(
        read(&history.items()),
        ["User: j"],
        "the newest always stays"
    );
}

#[test]
fn tokens_bound_it_too_while_the_words_still_come() {
    let mut history = kept(1024, 30);
    say(
        &mut history,
        "twelve words or so that are there before the answer begins",
    );
    for _ in 0..10 {
        history.on_text(Role::Assistant, &words("a", "four", false), true);
    }
    assert_eq!(history.marks().estimated_tokens, 14);
    assert_eq!(history.marks().pruned_items, 1);
    for _ in 0..100 {
        history.on_text(Role::Assistant, &words("a", "four", false), true);
    }
    assert_eq!(
        history.marks().items,
        1,
        "the newest stays, however long it is"
    );
    let heard = Heard {
        item: Some("a".into()),
        heard: 0,
        produced: 1000,
    };
    history.on_interrupted(&heard);
    assert_eq!(
        history.marks().estimated_tokens,
        4,
        "nothing of it was heard"
    );
}

#[test]
fn a_seed_holds_the_applications_words_before_all_else_and_calls_that_may_wait() {
    let mut history = kept(1024, 100_000);
    say(&mut history, "first");
    history.on_command(CommandId::new(1), &[Item::text(Role::System, "order")]);
    say(&mut history, "second");
    history.on_call(&call("waits"));
    say(&mut history, "third");
    let two = SeedLimits { items: 2, ..ROOM };
    assert_eq!(
        read(&history.seed(two, none, |_| false)),
        ["System: order", "User: third"]
    );
    let seed = history.seed(ROOM, |_| true, |_| false);
    assert_eq!(
        read(&seed),
        [
            "User: first",
            "System: order",
            "User: second",
            "call waits",
            "User: third"
        ]
    );
    assert_eq!(
        open_calls(&seed).into_iter().collect::<Vec<_>>(),
        ["waits".into()]
    );
    assert!(history.awaits_answer());
    history.on_command(CommandId::new(3), &[Item::text(Role::System, "by the way")]);
    assert!(history.awaits_answer(), "the application is not the user");
}

#[test]
fn what_a_provider_has_refused_is_not_told_again() {
    let mut history = kept(1024, 100_000);
    say(&mut history, "refused");
    history.withhold();
    say(&mut history, "new");
    assert_eq!(read(&history.seed(ROOM, none, |_| false)), ["User: new"]);
    assert_eq!(history.total(), 2, "it was said all the same");
}
