//! What holds of every definition and of everything that can happen to its executions.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "support/definitions.rs"]
mod definitions;
mod harness;
#[path = "support/world.rs"]
mod world;

use asl::Definition;
use definitions::{Node, block};
use harness::{START, check};
use machine::{DecodeError, Execution, Fact, FactKind, Private, Stimulus, TaskProgress};
use model::{ExecutionStatus, Failure, StateMachineType};
use proptest::prelude::*;
use world::{Happening, World, answer, happenings, take, token};

fn compiled(text: &str) -> Definition {
    match asl::compile(text, StateMachineType::Standard) {
        Ok(compiled) => compiled.definition,
        Err(problems) => panic!("{}\n{text}", asl::invalid_definition_message(&problems)),
    }
}

fn any_definition(nodes: &[Node]) -> Definition {
    compiled(&definitions::to_text(nodes))
}

fn run(definition: &Definition, happenings: &[Happening], seed: u64, dies: bool) -> Vec<Fact> {
    let mut world = World::new(definition, seed, dies);
    for happening in happenings {
        world.happens(happening);
    }
    world.settle();
    world.happens(&Happening::Redrive);
    world.settle();
    check(&world.facts, &world.execution);
    world.facts
}

/// What goes wrong with a task.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Nothing,
    Fails,
    /// Somebody stops the execution while the task is under way.
    Stopped,
}

fn mishaps() -> impl Strategy<Value = Vec<Mishap>> {
    let mishap =
        prop_oneof![3 => Just(Mishap::Nothing), 3 => Just(Mishap::Fails), 1 => Just(Mishap::Stopped)];
    proptest::collection::vec(mishap, 0..30)
}

/// The output of an execution to which nothing happens.
fn output(definition: &Definition) -> Option<String> {
    let mut world = World::new(definition, 1, false);
    world.settle();
    world.execution.output.map(|output| output.text().to_string())
}

/// The output of an execution that is redriven whenever a mishap ended it.
fn output_after(definition: &Definition, mishaps: &[Mishap], order: usize) -> Option<String> {
    let mut world = World::new(definition, 1, false);
    let mut left = mishaps.iter();
    for round in 0..2_000_usize {
        if world.execution.status == ExecutionStatus::Succeeded {
            break;
        }
        // A mishap ends it once at the most.
        if world.execution.redrive_count > mishaps.len() as u64 {
            break;
        }
        if world.execution.is_closed() {
            world.give(Stimulus::Redrive);
            continue;
        }
        let Some(task) = world.pick(round.wrapping_mul(order)) else {
            world.happens(&Happening::Time { millis: None });
            continue;
        };
        if task.progress == TaskProgress::Queued {
            world.give(take(&task));
            continue;
        }
        let kind = match left.next() {
            None | Some(Mishap::Nothing) => 0,
            Some(Mishap::Fails) => 11,
            Some(Mishap::Stopped) => {
                world.give(Stimulus::Stop { failure: Failure::default() });
                continue;
            }
        };
        world.give(token(&task, kind).unwrap_or_else(|| answer(&task, kind)));
    }
    world.execution.output.map(|output| output.text().to_string())
}

#[test]
fn a_record_of_a_later_version_is_refused_by_name() {
    let fact = Fact { scope: machine::ScopeId::ROOT, kind: FactKind::Private(Private::WaitUntil(START)) };
    let mut record = Fact::encode(&[fact]);
    record[0] = 9;
    let refused = Fact::decode(&record).unwrap_err();
    assert_eq!(refused, DecodeError::NewerVersion(9));
    assert!(refused.to_string().contains("format version 9"));
    assert!(matches!(Fact::decode(&[]), Err(DecodeError::Damaged(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In any order of events the invariants hold after each; the execution waits for something or has ended; and in the
    /// end it ends. The same seed decides the same, whether or not the execution is rebuilt from its facts in between.
    #[test]
    fn every_execution_keeps_its_invariants_and_ends(
        nodes in block(),
        happenings in happenings(),
        seed in any::<u64>(),
    ) {
        let definition = any_definition(&nodes);
        let facts = run(&definition, &happenings, seed, false);
        prop_assert_eq!(facts, run(&definition, &happenings, seed, true));
    }

    /// However often tasks fail and executions are stopped, redriving leads to the output that comes of no mishap at all:
    /// nothing that succeeded is done again in another way, and nothing is forgotten.
    #[test]
    fn redriving_leads_to_the_output_without_mishaps(
        nodes in block(),
        mishaps in mishaps(),
        order in any::<usize>(),
    ) {
        let definition = compiled(&definitions::to_tame_text(&nodes));
        let expected = output(&definition);
        // Some definitions fail by themselves: a path that leads nowhere.
        prop_assume!(expected.is_some());
        prop_assert_eq!(output_after(&definition, &mishaps, order), expected);
    }

    /// A record that was damaged is refused, or read as some other fact that does no harm.
    #[test]
    fn damaged_records_do_no_harm(
        nodes in block(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let definition = any_definition(&nodes);
        let mut execution = Execution::new();
        for fact in run(&definition, &[], 1, false) {
            let mut record = Fact::encode(&[fact]);
            for (place, bits) in &damage {
                let place = place.index(record.len());
                record[place] ^= bits;
            }
            if let Some(cut) = &cut {
                record.truncate(cut.index(record.len()));
            }
            if let Ok(read) = Fact::decode(&record) {
                read.iter().for_each(|fact| execution.apply(fact));
                let _ = (execution.outstanding(), execution.next_timer());
            }
        }
    }

    /// Facts that got into another order than they happened in give nonsense, but no crash.
    #[test]
    fn facts_in_any_order_can_be_applied(
        nodes in block(),
        happenings in happenings(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let definition = any_definition(&nodes);
        let facts = run(&definition, &happenings, 1, false);
        let mut execution = Execution::new();
        for index in order {
            execution.apply(index.get(&facts));
            let _ = (execution.outstanding(), execution.next_timer());
        }
    }
}
