//! A call of a function and its outcome, and how the called function is named.

use bytes::Bytes;

use crate::config::HostConfig;
use crate::errors::InvokeError;
use crate::function::{LATEST, is_function_name};

/// One call.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// A name, a partial ARN (`ACCOUNT:function:NAME`) or a full one, each with an optional `:QUALIFIER`.
    pub function: String,
    /// `$LATEST`, the number of a version, or an alias; nothing stands for `$LATEST`.
    pub qualifier: Option<String>,
    /// The event, JSON text; empty stands for `{}`. The host does not read it.
    pub payload: Bytes,
    /// Whether to wait for the result.
    pub invocation_type: InvocationType,
    /// The client's context in base64, as the header `X-Amz-Client-Context` carries it.
    pub client_context: Option<String>,
    /// Whether the result shall carry the end of the call's log.
    pub log_type_tail: bool,
    /// X-Ray's header of the caller, which the function finds in `_X_AMZN_TRACE_ID`; one is made where it is absent.
    pub trace_header: Option<String>,
}

impl Invocation {
    /// A call that waits for its result.
    pub fn request_response(function: impl Into<String>, payload: impl Into<Bytes>) -> Invocation {
        Invocation {
            function: function.into(),
            qualifier: None,
            payload: payload.into(),
            invocation_type: InvocationType::RequestResponse,
            client_context: None,
            log_type_tail: false,
            trace_header: None,
        }
    }
}

/// AWS's `InvocationType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationType {
    /// Wait for the result.
    RequestResponse,
    /// Answer at once and call in the background, again after a failure.
    Event,
    /// Only check that the call could be made.
    DryRun,
}

/// What came of a call that reached its function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationResult {
    /// 200, or 202 for `Event` and 204 for `DryRun`.
    pub status: u16,
    /// The function's answer as it gave it, or the error document when `function_error` is set.
    pub payload: Bytes,
    /// `Unhandled` when the function failed, timed out or died.
    pub function_error: Option<String>,
    /// The version that was called, `$LATEST` or a number.
    pub executed_version: String,
    /// The call's id, a UUID.
    pub request_id: String,
    /// The last 4 KB of the call's log in base64, when asked for.
    pub log_result: Option<String>,
}

/// Which function a call is for.
///
/// A full or partial ARN reaches the function of that name whatever its account and region say, so that a
/// definition written for a real account runs unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// The ARN asked for, with the qualifier when one was given.
    pub(crate) arn: String,
    pub(crate) qualifier: Option<String>,
}

impl Target {
    pub(crate) fn read(
        function: &str,
        qualifier: Option<&str>,
        config: &HostConfig,
    ) -> Result<Target, InvokeError> {
        let parts: Vec<&str> = function.split(':').collect();
        let (base, name, suffix) = match parts.as_slice() {
            ["arn", partition, "lambda", region, account, "function", name, suffix @ ..] => {
                (format!("arn:{partition}:lambda:{region}:{account}:function:{name}"), *name, suffix)
            }
            [account, "function", name, suffix @ ..] if account.bytes().all(|b| b.is_ascii_digit()) => {
                (format!("arn:aws:lambda:{}:{account}:function:{name}", config.region), *name, suffix)
            }
            ["function", name, suffix @ ..] | [name, suffix @ ..] => {
                (config.function_arn(name), *name, suffix)
            }
            [] => return Err(malformed(function)),
        };
        let in_name = match suffix {
            [] => None,
            [qualifier] if is_qualifier(qualifier) => Some(*qualifier),
            [..] => return Err(malformed(function)),
        };
        if !is_function_name(name) || !qualifier.is_none_or(is_qualifier) {
            return Err(malformed(function));
        }
        if let (Some(derived), Some(given)) = (in_name, qualifier)
            && derived != given
        {
            // AWS: unconfirmed, the text SDK users report.
            let message =
                "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(InvokeError::InvalidParameterValue { message: message.to_owned() });
        }
        let qualifier = in_name.or(qualifier).map(str::to_owned);
        let arn = qualifier.as_ref().map_or(base.clone(), |qualifier| format!("{base}:{qualifier}"));
        Ok(Target { name: name.to_owned(), arn, qualifier })
    }

    /// Whether it is the version that can be changed.
    pub(crate) fn is_latest(&self) -> bool {
        self.qualifier.as_deref().is_none_or(|qualifier| qualifier == LATEST)
    }
}

fn is_qualifier(text: &str) -> bool {
    text == LATEST
        || (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether `name` can be an alias: a qualifier that is no number. AWS: documented.
pub(crate) fn is_alias_name(name: &str) -> bool {
    is_qualifier(name) && name != LATEST && !name.bytes().all(|b| b.is_ascii_digit())
}

fn malformed(function: &str) -> InvokeError {
    let shown: String = function.chars().take(200).collect();
    InvokeError::InvalidParameterValue {
        message: format!(
            "1 validation error detected: Value '{shown}' at 'functionName' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\
             \\d{{1}}:)?(\\d{{12}}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(function: &str, qualifier: Option<&str>) -> Result<(String, String), String> {
        let config = HostConfig::new("eu-west-1", "123456789012");
        Target::read(function, qualifier, &config).map(|t| (t.name, t.arn)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_of_name_is_read() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:pay";
        let ok = |arn: &str| Ok(("pay".to_owned(), arn.to_owned()));
        assert_eq!(read("pay", None), ok(arn));
        assert_eq!(read("function:pay", None), ok(arn));
        assert_eq!(read("123456789012:function:pay", None), ok(arn));
        assert_eq!(read(arn, None), ok(arn));
        assert_eq!(read("pay:$LATEST", None), ok(&format!("{arn}:$LATEST")));
        assert_eq!(read(arn, Some("prod")), ok(&format!("{arn}:prod")));
        let foreign = "arn:aws:lambda:us-east-1:111122223333:function:pay";
        assert_eq!(read(foreign, None), ok(foreign));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for bad in ["", "a b", "../x", "pay:1:2", "arn:aws:sqs:r:a:q", "pay:", "é"] {
            assert!(read(bad, None).unwrap_err().contains("functionName"), "{bad}");
        }
        assert!(read("pay:1", Some("2")).unwrap_err().starts_with("The derived qualifier"));
    }
}
