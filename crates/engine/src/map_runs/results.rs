//! What the children of a Map Run give: the result of the state.

use super::records::Child;
use crate::error::EngineError;
use crate::keys::{self, Part};
use crate::records::{self, Closing};
use crate::shard::Shared;
use asl::{Distributed, Transformation};
use json::{Payload, Value};
use machine::{TaskAnswer, data_limit_exceeded};
use model::{ExecutionStatus, Failure, MapRunArn, error_name, limits};
use store::{Direction, Table, Walk};

/// The outputs of the children that succeeded, in the order of their items.
// AWS: unconfirmed that nothing stands for children that failed and were tolerated.
pub(crate) fn collect(
    shared: &Shared,
    arn: &MapRunArn,
    state: &str,
    distributed: &Distributed,
) -> Result<TaskAnswer, EngineError> {
    let is_flat =
        distributed.writer.as_ref().is_some_and(|writer| writer.transformation == Transformation::Flatten);
    if distributed.writer.as_ref().is_some_and(|writer| writer.is_export) {
        return Ok(TaskAnswer::Failed(Failure::new(
            error_name::RESULT_WRITER_FAILED,
            "This version of Stepwright does not write results to S3 yet",
        )));
    }
    let mut results = Vec::new();
    let mut size = 2;
    let range = keys::map_run_children(arn);
    for record in Walk::new(&*shared.store, Table::MapRunChildren, range, Direction::Forward) {
        let (key, bytes) = record?;
        let child: Child = records::open(Table::MapRunChildren, &key, &bytes)?;
        if child.status != ExecutionStatus::Succeeded {
            continue;
        }
        let Some(output) = output_of(shared, &child)? else { continue };
        size += output.value().to_text().len();
        // There is no more to be said of it, and it need not be held in memory.
        if size > limits::PAYLOAD_SIZE {
            return Ok(TaskAnswer::Failed(data_limit_exceeded(state)));
        }
        match output.value() {
            Value::Array(items) if is_flat => results.extend(items.iter().cloned()),
            value => results.push(value.clone()),
        }
    }
    Ok(TaskAnswer::Succeeded(Payload::from(Value::array(results))))
}

fn output_of(shared: &Shared, child: &Child) -> Result<Option<Payload>, EngineError> {
    if let Some(express) = &child.express {
        return Ok(express.output.clone().map(|output| output.0));
    }
    let key = keys::execution(&child.arn, Part::Closing);
    let Some(bytes) = shared.store.get(Table::Executions, &key)? else { return Ok(None) };
    let closing: Closing = records::open(Table::Executions, &key, &bytes)?;
    Ok(closing.output.map(|output| output.0))
}
