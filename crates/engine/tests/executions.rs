//! Starting, describing, listing, reading the history of, and stopping executions; what changes to machines mean to them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{StartError, StateMachineUpdate};
use model::{EventId, ExecutionArn, ExecutionStatus, Failure};
use std::collections::HashSet;
use std::sync::Arc;
use store::{Direction, KeyRange, Store, Table};
use support::{Bed, Process, Reaction, chain, request, token_task, wait};

on_both_stores!(
    an_execution_runs_to_its_end_and_is_described,
    a_failing_execution_shows_error_and_cause,
    an_integration_that_panics_fails_the_task_and_not_the_engine,
    history_pages_in_both_directions,
    executions_are_listed_newest_first_page_by_page_and_by_status,
    the_same_name_and_input_while_running_is_the_same_start,
    starts_of_one_name_at_the_same_moment_are_one_execution,
    a_name_is_taken_for_another_input_and_after_the_end,
    stopping_aborts_with_the_error_given_and_happens_once,
    deleting_a_machine_stops_its_executions,
    an_update_leaves_running_executions_on_their_revision,
    a_machine_of_the_same_name_made_anew_does_not_change_the_old_executions,
    a_large_document_is_stored_once_however_often_it_is_named,
);

fn an_execution_runs_to_its_end_and_is_described(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b"]));
    let mut start = request(&machine, "e", r#"{"x":  1}"#);
    start.trace_header = Some("Root=1".into());
    let started = process.run(process.engine.start_execution(start)).unwrap();
    let record = process.ended(&started.arn);

    assert_eq!(record.status, ExecutionStatus::Succeeded);
    assert_eq!(&**record.input.text(), r#"{"x":  1}"#);
    assert_eq!(&**record.output.unwrap().text(), r#"{"execution":"e","state":"b","attempt":0}"#);
    assert_eq!((record.started_at, &*record.name), (started.started_at, "e"));
    assert!(record.stopped_at.unwrap() >= record.started_at);
    assert_eq!(record.trace_header.as_deref(), Some("Root=1"));
    assert_eq!(record.failure, None);
    assert_eq!(bed.script.calls().len(), 2);
    let unknown = ExecutionArn("arn:aws:states:us-east-1:000000000000:execution:m:none".into());
    assert!(process.engine.execution(&unknown).unwrap().is_none());
}

fn a_failing_execution_shows_error_and_cause(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Fail("Broken")]);
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b"]));
    let record = process.ended(&process.start(&machine, "e"));
    assert_eq!(record.status, ExecutionStatus::Failed);
    assert_eq!(record.failure, Some(Failure::new("Broken", "as told")));
    assert_eq!((bed.script.calls_of("a"), bed.script.calls_of("b")), (1, 0));
}

fn an_integration_that_panics_fails_the_task_and_not_the_engine(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Panic, Reaction::Echo]);
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a"]));
    let arn = process.start(&machine, "e");
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert_eq!(bed.script.calls_of("a"), 2);
    assert!(process.types(&arn).contains(&"LambdaFunctionFailed"));
}

fn history_pages_in_both_directions(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b", "c"]));
    let arn = process.start(&machine, "e");
    process.ended(&arn);
    let whole: Vec<u64> = process.history(&arn).iter().map(|event| event.id.0).collect();
    assert_eq!(whole, (1..=17).collect::<Vec<u64>>());

    for page_length in [1, 2, 5, 17, 100] {
        for reverse in [false, true] {
            let mut ids = Vec::new();
            let mut after = None;
            loop {
                let page = process.engine.history(&arn, after, page_length, reverse).unwrap();
                assert!(page.items.len() <= page_length);
                ids.extend(page.items.iter().map(|event| event.id.0));
                let Some(next) = page.next else { break };
                assert_eq!(page.items.len(), page_length);
                after = Some(EventId(u64::from_be_bytes(next.try_into().unwrap())));
            }
            if reverse {
                ids.reverse();
            }
            assert_eq!(ids, whole, "pages of {page_length}, reverse: {reverse}");
        }
    }
}

fn executions_are_listed_newest_first_page_by_page_and_by_status(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Echo, Reaction::Echo, Reaction::Fail("Broken")]);
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a"]));
    let waiting = process.create("waits", &wait(100));
    let arns: Vec<ExecutionArn> = (0..7)
        .map(|i| {
            let arn = process.start(&machine, &format!("e{i}"));
            process.ended(&arn);
            arn
        })
        .collect();
    let still = process.start(&waiting, "still");

    let mut listed = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = process.engine.executions(&machine.arn, None, after.as_deref(), 3).unwrap();
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(listed.is_sorted_by(|a, b| a.started_at >= b.started_at));
    let of = |status: ExecutionStatus| -> HashSet<ExecutionArn> {
        let page = process.engine.executions(&machine.arn, Some(status), None, 100).unwrap();
        assert!(page.items.iter().all(|record| record.status == status));
        page.items.into_iter().map(|record| record.arn).collect()
    };
    assert_eq!(listed.len(), 7);
    assert_eq!(listed.into_iter().map(|r| r.arn).collect::<HashSet<_>>(), arns.iter().cloned().collect());
    assert_eq!(of(ExecutionStatus::Succeeded), arns[..2].iter().cloned().collect());
    assert_eq!(of(ExecutionStatus::Failed), arns[2..].iter().cloned().collect());
    assert_eq!(of(ExecutionStatus::Running), HashSet::new());
    let running = process.engine.executions(&waiting.arn, Some(ExecutionStatus::Running), None, 1).unwrap();
    assert_eq!((running.items.len(), running.next), (1, None));
    assert_eq!(running.items[0].arn, still);
}

fn the_same_name_and_input_while_running_is_the_same_start(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    let first = process.run(process.engine.start_execution(request(&machine, "e", "{}"))).unwrap();
    process.until("the call", || bed.script.calls_of("ask") == 1);
    let again = process.run(process.engine.start_execution(request(&machine, "e", "{}"))).unwrap();
    assert_eq!(first, again);
    process.kill();

    let process = bed.boot();
    let after_restart = process.run(process.engine.start_execution(request(&machine, "e", "{}"))).unwrap();
    assert_eq!(first, after_restart);
}

fn starts_of_one_name_at_the_same_moment_are_one_execution(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    for round in 0..20 {
        let name = format!("e{round}");
        let starts: Vec<_> = (0..8)
            .map(|i| {
                let (engine, machine, name) = (process.engine.clone(), machine.clone(), name.clone());
                let input = format!(r#"{{"input":{}}}"#, i % 2);
                let starting = async move {
                    let outcome = engine.start_execution(request(&machine, &name, &input)).await;
                    (input, outcome)
                };
                process.spawn(starting)
            })
            .collect();
        let outcomes: Vec<_> = starts.into_iter().map(|start| process.run(start).unwrap()).collect();
        let arn = process.engine.partition().execution("m", &name);
        let input = process.engine.execution(&arn).unwrap().unwrap().input;
        for (asked, outcome) in outcomes {
            match outcome {
                Ok(started) => assert_eq!((started.arn, &*asked), (arn.clone(), &**input.text())),
                Err(StartError::AlreadyExists(taken)) => {
                    assert_eq!(taken, arn);
                    assert_ne!(asked, **input.text());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    process.until("the calls", || bed.script.calls_of("ask") == 20);
}

fn a_name_is_taken_for_another_input_and_after_the_end(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    let arn = process.start(&machine, "e");
    let try_with =
        |process: &Process, input| process.run(process.engine.start_execution(request(&machine, "e", input)));
    let refused = |outcome| match outcome {
        Err(StartError::AlreadyExists(taken)) => taken == arn,
        Ok(_) | Err(_) => false,
    };
    assert!(refused(try_with(&process, r#"{"other":1}"#)));
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert!(refused(try_with(&process, "{}")));
    assert!(refused(try_with(&process, r#"{"other":1}"#)));
    process.kill();
    assert!(refused(try_with(&bed.boot(), "{}")));
}

fn stopping_aborts_with_the_error_given_and_happens_once(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(100));
    let arn = process.start(&machine, "e");
    let stop = |failure| process.run(process.engine.stop_execution(&arn, failure)).unwrap();
    let stopped_at = stop(Failure::new("Enough", "of it")).unwrap();
    assert_eq!(stop(Failure::named("Again")), Some(stopped_at));

    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Aborted);
    assert_eq!(record.failure, Some(Failure::new("Enough", "of it")));
    assert_eq!(record.stopped_at, Some(stopped_at));
    assert_eq!(process.types(&arn).iter().filter(|event| **event == "ExecutionAborted").count(), 1);
    let unknown = process.engine.partition().execution("m", "none");
    assert_eq!(process.run(process.engine.stop_execution(&unknown, Failure::default())).unwrap(), None);
}

fn deleting_a_machine_stops_its_executions(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    let other = process.create("other", &wait(100));
    let arns: Vec<_> = (0..20).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    let of_other = process.start(&other, "e");
    process.run(process.engine.delete_state_machine(&machine.arn.0)).unwrap();

    assert!(process.engine.machines().get(&machine.arn.0).unwrap().is_none());
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Aborted);
    }
    assert_eq!(process.engine.execution(&of_other).unwrap().unwrap().status, ExecutionStatus::Running);
    process.run(process.engine.delete_state_machine(&machine.arn.0)).unwrap();
}

fn an_update_leaves_running_executions_on_their_revision(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    let old = process.start(&machine, "old");
    process.until("the call", || bed.script.token(&old).is_some());
    let text = chain(&["new"]);
    let definition = Arc::new(asl::compile(&text, machine.machine_type).unwrap().definition);
    let update = StateMachineUpdate {
        definition: Some((text.as_str().into(), definition)),
        ..StateMachineUpdate::default()
    };
    let updated = process.run(process.engine.machines().update(&machine.arn.0, update)).unwrap().unwrap();
    assert!(updated.revision > machine.revision && updated.revision_id.is_some());
    process.kill();

    // The old definition is read back by a process that never saw it.
    let process = bed.boot();
    let token = bed.script.token(&old).unwrap();
    let output = json::Payload::from_text("\"answered\"").unwrap();
    process.run(process.engine.send_task_success(&token, output)).unwrap();
    let record = process.ended(&old);
    assert_eq!(&**record.output.unwrap().text(), "\"answered\"");
    assert_eq!(record.machine.definition_text, machine.definition_text);

    let current = process.engine.machines().get(&machine.arn.0).unwrap().unwrap();
    let new = process.start(&current, "new");
    assert_eq!(process.ended(&new).machine.definition_text, updated.definition_text);
    assert_eq!(bed.script.calls_of("new"), 1);
}

fn a_machine_of_the_same_name_made_anew_does_not_change_the_old_executions(bed: &Bed) {
    let process = bed.boot();
    let first = process.create("m", &wait(100));
    let old = process.start(&first, "old");
    process.run(process.engine.delete_state_machine(&first.arn.0)).unwrap();
    process.ended(&old);
    let second = process.create("m", &chain(&["a"]));
    assert!(second.revision > first.revision);
    process.kill();
    let process = bed.boot();
    assert_eq!(
        process.engine.execution(&old).unwrap().unwrap().machine.definition_text,
        first.definition_text
    );
}

fn a_large_document_is_stored_once_however_often_it_is_named(bed: &Bed) {
    const PASSES_AND_WAITS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "W"},
        "W": {"Type": "Wait", "Seconds": 600, "Next": "Q"}, "Q": {"Type": "Pass", "End": true}}}"#;
    // Nothing in it repeats, so that compressing it saves nothing of note.
    let numbers = (0..10_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    let input = format!("[{}]", numbers.collect::<Vec<_>>().join(","));
    let mut process = bed.boot();
    let waiting = process.create("waits", PASSES_AND_WAITS);
    let passing = process.create("passes", &PASSES_AND_WAITS.replace("600", "0"));
    let start = |process: &Process, machine: &Arc<_>, input: &str| {
        process.run(process.engine.start_execution(request(machine, "e", input)))
    };
    let ended = process.ended(&start(&process, &passing, &input).unwrap().arn);
    assert_eq!((&**ended.input.text(), &**ended.output.unwrap().text()), (&*input, &*input));
    let stored: usize = [Table::Executions, Table::Facts]
        .into_iter()
        .flat_map(|table| {
            process.store.scan(table, KeyRange::all(), Direction::Forward, 1000).unwrap().records
        })
        .map(|(_, value)| value.len())
        .sum();
    assert!(stored < input.len() + 2000, "{stored} bytes for {}", input.len());

    let first = start(&process, &waiting, &input).unwrap();
    process.until_events(&first.arn, "WaitStateEntered", 1);
    for _ in 0..2 {
        assert_eq!(start(&process, &waiting, &input).unwrap(), first);
        let other = start(&process, &waiting, &input.replace('1', "2"));
        assert!(matches!(other, Err(StartError::AlreadyExists(_))), "{other:?}");
        assert_eq!(&**process.engine.execution(&first.arn).unwrap().unwrap().input.text(), input);
        // The next process knows it from the store alone.
        process.kill();
        process = bed.boot();
    }
}
