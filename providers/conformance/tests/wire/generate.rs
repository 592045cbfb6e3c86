//! Makes frames from a description.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{random::Random, shapes::Shapes};

/// How much of what is optional a frame gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Only what is required.
    Least,
    /// Everything.
    All,
    /// As it falls, with unknown members, enum values and branches among it.
    Mixed,
}

/// Makes frames, and notes every field, branch and enum member that it used.
pub(crate) struct Generator<'a> {
    pub(crate) shapes: &'a Shapes,
    pub(crate) random: Random,
    pub(crate) fill: Fill,
    pub(crate) used: BTreeSet<String>,
    /// Types that are being made: one that holds itself gets nothing optional the second time.
    within: Vec<String>,
}

/// Lists below this depth are empty, so that a frame stays a frame.
const DEEP: usize = 7;

impl<'a> Generator<'a> {
    pub(crate) fn new(shapes: &'a Shapes, random: Random, fill: Fill) -> Self {
        Self {
            shapes,
            random,
            fill,
            used: BTreeSet::new(),
            within: Vec::new(),
        }
    }

    pub(crate) fn named(&mut self, name: &str, depth: usize) -> Value {
        let shape = self.shapes.get(name);
        if let Some(members) = shape["members"].as_array() {
            if self.fill == Fill::Mixed && self.random.once_in(8) {
                return json!("a value of tomorrow");
            }
            let member = self.random.pick(members);
            self.used.insert(format!("{name} = {member}"));
            return member.clone();
        }
        if let Some(branches) = shape["branches"].as_array() {
            if self.fill == Fill::Mixed && self.random.once_in(8) {
                return json!({ "type": "a branch of tomorrow", "x": [1, null] });
            }
            let index = self.random.below(branches.len());
            self.used.insert(format!("{name} | {index}"));
            return self.value(&branches[index]["type"], depth);
        }
        self.object(name, depth)
    }

    pub(crate) fn object(&mut self, name: &str, depth: usize) -> Value {
        let shape = self.shapes.get(name);
        let again = self.within.iter().any(|outer| outer == name);
        self.within.push(name.to_owned());
        let mut object = Map::new();
        for tag in shape["tags"].as_array().unwrap() {
            object.insert(tag[0].as_str().unwrap().to_owned(), tag[1].clone());
        }
        for field in shape["fields"].as_array().unwrap() {
            let wire = field["name"].as_str().unwrap();
            let required = matches!(field["presence"].as_str().unwrap(), "required" | "nulled");
            // The tag of a branch decides how it is read, so a frame that has one keeps it.
            let tag = wire == "type" && field["constant"].is_string();
            let wanted = match self.fill {
                Fill::Least => false,
                Fill::All => !again,
                Fill::Mixed => !again && !self.random.once_in(3),
            };
            if !(required || tag || wanted) {
                continue;
            }
            self.used.insert(format!("{name}.{wire}"));
            let may_be_null = field["presence"] != "required" && !tag;
            let value = if may_be_null && self.fill == Fill::Mixed && self.random.once_in(6) {
                Value::Null
            } else if let Some(constant) = field["constant"].as_str() {
                constant
                    .parse::<u64>()
                    .map_or_else(|_| json!(constant), |number| json!(number))
            } else {
                self.value(&field["type"], depth + 1)
            };
            object.insert(wire.to_owned(), value);
        }
        if self.fill == Fill::Mixed && self.random.once_in(3) {
            object.insert("of_tomorrow".to_owned(), json!({ "x": [0.5, null, "y"] }));
        }
        self.within.pop();
        Value::Object(object)
    }

    fn value(&mut self, ty: &Value, depth: usize) -> Value {
        if let Some(name) = ty["name"].as_str() {
            return self.named(name, depth);
        }
        let count = match self.fill {
            _ if depth > DEEP => 0,
            Fill::Least => 0,
            Fill::All => 1,
            Fill::Mixed => self.random.below(3),
        };
        if !ty["list"].is_null() {
            return (0..count)
                .map(|_| self.value(&ty["list"], depth + 1))
                .collect();
        }
        if !ty["map"].is_null() {
            let values =
                (0..count).map(|i| (format!("k\u{e9}\"{i}"), self.value(&ty["map"], depth)));
            return Value::Object(values.collect());
        }
        self.scalar(ty.as_str().unwrap())
    }

    fn scalar(&mut self, ty: &str) -> Value {
        let number = self.random.next();
        match ty {
            "str" => json!(self.random.pick(&STRINGS)),
            "bool" => json!(number.is_multiple_of(2)),
            "int" => json!(i64::from_ne_bytes(number.to_ne_bytes()) >> (number % 60)),
            "uint" => json!(number >> (number % 60)),
            "float" => {
                let float = f64::from_bits(number);
                json!(if float.is_finite() { float } else { 0.1 })
            }
            "int64" if number.is_multiple_of(2) => json!(number >> 2),
            "int64" => json!((number >> 2).to_string()),
            "duration" => json!(self.random.pick(&["9.5s", "0s", "600s", "1.000000001s"])),
            "any" => self
                .random
                .pick(&[json!(null), json!([]), json!({"a": [1.5, "b"]}), json!(7)])
                .clone(),
            other => panic!("no scalar is named {other}"),
        }
    }
}

const STRINGS: [&str; 6] = [
    "",
    "plain",
    "quote \" backslash \\ line \n",
    "\u{e9}\u{4e2d}\u{1f600}",
    "{\"type\":1}",
    "\u{0}",
];
