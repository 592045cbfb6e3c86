//! Tools: one, several at once, taken back, and work delegated to the caller.

use std::time::Duration;

use antiphon_protocol::{
    Capabilities, ConfigField, Context, ContextKind, Event, SessionConfig, ToolBehavior, ToolSpec,
    ToolsDuringSpeech,
};
use antiphon_session::SessionError;
use futures::FutureExt;
use serde_json::json;

use super::Scenario;
use crate::suite::{
    Failure, Subject,
    call::Call,
    scene::{ANSWER, Act, QUESTION, Scene},
    subject::Stage,
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "tool",
        about: "A call arrives once with its arguments, and its answer is spoken of.",
        skip: no_tools,
        play: |subject| one(subject).boxed_local(),
    },
    Scenario {
        name: "three-tools",
        about: "Three calls at once are answered in any order, and followed by one answer.",
        skip: no_tools,
        play: |subject| three(subject).boxed_local(),
    },
    Scenario {
        name: "answered-once",
        about: "A second answer to a call, and an answer to no call, never leave.",
        skip: no_tools,
        play: |subject| once(subject).boxed_local(),
    },
    Scenario {
        name: "cancelled-tool",
        about: "A call that the provider takes back is void, and its late answer stays here.",
        skip: |can| {
            let never = can.tools_during_speech == ToolsDuringSpeech::Waits;
            no_tools(can).or_else(|| never.then_some("the wire never takes a call back"))
        },
        play: |subject| cancelled(subject).boxed_local(),
    },
    Scenario {
        name: "delegation",
        about: "Work that the model delegates is answered by context, and spoken of.",
        skip: |can| (!can.delegations).then_some("the model delegates nothing to the caller"),
        play: |subject| delegation(subject).boxed_local(),
    },
];

fn no_tools(can: &Capabilities) -> Option<&'static str> {
    let none = !can.fields.contains(&ConfigField::Tools);
    none.then_some("the session declares no tools")
}

/// A tool that takes one question.
fn tool(name: &str, behavior: ToolBehavior) -> ToolSpec {
    let parameters = json!({
        "type": "object",
        "properties": { QUESTION: { "type": "string" } },
        "required": [QUESTION],
    });
    let mut tool = ToolSpec::new(name, "Looks something up.", parameters);
    tool.behavior = behavior;
    tool
}

fn with_tools(config: SessionConfig) -> SessionConfig {
    ["look", "listen", "ask"]
        .into_iter()
        .fold(config, |config, name| {
            config.tool(tool(name, ToolBehavior::Blocking))
        })
}

fn stage(acts: impl IntoIterator<Item = Act>) -> Stage {
    Stage {
        scene: Scene::answering(acts),
        ..Stage::default()
    }
}

async fn one(subject: &dyn Subject) -> Result<(), Failure> {
    let acts = [
        Act::call("look", "Oslo"),
        Act::SayAnswer("I found".to_owned()),
    ];
    let mut call = Call::open_as(subject, &stage(acts), with_tools).await?;
    call.ask("Look.").await?;
    let calls = call.calls(1).await?;
    let [only] = &*calls else {
        return Err(Failure::new(format!("{} calls", calls.len())));
    };
    let arguments: serde_json::Value = serde_json::from_str(&only.arguments)
        .map_err(|error| Failure::new(format!("the arguments are not JSON: {error}")))?;
    Failure::unless(
        only.name == "look" && arguments == json!({ QUESTION: "Oslo" }),
        || format!("{} was called with {arguments}", only.name),
    )?;
    call.reply(&[(only, "eleven")]).await?;
    spoken_of(&mut call, "I found eleven.").await?;
    call.close().await
}

/// Waits until the model says `words` and rests.
async fn spoken_of(call: &mut Call, words: &'static str) -> Result<(), Failure> {
    call.until("the answer after the tools", |log| {
        crate::suite::call::words(log)
            .ends_with(words)
            .then_some(())
    })
    .await?;
    call.quiet().await
}

async fn three(subject: &dyn Subject) -> Result<(), Failure> {
    let acts = [
        Act::call("look", "Oslo"),
        Act::call("listen", "Rome"),
        Act::call("ask", "Bern"),
        Act::say("I know all three."),
    ];
    let mut call = Call::open_as(subject, &stage(acts), with_tools).await?;
    call.ask("Find out.").await?;
    let calls = call.calls(3).await?;
    for wanted in calls.iter().rev() {
        tokio::time::sleep(Duration::from_millis(300)).await;
        call.reply(&[(wanted, "eleven")]).await?;
    }
    spoken_of(&mut call, "I know all three.").await?;
    let said = crate::suite::call::words(&call.since());
    let times = said.matches("I know all three.").count();
    Failure::unless(times == 1, || format!("{times} follow-ups"))?;
    call.close().await
}

async fn once(subject: &dyn Subject) -> Result<(), Failure> {
    let acts = [
        Act::call("look", "Oslo"),
        Act::SayAnswer("I found".to_owned()),
    ];
    let mut call = Call::open_as(subject, &stage(acts), with_tools).await?;
    call.ask("Look.").await?;
    let calls = call.calls(1).await?;
    let Some(made) = calls.first() else {
        return Err(Failure::new("no call"));
    };
    call.reply(&[(made, "eleven")]).await?;
    let mut invented = made.clone();
    invented.id = "never-made".into();
    for (wrong, what) in [
        (made, "a second answer"),
        (&invented, "an answer to no call"),
    ] {
        let result = antiphon_protocol::ToolResult::new(wrong.id.clone(), "look", "{}");
        match call.session.send_tool_results(vec![result]).await {
            Err(SessionError::Call(_)) => {}
            other => return Err(Failure::new(format!("{what}: {other:?}"))),
        }
    }
    spoken_of(&mut call, "I found eleven.").await?;
    call.close().await
}

async fn cancelled(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::default()
        .then(
            "Look.",
            [
                Act::call("look", "Oslo"),
                Act::SayAnswer("I found".to_owned()),
            ],
        )
        .then("Never mind.", [Act::say("All right.")]);
    let stage = Stage {
        scene,
        ..Stage::default()
    };
    let mut call = Call::open_as(subject, &stage, with_tools).await?;
    call.ask("Look.").await?;
    let calls = call.calls(1).await?;
    let Some(made) = calls.first() else {
        return Err(Failure::new("no call"));
    };
    call.speak_over().await?;
    call.until("the cancellation", |log| {
        log.iter().find_map(|event| match &**event {
            Event::ToolCallsCancelled { calls } => calls.contains(&made.id).then_some(()),
            _ => None,
        })
    })
    .await?;
    match call.reply(&[(made, "eleven")]).await {
        Err(_) => {}
        Ok(()) => return Err(Failure::new("the late answer left")),
    }
    spoken_of(&mut call, "All right.").await?;
    call.close().await
}

async fn delegation(subject: &dyn Subject) -> Result<(), Failure> {
    let acts = [
        Act::call("look", "Oslo"),
        Act::SayAnswer("I found".to_owned()),
    ];
    let mut call = Call::open(subject, &stage(acts)).await?;
    call.ask("Look.").await?;
    let id = call
        .until("the delegation", |log| {
            log.iter().find_map(|event| match &**event {
                Event::Delegation(delegation) => Some(delegation.id.clone()),
                _ => None,
            })
        })
        .await?;
    let found = json!({ ANSWER: "eleven" }).to_string();
    call.session
        .send_context(Context {
            kind: ContextKind::Commentary,
            text: found,
            delegation: Some(id),
        })
        .await?;
    spoken_of(&mut call, "I found eleven.").await?;
    call.close().await
}
