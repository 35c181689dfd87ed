//! Short texts for times, values and errors.

use model::Failure;

/// `12 ms`, `1.25 s`, `2 min 5 s`.
pub(crate) fn duration(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{:02} s", millis / 1_000, millis % 1_000 / 10),
        _ => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
    }
}

/// The error's name and its cause in one line.
pub(crate) fn failure(failure: &Failure) -> String {
    let cause = failure.cause.as_deref().map(readable_cause).filter(|cause| !cause.is_empty());
    match (failure.error.as_deref(), cause) {
        (Some(error), Some(cause)) => format!("{error}: {cause}"),
        (Some(error), None) => error.to_owned(),
        (None, Some(cause)) => cause,
        (None, None) => "an error".to_owned(),
    }
}

/// A Lambda function's error comes as JSON; its message says it all.
fn readable_cause(cause: &str) -> String {
    let message =
        json::parse(cause).ok().and_then(|value| value.get("errorMessage")?.as_str().map(str::to_owned));
    one_line(message.as_deref().unwrap_or(cause))
}

/// The text with every run of white space, line breaks and control characters as one blank.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(1024));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4096 {
            break;
        }
    }
    line
}

/// The first `most` characters, with `…` for what is left out.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{kept}…")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_grow_with_their_units() {
        assert_eq!(
            [0, 999, 1_250, 59_999, 125_000].map(duration),
            ["0 ms", "999 ms", "1.25 s", "59.99 s", "2 min 5 s"]
        );
    }

    #[test]
    fn the_message_is_taken_out_of_a_functions_error() {
        let cause = r#"{"errorMessage": "no\nstock", "errorType": "OutOfStock", "stackTrace": []}"#;
        assert_eq!(failure(&Failure::new("OutOfStock", cause)), "OutOfStock: no stock");
        assert_eq!(failure(&Failure::named("States.Timeout")), "States.Timeout");
    }
}
