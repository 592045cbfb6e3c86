//! What the machine promises, step by step.

use super::*;

const NOW: Time = Time::ZERO;
const QUIET: Duration = Duration::from_secs(20);

fn id(n: u64) -> CommandId {
    CommandId::new(n)
}

fn updates() -> Updates {
    let config = Arc::new(SessionConfig::new("m"));
    Updates::new(config, &[ConfigField::Instructions], true)
}

fn instructed(text: &str) -> Arc<SessionConfig> {
    Arc::new(SessionConfig::new("m").instructions(text))
}

fn voiced(voice: &str) -> Arc<SessionConfig> {
    Arc::new(SessionConfig::new("m").voice(voice))
}

fn wish(config: &Arc<SessionConfig>, bridge: Option<&str>) -> Wish {
    Wish {
        config: Arc::clone(config),
        bridge: bridge.map(Into::into),
        quiet_within: QUIET,
    }
}

fn refusal(fault: Fault) -> ServerError {
    ServerError {
        message: PeerText::new("no"),
        fault,
        ..ServerError::default()
    }
}

fn drain(updates: &mut Updates) -> Vec<UpdateOut> {
    std::iter::from_fn(|| updates.poll_output()).collect()
}

fn sent(updates: &mut Updates) -> CommandId {
    match drain(updates).as_slice() {
        [UpdateOut::Configure(command, _)] => *command,
        other => panic!("{other:?}"),
    }
}

fn told(callers: &[u64], outcome: UpdateOutcome) -> [UpdateOut; 2] {
    [
        UpdateOut::Tell(outcome.clone()),
        UpdateOut::Answer(callers.iter().map(|n| id(*n)).collect(), outcome),
    ]
}

const CONFIRMED: UpdateOutcome = UpdateOutcome::AppliedLive { confirmed: true };

#[test]
fn what_can_change_live_is_sent_and_the_bridge_follows_once_it_is_in_force() {
    let mut updates = updates();
    let config = instructed("new");
    updates.wish(NOW, id(1), wish(&config, Some("note")), true);
    let command = sent(&mut updates);
    assert!(updates.written(NOW, command));
    assert_eq!(drain(&mut updates), []);
    assert!(updates.accepted(command, true));
    let mut expected = vec![
        UpdateOut::InForce(Arc::clone(&config)),
        UpdateOut::Bridge("note".into()),
    ];
    expected.extend(told(&[1], CONFIRMED));
    assert_eq!(drain(&mut updates), expected);
    assert_eq!(updates.plan(), (config, None));
}

#[test]
fn a_wire_without_receipts_leaves_it_unconfirmed_and_so_does_a_provider_that_never_answers() {
    let mut silent = updates();
    silent.acknowledges = false;
    silent.wish(NOW, id(1), wish(&instructed("new"), None), true);
    let command = sent(&mut silent);
    silent.written(NOW, command);
    let unconfirmed = UpdateOutcome::AppliedLive { confirmed: false };
    assert_eq!(drain(&mut silent)[1..], told(&[1], unconfirmed.clone()));

    let mut slow = updates();
    slow.wish(NOW, id(1), wish(&instructed("new"), None), true);
    let command = sent(&mut slow);
    slow.written(NOW, command);
    let due = slow.poll_timeout(true).unwrap();
    assert_eq!(due, NOW + ACKNOWLEDGEMENT);
    slow.on_timeout(due);
    assert_eq!(drain(&mut slow)[1..], told(&[1], unconfirmed));
}

#[test]
fn a_live_refusal_keeps_what_was_in_force() {
    let mut updates = updates();
    let before = Arc::clone(updates.in_force());
    updates.wish(NOW, id(1), wish(&instructed("new"), Some("note")), true);
    let command = sent(&mut updates);
    assert!(updates.refused(NOW, command, &refusal(Fault::Invalid)));
    let reason = PeerText::new("no");
    assert_eq!(
        drain(&mut updates),
        told(&[1], UpdateOutcome::Failed { reason })
    );
    assert_eq!(updates.plan(), (before, None));
}

#[test]
fn what_is_refused_for_the_moment_is_sent_again_later_and_given_up_in_the_end() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&instructed("new"), Some("note")), true);
    let mut now = NOW;
    for rest in [REST, 2 * REST] {
        let command = sent(&mut updates);
        assert!(updates.refused(now, command, &refusal(Fault::Overloaded)));
        assert_eq!(drain(&mut updates), []);
        assert_eq!(updates.poll_timeout(true), Some(now + rest));
        assert!(!updates.wants_rotation(now, true), "no connection helps");
        now = now + rest;
        updates.on_timeout(now);
    }
    let command = sent(&mut updates);
    assert!(updates.refused(now, command, &refusal(Fault::RateLimit)));
    let reason = PeerText::new("no");
    assert_eq!(
        drain(&mut updates),
        told(&[1], UpdateOutcome::Failed { reason })
    );
}

#[test]
fn what_was_refused_for_the_moment_is_made_with_what_is_wished_meanwhile_or_by_a_new_connection() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&instructed("a"), Some("note")), true);
    let command = sent(&mut updates);
    updates.refused(NOW, command, &refusal(Fault::Server));
    updates.wish(NOW, id(2), wish(&instructed("b"), None), true);
    assert_eq!(drain(&mut updates), [], "it still rests");
    updates.lost();
    assert_eq!(
        updates.plan(),
        (instructed("b"), Some("note".to_owned())),
        "and the next connection brings both"
    );
    updates.ready(Recovery::Fresh);
    assert_eq!(drain(&mut updates).len(), 3);
}

#[test]
fn what_cannot_change_live_waits_for_a_quiet_moment_and_not_for_ever() {
    let mut updates = updates();
    let config = voiced("v");
    updates.wish(NOW, id(1), wish(&config, Some("note")), true);
    assert!(!updates.wants_rotation(NOW, false));
    assert!(updates.wants_rotation(NOW, true));
    assert!(
        updates.wants_rotation(NOW + QUIET, false),
        "at its deadline"
    );
    assert_eq!(
        updates.plan(),
        (Arc::clone(&config), Some("note".to_owned()))
    );
    assert!(!updates.wants_rotation(NOW, true), "it is on its way");
    updates.ready(Recovery::Resumed);
    let outcome = UpdateOutcome::Rotated {
        recovery: Recovery::Resumed,
    };
    assert_eq!(drain(&mut updates)[1..], told(&[1], outcome));
    assert_eq!(
        updates.plan(),
        (config, None),
        "the bridge was brought once"
    );
}

#[test]
fn wishes_that_wait_are_merged_and_the_last_one_wins() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&voiced("a"), Some("first")), true);
    updates.wish(NOW, id(2), wish(&voiced("b"), Some("second")), true);
    updates.wish(NOW, id(3), wish(&voiced("c"), None), true);
    assert_eq!(updates.plan(), (voiced("c"), Some("second".to_owned())));
    updates.ready(Recovery::Fresh);
    let outcome = UpdateOutcome::Rotated {
        recovery: Recovery::Fresh,
    };
    assert_eq!(drain(&mut updates)[1..], told(&[1, 2, 3], outcome));
}

#[test]
fn a_wish_that_comes_while_another_is_on_its_way_follows_it() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&instructed("a"), None), true);
    let first = sent(&mut updates);
    updates.wish(NOW, id(2), wish(&instructed("b"), None), true);
    assert_eq!(drain(&mut updates), []);
    updates.accepted(first, true);
    let second = sent(&mut updates);
    updates.accepted(second, true);
    assert_eq!(drain(&mut updates)[1..], told(&[1, 2], CONFIRMED));
    assert_eq!(**updates.in_force(), *instructed("b"));
}

#[test]
fn a_connection_that_cannot_be_had_is_tried_again_and_its_bridge_is_not_lost() {
    let mut updates = updates();
    let before = Arc::clone(updates.in_force());
    updates.wish(NOW, id(1), wish(&voiced("v"), Some("note")), true);
    updates.plan();
    updates.rotation_failed(Fault::Network, "gone");
    assert_eq!(drain(&mut updates), []);
    assert_eq!(updates.plan().1, Some("note".to_owned()));
    updates.rotation_failed(Fault::Invalid, "no such voice");
    let reason = PeerText::new("no such voice");
    assert_eq!(
        drain(&mut updates),
        told(&[1], UpdateOutcome::Failed { reason })
    );
    assert_eq!(updates.plan(), (before, None));
}

#[test]
fn a_lost_connection_lets_the_next_one_bring_what_was_sent() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&instructed("new"), None), true);
    let command = sent(&mut updates);
    updates.lost();
    assert!(
        !updates.accepted(command, true),
        "it was of the old connection"
    );
    assert_eq!(updates.plan().0, instructed("new"));
    updates.ready(Recovery::Reseeded);
    assert_eq!(drain(&mut updates).len(), 3);
}

#[test]
fn a_rotation_is_asked_for_once_and_again_when_another_one_took_its_place() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&voiced("v"), None), true);
    assert!(updates.wants_rotation(NOW, true));
    updates.rotation_asked();
    assert!(!updates.wants_rotation(NOW + QUIET, true));
    assert!(
        updates.poll_timeout(true) > Some(NOW + QUIET),
        "no timeout that cannot pass"
    );
    updates.ready(Recovery::Fresh);
    assert!(
        updates.wants_rotation(NOW, true),
        "that connection was planned before the wish"
    );
    updates.rotation_asked();
    updates.rotation_failed(Fault::Network, "gone");
    assert!(updates.wants_rotation(NOW, true));
}

#[test]
fn a_caller_is_answered_in_time_whatever_happens() {
    let mut updates = updates();
    updates.wish(NOW, id(1), wish(&voiced("v"), None), false);
    updates.plan();
    let due = updates.poll_timeout(false).unwrap();
    assert_eq!(due, NOW + QUIET + PATIENCE);
    updates.on_timeout(due);
    assert_eq!(
        drain(&mut updates),
        [UpdateOut::Answer(vec![id(1)], UpdateOutcome::Pending)]
    );
    assert!(updates.progress().is_some(), "the wish lives on");
}

#[test]
fn what_is_configured_by_hand_counts_when_accepted_and_a_refused_native_frame_does_not() {
    let mut updates = updates();
    updates.by_hand(id(1), instructed("a"));
    updates.by_hand(id(2), instructed("b"));
    updates.by_hand_failed(id(1));
    updates.by_hand_accepted(id(2), false);
    assert_eq!(**updates.in_force(), *instructed("b"));
    updates.by_hand(id(3), instructed("native"));
    updates.by_hand_accepted(id(3), true);
    assert_eq!(**updates.in_force(), *instructed("native"));
    updates.by_hand_failed(id(3));
    assert_eq!(**updates.in_force(), *instructed("b"));
}
