//! A definition as nodes and edges.
//!
//! Transitions never leave their block, so the graph is a tree of flat graphs: a Parallel or Map state is a node that
//! holds the graphs of its branches or of its processor.

use super::condition;
use asl::{Block, Definition, IntegerField, MapItems, Retrier, State, StateKind, Transition, WaitTime};
use json::Value;
use model::{StateType, TaskResource};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// A whole definition.
#[derive(Debug)]
pub(crate) struct Graph {
    /// The states of the top level.
    pub(crate) root: Flow,
}

/// The states of one block with the ways between them.
#[derive(Debug)]
pub(crate) struct Flow {
    /// What the block is within its state: `branch 1`, `each item`; nothing at the top.
    pub(crate) title: Option<String>,
    /// The states, in the order in which a reader meets them from the start.
    pub(crate) nodes: Vec<Node>,
    /// The ways, grouped by the state that they leave.
    pub(crate) edges: Vec<Edge>,
}

/// A state.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) state_type: StateType,
    /// Whether it calls a Lambda function.
    pub(crate) is_lambda: bool,
    /// What it works with: a function, an integration, a time.
    pub(crate) subtitle: Option<String>,
    /// Retries and limits, one line each.
    pub(crate) notes: Vec<String>,
    /// The author's comment.
    pub(crate) comment: Option<String>,
    /// The branches of a Parallel, the processor of a Map.
    pub(crate) flows: Vec<Flow>,
}

/// A way between two states of one block. Several ways of a kind between the same states are one edge.
#[derive(Debug)]
pub(crate) struct Edge {
    /// Where it starts.
    pub(crate) from: End,
    /// Where it leads.
    pub(crate) to: End,
    /// What makes the execution take it.
    pub(crate) kind: EdgeKind,
    /// The conditions or error names, any of which leads this way.
    pub(crate) labels: Vec<String>,
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// The dot where the block starts.
    Start,
    /// The state at this position of the flow's nodes.
    State(usize),
    /// The dot where the block ends.
    Finish,
}

/// Why an edge is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// The state is done.
    Next,
    /// A rule of a Choice holds.
    Rule,
    /// No rule of a Choice holds.
    Default,
    /// An error was caught.
    Catch,
}

impl Graph {
    /// The graph of a definition; `source` is the JSON that it was compiled from, for names that only stand there.
    pub(crate) fn of(definition: &Definition, source: &Value) -> Graph {
        Graph { root: flow(&definition.block, Some(source), None) }
    }
}

fn flow(block: &Block, source: Option<&Value>, title: Option<String>) -> Flow {
    let order = reading_order(block);
    let positions: HashMap<&str, usize> =
        order.iter().enumerate().map(|(at, s)| (s.name.as_ref(), at)).collect();
    let sources = source.and_then(|block| block.get("States"));
    let nodes = order.iter().map(|state| node(state, sources.and_then(|all| all.get(&state.name)))).collect();
    let mut edges = Vec::new();
    let target = |name: &str| positions.get(name).map(|at| End::State(*at));
    if let Some(first) = target(&block.start_at) {
        edges.push(Edge { from: End::Start, to: first, kind: EdgeKind::Next, labels: Vec::new() });
    }
    for (at, state) in order.iter().enumerate() {
        let mut ways = Ways { from: End::State(at), edges: Vec::new() };
        leave(state, &target, &mut ways);
        edges.extend(ways.edges);
    }
    Flow { title, nodes, edges }
}

/// The states from the start on, breadth last: after a state comes what follows it, and what only its catchers lead to
/// comes after that. States that nothing leads to come last.
fn reading_order(block: &Block) -> Vec<&State> {
    let mut order = Vec::with_capacity(block.states.len());
    let mut seen = HashSet::new();
    let mut waiting: VecDeque<&str> = VecDeque::from([block.start_at.as_ref()]);
    while let Some(name) = waiting.pop_front() {
        let Some(state) = block.states.get(name) else { continue };
        if !seen.insert(name) {
            continue;
        }
        order.push(state);
        for next in targets(state).into_iter().rev() {
            waiting.push_front(next);
        }
        waiting.extend(state.catchers().iter().map(|catcher| catcher.next.as_ref()));
    }
    order.extend(block.states.values().filter(|state| !seen.contains(state.name.as_ref())));
    order
}

fn targets(state: &State) -> Vec<&str> {
    match (&state.kind, state.transition()) {
        (StateKind::Choice(choice), _) => {
            choice.rules.iter().map(|rule| &rule.next).chain(&choice.default).map(AsRef::as_ref).collect()
        }
        (_, Some(Transition::Next(next))) => vec![next.as_ref()],
        _ => Vec::new(),
    }
}

/// The edges that leave one state.
struct Ways {
    from: End,
    edges: Vec<Edge>,
}

impl Ways {
    fn add(&mut self, to: Option<End>, kind: EdgeKind, label: Option<String>) {
        let Some(to) = to else { return };
        match self.edges.iter_mut().find(|edge| edge.to == to && edge.kind == kind) {
            Some(edge) => edge.labels.extend(label.filter(|label| !edge.labels.contains(label))),
            None => {
                self.edges.push(Edge { from: self.from, to, kind, labels: label.into_iter().collect() });
            }
        }
    }
}

fn leave(state: &State, target: &impl Fn(&str) -> Option<End>, ways: &mut Ways) {
    match &state.kind {
        StateKind::Choice(choice) => {
            for rule in &choice.rules {
                ways.add(target(&rule.next), EdgeKind::Rule, Some(condition::words(&rule.condition)));
            }
            if let Some(default) = &choice.default {
                ways.add(target(default), EdgeKind::Default, Some("default".into()));
            }
        }
        StateKind::Succeed => ways.add(Some(End::Finish), EdgeKind::Next, None),
        // A Fail state is an end of its own.
        StateKind::Fail(_) => {}
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Wait(_)
        | StateKind::Parallel(_)
        | StateKind::Map(_) => {
            let to = match state.transition() {
                Some(Transition::Next(next)) => target(next),
                Some(Transition::End) => Some(End::Finish),
                None => None,
            };
            ways.add(to, EdgeKind::Next, None);
        }
    }
    for catcher in state.catchers() {
        for error in &catcher.error_equals {
            ways.add(target(&catcher.next), EdgeKind::Catch, Some(error_words(error).to_owned()));
        }
    }
}

fn node(state: &State, source: Option<&Value>) -> Node {
    let parameters = source.and_then(|state| state.get("Parameters").or_else(|| state.get("Arguments")));
    let mut node = Node {
        name: state.name.to_string(),
        state_type: state.state_type(),
        is_lambda: false,
        subtitle: None,
        notes: Vec::new(),
        comment: state.comment.as_deref().map(str::to_owned),
        flows: Vec::new(),
    };
    match &state.kind {
        StateKind::Task(task) => {
            node.is_lambda = calls_lambda(&task.resource);
            node.subtitle = Some(resource_words(&task.resource, parameters));
            if let Some(seconds) = &task.timeout_seconds {
                node.notes.push(format!("timeout {}", seconds_words(seconds)));
            }
        }
        StateKind::Wait(wait) => node.subtitle = Some(wait_words(&wait.time)),
        StateKind::Fail(fail) => {
            node.subtitle = fail.error.as_ref().map(|error| match error {
                asl::FailText::Literal(text) => text.to_string(),
                asl::FailText::Path(path) => path.text().to_owned(),
                asl::FailText::Query(query) => query.text().to_owned(),
            });
        }
        StateKind::Parallel(parallel) => {
            let sources = source.and_then(|state| state.get("Branches"));
            node.flows = parallel
                .branches
                .iter()
                .enumerate()
                .map(|(at, branch)| {
                    let title = format!("branch {}", at + 1);
                    flow(branch, sources.and_then(|all| all.item(at)), Some(title))
                })
                .collect();
        }
        StateKind::Map(map) => {
            let processor =
                source.and_then(|state| state.get("ItemProcessor").or_else(|| state.get("Iterator")));
            node.subtitle = Some(map_words(map));
            node.flows.push(flow(&map.processor, processor, Some("each item".into())));
        }
        StateKind::Pass(_) | StateKind::Choice(_) | StateKind::Succeed => {}
    }
    node.notes.extend(retry_words(state.retriers()));
    node
}

fn calls_lambda(resource: &TaskResource) -> bool {
    match resource {
        TaskResource::LambdaFunction { .. } => true,
        TaskResource::Service { service, .. } => service.as_ref() == "lambda",
        TaskResource::Activity { .. } => false,
    }
}

/// `charge-payment`, `charge-payment (waits for token)`, `sqs:sendMessage`, `activity: review`.
fn resource_words(resource: &TaskResource, parameters: Option<&Value>) -> String {
    match resource {
        TaskResource::LambdaFunction { arn } => function_name(arn).to_owned(),
        TaskResource::Activity { arn } => {
            format!("activity {}", arn.splitn(7, ':').nth(6).unwrap_or(arn))
        }
        TaskResource::Service { service, action, pattern, .. } => {
            let named = parameters.and_then(|p| p.get("FunctionName")).and_then(Value::as_str);
            let called = match (service.as_ref(), named) {
                ("lambda", Some(name)) => function_name(name).to_owned(),
                _ => format!("{}:{action}", service.strip_prefix("aws-sdk:").unwrap_or(service)),
            };
            let suffix = match pattern {
                model::Pattern::RequestResponse => "",
                model::Pattern::Sync | model::Pattern::Sync2 => " · until done",
                model::Pattern::WaitForTaskToken => " · waits for token",
            };
            format!("{called}{suffix}")
        }
    }
}

/// The name in `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`, or the text itself.
fn function_name(text: &str) -> &str {
    match text.split_once(":function:") {
        Some((_, name)) => name.strip_suffix(":$LATEST").unwrap_or(name),
        None => text,
    }
}

fn wait_words(time: &WaitTime) -> String {
    match time {
        WaitTime::Seconds(seconds) => duration_words(*seconds),
        WaitTime::SecondsPath(path) => format!("{} s", path.text()),
        WaitTime::Timestamp(moment) => format!("until {}", moment.to_timestamp()),
        WaitTime::TimestampPath(path) => format!("until {}", path.text()),
        WaitTime::SecondsQuery(query) => format!("{} s", query.text()),
        WaitTime::TimestampQuery(query) => format!("until {}", query.text()),
    }
}

fn map_words(map: &asl::Map) -> String {
    let items = match &map.items {
        MapItems::Path(path) => path.as_ref().map_or("$", |path| path.text()),
        MapItems::Query(None) => "the input",
        MapItems::Query(Some(items)) => items.as_query().map_or("items", |query| query.text()),
    };
    let mut words = format!("over {items}");
    match &map.max_concurrency {
        Some(IntegerField::Literal(0)) | None => {}
        Some(IntegerField::Literal(limit)) => words.push_str(&format!(" · {limit} at a time")),
        Some(IntegerField::Path(path)) => words.push_str(&format!(" · {} at a time", path.text())),
        Some(IntegerField::Query(query)) => words.push_str(&format!(" · {} at a time", query.text())),
    }
    if map.distributed.is_some() {
        words.push_str(" · distributed");
    }
    words
}

fn seconds_words(field: &IntegerField) -> String {
    match field {
        IntegerField::Literal(seconds) => duration_words(*seconds),
        IntegerField::Path(path) => format!("{} s", path.text()),
        IntegerField::Query(query) => format!("{} s", query.text()),
    }
}

/// `45 s`, `5 min`, `1 h 30 min`, `2 d`.
fn duration_words(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// One line for all retriers: `retries ServiceBusy ×3, Lambda.* ×6`.
fn retry_words(retriers: &[Retrier]) -> Option<String> {
    let words: Vec<String> = retriers
        .iter()
        .filter(|retrier| retrier.max_attempts > 0)
        .map(|retrier| format!("{} ×{}", errors_words(&retrier.error_equals), retrier.max_attempts))
        .collect();
    (!words.is_empty()).then(|| format!("retries {}", words.join(", ")))
}

/// `ServiceBusy`, `any error`, `Lambda.*` for several of one family, `ServiceBusy +2` for a mixture.
fn errors_words(names: &[Arc<str>]) -> String {
    let family = |name: &Arc<str>| name.split_once('.').map(|(family, _)| family.to_owned());
    match names {
        [] => "nothing".to_owned(),
        [one] => error_words(one).to_owned(),
        [first, rest @ ..] => match family(first) {
            Some(shared) if rest.iter().all(|name| family(name).as_ref() == Some(&shared)) => {
                format!("{shared}.*")
            }
            _ => format!("{} +{}", error_words(first), rest.len()),
        },
    }
}

fn error_words(name: &str) -> &str {
    if name == "States.ALL" { "any error" } else { name }
}
