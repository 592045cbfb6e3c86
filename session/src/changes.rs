//! A watched value that can be polled for changes.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::sync::watch;

type Change<T> = Pin<Box<dyn Future<Output = Option<watch::Receiver<T>>> + Send>>;

/// Yields the newest value each time it has changed.
///
/// The future that waits is kept between polls: a fresh one each time would forget its waker.
pub(crate) struct Changes<T> {
    next: Option<Change<T>>,
}

impl<T: Clone + Send + Sync + 'static> Changes<T> {
    pub(crate) fn new(receiver: watch::Receiver<T>) -> Self {
        Self {
            next: Some(wait(receiver)),
        }
    }

    /// The next change; pending for ever once nobody can make one.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Some(next) = &mut self.next else {
            return Poll::Pending;
        };
        let Some(mut receiver) = ready!(next.as_mut().poll(cx)) else {
            self.next = None;
            return Poll::Pending;
        };
        let value = receiver.borrow_and_update().clone();
        self.next = Some(wait(receiver));
        Poll::Ready(value)
    }
}

fn wait<T: Send + Sync + 'static>(mut receiver: watch::Receiver<T>) -> Change<T> {
    Box::pin(async move { receiver.changed().await.is_ok().then_some(receiver) })
}
