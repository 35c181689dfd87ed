//! Rows of CSV, each an item of a Map.

use expr::java;
use json::Value;
use model::limits;
use std::collections::HashSet;
use std::sync::Arc;

/// Takes CSV apart, piece by piece.
///
/// A field may stand between double quotes, and then hold delimiters, line ends and, written twice, quotes. A backslash
/// stands before a backslash, a quote or the delimiter, and is dropped before anything else. Values are texts and are never
/// trimmed; a short row has empty ones at its end, and what a long row has too much is dropped.
#[derive(Debug)]
pub struct Csv {
    columns: Option<Columns>,
    delimiter: u8,
    row: Vec<String>,
    field: Vec<u8>,
    row_bytes: usize,
    state: State,
    /// Rows that are complete.
    ready: std::collections::VecDeque<Vec<String>>,
}

/// The names of the columns, and the order in which a record shows them: that of Java's HashMap.
#[derive(Debug)]
struct Columns {
    names: Vec<Arc<str>>,
    order: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before the first character of a field.
    Start,
    Plain,
    Quoted,
    /// Behind a quote inside quotes: the end of the field, or the first of two.
    QuoteInQuoted,
    /// Behind a backslash.
    Escape {
        quoted: bool,
    },
}

/// Bytes of the header row at the most. AWS: documented.
const HEADER_BYTES: usize = 10 * 1024;

impl Csv {
    /// Rows whose columns have these names; without them the first row has the names. An error is the cause of a failure.
    pub fn new(headers: Option<&[Arc<str>]>, delimiter: char) -> Result<Csv, String> {
        let columns = match headers {
            Some(headers) => Some(Columns::new(headers.to_vec())?),
            None => None,
        };
        Ok(Csv {
            columns,
            delimiter: u8::try_from(delimiter).unwrap_or(b','),
            row: Vec::new(),
            field: Vec::new(),
            row_bytes: 0,
            state: State::Start,
            ready: std::collections::VecDeque::new(),
        })
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        for byte in bytes {
            self.take(*byte)?;
        }
        Ok(())
    }

    /// What stands behind the last line end is a row too.
    pub fn finish(&mut self) {
        if self.state != State::Start || !self.row.is_empty() {
            self.end_row();
        }
    }

    /// The next row that is complete.
    pub fn next_row(&mut self) -> Result<Option<Value>, String> {
        loop {
            let Some(row) = self.ready.pop_front() else { return Ok(None) };
            match &self.columns {
                Some(columns) => return Ok(Some(columns.record(row))),
                None => {
                    self.columns = Some(Columns::new(row.into_iter().map(Arc::from).collect())?);
                }
            }
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), String> {
        self.row_bytes += 1;
        if self.row_bytes > limits::MAP_ITEM_BYTES {
            // AWS: the limit is documented, the text is unconfirmed.
            return Err(format!("An item exceeds the maximum size of {} bytes.", limits::MAP_ITEM_BYTES));
        }
        let delimiter = self.delimiter;
        match self.state {
            State::Start | State::Plain => match byte {
                b'"' if self.state == State::Start => self.state = State::Quoted,
                b'\\' => self.state = State::Escape { quoted: false },
                b'\n' => self.end_row(),
                _ if byte == delimiter => self.end_field(),
                _ => self.add(byte, State::Plain),
            },
            State::Quoted => match byte {
                b'"' => self.state = State::QuoteInQuoted,
                b'\\' => self.state = State::Escape { quoted: true },
                _ => self.add(byte, State::Quoted),
            },
            State::QuoteInQuoted => match byte {
                b'"' => self.add(byte, State::Quoted),
                b'\n' => self.end_row(),
                _ if byte == delimiter => self.end_field(),
                _ => self.add(byte, State::Plain),
            },
            State::Escape { quoted } => self.add(byte, if quoted { State::Quoted } else { State::Plain }),
        }
        Ok(())
    }

    fn add(&mut self, byte: u8, state: State) {
        self.field.push(byte);
        self.state = state;
    }

    fn end_field(&mut self) {
        let field = std::mem::take(&mut self.field);
        self.row.push(String::from_utf8_lossy(&field).into_owned());
        self.state = State::Start;
    }

    fn end_row(&mut self) {
        if self.field.last() == Some(&b'\r') {
            self.field.pop();
        }
        // AWS: unconfirmed that a line with nothing on it is no record.
        let is_blank = self.row.is_empty() && self.field.is_empty() && self.state != State::QuoteInQuoted;
        self.end_field();
        self.row_bytes = 0;
        let row = std::mem::take(&mut self.row);
        if !is_blank {
            self.ready.push_back(row);
        }
    }
}

impl Columns {
    fn new(names: Vec<Arc<str>>) -> Result<Columns, String> {
        let mut seen = HashSet::new();
        if !names.iter().all(|name| seen.insert(name.clone())) {
            // AWS: recorded test_map_item_reader_csv_headers_decl_duplicate_headers.
            return Err("CSV headers cannot contain duplicates.".to_owned());
        }
        if names.iter().map(|name| name.len() + 1).sum::<usize>() > HEADER_BYTES {
            // AWS: the limit is documented, the text is unconfirmed.
            return Err(format!("CSV headers cannot exceed {HEADER_BYTES} bytes."));
        }
        let order = java::hash_order(names.iter().map(|name| &**name));
        Ok(Columns { names, order })
    }

    fn record(&self, row: Vec<String>) -> Value {
        let mut values: Vec<Option<String>> = row.into_iter().map(Some).collect();
        let members = self.order.iter().filter_map(|at| {
            let value = values.get_mut(*at).and_then(Option::take).unwrap_or_default();
            Some((self.names.get(*at)?.clone(), Value::from(value)))
        });
        Value::object(members.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(headers: Option<&[&str]>, text: &str) -> Result<Vec<String>, String> {
        // In pieces of every size: where they are cut changes nothing.
        let all = |piece: usize| -> Result<Vec<String>, String> {
            let headers: Option<Vec<Arc<str>>> =
                headers.map(|names| names.iter().map(|n| Arc::from(*n)).collect());
            let mut csv = Csv::new(headers.as_deref(), ',')?;
            let mut found = Vec::new();
            for part in text.as_bytes().chunks(piece) {
                csv.push(part)?;
                while let Some(row) = csv.next_row()? {
                    found.push(row.to_text());
                }
            }
            csv.finish();
            while let Some(row) = csv.next_row()? {
                found.push(row.to_text());
            }
            Ok(found)
        };
        let found = all(1)?;
        for piece in [2, 3, 7, 1000] {
            assert_eq!(all(piece)?, found);
        }
        Ok(found)
    }

    #[test]
    fn recorded_rows_are_read_as_aws_reads_them() {
        let text = "Col1,Col2,Col3\nValue1,Value2,Value3\n,,,\ntrue,1,'HelloWorld'\nNull,None,\n   \n";
        assert_eq!(
            items(None, text).unwrap(),
            [
                r#"{"Col1":"Value1","Col2":"Value2","Col3":"Value3"}"#,
                r#"{"Col1":"","Col2":"","Col3":""}"#,
                r#"{"Col1":"true","Col2":"1","Col3":"'HelloWorld'"}"#,
                r#"{"Col1":"Null","Col2":"None","Col3":""}"#,
                r#"{"Col1":"   ","Col2":"","Col3":""}"#,
            ]
        );
    }

    #[test]
    fn names_are_taken_as_they_are_and_shown_in_the_order_of_a_hash_map() {
        assert_eq!(items(None, "H1,\na,b").unwrap(), [r#"{"":"b","H1":"a"}"#]);
        assert_eq!(items(None, "0,True,{}\n1,2,3").unwrap(), [r#"{"0":"1","{}":"3","True":"2"}"#]);
        assert_eq!(items(None, "a,a\n1,2").unwrap_err(), "CSV headers cannot contain duplicates.");
    }

    #[test]
    fn given_names_make_the_first_row_a_record() {
        assert_eq!(
            items(Some(&["a", "b"]), "1,2\r\n3\r\n").unwrap(),
            [r#"{"a":"1","b":"2"}"#, r#"{"a":"3","b":""}"#]
        );
    }

    #[test]
    fn quotes_and_backslashes() {
        let text = "a,b\n\"x,\"\"y\"\"\nz\",\\\"q\\,r\\\\s\\t\n";
        assert_eq!(items(None, text).unwrap(), [r#"{"a":"x,\"y\"\nz","b":"\"q,r\\st"}"#]);
    }
}
