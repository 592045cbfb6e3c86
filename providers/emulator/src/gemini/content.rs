//! `clientContent`: what the client puts into the conversation as a whole.

use antiphon_gemini_live_types::{ClientContent, Content, Part};
use antiphon_protocol::Time;

use super::{Connection, refusal::Refusal, tools, usage::Tokens};

impl Connection {
    pub(super) fn take_content(
        &mut self,
        now: Time,
        content: &ClientContent,
    ) -> Result<(), Refusal> {
        let turns = content.turns.as_deref().unwrap_or_default();
        for (at, turn) in turns.iter().enumerate() {
            self.check_role(turn, at)?;
        }
        if self.config.model.refuses_late_content() && self.turns > 0 {
            let reason = "'client_content' is not accepted after the first turn of this model; use \
                          'realtime_input.text'.";
            return Err(Refusal::invalid(reason));
        }
        let complete = content.turn_complete == Some(true);
        if !self.history {
            self.yield_to_caller(now);
        }
        for turn in turns {
            self.remember(turn);
        }
        if !complete {
            return Ok(());
        }
        // History that is handed over is not answered; what comes after it is.
        if !std::mem::take(&mut self.history) {
            self.respond(now);
        }
        Ok(())
    }

    fn check_role(&self, turn: &Content, at: usize) -> Result<(), Refusal> {
        match turn.role.as_deref().unwrap_or_default() {
            "user" | "model" | "function" | "system" => Ok(()),
            "" if !self.config.model.needs_roles() => Ok(()),
            _ => Err(Refusal::invalid(format!(
                "Please use a valid role: user, model. (client_content.turns[{at}].role)"
            ))),
        }
    }

    /// Puts one turn into the conversation. Turns of the caller move the script on; what the model
    /// said or called is not said or called again.
    fn remember(&mut self, turn: &Content) {
        let parts = turn.parts.as_deref().unwrap_or_default();
        let words: Vec<&str> = parts
            .iter()
            .filter_map(|part| part.text.as_deref())
            .collect();
        let words = words.join(" ");
        self.context += Tokens::of_text(&words);
        for part in parts {
            self.remember_tool(part);
        }
        let is_answer = parts.iter().any(|part| part.function_response.is_some());
        match turn.role.as_deref().unwrap_or_default() {
            "model" if !words.is_empty() => self.story.skip_answer(),
            "model" | "function" | "system" => {}
            _ if is_answer => {}
            _ => {
                let words = Some(words).filter(|words| !words.is_empty());
                self.story.hear(words);
            }
        }
    }

    fn remember_tool(&mut self, part: &Part) {
        if let Some(call) = &part.function_call {
            let arguments = serde_json::to_string(&call.args).unwrap_or_default();
            self.context += Tokens::of_text(&arguments);
            self.story.recall(&arguments);
        }
        if let Some(response) = &part.function_response {
            let output = tools::output_of(response);
            self.context += Tokens::of_text(&output);
            self.story.answered(&output);
        }
    }
}
