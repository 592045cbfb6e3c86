//! The rules, by what they look at.

mod attributes;
mod dependencies;
mod determinism;
mod documentation;
mod size;
mod text;
mod words;

use super::tree::Tree;
use super::{Finding, Rule};

/// Every rule.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "syntax",
        check: syntax,
    },
    Rule {
        name: "naming",
        check: dependencies::naming,
    },
    Rule {
        name: "layering",
        check: dependencies::layering,
    },
    Rule {
        name: "lean-types",
        check: dependencies::lean_types,
    },
    Rule {
        name: "pure-crates",
        check: dependencies::pure_crates,
    },
    Rule {
        name: "pure-trees",
        check: dependencies::pure_trees,
    },
    Rule {
        name: "file-size",
        check: size::files,
    },
    Rule {
        name: "function-size",
        check: size::functions,
    },
    Rule {
        name: "lint-table",
        check: attributes::lint_table,
    },
    Rule {
        name: "lint-exceptions",
        check: attributes::exceptions,
    },
    Rule {
        name: "no-unsafe",
        check: words::no_unsafe,
    },
    Rule {
        name: "ordered-maps",
        check: determinism::ordered_maps,
    },
    Rule {
        name: "given-time",
        check: determinism::given_time,
    },
    Rule {
        name: "biased-select",
        check: determinism::biased_select,
    },
    Rule {
        name: "tests-run",
        check: documentation::tests_run,
    },
    Rule {
        name: "module-docs",
        check: documentation::module_docs,
    },
    Rule {
        name: "crate-readme",
        check: documentation::crate_readme,
    },
    Rule {
        name: "neutral-words",
        check: words::neutral,
    },
    Rule {
        name: "generated-head",
        check: text::generated_head,
    },
    Rule {
        name: "portable-text",
        check: text::portable,
    },
    Rule {
        name: "lock-sources",
        check: text::lock_sources,
    },
];

/// A file that does not parse cannot be judged by any other rule.
fn syntax(tree: &Tree) -> Vec<Finding> {
    let finding = |file: &super::tree::Unparsed| {
        let what = format!("the file does not parse: {}", file.message);
        Finding::new(
            &file.path,
            file.line,
            what,
            "make it compile first: `cargo check`",
        )
    };
    tree.unparsed.iter().map(finding).collect()
}
