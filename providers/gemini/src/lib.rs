#![doc = include_str!("../README.md")]

mod gemini;
mod live;

pub use antiphon_protocol::address::{InvalidHeader, InvalidUrl, UrlProblem};

pub use self::{
    gemini::Gemini,
    live::{
        ContextCompression, Live,
        model::{ModelFamily, capabilities},
        service::Backend,
    },
};
