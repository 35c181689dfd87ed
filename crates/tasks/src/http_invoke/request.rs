//! What a Task asks for, and what is sent.

use super::encoding::{ArrayFormat, joined, pairs, plain};
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::unusable;
use json::{Object, Value};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];
/// Headers that a Task may not set. AWS: documented.
const FORBIDDEN: [&str; 32] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "warning",
];
const FORBIDDEN_PREFIXES: [&str; 3] = ["x-forwarded", "x-amz-", "x-amzn-"];
/// The most of an answer that is asked for. AWS: documented.
const RANGE: &str = "bytes=0-262144";

/// Something of a request, and whether the connection added it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part<T> {
    pub(super) name: String,
    pub(super) value: T,
    pub(super) is_secret: bool,
}

/// A request on its way: what the Task says, and what the connection adds.
#[derive(Clone, Debug)]
pub(super) struct HttpCall {
    pub(super) method: String,
    pub(super) endpoint: String,
    pub(super) connection: String,
    pub(super) headers: Vec<Part<String>>,
    pub(super) query: Vec<Part<String>>,
    pub(super) body: Option<Value>,
    /// Members that the connection adds to the body.
    pub(super) body_parts: Vec<Part<Value>>,
    pub(super) form: Option<ArrayFormat>,
}

/// A request as it goes over the wire.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

impl HttpCall {
    pub(super) fn read(call: &TaskCall) -> Result<HttpCall, TaskOutcome> {
        read(call.parameters.value()).map_err(|problem| unusable(call, &problem))
    }

    /// Puts a header; one of the connection goes before one of the Task.
    pub(super) fn add_header(&mut self, name: &str, value: String) {
        add(&mut self.headers, name, value, |known| known.eq_ignore_ascii_case(name));
    }

    pub(super) fn add_query(&mut self, name: &str, value: String) {
        add(&mut self.query, name, value, |known| known == name);
    }

    pub(super) fn add_body(&mut self, name: &str, value: Value) {
        self.body_parts.push(Part { name: name.to_owned(), value, is_secret: true });
    }

    /// The request that is sent from a region.
    pub(super) fn finish(&self, region: &str) -> Result<Sent, String> {
        let body = self.body_text(true)?;
        let mut headers = self.headers.clone();
        let plain = |name: &str, value: String| Part { name: name.to_owned(), value, is_secret: false };
        if body.is_some() && !headers.iter().any(|part| part.name.eq_ignore_ascii_case("content-type")) {
            headers.push(plain("Content-Type", "application/json; charset=UTF-8".to_owned()));
        }
        // AWS: documented: these are the same in every request.
        let is_fixed =
            |name: &str| ["user-agent", "range"].iter().any(|fixed| name.eq_ignore_ascii_case(fixed));
        headers.retain(|part| !is_fixed(&part.name));
        headers.push(plain("User-Agent", user_agent(region)));
        headers.push(plain("Range", RANGE.to_owned()));
        let headers = headers.into_iter().map(|part| (part.name, part.value)).collect();
        Ok(Sent { url: self.url(true), headers, body })
    }

    /// The address, with or without what the connection adds to it.
    pub(super) fn url(&self, with_secrets: bool) -> String {
        let parts = self.query.iter().filter(|part| with_secrets || !part.is_secret);
        let query: Vec<(String, String)> =
            parts.map(|part| (part.name.clone(), part.value.clone())).collect();
        match (query.is_empty(), self.endpoint.contains('?')) {
            (true, _) => self.endpoint.clone(),
            (false, false) => format!("{}?{}", self.endpoint, joined(&query)),
            (false, true) => format!("{}&{}", self.endpoint, joined(&query)),
        }
    }

    /// The body, with or without what the connection adds to it.
    pub(super) fn body_text(&self, with_secrets: bool) -> Result<Option<String>, String> {
        let added = self.body_parts.iter().filter(|part| with_secrets || !part.is_secret);
        let body = match &self.body {
            None if self.body_parts.is_empty() => return Ok(None),
            None => Value::empty_object(),
            Some(body) => body.clone(),
        };
        let body = match body {
            Value::Object(object) => {
                let mut object: Object = (*object).clone();
                for part in added {
                    object.insert(part.name.as_str(), part.value.clone());
                }
                Value::from(object)
            }
            other if self.body_parts.is_empty() => other,
            // AWS: documented that this fails, the words are unconfirmed.
            _ => {
                return Err(
                    "The connection's body parameters cannot be added to a RequestBody that is no object"
                        .into(),
                );
            }
        };
        Ok(Some(match (&body, self.form) {
            (Value::Object(_), Some(format)) => joined(&pairs(&body, format)),
            (Value::String(text), _) => text.to_string(),
            _ => body.to_text(),
        }))
    }
}

pub(super) fn user_agent(region: &str) -> String {
    format!("Amazon|StepFunctions|HttpInvoke|{region}")
}

fn add(parts: &mut Vec<Part<String>>, name: &str, value: String, is_same: impl Fn(&str) -> bool) {
    parts.retain(|part| part.is_secret || !is_same(&part.name));
    parts.push(Part { name: name.to_owned(), value, is_secret: true });
}

fn read(parameters: &Value) -> Result<HttpCall, String> {
    let method = text(parameters, "Method")?;
    if !METHODS.contains(&method.as_str()) {
        return Err("The value of the field 'Method' has an invalid format".to_owned());
    }
    let endpoint = text(parameters, "ApiEndpoint")?;
    // AWS: documented, AWS takes `https` alone. Services at home often have no certificate, so `http` is taken here.
    if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
        return Err("The value of the field 'ApiEndpoint' has an invalid format".to_owned());
    }
    let (form, format) = transform(parameters)?;
    Ok(HttpCall {
        method,
        endpoint,
        connection: connection(parameters)?,
        headers: headers(parameters)?,
        query: query(parameters, format)?,
        body: parameters.get("RequestBody").filter(|body| !body.is_null()).cloned(),
        body_parts: Vec::new(),
        form: form.then_some(format),
    })
}

fn connection(parameters: &Value) -> Result<String, String> {
    for field in ["InvocationConfig", "Authentication"] {
        if let Some(holder) = parameters.get(field) {
            return text(holder, "ConnectionArn");
        }
    }
    Err("The field 'Authentication' is required but was missing".to_owned())
}

fn transform(parameters: &Value) -> Result<(bool, ArrayFormat), String> {
    let Some(transform) = parameters.get("Transform") else { return Ok((false, ArrayFormat::default())) };
    let invalid = |field: &str| format!("The value of the field '{field}' has an invalid format");
    let is_form = match transform.get("RequestBodyEncoding").map(Value::as_str) {
        None | Some(Some("NONE")) => false,
        Some(Some("URL_ENCODED")) => true,
        Some(_) => return Err(invalid("RequestBodyEncoding")),
    };
    let format = transform.get("RequestEncodingOptions").and_then(|options| options.get("ArrayFormat"));
    let format = match format {
        None => ArrayFormat::default(),
        Some(name) => name.as_str().and_then(ArrayFormat::from_name).ok_or_else(|| invalid("ArrayFormat"))?,
    };
    Ok((is_form, format))
}

fn headers(parameters: &Value) -> Result<Vec<Part<String>>, String> {
    let Some(headers) = parameters.get("Headers") else { return Ok(Vec::new()) };
    let headers = headers.as_object().ok_or("The value of the field 'Headers' has an invalid format")?;
    let read = headers.iter().map(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        let is_forbidden = FORBIDDEN.contains(&lower.as_str())
            || FORBIDDEN_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
        if is_forbidden {
            // AWS: documented that this fails, the words are unconfirmed.
            return Err(format!("The header '{name}' is not allowed"));
        }
        let value = match value {
            Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                plain(value)
            }
        };
        Ok(Part { name: name.to_string(), value, is_secret: false })
    });
    read.collect()
}

fn query(parameters: &Value, format: ArrayFormat) -> Result<Vec<Part<String>>, String> {
    let part = |(name, value)| Part { name, value, is_secret: false };
    let invalid = || "The value of the field 'QueryParameters' has an invalid format".to_owned();
    match parameters.get("QueryParameters") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(object)) => {
            let members = Value::Object(object.clone());
            // AWS: unconfirmed for lists in a query, chosen: each item under the same name.
            let format = if format == ArrayFormat::default() { ArrayFormat::Repeat } else { format };
            Ok(pairs(&members, format).into_iter().map(part).collect())
        }
        Some(Value::String(text)) => Ok(queried(text).map(part).collect()),
        // AWS: documented that a list is taken; what its items look like is unconfirmed, chosen: pairs, as in the text.
        Some(Value::Array(items)) => {
            let read = |item: &Value| item.as_str().map(|text| queried(text).map(part).collect::<Vec<_>>());
            let parts: Option<Vec<_>> = items.iter().map(read).collect();
            parts.map(|parts| parts.concat()).ok_or_else(invalid)
        }
        Some(Value::Bool(_) | Value::Number(_)) => Err(invalid()),
    }
}

/// The pairs of a query that is one text: `a=1&b=2`.
fn queried(text: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    })
}

fn text(parameters: &Value, field: &str) -> Result<String, String> {
    match parameters.get(field) {
        None | Some(Value::Null) => Err(format!("The field '{field}' is required but was missing")),
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(_) => Err(format!("The value for the field '{field}' must be a STRING")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(more: &str) -> Result<HttpCall, String> {
        let parameters = format!(
            r#"{{"ApiEndpoint":"https://a.example/p","Method":"POST","Authentication":{{"ConnectionArn":"c"}}{more}}}"#
        );
        read(&json::parse(&parameters).unwrap())
    }

    #[test]
    fn what_the_connection_adds_goes_before_what_the_task_says_and_can_be_left_out() {
        let mut call = http(
            r#","Headers":{"K":"task","b":"1"},"QueryParameters":{"q":["1","2"]},"RequestBody":{"x":1}"#,
        )
        .unwrap();
        call.add_header("k", "secret".into());
        call.add_query("token", "t&t".into());
        call.add_body("y", Value::from("z"));
        let sent = call.finish("us-east-1").unwrap();
        assert_eq!(sent.url, "https://a.example/p?q=1&q=2&token=t%26t");
        assert_eq!(sent.body.as_deref(), Some(r#"{"x":1,"y":"z"}"#));
        let headers: Vec<String> =
            sent.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            headers,
            [
                "b: 1",
                "k: secret",
                "Content-Type: application/json; charset=UTF-8",
                "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1",
                "Range: bytes=0-262144"
            ]
        );
        assert_eq!(call.url(false), "https://a.example/p?q=1&q=2");
        assert_eq!(call.body_text(false), Ok(Some(r#"{"x":1}"#.to_owned())));
    }

    #[test]
    fn bodies_are_json_text_or_forms() {
        let body = |more: &str| http(more).unwrap().body_text(true).unwrap();
        assert_eq!(body(""), None);
        assert_eq!(body(r#","RequestBody":"plain text""#).as_deref(), Some("plain text"));
        assert_eq!(body(r#","RequestBody":[1,null]"#).as_deref(), Some("[1,null]"));
        let form = r#","RequestBody":{"a":{"b":[1,2]}},"Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"COMMAS"}}"#;
        assert_eq!(body(form).as_deref(), Some("a%5Bb%5D=1%2C2"));
        let mut text = http(r#","RequestBody":"text""#).unwrap();
        text.add_body("x", Value::from(1));
        assert!(text.finish("r").is_err());
    }

    #[test]
    fn queries_are_objects_texts_or_lists() {
        let url = |query: &str| http(&format!(r#","QueryParameters":{query}"#)).unwrap().url(true);
        assert_eq!(url(r#"{"a":["x","y"]}"#), "https://a.example/p?a=x&a=y");
        assert_eq!(url(r#""a=x y&b""#), "https://a.example/p?a=x%20y&b=");
        assert_eq!(url(r#"["a=1","b=2&c=3"]"#), "https://a.example/p?a=1&b=2&c=3");
    }

    #[test]
    fn fixed_headers_are_sent_once() {
        let call = http(r#","Headers":{"user-agent":"me","range":"bytes=1-2","x":"1"}"#).unwrap();
        let names: Vec<String> =
            call.finish("r").unwrap().headers.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["x", "User-Agent", "Range"]);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for more in [
            r#","Headers":{"Host":"h"}"#,
            r#","Headers":{"X-Amz-Date":"h"}"#,
            r#","Headers":{"Warning":"h"}"#,
            r#","QueryParameters":[7]"#,
            r#","Headers":[]"#,
            r#","QueryParameters":7"#,
            r#","Method":"BREW""#,
            r#","ApiEndpoint":"ftp://x""#,
            r#","Transform":{"RequestBodyEncoding":"X"}"#,
        ] {
            assert!(http(more).is_err(), "{more}");
        }
        let missing = read(&json::parse(r#"{"Method":"GET"}"#).unwrap()).unwrap_err();
        assert_eq!(missing, "The field 'ApiEndpoint' is required but was missing");
    }
}
