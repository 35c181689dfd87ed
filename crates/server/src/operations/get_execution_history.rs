//! GetExecutionHistory.

use super::{ARN, Caller, execution, now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use engine::Page;
use json::{Object, Value};
use model::{EventId, HistoryEvent, limits};
use std::sync::Arc;

/// Bytes of events after which a page ends early, so that a thousand large payloads do not become one answer.
const PAGE_BYTES: usize = 16 * 1024 * 1024;

/// What a request for a history says.
pub(super) struct Request {
    pub(super) execution_arn: Arc<str>,
    reverse: bool,
    with_data: bool,
    page: PageRequest,
}

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let request = Request::read(body)?;
    let arn = execution(caller, &request.execution_arn)?.arn;
    let answer = request.answer(caller, "GetExecutionHistory", |after, limit, reverse| {
        Ok(caller.api.engine.history(&arn, after, limit, reverse)?)
    })?;
    Ok(Value::from(answer))
}

impl Request {
    pub(super) fn read(body: &Value) -> Result<Request, ApiError> {
        read(body, |f| {
            Ok(Request {
                execution_arn: f.required_text("executionArn", ARN)?,
                reverse: f.flag("reverseOrder")?.unwrap_or(false),
                with_data: f.flag("includeExecutionData")?.unwrap_or(true),
                page: PageRequest::read(f, limits::PAGE_TOKEN_LENGTH)?,
            })
        })
    }

    /// The page of events that `find` gives, behind an event and in the direction asked for.
    pub(super) fn answer(
        &self,
        caller: &Caller<'_>,
        operation: &'static str,
        find: impl FnOnce(Option<EventId>, usize, bool) -> Result<Page<HistoryEvent>, ApiError>,
    ) -> Result<Object, ApiError> {
        let flag = |is_set: bool| if is_set { "true" } else { "false" };
        let arguments = [&*self.execution_arn, flag(self.reverse), flag(self.with_data)];
        let listing = Listing { operation, arguments: &arguments };
        let after = match &self.page.token {
            Some(token) => Some(event_of(&caller.tokens.open(&listing, token, now())?)?),
            None => None,
        };
        let found = find(after, self.page.limit, self.reverse)?;
        let (events, last) = show(&found.items, self.with_data, PAGE_BYTES);
        let has_more = found.next.is_some() || events.len() < found.items.len();
        let place = last.filter(|_| has_more).map(|id| id.0.to_be_bytes());
        let mut answer = Object::new();
        answer.insert("events", Value::array(events));
        put(&mut answer, "nextToken", place.map(|place| caller.tokens.seal(&listing, &place, now())));
        Ok(answer)
    }
}

fn event_of(place: &[u8]) -> Result<EventId, ApiError> {
    place.try_into().map(|id| EventId(u64::from_be_bytes(id))).map_err(|_| ApiError::InvalidToken)
}

/// The events up to `bytes`, at least one, and the id of the last shown.
fn show(events: &[HistoryEvent], with_data: bool, bytes: usize) -> (Vec<Value>, Option<EventId>) {
    let (mut shown, mut last, mut size) = (Vec::with_capacity(events.len()), None, 0);
    for event in events {
        if size >= bytes {
            break;
        }
        let value = event.to_wire(with_data);
        size += text_bytes(&value);
        last = Some(event.id);
        shown.push(value);
    }
    (shown, last)
}

/// The bytes of the strings in an event, two levels down, where its payloads are.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Object(object) => object.values().map(text_bytes).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use json::Payload;
    use model::{EventDetails, Timestamp};

    #[test]
    fn a_page_of_large_events_ends_early_and_never_before_its_first() {
        let output = Payload::from_stored_text(format!("\"{}\"", "x".repeat(1000)));
        let events: Vec<HistoryEvent> = (1..=5)
            .map(|id| HistoryEvent {
                id: EventId(id),
                previous: EventId(id - 1),
                timestamp: Timestamp(0),
                details: EventDetails::LambdaFunctionSucceeded { output: output.clone().into() },
            })
            .collect();
        let shown = |bytes| show(&events, true, bytes).1;
        assert_eq!(shown(1), Some(EventId(1)));
        assert_eq!(shown(2000), Some(EventId(2)));
        assert_eq!(shown(1_000_000), Some(EventId(5)));
        assert_eq!(show(&events, false, 2000).1, Some(EventId(5)));
    }
}
