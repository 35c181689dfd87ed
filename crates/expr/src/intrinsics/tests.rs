use super::*;
use json::parse;

const INPUT: &str = r#"{"s":"x","n":7,"f":1.5,"neg":-2.5,"t":true,"z":null,"o":{"Arg1":1,"Arg2":[]},"e":[],
 "a":[1,2,3,4,5],"mixed":[true,false,true],"ones":[1,1.0,"1"],"objects":[{"a":1,"b":2},{"b":2,"a":1}],
 "json":"{bad json}","template":"<{}|{}>","list":["x","y"],"big":[9007199254740991],"long":"LONG","index":"1"}"#;

fn evaluate(expression: &str) -> Result<Value, String> {
    let mut input = parse(INPUT).unwrap();
    if let Value::Object(object) = &mut input {
        Arc::make_mut(object).insert("long", "x".repeat(10_001));
        Arc::make_mut(object).insert("edge", "x".repeat(10_000));
    }
    let context = parse(r#"{"Execution":{"Name":"run"},"StateMachine":{"Id":"arn","Name":"a-b"}}"#).unwrap();
    let scope = Scope { input: &input, context: &context, variables: &() };
    let mut words = 0u64;
    let mut entropy = || {
        words = words.wrapping_add(0x9E37_79B9_7F4A_7C15);
        words
    };
    Intrinsic::parse(expression)
        .map_err(|e| format!("syntax: {e}"))?
        .eval(&scope, &mut entropy)
        .map_err(|e| e.to_string())
}

#[track_caller]
fn gives(expression: &str, expected: &str) {
    assert_eq!(evaluate(expression).map(|v| v.to_text()), Ok(expected.to_owned()), "{expression}");
}

#[track_caller]
fn refuses(expression: &str, function: &str) {
    let expected = format!(
        "There was an error while evaluating the intrinsic function: {expression}. Invalid arguments in {function}"
    );
    assert_eq!(evaluate(expression), Err(expected));
}

#[test]
fn format_puts_arguments_into_places() {
    gives("States.Format('a')", r#""a""#);
    gives("States.Format('{}-{}', $.s, $.n)", r#""x-7""#);
    gives("States.Format('{} {} {} {}', $.t, $.z, $.f, 1e3)", r#""true null 1.5 1000.0""#);
    gives("States.Format('{}', $.o)", r#""{Arg1=1, Arg2=[]}""#);
    gives("States.Format('{}', $.list)", r#""[x, y]""#);
    gives(
        "States.Format('Formatting arguments fst={} and snd={}.', $$.Execution.Name, $$.StateMachine)",
        r#""Formatting arguments fst=run and snd={Id=arn, Name=a-b}.""#,
    );
    gives("States.Format($.template, 1, 'two')", r#""<1|two>""#);
    gives(r"States.Format('\{\}{}\'\\', 1)", r#""{}1'\\""#);
    gives("States.Format('{}', '{}')", r#""{}""#);
    gives("States.Format('é{}ü', 'ß')", r#""éßü""#);
}

#[test]
fn format_refuses_what_does_not_fit() {
    let invalid = |expression: &str, missing: char, found: char| {
        let expected = format!(
            "There was an error while evaluating the intrinsic function: {expression}. Invalid template in States.Format: matching '{missing}' not found for '{found}'."
        );
        assert_eq!(evaluate(expression), Err(expected));
    };
    invalid("States.Format('Hello {', $.s)", '}', '{');
    invalid("States.Format('Hello }', $.s)", '{', '}');
    invalid("States.Format('{{}}', $.s)", '}', '{');
    refuses("States.Format('{}')", "States.Format");
    refuses("States.Format('{}', 1, 2)", "States.Format");
    refuses("States.Format($.n, 1)", "States.Format");
    refuses("States.Format()", "States.Format");
}

#[test]
fn json_functions_convert_and_merge() {
    gives("States.StringToJson('{\"a\": [1, 2.50]}')", r#"{"a":[1,2.5]}"#);
    gives("States.StringToJson('')", "null");
    gives("States.StringToJson(' ')", "null");
    gives("States.StringToJson('-0')", "0");
    gives("States.StringToJson(' 1 ')", "1");
    refuses("States.StringToJson($.n)", "States.StringToJson");
    gives("States.JsonToString($.o)", r#""{\"Arg1\":1,\"Arg2\":[]}""#);
    gives("States.JsonToString($.z)", r#""null""#);
    gives("States.JsonToString('x')", r#""\"x\"""#);
    refuses("States.JsonToString()", "States.JsonToString");
    refuses("States.JsonToString(1, 2)", "States.JsonToString");
    gives("States.JsonMerge($.o, States.StringToJson('{\"Arg2\":3}'), false)", r#"{"Arg2":3,"Arg1":1}"#);
    gives("States.JsonMerge($.o, $.o, 'no')", r#"{"Arg2":[],"Arg1":1}"#);
    refuses("States.JsonMerge($.o, $.o, true)", "States.JsonMerge");
    refuses("States.JsonMerge($.o, $.a, false)", "States.JsonMerge");
}

// AWS: recorded intrinsic_functions.test_json_merge_escaped_argument
#[test]
fn json_merge_gives_keys_in_hash_order() {
    gives(
        "States.JsonMerge(States.StringToJson('{\"constant_in_literal\": \"false\"}'), States.StringToJson('{\"constant_input_field\":\"constant_value\"}'), false)",
        r#"{"constant_input_field":"constant_value","constant_in_literal":"false"}"#,
    );
}

#[test]
fn string_to_json_tells_where_the_text_is_wrong() {
    assert_eq!(
        evaluate("States.StringToJson($.json)"),
        Err("There was an error while evaluating the intrinsic function: States.StringToJson($.json). Cannot convert String to Json in States.StringToJson, caused by: Unexpected character ('b' (code 98)): was expecting double-quote to start field name\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]".to_owned())
    );
}

#[test]
fn arrays_are_made_cut_and_searched() {
    gives("States.Array()", "[]");
    gives("States.Array(1, 'two', $.z, States.Array(true))", r#"[1,"two",null,[true]]"#);
    gives("States.ArrayPartition($.a, 2.6)", "[[1,2],[3,4],[5]]");
    gives("States.ArrayPartition($.a, 9)", "[[1,2,3,4,5]]");
    gives("States.ArrayPartition($.e, 1)", "[]");
    refuses("States.ArrayPartition($.a, 0.9)", "States.ArrayPartition");
    refuses("States.ArrayPartition($.a, -1)", "States.ArrayPartition");
    refuses("States.ArrayPartition($.a, '1')", "States.ArrayPartition");
    gives("States.ArrayContains($.a, 3)", "true");
    gives("States.ArrayContains($.a, 9)", "false");
    gives("States.ArrayContains($.big, '9007199254740991')", "true");
    gives("States.ArrayContains($.mixed, 'true')", "true");
    gives("States.ArrayContains($.mixed, 0)", "false");
    gives("States.ArrayContains($.objects, States.StringToJson('{\"b\":2,\"a\":1}'))", "true");
    gives("States.ArrayContains($.objects, States.StringToJson('{\"b\":2,\"c\":1}'))", "false");
    refuses("States.ArrayContains($.s, 1)", "States.ArrayContains");
    gives("States.ArrayGetItem($.a, 1.2)", "2");
    gives("States.ArrayGetItem($.e, 5)", "null");
    refuses("States.ArrayGetItem($.a, 5)", "States.ArrayGetItem");
    refuses("States.ArrayGetItem($.a, -1)", "States.ArrayGetItem");
    refuses("States.ArrayGetItem($.a, $.index)", "States.ArrayGetItem");
    gives("States.ArrayLength($.a)", "5");
    refuses("States.ArrayLength($.s)", "States.ArrayLength");
    gives("States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), 0)", r#""a""#);
}

#[test]
fn ranges_are_cut_inclusive_and_bounded() {
    gives("States.ArrayRange(1, 9, 2)", "[1,3,5,7,9]");
    gives("States.ArrayRange(5.4, -0.6, -2.4)", "[5,3,1]");
    gives("States.ArrayRange(1, 5, -1)", "[]");
    gives("States.ArrayRange(5, 1, 1)", "[]");
    gives("States.ArrayRange(5, 5, -3)", "[5]");
    assert_eq!(evaluate("States.ArrayRange(1, 1000, 1)").unwrap().as_array().unwrap().len(), 1000);
    refuses("States.ArrayRange(1, 1001, 1)", "States.ArrayRange");
    refuses("States.ArrayRange(1, 9, 0)", "States.ArrayRange");
    refuses("States.ArrayRange(1, 9, 0.9)", "States.ArrayRange");
    refuses("States.ArrayRange(1, 9)", "States.ArrayRange");
    refuses("States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)", "States.ArrayRange");
    refuses("States.ArrayRange(0, 18446744073709551615, 1)", "States.ArrayRange");
}

#[test]
fn unique_drops_equals_in_hash_set_order() {
    gives("States.ArrayUnique($.mixed)", "[false,true]");
    gives("States.ArrayUnique($.objects)", r#"[{"a":1,"b":2}]"#);
    assert_eq!(evaluate("States.ArrayUnique($.ones)").unwrap().as_array().unwrap().len(), 2);
    gives("States.ArrayUnique(States.Array(3, 1, 2, 3, 1))", "[1,2,3]");
    refuses("States.ArrayUnique($.s)", "States.ArrayUnique");
}

#[test]
fn base64_encodes_strictly_and_decodes_leniently() {
    gives("States.Base64Encode('Data to encode')", r#""RGF0YSB0byBlbmNvZGU=""#);
    gives("States.Base64Encode('')", r#""""#);
    gives("States.Base64Encode('a')", r#""YQ==""#);
    gives("States.Base64Encode('é?>')", r#""w6k/Pg==""#);
    gives("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", r#""Data to encode""#);
    gives("States.Base64Decode('')", r#""""#);
    for sloppy in [
        "RGF0YSB0byBlbmNvZGU",
        "RGF0 YSB0\tbyBlbmNvZGU=",
        "=RGF0YSB0byBl!bmNvZGU==",
        "RGF0*YSB0byBlbmNvZGU==",
    ] {
        gives(&format!("States.Base64Decode('{sloppy}')"), r#""Data to encode""#);
    }
    assert_eq!(evaluate("States.Base64Encode($.edge)").unwrap().as_str().unwrap().len(), 13_336);
    refuses("States.Base64Encode($.long)", "States.Base64Encode");
    refuses("States.Base64Decode($.long)", "States.Base64Decode");
    refuses("States.Base64Encode($.n)", "States.Base64Encode");
}

#[test]
fn hashes_are_lower_case_hexadecimal() {
    gives("States.Hash('hello', 'MD5')", r#""5d41402abc4b2a76b9719d911017c592""#);
    gives("States.Hash('input data', 'SHA-1')", r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#);
    gives(
        "States.Hash('hello', 'SHA-256')",
        r#""2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#,
    );
    assert_eq!(evaluate("States.Hash('a', 'SHA-384')").unwrap().as_str().unwrap().len(), 96);
    assert_eq!(evaluate("States.Hash('a', 'SHA-512')").unwrap().as_str().unwrap().len(), 128);
    assert_eq!(evaluate("States.Hash($.n, 'MD5')"), evaluate("States.Hash('7', 'MD5')"));
    refuses("States.Hash('a', 'sha-256')", "States.Hash");
    refuses("States.Hash($.long, 'MD5')", "States.Hash");
    refuses("States.Hash('a')", "States.Hash");
}

#[test]
fn math_follows_java() {
    for (expression, expected) in [
        ("States.MathRandom(1, 100, 42)", "63"),
        ("States.MathRandom(1, 1000, 1)", "106"),
        ("States.MathRandom(1, 1000, 2)", "806"),
        ("States.MathRandom(2147483640, 2147483647, 1)", "2147483644"),
        ("States.MathRandom(7.9, 8.9, 0)", "7"),
        ("States.MathAdd(1, 2)", "3"),
        ("States.MathAdd(1.5, 2.4)", "4"),
        ("States.MathAdd(-1.5, 0)", "-1"),
        ("States.MathAdd(2147483646, 1)", "2147483647"),
    ] {
        gives(expression, expected);
    }
    for expression in [
        "States.MathRandom(2, 2, 1)",
        "States.MathRandom(1, 2, 'x')",
        "States.MathRandom(1, 2, null)",
        "States.MathRandom(1)",
    ] {
        refuses(expression, "States.MathRandom");
    }
    for expression in [
        "States.MathAdd(1)",
        "States.MathAdd('1', 2)",
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd(2147483648, -1)",
        "States.MathAdd(1, 2, 3)",
    ] {
        refuses(expression, "States.MathAdd");
    }
    let drawn = evaluate("States.MathRandom(-99999, -9999)").unwrap().as_i64().unwrap();
    assert!((-99_999..-9_999).contains(&drawn));
    let widest = evaluate("States.MathRandom(-2147483648, 2147483647)").unwrap().as_i64().unwrap();
    assert!((-2_147_483_648..2_147_483_647).contains(&widest));
}

#[test]
fn strings_split_at_any_separator() {
    gives("States.StringSplit('1,2,,3.4', '.,')", r#"["1","2","3","4"]"#);
    gives("States.StringSplit('', ',')", "[]");
    gives("States.StringSplit('a', '')", r#"["a"]"#);
    refuses("States.StringSplit(1, ',')", "States.StringSplit");
    refuses("States.StringSplit('a')", "States.StringSplit");
}

#[test]
fn uuids_are_of_version_four_and_drawn_from_the_entropy() {
    let scope = Scope { input: &Value::Null, context: &Value::Null, variables: &() };
    let uuid =
        |word: u64| Intrinsic::parse("States.UUID(1)").unwrap().eval(&scope, &mut || word).unwrap().to_text();
    assert_eq!(uuid(0), r#""00000000-0000-4000-8000-000000000000""#);
    assert_eq!(uuid(u64::MAX), r#""ffffffff-ffff-4fff-bfff-ffffffffffff""#);
}

#[test]
fn missing_arguments_are_told_with_the_whole_expression() {
    let error = evaluate("States.Array(States.Array($.a[9].x, $.nope))").unwrap_err();
    assert!(error.starts_with(
        "The function 'States.Array(States.Array($.a[9].x, $.nope))' had the following error: The JsonPath argument for the field '$.a[9].x' could not be found in the input '{\"s\":\"x\","
    ));
    assert!(
        evaluate("States.Array($.a[9])").unwrap_err().contains("for the field '$.a[9]' could not be found")
    );
    refuses("States.Array(1, States.MathAdd(1))", "States.MathAdd");
}

#[test]
fn blanks_between_tokens_do_not_count() {
    gives(" States.Array ( 1 ,\n'a' , $.n , States.UUID ( ) ) ".trim_end(), &{
        let uuid = evaluate("States.UUID()").unwrap();
        format!(r#"[1,"a",7,{uuid}]"#)
    });
    gives("States.Array($.a[?(@.x == ',)')], $['s'])", r#"[[],"x"]"#);
    gives("States.Array($.a.length(),1)", "[5,1]");
}

#[test]
fn what_is_no_call_is_refused() {
    for text in [
        "",
        "States",
        "States.Nope()",
        "States.Array",
        "States.Array(",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(,1)",
        "States.Array)",
        "States.Array() x",
        "States.Array(\"a\")",
        r"States.Array('\n')",
        r#"States.Array('\"')"#,
        "States.Array('a)",
        "States.Array(abc)",
        "States.Array(1.)",
        "States.Array(01)",
        "States.Array($.a b)",
        "states.array()",
        "States.Array($.)",
        "States.Array(truex)",
    ] {
        assert!(Intrinsic::parse(text).is_err(), "{text}");
    }
}

#[test]
fn errors_are_placed_in_characters() {
    let at = |text: &str| crate::Expression::parse(text).unwrap_err().at;
    assert_eq!(at("States.Base64Encode('éé"), 23);
    assert_eq!(at("States.Array('é', $.a[x])"), at("States.Array('e', $.a[x])"));
    assert_eq!(at("$name.a[x]"), at("$.a[x]") + 4);
    assert_eq!(at("$$.a[x]"), at("$.a[x]") + 1);
}

#[test]
fn calls_nest_ten_levels_deep() {
    let nested = |levels: usize| format!("{}{}", "States.Array(".repeat(levels), ")".repeat(levels));
    assert!(Intrinsic::parse(&nested(10)).is_ok());
    assert!(Intrinsic::parse(&nested(11)).is_err());
    assert!(Intrinsic::parse(&nested(100_000)).is_err());
}

#[test]
fn results_that_grow_without_bound_are_refused() {
    let places = "{}".repeat(100);
    let mut expression = "$.edge".to_owned();
    for _ in 0..9 {
        expression = format!("States.Array({})", [expression.as_str(); 3].join(", "));
    }
    let error = evaluate(&format!("States.JsonToString({expression})")).unwrap_err();
    assert!(error.ends_with("The result exceeds 10485760 bytes"), "{error}");
    let arguments = ["$.edge"; 100].join(",");
    assert!(evaluate(&format!("States.Format('{places}', {arguments})")).is_ok());
    let inner = format!("States.Format('{places}', {arguments})");
    let outer = format!("States.Array({})", [inner.as_str(); 11].join(","));
    assert!(evaluate(&outer).unwrap_err().ends_with("The result exceeds 10485760 bytes"));
}
