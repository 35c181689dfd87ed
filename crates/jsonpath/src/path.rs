//! The compiled path.

use crate::error::{EvalError, SetError, SyntaxError};
use crate::filter::Filter;
use crate::functions::Call;
use json::Value;
use std::fmt;
use std::sync::Arc;

/// The longest text of a path, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// The most steps of a path.
pub const MAX_STEPS: usize = 512;

/// A compiled path. Cloning copies a pointer.
#[derive(Clone)]
pub struct Path {
    inner: Arc<Inner>,
}

struct Inner {
    text: Box<str>,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`, `['name']`
    Name(Arc<str>),
    /// `['a','b']`
    Names(Vec<Arc<str>>),
    /// `[3]`, `[-1]`
    Index(i64),
    /// `[0,2]`
    Indexes(Vec<i64>),
    /// `[1:3]`, either end may be left out.
    Slice(Option<i64>, Option<i64>),
    /// `*`, `[*]`
    Wildcard,
    /// `..`
    Descend,
    /// `[?(…)]`
    Filter(Filter),
    /// `.length()` and its like, last of all.
    Function(Call),
}

impl Path {
    /// Compiles a path, whose text starts with `$`.
    pub fn parse(text: &str) -> Result<Path, SyntaxError> {
        let steps = crate::parse::parse(text)?;
        Ok(Path::from_parts(text, steps))
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The steps behind the root.
    pub fn steps(&self) -> &[Step] {
        &self.inner.steps
    }

    /// Whether the path is `$` alone.
    pub fn is_root(&self) -> bool {
        self.inner.steps.is_empty()
    }

    /// Whether the path gives the value itself (or an error) and not an array of matches.
    pub fn is_definite(&self) -> bool {
        let steps = self.steps();
        if let (Some(Step::Descend), Some(Step::Function(_))) = (steps.first(), steps.last()) {
            return true; // `$..x.length()` counts the matches.
        }
        steps.iter().enumerate().all(|(i, step)| step.is_definite(i + 1 == steps.len()))
    }

    /// Whether the path is a Reference Path: names and indexes only.
    pub fn is_reference(&self) -> bool {
        self.steps().iter().all(|step| match step {
            Step::Name(_) => true,
            Step::Index(index) => *index >= 0,
            Step::Names(_)
            | Step::Indexes(_)
            | Step::Slice(..)
            | Step::Wildcard
            | Step::Descend
            | Step::Filter(_)
            | Step::Function(_) => false,
        })
    }

    /// Whether one of the steps is a filter, a function, or looks at every depth.
    pub fn has_operators(&self) -> bool {
        self.steps().iter().any(|step| matches!(step, Step::Descend | Step::Filter(_) | Step::Function(_)))
    }

    /// What the path finds in `root`; shares what the document holds. An indefinite path gives an array, `[]` where a
    /// property on its way is missing.
    pub fn eval(&self, root: &Value) -> Result<Value, EvalError> {
        crate::eval::eval(self, root)
    }

    /// The document with `new` in the place that this Reference Path names, by the rules of ResultPath: missing
    /// parents become objects, what stands in the last place is replaced as a whole, array items must exist.
    pub fn set(&self, root: &Value, new: Value) -> Result<Value, SetError> {
        crate::set::set(self, root, new)
    }

    pub(crate) fn from_parts(text: &str, steps: Vec<Step>) -> Path {
        Path { inner: Arc::new(Inner { text: text.into(), steps }) }
    }
}

impl Step {
    fn is_definite(&self, is_last: bool) -> bool {
        match self {
            Step::Name(_) | Step::Index(_) | Step::Function(_) => true,
            Step::Names(_) => is_last,
            Step::Indexes(_) | Step::Slice(..) | Step::Wildcard | Step::Descend | Step::Filter(_) => false,
        }
    }
}

/// The path as written.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.text())
    }
}

/// Paths are equal when they are written alike.
impl PartialEq for Path {
    fn eq(&self, other: &Path) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Path {}

/// The step in Jayway's bracket form.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Name(name) => write!(f, "['{name}']"),
            Step::Names(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                write!(f, "[{}]", names.join(","))
            }
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Indexes(indexes) => {
                let indexes: Vec<String> = indexes.iter().map(i64::to_string).collect();
                write!(f, "[{}]", indexes.join(","))
            }
            Step::Slice(from, to) => {
                let end = |end: &Option<i64>| end.map_or_else(String::new, |n| n.to_string());
                write!(f, "[{}:{}]", end(from), end(to))
            }
            Step::Wildcard => f.write_str("[*]"),
            Step::Descend => f.write_str(".."),
            Step::Filter(_) => f.write_str("[?]"),
            Step::Function(call) => write!(f, ".{}()", call.function.name()),
        }
    }
}

/// `steps` in bracket form, behind `$`.
pub(crate) fn bracketed(steps: &[Step]) -> String {
    use fmt::Write;
    let mut text = String::from("$");
    for step in steps {
        // Writing to a String cannot fail.
        let _ = write!(text, "{step}");
    }
    text
}
