//! Items of a JSON document: the elements of an array, or the members of an object, at the place that a pointer names.
//!
//! The document is never held as a whole: what lies beside the way to the items is passed over, and each item is read when
//! its last byte is there.

use super::{Record, too_long};
use json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

// AWS: recorded test_map_item_reader_json_no_json_list_object, for an object too; later measured that its members are items.
const NOT_ITERABLE: &str = "Attempting to map over non-iterable node.";
// AWS: measured.
const NO_MATCH: &str =
    "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.";

/// Takes a document apart, piece by piece.
pub(crate) struct JsonItems {
    /// The steps of the pointer.
    steps: Vec<String>,
    /// How many of them were taken.
    depth: usize,
    state: State,
    /// The container that is being read, once there is one.
    container: Container,
    value: ValueEnd,
    /// The bytes of the value or the key under way.
    text: Vec<u8>,
    /// The key of the member under way.
    key: String,
    ready: VecDeque<Record>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before the value that the next step of the pointer looks into, or that holds the items.
    Container,
    /// Before an element, or the end of an empty array.
    Element {
        is_first: bool,
    },
    /// Before a key, or the end of an empty object.
    Key {
        is_first: bool,
    },
    InKey {
        escaped: bool,
    },
    Colon,
    /// In a value that is an item, or beside the way.
    Value,
    /// Behind a value.
    Comma,
    /// Behind the items.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Container {
    Array { index: usize },
    Object,
}

/// Finds where a value ends.
#[derive(Clone, Copy, Debug, Default)]
struct ValueEnd {
    has_begun: bool,
    is_scalar: bool,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

#[derive(PartialEq)]
enum Step {
    More,
    /// The byte is the value's last.
    Last,
    /// The value ended before the byte.
    Behind,
}

impl JsonItems {
    /// Items at the place that an RFC 6901 pointer names.
    pub(crate) fn new(pointer: Option<&str>) -> JsonItems {
        let steps = pointer.unwrap_or_default().split('/').skip(1);
        JsonItems {
            steps: steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect(),
            depth: 0,
            state: State::Container,
            container: Container::Object,
            value: ValueEnd::default(),
            text: Vec::new(),
            key: String::new(),
            ready: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        for byte in bytes {
            // A value that ends before a byte leaves the byte to what follows.
            while !self.take(*byte)? {}
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<(), String> {
        match self.state {
            State::End => Ok(()),
            // A scalar at the top has no byte behind it that would end it.
            State::Container => Err("The file holds no JSON.".to_owned()),
            State::Element { .. }
            | State::Key { .. }
            | State::InKey { .. }
            | State::Colon
            | State::Value
            | State::Comma => Err("The file ends before its JSON does.".to_owned()),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Record> {
        self.ready.pop_front()
    }

    /// Whether nothing more can come.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::End && self.ready.is_empty()
    }

    /// Takes a byte; `false` if it is to be taken once more.
    fn take(&mut self, byte: u8) -> Result<bool, String> {
        let is_blank = byte.is_ascii_whitespace();
        match self.state {
            State::End => {}
            State::Container | State::Colon | State::Comma if is_blank => {}
            State::Key { .. } | State::Element { .. } if is_blank => {}
            State::Container => self.begin_container(byte)?,
            State::Element { is_first: true } if byte == b']' => self.close()?,
            State::Key { is_first: true } if byte == b'}' => self.close()?,
            State::Element { .. } => {
                self.begin_value();
                return Ok(false);
            }
            State::Key { .. } if byte == b'"' => {
                self.text = vec![byte];
                self.state = State::InKey { escaped: false };
            }
            State::Key { .. } => return Err(unexpected(byte)),
            State::InKey { escaped } => {
                self.add(byte)?;
                match byte {
                    b'"' if !escaped => self.end_key()?,
                    _ => self.state = State::InKey { escaped: byte == b'\\' && !escaped },
                }
            }
            State::Colon if byte == b':' => self.begin_value(),
            State::Colon => return Err(unexpected(byte)),
            State::Value => match self.value.take(byte) {
                Step::More => self.add(byte)?,
                Step::Last => {
                    self.add(byte)?;
                    self.end_value()?;
                }
                Step::Behind => {
                    self.end_value()?;
                    return Ok(false);
                }
            },
            State::Comma => self.behind_value(byte)?,
        }
        Ok(true)
    }

    fn begin_container(&mut self, byte: u8) -> Result<(), String> {
        (self.container, self.state) = match byte {
            b'[' => (Container::Array { index: 0 }, State::Element { is_first: true }),
            b'{' => (Container::Object, State::Key { is_first: true }),
            // A byte order mark is passed over.
            0xef | 0xbb | 0xbf if self.depth == 0 => return Ok(()),
            _ if self.is_at_items() => return Err(NOT_ITERABLE.to_owned()),
            _ => return Err(NO_MATCH.to_owned()),
        };
        Ok(())
    }

    fn is_at_items(&self) -> bool {
        self.depth == self.steps.len()
    }

    /// The value that comes is an item, the next container on the way, or beside it.
    fn begin_value(&mut self) {
        self.text.clear();
        self.value = ValueEnd::default();
        let is_on_the_way = self.steps.get(self.depth).is_some_and(|step| match self.container {
            Container::Array { index } => *step == index.to_string(),
            Container::Object => *step == self.key,
        });
        self.state = State::Value;
        if is_on_the_way {
            self.depth += 1;
            self.state = State::Container;
        }
    }

    fn end_key(&mut self) -> Result<(), String> {
        let text = std::mem::take(&mut self.text);
        let key = json::parse_bytes(&text).map_err(|error| error.message())?;
        self.key = key.as_str().unwrap_or_default().to_owned();
        self.state = State::Colon;
        Ok(())
    }

    fn end_value(&mut self) -> Result<(), String> {
        self.state = State::Comma;
        let text = std::mem::take(&mut self.text);
        if !self.is_at_items() {
            return Ok(());
        }
        let value: Value = json::parse_bytes(&text).map_err(|error| error.message())?;
        let key = match self.container {
            Container::Array { .. } => None,
            Container::Object => Some(Arc::from(self.key.as_str())),
        };
        self.ready.push_back(Record { key, value });
        Ok(())
    }

    fn behind_value(&mut self, byte: u8) -> Result<(), String> {
        match (byte, self.container) {
            (b',', Container::Array { index }) => {
                self.container = Container::Array { index: index + 1 };
                self.state = State::Element { is_first: false };
            }
            (b',', Container::Object) => self.state = State::Key { is_first: false },
            (b']', Container::Array { .. }) | (b'}', Container::Object) => self.close()?,
            _ => return Err(unexpected(byte)),
        }
        Ok(())
    }

    /// The end of a container: of the items, or of one in which the next step was not found.
    fn close(&mut self) -> Result<(), String> {
        if !self.is_at_items() {
            return Err(NO_MATCH.to_owned());
        }
        self.state = State::End;
        Ok(())
    }

    /// Keeps a byte of an item or a key; what lies beside the way is not kept.
    fn add(&mut self, byte: u8) -> Result<(), String> {
        if self.state == State::Value && !self.is_at_items() {
            return Ok(());
        }
        self.text.push(byte);
        if self.text.len() > super::ITEM_BYTES { Err(too_long()) } else { Ok(()) }
    }
}

impl ValueEnd {
    fn take(&mut self, byte: u8) -> Step {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            let is_end = !self.in_string && self.depth == 0;
            return if is_end { Step::Last } else { Step::More };
        }
        if self.is_scalar {
            let ends = byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}');
            return if ends { Step::Behind } else { Step::More };
        }
        match byte {
            b'"' => (self.has_begun, self.in_string) = (true, true),
            b'[' | b'{' => (self.has_begun, self.depth) = (true, self.depth + 1),
            b']' | b'}' if self.depth > 0 => {
                self.depth -= 1;
                return if self.depth == 0 { Step::Last } else { Step::More };
            }
            // Where a value should stand: reading it says what is wrong.
            b']' | b'}' | b',' if !self.has_begun => return Step::Behind,
            _ if byte.is_ascii_whitespace() => {}
            _ if self.depth == 0 => (self.has_begun, self.is_scalar) = (true, true),
            _ => {}
        }
        Step::More
    }
}

fn unexpected(byte: u8) -> String {
    format!("Unexpected character '{}' in the JSON of the file.", char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(pointer: &str, text: &str) -> Result<Vec<String>, String> {
        let all = |piece: usize| -> Result<Vec<String>, String> {
            let mut items = JsonItems::new(Some(pointer));
            for part in text.as_bytes().chunks(piece) {
                items.push(part)?;
            }
            items.finish()?;
            let shown = |record: Record| match record.key {
                Some(key) => format!("{key}={}", record.value),
                None => record.value.to_text(),
            };
            Ok(std::iter::from_fn(|| items.next()).map(shown).collect())
        };
        let found = all(1);
        for piece in [2, 3, 5, 1000] {
            assert_eq!(all(piece), found, "{text}");
        }
        found
    }

    #[test]
    fn elements_and_members_are_items() {
        let text = r#" [1, "a]\"," , {"b":[{}]},[], null,-1.5e3 ] "#;
        assert_eq!(items("", text).unwrap(), ["1", r#""a]\",""#, r#"{"b":[{}]}"#, "[]", "null", "-1500.0"]);
        assert_eq!(items("", r#"{"a":1 , "b\"":[2]}"#).unwrap(), ["a=1", "b\"=[2]"]);
        assert_eq!(items("", "[]").unwrap(), [""; 0]);
        assert_eq!(items("", "{ }").unwrap(), [""; 0]);
    }

    #[test]
    fn a_pointer_leads_to_them() {
        let text = r#"{"x":{"items":[0]},"data":[{"items":[7]},{"a/b":{"k":1},"items":[1,2]}],"rest":}"#;
        assert_eq!(items("/data/1/items", text).unwrap(), ["1", "2"]);
        assert_eq!(items("/data/1/a~1b", text).unwrap(), ["k=1"]);
        for pointer in ["/none", "/data/9", "/data/x", "/x/items/0/y", "/data/0/none"] {
            assert_eq!(items(pointer, text).unwrap_err(), NO_MATCH, "{pointer}");
        }
        assert_eq!(items("/x/items/0", text).unwrap_err(), NOT_ITERABLE);
    }

    #[test]
    fn what_is_no_list_of_items_is_refused() {
        for text in ["7", r#""text""#, "true", "null"] {
            assert_eq!(items("", text).unwrap_err(), NOT_ITERABLE, "{text}");
        }
        for text in
            ["", "  ", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"", "{\"a\":}", "{1:2}", "[tru]", "[1}"]
        {
            assert!(items("", text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_item_over_its_limit_is_refused_before_it_is_held() {
        let mut items = JsonItems::new(None);
        items.push(b"[\"").unwrap();
        let piece = vec![b'x'; 1024 * 1024];
        let outcome = (0..9).try_for_each(|_| items.push(&piece));
        assert!(outcome.is_err());
    }
}
