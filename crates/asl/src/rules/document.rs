//! "Definition must be a valid JSON object": the text is JSON, and an object.
//!
//! A text that is not JSON gives `INVALID_JSON_DESCRIPTION` alone, in the words of the JSON reader that AWS uses; any
//! other value gives `Definition must be a valid JSON object` alone. Blank text counts as a value that is no object.

use crate::diagnostic::{Code, Diagnostic, Severity};
use json::spanned::{self, Spanned};
use json::{ErrorKind, ParseError};
use std::ops::Range;

/// The most characters of the text that an error shows.
// AWS: unconfirmed, chosen because the Jackson library, whose words AWS shows, cuts the source there.
const SHOWN_SOURCE: usize = 500;

/// Reads the text of a definition. Whether it is an object is for the caller to see.
pub(crate) fn read(text: &str) -> Result<Spanned, Diagnostic> {
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err(not_an_object());
    }
    spanned::parse(text).map_err(|error| not_json(text, &error))
}

/// The problem of a document that is no object.
// AWS: recorded not_a_definition[EMPTY_STRING].
pub(crate) fn not_an_object() -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: Code::SchemaValidationFailed,
        message: "Definition must be a valid JSON object".to_owned(),
        location: None,
        span: None,
    }
}

/// The problem of a text that is no JSON.
// AWS: recorded not_a_definition[NOT_A_DEF].
pub fn not_json(text: &str, error: &ParseError) -> Diagnostic {
    let start = text.floor_char_boundary(error.offset);
    let length = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let span = Some(start..start + length);
    if let ErrorKind::TooDeep(_) = error.kind {
        return too_deep(error.message(), span);
    }
    let (line, column) = (error.line, error.column);
    let source = match text.char_indices().nth(SHOWN_SOURCE) {
        Some((end, _)) => {
            let hidden = text.get(end..).unwrap_or("").chars().count();
            format!("\"{}\"[truncated {hidden} chars]", text.get(..end).unwrap_or(text))
        }
        None => format!("\"{text}\""),
    };
    let location = format!("[Source: (String){source}; line: {line}, column: {column}]");
    Diagnostic {
        severity: Severity::Error,
        code: Code::InvalidJsonDescription,
        message: format!("{}\n at {location}", error.message()),
        location: Some(location),
        span,
    }
}

/// The problem of a document whose values stand in one another too deeply.
// AWS: the code is documented; at which depth, and the words, are unconfirmed.
pub fn too_deep(message: String, span: Option<Range<usize>>) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code: Code::TooDeeplyNested, message, location: None, span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_json_is_quoted_in_the_error() {
        let found = read("not a definition").unwrap_err();
        let source = "[Source: (String)\"not a definition\"; line: 1, column: 4]";
        assert_eq!(found.code, Code::InvalidJsonDescription);
        assert_eq!(found.location.as_deref(), Some(source));
        let words = "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        assert_eq!(found.message, format!("{words}\n at {source}"));
    }

    #[test]
    fn the_faulty_character_is_marked_whole() {
        assert_eq!(read("\u{18cd6}").unwrap_err().span, Some(0..4));
        assert_eq!(read("{").unwrap_err().span, Some(1..1));
    }

    #[test]
    fn blank_text_and_other_values_are_no_object() {
        for text in ["", " ", "\n\t", "[]", "null", "3", "\"x\""] {
            let found = crate::validate(text, model::StateMachineType::Standard).remove(0);
            assert_eq!(
                (found.message.as_str(), found.location),
                ("Definition must be a valid JSON object", None)
            );
        }
        assert!(read(" {} ").is_ok());
    }

    #[test]
    fn values_that_nest_too_deeply_are_refused_as_that() {
        let found = crate::validate(&"[".repeat(600), model::StateMachineType::Standard).remove(0);
        let words = "Document nesting depth (513) exceeds the maximum allowed (512)";
        assert_eq!(
            (found.code, found.message.as_str(), found.location),
            (Code::TooDeeplyNested, words, None)
        );
    }

    #[test]
    fn long_sources_are_cut() {
        let text = format!("{{\"a\": x{}", "ä".repeat(600));
        let found = read(&text).unwrap_err();
        assert!(found.location.unwrap().contains("\"[truncated 107 chars]; line: 1, column: "));
    }
}
