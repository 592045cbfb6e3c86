//! Changes: of the configuration, and of the connection under a conversation.

use std::time::Duration;

use antiphon_protocol::{
    Capabilities, ConfigField, Event, Recovery, Resume, Role, Rotation, RotationCause,
    UpdateOutcome,
};
use antiphon_session::Update;
use futures::FutureExt;

use super::{Scenario, never, talk::texts};
use crate::suite::{
    Failure, Subject,
    call::Call,
    scene::{Act, Scene},
    subject::Stage,
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "update",
        about: "Other instructions take hold, live or by a new connection, and the talk goes on.",
        skip: |can| {
            let fixed = !can.fields.contains(&ConfigField::Instructions);
            fixed.then_some("the session has no instructions")
        },
        play: |subject| update(subject).boxed_local(),
    },
    Scenario {
        name: "go-away",
        about: "The peer announces its end; the conversation moves on before it.",
        skip: |can| {
            let limit = can.limits.connection;
            limit
                .is_none()
                .then_some("the wire announces no end of a connection")
        },
        play: |subject| outlive(subject, |can| can.limits.connection).boxed_local(),
    },
    Scenario {
        name: "limit",
        about: "The limit of a session passes, and the conversation goes on.",
        skip: |can| {
            can.limits
                .session
                .is_none()
                .then_some("sessions have no limit")
        },
        play: |subject| outlive(subject, |can| can.limits.session).boxed_local(),
    },
    Scenario {
        name: "drop",
        about: "The connection breaks in mid-answer; what was lost is told, and the talk goes on.",
        skip: never,
        play: |subject| dropped(subject).boxed_local(),
    },
    Scenario {
        name: "resume",
        about: "After a break the provider goes on by its handle, with everything it knew.",
        skip: |can| (can.resume == Resume::None).then_some("the wire has no handles to resume by"),
        play: |subject| resumed(subject).boxed_local(),
    },
    Scenario {
        name: "reseed",
        about: "After a break the new connection is told what was said.",
        skip: |can| {
            let handles = can.resume != Resume::None;
            let none = can.seed_limits.items == 0;
            handles
                .then_some("the wire resumes by a handle")
                .or_else(|| none.then_some("the wire takes no history"))
        },
        play: |subject| reseeded(subject).boxed_local(),
    },
];

async fn update(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::default()
        .then("Who are you?", [Act::say("I am the first.")])
        .then("And now?", [Act::say("I go on.")]);
    let stage = Stage {
        scene,
        ..Stage::default()
    };
    let mut call = Call::open(subject, &stage).await?;
    call.ask("Who are you?").await?;
    call.answer().await?;
    let update = Update::change(|config| config.instructions("You are somebody else."));
    let outcome = call.session.update(update).await?;
    let live = call.can.live_fields.contains(&ConfigField::Instructions);
    let held = match outcome {
        UpdateOutcome::AppliedLive { .. } => live,
        UpdateOutcome::Rotated { .. } => !live,
        _ => false,
    };
    Failure::unless(held, || {
        format!("the wire can change it live: {live}, and yet: {outcome:?}")
    })?;
    call.ask("And now?").await?;
    let said = call.answer().await?;
    Failure::unless(said == "I go on.", || format!("it went on with {said:?}"))?;
    call.close().await
}

/// Keeps a call going past a limit.
async fn outlive(
    subject: &dyn Subject,
    limit: fn(&Capabilities) -> Option<Duration>,
) -> Result<(), Failure> {
    let scene = Scene::answering([Act::say("I am here.")]);
    let stage = Stage {
        scene,
        ..Stage::default()
    };
    let mut call = Call::open(subject, &stage).await?;
    let limit = limit(&call.can).unwrap_or_default();
    call.ask("Are you there?").await?;
    call.answer().await?;
    let patience = limit + Duration::from_secs(120);
    let rotation = call
        .until_within(patience, "the new connection", rotation)
        .await?;
    let planned = matches!(rotation.cause, RotationCause::GoAway | RotationCause::Limit);
    Failure::unless(planned, || format!("it was not planned: {rotation:?}"))?;
    Failure::unless(rotation.losses.samples_dropped == 0, || {
        format!("the user's audio was lost: {rotation:?}")
    })?;
    call.ask("Are you still there?").await?;
    let said = call.answer().await?;
    Failure::unless(said.ends_with("I am here."), || {
        format!("it went on with {said:?}")
    })?;
    call.close().await
}

fn rotation(log: &[std::sync::Arc<Event>]) -> Option<Rotation> {
    log.iter().find_map(|event| match &**event {
        Event::Rotated(rotation) => Some(rotation.clone()),
        _ => None,
    })
}

/// A first connection that breaks in its second answer, and a second one.
fn breaking() -> Stage {
    Stage {
        scene: Scene::default()
            .then("Who are you?", [Act::say("I am the first.")])
            .then("And now?", [Act::say("I am about to"), Act::Drop]),
        then: Some(
            Scene::default()
                .then("Who are you?", [Act::say("I am back.")])
                .then("And now?", [Act::say("I am back.")])
                .then("Still there?", [Act::say("I am back.")]),
        ),
        refuse: false,
    }
}

/// Plays [`breaking`] until the connection has been replaced.
async fn broken(subject: &dyn Subject) -> Result<(Call, Rotation), Failure> {
    let mut call = Call::open(subject, &breaking()).await?;
    call.ask("Who are you?").await?;
    let said = call.answer().await?;
    Failure::unless(said == "I am the first.", || format!("it said {said:?}"))?;
    call.ask("And now?").await?;
    let rotation = call.until("the new connection", rotation).await?;
    Failure::unless(rotation.cause == RotationCause::Drop, || {
        format!("{rotation:?}")
    })?;
    Ok((call, rotation))
}

async fn dropped(subject: &dyn Subject) -> Result<(), Failure> {
    let (mut call, _) = broken(subject).await?;
    call.quiet().await?;
    call.ask("Still there?").await?;
    let said = call.answer().await?;
    Failure::unless(said.ends_with("I am back."), || {
        format!("it went on with {said:?}")
    })?;
    call.close().await
}

async fn resumed(subject: &dyn Subject) -> Result<(), Failure> {
    let (call, rotation) = broken(subject).await?;
    Failure::unless(rotation.recovery == Recovery::Resumed, || {
        format!("{rotation:?}")
    })?;
    call.close().await
}

async fn reseeded(subject: &dyn Subject) -> Result<(), Failure> {
    let (call, rotation) = broken(subject).await?;
    let told = rotation.recovery == Recovery::Reseeded && rotation.losses.items_kept > 0;
    Failure::unless(told, || format!("{rotation:?}"))?;
    let words = texts(&call.session.history().await?, Role::Assistant);
    Failure::unless(words.contains("I am the first."), || {
        "what was said before is gone from history".to_owned()
    })?;
    call.close().await
}
