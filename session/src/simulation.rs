//! What the simulator needs of a session: deliberate defects, and a look at its machines.

pub use crate::engine::{Defect, Digest};
