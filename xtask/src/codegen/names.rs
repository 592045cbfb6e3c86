//! Rust names of wire names.

/// `response.output_audio.delta` becomes `ResponseOutputAudioDelta`; digits on both sides of a
/// separator stay apart, so that `2.1` and `21` remain two names.
pub(crate) fn variant(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    let mut boundary = true;
    for letter in wire.chars() {
        if !letter.is_ascii_alphanumeric() {
            boundary = true;
            continue;
        }
        let after_digit = name.ends_with(|last: char| last.is_ascii_digit());
        if name.is_empty() && letter.is_ascii_digit() {
            name.push('N');
        } else if boundary && after_digit && letter.is_ascii_digit() {
            name.push('_');
        }
        name.push(if boundary {
            letter.to_ascii_uppercase()
        } else {
            letter
        });
        boundary = false;
    }
    if name.chars().all(|letter| !letter.is_ascii_lowercase()) {
        return screaming(&name);
    }
    name
}

/// `ACTIVITYSTART` has lost its words by now, so upper-case names are taken word by word instead.
fn screaming(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .into_iter()
        .chain(letters.map(|letter| letter.to_ascii_lowercase()))
        .collect()
}

/// Field name: `type` is a keyword, and the others are theirs.
pub(crate) fn field(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len() + 4);
    for letter in wire.chars() {
        if letter.is_ascii_uppercase() {
            if !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        } else if letter.is_ascii_alphanumeric() || letter == '_' {
            name.push(letter);
        } else {
            name.push('_');
        }
    }
    match name.as_str() {
        "type" => "kind".to_owned(),
        "enum" | "ref" | "final" | "static" | "match" | "in" | "default" | "mod" => name + "_",
        _ => name,
    }
}
