//! From the account of a conversation to its picture.

use std::time::Duration;

use antiphon_protocol::AudioFormat;

use super::{
    account::{Account, Call, Turn},
    speaker::Stretch,
    timeline::{Sound, Span, Timeline, Words},
};

/// The picture of a conversation. `said` are the caller's recordings where they were said.
pub fn picture(
    title: String,
    account: &Account,
    said: Vec<Sound>,
    heard: &[Stretch],
    format: AudioFormat,
    end: Duration,
) -> Timeline {
    let turns = &account.turns;
    Timeline {
        title,
        user: said,
        assistant: heard.iter().map(|stretch| sound(stretch, format)).collect(),
        latencies: turns.iter().filter_map(latency).collect(),
        tools: turns
            .iter()
            .flat_map(|turn| &turn.calls)
            .map(|call| tool(call, end))
            .collect(),
        interruptions: turns
            .iter()
            .filter_map(|turn| interruption(turn, format))
            .collect(),
        words: turns
            .iter()
            .enumerate()
            .flat_map(|(index, turn)| words(index, turn, heard))
            .collect(),
        end: end + Duration::from_millis(300),
    }
}

fn sound(stretch: &Stretch, format: AudioFormat) -> Sound {
    let samples = stretch
        .samples
        .iter()
        .map(|sample| f32::from(*sample) / 32_768.0)
        .collect();
    Sound {
        at: stretch.at,
        rate: format.rate,
        samples,
    }
}

fn latency(turn: &Turn) -> Option<Span> {
    let (after, first) = (turn.first_audio_after()?, turn.first_audio?);
    let label = format!("first audio after {:.2} s", after.as_secs_f64());
    Some(Span {
        from: first.saturating_sub(after),
        to: first,
        label,
    })
}

fn tool(call: &Call, end: Duration) -> Span {
    let (to, took) = match &call.answered {
        Some((at, _)) => (
            *at,
            format!("{} ms", at.saturating_sub(call.asked).as_millis()),
        ),
        None => (end, "no answer".to_owned()),
    };
    let mut arguments: String = call
        .arguments
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if arguments.chars().count() > 60 {
        arguments = arguments.chars().take(59).chain(['…']).collect();
    }
    Span {
        from: call.asked,
        to,
        label: format!("{} {arguments} · {took}", call.name),
    }
}

fn interruption(turn: &Turn, format: AudioFormat) -> Option<Span> {
    let cut = turn.cut?;
    let (heard, produced) = (seconds(turn.heard, format), seconds(turn.produced, format));
    let label = format!("interrupted: {heard:.1} s of {produced:.1} s heard");
    Some(Span {
        from: cut,
        to: cut,
        label,
    })
}

fn seconds(samples: u64, format: AudioFormat) -> f64 {
    format.duration_of(samples).as_secs_f64()
}

fn words(index: usize, turn: &Turn, heard: &[Stretch]) -> Vec<Words> {
    let first = heard
        .iter()
        .find(|stretch| stretch.turn == index)
        .map(|stretch| stretch.at);
    let answered = first.unwrap_or(turn.last_sound);
    let user = turn
        .user
        .as_ref()
        .map(|user| user.trim().to_owned())
        .map(|text| Words {
            at: turn.began,
            user: true,
            text,
        });
    let assistant = turn.assistant().map(|text| Words {
        at: answered,
        user: false,
        text,
    });
    user.into_iter().chain(assistant).collect()
}
