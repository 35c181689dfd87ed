//! State machines from a seed. Whatever happens, every execution of them ends within a day: a call whose answer may be
//! lost has a time-out, retries are few, and no state is entered again but by a Retry.

use crate::randomness::{percent, pick};
use fastrand::Rng;
use serde_json::{Map, Value, json};

/// A state machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Workflow {
    pub(crate) name: String,
    pub(crate) definition: Value,
}

/// The activity whose workers there are.
pub(crate) const ACTIVITY: &str = "arn:aws:states:us-east-1:000000000000:activity:press";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:";
const DEEPEST: usize = 2;

/// A few machines; each may start those before it.
pub(crate) fn workflows(rng: &mut Rng) -> Vec<Workflow> {
    let mut made: Vec<Workflow> = Vec::new();
    for number in 0..rng.usize(2..5) {
        let name = format!("machine-{number}");
        let children: Vec<String> = made.iter().map(|workflow| workflow.name.clone()).collect();
        let mut definition = Generator { rng, children: &children, states: 0 }.block(0);
        if let Some(fields) = definition.as_object_mut().filter(|_| percent(rng, 15)) {
            fields.insert("TimeoutSeconds".to_owned(), json!(rng.u32(30..3600)));
        }
        made.push(Workflow { name, definition });
    }
    made
}

/// The input of every execution.
pub(crate) fn input(rng: &mut Rng) -> Value {
    let items: Vec<u32> = (0..rng.u32(0..4)).collect();
    json!({"items": items, "n": rng.u32(0..4)})
}

struct Generator<'a> {
    rng: &'a mut Rng,
    children: &'a [String],
    states: usize,
}

impl Generator<'_> {
    /// A chain of states; what goes elsewhere goes forward.
    fn block(&mut self, depth: usize) -> Value {
        let names: Vec<String> = (0..self.rng.usize(1..6))
            .map(|_| {
                self.states += 1;
                format!("S{}", self.states)
            })
            .collect();
        let mut states = Map::new();
        for (index, name) in names.iter().enumerate() {
            let later = names.get(index + 1..).unwrap_or_default();
            states.insert(name.clone(), self.state(later, depth));
        }
        json!({"StartAt": names.first(), "States": states})
    }

    fn state(&mut self, later: &[String], depth: usize) -> Value {
        let mut state = match self.rng.u32(0..18) {
            0 | 1 => {
                json!({"Type": "Pass", "Result": {"passed": self.rng.u32(..100)}, "ResultPath": "$.last"})
            }
            2 | 3 => json!({"Type": "Wait", "Seconds": self.seconds()}),
            4..=8 => self.function(),
            9 | 10 => self.token(),
            11 | 12 => self.activity(),
            13 => return self.choice(later),
            14 if depth < DEEPEST => {
                let branches: Vec<Value> = (0..self.rng.usize(1..4)).map(|_| self.block(depth + 1)).collect();
                json!({"Type": "Parallel", "Branches": branches, "ResultPath": Value::Null})
            }
            15 if depth < DEEPEST => self.map(depth),
            16 => match pick(self.rng, self.children) {
                Some(child) => {
                    json!({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                    "ResultPath": Value::Null, "Parameters": {
                        "StateMachineArn": format!("arn:aws:states:us-east-1:000000000000:stateMachine:{child}"),
                        "Input": {"items.$": "$.items", "n.$": "$.n"}}})
                }
                None => self.function(),
            },
            // Only at an end, for what stood behind it would never be reached.
            _ if depth > 0 && later.is_empty() && percent(self.rng, 40) => {
                return json!({"Type": "Fail", "Error": "Planned", "Cause": "as the definition says"});
            }
            _ => self.function(),
        };
        if let Some(fields) = state.as_object_mut() {
            if matches!(fields.get("Type").and_then(Value::as_str), Some("Task" | "Parallel" | "Map")) {
                self.handle_failures(fields, later);
            }
            match later.first() {
                Some(next) => fields.insert("Next".to_owned(), json!(next)),
                None => fields.insert("End".to_owned(), json!(true)),
            };
        }
        state
    }

    fn seconds(&mut self) -> u32 {
        if percent(self.rng, 10) { self.rng.u32(600..7200) } else { self.rng.u32(0..90) }
    }

    fn function(&mut self) -> Value {
        let name =
            *pick(self.rng, &["steady", "steady", "flaky", "slow", "lost", "broken"]).unwrap_or(&"steady");
        let payload = json!({"execution.$": "$$.Execution.Id", "state.$": "$$.State.Name",
            "attempt.$": "$$.State.RetryCount", "n.$": "$.n"});
        let mut state = match percent(self.rng, 50) {
            true => json!({"Type": "Task", "Resource": format!("{FUNCTION}{name}"), "Parameters": payload}),
            false => json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": name, "Payload": payload}, "ResultSelector": {"got.$": "$.Payload"}}),
        };
        self.keep_result(&mut state);
        // The engine waits for an answer as long as the state says; a lost one must not take for ever.
        if name == "lost" || percent(self.rng, 40) {
            self.limit(&mut state, false);
        }
        state
    }

    fn map(&mut self, depth: usize) -> Value {
        // A number that no other state or label gets.
        self.states += 1;
        let label = format!("Run{}", self.states);
        let mut processor = self.block(depth + 1);
        let mut state = json!({"Type": "Map", "ItemsPath": "$.items",
            "ItemSelector": {"items.$": "$.items", "n.$": "$$.Map.Item.Value"},
            "MaxConcurrency": self.rng.u32(0..3), "ResultPath": Value::Null});
        if let (Some(fields), Some(inner)) = (state.as_object_mut(), processor.as_object_mut()) {
            if percent(self.rng, 15) {
                fields.insert("Label".to_owned(), json!(label));
                processor = self.express();
            } else if percent(self.rng, 40) {
                inner.insert(
                    "ProcessorConfig".to_owned(),
                    json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}),
                );
                fields.insert("Label".to_owned(), json!(label));
                fields.insert("ToleratedFailureCount".to_owned(), json!(self.rng.u32(0..2)));
            }
            fields.insert("ItemProcessor".to_owned(), processor);
        }
        state
    }

    /// What Express children run: nothing that is called from outside of a history.
    fn express(&mut self) -> Value {
        self.states += 2;
        let (wait, pass) = (format!("S{}", self.states - 1), format!("S{}", self.states));
        json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": wait, "States": {
            wait: {"Type": "Wait", "Seconds": self.rng.u32(0..90), "Next": pass}, pass: {"Type": "Pass", "End": true}}})
    }

    fn token(&mut self) -> Value {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token",
                "execution.$": "$$.Execution.Id", "state.$": "$$.State.Name", "attempt.$": "$$.State.RetryCount", "n.$": "$.n"}}});
        self.keep_result(&mut state);
        self.limit(&mut state, true);
        state
    }

    fn activity(&mut self) -> Value {
        let mut state = json!({"Type": "Task", "Resource": ACTIVITY,
            "Parameters": {"execution.$": "$$.Execution.Id", "state.$": "$$.State.Name", "n.$": "$.n"}});
        self.keep_result(&mut state);
        self.limit(&mut state, true);
        state
    }

    /// What follows reads `$.items` and `$.n`, so a result never takes their place.
    fn keep_result(&mut self, state: &mut Value) {
        if let Some(fields) = state.as_object_mut() {
            let path = if percent(self.rng, 50) { json!("$.last") } else { Value::Null };
            fields.insert("ResultPath".to_owned(), path);
        }
    }

    fn limit(&mut self, state: &mut Value, has_heartbeat: bool) {
        let timeout = self.rng.u32(2..120);
        if let Some(fields) = state.as_object_mut() {
            fields.insert("TimeoutSeconds".to_owned(), json!(timeout));
            if has_heartbeat && percent(self.rng, 40) {
                fields.insert("HeartbeatSeconds".to_owned(), json!(self.rng.u32(1..timeout)));
            }
        }
    }

    fn choice(&mut self, later: &[String]) -> Value {
        match (later.first(), pick(self.rng, later)) {
            (Some(next), Some(other)) => json!({"Type": "Choice", "Default": next, "Choices": [
                {"Variable": "$.n", "NumericGreaterThan": self.rng.u32(0..4), "Next": other}]}),
            _ => json!({"Type": "Succeed"}),
        }
    }

    fn handle_failures(&mut self, fields: &mut Map<String, Value>, later: &[String]) {
        if percent(self.rng, 60) {
            let error = *pick(self.rng, &["States.ALL", "States.TaskFailed", "States.Timeout", "Flaked"])
                .unwrap_or(&"States.ALL");
            let mut retry = json!({"ErrorEquals": [error], "IntervalSeconds": self.rng.u32(1..20),
                "MaxAttempts": self.rng.u32(0..4), "BackoffRate": 1.5});
            if let Some(retry) = retry.as_object_mut().filter(|_| percent(self.rng, 30)) {
                retry.insert("JitterStrategy".to_owned(), json!("FULL"));
            }
            fields.insert("Retry".to_owned(), json!([retry]));
        }
        if let Some(next) = pick(self.rng, later).filter(|_| percent(self.rng, 50)) {
            let catch = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": next}]);
            fields.insert("Catch".to_owned(), catch);
        }
    }
}
