//! JSONata over the shared JSON value.
