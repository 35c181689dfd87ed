//! A stand-in of CloudWatch Logs on a free port, and events to log.
#![allow(dead_code, unreachable_pub, reason = "every test uses a part of it")]

use aws::{Client, ClientConfig, Credentials, Endpoint, Endpoints};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use json::Value;
use logs::LogEntry;
use model::{EventDetails, EventId, Failure, HistoryEvent, LogLevel, LoggingConfiguration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const GROUP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:group:*";

type Records = Vec<(i64, String)>;

#[derive(Clone)]
pub struct LogsService {
    url: String,
    state: Arc<Service>,
}

struct Service {
    groups: BTreeSet<String>,
    streams: Mutex<BTreeMap<(String, String), Records>>,
    failures: Mutex<VecDeque<(u16, &'static str)>>,
    asked: Mutex<Vec<String>>,
    /// PutLogEvents answers once this is true.
    goes: watch::Sender<bool>,
}

impl LogsService {
    pub async fn start(groups: &[&str]) -> LogsService {
        let state = Arc::new(Service {
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            streams: Mutex::default(),
            failures: Mutex::default(),
            asked: Mutex::default(),
            goes: watch::channel(true).0,
        });
        let app = Router::new().fallback(answer).with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        LogsService { url, state }
    }

    pub fn client(&self) -> Client {
        let endpoints = Endpoints::none().with("logs", Endpoint::parse(&self.url).unwrap());
        Client::new(ClientConfig::new(endpoints, Credentials::new("AKID", "secret")))
    }

    /// The streams of a group by name, with what is in them.
    pub fn streams(&self, group: &str) -> Vec<(String, Records)> {
        let streams = self.state.streams.lock().unwrap();
        let of_group = streams.iter().filter(|((of, _), _)| of == group);
        of_group.map(|((_, name), records)| (name.clone(), records.clone())).collect()
    }

    pub fn delete_streams(&self) {
        self.state.streams.lock().unwrap().clear();
    }

    /// The next calls fail so, each once.
    pub fn fail_next(&self, failures: &[(u16, &'static str)]) {
        self.state.failures.lock().unwrap().extend(failures);
    }

    pub fn count(&self, operation: &str) -> usize {
        self.state.asked.lock().unwrap().iter().filter(|asked| *asked == operation).count()
    }

    pub async fn until_asked(&self, operation: &str) {
        while self.count(operation) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Holds back every answer of PutLogEvents.
    pub fn hold(&self) {
        self.state.goes.send_replace(false);
    }

    pub fn let_go(&self) {
        self.state.goes.send_replace(true);
    }
}

async fn answer(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let operation =
        headers["x-amz-target"].to_str().unwrap().strip_prefix("Logs_20140328.").unwrap().to_owned();
    assert!(headers["authorization"].to_str().unwrap().contains("/us-east-1/logs/aws4_request"));
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    service.asked.lock().unwrap().push(operation.clone());
    if operation == "PutLogEvents" {
        service.goes.subscribe().wait_for(|goes| *goes).await.unwrap();
    }
    if let Some((status, code)) = service.failures.lock().unwrap().pop_front() {
        return error(status, code);
    }
    let body = json::parse(&body).unwrap();
    let text = |member: &str| body.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = (text("logGroupName"), text("logStreamName"));
    let mut streams = service.streams.lock().unwrap();
    match operation.as_str() {
        "CreateLogStream" if !service.groups.contains(&key.0) => error(400, "ResourceNotFoundException"),
        "CreateLogStream" if streams.contains_key(&key) => error(400, "ResourceAlreadyExistsException"),
        "CreateLogStream" => {
            streams.insert(key, Vec::new());
            (StatusCode::OK, String::new())
        }
        "PutLogEvents" => {
            let Some(stream) = streams.get_mut(&key) else { return error(400, "ResourceNotFoundException") };
            let events = body.get("logEvents").unwrap().as_array().unwrap();
            let read = |event: &Value| {
                let at = event.get("timestamp").unwrap().as_i64().unwrap();
                (at, event.get("message").unwrap().as_str().unwrap().to_owned())
            };
            let records: Records = events.iter().map(read).collect();
            assert!(records.is_sorted_by_key(|(at, _)| *at), "records must be in the order of their times");
            stream.extend(records);
            (StatusCode::OK, r#"{"nextSequenceToken":"1"}"#.to_owned())
        }
        "DescribeLogGroups" => {
            let prefix = text("logGroupNamePrefix");
            let found = service.groups.iter().filter(|group| group.starts_with(&prefix));
            let shown = found.map(|group| Value::object([("logGroupName", group.as_str())])).collect();
            (StatusCode::OK, Value::object([("logGroups", Value::array(shown))]).to_text())
        }
        other => panic!("{other} is not called"),
    }
}

fn error(status: u16, code: &str) -> (StatusCode, String) {
    (StatusCode::from_u16(status).unwrap(), format!(r#"{{"__type":"{code}","message":"said so"}}"#))
}

/// An entry of one event.
pub fn entry(machine: &str, execution: &str, at: i64) -> LogEntry {
    LogEntry {
        logging: Arc::new(LoggingConfiguration {
            level: LogLevel::All,
            include_execution_data: true,
            log_group_arn: GROUP.into(),
        }),
        machine_name: machine.into(),
        execution_arn: execution.into(),
        redrive_count: 0,
        events: vec![HistoryEvent {
            id: EventId(1),
            previous: EventId(0),
            timestamp: Timestamp(at),
            details: EventDetails::ExecutionFailed(Failure::named("E")),
        }],
    }
}

/// The record of that entry.
pub fn message(execution: &str, at: i64) -> String {
    format!(
        r#"{{"id":"1","type":"ExecutionFailed","details":{{"error":"E"}},"previous_event_id":"0","event_timestamp":"{at}","execution_arn":"{execution}","redrive_count":"0"}}"#
    )
}
