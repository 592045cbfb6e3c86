//! Writes the wire types from their descriptions.
//!
//! `protocol/<x>/schema/*.wire` is the source of truth; each file becomes one module in
//! `protocol/<x>/src/generated/`, beside a copy of the runtime that all of them share. The crates
//! stay independent of one another that way.

mod emit;
mod facts;
pub(crate) mod model;
mod names;
mod parse;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use model::Description;

/// The protocols that have a description: names on the command line and folders.
pub(crate) const PROTOCOLS: &[&str] = &["openai-realtime", "openai-live", "gemini-live"];

const RUNTIME: &[(&str, &str)] = &[
    ("macros", include_str!("runtime/macros.rs")),
    ("scan", include_str!("runtime/scan.rs")),
    ("wire", include_str!("runtime/wire.rs")),
];

/// What a wire made with protobuf needs besides.
const PROTO: (&str, &str) = ("proto", include_str!("runtime/proto.rs"));

/// Runs `codegen [--check]`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("the only option is --check"),
    };
    let mut stale = Vec::new();
    for protocol in PROTOCOLS {
        let folder = protocol_folder(protocol);
        if folder.join("schema").is_dir() {
            stale.extend(generate(&folder, check).with_context(|| (*protocol).to_owned())?);
        }
    }
    for path in &stale {
        let verb = if check { "stale" } else { "wrote" };
        println!("{verb} {}", path.display());
    }
    ensure!(
        !check || stale.is_empty(),
        "generated files are stale: run `cargo xtask codegen`"
    );
    Ok(ExitCode::SUCCESS)
}

/// The folder of a protocol's crate.
pub(crate) fn protocol_folder(protocol: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join("protocol")
        .join(protocol)
}

/// Reads the description of one protocol.
pub(crate) fn read(folder: &Path) -> Result<Description> {
    let mut description = Description::default();
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder.join("schema"))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wire")
        {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        let name = path
            .file_stem()
            .context("a file name")?
            .to_string_lossy()
            .into_owned();
        parse::file(&mut description, &name, &fs::read_to_string(&path)?)?;
    }
    Ok(description)
}

/// Brings `src/generated` up to date, or only tells which files are not.
fn generate(folder: &Path, check: bool) -> Result<Vec<PathBuf>> {
    let description = read(folder)?;
    let mut files = BTreeMap::new();
    let mut runtime = RUNTIME.to_vec();
    if description.uses_protobuf() {
        runtime.push(PROTO);
    }
    for (name, text) in &runtime {
        files.insert(format!("{name}.rs"), (*text).to_owned());
    }
    for file in &description.files {
        files.insert(
            format!("{}.rs", file.name),
            emit::module(&description, file)?,
        );
    }
    files.insert("mod.rs".to_owned(), emit::index(&description, &runtime));

    let target = folder.join("src/generated");
    fs::create_dir_all(&target)?;
    let mut stale = Vec::new();
    for (name, text) in &files {
        let path = target.join(name);
        let text = format(text).with_context(|| name.clone())?;
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if !check {
            fs::write(&path, text)?;
        }
        stale.push(path);
    }
    for entry in fs::read_dir(&target)? {
        let path = entry?.path();
        let known = path
            .file_name()
            .is_some_and(|name| files.contains_key(&*name.to_string_lossy()));
        if !known {
            if !check {
                fs::remove_file(&path)?;
            }
            stale.push(path);
        }
    }
    Ok(stale)
}

/// Formats as the workspace does, so that generated files read like written ones.
fn format(text: &str) -> Result<String> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rustfmt.toml");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt is needed: rustup component add rustfmt")?;
    let mut input = rustfmt
        .stdin
        .take()
        .context("rustfmt takes its input on stdin")?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = rustfmt.wait_with_output()?;
    writer.join().ok().context("the writer ended")??;
    ensure!(
        output.status.success(),
        "rustfmt refused the generated text"
    );
    Ok(String::from_utf8(output.stdout)?)
}
