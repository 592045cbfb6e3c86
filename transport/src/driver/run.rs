//! The loop.

use std::sync::Arc;

use crate::{Clock, Dial, Machine, Port};

/// Runs `machine` over wires that `dial` opens until `port` is finished.
pub async fn drive<M: Machine, P: Port<M>>(machine: M, port: P, dial: Arc<dyn Dial>, clock: Clock) {
    let _ = (machine, port, dial, clock);
}
