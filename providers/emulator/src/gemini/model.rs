//! What the models of the service differ in.

use super::{Service, refusal::Refusal};

/// A model, read from its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    /// As in `gemini-3.8-live`: 3 and 8.
    version: (u8, u8),
    extended_thinking: bool,
    native_audio: bool,
}

impl Model {
    /// Reads a resource name: `models/…` on the Developer API, `projects/…` or `publishers/…` on
    /// Vertex.
    ///
    /// # Errors
    /// When the name is not of that form, or names no model that speaks this protocol.
    pub(super) fn read(name: &str, service: Service, version: &str) -> Result<Self, Refusal> {
        let expected: &[&str] = match service {
            Service::Developer => &["models/"],
            Service::Vertex => &["projects/", "publishers/"],
        };
        if !expected.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(Refusal::value("setup.model", "RESOURCE_NAME", name));
        }
        let last = name.rsplit('/').next().unwrap_or_default();
        Self::known(last).ok_or_else(|| Refusal::no_model(name, version))
    }

    fn known(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("gemini-")?;
        let numbers = rest.strip_prefix("live-").unwrap_or(rest);
        let (major, rest) = numbers.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let native_audio = name.contains("native-audio");
        let live =
            native_audio || name.contains("live") || name.starts_with("gemini-2.0-flash-exp");
        live.then_some(Self {
            version: (major.parse().ok()?, minor.parse().ok()?),
            extended_thinking: name.contains("extended-thinking"),
            native_audio,
        })
    }

    /// Whether each turn of a content must say who speaks.
    pub(super) fn needs_roles(&self) -> bool {
        self.version >= (3, 1)
    }

    /// Whether `clientContent` is refused once the model has had a turn.
    pub(super) fn refuses_late_content(&self) -> bool {
        self.version == (3, 1)
    }

    /// Whether `contextUpdate` exists.
    pub(super) fn updates_context(&self) -> bool {
        self.version >= (3, 8)
    }

    /// Whether a turn that issues calls ends at once, and what the model makes of the answers comes in
    /// a later turn.
    pub(super) fn ends_turn_with_calls(&self) -> bool {
        self.version >= (3, 8)
    }

    /// Whether calls wait for their answers when their declaration says nothing.
    pub(super) fn blocks_by_default(&self) -> bool {
        self.version < (3, 8)
    }

    /// Whether an answer that interrupts waits until the caller has spoken.
    pub(super) fn waits_for_the_caller(&self) -> bool {
        self.version >= (3, 8)
    }

    /// Whether several turns may belong to one request, told apart by `interactionStatus`.
    pub(super) fn thinks_at_length(&self) -> bool {
        self.extended_thinking
    }

    /// Whether a thinking level must not be given.
    pub(super) fn refuses_thinking_level(&self, service: Service) -> bool {
        self.version >= (3, 8) && !self.extended_thinking && service == Service::Developer
    }

    /// Whether the model answers in audio only.
    pub(super) fn only_speaks(&self) -> bool {
        self.native_audio
    }

    /// Whether `setupComplete` names the session.
    pub(super) fn names_session(&self, service: Service) -> bool {
        service == Service::Vertex || self.version >= (3, 8)
    }

    /// Whether audio has been seen to end sessions while a tool is pending.
    pub(super) fn trips_over_audio(&self) -> bool {
        self.version == (3, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_from_their_names() {
        let rows = [
            (
                "gemini-live-2.5-flash-preview",
                Some(((2, 5), false, false)),
            ),
            (
                "gemini-2.5-flash-native-audio-preview-09-2025",
                Some(((2, 5), false, true)),
            ),
            ("gemini-2.0-flash-live-001", Some(((2, 0), false, false))),
            ("gemini-2.0-flash-exp", Some(((2, 0), false, false))),
            (
                "gemini-3.1-flash-live-preview",
                Some(((3, 1), false, false)),
            ),
            ("gemini-3.8-live", Some(((3, 8), false, false))),
            (
                "gemini-3.8-live-extended-thinking",
                Some(((3, 8), true, false)),
            ),
            ("gemini-3.8-pro", None),
            ("gemini-live", None),
            ("gpt-realtime", None),
        ];
        for (name, expected) in rows {
            let model = Model::known(name);
            let read = model.map(|m| (m.version, m.extended_thinking, m.native_audio));
            assert_eq!(read, expected, "{name}");
        }
    }

    #[test]
    fn a_name_has_the_form_of_its_service() {
        use Service::{Developer, Vertex};
        let rows = [
            ("models/gemini-3.8-live", Developer, None),
            ("gemini-3.8-live", Developer, Some(1007)),
            ("models/gemini-3.8-pro", Developer, Some(1008)),
            ("publishers/google/models/gemini-3.8-live", Vertex, None),
            (
                "projects/p/locations/l/publishers/google/models/gemini-3.8-live",
                Vertex,
                None,
            ),
            ("models/gemini-3.8-live", Vertex, Some(1007)),
        ];
        for (name, service, code) in rows {
            let refusal = Model::read(name, service, "v1beta").err();
            assert_eq!(
                refusal.map(|refusal| refusal.code),
                code,
                "{name} {service:?}"
            );
        }
    }
}
