#![doc = include_str!("../README.md")]

mod generated;

pub use generated::{
    client::*,
    items::*,
    response::*,
    rest::*,
    server::*,
    session::*,
    translation::*,
    wire::{DecodeError, Degraded, Extra, Limits, Misfit, Nullable, Raw, RawEvent, Secret},
};
