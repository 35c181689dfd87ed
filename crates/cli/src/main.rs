//! The `stepwright` binary.
fn main() {}
