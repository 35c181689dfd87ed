//! The durable port, in memory and on disk.
