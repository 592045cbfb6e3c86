//! The table of capabilities in the README is what the code says.

use std::fmt::Write;

use crate::common::{CASCADE, NATIVE_AUDIO, NEWEST, RESTRICTED, THINKING, UNKNOWN};
use antiphon_gemini::{Backend, capabilities};
use antiphon_protocol::{Capabilities, ConfigField};
use serde::Serialize;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- capabilities: written by a test of this crate -->\n";
const END: &str = "<!-- end -->\n";

const COLUMNS: &[(&str, &str)] = &[
    ("`gemini-3.8-live`", NEWEST),
    ("`gemini-3.8-live-extended-thinking`", THINKING),
    ("`gemini-3.1-flash-live`", RESTRICTED),
    ("`gemini-2.5-flash-native-audio`", NATIVE_AUDIO),
    ("`gemini-live-2.5-flash`, `gemini-2.0-flash-live`", CASCADE),
    ("other models", UNKNOWN),
];

/// What a model can do on the Developer API and on Vertex, in one word where that is the same.
type Row = (&'static str, fn(&Capabilities) -> String);

const ROWS: &[Row] = &[
    ("refused fields", |can| {
        let all = all_fields();
        words(all.iter().filter(|field| !can.fields.contains(field)))
    }),
    ("fields that change live", |can| {
        words(can.live_fields.iter())
    }),
    (
        "a response can be asked for",
        |can| yes(can.create_response),
    ),
    ("truncate, cancel, delete", |can| {
        yes(can.truncate || can.cancel || can.delete_items)
    }),
    ("server interrupts", |can| yes(can.server_interrupts)),
    ("turn detection", |can| words(can.turn_detectors.iter())),
    ("tools while somebody speaks", |can| {
        word(&can.tools_during_speech)
    }),
    ("context", |can| words(can.contexts.iter())),
    ("images, video", |can| yes(can.images && can.video)),
    ("text only output", |can| yes(can.text_output)),
    ("transcripts", |can| {
        format!(
            "{}, {}",
            word(&can.input_transcripts),
            word(&can.output_transcripts)
        )
    }),
    ("receipts", |can| word(&can.receipts)),
    ("resume", |can| word(&can.resume)),
    ("two connections at once", |can| yes(can.overlap)),
    ("follow-up after tools", |can| word(&can.follow_up)),
    ("session limit, connection limit", |can| {
        let minutes = |life: Option<std::time::Duration>| {
            life.map_or_else(
                || "none".to_owned(),
                |life| format!("{} min", life.as_secs() / 60),
            )
        };
        format!(
            "{}, {}",
            minutes(can.limits.session),
            minutes(can.limits.connection)
        )
    }),
    ("history: items, KiB of text", |can| {
        format!("{}, {}", can.seed_limits.items, can.seed_limits.bytes >> 10)
    }),
];

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap();
    json.as_str().unwrap().replace('_', " ")
}

fn words<'a, T: Serialize + 'a>(values: impl Iterator<Item = &'a T>) -> String {
    let words: Vec<String> = values
        .map(|value| {
            serde_json::to_value(value)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .map(|word| format!("`{word}`"))
        .collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

/// Every field that a configuration can set: those of a model that is not known, and the rest.
fn all_fields() -> Vec<ConfigField> {
    let known = capabilities(UNKNOWN, Backend::Developer)
        .fields
        .into_owned();
    let rest = [
        ConfigField::Language,
        ConfigField::NoiseReduction,
        ConfigField::Speed,
    ];
    let mut all: Vec<_> = known.into_iter().chain(rest).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn table() -> String {
    let mut table = String::from("| |");
    for (name, _) in COLUMNS {
        write!(table, " {name} |").unwrap();
    }
    writeln!(table, "\n|---{}|", "|---".repeat(COLUMNS.len())).unwrap();
    for (name, cell) in ROWS {
        write!(table, "| {name} |").unwrap();
        for (_, model) in COLUMNS {
            let developer = cell(&capabilities(model, Backend::Developer));
            let vertex = cell(&capabilities(model, Backend::Vertex));
            if developer == vertex {
                write!(table, " {developer} |").unwrap();
            } else {
                write!(table, " {developer}; on Vertex {vertex} |").unwrap();
            }
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_readme_says_what_models_can_do() {
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(README, &expected).unwrap();
    } else {
        assert!(
            readme == expected,
            "run this test with UPDATE_EXPECT=1 to write the table"
        );
    }
}
