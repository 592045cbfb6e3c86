//! Bounds on what the model may ask for.

use std::{collections::VecDeque, time::Duration};

use antiphon_protocol::Time;

/// At most this many calls within any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateCap {
    /// Most calls.
    pub calls: usize,
    /// In any span of this length.
    pub per: Duration,
}

impl RateCap {
    /// Whether one more may start now; counts it if so.
    pub(super) fn admits(self, starts: &mut VecDeque<Time>, now: Time) -> bool {
        while starts.front().is_some_and(|start| now - *start >= self.per) {
            starts.pop_front();
        }
        let admits = starts.len() < self.calls;
        if admits {
            starts.push_back(now);
        }
        admits
    }
}

/// Bounds on the calls of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolLimits {
    /// Most calls that run at a time. 8.
    pub at_once: usize,
    /// Most calls that are open at a time; further ones are answered as busy. 256.
    pub calls: usize,
    /// Most calls that begin within a span of time. 120 a minute.
    pub rate: RateCap,
    /// How long an approval may take. 60 s.
    pub approval: Duration,
    /// How long work that was told to stop has to come to rest before it is dropped. 5 s.
    pub grace: Duration,
}

impl Default for ToolLimits {
    fn default() -> Self {
        Self {
            at_once: 8,
            calls: 256,
            rate: RateCap {
                calls: 120,
                per: Duration::from_secs(60),
            },
            approval: Duration::from_secs(60),
            grace: Duration::from_secs(5),
        }
    }
}
