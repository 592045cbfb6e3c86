#![doc = include_str!("../README.md")]

mod address;
mod calls;
mod end;
mod error;
mod live;
mod names;
mod native;
mod openai;
mod raw;
mod realtime;
mod receipts;
mod rest;
mod service;
mod tools;

pub use antiphon_openai_live_types as live_types;
pub use antiphon_protocol::address::{InvalidHeader, InvalidUrl, UrlProblem};

pub use self::{
    live::Live,
    openai::OpenAi,
    realtime::{
        Realtime,
        capabilities::{ModelFamily, capabilities},
        dialect::Dialect,
        rest::ClientSecret,
    },
    rest::{Answer, RestCall, RestError},
};
