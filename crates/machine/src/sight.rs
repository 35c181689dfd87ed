//! What the fields of a state are evaluated on, in either query language.

use crate::context::Context;
use crate::decide::Run;
use crate::execution::ScopeId;
use crate::failure::Trouble;
use crate::map_run::MapItem;
use crate::variables::Variables;
use asl::ValueTemplate;
use expr::{Outside, Query, QueryError, QueryScope, QueryTemplate, Scope, Template};
use json::{Kind, Number, Value};

/// What the fields of a state can see, beside variables and the context object.
#[derive(Clone)]
pub(crate) struct Sight<'v> {
    /// `$` in JSONPath.
    pub(crate) dollar: &'v Value,
    /// `$states.input`
    pub(crate) input: &'v Value,
    /// `$states.result`
    pub(crate) result: Option<&'v Value>,
    /// `$states.errorOutput`
    pub(crate) error_output: Option<&'v Value>,
    /// The item of a Map whose iteration has not begun yet.
    pub(crate) item: Option<MapItem>,
}

impl<'v> Sight<'v> {
    /// Before the work of a state: its effective input, which in JSONata is its input.
    pub(crate) fn of_input(input: &'v Value) -> Sight<'v> {
        Sight { dollar: input, input, result: None, error_output: None, item: None }
    }

    /// Behind the work of a Task, a Parallel or a Map.
    pub(crate) fn of_result(input: &'v Value, result: &'v Value) -> Sight<'v> {
        Sight { dollar: result, result: Some(result), ..Sight::of_input(input) }
    }

    /// In a catcher.
    pub(crate) fn of_error(input: &'v Value, error_output: &'v Value) -> Sight<'v> {
        Sight { dollar: error_output, error_output: Some(error_output), ..Sight::of_input(input) }
    }
}

impl Run<'_> {
    /// A template of either language.
    pub(crate) fn fill(
        &mut self,
        scope: ScopeId,
        template: &ValueTemplate,
        sight: &Sight<'_>,
    ) -> Result<Value, Trouble> {
        match template {
            ValueTemplate::JsonPath(template) => self.fill_paths(scope, template, sight),
            ValueTemplate::Jsonata(template) => self.fill_queries(scope, template, sight),
        }
    }

    /// A JSONPath template.
    pub(crate) fn fill_paths(
        &mut self,
        scope: ScopeId,
        template: &Template,
        sight: &Sight<'_>,
    ) -> Result<Value, Trouble> {
        let context = Context::new(self.execution, scope, sight.item.clone()).tried(self.trial.as_deref());
        let variables = Variables { execution: self.execution, scope };
        let evaluation = Scope { input: sight.dollar, context: &context, variables: &variables };
        template.eval(&evaluation, self.entropy).map_err(|error| Trouble::Runtime(error.to_string()))
    }

    /// A JSONata template.
    pub(crate) fn fill_queries(
        &mut self,
        scope: ScopeId,
        template: &QueryTemplate,
        sight: &Sight<'_>,
    ) -> Result<Value, Trouble> {
        self.query_with(scope, sight, |scope, outside| template.eval(scope, outside))
    }

    /// The value of an expression, of the kind that its field holds.
    pub(crate) fn query(
        &mut self,
        scope: ScopeId,
        query: &Query,
        kind: Kind,
        sight: &Sight<'_>,
    ) -> Result<Value, Trouble> {
        self.query_with(scope, sight, |scope, outside| query.eval_as(kind, scope, outside))
    }

    /// The whole number that an expression gives; `field` is the name of the field.
    pub(crate) fn query_integer(
        &mut self,
        scope: ScopeId,
        field: &str,
        query: &Query,
        sight: &Sight<'_>,
    ) -> Result<i64, Trouble> {
        let value = self.query(scope, query, Kind::Number, sight)?;
        value.as_number().and_then(whole).ok_or_else(|| {
            // AWS: recorded for TimeoutSeconds.
            Trouble::of_query(query, format!("The {field} field cannot be parsed as an integer: {value}"))
        })
    }

    fn query_with(
        &mut self,
        scope: ScopeId,
        sight: &Sight<'_>,
        eval: impl FnOnce(&QueryScope<'_>, &mut Outside<'_>) -> Result<Value, QueryError>,
    ) -> Result<Value, Trouble> {
        let context = Context::new(self.execution, scope, sight.item.clone()).tried(self.trial.as_deref());
        let variables = Variables { execution: self.execution, scope };
        let seen = QueryScope {
            input: sight.input,
            context: &context,
            result: sight.result,
            error_output: sight.error_output,
            variables: &variables,
        };
        let now_millis = self.now.0;
        let mut outside = Outside { now_millis, entropy: self.entropy };
        eval(&seen, &mut outside).map_err(Trouble::Query)
    }
}

/// The number without fraction.
fn whole(number: &Number) -> Option<i64> {
    if number.is_integer() {
        return number.to_i64();
    }
    let float = number.to_f64();
    (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
}
