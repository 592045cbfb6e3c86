//! What goes wrong from the open wire to a session that is ready, each by itself.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_protocol::{
    Capabilities, Codec, End, EndedCause, Endpoint, Fault, Frame, How, Item, ItemKind, OpeningPlan,
    Phase, Provider, ResumeToken, Retry, Role, RotationCause, Secret, SessionConfig, Stage,
    Unsupported,
};
use antiphon_transport::{BackoffConfig, LinkCommand, LinkOutput};
use tokio::time::{sleep, timeout};

use crate::support::{
    Bench, Words,
    bench::config,
    rig::{rig, settle},
};

// faults: B2, B3 by close frames with a reason in place of an acceptance
#[tokio::test(start_paused = true)]
async fn a_refusal_by_close_frame_is_told_at_once_with_its_words() {
    for (code, reason) in [
        (1007, "API key expired. Please renew the API key."),
        (1008, "model-9 is not found for this API version"),
    ] {
        let rig = rig(Words::default(), config());
        let wire = rig.peer.accept().await;
        wire.close(code, reason);
        let (above, peer) = (rig.above.clone(), rig.peer.clone());
        let took = timeout(Duration::from_secs(1), rig.until_end()).await;
        assert!(took.is_ok_and(|(_, took)| took <= Duration::from_millis(1)));
        let ended = above.end();
        assert_eq!(ended.code, Some(code));
        assert_eq!(ended.reason.as_str(), reason);
        assert_eq!(ended.stage, Some(Stage::Opening));
        assert_eq!(peer.dials(), 1);
    }
}

// faults: B5, C22, H7 by a hundred losses in a row, each after the peer counted what it was told
#[tokio::test(start_paused = true)]
async fn a_hundred_lives_each_begin_once_and_leave_nothing_to_the_next() {
    let rig = rig(
        Words::default(),
        config().backoff(BackoffConfig::retry_for_ever()),
    );
    let mut gone = Vec::new();
    for life in 0..100 {
        let wire = rig.accept().await;
        rig.above.send(life, 1);
        let mut said = Vec::new();
        settle().await;
        while let Some(frame) = wire.try_recv() {
            said.push(frame);
        }
        // The opening was taken by `accept`, and there is no other.
        assert_eq!(said, [Frame::text(format!("commit {life}"))]);
        wire.drop_connection();
        gone.push(wire);
    }
    let last = rig.accept().await;
    assert!(
        gone.iter().all(|wire| !wire.is_held()),
        "an old wire is still held"
    );
    assert_eq!(rig.peer.most_in_flight(), 1);
    drop(last);
    rig.close().await;
}

// faults: B7 by a peer that speaks before it listens, and one that listens first
#[tokio::test(start_paused = true)]
async fn either_side_may_speak_first() {
    let eager = rig(Words::default(), config());
    let wire = eager.peer.accept().await;
    wire.send_text("ready");
    settle().await;
    assert!(matches!(
        eager.above.phases().last(),
        Some((_, Phase::Live))
    ));
    assert_eq!(
        wire.recv().await,
        Some(Frame::text("hello")),
        "it was said all the same"
    );
    eager.close().await;

    let patient = rig(Words::default(), config());
    let wire = patient.peer.accept().await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(wire.recv().await, Some(Frame::text("hello")));
    wire.send_text("ready");
    settle().await;
    assert!(matches!(
        patient.above.phases().last(),
        Some((_, Phase::Live))
    ));
    patient.close().await;
}

// faults: B8 by openings that are refused, closed, garbled or never answered
#[tokio::test(start_paused = true)]
async fn a_failed_opening_leaves_nothing_behind() {
    let tasks = tokio::runtime::Handle::current().metrics();
    let before = tasks.num_alive_tasks();
    for way in ["refused", "1007", "garbage", "silence"] {
        let rig = rig(Words::default(), config().connect_attempts(1));
        let wire = rig.peer.accept().await;
        match way {
            "1007" => wire.close(1007, "no"),
            "silence" => {}
            "garbage" => (0..3).for_each(|_| wire.send_text("null")),
            word => wire.send_text(word),
        }
        let peer = rig.peer.clone();
        let (ended, _) = rig.until_end().await;
        assert_eq!(ended.stage, Some(Stage::Opening), "{way}");
        assert!(!wire.is_held(), "{way}: the wire is still held");
        assert_eq!(peer.in_flight(), 0, "{way}");
        settle().await;
        assert_eq!(tasks.num_alive_tasks(), before, "{way}");
    }
}

// faults: B10, C15 by a peer that closes with 1007 on the history it is told
#[test]
fn history_that_is_refused_is_not_told_again_and_again() {
    let mut bench = Bench::live(Words::default());
    let refused = || {
        End::new(Stage::Live, How::CloseFrame)
            .with_code(1007)
            .because("the input context is too long")
    };
    bench.cut();
    bench.pass_until_plan();
    bench.plan_with(seeded(None));
    bench.open();
    bench.take();
    bench.lose(refused());
    bench.pass_until_plan();
    let may_tell = bench.ups().find_map(|up| match up {
        LinkOutput::NeedPlan { history, .. } => Some(*history),
        _ => None,
    });
    assert_eq!(may_tell, Some(false), "the next connection is told nothing");
    bench.plan_with(Words::plan());
    bench.open();
    bench.take();
    bench.lose(refused());
    let ended = bench.closed().expect("an end");
    assert_eq!(ended.cause, EndedCause::Fault(Fault::Invalid));
    assert_eq!(ended.reason.as_str(), "the input context is too long");
    assert_eq!(bench.plans_wanted(), 0);
}

fn seeded(resume: Option<&str>) -> OpeningPlan {
    OpeningPlan {
        seed: vec![Item::text(Role::User, "what was said")],
        bridge: Some("we were cut off".to_owned()),
        resume: resume.map(|handle| ResumeToken(Secret::from(handle))),
        ..Words::plan()
    }
}

/// Keeps the plans it was asked to open.
struct Keeps(Words, Arc<Mutex<Vec<OpeningPlan>>>);

impl Provider for Keeps {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self, model: &str) -> Cow<'_, Capabilities> {
        self.0.capabilities(model)
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        self.1.lock().unwrap().push(plan.clone());
        self.0.open(plan)
    }

    fn classify(&self, end: &End) -> (Fault, Retry) {
        self.0.classify(end)
    }
}

// faults: B11 by a plan with every option set, compared with what the provider is given
#[test]
fn a_plan_reaches_the_provider_as_it_was_made() {
    let plans = Arc::default();
    let mut bench = Bench::with(Keeps(Words::default(), Arc::clone(&plans)), config());
    bench.command(LinkCommand::Start);
    bench.plan_with(seeded(Some("handle")));
    bench.open();
    bench.hear("ready");
    bench.command(LinkCommand::Rotate(RotationCause::Request));
    bench.plan_with(seeded(None));
    let plans = plans.lock().unwrap();
    let words = |item: &Item| matches!(&item.kind, ItemKind::Message { .. });
    for (plan, handle) in plans.iter().zip([Some("handle"), None]) {
        let resume = plan.resume.as_ref().map(|token| token.0.expose());
        assert_eq!(resume, handle);
        assert_eq!(plan.bridge.as_deref(), Some("we were cut off"));
        assert!(plan.seed.len() == 1 && plan.seed.iter().all(words));
        assert_eq!(plan.config.model, "words-1");
    }
    assert_eq!(plans.len(), 2);
}

// faults: B1 by a silence after an opening with options that the model may not know
#[test]
fn an_acceptance_that_never_comes_is_told_with_the_names_of_what_was_sent() {
    let mut config = SessionConfig::new("words-1").instructions("be a canary");
    let native = serde_json::json!({"enableAffectiveDialog": true});
    config.native = native.as_object().unwrap().clone();
    let mut bench = Bench::with(
        Words::default(),
        crate::support::bench::config().connect_attempts(1),
    );
    bench.command(LinkCommand::Start);
    bench.plan_with(OpeningPlan::fresh(Arc::new(config)));
    bench.wire(antiphon_transport::WireEvent::Dialed {
        generation: bench.newest(),
    });
    bench.pass(Duration::from_secs(15));
    let ended = bench.closed().expect("it has ended");
    assert_eq!(ended.stage, Some(Stage::Opening));
    assert_eq!(
        ended.reason.as_str(),
        "no progress beyond the session opening in time; sent were model, instructions, \
         native.enableAffectiveDialog"
    );
}
