#![doc = include_str!("../README.md")]

mod audio;
mod builder;
mod faults;
pub mod gemini;
mod ids;
mod joint;
pub mod live;
mod memory;
pub mod openai;
pub mod peer;
mod refusal;
mod route;
mod script;
#[cfg(feature = "server")]
mod server;
mod shape;
mod story;
mod vad;
mod voice;

#[cfg(feature = "server")]
pub use self::server::Emulator;
pub use self::{
    builder::{Builder, Refusal},
    faults::FrameFault,
    memory::{DAY, Moment},
    script::{Script, ScriptError},
    voice::{Speech, SpokenWord, speak},
};
