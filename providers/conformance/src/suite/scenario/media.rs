//! What is not speech: images, and answers in text only.

use antiphon_protocol::{Content, Event, Item, ItemKind, OutputModality, Role};
use bytes::Bytes;
use futures::FutureExt;

use super::Scenario;
use crate::suite::{
    Failure, Subject,
    call::Call,
    scene::{Act, Scene},
    subject::Stage,
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "images",
        about: "An image is taken in beside a question, and the question is answered.",
        skip: |can| (!can.images).then_some("the model sees no images"),
        play: |subject| images(subject).boxed_local(),
    },
    Scenario {
        name: "text-only",
        about: "A session that asks for text gets text and no speech.",
        skip: |can| (!can.text_output).then_some("the model always speaks"),
        play: |subject| text_only(subject).boxed_local(),
    },
];

/// The smallest PNG: one transparent pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

async fn images(subject: &dyn Subject) -> Result<(), Failure> {
    let stage = Stage {
        scene: Scene::answering([Act::say("I see a point.")]),
        ..Stage::default()
    };
    let mut call = Call::open(subject, &stage).await?;
    let picture = Item::new(ItemKind::Message {
        role: Role::User,
        content: vec![Content::Image {
            mime: "image/png".to_owned(),
            data: Bytes::from_static(PIXEL),
        }],
    });
    call.session.add_items(vec![picture]).await?;
    call.ask("What do you see?").await?;
    let said = call.answer().await?;
    Failure::unless(said == "I see a point.", || {
        format!("the answer was {said:?}")
    })?;
    call.close().await
}

async fn text_only(subject: &dyn Subject) -> Result<(), Failure> {
    let stage = Stage {
        scene: Scene::answering([Act::say("I write.")]),
        ..Stage::default()
    };
    let mut call = Call::open_as(subject, &stage, |config| {
        config.output(OutputModality::Text)
    })
    .await?;
    call.ask("What do you do?").await?;
    let said = call.answer().await?;
    Failure::unless(said == "I write.", || format!("the answer was {said:?}"))?;
    let spoke = call
        .told()
        .iter()
        .any(|event| matches!(**event, Event::Audio(_)));
    Failure::unless(!spoke, || "it spoke".to_owned())?;
    call.close().await
}
