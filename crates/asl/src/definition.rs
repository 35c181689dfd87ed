//! The compiled definition: what `machine` runs.

use crate::distributed::Distributed;
use expr::{Query, QueryPath, QueryTemplate, Template};
use indexmap::IndexMap;
use json::{Number, Value};
use model::time::Instant;
use model::{StateType, TaskResource};
use rustc_hash::FxBuildHasher;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A whole state machine.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The states of the top level.
    pub block: Block,
    /// Seconds after which the execution times out. `Some(0)` is legal.
    pub timeout_seconds: Option<u64>,
    /// The author's comment.
    pub comment: Option<Arc<str>>,
}

/// States that transitions join: the top level, a branch of a Parallel, the processor of a Map.
#[derive(Clone, Debug)]
pub struct Block {
    /// The first state.
    pub start_at: Arc<str>,
    /// The states by name, in the order of the text.
    pub states: IndexMap<Arc<str>, State, FxBuildHasher>,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: Arc<str>,
    /// The author's comment.
    pub comment: Option<Arc<str>>,
    /// Whether its query language is JSONata; else it is JSONPath.
    pub is_jsonata: bool,
    /// InputPath; the whole input where it is absent.
    pub input_path: PathField,
    /// OutputPath.
    pub output_path: PathField,
    /// Assign: variables set when the state exits. Of a Choice: on its Default route alone.
    pub assign: Option<ValueTemplate>,
    /// Output, in JSONata. Of a Choice: on its Default route alone.
    pub output: Option<QueryTemplate>,
    /// What its type adds.
    pub kind: StateKind,
}

impl State {
    /// The state's type.
    pub fn state_type(&self) -> StateType {
        match self.kind {
            StateKind::Task(_) => StateType::Task,
            StateKind::Pass(_) => StateType::Pass,
            StateKind::Choice(_) => StateType::Choice,
            StateKind::Wait(_) => StateType::Wait,
            StateKind::Succeed => StateType::Succeed,
            StateKind::Fail(_) => StateType::Fail,
            StateKind::Parallel(_) => StateType::Parallel,
            StateKind::Map(_) => StateType::Map,
        }
    }

    /// Where it leads, for the types that have `Next` and `End`.
    pub fn transition(&self) -> Option<&Transition> {
        match &self.kind {
            StateKind::Task(task) => Some(&task.transition),
            StateKind::Pass(pass) => Some(&pass.transition),
            StateKind::Wait(wait) => Some(&wait.transition),
            StateKind::Parallel(parallel) => Some(&parallel.transition),
            StateKind::Map(map) => Some(&map.transition),
            StateKind::Choice(_) | StateKind::Succeed | StateKind::Fail(_) => None,
        }
    }

    /// The retriers, for the types that have them.
    pub fn retriers(&self) -> &[Retrier] {
        match &self.kind {
            StateKind::Task(task) => &task.retry,
            StateKind::Parallel(parallel) => &parallel.retry,
            StateKind::Map(map) => &map.retry,
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Choice(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => &[],
        }
    }

    /// The catchers, for the types that have them.
    pub fn catchers(&self) -> &[Catcher] {
        match &self.kind {
            StateKind::Task(task) => &task.catch,
            StateKind::Parallel(parallel) => &parallel.catch,
            StateKind::Map(map) => &map.catch,
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Choice(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => &[],
        }
    }
}

/// JSON in which parts are computed, in either query language.
#[derive(Clone, Debug)]
pub enum ValueTemplate {
    /// Members whose key ends in `.$` are computed.
    JsonPath(Template),
    /// Strings with the marks `{% … %}` are computed.
    Jsonata(QueryTemplate),
}

impl ValueTemplate {
    /// The names of the variables that it reads, sorted.
    pub fn variables_read(&self) -> BTreeSet<Arc<str>> {
        match self {
            ValueTemplate::JsonPath(template) => template.variables_read(),
            ValueTemplate::Jsonata(template) => template.variables_read(),
        }
    }
}

/// InputPath or OutputPath.
#[derive(Clone, Debug)]
pub enum PathField {
    /// Absent, or `$`: everything.
    Whole,
    /// `null`: an empty object.
    Nothing,
    /// A path.
    Path(QueryPath),
}

/// ResultPath.
#[derive(Clone, Debug)]
pub enum ResultPath {
    /// Absent, or `$`: the result replaces the input.
    Replace,
    /// `null`: the result is dropped.
    Discard,
    /// A reference path under which the result is put into the raw input.
    At(jsonpath::Path),
}

/// Where a state leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// To the named state of the same block.
    Next(Arc<str>),
    /// To the end of the block.
    End,
}

/// What the types add.
#[derive(Clone, Debug)]
#[allow(missing_docs, clippy::large_enum_variant)]
pub enum StateKind {
    Pass(Pass),
    Task(Task),
    Choice(Choice),
    Wait(Wait),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Map),
}

/// A Pass state.
#[derive(Clone, Debug)]
pub struct Pass {
    /// Parameters.
    pub parameters: Option<Template>,
    /// Result: a literal.
    pub result: Option<Value>,
    /// ResultPath.
    pub result_path: ResultPath,
    /// Next or End.
    pub transition: Transition,
}

/// A Task state.
#[derive(Clone, Debug)]
pub struct Task {
    /// What it calls.
    pub resource: TaskResource,
    /// Parameters, or Arguments in JSONata.
    pub parameters: Option<ValueTemplate>,
    /// Credentials: a template with the member `RoleArn`.
    pub credentials: Option<ValueTemplate>,
    /// ResultSelector.
    pub result_selector: Option<Template>,
    /// ResultPath.
    pub result_path: ResultPath,
    /// TimeoutSeconds or TimeoutSecondsPath.
    pub timeout_seconds: Option<IntegerField>,
    /// HeartbeatSeconds or HeartbeatSecondsPath.
    pub heartbeat_seconds: Option<IntegerField>,
    /// Retry.
    pub retry: Vec<Retrier>,
    /// Catch.
    pub catch: Vec<Catcher>,
    /// Next or End.
    pub transition: Transition,
}

/// A whole number given in the definition, found by a path, or computed.
#[derive(Clone, Debug)]
pub enum IntegerField {
    /// A literal.
    Literal(u64),
    /// A path, read on the effective input.
    Path(QueryPath),
    /// An expression.
    Query(Query),
}

/// A Choice state.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The rules in order; the first that holds wins.
    pub rules: Vec<ChoiceRule>,
    /// Where to go when none does.
    pub default: Option<Arc<str>>,
}

/// A rule of a Choice.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it holds.
    pub condition: Condition,
    /// Where it leads.
    pub next: Arc<str>,
    /// Assign of the rule.
    pub assign: Option<ValueTemplate>,
    /// Output of the rule, in JSONata.
    pub output: Option<QueryTemplate>,
}

/// A condition.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every one holds; stops at the first that does not.
    And(Vec<Condition>),
    /// One holds; stops at the first that does.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The value at the path passes the comparison.
    Test {
        /// `Variable`.
        variable: QueryPath,
        /// The comparator with its operand.
        comparison: Comparison,
    },
    /// Always, or never.
    Literal(bool),
    /// The expression gives true.
    Query(Query),
}

/// A comparator with its operand.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // AWS's comparators
pub enum Comparison {
    String(Order, Operand<Arc<str>>),
    /// The pattern as written: `*` any run, `\*` a star, `\\` a backslash.
    StringMatches(Arc<str>),
    Numeric(Order, Operand<Number>),
    Boolean(Operand<bool>),
    Timestamp(Order, Operand<Instant>),
    IsNull(bool),
    IsPresent(bool),
    IsNumeric(bool),
    IsString(bool),
    IsBoolean(bool),
    IsTimestamp(bool),
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub enum Operand<T> {
    /// A literal.
    Literal(T),
    /// The value at a path (the comparators that end in `Path`).
    Path(QueryPath),
}

/// How two values must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Order {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// A Wait state.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Until when.
    pub time: WaitTime,
    /// Next or End.
    pub transition: Transition,
}

/// The forms of Wait.
#[derive(Clone, Debug)]
pub enum WaitTime {
    /// Seconds.
    Seconds(u64),
    /// SecondsPath.
    SecondsPath(QueryPath),
    /// Timestamp.
    Timestamp(Instant),
    /// TimestampPath.
    TimestampPath(QueryPath),
    /// Seconds, as an expression.
    SecondsQuery(Query),
    /// Timestamp, as an expression.
    TimestampQuery(Query),
}

/// A Fail state.
#[derive(Clone, Debug)]
pub struct Fail {
    /// Error or ErrorPath.
    pub error: Option<FailText>,
    /// Cause or CausePath.
    pub cause: Option<FailText>,
}

/// A text of a Fail state.
#[derive(Clone, Debug)]
pub enum FailText {
    /// A literal.
    Literal(Arc<str>),
    /// A path or an intrinsic function that gives a string.
    Path(expr::ErrorPathSource),
    /// An expression that gives a string.
    Query(Query),
}

/// A Parallel state.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// The branches, in order.
    pub branches: Vec<Block>,
    /// Parameters, or Arguments in JSONata.
    pub parameters: Option<ValueTemplate>,
    /// ResultSelector.
    pub result_selector: Option<Template>,
    /// ResultPath.
    pub result_path: ResultPath,
    /// Retry.
    pub retry: Vec<Retrier>,
    /// Catch.
    pub catch: Vec<Catcher>,
    /// Next or End.
    pub transition: Transition,
}

/// A Map state.
#[derive(Clone, Debug)]
pub struct Map {
    /// Where its items come from.
    pub items: MapItems,
    /// ItemSelector, or Parameters in the legacy form.
    pub item_selector: Option<ValueTemplate>,
    /// ItemProcessor, or Iterator in the legacy form.
    pub processor: Block,
    /// What a distributed Map adds; `None` of an inline one.
    pub distributed: Option<Box<Distributed>>,
    /// MaxConcurrency or MaxConcurrencyPath; 0 or absent: no limit of its own.
    pub max_concurrency: Option<IntegerField>,
    /// ToleratedFailureCount or its Path.
    pub tolerated_failure_count: Option<IntegerField>,
    /// ToleratedFailurePercentage or its Path.
    pub tolerated_failure_percentage: Option<PercentageField>,
    /// Whether one of ItemReader, ItemBatcher and ResultWriter is given.
    pub has_distributed_fields: bool,
    /// ResultSelector.
    pub result_selector: Option<Template>,
    /// ResultPath.
    pub result_path: ResultPath,
    /// Retry.
    pub retry: Vec<Retrier>,
    /// Catch.
    pub catch: Vec<Catcher>,
    /// Next or End.
    pub transition: Transition,
}

/// Where the items of a Map come from.
#[derive(Clone, Debug)]
pub enum MapItems {
    /// ItemsPath; `$` where it is absent.
    Path(Option<QueryPath>),
    /// Items, in JSONata; the state's input where it is absent.
    Query(Option<QueryTemplate>),
}

/// ToleratedFailurePercentage: a number that may have a fraction.
#[derive(Clone, Debug)]
pub enum PercentageField {
    /// A literal between 0 and 100.
    Literal(f64),
    /// A path.
    Path(QueryPath),
    /// An expression.
    Query(Query),
}

/// A retrier.
#[derive(Clone, Debug)]
pub struct Retrier {
    /// ErrorEquals.
    pub error_equals: Vec<Arc<str>>,
    /// IntervalSeconds, 1 by default.
    pub interval_seconds: u64,
    /// MaxAttempts, 3 by default.
    pub max_attempts: u64,
    /// BackoffRate, 2.0 by default.
    pub backoff_rate: f64,
    /// MaxDelaySeconds.
    pub max_delay_seconds: Option<u64>,
    /// JitterStrategy.
    pub jitter: Jitter,
}

/// JitterStrategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// `NONE`: the delay as computed.
    None,
    /// `FULL`: anything between nothing and the delay.
    Full,
}

/// A catcher.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// ErrorEquals.
    pub error_equals: Vec<Arc<str>>,
    /// Where it leads.
    pub next: Arc<str>,
    /// ResultPath, applied to the state's raw input.
    pub result_path: ResultPath,
    /// Assign of the catcher.
    pub assign: Option<ValueTemplate>,
    /// Output, in JSONata; the error output where it is absent.
    pub output: Option<QueryTemplate>,
}
