//! A document that travels as text and is looked at as a value.

use crate::{ParseError, Value};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A JSON document, shared. It is made from text or from a value; the other form is made when first asked for and kept.
///
/// A payload that came as text keeps that text to the byte, blanks included, as AWS's history shows it.
#[derive(Clone)]
pub struct Payload {
    inner: Arc<Inner>,
}

struct Inner {
    text: OnceLock<Arc<str>>,
    value: OnceLock<Value>,
}

impl Payload {
    /// Reads the text, and keeps it as it is.
    pub fn from_text(text: impl Into<Arc<str>>) -> Result<Payload, ParseError> {
        let text = text.into();
        let value = crate::parse(&text)?;
        Ok(Payload { inner: Arc::new(Inner { text: OnceLock::from(text), value: OnceLock::from(value) }) })
    }

    /// Takes text that this crate wrote or read before; it is read again when first looked at.
    pub fn from_stored_text(text: impl Into<Arc<str>>) -> Payload {
        Payload { inner: Arc::new(Inner { text: OnceLock::from(text.into()), value: OnceLock::new() }) }
    }

    /// The document as a value. Stored text that does not parse reads as `null`.
    pub fn value(&self) -> &Value {
        self.inner.value.get_or_init(|| {
            self.inner.text.get().and_then(|text| crate::parse(text).ok()).unwrap_or_default()
        })
    }

    /// The document as text.
    pub fn text(&self) -> &Arc<str> {
        self.inner.text.get_or_init(|| Arc::from(self.inner.value.get().unwrap_or(&Value::Null).to_text()))
    }

    /// The length of the text in bytes of UTF-8, which AWS's limits count.
    pub fn size(&self) -> usize {
        self.text().len()
    }

    /// Where it is held: two payloads of one place at one time are the same one.
    pub fn place(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }

    /// Whether the text has more bytes than that. Where the value is small enough beyond doubt, the text is not made.
    pub fn is_longer_than(&self, bytes: usize) -> bool {
        if self.inner.text.get().is_none()
            && let Some(value) = self.inner.value.get()
            && crate::writer::room_left(value, bytes).is_some()
        {
            return false;
        }
        self.size() > bytes
    }

    /// Bytes that it takes in memory, roughly: the length of the text, or where there is none yet, what it will be at the most.
    pub fn memory_size(&self) -> usize {
        match (self.inner.text.get(), self.inner.value.get()) {
            (None, Some(value)) => {
                usize::MAX - crate::writer::room_left(value, usize::MAX).unwrap_or_default()
            }
            (Some(text), _) => text.len(),
            (None, None) => 0,
        }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Payload {
        Payload { inner: Arc::new(Inner { text: OnceLock::new(), value: OnceLock::from(value) }) }
    }
}

/// Two payloads are equal when their texts are.
impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.text() == other.text()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
