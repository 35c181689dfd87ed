//! "The field 'RoleArn' is required but was missing" at Credentials; "The field 'Credentials' is not supported for
//! activities".

use super::jsonata::{self, Sees};
use super::{templates, value_types};
use crate::checker::Checker;
use crate::definition::ValueTemplate;
use crate::tree::Object;
use model::resource::TaskResource;

/// Credentials of a Task: `Some(None)` where there are none.
pub(crate) fn credentials(
    task: &Object<'_>,
    resource: Option<&TaskResource>,
    cx: &mut Checker,
) -> Option<Option<ValueTemplate>> {
    let Some(field) = task.field("Credentials") else { return Some(None) };
    if matches!(resource, Some(TaskResource::Activity { .. })) {
        cx.schema(&field, "The field 'Credentials' is not supported for activities");
        return None;
    }
    if let Some(expression) = jsonata::expression(&field, cx) {
        return expression.and_then(|_| templates::value(&field, Sees::Input, cx)).map(Some);
    }
    let object = value_types::object(&field, cx)?;
    // AWS: recorded test_invalid_credentials_field: an unknown member is not complained of.
    if !object.has("RoleArn") && (task.is_jsonata() || !object.has("RoleArn.$")) {
        cx.schema(&field, "The field 'RoleArn' is required but was missing");
        return None;
    }
    templates::value(&field, Sees::Input, cx).map(Some)
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state, task_with};

    #[test]
    fn credentials_name_a_role() {
        // AWS: recorded test_invalid_credentials_field.
        for credentials in ["{}", r#"{"InvalidField":"x"}"#] {
            let expected = "SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/A/Credentials";
            assert_eq!(problems_of_state(&task_with(&format!(r#""Credentials":{credentials}"#))), [expected]);
            let jsonata = format!(
                r#"{{"StartAt":"A","QueryLanguage":"JSONata","States":{{"A":{{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{{% $state.input %}}","Credentials":{credentials},"End":true}}}}}}"#
            );
            assert_eq!(problems(&jsonata), [expected]);
        }
        assert_eq!(problems_of_state(&task_with(r#""Credentials":{"RoleArn.$":"$.role"}"#)), [""; 0]);
        assert_eq!(
            problems_of_state(&task_with(r#""Credentials":{"RoleArn":"arn:aws:iam::000000000000:role/r"}"#)),
            [""; 0]
        );
    }

    #[test]
    fn activities_take_no_credentials() {
        assert_eq!(
            problems_of_state(
                r#"{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","Credentials":{"RoleArn":"r"},"End":true}"#
            ),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'Credentials' is not supported for activities at /States/A/Credentials"
            ]
        );
    }
}
