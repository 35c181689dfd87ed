//! Map.

use super::{catch, fields, inner_block, retry};
use crate::checker::Checker;
use crate::definition::{Block, Map, MapItems, ValueTemplate};
use crate::distributed::{Distributed, ItemReader};
use crate::rules::jsonata::{self, Sees};
use crate::rules::number_ranges::{COUNT, MAX_ITEMS};
use crate::rules::{
    exclusive_fields, item_batcher, item_reader, labels, map_processor, reference_paths, result_writer,
    templates, unsupported_fields, value_types,
};
use crate::tree::{Field, Object, Place};
use model::StateMachineType;

/// The fields of a Map.
pub(super) fn map(state: &Object<'_>, cx: &mut Checker) -> Option<Map> {
    exclusive_fields::exactly_one(state, exclusive_fields::PROCESSOR, cx);
    let items = items(state, cx);
    let item_selector = item_selector(state, cx);
    let processor = processor(state, cx);
    let has_distributed_fields =
        ["ItemReader", "ItemBatcher", "ResultWriter"].iter().any(|name| state.has(name));
    let distributed = distributed(state, cx);
    let max_concurrency = fields::integer(state, exclusive_fields::MAX_CONCURRENCY, COUNT, cx);
    let count = exclusive_fields::TOLERATED_COUNT;
    let tolerated_failure_count = fields::integer(state, count, COUNT, cx);
    let percentage = exclusive_fields::TOLERATED_PERCENTAGE;
    let tolerated_failure_percentage = fields::percentage(state, percentage, cx);
    let result_selector = templates::optional(state, "ResultSelector", cx);
    let result_path = reference_paths::result_path(state, cx);
    let retry = retry::retriers(state, cx);
    let catch = catch::catchers(state, cx);
    let transition = fields::transition(state, cx);
    let (processor, execution_type) = processor?;
    let distributed = distributed?;
    let distributed =
        execution_type.map(|execution_type| Box::new(Distributed { execution_type, ..*distributed }));
    Some(Map {
        items: items?,
        item_selector: item_selector?,
        processor,
        distributed,
        max_concurrency: max_concurrency?,
        tolerated_failure_count: tolerated_failure_count?,
        tolerated_failure_percentage: tolerated_failure_percentage?,
        has_distributed_fields,
        result_selector: result_selector?,
        result_path: result_path?,
        retry: retry?,
        catch: catch?,
        transition: transition?,
    })
}

/// ItemsPath, or Items in JSONata.
fn items(state: &Object<'_>, cx: &mut Checker) -> Option<MapItems> {
    if !state.is_jsonata() {
        return match fields::reference(state, "ItemsPath", cx) {
            Some(path) => Some(MapItems::Path(Some(path?))),
            None => Some(MapItems::Path(None)),
        };
    }
    let Some(field) = state.field("Items") else { return Some(MapItems::Query(None)) };
    if jsonata::expression(&field, cx).is_none() {
        // AWS: unconfirmed, chosen because nothing else can ever be iterated.
        let _ = value_types::array(&field, cx)?;
    }
    jsonata::template(&field, Sees::Input, cx).map(|items| MapItems::Query(Some(items)))
}

/// ItemSelector, or Parameters in the legacy form: `Some(None)` where there is neither.
fn item_selector(state: &Object<'_>, cx: &mut Checker) -> Option<Option<ValueTemplate>> {
    exclusive_fields::at_most_one(state, exclusive_fields::ITEM_SELECTOR, cx);
    let selector = templates::optional_value(state, "ItemSelector", cx);
    let parameters = templates::optional(state, "Parameters", cx);
    Some(selector?.or(parameters?.map(ValueTemplate::JsonPath)))
}

fn processor_field<'d>(state: &Object<'d>) -> Option<Field<'d>> {
    state.field("ItemProcessor").or_else(|| state.field("Iterator"))
}

fn processor(state: &Object<'_>, cx: &mut Checker) -> Option<(Block, Option<StateMachineType>)> {
    let field = processor_field(state)?;
    let object = value_types::object(&field, cx)?;
    let mode = map_processor::mode(&object, cx);
    let field = match &mode {
        Some((_, dialect)) => field.in_dialect(*dialect),
        None => field,
    };
    let block = inner_block(&field, &unsupported_fields::PROCESSOR, cx);
    Some((block?, mode?.0))
}

/// What an inline Map has not. Apart from the rest, and boxed, because Maps nest deeply.
#[inline(never)]
fn distributed(state: &Object<'_>, cx: &mut Checker) -> Option<Box<Distributed>> {
    let label = labels::label(state, cx);
    let reader = part(state, "ItemReader", reader, cx);
    let batcher = part(state, "ItemBatcher", item_batcher::batcher, cx);
    let writer = part(state, "ResultWriter", result_writer::writer, cx);
    Some(Box::new(Distributed {
        label: label?,
        processor_text: processor_field(state).map(|field| field.mark()).unwrap_or_default(),
        execution_type: StateMachineType::Standard,
        reader: reader?,
        batcher: batcher?,
        writer: writer?,
    }))
}

/// What an object in the member `name` says: `Some(None)` where there is none.
fn part<T>(
    state: &Object<'_>,
    name: &str,
    read: fn(&Object<'_>, &mut Checker) -> Option<T>,
    cx: &mut Checker,
) -> Option<Option<T>> {
    let Some(field) = state.field(name) else { return Some(None) };
    let object = value_types::object(&field, cx)?;
    read(&object, cx).map(Some)
}

fn reader(reader: &Object<'_>, cx: &mut Checker) -> Option<ItemReader> {
    let source = item_reader::source(reader, cx);
    let arguments = fields::parameters(reader, cx);
    let max_items = match reader.field("ReaderConfig").and_then(|config| config.as_object()) {
        Some(config) => fields::integer(&config, exclusive_fields::MAX_ITEMS, MAX_ITEMS, cx),
        None => Some(None),
    };
    Some(ItemReader { source: source?, arguments: arguments?, max_items: max_items? })
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    fn map_with(fields: &str) -> String {
        format!(
            r#"{{"Type":"Map",{fields},"Iterator":{{"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true}}}}}},"End":true}}"#
        )
    }

    #[test]
    fn a_selector_is_given_under_one_name() {
        assert_eq!(problems_of_state(&map_with(r#""Parameters":{"a":1}"#)), [""; 0]);
        assert_eq!(problems_of_state(&map_with(r#""ItemSelector":{"a":1}"#)), [""; 0]);
        assert_eq!(problems_of_state(&map_with(r#""ItemSelector":{"a":1},"Parameters":{"a":1}"#)).len(), 1);
    }

    #[test]
    fn an_inline_map_may_name_what_only_distributed_ones_do() {
        // AWS: measured: accepted here, fails when it runs.
        let reader =
            r#""ItemReader":{"Resource":"arn:aws:states:::s3:listObjectsV2","Parameters":{"Bucket":"b"}}"#;
        assert_eq!(problems_of_state(&map_with(reader)), [""; 0]);
    }

    #[test]
    fn numbers_of_a_map_stay_in_their_ranges() {
        for (fields, expected) in [
            (r#""MaxConcurrency":-1"#, "Minimum value is 0 at /States/A/MaxConcurrency"),
            (
                r#""ToleratedFailurePercentage":100.5"#,
                "Maximum value is 100 at /States/A/ToleratedFailurePercentage",
            ),
            (
                r#""ToleratedFailureCount":0.5"#,
                "Expected value of type Integer at /States/A/ToleratedFailureCount",
            ),
            (
                r#""MaxConcurrency":1,"MaxConcurrencyPath":"$.a""#,
                "There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/A",
            ),
        ] {
            assert_eq!(
                problems_of_state(&map_with(fields)),
                [format!("SCHEMA_VALIDATION_FAILED: {expected}")]
            );
        }
        assert_eq!(problems_of_state(&map_with(r#""ToleratedFailurePercentage":0.5"#)), [""; 0]);
    }
}
