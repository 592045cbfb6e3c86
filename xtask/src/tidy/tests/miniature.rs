//! A workspace of the smallest crates that obey every rule.

use std::fs;
use std::path::Path;

use crate::tidy::check;
use crate::tidy::tree::Tree;

/// Crates as folder, name and the section of their dependencies.
const CRATES: &[(&str, &str, &str)] = &[
    ("protocol/core", "antiphon-protocol", ""),
    (
        "protocol/openai-realtime",
        "antiphon-openai-realtime-types",
        "",
    ),
    ("protocol/gemini-live", "antiphon-gemini-live-types", ""),
    (
        "transport",
        "antiphon-transport",
        "antiphon-protocol.workspace = true\n\
         tokio = { path = \"../vendor/tokio\", optional = true }\n\
         [features]\ndefault = [\"driver\"]\ndriver = [\"dep:tokio\"]\n",
    ),
    (
        "session",
        "antiphon-session",
        "antiphon-protocol.workspace = true\nantiphon-transport.workspace = true\n\
         [dev-dependencies]\nantiphon-emulator.workspace = true\n",
    ),
    (
        "runner",
        "antiphon-runner",
        "antiphon-protocol.workspace = true\nantiphon-session.workspace = true\n",
    ),
    (
        "providers/openai",
        "antiphon-openai",
        "antiphon-protocol.workspace = true\nantiphon-openai-realtime-types.workspace = true\n",
    ),
    (
        "providers/emulator",
        "antiphon-emulator",
        "antiphon-transport.workspace = true\nantiphon-openai-realtime-types.workspace = true\n",
    ),
];

/// Crates of other people, outside the workspace.
const VENDORED: &[&str] = &["tokio", "tracing", "carrier"];

const LINTS: &str = "\
[workspace.lints.rust]
unsafe_code = \"forbid\"
missing_docs = \"warn\"
[workspace.lints.rustdoc]
broken_intra_doc_links = \"deny\"
[workspace.lints.clippy]
all = { level = \"warn\", priority = -1 }
allow_attributes_without_reason = \"warn\"
await_holding_lock = \"warn\"
dbg_macro = \"warn\"
expect_used = \"warn\"
indexing_slicing = \"warn\"
panic = \"warn\"
print_stderr = \"warn\"
print_stdout = \"warn\"
string_slice = \"warn\"
todo = \"warn\"
too_many_lines = \"warn\"
unimplemented = \"warn\"
unreachable = \"warn\"
unwrap_used = \"warn\"
";

/// The workspace, in a folder that goes with it.
pub(super) struct Miniature {
    folder: tempfile::TempDir,
}

impl Miniature {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut house = Self { folder };
        house.plant("Cargo.toml", &root_manifest());
        for (folder, name, dependencies) in CRATES {
            house.plant(
                &format!("{folder}/Cargo.toml"),
                &manifest(name, dependencies),
            );
            house.plant(&format!("{folder}/README.md"), "# A room\n");
            house.plant(
                &format!("{folder}/src/lib.rs"),
                "#![doc = include_str!(\"../README.md\")]\n",
            );
        }
        for name in VENDORED {
            let tokio = if *name == "carrier" {
                "tokio = { path = \"../tokio\" }\n"
            } else {
                ""
            };
            let manifest = manifest(name, tokio).replace("[lints]\nworkspace = true\n", "");
            house.plant(&format!("vendor/{name}/Cargo.toml"), &manifest);
            house.plant(&format!("vendor/{name}/src/lib.rs"), "//! Theirs.\n");
        }
        house
    }

    /// Writes a file over whatever was there. `+` before the content adds it to the end instead,
    /// `-` takes it away from what is there.
    pub(super) fn plant(&mut self, path: &str, content: &str) {
        let file = self.folder.path().join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("a folder");
        let content = if let Some(more) = content.strip_prefix('+') {
            fs::read_to_string(&file).expect("a file to add to") + more
        } else if let Some(less) = content.strip_prefix('-') {
            let before = fs::read_to_string(&file).expect("a file to take from");
            assert!(before.contains(less), "{path} does not hold {less:?}");
            before.replace(less, "")
        } else {
            content.to_owned()
        };
        fs::write(&file, content).expect("a file");
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn findings(&self) -> Vec<String> {
        let tree = Tree::read(self.root()).expect("the miniature loads");
        check(&tree).iter().map(ToString::to_string).collect()
    }
}

fn root_manifest() -> String {
    let members: Vec<String> = CRATES
        .iter()
        .map(|(folder, ..)| format!("{folder:?}"))
        .collect();
    let mut text = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\nexclude = [\"vendor\"]\n\
         [workspace.dependencies]\n",
        members.join(", ")
    );
    for (folder, name, _) in CRATES {
        text += &format!("{name} = {{ path = {folder:?}, default-features = false }}\n");
    }
    text + LINTS
}

/// A manifest whose dependencies come last, so that a plant may add to them.
fn manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lints]\nworkspace = true\n[dependencies]\n{dependencies}"
    )
}
