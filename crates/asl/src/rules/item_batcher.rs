//! ItemBatcher: MaxItemsPerBatch and MaxInputBytesPerBatch or their paths, and the template BatchInput.

use super::exclusive_fields::{self, MAX_BYTES_PER_BATCH, MAX_ITEMS_PER_BATCH};
use super::{jsonata, number_ranges, reference_paths, templates, unsupported_fields, value_types};
use crate::checker::Checker;
use crate::tree::Field;

/// Checks the ItemBatcher of a Map.
pub(crate) fn check(batcher: &Field<'_>, cx: &mut Checker) {
    let Some(batcher) = value_types::object(batcher, cx) else { return };
    unsupported_fields::check(&batcher, &unsupported_fields::ITEM_BATCHER, cx);
    for (alternatives, bounds) in [
        (MAX_ITEMS_PER_BATCH, number_ranges::MAX_ITEMS_PER_BATCH),
        (MAX_BYTES_PER_BATCH, number_ranges::MAX_BYTES_PER_BATCH),
    ] {
        exclusive_fields::at_most_one(&batcher, alternatives, cx);
        for field in alternatives.iter().filter_map(|name| Some((*name, batcher.field(name)?))) {
            match field {
                (name, field) if !name.ends_with("Path") => {
                    if jsonata::expression(&field, cx).is_none() {
                        number_ranges::integer(&field, bounds, cx);
                    }
                }
                (_, field) if !batcher.is_jsonata() => {
                    reference_paths::query(&field, cx);
                }
                // In JSONata the field itself is refused.
                (_, _) => {}
            }
        }
    }
    // Batching comes with distributed Maps: the template is only checked here.
    let _ = templates::optional_value(&batcher, "BatchInput", cx);
}

#[cfg(test)]
mod tests {
    use crate::test_support::{distributed_map_with, problems_of_state};

    fn problems_of_batcher(batcher: &str) -> Vec<String> {
        problems_of_state(&distributed_map_with(&format!(r#""ItemBatcher":{batcher}"#)))
    }

    #[test]
    fn batches_have_positive_sizes() {
        for (batcher, expected) in [
            (r#"{"MaxItemsPerBatch":0}"#, "Minimum value is 1 at /States/A/ItemBatcher/MaxItemsPerBatch"),
            (
                r#"{"MaxInputBytesPerBatch":262145}"#,
                "Maximum value is 262144 at /States/A/ItemBatcher/MaxInputBytesPerBatch",
            ),
            (
                r#"{"MaxItemsPerBatch":1,"MaxItemsPerBatchPath":"$.n"}"#,
                "There should only be one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath] at /States/A/ItemBatcher",
            ),
            (
                r#"{"MaxItemsPerBatch":1,"BatchInput":{"a.$":"b"}}"#,
                "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/ItemBatcher/BatchInput",
            ),
        ] {
            assert_eq!(problems_of_batcher(batcher), [format!("SCHEMA_VALIDATION_FAILED: {expected}")]);
        }
        let fine =
            r#"{"MaxItemsPerBatchPath":"$.n","MaxInputBytesPerBatch":1000,"BatchInput":{"a.$":"$.b"}}"#;
        assert_eq!(problems_of_batcher(fine), [""; 0]);
    }
}
