//! Task.

use super::{catch, fields, retry};
use crate::checker::Checker;
use crate::definition::Task;
use crate::rules::number_ranges::TASK_SECONDS;
use crate::rules::{
    credentials, exclusive_fields, express_restrictions, heartbeats, reference_paths, required_fields,
    resource_parameters, resources, templates,
};
use crate::tree::Object;

/// The fields of a Task.
pub(super) fn task(state: &Object<'_>, cx: &mut Checker) -> Option<Task> {
    required_fields::check(state, &["Resource"], cx);
    let resource = state.field("Resource").and_then(|field| {
        let resource = resources::resource(&field, cx)?;
        express_restrictions::check_resource(&field, &resource, cx);
        resource_parameters::check(state, &resource, cx);
        Some(resource)
    });
    let parameters = fields::parameters(state, cx);
    let credentials = credentials::credentials(state, resource.as_ref(), cx);
    let result_selector = templates::optional(state, "ResultSelector", cx);
    let result_path = reference_paths::result_path(state, cx);
    let timeout_seconds = fields::integer(state, exclusive_fields::TIMEOUT, TASK_SECONDS, cx);
    let heartbeat_seconds = fields::integer(state, exclusive_fields::HEARTBEAT, TASK_SECONDS, cx);
    heartbeats::check(state, timeout_seconds.as_ref(), heartbeat_seconds.as_ref(), cx);
    let retry = retry::retriers(state, cx);
    let catch = catch::catchers(state, cx);
    let transition = fields::transition(state, cx);
    Some(Task {
        resource: resource?,
        parameters: parameters?,
        credentials: credentials?,
        result_selector: result_selector?,
        result_path: result_path?,
        timeout_seconds: timeout_seconds?,
        heartbeat_seconds: heartbeat_seconds?,
        retry: retry?,
        catch: catch?,
        transition: transition?,
    })
}
