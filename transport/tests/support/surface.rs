//! Finds every public function of a crate that can wait, so that none is without a stated bound.
//!
//! Each crate that has such functions includes this file in the test that holds its table of bounds.

use std::{collections::BTreeSet, fs, path::Path};

use syn::{
    Attribute, ImplItem, Item, ReturnType, Signature, TraitItem, Type, Visibility,
    visit::{self, Visit},
};

/// The public functions of the sources under `folder` that are async or return a future:
/// `Type::name`, `Trait::name`, or the bare name of a free function. Methods of other crates' traits
/// count where they are implemented, those of this crate's own where they are declared.
pub(crate) fn waits(folder: &Path) -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(folder, &mut files);
    assert!(!files.is_empty(), "no sources in {}", folder.display());
    let mut found = Found::default();
    for file in &files {
        found.declarations(&file.items);
    }
    for file in &files {
        found.items(&file.items);
    }
    found.waits
}

/// Fails, saying how to mend it, unless `rows` names exactly the public waits under `folder`.
pub(crate) fn assert_complete(folder: &Path, rows: &[&str]) {
    let (missing, stale) = gaps(&waits(folder), rows);
    assert!(
        missing.is_empty() && stale.is_empty(),
        "every public function that can wait has a row in the table of bounds: add one for each of \
         {missing:?} (its name, its bound in seconds, and a call that is measured under bad peers), \
         and remove those of {stale:?}, which are gone"
    );
}

/// What was found and has no row, and rows of what was not found.
pub(crate) fn gaps(found: &BTreeSet<String>, rows: &[&str]) -> (Vec<String>, Vec<String>) {
    let rows: BTreeSet<String> = rows.iter().map(|name| (*name).to_owned()).collect();
    (
        found.difference(&rows).cloned().collect(),
        rows.difference(found).cloned().collect(),
    )
}

fn sources(folder: &Path, files: &mut Vec<syn::File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let file = syn::parse_file(&text);
            files.push(file.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }
}

#[derive(Default)]
struct Found {
    /// Traits that this crate declares, and types of it that are futures.
    traits: BTreeSet<String>,
    futures: BTreeSet<String>,
    waits: BTreeSet<String>,
}

impl Found {
    fn declarations(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Trait(item) => {
                    self.traits.insert(item.ident.to_string());
                }
                Item::Impl(item) => {
                    let of_future = item.trait_.as_ref().and_then(|(_, path, _)| last(path));
                    if of_future.is_some_and(|name| name == "Future" || name == "IntoFuture") {
                        self.futures.extend(name_of(&item.self_ty));
                    }
                }
                Item::Type(item) if self.is_future(&item.ty) => {
                    self.futures.insert(item.ident.to_string());
                }
                Item::Mod(item) if !is_test(&item.attrs) => {
                    if let Some((_, items)) = &item.content {
                        self.declarations(items);
                    }
                }
                _ => {}
            }
        }
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Fn(item) if is_public(&item.vis) => self.function(None, &item.sig),
                Item::Trait(item) if is_public(&item.vis) => {
                    let owner = item.ident.to_string();
                    for member in &item.items {
                        if let TraitItem::Fn(member) = member {
                            self.function(Some(&owner), &member.sig);
                        }
                    }
                }
                Item::Impl(item) if !is_test(&item.attrs) => self.implementation(item),
                Item::Mod(item) if !is_test(&item.attrs) => {
                    if let Some((_, items)) = &item.content {
                        self.items(items);
                    }
                }
                _ => {}
            }
        }
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let Some(owner) = name_of(&item.self_ty) else {
            return;
        };
        let of = item.trait_.as_ref().and_then(|(_, path, _)| last(path));
        if of.as_ref().is_some_and(|name| self.traits.contains(name)) {
            return;
        }
        for member in &item.items {
            if let ImplItem::Fn(member) = member
                && (of.is_some() || is_public(&member.vis))
            {
                self.function(Some(&owner), &member.sig);
            }
        }
    }

    fn function(&mut self, owner: Option<&str>, signature: &Signature) {
        if signature.asyncness.is_some() || self.returns_future(&signature.output) {
            let name = &signature.ident;
            self.waits.insert(match owner {
                Some(owner) => format!("{owner}::{name}"),
                None => name.to_string(),
            });
        }
    }

    fn returns_future(&self, output: &ReturnType) -> bool {
        match output {
            ReturnType::Type(_, of) => self.is_future(of),
            ReturnType::Default => false,
        }
    }

    fn is_future(&self, of: &Type) -> bool {
        struct Names(BTreeSet<String>);

        impl Visit<'_> for Names {
            fn visit_path_segment(&mut self, segment: &syn::PathSegment) {
                self.0.insert(segment.ident.to_string());
                visit::visit_path_segment(self, segment);
            }
        }

        let mut names = Names(BTreeSet::new());
        names.visit_type(of);
        let known = ["Future", "IntoFuture", "BoxFuture", "LocalBoxFuture"];
        known.iter().any(|name| names.0.contains(*name)) || !names.0.is_disjoint(&self.futures)
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|what| what == "test")
    })
}

fn last(path: &syn::Path) -> Option<String> {
    path.segments
        .last()
        .map(|segment| segment.ident.to_string())
}

fn name_of(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => last(&path.path),
        Type::Reference(reference) => name_of(&reference.elem),
        _ => None,
    }
}
