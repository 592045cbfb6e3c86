//! Turns a description into Rust modules.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use anyhow::{Context as _, Result, bail};

use super::{
    facts,
    model::{
        Branch, Description, Events, Field, File, Item, Kind, Object, Presence, Type, Union,
        Variant, When,
    },
    names,
};

/// The module of one description file.
pub(crate) fn module(description: &Description, file: &File) -> Result<String> {
    let mut emitter = Emitter {
        description,
        file,
        written: facts::written(description),
        foreign: BTreeMap::new(),
        current: String::new(),
        out: String::new(),
    };
    for item in &file.items {
        emitter
            .item(item)
            .with_context(|| format!("{} in {}.wire", item.name, file.name))?;
    }
    let mut out = String::new();
    for line in file.doc.lines() {
        writeln!(out, "//! {line}")?;
    }
    out.push('\n');
    out.push_str("#[allow(unused_imports, reason = \"each module uses some of them\")]\n");
    out.push_str(
        "use super::{\n    macros::{events, frames, from_branch, object, open_enum, setters, union},\n",
    );
    out.push_str("    scan::Key,\n    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},\n};\n");
    for (module, names) in &emitter.foreign {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        writeln!(out, "use super::{module}::{{{}}};", names.join(", "))?;
    }
    out.push_str(&emitter.out);
    Ok(out)
}

/// `generated/mod.rs`.
pub(crate) fn index(description: &Description, runtime: &[(&str, &str)]) -> String {
    let mut out = String::from("//! The modules of this wire, one for each file in `schema/`.\n\n");
    for (name, _) in runtime {
        if *name == "scan" {
            out.push_str(
                "#[allow(dead_code, reason = \"each wire tells frames apart its own way\")]\n",
            );
        }
        out.push_str("pub(crate) mod ");
        out.push_str(name);
        out.push_str(";\n");
    }
    out.push('\n');
    for file in &description.files {
        out.push_str("pub(crate) mod ");
        out.push_str(&file.name);
        out.push_str(";\n");
    }
    out
}

struct Emitter<'a> {
    description: &'a Description,
    file: &'a File,
    written: BTreeSet<(String, String)>,
    foreign: BTreeMap<String, BTreeSet<String>>,
    /// The type that is being written.
    current: String,
    out: String,
}

impl Emitter<'_> {
    fn item(&mut self, item: &Item) -> Result<()> {
        self.current.clone_from(&item.name);
        self.out.push('\n');
        self.doc(0, &item.doc, &format!("`{}`.", item.name))?;
        match &item.kind {
            Kind::Object(object) => self.object(&item.name, object),
            Kind::Enum(variants) => self.open_enum(&item.name, variants),
            Kind::Union(union) => self.union(&item.name, union),
            Kind::Events(events) => self.events(&item.name, events),
            Kind::Frames(message) => self.frames(&item.name, message),
        }
    }

    fn doc(&mut self, indent: usize, doc: &str, fallback: &str) -> Result<()> {
        let doc = if doc.is_empty() { fallback } else { doc };
        writeln!(self.out, "{:indent$}/// {doc}", "")?;
        Ok(())
    }

    fn object(&mut self, name: &str, object: &Object) -> Result<()> {
        let constants = object.fields.iter().any(|field| field.preset);
        let defaultable = object
            .fields
            .iter()
            .all(|field| facts::field_defaults(self.description, &self.file.name, field));
        let derived = if defaultable && !constants {
            ", Default"
        } else {
            ""
        };
        writeln!(
            self.out,
            "#[derive(Debug, Clone, PartialEq{derived})]\npub struct {name} {{"
        )?;
        for field in &object.fields {
            let glossary = self
                .description
                .glossary
                .get(&field.wire)
                .map_or("", String::as_str);
            let doc = if field.doc.is_empty() {
                glossary
            } else {
                &field.doc
            };
            self.doc(4, doc, &format!("`{}`.", field.wire))?;
            let ty = self.field_type(field)?;
            writeln!(self.out, "    pub {}: {ty},", names::field(&field.wire))?;
        }
        self.out.push_str(
            "    /// Members that this type does not name.\n    pub extra: Extra,\n}\n\n",
        );
        self.codec(name, object)?;
        if constants && defaultable {
            self.default_impl(name, object)?;
        }
        self.constructor(name, object)?;
        if self
            .written
            .contains(&(self.file.name.clone(), name.to_owned()))
        {
            self.setters(name, object)?;
        }
        Ok(())
    }

    fn codec(&mut self, name: &str, object: &Object) -> Result<()> {
        writeln!(self.out, "object! {{ {name} {{")?;
        for (key, value) in &object.tags {
            writeln!(self.out, "    tag {key:?} = {value:?};")?;
        }
        for (keyword, wanted) in [
            ("req", &[Presence::Required, Presence::Nulled][..]),
            ("opt", &[Presence::Promised, Presence::Optional]),
            ("nul", &[Presence::Nullable]),
        ] {
            for field in object
                .fields
                .iter()
                .filter(|field| wanted.contains(&field.presence))
            {
                writeln!(
                    self.out,
                    "    {keyword} {} = {};",
                    names::field(&field.wire),
                    spellings(&field.wire, " | ")
                )?;
            }
        }
        self.out.push_str("}}\n");
        Ok(())
    }

    fn default_impl(&mut self, name: &str, object: &Object) -> Result<()> {
        writeln!(
            self.out,
            "\nimpl Default for {name} {{\n    fn default() -> Self {{\n        Self {{"
        )?;
        for field in &object.fields {
            let value = match field.preset() {
                Some(constant) => format!("Some({})", literal(&field.ty, constant)?),
                None => "Default::default()".to_owned(),
            };
            writeln!(
                self.out,
                "            {}: {value},",
                names::field(&field.wire)
            )?;
        }
        self.out
            .push_str("            extra: Extra::new(),\n        }\n    }\n}\n");
        Ok(())
    }

    /// `new` takes what the protocol requires; all else starts unset.
    fn constructor(&mut self, name: &str, object: &Object) -> Result<()> {
        let required: Vec<&Field> = object
            .fields
            .iter()
            .filter(|field| field.presence == Presence::Required)
            .collect();
        if required.is_empty() {
            return Ok(());
        }
        let mut parameters = Vec::new();
        let mut fields = String::new();
        for field in &object.fields {
            let rust = names::field(&field.wire);
            if field.presence == Presence::Required {
                let ty = self.rust_type(&field.ty)?;
                if converts(&field.ty) {
                    parameters.push(format!("{rust}: impl Into<{ty}>"));
                    writeln!(fields, "{rust}: {rust}.into(),")?;
                } else {
                    parameters.push(format!("{rust}: {ty}"));
                    writeln!(fields, "{rust},")?;
                }
            } else if let Some(constant) = field.preset() {
                writeln!(fields, "{rust}: Some({}),", literal(&field.ty, constant)?)?;
            } else if field.presence == Presence::Nullable {
                writeln!(fields, "{rust}: Nullable::Absent,")?;
            } else {
                writeln!(fields, "{rust}: None,")?;
            }
        }
        writeln!(
            self.out,
            "\nimpl {name} {{\n/// With what the protocol requires; all else is not set.\n\
             #[must_use]\npub fn new({}) -> Self {{ Self {{ {fields} extra: Extra::new() }} }} }}",
            parameters.join(", ")
        )?;
        Ok(())
    }

    fn setters(&mut self, name: &str, object: &Object) -> Result<()> {
        let optional: Vec<&Field> = object
            .fields
            .iter()
            .filter(|field| field.presence != Presence::Required)
            .collect();
        if optional.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\nsetters! {{ {name} {{")?;
        for (keyword, wanted) in [("into", true), ("plain", false)] {
            for field in optional
                .iter()
                .filter(|field| converts(&field.ty) == wanted)
            {
                let rust = names::field(&field.wire);
                let ty = self.rust_type(&field.ty)?;
                writeln!(
                    self.out,
                    "    {keyword} with_{} {rust}: {ty};",
                    rust.trim_end_matches('_')
                )?;
            }
        }
        self.out.push_str("}}\n");
        Ok(())
    }

    fn open_enum(&mut self, name: &str, variants: &[Variant]) -> Result<()> {
        writeln!(
            self.out,
            "#[derive(Debug, Clone, PartialEq, Eq, Hash)]\n#[non_exhaustive]\npub enum {name} {{"
        )?;
        for variant in variants {
            writeln!(
                self.out,
                "    /// `{}`.\n    {},",
                variant.wire, variant.name
            )?;
        }
        self.out.push_str(
            "    /// A string that this enum does not name.\n    Unknown(String),\n}\n\n",
        );
        writeln!(self.out, "open_enum! {{ {name} {{")?;
        for variant in variants {
            writeln!(self.out, "    {} = {:?},", variant.name, variant.wire)?;
        }
        self.out.push_str("}}\n");
        Ok(())
    }

    fn union(&mut self, name: &str, union: &Union) -> Result<()> {
        writeln!(
            self.out,
            "#[derive(Debug, Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{"
        )?;
        for branch in &union.branches {
            let when = match &branch.when {
                When::Tag(tag) => format!("`{tag}`."),
                When::String => "A string.".to_owned(),
                When::Number => "A number.".to_owned(),
                When::Bool => "True or false.".to_owned(),
                When::Array => "A list.".to_owned(),
                When::Object => "An object.".to_owned(),
            };
            let ty = self.branch_type(branch)?;
            writeln!(self.out, "    /// {when}\n    {}({ty}),", branch.name)?;
        }
        self.out
            .push_str("    /// A shape that this enum does not name.\n    Unknown(Raw),\n}\n\n");
        writeln!(self.out, "union! {{ {name} {{")?;
        for (keyword, when) in [
            ("string", When::String),
            ("number", When::Number),
            ("bool", When::Bool),
            ("array", When::Array),
            ("object", When::Object),
        ] {
            if let Some(branch) = union.branches.iter().find(|branch| branch.when == when) {
                writeln!(self.out, "    {keyword} {};", branch.name)?;
            }
        }
        if let Some(tag) = &union.tag {
            writeln!(self.out, "    by {tag:?} {{")?;
            for branch in &union.branches {
                if let When::Tag(value) = &branch.when {
                    writeln!(self.out, "        {value:?} => {},", branch.name)?;
                }
            }
            if let Some(name) = &union.untagged {
                writeln!(self.out, "        absent => {name},")?;
            }
            self.out.push_str("    }\n");
        }
        self.out.push_str("}}\n");
        self.conversions(name, union)
    }

    /// `From` for every branch whose type no other branch has.
    fn conversions(&mut self, name: &str, union: &Union) -> Result<()> {
        let unique = |branch: &&Branch| {
            union
                .branches
                .iter()
                .filter(|other| other.ty == branch.ty)
                .count()
                == 1
        };
        writeln!(self.out, "\nfrom_branch! {{ {name} {{")?;
        for branch in union.branches.iter().filter(unique) {
            if branch.when != When::String {
                let ty = self.rust_type(&branch.ty)?;
                writeln!(self.out, "    from {}({ty});", branch.name)?;
            }
        }
        if let Some(branch) = union
            .branches
            .iter()
            .find(|branch| branch.when == When::String)
        {
            let ty = self.rust_type(&branch.ty)?;
            writeln!(self.out, "    str {}({ty});", branch.name)?;
        }
        self.out.push_str("}}\n");
        Ok(())
    }

    fn events(&mut self, name: &str, events: &Events) -> Result<()> {
        writeln!(
            self.out,
            "#[derive(Debug, Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{"
        )?;
        for event in &events.events {
            let size = self.size(&Type::Named(event.object.clone()))?;
            let object = self.rust_type(&Type::Named(event.object.clone()))?;
            let held = if size > facts::UNBOXED {
                format!("Box<{object}>")
            } else {
                object
            };
            let doc = if event.doc.is_empty() {
                format!("`{}`.", event.wire)
            } else {
                format!("`{}`: {}", event.wire, event.doc)
            };
            writeln!(self.out, "    /// {doc}\n    {}({held}),", event.variant)?;
        }
        self.out.push_str(
            "    /// A type that this enum does not name.\n    Unknown(RawEvent),\n    \
             /// A type that this enum names, in a shape that does not fit it.\n    \
             Degraded(Box<Degraded>),\n}\n\n",
        );
        writeln!(self.out, "events! {{ {name} {{")?;
        for event in &events.events {
            writeln!(
                self.out,
                "    {:?} => {}({}),",
                event.wire, event.variant, event.object
            )?;
        }
        self.out.push_str("}}\n");
        Ok(())
    }

    fn frames(&mut self, name: &str, message: &str) -> Result<()> {
        let (_, item) = self.look_up(message)?;
        let Kind::Object(object) = &item.kind else {
            bail!("{message} is no object");
        };
        let members: Vec<String> = object
            .fields
            .iter()
            .map(|field| spellings(&field.wire, ", "))
            .collect();
        let message = self.rust_type(&Type::Named(message.to_owned()))?;
        writeln!(
            self.out,
            "#[derive(Debug, Clone, PartialEq)]\n#[non_exhaustive]\npub enum {name} {{\n    \
             /// A message with members that it names, or none.\n    Message(Box<{message}>),\n    \
             /// A message of which no member is named.\n    Unknown(RawEvent),\n    \
             /// A message in a shape that does not fit.\n    Degraded(Box<Degraded>),\n}}\n\n\
             frames! {{ {name}({message}) {{"
        )?;
        for member in members {
            writeln!(self.out, "    {member},")?;
        }
        self.out.push_str("}}\n");
        Ok(())
    }

    fn branch_type(&mut self, branch: &Branch) -> Result<String> {
        let ty = self.rust_type(&branch.ty)?;
        let boxed = self.size(&branch.ty)? > facts::UNBOXED;
        Ok(if boxed { format!("Box<{ty}>") } else { ty })
    }

    fn field_type(&mut self, field: &Field) -> Result<String> {
        let ty = self.rust_type(&field.ty)?;
        Ok(match field.presence {
            Presence::Required => ty,
            Presence::Nulled | Presence::Promised | Presence::Optional => {
                format!("Option<{ty}>")
            }
            Presence::Nullable => format!("Nullable<{ty}>"),
        })
    }

    fn rust_type(&mut self, ty: &Type) -> Result<String> {
        Ok(match ty {
            Type::Str => "String".to_owned(),
            Type::Secret => "Secret".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Int => "i64".to_owned(),
            Type::Uint => "u64".to_owned(),
            Type::Float => "f64".to_owned(),
            Type::Any => "serde_json::Value".to_owned(),
            Type::Raw => "Raw".to_owned(),
            Type::List(inner) => format!("Vec<{}>", self.rust_type(inner)?),
            Type::Map(inner) => {
                format!(
                    "std::collections::BTreeMap<String, {}>",
                    self.rust_type(inner)?
                )
            }
            Type::Int64 => self.proto("Int64"),
            Type::Duration => self.proto("ProtoDuration"),
            Type::Boxed(name) => {
                format!("Box<{}>", self.rust_type(&Type::Named(name.clone()))?)
            }
            Type::Named(name) if *name == self.current => "Self".to_owned(),
            Type::Named(name) => {
                let (home, _) = self.look_up(name)?;
                if home.name != self.file.name {
                    let home = home.name.clone();
                    self.foreign.entry(home).or_default().insert(name.clone());
                }
                name.clone()
            }
        })
    }

    fn proto(&mut self, name: &str) -> String {
        let names = self.foreign.entry("proto".to_owned()).or_default();
        names.insert(name.to_owned());
        name.to_owned()
    }

    fn size(&self, ty: &Type) -> Result<usize> {
        facts::size(self.description, &self.file.name, ty, 0)
    }

    fn look_up(&self, name: &str) -> Result<(&File, &Item)> {
        let found = self.description.find(&self.file.name, name);
        found.with_context(|| format!("no type is named `{name}`"))
    }
}

/// A member's name as a pattern: one in camelCase is read in snake_case too.
fn spellings(wire: &str, separator: &str) -> String {
    let snake = names::snake(wire);
    if snake == wire {
        format!("{wire:?}")
    } else {
        format!("{wire:?}{separator}{snake:?}")
    }
}

/// Whether an argument of this type is taken as `impl Into`.
fn converts(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Str | Type::Secret | Type::Int64 | Type::Duration | Type::Named(_) | Type::Boxed(_)
    )
}

fn literal(ty: &Type, constant: &str) -> Result<String> {
    Ok(match ty {
        Type::Uint | Type::Int | Type::Bool => constant.to_owned(),
        Type::Str | Type::Named(_) => format!("{constant:?}.into()"),
        _ => bail!("a constant of this type is not described"),
    })
}
