//! Which operation of which service describes the result of a Task.

use aws::model::Member;
use model::sdk_names::capitalised;
use model::{Pattern, TaskResource};
use tasks::{Operation, polled_operation, requested_operation};

/// Where the result of a Task is described.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Description<'r> {
    /// The service, as its models name it.
    pub(super) service: &'r str,
    /// The operation, with a small first letter.
    pub(super) action: String,
    /// How members are called.
    pub(super) naming: Naming,
    /// Members of the result that are not as the operation gives them.
    pub(super) unchecked: &'static [&'static str],
}

/// How the members of a result are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// As in SDK integrations.
    Sdk,
    /// As in optimised integrations.
    Optimised,
}

impl Naming {
    pub(super) fn of(self, member: &Member) -> String {
        match self {
            Naming::Sdk => member.sdk_name.to_string(),
            Naming::Optimised => capitalised(&member.name),
        }
    }
}

/// The operation whose output the result of a Task is; none where no model describes it.
pub(super) fn described_by(resource: &TaskResource) -> Option<Description<'_>> {
    let TaskResource::Service { service, action, pattern, .. } = resource else { return None };
    if let Some(service) = service.strip_prefix("aws-sdk:") {
        return (*pattern == Pattern::RequestResponse).then(|| Description {
            service,
            action: action.to_string(),
            naming: Naming::Sdk,
            unchecked: &[],
        });
    }
    let Operation { model, action } = match pattern {
        // AWS: documented, what HTTP Tasks and API Gateway answer is not checked.
        Pattern::RequestResponse => requested_operation(service, action)?,
        // AWS: documented that the mock of a `.sync` task is held against it, recorded for startExecution.
        Pattern::Sync | Pattern::Sync2 => polled_operation(service, action)?,
        // Whoever holds the token answers with what they like.
        Pattern::WaitForTaskToken => return None,
    };
    let unchecked: &[&str] = match (model, action, pattern) {
        ("lambda", "invoke", _) => &["Payload"],
        ("bedrockruntime", "invokeModel", _) => &["Body"],
        // There they are JSON.
        ("sfn", "describeExecution", Pattern::Sync2) => &["Input", "Output"],
        _ => &[],
    };
    Some(Description { service: model, action: action.to_owned(), naming: Naming::Optimised, unchecked })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::integration::SERVICES;

    #[test]
    fn the_models_have_what_every_optimised_integration_is_held_against() {
        for service in SERVICES {
            for action in service.actions {
                let mut suffixes = vec![""];
                suffixes.extend(action.sync.then_some(".sync"));
                for suffix in suffixes {
                    let arn = format!("arn:aws:states:::{}:{}{suffix}", service.name, action.name);
                    let resource = TaskResource::parse(&arn).unwrap();
                    let Some(description) = described_by(&resource) else {
                        assert!(
                            matches!(
                                (service.name, action.name),
                                ("http" | "apigateway", _) | ("eks", "call" | "runJob")
                            ),
                            "{arn}"
                        );
                        continue;
                    };
                    let model = aws::model::service(description.service);
                    let model = model.unwrap_or_else(|| panic!("{arn}: there is a model"));
                    assert!(model.action(&description.action).is_some(), "{arn}: {description:?}");
                }
            }
        }
    }
}
