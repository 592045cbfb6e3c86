//! Words that code of some rooms never uses.

use crate::tidy::Finding;
use crate::tidy::house::{NEUTRAL, PROVIDERS};
use crate::tidy::source::Kind;
use crate::tidy::tree::Tree;

/// No room below the plug-ins names a provider; comments and tests may.
pub(crate) fn neutral(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_neutral = |path: &str| NEUTRAL.iter().any(|place| path.starts_with(place));
    for source in tree
        .sources
        .iter()
        .filter(|source| is_neutral(&source.path))
    {
        for token in source.product().filter_map(<[_]>::first) {
            let word = token.text.to_lowercase();
            let provider = PROVIDERS.iter().find(|provider| word.contains(**provider));
            if let (Some(provider), false) = (provider, token.kind == Kind::Punct) {
                let what = format!("`{}` names the provider {provider:?}", token.text);
                let mend = "say it neutrally, as a capability or as data that the plug-in gives";
                findings.push(Finding::new(&source.path, token.line, what, mend));
            }
        }
    }
    findings
}

/// `unsafe` appears nowhere; the lint forbids it, and this holds where the lint does not reach.
pub(crate) fn no_unsafe(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &tree.sources {
        for token in source.tokens.iter().filter(|token| token.text == "unsafe") {
            let mend = "use a crate that is known for doing this soundly";
            findings.push(Finding::new(
                &source.path,
                token.line,
                "`unsafe` is forbidden",
                mend,
            ));
        }
    }
    findings
}
