//! The thin async shell: runs any [`Machine`] over real or scripted wires.

#[cfg(feature = "driver")]
mod lane;
#[cfg(feature = "driver")]
mod meter;
mod port;
#[cfg(feature = "driver")]
mod run;
#[cfg(feature = "driver")]
mod watch;

#[cfg(feature = "metrics")]
pub use self::meter::MetricsMeter;
pub use self::port::Port;
#[cfg(feature = "driver")]
pub use self::{
    meter::{Count, Meter},
    run::{drive, drive_metered},
};
