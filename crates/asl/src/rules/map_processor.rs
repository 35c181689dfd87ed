//! ProcessorConfig: Mode is INLINE or DISTRIBUTED. "These fields are required: [ExecutionType]" in DISTRIBUTED mode,
//! "Field 'ExecutionType' is not supported" in INLINE mode.

use super::{enumerations, express_restrictions, required_fields, unsupported_fields, value_types};
use crate::checker::Checker;
use crate::tree::{Dialect, Object};
use model::StateMachineType;

/// The type of the child executions of a distributed Map, `None` where the Map is inline; and the dialect of the states
/// inside.
pub(crate) fn mode(processor: &Object<'_>, cx: &mut Checker) -> Option<(Option<StateMachineType>, Dialect)> {
    let inline = Some((None, processor.dialect));
    let Some(field) = processor.field("ProcessorConfig") else { return inline };
    let config = value_types::object(&field, cx)?;
    let word = match config.field("Mode") {
        Some(mode) => enumerations::word(&mode, &["INLINE", "DISTRIBUTED"], cx)?,
        None => "INLINE",
    };
    if word == "INLINE" {
        unsupported_fields::check(&config, &unsupported_fields::INLINE_CONFIG, cx);
        return inline;
    }
    unsupported_fields::check(&config, &unsupported_fields::DISTRIBUTED_CONFIG, cx);
    required_fields::check(&config, &["ExecutionType"], cx);
    express_restrictions::check_distributed(&config, cx);
    let execution_type = config.field("ExecutionType")?;
    let machine_type = match enumerations::word(&execution_type, &["STANDARD", "EXPRESS"], cx)? {
        "EXPRESS" => StateMachineType::Express,
        _ => StateMachineType::Standard,
    };
    Some((Some(machine_type), Dialect { machine_type, ..processor.dialect }))
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    fn problems_of_config(field: &str, config: &str) -> Vec<String> {
        problems_of_state(&format!(
            r#"{{"Type":"Map","End":true,"{field}":{{"ProcessorConfig":{config},"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true}}}}}}}}"#
        ))
    }

    #[test]
    fn the_execution_type_belongs_to_distributed_maps() {
        let at = "at /States/A/ItemProcessor/ProcessorConfig";
        assert_eq!(
            problems_of_config("ItemProcessor", r#"{"Mode":"DISTRIBUTED"}"#),
            [format!("SCHEMA_VALIDATION_FAILED: These fields are required: [ExecutionType] {at}")]
        );
        for config in [r#"{"Mode":"INLINE","ExecutionType":"STANDARD"}"#, r#"{"ExecutionType":"STANDARD"}"#] {
            assert_eq!(
                problems_of_config("ItemProcessor", config),
                [format!(
                    "SCHEMA_VALIDATION_FAILED: Field 'ExecutionType' is not supported {at}/ExecutionType"
                )]
            );
        }
        assert_eq!(
            problems_of_config("ItemProcessor", r#"{"Mode":"DISTRIBUTED","ExecutionType":"FAST"}"#),
            [format!(
                "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [STANDARD, EXPRESS] {at}/ExecutionType"
            )]
        );
    }

    #[test]
    fn both_names_of_the_processor_take_both_modes() {
        for field in ["ItemProcessor", "Iterator"] {
            for config in
                ["{}", r#"{"Mode":"INLINE"}"#, r#"{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"}"#]
            {
                assert_eq!(problems_of_config(field, config), [""; 0], "{field} {config}");
            }
        }
    }
}
