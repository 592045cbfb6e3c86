//! The thin async shell: runs any [`Machine`] over real or scripted wires.

#[cfg(feature = "driver")]
mod lane;
mod port;
#[cfg(feature = "driver")]
mod run;

pub use self::port::Port;
#[cfg(feature = "driver")]
pub use self::run::drive;
