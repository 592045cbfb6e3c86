//! The thin async shell: runs any [`Machine`] over real or scripted wires.

mod port;
#[cfg(feature = "driver")]
mod run;

pub use self::port::Port;
#[cfg(feature = "driver")]
pub use self::run::drive;
