//! The secrets, and every form in which they may show up.

use std::fmt::Write as _;

use antiphon_protocol::Secret;

pub(crate) const KEY: &str = "sk-canary/key+4711=";
pub(crate) const EPHEMERAL: &str = "ek-canary/ephemeral+4712=";
pub(crate) const OAUTH: &str = "ya29.canary/oauth+4713=";
pub(crate) const PASSWORD: &str = "canary:proxy/p@ss+4714";
pub(crate) const HANDLE: &str = "canary/resume+handle=0815";

/// Each secret in its forms: as it is, as URLs and JSON write it, in base64 of either alphabet, as a
/// list of bytes, and as the middle of a longer base64.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let percent = |upper: bool| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(byte.into());
            } else if upper {
                write!(text, "%{byte:02X}").unwrap();
            } else {
                write!(text, "%{byte:02x}").unwrap();
            }
            text
        })
    };
    let bytes = format!("{:?}", secret.as_bytes());
    let mut forms = vec![
        secret.to_owned(),
        percent(true),
        percent(false),
        secret.replace('/', "\\/"),
        bytes.trim_matches(['[', ']']).to_owned(),
    ];
    for before in ["", "u", "us"] {
        let base64 = base64_simd::STANDARD.encode_to_string(format!("{before}{secret}"));
        // Neighbours change the characters at both ends.
        let core = base64.get(4..base64.len() - 4).unwrap().to_owned();
        forms.push(core.replace('+', "-").replace('/', "_"));
        forms.push(core);
    }
    forms
}

/// What a peer may make of a secret that it repeats.
pub(crate) fn echoes(secret: &str) -> Vec<String> {
    let mut echoes: Vec<String> = forms(secret).into_iter().take(4).collect();
    for before in ["", "u:", "user:", "Bearer "] {
        let base64 = base64_simd::STANDARD.encode_to_string(format!("{before}{secret}"));
        echoes.push(base64.replace('+', "-").replace('/', "_"));
        echoes.push(base64);
    }
    echoes
}

/// The secret that `text` shows, in whatever form.
pub(crate) fn shown<'a>(text: &str, secrets: &[&'a str]) -> Option<&'a str> {
    secrets
        .iter()
        .copied()
        .find(|secret| forms(secret).iter().any(|form| text.contains(form)))
}

/// Fails when `text` shows any secret.
pub(crate) fn clean(what: &str, text: &str) -> Result<(), String> {
    match shown(text, &[KEY, EPHEMERAL, OAUTH, PASSWORD, HANDLE]) {
        None => Ok(()),
        Some(secret) => Err(format!("{what} shows {secret}: {text}")),
    }
}

/// The same for an error: its words, its debug forms, and the same of everything it stems from.
pub(crate) fn clean_error(what: &str, error: &dyn std::error::Error) -> Result<(), String> {
    let mut next = Some(error);
    while let Some(error) = next {
        clean(what, &format!("{error} {error:?} {error:#?}"))?;
        next = error.source();
    }
    Ok(())
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::from(text)
}
