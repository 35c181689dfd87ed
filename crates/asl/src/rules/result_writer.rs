//! ResultWriter: "The field 'Resource' does not match any of the allowed values" for anything but S3's putObject;
//! WriterConfig shapes the output.

use super::{enumerations, item_reader, templates, unsupported_fields, value_types};
use crate::checker::Checker;
use crate::tree::Field;

/// Checks the ResultWriter of a Map.
pub(crate) fn check(writer: &Field<'_>, cx: &mut Checker) {
    let Some(writer) = value_types::object(writer, cx) else { return };
    unsupported_fields::check(&writer, &unsupported_fields::RESULT_WRITER, cx);
    if let Some(field) = writer.field("Resource") {
        item_reader::resource(&field, &["s3:putObject"], cx);
    }
    for name in ["Parameters", "Arguments"] {
        // Writing results comes with distributed Maps: the template is only checked here.
        let _ = templates::optional_value(&writer, name, cx);
    }
    let config = writer.field("WriterConfig").and_then(|field| value_types::object(&field, cx));
    let Some(config) = config else { return };
    unsupported_fields::check(&config, &unsupported_fields::WRITER_CONFIG, cx);
    if let Some(field) = config.field("Transformation") {
        enumerations::word(&field, &["NONE", "COMPACT", "FLATTEN"], cx);
    }
    if let Some(field) = config.field("OutputType") {
        enumerations::word(&field, &["JSON", "JSONL"], cx);
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{distributed_map_with, problems_of_state};

    fn problems_of_writer(writer: &str) -> Vec<String> {
        problems_of_state(&distributed_map_with(&format!(r#""ResultWriter":{writer}"#)))
    }

    #[test]
    fn writers_write_to_s3() {
        assert_eq!(
            problems_of_writer(r#"{"Resource":"arn:aws:states:::s3:getObject"}"#),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'Resource' does not match any of the allowed values at /States/A/ResultWriter/Resource"
            ]
        );
        assert_eq!(
            problems_of_writer(r#"{"WriterConfig":{"OutputType":"CSV"}}"#),
            [
                "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSON, JSONL] at /States/A/ResultWriter/WriterConfig/OutputType"
            ]
        );
        let fine = r#"{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket.$":"$.b"},"WriterConfig":{"Transformation":"FLATTEN","OutputType":"JSONL"}}"#;
        assert_eq!(problems_of_writer(fine), [""; 0]);
    }
}
