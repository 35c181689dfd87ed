//! Calls of any operation of any service.

use crate::checksum;
use crate::client::{Client, Unsigned};
use crate::credentials::CredentialsSource;
use crate::error::{CallError, TransportError, TransportKind};
use crate::model::{Operation, Service};
use crate::place::{self, Place};
use crate::protocol::{self, HttpRequest, InputError};
use crate::read_only;
use crate::response::{self, DecodeError, Fault, Form, HttpAnswer, Output};
use crate::sigv4::{Scope, encode};
use bytes::Bytes;
use json::{Object, Value};
use std::time::Duration;
use uuid::Uuid;

/// A call of an operation.
#[derive(Clone, Debug)]
pub struct OperationCall<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its operation.
    pub operation: &'a Operation,
    /// Where.
    pub region: &'a str,
    /// The input, an object.
    pub input: &'a Value,
    /// The payload of an operation whose payload is bytes, in place of the member.
    pub streamed: Option<Bytes>,
    /// How the output is written down.
    pub form: Form,
    /// Who signs, where it is not who signs all calls.
    pub credentials: Option<&'a CredentialsSource>,
    /// Bytes of the answer at most, where it is not the client's limit.
    pub max_response: Option<usize>,
}

impl<'a> OperationCall<'a> {
    /// A call as SDK integrations make it.
    pub fn new(service: &'a Service, operation: &'a Operation, region: &'a str, input: &'a Value) -> Self {
        OperationCall {
            service,
            operation,
            region,
            input,
            streamed: None,
            form: Form::SdkIntegration,
            credentials: None,
            max_response: None,
        }
    }
}

/// Why a call of an operation has no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The input is not one of this operation.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The operation streams events.
    #[error("the operation {operation} streams events, which is not supported")]
    EventStream {
        /// Its name.
        operation: String,
    },
    /// The service answered with an error.
    #[error("{}", .0.message.as_deref().unwrap_or("the service gave no message"))]
    Fault(Box<Fault>),
    /// The answer is not what the service's model says.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// There is no answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The first pause between attempts; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

impl Client {
    /// Calls an operation. What failed without a doubt, or does no harm when it is done twice, is sent again with pauses.
    pub async fn call(&self, call: OperationCall<'_>) -> Result<Output, OperationError> {
        if call.operation.has_event_stream {
            return Err(OperationError::EventStream { operation: call.operation.name.to_string() });
        }
        let input = with_token(call.service, call.operation, call.input);
        let mut request = protocol::request(call.service, call.operation, &input, call.streamed.clone())?;
        let place = self.place(&call, &input, &mut request)?;
        if self.config().only_reads_aws {
            let (service, operation) = (&call.service.name, &call.operation.name);
            let is_read = read_only::reads(service, operation);
            read_only::check(&place.endpoint, is_read, || format!("{service}:{operation}"))?;
        }
        checksum::add(call.operation, &mut request)?;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&call, &place, &request).await {
                Ok(output) => return Ok(output),
                Err(OperationError::Fault(fault)) => {
                    OperationError::Fault(Box::new(Fault { attempts: attempt, ..*fault }))
                }
                Err(error) => error,
            };
            if attempt >= self.config().max_attempts || !is_sent_again(&call, &error) {
                return Err(error);
            }
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }

    fn place(
        &self,
        call: &OperationCall<'_>,
        input: &Value,
        request: &mut HttpRequest,
    ) -> Result<Place, CallError> {
        let no_endpoint = || CallError::NoEndpoint { service: call.service.name.to_string() };
        let config = self.config();
        if !self.reaches(&call.service.setting()) {
            return Err(no_endpoint());
        }
        let mut place = place::of(call.service, call.operation, call.region, &config.endpoints, request)
            .ok_or_else(no_endpoint)?;
        if &*call.service.name == "sqs" {
            place::at_queue(&mut place, input, config.endpoints.get("sqs").is_some())
                .map_err(CallError::Transport)?;
        }
        Ok(place)
    }

    async fn attempt(
        &self,
        call: &OperationCall<'_>,
        place: &Place,
        request: &HttpRequest,
    ) -> Result<Output, OperationError> {
        let config = self.config();
        let source = call.credentials.unwrap_or(&config.credentials);
        let credentials = match call.operation.is_unsigned {
            true => None,
            false => {
                let no_credentials =
                    |error: crate::NoCredentials| CallError::NoCredentials { reason: error.reason };
                Some(source.get().await.map_err(no_credentials)?)
            }
        };
        let query: Vec<(String, String)> =
            request.query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        let headers = request.headers.iter();
        let unsigned = Unsigned {
            endpoint: &place.endpoint,
            method: &request.method,
            path: &request.path,
            query: &query,
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            body: request.body.clone(),
            signer: credentials
                .as_ref()
                .map(|credentials| (credentials, Scope { region: &place.region, service: &place.service })),
            has_unsigned_payload: call.operation.has_unsigned_payload && place.endpoint.is_tls,
        };
        let limit = call.max_response.unwrap_or(config.max_response);
        let answer = self.exchange(unsigned, timeout(self, call), limit).await?;
        let answer = HttpAnswer { status: answer.status, headers: answer.headers, body: answer.body };
        match response::read(call.service, call.operation, answer, call.form)? {
            Ok(output) => Ok(output),
            Err(fault) => Err(OperationError::Fault(Box::new(fault))),
        }
    }
}

/// Functions and Step Functions' own waiting operations may take long.
fn timeout(client: &Client, call: &OperationCall<'_>) -> Duration {
    let config = client.config();
    match &*call.service.name {
        "lambda" | "sfn" => config.call_timeout,
        _ => config.attempt_timeout,
    }
}

/// The input with a token for an operation that is done once for each token.
fn with_token(service: &Service, operation: &Operation, input: &Value) -> Value {
    let Value::Object(object) = input else { return input.clone() };
    let members = operation.input.iter().flat_map(|input| service.members(input.shape));
    let lacks = members.into_iter().find(|member| {
        let given = object.get(&member.sdk_name).or_else(|| object.get(&member.name));
        member.target.traits.is_idempotency_token && given.is_none_or(Value::is_null)
    });
    let Some(member) = lacks else { return input.clone() };
    let mut object: Object = (**object).clone();
    object.insert(member.name.clone(), Uuid::new_v4().to_string());
    Value::from(object)
}

fn has_token(call: &OperationCall<'_>) -> bool {
    let mut members = call.operation.input.iter().flat_map(|input| call.service.members(input.shape));
    members.any(|member| member.target.traits.is_idempotency_token)
}

/// A request that did not reach its service, or that the service did not take, is sent again. One whose outcome is unknown
/// is sent again only where doing it twice is as good as once.
fn is_sent_again(call: &OperationCall<'_>, error: &OperationError) -> bool {
    let is_harmless = call.operation.is_read_only
        || matches!(&*call.operation.method, "GET" | "HEAD")
        || ["Get", "List", "Describe"].iter().any(|verb| call.operation.name.starts_with(verb))
        || has_token(call);
    match error {
        OperationError::Fault(fault) if fault.is_throttling() || fault.status == 503 => true,
        OperationError::Fault(fault) => is_harmless && matches!(fault.status, 500 | 502 | 504),
        OperationError::Call(CallError::Transport(TransportError { kind, .. })) => match kind {
            TransportKind::Connect => true,
            TransportKind::Lost => is_harmless,
            TransportKind::Dns | TransportKind::TimedOut => false,
        },
        OperationError::Call(_)
        | OperationError::Input(_)
        | OperationError::EventStream { .. }
        | OperationError::Undecodable(_) => false,
    }
}

/// How long to wait after an attempt: up to twice as long as after the one before, by chance, so that callers part.
fn pause(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(16).saturating_sub(1)).min(LONGEST_PAUSE);
    let chance = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    longest.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_chance() {
        for (attempt, longest) in [(1, 100), (2, 200), (5, 1_600), (30, 20_000)] {
            for _ in 0..20 {
                let millis = pause(attempt).as_millis();
                assert!((longest / 2..=longest).contains(&millis), "{attempt}: {millis}");
            }
        }
    }
}
