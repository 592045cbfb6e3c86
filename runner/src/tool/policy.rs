//! How one tool is run: how long, how many at a time, and what stops it.

use std::time::Duration;

use antiphon_protocol::Scheduling;

/// What happens to a tool's work when somebody no longer waits for it.
///
/// | | the user interrupts | the provider withdraws the call, or its connection is lost |
/// |---|---|---|
/// | `Finish` | goes on, and is answered | goes on; its result is discarded |
/// | `FinishSilently` | goes on; the model is told without being asked to speak | the same |
/// | `Cancel` | is told to stop; the model is told so at once | is told to stop |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStop {
    /// The work goes on.
    Finish,
    /// The work goes on, and its result does not make the model speak, where the provider can be
    /// told so.
    FinishSilently,
    /// The work is told to stop, and is dropped when it does not.
    Cancel,
}

/// How one tool is run. The defaults are those of [`ToolPolicy::default`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolPolicy {
    /// How long a call may wait for its turn, and then how long it may run. 60 s.
    pub timeout: Duration,
    /// Most calls of this tool at a time; the runner's own limit holds beside it. No limit.
    pub at_once: usize,
    /// What an interruption does to the work. [`OnStop::Finish`]: a side effect is not undone by a
    /// cough.
    pub on_interruption: OnStop,
    /// What the provider's withdrawal, or the loss of the call's connection, does to the work.
    /// [`OnStop::Cancel`].
    pub on_cancellation: OnStop,
    /// When the model should take up the answer, for tools it does not wait for.
    pub scheduling: Option<Scheduling>,
    /// Longest result, in bytes; a longer one is answered as an error. 64 KiB.
    pub result_bytes: usize,
    /// Longest arguments, in bytes; longer ones are answered as an error. 256 KiB.
    pub argument_bytes: usize,
    /// Whether each call must be approved before it runs. `false`.
    pub needs_approval: bool,
    /// Whether the work may be done again by a process that goes on with the session of another
    /// ([`Control::hand_over`](crate::Control::hand_over)), when it may have begun there. `false`: the
    /// model is told that it was cut off ([`ToolErrorKind::Interrupted`](crate::ToolErrorKind)), and
    /// decides. Calls that had certainly not begun run in any case.
    pub rerun_after_restore: bool,
}

impl Default for ToolPolicy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            at_once: usize::MAX,
            on_interruption: OnStop::Finish,
            on_cancellation: OnStop::Cancel,
            scheduling: None,
            result_bytes: 64 * 1024,
            argument_bytes: 256 * 1024,
            needs_approval: false,
            rerun_after_restore: false,
        }
    }
}
