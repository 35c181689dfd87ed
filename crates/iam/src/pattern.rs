//! Texts with wildcards and policy variables.

use crate::context::Context;

/// Whether letters are alike in both cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The character itself.
    Literal(char),
    /// `?`
    One,
    /// `*`
    Any,
}

/// A text as it stands in a policy, whose variables get their values with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Piece(Piece),
    Variable { key: String, otherwise: Option<String> },
}

impl Pattern {
    /// Reads a text. Variables are variables in policies of the version that has them.
    pub(crate) fn read(text: &str, has_variables: bool) -> Pattern {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if has_variables && let Some((part, behind)) = variable(rest) {
                parts.push(part);
                rest = behind;
                continue;
            }
            parts.push(Part::Piece(match first {
                '*' => Piece::Any,
                '?' => Piece::One,
                other => Piece::Literal(other),
            }));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        Pattern { parts }
    }

    /// The pieces, with the values of the variables as they are: what looks like a wildcard in a value is none. `None` where the
    /// request has no value, or several, for a variable.
    pub(crate) fn fill(&self, context: &Context) -> Option<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Piece(piece) => pieces.push(piece.clone()),
                Part::Variable { key, otherwise } => {
                    let value = match context.get(key) {
                        [value] => Some(value),
                        _ => otherwise.as_ref(),
                    };
                    pieces.extend(value?.chars().map(Piece::Literal));
                }
            }
        }
        Some(pieces)
    }

    /// The text with the values of its variables, in which nothing is a wildcard.
    pub(crate) fn text(&self, context: &Context) -> Option<String> {
        let as_char = |piece: Piece| match piece {
            Piece::Literal(character) => character,
            Piece::One => '?',
            Piece::Any => '*',
        };
        Some(self.fill(context)?.into_iter().map(as_char).collect())
    }
}

/// `${key}`, `${key, 'otherwise'}`, and `${*}`, `${?}`, `${$}`, which stand for the character.
fn variable(text: &str) -> Option<(Part, &str)> {
    let (inside, behind) = text.strip_prefix("${")?.split_once('}')?;
    let part = match inside {
        "*" | "?" | "$" => Part::Piece(Piece::Literal(inside.chars().next()?)),
        _ => match inside.split_once(',') {
            Some((key, otherwise)) => {
                let otherwise = otherwise.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                Part::Variable { key: key.trim().to_owned(), otherwise: Some(otherwise.to_owned()) }
            }
            None => Part::Variable { key: inside.trim().to_owned(), otherwise: None },
        },
    };
    Some((part, behind))
}

/// Whether a text is what the pieces say. It takes time in the product of their lengths at the most.
pub(crate) fn matches(pieces: &[Piece], text: &str, case: Case) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut piece, mut at) = (0, 0);
    // Where to go on when what follows the latest `*` does not fit: one character further.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(character) = text.get(at) {
        let fits = match pieces.get(piece) {
            Some(Piece::Any) => {
                retry = Some((piece + 1, at));
                piece += 1;
                continue;
            }
            Some(Piece::One) => true,
            Some(Piece::Literal(expected)) => is_same(*expected, *character, case),
            None => false,
        };
        if fits {
            (piece, at) = (piece + 1, at + 1);
        } else if let Some((behind, from)) = retry {
            (piece, at) = (behind, from + 1);
            retry = Some((behind, from + 1));
        } else {
            return false;
        }
    }
    pieces.get(piece..).unwrap_or_default().iter().all(|piece| *piece == Piece::Any)
}

/// Whether a text is what a pattern with the wildcards `*` and `?` says. Letters differ in their cases.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let pieces = Pattern::read(pattern, false).fill(&Context::new()).unwrap_or_default();
    matches(&pieces, text, Case::Sensitive)
}

fn is_same(a: char, b: char, case: Case) -> bool {
    match case {
        Case::Sensitive => a == b,
        Case::Insensitive => a == b || a.to_lowercase().eq(b.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is(pattern: &str, text: &str) -> bool {
        let pieces = Pattern::read(pattern, true).fill(&Context::new());
        pieces.is_some_and(|pieces| matches(&pieces, text, Case::Sensitive))
    }

    #[test]
    fn wildcards_stand_for_any_text() {
        assert!(is("*", "") && is("a*c", "abbc") && is("a?c", "abc") && is("**a", "ba") && is("", ""));
        assert!(!is("a?c", "ac") && !is("a", "ab") && !is("", "a") && !is("*a", "ab"));
        assert!(is("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y:z"));
        let long = "a".repeat(5_000);
        assert!(!is(&format!("{}b", "*a".repeat(200)), &long));
    }

    #[test]
    fn variables_get_the_values_of_the_request_and_are_no_wildcards() {
        let context = Context::new().with("aws:username", "a*");
        let filled = |pattern: &str| Pattern::read(pattern, true).fill(&context);
        assert!(matches(&filled("home/${aws:UserName}/*").unwrap(), "home/a*/x", Case::Sensitive));
        assert!(!matches(&filled("home/${aws:username}/*").unwrap(), "home/ab/x", Case::Sensitive));
        assert_eq!(filled("${aws:none}"), None);
        assert!(matches(&filled("${aws:none, 'else'}").unwrap(), "else", Case::Sensitive));
        assert!(matches(&filled("${*}${?}${$}").unwrap(), "*?$", Case::Sensitive));
        assert!(matches(&Pattern::read("${a}", false).fill(&context).unwrap(), "${a}", Case::Sensitive));
    }

    /// What a pattern means, written down as its definition.
    fn means(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) => means(rest, text),
            (Some(('*', rest)), Some((_, behind))) => means(rest, text) || means(pattern, behind),
            (Some(('?', rest)), Some((_, behind))) => means(rest, behind),
            (Some((a, rest)), Some((b, behind))) => a == b && means(rest, behind),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_a_pattern_means(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(is(&pattern, &text), means(&p, &t), "{} {}", pattern, text);
        }

        #[test]
        fn any_text_can_be_read(pattern in "\\PC{0,40}", text in "\\PC{0,40}") {
            is(&pattern, &text);
        }
    }
}
