//! `talk` holds its conversation with the runner's public interface, as any program would.

use std::{fs, path::Path};

#[test]
fn talk_has_no_path_around_the_runner() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/talk");
    let (mut files, mut runners) = (0, 0);
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            for way in ["Session::builder", ".session().", "Link::new", "drive("] {
                assert!(!source.contains(way), "{way} in {}", path.display());
            }
            files += 1;
            runners += source.matches("Runner::builder(").count();
        }
    }
    assert!(files > 20, "the sources were read");
    assert_eq!(runners, 1, "one agent, opened by the runner");
}
