mod recorded;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const PLENTY: u64 = 10_000_000;

fn all_matches(regex: &Regex, text: &str) -> String {
    let mut steps = PLENTY;
    let (mut out, mut at) = (String::new(), 0);
    let chars = |byte: usize| text[..byte].chars().count();
    for _ in 0..20 {
        let Some(found) = regex.find_at(text, at, &mut steps).unwrap() else { break };
        if !out.is_empty() {
            out.push(' ');
        }
        write!(out, "{}-{}", chars(found.start), chars(found.end)).unwrap();
        for group in &found.groups {
            write!(out, "[{}]", group.map_or("~", |(start, end)| &text[start..end])).unwrap();
        }
        at = if found.end == found.start { found.end + 1 } else { found.end };
    }
    out
}

#[test]
fn matches_are_those_that_v8_finds() {
    for (pattern, flags, text, expected) in recorded::MATCHES {
        let regex = Regex::compile(pattern, flags).unwrap();
        assert_eq!(all_matches(&regex, text), *expected, "/{pattern}/{flags} on {text:?}");
    }
}

#[test]
fn refused_patterns_are_refused_in_v8s_words() {
    for (pattern, message) in recorded::REFUSED {
        let error = Regex::compile(pattern, "").expect_err(pattern);
        assert_eq!(error.to_string(), *message);
    }
}

#[test]
fn unknown_and_repeated_flags_are_refused() {
    for flags in ["u", "y", "ii", "x", "gg"] {
        assert!(Regex::compile("a", flags).is_err(), "{flags}");
    }
    assert!(Regex::compile("a", "gim").is_ok());
}

#[test]
fn characters_outside_the_basic_plane_match_as_one() {
    // JavaScript matches half of the pair here.
    let regex = Regex::compile("^.$", "").unwrap();
    assert_eq!(all_matches(&regex, "\u{1F4A9}"), "0-1");
    // And a lone half matches nothing here.
    let regex = Regex::compile("\\ud83d|[\\ude00]", "").unwrap();
    assert_eq!(all_matches(&regex, "\u{1F600}"), "");
}

#[test]
fn groups_are_counted_and_named() {
    let regex = Regex::compile("(a)(?:b)(?<year>c)(?=(d))", "").unwrap();
    assert_eq!(regex.group_count(), 3);
    assert_eq!(regex.group_names(), [None, Some("year".to_owned()), None]);
}

#[test]
fn a_search_starts_at_the_next_character_and_ends_with_the_text() {
    let regex = Regex::compile("", "").unwrap();
    let find = |at| regex.find_at("é", at, &mut 100).unwrap().map(|found| found.start);
    assert_eq!((find(0), find(1), find(2), find(3)), (Some(0), Some(2), Some(2), None));
}

#[test]
fn an_anchored_pattern_is_not_tried_elsewhere() {
    let regex = Regex::compile("^b", "").unwrap();
    let mut steps = 100;
    assert_eq!(regex.find_at(&"a".repeat(100_000), 0, &mut steps), Ok(None));
}

#[test]
fn catastrophic_patterns_end_when_the_steps_do() {
    let text = "a".repeat(5_000);
    for pattern in
        ["(a+)+b", "(a|aa)+$x", "(a*)*b", "(.*)*x", "(?=(a+)+b)", "(?<=(a+)+b)c|(a|a)*b", "(a?){500}b"]
    {
        let regex = Regex::compile(pattern, "").unwrap();
        let mut steps = 200_000;
        assert_eq!(regex.find_at(&text, 0, &mut steps), Err(StepsExhausted), "{pattern}");
        assert_eq!(steps, 0, "{pattern}");
    }
}

#[test]
fn one_character_repeats_take_one_frame_however_long_the_text() {
    let text = "x".repeat(3_000_000);
    for pattern in ["^.*$", "^x+?$", "^[a-z]*x"] {
        let regex = Regex::compile(pattern, "").unwrap();
        let found = regex.find_at(&text, 0, &mut 100_000_000).unwrap().unwrap();
        assert_eq!(found.end, text.len(), "{pattern}");
    }
}

#[test]
fn the_backtrack_stack_is_bounded() {
    let text = "ab".repeat(2_000_000);
    let regex = Regex::compile("^(?:ab|c)*$", "").unwrap();
    assert_eq!(regex.find_at(&text, 0, &mut u64::MAX.clone()), Err(StepsExhausted));
}

#[test]
fn oversized_patterns_are_refused() {
    let too_large = |pattern: String| Regex::compile(&pattern, "").unwrap_err().reason;
    assert_eq!(too_large("a".repeat(MAX_PATTERN_BYTES + 1)), TOO_LARGE);
    assert_eq!(too_large("(?:".repeat(MAX_NESTING + 1)), TOO_LARGE);
    assert_eq!(too_large("()".repeat(MAX_GROUPS + 1)), TOO_LARGE);
    assert!(Regex::compile("(?:a{1000000}){1000000}", "").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_pattern_ends_without_a_panic_and_within_its_steps(
        pattern in "([a-c.\\[\\](){}|*+?^$\\\\,:=!<>\\-0-3wdsbBku]|\\(\\?[:=!]|\\(\\?<[=!]){0,24}",
        flags in "i?m?",
        text in "[a-cA-C1 _\n\u{e9}\u{1F600}]{0,30}",
        start in 0usize..40,
    ) {
        if let Ok(regex) = Regex::compile(&pattern, &flags) {
            let mut steps = 20_000;
            if let Ok(Some(found)) = regex.find_at(&text, start, &mut steps) {
                prop_assert!(found.start >= start && found.start <= found.end);
                prop_assert!(text.get(found.start..found.end).is_some());
                prop_assert_eq!(found.groups.len(), regex.group_count());
                for (from, to) in found.groups.iter().flatten() {
                    prop_assert!(text.get(*from..*to).is_some());
                }
            }
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(pattern in "\\PC{0,40}", text in "\\PC{0,20}") {
        if let Ok(regex) = Regex::compile(&pattern, "im") {
            let _ = regex.find_at(&text, 0, &mut 20_000);
        }
    }

    #[test]
    fn an_escaped_text_finds_itself(text in "\\PC{1,20}", before in "\\PC{0,5}") {
        let escaped: String = text.chars().flat_map(|c| {
            let escape = (c.is_ascii_punctuation()).then_some('\\');
            escape.into_iter().chain([c])
        }).collect();
        let regex = Regex::compile(&escaped, "").unwrap();
        let whole = format!("{before}{text}");
        let found = regex.find_at(&whole, 0, &mut 100_000).unwrap().unwrap();
        prop_assert_eq!(Some(found.start), whole.find(&text));
    }
}
