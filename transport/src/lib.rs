#![doc = include_str!("../README.md")]

mod driver;
mod link;
mod machine;
mod wire;

pub use self::{
    driver::Port,
    link::{LinkCommand, LinkOutput, Receipt, Undelivered},
    machine::{CloseRequest, Input, Machine, Output, WireAction, WireEvent},
    wire::{Dial, DialProgress, DialRequest, Incoming, WireRx, WireTx},
};
