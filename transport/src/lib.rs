#![doc = include_str!("../README.md")]

mod backoff;
#[cfg(feature = "driver")]
mod clock;
mod driver;
mod link;
mod machine;
#[cfg(feature = "recording")]
mod record;
mod rng;
#[cfg(feature = "driver")]
mod scrub;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "driver")]
mod token;
mod wire;
#[cfg(any(feature = "tungstenite", feature = "tokio-websockets"))]
mod ws;

#[cfg(feature = "metrics")]
pub use self::driver::MetricsMeter;
#[cfg(feature = "defects")]
#[doc(hidden)]
pub use self::link::Defect;
#[cfg(feature = "recording")]
pub use self::record::{Recorded, RecordedEnd, RecordedLine, RecordingDial};
#[cfg(any(feature = "tungstenite", feature = "tokio-websockets"))]
pub use self::ws::{BadProxy, Connect, Destination, HttpProxy, Socket, TcpConnect, WsDial};
pub use self::{
    backoff::{Backoff, BackoffConfig, Cost},
    driver::Port,
    link::{Link, LinkCommand, LinkConfig, LinkOutput, Receipt, Undelivered},
    machine::{CloseRequest, Input, Machine, Output, WireAction, WireEvent},
    wire::{Dial, DialProgress, DialRequest, Incoming, WirePair, WireRx, WireTx},
};
#[cfg(feature = "driver")]
pub use self::{
    clock::Clock,
    driver::{Count, Meter, drive, drive_metered},
    token::{FreshToken, TokenCache},
};
