#![doc = include_str!("../README.md")]

pub mod capabilities;
pub mod replay;
#[cfg(feature = "simulation")]
pub mod sim;
pub mod suite;
pub mod tap;
pub mod template;
pub mod wire;
