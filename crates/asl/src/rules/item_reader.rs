//! ItemReader: "The field 'Resource' does not match any of the allowed values"; ReaderConfig has the fields of its
//! InputType: "The field 'InputType' is required", "The field 'CSVHeaderLocation' is required", "These fields are
//! required: [CSVHeaders]", "Field 'X' is not supported".

use super::unsupported_fields::{self, Fields};
use super::{enumerations, required_fields, value_types};
use crate::checker::Checker;
use crate::distributed::{DataFormat, ReaderSource};
use crate::tree::{Field, Object};
use std::sync::Arc;

const INPUT_TYPES: &[&str] = &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"];
const HEADER_LOCATIONS: &[&str] = &["FIRST_ROW", "GIVEN"];
const DELIMITERS: &[&str] = &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"];
const MANIFEST_TYPES: &[&str] = &["ATHENA_DATA", "S3_INVENTORY"];
const TRANSFORMATIONS: &[&str] = &["NONE", "LOAD_AND_FLATTEN"];
const CONFIG: Fields = Fields {
    both: &[&[
        "InputType",
        "Transformation",
        "ManifestType",
        "CSVHeaderLocation",
        "CSVHeaders",
        "CSVDelimiter",
        "ItemsPointer",
        "MaxItems",
    ]],
    json_path: &["MaxItemsPath"],
    jsonata: &[],
};
const CSV_ONLY: &[&str] = &["CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"];

/// What the ItemReader of a Map reads. Its Parameters and MaxItems are looked at elsewhere.
pub(crate) fn source(reader: &Object<'_>, cx: &mut Checker) -> Option<ReaderSource> {
    unsupported_fields::check(reader, &unsupported_fields::ITEM_READER, cx);
    required_fields::check(reader, &["Resource"], cx);
    let resource = reader
        .field("Resource")
        .and_then(|field| resource(&field, &["s3:getObject", "s3:listObjectsV2"], cx));
    match reader.field("ReaderConfig") {
        Some(config) => {
            let config = value_types::object(&config, cx)?;
            let (source, headers) = (of_config(&config, resource, cx), headers(&config, cx));
            source.map(|source| with_headers(source, headers))
        }
        // AWS: recorded for a ReaderConfig without InputType, unconfirmed without ReaderConfig.
        None if resource == Some("s3:getObject") => {
            required_fields::check_one(reader, "InputType", cx);
            None
        }
        None => resource.map(|_| ReaderSource::List),
    }
}

/// The one of the integrations that an S3 Resource names.
pub(crate) fn resource(
    field: &Field<'_>,
    allowed: &[&'static str],
    cx: &mut Checker,
) -> Option<&'static str> {
    let text = value_types::string(field, cx)?;
    let found = allowed.iter().copied().find(|name| {
        text.strip_prefix("arn:")
            .and_then(|rest| rest.strip_suffix(name))
            .and_then(|rest| rest.strip_suffix(":states:::"))
            .is_some_and(|partition| !partition.is_empty() && !partition.contains(':'))
    });
    if found.is_none() {
        cx.schema(field, "The field 'Resource' does not match any of the allowed values");
    }
    found
}

fn of_config(config: &Object<'_>, resource: Option<&str>, cx: &mut Checker) -> Option<ReaderSource> {
    unsupported_fields::check(config, &CONFIG, cx);
    let mut word = |name: &str, words: &[&'static str]| {
        config.field(name).and_then(|field| enumerations::word(&field, words, cx))
    };
    let transformation = word("Transformation", TRANSFORMATIONS);
    let manifest_type = word("ManifestType", MANIFEST_TYPES);
    let input_type = word("InputType", INPUT_TYPES);
    let delimiter = word("CSVDelimiter", DELIMITERS);
    word("CSVHeaderLocation", HEADER_LOCATIONS);

    let needs_type = match resource {
        Some("s3:getObject") => manifest_type != Some("S3_INVENTORY"),
        Some(_) | None => transformation == Some("LOAD_AND_FLATTEN"),
    };
    if needs_type {
        required_fields::check_one(config, "InputType", cx);
    }
    if input_type == Some("JSON") {
        refuse(config, &["ManifestType"], cx);
    }
    match input_type {
        Some("CSV") => check_headers(config, cx),
        Some(_) => refuse(config, CSV_ONLY, cx),
        None => {}
    }
    let mut pointer = None;
    if input_type.is_some_and(|input_type| input_type != "JSON") {
        refuse(config, &["ItemsPointer"], cx);
    } else if let Some(field) = config.field("ItemsPointer") {
        pointer = check_pointer(&field, cx);
    }
    let delimiter = match delimiter {
        Some("PIPE") => '|',
        Some("SEMICOLON") => ';',
        Some("SPACE") => ' ',
        Some("TAB") => '\t',
        Some(_) | None => ',',
    };
    let format = match input_type {
        Some("JSON") => Some(DataFormat::Json { pointer }),
        Some("JSONL") => Some(DataFormat::JsonLines),
        Some("CSV") => Some(DataFormat::Csv { headers: None, delimiter }),
        Some("PARQUET") => Some(DataFormat::Parquet),
        Some(_) | None => None,
    };
    match (resource?, manifest_type, format) {
        ("s3:listObjectsV2", _, format) if transformation == Some("LOAD_AND_FLATTEN") => {
            format.map(ReaderSource::Objects)
        }
        ("s3:listObjectsV2", _, _) => Some(ReaderSource::List),
        (_, Some("ATHENA_DATA"), Some(format)) => Some(ReaderSource::Athena(format)),
        (_, Some("S3_INVENTORY"), _) | (_, _, None) => Some(ReaderSource::Inventory),
        (_, _, Some(format)) => Some(ReaderSource::Object(format)),
    }
}

/// CSVHeaders, where they are texts.
fn headers(config: &Object<'_>, cx: &mut Checker) -> Option<Vec<Arc<str>>> {
    let headers = config.field("CSVHeaders")?;
    let headers = value_types::array(&headers, cx)?;
    headers.map(|header| value_types::string(&header, cx).cloned()).collect()
}

fn with_headers(source: ReaderSource, headers: Option<Vec<Arc<str>>>) -> ReaderSource {
    let given = |format| match format {
        DataFormat::Csv { delimiter, .. } => DataFormat::Csv { headers, delimiter },
        other @ (DataFormat::Json { .. } | DataFormat::JsonLines | DataFormat::Parquet) => other,
    };
    match source {
        ReaderSource::Objects(format) => ReaderSource::Objects(given(format)),
        ReaderSource::Object(format) => ReaderSource::Object(given(format)),
        ReaderSource::Athena(format) => ReaderSource::Athena(given(format)),
        other @ (ReaderSource::List | ReaderSource::Inventory) => other,
    }
}

fn check_headers(config: &Object<'_>, cx: &mut Checker) {
    required_fields::check_one(config, "CSVHeaderLocation", cx);
    let location = config.field("CSVHeaderLocation");
    match location.as_ref().and_then(|field| field.as_str()).map(|text| &**text) {
        Some("GIVEN") => required_fields::check(config, &["CSVHeaders"], cx),
        Some("FIRST_ROW") => refuse(config, &["CSVHeaders"], cx),
        Some(_) | None => {}
    }
}

fn check_pointer(field: &Field<'_>, cx: &mut Checker) -> Option<Arc<str>> {
    let text = value_types::string(field, cx)?;
    if !text.starts_with('/') && !text.is_empty() {
        cx.schema(field, format!("Invalid input: JSON Pointer expression must start with '/': \"{text}\""));
        return None;
    }
    Some(text.clone())
}

fn refuse(config: &Object<'_>, names: &[&str], cx: &mut Checker) {
    for name in names {
        if let Some(field) = config.field(name) {
            cx.schema(&field.key(), unsupported_fields::not_supported(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{distributed_map_with, problems_of_state};

    fn problems_of_reader(action: &str, config: &str) -> Vec<String> {
        problems_of_state(&distributed_map_with(&format!(
            r#""ItemReader":{{"Resource":"arn:aws:states:::s3:{action}","ReaderConfig":{config},"Parameters":{{"Bucket":"b"}}}}"#
        )))
    }

    #[test]
    fn readers_read_from_s3() {
        assert_eq!(
            problems_of_reader("deleteObject", "{}"),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'Resource' does not match any of the allowed values at /States/A/ItemReader/Resource"
            ]
        );
    }

    #[test]
    fn configs_have_the_fields_of_their_input_type() {
        for (action, config, expected, at) in [
            ("getObject", "{}", "The field 'InputType' is required", ""),
            (
                "listObjectsV2",
                r#"{"Transformation":"LOAD_AND_FLATTEN"}"#,
                "The field 'InputType' is required",
                "",
            ),
            ("getObject", r#"{"InputType":"CSV"}"#, "The field 'CSVHeaderLocation' is required", ""),
            (
                "getObject",
                r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN"}"#,
                "These fields are required: [CSVHeaders]",
                "",
            ),
            (
                "getObject",
                r#"{"InputType":"JSONL","CSVHeaders":["a"]}"#,
                "Field 'CSVHeaders' is not supported",
                "/CSVHeaders",
            ),
            (
                "getObject",
                r#"{"InputType":"JSON","ManifestType":"ATHENA_DATA"}"#,
                "Field 'ManifestType' is not supported",
                "/ManifestType",
            ),
            (
                "getObject",
                r#"{"InputType":"JSON","ItemsPointer":"data/items"}"#,
                "Invalid input: JSON Pointer expression must start with '/': \"data/items\"",
                "/ItemsPointer",
            ),
            ("getObject", r#"{"InputType":"JSON","MaxItems":-1}"#, "Minimum value is 0", "/MaxItems"),
        ] {
            assert_eq!(
                problems_of_reader(action, config),
                [format!("SCHEMA_VALIDATION_FAILED: {expected} at /States/A/ItemReader/ReaderConfig{at}")],
                "{config}"
            );
        }
    }

    #[test]
    fn documented_combinations_are_accepted() {
        for (action, config) in [
            ("listObjectsV2", "{}"),
            ("listObjectsV2", r#"{"Transformation":"LOAD_AND_FLATTEN","InputType":"JSONL"}"#),
            ("getObject", r#"{"InputType":"JSON","ItemsPointer":"/data/items","MaxItemsPath":"$.n"}"#),
            ("getObject", r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","CSVDelimiter":"PIPE"}"#),
            ("getObject", r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"]}"#),
            ("getObject", r#"{"InputType":"PARQUET","ManifestType":"ATHENA_DATA"}"#),
            ("getObject", r#"{"ManifestType":"S3_INVENTORY"}"#),
        ] {
            assert_eq!(problems_of_reader(action, config), [""; 0], "{config}");
        }
    }
}
