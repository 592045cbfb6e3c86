//! The driver's side towards the layer above.

use std::task::{Context, Poll};

use crate::{Input, Machine};

/// The layer above, as the driver sees it. All methods run on the driver's task.
pub trait Port<M: Machine>: Send {
    /// The next input from above: a [`Input::Close`] first if there is one, else a command. `Pending`
    /// when there is none; an input that was returned has been taken over by the machine.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input<M::Command>>;

    /// Takes an output of the machine. Must not block and must not lose it.
    fn output(&mut self, output: M::Output);

    /// Called after the machine has been drained, and whenever the task wakes: moves what the
    /// machine holds for readers as far as they have room, registering for more. Returns whether
    /// the machine changed and has to be drained again.
    fn poll_deliver(&mut self, machine: &mut M, cx: &mut Context<'_>) -> bool;

    /// Whether nothing is left to do, so that the driver may return: the machine has said its last
    /// and it was delivered, or nobody is there to take it.
    fn is_finished(&self, machine: &M) -> bool;
}
