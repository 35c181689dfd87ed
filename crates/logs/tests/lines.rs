//! Delivery to files and streams.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use logs::{Deliveries, Destination, ExecutionLog, FileSettings};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{entry, message};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stream that the test can look into, and that can fail.
#[derive(Clone, Default)]
struct Shown {
    written: Arc<Mutex<Vec<u8>>>,
    fails: Arc<std::sync::atomic::AtomicBool>,
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fails.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_destination_gets_every_record_a_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let shown = Shown::default();
    let files = FileSettings { directory: dir.path().join("logs"), max_bytes: 1_000_000, max_files: 2 };
    let log =
        Deliveries::start(vec![Destination::Files(files), Destination::Stream(Box::new(shown.clone()))])
            .unwrap();
    assert!(log.is_listening());
    log.log(entry("m", "e1", 1));
    log.log(entry("m", "e2", 2));
    log.flush(PATIENCE).await;
    let expected = format!("{}\n{}\n", message("e1", 1), message("e2", 2));
    assert_eq!(String::from_utf8(shown.written.lock().unwrap().clone()).unwrap(), expected);
    assert_eq!(std::fs::read_to_string(dir.path().join("logs/executions.log")).unwrap(), expected);
    assert_eq!(log.dropped(), 0);
}

#[tokio::test]
async fn what_a_broken_stream_does_not_take_is_counted() {
    let shown = Shown::default();
    let log = Deliveries::start(vec![Destination::Stream(Box::new(shown.clone()))]).unwrap();
    log.log(entry("m", "e1", 1));
    log.flush(PATIENCE).await;
    shown.fails.store(true, std::sync::atomic::Ordering::SeqCst);
    log.log(entry("m", "e2", 2));
    log.flush(PATIENCE).await;
    assert_eq!(log.dropped(), 1);
}

#[tokio::test]
async fn without_destinations_nobody_listens() {
    assert!(!Deliveries::start(Vec::new()).unwrap().is_listening());
}
