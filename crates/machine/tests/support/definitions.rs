//! Definitions of any shape: blocks of states, nested, in either language, with Retry and Catch here and there.

use proptest::prelude::*;
use std::fmt::Write as _;

/// A state, before it has a name and a place. Every state leads to the next one of its block.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Pass(u8),
    Wait(u8),
    /// A state in JSONata that is no Task and holds no others.
    Query(u8),
    /// A Choice that may lead to a Fail or Succeed of its own, or onwards.
    Choice {
        rule: u8,
        to_fail: bool,
    },
    Task {
        resource: u8,
        timeout: Option<u8>,
        guard: Guard,
        /// In JSONata.
        queries: bool,
    },
    Parallel {
        branches: Vec<Vec<Node>>,
        guard: Guard,
    },
    Map {
        block: Vec<Node>,
        fields: u8,
        guard: Guard,
        /// In JSONata.
        queries: bool,
    },
    /// Only where its block ends.
    Ending {
        fails: bool,
    },
}

/// Retry and Catch.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    retry: Option<(u8, u8)>,
    catch: Option<(u8, u8)>,
}

const ERRORS: [&str; 8] = [
    "States.ALL",
    "States.ALL",
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "E",
    "Other",
];
const PASSES: [&str; 13] = [
    r#""Result": {"a": 1}, "ResultPath": "$.p""#,
    r#""ResultPath": null"#,
    r#""InputPath": "$$.Execution.Input""#,
    r#""OutputPath": "$""#,
    r#""Result": "x", "ResultPath": "$.p""#,
    r#""Result": [1, 2, 3, 4], "ResultPath": "$.items""#,
    r#""Parameters": {"again.$": "$"}, "ResultPath": "$.p""#,
    r#""Result": [], "ResultPath": "$.items""#,
    r#""Result": 0, "ResultPath": "$.n""#,
    r#""Parameters": {"items": [1, 2], "n.$": "$.n", "t": "2026-01-01T00:00:05Z", "id.$": "States.UUID()"}"#,
    r#""ResultPath": "$.whole.input""#,
    r#""InputPath": "$.nope", "ResultPath": null"#,
    r#""Parameters": {"items": [1], "n.$": "$.n", "t.$": "$.t", "at.$": "$$.State.EnteredTime"}"#,
];
const TAME_PASSES: &[&str] = PASSES.split_at(9).0;
const WAITS: [&str; 5] = [
    r#""Seconds": 0"#,
    r#""Seconds": 3"#,
    r#""SecondsPath": "$.n""#,
    r#""TimestampPath": "$.t""#,
    r#""Timestamp": "2026-01-01T00:00:10Z""#,
];
const QUERIES: [&str; 9] = [
    r#""Type": "Pass", "Output": "{% $merge([$states.input, {'p': $states.input.n}]) %}""#,
    r#""Type": "Pass", "Output": {"items": [1, 2], "n": "{% $states.input.n %}", "t": "2026-01-01T00:00:05Z"}"#,
    r#""Type": "Pass", "Output": "{% $merge([$states.input, {'items': $append($states.input.items, 9)}]) %}""#,
    r#""Type": "Pass""#,
    r#""Type": "Wait", "Seconds": "{% $states.input.n %}""#,
    r#""Type": "Wait", "Timestamp": "{% $states.input.t %}", "Output": "{% $states.input %}""#,
    r#""Type": "Pass", "Output": "{% $merge([$states.input, {'id': $states.context.State.EnteredTime}]) %}""#,
    r#""Type": "Pass", "Output": "{% $states.input.nope %}""#,
    r#""Type": "Wait", "Seconds": "{% $states.input.t %}""#,
];
/// Of the queries, those from here on may fail, or give something else each time.
const TAME_QUERIES: usize = 6;
const QUERY_RULES: [&str; 3] = [
    r#""Condition": "{% $states.input.n = 1 %}""#,
    r#""Condition": "{% $exists($states.input.p) %}""#,
    r#""Condition": "{% $states.input.nope %}""#,
];
const QUERY_RESOURCES: [&str; 3] = [
    r#""Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "Arguments": "{% $states.input %}""#,
    r#""Resource": "arn:aws:states:us-east-1:000000000000:activity:a""#,
    r#""Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}}"#,
];
const QUERY_MAPS: [&str; 3] = [
    r#""Items": "{% $states.input.items %}", "Output": "{% $merge([$states.input, {'m': $states.result}]) %}",
        "ItemSelector": {"items": [5, 6], "n": "{% $states.context.Map.Item.Index %}", "t": "2026-01-01T00:00:05Z"}"#,
    r#""Items": [1, 2, 3], "MaxConcurrency": 1, "Output": "{% $states.input %}",
        "ItemSelector": {"items": [], "n": "{% $states.context.Map.Item.Value %}", "t": "2026-01-01T00:00:05Z"}"#,
    r#""Items": "{% $states.input.items %}", "MaxConcurrency": "{% $states.input.n %}", "Output": "{% $states.input %}",
        "ItemSelector": "{% {'items': $states.input.items, 'n': $states.input.n, 't': $states.input.t} %}""#,
];
const RULES: [&str; 5] = [
    r#""Variable": "$.n", "NumericEquals": 1"#,
    r#""Variable": "$.p", "IsPresent": true"#,
    r#""Variable": "$", "IsNull": false"#,
    r#""And": [{"Variable": "$.n", "IsPresent": true}, {"Not": {"Variable": "$.n", "IsNumeric": true}}]"#,
    r#""Variable": "$.t", "TimestampLessThan": "2027-01-01T00:00:00Z""#,
];
const RESOURCES: [&str; 4] = [
    r#""Resource": "arn:aws:lambda:us-east-1:000000000000:function:f""#,
    r#""Resource": "arn:aws:states:us-east-1:000000000000:activity:a""#,
    r#""Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"}"#,
    r#""Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}"#,
];
const MAPS: [&str; 4] = [
    r#""ItemsPath": "$.items", "ResultPath": "$.m",
        "ItemSelector": {"items": [5, 6], "n.$": "$.n", "t.$": "$.t"}"#,
    r#""ItemsPath": "$.items", "ResultPath": null, "MaxConcurrency": 1,
        "ItemSelector": {"items": [7], "n.$": "$$.Map.Item.Index", "t": "2026-01-01T00:00:05Z"}"#,
    r#""ItemsPath": "$.items", "ResultPath": null, "MaxConcurrencyPath": "$.n",
        "ItemSelector": {"items.$": "$$.Map.Item.Value", "n": 1, "t": "2026-01-01T00:00:05Z"}"#,
    r#""ItemsPath": "$$.Execution.Input.items", "ResultPath": "$.m",
        "ItemSelector": {"items": [], "n": 2, "t": "2026-01-01T00:00:05Z"}"#,
];

/// A block of one to four states, with blocks inside, three levels deep.
pub(crate) fn block() -> impl Strategy<Value = Vec<Node>> {
    let leaf = prop_oneof![
        2 => any::<u8>().prop_map(Node::Pass),
        1 => any::<u8>().prop_map(Node::Wait),
        2 => any::<u8>().prop_map(Node::Query),
        1 => (any::<u8>(), proptest::bool::weighted(0.2)).prop_map(|(rule, to_fail)| Node::Choice { rule, to_fail }),
        3 => (any::<u8>(), proptest::option::of(any::<u8>()), guard(), proptest::bool::weighted(0.3))
            .prop_map(|(resource, timeout, guard, queries)| Node::Task { resource, timeout, guard, queries }),
        1 => proptest::bool::weighted(0.3).prop_map(|fails| Node::Ending { fails }),
    ];
    let node = leaf.prop_recursive(3, 24, 4, |inner| {
        let block = proptest::collection::vec(inner, 1..4);
        prop_oneof![
            (proptest::collection::vec(block.clone(), 1..4), guard())
                .prop_map(|(branches, guard)| Node::Parallel { branches, guard }),
            (block, any::<u8>(), guard(), proptest::bool::weighted(0.3))
                .prop_map(|(block, fields, guard, queries)| Node::Map { block, fields, guard, queries }),
        ]
    });
    proptest::collection::vec(node, 1..5)
}

fn guard() -> impl Strategy<Value = Guard> {
    let pair = || proptest::option::of((any::<u8>(), any::<u8>()));
    (pair(), pair()).prop_map(|(retry, catch)| Guard { retry, catch })
}

/// The definition as text.
pub(crate) fn to_text(nodes: &[Node]) -> String {
    format!("{{{}}}", Writer { names: 0, is_tame: false }.block(nodes))
}

/// The definition as text, without what fails by itself, gives something else each time, or takes an error.
pub(crate) fn to_tame_text(nodes: &[Node]) -> String {
    format!("{{{}}}", Writer { names: 0, is_tame: true }.block(nodes))
}

struct Writer {
    names: usize,
    is_tame: bool,
}

impl Writer {
    fn block(&mut self, nodes: &[Node]) -> String {
        // An ending is one only where the block ends; elsewhere what follows could not be reached.
        let last = nodes.len() - 1;
        let nodes: Vec<&Node> = nodes
            .iter()
            .enumerate()
            .filter(|(place, node)| *place == last || !matches!(node, Node::Ending { .. }))
            .map(|(_, node)| node)
            .collect();
        let names: Vec<String> = nodes.iter().map(|_| self.name()).collect();
        let mut states = String::new();
        for (place, node) in nodes.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let state = self.state(node, place, &names);
            let _ = write!(states, "{comma}\"{}\": {state}", names[place]);
        }
        format!(r#""StartAt": "{}", "States": {{{states}}}"#, names[0])
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("S{}", self.names)
    }

    fn state(&mut self, node: &Node, place: usize, names: &[String]) -> String {
        let onward = match names.get(place + 1) {
            Some(next) => format!(r#""Next": "{next}""#),
            None => r#""End": true"#.to_owned(),
        };
        match node {
            Node::Pass(fields) => {
                // Names differ, since a block inside may not assign what a block around it assigns.
                let assign = match fields % 2 {
                    0 => format!(r#""Assign": {{"of{}.$": "$", "one{}": 1}},"#, names[place], names[place]),
                    _ => String::new(),
                };
                let passes = if self.is_tame { TAME_PASSES } else { &PASSES };
                format!(r#"{{"Type": "Pass", {}, {assign} {onward}}}"#, pick(passes, *fields))
            }
            Node::Wait(fields) => format!(r#"{{"Type": "Wait", {}, {onward}}}"#, pick(&WAITS, *fields)),
            Node::Query(fields) => self.query(*fields, &names[place], &onward),
            Node::Choice { rule, to_fail } => self.choice(*rule, *to_fail, names.get(place + 1)),
            Node::Task { resource, timeout, guard, queries } => {
                let (resource, put) = match queries {
                    true => (
                        format!(r#""QueryLanguage": "JSONata", {}"#, pick(&QUERY_RESOURCES, *resource)),
                        r#""Output": "{% $merge([$states.input, {'r': $states.result}]) %}""#,
                    ),
                    false => (pick(&RESOURCES, *resource).to_owned(), r#""ResultPath": "$.r""#),
                };
                let limits = timeout.map_or_else(String::new, |seconds| {
                    format!(r#""TimeoutSeconds": {}, "HeartbeatSeconds": 1,"#, 2 + seconds % 4)
                });
                let limits = if self.is_tame { String::new() } else { limits };
                let guard = self.guard(guard, place, names, *queries);
                format!(r#"{{"Type": "Task", {resource}, {limits} {guard} {put}, {onward}}}"#)
            }
            Node::Parallel { branches, guard } => {
                let branches: Vec<String> =
                    branches.iter().map(|branch| format!("{{{}}}", self.block(branch))).collect();
                let guard = self.guard(guard, place, names, false);
                let branches = branches.join(", ");
                format!(
                    r#"{{"Type": "Parallel", "Branches": [{branches}], {guard} "ResultPath": "$.b", {onward}}}"#
                )
            }
            Node::Map { block, fields, guard, queries } => {
                let fields = match queries {
                    true => format!(r#""QueryLanguage": "JSONata", {}"#, pick(&QUERY_MAPS, *fields)),
                    false => pick(&MAPS, *fields).to_owned(),
                };
                let inner = self.block(block);
                let guard = self.guard(guard, place, names, *queries);
                format!(r#"{{"Type": "Map", {fields}, "ItemProcessor": {{{inner}}}, {guard} {onward}}}"#)
            }
            Node::Ending { fails: true } if !self.is_tame => {
                r#"{"Type": "Fail", "Error": "E", "Cause": "why"}"#.to_owned()
            }
            Node::Ending { .. } => r#"{"Type": "Succeed"}"#.to_owned(),
        }
    }

    /// A state in JSONata.
    fn query(&self, fields: u8, name: &str, onward: &str) -> String {
        let queries = if self.is_tame { &QUERIES[..TAME_QUERIES] } else { &QUERIES };
        let assign = match fields % 2 {
            0 => format!(r#""Assign": {{"of{name}": "{{% $states.input %}}", "one{name}": 1}},"#),
            _ => String::new(),
        };
        format!(r#"{{"QueryLanguage": "JSONata", {}, {assign} {onward}}}"#, pick(queries, fields / 2))
    }

    fn guard(&self, guard: &Guard, place: usize, names: &[String], queries: bool) -> String {
        guard.text(place, names, queries, !self.is_tame)
    }

    /// A Choice with a state of its own behind it, which the text after it adds to the block.
    fn choice(&mut self, rule: u8, to_fail: bool, next: Option<&String>) -> String {
        let (language, rule) = match rule % 3 {
            0 if self.is_tame => (r#""QueryLanguage": "JSONata","#, QUERY_RULES[0]),
            0 => (r#""QueryLanguage": "JSONata","#, pick(&QUERY_RULES, rule / 3)),
            _ => ("", pick(&RULES, rule / 3)),
        };
        let own = self.name();
        let ending = if to_fail && !self.is_tame {
            r#"{"Type": "Fail", "Error": "Chosen"}"#
        } else {
            r#"{"Type": "Succeed"}"#
        };
        let default = next.map_or_else(String::new, |next| format!(r#", "Default": "{next}""#));
        format!(
            r#"{{"Type": "Choice", {language} "Choices": [{{{rule}, "Next": "{own}"}}]{default}}}, "{own}": {ending}"#
        )
    }
}

impl Guard {
    fn text(&self, place: usize, names: &[String], queries: bool, catches: bool) -> String {
        let mut text = String::new();
        if let Some((error, attempts)) = self.retry {
            let _ = write!(
                text,
                r#""Retry": [{{"ErrorEquals": ["{}"], "MaxAttempts": {}, "JitterStrategy": "FULL"}}],"#,
                pick(&ERRORS, error),
                attempts % 3
            );
        }
        // Onwards only, so that every execution ends.
        if let (Some((error, target)), Some(after)) = (self.catch.filter(|_| catches), names.get(place + 1..))
            && let Some(place) = usize::from(target).checked_rem(after.len())
        {
            let fields = match (queries, target % 3) {
                (false, 0) => r#""ResultPath": null"#,
                (false, _) => r#""ResultPath": "$.error""#,
                (true, 0) => r#""Output": "{% $merge([$states.input, {'error': $states.errorOutput}]) %}""#,
                (true, 1) => r#""Output": "{% $states.input %}""#,
                (true, _) => r#""Output": "{% $states.errorOutput.Nope %}""#,
            };
            let _ = write!(
                text,
                r#""Catch": [{{"ErrorEquals": ["{}"], {fields}, "Next": "{}"}}],"#,
                pick(&ERRORS, error),
                after[place]
            );
        }
        text
    }
}

fn pick<'t>(texts: &[&'t str], which: u8) -> &'t str {
    texts[usize::from(which) % texts.len()]
}
