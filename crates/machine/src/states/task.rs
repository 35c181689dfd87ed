//! Task: work done outside, attempt by attempt.

use crate::data::is_too_large;
use crate::decide::{Run, Step};
use crate::execution::{ScopeId, TaskRun, Work};
use crate::fact::Private;
use crate::failure::{Error, Trouble, data_limit_exceeded};
use crate::sight::Sight;
use crate::stimulus::TaskAnswer;
use crate::token::TaskToken;
use asl::{IntegerField, State, StateKind, Task};
use json::{Payload, Value};
use model::history::{ScheduleOptions, ServiceAction};
use model::integration;
use model::{EventDetails, EventId, Failure, Pattern, TaskResource, error_name, limits};
use std::sync::Arc;

impl Run<'_> {
    /// Schedules an attempt: parameters and limits are evaluated anew for each.
    pub(crate) fn attempt_task(
        &mut self,
        scope: ScopeId,
        state: &State,
        task: &Task,
        input: &Payload,
    ) -> Result<(), Trouble> {
        if let TaskResource::Activity { arn } = &task.resource
            && !(self.activity_exists)(arn)
        {
            return Err(Trouble::Runtime(format!("The activity {arn} does not exist.")));
        }
        let effective = self.effective(scope, state, input)?;
        if needs_token(&task.resource) {
            self.issue_token(scope);
        }
        let parameters = match &task.parameters {
            Some(template) => {
                Payload::from(self.fill(scope, template, &Sight::of_input(effective.value()))?)
            }
            None => effective.clone(),
        };
        self.observe(|seen| seen.after_parameters = Some(parameters.clone()));
        let parameters = self.checked_parameters(task, parameters)?;
        let options = self.schedule_options(scope, task, &effective)?;
        if is_too_large(&parameters) {
            return Err(Trouble::Failed(Error::of(data_limit_exceeded(&shown_name(&task.resource)))));
        }
        let details = match (&task.resource, task.resource.service_action()) {
            (TaskResource::Activity { arn }, _) => {
                EventDetails::ActivityScheduled { resource: arn.clone(), input: parameters.into(), options }
            }
            (TaskResource::Service { .. }, Some(action)) => EventDetails::TaskScheduled {
                action,
                region: self.execution.about.as_ref().map(|about| about.region.clone()).unwrap_or_default(),
                parameters: parameters.into(),
                options,
            },
            (TaskResource::LambdaFunction { arn } | TaskResource::Service { arn, .. }, _) => {
                // AWS: recorded, a function's event shows no heartbeat.
                let options = ScheduleOptions { heartbeat_seconds: None, ..options };
                EventDetails::LambdaFunctionScheduled {
                    resource: arn.clone(),
                    input: parameters.into(),
                    options,
                }
            }
        };
        self.emit(scope, details);
        if !matches!(task.resource, TaskResource::Activity { .. }) {
            let scheduled = self.execution.thread(scope);
            self.later(Step::StartTask { scope, task: scheduled });
        }
        Ok(())
    }

    /// Records that the call begins; it is made once this is stored.
    pub(crate) fn start_task(&mut self, scope: ScopeId, task: EventId) {
        let Some(run) = self.task_run(scope, task) else { return };
        let started = match run.resource.service_action() {
            Some(action) => EventDetails::TaskStarted(action),
            None => EventDetails::LambdaFunctionStarted,
        };
        self.emit(scope, started);
    }

    /// A worker took an activity's task.
    pub(crate) fn activity_started(&mut self, scope: ScopeId, task: EventId, worker_name: Option<Arc<str>>) {
        if self.task_run(scope, task).is_some_and(|run| run.started_at.is_none()) {
            self.emit(scope, EventDetails::ActivityStarted { worker_name });
        }
    }

    /// The call of a task came back, or the job that it started ended.
    pub(crate) fn task_answered(&mut self, scope: ScopeId, task: EventId, answer: TaskAnswer) {
        let Some(run) = self.task_run(scope, task) else { return };
        let (pattern, is_submitted) = (run.resource.pattern(), run.submitted.is_some());
        if is_submitted && pattern == Pattern::WaitForTaskToken {
            // The call came back before; only the token can answer now.
            return;
        }
        match answer {
            TaskAnswer::Succeeded(output) if !is_submitted && pattern != Pattern::RequestResponse => {
                if let Some(action) = run.resource.service_action() {
                    self.emit(scope, EventDetails::TaskSubmitted { action, output: output.into() });
                }
            }
            TaskAnswer::Succeeded(output) => self.task_succeeded(scope, output),
            TaskAnswer::Failed(failure) => self.task_failed(scope, failure),
        }
    }

    /// Somebody sent the token back.
    pub(crate) fn token_answered(&mut self, token: &str, answer: TaskAnswer) {
        let Some(scope) = self.execution.scope_of_token(token) else { return };
        match answer {
            TaskAnswer::Succeeded(output) => self.task_succeeded(scope, output),
            TaskAnswer::Failed(failure) => self.task_failed(scope, failure),
        }
    }

    /// Records that the task ran out of time, if it did; its state has yet to fail with the error.
    pub(crate) fn time_out(&mut self, scope: ScopeId) -> Option<Error> {
        let Some(Work::Task(run)) = self.execution.visit(scope).map(|visit| &visit.work) else { return None };
        let is_timeout = run.timeout_at().is_some_and(|at| at <= self.now);
        let is_heartbeat = !is_timeout && run.heartbeat_at().is_some_and(|at| at <= self.now);
        if !is_timeout && !is_heartbeat {
            return None;
        }
        let failure = Failure::named(error_name::TIMEOUT);
        let details = match (&run.resource, run.resource.service_action()) {
            (_, Some(action)) => EventDetails::TaskTimedOut(action, failure.clone()),
            (TaskResource::Activity { .. }, None) => EventDetails::ActivityTimedOut(failure.clone()),
            (TaskResource::LambdaFunction { .. } | TaskResource::Service { .. }, None) => {
                EventDetails::LambdaFunctionTimedOut(failure.clone())
            }
        };
        self.emit(scope, details);
        Some(Error { failure, is_heartbeat })
    }

    pub(crate) fn task_succeeded(&mut self, scope: ScopeId, output: Payload) {
        let Some(Work::Task(run)) = self.execution.visit(scope).map(|visit| &visit.work) else { return };
        if is_too_large(&output) {
            let failure = data_limit_exceeded(&shown_name(&run.resource));
            self.task_failed(scope, failure);
            return;
        }
        let details = match (&run.resource, run.resource.service_action()) {
            (_, Some(action)) => EventDetails::TaskSucceeded { action, output: output.clone().into() },
            (TaskResource::Activity { .. }, None) => {
                EventDetails::ActivitySucceeded { output: output.clone().into() }
            }
            (TaskResource::LambdaFunction { .. } | TaskResource::Service { .. }, None) => {
                EventDetails::LambdaFunctionSucceeded { output: output.clone().into() }
            }
        };
        self.emit(scope, details);
        let outcome = self.leave_task(scope, output);
        self.settle(scope, outcome);
    }

    fn leave_task(&mut self, scope: ScopeId, result: Payload) -> Result<(), Trouble> {
        let Some((state, _)) = self.current(scope) else { return Ok(()) };
        let StateKind::Task(task) = &state.kind else { return Ok(()) };
        self.leave_with_result(scope, state, task.result_selector.as_ref(), &task.result_path, result)
    }

    pub(crate) fn task_failed(&mut self, scope: ScopeId, failure: Failure) {
        let Some(Work::Task(run)) = self.execution.visit(scope).map(|visit| &visit.work) else { return };
        let failure = shortened(failure);
        let details = match (&run.resource, run.resource.service_action()) {
            (_, Some(action)) => EventDetails::TaskFailed(action, failure.clone()),
            (TaskResource::Activity { .. }, None) => EventDetails::ActivityFailed(failure.clone()),
            (TaskResource::LambdaFunction { .. } | TaskResource::Service { .. }, None) => {
                EventDetails::LambdaFunctionFailed(failure.clone())
            }
        };
        self.emit(scope, details);
        self.settle(scope, Err(Trouble::Failed(Error::of(failure))));
    }

    fn task_run(&self, scope: ScopeId, task: EventId) -> Option<&TaskRun> {
        match &self.execution.visit(scope)?.work {
            Work::Task(run) if run.scheduled == task => Some(run),
            Work::Task(_)
            | Work::None
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Parallel(_)
            | Work::Map(_)
            | Work::Distributed(_) => None,
        }
    }

    fn issue_token(&mut self, scope: ScopeId) {
        let nonce = [self.entropy.next_u64(), self.entropy.next_u64()];
        let Some(about) = &self.execution.about else { return };
        let Some(visit) = self.execution.visit(scope) else { return };
        let token = TaskToken { execution: about.arn.clone(), entered: visit.entered, nonce };
        self.note(scope, Private::TokenIssued(token.to_text()));
    }

    /// What an optimised integration is given: only the members it knows, and every one that it must have.
    fn checked_parameters(&self, task: &Task, parameters: Payload) -> Result<Payload, Trouble> {
        if !matches!(task.resource, TaskResource::Service { .. }) {
            return Ok(parameters);
        }
        let value = parameters.value();
        let missing = integration::missing_members(&task.resource, |member| value.get(member).is_some());
        if !missing.is_empty() && task.parameters.is_some() {
            let problems: Vec<String> = missing
                .iter()
                .map(|member| format!("The field '{member}' is required but was missing"))
                .collect();
            return Err(Trouble::Runtime(format!(
                "The Parameters '{value}' could not be used to start the Task: [{}]",
                problems.join(", ")
            )));
        }
        let kept = integration::keep_supported(&task.resource, value);
        Ok(if kept == *value { parameters } else { Payload::from(kept) })
    }

    fn schedule_options(
        &mut self,
        scope: ScopeId,
        task: &Task,
        effective: &Payload,
    ) -> Result<ScheduleOptions, Trouble> {
        let timeout_seconds =
            self.seconds(scope, "TimeoutSeconds", task.timeout_seconds.as_ref(), effective.value())?;
        let heartbeat_seconds =
            self.seconds(scope, "HeartbeatSeconds", task.heartbeat_seconds.as_ref(), effective.value())?;
        let role_arn = match &task.credentials {
            Some(template) => {
                match self.fill(scope, template, &Sight::of_input(effective.value()))?.get("RoleArn") {
                    Some(Value::String(role)) => Some(role.clone()),
                    Some(_) | None => None,
                }
            }
            None => None,
        };
        Ok(ScheduleOptions { timeout_seconds, heartbeat_seconds, role_arn })
    }

    fn seconds(
        &mut self,
        scope: ScopeId,
        field: &str,
        source: Option<&IntegerField>,
        input: &Value,
    ) -> Result<Option<u64>, Trouble> {
        let Some(source) = source else { return Ok(None) };
        let seconds = self.integer(scope, field, source, input)?;
        match u64::try_from(seconds) {
            Ok(seconds) if seconds <= limits::SECONDS => Ok(Some(seconds)),
            Ok(_) | Err(_) => {
                let most = limits::SECONDS;
                let text = format!("{field} must be between 0 and {most} but was: {seconds}");
                Err(match source {
                    IntegerField::Query(query) => Trouble::of_query(query, text),
                    IntegerField::Literal(_) | IntegerField::Path(_) => Trouble::Runtime(text),
                })
            }
        }
    }
}

/// Tasks that somebody answers by token: callbacks, activities, whose workers hold one, and jobs.
/// AWS: recorded test_sync_with_task_token, a `.sync` task has a token too, and its answer ends the task before the job does.
fn needs_token(resource: &TaskResource) -> bool {
    match resource {
        TaskResource::LambdaFunction { .. } => false,
        TaskResource::Activity { .. } => true,
        TaskResource::Service { pattern, .. } => *pattern != Pattern::RequestResponse,
    }
}

/// How the message about a result over the limit names a task.
fn shown_name(resource: &TaskResource) -> Arc<str> {
    match resource.service_action() {
        Some(ServiceAction { resource_type, .. }) => resource_type,
        None => resource.arn().clone(),
    }
}

/// AWS cuts error names and causes at its limits.
fn shortened(failure: Failure) -> Failure {
    let cut = |text: Arc<str>, length: usize| match text.char_indices().nth(length) {
        Some((end, _)) => Arc::from(text.get(..end).unwrap_or("")),
        None => text,
    };
    Failure {
        error: failure.error.map(|text| cut(text, limits::ERROR_LENGTH)),
        cause: failure.cause.map(|text| cut(text, limits::CAUSE_LENGTH)),
    }
}
