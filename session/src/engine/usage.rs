//! What the session has used, counted once.
//!
//! Providers count in two ways: what a response or a span has used, or all that a connection has used
//! so far. A total of the second kind takes the place of the one before it, and starts anew with each
//! connection. A response that is told of twice is counted once.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_protocol::{Allowance, Counting, Event, ResponseId, Time, Usage};
use serde::{Deserialize, Serialize};

/// Responses whose usage is remembered apart.
const RESPONSES: usize = 256;

/// What usage costs, by the caller's own table.
///
/// Closures are prices: `|model: &str, usage: &Usage| 5 * usage.total()`.
pub trait Prices: Send + Sync {
    /// What `usage` of `model` costs, in millionths of the caller's currency. Called with what was
    /// added each time, so that a change of model in mid-session is priced right.
    fn price(&self, model: &str, usage: &Usage) -> u64;
}

impl<F: Fn(&str, &Usage) -> u64 + Send + Sync> Prices for F {
    fn price(&self, model: &str, usage: &Usage) -> u64 {
        self(model, usage)
    }
}

/// What a session may use. What is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Budget {
    /// Tokens of both directions.
    pub tokens: Option<u64>,
    /// Money, in the millionths that [`Prices`] counts.
    pub money: Option<u64>,
    /// Time since the session was first ready.
    pub time: Option<Duration>,
}

impl Budget {
    /// At most this many tokens.
    #[must_use]
    pub fn tokens(mut self, tokens: u64) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// At most this much money, in millionths.
    #[must_use]
    pub fn money(mut self, millionths: u64) -> Self {
        self.money = Some(millionths);
        self
    }

    /// At most this long.
    #[must_use]
    pub fn time(mut self, span: Duration) -> Self {
        self.time = Some(span);
        self
    }
}

/// What a session has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageTotals {
    /// All of it, by direction and modality.
    pub total: Usage,
    /// Responses that reported usage.
    pub responses: u64,
    /// What it costs, in the millionths that [`Prices`] counts; 0 without prices.
    pub cost: u64,
    /// How much of the context window is in use, in hundredths, where the provider last said so.
    pub context_percent: Option<u8>,
}

/// What a session has used, response by response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UsageAccount {
    /// The sum, with what belongs to no response.
    pub totals: UsageTotals,
    /// The last 256 responses that reported usage, oldest first.
    pub responses: Vec<(Option<ResponseId>, Usage)>,
}

/// The account, kept.
pub(crate) struct UsageLedger {
    prices: Option<Arc<dyn Prices>>,
    budget: Budget,
    totals: UsageTotals,
    responses: VecDeque<(Option<ResponseId>, Usage)>,
    /// What another process has counted.
    counted: Vec<ResponseId>,
    /// The last running total of the live connection.
    running: Usage,
    /// That of the connection before it, which may still tell of more.
    past: Usage,
    since: Option<Time>,
}

impl UsageLedger {
    pub(crate) fn new(prices: Option<Arc<dyn Prices>>, budget: Budget) -> Self {
        Self {
            prices,
            budget,
            totals: UsageTotals::default(),
            responses: VecDeque::new(),
            counted: Vec::new(),
            running: Usage::default(),
            past: Usage::default(),
            since: None,
        }
    }

    /// Goes on from an account of another process, which has counted these responses.
    pub(crate) fn restore(&mut self, totals: UsageTotals, counted: Vec<ResponseId>) {
        self.totals = totals;
        self.counted = counted;
    }

    /// The responses that are not to be counted again, oldest first.
    pub(crate) fn counted(&self) -> Vec<ResponseId> {
        let here = self.responses.iter().filter_map(|(id, _)| id.clone());
        let mut counted: Vec<_> = self.counted.iter().cloned().chain(here).collect();
        let over = counted.len().saturating_sub(RESPONSES);
        counted.drain(..over);
        counted
    }

    /// A connection is ready: its running total starts from nothing.
    pub(crate) fn connected(&mut self, now: Time) {
        self.past = std::mem::take(&mut self.running);
        self.since.get_or_insert(now);
    }

    /// Takes in what an event says about usage.
    pub(crate) fn note(&mut self, model: &str, event: &Event) {
        match event {
            Event::ResponseDone(done) => {
                if let Some(usage) = &done.usage {
                    self.response(model, done.response.as_ref(), usage);
                }
            }
            Event::Usage(report) => {
                let added = match report.counting {
                    Counting::Increment => report.usage,
                    Counting::Cumulative => {
                        let added = report.usage.since(&self.running);
                        self.running = report.usage;
                        added
                    }
                };
                self.add(model, &added);
                if let Some(share) = report.context_used.filter(|share| share.is_finite()) {
                    self.totals.context_percent = Some(percent(share));
                }
            }
            _ => {}
        }
    }

    /// Takes in what a connection that was let go still says about usage.
    pub(crate) fn note_past(&mut self, model: &str, event: &Event) {
        std::mem::swap(&mut self.running, &mut self.past);
        self.note(model, event);
        std::mem::swap(&mut self.running, &mut self.past);
    }

    fn response(&mut self, model: &str, response: Option<&ResponseId>, usage: &Usage) {
        let known = response.is_some_and(|response| {
            let here = |(known, _): &(Option<ResponseId>, Usage)| known.as_ref() == Some(response);
            self.counted.contains(response) || self.responses.iter().any(here)
        });
        if known {
            return;
        }
        self.responses.push_back((response.cloned(), *usage));
        if self.responses.len() > RESPONSES {
            self.responses.pop_front();
        }
        self.totals.responses = self.totals.responses.saturating_add(1);
        self.add(model, usage);
    }

    fn add(&mut self, model: &str, usage: &Usage) {
        self.totals.total.add(usage);
        if let Some(prices) = &self.prices {
            self.totals.cost = self.totals.cost.saturating_add(prices.price(model, usage));
        }
    }

    pub(crate) fn totals(&self) -> UsageTotals {
        self.totals
    }

    pub(crate) fn account(&self) -> UsageAccount {
        UsageAccount {
            totals: self.totals,
            responses: self.responses.iter().cloned().collect(),
        }
    }

    /// What is used up by `now`.
    pub(crate) fn spent(&self, now: Time) -> Option<Allowance> {
        let over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used >= limit);
        if over(self.budget.tokens, self.totals.total.total()) {
            Some(Allowance::Tokens)
        } else if over(self.budget.money, self.totals.cost) {
            Some(Allowance::Money)
        } else if self.poll_timeout().is_some_and(|end| end <= now) {
            Some(Allowance::Time)
        } else {
            None
        }
    }

    /// When the time will be used up.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        Some(self.since? + self.budget.time?)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to 100"
)]
fn percent(share: f64) -> u8 {
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

#[cfg(test)]
mod tests {
    use antiphon_protocol::{ModalityTokens, ResponseDone, ResponseStatus, UsageReport};

    use super::*;

    fn tokens(total: u64) -> Usage {
        Usage {
            output: ModalityTokens {
                total,
                ..ModalityTokens::default()
            },
            ..Usage::default()
        }
    }

    fn done(response: &str, total: u64) -> Event {
        Event::ResponseDone(ResponseDone {
            response: Some(response.into()),
            status: ResponseStatus::Completed,
            usage: Some(tokens(total)),
        })
    }

    fn so_far(total: u64) -> Event {
        Event::Usage(UsageReport {
            usage: tokens(total),
            counting: Counting::Cumulative,
            context_used: Some(0.256),
        })
    }

    fn ledger(budget: Budget) -> UsageLedger {
        let prices: Arc<dyn Prices> = Arc::new(|model: &str, usage: &Usage| {
            usage.total() * if model == "dear" { 10 } else { 1 }
        });
        UsageLedger::new(Some(prices), budget)
    }

    #[test]
    fn each_response_counts_once_and_at_the_price_of_its_model() {
        let mut ledger = ledger(Budget::default());
        ledger.connected(Time::ZERO);
        ledger.note("cheap", &done("a", 10));
        ledger.note("cheap", &done("a", 10));
        ledger.connected(Time::from_millis(5));
        ledger.note("dear", &done("a", 10));
        ledger.note("dear", &done("b", 5));
        let totals = ledger.totals();
        assert_eq!((totals.total.total(), totals.responses), (15, 2));
        assert_eq!(totals.cost, 10 + 50);
        assert_eq!(ledger.account().responses.len(), 2);
    }

    #[test]
    fn another_process_goes_on_from_what_this_one_has_counted() {
        let mut before = ledger(Budget::default());
        before.note("cheap", &done("a", 10));
        before.note("dear", &done("b", 1));
        let mut after = ledger(Budget::default());
        after.restore(before.totals(), before.counted());
        assert_eq!(after.totals(), before.totals());
        after.note("cheap", &done("a", 10));
        after.note("cheap", &done("c", 5));
        let totals = after.totals();
        assert_eq!((totals.total.total(), totals.responses), (16, 3));
        assert_eq!(totals.cost, 10 + 10 + 5);
        assert_eq!(after.counted(), ["a".into(), "b".into(), "c".into()]);
    }

    #[test]
    fn running_totals_are_told_from_increments_and_start_anew_with_a_connection() {
        let mut ledger = ledger(Budget::default());
        ledger.connected(Time::ZERO);
        for total in [10, 25, 25, 40] {
            ledger.note("m", &so_far(total));
        }
        assert_eq!(ledger.totals().total.total(), 40);
        ledger.connected(Time::ZERO);
        ledger.note("m", &so_far(7));
        assert_eq!(ledger.totals().total.total(), 47);
        ledger.note("m", &Event::Usage(tokens(3).into()));
        ledger.note("m", &so_far(9));
        assert_eq!(ledger.totals().total.total(), 52);
        assert_eq!(ledger.totals().context_percent, Some(26));
    }

    #[test]
    fn budgets_are_spent_by_tokens_by_money_and_by_time() {
        let budget = Budget::default();
        let mut tokens = ledger(budget.tokens(20));
        tokens.note("m", &done("a", 19));
        assert_eq!(tokens.spent(Time::ZERO), None);
        tokens.note("m", &done("b", 1));
        assert_eq!(tokens.spent(Time::ZERO), Some(Allowance::Tokens));

        let mut money = ledger(budget.money(100));
        money.note("dear", &done("a", 10));
        assert_eq!(money.spent(Time::ZERO), Some(Allowance::Money));

        let mut time = ledger(budget.time(Duration::from_secs(60)));
        assert_eq!(time.poll_timeout(), None, "it is not ready yet");
        time.connected(Time::from_millis(1000));
        time.connected(Time::from_millis(50_000));
        assert_eq!(time.spent(Time::from_millis(60_999)), None);
        assert_eq!(time.spent(Time::from_millis(61_000)), Some(Allowance::Time));
    }

    #[test]
    fn a_budget_of_one_kind_limits_no_other() {
        let mut free = ledger(Budget::default());
        free.connected(Time::ZERO);
        free.note("dear", &done("a", 1_000_000));
        assert_eq!(free.spent(Time::MAX), None);
        assert_eq!(free.poll_timeout(), None);
    }

    #[test]
    fn a_connection_that_was_let_go_still_counts_on_its_own_total() {
        let mut ledger = ledger(Budget::default());
        ledger.connected(Time::ZERO);
        ledger.note("m", &so_far(10));
        ledger.connected(Time::ZERO);
        ledger.note("m", &so_far(4));
        ledger.note_past("m", &so_far(12));
        assert_eq!(ledger.totals().total.total(), 16);
        ledger.note("m", &so_far(5));
        assert_eq!(ledger.totals().total.total(), 17);
    }

    #[test]
    fn the_last_responses_are_remembered_and_all_are_summed() {
        let mut ledger = ledger(Budget::default());
        let name = |n: usize| format!("r{n}");
        for n in 0..=RESPONSES {
            ledger.note("m", &done(&name(n), 1));
        }
        let account = ledger.account();
        assert_eq!(account.totals.total.total(), RESPONSES as u64 + 1);
        assert_eq!(account.responses.len(), RESPONSES);
        let remembered: Vec<ResponseId> = (1..=RESPONSES).map(|n| name(n).into()).collect();
        assert_eq!(ledger.counted(), remembered);
    }
}
