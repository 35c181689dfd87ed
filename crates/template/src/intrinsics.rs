//! CloudFormation's functions within a template, as far as they can be known before anything is deployed.

use crate::fill::{Place, Substitutions};
use crate::placeholder;
use json::spanned::{Node, Spanned};
use std::cell::Cell;

/// What a template knows of the things that it names.
pub(crate) struct Stack<'a> {
    /// `Parameters`, with their defaults.
    parameters: Option<&'a Spanned>,
    /// `Resources`.
    resources: Option<&'a Spanned>,
    /// Values that the user gives, which count most.
    given: &'a Substitutions,
    /// Where the stack would be deployed.
    place: Place<'a>,
    bytes_left: Cell<usize>,
}

/// Bytes that the values of names may come to.
const MOST_BYTES: usize = 4 << 20;
/// Functions within functions that are followed.
const DEEPEST: usize = 16;

impl<'a> Stack<'a> {
    /// What a template knows; nothing where there is none.
    pub(crate) fn of(template: Option<&'a Spanned>, given: &'a Substitutions, place: Place<'a>) -> Stack<'a> {
        let section = |name: &str| template.and_then(|template| template.get(name));
        let (parameters, resources) = (section("Parameters"), section("Resources"));
        Stack { parameters, resources, given, place, bytes_left: Cell::new(MOST_BYTES) }
    }

    /// The text that a value will be; what cannot be known is left in it as a placeholder. `None` for a list or mapping that
    /// is no function.
    pub(crate) fn text(&self, value: &Spanned) -> Option<String> {
        self.text_at(value, 0)
    }

    fn text_at(&self, value: &Spanned, depth: usize) -> Option<String> {
        if let Some(text) = scalar(value) {
            return Some(text);
        }
        let (function, argument) = call(value)?;
        if depth >= DEEPEST {
            return Some(format!("${{{function}}}"));
        }
        let known = match function {
            "Ref" => argument.as_str().map(|name| self.named(name)),
            "Fn::GetAtt" => attribute(argument).map(|name| self.named(&name)),
            "Fn::Sub" => self.substituted(argument, depth),
            "Fn::Join" => self.joined(argument, depth),
            _ => None,
        };
        Some(known.unwrap_or_else(|| format!("${{{}}}", function.replace("Fn::", ""))))
    }

    /// The value of `Name` or `Name.Attribute`; a placeholder where it is not known.
    fn named(&self, name: &str) -> String {
        self.value(name).unwrap_or_else(|| format!("${{{name}}}"))
    }

    /// The value of `Name` or `Name.Attribute`.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        if let Some(given) = self.given.get(name) {
            return self.afford(given.to_owned());
        }
        if let Some(value) = self.place.pseudo_parameter(name) {
            return Some(value);
        }
        if let Some(default) = self.parameters.and_then(|all| all.get(name)?.get("Default")) {
            return self.afford(scalar(default)?);
        }
        let (id, attribute) = match name.split_once('.') {
            Some((id, attribute)) => (id, Some(attribute)),
            None => (name, None),
        };
        self.afford(self.resource(id, attribute, self.resources?.get(id)?)?)
    }

    /// What `!Ref` or `!GetAtt` gives for a resource.
    fn resource(&self, id: &str, attribute: Option<&str>, resource: &Spanned) -> Option<String> {
        let Place { partition, region, account } = self.place;
        let kind = resource.get("Type")?.as_str()?;
        let own_name =
            |key: &str| resource.get("Properties").and_then(|all| all.get(key)?.as_str().map(str::to_owned));
        let named = |key: &str| own_name(key).unwrap_or_else(|| id.to_owned());
        let arn =
            |service: &str, rest: String| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
        match (kind, attribute) {
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", None) => Some(named("FunctionName")),
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", Some("Arn")) => {
                Some(self.place.function(&named("FunctionName")))
            }
            ("AWS::Serverless::StateMachine", None | Some("Arn")) => {
                Some(arn("states", format!("stateMachine:{}", named("Name"))))
            }
            ("AWS::StepFunctions::StateMachine", None | Some("Arn")) => {
                Some(arn("states", format!("stateMachine:{}", named("StateMachineName"))))
            }
            ("AWS::StepFunctions::Activity", None | Some("Arn")) => {
                Some(arn("states", format!("activity:{}", named("Name"))))
            }
            ("AWS::SNS::Topic", None | Some("TopicArn")) => Some(arn("sns", named("TopicName"))),
            ("AWS::SQS::Queue", None | Some("QueueUrl")) => {
                Some(format!("https://sqs.{region}.amazonaws.com/{account}/{}", named("QueueName")))
            }
            ("AWS::SQS::Queue", Some("Arn")) => Some(arn("sqs", named("QueueName"))),
            ("AWS::IAM::Role", Some("Arn")) => {
                Some(format!("arn:{partition}:iam::{account}:role/{}", named("RoleName")))
            }
            ("AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable", None) => Some(named("TableName")),
            ("AWS::S3::Bucket", None) => Some(named("BucketName")),
            (_, None) => Some(id.to_owned()),
            (_, Some(_)) => None,
        }
    }

    /// `Fn::Sub`: a text, or a text and names of its own.
    fn substituted(&self, argument: &Spanned, depth: usize) -> Option<String> {
        let (text, own) = match &argument.node {
            Node::String(text) => (text.to_string(), None),
            Node::Array(items) => (items.first()?.as_str()?.to_owned(), items.get(1)),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Object(_) => return None,
        };
        let replaced = placeholder::replace(&text, |name| {
            let own = own.and_then(|names| names.get(name)).and_then(|value| self.text_at(value, depth + 1));
            own.or_else(|| self.value(name))
        });
        Some(replaced.replace("${!", "${"))
    }

    fn joined(&self, argument: &Spanned, depth: usize) -> Option<String> {
        let [between, parts] = argument.as_array()? else { return None };
        let parts: Option<Vec<String>> =
            parts.as_array()?.iter().map(|part| self.text_at(part, depth + 1)).collect();
        Some(parts?.join(between.as_str()?))
    }

    /// The text, while there is room for it: names that stand for long texts may be named often.
    fn afford(&self, text: String) -> Option<String> {
        self.bytes_left.set(self.bytes_left.get().checked_sub(text.len())?);
        Some(text)
    }

    /// Puts texts in the place of the functions in a tree.
    pub(crate) fn flatten(&self, tree: &mut Spanned) {
        if call(tree).is_some() {
            let text = self.text(tree).unwrap_or_default();
            tree.node = Node::String(text.into());
            return;
        }
        match &mut tree.node {
            Node::Array(items) => items.iter_mut().for_each(|item| self.flatten(item)),
            Node::Object(members) => members.iter_mut().for_each(|member| self.flatten(&mut member.value)),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
        }
    }
}

/// The text of a text, number or boolean.
fn scalar(value: &Spanned) -> Option<String> {
    match &value.node {
        Node::String(text) => Some(text.to_string()),
        Node::Bool(value) => Some(value.to_string()),
        Node::Number(_) => Some(value.to_value().to_text()),
        Node::Null | Node::Array(_) | Node::Object(_) => None,
    }
}

/// The function and its argument, if the value is a call of one.
pub(crate) fn call(value: &Spanned) -> Option<(&str, &Spanned)> {
    let [member] = value.as_object()? else { return None };
    let is_function = &*member.key == "Ref" || member.key.starts_with("Fn::");
    is_function.then_some((&*member.key, &member.value))
}

/// `Name.Attribute`, which `Fn::GetAtt` also takes as a list.
fn attribute(argument: &Spanned) -> Option<String> {
    match &argument.node {
        Node::String(text) => Some(text.to_string()),
        Node::Array(items) => {
            let parts: Option<Vec<&str>> = items.iter().map(Spanned::as_str).collect();
            Some(parts?.join("."))
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Object(_) => None,
    }
}
