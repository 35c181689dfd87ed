//! What TestState answers.

use super::request::InspectionLevel;
use crate::operations::put;
use engine::{ErrorDetails, HttpExchange, Inspection, TestedState};
use json::{Object, Payload, Value};

/// The answer, with as much of the data flow as is asked for.
pub(super) fn answer(tested: &TestedState, level: InspectionLevel) -> Value {
    let end = &tested.end;
    let mut answer = Object::new();
    put(&mut answer, "output", end.output.as_ref().map(|output| output.text().clone()));
    if let Some(failure) = &end.failure {
        put(&mut answer, "error", failure.error.clone());
        put(&mut answer, "cause", failure.cause.clone());
    }
    match level {
        InspectionLevel::Info => {}
        InspectionLevel::Debug => {
            answer.insert("inspectionData", inspection_data(&tested.inspection));
        }
        // AWS: recorded, TRACE adds something to tasks that call over HTTP only.
        InspectionLevel::Trace => {
            let mut data = inspection_data(&tested.inspection);
            if let Some(exchange) = &tested.exchange {
                put_exchange(&mut data, exchange);
            }
            answer.insert("inspectionData", data);
        }
    }
    put(&mut answer, "nextState", end.next_state.clone());
    answer.insert("status", end.status.as_str());
    Value::from(answer)
}

fn inspection_data(seen: &Inspection) -> Object {
    let mut data = Object::new();
    let stages: [(&str, &Option<Payload>); 12] = [
        ("input", &seen.input),
        ("afterArguments", &seen.after_arguments),
        ("afterInputPath", &seen.after_input_path),
        ("afterParameters", &seen.after_parameters),
        ("result", &seen.result),
        ("afterResultSelector", &seen.after_result_selector),
        ("afterResultPath", &seen.after_result_path),
        ("variables", &seen.variables),
        ("afterItemsPath", &seen.after_items_path),
        ("afterItemSelector", &seen.after_item_selector),
        ("afterItemBatcher", &seen.after_item_batcher),
        ("afterItemsPointer", &seen.after_items_pointer),
    ];
    for (name, stage) in stages {
        put(&mut data, name, stage.as_ref().map(|stage| stage.text().clone()));
    }
    if seen.error_details != ErrorDetails::default() {
        data.insert("errorDetails", error_details(&seen.error_details));
    }
    put(&mut data, "toleratedFailureCount", seen.tolerated_failure_count);
    let percentage = seen.tolerated_failure_percentage.map(Value::from_f64);
    put(&mut data, "toleratedFailurePercentage", percentage);
    put(&mut data, "maxConcurrency", seen.max_concurrency);
    data
}

fn put_exchange(data: &mut Object, exchange: &HttpExchange) {
    let request = &exchange.request;
    let mut shown = Object::new();
    shown.insert("protocol", request.protocol.as_str());
    shown.insert("method", request.method.as_str());
    shown.insert("url", request.url.as_str());
    shown.insert("headers", request.headers.as_str());
    put(&mut shown, "body", request.body.as_deref());
    data.insert("request", shown);
    let response = exchange.response.as_ref().map(|response| {
        Value::object([
            ("protocol", response.protocol.as_str()),
            ("statusCode", response.status_code.as_str()),
            ("statusMessage", response.status_message.as_str()),
            ("headers", response.headers.as_str()),
            ("body", response.body.as_str()),
        ])
    });
    put(data, "response", response);
}

fn error_details(details: &ErrorDetails) -> Value {
    let mut shown = Object::new();
    put(&mut shown, "catchIndex", details.catch_index);
    put(&mut shown, "retryIndex", details.retry_index);
    put(&mut shown, "retryBackoffIntervalSeconds", details.retry_backoff_interval_seconds);
    Value::from(shown)
}
