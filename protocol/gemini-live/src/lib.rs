#![doc = include_str!("../README.md")]

mod generated;

pub use generated::{
    client::*,
    content::*,
    proto::{Int64, ProtoDuration},
    rest::*,
    server::*,
    setup::*,
    tools::*,
    wire::{DecodeError, Degraded, Extra, Limits, Misfit, Nullable, Raw, RawEvent, Secret},
};
