//! Any JSON with expressions in it: Arguments, Output, Assign, ItemSelector.

use super::{Outside, Query, QueryError, QueryScope, QuerySyntaxError};
use crate::scope::Budget;
use json::{Object, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Any JSON, in which strings with the marks `{% … %}` are expressions.
#[derive(Clone, Debug)]
pub struct QueryTemplate {
    field: Arc<str>,
    root: Node,
}

#[derive(Clone, Debug)]
enum Node {
    /// Nothing below is computed: handed on as it is.
    Literal(Value),
    Query(Query),
    Array(Vec<Node>),
    /// In the order in which the members were written, which the result keeps.
    Object(Vec<(Arc<str>, Node)>),
}

impl QueryTemplate {
    /// Compiles a template; `field` is the name of its field, from which errors name places inside it:
    /// `Output/a/b[0]`.
    pub fn compile(value: &Value, field: &str) -> Result<QueryTemplate, QuerySyntaxError> {
        Ok(QueryTemplate { field: Arc::from(field), root: compile(value, field)? })
    }

    /// The value that the template stands for.
    pub fn eval(&self, scope: &QueryScope<'_>, outside: &mut Outside<'_>) -> Result<Value, QueryError> {
        let value = self.root.eval(scope, outside, &mut Budget::default())?;
        // A loop of states that wrap their input would else build a value too deep to be written.
        let is_known = self.root.is_literal() || scope.holds(&value);
        if !is_known && value.is_deeper_than(json::MAX_DEPTH) {
            let (field, levels) = (&self.field, json::MAX_DEPTH);
            let message = format!("The value of the field '{field}' nests more deeply than {levels} levels.");
            return Err(QueryError { location: Some(field.clone()), message });
        }
        Ok(value)
    }

    /// The expression, where the template is one and nothing else.
    pub fn as_query(&self) -> Option<&Query> {
        match &self.root {
            Node::Query(query) => Some(query),
            Node::Literal(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// Every expression in it, in the order of the text.
    pub fn queries(&self) -> Vec<&Query> {
        let mut queries = Vec::new();
        self.root.collect(&mut queries);
        queries
    }

    /// The names of the variables that the template reads, sorted.
    pub fn variables_read(&self) -> BTreeSet<Arc<str>> {
        self.queries().into_iter().flat_map(Query::variables_read).collect()
    }
}

impl Node {
    fn eval(
        &self,
        scope: &QueryScope<'_>,
        outside: &mut Outside<'_>,
        budget: &mut Budget,
    ) -> Result<Value, QueryError> {
        match self {
            Node::Literal(value) => Ok(value.clone()),
            Node::Query(query) => query.eval(scope, outside),
            Node::Array(items) => {
                let items: Result<Vec<Value>, QueryError> =
                    items.iter().map(|item| item.eval_part(scope, outside, budget)).collect();
                items.map(Value::array)
            }
            Node::Object(members) => {
                let mut object = Object::with_capacity(members.len());
                for (key, member) in members {
                    object.insert(key.clone(), member.eval_part(scope, outside, budget)?);
                }
                Ok(Value::from(object))
            }
        }
    }

    /// Counts what expressions give, since one shared value is written as often as it is asked for.
    fn eval_part(
        &self,
        scope: &QueryScope<'_>,
        outside: &mut Outside<'_>,
        budget: &mut Budget,
    ) -> Result<Value, QueryError> {
        let value = self.eval(scope, outside, budget)?;
        if let Node::Query(query) = self
            && budget.charge_text(&value).is_err()
        {
            return Err(query.error(format_args!(
                "threw an error during evaluation: Expression evaluation memory limit exceeded"
            )));
        }
        Ok(value)
    }

    fn collect<'t>(&'t self, queries: &mut Vec<&'t Query>) {
        match self {
            Node::Literal(_) => {}
            Node::Query(query) => queries.push(query),
            Node::Array(items) => items.iter().for_each(|item| item.collect(queries)),
            Node::Object(members) => members.iter().for_each(|(_, member)| member.collect(queries)),
        }
    }

    fn is_literal(&self) -> bool {
        matches!(self, Node::Literal(_))
    }
}

fn compile(value: &Value, field: &str) -> Result<Node, QuerySyntaxError> {
    let node = match value {
        Value::String(text) if Query::is_marked(text) => return Query::compile(text, field).map(Node::Query),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Node::Literal(value.clone()),
        Value::Array(items) => {
            let nodes = items.iter().enumerate().map(|(at, item)| compile(item, &format!("{field}[{at}]")));
            Node::Array(nodes.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let members = object
                .iter()
                .map(|(key, member)| Ok((key.clone(), compile(member, &format!("{field}/{key}"))?)));
            Node::Object(members.collect::<Result<_, _>>()?)
        }
    };
    Ok(match node {
        Node::Array(items) if items.iter().all(Node::is_literal) => Node::Literal(value.clone()),
        Node::Object(members) if members.iter().all(|(_, member)| member.is_literal()) => {
            Node::Literal(value.clone())
        }
        node => node,
    })
}
