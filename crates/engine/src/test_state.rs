//! A state tried on its own: nothing is stored, and its task is really called unless a mock stands for it.

use crate::clock::Drawn;
use crate::dispatch::answer_of;
use crate::error::TestStateError;
use crate::facade::Engine;
use crate::shared::Shared;
use asl::Definition;
use json::{Object, Payload};
use machine::{
    About, Inspection, Mock, Outside, OutstandingTask, Stimulus, TaskProgress, Trial, TrialEnd, TrialSetup,
};
use model::limits;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tasks::{Caller, HttpExchange, TaskCall};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What TestState asks for.
#[derive(Clone, Debug)]
pub struct TestState {
    /// The machine that the state belongs to.
    pub definition: Arc<Definition>,
    /// The state's name.
    pub state: Arc<str>,
    /// The role that the context object shows; empty where there is none.
    pub role_arn: Arc<str>,
    /// The state's input.
    pub input: Payload,
    /// The variables that are set before.
    pub variables: BTreeMap<Arc<str>, Payload>,
    /// The context object, in place of one made up.
    pub context: Option<Object>,
    /// What comes of the state's work, in place of doing it.
    pub mock: Option<Mock>,
    /// Attempts that the retrier which takes the error has used.
    pub retry_count: u64,
    /// Iterations of a Map that failed.
    pub failed_iterations: Option<u64>,
    /// What the ItemReader of a Map found, as it stands in its source.
    pub reader_data: Option<Arc<str>>,
    /// Whether what a connection adds to a request is shown.
    pub reveal_secrets: bool,
}

/// What TestState answers.
#[derive(Clone, Debug)]
pub struct TestedState {
    /// How it ended.
    pub end: TrialEnd,
    /// The stages of its data flow.
    pub inspection: Inspection,
    /// What went over the wire, of a task that is a plain HTTP request.
    pub exchange: Option<HttpExchange>,
}

impl Engine {
    /// Tries a state. It counts as one of the Express executions that may run at once, and like them ends after five
    /// minutes.
    pub async fn test_state(&self, request: TestState) -> Result<TestedState, TestStateError> {
        let shared = self.shared().clone();
        let _permit = shared.express.try_acquire().map_err(|_| TestStateError::Throttled)?;
        let now = shared.config.clock.now();
        let reveal_secrets = request.reveal_secrets;
        let randomness = shared.config.randomness.clone();
        let (machine, name) = (randomness.uuid().to_string(), randomness.uuid().to_string());
        let about = About {
            arn: self.partition().tested_execution(&machine, &name),
            state_machine_arn: self.partition().state_machine(&machine),
            role_arn: request.role_arn,
            region: self.partition().region.clone(),
            started_at: now,
            // AWS: documented.
            deadline: now.plus_seconds(limits::EXPRESS_SECONDS),
            is_synchronous: true,
        };
        let setup = TrialSetup {
            definition: request.definition,
            state: request.state,
            about: about.clone(),
            input: request.input,
            variables: request.variables,
            context: request.context,
            mock: request.mock,
            retry_count: request.retry_count,
            failed_iterations: request.failed_iterations,
            reader_data: request.reader_data,
        };
        let mut entropy = Drawn(&*randomness);
        let outside = Outside { now, entropy: &mut entropy, activity_exists: &|_| true, wait_scale: 1.0 };
        let mut trial = Trial::begin(setup, outside)?;
        // Dropped with the request: nobody else waits for the answers.
        let (mut called, mut calls, mut exchange) = (HashSet::new(), JoinSet::new(), None);
        loop {
            if let Some(end) = trial.end() {
                return Ok(TestedState { end: end?, inspection: trial.inspection(), exchange });
            }
            for task in trial.outstanding() {
                if task.progress == TaskProgress::Called && called.insert(task.task) {
                    calls.spawn(call(shared.clone(), about.clone(), task, reveal_secrets));
                }
            }
            let stimulus = tokio::select! {
                biased;
                Some(Ok((answered, seen))) = calls.join_next() => {
                    exchange = seen;
                    answered
                }
                () = until_due(&shared, &trial) => Stimulus::Tick,
            };
            let now = shared.config.clock.now();
            let outside = Outside { now, entropy: &mut entropy, activity_exists: &|_| true, wait_scale: 1.0 };
            trial.go_on(stimulus, outside);
        }
    }
}

async fn call(
    shared: Shared,
    about: About,
    task: OutstandingTask,
    reveal_secrets: bool,
) -> (Stimulus, Option<HttpExchange>) {
    let OutstandingTask { scope, task, resource, input, role_arn, .. } = task;
    let call = TaskCall {
        resource: resource.clone(),
        parameters: input,
        region: about.region.clone(),
        execution_arn: about.arn.0.clone(),
        caller: Caller { execution_role: about.role_arn.clone(), credentials_role: role_arn },
        mock: None,
    };
    let inspected = shared.tasks.inspect(call, reveal_secrets);
    let (seen, was_seen) = oneshot::channel();
    let outcome = Box::pin(async move {
        let (outcome, exchange) = inspected.await;
        // Who asked is still there: it waits for the answer.
        let _ = seen.send(exchange);
        outcome
    });
    let answer = answer_of(outcome, &about.arn, &resource).await;
    (Stimulus::TaskAnswered { scope, task, answer }, was_seen.await.ok().flatten())
}

async fn until_due(shared: &Shared, trial: &Trial) {
    match trial.next_timer() {
        Some(due) => {
            let millis = due.millis_since(shared.config.clock.now());
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        None => std::future::pending().await,
    }
}
