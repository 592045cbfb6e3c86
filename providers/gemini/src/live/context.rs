//! Words for the model that are not the user's. Each line of models has another way for them, and
//! some have none.

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{Command, Context, ContextKind, Sink, Unsupported};
use serde_json::{Map, Value};

use super::{
    codec::{LiveCodec, member},
    encode::{content, realtime},
    model::ClientContent,
    seed,
    service::Backend,
    setup::instruction,
};

/// The role that older models on Vertex take new instructions in.
const SYSTEM: &str = "system";
/// Most bytes of orders that are kept below the instructions.
const LARGEST_ORDERS: usize = 64 << 10;

impl LiveCodec {
    pub(super) fn context(
        &mut self,
        command: &Command,
        context: &Context,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        let refuse = |why: &str| Err(self.subject.command(command, why));
        if context.delegation.is_some() {
            return refuse("this wire knows no delegations; answer calls with tool results");
        }
        let text = context.text.as_str();
        let manner = self.rules.manner;
        match (context.kind, manner.client_content) {
            (ContextKind::Commentary, ClientContent::Always) => {
                content(vec![seed::told(text)], true, out);
            }
            (ContextKind::Commentary, ClientContent::Opening) => {
                realtime(wire::RealtimeInput::default().with_text(text), out);
            }
            (ContextKind::Thinking, ClientContent::Always) => {
                content(vec![seed::told(text)], false, out);
            }
            (ContextKind::Thinking, ClientContent::Opening) => {
                return refuse(
                    "this model answers every text; put it into the instructions, or into the \
                     answer of a tool",
                );
            }
            (ContextKind::Instructions, _) if manner.context_update => {
                return self.order(command, text, out);
            }
            (ContextKind::Instructions, ClientContent::Always)
                if manner.backend == Backend::Vertex =>
            {
                content(vec![seed::said(SYSTEM, text)], false, out);
            }
            (ContextKind::Instructions, _) => {
                return refuse(
                    "this model keeps the instructions it was opened with; change those of the \
                     configuration, which opens a new connection",
                );
            }
        }
        Ok(())
    }

    /// One more order. The wire replaces instructions as a whole, so that all are said again.
    fn order(
        &mut self,
        command: &Command,
        text: &str,
        out: &mut dyn Sink,
    ) -> Result<(), Unsupported> {
        if self.config.native.contains_key("systemInstruction") {
            return Err(self.subject.command(
                command,
                "the instructions are a native member; replace that instead",
            ));
        }
        if self.orders.len() + text.len() > LARGEST_ORDERS {
            return Err(self.subject.command(
                command,
                "there are too many orders; put them into the instructions of the configuration",
            ));
        }
        if !self.orders.is_empty() {
            self.orders.push_str("\n\n");
        }
        self.orders.push_str(text);
        let mut update = Map::new();
        update.insert("systemInstruction".to_owned(), self.instructions());
        out.send(member("contextUpdate", Value::Object(update)));
        Ok(())
    }

    /// The instructions with the orders below them.
    pub(super) fn instructions(&self) -> Value {
        let mut text = self.config.instructions.clone().unwrap_or_default();
        if !text.is_empty() && !self.orders.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&self.orders);
        serde_json::to_value(instruction(&text)).unwrap_or_default()
    }
}
