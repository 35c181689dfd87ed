//! The live tree of an execution's states.

use super::progress::{Group, GroupKind, Outcome, Progress, Step};
use super::words;
use model::{StateType, Timestamp};

/// Iterations of one Map that are shown before the rest is counted only.
const SHOWN_ITEMS: usize = 6;
/// Levels of nesting that are shown.
const SHOWN_DEPTH: usize = 12;
/// Characters of a result.
const RESULT_LENGTH: usize = 400;

/// How the tree is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) width: usize,
    /// Lines at the most; those in the middle give way.
    pub(crate) height: usize,
    pub(crate) colours: bool,
    /// Which picture of the spinner is due.
    pub(crate) tick: usize,
}

/// The lines of the tree, each at most as wide as the view, colours not counted.
pub(crate) fn lines(progress: &Progress, now: Timestamp, view: View) -> Vec<String> {
    let mut tree = Tree { progress, now, view, lines: Vec::new() };
    tree.steps(progress.top(), "", 0);
    bounded(tree.lines, view.height).iter().map(|line| fitted(line, view.width)).collect()
}

struct Tree<'p> {
    progress: &'p Progress,
    now: Timestamp,
    view: View,
    lines: Vec<String>,
}

impl Tree<'_> {
    fn steps(&mut self, steps: &[usize], indent: &str, depth: usize) {
        for (position, step) in steps.iter().filter_map(|at| self.progress.step(*at)).enumerate() {
            let is_last = position + 1 == steps.len();
            let (branch, below) = match (depth, is_last) {
                (0, _) => ("", ""),
                (_, true) => ("└ ", "  "),
                (_, false) => ("├ ", "│ "),
            };
            self.step(step, &format!("{indent}{branch}"));
            if depth < SHOWN_DEPTH {
                self.groups(step, &format!("{indent}{below}  "), depth + 1);
            }
        }
    }

    fn step(&mut self, step: &Step, lead: &str) {
        let until = step.ended.unwrap_or(self.now);
        let time = words::duration(until.millis_since(step.entered));
        let mut words = vec![time];
        if step.retries > 0 {
            words.push(format!("{} {}", step.retries, if step.retries == 1 { "retry" } else { "retries" }));
        }
        if let Some(items) = step.items {
            words.push(self.items(step, items));
        }
        if step.awaits_token {
            words.push("waits for its token".to_owned());
        }
        if let Some(failure) = &step.failure {
            let verb = match step.outcome {
                Outcome::Caught => "caught ",
                Outcome::Running => "will retry after ",
                Outcome::Succeeded | Outcome::Failed | Outcome::TimedOut | Outcome::Aborted => "",
            };
            words.push(format!("{verb}{}", words::failure(failure)));
        } else if let (Some(output), true) = (&step.output, shows_result(step.state_type)) {
            let text = output.0.text();
            let end = text.char_indices().nth(RESULT_LENGTH).map_or(text.len(), |(at, _)| at);
            words.push(words::one_line(text.get(..end).unwrap_or("")));
        }
        self.line(lead, &step.outcome, &step.name, &words.join(" · "));
    }

    /// `3 of 10 items`
    fn items(&self, step: &Step, items: u64) -> String {
        let done = self.groups_of(step).filter(|group| group.outcome == Outcome::Succeeded).count();
        format!("{done} of {items} {}", if items == 1 { "item" } else { "items" })
    }

    fn groups_of<'s>(&'s self, step: &'s Step) -> impl Iterator<Item = &'s Group> {
        step.groups.iter().filter_map(|at| self.progress.group(*at))
    }

    fn groups(&mut self, step: &Step, indent: &str, depth: usize) {
        let groups: Vec<&Group> = step.groups.iter().filter_map(|at| self.progress.group(*at)).collect();
        // Of a long Map those count that say something: what failed, then what runs, then the rest.
        let rank = |group: &Group| match group.outcome {
            Outcome::Failed => 0,
            Outcome::Running => 1,
            Outcome::Succeeded | Outcome::Caught | Outcome::TimedOut | Outcome::Aborted => 2,
        };
        let mut shown: Vec<usize> = (0..groups.len()).collect();
        if step.state_type == StateType::Map && groups.len() > SHOWN_ITEMS {
            shown.sort_by_key(|at| groups.get(*at).map_or(3, |group| rank(group)));
            shown.truncate(SHOWN_ITEMS);
            shown.sort_unstable();
        }
        let hidden = groups.len() - shown.len();
        for group in shown.iter().filter_map(|at| groups.get(*at)) {
            let title = match group.kind {
                GroupKind::Top => continue,
                GroupKind::Branch(at) => format!("branch {}", at + 1),
                GroupKind::Item(at) => format!("item {at}"),
            };
            match group.steps.as_slice() {
                [only] => {
                    if let Some(step) = self.progress.step(*only) {
                        self.step(step, &format!("{indent}{} ", self.dim(&title)));
                        if depth < SHOWN_DEPTH {
                            self.groups(step, &format!("{indent}  "), depth + 1);
                        }
                    }
                }
                several => {
                    self.lines.push(format!("{indent}{}", self.dim(&title)));
                    self.steps(several, indent, depth);
                }
            }
        }
        if hidden > 0 {
            let more = self.dim(&format!("… {hidden} more items"));
            self.lines.push(format!("{indent}{more}"));
        }
    }

    fn line(&mut self, lead: &str, outcome: &Outcome, name: &str, rest: &str) {
        const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        let (sign, colour) = match outcome {
            Outcome::Running => (SPINNER.get(self.view.tick % SPINNER.len()).copied().unwrap_or("·"), "36"),
            Outcome::Succeeded => ("✓", "32"),
            Outcome::Caught => ("↷", "33"),
            Outcome::Failed | Outcome::TimedOut => ("✗", "31"),
            Outcome::Aborted => ("■", "90"),
        };
        let used = columns(lead) + 2 + columns(name) + 2;
        let rest = words::cut(rest, self.view.width.saturating_sub(used).max(1));
        let line = if self.view.colours {
            format!("{lead}\x1b[{colour}m{sign}\x1b[0m {name}  \x1b[2m{rest}\x1b[0m")
        } else {
            format!("{lead}{sign} {name}  {rest}")
        };
        self.lines.push(line);
    }

    fn dim(&self, text: &str) -> String {
        if self.view.colours { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn shows_result(state_type: StateType) -> bool {
    match state_type {
        StateType::Task | StateType::Pass | StateType::Parallel | StateType::Map => true,
        StateType::Choice | StateType::Wait | StateType::Succeed | StateType::Fail => false,
    }
}

/// Columns that the text takes on the screen; colour sequences take none.
fn columns(text: &str) -> usize {
    fitted_columns(text, usize::MAX).1
}

/// The text cut to a width in columns. A line that ran over would break the drawing.
fn fitted(text: &str, width: usize) -> String {
    let (end, _) = fitted_columns(text, width);
    match text.get(..end) {
        Some(kept) if kept.len() < text.len() && text.contains('\x1b') => format!("{kept}\x1b[0m"),
        Some(kept) => kept.to_owned(),
        None => String::new(),
    }
}

/// Where the text must end to fit, and the columns up to there.
fn fitted_columns(text: &str, width: usize) -> (usize, usize) {
    let mut is_sequence = false;
    let mut used = 0;
    for (at, c) in text.char_indices() {
        match (is_sequence, c) {
            (false, '\x1b') => is_sequence = true,
            (true, 'm') => is_sequence = false,
            (true, _) => {}
            (false, c) => {
                // East Asian and pictographic characters are two columns wide; what is not known to be narrow counts so.
                let wide = c >= '\u{1100}' && !('\u{2000}'..='\u{2bff}').contains(&c);
                used += if wide { 2 } else { 1 };
                if used > width {
                    return (at, used);
                }
            }
        }
    }
    (text.len(), used)
}

/// The last lines, where what happens is; what does not fit is counted in the first.
fn bounded(mut lines: Vec<String>, height: usize) -> Vec<String> {
    let height = height.max(2);
    if lines.len() > height {
        let hidden = lines.len() - height + 1;
        lines.drain(..hidden);
        lines.insert(0, format!("… {hidden} lines above"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use json::Payload;
    use model::{EventDetails, EventId, Failure, HistoryEvent};

    #[test]
    fn lines_are_cut_to_columns_and_colours_are_not_counted() {
        assert_eq!(fitted("\x1b[32m✓\x1b[0m abc", 3), "\x1b[32m✓\x1b[0m a\x1b[0m");
        assert_eq!(fitted("日本語", 4), "日本");
        assert_eq!(fitted("abc", 3), "abc");
        assert_eq!(columns("\x1b[2mab\x1b[0m"), 2);
    }

    #[test]
    fn what_does_not_fit_the_height_is_counted() {
        let lines: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        assert_eq!(bounded(lines.clone(), 3), ["… 8 lines above", "8", "9"]);
        assert_eq!(bounded(lines.clone(), 10), lines);
    }

    /// Two branches of a Parallel: one waits for a retry, the other is done.
    fn forked() -> Progress {
        let definition = r#"{"StartAt": "Fork", "States": {"Fork": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "L", "States": {"L": {"Type": "Pass", "End": true}}},
            {"StartAt": "R", "States": {"R": {"Type": "Pass", "End": true}}}]}}}"#;
        let definition = asl::compile(definition, model::StateMachineType::Standard).unwrap().definition;
        let mut progress = Progress::new(&definition);
        let entered = |state_type, name: &str| EventDetails::StateEntered {
            state_type,
            name: name.into(),
            input: Payload::from_stored_text("{}").into(),
        };
        let exited = EventDetails::StateExited {
            state_type: StateType::Pass,
            name: "R".into(),
            output: Payload::from_stored_text("[1,\n 2]").into(),
            assigned_variables: Vec::new(),
        };
        let failed = EventDetails::LambdaFunctionFailed(Failure::new("Busy", "come again"));
        let events = [
            (0, entered(StateType::Parallel, "Fork")),
            (1, EventDetails::ParallelStateStarted),
            (2, entered(StateType::Task, "L")),
            (2, entered(StateType::Pass, "R")),
            (3, failed),
            (4, exited),
        ];
        for (at, (previous, details)) in events.into_iter().enumerate() {
            let id = EventId(at as u64 + 1);
            let timestamp = Timestamp(at as i64 * 100);
            progress.take(&HistoryEvent { id, previous: EventId(previous), timestamp, details });
        }
        progress
    }

    #[test]
    fn branches_stand_below_their_state_with_times_errors_and_results() {
        let view = View { width: 60, height: 10, colours: false, tick: 0 };
        let expected = [
            "⠋ Fork  1.00 s",
            "  branch 1 ⠋ L  800 ms · will retry after Busy: come again",
            "  branch 2 ✓ R  200 ms · [1, 2]",
        ];
        assert_eq!(lines(&forked(), Timestamp(1_000), view), expected);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 1..70 {
            let view = View { width, height: 10, colours: true, tick: 3 };
            assert!(lines(&forked(), Timestamp(1_000), view).iter().all(|line| columns(line) <= width));
        }
    }
}
