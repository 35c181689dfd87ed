//! The data flow of a state: InputPath, ResultSelector, ResultPath, OutputPath, or Output; Assign.

use crate::context::Context;
use crate::decide::Run;
use crate::execution::{Execution, ScopeId};
use crate::failure::Trouble;
use crate::sight::Sight;
use crate::variables::Variables;
use asl::{IntegerField, PathField, ResultPath, State, ValueTemplate};
use expr::{QueryPath, QueryTemplate, Scope as Evaluation, Template};
use json::{Payload, Value};
use model::history::AssignedVariable;
use model::limits;
use std::sync::Arc;

impl Run<'_> {
    /// InputPath applied to the raw input, or OutputPath to what the state gives.
    pub(crate) fn select(
        &self,
        scope: ScopeId,
        field: &PathField,
        from: &Payload,
    ) -> Result<Payload, Trouble> {
        match field {
            PathField::Whole => Ok(from.clone()),
            PathField::Nothing => Ok(Payload::from(Value::empty_object())),
            PathField::Path(path) => self.read(scope, path, from.value()).map(Payload::from),
        }
    }

    /// The effective input: InputPath applied to the raw one.
    pub(crate) fn effective(
        &mut self,
        scope: ScopeId,
        state: &State,
        input: &Payload,
    ) -> Result<Payload, Trouble> {
        let effective = self.select(scope, &state.input_path, input)?;
        self.observe(|seen| seen.after_input_path = Some(effective.clone()));
        Ok(effective)
    }

    /// A path of InputPath's kind, whose failure reads `Invalid path …`.
    pub(crate) fn read(&self, scope: ScopeId, path: &QueryPath, input: &Value) -> Result<Value, Trouble> {
        let context = self.context(scope);
        let evaluation = evaluation(input, &context, self.execution, scope);
        path.eval(&evaluation.scope()).map_err(|error| Trouble::Runtime(error.as_invalid_path()))
    }

    /// The text of a Fail state that a path or an intrinsic function gives.
    pub(crate) fn text(
        &mut self,
        scope: ScopeId,
        field: &str,
        source: &expr::ErrorPathSource,
        input: &Value,
    ) -> Result<Arc<str>, Trouble> {
        let context = Context::new(self.execution, scope, None).tried(self.trial.as_deref());
        let variables = Variables { execution: self.execution, scope };
        let evaluation = Evaluation { input, context: &context, variables: &variables };
        source.eval(field, &evaluation, self.entropy).map_err(|error| Trouble::Runtime(error.to_string()))
    }

    /// A whole number of a definition; `field` is the name of the form without a path.
    pub(crate) fn integer(
        &mut self,
        scope: ScopeId,
        field: &str,
        source: &IntegerField,
        input: &Value,
    ) -> Result<i64, Trouble> {
        match source {
            IntegerField::Literal(number) => Ok(i64::try_from(*number).unwrap_or(i64::MAX)),
            IntegerField::Query(query) => self.query_integer(scope, field, query, &Sight::of_input(input)),
            IntegerField::Path(path) => {
                let value = self.read(scope, path, input)?;
                // AWS: recorded, numeric strings are taken too.
                let number = match &value {
                    Value::String(text) => text.parse().ok(),
                    Value::Number(number) if number.is_integer() => number.to_i64(),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        None
                    }
                };
                number.ok_or_else(|| {
                    let shown = quoted(&value);
                    let path = path.text();
                    Trouble::Runtime(format!(
                        "The {field}Path field refers to value {shown} which is not a valid integer: {path}"
                    ))
                })
            }
        }
    }

    /// Leaves a Task, a Parallel or a Map with its result: Assign, and ResultSelector, ResultPath and OutputPath or
    /// Output.
    pub(crate) fn leave_with_result(
        &mut self,
        scope: ScopeId,
        state: &State,
        selector: Option<&Template>,
        result_path: &ResultPath,
        result: Payload,
    ) -> Result<(), Trouble> {
        let Some((_, input)) = self.current(scope) else { return Ok(()) };
        self.observe(|seen| seen.result = Some(result.clone()));
        let assigned = {
            let sight = Sight::of_result(input.value(), result.value());
            self.assign(scope, state.assign.as_ref(), &sight)?
        };
        let output = match &state.output {
            Some(output) => {
                let sight = Sight::of_result(input.value(), result.value());
                Payload::from(self.fill_queries(scope, output, &sight)?)
            }
            None => self.combine(scope, state, selector, result_path, &input, result)?,
        };
        self.leave(scope, state, output, assigned)
    }

    /// ResultSelector, ResultPath and OutputPath: from a state's result to its output.
    pub(crate) fn combine(
        &mut self,
        scope: ScopeId,
        state: &State,
        selector: Option<&Template>,
        result_path: &ResultPath,
        input: &Payload,
        result: Payload,
    ) -> Result<Payload, Trouble> {
        let result = match selector {
            Some(template) => {
                Payload::from(self.fill_paths(scope, template, &Sight::of_input(result.value()))?)
            }
            None => result,
        };
        self.observe(|seen| seen.after_result_selector = Some(result.clone()));
        let combined = put_result(result_path, input, result)?;
        self.observe(|seen| seen.after_result_path = Some(combined.clone()));
        self.select(scope, &state.output_path, &combined)
    }

    /// Output, or OutputPath applied to what a state without a result hands on.
    pub(crate) fn output(
        &mut self,
        scope: ScopeId,
        output: Option<&QueryTemplate>,
        output_path: &PathField,
        effective: &Payload,
    ) -> Result<Payload, Trouble> {
        match output {
            Some(output) => {
                self.fill_queries(scope, output, &Sight::of_input(effective.value())).map(Payload::from)
            }
            None => self.select(scope, output_path, effective),
        }
    }

    /// Assign: the variables a state sets, sorted by name as history shows them.
    pub(crate) fn assign(
        &mut self,
        scope: ScopeId,
        template: Option<&ValueTemplate>,
        sight: &Sight<'_>,
    ) -> Result<Vec<AssignedVariable>, Trouble> {
        let Some(template) = template else { return Ok(Vec::new()) };
        let values = self.fill(scope, template, sight)?;
        self.assigned(scope, &values)
    }

    fn context(&self, scope: ScopeId) -> Context<'_> {
        Context::new(self.execution, scope, None).tried(self.trial.as_deref())
    }
}

/// ResultPath: the result put into the raw input.
pub(crate) fn put_result(path: &ResultPath, input: &Payload, result: Payload) -> Result<Payload, Trouble> {
    match path {
        ResultPath::Replace => Ok(result),
        ResultPath::Discard => Ok(input.clone()),
        ResultPath::At(path) => match path.set(input.value(), result.value().clone()) {
            Ok(combined) => within_depth(combined),
            Err(error) => Err(Trouble::ReferencePathConflict(error.to_string())),
        },
    }
}

/// A value that a state put together, unless it nests more deeply than any reader takes.
pub(crate) fn within_depth(value: Value) -> Result<Payload, Trouble> {
    if value.is_deeper_than(json::MAX_DEPTH) {
        // AWS: unconfirmed; AWS's own limit of 256 KiB still lets documents nest more deeply than parsers read.
        let text = format!("The result nests more deeply than {} levels", json::MAX_DEPTH);
        return Err(Trouble::Runtime(text));
    }
    Ok(Payload::from(value))
}

/// Whether AWS lets the payload pass.
pub(crate) fn is_too_large(payload: &Payload) -> bool {
    payload.is_longer_than(limits::PAYLOAD_SIZE)
}

/// A value between double quotes, as the messages about wrong numbers show it.
pub(crate) fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            format!("\"{value}\"")
        }
    }
}

struct Prepared<'e> {
    input: &'e Value,
    context: &'e Context<'e>,
    variables: Variables<'e>,
}

impl Prepared<'_> {
    fn scope(&self) -> Evaluation<'_> {
        Evaluation { input: self.input, context: self.context, variables: &self.variables }
    }
}

fn evaluation<'e>(
    input: &'e Value,
    context: &'e Context<'e>,
    execution: &'e Execution,
    scope: ScopeId,
) -> Prepared<'e> {
    Prepared { input, context, variables: Variables { execution, scope } }
}
