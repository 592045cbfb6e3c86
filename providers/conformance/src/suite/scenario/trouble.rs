//! Trouble: keys that are refused, frames that are no events.

use std::time::Duration;

use antiphon_protocol::{EndedCause, Event, Fault};
use antiphon_session::ConnectError;
use futures::FutureExt;

use super::{Scenario, never};
use crate::suite::{
    Failure, Subject,
    call::Call,
    scene::{Act, Scene},
    subject::Stage,
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "refused-key",
        about: "A refused key ends the session at once, with the cause, after one attempt.",
        skip: never,
        play: |subject| refused_key(subject).boxed_local(),
    },
    Scenario {
        name: "malformed-frames",
        about: "Frames that are no events are counted, and the conversation goes on.",
        skip: never,
        play: |subject| malformed(subject).boxed_local(),
    },
];

async fn refused_key(subject: &dyn Subject) -> Result<(), Failure> {
    let stage = Stage {
        refuse: true,
        ..Stage::default()
    };
    let begun = tokio::time::Instant::now();
    match Call::try_open(subject, &stage, |config| config).await {
        Err(ConnectError::Ended(ended)) => {
            let told = ended.cause == EndedCause::Fault(Fault::Auth) && !ended.retry_could_help;
            Failure::unless(told, || format!("{ended:?}"))?;
        }
        Err(error) => return Err(Failure::new(format!("{error}"))),
        Ok(_) => return Err(Failure::new("it was accepted")),
    }
    // A second attempt would have waited first.
    let took = begun.elapsed();
    Failure::unless(took < Duration::from_millis(500), || {
        format!("it took {took:?}")
    })
}

async fn malformed(subject: &dyn Subject) -> Result<(), Failure> {
    let stage = Stage {
        scene: Scene::default()
            .then("Who are you?", [Act::Garbage, Act::say("I am here.")])
            .then("And now?", [Act::say("I go on.")]),
        ..Stage::default()
    };
    let mut call = Call::open(subject, &stage).await?;
    call.ask("Who are you?").await?;
    let said = call.answer().await?;
    Failure::unless(said == "I am here.", || format!("it said {said:?}"))?;
    let odd = call
        .told()
        .iter()
        .any(|event| matches!(**event, Event::Malformed(_)));
    Failure::unless(odd, || "nobody was told".to_owned())?;
    call.ask("And now?").await?;
    let said = call.answer().await?;
    Failure::unless(said == "I go on.", || format!("it went on with {said:?}"))?;
    call.close().await
}
