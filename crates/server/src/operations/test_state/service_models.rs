//! Which operation of which service describes the result of a Task.

use aws::model::Member;
use model::sdk_names::capitalised;
use model::{Pattern, TaskResource};

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
    let (model, action) = match pattern {
        Pattern::RequestResponse => request(service, action)?,
        Pattern::Sync | Pattern::Sync2 => polling(service, action)?,
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

/// The service by the name of its model.
fn model_name(service: &str) -> &str {
    match service {
        "events" => "eventbridge",
        "states" => "sfn",
        "elasticmapreduce" => "emr",
        "emr-containers" => "emrcontainers",
        "emr-serverless" => "emrserverless",
        other => other,
    }
}

/// What an optimised integration calls.
fn request<'r>(service: &'r str, action: &'r str) -> Option<(&'r str, &'r str)> {
    Some(match (service, action) {
        // AWS: documented, what these answer is not checked.
        ("http" | "apigateway", _) | ("eks", "call" | "runJob") => return None,
        ("bedrock", "invokeModel") => ("bedrockruntime", "invokeModel"),
        ("elasticmapreduce", "createCluster") => ("emr", "runJobFlow"),
        ("elasticmapreduce", "terminateCluster") => ("emr", "terminateJobFlows"),
        ("elasticmapreduce", "addStep") => ("emr", "addJobFlowSteps"),
        ("elasticmapreduce", "cancelStep") => ("emr", "cancelSteps"),
        ("elasticmapreduce", "setClusterTerminationProtection") => ("emr", "setTerminationProtection"),
        ("elasticmapreduce", "modifyInstanceFleetByName") => ("emr", "modifyInstanceFleet"),
        ("elasticmapreduce", "modifyInstanceGroupByName") => ("emr", "modifyInstanceGroups"),
        _ => (model_name(service), action),
    })
}

/// What tells how a job stands.
// AWS: documented that the mock of a `.sync` task is held against it, recorded for startExecution.
fn polling(service: &str, action: &str) -> Option<(&'static str, &'static str)> {
    Some(match (service, action) {
        ("states", "startExecution") => ("sfn", "describeExecution"),
        ("athena", "startQueryExecution") => ("athena", "getQueryExecution"),
        ("batch", "submitJob") => ("batch", "describeJobs"),
        ("bedrock", "createModelCustomizationJob") => ("bedrock", "getModelCustomizationJob"),
        ("codebuild", "startBuild") => ("codebuild", "batchGetBuilds"),
        ("codebuild", "startBuildBatch" | "retryBuildBatch") => ("codebuild", "batchGetBuildBatches"),
        ("databrew", "startJobRun") => ("databrew", "listJobRuns"),
        ("ecs", "runTask") => ("ecs", "describeTasks"),
        ("eks", "createCluster" | "deleteCluster") => ("eks", "describeCluster"),
        ("eks", "createNodegroup" | "deleteNodegroup") => ("eks", "describeNodegroup"),
        ("eks", "createFargateProfile" | "deleteFargateProfile") => ("eks", "describeFargateProfile"),
        ("elasticmapreduce", "createCluster" | "terminateCluster") => ("emr", "describeCluster"),
        ("elasticmapreduce", "addStep") => ("emr", "describeStep"),
        ("emr-containers", "startJobRun") => ("emrcontainers", "describeJobRun"),
        ("emr-containers", "deleteVirtualCluster") => ("emrcontainers", "describeVirtualCluster"),
        ("emr-serverless", "startJobRun" | "cancelJobRun") => ("emrserverless", "getJobRun"),
        ("emr-serverless", _) => ("emrserverless", "getApplication"),
        ("glue", "startJobRun") => ("glue", "getJobRun"),
        ("mediaconvert", "createJob") => ("mediaconvert", "getJob"),
        ("sagemaker", "createTrainingJob") => ("sagemaker", "describeTrainingJob"),
        ("sagemaker", "createTransformJob") => ("sagemaker", "describeTransformJob"),
        ("sagemaker", "createProcessingJob") => ("sagemaker", "describeProcessingJob"),
        ("sagemaker", "createLabelingJob") => ("sagemaker", "describeLabelingJob"),
        ("sagemaker", "createHyperParameterTuningJob") => ("sagemaker", "describeHyperParameterTuningJob"),
        _ => return None,
    })
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
