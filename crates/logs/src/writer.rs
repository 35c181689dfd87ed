//! Destinations that are written a line at a time, on a thread of their own: a slow disk or a full pipe holds up nobody.

use crate::queue::{Message, REPORT_PAUSE, Receiver};
use std::io;
use std::time::Instant;
use tokio::sync::mpsc::error::TryRecvError;

/// Messages taken from the queue before what was taken is written.
const TAKEN: usize = 1024;

/// Something that takes lines.
pub(crate) trait Lines: Send + 'static {
    /// Takes a line; it need not be written yet.
    fn write_line(&mut self, line: &str) -> io::Result<()>;

    /// Writes what was taken.
    fn flush(&mut self) -> io::Result<()>;
}

/// Lines on a stream.
pub(crate) struct Stream<W: io::Write>(pub(crate) io::BufWriter<W>);

impl<W: io::Write + Send + 'static> Lines for Stream<W> {
    fn write_line(&mut self, line: &str) -> io::Result<()> {
        io::Write::write_all(&mut self.0, line.as_bytes())?;
        io::Write::write_all(&mut self.0, b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        io::Write::flush(&mut self.0)
    }
}

/// Writes what comes until nobody can send any more.
pub(crate) fn run(receiver: Receiver, lines: Box<dyn Lines>) {
    let mut writer = Writer { receiver, lines, unflushed: 0, quiet_until: None };
    while let Some(message) = writer.receiver.messages.blocking_recv() {
        writer.take(message);
        for _ in 1..TAKEN {
            match writer.receiver.messages.try_recv() {
                Ok(message) => writer.take(message),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        writer.flush();
    }
}

struct Writer {
    receiver: Receiver,
    lines: Box<dyn Lines>,
    /// Records that may not be written yet.
    unflushed: usize,
    quiet_until: Option<Instant>,
}

impl Writer {
    fn take(&mut self, message: Message) {
        match message {
            Message::Entry(entry, _share) => {
                for (_, record) in entry.records() {
                    self.unflushed += 1;
                    if let Err(error) = self.lines.write_line(&record) {
                        self.failed(&error);
                    }
                }
            }
            Message::Flush(done) => {
                self.flush();
                self.receiver.gauge.report();
                let _ = done.send(());
            }
        }
    }

    fn flush(&mut self) {
        match self.lines.flush() {
            Ok(()) => self.unflushed = 0,
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.receiver.gauge.drop_records(std::mem::take(&mut self.unflushed));
        let now = Instant::now();
        if self.quiet_until.is_none_or(|until| now >= until) {
            tracing::warn!(%error, "log records of executions cannot be written");
            self.quiet_until = Some(now + REPORT_PAUSE);
        }
    }
}
