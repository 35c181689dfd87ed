//! A diagnostic with the piece of the definition that it is about.

use crate::source::Source;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use asl::{Diagnostic, Severity};
use std::ops::Range;

/// Bytes around a place that are shown where a definition is written in one long line.
const EXCERPT: usize = 160;

/// The diagnostic as text of several lines, without a line break at its end.
pub(crate) fn render(source: &Source, diagnostic: &Diagnostic, colours: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let place = diagnostic.location.as_deref().map(|location| format!("at {location}"));
    let group = match diagnostic.span.as_ref().and_then(|span| excerpt(&source.text, span)) {
        Some(excerpt) => {
            let marked = AnnotationKind::Primary.span(excerpt.marked).label(place.as_deref());
            let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).path(source.name.as_str());
            title.element(snippet.annotation(marked))
        }
        None => {
            let place = place.unwrap_or_else(|| "the whole definition".to_owned());
            title.element(Level::NOTE.message(format!("{}: {place}", source.name)))
        }
    };
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The line and column, both from 1 and columns in characters, of a byte of the text.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The lines that are shown.
struct Excerpt<'a> {
    text: &'a str,
    /// Number of the first line.
    line: usize,
    /// What is marked, in bytes of `text`.
    marked: Range<usize>,
}

/// The line in which the span begins, with the line before it; the mark ends with the line. A very long line is cut.
fn excerpt<'a>(text: &'a str, span: &Range<usize>) -> Option<Excerpt<'a>> {
    let start = floor(text, span.start.min(text.len()));
    let rest = text.get(start..)?;
    let line_end = start + rest.find('\n').unwrap_or(rest.len());
    let mut end = floor(text, span.end.clamp(start, line_end));
    if end == start && start < line_end {
        end = ceil(text, start + 1);
    }
    let line_start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let context_start = match text.get(..line_start.saturating_sub(1)).and_then(|before| before.rfind('\n')) {
        Some(at) => at + 1,
        None if line_start > 0 => 0,
        None => line_start,
    };
    let mut from = context_start;
    if start - from > 2 * EXCERPT {
        from = ceil(text, start.saturating_sub(EXCERPT).max(line_start));
    }
    let to = if line_end - start > 2 * EXCERPT { floor(text, start + EXCERPT) } else { line_end };
    end = end.min(to);
    let (line, _) = line_and_column(text, from);
    Some(Excerpt { text: text.get(from..to)?, line, marked: start - from..end.max(start) - from })
}

fn floor(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use asl::Code;

    fn shown(text: &str, span: Option<Range<usize>>) -> String {
        let source = Source { name: "order.asl.json".into(), text: text.into() };
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            code: Code::SchemaValidationFailed,
            message: "Value is not valid".into(),
            location: Some("/States/A/Type".into()),
            span,
        };
        render(&source, &diagnostic, false)
    }

    #[test]
    fn the_place_is_underlined_with_its_line_number_and_location() {
        let shown = shown("{\n  \"A\": {\n    \"Type\": \"Tusk\"\n  }\n}", Some(23..29));
        assert!(shown.starts_with("error[SCHEMA_VALIDATION_FAILED]: Value is not valid"), "{shown}");
        assert!(shown.contains("order.asl.json:3:13"), "{shown}");
        assert!(shown.contains("^^^^^^ at /States/A/Type"), "{shown}");
    }

    #[test]
    fn a_diagnostic_without_a_span_still_names_its_location() {
        let shown = shown("{}", None);
        assert!(shown.contains("order.asl.json: at /States/A/Type"), "{shown}");
    }

    #[test]
    fn spans_in_odd_places_of_odd_texts_never_fail() {
        let long = format!("{{\"ä\": \"{}\"}}", "ü".repeat(100_000));
        for text in ["", "\n\n", "ä", "{\r\n\"a\": 1}\r\n", long.as_str()] {
            for span in [0..0, 0..1, 1..1, 2..9, 5..text.len(), text.len()..text.len(), 7..usize::MAX] {
                if span.start <= span.end {
                    assert!(shown(text, Some(span)).len() < 4_000);
                }
            }
        }
    }
}
