//! The marks by which tests claim faults, read from the sources.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::catalogue::Id;

const MARK: &str = "// faults:";

/// A Rust file; its path is relative to the root, with `/` between the parts.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) content: String,
}

/// What one test claims.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) test: String,
    pub(super) line: usize,
    pub(super) ids: Vec<Id>,
    pub(super) injection: String,
}

/// A mark that is no claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stray {
    pub(super) line: usize,
    pub(super) why: String,
}

/// Gathers the Rust files below `folder`.
pub(super) fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_symlink() || path.file_name().is_some_and(|name| name == "target") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            files.push(File {
                path: parts.join("/"),
                content: fs::read_to_string(&path).with_context(unreadable)?,
            });
        }
    }
    Ok(())
}

/// The macros that make tests of the functions they are given.
pub(super) fn makers(files: &[File]) -> Vec<&str> {
    files
        .iter()
        .flat_map(|file| file.content.split("macro_rules! ").skip(1))
        .filter_map(|rest| rest.split_once(" {"))
        .filter(|(_, body)| body.contains("#[test]") || body.contains("#[tokio::test"))
        .map(|(name, _)| name)
        .collect()
}

/// The claims of a file, and the marks that are none.
pub(super) fn read(content: &str, makers: &[&str]) -> (Vec<Claim>, Vec<Stray>) {
    let lines: Vec<&str> = content.lines().map(str::trim).collect();
    let (mut claims, mut strays) = (Vec::new(), Vec::new());
    let mut place = 0;
    while let Some(line) = lines.get(place) {
        let Some(text) = line.strip_prefix(MARK) else {
            place += 1;
            continue;
        };
        let number = place + 1;
        let mut words = text.trim().to_owned();
        place += 1;
        while let Some(more) = lines.get(place).and_then(|line| continuation(line)) {
            words.push(' ');
            words.push_str(more);
            place += 1;
        }
        let is_made = |name: &str| is_given(name, content, makers);
        let test = test_at(lines.get(place..).unwrap_or_default(), is_made);
        let claim = test.and_then(|test| {
            let (ids, injection) = parts(&words)?;
            Ok(Claim {
                test,
                line: number,
                ids,
                injection,
            })
        });
        match claim {
            Ok(claim) => claims.push(claim),
            Err(why) => strays.push(Stray { line: number, why }),
        }
    }
    (claims, strays)
}

/// A further line of a mark's words: a plain comment that is not a mark of its own.
fn continuation(line: &str) -> Option<&str> {
    let more = line.strip_prefix("//")?;
    let doc = more.starts_with('/') || more.starts_with('!');
    (!doc && !line.starts_with(MARK)).then_some(more.trim())
}

/// The ids and the injection of `A1, A3 by a resolver that never answers`.
fn parts(words: &str) -> Result<(Vec<Id>, String), String> {
    let (ids, injection) = words
        .split_once(" by ")
        .ok_or("it does not say by what the fault is injected")?;
    if injection.split_whitespace().count() < 3 {
        return Err(format!("{injection:?} does not say what is injected"));
    }
    let ids = ids
        .split(',')
        .map(|id| Id::parse(id.trim()).ok_or_else(|| format!("{:?} is no id", id.trim())))
        .collect::<Result<_, _>>()?;
    Ok((ids, injection.to_owned()))
}

/// The name of the test whose attributes, documentation or further marks begin these lines.
fn test_at(lines: &[&str], is_made: impl Fn(&str) -> bool) -> Result<String, String> {
    let mut attributes = String::new();
    for line in lines {
        if let Some(name) = function(line) {
            let tested = ["#[test]", "#[tokio::test]", "#[tokio::test("];
            let is_test = tested
                .iter()
                .any(|attribute| attributes.contains(attribute));
            if !is_test && !is_made(name) {
                return Err(format!("{name} is no test"));
            }
            return if attributes.contains("#[ignore") || attributes.contains("ignore)]") {
                Err(format!("{name} is ignored"))
            } else {
                Ok(name.to_owned())
            };
        }
        let inside = attributes.matches('[').count() > attributes.matches(']').count();
        if !inside && !line.starts_with("#[") && !line.starts_with("//") {
            break;
        }
        if !line.starts_with("//") {
            attributes.push_str(line);
        }
    }
    Err("no test follows it".to_owned())
}

/// Whether a macro that makes tests is given this function's name here.
fn is_given(name: &str, content: &str, makers: &[&str]) -> bool {
    makers.iter().any(|maker| {
        content
            .split(&format!("{maker}!["))
            .skip(1)
            .filter_map(|call| call.split(']').next())
            .any(|call| call.split(',').any(|given| given.trim() == name))
    })
}

/// The name that a line declares a function by.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// Whether the module that a file holds is declared, up to the root of a crate.
pub(super) fn is_compiled(path: &str, files: &[File]) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    let (folder, module) = match name.trim_end_matches(".rs") {
        "main" | "lib" => return true,
        "mod" => match folder.rsplit_once('/') {
            Some((outer, module)) => (outer, module),
            None => return false,
        },
        module => (folder, module),
    };
    if name != "mod.rs" && is_folder_of_roots(folder) {
        return true;
    }
    let declared = |parent: &File| {
        let words = format!("mod {module};");
        parent.path != path
            && parent.content.lines().any(|line| {
                let line = line.trim();
                line == words || line.starts_with("pub") && line.ends_with(&format!(" {words}"))
            })
    };
    let is_parent = |parent: &File| {
        let beside = parent
            .path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'));
        match beside {
            Some("mod.rs" | "lib.rs" | "main.rs") => true,
            Some(name) => is_folder_of_roots(folder) && !name.contains('/'),
            None => parent.path == format!("{folder}.rs"),
        }
    };
    files
        .iter()
        .any(|parent| is_parent(parent) && declared(parent) && is_compiled(&parent.path, files))
}

/// Whether each file in the folder is a crate of its own.
fn is_folder_of_roots(folder: &str) -> bool {
    ["/tests", "/benches", "/examples", "/src/bin"]
        .iter()
        .any(|end| folder.ends_with(end))
}
