//! Which state reads which variables: `variableReferences` of DescribeStateMachine.

use crate::definition::{
    Block, Catcher, ChoiceRule, Comparison, Condition, Definition, FailText, IntegerField, MapItems, Operand,
    PathField, PercentageField, State, StateKind, ValueTemplate, WaitTime,
};
use crate::distributed::Distributed;
use expr::{Query, QueryPath, QueryTemplate, Root, Template};
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
        let names = read_by(state);
        if !names.is_empty() {
            references.push((state.name.clone(), names.into_iter().collect()));
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

/// The names that one state reads, but for the states inside it.
pub(crate) fn read_by(state: &State) -> BTreeSet<Arc<str>> {
    let mut reader = Reader::default();
    reader.state(state);
    reader.names
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
        self.value(state.assign.as_ref());
        self.output(state.output.as_ref());
        state.catchers().iter().for_each(|catcher| self.catcher(catcher));
        match &state.kind {
            StateKind::Pass(pass) => self.template(pass.parameters.as_ref()),
            StateKind::Task(task) => {
                self.value(task.parameters.as_ref());
                self.value(task.credentials.as_ref());
                self.template(task.result_selector.as_ref());
                self.integer(task.timeout_seconds.as_ref());
                self.integer(task.heartbeat_seconds.as_ref());
            }
            StateKind::Choice(choice) => choice.rules.iter().for_each(|rule| self.rule(rule)),
            StateKind::Wait(wait) => match &wait.time {
                WaitTime::SecondsPath(path) | WaitTime::TimestampPath(path) => self.path(path),
                WaitTime::SecondsQuery(query) | WaitTime::TimestampQuery(query) => self.query(query),
                WaitTime::Seconds(_) | WaitTime::Timestamp(_) => {}
            },
            StateKind::Succeed => {}
            StateKind::Fail(fail) => {
                self.fail_text(fail.error.as_ref());
                self.fail_text(fail.cause.as_ref());
            }
            StateKind::Parallel(parallel) => {
                self.value(parallel.parameters.as_ref());
                self.template(parallel.result_selector.as_ref());
            }
            StateKind::Map(map) => {
                match &map.items {
                    MapItems::Path(path) => path.iter().for_each(|path| self.path(path)),
                    MapItems::Query(items) => self.output(items.as_ref()),
                }
                self.value(map.item_selector.as_ref());
                self.template(map.result_selector.as_ref());
                self.integer(map.max_concurrency.as_ref());
                self.integer(map.tolerated_failure_count.as_ref());
                match &map.tolerated_failure_percentage {
                    Some(PercentageField::Path(path)) => self.path(path),
                    Some(PercentageField::Query(query)) => self.query(query),
                    Some(PercentageField::Literal(_)) | None => {}
                }
                map.distributed.iter().for_each(|distributed| self.distributed(distributed));
            }
        }
    }

    fn distributed(&mut self, distributed: &Distributed) {
        if let Some(reader) = &distributed.reader {
            self.value(reader.arguments.as_ref());
            self.integer(reader.max_items.as_ref());
        }
        if let Some(batcher) = &distributed.batcher {
            self.integer(batcher.max_items.as_ref());
            self.integer(batcher.max_bytes.as_ref());
            self.value(batcher.batch_input.as_ref());
        }
        if let Some(writer) = &distributed.writer {
            self.value(writer.arguments.as_ref());
        }
    }

    fn rule(&mut self, rule: &ChoiceRule) {
        self.condition(&rule.condition);
        self.value(rule.assign.as_ref());
        self.output(rule.output.as_ref());
    }

    fn catcher(&mut self, catcher: &Catcher) {
        self.value(catcher.assign.as_ref());
        self.output(catcher.output.as_ref());
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| self.condition(one)),
            Condition::Not(one) => self.condition(one),
            Condition::Literal(_) => {}
            Condition::Query(query) => self.query(query),
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
            Some(IntegerField::Query(query)) => self.query(query),
            Some(IntegerField::Literal(_)) | None => {}
        }
    }

    fn fail_text(&mut self, text: Option<&FailText>) {
        match text {
            Some(FailText::Path(source)) => {
                source.expression().paths().into_iter().for_each(|path| self.path(path));
            }
            Some(FailText::Query(query)) => self.query(query),
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

    fn value(&mut self, template: Option<&ValueTemplate>) {
        self.names.extend(template.map(ValueTemplate::variables_read).unwrap_or_default());
    }

    fn output(&mut self, template: Option<&QueryTemplate>) {
        self.names.extend(template.map(QueryTemplate::variables_read).unwrap_or_default());
    }

    fn query(&mut self, query: &Query) {
        self.names.extend(query.variables_read());
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

    #[test]
    fn expressions_are_asked_too() {
        let states = r#""A":{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke",
            "Arguments":{"FunctionName":"f","Payload":"{% $a.x & $states.input.y %}"},"TimeoutSeconds":"{% $b %}",
            "Output":"{% ($own := $c; $sum($own)) %}","Assign":{"d":"{% $e %}"},
            "Catch":[{"ErrorEquals":["E"],"Next":"End","Output":"{% $f %}"}],"Next":"C"},
            "C":{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{"Condition":"{% $g = 1 %}","Next":"End"}],"Default":"End"}"#;
        assert_eq!(references(states), [one("A", &["a", "b", "c", "e", "f"]), one("C", &["g"])]);
    }
}
