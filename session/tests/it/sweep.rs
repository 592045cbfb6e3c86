//! An answer of ten seconds in several items, interrupted at every 20 ms of it.

use std::time::{Duration, Instant};

use antiphon_protocol::{Content, Event, ItemKind};

use crate::toy::{Toy, settle, until};

const ITEMS: u64 = 5;
const LONG: u64 = 2_000;
/// Letters and a space, ten to an item.
const WORD: &str = "abcdefg ";
const WORDS: usize = 10;

/// The text of one item's words, as far as `heard` of `LONG` milliseconds go, to the end of a word.
fn expected(heard: u64) -> String {
    let text = WORD.repeat(WORDS);
    let text = text.trim_end();
    if heard >= LONG {
        return text.to_owned();
    }
    let share = usize::try_from(heard).unwrap() * text.len() / usize::try_from(LONG).unwrap();
    let whole = text
        .match_indices(' ')
        .map(|(place, _)| place)
        .rfind(|place| *place <= share)
        .unwrap_or(0);
    text.chars().take(whole).collect()
}

async fn interrupted_at(at: u64) -> Result<(), String> {
    let (session, mut events, _peer, server) = Toy::new().live().await.unwrap();
    server.say("started r1");
    for item in 0..ITEMS {
        server.say(&format!("audio r1 i{item} {LONG}"));
        server.say(&format!(
            "speak r1 i{item} {}",
            WORD.repeat(WORDS).trim_end()
        ));
    }
    for _ in 0..ITEMS {
        until(&mut events, |event| {
            matches!(event, Event::OutputTranscript(_)).then_some(())
        })
        .await;
    }
    tokio::time::sleep(Duration::from_millis(at)).await;
    server.say("speech");
    server.say("done r1 cancelled");
    settle().await;
    let mut told = Vec::new();
    while let Some(frame) = server.wire.try_recv() {
        let line = String::from_utf8(frame.data.to_vec()).unwrap();
        server.say(&format!("ack {}", line.split(' ').nth(1).unwrap()));
        told.push(line);
    }
    for item in 0..ITEMS {
        let heard = at.saturating_sub(item * LONG).min(LONG);
        let name = format!("i{item}");
        let line = told.iter().find(|line| line.contains(&name));
        let wanted = match heard {
            0 => Some("delete"),
            LONG if item * LONG + LONG < at => None,
            _ => Some("truncate"),
        };
        match (line, wanted) {
            (None, None) => {}
            (Some(line), Some(wanted)) if line.starts_with(wanted) => {
                let end = line.rsplit(' ').next().unwrap().parse::<u64>();
                let exact = wanted == "delete" || end == Ok(heard);
                if !exact || end == Ok(0) {
                    return Err(format!("at {at}: {line}, but {heard} ms were heard"));
                }
            }
            // What was heard to its end may or may not have been reported as whole yet.
            (line, _) if heard == LONG && line.is_none_or(|line| line.ends_with(" 2000")) => {}
            (line, wanted) => return Err(format!("at {at}, {name}: {line:?}, {wanted:?}")),
        }
    }
    settle().await;
    let history = session.history().await.unwrap();
    let kept: Vec<String> = history
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Message { content, .. } => match content.as_slice() {
                [Content::Audio { transcript }] => transcript.clone(),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let heard: Vec<String> = (0..ITEMS)
        .map(|item| expected(at.saturating_sub(item * LONG).min(LONG)))
        .filter(|text| !text.is_empty())
        .collect();
    if kept != heard {
        return Err(format!("at {at}: history is {kept:?}, heard was {heard:?}"));
    }
    Ok(())
}

#[test]
fn history_is_what_was_heard_wherever_the_answer_is_interrupted() {
    let begun = Instant::now();
    let mut failures = Vec::new();
    let mut cases = 0;
    for at in (0..10_000).step_by(20) {
        cases += 1;
        let run = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        failures.extend(run.block_on(interrupted_at(at)).err());
    }
    println!(
        "interruption_sweep cases={cases} failed={} seed=7 wall={:.2}s",
        failures.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(
        failures.is_empty(),
        "{:#?}",
        &failures[..failures.len().min(10)]
    );
}
