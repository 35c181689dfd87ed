//! JSON lines: a value a line.

use super::{Record, too_long};
use std::collections::VecDeque;

/// Takes lines apart, piece by piece. Empty ones are no records.
#[derive(Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
}

impl Lines {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        let Some(last) = parts.next_back() else { return Ok(()) };
        for part in parts {
            self.line.extend_from_slice(part);
            self.finish();
        }
        self.line.extend_from_slice(last);
        if self.line.len() > super::ITEM_BYTES { Err(too_long()) } else { Ok(()) }
    }

    pub(crate) fn finish(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.trim_ascii().is_empty() {
            self.ready.push_back(line);
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Record>, String> {
        let Some(line) = self.ready.pop_front() else { return Ok(None) };
        let value = json::parse_bytes(line.trim_ascii())
            .map_err(|error| format!("The line is not valid JSON: {}", error.message()))?;
        Ok(Some(Record { key: None, value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_is_not_empty_is_a_record() {
        for piece in [1, 2, 5, 100] {
            let mut lines = Lines::default();
            for part in b"{\"a\":1}\r\n\n  \n[2]\n3".chunks(piece) {
                lines.push(part).unwrap();
            }
            lines.finish();
            let mut found = Vec::new();
            while let Some(record) = lines.next().unwrap() {
                found.push(record.value.to_text());
            }
            assert_eq!(found, [r#"{"a":1}"#, "[2]", "3"]);
        }
        let mut lines = Lines::default();
        lines.push(b"{\n").unwrap();
        assert!(lines.next().is_err());
    }
}
