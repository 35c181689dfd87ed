//! The rules of every history: what may stand in it once, and how its events follow each other.

use model::{EventDetails, EventId, HistoryEvent};
use std::collections::HashSet;

/// The first rule that the history breaks.
pub(crate) fn broken(events: &[HistoryEvent]) -> Option<String> {
    let mut entered: HashSet<(EventId, &str)> = HashSet::new();
    let mut outcomes: HashSet<EventId> = HashSet::new();
    for (index, event) in events.iter().enumerate() {
        let id = event.id.0;
        if id != index as u64 + 1 {
            return Some(format!("event {id} stands at place {}", index + 1));
        }
        if event.previous >= event.id {
            return Some(format!("event {id} points to event {}", event.previous.0));
        }
        match &event.details {
            EventDetails::ExecutionStarted { .. } if id != 1 => {
                return Some(format!("the execution started again with event {id}"));
            }
            EventDetails::StateEntered { name, .. } if !entered.insert((event.previous, name)) => {
                return Some(format!("state {name} was entered twice from event {}", event.previous.0));
            }
            details if is_outcome(details) && !outcomes.insert(event.previous) => {
                return Some(format!(
                    "event {id} ({}) is the second outcome of what event {} began",
                    details.type_name(),
                    event.previous.0
                ));
            }
            _ => {}
        }
    }
    None
}

/// Whether the event is how an attempt at a task came out. MapRunAborted is none: where a Parallel gives up its branches, what
/// is aborted in all of them may point to one event.
fn is_outcome(details: &EventDetails) -> bool {
    matches!(
        details.type_name(),
        "TaskSucceeded"
            | "TaskFailed"
            | "TaskTimedOut"
            | "TaskSubmitFailed"
            | "TaskStartFailed"
            | "TaskSubmitted"
            | "TaskStarted"
            | "LambdaFunctionStarted"
            | "LambdaFunctionSucceeded"
            | "LambdaFunctionFailed"
            | "LambdaFunctionTimedOut"
            | "LambdaFunctionStartFailed"
            | "ActivityStarted"
            | "ActivitySucceeded"
            | "ActivityFailed"
            | "ActivityTimedOut"
            | "MapRunSucceeded"
            | "MapRunFailed"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::StateType;
    use model::Timestamp;
    use model::history::StoredPayload;

    fn event(id: u64, previous: u64, details: EventDetails) -> HistoryEvent {
        HistoryEvent { id: EventId(id), previous: EventId(previous), timestamp: Timestamp(0), details }
    }

    fn entered(name: &str) -> EventDetails {
        let input = StoredPayload(json::Payload::from_text("{}").unwrap());
        EventDetails::StateEntered { state_type: StateType::Pass, name: name.into(), input }
    }

    #[test]
    fn a_state_that_is_entered_twice_from_one_event_is_found() {
        let good = [event(1, 0, entered("A")), event(2, 1, entered("B")), event(3, 2, entered("B"))];
        assert_eq!(broken(&good), None);
        let twice = [event(1, 0, entered("A")), event(2, 1, entered("B")), event(3, 1, entered("B"))];
        assert!(broken(&twice).unwrap().contains("state B was entered twice"));
    }

    #[test]
    fn a_second_outcome_a_gap_and_a_pointer_forward_are_found() {
        let ended = || EventDetails::LambdaFunctionSucceeded {
            output: StoredPayload(json::Payload::from_text("1").unwrap()),
        };
        let begun = |id, previous| event(id, previous, EventDetails::LambdaFunctionStarted);
        let twice = [begun(1, 0), event(2, 1, ended()), event(3, 1, ended())];
        assert!(broken(&twice).unwrap().contains("is the second outcome of what event 1 began"));
        assert!(broken(&[begun(1, 0), begun(3, 1)]).unwrap().contains("event 3 stands at place 2"));
        assert!(broken(&[begun(1, 1)]).unwrap().contains("event 1 points to event 1"));
    }
}
