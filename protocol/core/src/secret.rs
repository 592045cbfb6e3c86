//! Text that must not be seen: keys, tokens, resume handles.

use std::fmt;

use zeroize::Zeroizing;

/// A credential or other secret text.
///
/// It has no `Display` and no `Serialize`, its `Debug` shows nothing, and its memory is wiped on
/// drop (best effort: what the caller held before is the caller's).
///
/// ```
/// use antiphon_protocol::Secret;
///
/// let key = Secret::from("sk-very-secret".to_owned());
/// assert_eq!(format!("{key:?}"), "Secret(..)");
/// ```
///
/// It cannot be printed by accident:
///
/// ```compile_fail,E0277
/// use antiphon_protocol::Secret;
///
/// println!("{}", Secret::from("sk-very-secret"));
/// ```
///
/// nor written into a file with the configuration around it:
///
/// ```compile_fail,E0277
/// use antiphon_protocol::Secret;
///
/// serde_json::to_string(&Secret::from("sk-very-secret"));
/// ```
///
/// nor taken for text where text is wanted:
///
/// ```compile_fail,E0308
/// use antiphon_protocol::Secret;
///
/// let text: &str = &Secret::from("sk-very-secret");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself. Name it where it must be spoken, and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::{Zeroize, ZeroizeOnDrop};

    use super::*;

    // faults: I16 by asking the compiler whether what holds the text wipes it when it goes
    #[test]
    fn the_text_of_a_secret_is_wiped() {
        fn wiped<T: ZeroizeOnDrop>(_held: &T) {}
        let mut secret = Secret::from("sk-very-secret");
        wiped(&secret.0);
        secret.0.zeroize();
        assert_eq!(secret.expose(), "");
    }
}
