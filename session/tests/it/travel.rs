//! A recorded session is lived through again: at each frame it is what it was.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{Item, Resume, ToolResult, Usage};
use antiphon_session::{
    Budget, Count, Meter, Session, SessionState, Update,
    testing::{Moment, TimeTravel, recorded_provider},
};
use antiphon_transport::{RecordingDial, testing::ScriptedDial};
use tokio::time::sleep;

use crate::toy::{Server, Toy, settle};

/// What was recorded.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn toy() -> Toy {
    Toy::new().able(|can| can.resume = Resume::Handle)
}

/// What the session is at this moment, as far as callers can see.
async fn seen(session: &Session) -> (SessionState, Vec<Item>) {
    settle().await;
    let history = session.history().await.unwrap();
    settle().await;
    (session.state().borrow().clone(), history)
}

fn shown(moment: Moment) -> (SessionState, Vec<Item>) {
    (moment.state, moment.history)
}

/// A session with all that can happen in one, and what was seen of it after each of its frames.
async fn lived(tape: Tape) -> (Vec<(SessionState, Vec<Item>)>, SessionState) {
    let (session, mut events, peer, mut server) = toy().recorded(tape).await.unwrap();
    let mut live = vec![seen(&session).await];
    let reader = tokio::spawn(async move { while events.next().await.is_some() {} });
    session.send_text("question").await.unwrap();
    session.send_audio(vec![1; 4_800]).await.unwrap();
    let script = [
        "id s1",
        "handle h1",
        "started r1",
        "audio r1 a 1000",
        "speak r1 a one two three four",
        "call r1 c1",
        "done r1 completed 20",
        "ANSWER",
        "started r2",
        "audio r2 b 2000",
        "speak r2 b five six seven eight",
        "speech",
        "done r2 cancelled 7",
        "DROP",
        "silence",
        "UPDATE",
        "started r3",
        "text r3 back again",
        "done r3 completed",
    ];
    for line in script {
        match line {
            "ANSWER" => {
                let results = vec![ToolResult::new("c1".into(), "tool", "rain")];
                session.send_tool_results(results).await.unwrap();
                live.pop();
                live.push(seen(&session).await);
            }
            "DROP" => {
                server.wire.drop_connection();
                let (next, brought) = Server::greeted(&peer).await;
                assert_eq!(brought, "hello resume:h1");
                server = next;
                sleep(Duration::from_millis(20)).await;
                live.pop();
                live.push(seen(&session).await);
                server.say("ready resumed");
                live.push(seen(&session).await);
            }
            "UPDATE" => {
                let role = "a new role".to_owned();
                let change = Update::change(move |config| config.instructions(role));
                let asked = tokio::spawn({
                    let session = session.clone();
                    async move { session.update(change).await }
                });
                settle().await;
                let mut line = server.hear().await;
                while !line.starts_with("configure") {
                    line = server.hear().await;
                }
                let number = line.split(' ').nth(1).unwrap().to_owned();
                live.pop();
                live.push(seen(&session).await);
                server.say(&format!("ack {number}"));
                asked.await.unwrap().unwrap();
                live.push(seen(&session).await);
            }
            line => {
                sleep(Duration::from_millis(137)).await;
                session.playback().heard(Some("a".into()), 12_000);
                live.pop();
                live.push(seen(&session).await);
                server.say(line);
                live.push(seen(&session).await);
            }
        }
    }
    session.close().await;
    reader.await.unwrap();
    let end = session.state().borrow().clone();
    (live, end)
}

#[tokio::test(start_paused = true)]
async fn at_each_frame_and_at_the_end_it_is_what_it_was() {
    let tape = Tape::default();
    let (live, end) = lived(tape.clone()).await;
    let recording = tape.text();
    assert_eq!(recorded_provider(&recording).unwrap(), "toy");
    let mut travel = TimeTravel::new(toy(), &recording).unwrap();
    assert_eq!(travel.frames(), live.len());
    // The first frame is the one that made it ready.
    for (place, then) in live.iter().enumerate().take(live.len() - 1) {
        assert_eq!(&shown(travel.to(place + 1)), then, "at frame {}", place + 1);
    }
    let last = travel.to(usize::MAX);
    assert_eq!(last.state, end);
    assert!(end.rotations == 1 && end.usage.responses == 2, "{end:?}");

    // Back again, and by leaps.
    for place in [7, 3, 12] {
        assert_eq!(shown(travel.to(place)), live[place - 1], "at frame {place}");
    }
    let mid = travel.to(7);
    assert_eq!(mid.gate.state, "active");
    assert_eq!(mid.calls.len(), 1);
    assert_eq!(mid.calls[0].state, "announced");
    assert!(!mid.playhead.estimated && !mid.playhead.open.is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_costs_what_it_cost_and_ends_where_the_money_ended() {
    let tape = Tape::default();
    let (dial, peer) = ScriptedDial::new();
    let dial = Arc::new(RecordingDial::new(dial, tape.clone()));
    let builder = Session::builder(toy())
        .seed(7)
        .prices(|_: &str, usage: &Usage| 5 * usage.total())
        .budget(Budget::default().money(200))
        .dial(Arc::clone(&dial))
        .tape(dial);
    let connect = tokio::spawn(builder.connect());
    let (server, _) = Server::opened(&peer).await;
    let (session, mut events) = connect.await.unwrap().unwrap();
    for line in [
        "started r1",
        "done r1 completed 20",
        "started r2",
        "done r2 completed 21",
    ] {
        server.say(line);
    }
    while events.next().await.is_some() {}
    let end = session.state().borrow().clone();
    assert_eq!(end.usage.cost, 205);
    assert!(end.ended.is_some());

    let mut travel = TimeTravel::new(toy(), &tape.text()).unwrap();
    assert_eq!(travel.to(usize::MAX).state, end);
    assert_eq!(travel.to(3).state.usage.cost, 100);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_tape_is_told_from_one() {
    let tape = Tape::default();
    let (session, ..) = toy().recorded(tape.clone()).await.unwrap();
    session.close().await;
    let wires_only: String = tape
        .text()
        .lines()
        .filter(|line| !line.contains("\"note\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let error = TimeTravel::new(toy(), &wires_only).unwrap_err();
    assert!(error.why.contains("tape"), "{error}");
    let twice = format!("{0}{0}", tape.text());
    assert!(
        TimeTravel::new(toy(), &twice)
            .unwrap_err()
            .why
            .contains("another session")
    );
    assert_eq!(TimeTravel::new(toy(), "{").unwrap_err().line, 1);
}

#[derive(Clone, Default)]
struct Frames(Arc<Mutex<(u64, u64)>>);

impl Meter for Frames {
    fn count(&self, what: Count, by: u64) {
        let mut counts = self.0.lock().unwrap();
        match what {
            Count::FramesIn => counts.0 += by,
            Count::FramesOut => counts.1 += by,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_meter_is_told_what_the_wires_count() {
    let frames = Frames::default();
    let meter = frames.clone();
    let (session, _events, _peer, server) = Toy::new()
        .live_with(|builder| builder.meter(meter))
        .await
        .unwrap();
    session.commit_audio().await.unwrap();
    server.say("started r1");
    settle().await;
    assert_eq!(*frames.0.lock().unwrap(), (2, 2));
}
