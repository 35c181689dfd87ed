//! Wait.

use super::fields;
use crate::checker::Checker;
use crate::definition::{Wait, WaitTime};
use crate::rules::{exclusive_fields, jsonata, number_ranges, timestamps};
use crate::tree::Object;

/// The fields of a Wait.
pub(super) fn wait(state: &Object<'_>, cx: &mut Checker) -> Option<Wait> {
    exclusive_fields::exactly_one(state, exclusive_fields::WAIT, cx);
    let seconds = state.field("Seconds").map(|field| match jsonata::expression(&field, cx) {
        Some(query) => query.map(WaitTime::SecondsQuery),
        None => number_ranges::integer(&field, number_ranges::FROM_ZERO, cx).map(WaitTime::Seconds),
    });
    let seconds_path = fields::reference(state, "SecondsPath", cx).map(|p| p.map(WaitTime::SecondsPath));
    let timestamp = state.field("Timestamp").map(|field| match jsonata::text_expression(&field, cx) {
        Some(query) => query.map(WaitTime::TimestampQuery),
        None => timestamps::instant(&field, cx).map(WaitTime::Timestamp),
    });
    let timestamp_path =
        fields::reference(state, "TimestampPath", cx).map(|p| p.map(WaitTime::TimestampPath));
    let transition = fields::transition(state, cx);
    // Where several are given, the state is refused above.
    let time = seconds.or(seconds_path).or(timestamp).or(timestamp_path)?;
    Some(Wait { time: time?, transition: transition? })
}
