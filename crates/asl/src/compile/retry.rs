//! Retry.

use crate::checker::Checker;
use crate::definition::{Jitter, Retrier};
use crate::rules::number_ranges::{self, Bounds, FROM_ZERO, MAX_DELAY};
use crate::rules::{
    enumerations, error_equals, required_fields, retry_delays, unsupported_fields, value_types,
};
use crate::tree::Object;

const DEFAULT_INTERVAL_SECONDS: u64 = 1;
const DEFAULT_MAX_ATTEMPTS: u64 = 3;
const DEFAULT_BACKOFF_RATE: f64 = 2.0;

/// The retriers of a state, none where it has no Retry.
pub(super) fn retriers(state: &Object<'_>, cx: &mut Checker) -> Option<Vec<Retrier>> {
    let Some(field) = state.field("Retry") else { return Some(Vec::new()) };
    let items = value_types::array(&field, cx)?;
    let last = items.len().saturating_sub(1);
    let retriers: Vec<Option<Retrier>> = items
        .enumerate()
        .map(|(index, item)| {
            let object = value_types::object(&item, cx)?;
            retrier(&object, index == last, cx)
        })
        .collect();
    retriers.into_iter().collect()
}

fn retrier(retrier: &Object<'_>, is_last: bool, cx: &mut Checker) -> Option<Retrier> {
    unsupported_fields::check(retrier, &unsupported_fields::RETRIER, cx);
    required_fields::check(retrier, &["ErrorEquals"], cx);
    let error_equals = error_equals::names(retrier, is_last, cx);
    let mut integer = |name: &str, bounds: Bounds| match retrier.field(name) {
        Some(field) => number_ranges::integer(&field, bounds, cx).map(Some),
        None => Some(None),
    };
    let interval_seconds = integer("IntervalSeconds", FROM_ZERO);
    let max_attempts = integer("MaxAttempts", FROM_ZERO);
    let max_delay_seconds = integer("MaxDelaySeconds", MAX_DELAY);
    retry_delays::check(retrier, interval_seconds.flatten(), max_delay_seconds.flatten(), cx);
    let backoff_rate = match retrier.field("BackoffRate") {
        Some(field) => number_ranges::number(&field, Bounds(1, None), cx),
        None => Some(DEFAULT_BACKOFF_RATE),
    };
    let jitter = match retrier.field("JitterStrategy") {
        Some(field) => enumerations::word(&field, &["NONE", "FULL"], cx),
        None => Some("NONE"),
    };
    Some(Retrier {
        error_equals: error_equals?,
        interval_seconds: interval_seconds?.unwrap_or(DEFAULT_INTERVAL_SECONDS),
        max_attempts: max_attempts?.unwrap_or(DEFAULT_MAX_ATTEMPTS),
        backoff_rate: backoff_rate?,
        max_delay_seconds: max_delay_seconds?,
        jitter: if jitter? == "FULL" { Jitter::Full } else { Jitter::None },
    })
}
