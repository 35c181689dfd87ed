//! The state machines of a SAM or CloudFormation template.

use crate::document::Document;
use crate::fill::{Place, Substitutions};
use crate::intrinsics::{self, Stack};
use crate::placeholder;
use json::spanned::{Node, Spanned};
use std::ops::Range;

/// A state machine of a template.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The key of the resource.
    pub id: String,
    /// The name that the template gives it.
    pub name: Option<String>,
    /// `STANDARD` or `EXPRESS`, if the template says it.
    pub machine_type: Option<String>,
    /// Its definition.
    pub definition: Definition,
    /// The values of the definition's placeholders, those that the user gave first.
    pub values: Substitutions,
    /// The bytes of its key in the template.
    pub span: Range<usize>,
}

/// Where a definition is.
#[derive(Clone, Debug)]
pub enum Definition {
    /// In the template, as mappings and lists.
    Inline(Document),
    /// In the template, as one text.
    Text(Quoted),
    /// In a file of that name, seen from the template.
    File(String),
    /// In a bucket, behind a transform, or nowhere.
    Elsewhere,
}

/// A definition that is one text within the template.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// The definition.
    pub text: String,
    /// Where the text is in the template.
    span: Range<usize>,
    /// Where each of its lines begins in the template, if they stand there as they are.
    lines: Vec<usize>,
}

impl Quoted {
    /// The bytes of the template for those of the text; all of the text where they cannot be told apart.
    pub fn place(&self, within: &Range<usize>) -> Range<usize> {
        let byte = |at: usize| {
            let before = self.text.get(..at)?;
            let line = before.bytes().filter(|byte| *byte == b'\n').count();
            let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
            Some(self.lines.get(line)? + column)
        };
        match (byte(within.start), byte(within.end)) {
            (Some(start), Some(end)) if start <= end => start..end,
            _ => self.span.clone(),
        }
    }

    /// The text of a value of the template; line by line if it is a literal block.
    fn of(value: &Spanned, text: String, template: &str) -> Quoted {
        let (span, mut lines) = (value.span.clone(), Vec::new());
        let line_start =
            template.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let indent = span.start - line_start;
        let mut start = span.start;
        let mut following = text.split('\n').peekable();
        while let Some(line) = following.next() {
            let own = template.get(start..).unwrap_or("");
            if !own.starts_with(line) {
                lines.clear();
                break;
            }
            lines.push(start);
            let Some(end) = own.find('\n') else { break };
            // A line without anything in it may not be indented.
            start += end + 1;
            start += if following.peek().is_some_and(|next| !next.is_empty()) { indent } else { 0 };
        }
        Quoted { text, span, lines }
    }
}

/// The state machines of a template in the order of their keys there; `None` where the document is no template.
pub fn find(
    document: &Document,
    text: &str,
    given: &Substitutions,
    place: Place<'_>,
) -> Option<Vec<Machine>> {
    let root = &document.tree;
    let resources = root.get("Resources").filter(|resources| resources.as_object().is_some())?;
    if root.get("States").is_some() || root.get("StartAt").is_some() {
        return None;
    }
    let stack = Stack::of(Some(root), given, place);
    let mut machines = Vec::new();
    for member in resources.as_object().unwrap_or_default() {
        let kind = member.value.get("Type").and_then(Spanned::as_str);
        let (name_key, type_key) = match kind {
            Some("AWS::Serverless::StateMachine") => ("Name", "Type"),
            Some("AWS::StepFunctions::StateMachine") => ("StateMachineName", "StateMachineType"),
            Some(_) | None => continue,
        };
        let properties = member.value.get("Properties");
        let property = |key: &str| properties.and_then(|all| all.get(key));
        let known = |key: &str| {
            property(key).and_then(|value| stack.text(value)).filter(|text| !placeholder::is_in(text))
        };
        let mut values = given.clone();
        for own in property("DefinitionSubstitutions").and_then(Spanned::as_object).unwrap_or_default() {
            // A value that is not known leaves the placeholder, which then has something assumed for it.
            if let Some(value) = stack.text(&own.value).filter(|value| !placeholder::is_in(value)) {
                values.add(&*own.key, value);
            }
        }
        let definition = definition(&property, &stack, document, text, &mut values);
        let (id, span) = (member.key.to_string(), member.key_span.clone());
        machines.push(Machine {
            id,
            name: known(name_key),
            machine_type: known(type_key),
            definition,
            values,
            span,
        });
    }
    Some(machines)
}

fn definition<'t>(
    property: &impl Fn(&str) -> Option<&'t Spanned>,
    stack: &Stack<'_>,
    document: &Document,
    template: &str,
    values: &mut Substitutions,
) -> Definition {
    if let Some(tree) = property("Definition") {
        // `Fn::Transform` takes it from a bucket.
        if intrinsics::call(tree).is_some() || tree.get("Fn::Transform").is_some() {
            return Definition::Elsewhere;
        }
        let mut tree = tree.clone();
        stack.flatten(&mut tree);
        return Definition::Inline(Document {
            tree,
            bare: document.bare.clone(),
            syntax: document.syntax,
            given_twice: document.given_twice.clone(),
        });
    }
    if let Some(value) = property("DefinitionString") {
        return quoted(value, stack, template, values).map_or(Definition::Elsewhere, Definition::Text);
    }
    match property("DefinitionUri").map(|uri| &uri.node) {
        Some(Node::String(path)) if !path.starts_with("s3://") => Definition::File(path.to_string()),
        Some(_) | None => Definition::Elsewhere,
    }
}

/// The text of DefinitionString. The placeholders of `Fn::Sub` are left to be filled with the others, so that places stay.
fn quoted(value: &Spanned, stack: &Stack<'_>, template: &str, values: &mut Substitutions) -> Option<Quoted> {
    let (text, names) = match intrinsics::call(value) {
        None => (value, None),
        Some(("Fn::Sub", argument)) => match argument.as_array() {
            None => (argument, None),
            Some(items) => (items.first()?, items.get(1)),
        },
        Some(_) => {
            return Some(Quoted { text: stack.text(value)?, span: value.span.clone(), lines: Vec::new() });
        }
    };
    let own = text.as_str()?.to_owned();
    if intrinsics::call(value).is_some() {
        let _ = placeholder::replace(&own, |name| {
            let known = names.and_then(|names| names.get(name)).and_then(|value| stack.text(value));
            if let Some(value) =
                known.or_else(|| stack.value(name)).filter(|value| !placeholder::is_in(value))
            {
                values.add(name, value);
            }
            None
        });
    }
    Some(Quoted::of(text, own, template))
}

/// Puts placeholders in the place of CloudFormation's functions in a definition that stands by itself.
pub fn flatten(document: &mut Document, given: &Substitutions, place: Place<'_>) {
    if document.syntax == crate::document::Syntax::Yaml {
        Stack::of(None, given, place).flatten(&mut document.tree);
    }
}

#[cfg(test)]
mod tests;
