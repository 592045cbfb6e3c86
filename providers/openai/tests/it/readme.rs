//! The table of capabilities in the README is what the code says.

use std::fmt::Write;

use antiphon_openai::OpenAi;
use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, InputClock, InputTranscription, NoiseReduction,
    OutputModality, Provider, SessionConfig, ToolChoice, ToolSpec, TurnDetection,
};
use serde::Serialize;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- capabilities: written by a test of this crate -->\n";
const END: &str = "<!-- end -->\n";

fn columns() -> Vec<(&'static str, Capabilities)> {
    let openai = OpenAi::realtime("key");
    let live = OpenAi::live("key");
    let voice_live = OpenAi::azure_voice_live("resource", "key").unwrap();
    let can = |model: &str| openai.capabilities(model).into_owned();
    vec![
        ("`gpt-realtime`, `-mini`, `-1.5`", can("gpt-realtime")),
        (
            "`gpt-realtime-2`, `-2.1`, `-2.1-mini`",
            can("gpt-realtime-2.1"),
        ),
        ("other models", can("another")),
        ("beta dialect", voice_live.capabilities("any").into_owned()),
        (
            "transcribing",
            openai
                .clone()
                .transcribing()
                .capabilities("any")
                .into_owned(),
        ),
        (
            "translating",
            openai.translating().capabilities("any").into_owned(),
        ),
        (
            "GPT-Live, caller works",
            live.capabilities("gpt-live-1").into_owned(),
        ),
        (
            "GPT-Live, backend works",
            live.clone()
                .with_backend("any")
                .capabilities("gpt-live-1")
                .into_owned(),
        ),
        (
            "GPT-Live, attached",
            live.attach("id").capabilities("").into_owned(),
        ),
    ]
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// How a value is written in data.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).unwrap();
    word.as_str().unwrap().replace('_', " ")
}

fn words<T: Serialize>(values: &[T]) -> String {
    let words: Vec<_> = values.iter().map(word).collect();
    words.join(", ")
}

fn formats(formats: &[AudioFormat]) -> String {
    let known: Vec<_> = formats.iter().map(ToString::to_string).collect();
    known.join(", ")
}

type Row = (&'static str, fn(&Capabilities) -> String);

const ROWS: &[Row] = &[
    ("refused fields", |can| {
        let all = all_fields();
        names(all.into_iter().filter(|field| !can.fields.contains(field)))
    }),
    ("fields that need a new connection", |can| {
        names(
            can.fields
                .iter()
                .copied()
                .filter(|field| !can.live_fields.contains(field)),
        )
    }),
    ("formats in", |can| formats(&can.input_formats)),
    ("formats out", |can| formats(&can.output_formats)),
    ("who ends the user's turn", |can| words(&can.turn_detectors)),
    ("turns on the wire", |can| yes(can.server_turns)),
    ("listens while it speaks", |can| yes(can.full_duplex)),
    ("clock runs on", |can| match can.input_clock {
        InputClock::Free => "its own".to_owned(),
        _ => "the caller's audio".to_owned(),
    }),
    ("truncate, cancel, delete", |can| {
        yes(can.truncate && can.cancel && can.delete_items)
    }),
    ("responses on request", |can| yes(can.create_response)),
    ("one response at a time", |can| yes(can.single_response)),
    ("answers before the next response", |can| {
        yes(can.answers_first)
    }),
    ("stops when the user speaks", |can| {
        yes(can.server_interrupts)
    }),
    ("the user's words", |can| word(&can.input_transcripts)),
    ("the model's words", |can| word(&can.output_transcripts)),
    ("follow-up after tools", |can| word(&can.follow_up)),
    ("tools while it talks", |can| word(&can.tools_during_speech)),
    ("context", |can| words(&can.contexts)),
    ("delegates to the caller", |can| yes(can.delegations)),
    ("images", |can| yes(can.images)),
    ("text only output", |can| yes(can.text_output)),
    ("receipts", |can| word(&can.receipts)),
    ("resume", |can| word(&can.resume)),
    ("two connections at once", |can| yes(can.overlap)),
    ("session limit", |can| {
        can.limits
            .session
            .map_or_else(String::new, |life| format!("{} min", life.as_secs() / 60))
    }),
    ("goodbye takes up to", |can| {
        format!("{} s", can.close_drain.as_secs())
    }),
    ("history: items, KiB of text", |can| {
        format!("{}, {}", can.seed_limits.items, can.seed_limits.bytes >> 10)
    }),
];

/// Every field that a configuration can set.
fn all_fields() -> Vec<ConfigField> {
    let mut config = SessionConfig::new("model")
        .instructions("")
        .voice("")
        .output(OutputModality::Text)
        .input_format(AudioFormat::PCM16_24K)
        .output_format(AudioFormat::PCM16_24K)
        .turn_detection(TurnDetection::Manual)
        .input_transcription(InputTranscription::default())
        .tool(ToolSpec::new("tool", "", serde_json::json!({})))
        .tool_choice(ToolChoice::Auto)
        .native("native", serde_json::json!(1));
    config.output_transcription = Some(true);
    config.noise_reduction = Some(NoiseReduction::NearField);
    config.parallel_tool_calls = Some(true);
    config.max_output_tokens = Some(1);
    config.temperature = Some(1.0);
    config.speed = Some(1.0);
    config.language = Some(String::new());
    ConfigField::set_in(&config)
}

fn names(fields: impl Iterator<Item = ConfigField>) -> String {
    let named: Vec<_> = fields
        .map(|field| {
            serde_json::to_value(field)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .map(|name| format!("`{name}`"))
        .collect();
    named.join(", ")
}

fn table() -> String {
    let columns = columns();
    let mut table = String::from("|");
    for (name, _) in &columns {
        write!(table, " | {name}").unwrap();
    }
    write!(table, " |\n|---{}|\n", "|---".repeat(columns.len())).unwrap();
    for (name, cell) in ROWS {
        write!(table, "| {name}").unwrap();
        for (_, can) in &columns {
            write!(table, " | {}", cell(can)).unwrap();
        }
        table.push_str(" |\n");
    }
    table
}

#[test]
fn the_table_of_capabilities_is_what_the_code_says() {
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let whole = format!("{before}{BEGIN}{table}{END}{after}");
        std::fs::write(README, whole).unwrap();
        return;
    }
    assert_eq!(written, table, "set UPDATE_EXPECT=1 to write it");
}
