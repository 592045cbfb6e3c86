//! The workspace as the rules see it: its packages, its text files and its parsed sources.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::house::{self, Room};
use super::source::{Role, Source};
use crate::workspace;

/// Everything that rules look at.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) packages: Vec<Package>,
    /// Every text file, by path.
    pub(crate) texts: Vec<Text>,
    /// Every Rust file that parses.
    pub(crate) sources: Vec<Source>,
    /// Every Rust file that does not.
    pub(crate) unparsed: Vec<Unparsed>,
    /// The default normal dependency trees of the crates that must stay pure.
    pub(crate) closures: Vec<Closure>,
}

/// A text file; its path is relative to the root, with `/` between the parts.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) content: String,
}

/// A Rust file that the parser refuses.
#[derive(Debug)]
pub(crate) struct Unparsed {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// A crate of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, relative to the root.
    pub(crate) folder: String,
    /// The root file of its library, where it has one.
    pub(crate) library: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as the manifest declares it.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
    pub(crate) optional: bool,
    /// The line of the manifest that declares it.
    pub(crate) line: usize,
}

/// One crate's default normal dependency tree.
#[derive(Debug)]
pub(crate) struct Closure {
    /// The manifest that mends it.
    pub(crate) manifest: String,
    /// The crate, and the flags with which its tree was asked for.
    pub(crate) title: String,
    /// The chain of crates to each dependency, from the crate itself downwards.
    pub(crate) chains: Vec<Vec<String>>,
}

impl Package {
    /// The path of its manifest.
    pub(crate) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// Its room, or `None` off the map.
    pub(crate) fn room(&self) -> Option<Room> {
        house::place(&self.folder).map(|(room, _)| room)
    }
}

impl Tree {
    /// Reads the workspace at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut texts = Vec::new();
        collect(root, root, &mut texts)?;
        texts.sort_by(|a, b| a.path.cmp(&b.path));
        let (sources, unparsed) = parse(&texts);
        let packages = packages(root, &texts)?;
        let closures = closures(root, &packages)?;
        Ok(Self {
            packages,
            texts,
            sources,
            unparsed,
            closures,
        })
    }

    /// The content of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|text| text.path == path)
            .map(|text| text.content.as_str())
    }
}

/// What programs leave behind: build output, the version history, what a fuzzer gathers.
const LEFTOVERS: &[&str] = &["target", ".git", "corpus", "artifacts"];

/// Gathers the text files below `folder`, without leftovers.
fn collect(root: &Path, folder: &Path, texts: &mut Vec<Text>) -> Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| LEFTOVERS.iter().any(|leftover| name == *leftover));
        if path.is_symlink() || hidden {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, texts)?;
        } else if let Ok(content) = String::from_utf8(fs::read(&path).with_context(unreadable)?) {
            texts.push(Text {
                path: relative(root, &path),
                content,
            });
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn parse(texts: &[Text]) -> (Vec<Source>, Vec<Unparsed>) {
    let (mut sources, mut unparsed) = (Vec::new(), Vec::new());
    for Text { path, content } in texts.iter().filter(|text| text.path.ends_with(".rs")) {
        match Source::parse(path, content) {
            Ok(source) => sources.push(source),
            Err((line, message)) => unparsed.push(Unparsed {
                path: path.clone(),
                line,
                message,
            }),
        }
    }
    let test_files: Vec<String> = sources
        .iter()
        .flat_map(|source| source.test_files.clone())
        .collect();
    for source in &mut sources {
        let is_below = |file: &String| {
            let folder = file.trim_end_matches("mod.rs").trim_end_matches(".rs");
            source.path == *file
                || source
                    .path
                    .starts_with(&format!("{}/", folder.trim_end_matches('/')))
        };
        if test_files.iter().any(is_below) {
            source.role = Role::Proof;
        }
    }
    (sources, unparsed)
}

fn packages(root: &Path, texts: &[Text]) -> Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .context("cargo metadata fails; the workspace must load before it can be checked")?;
    let root = metadata.workspace_root.as_std_path();
    let package = |package: cargo_metadata::Package| {
        let manifest = relative(root, package.manifest_path.as_std_path());
        let content = texts.iter().find(|text| text.path == manifest);
        let content = content.map_or("", |text| text.content.as_str());
        let library = package.targets.iter().find(|target| target.is_lib());
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone(),
            kind: dependency.kind,
            optional: dependency.optional,
            line: declared(
                content,
                dependency.kind,
                dependency.rename.as_deref().unwrap_or(&dependency.name),
            ),
        });
        Package {
            name: package.name.to_string(),
            folder: manifest
                .trim_end_matches("Cargo.toml")
                .trim_end_matches('/')
                .to_owned(),
            library: library.map(|target| relative(root, target.src_path.as_std_path())),
            dependencies: dependencies.collect(),
        }
    };
    Ok(metadata.packages.into_iter().map(package).collect())
}

/// The line of a manifest on which a dependency of this kind is declared; 1 if it hides.
fn declared(manifest: &str, kind: DependencyKind, key: &str) -> usize {
    let section = match kind {
        DependencyKind::Development => "dev-dependencies",
        DependencyKind::Build => "build-dependencies",
        _ => "dependencies",
    };
    let mut inside = false;
    for (index, line) in manifest.lines().map(str::trim).enumerate() {
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            let own = header.strip_suffix(&format!(".{key}"));
            inside = own.unwrap_or(header).rsplit('.').next() == Some(section);
            if own.is_some() && inside {
                return index + 1;
            }
        } else if inside
            && line
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        {
            return index + 1;
        }
    }
    1
}

/// Asks cargo for the trees that must stay free of an async runtime: of all pure crates at once, as
/// nothing that one of them turns on may bring a runtime to another, and of the bare transport.
fn closures(root: &Path, packages: &[Package]) -> Result<Vec<Closure>> {
    let within = |rooms: &[Room]| -> Vec<&Package> {
        let inside = |package: &&Package| package.room().is_some_and(|room| rooms.contains(&room));
        packages.iter().filter(inside).collect()
    };
    let pure = within(&[Room::Core, Room::Types, Room::Plugin]);
    let mut closures = trees(root, &pure, &[])?;
    closures.extend(trees(
        root,
        &within(&[Room::Transport]),
        &["--no-default-features"],
    )?);
    Ok(closures)
}

fn trees(root: &Path, packages: &[&Package], flags: &[&str]) -> Result<Vec<Closure>> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = workspace::cargo(root);
    command
        .args([
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "depth",
            "--no-dedupe",
        ])
        .args(flags);
    command.args(
        packages
            .iter()
            .flat_map(|package| ["--package", &package.name]),
    );
    let chains = chains(&output(command)?);
    let closure = |package: &&Package| Closure {
        manifest: package.manifest(),
        title: [&[package.name.as_str()], flags].concat().join(" "),
        chains: chains
            .iter()
            .filter(|it| it.first() == Some(&package.name))
            .cloned()
            .collect(),
    };
    Ok(packages.iter().map(closure).collect())
}

fn output(mut command: Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} does not start"))?;
    if !output.status.success() {
        bail!(
            "{command:?} fails: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads `cargo tree --prefix depth`: lines of a depth and a crate, such as `2tokio v1.47.0`.
fn chains(tree: &str) -> Vec<Vec<String>> {
    let mut chains = Vec::new();
    let mut chain: Vec<String> = Vec::new();
    for line in tree.lines() {
        let digits = line
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(line.len());
        let (depth, rest) = line.split_at(digits);
        let (Ok(depth), Some(name)) = (depth.parse(), rest.split(' ').next()) else {
            continue;
        };
        chain.truncate(depth);
        chain.push(name.to_owned());
        if depth > 0 {
            chains.push(chain.clone());
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_depths_becomes_the_chain_to_each_crate() {
        let chains = chains("0a v0.1.0 (x)\n1b v1.0.0\n2tokio v1.47.0\n1c v1.0.0 (*)\n");
        let joined: Vec<String> = chains.iter().map(|chain| chain.join(" > ")).collect();
        assert_eq!(joined, ["a > b", "a > b > tokio", "a > c"]);
    }

    #[test]
    fn a_dependency_is_found_in_the_section_of_its_kind() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nserde_json = \"1\"\n\
                        serde.workspace = true\n[dev-dependencies.tokio]\nversion = \"1\"\n\
                        [target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n";
        assert_eq!(declared(manifest, DependencyKind::Normal, "serde"), 5);
        assert_eq!(declared(manifest, DependencyKind::Development, "tokio"), 6);
        assert_eq!(declared(manifest, DependencyKind::Normal, "libc"), 9);
        assert_eq!(declared(manifest, DependencyKind::Build, "serde"), 1);
    }
}
