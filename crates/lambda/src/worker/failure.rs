//! The error documents Lambda itself writes when a function gives none.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::config::RESPONSE_LIMIT;

/// The function ran out of its time.
pub(super) fn timed_out(request_id: &str, timeout: Duration) -> Bytes {
    let seconds = timeout.as_secs_f64();
    document(
        "Sandbox.Timedout",
        &format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"),
    )
}

/// The process ended in the middle of a call or before its first one.
pub(super) fn exited(request_id: &str, status: ExitStatus) -> Bytes {
    document("Runtime.ExitError", &format!("RequestId: {request_id} Error: {}", exit_reason(status)))
}

/// The function's answer is over the limit.
pub(super) fn response_too_large() -> Bytes {
    document(
        "Function.ResponseSizeTooLarge",
        &format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."),
    )
}

/// A custom runtime's code has no program to start.
pub(super) fn no_entrypoint(request_id: &str, reason: &str) -> Bytes {
    document("Runtime.InvalidEntrypoint", &format!("RequestId: {request_id} Error: {reason}"))
}

fn document(error_type: &str, message: &str) -> Bytes {
    json!({ "errorType": error_type, "errorMessage": message }).to_string().into()
}

/// `Runtime exited with error: exit status 1`, or `signal: killed`, in the words of Go's library, which
/// Lambda's supervisor is written with.
fn exit_reason(status: ExitStatus) -> String {
    let Some(signal) = status.signal() else {
        return match status.code() {
            Some(0) | None => "Runtime exited without providing a reason".to_owned(),
            Some(code) => format!("Runtime exited with error: exit status {code}"),
        };
    };
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("Runtime exited with error: signal: signal {other}"),
    };
    let core = if status.core_dumped() { " (core dumped)" } else { "" };
    format!("Runtime exited with error: signal: {name}{core}")
}

/// Shows paths of the function's code and of its layers as AWS would, under `/var/task` and `/opt`.
pub(super) fn show_roots(body: Bytes, task: &Path, opt: Option<&Path>) -> Bytes {
    let roots = [Some((task, "/var/task")), opt.map(|opt| (opt, "/opt"))];
    roots.into_iter().flatten().fold(body, |body, (path, shown)| {
        let path = path.to_string_lossy();
        match std::str::from_utf8(&body) {
            Ok(text) if text.contains(&*path) => text.replace(&*path, shown).into(),
            Ok(_) | Err(_) => body,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_told_in_aws_words() {
        let reason = |raw: i32| exit_reason(ExitStatus::from_raw(raw));
        assert_eq!(reason(1 << 8), "Runtime exited with error: exit status 1");
        assert_eq!(reason(0), "Runtime exited without providing a reason");
        assert_eq!(reason(9), "Runtime exited with error: signal: killed");
        assert_eq!(reason(11 | 0x80), "Runtime exited with error: signal: segmentation fault (core dumped)");
    }
}
