//! Express executions as they can be looked at, which AWS's API does not offer: `GET /stepwright/v1/express-executions`.
//!
//! | path | query | answer |
//! |---|---|---|
//! | `` | `stateMachineArn`, `statusFilter`, `maxResults`, `nextToken` | as ListExecutions |
//! | `/EXECUTION_ARN` | `includedData` | as DescribeExecution |
//! | `/EXECUTION_ARN/history` | `reverseOrder`, `includeExecutionData`, `maxResults`, `nextToken` | as GetExecutionHistory, and `isComplete` |

use crate::error::ApiError;
use crate::operations::Caller;
use crate::operations::express;
use json::{Object, Value};

/// Where it is.
pub(crate) const PATH: &str = "/stepwright/v1/express-executions";

/// Answers a request below [`PATH`]; `None` where there is nothing.
pub(crate) fn answer(caller: &Caller<'_>, path: &str, query: &str) -> Option<Result<Value, ApiError>> {
    let rest = path.strip_prefix(PATH)?;
    let mut members = members(query);
    if rest.is_empty() {
        return Some(express::list(caller, &Value::from(members)));
    }
    let rest = rest.strip_prefix('/')?;
    let (arn, is_history) = match rest.strip_suffix("/history") {
        Some(arn) => (arn, true),
        None => (rest, false),
    };
    if arn.is_empty() || arn.contains('/') {
        return None;
    }
    members.insert("executionArn", decoded(arn, false));
    let members = Value::from(members);
    Some(if is_history { express::history(caller, &members) } else { express::describe(caller, &members) })
}

/// A query as the members of a request: what reads as a number or as true or false is that.
fn members(query: &str) -> Object {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name, true), value_of(decoded(value, true)))
        })
        .collect()
}

fn value_of(text: String) -> Value {
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        number => match number.parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(text),
        },
    }
}

/// Percent-decodes; what is no UTF-8 then is shown as such. In a query a plus sign is a blank.
fn decoded(text: &str, is_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
                bytes.push(digit(high).unwrap_or(0) << 4 | digit(low).unwrap_or(0));
                rest = after;
            }
            (b'+', _) if is_query => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded() {
        assert_eq!(decoded("arn%3aaws%3A%zz%4", false), "arn:aws:%zz%4");
        assert_eq!(decoded("a+b%20c", true), "a b c");
        assert_eq!(decoded("a+b", false), "a+b");
        assert_eq!(decoded("%C3%A9", false), "\u{e9}");
        assert_eq!(decoded("%ff", false), "\u{fffd}");
    }

    #[test]
    fn a_query_is_the_members_of_a_request() {
        let read = |query| Value::from(members(query)).to_text();
        assert_eq!(read(""), "{}");
        assert_eq!(
            read("stateMachineArn=arn:x&maxResults=5&reverseOrder=true&nextToken=a%3Db"),
            r#"{"stateMachineArn":"arn:x","maxResults":5,"reverseOrder":true,"nextToken":"a=b"}"#
        );
    }
}
