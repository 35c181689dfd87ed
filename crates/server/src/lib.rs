//! The Step Functions API over HTTP: one file per operation.
