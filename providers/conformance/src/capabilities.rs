//! The table of what every provider and model can do, generated from the plug-ins' own data.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use antiphon_gemini::Gemini;
use antiphon_openai::OpenAi;
use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, FollowUp, InputClock, Provider, Secret,
};
use serde::Serialize;

/// Between these lines of a README stands the table.
const BEGIN: &str = "<!-- capabilities: written by `cargo xtask capabilities`, not by hand -->";
const END: &str = "<!-- end of capabilities -->";

/// One column.
struct Column {
    head: &'static str,
    can: Capabilities,
}

/// The models that the table shows.
fn columns() -> Vec<Column> {
    let column = |head, provider: &dyn Provider, model: &str| Column {
        head,
        can: provider.capabilities(model).into_owned(),
    };
    let realtime = OpenAi::realtime("");
    let live = OpenAi::live("");
    let backend = OpenAi::live("").with_backend("gpt");
    let gemini = Gemini::live("");
    let mut columns = vec![
        column("gpt-realtime", &realtime, "gpt-realtime"),
        column("gpt-realtime-2.1", &realtime, "gpt-realtime-2.1"),
        column("gpt-live-1", &live, "gpt-live-1"),
        column("gpt-live-1, backend", &backend, "gpt-live-1"),
        column("gemini-3.8-live", &gemini, "gemini-3.8-live"),
        column("gemini-3.1-flash-live", &gemini, "gemini-3.1-flash-live"),
        column(
            "gemini-2.5-flash-native-audio",
            &gemini,
            "gemini-2.5-flash-native-audio",
        ),
    ];
    let token = Arc::new(Secret::from(""));
    if let Ok(vertex) = Gemini::vertex("project", "us-central1", token) {
        let model = "gemini-live-2.5-flash-native-audio";
        columns.push(column(
            "Vertex: gemini-live-2.5-flash-native-audio",
            &vertex,
            model,
        ));
    }
    columns
}

type Cell = fn(&Capabilities) -> String;

const ROWS: &[(&str, Cell)] = &[
    ("audio in", |can| formats(&can.input_formats)),
    ("audio out", |can| formats(&can.output_formats)),
    ("turns decided by", |can| words(&can.turn_detectors)),
    ("turns on the wire", |can| yes(can.server_turns)),
    ("listens while it speaks", |can| yes(can.full_duplex)),
    ("its clock", |can| match can.input_clock {
        InputClock::Free => "its own".to_owned(),
        InputClock::Continuous => "the caller's audio".to_owned(),
    }),
    ("response on request", |can| yes(can.create_response)),
    ("cancel", |can| yes(can.cancel)),
    ("truncate", |can| yes(can.truncate)),
    ("delete items", |can| yes(can.delete_items)),
    ("receipts", |can| word(&can.receipts)),
    ("transcript of the user", |can| word(&can.input_transcripts)),
    ("transcript of the model", |can| {
        word(&can.output_transcripts)
    }),
    ("text-only answers", |can| yes(can.text_output)),
    ("images", |can| yes(can.images)),
    ("video", |can| yes(can.video)),
    ("tools", |can| yes(can.fields.contains(&ConfigField::Tools))),
    ("tool choice", |can| {
        yes(can.fields.contains(&ConfigField::ToolChoice))
    }),
    ("tools during speech", |can| word(&can.tools_during_speech)),
    ("after tool results", |can| match can.follow_up {
        FollowUp::Explicit => "asked to go on".to_owned(),
        FollowUp::Automatic => "goes on".to_owned(),
    }),
    ("delegates work", |can| yes(can.delegations)),
    ("context without speech", |can| words(&can.contexts)),
    ("changes live", |can| words(&can.live_fields)),
    ("resume", |can| word(&can.resume)),
    ("two connections at once", |can| yes(can.overlap)),
    ("life of a session", |can| time(can.limits.session)),
    ("life of a connection", |can| time(can.limits.connection)),
    ("goodbye takes", |can| {
        time(Some(can.close_drain).filter(|drain| !drain.is_zero()))
    }),
    ("history for a new session", |can| {
        match can.seed_limits.items {
            0 => "–".to_owned(),
            items => {
                let open = if can.seed_open_calls {
                    ", open calls"
                } else {
                    ""
                };
                format!("{items} items, {} KiB{open}", can.seed_limits.bytes >> 10)
            }
        }
    }),
];

/// The table as Markdown, with the sources of its data.
pub fn table() -> String {
    let columns = columns();
    let mut table = String::from("|");
    for column in &columns {
        _ = write!(table, " | {}", column.head);
    }
    table.push_str(" |\n| ---");
    for _ in &columns {
        table.push_str(" | ---");
    }
    table.push_str(" |\n");
    for (name, cell) in ROWS {
        _ = write!(table, "| {name}");
        for column in &columns {
            _ = write!(table, " | {}", cell(&column.can));
        }
        table.push_str(" |\n");
    }
    table.push_str("\nSources:\n\n");
    let mut told: Vec<&str> = Vec::new();
    for column in &columns {
        if !told.contains(&&*column.can.source) {
            told.push(&column.can.source);
            _ = writeln!(table, "- {}", column.can.source);
        }
    }
    table
}

/// `readme` with the table in its place; `None` when it has no place for one.
pub fn placed(readme: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n{END}{after}", table()))
}

fn yes(holds: bool) -> String {
    if holds { "yes" } else { "–" }.to_owned()
}

/// A word of the neutral language, as it serialises.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or("–").replace('_', " ")
}

fn words<T: Serialize>(values: &[T]) -> String {
    if values.is_empty() {
        return "–".to_owned();
    }
    values.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn formats(formats: &[AudioFormat]) -> String {
    formats
        .iter()
        .map(AudioFormat::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn time(time: Option<Duration>) -> String {
    match time.map(|time| time.as_secs()) {
        None => "–".to_owned(),
        Some(seconds) if seconds % 60 == 0 => format!("{} min", seconds / 60),
        Some(seconds) => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_the_table_as_it_is() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let placed = placed(&readme).expect("the README has a place for the table");
        assert!(readme == placed, "run `cargo xtask capabilities`");
    }

    #[test]
    fn every_source_has_a_date() {
        for column in columns() {
            let source = &column.can.source;
            assert!(source.contains("20"), "{}: {source}", column.head);
        }
    }
}
