//! Compares a description with an official JSON Schema bundle.
//!
//! `protocol/<x>/schema/drift.txt` names the entry points of both sides and explains the
//! differences that are meant:
//!
//! ```text
//! root server.ServerEvent = RealtimeServerEvent
//!
//! why One type serves all roles.
//!   ContentPart / *: field audio is ours only
//! ```

mod compare;
mod schema;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fs, process::ExitCode};

use anyhow::{Context as _, Result, bail, ensure};

use crate::codegen;

/// Runs `drift --protocol P SCHEMA.json`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let (protocol, file) = match args {
        [flag, protocol, file] if flag == "--protocol" => (protocol, file),
        [file, flag, protocol] if flag == "--protocol" => (protocol, file),
        _ => bail!("usage: cargo xtask drift --protocol P SCHEMA.json"),
    };
    ensure!(
        codegen::PROTOCOLS.contains(&protocol.as_str()),
        "there is no protocol {protocol}; there are {}",
        codegen::PROTOCOLS.join(", ")
    );
    let folder = codegen::protocol_folder(protocol);
    let description = codegen::read(&folder)?;
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    let bundle = schema::Bundle::parse(&text).with_context(|| format!("{file} is not JSON"))?;
    let notes = Notes::parse(&fs::read_to_string(folder.join("schema/drift.txt"))?)?;

    let mut comparison = compare::Comparison::new(&description, &bundle);
    for root in &notes.roots {
        comparison.root(&root.file, &root.name, &root.definition)?;
    }
    Ok(report(protocol, &comparison.differences, &notes))
}

/// Prints every difference, explained ones with their reason; true stale reasons are faults too.
fn report(protocol: &str, differences: &BTreeSet<String>, notes: &Notes) -> ExitCode {
    let mut unexplained = 0;
    let mut used = vec![false; notes.explanations.len()];
    for difference in differences {
        let found = notes
            .explanations
            .iter()
            .position(|known| glob(&known.pattern, difference));
        match found.and_then(|index| Some((notes.explanations.get(index)?, used.get_mut(index)?))) {
            Some((explanation, used)) => {
                *used = true;
                println!("explained {difference}\n    {}", explanation.reason);
            }
            None => {
                unexplained += 1;
                println!("UNEXPLAINED {difference}");
            }
        }
    }
    let stale = used
        .iter()
        .zip(&notes.explanations)
        .filter(|(used, _)| !**used);
    let mut stale_count = 0;
    for (_, explanation) in stale {
        stale_count += 1;
        println!(
            "STALE explanation, nothing differs so: {}",
            explanation.pattern
        );
    }
    println!(
        "protocol={protocol} unexplained={unexplained} explained={}",
        differences.len() - unexplained
    );
    if unexplained + stale_count == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Notes {
    roots: Vec<Root>,
    explanations: Vec<Explanation>,
}

struct Root {
    file: String,
    name: String,
    definition: String,
}

struct Explanation {
    pattern: String,
    reason: String,
}

impl Notes {
    fn parse(text: &str) -> Result<Self> {
        let mut notes = Self {
            roots: Vec::new(),
            explanations: Vec::new(),
        };
        let mut reason = None;
        for (index, line) in text.lines().enumerate() {
            let malformed = || format!("drift.txt:{}: cannot read this line", index + 1);
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(root) = line.strip_prefix("root ") {
                let (ours, definition) = root.split_once(" = ").with_context(malformed)?;
                let (file, name) = ours.split_once('.').with_context(malformed)?;
                let definition = definition.trim().to_owned();
                notes.roots.push(Root {
                    file: file.into(),
                    name: name.into(),
                    definition,
                });
            } else if let Some(why) = line.strip_prefix("why ") {
                reason = Some(why.to_owned());
            } else if line.starts_with("  ") {
                let reason = reason.clone().with_context(malformed)?;
                notes.explanations.push(Explanation {
                    pattern: line.trim().to_owned(),
                    reason,
                });
            } else {
                bail!(malformed());
            }
        }
        Ok(notes)
    }
}

/// Whether the text fits a pattern in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| rest.get(at..).is_some_and(|rest| glob(tail, rest)))
        }),
    }
}
