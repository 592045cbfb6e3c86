//! Frames that fuzzing starts from, and every frame that it ever broke something with.

use std::{fs, path::Path};

use antiphon_conformance::wire::{Outcome, READERS, difference};

use crate::shapes::PROTOCOLS;

#[test]
fn fixtures_of_fuzzing_are_data() {
    for (protocol, name) in PROTOCOLS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/fixtures")
            .join(name);
        let mut read = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            let frame = String::from_utf8_lossy(&bytes);
            for reader in READERS.iter().filter(|reader| reader.protocol == protocol) {
                match (reader.read)(&frame) {
                    Outcome::Known { json } => {
                        assert_eq!(difference(protocol, &frame, &json), None, "{frame}");
                    }
                    Outcome::Unknown { json, .. } | Outcome::Degraded { json, .. } => {
                        assert_eq!(json, frame);
                    }
                    Outcome::Failed(_) => {}
                }
            }
            read += 1;
        }
        assert!(read > 0, "{name} has no fixtures");
    }
}
