#![doc = include_str!("../README.md")]

pub mod capabilities;
pub mod replay;
pub mod sim;
pub mod suite;
pub mod tap;
pub mod template;
pub mod wire;
