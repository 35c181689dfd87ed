//! Keys whose byte order is their logical order.
//!
//! A key is a sequence of components, written by [`KeyWriter`] and read back by [`KeyReader`] in the same order:
//!
//! | component | bytes | order |
//! |---|---|---|
//! | `u64` | 8, big endian | ascending |
//! | `newest_first` | 8, big endian, all bits inverted | descending |
//! | `text` | the bytes, each 0x00 as 0x00 0xFF, then 0x00 0x00 | as the strings' bytes |
//!
//! No component is a prefix of another value of the same component, so the bytes of the first components are a
//! prefix that exactly the keys with those components share, and keys of one shape sort as their tuples do.

use std::fmt::Write as _;

const ESCAPED_ZERO: [u8; 2] = [0x00, 0xff];
const TEXT_END: [u8; 2] = [0x00, 0x00];

/// Builds a key, component by component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyWriter {
    bytes: Vec<u8>,
}

impl KeyWriter {
    /// A key without components.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a string.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.bytes.reserve(text.len() + TEXT_END.len());
        for &byte in text.as_bytes() {
            if byte == 0 {
                self.bytes.extend(ESCAPED_ZERO);
            } else {
                self.bytes.push(byte);
            }
        }
        self.bytes.extend(TEXT_END);
        self
    }

    /// Adds a number that sorts ascending.
    #[must_use]
    pub fn u64(mut self, number: u64) -> Self {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    /// Adds a number that sorts descending, so that a forward scan meets the greatest first.
    #[must_use]
    pub fn newest_first(self, number: u64) -> Self {
        self.u64(!number)
    }

    /// The bytes of the key, or of a prefix.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// A key that does not have the components asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key does not have the expected components")]
pub struct KeyError;

/// Reads the components of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyReader<'a> {
    rest: &'a [u8],
}

impl<'a> KeyReader<'a> {
    /// Reads from the first component on.
    #[must_use]
    pub fn new(key: &'a [u8]) -> Self {
        Self { rest: key }
    }

    /// The next component, a string.
    ///
    /// # Errors
    /// When what comes next is not a string as [`KeyWriter::text`] writes it.
    pub fn text(&mut self) -> Result<String, KeyError> {
        let mut bytes = Vec::new();
        loop {
            let zero = self.rest.iter().position(|&byte| byte == 0).ok_or(KeyError)?;
            let (plain, rest) = self.rest.split_at_checked(zero).ok_or(KeyError)?;
            let (mark, rest) = rest.split_first_chunk::<2>().ok_or(KeyError)?;
            bytes.extend_from_slice(plain);
            self.rest = rest;
            match *mark {
                ESCAPED_ZERO => bytes.push(0),
                TEXT_END => return String::from_utf8(bytes).map_err(|_| KeyError),
                _ => return Err(KeyError),
            }
        }
    }

    /// The next component, an ascending number.
    ///
    /// # Errors
    /// When fewer than 8 bytes are left.
    pub fn u64(&mut self) -> Result<u64, KeyError> {
        let (number, rest) = self.rest.split_first_chunk::<8>().ok_or(KeyError)?;
        self.rest = rest;
        Ok(u64::from_be_bytes(*number))
    }

    /// The next component, a descending number.
    ///
    /// # Errors
    /// When fewer than 8 bytes are left.
    pub fn newest_first(&mut self) -> Result<u64, KeyError> {
        self.u64().map(|number| !number)
    }

    /// Checks that every component was read.
    ///
    /// # Errors
    /// When bytes are left.
    pub fn end(self) -> Result<(), KeyError> {
        if self.rest.is_empty() { Ok(()) } else { Err(KeyError) }
    }
}

/// The least key that is greater than every key with this prefix; `None` if there is no such key.
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

/// A key for people: printable ASCII as it is, every other byte as `\xNN`.
#[must_use]
pub fn printable(key: &[u8]) -> String {
    let mut text = String::with_capacity(key.len());
    for &byte in key {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key((text, number, newest): &(String, u64, u64)) -> Vec<u8> {
        KeyWriter::new().text(text).u64(*number).newest_first(*newest).finish()
    }

    /// Texts over a small alphabet with NUL, so that prefixes and escapes meet often.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            proptest::collection::vec(prop_oneof![Just('\0'), Just('a'), Just('\u{1}'), Just('ÿ')], 0..6)
                .prop_map(String::from_iter),
            any::<String>(),
        ]
    }

    fn tuple() -> impl Strategy<Value = (String, u64, u64)> {
        let number = || prop_oneof![0..3_u64, any::<u64>()];
        (text(), number(), number())
    }

    proptest! {
        #[test]
        fn byte_order_is_logical_order(a in tuple(), b in tuple()) {
            let logical = a.0.as_bytes().cmp(b.0.as_bytes()).then(a.1.cmp(&b.1)).then(b.2.cmp(&a.2));
            prop_assert_eq!(key(&a).cmp(&key(&b)), logical);
        }

        #[test]
        fn what_was_written_is_read_back(a in tuple()) {
            let key = key(&a);
            let mut reader = KeyReader::new(&key);
            prop_assert_eq!((reader.text(), reader.u64(), reader.newest_first()), (Ok(a.0), Ok(a.1), Ok(a.2)));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn only_equal_first_components_share_their_prefix(a in tuple(), b in tuple()) {
            let prefix = KeyWriter::new().text(&a.0).finish();
            prop_assert_eq!(key(&b).starts_with(&prefix), a.0 == b.0);
        }

        #[test]
        fn prefix_end_divides_the_prefixed_from_the_greater(
            prefix in proptest::collection::vec(prop_oneof![Just(0xff_u8), any::<u8>()], 0..4),
            other in proptest::collection::vec(prop_oneof![Just(0xff_u8), any::<u8>()], 0..6),
        ) {
            let below_end = prefix_end(&prefix).is_none_or(|end| other < end);
            prop_assert_eq!(other.starts_with(&prefix), other >= prefix && below_end);
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in any::<Vec<u8>>()) {
            let mut reader = KeyReader::new(&bytes);
            let _ = (reader.text(), reader.u64(), reader.end());
        }
    }

    #[test]
    fn truncated_keys_are_refused() {
        let whole = KeyWriter::new().text("a\0b").finish();
        for len in 0..whole.len() {
            assert_eq!(KeyReader::new(&whole[..len]).text(), Err(KeyError));
        }
        assert_eq!(KeyReader::new(&[1, 2, 3]).u64(), Err(KeyError));
        assert_eq!(KeyReader::new(&[1]).end(), Err(KeyError));
    }

    #[test]
    fn printable_keys_escape_what_is_not_ascii() {
        assert_eq!(printable(b"a\\b\x00\xff"), "a\\\\b\\x00\\xff");
    }
}
