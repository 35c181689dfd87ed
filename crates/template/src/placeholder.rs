//! `${Name}`: where CloudFormation puts a value when it deploys a definition.

/// The most characters of a name.
const LONGEST: usize = 255;

/// `${Name}` at the start of a text: the name, and what follows it.
pub(crate) fn at_start(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("${")?;
    let length = rest.bytes().take(LONGEST + 1).take_while(|byte| is_of_a_name(*byte)).count();
    let (name, rest) = rest.split_at(length);
    let rest = rest.strip_prefix('}')?;
    (!name.is_empty() && length <= LONGEST).then_some((name, rest))
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

/// The name, where the text is one placeholder and nothing else.
pub(crate) fn whole(text: &str) -> Option<&str> {
    at_start(text).filter(|(_, rest)| rest.is_empty()).map(|(name, _)| name)
}

/// Whether there is one in the text.
pub(crate) fn is_in(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| at_start(text.get(at..).unwrap_or("")).is_some())
}

/// The text with what `value` gives for the name of each placeholder; those for which it gives nothing stay.
pub(crate) fn replace(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        replaced.push_str(before);
        rest = match at_start(from).and_then(|(name, left)| Some((value(name)?, left))) {
            Some((value, left)) => {
                replaced.push_str(&value);
                left
            }
            None => {
                let (mark, left) = from.split_at(2);
                replaced.push_str(mark);
                left
            }
        };
    }
    replaced.push_str(rest);
    replaced
}

/// What a name says without the parts that say how the value is found: `Charge` for `Charge.Arn` and `AWS::Region` as it is.
pub(crate) fn short(name: &str) -> &str {
    name.split_once('.').map_or(name, |(name, _)| name).rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_letters_digits_dots_and_colons() {
        assert_eq!(at_start("${AWS::Region}-x"), Some(("AWS::Region", "-x")));
        assert_eq!(whole("${a.B_c-1}"), Some("a.B_c-1"));
        for text in ["${}", "${a b}", "${a", "$", "x${a}", "${!a}", ""] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert_eq!(whole(&format!("${{{}}}", "a".repeat(256))), None);
    }

    #[test]
    fn what_has_no_value_stays() {
        let value = |name: &str| (name == "A").then(|| "1${B}".to_owned());
        assert_eq!(replace("${A}${B}${ ${A} $${A}", value), "1${B}${B}${ 1${B} $1${B}");
        assert!(is_in("a ${ ${B}") && !is_in("${b} ".trim_start_matches("${b}")));
    }
}
