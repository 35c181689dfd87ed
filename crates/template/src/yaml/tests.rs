use super::*;
use crate::document::Syntax;
use json::spanned::Spanned;

fn shown(text: &str) -> String {
    read(text).unwrap().tree.to_value().to_text()
}

fn refused(text: &str) -> (String, String) {
    let read = read(text);
    let problem = read.and_then(|document| document.key_given_twice().map_or(Ok(()), Err));
    let Err(ReadError::Yaml { message, span } | ReadError::TooDeep { message, span }) = problem else {
        panic!("it is read: {text}")
    };
    (message, text.get(span).unwrap_or("outside").lines().next().unwrap_or("").to_owned())
}

#[test]
fn a_definition_reads_as_the_same_json() {
    let yaml = "# said\nStartAt: 'Wait a bit'\nStates:\n  Wait a bit:\n    Type: Wait\n    Seconds: 10\n    Next: Done\n  Done: {Type: Succeed}\n";
    let json = r#"{"StartAt":"Wait a bit","States":{"Wait a bit":{"Type":"Wait","Seconds":10,"Next":"Done"},"Done":{"Type":"Succeed"}}}"#;
    assert_eq!(shown(yaml), json);
}

#[test]
fn json_reads_as_itself() {
    for text in [r#"{"a": [1, -0.5, "x\nä\u0041", true, null, {}], "b": {"c": []}}"#, "[]", "\"x\"", "3"] {
        assert_eq!(shown(text), json::parse(text).unwrap().to_text());
    }
}

#[test]
fn every_key_and_value_knows_its_bytes() {
    fn check(text: &str, node: &Spanned) {
        let own = text.get(node.span.clone()).unwrap();
        if let Some(string) = node.as_str() {
            assert!(own.contains(string), "{own:?} holds {string:?}");
        }
        for member in node.as_object().unwrap_or_default() {
            assert!(text.get(member.key_span.clone()).unwrap().contains(&*member.key));
            check(text, &member.value);
        }
        node.as_array().unwrap_or_default().iter().for_each(|item| check(text, item));
    }
    let text = "ä: 'öne'\nlist:\n  - &here \"€\"\n  - {x: \"y\", 'k k': z}\n  - *here\nblock: |\n  first\ntagged: !Ref Name\n";
    check(text, &read(text).unwrap().tree);
}

#[test]
fn the_functions_of_cloudformation_take_their_long_form() {
    let text = "a: !Ref X\nb: !GetAtt X.Arn\nc: !Sub ['${A}', {A: 1}]\nd: !Join\n  - ':'\n  - [a, !Ref B]\ne: !!str 5\nf: ! 6\n";
    let expected = r#"{"a":{"Ref":"X"},"b":{"Fn::GetAtt":"X.Arn"},"c":{"Fn::Sub":["${A}",{"A":1}]},"d":{"Fn::Join":[":",["a",{"Ref":"B"}]]},"e":"5","f":"6"}"#;
    assert_eq!(shown(text), expected);
}

#[test]
fn aliases_copy_and_merge_keys_merge() {
    let text = "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\none:\n  <<: *base\n  b: 9\ntwo: {<<: [*other, *base]}\nthree: *base\n\"<<\": kept\n";
    let expected = r#"{"base":{"a":1,"b":2},"other":{"b":3,"c":4},"one":{"b":9,"a":1},"two":{"b":3,"c":4,"a":1},"three":{"a":1,"b":2},"<<":"kept"}"#;
    assert_eq!(shown(text), expected);
}

#[test]
fn what_no_definition_can_be_made_of_is_refused_where_it_stands() {
    for (text, message, place) in [
        ("a: 1\nb: 2\na: 3\n", "the key `a` is given twice", "a"),
        ("a: !Nope 1\n", "the tag `!Nope` is none of CloudFormation's", "!Nope 1"),
        ("? [a, b]\n: 1\n", "a key is a text, not a list or mapping", "["),
        ("a: 1\n---\nb: 2\n", "a definition is one document, and here begins a second", "---"),
        ("<<: 3\n", "the merge key `<<` takes a mapping, or a list of mappings", "3"),
        ("a: &a [*a]\n", "an alias stands for what is complete, and this one stands within itself", "*a"),
    ] {
        assert_eq!(refused(text), (message.to_owned(), place.to_owned()), "{text}");
    }
    assert!(refused("a: *nobody\n").0.contains("unknown anchor"));
    assert!(!refused("a: [1, 2\nb: 3\n").0.is_empty());
    assert!(refused("a: {% 1 %}\n").0.contains("unexpected character"));
}

#[test]
fn aliases_of_aliases_do_not_grow_without_measure() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    assert!(refused(&text).0.starts_with("it has more than 500000 values"));
    // The same through merge keys and through depth.
    let mut deep = "a0: &a0 {x: 1}\n".to_owned();
    for level in 1..2_000 {
        deep.push_str(&format!("a{level}: &a{level} {{x: *a{}}}\n", level - 1));
    }
    assert!(refused(&deep).0.contains("deep"));
}

#[test]
fn depth_is_bounded_in_both_styles() {
    let blocks: String = (0..600).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(refused(&blocks).0.contains("512 deep"));
    let lists = format!("a:\n {}", "- ".repeat(5_000));
    assert!(refused(&lists).0.contains("512 deep"));
    for flow in ["[".repeat(100_000), "{a: ".repeat(100_000)] {
        assert!(refused(&flow).0.contains("recursion limit"), "{}", &flow[..8]);
    }
}

#[test]
fn of_a_key_given_twice_outside_of_the_definition_the_last_value_counts() {
    let text = "Metadata: 1\nMetadata: 2\nResources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties: {Definition: {a: 1}}\n";
    let document = read(text).unwrap();
    assert_eq!(document.tree.get("Metadata").unwrap().to_value().to_text(), "2");
    let values = crate::Substitutions::default();
    let place = crate::Place { partition: "aws", region: "us-east-1", account: "000000000000" };
    let found = crate::machines::find(&document, text, &values, place).unwrap();
    let crate::Definition::Inline(inline) = &found[0].definition else { panic!("it stands in the template") };
    assert_eq!(inline.key_given_twice(), None);
    assert!(document.key_given_twice().is_some());
}

#[test]
fn texts_longer_than_any_definition_are_refused_unread() {
    let text = format!("a: 1 #{}", "x".repeat(LONGEST));
    assert_eq!(refused(&text).0, "it has more than 2097152 bytes");
    assert!(read(&text[..LONGEST]).is_ok());
}

#[test]
fn plain_placeholders_are_remembered() {
    let document = crate::document::read("a: ${X}\nb: \"${X}\"\nc: x-${Y}\n", Syntax::Yaml).unwrap();
    assert_eq!(document.bare.len(), 2);
}

proptest::proptest! {
    #[test]
    fn any_json_reads_the_same_as_yaml(text in "[\\[\\]{}:, \"a-c0-9\\\\n.]{0,40}") {
        if let (Ok(value), Ok(document)) = (json::parse(&text), read(&text)) {
            proptest::prop_assert_eq!(document.tree.to_value().to_text(), value.to_text());
        }
    }

    #[test]
    fn any_text_is_read_or_refused_with_places_inside_it(text in "[-?:,\\[\\]{}#&*!|>'\"%@`a-z \\nä0-9~<]{0,80}") {
        match read(&text) {
            Ok(document) => check(&text, &document.tree)?,
            Err(ReadError::Yaml { message, span } | ReadError::TooDeep { message, span }) => {
                proptest::prop_assert!(!message.is_empty());
                proptest::prop_assert!(text.get(span).is_some());
            }
            Err(ReadError::Json(_)) => proptest::prop_assert!(false, "YAML has its own errors"),
        }
    }
}

fn check(text: &str, node: &Spanned) -> Result<(), proptest::test_runner::TestCaseError> {
    proptest::prop_assert!(text.get(node.span.clone()).is_some(), "{node:?}");
    for member in node.as_object().unwrap_or_default() {
        proptest::prop_assert!(text.get(member.key_span.clone()).is_some(), "{member:?}");
        check(text, &member.value)?;
    }
    node.as_array().unwrap_or_default().iter().try_for_each(|item| check(text, item))
}
