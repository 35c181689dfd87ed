//! Makes a script that goes wrong as short as it can be.

use crate::script::{Script, Step};

/// The script with as few of its steps as still go wrong: taking out any one of them, it goes well. At most so many runs
/// are made.
#[must_use]
pub fn shortened(script: &Script, goes_wrong: impl Fn(&Script) -> bool, mut runs: usize) -> Script {
    let mut best = script.clone();
    let mut part = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut was_shortened = false;
        let mut from = 0;
        while from < best.steps.len() && runs > 0 {
            let without = without(&best, from, part);
            runs -= 1;
            if goes_wrong(&without) {
                best = without;
                was_shortened = true;
            } else {
                from += part;
            }
        }
        if runs == 0 || (part == 1 && !was_shortened) {
            return best;
        }
        part = (part / 2).max(1);
    }
}

fn without(script: &Script, from: usize, part: usize) -> Script {
    let is_kept = |index: usize| index < from || index >= from + part;
    let steps: Vec<Step> = script
        .steps
        .iter()
        .enumerate()
        .filter(|(index, _)| is_kept(*index))
        .map(|(_, step)| step.clone())
        .collect();
    Script { seed: script.seed, steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_it_takes() {
        let script = Script::from_seed(7);
        assert!(script.steps.len() > 8, "{script}");
        let takes = [script.steps[2].number, script.steps[7].number];
        let goes_wrong = |script: &Script| {
            takes.iter().all(|number| script.steps.iter().any(|step| step.number == *number))
        };
        let short = shortened(&script, goes_wrong, 1_000);
        assert_eq!(short.steps.iter().map(|step| step.number).collect::<Vec<_>>(), takes);
        assert_eq!(short, script.only(&takes));
    }
}
