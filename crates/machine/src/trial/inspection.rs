//! The stages of a state's data flow.

use asl::{State, StateKind};
use json::Payload;

/// What is seen of a state on its way: a member for each stage that it reached. AWS's names.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Inspection {
    pub input: Option<Payload>,
    pub after_arguments: Option<Payload>,
    pub after_input_path: Option<Payload>,
    pub after_parameters: Option<Payload>,
    pub result: Option<Payload>,
    pub after_result_selector: Option<Payload>,
    pub after_result_path: Option<Payload>,
    /// Every variable that is set behind the state; absent where there is none.
    pub variables: Option<Payload>,
    pub error_details: ErrorDetails,
    pub after_items_path: Option<Payload>,
    pub after_item_selector: Option<Payload>,
    pub after_item_batcher: Option<Payload>,
    pub after_items_pointer: Option<Payload>,
    /// Iterations.
    pub tolerated_failure_count: Option<u64>,
    /// Percent.
    pub tolerated_failure_percentage: Option<f64>,
    /// Iterations at once; 0: as many as there are.
    pub max_concurrency: Option<u64>,
}

/// Which clause of the state takes the error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorDetails {
    /// The place in Catch.
    pub catch_index: Option<u32>,
    /// The place in Retry, whether or not the retrier has attempts left.
    pub retry_index: Option<u32>,
    /// Seconds to the next attempt, where there is one.
    pub retry_backoff_interval_seconds: Option<u64>,
}

impl Inspection {
    /// Without what AWS does not show for a state of this type and query language.
    // AWS: recorded test_base_inspection_level, test_base_parallel_state_mock_success, test_base_map_state_inspect.
    pub(crate) fn shown_for(mut self, state: &State) -> Inspection {
        match &state.kind {
            StateKind::Pass(pass) if pass.result.is_some() => {
                self.after_input_path = None;
                self.after_parameters = None;
            }
            StateKind::Parallel(_) => {
                self.after_input_path = None;
                self.after_parameters = None;
                self.result = None;
            }
            StateKind::Map(_) => self.result = None,
            StateKind::Task(_) if state.is_jsonata => self.after_arguments = self.after_parameters.take(),
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => {}
        }
        if state.is_jsonata {
            self.after_input_path = None;
            self.after_parameters = None;
            self.after_result_selector = None;
            self.after_result_path = None;
            self.after_items_path = None;
        }
        self
    }
}
