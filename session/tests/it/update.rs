//! The caller states what the session shall be, and is told how it came to be so, or why not.

use std::{borrow::Cow, time::Duration};

use antiphon_protocol::{
    AudioFormat, ConfigField, ContextKind, Event, Receipts, Recovery, Resume, RotationCause,
    SessionConfig, UpdateOutcome,
};
use antiphon_session::{Session, SessionError, Update};
use serde_json::value::RawValue;
use tokio::{task::JoinHandle, time::Instant};

use crate::toy::{Server, Toy, live, live_toy, settle, until};

fn wish(session: &Session, update: Update) -> JoinHandle<Result<UpdateOutcome, SessionError>> {
    let session = session.clone();
    tokio::spawn(async move { session.update(update).await })
}

fn voiced(voice: &'static str) -> Update {
    Update::change(move |config| config.voice(voice))
}

fn instructed_and_voiced() -> Update {
    Update::change(|config| config.voice("v").instructions("new role"))
}

fn instructed(text: &'static str) -> Update {
    Update::change(move |config| config.instructions(text))
}

#[tokio::test(start_paused = true)]
async fn what_can_change_live_changes_live_and_is_confirmed_and_the_model_is_told_once() {
    let (session, mut events, peer, server) = live().await;
    let changed = wish(&session, instructed("be brief").bridge("a note"));
    assert_eq!(server.grant("configure").await, "be brief");
    assert_eq!(server.expect("items").await.1, "a note");
    let confirmed = UpdateOutcome::AppliedLive { confirmed: true };
    assert_eq!(changed.await.unwrap().unwrap(), confirmed);
    let told = until(&mut events, |event| match event {
        Event::ConfigUpdated(outcome) => Some(outcome.clone()),
        _ => None,
    })
    .await;
    assert_eq!(told, confirmed);
    assert_eq!(session.state().borrow().update, None);
    server.wire.drop_connection();
    assert_eq!(Server::opened(&peer).await.1, "hello be brief a note");
}

#[tokio::test(start_paused = true)]
async fn on_a_wire_without_receipts_it_is_marked_as_unconfirmed_and_context_has_a_word_of_its_own()
{
    let toy = Toy::new().able(|can| {
        can.receipts = Receipts::Written;
        can.contexts = Cow::Borrowed(&[ContextKind::Thinking, ContextKind::Instructions]);
    });
    let (session, _events, _peer, server) = live_toy(&toy).await;
    let changed = wish(&session, instructed("be brief").bridge("a note"));
    server.expect("configure").await;
    assert_eq!(server.expect("context").await.1, "a note");
    assert_eq!(
        changed.await.unwrap().unwrap(),
        UpdateOutcome::AppliedLive { confirmed: false }
    );
}

#[tokio::test(start_paused = true)]
async fn a_live_refusal_keeps_the_old_state() {
    let (session, _events, peer, server) = live().await;
    let refused = wish(&session, instructed("no"));
    let (number, _) = server.expect("configure").await;
    server.say(&format!("reject {number} bad"));
    let outcome = refused.await.unwrap().unwrap();
    assert!(
        matches!(outcome, UpdateOutcome::Failed { .. }),
        "{outcome:?}"
    );
    server.wire.drop_connection();
    assert_eq!(Server::opened(&peer).await.1, "hello");
}

#[tokio::test(start_paused = true)]
async fn a_message_stands_among_the_orders_that_a_resumed_connection_is_given_again() {
    let toy = Toy::new().able(|can| {
        can.contexts = Cow::Borrowed(&[ContextKind::Instructions]);
        can.resume = Resume::Handle;
    });
    let (session, _events, peer, server) = live_toy(&toy).await;
    let order = ContextKind::Instructions;
    session.add_context(order, "whisper").await.unwrap();
    server.expect("context").await;
    server.say("handle h1");
    settle().await;
    let wished = wish(&session, voiced("v").bridge("a note"));
    let (server, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello resume:h1");
    server.say("ready resumed");
    for order in ["whisper", "a note"] {
        assert_eq!(server.expect("context").await.1, order);
    }
    let recovery = Recovery::Resumed;
    let outcome = wished.await.unwrap().unwrap();
    assert_eq!(outcome, UpdateOutcome::Rotated { recovery });
    server.say("handle h2");
    settle().await;
    server.wire.drop_connection();
    let (server, brought) = Server::greeted(&peer).await;
    assert_eq!(brought, "hello resume:h2");
    server.say("ready resumed");
    for order in ["whisper", "a note"] {
        assert_eq!(server.expect("context").await.1, order);
    }
    settle().await;
    assert!(server.is_quiet(), "each is told once");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_the_moment_is_tried_again_and_told_in_the_end() {
    for tries in [2_u64, 3] {
        let (session, mut events, _peer, server) = live().await;
        let wished = wish(&session, instructed("later").bridge("a note"));
        let begun = Instant::now();
        for _ in 1..tries {
            let (number, rest) = server.expect("configure").await;
            assert_eq!(rest, "later");
            server.say(&format!("not-now {number}"));
        }
        let (number, _) = server.expect("configure").await;
        let progress = session.state().borrow().update.map(|its| its.attempts);
        assert_eq!(progress, tries.try_into().ok());
        let word = if tries == 2 { "ack" } else { "not-now" };
        server.say(&format!("{word} {number}"));
        let outcome = wished.await.unwrap().unwrap();
        assert_eq!(begun.elapsed().as_secs(), tries * (tries - 1));
        let told = until(&mut events, |event| match event {
            Event::ConfigUpdated(outcome) => Some(outcome.clone()),
            _ => None,
        });
        assert_eq!(told.await, outcome);
        if tries == 2 {
            assert_eq!(outcome, UpdateOutcome::AppliedLive { confirmed: true });
            assert_eq!(server.expect("items").await.1, "a note");
        } else {
            assert!(matches!(outcome, UpdateOutcome::Failed { .. }));
            assert!(server.is_quiet(), "nothing is told of what did not happen");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_change_live_comes_with_a_new_connection_once_it_is_quiet() {
    let (session, mut events, peer, server) = live().await;
    session.send_text("question").await.unwrap();
    server.expect("items").await;
    server.expect("create").await;
    server.say("started r1");
    settle().await;
    let first = wish(&session, voiced("one").bridge("first note"));
    settle().await;
    let second = wish(
        &session,
        Update::change(|config| config.voice("two").instructions("role")).bridge("note"),
    );
    settle().await;
    let waiting = session.state().borrow().update.expect("it is pending");
    assert!(waiting.rotates && waiting.attempts == 0);
    assert_eq!(peer.dials(), 1, "an answer is being given");
    server.say("text r1 answer");
    server.say("done r1 completed");
    let (_server, brought) = Server::opened(&peer).await;
    assert_eq!(brought, "hello role question answer bridge:note");
    let rotation = until(&mut events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
    .await;
    assert_eq!(rotation.cause, RotationCause::Update);
    let rotated = UpdateOutcome::Rotated {
        recovery: Recovery::Reseeded,
    };
    assert_eq!(first.await.unwrap().unwrap(), rotated);
    assert_eq!(second.await.unwrap().unwrap(), rotated);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_for_an_update_does_not_wait_for_quiet_for_ever() {
    let (session, _events, peer, server) = live().await;
    server.say("started r1");
    settle().await;
    let began = Instant::now();
    let changed = wish(&session, voiced("v").quiet_within(Duration::from_secs(3)));
    let (_server, _) = Server::opened(&peer).await;
    assert!(began.elapsed() >= Duration::from_secs(3), "it waited");
    assert!(began.elapsed() < Duration::from_secs(8), "but not long");
    assert!(matches!(
        changed.await.unwrap().unwrap(),
        UpdateOutcome::Rotated { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_at_all_fails_before_anything_is_let_go() {
    let (session, _events, peer, server) = live().await;
    let mut impossible = SessionConfig::new("m");
    impossible.temperature = Some(1.0);
    let outcome = session.update(Update::to(impossible)).await.unwrap();
    let UpdateOutcome::Failed { reason } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reason.as_str().contains("temperature"), "{reason}");
    settle().await;
    assert_eq!(peer.dials(), 1);
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn where_two_connections_may_be_open_a_refused_one_leaves_the_old_one_alive() {
    let toy = Toy::new().able(|can| can.overlap = true);
    let (session, mut events, peer, server) = live_toy(&toy).await;
    let refused = wish(&session, voiced("v"));
    let (next, _) = Server::greeted(&peer).await;
    next.say("refuse");
    let outcome = refused.await.unwrap().unwrap();
    assert!(
        matches!(outcome, UpdateOutcome::Failed { .. }),
        "{outcome:?}"
    );
    let kept = until(&mut events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.recovery),
        _ => None,
    })
    .await;
    assert_eq!(kept, Recovery::Reverted);
    session.commit_audio().await.unwrap();
    server.expect("commit").await;
}

#[tokio::test(start_paused = true)]
async fn where_only_one_may_be_open_a_refused_one_is_followed_by_one_as_before() {
    let (session, mut events, peer, _server) = live().await;
    let refused = wish(&session, instructed_and_voiced());
    let (next, greeting) = Server::greeted(&peer).await;
    assert_eq!(greeting, "hello new role");
    next.say("refuse");
    let (_server, greeting) = Server::opened(&peer).await;
    assert_eq!(greeting, "hello", "configured as before");
    let outcome = refused.await.unwrap().unwrap();
    assert!(
        matches!(outcome, UpdateOutcome::Failed { .. }),
        "{outcome:?}"
    );
    let kept = until(&mut events, |event| match event {
        Event::Rotated(rotation) => Some(rotation.recovery),
        _ => None,
    })
    .await;
    assert_eq!(kept, Recovery::Fresh);
    assert!(session.state().borrow().ended.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_comes_while_another_rotation_is_on_its_way_is_not_lost() {
    for overlap in [true, false] {
        let toy = Toy::new().able(|can| can.overlap = overlap);
        let (session, _events, peer, server) = live_toy(&toy).await;
        server.wire.answer_close(false);
        server.say("goaway 5000");
        settle().await;
        let changed = wish(&session, voiced("v"));
        let (_first, _) = Server::opened(&peer).await;
        let (_second, _) = Server::opened(&peer).await;
        let outcome = changed.await.unwrap().unwrap();
        assert!(
            matches!(outcome, UpdateOutcome::Rotated { .. }),
            "{outcome:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_native_frame_configures_is_kept_by_later_connections() {
    let (session, _events, peer, server) = live().await;
    let frame = RawValue::from_string(r#"{"instructions":"native"}"#.into()).unwrap();
    session.send_native(frame).await.unwrap();
    server.expect("native").await;
    server.wire.drop_connection();
    assert_eq!(Server::opened(&peer).await.1, "hello native");
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_is_so_at_once() {
    let (session, _events, _peer, server) = live().await;
    let nothing = session.update(Update::change(|config| config)).await;
    assert_eq!(
        nothing.unwrap(),
        UpdateOutcome::AppliedLive { confirmed: true }
    );
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_description_that_panics_is_a_failure_and_not_the_end() {
    let (session, _events, _peer, server) = live().await;
    let broken = Update::change(|config| {
        assert!(!config.model.is_empty(), "oh no");
        config
    });
    let outcome = session.update(broken.bridge("unheard")).await.unwrap();
    assert!(
        matches!(outcome, UpdateOutcome::Failed { .. }),
        "{outcome:?}"
    );
    settle().await;
    assert!(server.is_quiet());
    assert_eq!(session.state().borrow().ended, None);
}

#[tokio::test(start_paused = true)]
async fn the_format_of_the_audio_stays_and_the_refusal_names_the_field() {
    let toy = Toy::new().able(|can| {
        can.live_fields = Cow::Borrowed(&[ConfigField::InputFormat, ConfigField::OutputFormat]);
    });
    let (session, _events, _peer, server) = live_toy(&toy).await;
    let other = AudioFormat::PCM16_16K;
    let mut input = SessionConfig::new("m");
    input.input_format = Some(other);
    let mut output = SessionConfig::new("m");
    output.output_format = Some(other);
    for (config, field) in [
        (input, ConfigField::InputFormat),
        (output, ConfigField::OutputFormat),
    ] {
        let wished = session.update(Update::to(config.clone())).await.map(|_| ());
        let by_hand = session.configure(config).await.map(|_| ());
        for refused in [wished, by_hand] {
            match refused {
                Err(SessionError::Unsupported(unsupported)) => {
                    assert_eq!(unsupported.field, Some(field));
                }
                other => panic!("{field:?}: {other:?}"),
            }
        }
    }
    settle().await;
    assert!(server.is_quiet(), "nothing was sent");
}
