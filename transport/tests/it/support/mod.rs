//! A provider with a wire of plain words, so that a test reads like a conversation.

pub(crate) mod bench;
pub(crate) mod dice;
pub(crate) mod ledger;
pub(crate) mod loopback;
pub(crate) mod recorded;
pub(crate) mod rig;
pub(crate) mod words;

pub(crate) use self::{bench::Bench, words::Words};
