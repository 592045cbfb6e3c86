//! Talking: greetings, long answers, interruptions, transcripts, usage.

use std::time::Duration;

use antiphon_protocol::{Capabilities, Content};
use antiphon_protocol::{
    ContextKind, Event, InputTranscription, Item, ItemKind, Role, Transcripts, TurnDetector,
};
use futures::FutureExt;

use super::{Scenario, never};
use crate::suite::{
    Failure, Subject,
    call::{Call, words},
    scene::{Act, Scene},
    subject::Stage,
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "greeting",
        about: "The model speaks first when it is asked to, and its words arrive once.",
        skip: |can| {
            let asked = can.create_response || can.contexts.contains(&ContextKind::Commentary);
            (!asked).then_some("the wire cannot ask the model to speak first")
        },
        play: |subject| greeting(subject).boxed_local(),
    },
    Scenario {
        name: "question",
        about: "A question is answered; history holds both.",
        skip: never,
        play: |subject| question(subject).boxed_local(),
    },
    Scenario {
        name: "long-answer",
        about: "An answer of half a minute arrives whole, in order, without gaps in its samples.",
        skip: never,
        play: |subject| long_answer(subject).boxed_local(),
    },
    Scenario {
        name: "barge-in",
        about: "The user speaks over the model; it falls silent, and history holds what was heard.",
        skip: |can| no_voice(can).or_else(|| text_only(can)),
        play: |subject| barge_in(subject).boxed_local(),
    },
    Scenario {
        name: "interrupt",
        about: "The caller interrupts the model in one awaited call, and the conversation goes on.",
        skip: text_only,
        play: |subject| interrupt(subject).boxed_local(),
    },
    Scenario {
        name: "transcripts",
        about: "What the user said and what the model said arrive as text.",
        skip: |can| {
            let none = can.input_transcripts == Transcripts::Never;
            no_voice(can).or_else(|| none.then_some("the wire does not transcribe the user"))
        },
        play: |subject| transcripts(subject).boxed_local(),
    },
    Scenario {
        name: "usage",
        about: "Each answer's cost is reported.",
        skip: never,
        play: |subject| usage(subject).boxed_local(),
    },
];

fn no_voice(can: &Capabilities) -> Option<&'static str> {
    let deaf = can
        .turn_detectors
        .iter()
        .all(|detector| *detector == TurnDetector::Manual);
    deaf.then_some("nobody on this wire notices that the user speaks")
}

fn text_only(can: &Capabilities) -> Option<&'static str> {
    can.output_formats
        .is_empty()
        .then_some("the model does not speak")
}

const HELLO: &str = "Hello! How can I help you?";
/// Half a minute of speech.
const LONG: &str = "Once upon a time there was a city by the sea. Every morning the boats went out, \
    and every evening they came home again. One day a boat did not come home, and all the people \
    went down to the water. They waited there the whole night, and they sang so that the boat could \
    hear them. In the morning the boat came back, and the people were happy again. Since that day \
    they sing every evening by the water, and every boat comes home to the city.";

fn stage(scene: Scene) -> Stage {
    Stage {
        scene,
        ..Stage::default()
    }
}

async fn greeting(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::answering([Act::say(HELLO)]).unprompted([Act::say(HELLO)]);
    let mut call = Call::open(subject, &stage(scene)).await?;
    if call.can.create_response {
        call.prompt().await?;
    } else {
        call.session
            .add_context(ContextKind::Commentary, HELLO)
            .await?;
    }
    let said = call.answer().await?;
    Failure::unless(said == HELLO, || format!("the greeting was {said:?}"))?;
    call.close().await
}

async fn question(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::default()
        .then("Where are you?", [Act::say("I am here.")])
        .then("And now?", [Act::say("I am still here.")]);
    let mut call = Call::open(subject, &stage(scene)).await?;
    for (question, answer) in [
        ("Where are you?", "I am here."),
        ("And now?", "I am still here."),
    ] {
        call.ask(question).await?;
        let said = call.answer().await?;
        Failure::unless(said == answer, || {
            format!("{question:?} was answered {said:?}")
        })?;
    }
    let history = call.session.history().await?;
    let spoken = texts(&history, Role::Assistant);
    Failure::unless(spoken.contains("I am still here."), || {
        format!("history holds {} bytes of the model's words", spoken.len())
    })?;
    call.close().await
}

async fn long_answer(subject: &dyn Subject) -> Result<(), Failure> {
    let mut call = Call::open(subject, &stage(Scene::answering([Act::say(LONG)]))).await?;
    call.ask("Tell me a story.").await?;
    let said = call.answer().await?;
    Failure::unless(said == LONG, || {
        format!("{} of {} bytes of words", said.len(), LONG.len())
    })?;
    let mut ends = std::collections::BTreeMap::new();
    for event in call.since() {
        // On a wire without turns what belongs to no item is the silence of its track.
        if let Event::Audio(chunk) = &*event
            && (call.can.server_turns || chunk.item.is_some())
        {
            let end = ends.entry(chunk.item.clone()).or_insert(chunk.offset);
            Failure::unless(*end == chunk.offset, || {
                format!("a gap in the speech: {end} is followed by {}", chunk.offset)
            })?;
            *end = chunk.offset + chunk.samples();
        }
    }
    call.close().await
}

async fn barge_in(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::default()
        .then("Tell me a story.", [Act::say(LONG)])
        .then("Stop.", [Act::say("All right.")]);
    let mut call = Call::open(subject, &stage(scene)).await?;
    call.ask("Tell me a story.").await?;
    call.until("the beginning of the answer", |log| {
        (words(log).len() > 20).then_some(())
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    call.speak_over().await?;
    call.until("the end of the interruption", |log| {
        log.iter().find_map(|event| match &**event {
            Event::InterruptionSettled(_) => Some(()),
            _ => None,
        })
    })
    .await?;
    call.until("the answer to what was said over it", |log| {
        words(log).ends_with("All right.").then_some(())
    })
    .await?;
    call.quiet().await?;
    let heard = texts(&call.session.history().await?, Role::Assistant);
    Failure::unless(!heard.contains("every boat comes home to the city"), || {
        "history holds words that nobody heard".to_owned()
    })?;
    call.close().await
}

async fn interrupt(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::default()
        .then("Tell me a story.", [Act::say(LONG)])
        .then("And now?", [Act::say("I am here.")]);
    let mut call = Call::open(subject, &stage(scene)).await?;
    call.ask("Tell me a story.").await?;
    call.until("the beginning of the answer", |log| {
        (words(log).len() > 20).then_some(())
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let settled = call.session.interrupt().await?;
    Failure::unless(
        settled.items.iter().all(|item| item.heard <= item.produced),
        || format!("more was heard than produced: {settled:?}"),
    )?;
    if call.can.full_duplex && !call.can.cancel {
        // Nothing on such a wire makes the model stop: what is heard ends, what it says does not.
        return call.close().await;
    }
    call.quiet().await?;
    call.ask("And now?").await?;
    let said = call.answer().await?;
    Failure::unless(said.ends_with("I am here."), || {
        format!("it went on with {said:?}")
    })?;
    call.close().await
}

async fn transcripts(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::default().then("Where are you?", [Act::say("I am here.")]);
    let mut call = Call::open_as(subject, &stage(scene), |config| {
        let asked = subject
            .provider()
            .capabilities(&config.model)
            .input_transcripts;
        match asked {
            Transcripts::OnRequest => config.input_transcription(InputTranscription::default()),
            _ => config,
        }
    })
    .await?;
    call.speak().await?;
    let said = call.answer().await?;
    Failure::unless(said == "I am here.", || {
        format!("the model's words: {said:?}")
    })?;
    let heard = call
        .until("the user's words", |log| {
            let pieces = log.iter().filter_map(|event| match &**event {
                Event::InputTranscript(text) if !text.done => Some(&*text.text),
                _ => None,
            });
            let whole = pieces.collect::<String>();
            let done = log.iter().find_map(|event| match &**event {
                Event::InputTranscript(text) if text.done => Some(text.text.clone()),
                _ => None,
            });
            let heard = done.unwrap_or(whole).trim().to_owned();
            heard.ends_with('?').then_some(heard)
        })
        .await?;
    Failure::unless(heard == "Where are you?", || {
        format!("the user's words: {heard:?}")
    })?;
    call.close().await
}

async fn usage(subject: &dyn Subject) -> Result<(), Failure> {
    let scene = Scene::answering([Act::say("I am here.")]);
    let mut call = Call::open(subject, &stage(scene)).await?;
    call.ask("Where are you?").await?;
    call.answer().await?;
    call.until("what it cost", |log| {
        log.iter().find_map(|event| match &**event {
            Event::ResponseDone(done) => done.usage.filter(|usage| usage.total() > 0).map(|_| ()),
            Event::Usage(report) => {
                let usage = report.usage;
                (usage.total() > 0 || !usage.duration.is_zero()).then_some(())
            }
            _ => None,
        })
    })
    .await?;
    call.close().await
}

/// What `role` said in `history`, in one text.
pub(super) fn texts(history: &[Item], role: Role) -> String {
    let mut all = String::new();
    for item in history {
        let ItemKind::Message { role: by, content } = &item.kind else {
            continue;
        };
        if *by != role {
            continue;
        }
        for part in content {
            match part {
                Content::Text(text) => all.push_str(text),
                Content::Audio { transcript } => all.extend(transcript.iter().map(String::as_str)),
                _ => {}
            }
            all.push('\n');
        }
    }
    all
}
