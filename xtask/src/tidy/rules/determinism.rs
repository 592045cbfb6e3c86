//! The same inputs give the same outputs, where that is promised.

use crate::tidy::Finding;
use crate::tidy::house::{DETERMINISTIC, SHELLS, Shell};
use crate::tidy::source::{Role, Source, begins};
use crate::tidy::tree::Tree;

/// Collections whose order changes from run to run.
const UNORDERED: &[&str] = &["HashMap", "HashSet", "DashMap"];

/// Readings of a clock or of chance.
const READINGS: &[&[&str]] = &[
    &["Instant", ":", ":", "now"],
    &["SystemTime", ":", ":", "now"],
    &["Utc", ":", ":", "now"],
    &["Local", ":", ":", "now"],
    &["thread_rng", "("],
    &["rand", ":", ":", "rng"],
    &["rand", ":", ":", "random"],
    &["getrandom", ":", ":"],
    &["OsRng"],
    &["RandomState", ":", ":", "new"],
];

/// No map or set whose order could show.
pub(crate) fn ordered_maps(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in promising(tree) {
        for rest in source.product() {
            if let Some(token) = rest.first()
                && UNORDERED.contains(&token.text.as_str())
            {
                let what = format!("`{}` has no stable order", token.text);
                let mend = "use `BTreeMap`, `BTreeSet` or a `Vec`";
                findings.push(Finding::new(&source.path, token.line, what, mend));
            }
        }
    }
    findings
}

/// Time and chance are inputs, except in the shells.
pub(crate) fn given_time(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let named = |shell: &Shell| format!("{} ({})", shell.prefix, shell.reason);
    let shells = SHELLS.iter().map(named).collect::<Vec<_>>().join(", ");
    let is_shell = |source: &&Source| SHELLS.iter().any(|it| source.path.starts_with(it.prefix));
    for source in promising(tree).filter(|source| !is_shell(source)) {
        for rest in source.product() {
            let reading = READINGS.iter().find(|reading| begins(rest, reading));
            if let (Some(reading), Some(token)) = (reading, rest.first()) {
                let what = format!("`{}` is read where outputs are promised", reading.concat());
                let mend = format!("pass time and seeds in: only shells read the clock: {shells}");
                findings.push(Finding::new(&source.path, token.line, what, mend));
            }
        }
    }
    findings
}

/// Every `select!` polls in a stated order.
pub(crate) fn biased_select(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| !source.generated) {
        for rest in source.product() {
            let select = begins(rest, &["select", "!"]);
            let biased = rest
                .get(3..)
                .is_some_and(|body| begins(body, &["biased", ";"]));
            if let (true, false, Some(token)) = (select, biased, rest.first()) {
                let what = "`select!` polls its arms in random order";
                let mend = "begin it with `biased;`, order the arms by urgency, and say why it is \
                            cancel-safe";
                findings.push(Finding::new(&source.path, token.line, what, mend));
            }
        }
    }
    findings
}

fn promising(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.sources.iter().filter(|source| {
        let promised = DETERMINISTIC
            .iter()
            .any(|place| source.path.starts_with(place));
        promised && source.role == Role::Library && !source.generated
    })
}
