//! The seam to the language itself.

use super::{Outside, QueryScope, QuerySyntaxError};
use json::Value;
use jsonata::{Bindings, Dialect, Environment, Expression, Limits, References};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name behind which a state finds its data.
const STATES: &str = "states";

/// A compiled expression.
pub(super) struct Engine {
    expression: Expression,
    /// Whether `$states.context` may be asked for; it is made for each evaluation.
    reads_context: bool,
}

/// What an expression gives.
pub(super) use jsonata::Outcome;

impl Engine {
    pub(super) fn compile(text: &str) -> Result<Engine, QuerySyntaxError> {
        let expression = Expression::compile(text, Dialect::Aws)
            // AWS: measured, without the code.
            .map_err(|error| QuerySyntaxError::Invalid(error.to_string()))?;
        let references = expression.references();
        refuse_unsupported(&references)?;
        let reads_context = references.paths.iter().any(|path| {
            let mut names = path.names.iter().map(|name| &**name);
            names.next() == Some(STATES) && matches!(names.next(), None | Some("context"))
        });
        Ok(Engine { expression, reads_context })
    }

    /// The outcome, or how the error goes on behind `threw an error during evaluation`.
    pub(super) fn eval(&self, scope: &QueryScope<'_>, outside: &mut Outside<'_>) -> Result<Outcome, String> {
        let names = Names { scope, reads_context: self.reads_context, states: OnceCell::new() };
        let mut environment = Environment {
            now_millis: outside.now_millis,
            entropy: &mut || outside.entropy.next_u64(),
            limits: Limits::AWS,
        };
        self.expression.evaluate(None, &names, &mut environment).map_err(|error| match error.limit {
            // AWS: measured texts, unconfirmed punctuation.
            Some(_) => format!(": {error}"),
            None => format!(". {}: {error}", error.code),
        })
    }

    pub(super) fn variables_read(&self) -> BTreeSet<Arc<str>> {
        let names = self.expression.references().variables;
        names.into_iter().filter(|name| &**name != STATES && !is_function(name)).collect()
    }

    pub(super) fn states_members(&self) -> BTreeSet<Arc<str>> {
        let paths = self.expression.references().paths;
        let members = paths.into_iter().filter_map(|path| {
            let mut names = path.names.into_iter();
            if &*names.next()? == STATES { names.next() } else { None }
        });
        members.collect()
    }
}

fn refuse_unsupported(references: &References) -> Result<(), QuerySyntaxError> {
    if let Some(name) = references.input.iter().find_map(|place| place.names.first()) {
        return Err(QuerySyntaxError::Unsupported(match &**name {
            "$" => "Reference to '$$' is not supported.".to_owned(),
            // AWS: unconfirmed for `$`.
            "" => "Reference to '$' at the top level is not supported.".to_owned(),
            name => format!("Reference to '{name}' at the top level is not supported."),
        }));
    }
    if references.bound.contains(STATES) {
        // AWS: documented as refused, the words are unconfirmed.
        let message = format!("Cannot assign to reserved variable '${STATES}'.");
        return Err(QuerySyntaxError::Unsupported(message));
    }
    Ok(())
}

/// Whether a name stands for a function of the language.
fn is_function(name: &str) -> bool {
    let Ok(expression) = Expression::compile(&format!("${name}"), Dialect::Aws) else { return false };
    let mut environment = Environment { now_millis: 0, entropy: &mut || 0, limits: Limits::AWS };
    matches!(expression.evaluate(None, &(), &mut environment), Ok(Outcome::Function))
}

/// What the names of an expression stand for.
struct Names<'a> {
    scope: &'a QueryScope<'a>,
    reads_context: bool,
    /// Made once an evaluation.
    states: OnceCell<Value>,
}

impl Bindings for Names<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
        if name == STATES {
            return Some(Cow::Borrowed(self.states.get_or_init(|| self.scope.states(self.reads_context))));
        }
        self.scope.variables.get(name).map(Cow::Owned)
    }
}
