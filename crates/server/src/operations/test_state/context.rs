//! The context object that a request gives.

use crate::error::ApiError;
use asl::{State, StateKind};
use json::{Kind, Object, Value};
use model::Pattern;

/// The members of a part, with what they may hold; `None`: anything.
type Members = [(&'static str, Option<Kind>)];

/// The parts that a context object may have.
const PARTS: [(&str, &Members); 4] = [
    (
        "Execution",
        &[
            ("Id", Some(Kind::String)),
            ("Input", None),
            ("Name", Some(Kind::String)),
            ("RoleArn", Some(Kind::String)),
            ("StartTime", Some(Kind::String)),
            ("RedriveCount", Some(Kind::Number)),
            ("RedriveTime", Some(Kind::String)),
        ],
    ),
    (
        "State",
        &[
            ("EnteredTime", Some(Kind::String)),
            ("Name", Some(Kind::String)),
            ("RetryCount", Some(Kind::Number)),
        ],
    ),
    ("StateMachine", &[("Id", Some(Kind::String)), ("Name", Some(Kind::String))]),
    ("Task", &[("Token", Some(Kind::String))]),
];

/// Reads the context object for a state.
pub(super) fn read(text: &str, state: &State) -> Result<Object, ApiError> {
    // AWS: unconfirmed words.
    let Ok(Value::Object(context)) = json::parse(text) else {
        return Err(invalid("Context object must be a valid JSON object"));
    };
    for (name, value) in context.iter() {
        if &**name == "Map" {
            return Err(invalid("'Map' field is not supported when mocking a Context object"));
        }
        let Some((_, members)) = PARTS.iter().find(|(known, _)| *known == &**name) else {
            return Err(not_allowed(name));
        };
        if &**name == "Task" && !has_token(state) {
            return Err(invalid(
                "Context object contains 'Task' when state is not a Task state with a '.sync' or \
                 '.waitForTaskToken' service integration pattern",
            ));
        }
        let Value::Object(object) = value else {
            return Err(invalid(&format!("{name} must be {}", with_article(Kind::Object))));
        };
        check_members(name, object, members)?;
    }
    Ok((*context).clone())
}

fn check_members(name: &str, object: &Object, members: &[(&str, Option<Kind>)]) -> Result<(), ApiError> {
    for (member, value) in object.iter() {
        let Some((_, kind)) = members.iter().find(|(known, _)| *known == &**member) else {
            return Err(not_allowed(member));
        };
        if let Some(kind) = kind
            && value.kind() != *kind
        {
            return Err(invalid(&format!("{name}.{member} must be {}", with_article(*kind))));
        }
    }
    Ok(())
}

fn has_token(state: &State) -> bool {
    match &state.kind {
        StateKind::Task(task) => task.resource.pattern() != Pattern::RequestResponse,
        StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_)
        | StateKind::Parallel(_)
        | StateKind::Map(_) => false,
    }
}

/// A kind of value as these messages and those about mocked results call it.
pub(super) fn with_article(kind: Kind) -> String {
    let name = kind.name();
    let article = if matches!(kind, Kind::Object | Kind::Array) { "an" } else { "a" };
    format!("{article} {name}")
}

fn not_allowed(field: &str) -> ApiError {
    invalid(&format!("Field '{field}' is not allowed"))
}

fn invalid(problem: &str) -> ApiError {
    ApiError::validation(format!("Invalid Context object provided: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = r#"{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:1:function:f","End":true}"#;
    const CALLBACK: &str = r#"{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"QueueUrl":"q","MessageBody":"b"},"End":true}"#;

    fn read_for(state: &str, text: &str) -> Result<String, String> {
        let definition = asl::compile_state(state).unwrap();
        let state = definition.find_state(asl::LONE_STATE).unwrap().state;
        read(text, state).map(|context| Value::from(context).to_text()).map_err(|error| error.to_string())
    }

    #[test]
    fn members_of_the_context_object_are_taken_as_they_are() {
        for text in
            ["{}", r#"{"Execution":{},"State":{},"StateMachine":{}}"#, r#"{"Execution":{"Input":[1]}}"#]
        {
            assert_eq!(read_for(FUNCTION, text).as_deref(), Ok(text));
        }
        assert!(read_for(CALLBACK, r#"{"Task":{"Token":"t"}}"#).is_ok());
    }

    #[test]
    fn recorded_refusals_are_worded_as_aws_words_them() {
        for (text, problem) in [
            (r#"{"Map":{}}"#, "'Map' field is not supported when mocking a Context object"),
            (r#"{"Pokedex":{}}"#, "Field 'Pokedex' is not allowed"),
            (r#"{"Execution":{"pokemon":"squirtle"}}"#, "Field 'pokemon' is not allowed"),
            (r#"{"Execution":{"Id":1}}"#, "Execution.Id must be a string"),
            (
                r#"{"Task":{"Token":"t"}}"#,
                "Context object contains 'Task' when state is not a Task state with a '.sync' or \
                 '.waitForTaskToken' service integration pattern",
            ),
        ] {
            assert_eq!(
                read_for(FUNCTION, text),
                Err(format!("Invalid Context object provided: {problem}")),
                "{text}"
            );
        }
        for text in ["[]", "x", r#"{"Execution":1}"#, r#"{"State":{"RetryCount":"1"}}"#] {
            assert!(read_for(FUNCTION, text).is_err(), "{text}");
        }
    }
}
