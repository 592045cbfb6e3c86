//! The catalogue of faults: ids in sections, each in one line of words.

use std::fmt;

use anyhow::{Context, Result, bail};

/// A letter and a number, such as `A1`. Ordered by section, then by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) section: char,
    number: u16,
}

impl Id {
    /// Reads an id that is written in its one way.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let section = chars.next().filter(char::is_ascii_uppercase)?;
        let id = Self {
            section,
            number: chars.as_str().parse().ok()?,
        };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.section, self.number)
    }
}

/// One fault.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) id: Id,
    pub(super) words: String,
    /// Whether its section has to be covered.
    pub(super) proven: bool,
}

/// All faults, in order.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) faults: Vec<Fault>,
}

impl Catalogue {
    /// Reads the lines of `catalogue.txt`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut faults: Vec<Fault> = Vec::new();
        let mut section = None;
        for line in text.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(title) = line.strip_prefix("== ") {
                let letter = title.chars().next().unwrap_or(' ');
                section = match title.rsplit_once(": ") {
                    Some((_, "proven")) => Some((letter, true)),
                    Some((_, "later")) => Some((letter, false)),
                    _ => bail!("section {title:?} says neither proven nor later"),
                };
                continue;
            }
            let (id, words) = line
                .split_once(' ')
                .with_context(|| format!("{line:?} has no words"))?;
            let id = Id::parse(id).with_context(|| format!("{id:?} is no id"))?;
            let Some((letter, proven)) = section else {
                bail!("{id} stands before any section");
            };
            if id.section != letter || faults.last().is_some_and(|last| last.id >= id) {
                bail!("{id} stands in the wrong place");
            }
            faults.push(Fault {
                id,
                words: words.to_owned(),
                proven,
            });
        }
        Ok(Self { faults })
    }

    pub(super) fn find(&self, id: Id) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.id == id)
    }
}
