//! Commands keep program order; audio is accounted for; responses wait their turn.

use std::time::Duration;

use antiphon_protocol::{Event, ResponseOptions};
use antiphon_session::{SessionError, UplinkPacing};

use crate::toy::{live, live_with, settle, until};

#[tokio::test(start_paused = true)]
async fn a_commit_never_overtakes_the_audio_it_commits() {
    for pacing in [UplinkPacing::AsGiven, UplinkPacing::RealTime] {
        let (session, _events, _peer, server) = live_with(|builder| builder.pacing(pacing)).await;
        let speaker = session.clone();
        let said = tokio::spawn(async move {
            for _ in 0..20 {
                speaker.send_audio(vec![1; 4800]).await.unwrap();
            }
            speaker.commit_audio().await.unwrap();
            speaker.send_audio(vec![2; 960]).await.unwrap();
        });
        for _ in 0..20 {
            assert_eq!(server.hear().await, "audio 4800");
        }
        server.expect("commit").await;
        assert_eq!(server.hear().await, "audio 960");
        said.await.unwrap();
        let marks = session.state().borrow().uplink;
        assert_eq!(
            (marks.accepted, marks.sent, marks.dropped),
            (48_480, 48_480, 0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_paced_in_real_time() {
    let (session, _events, _peer, server) =
        live_with(|builder| builder.pacing(UplinkPacing::RealTime)).await;
    let began = tokio::time::Instant::now();
    session.send_audio(vec![1; 48_000 * 3]).await.unwrap();
    session.commit_audio().await.unwrap();
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(2800) && took <= Duration::from_millis(3000),
        "{took:?}"
    );
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn text_and_its_response_leave_in_order_and_the_turn_is_busy_at_once() {
    let (session, _events, _peer, server) = live().await;
    session.send_text("hello").await.unwrap();
    assert!(
        !session.state().borrow().turn.is_idle(),
        "a response is asked for"
    );
    assert_eq!(server.expect("items").await.1, "hello");
    server.expect("create").await;
    server.say("started r1");
    server.say("done r1 completed");
    session
        .state()
        .wait_for(|state| state.turn.is_idle())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_response_waits_for_the_first() {
    let (session, _events, _peer, server) = live().await;
    session
        .create_response(ResponseOptions::default())
        .await
        .unwrap();
    server.expect("create").await;
    let second = tokio::spawn({
        let session = session.clone();
        async move { session.create_response(ResponseOptions::default()).await }
    });
    server.say("started r1");
    settle().await;
    assert!(server.is_quiet() && !second.is_finished());
    server.say("done r1 completed");
    server.expect("create").await;
    second.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_create_that_loses_the_race_against_the_servers_own_is_not_an_error() {
    let (session, mut events, _peer, server) = live().await;
    session
        .create_response(ResponseOptions::default())
        .await
        .unwrap();
    let (number, _) = server.expect("create").await;
    server.say("started theirs");
    server.say(&format!("reject {number} benign"));
    server.say("done theirs completed");
    let (again, _) = server.expect("create").await;
    assert_eq!(again, number);
    server.say("started ours");
    until(&mut events, |event| match event {
        Event::Error(error) => panic!("{error:?}"),
        Event::ResponseStarted { response } => (*response == Some("ours".into())).then_some(()),
        _ => None,
    })
    .await;
    assert_eq!(session.state().borrow().benign_refusals, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_command_it_refuses() {
    let (session, mut events, _peer, server) = live().await;
    let delivery = session.commit_audio().await.unwrap();
    assert!(!delivery.acknowledged);
    let (number, _) = server.expect("commit").await;
    server.say(&format!("reject {number} bad"));
    let refused = until(&mut events, |event| match event {
        Event::Error(error) => Some(error.command),
        _ => None,
    })
    .await;
    assert_eq!(refused, Some(delivery.command));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_done_when_the_provider_says_so() {
    let (session, _events, _peer, server) = live().await;
    let configure = |session: &antiphon_session::Session| {
        let session = session.clone();
        tokio::spawn(async move {
            session
                .configure(antiphon_protocol::SessionConfig::new("m"))
                .await
        })
    };
    let granted = configure(&session);
    settle().await;
    assert!(!granted.is_finished(), "written is not done");
    server.grant("configure").await;
    assert!(granted.await.unwrap().unwrap().acknowledged);

    let refused = configure(&session);
    let (number, _) = server.expect("configure").await;
    server.say(&format!("reject {number} bad"));
    assert!(matches!(
        refused.await.unwrap(),
        Err(SessionError::Rejected(_))
    ));

    let ignored = configure(&session);
    server.expect("configure").await;
    assert_eq!(ignored.await.unwrap(), Err(SessionError::Deadline));
}

#[tokio::test(start_paused = true)]
async fn what_the_wire_cannot_say_is_refused_and_nothing_is_sent() {
    let (session, _events, _peer, server) = live().await;
    assert!(matches!(
        session.activity_start().await,
        Err(SessionError::Unsupported(_))
    ));
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn half_a_sample_is_refused_before_it_shifts_all_that_follow() {
    let (session, _events, _peer, server) = live().await;
    let refused = session.send_audio(vec![0; 4801]).await;
    assert_eq!(refused, Err(SessionError::PartialSample));
    settle().await;
    assert!(server.is_quiet());
}
