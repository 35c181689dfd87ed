//! What a JSONata expression can see.

use crate::{ContextSource, Variables};
use json::{Object, Value};
use std::sync::Arc;

/// What a JSONata expression can see: `$states` and the variables.
#[derive(Clone, Copy)]
pub struct QueryScope<'a> {
    /// `$states.input`
    pub input: &'a Value,
    /// `$states.context`
    pub context: &'a dyn ContextSource,
    /// `$states.result`, where there is one.
    pub result: Option<&'a Value>,
    /// `$states.errorOutput`, in catchers.
    pub error_output: Option<&'a Value>,
    /// `$name`
    pub variables: &'a dyn Variables,
}

impl QueryScope<'_> {
    /// Whether an array or object is one of those that were given, as a whole: it is known not to be too deep.
    pub(super) fn holds(&self, value: &Value) -> bool {
        let given = [Some(self.input), self.result, self.error_output];
        given.into_iter().flatten().any(|given| match (given, value) {
            (Value::Array(given), Value::Array(value)) => Arc::ptr_eq(given, value),
            (Value::Object(given), Value::Object(value)) => Arc::ptr_eq(given, value),
            _ => false,
        })
    }

    /// The value of `$states`, with the context object only where it is asked for.
    pub(super) fn states(&self, with_context: bool) -> Value {
        let mut states = Object::with_capacity(3);
        // AWS: recorded test_base_map_state_inspect: in this order.
        states.insert("input", self.input.clone());
        if with_context {
            states.insert("context", self.context.context());
        }
        if let Some(result) = self.result {
            states.insert("result", result.clone());
        }
        if let Some(error_output) = self.error_output {
            states.insert("errorOutput", error_output.clone());
        }
        Value::from(states)
    }
}
