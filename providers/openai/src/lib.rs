#![doc = include_str!("../README.md")]

mod address;
mod openai;
mod realtime;

pub use self::{
    address::{InvalidHeader, InvalidUrl, UrlProblem},
    openai::OpenAi,
    realtime::{
        Realtime,
        capabilities::{ModelFamily, capabilities},
        dialect::Dialect,
    },
};
