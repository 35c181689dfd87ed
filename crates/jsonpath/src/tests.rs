use crate::{EvalError, Path, SetError};
use json::{Value, parse};

const STORE: &str = r#"{"store":{"book":[
 {"category":"reference","author":"Nigel Rees","title":"Sayings","price":8.95},
 {"category":"fiction","author":"Evelyn Waugh","title":"Sword","price":12.99},
 {"category":"fiction","author":"Herman Melville","title":"Moby","isbn":"0-553","price":8.99},
 {"category":"fiction","author":"Tolkien","title":"Ring","isbn":"0-395","price":22.99,"tags":["a","b"],"none":null}],
 "bicycle":{"color":"red","price":19.95}},"limit":10,"names":["Sword","Moby"],"n":[1,2,3,4,5],"m":[[1,2],[3]],
 "detail-type":"x","a b":"blank","s":"text","z":null}"#;

fn eval(path: &str) -> Result<String, EvalError> {
    let path = Path::parse(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    path.eval(&parse(STORE).unwrap()).map(|v| v.to_text())
}

#[track_caller]
fn gives(path: &str, expected: &str) {
    assert_eq!(eval(path).unwrap_or_else(|e| panic!("{path}: {e}")), expected, "{path}");
}

#[track_caller]
fn fails(path: &str, expected: &str) {
    assert_eq!(eval(path).unwrap_err().to_string(), expected, "{path}");
}

#[test]
fn definite_paths_give_the_value_itself() {
    gives("$.limit", "10");
    gives("$['limit']", "10");
    gives("$[\"limit\"]", "10");
    gives("$.store.['bicycle'].color", r#""red""#);
    gives("$.n[0]", "1");
    gives("$.n[-1]", "5");
    gives("$.detail-type", r#""x""#);
    gives("$['a b']", r#""blank""#);
    gives("$.limit ", "10");
    gives("$.z", "null");
    gives("$['limit','s']", r#"{"limit":10,"s":"text"}"#);
    gives("$['limit','nope']", r#"{"limit":10}"#);
}

#[test]
fn indefinite_paths_give_arrays() {
    gives("$.n[*]", "[1,2,3,4,5]");
    gives("$.m[*][*]", "[1,2,3]");
    gives("$.store.bicycle.*", r#"["red",19.95]"#);
    gives("$.store.book[*].isbn", r#"["0-553","0-395"]"#);
    gives("$.n[1:3]", "[2,3]");
    gives("$.n[:2]", "[1,2]");
    gives("$.n[-2:]", "[4,5]");
    gives("$.n[1:5:2]", "[2,3,4,5]");
    gives("$.n[0,2,9]", "[1,3]");
    gives("$..color", r#"["red"]"#);
    gives("$..price", "[8.95,12.99,8.99,22.99,19.95]");
    gives(
        "$.store.book[*]['title','price']",
        concat!(
            r#"[{"title":"Sayings","price":8.95},{"title":"Sword","price":12.99},"#,
            r#"{"title":"Moby","price":8.99},{"title":"Ring","price":22.99}]"#
        ),
    );
    gives("$..book[2].title", r#"["Moby"]"#);
}

#[test]
fn indefinite_paths_on_missing_properties_give_nothing() {
    for path in ["$.no[*]", "$.no.x[1:]", "$.no[:1].x", "$.no[?(@.x)]", "$..nope", "$.limit[*]", "$.s[0:1]"] {
        gives(path, "[]");
    }
}

#[test]
fn missing_places_are_told_in_jayways_words() {
    fails("$.X", "No results for path: $['X']");
    fails("$.store.X", "No results for path: $['store']['X']");
    fails("$.no.such.result.path", "Missing property in path $['no']");
    fails("$.n[9]", "No results for path: $['n'][9]");
    fails("$.limit[0]", "Filter: [0] can only be applied to arrays. Current context is: 10");
    fails("$.z[0]", "The path $['z'] is null");
    fails(
        "$.s.x",
        "Expected to find an object with property ['x'] in path $['s'] but found 'java.lang.String'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.",
    );
    assert!(matches!(eval("$.n[9]"), Err(EvalError::IndexOutOfRange { .. })));
    assert!(matches!(eval("$.n[9].x"), Err(EvalError::NoResults { .. })));
}

#[test]
fn null_documents_cannot_be_read() {
    let error = Path::parse("$.a").unwrap().eval(&Value::Null).unwrap_err();
    assert_eq!(error.to_string(), "Unable to apply Path transformation to null or empty input.");
    assert_eq!(Path::parse("$").unwrap().eval(&Value::Null), Ok(Value::Null));
}

#[test]
fn filters_compare_by_type() {
    let titles = |filter: &str, expected: &str| gives(&format!("$.store.book[?({filter})].title"), expected);
    titles("@.price < 10", r#"["Sayings","Moby"]"#);
    titles("@.price <= $.limit", r#"["Sayings","Moby"]"#);
    titles("@.price > 20", r#"["Ring"]"#);
    titles("@.price >= 12.99", r#"["Sword","Ring"]"#);
    titles("10 > @.price", r#"["Sayings","Moby"]"#);
    titles("@.title == 'Moby'", r#"["Moby"]"#);
    titles("@.title == \"Moby\"", r#"["Moby"]"#);
    titles("@['title'] != 'Moby'", r#"["Sayings","Sword","Ring"]"#);
    titles("@.isbn != '0-553'", r#"["Sayings","Sword","Ring"]"#);
    titles("@.price == '8.95'", "[]");
    titles("@.title==Moby", r#"["Moby"]"#);
    titles("@.isbn", r#"["Moby","Ring"]"#);
    titles("!@.isbn", r#"["Sayings","Sword"]"#);
    titles("!@.none", r#"["Sayings","Sword","Moby","Ring"]"#);
    titles("@.isbn && @.price < 10", r#"["Moby"]"#);
    titles("@.isbn || @.price < 10", r#"["Sayings","Moby","Ring"]"#);
    titles("!(@.isbn || @.price < 10)", r#"["Sword"]"#);
    titles("(@.price < 9 || @.price > 20) && @.category == 'fiction'", r#"["Moby","Ring"]"#);
    titles("@.none == null", r#"["Ring"]"#);
    titles("true", r#"["Sayings","Sword","Moby","Ring"]"#);
}

#[test]
fn filters_know_words_patterns_and_functions() {
    let titles = |filter: &str, expected: &str| gives(&format!("$.store.book[?({filter})].title"), expected);
    titles("@.title =~ /.*o.*/", r#"["Sword","Moby"]"#);
    titles("@.title =~ /mo/i", "[]");
    titles("@.title =~ /mo.y/i", r#"["Moby"]"#);
    titles("@.title in ['Moby','Ring']", r#"["Moby","Ring"]"#);
    titles("@.title in $.names", r#"["Sword","Moby"]"#);
    titles("@.title nin ['Moby']", r#"["Sayings","Sword","Ring"]"#);
    titles("@.tags subsetof ['a','b','c']", r#"["Ring"]"#);
    titles("@.tags anyof ['b','x']", r#"["Ring"]"#);
    titles("@.tags noneof ['x']", r#"["Ring"]"#);
    titles("@.tags contains 'a'", r#"["Ring"]"#);
    titles("@.title contains 'in'", r#"["Sayings","Ring"]"#);
    titles("@.tags size 2", r#"["Ring"]"#);
    titles("@.title size 4", r#"["Moby","Ring"]"#);
    titles("@.tags empty false", r#"["Ring"]"#);
    titles("@.tags.length() == 2", r#"["Ring"]"#);
    gives("$..[?(@.price > 19)].price", "[22.99,19.95]");
}

#[test]
fn filters_match_no_scalars() {
    gives("$.n[?(@ > 2)]", "[]");
}

#[test]
fn length_works_and_other_function_tails_find_nothing() {
    gives("$.n.length()", "5");
    gives("$.store.bicycle.length()", "2");
    gives("$..book.length()", "1");
    gives("$..isbn.length()", "2");
    fails("$.n.sum()", "No results for path: $['n'].sum()");
}

/// AWS: recorded test_escape_sequence_parsing[ESCAPE_SEQUENCES_JSONPATH].
#[test]
fn escape_sequence_parsing() {
    let find = |path: &str, key: &str| {
        let document = Value::object([(key, Value::from(7))]);
        Path::parse(path).unwrap().eval(&document).unwrap().to_text()
    };
    assert_eq!(find(r#"$['Test\""Name"']"#, r#"Test\""Name""#), "7");
    assert_eq!(find(r"$['it\'s']", "it's"), "7");
    assert_eq!(find(r#"$["say \"it's\""]"#, r#"say "it's""#), "7");
    assert_eq!(find(r"$['a\\b']", r"a\b"), "7");
    assert_eq!(find(r"$['a\nb\u0041']", r"a\nb\u0041"), "7");
    assert!(Path::parse(r"$['open\']").is_err());
}

#[test]
fn what_is_no_path_is_refused() {
    for text in [
        "",
        "a",
        " $.a",
        "$a",
        "$.",
        "$..",
        "$.a.",
        "$. a",
        "$.a b",
        "$[",
        "$[]",
        "$['a]",
        "$['a'",
        "$[a]",
        "$[1",
        "$[::-1]",
        "$[:]",
        "$.a[?(@.x]",
        "$.a[?(@.x ==)]",
        "$.a[?()]",
        "$.a[?(word)]",
        "$.a[?(@.x =~ 'a')]",
        "$.a[?(@.x == /a/)]",
        "$.a[?(@.x =~ /(/)]",
        "$.a.length().b",
        "$.a.nope()",
        "$*",
        "$.a[99999999999]",
        "$.a)",
        "$.a,b",
    ] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
    assert!(Path::parse(&format!("$.{}", "a".repeat(crate::MAX_TEXT))).is_err());
    assert!(Path::parse(&format!("${}", ".a".repeat(crate::MAX_STEPS + 1))).is_err());
    assert!(Path::parse(&format!("$[?({}@.a{})]", "(".repeat(5000), ")".repeat(5000))).is_err());
    assert!(Path::parse(&format!("$[?({}@.a)]", "!".repeat(5000))).is_err());
    assert!(Path::parse(&format!("$[?(@.a in {})]", "[".repeat(5000))).is_err());
}

#[test]
fn kinds_of_paths_are_told_apart() {
    for (text, definite, reference) in [
        ("$", true, true),
        ("$.a['b'][0]", true, true),
        ("$.a[-1]", true, false),
        ("$['a','b']", true, false),
        ("$['a','b'].c", false, false),
        ("$.a[*]", false, false),
        ("$..a", false, false),
        ("$.a[1:]", false, false),
        ("$.a[0,1]", false, false),
        ("$.a[?(@.b)]", false, false),
        ("$.a.length()", true, false),
        ("$..a.length()", true, false),
    ] {
        let path = Path::parse(text).unwrap();
        assert_eq!((path.is_definite(), path.is_reference()), (definite, reference), "{text}");
    }
}

#[test]
fn a_result_is_not_longer_than_any_document_because_it_repeats_one() {
    let document = Value::array(vec![Value::from("x".repeat(200_000))]);
    let repeated = |times: usize| format!("$[{}]", vec!["0"; times].join(","));
    let found = Path::parse(&repeated(100)).unwrap().eval(&document).unwrap();
    assert_eq!(found.as_array().map(<[Value]>::len), Some(100));
    let too_often = Path::parse(&repeated(10_000)).unwrap().eval(&document);
    assert!(matches!(too_often, Err(EvalError::TooManySteps { .. })));
    let wide = Value::array(vec![Value::array(vec![Value::from(1i64); 5_000])]);
    let too_often = Path::parse(&repeated(10_000)).unwrap().eval(&wide);
    assert!(matches!(too_often, Err(EvalError::TooManySteps { .. })));
}

#[test]
fn deep_and_wide_evaluations_end() {
    let wide = Value::array(vec![Value::array(vec![Value::from(1i64); 1100]); 1100]);
    assert!(matches!(Path::parse("$..*").unwrap().eval(&wide), Err(EvalError::TooManySteps { .. })));
    let deep = parse(&format!("{}{}", "[".repeat(500), "]".repeat(500))).unwrap();
    assert!(Path::parse("$..*").unwrap().eval(&deep).is_ok());
    let nested = (0..20).fold("@".to_owned(), |inner, _| format!("$..[?({inner})]"));
    if let Ok(path) = Path::parse(&nested) {
        let _ = path.eval(&deep);
    }
    let exponential = Path::parse(&format!("${}", "..*".repeat(200))).unwrap();
    assert!(matches!(exponential.eval(&deep), Err(EvalError::TooManySteps { .. })));
}

#[test]
fn result_path_writes_where_it_points() {
    for (root, path, expected) in [
        (r#"{"a":1}"#, "$", "9"),
        (r#"{"a":1}"#, "$.a", r#"{"a":9}"#),
        (r#"{"a":1}"#, "$.b", r#"{"a":1,"b":9}"#),
        (r#"{"a":1}"#, "$.b.c.d", r#"{"a":1,"b":{"c":{"d":9}}}"#),
        (
            r#"{"w":{"s":{"previous":"p"}},"z":1}"#,
            "$.w.s.current",
            r#"{"w":{"s":{"previous":"p","current":9}},"z":1}"#,
        ),
        (r#"{"a":{"x":1,"y":2}}"#, "$.a", r#"{"a":9}"#),
        (r#"{"a":[1,{"b":2}]}"#, "$.a[1].b", r#"{"a":[1,{"b":9}]}"#),
        (r#"[1,2]"#, "$[0]", "[9,2]"),
    ] {
        let written = Path::parse(path).unwrap().set(&parse(root).unwrap(), Value::from(9i64)).unwrap();
        assert_eq!(written.to_text(), expected, "{path} on {root}");
    }
}

#[test]
fn result_path_conflicts_name_the_step() {
    for (root, path, expected) in [
        (r#"{"a":1}"#, "$.a.b", r#"Unable to apply step "b" to input {"a":1}"#),
        (r#"{"a":[1]}"#, "$.a.b", r#"Unable to apply step "b" to input {"a":[1]}"#),
        (r#"{"a":[1]}"#, "$.a[1]", r#"Unable to apply step "1" to input {"a":[1]}"#),
        (r#"{}"#, "$.a[0]", r#"Unable to apply step "0" to input {}"#),
        (
            r#""input1""#,
            "$.someTaskResult",
            r#"Unable to apply ReferencePath $.someTaskResult to input "input1""#,
        ),
    ] {
        let error = Path::parse(path).unwrap().set(&parse(root).unwrap(), Value::Null).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let error = Path::parse("$.a[*]").unwrap().set(&Value::empty_object(), Value::Null).unwrap_err();
    assert!(matches!(error, SetError::NotReference { .. }));
}

#[test]
fn writing_leaves_the_old_document_as_it_was() {
    let old = parse(r#"{"a":{"b":1}}"#).unwrap();
    let new = Path::parse("$.a.b").unwrap().set(&old, Value::from(2i64)).unwrap();
    assert_eq!(
        (old.to_text(), new.to_text()),
        (r#"{"a":{"b":1}}"#.to_owned(), r#"{"a":{"b":2}}"#.to_owned())
    );
}
