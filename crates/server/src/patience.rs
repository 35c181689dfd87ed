//! A connection whose client must take in what it is sent: one that reads slowly, or not at all, is given up, so that answers
//! do not pile up in memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// See the module.
pub(crate) struct Patient<S> {
    stream: S,
    stall: Duration,
    whole: Duration,
    /// While the client is waited for.
    waiting: Option<Waiting>,
}

struct Waiting {
    /// When the last of it had to be waited for first, without everything being taken in since.
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// A client may take `stall` before it takes in anything more, and `whole` until it has taken in everything.
    pub(crate) fn new(stream: S, stall: Duration, whole: Duration) -> Patient<S> {
        Patient { stream, stall, whole, waiting: None }
    }

    /// What a write came to: some bytes more, or patience that ends.
    fn judge<T>(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match wrote {
            Poll::Ready(outcome) => {
                let (stall, whole) = (self.stall, self.whole);
                if let Some(waiting) = &mut self.waiting {
                    let end = (Instant::now() + stall).min(waiting.since + whole);
                    waiting.end.as_mut().reset(end);
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                let now = Instant::now();
                let end = now + self.stall.min(self.whole);
                let waiting = self
                    .waiting
                    .get_or_insert_with(|| Waiting { since: now, end: Box::pin(sleep_until(end)) });
                ready!(waiting.end.as_mut().poll(context));
                let message = "the client does not read its answer";
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            // It asks for more, so it has what it was sent before.
            self.waiting = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(context, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const STALL: Duration = Duration::from_secs(10);
    const WHOLE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_given_up() {
        let (ours, _theirs) = duplex(64);
        let begun = Instant::now();
        let error = Patient::new(ours, STALL, WHOLE).write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), STALL.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_a_byte_now_and_then_is_given_up_in_the_end() {
        let (ours, mut theirs) = duplex(64);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(STALL / 2).await;
                if theirs.read_u8().await.is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let error = Patient::new(ours, STALL, WHOLE).write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), WHOLE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_its_time_between_requests_is_waited_for() {
        let (ours, mut theirs) = duplex(64);
        tokio::spawn(async move {
            for _ in 0..20 {
                let _ = theirs.write_all(b"?").await;
                let _ = theirs.read_exact(&mut [0; 200]).await;
                tokio::time::sleep(WHOLE).await;
            }
        });
        let mut patient = Patient::new(ours, STALL, WHOLE);
        for _ in 0..20 {
            patient.read_u8().await.unwrap();
            patient.write_all(&[0; 200]).await.unwrap();
        }
    }
}
