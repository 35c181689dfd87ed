//! "Express state machine does not support ...": an Express machine, and an Express child of a distributed Map, has no
//! `.sync`, no `.waitForTaskToken`, no activities and no distributed Map.

use crate::checker::Checker;
use crate::tree::{Field, Object};
use model::StateMachineType;
use model::resource::{Pattern, TaskResource};

/// What an Express machine may call.
pub(crate) fn check_resource(field: &Field<'_>, resource: &TaskResource, cx: &mut Checker) {
    if field.dialect.machine_type != StateMachineType::Express {
        return;
    }
    if matches!(resource, TaskResource::Activity { .. }) {
        cx.schema(field, "Express state machine does not support Activity ARN");
        return;
    }
    match resource.pattern() {
        Pattern::RequestResponse => {}
        // AWS: recorded for `.sync`, unconfirmed that `.sync:2` reads the same.
        Pattern::Sync | Pattern::Sync2 => {
            cx.schema(field, "Express state machine does not support '.sync' service integration");
        }
        // AWS: recorded ILLEGAL_WFTT: the message ends with a blank.
        Pattern::WaitForTaskToken => {
            cx.schema(
                field,
                "Express state machine does not support '.waitForTaskToken' service integration ",
            );
        }
    }
}

/// An Express machine has no distributed Map.
pub(crate) fn check_distributed(config: &Object<'_>, cx: &mut Checker) {
    if config.dialect.machine_type == StateMachineType::Express {
        let message =
            "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines";
        cx.schema(config, message);
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{express_problems_of_state, problems_of_state};

    const CALLBACK: &str = r#"{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"QueueUrl":"q","MessageBody.$":"$"},"End":true}"#;

    #[test]
    fn express_machines_do_not_wait_for_others() {
        // AWS: recorded test_illegal_callbacks and ILLEGAL_WFTT, trailing blank included.
        assert_eq!(
            express_problems_of_state(CALLBACK),
            [
                "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/A/Resource"
            ]
        );
        let sync = r#"{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"a"},"End":true}"#;
        assert_eq!(
            express_problems_of_state(sync),
            [
                "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration at /States/A/Resource"
            ]
        );
        let activity =
            r#"{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","End":true}"#;
        assert_eq!(
            express_problems_of_state(activity),
            [
                "SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/A/Resource"
            ]
        );
        for state in [CALLBACK, sync, activity] {
            assert_eq!(problems_of_state(state), [""; 0]);
        }
    }

    #[test]
    fn express_machines_have_no_distributed_map_and_express_children_no_callbacks() {
        let map = |execution_type: &str, inner: &str| {
            format!(
                r#"{{"Type":"Map","End":true,"ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"{execution_type}"}},"StartAt":"B","States":{{"B":{inner}}}}}}}"#
            )
        };
        let pass = r#"{"Type":"Pass","End":true}"#;
        assert_eq!(
            express_problems_of_state(&map("EXPRESS", pass)),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/A/ItemProcessor/ProcessorConfig"
            ]
        );
        assert_eq!(problems_of_state(&map("STANDARD", CALLBACK)), [""; 0]);
        assert_eq!(problems_of_state(&map("EXPRESS", CALLBACK)).len(), 1);
    }
}
