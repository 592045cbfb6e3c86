//! An answer of ten seconds in several items, interrupted at every 20 ms of it: by every kind of player
//! that a session may have, on wires that can shorten an item and on wires that cannot.

use std::time::{Duration, Instant};

use antiphon_protocol::{Content, Event, ItemKind};
use antiphon_session::Session;

use crate::toy::{FORMAT, Toy, settle, until};

const ITEMS: u64 = 5;
const LONG: u64 = 2_000;
/// Letters and a space, ten to an item.
const WORD: &str = "abcdefg ";
const WORDS: usize = 10;

/// What the session learns of playback.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Player {
    /// Nothing: it is imagined.
    Absent,
    /// Every 20 ms, as it is.
    Prompt,
    /// Every 20 ms, what was so a tenth of a second before.
    Late,
    /// Every 20 ms, but nothing between whole seconds.
    Coarse,
    /// Every 20 ms, and once more of the first item when the second is playing.
    OutOfOrder,
}

const PLAYERS: [Player; 5] = [
    Player::Absent,
    Player::Prompt,
    Player::Late,
    Player::Coarse,
    Player::OutOfOrder,
];

impl Player {
    /// The position, in milliseconds of the whole answer, that the session knows of after `at`.
    fn known(self, at: u64) -> u64 {
        match self {
            Self::Absent | Self::Prompt | Self::OutOfOrder => at,
            Self::Late => at.saturating_sub(100),
            Self::Coarse => at - at % 1000,
        }
    }

    /// Says so.
    async fn report(self, session: &Session, at: u64) {
        if self == Self::Absent {
            return;
        }
        let known = self.known(at);
        // At the very end of an item it is that one's end, not the next one's beginning.
        let item = known.saturating_sub(1) / LONG;
        report(session, item, known - item * LONG);
        if self == Self::OutOfOrder && item == 1 {
            // The one before has arrived; of two at once the session sees the last.
            settle().await;
            report(session, 0, 700);
        }
    }
}

fn report(session: &Session, item: u64, millis: u64) {
    let samples = FORMAT.samples_in(Duration::from_millis(millis));
    session
        .playback()
        .heard(Some(format!("i{item}").into()), samples);
}

#[derive(Clone, Copy, Debug)]
struct Case {
    player: Player,
    /// Whether the wire can shorten and delete items.
    shortens: bool,
    at: u64,
}

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

async fn interrupted(case: Case) -> Result<(), String> {
    let toy = Toy::new().able(|can| {
        can.truncate = case.shortens;
        can.delete_items = case.shortens;
    });
    let (session, mut events, _peer, server) = toy.live().await.unwrap();
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
    if case.player == Player::Absent {
        tokio::time::sleep(Duration::from_millis(case.at)).await;
    } else {
        for at in (0..=case.at).step_by(20) {
            case.player.report(&session, at).await;
            settle().await;
            if at < case.at {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    server.say("speech");
    server.say("done r1 cancelled");
    settle().await;
    let mut told = Vec::new();
    while let Some(frame) = server.wire.try_recv() {
        let line = String::from_utf8(frame.data.to_vec()).unwrap();
        server.say(&format!("ack {}", line.split(' ').nth(1).unwrap()));
        told.push(line);
    }
    let known = case.player.known(case.at);
    check_told(case, known, &told)?;
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
        .map(|item| expected(known.saturating_sub(item * LONG).min(LONG)))
        .filter(|text| !text.is_empty())
        .collect();
    if kept != heard {
        return Err(format!("history is {kept:?}, heard was {heard:?}"));
    }
    Ok(())
}

/// Each item is shortened to what was heard of it, or deleted if that was nothing; never to nothing, nor
/// past what was produced; and a wire that cannot is not asked.
fn check_told(case: Case, known: u64, told: &[String]) -> Result<(), String> {
    if !case.shortens {
        return match told {
            [] => Ok(()),
            told => Err(format!("{told:?} on a wire that cannot")),
        };
    }
    for item in 0..ITEMS {
        let heard = known.saturating_sub(item * LONG).min(LONG);
        let name = format!("i{item}");
        let mut lines = told
            .iter()
            .filter(|line| line.split(' ').nth(2) == Some(&name));
        let line = lines.next();
        let words: Vec<&str> = line
            .map(|line| line.split(' ').collect())
            .unwrap_or_default();
        let right = match (words.as_slice(), heard) {
            (["delete", ..], 0) => true,
            (["truncate", _, _, end], 1..) => end.parse() == Ok(heard),
            // What was heard to its end may or may not have been reported as whole yet.
            ([], LONG) => true,
            _ => false,
        };
        if !right || lines.next().is_some() {
            return Err(format!("{name}: {told:?}, but {heard} ms were heard"));
        }
    }
    Ok(())
}

#[test]
fn history_is_what_was_heard_wherever_the_answer_is_interrupted() {
    let begun = Instant::now();
    let mut failures = Vec::new();
    let mut cases = 0;
    for player in PLAYERS {
        for shortens in [true, false] {
            // Reports cost a round of every task each, so that every day only some players, and all of
            // them at night, are stopped at every place.
            let nightly = std::env::var("ANTIPHON_TIER").as_deref() == Ok("nightly");
            let all = nightly || (player == Player::Absent && shortens);
            for at in (0..10_000).step_by(if all { 20 } else { 620 }) {
                let case = Case {
                    player,
                    shortens,
                    at,
                };
                cases += 1;
                let run = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap();
                let error = run.block_on(interrupted(case)).err();
                failures.extend(error.map(|error| format!("{case:?}: {error}")));
            }
        }
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
