//! Definitions that others wrote: the samples and the recorded cases beside the checkout.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may")]

use json::{Object, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of shared material: `STEPWRIGHT_SHARED`, or `shared` beside the checkout. `None` where it is absent.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("STEPWRIGHT_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = root.join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// Every JSON file below `folder`, with its name.
pub(crate) fn json_files(folder: &Path) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), json::parse(&text).unwrap()));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// The definition with CloudFormation's substitutions made: a function's ARN where a whole Resource is substituted,
/// `aws` (a name that is good for most) anywhere else.
pub(crate) fn substituted(value: &Value, key: &str) -> Value {
    match value {
        Value::String(text) if key == "Resource" && text.starts_with("${") => {
            Value::from("arn:aws:lambda:us-east-1:000000000000:function:f")
        }
        Value::String(text) => Value::from(replace_placeholders(text).as_str()),
        Value::Array(items) => Value::array(items.iter().map(|item| substituted(item, key)).collect()),
        Value::Object(members) => {
            let members =
                members.iter().map(|(k, v)| (Arc::<str>::from(replace_placeholders(k)), substituted(v, k)));
            Value::from(members.collect::<Object>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn replace_placeholders(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, after)) = after.split_once('}') else { break };
        result.push_str(before);
        result.push_str("aws");
        rest = after;
    }
    result + rest
}
