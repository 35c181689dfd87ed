//! How each job is asked after, how it ends, what it gives and how it is cancelled.
//!
//! Source: the pages of the developer guide on each service and the IAM policies in them; a status that they do not name is the
//! service's own final one. The members are those of optimised integrations: the model's with a capital.

use Source::{Given, Started, StartedInList, Text};

/// A job that a `.sync` integration starts.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) service: &'static str,
    pub(crate) action: &'static str,
    /// The action that asks after it, and its input.
    pub(super) describe: (&'static str, Members),
    /// Where in the answer the job's description is.
    pub(super) description: &'static str,
    pub(super) ends: Ends,
    pub(super) gives: Gives,
    pub(super) cancel: Option<(&'static str, Members)>,
}

pub(super) type Members = &'static [(&'static str, Source)];

/// Where a member of an input comes from; paths have dots between their steps.
#[derive(Debug)]
pub(super) enum Source {
    Given(&'static str),
    Started(&'static str),
    StartedInList(&'static str),
    Text(&'static str),
}

/// How a job ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ends {
    /// In one of these statuses.
    At { status: &'static str, succeeded: &'static [&'static str], failed: &'static [&'static str] },
    /// By being there no more.
    WhenGone { status: &'static str, failed: &'static [&'static str] },
    /// With its containers, as a task of ECS does.
    WithContainers,
}

/// What a job gives, or fails with as the cause.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gives {
    Description,
    DescriptionIn(&'static str),
    /// Members of what was started.
    Started(&'static [&'static str]),
    /// A member of what was started, and the description in another.
    Both(&'static str, &'static str),
}

impl Job {
    /// The action that asks after it.
    pub(crate) fn asked_after_with(&self) -> &'static str {
        self.describe.0
    }
}

/// The job that an integration starts.
pub(crate) fn find(service: &str, action: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.service == service && job.action == action)
}

const STOPPED: Source = Text("The execution that waited for it has ended");

const fn at(
    status: &'static str,
    succeeded: &'static [&'static str],
    failed: &'static [&'static str],
) -> Ends {
    Ends::At { status, succeeded, failed }
}

const fn build(
    action: &'static str,
    describe: (&'static str, Members),
    description: &'static str,
    status: &'static str,
    gives: &'static str,
    cancel: (&'static str, Members),
) -> Job {
    Job {
        service: "codebuild",
        action,
        describe,
        description,
        ends: at(status, &["SUCCEEDED"], &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"]),
        gives: Gives::DescriptionIn(gives),
        cancel: Some(cancel),
    }
}

const fn training(
    action: &'static str,
    describe: (&'static str, Members),
    status: &'static str,
    cancel: (&'static str, Members),
) -> Job {
    Job {
        service: "sagemaker",
        action,
        describe,
        description: "",
        ends: at(status, &["Completed"], &["Failed", "Stopped"]),
        gives: Gives::Description,
        cancel: Some(cancel),
    }
}

const fn application(
    action: &'static str,
    succeeded: &'static [&'static str],
    failed: &'static [&'static str],
) -> Job {
    Job {
        service: "emr-serverless",
        action,
        describe: ("getApplication", &[("ApplicationId", Started("ApplicationId"))]),
        description: "Application",
        ends: at("State", succeeded, failed),
        gives: Gives::Started(&["ApplicationId"]),
        cancel: None,
    }
}

const fn of_cluster(
    action: &'static str,
    describe: (&'static str, Members),
    description: &'static str,
    ends: Ends,
) -> Job {
    let gives = match ends {
        Ends::WhenGone { .. } => Gives::Description,
        Ends::At { .. } | Ends::WithContainers => Gives::DescriptionIn(description),
    };
    Job { service: "eks", action, describe, description, ends, gives, cancel: None }
}

const NODEGROUP: Members =
    &[("ClusterName", Given("ClusterName")), ("NodegroupName", Given("NodegroupName"))];
const FARGATE_PROFILE: Members =
    &[("ClusterName", Given("ClusterName")), ("FargateProfileName", Given("FargateProfileName"))];
const RUN: Members = &[("Id", Started("Id")), ("VirtualClusterId", Started("VirtualClusterId"))];
const SERVERLESS_RUN: Members =
    &[("ApplicationId", Given("ApplicationId")), ("JobRunId", Started("JobRunId"))];
const BUILD: Members = &[("Id", Started("Build.Id"))];
const BATCH: Members = &[("Id", Started("BuildBatch.Id"))];

/// Every job.
const JOBS: &[Job] = &[
    Job {
        service: "athena",
        action: "startQueryExecution",
        describe: ("getQueryExecution", &[("QueryExecutionId", Started("QueryExecutionId"))]),
        description: "",
        ends: at("QueryExecution.Status.State", &["SUCCEEDED"], &["FAILED", "CANCELLED"]),
        gives: Gives::Description,
        cancel: Some(("stopQueryExecution", &[("QueryExecutionId", Started("QueryExecutionId"))])),
    },
    Job {
        service: "batch",
        action: "submitJob",
        describe: ("describeJobs", &[("Jobs", StartedInList("JobId"))]),
        description: "Jobs.0",
        ends: at("Status", &["SUCCEEDED"], &["FAILED"]),
        gives: Gives::Description,
        cancel: Some(("terminateJob", &[("JobId", Started("JobId")), ("Reason", STOPPED)])),
    },
    Job {
        service: "bedrock",
        action: "createModelCustomizationJob",
        describe: ("getModelCustomizationJob", &[("JobIdentifier", Started("JobArn"))]),
        description: "",
        ends: at("Status", &["Completed"], &["Failed", "Stopped"]),
        gives: Gives::Description,
        cancel: Some(("stopModelCustomizationJob", &[("JobIdentifier", Started("JobArn"))])),
    },
    build(
        "startBuild",
        ("batchGetBuilds", &[("Ids", StartedInList("Build.Id"))]),
        "Builds.0",
        "BuildStatus",
        "Build",
        ("stopBuild", BUILD),
    ),
    build(
        "startBuildBatch",
        ("batchGetBuildBatches", &[("Ids", StartedInList("BuildBatch.Id"))]),
        "BuildBatches.0",
        "BuildBatchStatus",
        "BuildBatch",
        ("stopBuildBatch", BATCH),
    ),
    build(
        "retryBuildBatch",
        ("batchGetBuildBatches", &[("Ids", StartedInList("BuildBatch.Id"))]),
        "BuildBatches.0",
        "BuildBatchStatus",
        "BuildBatch",
        ("stopBuildBatch", BATCH),
    ),
    Job {
        service: "databrew",
        action: "startJobRun",
        describe: ("listJobRuns", &[("Name", Given("Name"))]),
        description: "",
        ends: at("State", &["SUCCEEDED"], &["FAILED", "STOPPED", "TIMEOUT"]),
        gives: Gives::Description,
        cancel: Some(("stopJobRun", &[("Name", Given("Name")), ("RunId", Started("RunId"))])),
    },
    Job {
        service: "ecs",
        action: "runTask",
        describe: (
            "describeTasks",
            &[("Cluster", Given("Cluster")), ("Tasks", StartedInList("Tasks.0.TaskArn"))],
        ),
        description: "Tasks.0",
        ends: Ends::WithContainers,
        gives: Gives::Description,
        cancel: Some((
            "stopTask",
            &[("Cluster", Given("Cluster")), ("Task", Started("Tasks.0.TaskArn")), ("Reason", STOPPED)],
        )),
    },
    of_cluster(
        "createCluster",
        ("describeCluster", &[("Name", Given("Name"))]),
        "Cluster",
        at("Status", &["ACTIVE"], &["FAILED"]),
    ),
    of_cluster(
        "deleteCluster",
        ("describeCluster", &[("Name", Given("Name"))]),
        "Cluster",
        Ends::WhenGone { status: "Status", failed: &["FAILED"] },
    ),
    of_cluster(
        "createNodegroup",
        ("describeNodegroup", NODEGROUP),
        "Nodegroup",
        at("Status", &["ACTIVE"], &["CREATE_FAILED", "DEGRADED"]),
    ),
    of_cluster(
        "deleteNodegroup",
        ("describeNodegroup", NODEGROUP),
        "Nodegroup",
        Ends::WhenGone { status: "Status", failed: &["DELETE_FAILED"] },
    ),
    of_cluster(
        "createFargateProfile",
        ("describeFargateProfile", FARGATE_PROFILE),
        "FargateProfile",
        at("Status", &["ACTIVE"], &["CREATE_FAILED"]),
    ),
    of_cluster(
        "deleteFargateProfile",
        ("describeFargateProfile", FARGATE_PROFILE),
        "FargateProfile",
        Ends::WhenGone { status: "Status", failed: &["DELETE_FAILED"] },
    ),
    Job {
        service: "elasticmapreduce",
        action: "createCluster",
        describe: ("describeCluster", &[("ClusterId", Started("ClusterId"))]),
        description: "Cluster",
        ends: at("Status.State", &["WAITING"], &["TERMINATED", "TERMINATED_WITH_ERRORS"]),
        // AWS: its samples read ClusterId from the result.
        gives: Gives::Both("ClusterId", "Cluster"),
        // AWS: documented: the cluster stays when nobody waits for it any more.
        cancel: None,
    },
    Job {
        service: "elasticmapreduce",
        action: "terminateCluster",
        describe: ("describeCluster", &[("ClusterId", Given("ClusterId"))]),
        description: "Cluster",
        ends: at("Status.State", &["TERMINATED", "TERMINATED_WITH_ERRORS"], &[]),
        gives: Gives::Started(&[]),
        cancel: None,
    },
    Job {
        service: "elasticmapreduce",
        action: "addStep",
        describe: ("describeStep", &[("ClusterId", Given("ClusterId")), ("StepId", Started("StepId"))]),
        description: "Step",
        ends: at("Status.State", &["COMPLETED"], &["FAILED", "CANCELLED", "INTERRUPTED"]),
        gives: Gives::DescriptionIn("Step"),
        cancel: Some((
            "cancelSteps",
            &[("ClusterId", Given("ClusterId")), ("StepIds", StartedInList("StepId"))],
        )),
    },
    Job {
        service: "emr-containers",
        action: "startJobRun",
        describe: ("describeJobRun", RUN),
        description: "JobRun",
        ends: at("State", &["COMPLETED"], &["FAILED", "CANCELLED"]),
        gives: Gives::DescriptionIn("JobRun"),
        cancel: Some(("cancelJobRun", RUN)),
    },
    Job {
        service: "emr-containers",
        action: "deleteVirtualCluster",
        describe: ("describeVirtualCluster", &[("Id", Given("Id"))]),
        description: "VirtualCluster",
        ends: at("State", &["TERMINATED"], &["ARRESTED"]),
        gives: Gives::DescriptionIn("VirtualCluster"),
        cancel: None,
    },
    application("createApplication", &["CREATED", "STARTING", "STARTED"], &["TERMINATED"]),
    application("startApplication", &["STARTED"], &["STOPPED", "TERMINATED"]),
    application("stopApplication", &["STOPPED"], &["TERMINATED"]),
    application("deleteApplication", &["TERMINATED"], &[]),
    Job {
        service: "emr-serverless",
        action: "startJobRun",
        describe: ("getJobRun", SERVERLESS_RUN),
        description: "JobRun",
        ends: at("State", &["SUCCESS"], &["FAILED", "CANCELLED"]),
        gives: Gives::DescriptionIn("JobRun"),
        cancel: Some(("cancelJobRun", SERVERLESS_RUN)),
    },
    Job {
        service: "emr-serverless",
        action: "cancelJobRun",
        describe: ("getJobRun", SERVERLESS_RUN),
        description: "JobRun",
        ends: at("State", &["CANCELLED"], &["SUCCESS", "FAILED"]),
        gives: Gives::DescriptionIn("JobRun"),
        cancel: None,
    },
    Job {
        service: "glue",
        action: "startJobRun",
        describe: ("getJobRun", &[("JobName", Given("JobName")), ("RunId", Started("JobRunId"))]),
        description: "JobRun",
        // AWS: documented: a run that somebody stopped is one that went well.
        ends: at("JobRunState", &["SUCCEEDED", "STOPPED"], &["FAILED", "TIMEOUT", "ERROR", "EXPIRED"]),
        gives: Gives::Description,
        cancel: Some((
            "batchStopJobRun",
            &[("JobName", Given("JobName")), ("JobRunIds", StartedInList("JobRunId"))],
        )),
    },
    Job {
        service: "mediaconvert",
        action: "createJob",
        describe: ("getJob", &[("Id", Started("Job.Id"))]),
        description: "Job",
        ends: at("Status", &["COMPLETE"], &["ERROR", "CANCELED"]),
        gives: Gives::DescriptionIn("Job"),
        cancel: Some(("cancelJob", &[("Id", Started("Job.Id"))])),
    },
    training(
        "createTrainingJob",
        ("describeTrainingJob", &[("TrainingJobName", Given("TrainingJobName"))]),
        "TrainingJobStatus",
        ("stopTrainingJob", &[("TrainingJobName", Given("TrainingJobName"))]),
    ),
    training(
        "createTransformJob",
        ("describeTransformJob", &[("TransformJobName", Given("TransformJobName"))]),
        "TransformJobStatus",
        ("stopTransformJob", &[("TransformJobName", Given("TransformJobName"))]),
    ),
    training(
        "createProcessingJob",
        ("describeProcessingJob", &[("ProcessingJobName", Given("ProcessingJobName"))]),
        "ProcessingJobStatus",
        ("stopProcessingJob", &[("ProcessingJobName", Given("ProcessingJobName"))]),
    ),
    training(
        "createLabelingJob",
        ("describeLabelingJob", &[("LabelingJobName", Given("LabelingJobName"))]),
        "LabelingJobStatus",
        ("stopLabelingJob", &[("LabelingJobName", Given("LabelingJobName"))]),
    ),
    training(
        "createHyperParameterTuningJob",
        (
            "describeHyperParameterTuningJob",
            &[("HyperParameterTuningJobName", Given("HyperParameterTuningJobName"))],
        ),
        "HyperParameterTuningJobStatus",
        (
            "stopHyperParameterTuningJob",
            &[("HyperParameterTuningJobName", Given("HyperParameterTuningJobName"))],
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services;
    use model::integration;

    #[test]
    fn every_job_that_a_task_may_name_is_here_but_those_of_a_clusters_own_api() {
        for service in integration::SERVICES {
            for action in service.actions.iter().filter(|action| action.sync) {
                let expected = !matches!((service.name, action.name), ("states", _) | ("eks", "runJob"));
                assert_eq!(
                    find(service.name, action.name).is_some(),
                    expected,
                    "{}:{}",
                    service.name,
                    action.name
                );
            }
        }
    }

    #[test]
    fn every_action_and_every_member_of_its_input_is_in_the_models() {
        for job in JOBS {
            let service = aws::model::service(services::of_resource(job.service).unwrap().model).unwrap();
            for (action, members) in std::iter::once(job.describe).chain(job.cancel) {
                let operation = service.action(action).unwrap_or_else(|| panic!("{}:{action}", job.service));
                let known = service.members(operation.input.as_ref().unwrap().shape);
                for (name, _) in members {
                    let has = known.iter().any(|member| model::sdk_names::capitalised(&member.name) == *name);
                    assert!(has, "{}:{action} takes no {name}", job.service);
                }
            }
        }
    }
}
