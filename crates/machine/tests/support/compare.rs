//! Whether events are what a recording allows: `«any»` allows anything, `<name>` inside a string any text, and an object
//! stands for a string that holds it as JSON too. Nothing else may be missing or added.

use json::Value;

const ENDS_OF_PARALLEL: [&str; 4] =
    ["ParallelStateSucceeded", "ParallelStateAborted", "ParallelStateExited", "ParallelStateFailed"];

/// The differences, one line each.
pub(crate) fn compare_events(expected: &[Value], actual: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    if !expected.iter().any(is_free) {
        compare_lists(expected, actual, "events", &mut wrong);
        return wrong;
    }
    // The recordings leave the order of a Parallel's inner events free, and leave out the event of its success.
    let (free, fixed): (Vec<Value>, Vec<Value>) = fold_parallel(actual).into_iter().partition(is_free);
    let (wanted_free, wanted): (Vec<Value>, Vec<Value>) = expected.iter().cloned().partition(is_free);
    let mut left = free;
    for event in &wanted_free {
        match left.iter().position(|candidate| differences(event, candidate).is_empty()) {
            Some(place) => drop(left.remove(place)),
            None => wrong.push(format!("no event like {event}")),
        }
    }
    wrong.extend(left.iter().map(|event| format!("one event more than AWS gives: {event}")));
    compare_lists(&wanted, &fixed, "events", &mut wrong);
    wrong
}

fn is_free(event: &Value) -> bool {
    event.get("id").is_some_and(|id| id.as_array().is_some())
}

fn fold_parallel(events: &[Value]) -> Vec<Value> {
    let (mut folded, mut is_inside) = (Vec::new(), false);
    for event in events {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        if ENDS_OF_PARALLEL.contains(&kind) {
            if kind == "ParallelStateSucceeded" {
                continue;
            }
            is_inside = false;
        }
        let mut members = event.as_object().cloned().unwrap_or_default();
        if is_inside {
            members.insert("id", Value::array(vec![Value::from(0)]));
            members.insert("previousEventId", 0);
        }
        folded.push(Value::from(members));
        if kind == "ParallelStateStarted" {
            is_inside = true;
        }
    }
    folded
}

fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    compare(expected, actual, "event", &mut wrong);
    wrong
}

fn compare(expected: &Value, actual: &Value, path: &str, wrong: &mut Vec<String>) {
    if expected.as_str() == Some("«any»") || is_free_number(expected) {
        return;
    }
    match expected {
        Value::Object(members) => {
            let read = read(actual);
            let Some(found) = read.as_object() else {
                return wrong.push(format!("{path}: expected an object, got {actual}"));
            };
            for (name, value) in members.iter() {
                match found.get(name) {
                    Some(found) => compare(value, found, &format!("{path}.{name}"), wrong),
                    None => wrong.push(format!("{path}.{name}: missing, expected {value}")),
                }
            }
            for (name, value) in found.iter().filter(|(name, _)| !members.contains_key(name)) {
                wrong.push(format!("{path}.{name}: not expected, got {value}"));
            }
        }
        Value::Array(items) => match read(actual).as_array() {
            Some(found) => compare_lists(items, found, path, wrong),
            None => wrong.push(format!("{path}: expected an array, got {actual}")),
        },
        Value::String(text) if text.contains('<') || text.contains("111111111111") => {
            let found = actual.as_str().map_or_else(|| actual.to_text(), str::to_owned);
            if !fits(&pieces(text), &found) {
                wrong.push(format!("{path}: expected {text}, got {found}"));
            }
        }
        Value::String(_) if is_document(&read(expected)) => {
            compare(&read(expected), &read(actual), path, wrong);
        }
        Value::Number(_) => {
            let found = match actual {
                Value::String(text) => json::parse(text).unwrap_or_default(),
                other => other.clone(),
            };
            if found.as_f64() != expected.as_f64() {
                wrong.push(format!("{path}: expected {expected}, got {actual}"));
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {
            if expected != actual {
                wrong.push(format!("{path}: expected {expected}, got {actual}"));
            }
        }
    }
}

fn compare_lists(expected: &[Value], actual: &[Value], path: &str, wrong: &mut Vec<String>) {
    if expected.len() != actual.len() {
        let kinds: Vec<&str> = actual.iter().filter_map(|event| event.get("type")?.as_str()).collect();
        wrong.push(format!("{path}: expected {} entries, got {} {kinds:?}", expected.len(), actual.len()));
    }
    for (place, (expected, actual)) in expected.iter().zip(actual).enumerate() {
        compare(expected, actual, &format!("{path}[{place}]"), wrong);
    }
}

fn is_free_number(expected: &Value) -> bool {
    expected.as_array().is_some_and(|items| items.len() == 1 && items[0].as_i64() == Some(0))
}

fn is_document(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_))
}

/// The document that a string holds, else the value itself.
fn read(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.trim_start().starts_with(['{', '[']) => {
            json::parse(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    }
}

enum Piece<'t> {
    Text(&'t str),
    /// At least one character.
    Anything,
    /// An account number.
    Account,
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest, mut plain) = (Vec::new(), pattern, 0);
    while let Some(next) = rest[plain..].chars().next() {
        let here = &rest[plain..];
        let name = here.strip_prefix('<').and_then(|after| after.split_once('>')).map(|(name, _)| name);
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:.-".contains(c))
        };
        let found = match name {
            Some(name) if is_name(name) => Some((Piece::Anything, name.len() + 2)),
            _ if here.starts_with("111111111111") => Some((Piece::Account, 12)),
            _ => None,
        };
        match found {
            Some((piece, length)) => {
                pieces.extend([Piece::Text(&rest[..plain]), piece]);
                rest = &here[length..];
                plain = 0;
            }
            None => plain += next.len_utf8(),
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn fits(pieces: &[Piece<'_>], text: &str) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(plain), rest)) => text.strip_prefix(plain).is_some_and(|text| fits(rest, text)),
        Some((Piece::Account, rest)) => match text.split_at_checked(12) {
            Some((account, after)) => account.chars().all(|c| c.is_ascii_digit()) && fits(rest, after),
            None => false,
        },
        Some((Piece::Anything, rest)) => {
            text.char_indices().skip(1).any(|(end, _)| fits(rest, &text[end..]))
                || !text.is_empty() && fits(rest, "")
        }
    }
}
