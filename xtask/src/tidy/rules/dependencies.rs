//! Which crate may stand on which.

use cargo_metadata::DependencyKind;

use crate::tidy::Finding;
use crate::tidy::house::{self, Room};
use crate::tidy::tree::{Dependency, Package, Tree};

/// All that a crate of wire types may need.
const LEAN: &[&str] = &["bytes", "serde", "serde_json"];

/// How the names begin of what pure crates do without: runtimes, clocks of runtimes, log lines.
const IMPURE: &[&str] = &["tokio", "async-std", "smol", "tracing", "log"];

/// Folders and crate names map mechanically, and every crate is in a room of the house.
pub(crate) fn naming(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        let (what, mend) = match house::place(&package.folder) {
            None => (
                format!("the folder {:?} is no room of the house", package.folder),
                "move the crate to `protocol/<x>`, `providers/<x>` or one of the single rooms \
                 (no third level), or add the room to ARCHITECTURE.md and to tidy's house map"
                    .to_owned(),
            ),
            Some((_, name)) if name == package.name => continue,
            Some((_, name)) => (
                format!(
                    "the crate in {:?} is called {:?}",
                    package.folder, package.name
                ),
                format!("name it {name:?}: names follow from folders"),
            ),
        };
        findings.push(Finding::new(&package.manifest(), 1, what, mend));
    }
    findings
}

/// Dependencies among our crates follow the arrows.
pub(crate) fn layering(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, room) in rooms(tree) {
        for dependency in &package.dependencies {
            let of_that_name = |(other, _): &(&Package, Room)| other.name == dependency.name;
            let Some((_, above)) = rooms(tree).find(of_that_name) else {
                continue;
            };
            let (from, to) = (
                (room, package.name.as_str()),
                (above, dependency.name.as_str()),
            );
            let allowed = match dependency.kind {
                DependencyKind::Normal => house::may_see(from, to),
                DependencyKind::Development => house::tests_may_see(from, to),
                _ => false,
            };
            if !allowed {
                let kind = kind(dependency);
                let what = format!("{} has {} as {kind}, against the arrows", from.1, to.1);
                let mend = "move what is needed down to a room that both may see, or turn the \
                            call round behind a trait of the lower room";
                findings.push(Finding::new(
                    &package.manifest(),
                    dependency.line,
                    what,
                    mend,
                ));
            }
        }
    }
    findings
}

/// Crates of wire types need next to nothing, so that people can depend on them alone.
pub(crate) fn lean_types(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, _) in rooms(tree).filter(|(_, room)| *room == Room::Types) {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| !is_test(dependency))
        {
            if !LEAN.contains(&dependency.name.as_str()) {
                let what = format!("wire types depend on {}", dependency.name);
                let mend = format!(
                    "keep them to {}: behaviour belongs elsewhere",
                    LEAN.join(", ")
                );
                findings.push(Finding::new(
                    &package.manifest(),
                    dependency.line,
                    what,
                    mend,
                ));
            }
        }
    }
    findings
}

/// The neutral language and the plug-ins hold no runtime and no log line. A plug-in may offer a
/// runtime behind a feature that is off by default.
pub(crate) fn pure_crates(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, room) in rooms(tree) {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| !is_test(dependency))
        {
            let name = dependency.name.as_str();
            let impure = IMPURE
                .iter()
                .any(|banned| name.strip_prefix(banned).is_some_and(is_end));
            let allowed = match room {
                Room::Core | Room::Types => false,
                Room::Plugin => dependency.optional && name.starts_with("tokio"),
                _ => true,
            };
            if impure && !allowed {
                let what = format!("{} is pure, but depends on {name}", package.name);
                let mend = "take time and seeds as arguments and report as data: the caller's \
                            shell owns runtime and log";
                findings.push(Finding::new(
                    &package.manifest(),
                    dependency.line,
                    what,
                    mend,
                ));
            }
        }
    }
    findings
}

/// No tokio anywhere below the pure crates, nor below the transport without its features.
pub(crate) fn pure_trees(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for closure in &tree.closures {
        let ends_in_tokio = |chain: &&Vec<String>| chain.last().is_some_and(|name| name == "tokio");
        if let Some(chain) = closure.chains.iter().find(ends_in_tokio) {
            let what = format!(
                "tokio is in the tree of {}: {}",
                closure.title,
                chain.join(" > ")
            );
            let mend = "put the first crate of that chain behind a feature, or switch off its \
                        default features";
            findings.push(Finding::new(&closure.manifest, 1, what, mend));
        }
    }
    findings
}

fn rooms(tree: &Tree) -> impl Iterator<Item = (&Package, Room)> {
    tree.packages
        .iter()
        .filter_map(|package| Some((package, package.room()?)))
}

fn is_test(dependency: &Dependency) -> bool {
    dependency.kind == DependencyKind::Development
}

/// Whether a crate name ends here or goes on as a family (`tracing`, `tracing-core`).
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['-', '_'])
}

fn kind(dependency: &Dependency) -> &'static str {
    match dependency.kind {
        DependencyKind::Development => "a dev-dependency",
        DependencyKind::Build => "a build-dependency",
        _ => "a dependency",
    }
}
