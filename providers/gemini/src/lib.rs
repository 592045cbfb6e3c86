#![doc = include_str!("../README.md")]

#[cfg(feature = "adc")]
mod adc;
mod gemini;
mod live;

pub use antiphon_protocol::address::{InvalidHeader, InvalidUrl, UrlProblem};

#[cfg(feature = "adc")]
pub use self::adc::DefaultCredentials;
pub use self::{
    gemini::Gemini,
    live::{
        ContextCompression, Live,
        model::{ModelFamily, capabilities},
        service::Backend,
    },
};
