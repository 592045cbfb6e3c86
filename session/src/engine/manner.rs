//! How a conversation behaves, read once from capabilities and configuration.

use antiphon_protocol::{
    AudioFormat, Capabilities, ConfigField, ContextKind, FollowUp, Resume, SessionConfig,
    TurnDetection,
};

/// How the conversation behaves.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// Whether a response can be asked for; else the model alone decides when it speaks.
    pub(super) create: bool,
    /// Whether the caller wants this side to ask the model to go on.
    pub(super) wants_follow_up: bool,
    /// How the model is told what is not the user's, where the wire has a way of its own.
    pub(super) context: Option<ContextKind>,
    /// Whether a response can be asked for only once every call is answered.
    pub(super) answers_first: bool,
    /// The same for what the model need not speak of at once.
    pub(super) knowledge: Option<ContextKind>,
    /// Whether a resumed connection begins with the instructions of its configuration alone, so that
    /// orders given since must be given again.
    pub(super) renews_orders: bool,
    /// Whether a response can be stopped.
    pub(super) cancel: bool,
    pub(super) truncate: bool,
    pub(super) delete: bool,
    /// Whether each end of the user's turn starts a response by itself.
    pub(super) auto_response: bool,
    /// Whether the user's speech interrupts the model by itself.
    pub(super) auto_interrupt: bool,
    /// Whether this side must ask the model to go on after tool results.
    pub(super) follow_up: bool,
    pub(super) format: AudioFormat,
}

impl Manner {
    pub(super) fn new(caps: &Capabilities, config: &SessionConfig, follow_up: bool) -> Self {
        let (auto_response, auto_interrupt) = detection(config.turn_detection.as_ref());
        Self {
            create: caps.create_response,
            answers_first: caps.answers_first,
            wants_follow_up: follow_up,
            context: context(&caps.contexts, ContextKind::Instructions),
            knowledge: context(&caps.contexts, ContextKind::Thinking),
            renews_orders: caps.resume != Resume::None
                && caps.live_fields.contains(&ConfigField::Instructions)
                && caps.contexts.contains(&ContextKind::Instructions),
            cancel: caps.cancel,
            truncate: caps.truncate,
            delete: caps.delete_items,
            auto_response,
            auto_interrupt: auto_interrupt && caps.server_interrupts,
            follow_up: follow_up && caps.create_response && caps.follow_up == FollowUp::Explicit,
            format: caps.output_format(config),
        }
    }
}

/// The best way there is; of the others the first will do.
fn context(contexts: &[ContextKind], best: ContextKind) -> Option<ContextKind> {
    contexts
        .iter()
        .copied()
        .find(|kind| *kind == best)
        .or_else(|| contexts.first().copied())
}

/// Whether turns start responses, and speech interrupts them, without a word from this side. The
/// provider's default, where nothing is set, is detection by the server.
fn detection(detection: Option<&TurnDetection>) -> (bool, bool) {
    match detection {
        Some(
            TurnDetection::ServerVad {
                create_response,
                interrupt_response,
                ..
            }
            | TurnDetection::SemanticVad {
                create_response,
                interrupt_response,
                ..
            },
        ) => (
            create_response.unwrap_or(true),
            interrupt_response.unwrap_or(true),
        ),
        Some(TurnDetection::Manual) => (false, false),
        _ => (true, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_does_by_itself_follows_from_turn_detection() {
        let vad = |create_response, interrupt_response| TurnDetection::SemanticVad {
            eagerness: None,
            create_response,
            interrupt_response,
        };
        let rows = [
            (None, (true, true)),
            (Some(TurnDetection::Manual), (false, false)),
            (Some(TurnDetection::server_vad()), (true, true)),
            (Some(vad(Some(false), None)), (false, true)),
            (Some(vad(None, Some(false))), (true, false)),
        ];
        for (given, expected) in rows {
            assert_eq!(detection(given.as_ref()), expected, "{given:?}");
        }
    }
}
