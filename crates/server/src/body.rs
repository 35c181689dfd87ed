//! The body of a request, bounded in bytes and time.

use crate::error::ApiError;
use crate::limits::Limits;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes behind a refused body that are read and thrown away, so that the answer reaches a client that still sends.
const DISCARD_LIMIT: u64 = 512 * 1024 * 1024;
/// Bytes that one permit of the body memory stands for.
const UNIT: usize = 1024;

/// The memory that bodies may take, over all requests.
#[derive(Clone)]
pub(crate) struct BodyMemory {
    units: Arc<Semaphore>,
}

/// A body, and its share of the memory until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The client is to be told why, and the rest of the body thrown away.
    Because(ApiError),
    /// The body broke off.
    BrokenOff,
}

impl BodyMemory {
    pub(crate) fn new(limits: &Limits) -> BodyMemory {
        let units = (limits.body_memory / UNIT).min(Semaphore::MAX_PERMITS);
        BodyMemory { units: Arc::new(Semaphore::new(units)) }
    }

    /// Reads a body of at most `limit` bytes.
    pub(crate) async fn read(
        &self,
        body: &mut Incoming,
        limit: usize,
        limits: &Limits,
    ) -> Result<Held, Refused> {
        let too_large = || Refused::Because(ApiError::RequestEntityTooLarge { limit });
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        let end = Instant::now() + limits.body_timeout;
        let mut bytes = BytesMut::new();
        let mut share: Option<OwnedSemaphorePermit> = None;
        loop {
            let stall = (Instant::now() + limits.body_stall).min(end);
            let frame = match timeout_at(stall, body.frame()).await {
                Err(_) => return Err(Refused::Because(ApiError::RequestTimeout)),
                Ok(None) => return Ok(Held { bytes: bytes.freeze(), _share: share }),
                Ok(Some(Err(_))) => return Err(Refused::BrokenOff),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are of no use here.
            let Ok(data) = frame.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > limit {
                return Err(too_large());
            }
            self.grow(&mut share, length)?;
            bytes.extend_from_slice(&data);
        }
    }

    fn grow(&self, share: &mut Option<OwnedSemaphorePermit>, length: usize) -> Result<(), Refused> {
        let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(length.div_ceil(UNIT).saturating_sub(held)).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let permit = self
            .units
            .clone()
            .try_acquire_many_owned(more)
            .map_err(|_| Refused::Because(ApiError::Throttling))?;
        match share {
            Some(share) => share.merge(permit),
            None => *share = Some(permit),
        }
        Ok(())
    }
}

/// Throws the rest of a body away in the background, within bounds. A connection that is closed over unread bytes is
/// reset, and the answer can be lost on its way.
pub(crate) fn discard(mut body: Incoming, headers: &HeaderMap, limits: &Limits) {
    // The client waits to be told to go on, and is not.
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let (stall, end) = (limits.body_stall, Instant::now() + limits.body_timeout);
    tokio::spawn(async move {
        let mut discarded = 0;
        while discarded < DISCARD_LIMIT && Instant::now() < end {
            match timeout(stall, body.frame()).await {
                Ok(Some(Ok(frame))) => discarded += frame.data_ref().map_or(0, |data| data.len() as u64),
                Ok(Some(Err(_)) | None) | Err(_) => return,
            }
        }
    });
}
