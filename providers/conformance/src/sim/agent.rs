//! The agent of a simulated conversation: its tools, its approver, its loudspeaker.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_emulator::DAY;
use antiphon_protocol::{Capabilities, ConfigField, Fault, SessionConfig, ToolCall};
use antiphon_runner::{
    Approver, Control, Decision, Problem, Runner, RunnerBuilder, Tool, ToolLimits, tool_fn,
};
use antiphon_session::simulation::{Defect, Digest};
use antiphon_transport::BackoffConfig;
use async_trait::async_trait;
use fastrand::Rng;
use serde_json::{Value, json};

use super::{
    audit::Audit,
    report::Report,
    speaker::{Running, Speaker},
};
use crate::{
    suite::{Subject, subjects::Wire},
    tap::Tap,
};

/// What the server plays: answers, tools alone and together, and long stories to speak over.
pub(super) fn script() -> String {
    let story = "Every morning the boats went out, and every evening they came home again. \
                 One day a boat did not come home, and all the people went down to the water.";
    let mut script = String::from("pace 4x\n");
    for turn in [
        "  say \"I am here.\"\n".to_owned(),
        "  call fast question=\"one\"\n  say \"It is {output.answer|nothing}.\"\n".to_owned(),
        format!("  say \"{story}\"\n"),
        "  call fast question=\"two\"\n  call slow question=\"three\"\n  say \"I know both.\"\n"
            .to_owned(),
        "  call guarded question=\"four\"\n  say \"That is done.\"\n".to_owned(),
        format!("  wait 800ms\n  say \"{story}\"\n"),
        "  call broken question=\"five\"\n  say \"That did not work.\"\n".to_owned(),
    ] {
        script.push_str("otherwise \"What do you say?\"\n");
        script.push_str(&turn);
    }
    script.push_str("unprompted\n  say \"Hello! I am here.\"\n");
    script
}

/// How long an approval may take.
const APPROVAL: Duration = Duration::from_secs(20);

/// Everything the runner is given, and what is counted about it.
pub(super) struct Stage<'a> {
    wire: &'a Wire,
    tap: Tap,
    seed: u64,
    defect: Option<Defect>,
    digest: Digest,
    reports: bool,
    speaker: Speaker,
    /// How long the slow tool takes.
    slow: Duration,
    approver: Doorkeeper,
    ends: Arc<AtomicU64>,
    refusals: Arc<Mutex<Vec<String>>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        wire: &'a Wire,
        tap: &Tap,
        seed: u64,
        dice: &mut Rng,
        defect: Option<Defect>,
    ) -> Self {
        Self {
            wire,
            tap: tap.clone(),
            seed,
            defect,
            digest: Digest::default(),
            reports: dice.bool(),
            speaker: Speaker::new(dice.bool()),
            slow: Duration::from_millis(dice.u64(2_000..16_000)),
            ends: Arc::default(),
            approver: Doorkeeper::new(dice.fork()),
            refusals: Arc::default(),
        }
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.wire
            .provider()
            .capabilities(self.wire.model)
            .into_owned()
    }

    pub(super) fn builder(&self) -> RunnerBuilder {
        let provider = self.wire.provider();
        let model = self.wire.model;
        let takes_tools = self.capabilities().fields.contains(&ConfigField::Tools);
        let (tap, seed) = (self.tap.clone(), self.seed);
        let (defect, digest) = (self.defect, self.digest.clone());
        let mut limits = ToolLimits::default();
        limits.approval = APPROVAL;
        let (player, flusher) = (self.speaker.clone(), self.speaker.clone());
        let refusals = Arc::clone(&self.refusals);
        let ends = Arc::clone(&self.ends);
        let builder = Runner::builder(provider)
            .config(SessionConfig::new(model).instructions("Answer in one sentence."))
            .approver(self.approver.clone())
            .tool_limits(limits)
            .session(move |session| {
                session
                    .dial(tap.clone())
                    .seed(seed)
                    .wall_clock(DAY)
                    .backoff(BackoffConfig::for_one_client())
                    .with_defect(defect)
                    .digest(digest.clone())
            })
            .on_audio(move |chunk| player.play(&chunk))
            .on_flush(move || flusher.flush())
            .on_end(move |_| {
                ends.fetch_add(1, Ordering::Relaxed);
            })
            .on_error(move |problem| {
                // Tools that fail on purpose are told of, as they should be. What the server refuses
                // is ours to avoid; what a broken wire keeps from it is not.
                if let Problem::Provider(error) = problem
                    && error.fault != Fault::Timeout
                {
                    let mut refusals = refusals.lock().unwrap_or_else(PoisonError::into_inner);
                    refusals.push(error.message.to_string());
                }
            });
        if takes_tools {
            with_tools(builder, self.slow)
        } else if self.capabilities().delegations {
            builder.delegate_to(errand(self.slow))
        } else {
            builder
        }
    }

    /// The hash over what went into the session's machines and came out of them.
    pub(super) fn digest(&self) -> u64 {
        self.digest.value()
    }

    /// The loudspeaker, if it reports.
    pub(super) fn reporting(&self) -> Option<Speaker> {
        self.reports.then(|| self.speaker.clone())
    }

    /// Starts the loudspeaker, where this conversation has one that reports.
    pub(super) fn speaker(&self, control: &Control) -> Option<Running> {
        self.reports
            .then(|| self.speaker.run(control.session().playback()))
    }

    /// Adds what was counted here.
    pub(super) fn account(&self, audit: &Audit, report: &mut Report) {
        let [approved, denied, undecided] = &*self.approver.decided;
        report.counts.approved += approved.load(Ordering::Relaxed);
        report.counts.denied += denied.load(Ordering::Relaxed);
        report.counts.undecided += undecided.load(Ordering::Relaxed);
        let ends = self.ends.load(Ordering::Relaxed);
        report.fail_unless(ends == 1, || format!("handlers were told of {ends} ends"));
        report.counts.played += self.speaker.played();
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        for refusal in refusals.iter().filter(|why| !audit.excuses(why)) {
            report.fail(format!("the server refused something: {refusal}"));
        }
    }
}

fn with_tools(builder: RunnerBuilder, slow: Duration) -> RunnerBuilder {
    let schema = json!({
        "type": "object",
        "properties": { "question": { "type": "string" } },
        "required": ["question"],
    });
    let answering = |pause: Duration| {
        move |_: Value| async move {
            tokio::time::sleep(pause).await;
            json!({ "answer": "eleven" })
        }
    };
    let fast = tool_fn(
        "fast",
        "Knows at once.",
        schema.clone(),
        answering(Duration::from_millis(300)),
    );
    let slow = tool_fn("slow", "Takes its time.", schema.clone(), answering(slow));
    let guarded = tool_fn(
        "guarded",
        "Needs a yes.",
        schema.clone(),
        answering(Duration::from_millis(50)),
    );
    let broken = tool_fn("broken", "Always fails.", schema, |_: Value| async {
        Err::<Value, _>(antiphon_runner::ToolError::new("out of order"))
    });
    builder
        .tool(fast)
        .tool(slow)
        .tool(guarded.needs_approval())
        .tool(broken)
}

/// The tool that does what a model delegates.
fn errand(slow: Duration) -> impl Tool {
    let schema = json!({ "type": "object" });
    tool_fn(
        "errand",
        "Does what is asked.",
        schema,
        move |_: Value| async move {
            tokio::time::sleep(slow).await;
            json!({ "answer": "eleven" })
        },
    )
    .needs_approval()
}

/// Says yes, says no, or says nothing, by the dice.
#[derive(Clone)]
struct Doorkeeper {
    dice: Arc<Mutex<Rng>>,
    /// Yes, no, nothing in time.
    decided: Arc<[AtomicU64; 3]>,
}

impl Doorkeeper {
    fn new(dice: Rng) -> Self {
        Self {
            dice: Arc::new(Mutex::new(dice)),
            decided: Arc::default(),
        }
    }
}

#[async_trait]
impl Approver for Doorkeeper {
    async fn decide(&self, _call: &ToolCall, _arguments: &Value) -> Decision {
        let (choice, pause) = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            (dice.u8(0..4), Duration::from_millis(dice.u64(10..4_000)))
        };
        let [approved, denied, undecided] = &*self.decided;
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause).await;
        match choice {
            0 => {
                count(denied);
                Decision::Deny("not today".to_owned())
            }
            1 => {
                count(undecided);
                tokio::time::sleep(APPROVAL * 2).await;
                Decision::Allow
            }
            _ => {
                count(approved);
                Decision::Allow
            }
        }
    }
}
