//! The payloads that events carry, and how a stored event refers to one that is stored apart from it.

use crate::history::{EventDetails, StoredPayload};
use json::Payload;

/// What a reference begins with. No JSON text begins so.
const REFERENCE: char = '\0';

impl StoredPayload {
    /// Stands for the payload of that number, which is stored apart.
    pub fn reference(number: u64) -> StoredPayload {
        StoredPayload(Payload::from_stored_text(format!("{REFERENCE}{number}")))
    }

    /// The number of the payload it stands for; `None` where it is a payload itself.
    pub fn as_reference(&self) -> Option<u64> {
        self.0.text().strip_prefix(REFERENCE)?.parse().ok()
    }
}

/// The variants that carry a payload, with the member that holds it.
macro_rules! payload_of {
    ($details:expr) => {
        match $details {
            EventDetails::ExecutionStarted { input, .. }
            | EventDetails::StateEntered { input, .. }
            | EventDetails::LambdaFunctionScheduled { input, .. }
            | EventDetails::ActivityScheduled { input, .. } => Some(input),
            EventDetails::TaskScheduled { parameters, .. } => Some(parameters),
            EventDetails::ExecutionSucceeded { output }
            | EventDetails::StateExited { output, .. }
            | EventDetails::TaskSubmitted { output, .. }
            | EventDetails::TaskSucceeded { output, .. }
            | EventDetails::LambdaFunctionSucceeded { output }
            | EventDetails::ActivitySucceeded { output } => Some(output),
            EventDetails::ExecutionFailed(_)
            | EventDetails::ExecutionAborted(_)
            | EventDetails::ExecutionTimedOut(_)
            | EventDetails::ExecutionRedriven { .. }
            | EventDetails::EvaluationFailed { .. }
            | EventDetails::ParallelStateStarted
            | EventDetails::ParallelStateSucceeded
            | EventDetails::ParallelStateFailed
            | EventDetails::ParallelStateAborted
            | EventDetails::MapStateStarted { .. }
            | EventDetails::MapStateSucceeded
            | EventDetails::MapStateFailed
            | EventDetails::MapStateAborted
            | EventDetails::MapIterationStarted(_)
            | EventDetails::MapIterationSucceeded(_)
            | EventDetails::MapIterationFailed(_)
            | EventDetails::MapIterationAborted(_)
            | EventDetails::MapRunStarted { .. }
            | EventDetails::MapRunSucceeded
            | EventDetails::MapRunFailed(_)
            | EventDetails::MapRunAborted
            | EventDetails::MapRunRedriven { .. }
            | EventDetails::TaskStateAborted
            | EventDetails::WaitStateAborted
            | EventDetails::TaskStarted(_)
            | EventDetails::TaskStartFailed(..)
            | EventDetails::TaskSubmitFailed(..)
            | EventDetails::TaskFailed(..)
            | EventDetails::TaskTimedOut(..)
            | EventDetails::LambdaFunctionStarted
            | EventDetails::LambdaFunctionScheduleFailed(_)
            | EventDetails::LambdaFunctionStartFailed(_)
            | EventDetails::LambdaFunctionFailed(_)
            | EventDetails::LambdaFunctionTimedOut(_)
            | EventDetails::ActivityStarted { .. }
            | EventDetails::ActivityScheduleFailed(_)
            | EventDetails::ActivityFailed(_)
            | EventDetails::ActivityTimedOut(_) => None,
        }
    };
}

impl EventDetails {
    /// The input, the parameters or the output that the event carries; assigned variables are beside it.
    pub fn payload(&self) -> Option<&StoredPayload> {
        payload_of!(self)
    }

    /// The same, to be replaced.
    pub fn payload_mut(&mut self) -> Option<&mut StoredPayload> {
        payload_of!(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_no_payload_and_reads_back() {
        assert_eq!(StoredPayload::reference(7).as_reference(), Some(7));
        for text in ["7", "\"\\u00007\"", "{}", ""] {
            assert_eq!(StoredPayload(Payload::from_stored_text(text)).as_reference(), None, "{text}");
        }
    }

    #[test]
    fn the_payload_of_an_event_can_be_replaced() {
        let mut details = EventDetails::ExecutionSucceeded { output: Payload::from_stored_text("1").into() };
        *details.payload_mut().unwrap() = StoredPayload::reference(3);
        assert_eq!(details.payload().and_then(StoredPayload::as_reference), Some(3));
        assert_eq!(EventDetails::MapRunSucceeded.payload_mut(), None);
    }
}
