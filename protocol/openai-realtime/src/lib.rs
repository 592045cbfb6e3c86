#![doc = include_str!("../README.md")]

mod generated;

pub mod beta {
    //! The beta shape of the wire, and mixtures of it with the present one.

    pub use crate::generated::beta::*;
}

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
