//! The end, which wins over everything else.

use antiphon_protocol::{Closer, End, Ended, EndedCause, How, PeerText, Refusal, Time};

use super::{
    Link, LinkOutput, Receipt, Undelivered,
    connection::{Connection, Life},
    defect::Defect,
    state::{Attempt, Closing},
};
use crate::{CloseRequest, WireAction};

impl Link {
    pub(super) fn close(&mut self, now: Time, request: CloseRequest) {
        if self.closed && !self.has(Defect::ClosedTwice) {
            return;
        }
        if self.has(Defect::CloseWaits) && matches!(self.attempt, Attempt::Waiting { .. }) {
            return;
        }
        let default = now + self.capabilities.close_drain + self.config.close_slack;
        let wanted = request.deadline.unwrap_or(default);
        let deadline = match &mut self.closing {
            Some(closing) => {
                closing.deadline = closing.deadline.min(wanted);
                closing.deadline
            }
            None => {
                self.closing = Some(Closing {
                    deadline: wanted,
                    dropped: request.dropped,
                });
                wanted
            }
        };
        self.drop_attempt();
        self.drop_retired();
        match &mut self.current {
            None => self.finish_closing(None),
            // A wire that has stopped taking bytes takes no goodbye either.
            Some(current) if current.is_stuck(now) => self.finish_closing(None),
            Some(current) => {
                let generation = current.generation;
                if let Life::Draining { goodbye, until } = &mut current.life {
                    *until = (*until).min(deadline);
                    *goodbye = goodbye.map(|goodbye| goodbye.min(deadline));
                } else {
                    self.drain(now, generation, deadline);
                }
            }
        }
    }

    fn drop_attempt(&mut self) {
        if let Attempt::Open(next) = std::mem::replace(&mut self.attempt, Attempt::None) {
            if !self.has(Defect::AbortForgotten) {
                self.act(WireAction::Abort {
                    generation: next.generation,
                });
            }
            self.give_back(*next);
        }
    }

    /// The last wire is gone after a close was asked for.
    pub(super) fn finish_closing(&mut self, end: Option<&End>) {
        let dropped = self.closing.as_ref().is_some_and(|closing| closing.dropped);
        let cause = if dropped {
            EndedCause::Dropped
        } else {
            EndedCause::Closed
        };
        self.finish(cause, end, None);
    }

    /// Ends the link for a reason of this side's own.
    pub(super) fn fail(&mut self, _now: Time, cause: EndedCause, words: &str) {
        self.finish(cause, None, Some(words));
    }

    /// Ends the link. Whatever is still open is dropped.
    pub(super) fn finish(&mut self, cause: EndedCause, end: Option<&End>, words: Option<&str>) {
        if self.closed && !self.has(Defect::ClosedTwice) {
            return;
        }
        self.drop_attempt();
        self.drop_retired();
        if let Some(current) = self.current.take() {
            self.act(WireAction::Abort {
                generation: current.generation,
            });
            self.give_back(current);
        }
        self.closed = true;
        self.report();
        let ended = self.ended(cause, end, words);
        self.up(LinkOutput::Closed(ended));
    }

    fn ended(&self, cause: EndedCause, end: Option<&End>, words: Option<&str>) -> Ended {
        let mut ended = Ended::local(cause);
        ended.state_kept = self.handle.is_kept();
        ended.retry_could_help = matches!(cause, EndedCause::BudgetSpent(_));
        if let Some(words) = words {
            ended.reason = PeerText::new(words);
        }
        if let Some(end) = end {
            ended.stage = Some(end.stage);
            ended.code = end.code;
            ended.status = end.status;
            // A refusal's body may be kept at length; a sentence of it is enough as the reason.
            ended.reason = PeerText::new(end.reason.as_str());
            if end.how == How::Status {
                ended.refusal = Some(Box::new(Refusal {
                    headers: end.headers.clone(),
                    body: end.reason.clone(),
                }));
            }
            if ended.reason.is_empty()
                && let Some(error) = &end.last_error
            {
                ended.reason = error.message.clone();
            }
            if !ended.is_orderly() {
                ended.by = closer(end.how);
            }
        }
        ended
    }

    /// Gives the commands of a wire that is gone back to the layer above.
    pub(super) fn give_back(&mut self, mut connection: Connection) {
        while let Some(unsettled) = connection.outbox.take_back()
            && !self.has(Defect::ReceiptForgotten)
        {
            self.up(LinkOutput::Receipt {
                id: unsettled.id,
                receipt: Receipt::Undelivered {
                    command: unsettled.command,
                    why: Undelivered::Lost,
                },
            });
        }
    }
}

const fn closer(how: How) -> Closer {
    match how {
        How::CloseFrame | How::Status | How::Refused | How::Protocol | How::TooLarge => {
            Closer::Peer
        }
        How::Token | How::Address => Closer::Local,
        _ => Closer::Network,
    }
}
