//! JSONPath: reading a path, following it, writing through it.

use crate::first_line;
use json::Value;
use jsonpath::Path;

/// What a path may find in bytes of text, at most.
const LONGEST_RESULT: usize = 256 << 20;

/// The first line is a path, the rest a document. A path gives what its kind promises, and what is written through it is
/// what it reads.
pub fn jsonpath(bytes: &[u8]) {
    let Some((text, document)) = first_line(bytes) else { return };
    let path = match Path::parse(text) {
        Ok(path) => path,
        Err(error) => {
            assert!(error.at <= text.chars().count(), "the error is behind the text: {error}");
            assert!(!error.message.is_empty());
            return;
        }
    };
    assert_eq!(path.text(), text, "a path keeps its text");
    assert!(
        text.len() <= jsonpath::MAX_TEXT && path.steps().len() <= jsonpath::MAX_STEPS,
        "a path beyond its bounds"
    );
    assert!(!path.is_reference() || path.is_definite(), "a reference path is definite");
    let Ok(document) = json::parse(document) else { return };
    let found = path.eval(&document);
    assert_eq!(found, path.eval(&document), "followed twice it finds something else");
    match &found {
        Ok(found) => {
            assert!(path.is_definite() || found.as_array().is_some(), "an indefinite path gave {found}");
            assert!(found.to_text().len() < LONGEST_RESULT, "a path found too much");
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(
                path.is_definite() || document.is_null() || !error.is_not_found(),
                "an indefinite path failed: {error}"
            );
        }
    }
    writes(&path, &document, found.ok());
}

fn writes(path: &Path, document: &Value, found: Option<Value>) {
    let new = Value::from("new");
    match path.set(document, new.clone()) {
        Ok(written) => {
            assert!(path.is_reference(), "written through something else than a reference path");
            assert_eq!(path.eval(&written), Ok(new), "what was written is not read again");
            if let Some(found) = found {
                assert_eq!(
                    path.set(&written, found).as_ref(),
                    Ok(document),
                    "more was written than the place"
                );
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
