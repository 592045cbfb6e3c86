//! Finds the members of JSON objects that hold secrets. It needs no well-formed JSON, because broken
//! frames are recorded too.

use crate::scrub::REDACTED;

/// Names of such members, in lower case and without `_` and `-`.
const SECRET: &[&str] = &[
    "accesstoken",
    "apikey",
    "authorization",
    "clientsecret",
    "ephemeralkey",
    "handle",
    "idtoken",
    "newhandle",
    "password",
    "refreshtoken",
    "secret",
    "token",
];

/// The text with the strings of secret members replaced: their values, and every string inside of
/// their values. `found` is told each.
pub(super) fn without_secrets(text: &str, mut found: impl FnMut(&str)) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut depth: usize = 0;
    // How deep it is inside the value of a secret member, if it is.
    let mut inside: Option<usize> = None;
    let mut named = false;
    while let Some((between, quoted)) = rest.split_once('"') {
        for c in between.chars() {
            match c {
                '{' | '[' => {
                    depth += 1;
                    if named {
                        inside = inside.or(Some(depth));
                    }
                    named = false;
                }
                '}' | ']' => {
                    inside = inside.filter(|opened| depth > *opened);
                    depth = depth.saturating_sub(1);
                }
                ',' => named = false,
                _ => {}
            }
        }
        let (word, after) = quoted.split_at(end_of_string(quoted));
        rest = after.strip_prefix('"').unwrap_or_default();
        let is_name = rest.trim_start().starts_with(':');
        let is_secret = !is_name && (named || inside.is_some());
        clean.push_str(between);
        clean.push('"');
        if is_secret && !word.is_empty() {
            found(word);
            clean.push_str(REDACTED);
        } else {
            clean.push_str(word);
        }
        if !after.is_empty() {
            clean.push('"');
        }
        named = is_name && is_secret_name(word);
    }
    clean.push_str(rest);
    clean
}

fn is_secret_name(word: &str) -> bool {
    let word: String = word
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET.contains(&word.as_str())
}

/// The place of the quote that ends a JSON string, or the end of the text.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_members_are_taken_out_wherever_they_stand() {
        for (given, kept, secrets) in [
            (r#"{"type":"x","n":1}"#, r#"{"type":"x","n":1}"#, &[][..]),
            (
                r#"{"sessionResumptionUpdate":{"newHandle":"h-1","resumable":true}}"#,
                r#"{"sessionResumptionUpdate":{"newHandle":"[redacted]","resumable":true}}"#,
                &["h-1"],
            ),
            (
                r#"{"token" : "a\"b", "x":"2"}"#,
                r#"{"token" : "[redacted]", "x":"2"}"#,
                &[r#"a\"b"#],
            ),
            (r#"["token","y"]"#, r#"["token","y"]"#, &[]),
            (
                r#"{"token":null,"k":"token"}"#,
                r#"{"token":null,"k":"token"}"#,
                &[],
            ),
            (
                r#"{"client_secret":{"value":"ek-1","n":[{"x":"ek-2"}]},"after":"y"}"#,
                r#"{"client_secret":{"value":"[redacted]","n":[{"x":"[redacted]"}]},"after":"y"}"#,
                &["ek-1", "ek-2"],
            ),
            (
                r#"{"Api-Key":"k","Access_Token":"t"}"#,
                r#"{"Api-Key":"[redacted]","Access_Token":"[redacted]"}"#,
                &["k", "t"],
            ),
            (
                r#"{"handle":"cut off"#,
                r#"{"handle":"[redacted]"#,
                &["cut off"],
            ),
            (r#"{"handle":""}"#, r#"{"handle":""}"#, &[]),
            (r#"not "json" at all"#, r#"not "json" at all"#, &[]),
            (
                "]]}}\"token\":\"x\"",
                "]]}}\"token\":\"[redacted]\"",
                &["x"],
            ),
        ] {
            let mut found = Vec::new();
            let clean = without_secrets(given, |secret| found.push(secret.to_owned()));
            assert_eq!(
                (clean.as_str(), found.as_slice()),
                (
                    kept,
                    &*secrets.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()
                )
            );
        }
    }
}
