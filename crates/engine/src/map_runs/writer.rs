//! ResultWriter: the children of a Map Run as files in S3, with a manifest that names them.

use super::records::page_of;
use super::results;
use crate::error::EngineError;
use crate::shared::Shared;
use asl::{OutputType, ResultWriter, Transformation};
use json::{Payload, Value};
use machine::MapRunPlan;
use model::{ExecutionStatus, Failure, MapRunArn, error_name};
use std::sync::Arc;
use tasks::{Caller, Objects, PutObject};

/// Bytes of a file at the most, but for its last record. AWS's files may be larger; these are held in memory.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// Writes the results of one Map Run.
pub(crate) struct Writer {
    shared: Shared,
    objects: Arc<dyn Objects>,
    arn: MapRunArn,
    bucket: String,
    /// `PREFIX/UUID/`
    folder: String,
    members: Vec<(&'static str, String)>,
    transformation: Transformation,
    output_type: OutputType,
}

/// Where an export could not go on: the run fails, or the engine.
pub(crate) enum ExportError {
    Failed(Failure),
    Engine(EngineError),
}

/// The files of one class of children.
struct Files {
    class: &'static str,
    written: Vec<Value>,
    open: String,
}

impl Writer {
    /// The writer of a run that exports; `None` of one that does not.
    pub(crate) fn of(
        shared: &Shared,
        arn: &MapRunArn,
        plan: &MapRunPlan,
        writer: Option<&ResultWriter>,
        execution_role: Arc<str>,
    ) -> Result<Option<Writer>, Failure> {
        let (Some(writer), Some(arguments)) = (writer, &plan.writer) else { return Ok(None) };
        let arguments = arguments.0.value();
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
        let caller = Caller { execution_role, credentials_role: None };
        let objects = shared.tasks.objects(&shared.config.partition.region, caller);
        let objects =
            objects.ok_or_else(|| failed("No service that keeps objects is connected".to_owned()))?;
        // AWS: unconfirmed text, chosen as for the parameters of Tasks.
        let bucket = text("Bucket")
            .ok_or_else(|| failed("The field 'Bucket' is required but was missing".to_owned()))?;
        let prefix = text("Prefix").unwrap_or_default();
        let prefix = prefix.trim_end_matches('/');
        // AWS: unconfirmed without a prefix.
        let folder =
            if prefix.is_empty() { format!("{}/", arn.uuid()) } else { format!("{prefix}/{}/", arn.uuid()) };
        let members = text("ExpectedBucketOwner").map(|owner| ("ExpectedBucketOwner", owner));
        Ok(Some(Writer {
            shared: shared.clone(),
            objects,
            arn: arn.clone(),
            bucket,
            folder,
            members: members.into_iter().collect(),
            transformation: writer.transformation,
            output_type: writer.output_type,
        }))
    }

    /// Writes a manifest without files, to see whether that can be done.
    pub(crate) async fn test(&self) -> Result<(), Failure> {
        let manifest =
            self.manifest(&[&Files::new("FAILED"), &Files::new("PENDING"), &Files::new("SUCCEEDED")]);
        let written = self.put("manifest.json", manifest.to_text()).await;
        // AWS: measured for a role without access.
        written.map_err(|message| {
            failed(format!("Failed to write a test manifest into the specified output bucket. {message}"))
        })
    }

    /// Writes a file for each class of children, and the manifest: the state's result. `pending` are the inputs of
    /// children that were never started.
    pub(crate) async fn export(&self, pending: Vec<Payload>) -> Result<Payload, ExportError> {
        let mut succeeded = Files::new("SUCCEEDED");
        let mut unsuccessful = Files::new("FAILED");
        let mut waiting = Files::new("PENDING");
        let store = self.shared.store.clone();
        let mut next = 0;
        loop {
            // Page by page, so that nothing of the store is held while S3 is waited for.
            let page = page_of(&*store, &self.arn, next)?;
            let Some((last, _)) = page.last() else { break };
            next = last.saturating_add(1);
            for (_, child) in page {
                let record = results::record_of(&self.shared, &self.arn, &child)?;
                if child.status != ExecutionStatus::Succeeded {
                    self.add(&mut unsuccessful, &record).await?;
                    continue;
                }
                let output = || results::output_of(&self.shared, &child);
                match self.transformation {
                    Transformation::None => self.add(&mut succeeded, &record).await?,
                    Transformation::Compact => {
                        let output = output()?.map(|output| output.value().clone()).unwrap_or_default();
                        self.add(&mut succeeded, &output).await?;
                    }
                    Transformation::Flatten => {
                        let output = output()?.map(|output| output.value().clone()).unwrap_or_default();
                        match &output {
                            Value::Array(items) => {
                                for item in items.iter() {
                                    self.add(&mut succeeded, item).await?;
                                }
                            }
                            other => self.add(&mut succeeded, other).await?,
                        }
                    }
                }
            }
        }
        for input in pending {
            let record = results::pending_record(&self.arn, &input);
            self.add(&mut waiting, &record).await?;
        }
        for files in [&mut succeeded, &mut unsuccessful, &mut waiting] {
            self.write(files).await?;
        }
        let manifest = self.manifest(&[&unsuccessful, &waiting, &succeeded]);
        self.put("manifest.json", manifest.to_text()).await.map_err(not_written)?;
        Ok(Payload::from(self.result()))
    }

    /// The state's result. AWS: recorded test_map_state_result_writer.
    fn result(&self) -> Value {
        let details = Value::object([
            ("Bucket", Value::from(self.bucket.clone())),
            ("Key", Value::from(format!("{}manifest.json", self.folder))),
        ]);
        Value::object([("MapRunArn", Value::from(self.arn.0.clone())), ("ResultWriterDetails", details)])
    }

    fn manifest(&self, classes: &[&Files]) -> Value {
        let files = classes.iter().map(|files| (files.class, Value::array(files.written.clone())));
        Value::object([
            ("DestinationBucket", Value::from(self.bucket.clone())),
            ("MapRunArn", Value::from(self.arn.0.clone())),
            ("ResultFiles", Value::object(files)),
        ])
    }

    async fn add(&self, files: &mut Files, record: &Value) -> Result<(), ExportError> {
        if !files.open.is_empty() {
            files.open.push(if self.output_type == OutputType::Json { ',' } else { '\n' });
        }
        files.open.push_str(&record.to_text());
        if files.open.len() >= FILE_BYTES { self.write(files).await } else { Ok(()) }
    }

    /// Writes what is open, if something is.
    async fn write(&self, files: &mut Files) -> Result<(), ExportError> {
        if files.open.is_empty() {
            return Ok(());
        }
        let content = std::mem::take(&mut files.open);
        let (content, suffix) = match self.output_type {
            OutputType::Json => (format!("[{content}]"), "json"),
            OutputType::JsonLines => (format!("{content}\n"), "jsonl"),
        };
        let name = format!("{}_{}.{suffix}", files.class, files.written.len());
        let size = content.len() as u64;
        self.put(&name, content).await.map_err(not_written)?;
        let key = format!("{}{name}", self.folder);
        files.written.push(Value::object([("Key", Value::from(key)), ("Size", Value::from(size))]));
        Ok(())
    }

    async fn put(&self, name: &str, content: String) -> Result<(), String> {
        let mut members = self.members.clone();
        members.push(("ContentType", "application/json".to_owned()));
        let request = PutObject {
            bucket: self.bucket.clone(),
            key: format!("{}{name}", self.folder),
            body: content.into_bytes(),
            members,
        };
        let put = self.objects.put(request).await;
        put.map_err(|error| match error.code.as_deref() {
            Some("AccessDenied") => format!(
                "Access denied. Ensure the correct permissions are added to your state machine's execution role. | \
                 Message from S3: {}",
                error.message
            ),
            // AWS: unconfirmed text.
            Some(_) | None => format!("Message from S3: {}", error.message),
        })
    }
}

impl Files {
    fn new(class: &'static str) -> Files {
        Files { class, written: Vec::new(), open: String::new() }
    }
}

fn failed(cause: String) -> Failure {
    Failure::new(error_name::RESULT_WRITER_FAILED, cause)
}

fn not_written(message: String) -> ExportError {
    // AWS: unconfirmed text.
    ExportError::Failed(failed(format!(
        "Failed to write results into the specified output bucket. {message}"
    )))
}

impl From<EngineError> for ExportError {
    fn from(error: EngineError) -> ExportError {
        ExportError::Engine(error)
    }
}
