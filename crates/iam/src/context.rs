//! What a request knows of itself.

use std::collections::BTreeMap;

/// The condition keys of a request and their values. Keys are alike whatever their case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// Nothing is known.
    pub fn new() -> Context {
        Context::default()
    }

    /// With a value of a key, beside those that it has.
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Context {
        self.keys.entry(key.to_ascii_lowercase()).or_default().push(value.into());
        self
    }

    /// The values of a key; none where the request does not have it.
    pub(crate) fn get(&self, key: &str) -> &[String] {
        self.keys.get(&key.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }
}
