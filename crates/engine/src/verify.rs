//! The machine's invariants, checked on what is really stored.

use crate::error::EngineError;
use crate::fact_log::FactLog;
use machine::{Execution, check_history, check_rebuild};
use model::ExecutionArn;
use store::Store;

/// Compares an execution with the one that its stored facts give, and checks the history.
pub(crate) fn check(store: &dyn Store, arn: &ExecutionArn, live: &Execution) -> Result<(), EngineError> {
    let facts = FactLog::new(store, arn).all()?;
    check_rebuild(&facts, live).and_then(|()| check_history(&facts, live)).map_err(|violation| {
        EngineError::Violation { execution: arn.to_string(), problem: violation.to_string() }
    })
}
