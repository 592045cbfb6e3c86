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

/// What cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--locked")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// Names and versions of other people's crates in a normal tree.
fn tree(what: &[&str]) -> BTreeSet<(String, String)> {
    let arguments = ["tree", "--edges", "normal", "--prefix", "none"];
    cargo(&[&arguments, what].concat())
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            let version = rest.split(' ').next()?;
            Some((name.to_owned(), version.to_owned()))
        })
        .filter(|(name, _)| !name.starts_with("antiphon"))
        .collect()
}

/// Crates that the default tree may hold.
const BUDGET: usize = 60;

#[test]
fn the_default_tree_is_within_its_budget_and_as_large_as_the_readme_says() {
    let names = |what: &[&str]| {
        let names: BTreeSet<_> = tree(what).into_iter().map(|(name, _)| name).collect();
        names.len()
    };
    let default = names(&[]);
    assert!(default <= BUDGET, "{default} crates");
    let other = names(&[
        "--no-default-features",
        "--features=tokio-websockets,webpki-roots",
    ]);
    let bare = names(&["--no-default-features"]);
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let readme: Vec<_> = readme.split_whitespace().collect();
    let readme = readme.join(" ");
    for said in [
        format!("is {default} crates beside this one"),
        format!("Mozilla's roots it is {other}."),
        format!("Without default features it is {bare} and"),
    ] {
        assert!(readme.contains(&said), "the README does not say: {said}");
    }
}

#[test]
fn no_dependency_but_one_asks_for_a_newer_compiler_than_we_do() {
    let metadata = cargo(&["metadata", "--format-version=1", "--all-features"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let of = |name: &str, found: &str| {
        let package = packages
            .iter()
            .find(|package| package["name"] == name && package["version"] == found);
        version(package.unwrap()["rust_version"].as_str().unwrap_or("0"))
    };
    let ours = of("antiphon-transport", env!("CARGO_PKG_VERSION"));
    assert!(ours > [1, 0, 0]);
    let tree = tree(&["--workspace", "--exclude=xtask", "--all-features"]);
    assert!(tree.len() > BUDGET);
    let newer: Vec<_> = tree
        .iter()
        .filter(|(name, version)| of(name, version) > ours)
        .map(|(name, _)| name.as_str())
        .collect();
    // Behind a feature whose description says so.
    assert_eq!(newer, ["tokio-websockets"]);
}
