//! Payload templates: Parameters, ResultSelector, ItemSelector, Assign, Credentials.

use crate::scope::Evaluation;
use crate::{Entropy, Expression, ExpressionError, IntrinsicError, PathError, QueryPath, Scope};
use json::{Kind, Object, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// With more computed members than this, the size of the result is counted while it is made.
const UNCOUNTED_MEMBERS: usize = 32;

/// A compiled payload template.
#[derive(Clone, Debug)]
pub struct Template {
    root: Node,
    computed: usize,
}

/// A part of a template.
#[derive(Clone, Debug)]
enum Node {
    /// Nothing below is computed: handed on as it is.
    Literal(Value),
    Array(Vec<Node>),
    Object {
        /// Members with plain keys, in the order in which they were written.
        plain: Vec<(Arc<str>, Node)>,
        /// Members with `.$`, in the order in which AWS emits them.
        computed: Vec<Member>,
    },
}

#[derive(Clone, Debug)]
struct Member {
    /// The key without `.$`.
    key: Arc<str>,
    /// The key as written.
    field: Arc<str>,
    expression: Expression,
}

/// A template that AWS refuses to create. `Display` is the diagnostic's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateSyntaxError {
    /// The member's key, with its `.$`.
    pub field: String,
    /// AWS's words.
    pub message: String,
}

/// Why a template gave no value. `Display` is the cause without the prefix that names the state.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// A path found nothing.
    #[error("{}", error.as_not_found(field))]
    Path {
        /// The member's key, with its `.$`.
        field: Arc<str>,
        /// What was wrong.
        error: Box<PathError>,
    },
    /// An intrinsic call failed.
    #[error("{0}")]
    Intrinsic(Box<IntrinsicError>),
    /// A field that must be a string is something else.
    // AWS: unconfirmed wording.
    #[error("The value for the field '{field}' must be a STRING but was: {found}")]
    NotAString {
        /// The field's name.
        field: Arc<str>,
        /// What it was.
        found: Value,
    },
    /// The result is larger than an evaluation may make.
    #[error("The evaluation of a template exceeded {} bytes", crate::MAX_BYTES)]
    TooLarge,
    /// The result nests more deeply than a document may.
    #[error("The evaluation of a template exceeded {} levels of nesting", json::MAX_DEPTH)]
    TooDeep,
}

impl Template {
    /// Compiles a template; any JSON is one.
    pub fn compile(value: &Value) -> Result<Template, TemplateSyntaxError> {
        let mut computed = 0;
        let root = compile(value, &mut computed)?;
        Ok(Template { root, computed })
    }

    /// The value that the template stands for. An index outside an array reads as null, any other missing place fails.
    pub fn eval(&self, scope: &Scope<'_>, entropy: &mut dyn Entropy) -> Result<Value, TemplateError> {
        let is_counted = self.computed > UNCOUNTED_MEMBERS;
        let value = self.root.eval(&mut Evaluation::new(scope, entropy), is_counted)?;
        // A loop of states that wrap their input would else build a value too deep to be written.
        if self.computed > 0 && value.is_deeper_than(json::MAX_DEPTH) {
            return Err(TemplateError::TooDeep);
        }
        Ok(value)
    }

    /// Every path in the template.
    pub fn paths(&self) -> Vec<&QueryPath> {
        let mut paths = Vec::new();
        self.root.collect_paths(&mut paths);
        paths
    }

    /// The names of the variables that the template reads, sorted.
    pub fn variables_read(&self) -> BTreeSet<Arc<str>> {
        let names = self.paths().into_iter().filter_map(|path| match path.root() {
            crate::Root::Variable(name) => Some(name.clone()),
            crate::Root::Input | crate::Root::Context => None,
        });
        names.collect()
    }
}

impl Node {
    fn eval(&self, evaluation: &mut Evaluation<'_, '_>, is_counted: bool) -> Result<Value, TemplateError> {
        match self {
            Node::Literal(value) => Ok(value.clone()),
            Node::Array(items) => {
                let items: Result<Vec<Value>, TemplateError> =
                    items.iter().map(|item| item.eval(evaluation, is_counted)).collect();
                items.map(Value::array)
            }
            Node::Object { plain, computed } => {
                let mut object = Object::with_capacity(plain.len() + computed.len());
                for (key, node) in plain {
                    object.insert(key.clone(), node.eval(evaluation, is_counted)?);
                }
                for member in computed {
                    let value = member.eval(evaluation)?;
                    if is_counted {
                        evaluation.charge_text(&value).map_err(|_| TemplateError::TooLarge)?;
                    }
                    object.insert(member.key.clone(), value);
                }
                Ok(Value::from(object))
            }
        }
    }

    fn collect_paths<'t>(&'t self, paths: &mut Vec<&'t QueryPath>) {
        match self {
            Node::Literal(_) => {}
            Node::Array(items) => items.iter().for_each(|item| item.collect_paths(paths)),
            Node::Object { plain, computed } => {
                plain.iter().for_each(|(_, node)| node.collect_paths(paths));
                computed.iter().for_each(|member| paths.extend(member.expression.paths()));
            }
        }
    }
}

impl Member {
    fn eval(&self, evaluation: &mut Evaluation<'_, '_>) -> Result<Value, TemplateError> {
        match self.expression.eval_in(evaluation) {
            Ok(value) => Ok(value),
            // AWS: measured, `"f.$": "$.a[9]"` gives null.
            Err(ExpressionError::Path(error)) if error.is_index_out_of_range() => Ok(Value::Null),
            Err(ExpressionError::Path(error)) => {
                Err(TemplateError::Path { field: self.field.clone(), error: Box::new(error) })
            }
            Err(ExpressionError::Intrinsic(error)) => Err(TemplateError::Intrinsic(Box::new(error))),
        }
    }
}

fn compile(value: &Value, count: &mut usize) -> Result<Node, TemplateSyntaxError> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Ok(Node::Literal(value.clone()))
        }
        Value::Array(items) => {
            let nodes: Vec<Node> = items.iter().map(|item| compile(item, count)).collect::<Result<_, _>>()?;
            let is_literal = nodes.iter().all(Node::is_literal);
            Ok(if is_literal { Node::Literal(value.clone()) } else { Node::Array(nodes) })
        }
        Value::Object(object) => {
            let mut plain = Vec::new();
            let mut computed = Vec::new();
            for (key, member) in object.iter() {
                match key.strip_suffix(".$") {
                    None => plain.push((key.clone(), compile(member, count)?)),
                    Some(bare) if object.contains_key(bare) => {
                        // AWS: unconfirmed wording.
                        let message = format!("The fields '{bare}' and '{key}' cannot be specified together");
                        return Err(TemplateSyntaxError { field: key.to_string(), message });
                    }
                    Some(bare) => {
                        let expression = compile_member(key, member)?;
                        computed.push(Member { key: Arc::from(bare), field: key.clone(), expression });
                    }
                }
            }
            if computed.is_empty() && plain.iter().all(|(_, node)| node.is_literal()) {
                return Ok(Node::Literal(value.clone()));
            }
            *count += computed.len();
            Ok(Node::Object { plain, computed: in_hash_order(computed) })
        }
    }
}

impl Node {
    fn is_literal(&self) -> bool {
        matches!(self, Node::Literal(_))
    }
}

// AWS: recorded on every template with two or more `.$` members.
fn in_hash_order(members: Vec<Member>) -> Vec<Member> {
    let order = crate::java::hash_order(members.iter().map(|member| &*member.key));
    order.into_iter().filter_map(|at| members.get(at).cloned()).collect()
}

fn compile_member(key: &str, value: &Value) -> Result<Expression, TemplateSyntaxError> {
    let error = |message: String| TemplateSyntaxError { field: key.to_owned(), message };
    let Value::String(text) = value else {
        let found = match value.kind() {
            Kind::Null => "a NULL",
            Kind::Boolean => "a BOOLEAN",
            Kind::Number => "a NUMBER",
            Kind::String => "a STRING",
            Kind::Array => "an ARRAY",
            Kind::Object => "an OBJECT",
        };
        return Err(error(format!(
            "The value for the field '{key}' must be a STRING that contains a JSONPath but was {found}"
        )));
    };
    Expression::parse(text).map_err(|_| {
        error(format!(
            "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
        ))
    })
}
