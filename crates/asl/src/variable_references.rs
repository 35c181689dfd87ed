//! Which state reads which variables: `variableReferences` of DescribeStateMachine.

use crate::definition::{
    Block, Catcher, ChoiceRule, Comparison, Condition, Definition, FailText, IntegerField, Operand,
    PathField, PercentageField, State, StateKind, WaitTime,
};
use expr::{QueryPath, Root, Template};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Definition {
    /// The states that read variables, in the order of the text with inner states behind their outer one, each with the
    /// names it reads, sorted.
    pub fn variable_references(&self) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let mut references = Vec::new();
        of_block(&self.block, &mut references);
        references
    }
}

fn of_block(block: &Block, references: &mut Vec<(Arc<str>, Vec<Arc<str>>)>) {
    for state in block.states.values() {
        let mut reader = Reader::default();
        reader.state(state);
        if !reader.names.is_empty() {
            references.push((state.name.clone(), reader.names.into_iter().collect()));
        }
        match &state.kind {
            StateKind::Parallel(parallel) => {
                parallel.branches.iter().for_each(|branch| of_block(branch, references));
            }
            StateKind::Map(map) => of_block(&map.processor, references),
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => {}
        }
    }
}

/// Collects the names that one state reads.
#[derive(Default)]
struct Reader {
    names: BTreeSet<Arc<str>>,
}

impl Reader {
    fn state(&mut self, state: &State) {
        self.path_field(&state.input_path);
        self.path_field(&state.output_path);
        self.template(state.assign.as_ref());
        state.catchers().iter().for_each(|catcher| self.catcher(catcher));
        match &state.kind {
            StateKind::Pass(pass) => self.template(pass.parameters.as_ref()),
            StateKind::Task(task) => {
                self.template(task.parameters.as_ref());
                self.template(task.credentials.as_ref());
                self.template(task.result_selector.as_ref());
                self.integer(task.timeout_seconds.as_ref());
                self.integer(task.heartbeat_seconds.as_ref());
            }
            StateKind::Choice(choice) => choice.rules.iter().for_each(|rule| self.rule(rule)),
            StateKind::Wait(wait) => match &wait.time {
                WaitTime::SecondsPath(path) | WaitTime::TimestampPath(path) => self.path(path),
                WaitTime::Seconds(_) | WaitTime::Timestamp(_) => {}
            },
            StateKind::Succeed => {}
            StateKind::Fail(fail) => {
                self.fail_text(fail.error.as_ref());
                self.fail_text(fail.cause.as_ref());
            }
            StateKind::Parallel(parallel) => {
                self.template(parallel.parameters.as_ref());
                self.template(parallel.result_selector.as_ref());
            }
            StateKind::Map(map) => {
                map.items_path.iter().for_each(|path| self.path(path));
                self.template(map.item_selector.as_ref());
                self.template(map.result_selector.as_ref());
                self.integer(map.max_concurrency.as_ref());
                self.integer(map.tolerated_failure_count.as_ref());
                if let Some(PercentageField::Path(path)) = &map.tolerated_failure_percentage {
                    self.path(path);
                }
            }
        }
    }

    fn rule(&mut self, rule: &ChoiceRule) {
        self.condition(&rule.condition);
        self.template(rule.assign.as_ref());
    }

    fn catcher(&mut self, catcher: &Catcher) {
        self.template(catcher.assign.as_ref());
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| self.condition(one)),
            Condition::Not(one) => self.condition(one),
            Condition::Test { variable, comparison } => {
                self.path(variable);
                match comparison {
                    Comparison::String(_, Operand::Path(path))
                    | Comparison::Numeric(_, Operand::Path(path))
                    | Comparison::Boolean(Operand::Path(path))
                    | Comparison::Timestamp(_, Operand::Path(path)) => self.path(path),
                    Comparison::String(_, Operand::Literal(_))
                    | Comparison::Numeric(_, Operand::Literal(_))
                    | Comparison::Boolean(Operand::Literal(_))
                    | Comparison::Timestamp(_, Operand::Literal(_))
                    | Comparison::StringMatches(_)
                    | Comparison::IsNull(_)
                    | Comparison::IsPresent(_)
                    | Comparison::IsNumeric(_)
                    | Comparison::IsString(_)
                    | Comparison::IsBoolean(_)
                    | Comparison::IsTimestamp(_) => {}
                }
            }
        }
    }

    fn integer(&mut self, field: Option<&IntegerField>) {
        match field {
            Some(IntegerField::Path(path)) => self.path(path),
            Some(IntegerField::Literal(_)) | None => {}
        }
    }

    fn fail_text(&mut self, text: Option<&FailText>) {
        match text {
            Some(FailText::Path(source)) => {
                source.expression().paths().into_iter().for_each(|path| self.path(path));
            }
            Some(FailText::Literal(_)) | None => {}
        }
    }

    fn path_field(&mut self, field: &PathField) {
        match field {
            PathField::Path(path) => self.path(path),
            PathField::Whole | PathField::Nothing => {}
        }
    }

    fn template(&mut self, template: Option<&Template>) {
        self.names.extend(template.map(Template::variables_read).unwrap_or_default());
    }

    fn path(&mut self, path: &QueryPath) {
        match path.root() {
            Root::Variable(name) => {
                self.names.insert(name.clone());
            }
            Root::Input | Root::Context => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compile;
    use model::StateMachineType;

    fn references(states: &str) -> Vec<(String, Vec<String>)> {
        let text = format!(r#"{{"StartAt":"A","States":{{{states},"End":{{"Type":"Succeed"}}}}}}"#);
        let compiled = compile(&text, StateMachineType::Standard).expect("a valid definition");
        let found = compiled.definition.variable_references();
        found
            .into_iter()
            .map(|(state, names)| (state.to_string(), names.iter().map(ToString::to_string).collect()))
            .collect()
    }

    fn one(state: &str, names: &[&str]) -> (String, Vec<String>) {
        (state.to_owned(), names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_path_of_a_state_is_asked() {
        let task = r#""A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","InputPath":"$a","OutputPath":"$b",
            "Parameters":{"FunctionName":"f","Payload":{"deep.$":"States.Format('{}{}', $d, $c)"}},
            "ResultSelector":{"x.$":"$e.y"},"Credentials":{"RoleArn.$":"$f"},"TimeoutSecondsPath":"$g",
            "HeartbeatSecondsPath":"$h","Assign":{"i.$":"$j","k":"$l"},
            "Catch":[{"ErrorEquals":["E"],"Next":"End","Assign":{"m.$":"$n"}}],"Next":"B"},"B":{"Type":"Pass","Next":"End"}"#;
        assert_eq!(references(task), [one("A", &["a", "b", "c", "d", "e", "f", "g", "h", "j", "n"])]);
        let choice = r#""A":{"Type":"Choice","Choices":[{"And":[{"Variable":"$b","IsNull":true},
            {"Not":{"Variable":"$.x","NumericEqualsPath":"$a.x[0]"}}],"Next":"End","Assign":{"x.$":"$c"}}]}"#;
        assert_eq!(references(choice), [one("A", &["a", "b", "c"])]);
    }

    #[test]
    fn inner_states_stand_behind_their_outer_state() {
        let states = r#""A":{"Type":"Map","ItemsPath":"$items","ItemProcessor":{"StartAt":"B","States":{
            "B":{"Type":"Wait","SecondsPath":"$s","End":true}}},"Next":"P"},
            "P":{"Type":"Parallel","Branches":[{"StartAt":"C","States":{"C":{"Type":"Fail","ErrorPath":"$e","CausePath":"$e"}}}],"Next":"End"}"#;
        assert_eq!(references(states), [one("A", &["items"]), one("B", &["s"]), one("C", &["e"])]);
    }
}
