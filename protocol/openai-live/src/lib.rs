#![doc = include_str!("../README.md")]

mod generated;

pub use generated::{
    client::*,
    items::*,
    rest::*,
    server::*,
    session::*,
    wire::{DecodeError, Degraded, Extra, Limits, Misfit, Nullable, Raw, RawEvent, Secret},
};
