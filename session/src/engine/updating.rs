//! Wishes to configure the session in another way, carried out.

use std::sync::Arc;

use antiphon_protocol::{
    Command, CommandId, ConfigField, Event, OpeningPlan, RawJson, SessionConfig, Time, Unsupported,
    UpdateOutcome,
};
use antiphon_transport::Receipt;

use super::{
    Effect, Engine, Outcome, Verb,
    update::{UpdateOut, Wish},
};
use crate::{SessionError, Update};

impl Engine {
    /// A caller wishes the session to be configured in another way.
    pub(super) fn update(&mut self, now: Time, id: CommandId, update: Update) {
        let Some((config, bridge, quiet_within)) = update.resolve(self.updates.desired()) else {
            let reason = "the description of the change panicked".into();
            return self.resolve(id, Outcome::Updated(UpdateOutcome::Failed { reason }));
        };
        if let Some(unsupported) = self.reformatted(&config) {
            let error = SessionError::Unsupported(Box::new(unsupported));
            return self.resolve(id, Outcome::Failed(error));
        }
        if let Err(reason) = self.check(&config, bridge.clone()) {
            let reason = reason.as_str().into();
            let outcome = UpdateOutcome::Failed { reason };
            return self.resolve(id, Outcome::Updated(outcome));
        }
        let wish = Wish {
            config,
            bridge,
            quiet_within,
        };
        let live = self.state.generation.is_some();
        self.updates.wish(now, id, wish, live);
    }

    /// What `config` would change that a running session cannot: the formats of the audio, in which
    /// everything is counted.
    fn reformatted(&self, config: &SessionConfig) -> Option<Unsupported> {
        let in_force = self.updates.in_force();
        let (now, then) = (
            self.provider.capabilities(&in_force.model),
            self.provider.capabilities(&config.model),
        );
        let (field, what) = if now.input_format(in_force) != then.input_format(config) {
            (ConfigField::InputFormat, "another input_format")
        } else if now.output_format(in_force) != then.output_format(config) {
            (ConfigField::OutputFormat, "another output_format")
        } else {
            return None;
        };
        Some(Unsupported {
            provider: self.provider.name(),
            model: config.model.clone(),
            field: Some(field),
            what: what.to_owned(),
            why: "the audio of a running session keeps its format; open another session".to_owned(),
        })
    }

    /// The same of a configuration that the caller sends by hand.
    pub(super) fn reformats(&self, verb: &Verb) -> Option<Unsupported> {
        match verb {
            Verb::Say(Command::Configure(config)) => self.reformatted(config),
            Verb::Say(Command::Native(frame)) => {
                let merged = self.provider.merge_native(self.updates.in_force(), frame)?;
                self.reformatted(&merged)
            }
            _ => None,
        }
    }

    /// Whether a connection could be opened like this: refused here, nothing has been let go.
    fn check(&self, config: &Arc<SessionConfig>, bridge: Option<String>) -> Result<(), String> {
        let plan = OpeningPlan {
            bridge,
            ordinal: self.planned,
            ..OpeningPlan::fresh(Arc::clone(config))
        };
        match self.provider.open(&plan) {
            Ok(_) => Ok(()),
            Err(unsupported) => Err(unsupported.to_string()),
        }
    }

    /// A native frame may configure the session, too: a later connection keeps what it changes.
    pub(super) fn merge_native(&mut self, id: CommandId, frame: &RawJson) {
        let provider = Arc::clone(&self.provider);
        if let Some(config) = provider.merge_native(self.updates.in_force(), frame) {
            self.updates.by_hand(id, Arc::new(config));
            self.updates
                .merge_pending(|pending| provider.merge_native(pending, frame));
        }
    }

    pub(super) fn on_update(&mut self, now: Time, output: UpdateOut) {
        match output {
            UpdateOut::Configure(id, config) => {
                self.on_effect(now, Effect::Ordered(id, Command::Configure(config)));
            }
            UpdateOut::InForce(config) => {
                let capabilities = self.provider.capabilities(&config.model);
                self.conversation.configured(&capabilities, &config);
                self.seed_limits = capabilities.seed_limits;
                self.seed_open_calls = capabilities.seed_open_calls;
                self.updates.able(&capabilities.live_fields);
            }
            UpdateOut::Bridge(words) => self.conversation.inform(now, words),
            UpdateOut::Tell(outcome) => self.deliver(now, Event::ConfigUpdated(outcome)),
            UpdateOut::Answer(callers, outcome) => {
                for caller in callers {
                    self.resolve(caller, Outcome::Updated(outcome.clone()));
                }
            }
        }
    }

    /// Returns whether the receipt was of a configuration that this side sent.
    pub(super) fn on_update_receipt(
        &mut self,
        now: Time,
        id: CommandId,
        receipt: &Receipt,
    ) -> bool {
        match receipt {
            Receipt::Written => self.updates.written(now, id),
            Receipt::Acknowledged => self.updates.accepted(id, true),
            Receipt::Rejected(error) => self.updates.refused(now, id, error),
            Receipt::Unsupported(_) | Receipt::Undelivered { .. } => self.updates.returned(id),
            _ => false,
        }
    }

    /// Ordered commands that could not even wait: of a configuration the next connection takes care.
    pub(super) fn full(&mut self, id: CommandId) {
        if !self.updates.returned(id) {
            self.fail(id, SessionError::Full);
        }
    }
}
