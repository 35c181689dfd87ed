//! What the children of a Map Run give: the result of the state, and the records of a ResultWriter.

use super::records::{Child, ExpressChild};
use crate::error::EngineError;
use crate::fact_log::FactLog;
use crate::keys;
use crate::records::{Closing, Opening};
use crate::shared::Shared;
use asl::{Distributed, OutputType, Transformation};
use json::{Object, Payload, Value};
use machine::{TaskAnswer, data_limit_exceeded};
use model::{ExecutionStatus, Failure, MapRunArn, Timestamp, limits};
use std::sync::Arc;
use store::{Direction, Table, Walk};

/// The outputs of the children that succeeded, in the order of their items, shaped as WriterConfig says.
// AWS: unconfirmed that nothing stands for children that failed and were tolerated.
pub(crate) fn collect(
    shared: &Shared,
    arn: &MapRunArn,
    state: &str,
    distributed: &Distributed,
) -> Result<TaskAnswer, EngineError> {
    let writer = distributed.writer.as_ref();
    let transformation = writer.map_or(Transformation::Compact, |writer| writer.transformation);
    let mut results = Vec::new();
    let mut size = 2;
    let range = keys::map_run_children(arn);
    for record in Walk::new(&*shared.store, Table::MapRunChildren, range, Direction::Forward) {
        let (key, bytes) = record?;
        let child = Child::open(&key, &bytes)?;
        if child.status != ExecutionStatus::Succeeded {
            continue;
        }
        let result = match transformation {
            Transformation::None => record_of(shared, arn, &child)?,
            Transformation::Compact | Transformation::Flatten => match output_of(shared, &child)? {
                Some(output) => output.value().clone(),
                None => continue,
            },
        };
        size += result.to_text().len();
        // There is no more to be said of it, and it need not be held in memory.
        if size > limits::PAYLOAD_SIZE {
            return Ok(TaskAnswer::Failed(data_limit_exceeded(state)));
        }
        match result {
            Value::Array(items) if transformation == Transformation::Flatten => {
                results.extend(items.iter().cloned());
            }
            result => results.push(result),
        }
    }
    let result = match writer.map(|writer| writer.output_type) {
        // AWS: unconfirmed, the lines as one text.
        Some(OutputType::JsonLines) => {
            Value::from(results.iter().map(|one| format!("{one}\n")).collect::<String>())
        }
        Some(OutputType::Json) | None => Value::array(results),
    };
    Ok(TaskAnswer::Succeeded(Payload::from(result)))
}

/// The output of a child that succeeded.
pub(crate) fn output_of(shared: &Shared, child: &Child) -> Result<Option<Payload>, EngineError> {
    if let Some(express) = &child.express {
        return Ok(express.output.clone().map(|output| output.0));
    }
    let closing = Closing::read(&*shared.store, &child.arn)?;
    let output =
        closing.map(|closing| closing.output(&FactLog::new(&*shared.store, &child.arn))).transpose()?;
    Ok(output.flatten())
}

/// A child as a ResultWriter shows it: its members in alphabetical order.
pub(crate) fn record_of(shared: &Shared, arn: &MapRunArn, child: &Child) -> Result<Value, EngineError> {
    let seen = match &child.express {
        Some(express) => Seen::of_express(express),
        None => {
            let opening = Opening::read(&*shared.store, &child.arn)?;
            let closing = Closing::read(&*shared.store, &child.arn)?;
            let facts = FactLog::new(&*shared.store, &child.arn);
            Seen {
                input: opening.as_ref().map(|opening| opening.input(&facts)).transpose()?,
                output: closing.as_ref().map(|closing| closing.output(&facts)).transpose()?.flatten(),
                failure: closing.as_ref().and_then(|closing| closing.failure.clone()),
                started_at: opening.map(|opening| opening.started_at),
                stopped_at: closing.map(|closing| closing.stopped_at),
            }
        }
    };
    Ok(shown(arn, Some(child), child.status.as_str(), seen))
}

/// A child that was never started.
// AWS: documented, the class; the members are unconfirmed.
pub(crate) fn pending_record(arn: &MapRunArn, input: &Payload) -> Value {
    let seen =
        Seen { input: Some(input.clone()), output: None, failure: None, started_at: None, stopped_at: None };
    shown(arn, None, "PENDING", seen)
}

/// What is known of a child.
struct Seen {
    input: Option<Payload>,
    output: Option<Payload>,
    failure: Option<Failure>,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
}

impl Seen {
    fn of_express(express: &ExpressChild) -> Seen {
        Seen {
            input: Some(express.input.0.clone()),
            output: express.output.clone().map(|output| output.0),
            failure: express.failure.clone(),
            started_at: Some(express.started_at),
            stopped_at: Some(express.stopped_at),
        }
    }
}

// AWS: documented members and order.
fn shown(arn: &MapRunArn, child: Option<&Child>, status: &str, seen: Seen) -> Value {
    let mut record = Object::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            record.insert(name, value);
        }
    };
    let text = |text: Arc<str>| Value::from(text);
    let included = || Value::object([("Included", true)]);
    let failure = seen.failure.unwrap_or_default();
    put("Cause", failure.cause.map(text));
    put("Error", failure.error.map(text));
    put("ExecutionArn", child.map(|child| text(child.arn.0.clone())));
    put("Input", seen.input.as_ref().map(|input| text(input.text().clone())));
    put("InputDetails", Some(included()));
    put("Name", child.map(|child| Value::from(child.arn.name())));
    put("Output", seen.output.as_ref().map(|output| text(output.text().clone())));
    put("OutputDetails", seen.output.as_ref().map(|_| included()));
    if let Some(child) = child {
        let has_succeeded = status == ExecutionStatus::Succeeded.as_str();
        put("RedriveCount", Some(Value::from(child.redrives)));
        put("RedriveStatus", Some(Value::from(if has_succeeded { "NOT_REDRIVABLE" } else { "REDRIVABLE" })));
        let reason = "Execution is SUCCEEDED and cannot be redriven";
        put("RedriveStatusReason", has_succeeded.then(|| Value::from(reason)));
    }
    put("StartDate", seen.started_at.map(|at| Value::from(at.to_string())));
    put("StateMachineArn", Some(text(arn.child_machine().0)));
    put("Status", Some(Value::from(status)));
    put("StopDate", seen.stopped_at.map(|at| Value::from(at.to_string())));
    Value::from(record)
}
