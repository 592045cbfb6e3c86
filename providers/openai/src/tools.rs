//! What a tool must be, on both wires.

use antiphon_protocol::{ConfigField, Subject, ToolSpec, Unsupported};

/// Checks names and schemas of `tools`, which the service would refuse with the whole session.
pub(crate) fn check(tools: &[ToolSpec], subject: &Subject) -> Result<(), Unsupported> {
    let refuse = |tool: &ToolSpec, why: &str| {
        Err(subject.field(ConfigField::Tools, format!("tool {:?}: {why}", tool.name)))
    };
    let mut named: Vec<&str> = Vec::new();
    for tool in tools {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if tool.name.is_empty() || tool.name.len() > 64 || !tool.name.chars().all(is_plain) {
            return refuse(tool, "a name has 1 to 64 letters, digits, _ or -");
        }
        if named.contains(&tool.name.as_str()) {
            return refuse(tool, "there is another tool of that name");
        }
        if !tool.parameters.is_object() {
            return refuse(tool, "its parameters are not a JSON Schema object");
        }
        named.push(&tool.name);
    }
    Ok(())
}
