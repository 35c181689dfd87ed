mod recorded;

use proptest::prelude::*;

use super::*;

/// What a case ends with; message values have tests of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Text(&'static str),
    Number(f64),
    /// No value: the text did not match, or the reference's `NaN`.
    Nothing,
    Refused(&'static str),
}

const NOW: i64 = 1_718_454_896_789;

fn text_agrees(got: &Result<String, PictureError>, expected: Outcome) -> bool {
    match (got, expected) {
        (Ok(text), Outcome::Text(expected)) => text == expected,
        (Err(error), Outcome::Refused(code)) => error.code == code,
        _ => false,
    }
}

fn number_agrees(got: &Result<Option<f64>, PictureError>, expected: Outcome) -> bool {
    match (got, expected) {
        (Ok(Some(value)), Outcome::Number(expected)) => *value == expected,
        (Ok(None), Outcome::Nothing) => true,
        (Err(error), Outcome::Refused(code)) => error.code == code,
        _ => false,
    }
}

#[test]
fn format_number_answers_as_recorded() {
    for (value, picture, options, expected) in recorded::FORMAT_NUMBER {
        let options: Vec<(String, String)> =
            options.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let got = format_number(*value, picture, &options);
        assert!(text_agrees(&got, *expected), "{value} {picture:?}: {got:?}, not {expected:?}");
    }
}

#[test]
fn format_integer_answers_as_recorded() {
    for (value, picture, expected) in recorded::FORMAT_INTEGER {
        let got = format_integer(*value, picture);
        assert!(text_agrees(&got, *expected), "{value} {picture:?}: {got:?}, not {expected:?}");
    }
}

#[test]
fn parse_integer_answers_as_recorded() {
    for (text, picture, expected) in recorded::PARSE_INTEGER {
        let got = parse_integer(text, picture);
        assert!(number_agrees(&got, *expected), "{text:?} {picture:?}: {got:?}, not {expected:?}");
    }
}

#[test]
fn format_base_answers_as_recorded() {
    for (value, radix, expected) in recorded::FORMAT_BASE {
        let got = format_base(*value, *radix);
        assert!(text_agrees(&got, *expected), "{value} {radix}: {got:?}, not {expected:?}");
    }
}

#[test]
fn from_millis_answers_as_recorded() {
    for (millis, picture, zone, expected) in recorded::FROM_MILLIS {
        let got = format_millis(*millis, *picture, *zone);
        assert!(text_agrees(&got, *expected), "{millis} {picture:?} {zone:?}: {got:?}, not {expected:?}");
    }
}

#[test]
fn to_millis_answers_as_recorded() {
    for (text, picture, expected) in recorded::TO_MILLIS {
        let got = parse_timestamp(text, *picture, NOW).map(|found| found.map(|millis| millis as f64));
        assert!(number_agrees(&got, *expected), "{text:?} {picture:?}: {got:?}, not {expected:?}");
    }
}

#[test]
fn errors_carry_the_value_of_their_message() {
    let value = |error: PictureError| (error.code, error.value.unwrap_or_default());
    assert_eq!(value(format_integer(1.0, "xy;o").unwrap_err()), ("D3130", "xy".to_owned()));
    assert_eq!(value(format_base(1.0, 36.6).unwrap_err()), ("D3100", "37".to_owned()));
    assert_eq!(value(format_millis(0, Some("[q]"), None).unwrap_err()), ("D3132", "q".to_owned()));
    assert_eq!(value(format_millis(0, Some("[HN]"), None).unwrap_err()), ("D3133", "H".to_owned()));
    assert_eq!(value(format_millis(0, Some("[Z00001]"), None).unwrap_err()), ("D3134", "5".to_owned()));
    assert_eq!(value(parse_timestamp("soon", None, NOW).unwrap_err()), ("D3110", "soon".to_owned()));
}

#[test]
fn a_time_zone_that_is_no_number_is_refused() {
    for zone in ["", "Z", "EST", "+x"] {
        assert_eq!(format_millis(0, None, Some(zone)).unwrap_err().code, "D3134", "{zone}");
    }
}

#[test]
fn no_picture_asks_for_more_than_the_output_bound() {
    assert_eq!(format_millis(0, Some("[Y,1000000000]"), None).unwrap_err().code, OUT_OF_BUDGET);
    assert_eq!(format_integer(1e15, "I").unwrap_err().code, OUT_OF_BUDGET);
    let many_fields = "[Y,9999]".repeat(200);
    assert_eq!(format_millis(0, Some(&many_fields), None).unwrap_err().code, OUT_OF_BUDGET);
    let separators = "0,.".repeat(20_000);
    assert_eq!(format_integer(1e10, &separators).unwrap_err().code, OUT_OF_BUDGET);
    let digits = "0".repeat(MAX_OUTPUT_CHARS + 1);
    assert_eq!(format_integer(1.0, &digits).unwrap_err().code, OUT_OF_BUDGET);
    assert_eq!(format_number(1.0, &digits, &[]).unwrap_err().code, OUT_OF_BUDGET);
}

#[test]
fn a_hostile_timestamp_ends_within_its_budget() {
    let picture = "[Yw][Mw][Dw][Hw][mw][sw]x";
    let text = "one ".repeat(10_000);
    let got = parse_timestamp(&text, Some(picture), NOW);
    assert_eq!(got.unwrap_err().code, OUT_OF_BUDGET);
}

proptest! {
    #[test]
    fn any_number_picture_ends_without_a_panic(
        value in any::<f64>(),
        picture in "[0#,.e%‰;\\-1 a٠]{0,12}",
        key in "decimal-separator|grouping-separator|zero-digit|digit|percent|pattern-separator",
        symbol in "[.,0#ab]{0,2}",
    ) {
        if let Ok(text) = format_number(value, &picture, &[(key, symbol)]) {
            prop_assert!(text.chars().count() <= 1_000);
        }
    }

    #[test]
    fn any_integer_picture_ends_without_a_panic(value in any::<f64>(), picture in "\\PC{0,10}|[0#,.;oAaIiWw٠]{0,6}", text in "\\PC{0,20}") {
        let bound = |result: Result<String, PictureError>| result.map_or(0, |text| text.chars().count());
        prop_assert!(bound(format_integer(value, &picture)) <= 4 * MAX_OUTPUT_CHARS);
        let _ = parse_integer(&text, &picture);
    }

    #[test]
    fn any_date_picture_ends_without_a_panic(
        millis in any::<i64>(),
        picture in "(\\[[YMDdFWwXxHhPmsfZzCE][0-9#ANnIiWwo,:*\\-]{0,5}\\]|[\\PC]){0,5}",
        zone in proptest::option::of("[+-]?[0-9]{0,5}"),
        text in "\\PC{0,30}",
    ) {
        let formatted = format_millis(millis, Some(&picture), zone.as_deref());
        if let Ok(formatted) = &formatted {
            prop_assert!(formatted.chars().count() <= MAX_OUTPUT_CHARS);
            let _ = parse_timestamp(formatted, Some(&picture), millis);
        }
        let _ = parse_timestamp(&text, Some(&picture), millis);
        let _ = parse_timestamp(&text, None, millis);
    }

    #[test]
    fn iso_text_reads_back_as_the_same_instant(millis in -62_167_219_200_000i64..253_402_300_800_000) {
        let text = format_millis(millis, None, None).unwrap();
        prop_assert_eq!(parse_timestamp(&text, None, NOW).unwrap(), Some(millis));
    }

    #[test]
    fn words_and_numerals_read_back_as_the_same_number(value in 0u32..4_000_000) {
        let value = f64::from(value);
        for picture in ["w", "W;o", "Ww", "#,##0", "0;o"] {
            let text = format_integer(value, picture).unwrap();
            prop_assert_eq!(parse_integer(&text, picture).unwrap(), Some(value), "{}", text);
        }
        let small = value % 5_000.0;
        for picture in ["I", "i", "A", "a"] {
            let text = format_integer(small, picture).unwrap();
            prop_assert_eq!(parse_integer(&text, picture).unwrap(), Some(small), "{}", text);
        }
    }

    #[test]
    fn a_base_writes_the_number_that_it_reads(value in 0u64..(1 << 53), radix in 2u32..=36) {
        let text = format_base(value as f64, f64::from(radix)).unwrap();
        prop_assert_eq!(u64::from_str_radix(&text, radix).unwrap(), value);
    }
}
