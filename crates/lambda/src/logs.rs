//! What functions write: a bounded ring of lines per function.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock;

/// Bytes of one line; the rest of a longer one is cut off.
pub(crate) const LINE_LIMIT: usize = 16 * 1024;
/// Bytes of log returned with a call that asks for its tail. AWS: documented (4 KB).
const TAIL_LIMIT: usize = 4 * 1024;

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since 1970, UTC.
    pub timestamp: u64,
    /// The call during which the line was written; `None` while a process starts or between calls.
    pub request_id: Option<String>,
    /// Who wrote it.
    pub source: LogSource,
    /// The text, without its line end.
    pub text: String,
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogSource {
    /// The function: standard output and standard error, in the order written.
    Function,
    /// Lambda: `START`, `END`, `REPORT` and what happened to the process.
    Platform,
}

/// The last lines of one function.
#[derive(Debug)]
pub(crate) struct LogRing {
    lines: Mutex<VecDeque<LogLine>>,
    capacity: usize,
}

impl LogRing {
    pub(crate) fn new(capacity: usize) -> LogRing {
        LogRing { lines: Mutex::new(VecDeque::new()), capacity }
    }

    pub(crate) fn push(&self, request_id: Option<&str>, source: LogSource, text: String) {
        let mut lines = self.lock();
        while lines.len() >= self.capacity.max(1) {
            lines.pop_front();
        }
        let request_id = request_id.map(str::to_owned);
        lines.push_back(LogLine { timestamp: clock::now_millis(), request_id, source, text });
    }

    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<LogLine>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last 4 KB of one call's log.
#[derive(Debug, Default)]
pub(crate) struct LogTail(VecDeque<u8>);

impl LogTail {
    pub(crate) fn push(&mut self, line: &str) {
        self.0.extend(line.bytes().chain([b'\n']));
        let over = self.0.len().saturating_sub(TAIL_LIMIT);
        self.0.drain(..over);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into()
    }
}

/// Cuts a stream of bytes into lines: at line feeds and carriage returns, empty ones left out.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Takes more of the stream and hands every line that it ends to `sink`.
    pub(crate) fn push(&mut self, bytes: &[u8], sink: &mut (dyn FnMut(String) + Send)) {
        for piece in bytes.split_inclusive(|b| matches!(b, b'\n' | b'\r')) {
            let ended = matches!(piece.last(), Some(b'\n' | b'\r'));
            let text = if ended { piece.split_last().map_or(piece, |(_, text)| text) } else { piece };
            let room = LINE_LIMIT.saturating_sub(self.partial.len());
            self.partial.extend(text.iter().take(room));
            if ended {
                self.finish(sink);
            }
        }
    }

    /// Hands over what is left when the stream has ended.
    pub(crate) fn finish(&mut self, sink: &mut (dyn FnMut(String) + Send)) {
        if !self.partial.is_empty() {
            sink(String::from_utf8_lossy(&self.partial).into_owned());
            self.partial.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_both_line_ends_and_bounded() {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        let long = vec![b'x'; LINE_LIMIT * 2];
        for bytes in [&b"a\r\nb\rc"[..], b"d\n\n", &long, b"\nlast"] {
            splitter.push(bytes, &mut |line| lines.push(line));
        }
        splitter.finish(&mut |line| lines.push(line));
        assert_eq!(lines[..3], ["a", "b", "cd"]);
        assert_eq!(lines[3].len(), LINE_LIMIT);
        assert_eq!(lines[4], "last");
    }

    #[test]
    fn the_ring_keeps_the_newest_lines() {
        let ring = LogRing::new(2);
        for text in ["1", "2", "3"] {
            ring.push(None, LogSource::Function, text.to_owned());
        }
        let texts: Vec<String> = ring.lines().into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["2", "3"]);
    }

    #[test]
    fn the_tail_is_the_last_four_kilobytes() {
        let mut tail = LogTail::default();
        (0..1000).for_each(|n| tail.push(&format!("line {n}")));
        let bytes = tail.into_bytes();
        assert_eq!(bytes.len(), TAIL_LIMIT);
        assert!(bytes.ends_with(b"line 998\nline 999\n"));
    }
}
