//! How values stand in queries and in form bodies.

use json::Value;

/// How the items of a list are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=x&a[1]=y`
    #[default]
    Indices,
    /// `a=x&a=y`
    Repeat,
    /// `a=x,y`
    Commas,
    /// `a[]=x&a[]=y`
    Brackets,
}

impl ArrayFormat {
    pub(super) fn from_name(name: &str) -> Option<ArrayFormat> {
        Some(match name {
            "INDICES" => ArrayFormat::Indices,
            "REPEAT" => ArrayFormat::Repeat,
            "COMMAS" => ArrayFormat::Commas,
            "BRACKETS" => ArrayFormat::Brackets,
            _ => return None,
        })
    }
}

/// The pairs of a form, not encoded yet: nested members as `a[b]`, lists as the format says.
pub(super) fn pairs(value: &Value, format: ArrayFormat) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, member) in value.as_object().into_iter().flat_map(|object| object.iter()) {
        add(name, member, format, &mut pairs);
    }
    pairs
}

fn add(name: &str, value: &Value, format: ArrayFormat, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (member, value) in object.iter() {
                add(&format!("{name}[{member}]"), value, format, pairs);
            }
        }
        Value::Array(items) if format == ArrayFormat::Commas => {
            let items: Vec<String> = items.iter().map(plain).collect();
            pairs.push((name.to_owned(), items.join(",")));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = match format {
                    ArrayFormat::Indices => format!("{name}[{index}]"),
                    ArrayFormat::Brackets => format!("{name}[]"),
                    ArrayFormat::Repeat | ArrayFormat::Commas => name.to_owned(),
                };
                add(&name, item, format, pairs);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            pairs.push((name.to_owned(), plain(value)));
        }
    }
}

/// A value as text: strings bare, nothing for null, everything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.to_string(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_text(),
    }
}

/// Pairs joined as in a query.
pub(crate) fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_name_nested_values_and_lists_as_aws_documents_it() {
        let value =
            json::parse(r#"{"a":["x","y z"],"metadata":{"order_details":{"n":1}},"b":true}"#).unwrap();
        let form = |format| joined(&pairs(&value, format));
        let rest = "metadata%5Border_details%5D%5Bn%5D=1&b=true";
        assert_eq!(form(ArrayFormat::Indices), format!("a%5B0%5D=x&a%5B1%5D=y%20z&{rest}"));
        assert_eq!(form(ArrayFormat::Repeat), format!("a=x&a=y%20z&{rest}"));
        assert_eq!(form(ArrayFormat::Commas), format!("a=x%2Cy%20z&{rest}"));
        assert_eq!(form(ArrayFormat::Brackets), format!("a%5B%5D=x&a%5B%5D=y%20z&{rest}"));
    }
}
