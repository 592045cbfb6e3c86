//! Reads the script language, one line at a time, with errors that name the line.

use std::time::Duration;

use super::{Failure, Refused, Script, ScriptError, Step, Template, Turn};
use crate::FrameFault;

/// Lines in a script; more is a mistake, not a script.
const MAX_LINES: usize = 10_000;
/// The largest frame that a script may ask for, in bytes.
const MAX_HUGE: usize = 64 << 20;
const KINDS: &str = "close, silence, garbage, response, error, expire, duplicate, swap, half, utf8, \
                     unknown, huge or odd-audio";

pub(super) fn script(text: &str) -> Result<Script, ScriptError> {
    let mut script = Script::empty();
    let mut block = Block::Opening;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        if number > MAX_LINES {
            return Err(ScriptError {
                line: number,
                message: "the script is too long".to_owned(),
            });
        }
        read_line(line, &mut script, &mut block).map_err(|message| ScriptError {
            line: number,
            message,
        })?;
    }
    Ok(script)
}

/// The block that steps are added to.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Opening,
    Turn,
    Otherwise,
    Unprompted,
    Instructed,
}

fn read_line(line: &str, script: &mut Script, block: &mut Block) -> Result<(), String> {
    let mut words = Words::new(line)?;
    let Some(keyword) = words.next_word() else {
        return Ok(());
    };
    match keyword.as_str() {
        "expect" => {
            script.turns.push(Turn {
                heard: words.quoted("what the caller says")?,
                steps: Vec::new(),
            });
            *block = Block::Turn;
        }
        "otherwise" => {
            let heard = words.optional_quoted()?.unwrap_or_else(|| "...".to_owned());
            script.otherwise.push(Turn {
                heard,
                steps: Vec::new(),
            });
            *block = Block::Otherwise;
        }
        "unprompted" => *block = Block::Unprompted,
        "instructed" => *block = Block::Instructed,
        "text" => {
            words.keyword("only")?;
            before_turns(*block, "text only")?;
            script.text_only = true;
        }
        "upgrade" => {
            before_turns(*block, "upgrade")?;
            upgrade(&mut words, script)?;
        }
        "pace" => {
            before_turns(*block, "pace")?;
            script.pace = pace(&words.bare("a number such as 10x")?)?;
        }
        _ => {
            let step = step(&keyword, &mut words)?;
            steps_of(script, *block, &step)?.push(step);
        }
    }
    words.end()
}

fn before_turns(block: Block, keyword: &str) -> Result<(), String> {
    match block {
        Block::Opening => Ok(()),
        _ => Err(format!("`{keyword}` belongs before the first turn")),
    }
}

fn steps_of<'a>(
    script: &'a mut Script,
    block: Block,
    step: &Step,
) -> Result<&'a mut Vec<Step>, String> {
    let turn = match block {
        Block::Opening if matches!(step, Step::Say(_) | Step::Call { .. }) => {
            return Err(
                "`say` and `call` belong to a turn: write `expect \"...\"` first".to_owned(),
            );
        }
        Block::Opening => return Ok(&mut script.opening),
        Block::Unprompted => return Ok(&mut script.unprompted),
        Block::Instructed => return Ok(&mut script.instructed),
        Block::Turn => script.turns.last_mut(),
        Block::Otherwise => script.otherwise.last_mut(),
    };
    turn.map(|turn| &mut turn.steps)
        .ok_or_else(|| "a step without a turn".to_owned())
}

fn step(keyword: &str, words: &mut Words) -> Result<Step, String> {
    match keyword {
        "say" => {
            let mut texts = vec![words.template("what the model says")?];
            while words.accept("or") {
                texts.push(words.template("another text")?);
            }
            Ok(Step::Say(texts))
        }
        "call" => call(words),
        "wait" => Ok(Step::Wait(duration(
            &words.bare("a duration such as 200ms")?,
        )?)),
        "drop" => Ok(Step::Fail(Failure::Drop)),
        "fail" => failure(words).map(Step::Fail),
        other => Err(format!(
            "unknown keyword `{other}`: expected expect, otherwise, unprompted, instructed, say, \
             call, wait, fail, drop, upgrade, pace or text"
        )),
    }
}

fn call(words: &mut Words) -> Result<Step, String> {
    let tool = words.bare("the name of a tool")?;
    let mut arguments = Vec::new();
    while let Some((name, value)) = words.argument()? {
        arguments.push((name, Template::parse(&value)?));
    }
    Ok(Step::Call { tool, arguments })
}

fn failure(words: &mut Words) -> Result<Failure, String> {
    match words.bare(KINDS)?.as_str() {
        "close" => {
            let code = words.bare("a close code")?;
            let code = code.parse().ok().filter(|code| (1000..5000).contains(code));
            let code = code.ok_or("a close code is a number from 1000 to 4999")?;
            Ok(Failure::Close {
                code,
                reason: words.optional_quoted()?.unwrap_or_default(),
            })
        }
        "silence" => Ok(Failure::Silence),
        "garbage" => Ok(Failure::Garbage),
        "response" => Ok(Failure::Response {
            message: words.quoted("the error message")?,
        }),
        "error" => Ok(Failure::Error {
            code: words.bare("the code of an error")?,
            message: words.optional_quoted()?.unwrap_or_default(),
        }),
        "expire" => Ok(Failure::Expire),
        "duplicate" => Ok(Failure::Frame(FrameFault::Duplicate)),
        "swap" => Ok(Failure::Frame(FrameFault::Swap)),
        "half" => Ok(Failure::Frame(FrameFault::Half)),
        "utf8" => Ok(Failure::Frame(FrameFault::Utf8)),
        "unknown" => Ok(Failure::Frame(FrameFault::Unknown)),
        "odd-audio" => Ok(Failure::Frame(FrameFault::OddAudio)),
        "huge" => {
            let bytes = words.bare("a number of bytes")?;
            let bytes = bytes.parse().ok().filter(|bytes| *bytes <= MAX_HUGE);
            let bytes = bytes.ok_or("a frame has at most 67108864 bytes")?;
            Ok(Failure::Frame(FrameFault::Huge(bytes)))
        }
        other => Err(format!("cannot fail with `{other}`: use {KINDS}")),
    }
}

/// `upgrade after 3s`, or `upgrade refused 429 "..." retry-after=5`.
fn upgrade(words: &mut Words, script: &mut Script) -> Result<(), String> {
    match words.bare("after or refused")?.as_str() {
        "after" => {
            script.upgrade.after = duration(&words.bare("a duration such as 3s")?)?;
        }
        "refused" => {
            let status = words.bare("a status")?.parse().ok();
            let status = status.filter(|status| (300..600).contains(status));
            let status = status.ok_or("a status of a refusal is a number from 300 to 599")?;
            let message = words.quoted("what the answer says")?;
            let retry_after = match words.argument()? {
                None => None,
                Some((name, value)) if name == "retry-after" => {
                    let seconds = value.parse().ok();
                    Some(seconds.ok_or("`retry-after` is a number of seconds")?)
                }
                Some((name, _)) => return Err(format!("`{name}` is not known here")),
            };
            script.upgrade.refused = Some(Refused {
                status,
                message,
                retry_after,
            });
        }
        other => return Err(format!("`{other}` is not known here: use after or refused")),
    }
    Ok(())
}

fn duration(text: &str) -> Result<Duration, String> {
    let millis = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(millis), _) => millis.parse().ok(),
        (None, Some(seconds)) => seconds.parse::<f64>().ok().map(|seconds| seconds * 1000.0),
        (None, None) => None,
    };
    millis
        .filter(|millis: &f64| (0.0..=3_600_000.0).contains(millis))
        .map(|millis| Duration::from_secs_f64(millis / 1000.0))
        .ok_or_else(|| format!("`{text}` is not a duration: write 200ms or 1.5s, at most an hour"))
}

fn pace(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text).parse().ok();
    number
        .filter(|pace: &f64| (0.1..=1000.0).contains(pace))
        .ok_or_else(|| format!("`{text}` is not a pace: write a number from 0.1x to 1000x"))
}

/// One token of a line.
enum Token {
    Bare(String),
    Quoted(String),
    /// `name="value"` or `name=value`.
    Argument(String, String),
}

/// The tokens of one line, taken from the front.
struct Words {
    tokens: std::vec::IntoIter<Token>,
    peeked: Option<Token>,
}

impl Words {
    fn new(line: &str) -> Result<Self, String> {
        let mut tokens = tokens(line)?.into_iter();
        let peeked = tokens.next();
        Ok(Self { tokens, peeked })
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peeked.take();
        self.peeked = self.tokens.next();
        token
    }

    fn next_word(&mut self) -> Option<String> {
        self.take().map(|token| match token {
            Token::Bare(word) => word,
            Token::Quoted(text) => format!("\"{text}\""),
            Token::Argument(name, _) => name,
        })
    }

    fn bare(&mut self, wanted: &str) -> Result<String, String> {
        match self.take() {
            Some(Token::Bare(word)) => Ok(word),
            _ => Err(format!("expected {wanted}")),
        }
    }

    fn quoted(&mut self, wanted: &str) -> Result<String, String> {
        match self.take() {
            Some(Token::Quoted(text)) => Ok(text),
            _ => Err(format!("expected {wanted} in quotes")),
        }
    }

    fn optional_quoted(&mut self) -> Result<Option<String>, String> {
        if self.peeked.is_none() {
            return Ok(None);
        }
        self.quoted("a text").map(Some)
    }

    fn template(&mut self, wanted: &str) -> Result<Template, String> {
        Template::parse(&self.quoted(wanted)?)
    }

    fn argument(&mut self) -> Result<Option<(String, String)>, String> {
        match self.take() {
            None => Ok(None),
            Some(Token::Argument(name, value)) => Ok(Some((name, value))),
            Some(Token::Bare(_) | Token::Quoted(_)) => {
                Err("expected an argument such as city=\"Oslo\"".to_owned())
            }
        }
    }

    fn accept(&mut self, word: &str) -> bool {
        let there = matches!(&self.peeked, Some(Token::Bare(bare)) if bare == word);
        if there {
            self.take();
        }
        there
    }

    fn keyword(&mut self, word: &str) -> Result<(), String> {
        if self.accept(word) {
            Ok(())
        } else {
            Err(format!("expected `{word}`"))
        }
    }

    fn end(mut self) -> Result<(), String> {
        match self.next_word() {
            None => Ok(()),
            Some(word) => Err(format!("nothing is expected here, but there is `{word}`")),
        }
    }
}

fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        match chars.peek() {
            None | Some('#') => return Ok(tokens),
            Some('"') => tokens.push(Token::Quoted(quoted(&mut chars)?)),
            Some(_) => {
                let mut word = String::new();
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !"=\"#".contains(*c)) {
                    word.push(c);
                }
                if chars.next_if_eq(&'=').is_none() {
                    tokens.push(Token::Bare(word));
                    continue;
                }
                let value = if chars.peek() == Some(&'"') {
                    quoted(&mut chars)?
                } else {
                    std::iter::from_fn(|| chars.next_if(|c| !c.is_whitespace())).collect()
                };
                tokens.push(Token::Argument(word, value));
            }
        }
    }
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    chars.next();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some(c @ ('"' | '\\')) => text.push(c),
                _ => return Err("a backslash in quotes goes before \", \\ or n".to_owned()),
            },
            _ => text.push(c),
        }
    }
    Err("the quote is not closed on this line".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_reads() {
        let script: Script = r#"
            pace 4x        # comments end a line
            text only
            wait 0.5s
            expect "Hi \"you\""
              say "Hello." or "Good day."
              wait 200ms
              call find place="Rome" limit=3
              fail close 1011 "internal"
              fail response "overloaded"
            otherwise
              drop
            unprompted
              fail silence
              fail garbage
        "#
        .parse()
        .unwrap();
        assert_eq!(script.opening, [Step::Wait(Duration::from_millis(500))]);
        assert!(script.text_only);
        assert!((script.pace - 4.0).abs() < f64::EPSILON);
        let turn = script.turn(0);
        assert_eq!(turn.heard, "Hi \"you\"");
        assert_eq!(turn.steps.len(), 5);
        assert!(matches!(&turn.steps[0], Step::Say(texts) if texts.len() == 2));
        assert!(matches!(&turn.steps[2], Step::Call { tool, arguments }
            if tool == "find" && arguments[1].0 == "limit"));
        assert_eq!(
            turn.steps[3],
            Step::Fail(Failure::Close {
                code: 1011,
                reason: "internal".to_owned()
            })
        );
        assert_eq!(script.turn(1).steps, [Step::Fail(Failure::Drop)]);
        assert_eq!(
            script.unprompted,
            [Step::Fail(Failure::Silence), Step::Fail(Failure::Garbage)]
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let rows = [
            ("say \"hello\"", 1, "`say` and `call` belong to a turn"),
            ("expect \"a\"\n shout \"b\"", 2, "unknown keyword `shout`"),
            ("expect \"a", 1, "not closed"),
            ("expect", 1, "expected what the caller says in quotes"),
            ("expect \"a\"\nwait 5", 2, "`5` is not a duration"),
            ("expect \"a\"\nwait -5ms", 2, "`-5ms` is not a duration"),
            (
                "expect \"a\"\nfail close 70000",
                2,
                "a close code is a number",
            ),
            ("expect \"a\"\nfail loudly", 2, "cannot fail with `loudly`"),
            ("expect \"a\"\nfail huge 1e9", 2, "at most 67108864 bytes"),
            ("upgrade refused 200 \"ok\"", 1, "a number from 300 to 599"),
            (
                "upgrade refused 429 \"x\" after=1",
                1,
                "`after` is not known",
            ),
            ("upgrade never", 1, "`never` is not known"),
            ("expect \"a\"\ncall tool \"x\"", 2, "expected an argument"),
            (
                "expect \"a\"\nsay \"b\" \"c\"",
                2,
                "nothing is expected here",
            ),
            ("expect \"a\"\nsay \"{output\"", 2, "not closed"),
            ("expect \"a\"\nsay \"{colour}\"", 2, "unknown placeholder"),
            ("expect \"a\"\npace 3x", 2, "belongs before the first turn"),
            ("pace fast", 1, "is not a pace"),
            ("text", 1, "expected `only`"),
        ];
        for (text, line, message) in rows {
            let error = text.parse::<Script>().unwrap_err();
            assert_eq!(error.line(), line, "{text}");
            assert!(error.to_string().contains(message), "{text}: {error}");
        }
    }
}
