//! A request's handler.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;

/// A handler: a panic ends it and no more, and what was begun is finished though the client goes away, on a task of its own
/// then. One that only waits for work to hand out ends with its client.
pub(crate) struct Handler<A: 'static> {
    /// Absent once it has ended.
    work: Option<Pin<Box<dyn Future<Output = A> + Send>>>,
    ends_with_client: bool,
}

/// The handler panicked; the panic's message is in the log.
#[derive(Debug)]
pub(crate) struct Panicked;

impl<A: 'static> Handler<A> {
    pub(crate) fn new(work: impl Future<Output = A> + Send + 'static, ends_with_client: bool) -> Handler<A> {
        Handler { work: Some(Box::pin(work)), ends_with_client }
    }
}

impl<A: 'static> Future for Handler<A> {
    type Output = Result<A, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<A, Panicked>> {
        let Some(work) = &mut self.work else { return Poll::Ready(Err(Panicked)) };
        // What a panic leaves half done is dropped at once, and looked at by nobody.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => Ok(answer),
            Err(_) => Err(Panicked),
        };
        self.work = None;
        Poll::Ready(outcome)
    }
}

impl<A: 'static> Drop for Handler<A> {
    fn drop(&mut self) {
        let work = self.work.take().filter(|_| !self.ends_with_client);
        if let (Some(work), Ok(runtime)) = (work, Handle::try_current()) {
            runtime.spawn(async move { drop(work.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn an_answer_comes_through_and_a_panic_ends_the_handler_alone() {
        assert_eq!(Handler::new(async { 7 }, false).await.unwrap(), 7);
        let panicking = Handler::new(
            async {
                tokio::task::yield_now().await;
                panic!("a bug")
            },
            false,
        );
        let outcome: Result<(), Panicked> = panicking.await;
        assert!(outcome.is_err());
    }

    /// Whether the work of a handler whose client went away is finished.
    async fn is_finished(ends_with_client: bool) -> bool {
        let (go, gone) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut handler = Handler::new(
            async move {
                let _ = gone.await;
                let _ = done.send(());
            },
            ends_with_client,
        );
        let begun = tokio::time::timeout(Duration::ZERO, &mut handler).await;
        assert!(begun.is_err());
        drop(handler);
        let _ = go.send(());
        is_done.await.is_ok()
    }

    #[tokio::test]
    async fn what_was_begun_is_finished_unless_it_ends_with_its_client() {
        assert!(is_finished(false).await);
        assert!(!is_finished(true).await);
    }
}
