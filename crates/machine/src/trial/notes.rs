//! What a run notes while a state is tried, and where it stops.

use super::{Inspection, Mock, TrialEnd, TrialError, TrialStatus};
use crate::decide::Run;
use crate::map_run::MapItem;
use json::{Object, Payload};
use model::Failure;
use std::sync::Arc;

/// What a state under trial sees in place of what is, and what was seen of it.
#[derive(Debug)]
pub(crate) struct Notes {
    pub(crate) context: Option<Object>,
    /// The item of the Map around the state.
    pub(crate) item: Option<MapItem>,
    pub(crate) mock: Option<Mock>,
    pub(crate) retry_count: u64,
    pub(crate) failed_iterations: Option<u64>,
    pub(crate) reader_data: Option<Arc<str>>,
    /// How many iterations the Map has, once that is known.
    pub(crate) iterations: Option<u64>,
    pub(crate) seen: Inspection,
    pub(crate) end: Option<Result<TrialEnd, TrialError>>,
    /// The error, once a catcher has it.
    caught: Option<Failure>,
}

impl Notes {
    pub(crate) fn new(context: Option<Object>, mock: Option<Mock>, retry_count: u64) -> Notes {
        Notes {
            context,
            item: None,
            mock,
            retry_count,
            failed_iterations: None,
            reader_data: None,
            iterations: None,
            seen: Inspection::default(),
            end: None,
            caught: None,
        }
    }
}

impl Run<'_> {
    /// Notes a stage of the data flow, where somebody looks.
    pub(crate) fn observe(&mut self, note: impl FnOnce(&mut Inspection)) {
        if let Some(trial) = &mut self.trial {
            note(&mut trial.seen);
        }
    }

    /// What stands in for the work of the state.
    pub(crate) fn mock(&self) -> Option<Mock> {
        self.trial.as_ref()?.mock.clone()
    }

    /// A catcher takes the error.
    pub(crate) fn note_catcher(&mut self, place: u32, failure: &Failure) {
        if let Some(trial) = &mut self.trial {
            trial.seen.error_details.catch_index = Some(place);
            trial.caught = Some(failure.clone());
        }
    }

    /// The trial ends with the state's exit.
    pub(crate) fn trial_exited(&mut self, output: Payload, next_state: Option<Arc<str>>) {
        let failure = self.trial.as_mut().and_then(|trial| trial.caught.take());
        let status = match failure {
            Some(_) => TrialStatus::CaughtError,
            None => TrialStatus::Succeeded,
        };
        self.end_trial(Ok(TrialEnd { status, failure, output: Some(output), next_state }));
    }

    /// The trial ends where a retry would begin.
    pub(crate) fn trial_retriable(&mut self, failure: Failure, delay_millis: u64) {
        self.observe(|seen| seen.error_details.retry_backoff_interval_seconds = Some(delay_millis / 1000));
        self.end_trial(Ok(ended(TrialStatus::Retriable, failure)));
    }

    /// The trial ends with an error that nothing takes.
    pub(crate) fn trial_failed(&mut self, failure: Failure) {
        self.end_trial(Ok(ended(TrialStatus::Failed, failure)));
    }

    /// The state cannot be tried with what it was given.
    pub(crate) fn trial_refused(&mut self, error: TrialError) {
        self.end_trial(Err(error));
    }

    fn end_trial(&mut self, end: Result<TrialEnd, TrialError>) {
        if let Some(trial) = &mut self.trial {
            trial.end.get_or_insert(end);
        }
        self.steps.clear();
    }
}

fn ended(status: TrialStatus, failure: Failure) -> TrialEnd {
    TrialEnd { status, failure: Some(failure), output: None, next_state: None }
}
