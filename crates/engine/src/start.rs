//! Starting an execution: what is asked and what is answered.

use crate::machines::StateMachine;
use json::Payload;
use model::{ExecutionArn, StartedThrough, Timestamp};
use std::sync::Arc;

/// What StartExecution asks for.
#[derive(Clone, Debug)]
pub struct StartExecution {
    /// The machine, at the revision that the execution will run to its end.
    pub machine: Arc<StateMachine>,
    /// The version and the alias that were asked for.
    pub through: StartedThrough,
    /// The execution's name; a random one where it is absent.
    pub name: Option<String>,
    /// Its input.
    pub input: Payload,
    /// A trace header, kept for DescribeExecution.
    pub trace_header: Option<String>,
    /// The test case whose mocks answer its tasks; without one every task calls its service.
    pub test_case: Option<String>,
}

/// What StartExecution answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// The execution's ARN.
    pub arn: ExecutionArn,
    /// When it started.
    pub started_at: Timestamp,
}
