//! An execution told line by line, for logs and pipes.

use super::progress::{GroupKind, News, Outcome, Progress};
use super::words;
use model::{HistoryEvent, StateType, Timestamp};

/// Characters of a result in a line.
const RESULT_LENGTH: usize = 120;

/// The line for an event that was just taken, if it matters: `+0.123s  Fulfil[1] › ShipOrder  succeeded in 85 ms  {…}`.
pub(crate) fn line(progress: &Progress, event: &HistoryEvent, news: News) -> Option<String> {
    let (at, words) = match news {
        News::Nothing | News::Ended => return None,
        News::Entered(at) => {
            let step = progress.step(at)?;
            if !takes_time(step.state_type) {
                return None;
            }
            (at, format!("entered ({})", step.state_type))
        }
        News::Retried(at) => (at, format!("is tried again (retry {})", progress.step(at)?.retries)),
        News::AwaitsToken(at) => (at, "waits for its token".to_owned()),
        News::AttemptFailed(at) => {
            let failure = progress.step(at)?.failure.as_ref()?;
            (at, format!("failed with {}", words::cut(&words::failure(failure), RESULT_LENGTH * 2)))
        }
        News::Left(at) => {
            let step = progress.step(at)?;
            let time = words::duration(event.timestamp.millis_since(step.entered));
            let result = step.output.as_ref().map_or(String::new(), |output| {
                words::cut(&words::one_line(&words::cut(output.0.text(), RESULT_LENGTH * 4)), RESULT_LENGTH)
            });
            match (&step.outcome, &step.failure) {
                (Outcome::Caught, Some(failure)) => {
                    let name = failure.error.as_deref().unwrap_or("the error");
                    (at, format!("caught {name} after {time}"))
                }
                _ => match step.state_type {
                    StateType::Choice => (at, "decided (Choice)".to_owned()),
                    StateType::Wait => (at, format!("waited {time}")),
                    StateType::Succeed => (at, "reached (Succeed)".to_owned()),
                    StateType::Pass => (at, format!("passed (Pass)  {result}")),
                    StateType::Task | StateType::Parallel | StateType::Map | StateType::Fail => {
                        (at, format!("succeeded in {time}  {result}"))
                    }
                },
            }
        }
    };
    Some(format!("{}  {}  {words}", clock(progress, event.timestamp), full_name(progress, at)?))
}

/// Whether there is something to see between entering and leaving; the others have one line.
fn takes_time(state_type: StateType) -> bool {
    match state_type {
        StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map | StateType::Fail => true,
        StateType::Pass | StateType::Choice | StateType::Succeed => false,
    }
}

/// `+12.345s` since the start.
pub(crate) fn clock(progress: &Progress, at: Timestamp) -> String {
    let millis = at.millis_since(progress.started.unwrap_or(at));
    format!("+{}.{:03}s", millis / 1000, millis % 1000)
}

fn full_name(progress: &Progress, at: usize) -> Option<String> {
    let mut name = String::new();
    for (owner, kind) in progress.path(at) {
        match kind {
            GroupKind::Top => {}
            GroupKind::Branch(branch) => name.push_str(&format!("{owner}[branch {}] › ", branch + 1)),
            GroupKind::Item(item) => name.push_str(&format!("{owner}[item {item}] › ")),
        }
    }
    name.push_str(&progress.step(at)?.name);
    Some(name)
}
