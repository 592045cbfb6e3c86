//! What this workspace is built from: few crates, none with a fault that is known, none that asks for a
//! newer compiler than it says.

use std::{collections::BTreeSet, path::Path};

/// The first sound version of each crate whose older ones have a published fault that concerns us.
const FLOORS: [(&str, [u64; 3]); 8] = [
    ("bytes", [1, 11, 1]),
    ("ring", [0, 17, 12]),
    ("rustls", [0, 23, 18]),
    ("rustls-webpki", [0, 103, 13]),
    ("tokio", [1, 44, 2]),
    ("tokio-rustls", [0, 26, 0]),
    ("tracing-subscriber", [0, 3, 20]),
    ("tungstenite", [0, 30, 0]),
];

fn version(text: &str) -> [u64; 3] {
    let mut parts = text
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// The locked versions of a crate.
fn locked(lock: &str, name: &str) -> Vec<[u64; 3]> {
    let line = format!("name = \"{name}\"\nversion = \"");
    lock.split(&line)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(version)
        .collect()
}

// faults: H15, I15 by reading which versions the lock file would build
#[test]
fn no_version_with_a_known_fault_is_locked() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(path).unwrap();
    for (name, floor) in FLOORS {
        let versions = locked(&lock, name);
        assert!(!versions.is_empty(), "{name} is not locked");
        assert!(
            versions.iter().all(|version| *version >= floor),
            "{name}: {versions:?}, not all at least {floor:?}"
        );
    }
}

/// Every source file below a folder, as text.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

// faults: I10 by looking through the crate for any way around the checks of a certificate
#[test]
fn there_is_no_switch_that_turns_certificates_off() {
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert!(found.len() > 20);
    for text in &found {
        for way in ["ServerCertVerifier", "accept_invalid", "insecure"] {
            assert!(!text.contains(way), "{way}");
        }
    }
    // A verifier of one's own is set in one place, and there it is the operating system's.
    let own: Vec<_> = found
        .iter()
        .filter(|text| text.contains(".dangerous()"))
        .collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].matches(".dangerous()").count(), 1);
    assert!(own[0].contains("use rustls_platform_verifier::Verifier;"));
}

/// What cargo prints, without the network. Nothing if it lacks a crate, which is said.
fn cargo(arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("--offline was specified") {
        eprintln!("skipped: not every crate of these trees has been fetched: {complaint}");
        return None;
    }
    assert!(output.status.success(), "{complaint}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// What cargo knows of every package that this machine may build: others need not be here.
fn metadata() -> Option<serde_json::Value> {
    let about = cargo(&["-vV"])?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let printed = cargo(&[
        "metadata",
        "--format-version=1",
        "--all-features",
        "--filter-platform",
        host.unwrap(),
    ])?;
    Some(serde_json::from_str(&printed).unwrap())
}

/// Names and versions of other people's crates in a normal tree.
fn tree(what: &[&str]) -> Option<BTreeSet<(String, String)>> {
    let arguments = ["tree", "--edges", "normal", "--prefix", "none"];
    let printed = cargo(&[&arguments, what].concat())?;
    let crates = printed.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        let version = rest.split(' ').next()?;
        Some((name.to_owned(), version.to_owned()))
    });
    Some(
        crates
            .filter(|(name, _)| !name.starts_with("antiphon"))
            .collect(),
    )
}

/// How many crates of other people a normal tree holds, in whatever versions.
fn size(what: &[&str]) -> Option<usize> {
    let names: BTreeSet<_> = tree(what)?.into_iter().map(|(name, _)| name).collect();
    Some(names.len())
}

/// Crates that the default tree may hold.
const BUDGET: usize = 60;

#[test]
fn the_default_tree_is_within_its_budget() {
    if let Some(default) = size(&[]) {
        assert!(default <= BUDGET, "{default} crates");
    }
}

#[test]
fn the_trees_are_as_large_as_the_readme_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let readme: Vec<_> = readme.split_whitespace().collect();
    let readme = readme.join(" ");
    let other = [
        "--no-default-features",
        "--features=tokio-websockets,webpki-roots",
    ];
    for (what, said) in [
        ([].as_slice(), "is # crates beside this one"),
        (&other, "On tokio-websockets and Mozilla's roots it is #."),
        (&other[..1], "Without default features it is # and"),
    ] {
        if let Some(size) = size(what) {
            let said = said.replace('#', &size.to_string());
            assert!(readme.contains(&said), "the README does not say: {said}");
        }
    }
}

#[test]
fn no_dependency_but_one_asks_for_a_newer_compiler_than_we_do() {
    let newer = || {
        let metadata = metadata()?;
        let packages = metadata["packages"].as_array().unwrap();
        let of = |name: &str, found: &str| {
            let package = packages
                .iter()
                .find(|package| package["name"] == name && package["version"] == found);
            version(package.unwrap()["rust_version"].as_str().unwrap_or("0"))
        };
        let ours = of("antiphon-transport", env!("CARGO_PKG_VERSION"));
        assert!(ours > [1, 0, 0]);
        let tree = tree(&["--workspace", "--exclude=xtask", "--all-features"])?;
        assert!(tree.len() > BUDGET);
        let newer = tree
            .into_iter()
            .filter(|(name, version)| of(name, version) > ours);
        Some(newer.map(|(name, _)| name).collect::<Vec<_>>())
    };
    if let Some(newer) = newer() {
        // Behind a feature whose description says so.
        assert_eq!(newer, ["tokio-websockets"]);
    }
}
