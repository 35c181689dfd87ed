//! Values in the place of placeholders, and what stands there until somebody gives one.
//!
//! CloudFormation replaces `${Name}` in the text of a definition. Here it is replaced in the tree, after reading, so that
//! places stay those of the file; a placeholder that was written without quotes becomes what its value looks like.
//!
//! A placeholder without a value must not make a definition invalid that is valid once it is deployed. Where AWS would
//! refuse the text `${Name}` itself, something that fits is assumed: a function of that name for the Resource of a Task, 1
//! for a number. Everywhere else the text stays, as it would at AWS.

use crate::document::{Document, Syntax};
use crate::placeholder;
use crate::yaml::plain_scalar;
use json::Number;
use json::spanned::{Member, Node, Spanned};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Bytes that all values together may add to a definition.
const MOST_BYTES: usize = 4 << 20;

/// Values by the names of placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substitutions(BTreeMap<String, String>);

impl Substitutions {
    /// Adds a value; a name that has one keeps it.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.entry(name.into()).or_insert_with(|| value.into());
    }

    /// The value for a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Substitutions {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Substitutions {
        let mut all = Substitutions::default();
        pairs.into_iter().for_each(|(name, value)| all.add(name, value));
        all
    }
}

/// Where assumed ARNs are.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// The region.
    pub region: &'a str,
    /// Twelve digits.
    pub account: &'a str,
}

impl Place<'_> {
    /// The value of one of CloudFormation's own names.
    pub(crate) fn pseudo_parameter(&self, name: &str) -> Option<String> {
        let value = match name {
            "AWS::Partition" => self.partition,
            "AWS::Region" => self.region,
            "AWS::AccountId" => self.account,
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "stack",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// The function of that name.
    pub(crate) fn function(&self, name: &str) -> String {
        format!("arn:{}:lambda:{}:{}:function:{name}", self.partition, self.region, self.account)
    }
}

/// A definition whose placeholders have values.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The definition.
    pub tree: Spanned,
    /// The names for which something was assumed, each once, in their order.
    pub assumed: BTreeSet<String>,
}

/// Puts values in the place of placeholders.
pub fn fill(document: Document, values: &Substitutions, place: Place<'_>) -> Filled {
    let Document { mut tree, bare, syntax, given_twice: _ } = document;
    let mut filling =
        Filling { values, place, syntax, bare, assumed: BTreeSet::new(), bytes_left: MOST_BYTES };
    filling.node(&mut tree, Around { key: "", is_payload: false });
    Filled { tree, assumed: filling.assumed }
}

struct Filling<'a> {
    values: &'a Substitutions,
    place: Place<'a>,
    syntax: Syntax,
    bare: Arc<HashSet<usize>>,
    assumed: BTreeSet<String>,
    bytes_left: usize,
}

/// What is around a value.
#[derive(Clone, Copy)]
struct Around<'k> {
    /// The key of the field that it is the value, or in the list, of.
    key: &'k str,
    /// Whether it is data that a task gets, whose keys are not the language's.
    is_payload: bool,
}

impl Filling<'_> {
    fn node(&mut self, node: &mut Spanned, around: Around<'_>) {
        match &mut node.node {
            Node::Null | Node::Bool(_) | Node::Number(_) => {}
            Node::String(text) if text.contains("${") => {
                let text = text.clone();
                let is_bare = self.bare.contains(&node.span.start);
                node.node = self.text(&text, is_bare, around, &node.span);
            }
            Node::String(_) => {}
            Node::Array(items) => items.iter_mut().for_each(|item| self.node(item, around)),
            Node::Object(members) => members.iter_mut().for_each(|member| self.member(member, around)),
        }
    }

    fn member(&mut self, member: &mut Member, around: Around<'_>) {
        if member.key.contains("${") {
            member.key = self.given(&member.key).into();
        }
        let key = member.key.clone();
        let is_payload = around.is_payload || PAYLOADS.contains(&&*key);
        self.node(&mut member.value, Around { key: &key, is_payload });
    }

    /// The text with the values that were given, and those of CloudFormation's own names.
    fn given(&mut self, text: &str) -> String {
        let (values, place) = (self.values, self.place);
        let bytes_left = &mut self.bytes_left;
        placeholder::replace(text, |name| {
            let value = values.get(name).map(str::to_owned).or_else(|| place.pseudo_parameter(name))?;
            *bytes_left = bytes_left.checked_sub(value.len())?;
            Some(value)
        })
    }

    fn text(&mut self, text: &str, is_bare: bool, around: Around<'_>, span: &Range<usize>) -> Node {
        let given = self.given(text);
        if !placeholder::is_in(&given) {
            return if is_bare && given != text { written(&given, span) } else { Node::String(given.into()) };
        }
        match self.assume(&given, is_bare, around) {
            Some(node) => {
                let _ = placeholder::replace(&given, |name| {
                    self.assumed.insert(name.to_owned());
                    None
                });
                node
            }
            None => Node::String(given.into()),
        }
    }

    /// What stands in the place of a text with placeholders, where the text itself could not.
    fn assume(&self, text: &str, is_bare: bool, around: Around<'_>) -> Option<Node> {
        let string = |text: String| Some(Node::String(text.into()));
        let whole = placeholder::whole(text).map(placeholder::short);
        // Without quotes, JSON has no texts; YAML has.
        let is_no_text = is_bare && self.syntax == Syntax::Json;
        let is_path = around.key.ends_with(".$") || (!around.is_payload && around.key.ends_with("Path"));
        if text.starts_with("{%") {
            return string(in_expression(text));
        }
        match whole {
            Some(name) if is_path => string(format!("$.{name}")),
            None if is_path => string(short_names(text)),
            _ if around.is_payload => is_no_text.then_some(ONE),
            Some(name) if around.key == "Resource" => string(self.place.function(name)),
            None if around.key == "Resource" => string(self.arn(text)),
            Some(_) if around.key.starts_with("Timestamp") => string("2030-01-01T00:00:00Z".to_owned()),
            _ if around.key == "Label" => string(short_names(text)),
            Some(_) if is_bare && is_boolean(around.key) => Some(Node::Bool(true)),
            Some(_) if is_bare && matches!(around.key, "Retry" | "Catch") => Some(Node::Array(Vec::new())),
            Some(_) if is_no_text || (is_bare && is_number(around.key)) => Some(ONE),
            Some(_) | None => None,
        }
    }

    /// An ARN whose parts are those of here, where a placeholder stands for one of them.
    fn arn(&self, text: &str) -> String {
        let mut arn = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some((name, left)) = placeholder::at_start(rest) {
                arn.push_str(match arn.matches(':').count() {
                    1 => self.place.partition,
                    3 => self.place.region,
                    4 => self.place.account,
                    _ => placeholder::short(name),
                });
                rest = left;
            } else {
                arn.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or("");
            }
        }
        arn
    }
}

const ONE: Node = Node::Number(Number::I64(1));

/// Fields that hold data of the user's.
const PAYLOADS: [&str; 9] = [
    "Parameters",
    "Arguments",
    "ResultSelector",
    "ItemSelector",
    "Result",
    "Output",
    "Assign",
    "BatchInput",
    "Credentials",
];

/// Whether the field holds a number.
fn is_number(key: &str) -> bool {
    const NUMBERS: [&str; 12] = [
        "TimeoutSeconds",
        "HeartbeatSeconds",
        "Seconds",
        "MaxConcurrency",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "MaxItems",
        "MaxItemsPerBatch",
    ];
    NUMBERS.contains(&key)
        || key == "MaxInputBytesPerBatch"
        || (key.starts_with("Numeric") && !key.ends_with("Path"))
}

/// Whether the field holds a boolean.
fn is_boolean(key: &str) -> bool {
    const BOOLEANS: [&str; 8] =
        ["End", "BooleanEquals", "IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"];
    BOOLEANS.contains(&key)
}

/// The text with the names of its placeholders.
fn short_names(text: &str) -> String {
    placeholder::replace(text, |name| Some(placeholder::short(name).to_owned()))
}

/// A JSONata expression with the names of its placeholders within its texts, and 1 for each outside of them.
fn in_expression(text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        if let Some((name, left)) = placeholder::at_start(rest) {
            filled.push_str(if quote.is_some() { placeholder::short(name) } else { "1" });
            rest = left;
            continue;
        }
        match quote {
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            Some(open) if open == c => quote = None,
            None | Some(_) => {}
        }
        filled.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    filled
}

/// What a value is that was put in the place of a placeholder without quotes: a number, a boolean, a list; else a text.
fn written(text: &str, span: &Range<usize>) -> Node {
    match plain_scalar(text) {
        Node::String(text) => match json::spanned::parse(&text) {
            Ok(mut tree) => {
                stand_at(&mut tree, span);
                tree.node
            }
            Err(_) => Node::String(text),
        },
        node @ (Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_)) => node,
    }
}

/// Everything in the tree stands where the placeholder stood.
fn stand_at(tree: &mut Spanned, span: &Range<usize>) {
    tree.span = span.clone();
    match &mut tree.node {
        Node::Array(items) => items.iter_mut().for_each(|item| stand_at(item, span)),
        Node::Object(members) => {
            for member in members {
                member.key_span = span.clone();
                stand_at(&mut member.value, span);
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::read;

    const HERE: Place<'static> = Place { partition: "aws", region: "eu-west-1", account: "000000000000" };

    fn filled(text: &str, values: &[(&str, &str)]) -> (String, Vec<String>) {
        let document = read(text, Syntax::of("", text)).unwrap();
        let values: Substitutions = values.iter().copied().collect();
        let filled = fill(document, &values, HERE);
        (filled.tree.to_value().to_text(), filled.assumed.into_iter().collect())
    }

    #[test]
    fn values_are_put_wherever_their_placeholders_stand() {
        let json = r#"{"a":"${X}-${Y}","${X}":[${N},${L},${B}],"kept":"${Z} ${ $"}"#;
        let values = [("X", "1"), ("Y", "y\""), ("N", "12"), ("L", "[{\"k\":null}]"), ("B", "true")];
        let expected = r#"{"a":"1-y\"","1":[12,[{"k":null}],true],"kept":"${Z} ${ $"}"#;
        assert_eq!(filled(json, &values), (expected.to_owned(), vec![]));
        let yaml = "a: ${N}\nb: '${N}'\nc: ${N}${N}\nd: ${X} y\n";
        assert_eq!(filled(yaml, &values).0, r#"{"a":12,"b":"12","c":1212,"d":"1 y"}"#);
    }

    #[test]
    fn where_a_placeholder_cannot_stand_something_fits_is_assumed_and_told() {
        let json = r#"{"Resource":"${Charge.Arn}","Seconds":${Wait},"Other":{"Resource":"arn:${P}:states:${R}:${A}:activity:x-${N}"},
            "BooleanEquals":${Flag},"Timestamp":"${When}","Label":"l-${Label}","InputPath":"${Path}",
            "Parameters":{"a.$":"States.Format('${Bucket}/{}')","Resource":"${Kept}","n":${Count},"t":"${Kept}"}}"#;
        let expected = r#"{"Resource":"arn:aws:lambda:eu-west-1:000000000000:function:Charge","Seconds":1,"Other":{"Resource":"arn:aws:states:eu-west-1:000000000000:activity:x-N"},"BooleanEquals":true,"Timestamp":"2030-01-01T00:00:00Z","Label":"l-Label","InputPath":"$.Path","Parameters":{"a.$":"States.Format('Bucket/{}')","Resource":"${Kept}","n":1,"t":"${Kept}"}}"#;
        let (text, assumed) = filled(json, &[]);
        assert_eq!(text, expected);
        let names =
            ["A", "Bucket", "Charge.Arn", "Count", "Flag", "Label", "N", "P", "Path", "R", "Wait", "When"];
        assert_eq!(assumed, names);
    }

    #[test]
    fn yaml_without_quotes_may_be_a_text() {
        let yaml = "Seconds: ${Wait}\nComment: ${Text}\nMaxAttempts: '${Quoted}'\nParameters: {TableName: \"${Table}\"}\n";
        let expected = r#"{"Seconds":1,"Comment":"${Text}","MaxAttempts":"${Quoted}","Parameters":{"TableName":"${Table}"}}"#;
        assert_eq!(filled(yaml, &[]), (expected.to_owned(), vec!["Wait".to_owned()]));
    }

    #[test]
    fn retriers_and_catchers_are_assumed_to_be_none() {
        let json = r#"{"Retry":${Retries},"Catch":${Catchers}}"#;
        assert_eq!(filled(json, &[]).0, r#"{"Retry":[],"Catch":[]}"#);
        let given = [("Retries", r#"[{"ErrorEquals":["E"]}]"#)];
        assert_eq!(filled(json, &given).0, r#"{"Retry":[{"ErrorEquals":["E"]}],"Catch":[]}"#);
    }

    #[test]
    fn expressions_stay_expressions() {
        let json = r#"{"Output":"{% $states.input.n > ${Limit} ? '${Big}' : \"${A.b}\" %}"}"#;
        let expected = r#"{"Output":"{% $states.input.n > 1 ? 'Big' : \"A\" %}"}"#;
        assert_eq!(filled(json, &[]).0, expected);
    }

    #[test]
    fn cloudformations_own_names_have_values_without_being_given() {
        let json =
            r#"{"Resource":"arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:f"}"#;
        let expected = r#"{"Resource":"arn:aws:lambda:eu-west-1:000000000000:function:f"}"#;
        assert_eq!(filled(json, &[]), (expected.to_owned(), vec![]));
    }

    #[test]
    fn values_do_not_grow_a_definition_without_measure() {
        let json = format!("[{}\"${{X}}\"]", "\"${X}\",".repeat(1_000));
        let (text, _) = filled(&json, &[("X", &"x".repeat(100_000))]);
        assert!(text.len() < MOST_BYTES + json.len() * 2);
    }
}
