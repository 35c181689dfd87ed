//! ResultWriter: "The field 'Resource' does not match any of the allowed values" for anything but S3's putObject;
//! WriterConfig shapes the output.

use super::{enumerations, item_reader, unsupported_fields, value_types};
use crate::checker::Checker;
use crate::compile::fields;
use crate::distributed::{OutputType, ResultWriter, Transformation};
use crate::tree::Object;

/// The ResultWriter of a Map.
pub(crate) fn writer(writer: &Object<'_>, cx: &mut Checker) -> Option<ResultWriter> {
    unsupported_fields::check(writer, &unsupported_fields::RESULT_WRITER, cx);
    let resource = writer.field("Resource").map(|field| item_reader::resource(&field, &["s3:putObject"], cx));
    let arguments = fields::parameters(writer, cx);
    let config = match writer.field("WriterConfig") {
        Some(field) => Some(value_types::object(&field, cx)?),
        None => None,
    };
    let mut word = |name: &str, words: &[&'static str]| {
        config.as_ref()?.field(name).and_then(|field| enumerations::word(&field, words, cx))
    };
    let transformation = word("Transformation", &["NONE", "COMPACT", "FLATTEN"]);
    let output_type = word("OutputType", &["JSON", "JSONL"]);
    if let Some(config) = &config {
        unsupported_fields::check(config, &unsupported_fields::WRITER_CONFIG, cx);
    }
    let is_export = match resource {
        Some(resource) => {
            resource?;
            true
        }
        None => false,
    };
    Some(ResultWriter {
        is_export,
        arguments: arguments?,
        transformation: match transformation {
            Some("FLATTEN") => Transformation::Flatten,
            Some("COMPACT") => Transformation::Compact,
            None if !is_export => Transformation::Compact,
            Some(_) | None => Transformation::None,
        },
        output_type: if output_type == Some("JSONL") { OutputType::JsonLines } else { OutputType::Json },
    })
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
