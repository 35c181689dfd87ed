//! The way to one destination: a queue bounded in entries and bytes that drops what finds it full, and counts it.

use crate::entry::LogEntry;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Entries that may wait.
const ENTRIES: usize = 16 * 1024;
/// Bytes of events that may be on their way to one destination, waiting or being delivered.
const BYTES: usize = 64 * 1024 * 1024;

/// How long nothing is reported after a report.
pub(crate) const REPORT_PAUSE: Duration = Duration::from_secs(10);

/// The end that entries are put into.
pub(crate) struct Sender {
    messages: mpsc::Sender<Message>,
    gauge: Arc<Gauge>,
}

/// The end that a destination drains.
pub(crate) struct Receiver {
    pub(crate) messages: mpsc::Receiver<Message>,
    pub(crate) gauge: Arc<Gauge>,
}

/// What waits in a queue.
pub(crate) enum Message {
    /// Entries to be delivered.
    Entry(Arc<LogEntry>, Share),
    /// Answer once everything before is delivered, or given up.
    Flush(oneshot::Sender<()>),
}

/// An entry's share of the bytes on their way. To be kept until its records are delivered or given up.
#[derive(Debug)]
pub(crate) struct Share {
    gauge: Arc<Gauge>,
    bytes: usize,
}

/// What is on its way, and what was lost.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// What the destination is called in the server's log.
    destination: String,
    bytes: AtomicUsize,
    dropped: AtomicU64,
    reported: AtomicU64,
    next_report: Mutex<Instant>,
}

/// A queue to the destination of that name.
pub(crate) fn queue(destination: impl Into<String>) -> (Sender, Receiver) {
    let gauge = Arc::new(Gauge {
        destination: destination.into(),
        bytes: AtomicUsize::new(0),
        dropped: AtomicU64::new(0),
        reported: AtomicU64::new(0),
        next_report: Mutex::new(Instant::now()),
    });
    let (sender, receiver) = mpsc::channel(ENTRIES);
    (Sender { messages: sender, gauge: gauge.clone() }, Receiver { messages: receiver, gauge })
}

impl Sender {
    /// Puts an entry into the queue, or drops it where there is no room.
    pub(crate) fn offer(&self, entry: &Arc<LogEntry>, bytes: usize) {
        let before = self.gauge.bytes.fetch_add(bytes, Ordering::AcqRel);
        let share = Share { gauge: self.gauge.clone(), bytes };
        let has_room = before.saturating_add(bytes) <= BYTES;
        if !has_room || self.messages.try_send(Message::Entry(entry.clone(), share)).is_err() {
            self.gauge.drop_records(entry.events.len());
        }
    }

    /// Resolves once everything that was offered before is delivered or given up.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.messages.send(Message::Flush(done)).await.is_ok() {
            let _ = flushed.await;
        }
    }

    /// Records that were lost so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.gauge.dropped.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Counts records that are lost, and now and then names them in the server's log.
    pub(crate) fn drop_records(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
        let Ok(mut next_report) = self.next_report.try_lock() else { return };
        let now = Instant::now();
        if now >= *next_report {
            *next_report = now + REPORT_PAUSE;
            self.report();
        }
    }

    /// Names in the server's log what was lost since the last report.
    pub(crate) fn report(&self) {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let before = self.reported.swap(dropped, Ordering::Relaxed);
        if dropped > before {
            let (destination, records) = (&self.destination, dropped - before);
            tracing::warn!(destination, records, total = dropped, "log records of executions were dropped");
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.gauge.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use model::{EventDetails, EventId, Failure, HistoryEvent, LogLevel, LoggingConfiguration, Timestamp};

    pub(crate) const GROUP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:group:*";

    /// An entry of one event whose cause has that many bytes.
    pub(crate) fn entry(execution: &str, at: i64, bytes: usize) -> Arc<LogEntry> {
        let failure = Failure { error: Some("E".into()), cause: Some("x".repeat(bytes).into()) };
        Arc::new(LogEntry {
            logging: Arc::new(LoggingConfiguration {
                level: LogLevel::All,
                include_execution_data: true,
                log_group_arn: GROUP.into(),
            }),
            machine_name: "m".into(),
            execution_arn: execution.into(),
            redrive_count: 0,
            events: vec![HistoryEvent {
                id: EventId(1),
                previous: EventId(0),
                timestamp: Timestamp(at),
                details: EventDetails::ExecutionFailed(failure),
            }],
        })
    }

    #[test]
    fn what_finds_the_queue_full_is_dropped_and_counted() {
        let (sender, mut receiver) = queue("test");
        let large = entry("e", 0, 30_000_000);
        for _ in 0..3 {
            sender.offer(&large, large.size());
        }
        assert_eq!(sender.dropped(), 1);
        // What is on its way counts until it is delivered.
        let taken = receiver.messages.try_recv().unwrap();
        sender.offer(&large, large.size());
        assert_eq!(sender.dropped(), 2);
        drop(taken);
        sender.offer(&large, large.size());
        assert_eq!(sender.dropped(), 2);
    }

    #[test]
    fn entries_are_bounded_in_number_too() {
        let (sender, _receiver) = queue("test");
        let small = entry("e", 0, 1);
        for _ in 0..ENTRIES + 5 {
            sender.offer(&small, small.size());
        }
        assert_eq!(sender.dropped(), 5);
    }
}
