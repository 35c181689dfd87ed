//! Both implementations pass the one suite.

use std::sync::Arc;

use store::{EmbeddedOptions, EmbeddedStore, MemoryStore, Store};

store::conformance!(memory, durable: false, || { || Arc::new(MemoryStore::new()) as Arc<dyn Store> });

store::conformance!(embedded, durable: true, || {
    let dir = tempfile::tempdir().unwrap();
    move || Arc::new(EmbeddedStore::open(dir.path(), &EmbeddedOptions::default()).unwrap()) as Arc<dyn Store>
});
