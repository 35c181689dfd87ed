//! The file of mocked integrations, in the format of Step Functions Local: which test case of which state machine answers
//! which state with what.

use json::{Object, Payload, Value};
use model::Failure;
use std::collections::HashMap;
use std::sync::Arc;

/// What a mocked integration answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mocked {
    /// `Return`: the result, before ResultSelector.
    Return(Payload),
    /// `Throw`: an error with its cause.
    Throw(Failure),
}

/// A file that was read and found well-formed.
#[derive(Debug)]
pub(crate) struct MockConfig {
    /// By the state machine's name, the test case and the state.
    machines: HashMap<Arc<str>, HashMap<Arc<str>, TestCase>>,
}

/// What answers, by state.
pub(crate) type TestCase = HashMap<Arc<str>, Arc<MockedResponse>>;

/// A member of `MockedResponses`: what each invocation of a state is answered.
#[derive(Debug)]
pub(crate) struct MockedResponse {
    /// In order, without gaps, from 0.
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    first: u64,
    last: u64,
    mocked: Mocked,
}

impl MockConfig {
    /// Reads a file's text; the error says what is wrong and where.
    pub(crate) fn parse(text: &str) -> Result<MockConfig, String> {
        let file = json::parse(text).map_err(|error| format!("it is not JSON: {}", error.message()))?;
        let mut responses = HashMap::new();
        for (name, response) in members(&file, "MockedResponses", "the file")?.iter() {
            let place = format!("MockedResponses.{name}");
            responses.insert(name.clone(), Arc::new(MockedResponse::read(response, &place)?));
        }
        let mut machines = HashMap::new();
        for (name, machine) in members(&file, "StateMachines", "the file")?.iter() {
            let place = format!("StateMachines.{name}");
            let mut cases = HashMap::new();
            for (case, states) in members(machine, "TestCases", &place)?.iter() {
                let place = format!("{place}.TestCases.{case}");
                cases.insert(case.clone(), test_case(states, &responses, &place)?);
            }
            machines.insert(name.clone(), cases);
        }
        Ok(MockConfig { machines })
    }

    /// The test case of a state machine.
    pub(crate) fn test_case(&self, machine: &str, test_case: &str) -> Option<&TestCase> {
        self.machines.get(machine)?.get(test_case)
    }
}

impl MockedResponse {
    /// What the invocation of that number is answered, counted from 0; `None` behind the last one.
    pub(crate) fn answer(&self, invocation: u64) -> Option<&Mocked> {
        let answers = self.answers.iter();
        let found = answers.into_iter().find(|one| (one.first..=one.last).contains(&invocation));
        found.map(|answer| &answer.mocked)
    }

    fn read(response: &Value, place: &str) -> Result<MockedResponse, String> {
        let mut answers = Vec::new();
        for (key, answer) in object(response, place)?.iter() {
            let (first, last) = invocations(key).ok_or_else(|| {
                format!(
                    "{place}: '{key}' is no number of an invocation and no range of them, as 0 and 1-2 are"
                )
            })?;
            answers.push(Answer { first, last, mocked: mocked(answer, &format!("{place}.{key}"))? });
        }
        answers.sort_by_key(|answer| answer.first);
        let mut next = Some(0);
        for answer in &answers {
            if next != Some(answer.first) {
                return Err(format!("{place}: the invocations must follow one another from 0 on, each once"));
            }
            next = answer.last.checked_add(1);
        }
        if answers.is_empty() {
            return Err(format!("{place} answers no invocation"));
        }
        Ok(MockedResponse { answers })
    }
}

fn test_case(
    states: &Value,
    responses: &HashMap<Arc<str>, Arc<MockedResponse>>,
    place: &str,
) -> Result<TestCase, String> {
    let mut answered = HashMap::new();
    for (state, response) in object(states, place)?.iter() {
        let name = response.as_str().ok_or_else(|| format!("{place}.{state} must be a text"))?;
        let response =
            responses.get(name).ok_or_else(|| format!("{place}.{state}: MockedResponses has no '{name}'"))?;
        answered.insert(state.clone(), response.clone());
    }
    Ok(answered)
}

fn mocked(answer: &Value, place: &str) -> Result<Mocked, String> {
    let answer = object(answer, place)?;
    match (answer.get("Return"), answer.get("Throw"), answer.len()) {
        (Some(result), None, 1) => Ok(Mocked::Return(Payload::from(result.clone()))),
        (None, Some(thrown), 1) => {
            let text = |member: &str| {
                let found = thrown.get(member).and_then(Value::as_str);
                found.ok_or_else(|| format!("{place}.Throw.{member} must be a text"))
            };
            Ok(Mocked::Throw(Failure::new(text("Error")?, text("Cause")?)))
        }
        _ => Err(format!("{place} must have either Return or Throw and nothing else")),
    }
}

/// `3` or `1-2`, both ends included.
fn invocations(key: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().ok()).flatten()
    };
    let (first, last) = key.split_once('-').unwrap_or((key, key));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

fn members<'v>(value: &'v Value, member: &str, place: &str) -> Result<&'v Object, String> {
    let found = value.get(member).and_then(Value::as_object);
    found.ok_or_else(|| format!("{place} must have an object '{member}'"))
}

fn object<'v>(value: &'v Value, place: &str) -> Result<&'v Object, String> {
    value.as_object().ok_or_else(|| format!("{place} must be an object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_response(response: &str) -> Result<MockConfig, String> {
        MockConfig::parse(&format!(
            r#"{{"StateMachines": {{"M": {{"TestCases": {{"Case": {{"S": "R"}}}}}}}}, "MockedResponses": {{"R": {response}}}}}"#
        ))
    }

    fn problem(response: &str) -> String {
        with_response(response).unwrap_err()
    }

    #[test]
    fn each_invocation_has_the_answer_of_its_range_and_none_behind_the_last() {
        let config = with_response(
            r#"{"3": {"Return": {"a": 1}}, "0": {"Throw": {"Error": "E0", "Cause": "C0"}},
                "1-2": {"Throw": {"Error": "E1", "Cause": "C1"}}}"#,
        )
        .unwrap();
        let response = config.test_case("M", "Case").unwrap().get("S").unwrap();
        let thrown = |error, cause| Some(Mocked::Throw(Failure::new(error, cause)));
        assert_eq!(response.answer(0).cloned(), thrown("E0", "C0"));
        assert_eq!(response.answer(1).cloned(), thrown("E1", "C1"));
        assert_eq!(response.answer(2).cloned(), thrown("E1", "C1"));
        let Some(Mocked::Return(result)) = response.answer(3) else { panic!("no result") };
        assert_eq!(&**result.text(), r#"{"a":1}"#);
        assert_eq!(response.answer(4), None);
    }

    #[test]
    fn machines_cases_and_states_that_are_not_there_are_not_found() {
        let config = with_response(r#"{"0": {"Return": null}}"#).unwrap();
        assert!(config.test_case("m", "Case").is_none());
        assert!(config.test_case("M", "case").is_none());
        assert!(!config.test_case("M", "Case").unwrap().contains_key("s"));
    }

    #[test]
    fn ranges_must_be_numbers_in_order_without_gaps_or_overlaps() {
        let answer = r#"{"Return": 1}"#;
        for keys in
            [&["1"][..], &["0", "2"], &["0-1", "1-2"], &["0", "0-1"], &["0-18446744073709551615", "1"]]
        {
            let members: Vec<String> = keys.iter().map(|key| format!(r#""{key}": {answer}"#)).collect();
            let problem = problem(&format!("{{{}}}", members.join(",")));
            assert_eq!(
                problem,
                "MockedResponses.R: the invocations must follow one another from 0 on, each once"
            );
        }
        for key in ["", "-", "a", "+0", "-1", "0-", "1-0", "0-1-2", "0 - 1", "18446744073709551616"] {
            let problem = problem(&format!(r#"{{"{key}": {answer}}}"#));
            assert!(problem.starts_with(&format!("MockedResponses.R: '{key}' is no number")), "{problem}");
        }
        assert_eq!(problem("{}"), "MockedResponses.R answers no invocation");
    }

    #[test]
    fn an_answer_is_either_a_result_or_an_error_with_a_cause() {
        for answer in
            ["{}", r#"{"Return": 1, "Throw": {}}"#, r#"{"Return": 1, "More": 2}"#, r#"{"return": 1}"#]
        {
            let problem = problem(&format!(r#"{{"0": {answer}}}"#));
            assert_eq!(problem, "MockedResponses.R.0 must have either Return or Throw and nothing else");
        }
        assert_eq!(problem(r#"{"0": 1}"#), "MockedResponses.R.0 must be an object");
        let thrown = |members| problem(&format!(r#"{{"0": {{"Throw": {members}}}}}"#));
        assert_eq!(thrown(r#"{"Error": "E"}"#), "MockedResponses.R.0.Throw.Cause must be a text");
        assert_eq!(thrown(r#"{"Cause": "C", "Error": 1}"#), "MockedResponses.R.0.Throw.Error must be a text");
        assert_eq!(thrown("[]"), "MockedResponses.R.0.Throw.Error must be a text");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_place() {
        let problem = |text: &str| MockConfig::parse(text).unwrap_err();
        assert!(problem("{").starts_with("it is not JSON: "));
        for text in ["[]", "null", "{}", r#"{"StateMachines": {}}"#, r#"{"MockedResponses": []}"#] {
            assert_eq!(problem(text), "the file must have an object 'MockedResponses'");
        }
        assert_eq!(problem(r#"{"MockedResponses": {}}"#), "the file must have an object 'StateMachines'");
        let machine = |machine: &str| {
            problem(&format!(r#"{{"MockedResponses": {{}}, "StateMachines": {{"M": {machine}}}}}"#))
        };
        assert_eq!(machine("{}"), "StateMachines.M must have an object 'TestCases'");
        assert_eq!(machine(r#"{"TestCases": {"C": 1}}"#), "StateMachines.M.TestCases.C must be an object");
        assert_eq!(
            machine(r#"{"TestCases": {"C": {"S": 1}}}"#),
            "StateMachines.M.TestCases.C.S must be a text"
        );
        assert_eq!(
            machine(r#"{"TestCases": {"C": {"S": "R"}}}"#),
            "StateMachines.M.TestCases.C.S: MockedResponses has no 'R'"
        );
    }
}
