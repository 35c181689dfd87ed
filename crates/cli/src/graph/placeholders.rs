//! Definitions as SAM and CDK templates keep them, with `${Name}` where the deployment puts ARNs and numbers.

/// The text with a function called `Name` in the place of each string `"${Name}"`, and a number in the place of each bare
/// `${Name}`; other strings keep theirs. `None` where there is no placeholder.
pub(crate) fn fill(text: &str) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_inside = false;
    let mut count = 0_usize;
    while let Some(c) = rest.chars().next() {
        if is_inside {
            let step = if c == '\\' {
                rest.chars().nth(1).map_or(1, |next| 1 + next.len_utf8())
            } else {
                c.len_utf8()
            };
            is_inside = c != '"';
            let (taken, left) = rest.split_at(step.min(rest.len()));
            filled.push_str(taken);
            rest = left;
            continue;
        }
        let quoted = rest.strip_prefix('"').and_then(placeholder);
        if let Some((name, left)) = quoted.and_then(|(name, left)| Some((name, left.strip_prefix('"')?))) {
            filled.push_str(&format!("\"arn:aws:lambda:us-east-1:000000000000:function:{name}\""));
            (rest, count) = (left, count + 1);
        } else if let Some((_, left)) = placeholder(rest) {
            filled.push('1');
            (rest, count) = (left, count + 1);
        } else {
            is_inside = c == '"';
            filled.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    (count > 0).then_some(filled)
}

/// `${Name}` at the start of the text: the name, and what follows.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix("${")?.split_once('}')?;
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':'));
    is_name.then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn whole_strings_become_functions_and_bare_ones_numbers() {
        let filled =
            fill(r#"{"Resource": "${Charge}", "Seconds": ${Wait}, "Comment": "\"${Kept}"}"#).unwrap();
        let expected = "{\"Resource\": \"arn:aws:lambda:us-east-1:000000000000:function:Charge\", \"Seconds\": 1, \
                        \"Comment\": \"\\\"${Kept}\"}";
        assert_eq!(filled, expected);
    }

    #[test]
    fn texts_without_placeholders_are_left_alone() {
        for text in ["", "{}", "\"${\"", "\"$", "\"\\", "${}", "{\"a\": \"${not a name}\"}"] {
            assert_eq!(fill(text), None, "{text}");
        }
    }
}
