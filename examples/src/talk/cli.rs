//! The command line: options as a person writes them, turns in the order they were given.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

/// Holds a spoken conversation with a voice model: recordings and text in, speech out.
///
/// Without a key and without --url it talks with a model emulated on this machine. The key is read
/// from OPENAI_API_KEY or, for gemini-live, from GEMINI_API_KEY.
#[derive(Clone, Debug, Parser)]
#[command(name = "talk", version, after_help = CODES)]
pub struct Options {
    /// Whom to talk with: openai-realtime, openai-live or gemini-live.
    #[arg(long, value_name = "NAME", default_value = "openai-realtime")]
    pub provider: String,
    /// Another address than the provider's own, such as ws://127.0.0.1:8080/v1/realtime.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The model, as the provider names it. Without it: gpt-realtime, gpt-live-1 or
    /// gemini-2.5-flash-native-audio.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// The voice, as the provider names it.
    #[arg(long, value_name = "NAME")]
    pub voice: Option<String>,
    /// A recording to say as one turn: any WAV from 8 to 48 kHz. Repeatable.
    #[arg(long, value_name = "FILE.wav")]
    pub input: Vec<PathBuf>,
    /// Words to write as one turn; turns keep the order in which they are given. Repeatable.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = words)]
    pub text: Vec<String>,
    /// How fast recordings are said and answers are played.
    #[arg(long, value_enum, default_value = "real")]
    pub pace: Pace,
    /// Where to write what was heard.
    #[arg(long, value_name = "FILE.wav", default_value = "talk-reply.wav")]
    pub output: PathBuf,
    /// Where to write every event, as a line of JSON each.
    #[arg(long, value_name = "FILE.jsonl")]
    pub events: Option<PathBuf>,
    /// Where to draw the conversation.
    #[arg(long, value_name = "FILE.svg", default_value = "talk-timeline.svg")]
    pub timeline: PathBuf,
    /// When to give up, in seconds from the start. Without it: 45 s for the bundled conversation,
    /// else 60 s and 30 s for each further turn, and in real time the length of the recordings.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// A host to which audio, and the key, may travel unencrypted. Loopback always may.
    #[arg(long, value_name = "HOST")]
    pub insecure_plaintext_host: Option<String>,
    /// Root certificates to trust in place of the system's, for wss: addresses of one's own.
    #[arg(long, value_name = "FILE.pem")]
    pub ca: Option<PathBuf>,
    /// Where to write what travels on the wire, without the key, as a line of JSON each.
    #[arg(long, value_name = "FILE.jsonl")]
    pub record: Option<PathBuf>,
    /// A file that --record has written, to hold its conversation again without a network.
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "url")]
    pub replay: Option<PathBuf>,
    /// Print the summary as one JSON object, and nothing else, on standard output.
    #[arg(long)]
    pub json: bool,
    /// Tell every event as it comes; twice, the library's own log as well.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[arg(skip)]
    turns: Vec<Given>,
}

const CODES: &str = "\
Exit codes: 0 every turn was answered · 2 usage · 3 input file · 4 provider or configuration · \
5 no connection · 6 authentication · 7 timeout · 8 closed by the peer · 9 not the protocol · \
10 a turn failed";

/// How fast recordings are said and answers are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pace {
    /// As a person would.
    Real,
    /// As fast as the wire takes them.
    Fast,
}

/// A turn as it stands on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A recording.
    Recording(PathBuf),
    /// Words.
    Text(String),
}

impl Options {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// What clap says: wrong usage, or a request for help or the version.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(line)?;
        let mut options = Self::from_arg_matches(&matches)?;
        options.turns = in_order(&matches, &options);
        Ok(options)
    }

    /// The turns in the order they were given; none means the bundled conversation.
    pub fn turns(&self) -> &[Given] {
        &self.turns
    }
}

fn in_order(matches: &ArgMatches, options: &Options) -> Vec<Given> {
    let at = |name| matches.indices_of(name).into_iter().flatten();
    let recordings = options.input.iter().cloned().map(Given::Recording);
    let texts = options.text.iter().cloned().map(Given::Text);
    let mut turns: Vec<_> = at("input")
        .zip(recordings)
        .chain(at("text").zip(texts))
        .collect();
    turns.sort_by_key(|(index, _)| *index);
    turns.into_iter().map(|(_, turn)| turn).collect()
}

fn words(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("give some words".to_owned());
    }
    Ok(text.to_owned())
}

/// Half a second is the least in which a connection can fail in order; a day is for ever.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.5..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("give a number of seconds between 0.5 and 86400".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, clap::Error> {
        Options::read(
            ["talk"]
                .into_iter()
                .chain(line.split_whitespace())
                .map(OsString::from),
        )
    }

    #[test]
    fn turns_keep_their_order_across_both_options() {
        let options =
            read("--text one --input two.wav --json --text three --input four.wav").unwrap();
        let text = |text: &str| Given::Text(text.to_owned());
        let recording = |path: &str| Given::Recording(PathBuf::from(path));
        let expected = [
            text("one"),
            recording("two.wav"),
            text("three"),
            recording("four.wav"),
        ];
        assert_eq!(options.turns(), expected);
    }

    #[test]
    fn nothing_given_means_no_turns_and_the_usual_files() {
        let options = read("").unwrap();
        assert!(options.turns().is_empty());
        assert_eq!(options.output, PathBuf::from("talk-reply.wav"));
        assert_eq!(options.timeline, PathBuf::from("talk-timeline.svg"));
        assert_eq!((options.pace, options.timeout), (Pace::Real, None));
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "--pace slow",
            "--timeout 0",
            "--timeout nan",
            "--timeout soon",
            "--text=",
            "--inputs x",
            "x",
        ] {
            assert!(read(line).unwrap_err().use_stderr(), "{line}");
        }
    }
}
