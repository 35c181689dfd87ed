//! Both implementations pass the one suite.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use store::{EmbeddedOptions, EmbeddedStore, MemoryStore, Store};

store::conformance!(memory, durable: false, || { || Arc::new(MemoryStore::new()) as Arc<dyn Store> });

store::conformance!(embedded, durable: true, || {
    let dir = tempfile::tempdir().unwrap();
    move || Arc::new(EmbeddedStore::open(dir.path(), &EmbeddedOptions::default()).unwrap()) as Arc<dyn Store>
});
