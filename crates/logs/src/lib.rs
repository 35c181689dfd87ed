//! Where the log records of executions go: CloudWatch Logs, rotating files, the standard output.
//!
//! What it is: [`ExecutionLog`] is what an engine hands events to, once they are durable. [`Deliveries`] is the
//! implementation that writes them, in AWS's format, to each of its destinations. [`LogGroups`] asks CloudWatch Logs
//! for a log group and announces the delivery to it.
//!
//! What it is not: it decides nothing about executions, and nothing of it is durable. A record can be lost with the
//! process, as AWS's delivery is best effort too.
//!
//! The contract: [`ExecutionLog::log`] never waits and never fails. Every destination has a queue of its own that is
//! bounded in records and bytes; what finds it full is dropped, counted, and named in the server's log.

mod batch;
mod cloudwatch;
mod deliveries;
mod destination;
mod entry;
mod files;
mod groups;
mod queue;
mod streams;
mod writer;

pub use deliveries::Deliveries;
pub use destination::{Destination, DestinationError, FileSettings};
pub use entry::{ExecutionLog, LogEntry, NoLog};
pub use groups::{Found, LogGroups};
