//! What can be said beside speech and text, and whole answers.

use std::borrow::Cow;

use antiphon_protocol::{ContextKind, Event, ResponseStatus, ToolResult, VideoFrame};
use antiphon_session::{Reading, SessionError, Writing};

use crate::toy::{Toy, live, live_toy, settle};

#[tokio::test(start_paused = true)]
async fn images_video_and_context_keep_their_place_among_the_audio() {
    let toy = Toy::new().able(|can| {
        can.contexts = Cow::Borrowed(&[ContextKind::Thinking]);
        can.images = true;
        can.video = true;
    });
    let (session, _events, _peer, server) = live_toy(&toy).await;
    session.send_audio(vec![1; 480]).await.unwrap();
    let frame = VideoFrame {
        mime: "image/jpeg".into(),
        data: vec![1, 2, 3].into(),
    };
    session.send_video_frame(frame).await.unwrap();
    session.send_audio_base64("AAAAAAAA").await.unwrap();
    session
        .add_context(ContextKind::Thinking, "it rains")
        .await
        .unwrap();
    session
        .send_image("image/png", vec![1, 2], None)
        .await
        .unwrap();
    assert_eq!(server.hear().await, "audio 480");
    assert_eq!(server.expect("video").await.1, "image/jpeg");
    assert_eq!(server.hear().await, "audio 6");
    assert_eq!(server.expect("context").await.1, "it rains");
    assert_eq!(server.expect("items").await.1, "image:image/png");
    settle().await;
    assert!(server.is_quiet(), "no response was asked for");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_base64_or_half_a_sample_is_refused_and_nothing_is_sent() {
    let (session, _events, _peer, server) = live().await;
    let refused = session.send_audio_base64("not base64!").await;
    assert_eq!(refused, Err(SessionError::NotBase64));
    let refused = session.send_audio_base64("AA==").await;
    assert_eq!(refused, Err(SessionError::PartialSample));
    settle().await;
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn an_answer_can_be_had_whole_with_its_audio_and_its_calls() {
    let (session, mut events, _peer, server) = live().await;
    let service = tokio::spawn(async move {
        server.expect("items").await;
        server.expect("create").await;
        for line in ["started r1", "call r1 c1", "done r1 completed"] {
            server.say(line);
        }
        server.expect("results").await;
        server.expect("create").await;
        for line in [
            "started r2",
            "audio r2 a 100",
            "speak r2 a well, ",
            "audio r2 a 50",
            "speak r2 a yes",
            "done r2 completed 9",
        ] {
            server.say(line);
        }
        server
    });
    let asked = session.ask(&mut events, "does it rain?").await.unwrap();
    assert_eq!(asked.calls.len(), 1);
    let results = asked
        .calls
        .into_iter()
        .map(|call| ToolResult::new(call.id, call.name, "yes"));
    session.send_tool_results(results.collect()).await.unwrap();
    let answer = session.answer(&mut events).await.unwrap();
    assert_eq!(answer.transcript, "well, yes");
    assert_eq!(answer.audio.len(), 150 * 48);
    assert_eq!(answer.status, Some(ResponseStatus::Completed));
    assert_eq!(answer.usage.unwrap().total(), 9);
    drop(service.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_provider_s_id_of_the_session_is_that_of_the_live_connection() {
    let (session, mut events, peer, server) = live().await;
    assert_eq!(session.session_id(), None);
    server.say("id first");
    settle().await;
    assert_eq!(session.session_id().as_deref(), Some("first"));
    server.wire.drop_connection();
    settle().await;
    assert_eq!(session.session_id(), None, "there is no connection");
    let (server, _) = crate::toy::Server::opened(&peer).await;
    server.say("id second");
    settle().await;
    assert_eq!(session.session_id().as_deref(), Some("second"));

    // Code that takes either half works with the session's own.
    let halves: (&dyn Writing, &mut dyn Reading) = (&session, &mut events);
    halves.0.text("hello".into()).await.unwrap();
    assert!(matches!(halves.1.next_event().await, Some(Event::Phase(_))));
}
