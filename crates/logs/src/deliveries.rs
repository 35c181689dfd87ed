//! The log that writes to every destination.

use crate::cloudwatch;
use crate::destination::{Destination, DestinationError};
use crate::entry::{ExecutionLog, LogEntry};
use crate::files::RotatingFiles;
use crate::queue::{Receiver, Sender, queue};
use crate::writer::{self, Lines, Stream};
use std::io::BufWriter;
use std::sync::Arc;
use std::time::Duration;

/// Delivers records to its destinations, each behind a queue of its own. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    queues: Arc<Vec<Sender>>,
}

impl Deliveries {
    /// Starts delivering; to be called inside a tokio runtime. Delivery ends when the last clone is gone.
    pub fn start(destinations: Vec<Destination>) -> Result<Deliveries, DestinationError> {
        let mut queues = Vec::with_capacity(destinations.len());
        for destination in destinations {
            queues.push(match destination {
                Destination::CloudWatch(client) => {
                    let (sender, receiver) = queue("CloudWatch Logs");
                    tokio::spawn(cloudwatch::run(receiver, client));
                    sender
                }
                Destination::Files(settings) => {
                    let directory = settings.directory.clone();
                    let files = RotatingFiles::open(&directory, settings.max_bytes, settings.max_files)
                        .map_err(|error| DestinationError::Directory { directory, error })?;
                    let (sender, receiver) = queue(settings.directory.display().to_string());
                    start_writer(receiver, Box::new(files))?;
                    sender
                }
                Destination::Stream(stream) => {
                    let (sender, receiver) = queue("the standard output");
                    start_writer(receiver, Box::new(Stream(BufWriter::new(stream))))?;
                    sender
                }
            });
        }
        Ok(Deliveries { queues: Arc::new(queues) })
    }

    /// Waits until what was logged so far is delivered or given up, for `grace` at the most.
    pub async fn flush(&self, grace: Duration) {
        let flushed = tokio::time::timeout(grace, async {
            for queue in self.queues.iter() {
                queue.flush().await;
            }
        });
        if flushed.await.is_err() {
            tracing::warn!("log records of executions are still on their way, and are given up");
        }
    }

    /// How many records were lost so far, over all destinations.
    pub fn dropped(&self) -> u64 {
        self.queues.iter().map(Sender::dropped).sum()
    }
}

impl ExecutionLog for Deliveries {
    fn is_listening(&self) -> bool {
        !self.queues.is_empty()
    }

    fn log(&self, entry: LogEntry) {
        let bytes = entry.size();
        let entry = Arc::new(entry);
        for queue in self.queues.iter() {
            queue.offer(&entry, bytes);
        }
    }
}

fn start_writer(receiver: Receiver, lines: Box<dyn Lines>) -> Result<(), DestinationError> {
    let thread = std::thread::Builder::new().name("execution-log".to_owned());
    thread.spawn(move || writer::run(receiver, lines)).map_err(DestinationError::Thread)?;
    Ok(())
}
