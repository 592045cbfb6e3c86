//! Results of tools: answers of calls that wait, and what comes late.

use antiphon_protocol::{Command, CommandId, Event, Time, ToolResult};

use super::{By, Conversation, Defect, Effect, LateResults, Outcome};
use crate::Delivery;

impl Conversation {
    /// The caller gives results, all of which are taken or none.
    pub(super) fn results(&mut self, now: Time, id: CommandId, results: Vec<ToolResult>) {
        let takes_late = self.late_results != LateResults::Refuse;
        let late = match self.ledger.answer(id, &results, takes_late) {
            Ok(late) => late,
            Err(error) => return self.fail(id, error.into()),
        };
        let (late, timely): (Vec<_>, Vec<_>) = results
            .into_iter()
            .partition(|result| late.contains(&result.call));
        let only_late = timely.is_empty() && !late.is_empty();
        if !only_late {
            for result in &timely {
                self.timeline.tool_answered(now, &result.call);
            }
            self.history.on_results(id, &timely);
            let at_once = self.manner.follow_up && self.ledger.interrupts(&timely);
            if self.flaw.is(Defect::AnsweredTwice) {
                let again = Effect::Ordered(self.own(), Command::ToolResults(timely.clone()));
                self.out.push_back(again);
            }
            self.out
                .push_back(Effect::Ordered(id, Command::ToolResults(timely)));
            if at_once {
                self.interrupt(now, By::Answer);
            }
        }
        if !late.is_empty() {
            let id = if only_late { id } else { self.own() };
            self.late(id, &late, only_late);
        }
    }

    /// Results whose calls are void; with `asked` somebody waits to hear of `id`.
    fn late(&mut self, id: CommandId, results: &[ToolResult], asked: bool) {
        let told = self.late_results == LateResults::Tell;
        for result in results {
            self.ledger.spend(id, &result.call);
            self.deliver(Event::LateResult {
                call: result.call.clone(),
                told,
            });
        }
        if told {
            let words: Vec<_> = results.iter().map(in_words).collect();
            self.tell_somehow(id, self.manner.knowledge, words.join("\n"));
        } else if asked {
            let nowhere = Delivery {
                command: id,
                acknowledged: false,
            };
            self.out
                .push_back(Effect::Resolve(id, Outcome::Delivered(nowhere)));
        }
    }
}

fn in_words(result: &ToolResult) -> String {
    let ToolResult { name, output, .. } = result;
    let outcome = if result.is_error {
        "failed"
    } else {
        "answered"
    };
    format!("The tool {name}, which was asked for earlier, has {outcome}: {output}")
}
