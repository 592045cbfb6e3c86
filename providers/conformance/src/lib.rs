#![doc = include_str!("../README.md")]

pub mod suite;
pub mod template;
pub mod wire;
