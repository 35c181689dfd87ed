//! Logging of executions: how a machine is configured, which events a level lets through, and the record of an event.

use crate::history::{EventDetails, HistoryEvent};
use crate::status::StateType;
use json::{Object, Value};
use std::sync::Arc;

/// Bytes of an input or an output, escaped, that a record holds; what is longer is cut. AWS: documented, 248 KiB.
const DATA_LENGTH: usize = 248 * 1024;

/// Members of an event's details that hold execution data.
const DATA: [&str; 3] = ["input", "output", "parameters"];

/// Which events are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// None.
    #[default]
    Off,
    /// Those that end an execution badly.
    Fatal,
    /// These, and every other failure.
    Error,
    /// Every event.
    All,
}

/// A machine's logging, where it logs at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingConfiguration {
    /// Which events; never [`LogLevel::Off`].
    pub level: LogLevel,
    /// Whether records hold inputs and outputs.
    pub include_execution_data: bool,
    /// The log group: `arn:aws:logs:us-east-1:123456789012:log-group:NAME:*`.
    pub log_group_arn: Arc<str>,
}

impl LogLevel {
    /// The level of that name.
    pub fn from_name(name: &str) -> Option<LogLevel> {
        match name {
            "OFF" => Some(LogLevel::Off),
            "FATAL" => Some(LogLevel::Fatal),
            "ERROR" => Some(LogLevel::Error),
            "ALL" => Some(LogLevel::All),
            _ => None,
        }
    }

    /// Whether the level lets the event through.
    pub fn logs(self, event: &EventDetails) -> bool {
        lowest_level(event) <= self
    }
}

impl LoggingConfiguration {
    /// Reads the member `loggingConfiguration` of a machine; `None` where it logs nothing.
    pub fn read(value: &Value) -> Option<LoggingConfiguration> {
        let level = value.get("level").and_then(Value::as_str).and_then(LogLevel::from_name)?;
        let group = value.get("destinations")?.item(0)?.get("cloudWatchLogsLogGroup")?;
        Some(LoggingConfiguration {
            level,
            include_execution_data: value.get("includeExecutionData").and_then(Value::as_bool) == Some(true),
            log_group_arn: group.get("logGroupArn")?.as_str()?.into(),
        })
        .filter(|logging| logging.level != LogLevel::Off)
    }
}

/// The log group that an ARN names: its region and its name.
pub fn log_group(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(7, ':');
    let has_head = parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some("logs");
    let region = parts.next().filter(|_| has_head)?;
    let name = parts.nth(2)?;
    (parts.next().is_none()).then(|| (region, name.strip_suffix(":*").unwrap_or(name)))
}

/// The lowest level that logs the event.
fn lowest_level(event: &EventDetails) -> LogLevel {
    use EventDetails as E;
    match event {
        E::ExecutionAborted(_) | E::ExecutionFailed(_) | E::ExecutionTimedOut(_) => LogLevel::Fatal,
        E::StateEntered { state_type: StateType::Fail, .. }
        | E::LambdaFunctionFailed(_)
        | E::LambdaFunctionScheduleFailed(_)
        | E::LambdaFunctionStartFailed(_)
        | E::LambdaFunctionTimedOut(_)
        | E::MapIterationAborted(_)
        | E::MapIterationFailed(_)
        | E::MapRunAborted
        | E::MapRunFailed(_)
        | E::MapStateAborted
        | E::MapStateFailed
        | E::ParallelStateAborted
        | E::ParallelStateFailed
        | E::TaskFailed(..)
        | E::TaskStartFailed(..)
        | E::TaskStateAborted
        | E::TaskSubmitFailed(..)
        | E::TaskTimedOut(..)
        | E::WaitStateAborted => LogLevel::Error,
        // AWS: unconfirmed, not in the published table; chosen because they are failures like those that are.
        E::ActivityFailed(_)
        | E::ActivityScheduleFailed(_)
        | E::ActivityTimedOut(_)
        | E::EvaluationFailed { .. } => LogLevel::Error,
        E::ExecutionStarted { .. }
        | E::ExecutionSucceeded { .. }
        | E::ExecutionRedriven { .. }
        | E::StateEntered { .. }
        | E::StateExited { .. }
        | E::ParallelStateStarted
        | E::ParallelStateSucceeded
        | E::MapStateStarted { .. }
        | E::MapStateSucceeded
        | E::MapIterationStarted(_)
        | E::MapIterationSucceeded(_)
        | E::MapRunStarted { .. }
        | E::MapRunSucceeded
        | E::MapRunRedriven { .. }
        | E::TaskScheduled { .. }
        | E::TaskStarted(_)
        | E::TaskSubmitted { .. }
        | E::TaskSucceeded { .. }
        | E::LambdaFunctionScheduled { .. }
        | E::LambdaFunctionStarted
        | E::LambdaFunctionSucceeded { .. }
        | E::ActivityScheduled { .. }
        | E::ActivityStarted { .. }
        | E::ActivitySucceeded { .. } => LogLevel::All,
    }
}

impl HistoryEvent {
    /// The event as AWS writes it into a log group: a JSON object in which numbers and times are strings.
    pub fn to_log_record(
        &self,
        execution_arn: &Arc<str>,
        redrive_count: u64,
        include_execution_data: bool,
    ) -> Value {
        let mut record = Object::with_capacity(7);
        record.insert("id", self.id.0.to_string());
        record.insert("type", self.details.type_name());
        record.insert("details", Value::from(self.details.to_log(include_execution_data)));
        record.insert("previous_event_id", self.previous.0.to_string());
        record.insert("event_timestamp", self.timestamp.0.to_string());
        record.insert("execution_arn", execution_arn.clone());
        record.insert("redrive_count", redrive_count.to_string());
        Value::from(record)
    }
}

impl EventDetails {
    /// The details without the member that names their type.
    // AWS: unconfirmed, types without details show an empty object.
    fn to_log(&self, include_execution_data: bool) -> Object {
        let Some((_, mut details)) = self.to_wire(include_execution_data) else { return Object::new() };
        if !include_execution_data {
            // AWS: unconfirmed, chosen because these hold execution data as inputs and outputs do.
            for member in ["parameters", "assignedVariables", "assignedVariablesDetails"] {
                details.remove(member);
            }
            return details;
        }
        for member in DATA {
            cut_data(&mut details, member);
        }
        cut_assigned(&mut details);
        details
    }
}

fn cut_data(details: &mut Object, member: &str) {
    let Some(Value::String(text)) = details.get(member) else { return };
    let Some(cut) = cut(text, DATA_LENGTH) else { return };
    details.insert(member, cut);
    if details.contains_key(&format!("{member}Details")) {
        details.insert(format!("{member}Details"), truncated());
    }
}

/// The variables share the room of one payload.
fn cut_assigned(details: &mut Object) {
    let Some(Value::Object(variables)) = details.get("assignedVariables") else { return };
    let mut room = DATA_LENGTH;
    let mut shown = Object::with_capacity(variables.len());
    let mut is_cut = false;
    for (name, value) in variables.iter() {
        let text = value.as_str().unwrap_or_default();
        let kept = cut(text, room);
        is_cut |= kept.is_some();
        let kept: Arc<str> = kept.map_or_else(|| text.into(), Arc::from);
        room = room.saturating_sub(escaped_length(&kept));
        shown.insert(name.clone(), kept);
    }
    if is_cut {
        details.insert("assignedVariables", Value::from(shown));
        details.insert("assignedVariablesDetails", truncated());
    }
}

fn truncated() -> Value {
    Value::object([("truncated", true)])
}

/// The longest beginning of the text whose escaped form has at most `limit` bytes; `None` where that is all of it.
fn cut(text: &str, limit: usize) -> Option<String> {
    // The longest escape takes six bytes for one.
    if text.len().saturating_mul(6) <= limit {
        return None;
    }
    let mut length = 0;
    for (at, character) in text.char_indices() {
        length += escaped_char_length(character);
        if length > limit {
            return Some(text.get(..at).unwrap_or_default().to_owned());
        }
    }
    None
}

fn escaped_length(text: &str) -> usize {
    text.chars().map(escaped_char_length).sum()
}

/// Bytes of a character inside a JSON string.
fn escaped_char_length(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{EventId, Failure, Iteration, ServiceAction};
    use crate::time::Timestamp;
    use json::Payload;

    fn payload(text: &str) -> crate::history::StoredPayload {
        Payload::from_stored_text(text).into()
    }

    fn entered(state_type: StateType, input: &str) -> EventDetails {
        EventDetails::StateEntered { state_type, name: "State_1".into(), input: payload(input) }
    }

    fn record(details: EventDetails, include_execution_data: bool) -> String {
        let event = HistoryEvent {
            id: EventId(2),
            previous: EventId(0),
            timestamp: Timestamp(1_718_029_011_441),
            details,
        };
        let arn = "arn:aws:states:us-east-1:111111111111:execution:SM:EXEC".into();
        event.to_log_record(&arn, 0, include_execution_data).to_text()
    }

    #[test]
    fn a_record_has_awss_members_in_awss_order() {
        assert_eq!(
            record(entered(StateType::Pass, "{}"), true),
            r#"{"id":"2","type":"PassStateEntered","details":{"name":"State_1","input":"{}","inputDetails":{"truncated":false}},"previous_event_id":"0","event_timestamp":"1718029011441","execution_arn":"arn:aws:states:us-east-1:111111111111:execution:SM:EXEC","redrive_count":"0"}"#
        );
    }

    #[test]
    fn without_execution_data_names_roles_and_errors_stay() {
        let details = |event| {
            let text = record(event, false);
            json::parse(&text).unwrap().get("details").unwrap().to_text()
        };
        assert_eq!(details(EventDetails::ExecutionSucceeded { output: payload("1") }), "{}");
        let started = EventDetails::ExecutionStarted {
            input: payload("{}"),
            role_arn: "r".into(),
            state_machine_alias_arn: None,
            state_machine_version_arn: None,
        };
        assert_eq!(details(started), r#"{"roleArn":"r"}"#);
        let failed = EventDetails::ExecutionFailed(Failure::new("E", "C"));
        assert_eq!(details(failed), r#"{"error":"E","cause":"C"}"#);
        let exited = EventDetails::StateExited {
            state_type: StateType::Pass,
            name: "P".into(),
            output: payload("1"),
            assigned_variables: vec![("v".into(), payload("1"))],
        };
        assert_eq!(details(exited), r#"{"name":"P"}"#);
        let action = ServiceAction { resource_type: "lambda".into(), resource: "invoke".into() };
        let scheduled = EventDetails::TaskScheduled {
            action,
            region: "r".into(),
            parameters: payload("{}"),
            options: Default::default(),
        };
        assert_eq!(details(scheduled), r#"{"resourceType":"lambda","resource":"invoke","region":"r"}"#);
        assert_eq!(details(EventDetails::LambdaFunctionStarted), "{}");
    }

    #[test]
    fn levels_let_through_what_aws_says() {
        let fatal = EventDetails::ExecutionFailed(Failure::default());
        let error = EventDetails::MapIterationFailed(Iteration { name: "M".into(), index: 0 });
        let fail = entered(StateType::Fail, "{}");
        let plain = entered(StateType::Pass, "{}");
        for (level, logged) in [
            (LogLevel::Off, [false, false, false, false]),
            (LogLevel::Fatal, [true, false, false, false]),
            (LogLevel::Error, [true, true, true, false]),
            (LogLevel::All, [true, true, true, true]),
        ] {
            assert_eq!([&fatal, &error, &fail, &plain].map(|event| level.logs(event)), logged, "{level:?}");
        }
    }

    #[test]
    fn data_is_cut_where_its_escaped_form_is_too_long() {
        let cut_input = |input: &str| {
            let record = json::parse(&record(entered(StateType::Pass, input), true)).unwrap();
            let details = record.get("details").unwrap().clone();
            let is_cut = details.get("inputDetails").unwrap().get("truncated").unwrap().as_bool().unwrap();
            (details.get("input").unwrap().as_str().unwrap().len(), is_cut)
        };
        let plain = |length: usize| format!("\"{}\"", "x".repeat(length));
        // The quotes of the document are escaped.
        assert_eq!(cut_input(&plain(DATA_LENGTH - 4)), (DATA_LENGTH - 2, false));
        assert_eq!(cut_input(&plain(DATA_LENGTH - 3)), (DATA_LENGTH - 2, true));
        let quotes = format!("[{}]", vec![r#""""#; 80_000].join(","));
        let (length, is_cut) = cut_input(&quotes);
        assert!(is_cut && length < DATA_LENGTH, "{length}");
        // A character is never cut in two.
        let wide = format!("\"{}\"", "\u{1F600}".repeat(70_000));
        assert_eq!(cut_input(&wide), (1 + (DATA_LENGTH - 2) / 4 * 4, true));
    }

    #[test]
    fn assigned_variables_share_the_room_of_one_payload() {
        let value = format!("\"{}\"", "x".repeat(200_000));
        let exited = EventDetails::StateExited {
            state_type: StateType::Pass,
            name: "P".into(),
            output: payload("1"),
            assigned_variables: vec![("a".into(), payload(&value)), ("b".into(), payload(&value))],
        };
        let record = json::parse(&record(exited, true)).unwrap();
        let details = record.get("details").unwrap();
        let of = |name: &str| details.get("assignedVariables").unwrap().get(name).unwrap().as_str().unwrap();
        assert_eq!(of("a"), value);
        assert!(of("b").len() < 60_000);
        assert_eq!(details.get("assignedVariablesDetails").unwrap().to_text(), r#"{"truncated":true}"#);
    }

    #[test]
    fn a_configuration_is_read_where_it_logs() {
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/g:*";
        let text = |level: &str| {
            format!(
                r#"{{"level":"{level}","includeExecutionData":true,"destinations":[{{"cloudWatchLogsLogGroup":{{"logGroupArn":"{arn}"}}}}]}}"#
            )
        };
        let read = |text: &str| LoggingConfiguration::read(&json::parse(text).unwrap());
        let logging = read(&text("ERROR")).unwrap();
        assert_eq!((logging.level, logging.include_execution_data), (LogLevel::Error, true));
        assert_eq!(log_group(&logging.log_group_arn), Some(("us-east-1", "/aws/vendedlogs/states/g")));
        assert_eq!(read(&text("OFF")), None);
        assert_eq!(read("{}"), None);
        for arn in ["", "arn:aws:logs", "arn:aws:s3:r:1:log-group:g", "arn:aws:logs:r:1:log-group"] {
            assert_eq!(log_group(arn), None, "{arn}");
        }
    }
}
