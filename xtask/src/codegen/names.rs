//! Rust names of wire names.

/// `response.output_audio.delta` becomes `ResponseOutputAudioDelta`, `IN_PROGRESS` becomes
/// `InProgress`; digits on both sides of a separator stay apart, so that `2.1` and `21` remain two
/// names.
pub(crate) fn variant(wire: &str) -> String {
    let shouted = !wire.chars().any(|letter| letter.is_ascii_lowercase());
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
        name.push(match (boundary, shouted) {
            (true, _) => letter.to_ascii_uppercase(),
            (false, true) => letter.to_ascii_lowercase(),
            (false, false) => letter,
        });
        boundary = false;
    }
    name
}

/// The words that all of these shouted names begin with, up to and with the last underscore.
pub(crate) fn shared_prefix<'a>(wires: &[&'a str]) -> &'a str {
    let shouted = |wire: &&str| !wire.chars().any(|letter| letter.is_ascii_lowercase());
    let [first, _, ..] = wires else { return "" };
    if !wires.iter().all(shouted) {
        return "";
    }
    let mut prefixes = first
        .match_indices('_')
        .rev()
        .filter_map(|(at, _)| first.get(..=at));
    let shared = prefixes.find(|prefix| wires.iter().all(|wire| wire.starts_with(prefix)));
    shared.unwrap_or_default()
}

/// `turnComplete` becomes `turn_complete`; other spellings stay.
pub(crate) fn snake(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len() + 4);
    for letter in wire.chars() {
        if letter.is_ascii_uppercase() {
            if !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        } else {
            name.push(letter);
        }
    }
    name
}

/// Field name: `type` is a keyword that has a good word in its place.
pub(crate) fn field(wire: &str) -> String {
    let mut name = snake(wire);
    name.retain(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    match name.as_str() {
        "type" => "kind".to_owned(),
        "enum" | "ref" | "final" | "static" | "match" | "in" | "default" | "mod" => name + "_",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{field, shared_prefix, snake, variant};

    #[test]
    fn wire_names_become_rust_names() {
        for (wire, rust) in [
            ("response.output_audio.delta", "ResponseOutputAudioDelta"),
            ("IN_PROGRESS", "InProgress"),
            ("gpt-realtime-2.1-mini", "GptRealtime2_1Mini"),
            ("30m", "N30m"),
        ] {
            assert_eq!(variant(wire), rust);
        }
        assert_eq!(snake("turnComplete"), "turn_complete");
        assert_eq!(field("type"), "kind");
    }

    #[test]
    fn a_prefix_that_all_share_says_nothing() {
        assert_eq!(
            shared_prefix(&["MODE_UNSPECIFIED", "MODE_DYNAMIC"]),
            "MODE_"
        );
        assert_eq!(shared_prefix(&["MODE_UNSPECIFIED", "SMART"]), "");
        assert_eq!(shared_prefix(&["a_b", "a_c"]), "");
    }
}
