//! The tables of events in the README of each wire's crate.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, Result};

use super::model::{Description, Kind};

const BEGIN: &str = "<!-- begin: events, written by cargo xtask codegen -->";
const END: &str = "<!-- end: events -->";

/// The README with its tables brought up to date.
pub(super) fn readme(description: &Description, path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .with_context(|| format!("no line `{BEGIN}`"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("no line `{END}`"))?;
    Ok(format!(
        "{before}{BEGIN}\n{}\n{END}{after}",
        tables(description)?
    ))
}

fn tables(description: &Description) -> Result<String> {
    let mut out = String::new();
    for file in &description.files {
        let scope = if file.scoped {
            format!("{}::", file.name)
        } else {
            String::new()
        };
        for item in &file.items {
            match &item.kind {
                Kind::Events(events) => {
                    writeln!(out, "\n### `{scope}{}`\n\n{}\n", item.name, item.doc)?;
                    out.push_str("| type | variant | meaning |\n|---|---|---|\n");
                    for event in &events.events {
                        let (wire, variant, doc) = (&event.wire, &event.variant, &event.doc);
                        writeln!(out, "| `{wire}` | `{variant}` | {doc} |")?;
                    }
                }
                Kind::Frames(message) => {
                    let found = description.find(&file.name, message);
                    let Some((_, message)) = found else { continue };
                    let Kind::Object(object) = &message.kind else {
                        continue;
                    };
                    writeln!(out, "\n### `{}`\n\n{}\n", item.name, message.doc)?;
                    out.push_str("| member | type | meaning |\n|---|---|---|\n");
                    for field in &object.fields {
                        let glossary = description.glossary.get(&field.wire);
                        let doc = match field.doc.as_str() {
                            "" => glossary.map_or("", String::as_str),
                            doc => doc,
                        };
                        let ty = field.ty.name().unwrap_or_default();
                        writeln!(out, "| `{}` | `{ty}` | {doc} |", field.wire)?;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(out)
}
