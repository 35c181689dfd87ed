//! ItemBatcher: MaxItemsPerBatch and MaxInputBytesPerBatch or their paths, and the template BatchInput.

use super::{templates, unsupported_fields};
use crate::checker::Checker;
use crate::compile::fields;
use crate::distributed::ItemBatcher;
use crate::rules::exclusive_fields::{MAX_BYTES_PER_BATCH, MAX_ITEMS_PER_BATCH};
use crate::rules::number_ranges;
use crate::tree::Object;

/// The ItemBatcher of a Map.
pub(crate) fn batcher(batcher: &Object<'_>, cx: &mut Checker) -> Option<ItemBatcher> {
    unsupported_fields::check(batcher, &unsupported_fields::ITEM_BATCHER, cx);
    let max_items = fields::integer(batcher, MAX_ITEMS_PER_BATCH, number_ranges::MAX_ITEMS_PER_BATCH, cx);
    let max_bytes = fields::integer(batcher, MAX_BYTES_PER_BATCH, number_ranges::MAX_BYTES_PER_BATCH, cx);
    let batch_input = templates::optional_value(batcher, "BatchInput", cx);
    Some(ItemBatcher { max_items: max_items?, max_bytes: max_bytes?, batch_input: batch_input? })
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
