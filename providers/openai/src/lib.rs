#![doc = include_str!("../README.md")]

mod address;
mod openai;
mod realtime;

pub use antiphon_protocol::address::{InvalidHeader, InvalidUrl, UrlProblem};

pub use self::{
    openai::OpenAi,
    realtime::{
        Realtime,
        capabilities::{ModelFamily, capabilities},
        dialect::Dialect,
    },
};
