//! JSONata in a definition's fields: `{% … %}`.

mod engine;
mod scope;
mod template;

pub use scope::QueryScope;
pub use template::QueryTemplate;

use crate::Entropy;
use engine::{Engine, Outcome};
use json::{Kind, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

const OPEN: &str = "{%";
const CLOSE: &str = "%}";

/// A compiled expression, and the field it stands in. Cloning copies a pointer.
#[derive(Clone)]
pub struct Query {
    inner: Arc<Inner>,
}

struct Inner {
    text: Arc<str>,
    field: Arc<str>,
    engine: Engine,
}

/// What an evaluation takes from outside.
pub struct Outside<'e> {
    /// What `$now` and `$millis` tell: milliseconds since 1970.
    pub now_millis: i64,
    /// What `$random` and `$uuid` draw from.
    pub entropy: &'e mut dyn Entropy,
}

/// An expression that AWS refuses to create. `Display` is the diagnostic's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuerySyntaxError {
    /// It is no JSONata.
    #[error("{0}")]
    Invalid(String),
    /// It is JSONata, and uses something that states do not have.
    #[error("{0}")]
    Unsupported(String),
}

/// Why an expression gave no value, or one that its field cannot hold. `Display` is the cause without the prefix that
/// names the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// The field, with the way to the expression inside it: `Output/a/b[0]`. None where no expression is to blame.
    pub location: Option<Arc<str>>,
    /// AWS's words.
    pub message: String,
}

impl Query {
    /// Whether a text stands for an expression: it starts with `{%` and ends with `%}`, with nothing outside.
    pub fn is_marked(text: &str) -> bool {
        inside(text).is_some()
    }

    /// Compiles a text with its marks; `field` is how errors name its place.
    pub fn compile(text: &str, field: &str) -> Result<Query, QuerySyntaxError> {
        // A text without marks is taken for an expression as it stands.
        let text = inside(text).unwrap_or(text).trim();
        let engine = Engine::compile(text)?;
        Ok(Query { inner: Arc::new(Inner { text: Arc::from(text), field: Arc::from(field), engine }) })
    }

    /// The expression without its marks and outer blanks.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Its place, as errors name it.
    pub fn field(&self) -> &Arc<str> {
        &self.inner.field
    }

    /// The value. It may nest more deeply than a document.
    pub fn eval(&self, scope: &QueryScope<'_>, outside: &mut Outside<'_>) -> Result<Value, QueryError> {
        match self.inner.engine.eval(scope, outside) {
            Ok(Outcome::Value(value)) => Ok(value),
            Ok(Outcome::Undefined) => Err(self.error(format_args!("returned nothing (undefined)."))),
            Ok(Outcome::Function) => Err(self.error(format_args!("returned an unsupported result type."))),
            Err(problem) => Err(self.error(format_args!("threw an error during evaluation{problem}"))),
        }
    }

    /// The value, which must be of the kind that the field holds.
    pub fn eval_as(
        &self,
        kind: Kind,
        scope: &QueryScope<'_>,
        outside: &mut Outside<'_>,
    ) -> Result<Value, QueryError> {
        let value = self.eval(scope, outside)?;
        if value.kind() == kind {
            return Ok(value);
        }
        // AWS: recorded test_map_state_items_eval_jsonata_fail.
        Err(self.error(format_args!(
            "returned an unexpected result type. Expected '{}', but was '{}' for value: {value}",
            kind.name(),
            value.kind().name()
        )))
    }

    /// The names of the variables that the expression reads and does not bind itself, `states` not among them; sorted.
    pub fn variables_read(&self) -> BTreeSet<Arc<str>> {
        self.inner.engine.variables_read()
    }

    /// The members of `$states` that it names, sorted.
    pub fn states_members(&self) -> BTreeSet<Arc<str>> {
        self.inner.engine.states_members()
    }

    fn error(&self, what: fmt::Arguments<'_>) -> QueryError {
        let (text, field) = (&self.inner.text, &self.inner.field);
        QueryError {
            location: Some(field.clone()),
            message: format!("The JSONata expression '{text}' specified for the field '{field}' {what}"),
        }
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("field", &self.inner.field).field("text", &self.inner.text).finish()
    }
}

fn inside(text: &str) -> Option<&str> {
    text.strip_prefix(OPEN)?.strip_suffix(CLOSE)
}
