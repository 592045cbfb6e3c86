//! What this workspace is built from: nothing with a fault that is known.

use std::path::Path;

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
