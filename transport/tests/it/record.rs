//! A conversation that was recorded can be played back, and its recording holds no secret.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{AuthShape, EndedCause, Frame, Secret};
use antiphon_transport::{
    LinkOutput, Recorded, RecordedLine, RecordingDial,
    testing::{ReplayDial, ScriptedDial},
};
use tokio::time::sleep;

use crate::support::{
    Words,
    bench::config,
    rig::{Above, audited, settle},
};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What the layer above heard, as words with their times in milliseconds.
fn heard(above: &Above) -> Vec<(u64, String)> {
    let desk = above.desk.lock().unwrap();
    desk.heard
        .iter()
        .filter(|(_, output)| {
            matches!(
                output,
                LinkOutput::Event { .. } | LinkOutput::Ready { .. } | LinkOutput::Lost { .. }
            )
        })
        .map(|(at, output)| (at.as_millis(), format!("{output:?}")))
        .collect()
}

/// Talks over two connections and closes; `peer` says what it says where it is scripted.
async fn record() -> (String, Vec<(u64, String)>) {
    let paper = Paper::default();
    let (dial, peer) = ScriptedDial::new();
    let dial = RecordingDial::new(dial, paper.clone()).redact(Secret::from("canary-named"));
    let words = Words {
        auth: Some((AuthShape::Bearer, Arc::new(Secret::from("canary-key")))),
        url: "wss://words.example/v1?secret=canary-query".to_owned(),
        ..Words::default()
    };
    let (above, task, _) = audited(words, config(), dial, 7);
    let wire = peer.accept().await;
    sleep(Duration::from_millis(30)).await;
    wire.send_text("ready");
    settle().await;
    above.send(1, 1);
    settle().await;
    sleep(Duration::from_millis(100)).await;
    wire.send_text("say {\"newHandle\":\"canary-handle\"} canary-key canary-named");
    // The handle again, where no name tells what it is, and the key in other clothes.
    wire.send_text("say canary-handle Y2FuYXJ5LWtleQ== canary%2Dkey");
    wire.send(Frame::binary(
        "{\"client_secret\":{\"value\":\"canary-ephemeral\"}} canary-key",
    ));
    wire.send(Frame::binary(vec![0, 255]));
    sleep(Duration::from_millis(50)).await;
    wire.close(1011, "canary-key leaked");
    let wire = peer.accept().await;
    wire.send_text("ready");
    sleep(Duration::from_millis(20)).await;
    above.close();
    wire.hangup().await;
    task.await.unwrap();
    (paper.text(), heard(&above))
}

#[tokio::test(start_paused = true)]
async fn a_recording_holds_the_conversation_without_its_secrets() {
    let (text, _) = record().await;
    let lines: Vec<RecordedLine> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.last().map(|line| line.connection), Some(1));
    assert!(lines.iter().any(|line| line.what
        == Recorded::SentText {
            text: "commit 1".to_owned()
        }));
    let binary = lines.iter().filter_map(|line| match &line.what {
        Recorded::HeardBinary { base64 } => base64_simd::STANDARD.decode_to_vec(base64).ok(),
        _ => None,
    });
    let binary: Vec<u8> = binary.flatten().collect();
    let text = format!("{text}{}", String::from_utf8_lossy(&binary));
    assert!(
        !text.contains("canary") && !text.contains("Y2FuYXJ5"),
        "{text}"
    );
    assert_eq!(text.matches("[redacted]").count(), 9, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_recording_plays_back_in_its_own_time() {
    let (text, before) = record().await;
    let dial = ReplayDial::new(&text).unwrap();
    let (above, task, audit) = audited(Words::default(), config(), dial.clone(), 7);
    // This side does what it did: one commit once it is ready.
    sleep(Duration::from_millis(31)).await;
    above.send(1, 1);
    while dial.connections_left() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    sleep(Duration::from_millis(50)).await;
    above.close();
    task.await.unwrap();
    assert_eq!(above.ended(), EndedCause::Closed);
    assert_eq!(audit.lock().unwrap().broken, None);
    let after = heard(&above);
    assert_eq!(before.len(), after.len());
    for ((was, said), (is, again)) in before.iter().zip(&after) {
        // Words that were taken out are gone, and the clock counts in whole milliseconds.
        assert_eq!(said.split('(').next(), again.split('(').next());
        assert!(
            is.abs_diff(*was) <= 5,
            "{said} came at {is} ms, not {was} ms"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_does_not_disturb_the_conversation() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (dial, peer) = ScriptedDial::new();
    let dial = Arc::new(RecordingDial::new(dial, Full));
    let (above, task, _) = audited(Words::default(), config(), Arc::clone(&dial), 7);
    let wire = peer.accept().await;
    wire.send_text("ready");
    settle().await;
    above.close();
    task.await.unwrap();
    assert_eq!(above.ended(), EndedCause::Closed);
    assert!(dial.error().is_some());
}

#[tokio::test(start_paused = true)]
async fn notes_stand_in_their_place_without_secrets_and_are_left_out_of_what_is_played() {
    let paper = Paper::default();
    let (dial, peer) = ScriptedDial::new();
    let dial = RecordingDial::new(dial, paper.clone()).redact(Secret::from("canary-named"));
    let dial = Arc::new(dial);
    dial.note(r#"{"said":"before canary-named","newHandle":"canary-handle"}"#);
    dial.note("no JSON");
    let (above, task, _) = audited(Words::default(), config(), Arc::clone(&dial), 7);
    let wire = peer.accept().await;
    wire.send_text("ready");
    settle().await;
    dial.note(r#"{"said":"canary-handle"}"#);
    above.close();
    wire.hangup().await;
    task.await.unwrap();
    let text = paper.text();
    assert!(!text.contains("canary"), "{text}");
    let notes: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("\"note\""))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(notes.len(), 2, "{text}");
    assert_eq!(notes[0], 0, "{text}");
    assert!(notes[1] > 2, "{text}");
    assert_eq!(ReplayDial::new(&text).unwrap().connections_left(), 1);
}

#[test]
fn a_bad_line_is_named() {
    let bytes = r#"{"connection":0,"at_us":1,"what":"heard_binary","base64":"AAE=!"}"#;
    for bad in [r#"{"connection":0}"#, bytes] {
        let bad = ReplayDial::new(&format!("\n{bad}\n")).unwrap_err();
        assert_eq!(bad.line, 2);
    }
}
