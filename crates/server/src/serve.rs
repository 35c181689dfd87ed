//! The listener and its connections.

use crate::Api;
use crate::patience::Patient;
use crate::route::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// Header lines of one request.
const MAX_HEADERS: usize = 100;
/// Bytes of the head of one request.
const MAX_HEAD_SIZE: usize = 64 * 1024;
/// Connections beyond the limit that are told so; further ones are closed at once.
const REFUSED_CONNECTIONS: usize = 64;
/// How long to wait before the next connection is accepted after that failed, as it does without free descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the API on the listener until `shutdown` resolves. It then accepts no more, lets requests under way end within
/// the grace of the limits, and returns. The engine and the host of functions go on running.
pub async fn serve<F: Future>(listener: TcpListener, api: Api, shutdown: F) -> std::io::Result<()> {
    let (admitted, refused) = (slots(api.limits.connections), slots(REFUSED_CONNECTIONS));
    let grace = api.limits.shutdown_grace;
    let (stop, stopping) = watch::channel(());
    let router = Arc::new(Router::new(api, stopping.clone()));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (slot, is_admitted) = match admitted.clone().try_acquire_owned() {
            Ok(slot) => (slot, true),
            Err(_) => match refused.clone().try_acquire_owned() {
                Ok(slot) => (slot, false),
                Err(_) => continue,
            },
        };
        let connection = Connection { router: router.clone(), is_admitted, _slot: slot };
        connections.spawn(connection.run(stream, stopping.clone()));
    }
    drop(listener);
    drop(stop);
    let drained =
        tokio::time::timeout(grace, async { while connections.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "closed connections whose requests did not end in time"
        );
        connections.shutdown().await;
    }
    Ok(())
}

struct Connection {
    router: Arc<Router>,
    is_admitted: bool,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(self, stream: TcpStream, mut stopping: watch::Receiver<()>) {
        // Without it an answer waits for the acknowledgement of the one before. A socket that refuses still serves.
        let _ = stream.set_nodelay(true);
        let (router, is_admitted) = (self.router.clone(), self.is_admitted);
        let service = service_fn(move |request| {
            let router = router.clone();
            async move { Ok::<_, Infallible>(router.answer(request, is_admitted).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.router.limits().head_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_SIZE)
            // A client that closes its half counts as gone: the poll of a worker that died must end with it, or it would
            // take the next task of its activity along.
            .half_close(false)
            .keep_alive(is_admitted);
        let limits = self.router.limits();
        let stream = Patient::new(stream, limits.write_stall, limits.write_timeout);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

fn slots(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}
