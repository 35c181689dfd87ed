//! The text of a routing file.

use super::{Destination, Subject};
use crate::mock_config::Mocked;
use aws::Endpoint;
use iam::is_like;
use json::{Object, Payload, Value};
use model::Failure;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A route: what it is about, and where that goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    service: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    pub(super) to: Destination,
    /// A folder of functions that it names.
    pub(super) folder: Option<PathBuf>,
}

/// The file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    route: Vec<Spanned<RouteText>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteText {
    service: Option<Spanned<String>>,
    resource: Option<Spanned<String>>,
    to: Spanned<String>,
    function: Option<Spanned<String>>,
    folder: Option<Spanned<String>>,
    result: Option<toml::Value>,
    result_json: Option<Spanned<String>>,
    error: Option<Spanned<String>>,
    cause: Option<String>,
}

/// Reads the routes; `folder` is where relative paths begin. An error names the line.
pub(super) fn parse(text: &str, folder: &Path) -> Result<Vec<Route>, String> {
    let file: FileText = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| format!("line {}: ", line(text, span.start)));
        format!("{}{}", line.unwrap_or_default(), error.message())
    })?;
    let read = |route: Spanned<RouteText>| {
        let start = route.span().start;
        read(route.into_inner(), folder)
            .map_err(|problem| format!("line {}: {}", line(text, problem.at.unwrap_or(start)), problem.what))
    };
    file.route.into_iter().map(read).collect()
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// What is wrong, and where in the text.
struct Problem {
    at: Option<usize>,
    what: String,
}

fn at<T>(place: &Spanned<T>, what: impl Into<String>) -> Problem {
    Problem { at: Some(place.span().start), what: what.into() }
}

fn read(route: RouteText, folder: &Path) -> Result<Route, Problem> {
    let whole = |what: &str| Problem { at: None, what: what.to_owned() };
    if route.service.is_none() && route.resource.is_none() {
        return Err(whole("a route needs a `service`, a `resource`, or both"));
    }
    let to = route.to.get_ref().as_str();
    let (is_mock, is_functions) = (to == "mock", to == "functions");
    for (name, is_there, is_right) in [
        ("result", route.result.is_some(), is_mock),
        ("result_json", route.result_json.is_some(), is_mock),
        ("error", route.error.is_some(), is_mock),
        ("cause", route.cause.is_some(), is_mock),
        ("function", route.function.is_some(), is_functions),
        ("folder", route.folder.is_some(), is_functions),
    ] {
        if is_there && !is_right {
            return Err(at(&route.to, format!("`{name}` says nothing about a route to {to:?}")));
        }
    }
    let destination = match to {
        "aws" => Destination::Aws,
        "functions" => Destination::Functions { function: route.function.map(Spanned::into_inner) },
        "mock" => Destination::Mock(mock(&route.to, route.result, route.result_json, route.error, route.cause)?),
        url => Destination::Endpoint(Endpoint::parse(url).map_err(|_| {
            at(&route.to, format!("{url:?} is neither \"aws\", \"functions\" nor \"mock\", nor an endpoint such as http://localhost:4566"))
        })?),
    };
    let (service, action) = match &route.service {
        None => (None, None),
        Some(named) => match named.get_ref().split_once(':') {
            Some((service, action)) => (Some(service.to_owned()), Some(action.to_owned())),
            None => (Some(named.get_ref().clone()), None),
        },
    };
    if let (Some(named), Some("states"), Destination::Aws | Destination::Endpoint(_)) =
        (&route.service, service.as_deref(), &destination)
    {
        let what = "nested workflows run here; name `sfn` for Tasks of the resource aws-sdk:sfn";
        return Err(at(named, what));
    }
    if let (Some(named), true) = (&route.service, is_functions)
        && service.as_deref() != Some("lambda")
    {
        return Err(at(named, "only `lambda` can be routed to functions"));
    }
    let resource = route.resource.map(Spanned::into_inner);
    let folder = route.folder.map(|path| folder.join(path.into_inner()));
    Ok(Route { service, action, resource, to: destination, folder })
}

fn mock(
    to: &Spanned<String>,
    result: Option<toml::Value>,
    result_json: Option<Spanned<String>>,
    error: Option<Spanned<String>>,
    cause: Option<String>,
) -> Result<Mocked, Problem> {
    match (result, result_json, error) {
        (Some(result), None, None) => Ok(Mocked::Return(Payload::from(value(result)))),
        (None, Some(text), None) => Payload::from_text(text.get_ref().as_str())
            .map(Mocked::Return)
            .map_err(|error| at(&text, format!("`result_json` is not JSON: {}", error.message()))),
        (None, None, Some(error)) => {
            Ok(Mocked::Throw(Failure::new(error.into_inner(), cause.unwrap_or_default())))
        }
        _ => Err(at(to, "a mock has a `result`, a `result_json` or an `error`, one of them")),
    }
}

fn value(given: toml::Value) -> Value {
    match given {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from_f64(number),
        toml::Value::Boolean(truth) => Value::from(truth),
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(items) => Value::array(items.into_iter().map(value).collect()),
        toml::Value::Table(members) => {
            Value::from(members.into_iter().map(|(name, member)| (name, value(member))).collect::<Object>())
        }
    }
}

impl Route {
    pub(super) fn fits(&self, subject: &Subject) -> bool {
        let is_service = |pattern: &String| subject.services.iter().any(|name| is_like(pattern, name));
        let is_function_call =
            subject.services.iter().any(|name| name == "lambda") && subject.action == "invoke";
        let is_own = subject.services.iter().any(|name| name == "states");
        let can_go = match self.to {
            Destination::Functions { .. } => is_function_call,
            // Nested workflows run in this process.
            Destination::Aws | Destination::Endpoint(_) => !is_own,
            Destination::Mock(_) => true,
        };
        can_go
            && self.service.as_ref().is_none_or(is_service)
            && self.action.as_ref().is_none_or(|pattern| is_like(pattern, &subject.action))
            && self
                .resource
                .as_ref()
                .is_none_or(|pattern| subject.resources.iter().any(|arn| is_like(pattern, arn)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(text, Path::new("")).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_eq!(
            problem("\n[[route]]\nto = \"aws\"\n"),
            "line 2: a route needs a `service`, a `resource`, or both"
        );
        assert_eq!(
            problem("[[route]]\nservice = \"s3\"\n\nto = \"localhost\"\n"),
            "line 4: \"localhost\" is neither \"aws\", \"functions\" nor \"mock\", nor an endpoint such as http://localhost:4566"
        );
        assert_eq!(
            problem("[[route]]\nservice = \"s3\"\nto = \"functions\"\n"),
            "line 2: only `lambda` can be routed to functions"
        );
        assert_eq!(
            problem("[[route]]\nservice = \"s3\"\nto = \"aws\"\nerror = \"E\"\n"),
            "line 3: `error` says nothing about a route to \"aws\""
        );
        assert_eq!(
            problem("[[route]]\nservice = \"s3\"\nto = \"mock\"\n"),
            "line 3: a mock has a `result`, a `result_json` or an `error`, one of them"
        );
        let json = problem("[[route]]\nservice = \"s3\"\nto = \"mock\"\nresult_json = \"{\"\n");
        assert!(json.starts_with("line 4: `result_json` is not JSON: "), "{json}");
        let unknown = problem("[[route]]\nservice = \"s3\"\nto = \"aws\"\nregion = \"x\"\n");
        assert!(unknown.starts_with("line 4: unknown field `region`"), "{unknown}");
        assert!(problem("[[route]\n").starts_with("line 1: "), "{}", problem("[[route]\n"));
        let states = problem("[[route]]\nservice = \"states\"\nto = \"aws\"\n");
        assert!(states.starts_with("line 2: nested workflows run here"), "{states}");
    }

    #[test]
    fn results_are_the_json_of_what_stands_there() {
        let text = "[[route]]\nservice = \"*\"\nto = \"mock\"\nresult = { a = [1, 2.5, true, \"x\"], b = { c = 1 } }\n";
        let routes = parse(text, Path::new("")).unwrap();
        let Destination::Mock(Mocked::Return(result)) = &routes.first().unwrap().to else {
            panic!("no result")
        };
        assert_eq!(&**result.text(), r#"{"a":[1,2.5,true,"x"],"b":{"c":1}}"#);
    }
}
