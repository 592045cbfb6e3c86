//! Texts with placeholders, filled in from what has happened in the conversation so far.

use std::collections::BTreeMap;

use serde_json::Value;

/// What placeholders are filled in from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    /// What the caller said last.
    pub(crate) heard: String,
    /// The arguments of the last tool call.
    pub(crate) call: BTreeMap<String, String>,
    /// The last tool output, as the client sent it.
    pub(crate) output: Option<String>,
}

/// A text with `{placeholders}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// The first source that has a value is used.
    Slot(Vec<Source>),
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// The whole tool output, when it is plain text and not JSON.
    Output,
    /// A member of the tool output, by path.
    Member(Vec<String>),
    /// An argument of the last call.
    Call(String),
    /// The place that the caller named.
    Place,
    /// What the caller said.
    Heard,
    /// Words of the script.
    Literal(String),
}

impl Template {
    pub(crate) fn literal(text: &str) -> Self {
        Self(vec![Part::Text(text.to_owned())])
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after
                .split_once('}')
                .ok_or("a placeholder is not closed with `}`")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let sources = slot
                .split('|')
                .enumerate()
                .map(|(at, source)| Source::parse(source, at));
            parts.push(Part::Slot(sources.collect::<Result<_, _>>()?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text, or nothing if a placeholder has no value.
    pub(crate) fn fill(&self, facts: &Facts) -> Option<String> {
        let filled = self.0.iter().map(|part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Slot(sources) => sources.iter().find_map(|source| source.value(facts)),
        });
        filled.collect()
    }

    /// The text, with nothing where a placeholder has no value.
    pub(crate) fn fill_or_omit(&self, facts: &Facts) -> String {
        let filled = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Slot(sources) => sources
                .iter()
                .find_map(|source| source.value(facts))
                .unwrap_or_default(),
        });
        filled.collect()
    }
}

impl Source {
    fn parse(text: &str, at: usize) -> Result<Self, String> {
        let text = text.trim();
        match text.split_once('.') {
            Some(("output", path)) => {
                return Ok(Self::Member(path.split('.').map(str::to_owned).collect()));
            }
            Some(("call", name)) => return Ok(Self::Call(name.to_owned())),
            _ => {}
        }
        match text {
            "output" => Ok(Self::Output),
            "place" => Ok(Self::Place),
            "heard" => Ok(Self::Heard),
            _ if at > 0 => Ok(Self::Literal(text.to_owned())),
            _ => Err(format!(
                "unknown placeholder `{{{text}}}`: use output, output.NAME, call.NAME, place or heard"
            )),
        }
    }

    fn value(&self, facts: &Facts) -> Option<String> {
        match self {
            Self::Output => {
                let output = facts.output.as_deref()?.trim();
                match serde_json::from_str(output) {
                    Ok(Value::String(text)) => Some(text),
                    Ok(_) => None,
                    Err(_) => Some(output.to_owned()).filter(|text| !text.is_empty()),
                }
            }
            Self::Member(path) => {
                let output: Value = serde_json::from_str(facts.output.as_deref()?).ok()?;
                let member = path
                    .iter()
                    .try_fold(&output, |value, name| value.get(name))?;
                spoken(member)
            }
            Self::Call(name) => facts.call.get(name).cloned(),
            Self::Place => place(&facts.heard),
            Self::Heard => Some(facts.heard.clone()).filter(|heard| !heard.is_empty()),
            Self::Literal(text) => Some(text.clone()),
        }
    }
}

/// A JSON value as one would say it; numbers to one decimal.
fn spoken(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(if *truth { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => {
            let number = (number.as_f64()? * 10.0).round() / 10.0;
            Some(format!("{number}"))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The capitalised words after the last "in", "for", "about", "at" or "to" of a sentence.
fn place(heard: &str) -> Option<String> {
    let words: Vec<&str> = heard.split_whitespace().collect();
    let after = words.iter().rposition(|word| {
        ["in", "for", "about", "at", "to"].contains(&word.to_lowercase().as_str())
    })?;
    let mut name = Vec::new();
    for word in words.get(after + 1..)? {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !bare.starts_with(char::is_uppercase) {
            break;
        }
        name.push(bare);
        if word.len() > bare.len() {
            break;
        }
    }
    Some(name.join(" ")).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_take_the_first_source_with_a_value() {
        let facts = Facts {
            heard: "What about New York, then?".to_owned(),
            call: BTreeMap::from([("city".to_owned(), "Oslo".to_owned())]),
            output: Some(
                r#"{"temperature": 7.96, "sky": {"now": "clear"}, "wet": false}"#.to_owned(),
            ),
        };
        let rows = [
            ("plain", Some("plain")),
            ("{output.temperature} degrees", Some("8 degrees")),
            ("{output.sky.now}", Some("clear")),
            ("{output.wet}", Some("no")),
            ("{output.sky}", None),
            ("{output.wind|output.temperature}", Some("8")),
            ("{output.wind|calm}", Some("calm")),
            ("{call.city} and {place}", Some("Oslo and New York")),
            ("{output}", None),
            ("{heard}", Some("What about New York, then?")),
        ];
        for (text, filled) in rows {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.fill(&facts).as_deref(), filled, "{text}");
        }
        let plain = Facts {
            output: Some("It is foggy.".to_owned()),
            ..Facts::default()
        };
        assert_eq!(
            Template::parse("{output}").unwrap().fill(&plain).as_deref(),
            Some("It is foggy.")
        );
        assert_eq!(
            Template::parse("a {output.b} c")
                .unwrap()
                .fill_or_omit(&plain),
            "a  c"
        );
    }

    #[test]
    fn places_are_found_in_plain_questions() {
        let rows = [
            ("What's the weather like in Oslo today?", Some("Oslo")),
            (
                "Sorry, one more thing: what about Lisbon tomorrow?",
                Some("Lisbon"),
            ),
            ("What is the weather in London?", Some("London")),
            ("How are you in the morning?", None),
            ("Hello", None),
            ("in", None),
        ];
        for (heard, expected) in rows {
            assert_eq!(place(heard).as_deref(), expected, "{heard}");
        }
    }
}
