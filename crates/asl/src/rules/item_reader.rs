//! ItemReader: "The field 'Resource' does not match any of the allowed values"; ReaderConfig has the fields of its
//! InputType: "The field 'InputType' is required", "The field 'CSVHeaderLocation' is required", "These fields are
//! required: [CSVHeaders]", "Field 'X' is not supported".

use super::exclusive_fields::{self, MAX_ITEMS};
use super::number_ranges;
use super::unsupported_fields::{self, Fields};
use super::{enumerations, jsonata, reference_paths, required_fields, templates, value_types};
use crate::checker::Checker;
use crate::tree::{Field, Object};

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

/// Checks the ItemReader of a Map.
pub(crate) fn check(reader: &Field<'_>, cx: &mut Checker) {
    let Some(reader) = value_types::object(reader, cx) else { return };
    unsupported_fields::check(&reader, &unsupported_fields::ITEM_READER, cx);
    required_fields::check(&reader, &["Resource"], cx);
    let resource = reader
        .field("Resource")
        .and_then(|field| resource(&field, &["s3:getObject", "s3:listObjectsV2"], cx));
    for name in ["Parameters", "Arguments"] {
        // Reading items comes with distributed Maps: the template is only checked here.
        let _ = templates::optional_value(&reader, name, cx);
    }
    match reader.field("ReaderConfig") {
        Some(config) => {
            if let Some(config) = value_types::object(&config, cx) {
                check_config(&config, resource, cx);
            }
        }
        // AWS: recorded for a ReaderConfig without InputType, unconfirmed without ReaderConfig.
        None if resource == Some("s3:getObject") => required_fields::check_one(&reader, "InputType", cx),
        None => {}
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

fn check_config(config: &Object<'_>, resource: Option<&str>, cx: &mut Checker) {
    unsupported_fields::check(config, &CONFIG, cx);
    let mut word = |name: &str, words: &[&'static str]| {
        config.field(name).and_then(|field| enumerations::word(&field, words, cx))
    };
    let transformation = word("Transformation", TRANSFORMATIONS);
    let manifest_type = word("ManifestType", MANIFEST_TYPES);
    let input_type = word("InputType", INPUT_TYPES);
    word("CSVDelimiter", DELIMITERS);
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
    if input_type.is_some_and(|input_type| input_type != "JSON") {
        refuse(config, &["ItemsPointer"], cx);
    } else if let Some(field) = config.field("ItemsPointer") {
        check_pointer(&field, cx);
    }
    exclusive_fields::at_most_one(config, MAX_ITEMS, cx);
    if let Some(field) = config.field("MaxItems")
        && jsonata::expression(&field, cx).is_none()
    {
        number_ranges::integer(&field, number_ranges::MAX_ITEMS, cx);
    }
    if let Some(field) = config.field("MaxItemsPath").filter(|_| !config.is_jsonata()) {
        reference_paths::query(&field, cx);
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
    if let Some(headers) = config.field("CSVHeaders")
        && let Some(headers) = value_types::array(&headers, cx)
    {
        headers.for_each(|header| {
            value_types::string(&header, cx);
        });
    }
}

fn check_pointer(field: &Field<'_>, cx: &mut Checker) {
    if let Some(text) = value_types::string(field, cx)
        && !text.starts_with('/')
        && !text.is_empty()
    {
        cx.schema(field, format!("Invalid input: JSON Pointer expression must start with '/': \"{text}\""));
    }
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
