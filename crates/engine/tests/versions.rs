//! Versions and aliases.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{AliasError, Publication, PublishError, Route, StartExecution, StateMachineUpdate};
use model::{EventDetails, ExecutionArn, ExecutionStatus, StateMachineArn};
use std::collections::HashSet;
use std::sync::Arc;
use support::{Bed, Process, request};

on_both_stores!(
    a_revision_is_published_once_and_stays_as_it_was,
    numbers_are_never_given_twice,
    an_expected_revision_must_be_the_current_one,
    an_alias_routes_by_its_weights_and_outlives_the_process,
    executions_keep_what_they_were_started_with,
    a_version_with_an_alias_is_not_deleted,
    deleting_a_machine_deletes_its_versions_and_aliases,
    quotas_are_kept,
);

fn definition(result: u64) -> String {
    format!(r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Pass", "Result": {result}, "End": true}}}}}}"#)
}

fn publish(process: &Process, arn: &StateMachineArn) -> engine::Version {
    process.run(process.engine.machines().publish(&arn.0, None, Publication::default())).unwrap()
}

fn update(process: &Process, arn: &StateMachineArn, text: &str) {
    let definition = asl::compile(text, model::StateMachineType::Standard).unwrap().definition;
    let definition = Some((text.into(), Arc::new(definition)));
    let update = StateMachineUpdate { definition, ..StateMachineUpdate::default() };
    process.run(process.engine.machines().update(&arn.0, update)).unwrap().unwrap();
}

/// A machine with the versions 1 and 2, whose executions give 1 and 2.
fn with_two_versions(process: &Process) -> StateMachineArn {
    let arn = process.create("m", &definition(1)).arn.clone();
    publish(process, &arn);
    update(process, &arn, &definition(2));
    publish(process, &arn);
    arn
}

fn alias(
    process: &Process,
    arn: &StateMachineArn,
    name: &str,
    routes: &[(u64, u32)],
) -> Result<engine::Alias, AliasError> {
    let routes =
        routes.iter().map(|(version, weight)| Route { version: *version, weight: *weight }).collect();
    process.run(process.engine.machines().create_alias(arn, name.into(), None, routes))
}

/// Starts an execution by an ARN that may be qualified.
fn start(process: &Process, arn: &str, name: &str) -> Option<ExecutionArn> {
    let (machine, through) = process.engine.machines().to_start(arn).unwrap()?;
    let start = StartExecution { through, ..request(&machine, name, "{}") };
    Some(process.run(process.engine.start_execution(start)).unwrap().arn)
}

fn output(process: &Process, arn: &ExecutionArn) -> String {
    let record = process.ended(arn);
    assert_eq!(record.status, ExecutionStatus::Succeeded);
    record.output.unwrap().text().to_string()
}

fn numbers(process: &Process, arn: &StateMachineArn) -> Vec<u64> {
    let page = process.engine.machines().versions(arn, None, 100).unwrap();
    page.items.iter().map(|version| version.number).collect()
}

fn a_revision_is_published_once_and_stays_as_it_was(bed: &Bed) {
    let process = bed.boot();
    let arn = with_two_versions(&process);
    assert_eq!(publish(&process, &arn).number, 2);
    process.kill();

    let process = bed.boot();
    assert_eq!(publish(&process, &arn).number, 2);
    assert_eq!(numbers(&process, &arn), [2, 1]);
    let machines = process.engine.machines();
    let first = machines.version(&arn, 1).unwrap().unwrap();
    assert_eq!(&*machines.at_version(&arn, &first).unwrap().definition_text, definition(1));
    let page = machines.versions(&arn, None, 1).unwrap();
    assert_eq!(page.next.unwrap(), 2_u64.to_be_bytes());
    assert_eq!(machines.versions(&arn, Some(2), 1).unwrap().next, None);
}

fn numbers_are_never_given_twice(bed: &Bed) {
    let process = bed.boot();
    let arn = with_two_versions(&process);
    process.run(process.engine.machines().delete_version(&arn, 2)).unwrap().unwrap();
    process.run(process.engine.machines().delete_version(&arn, 7)).unwrap().unwrap();
    assert_eq!(numbers(&process, &arn), [1]);
    assert_eq!(start(&process, &arn.version(2), "e"), None);
    process.kill();

    let process = bed.boot();
    assert_eq!(publish(&process, &arn).number, 3);
    assert_eq!(numbers(&process, &arn), [3, 1]);
}

fn an_expected_revision_must_be_the_current_one(bed: &Bed) {
    let process = bed.boot();
    let arn = process.create("m", &definition(1)).arn.clone();
    let expecting = |id: Option<&str>| {
        process.run(process.engine.machines().publish(&arn.0, Some(id), Publication::default()))
    };
    assert!(matches!(expecting(Some("other")), Err(PublishError::OtherRevision { current: None })));
    assert_eq!(expecting(None).unwrap().number, 1);
    update(&process, &arn, &definition(2));
    let id = process.engine.machines().get(&arn.0).unwrap().unwrap().revision_id.clone();
    assert!(matches!(expecting(None), Err(PublishError::OtherRevision { current }) if current == id));
    assert_eq!(expecting(id.as_deref()).unwrap().number, 2);
    let missing = process.engine.partition().state_machine("none");
    let none = process.run(process.engine.machines().publish(&missing.0, None, Publication::default()));
    assert!(matches!(none, Err(PublishError::NoMachine)));
}

fn an_alias_routes_by_its_weights_and_outlives_the_process(bed: &Bed) {
    let process = bed.boot();
    let arn = with_two_versions(&process);
    alias(&process, &arn, "split", &[(1, 50), (2, 50)]).unwrap();
    let all = alias(&process, &arn, "all", &[(1, 0), (2, 100)]).unwrap();
    process.kill();

    let process = bed.boot();
    let machines = process.engine.machines();
    let known: Vec<Arc<str>> =
        machines.aliases_to(&arn, None).unwrap().into_iter().map(|alias| alias.name).collect();
    assert_eq!(known, ["split".into(), "all".into()]);
    assert_eq!(machines.alias(&arn, "all").unwrap().unwrap(), all);
    let outputs = |name: &str| -> HashSet<String> {
        let arns: Vec<ExecutionArn> =
            (0..40).map(|n| start(&process, &arn.alias(name), &format!("{name}{n}")).unwrap()).collect();
        arns.iter().map(|arn| output(&process, arn)).collect()
    };
    assert_eq!(outputs("all"), HashSet::from(["2".to_owned()]));
    // The chance that one half of the weights gets none of 40 is one in half a million million.
    assert_eq!(outputs("split"), HashSet::from(["1".to_owned(), "2".to_owned()]));
    let routes = Some(vec![Route { version: 1, weight: 100 }]);
    let updated = process.run(machines.update_alias(&arn, "all", Some("x".into()), routes)).unwrap();
    assert!(updated.updated_at >= updated.created_at);
    let again = start(&process, &arn.alias("all"), "again").unwrap();
    assert_eq!(output(&process, &again), "1");
    assert_eq!(start(&process, &arn.alias("none"), "e"), None);
}

fn executions_keep_what_they_were_started_with(bed: &Bed) {
    let process = bed.boot();
    let arn = process.create("m", &support::wait(2)).arn.clone();
    publish(&process, &arn);
    alias(&process, &arn, "prod", &[(1, 100)]).unwrap();
    let plain = start(&process, &arn.0, "plain").unwrap();
    let by_version = start(&process, &arn.version(1), "by-version").unwrap();
    let by_alias = start(&process, &arn.alias("prod"), "by-alias").unwrap();
    update(&process, &arn, &definition(2));
    process.run(process.engine.machines().delete_alias(&arn, "prod")).unwrap();
    process.run(process.engine.machines().delete_version(&arn, 1)).unwrap().unwrap();
    process.kill();

    let process = bed.boot();
    let through = |execution: &ExecutionArn| {
        let record = process.ended(execution);
        assert_eq!(&*record.machine.definition_text, support::wait(2));
        (record.through.version_arn, record.through.alias_arn)
    };
    let (version, prod) = (Some(arn.version(1)), Some(arn.alias("prod")));
    assert_eq!(through(&plain), (None, None));
    assert_eq!(through(&by_version), (version.clone(), None));
    assert_eq!(through(&by_alias), (version.clone(), prod.clone()));
    let started = process.history(&by_alias).remove(0);
    assert!(matches!(started.details, EventDetails::ExecutionStarted {
        state_machine_alias_arn, state_machine_version_arn, ..
    } if state_machine_alias_arn == prod && state_machine_version_arn == version));

    let listed = |arn: Arc<str>| {
        let ended = Some(ExecutionStatus::Succeeded);
        let page = process.engine.executions(&StateMachineArn(arn), ended, None, 100).unwrap();
        page.items.into_iter().map(|record| record.arn).collect::<HashSet<_>>()
    };
    assert_eq!(listed(arn.0.clone()), HashSet::from([plain, by_version.clone(), by_alias.clone()]));
    assert_eq!(listed(arn.version(1)), HashSet::from([by_version, by_alias.clone()]));
    assert_eq!(listed(arn.alias("prod")), HashSet::from([by_alias]));
}

fn a_version_with_an_alias_is_not_deleted(bed: &Bed) {
    let process = bed.boot();
    let arn = with_two_versions(&process);
    alias(&process, &arn, "b", &[(1, 100)]).unwrap();
    alias(&process, &arn, "a", &[(2, 10), (1, 90)]).unwrap();
    let machines = process.engine.machines();
    let delete = |number| process.run(machines.delete_version(&arn, number)).unwrap();
    assert_eq!(delete(1), Err(vec!["b".into(), "a".into()]));
    assert_eq!(delete(2), Err(vec!["a".into()]));
    process.run(machines.delete_alias(&arn, "a")).unwrap();
    process.run(machines.delete_alias(&arn, "a")).unwrap();
    assert_eq!(delete(2), Ok(()));
    assert!(matches!(alias(&process, &arn, "c", &[(2, 100)]), Err(AliasError::DoesNotExist)));
    let same = alias(&process, &arn, "b", &[(1, 100)]).unwrap();
    assert_eq!(same, machines.alias(&arn, "b").unwrap().unwrap());
    let gone = process.run(machines.update_alias(&arn, "a", Some("x".into()), None));
    assert!(matches!(gone, Err(AliasError::DoesNotExist)));
}

fn deleting_a_machine_deletes_its_versions_and_aliases(bed: &Bed) {
    let process = bed.boot();
    let arn = with_two_versions(&process);
    alias(&process, &arn, "prod", &[(1, 100)]).unwrap();
    process.run(process.engine.delete_state_machine(&arn.0)).unwrap();
    for qualified in [arn.version(1), arn.alias("prod")] {
        assert_eq!(start(&process, &qualified, "e"), None);
    }
    process.kill();

    let process = bed.boot();
    process.create("m", &definition(3));
    assert_eq!(numbers(&process, &arn), [0; 0]);
    assert!(process.engine.machines().aliases_to(&arn, None).unwrap().is_empty());
    assert_eq!(publish(&process, &arn).number, 1);
}

fn quotas_are_kept(bed: &Bed) {
    let process = bed.boot();
    let arn = with_two_versions(&process);
    for number in 0..model::limits::ALIASES {
        alias(&process, &arn, &format!("a{number}"), &[(1, 100)]).unwrap();
    }
    assert!(matches!(alias(&process, &arn, "more", &[(1, 100)]), Err(AliasError::TooMany)));
    alias(&process, &arn, "a7", &[(1, 100)]).unwrap();
    for number in 3..=model::limits::VERSIONS as u64 {
        update(&process, &arn, &definition(number));
        publish(&process, &arn);
    }
    update(&process, &arn, &definition(0));
    let more = process.run(process.engine.machines().publish(&arn.0, None, Publication::default()));
    assert!(matches!(more, Err(PublishError::TooManyVersions)));
    process.run(process.engine.machines().delete_version(&arn, 2)).unwrap().unwrap();
    assert_eq!(publish(&process, &arn).number, 1001);
}
