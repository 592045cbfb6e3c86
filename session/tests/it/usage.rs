//! What was used is counted once, priced, and bounded.

use std::time::Duration;

use antiphon_protocol::{Allowance, EndedCause, Event, Usage};
use antiphon_session::Budget;
use tokio::time::Instant;

use crate::toy::{Server, Toy, live, live_toy, live_with, settle, until};

#[tokio::test(start_paused = true)]
async fn responses_and_running_totals_are_counted_once_over_rotations() {
    let (session, _events, peer, server) =
        live_with(|builder| builder.prices(|_: &str, usage: &Usage| usage.total() * 3)).await;
    for line in [
        "started r1",
        "done r1 completed 100",
        "usage-so-far 40",
        "usage-so-far 60",
    ] {
        server.say(line);
    }
    settle().await;
    server.wire.drop_connection();
    let (server, _) = Server::opened(&peer).await;
    for line in [
        "usage-so-far 5",
        "started r1",
        "done r1 completed 100",
        "usage 2",
    ] {
        server.say(line);
    }
    settle().await;
    let account = session.usage().await.unwrap();
    assert_eq!(account.totals.total.total(), 100 + 60 + 5 + 2);
    assert_eq!(account.totals.cost, 3 * 167);
    assert_eq!(account.responses.len(), 1);
    assert_eq!(session.state().borrow().usage, account.totals);
}

#[tokio::test(start_paused = true)]
async fn a_budget_ends_the_session_in_order_with_a_cause_of_its_own() {
    let rows = [
        (Budget::default().tokens(100), Allowance::Tokens),
        (Budget::default().money(50), Allowance::Money),
    ];
    for (budget, allowance) in rows {
        let (session, mut events, _peer, server) = live_with(|builder| {
            builder
                .budget(budget)
                .prices(|_: &str, usage: &Usage| usage.total())
        })
        .await;
        server.say("started r1");
        server.say("done r1 completed 49");
        settle().await;
        assert!(session.state().borrow().ended.is_none());
        server.say("started r2");
        server.say("done r2 completed 51");
        let ended = session.closed().await;
        assert_eq!(ended.cause, EndedCause::OverBudget(allowance));
        assert!(!ended.is_orderly() && !ended.retry_could_help);
        while events.next().await.is_some() {}
    }
}

#[tokio::test(start_paused = true)]
async fn time_is_a_budget_too() {
    let began = Instant::now();
    let budget = Budget::default().time(Duration::from_secs(90));
    let (session, _events, _peer, _server) = live_with(|builder| builder.budget(budget)).await;
    let ended = session.closed().await;
    assert_eq!(ended.cause, EndedCause::OverBudget(Allowance::Time));
    assert!(began.elapsed() >= Duration::from_secs(90));
    assert!(began.elapsed() <= Duration::from_secs(93));
}

#[tokio::test(start_paused = true)]
async fn without_reports_nothing_is_counted() {
    let (session, _events, _peer, server) = live().await;
    server.say("started r1");
    server.say("done r1 completed");
    settle().await;
    assert_eq!(session.usage().await.unwrap(), Default::default());
}

#[tokio::test(start_paused = true)]
async fn what_a_connection_that_was_let_go_still_costs_is_counted() {
    let toy = Toy::new().able(|can| {
        can.overlap = true;
        can.close_drain = Duration::from_secs(5);
    });
    let (session, mut events, peer, server) = live_toy(&toy).await;
    server.wire.answer_close(false);
    server.say("usage-so-far 100");
    server.say("started r1");
    server.say("goaway 3000");
    let next = Server::ready(&peer).await;
    until(&mut events, |event| {
        matches!(event, Event::Rotated(_)).then_some(())
    })
    .await;
    next.say("usage-so-far 10");
    server.say("done r1 completed 20");
    server.say("usage-so-far 150");
    settle().await;
    next.say("usage-so-far 15");
    settle().await;
    assert_eq!(session.state().borrow().usage.total.total(), 150 + 20 + 15);
}
