//! One Rust file as the rules see it: its tokens with their lines, its attributes, its functions,
//! and which of its lines are test code.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// What a file is for, which decides how strict the rules are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Part of a library that others build on.
    Library,
    /// A binary.
    Program,
    /// Tests, benchmarks and fuzz targets.
    Proof,
}

/// A token with the line on which it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

/// The kinds of token that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ident,
    Literal,
    Punct,
}

/// An attribute other than a doc comment.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) line: usize,
    /// Whether it is written `#![…]`, for the whole file or module.
    pub(crate) inner: bool,
    pub(crate) tokens: Vec<Token>,
}

/// A function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// Lines of its body that hold code, neither blank nor comment.
    pub(crate) code_lines: usize,
    /// Whether it says why it is long.
    pub(crate) excused: bool,
}

/// A parsed Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) role: Role,
    pub(crate) generated: bool,
    pub(crate) line_count: usize,
    /// Whether the file opens with documentation of its own.
    pub(crate) documented: bool,
    /// Every token but those of doc comments.
    pub(crate) tokens: Vec<Token>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) functions: Vec<Function>,
    /// Files that hold the modules this one declares under `#[cfg(test)]`.
    pub(crate) test_files: Vec<String>,
    tests: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Parses the file; the error is the line and the message of the parser.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, (usize, String)> {
        let fault = |error: &syn::Error| (error.span().start().line, error.to_string());
        let file = syn::parse_file(text).map_err(|error| fault(&error))?;
        let stream: TokenStream = syn::parse_str(text).map_err(|error| fault(&error))?;
        let mut reader = TokenReader::default();
        reader.read(stream);
        let (functions, test_files, tests) = (Vec::new(), Vec::new(), Vec::new());
        let mut items = ItemReader {
            path,
            code: &reader.code,
            functions,
            test_files,
            tests,
        };
        items.visit_file(&file);
        let ItemReader {
            functions,
            test_files,
            tests,
            ..
        } = items;
        Ok(Self {
            path: path.to_owned(),
            role: role(path),
            generated: path.contains("/src/generated/"),
            line_count: text.lines().count(),
            documented: file
                .attrs
                .iter()
                .filter(|attribute| attribute.path().is_ident("doc"))
                .any(|attribute| attribute.meta.require_name_value().is_ok()),
            tokens: reader.tokens,
            attributes: reader.attributes,
            functions,
            test_files,
            tests,
        })
    }

    /// Whether the line belongs to a test or to a module of tests.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.role == Role::Proof || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The tokens from each position on that is product code, for rules that match sequences.
    pub(crate) fn product(&self) -> impl Iterator<Item = &[Token]> {
        (0..self.tokens.len())
            .filter_map(|at| self.tokens.get(at..))
            .filter(|rest| rest.first().is_some_and(|token| !self.is_test(token.line)))
    }
}

/// Whether the tokens begin with these texts.
pub(crate) fn begins(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len()
        && tokens
            .iter()
            .zip(texts)
            .all(|(token, text)| token.text == *text)
}

/// The role that the path of a file gives it.
fn role(path: &str) -> Role {
    let is = |folder: &str| path.split('/').any(|part| part == folder);
    if is("tests") || is("benches") || is("fuzz") || path.ends_with("/tests.rs") {
        Role::Proof
    } else if path.ends_with("/src/main.rs") || path.contains("/src/bin/") {
        Role::Program
    } else {
        Role::Library
    }
}

/// Flattens the token tree, setting doc comments aside.
#[derive(Default)]
struct TokenReader {
    tokens: Vec<Token>,
    attributes: Vec<Attribute>,
    /// Lines that hold at least one token.
    code: BTreeSet<usize>,
}

impl TokenReader {
    fn read(&mut self, stream: TokenStream) {
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            let line = tree.span().start().line;
            let hash = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
            let bang = |next: &TokenTree| matches!(next, TokenTree::Punct(p) if p.as_char() == '!');
            let inner = hash && trees.next_if(bang).is_some();
            let bracket = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
            match trees.next_if(|next| hash && bracket(next)) {
                Some(TokenTree::Group(group)) => self.attribute(line, inner, group.stream()),
                _ => self.tree(tree),
            }
        }
    }

    fn attribute(&mut self, line: usize, inner: bool, stream: TokenStream) {
        let mut content = Self::default();
        content.read(stream);
        let doc = begins(&content.tokens, &["doc", "="]);
        if doc
            && content
                .tokens
                .get(2)
                .is_some_and(|token| token.kind == Kind::Literal)
        {
            return;
        }
        self.code.extend(content.code);
        self.tokens.extend(content.tokens.iter().cloned());
        self.attributes.push(Attribute {
            line,
            inner,
            tokens: content.tokens,
        });
    }

    fn tree(&mut self, tree: TokenTree) {
        let span = tree.span();
        let line = span.start().line;
        let (text, kind) = match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                self.push(line, open.to_owned(), Kind::Punct);
                self.read(group.stream());
                self.push(group.span_close().end().line, close.to_owned(), Kind::Punct);
                return;
            }
            TokenTree::Ident(ident) => (ident.to_string(), Kind::Ident),
            TokenTree::Punct(punct) => (punct.as_char().to_string(), Kind::Punct),
            TokenTree::Literal(literal) => (literal.to_string(), Kind::Literal),
        };
        self.code.extend(line..=span.end().line);
        self.push(line, text, kind);
    }

    fn push(&mut self, line: usize, text: String, kind: Kind) {
        self.code.insert(line);
        self.tokens.push(Token { line, text, kind });
    }
}

/// Finds functions and test code among the items.
struct ItemReader<'a> {
    path: &'a str,
    code: &'a BTreeSet<usize>,
    functions: Vec<Function>,
    test_files: Vec<String>,
    tests: Vec<RangeInclusive<usize>>,
}

impl ItemReader<'_> {
    fn function(&mut self, name: &syn::Ident, block: &syn::Block, attrs: &[syn::Attribute]) {
        let braces = block.brace_token.span;
        let (open, close) = (braces.open().start().line, braces.close().end().line);
        let code_lines = if open < close {
            self.code.range(open + 1..close).count()
        } else {
            0
        };
        let excused = attrs.iter().any(|attribute| {
            let is_expect = attribute.path().is_ident("expect");
            is_expect
                && attribute.meta.require_list().is_ok_and(|list| {
                    let text = list.tokens.to_string();
                    text.contains("too_many_lines") && text.contains("reason")
                })
        });
        self.functions.push(Function {
            name: name.to_string(),
            line: name.span().start().line,
            code_lines,
            excused,
        });
    }

    /// The files in which `mod name;` of this file may live.
    fn module_files(&self, name: &str) -> [String; 2] {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        let base = match file {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        };
        [format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]
    }
}

impl<'ast> Visit<'ast> for ItemReader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if attributes(item).iter().any(is_test_only) {
            self.tests
                .push(item.span().start().line..=item.span().end().line);
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
            {
                self.test_files
                    .extend(self.module_files(&module.ident.to_string()));
            }
        }
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig.ident, &function.block, &function.attrs);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.attrs.iter().any(is_test_only) {
            self.tests
                .push(function.span().start().line..=function.span().end().line);
        }
        self.function(&function.sig.ident, &function.block, &function.attrs);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig.ident, block, &function.attrs);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_test_only(attribute: &syn::Attribute) -> bool {
    let path = attribute.path();
    if path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "test")
    {
        return true;
    }
    let condition = attribute
        .meta
        .require_list()
        .map(|list| list.tokens.to_string());
    path.is_ident("cfg")
        && condition.is_ok_and(|text| {
            let text = text.replace(' ', "");
            text == "test" || text.starts_with("all(test,")
        })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse("session/src/engine.rs", text).unwrap()
    }

    #[test]
    fn a_path_gives_a_role() {
        let roles = [
            ("session/src/lib.rs", Role::Library),
            ("transport/src/testing/pipe.rs", Role::Library),
            ("xtask/src/main.rs", Role::Program),
            ("examples/src/bin/talk.rs", Role::Program),
            ("session/tests/close.rs", Role::Proof),
            ("session/src/engine/tests.rs", Role::Proof),
            ("protocol/core/benches/media.rs", Role::Proof),
            ("protocol/core/fuzz/scan.rs", Role::Proof),
        ];
        for (path, expected) in roles {
            assert_eq!(role(path), expected, "of {path}");
        }
    }

    #[test]
    fn only_what_is_built_for_tests_alone_is_test_code() {
        let source = source(
            "#[cfg(test)]\nmod a {\n}\n#[cfg(not(test))]\nfn b() {}\n\
             #[cfg(any(test, feature = \"testing\"))]\nmod c {}\n\
             #[tokio::test]\nasync fn d() {}\n#[cfg(all(test, unix))]\nuse e;\n",
        );
        let tests: Vec<usize> = (1..=11).filter(|line| source.is_test(*line)).collect();
        assert_eq!(tests, [1, 2, 3, 8, 9, 10, 11]);
    }

    #[test]
    fn a_module_of_tests_may_live_in_a_file_of_any_name() {
        let source = source("#[cfg(test)]\nmod proof;\nmod other;\n");
        let files = [
            "session/src/engine/proof.rs",
            "session/src/engine/proof/mod.rs",
        ];
        assert_eq!(source.test_files, files);
    }

    #[test]
    fn tokens_within_macros_count_and_doc_comments_do_not() {
        let source = source("//! One.\n\n/// Two.\nfn f() {\n    m! { Instant::now() }\n}\n");
        assert!(source.documented);
        let found = source
            .product()
            .find(|rest| begins(rest, &["Instant", ":", ":", "now"]));
        assert_eq!(
            found.and_then(|rest| rest.first()).map(|token| token.line),
            Some(5)
        );
        assert!(!source.tokens.iter().any(|token| token.text.contains("Two")));
    }

    #[test]
    fn an_attribute_that_only_hides_is_no_documentation() {
        assert!(!source("#![doc(hidden)]\n").documented);
        assert!(source("#![doc = include_str!(\"x.md\")]\n").documented);
    }

    #[test]
    fn code_lines_are_neither_blank_nor_comment() {
        let source = source("fn f() {\n    // Why.\n\n    a(\n        1,\n    );\n}\n");
        let lines: Vec<usize> = source.functions.iter().map(|it| it.code_lines).collect();
        assert_eq!(lines, [3]);
    }
}
