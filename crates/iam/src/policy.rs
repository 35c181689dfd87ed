//! Policy documents.

use crate::condition::Condition;
use crate::pattern::Pattern;
use json::{Object, Value};

/// The version of the language that has policy variables.
const WITH_VARIABLES: &str = "2012-10-17";

/// An identity-based policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub(crate) statements: Vec<Statement>,
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub(crate) String);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) is_allowing: bool,
    pub(crate) actions: Choice,
    pub(crate) resources: Choice,
    pub(crate) conditions: Vec<Condition>,
}

/// What is listed, or everything else.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) is_negated: bool,
    pub(crate) patterns: Vec<Pattern>,
}

impl Policy {
    /// Reads a document: JSON text.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        let document = json::parse(text).map_err(|error| PolicyError(error.message()))?;
        Policy::from_value(&document)
    }

    /// Reads a document.
    pub fn from_value(document: &Value) -> Result<Policy, PolicyError> {
        let object = document.as_object().ok_or_else(|| wrong("the document", "must be an object"))?;
        only_known(object, &["Version", "Id", "Statement"], "the document")?;
        let has_variables = match object.get("Version") {
            None => false,
            Some(Value::String(version)) if matches!(&**version, WITH_VARIABLES | "2008-10-17") => {
                &**version == WITH_VARIABLES
            }
            Some(_) => return Err(wrong("Version", "must be \"2012-10-17\" or \"2008-10-17\"")),
        };
        let statements = match object.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().enumerate().collect::<Vec<_>>(),
            Some(one @ Value::Object(_)) => vec![(0, one)],
            _ => return Err(wrong("Statement", "must be a statement or a list of statements")),
        };
        let read = |(index, statement): (usize, &Value)| {
            let named = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
            let place =
                named.map_or_else(|| format!("statement {}", index + 1), |sid| format!("statement {sid}"));
            Statement::read(statement, has_variables, &place)
        };
        let statements = statements.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Policy { statements })
    }
}

impl Statement {
    fn read(statement: &Value, has_variables: bool, place: &str) -> Result<Statement, PolicyError> {
        let object = statement.as_object().ok_or_else(|| wrong(place, "must be an object"))?;
        // What names principals belongs to a resource or a trust, not to an identity.
        let known = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        only_known(object, &known, place)?;
        let is_allowing = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(wrong(place, "must have the Effect \"Allow\" or \"Deny\"")),
        };
        let actions = choice(object, ("Action", "NotAction"), false, place)?;
        let resources = choice(object, ("Resource", "NotResource"), has_variables, place)?;
        let conditions = match object.get("Condition") {
            None => Vec::new(),
            Some(Value::Object(operators)) => Condition::read_all(operators, has_variables, place)?,
            Some(_) => return Err(wrong(place, "must have an object as its Condition")),
        };
        Ok(Statement { is_allowing, actions, resources, conditions })
    }
}

fn choice(
    object: &Object,
    (listed, others): (&str, &str),
    has_variables: bool,
    place: &str,
) -> Result<Choice, PolicyError> {
    let (name, value, is_negated) = match (object.get(listed), object.get(others)) {
        (Some(value), None) => (listed, value, false),
        (None, Some(value)) => (others, value, true),
        (Some(_), Some(_)) | (None, None) => {
            return Err(wrong(place, &format!("must have {listed} or {others}, one of them")));
        }
    };
    let texts = texts(value)
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| wrong(place, &format!("must have a text or a list of texts as its {name}")))?;
    if listed == "Action"
        && let Some(text) = texts.iter().find(|text| *text != "*" && !text.contains(':'))
    {
        return Err(wrong(
            place,
            &format!("names the action {text:?}, which is not of the form SERVICE:ACTION"),
        ));
    }
    let patterns = texts.iter().map(|text| Pattern::read(text, has_variables)).collect();
    Ok(Choice { is_negated, patterns })
}

/// One text, or a list of them. Numbers and truth values count as their text, as AWS takes them in conditions.
pub(crate) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_text()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn only_known(object: &Object, known: &[&str], place: &str) -> Result<(), PolicyError> {
    match object.keys().find(|name| !known.contains(&&***name)) {
        Some(name) => Err(wrong(place, &format!("must not have {name}"))),
        None => Ok(()),
    }
}

pub(crate) fn wrong(place: &str, what: &str) -> PolicyError {
    PolicyError(format!("{place} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let problem = |text: &str| Policy::parse(text).unwrap_err().to_string();
        let statement = |text: &str| problem(&format!(r#"{{"Statement":[{text}]}}"#));
        assert_eq!(problem("[]"), "the document must be an object");
        assert_eq!(problem("{}"), "Statement must be a statement or a list of statements");
        assert!(problem("{").starts_with("Unexpected end"), "{}", problem("{"));
        assert_eq!(
            problem(r#"{"Version":"2020","Statement":[]}"#),
            "Version must be \"2012-10-17\" or \"2008-10-17\""
        );
        assert_eq!(statement("{}"), "statement 1 must have the Effect \"Allow\" or \"Deny\"");
        assert_eq!(
            statement(r#"{"Sid":"A","Effect":"Allow","Resource":"*"}"#),
            "statement A must have Action or NotAction, one of them"
        );
        assert_eq!(
            statement(r#"{"Effect":"Allow","Action":"GetItem","Resource":"*"}"#),
            "statement 1 names the action \"GetItem\", which is not of the form SERVICE:ACTION"
        );
        assert_eq!(
            statement(r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#),
            "statement 1 must have a text or a list of texts as its Action"
        );
        assert_eq!(
            statement(r#"{"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"}"#),
            "statement 1 must not have Principal"
        );
        assert_eq!(
            statement(r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Equals":{"k":"v"}}}"#),
            "statement 1 has the unknown condition operator Equals"
        );
    }

    #[test]
    fn one_statement_needs_no_list() {
        let policy =
            Policy::parse(r#"{"Statement":{"Effect":"Deny","NotAction":"a:*","NotResource":["x"]}}"#);
        assert_eq!(policy.unwrap().statements.len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{}":,a-zA-Z0-9*$ ]{0,80}"#) {
            let _ = Policy::parse(&text);
        }
    }
}
