//! What a role has to be allowed for a call of a service: actions of IAM, and the ARNs of what they are done to as far as
//! the request names them.
//!
//! Source: the pages of the Service Authorization Reference on each service. Where a service names its actions after its
//! operations, which nearly all do, nothing stands here.

use json::Value;

/// Where and in whose account a call is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) partition: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
}

/// An action of IAM, and what it is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    /// `dynamodb:PutItem`
    pub(crate) action: String,
    /// Its ARN; `*` where the request names nothing.
    pub(crate) resource: String,
}

/// Services whose actions begin otherwise than their signatures say.
const PREFIXES: &[(&str, &str)] = &[
    ("cloudwatch", "cloudwatch"),
    ("ses", "ses"),
    ("sesv2", "ses"),
    ("pinpointemail", "ses"),
    ("resourcegroupstaggingapi", "tag"),
    ("iotdataplane", "iot"),
    ("iotjobsdataplane", "iotjobsdata"),
    ("sagemakerruntime", "sagemaker"),
    ("cloudsearchdomain", "cloudsearch"),
    ("lexruntimev2", "lex"),
    ("lexmodelsv2", "lex"),
    ("costandusagereport", "cur"),
    ("marketplacemetering", "aws-marketplace"),
    ("timestreamquery", "timestream"),
    ("timestreamwrite", "timestream"),
];

/// Operations that another action stands for.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("lambda", "Invoke", "InvokeFunction"),
    ("s3", "ListObjects", "ListBucket"),
    ("s3", "ListObjectsV2", "ListBucket"),
    ("s3", "ListObjectVersions", "ListBucketVersions"),
    ("s3", "ListBuckets", "ListAllMyBuckets"),
    ("s3", "HeadBucket", "ListBucket"),
    ("s3", "HeadObject", "GetObject"),
    ("s3", "CopyObject", "PutObject"),
    ("s3", "DeleteObjects", "DeleteObject"),
    ("s3", "CreateMultipartUpload", "PutObject"),
    ("s3", "UploadPart", "PutObject"),
    ("s3", "UploadPartCopy", "PutObject"),
    ("s3", "CompleteMultipartUpload", "PutObject"),
    ("s3", "ListMultipartUploads", "ListBucketMultipartUploads"),
    ("s3", "ListParts", "ListMultipartUploadParts"),
    ("bedrockruntime", "Converse", "InvokeModel"),
    ("sqs", "SendMessageBatch", "SendMessage"),
    ("sqs", "DeleteMessageBatch", "DeleteMessage"),
    ("sqs", "ChangeMessageVisibilityBatch", "ChangeMessageVisibility"),
    ("sns", "PublishBatch", "Publish"),
    // A Task looks a connection up with this; AWS keeps its secrets from whoever may not do the other.
    ("eventbridge", "DescribeConnection", "RetrieveConnectionCredentials"),
];

/// Members that name what is called, and the ARN that they stand for behind the account. `{}` is the value.
const NAMES: &[(&str, &str, &str)] = &[
    ("athena", "WorkGroup", "workgroup/{}"),
    ("batch", "JobDefinition", "job-definition/{}"),
    ("batch", "JobQueue", "job-queue/{}"),
    ("batch", "JobId", "job/{}"),
    ("codebuild", "ProjectName", "project/{}"),
    ("databrew", "Name", "job/{}"),
    ("dynamodb", "TableName", "table/{}"),
    ("ecs", "TaskDefinition", "task-definition/{}"),
    ("eks", "ClusterName", "cluster/{}"),
    ("elasticmapreduce", "ClusterId", "cluster/{}"),
    ("elasticmapreduce", "JobFlowId", "cluster/{}"),
    ("emr-containers", "VirtualClusterId", "/virtualclusters/{}"),
    ("emr-serverless", "ApplicationId", "/applications/{}"),
    ("events", "EventBusName", "event-bus/{}"),
    ("firehose", "DeliveryStreamName", "deliverystream/{}"),
    ("glue", "JobName", "job/{}"),
    ("kinesis", "StreamName", "stream/{}"),
    ("kms", "KeyId", "key/{}"),
    ("lambda", "FunctionName", "function:{}"),
    ("logs", "LogGroupName", "log-group:{}:*"),
    ("sagemaker", "EndpointName", "endpoint/{}"),
    ("sagemaker", "ModelName", "model/{}"),
    ("sagemaker", "ProcessingJobName", "processing-job/{}"),
    ("sagemaker", "TrainingJobName", "training-job/{}"),
    ("sagemaker", "TransformJobName", "transform-job/{}"),
    // The six characters that the service adds are not known; patterns have `-*` or `-??????` for them.
    ("secretsmanager", "SecretId", "secret:{}-000000"),
    ("sns", "Name", "{}"),
    ("sqs", "QueueName", "{}"),
    ("states", "Name", "stateMachine:{}"),
];

/// What the operation of a model needs, with this input. Members have the names of SDK integrations or of the model.
pub(crate) fn needed(model: &str, operation: &str, input: &Value, at: Account<'_>) -> Vec<Permission> {
    let prefix = prefix(model);
    if let ("dynamodb", "TransactWriteItems" | "TransactGetItems") = (model, operation) {
        return of_transaction(input, at);
    }
    let action = ACTIONS.iter().find(|(service, name, _)| *service == model && *name == operation);
    let action = format!("{prefix}:{}", action.map_or(operation, |(.., action)| action));
    let with = |resource: String| Permission { action: action.clone(), resource };
    let mut needed: Vec<Permission> = resources(&prefix, &action, input, at).into_iter().map(with).collect();
    if needed.is_empty() {
        needed.push(Permission { action, resource: "*".to_owned() });
    }
    if let ("s3", Some(source)) = (model, text(input, &["CopySource"])) {
        let resource = format!("arn:{}:s3:::{}", at.partition, source.trim_start_matches('/'));
        needed.push(Permission { action: "s3:GetObject".to_owned(), resource });
    }
    needed
}

/// How the actions of a service begin.
pub(crate) fn prefix(model: &str) -> String {
    if let Some((_, prefix)) = PREFIXES.iter().find(|(known, _)| *known == model) {
        return (*prefix).to_owned();
    }
    aws::model::service(model).map_or_else(|| model.to_owned(), |service| service.signing_name.to_string())
}

fn resources(prefix: &str, action: &str, input: &Value, at: Account<'_>) -> Vec<String> {
    let arn = |region: &str, account: &str, rest: &str| {
        format!("arn:{}:{prefix}:{region}:{account}:{rest}", at.partition)
    };
    let here = |rest: &str| arn(at.region, at.account, rest);
    match prefix {
        "s3" => {
            let Some(bucket) = text(input, &["Bucket"]) else { return Vec::new() };
            let bucket = if bucket.starts_with("arn:") { bucket.to_owned() } else { arn("", "", bucket) };
            let keys = || deleted_keys(input).chain(text(input, &["Key"]));
            match action.ends_with("Object") && keys().next().is_some() {
                true => keys().map(|key| format!("{bucket}/{key}")).collect(),
                false => vec![bucket],
            }
        }
        "sqs" if text(input, &["QueueUrl"]).is_some() => {
            let url = text(input, &["QueueUrl"]).unwrap_or_default();
            let mut parts = url.trim_end_matches('/').rsplit('/');
            let name = parts.next().unwrap_or_default();
            let account =
                parts.next().filter(|part| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit()));
            vec![arn(at.region, account.unwrap_or(at.account), name)]
        }
        "ssm" => text(input, &["Name"])
            .map(|name| here(&format!("parameter/{}", name.trim_start_matches('/'))))
            .into_iter()
            .collect(),
        "events" if action == "events:PutEvents" => {
            let entries = input.get("Entries").and_then(Value::as_array).unwrap_or_default();
            let mut buses: Vec<String> =
                entries
                    .iter()
                    .map(|entry| text(entry, &["EventBusName"]).unwrap_or("default"))
                    .map(|bus| {
                        if bus.starts_with("arn:") {
                            bus.to_owned()
                        } else {
                            here(&format!("event-bus/{bus}"))
                        }
                    })
                    .collect();
            buses.dedup();
            buses
        }
        "events" if action == "events:RetrieveConnectionCredentials" => {
            text(input, &["Name"]).map(|name| here(&format!("connection/{name}/*"))).into_iter().collect()
        }
        "dynamodb" => tables(input, &here),
        _ => named(prefix, input, &here),
    }
}

/// What single members name: by their ARN, or by a name.
fn named(prefix: &str, input: &Value, here: &impl Fn(&str) -> String) -> Vec<String> {
    let names = NAMES.iter().filter(|(service, ..)| *service == prefix);
    let found = names.filter_map(|(_, member, rest)| {
        let value = text(input, &[member, &small(member)])?;
        Some(if value.starts_with("arn:") { value.to_owned() } else { here(&rest.replace("{}", value)) })
    });
    let mut found: Vec<String> = found.collect();
    if found.is_empty() {
        // Any member that is an ARN of the service, or a list of them, says what is called.
        let members = input.as_object().into_iter().flat_map(|object| object.iter());
        let texts = members.flat_map(|(_, value)| {
            value.as_array().unwrap_or(std::slice::from_ref(value)).iter().filter_map(Value::as_str)
        });
        let is_of_service = |arn: &&str| arn.starts_with("arn:") && arn.split(':').nth(2) == Some(prefix);
        found.extend(texts.filter(is_of_service).map(str::to_owned));
    }
    found
}

/// The tables of DynamoDB that a request names, or their index.
fn tables(input: &Value, here: &impl Fn(&str) -> String) -> Vec<String> {
    let table =
        |name: &str| if name.starts_with("arn:") { name.to_owned() } else { here(&format!("table/{name}")) };
    if let Some(requests) = input.get("RequestItems").and_then(Value::as_object) {
        return requests.keys().map(|name| table(name)).collect();
    }
    let Some(name) = text(input, &["TableName"]) else { return named("dynamodb", input, here) };
    match text(input, &["IndexName"]) {
        Some(index) => vec![format!("{}/index/{index}", table(name))],
        None => vec![table(name)],
    }
}

/// A transaction needs what each of its parts would need.
fn of_transaction(input: &Value, at: Account<'_>) -> Vec<Permission> {
    const PARTS: [(&str, &str); 5] = [
        ("Put", "PutItem"),
        ("Update", "UpdateItem"),
        ("Delete", "DeleteItem"),
        ("Get", "GetItem"),
        ("ConditionCheck", "ConditionCheckItem"),
    ];
    let items = input.get("TransactItems").and_then(Value::as_array).unwrap_or_default();
    let parts = items.iter().flat_map(|item| {
        PARTS.iter().filter_map(|(member, operation)| Some((item.get(member)?, *operation)))
    });
    parts.flat_map(|(part, operation)| needed("dynamodb", operation, part, at)).collect()
}

fn deleted_keys(input: &Value) -> impl Iterator<Item = &str> {
    let objects = input.get("Delete").and_then(|delete| delete.get("Objects")).and_then(Value::as_array);
    objects.unwrap_or_default().iter().filter_map(|object| text(object, &["Key"]))
}

fn text<'a>(input: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| input.get(name).and_then(Value::as_str)).filter(|text| !text.is_empty())
}

fn small(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Account<'static> = Account { partition: "aws", region: "eu-west-1", account: "111122223333" };

    fn shown(model: &str, operation: &str, input: &str) -> Vec<String> {
        let needed = needed(model, operation, &json::parse(input).unwrap(), AT);
        needed.into_iter().map(|one| format!("{} {}", one.action, one.resource)).collect()
    }

    #[test]
    fn requests_name_what_they_are_about() {
        for (model, operation, input, expected) in [
            (
                "dynamodb",
                "PutItem",
                r#"{"TableName":"t"}"#,
                "dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/t",
            ),
            (
                "dynamodb",
                "Query",
                r#"{"TableName":"t","IndexName":"i"}"#,
                "dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i",
            ),
            (
                "sqs",
                "SendMessage",
                r#"{"QueueUrl":"http://localhost:4566/000000000000/q"}"#,
                "sqs:SendMessage arn:aws:sqs:eu-west-1:000000000000:q",
            ),
            (
                "sns",
                "Publish",
                r#"{"TopicArn":"arn:aws:sns:eu-west-1:1:t"}"#,
                "sns:Publish arn:aws:sns:eu-west-1:1:t",
            ),
            ("sns", "Publish", r#"{"PhoneNumber":"+1"}"#, "sns:Publish *"),
            ("s3", "HeadObject", r#"{"Bucket":"b","Key":"a/b"}"#, "s3:GetObject arn:aws:s3:::b/a/b"),
            ("s3", "ListObjectsV2", r#"{"Bucket":"b"}"#, "s3:ListBucket arn:aws:s3:::b"),
            (
                "eventbridge",
                "PutEvents",
                r#"{"Entries":[{},{}]}"#,
                "events:PutEvents arn:aws:events:eu-west-1:111122223333:event-bus/default",
            ),
            (
                "lambda",
                "Invoke",
                r#"{"FunctionName":"f"}"#,
                "lambda:InvokeFunction arn:aws:lambda:eu-west-1:111122223333:function:f",
            ),
            (
                "ssm",
                "GetParameter",
                r#"{"Name":"/a/b"}"#,
                "ssm:GetParameter arn:aws:ssm:eu-west-1:111122223333:parameter/a/b",
            ),
            (
                "sfn",
                "DescribeExecution",
                r#"{"ExecutionArn":"arn:aws:states:r:1:execution:m:e"}"#,
                "states:DescribeExecution arn:aws:states:r:1:execution:m:e",
            ),
            ("cloudwatch", "PutMetricData", "{}", "cloudwatch:PutMetricData *"),
            (
                "cloudwatchlogs",
                "CreateLogStream",
                r#"{"LogGroupName":"g"}"#,
                "logs:CreateLogStream arn:aws:logs:eu-west-1:111122223333:log-group:g:*",
            ),
        ] {
            assert_eq!(shown(model, operation, input), [expected]);
        }
    }

    #[test]
    fn some_requests_need_several_permissions() {
        assert_eq!(
            shown(
                "dynamodb",
                "TransactWriteItems",
                r#"{"TransactItems":[{"Put":{"TableName":"a"}},{"Delete":{"TableName":"b"}}]}"#
            ),
            [
                "dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/a",
                "dynamodb:DeleteItem arn:aws:dynamodb:eu-west-1:111122223333:table/b"
            ]
        );
        assert_eq!(
            shown("s3", "CopyObject", r#"{"Bucket":"b","Key":"k","CopySource":"/a/x"}"#),
            ["s3:PutObject arn:aws:s3:::b/k", "s3:GetObject arn:aws:s3:::a/x"]
        );
        assert_eq!(
            shown("batch", "SubmitJob", r#"{"JobDefinition":"d:1","JobQueue":"q"}"#),
            [
                "batch:SubmitJob arn:aws:batch:eu-west-1:111122223333:job-definition/d:1",
                "batch:SubmitJob arn:aws:batch:eu-west-1:111122223333:job-queue/q"
            ]
        );
        assert_eq!(
            shown("s3", "DeleteObjects", r#"{"Bucket":"b","Delete":{"Objects":[{"Key":"x"},{"Key":"y"}]}}"#),
            ["s3:DeleteObject arn:aws:s3:::b/x", "s3:DeleteObject arn:aws:s3:::b/y"]
        );
    }

    #[test]
    fn every_service_and_operation_that_is_named_here_is_in_the_models() {
        for (model, _) in PREFIXES {
            assert!(aws::model::service(model).is_some(), "{model}");
        }
        for (model, operation, _) in ACTIONS {
            assert!(
                aws::model::service(model).unwrap().operation(operation).is_some(),
                "{model}:{operation}"
            );
        }
    }
}
