//! Following a path through a document.

use crate::error::EvalError;
use crate::functions::{Argument, Call, Function};
use crate::path::bracketed;
use crate::{Path, Step};
use json::{Object, Value};

/// How many values one evaluation may visit, filters included.
const MAX_VISITS: usize = 1_000_000;

/// Text in a result counts as one more visit for each of these.
const BYTES_OF_A_VISIT: usize = 32;

/// How deep one evaluation may recurse: a document's depth and the steps of a path together, and some filters.
const MAX_RECURSION: usize = 1_600;

pub(crate) fn eval(path: &Path, root: &Value) -> Result<Value, EvalError> {
    if root.is_null() && !path.is_root() {
        return Err(EvalError::NullInput);
    }
    let found = Evaluation::of(root).path(path, root, FunctionTail::LengthOnly)?;
    let may_repeat = |step: &Step| matches!(step, Step::Indexes(_) | Step::Descend);
    if path.steps().iter().any(may_repeat) {
        Evaluation::of(root).visit_all(&found)?;
    }
    Ok(found)
}

/// Where in an array of `length` items an index points; negative ones count from the end.
pub(crate) fn position(index: i64, length: usize) -> Option<usize> {
    let at = if index < 0 { i64::try_from(length).ok()?.checked_add(index)? } else { index };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// Which functions may end a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunctionTail {
    /// Those that AWS answers for a path in a definition.
    // AWS: recorded, `$.Jobs.sum()` is not found; `length()` is reported to work.
    LengthOnly,
    /// All of Jayway's, inside filters and arguments.
    All,
}

/// One evaluation: the document, and what may still be visited of it.
pub(crate) struct Evaluation<'v> {
    pub(crate) root: &'v Value,
    visits_left: usize,
    depth: usize,
}

/// A walk along one path of an evaluation.
struct Walk<'p, 'e, 'v> {
    evaluation: &'e mut Evaluation<'v>,
    steps: &'p [Step],
    functions: FunctionTail,
    found: Vec<Value>,
}

impl<'v> Evaluation<'v> {
    fn of(root: &'v Value) -> Evaluation<'v> {
        Evaluation { root, visits_left: MAX_VISITS, depth: 0 }
    }

    /// Visits everything that was found. A value that was found many times (`[0,0]`, `..*`) is shared here, but written
    /// as often by whoever writes it, so long texts count too.
    fn visit_all(&mut self, found: &Value) -> Result<(), EvalError> {
        self.descend()?;
        match found {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => self.visits(text.len() / BYTES_OF_A_VISIT)?,
            Value::Array(items) => items.iter().try_for_each(|item| self.visit_all(item))?,
            Value::Object(members) => members.iter().try_for_each(|(key, member)| {
                self.visits(key.len() / BYTES_OF_A_VISIT)?;
                self.visit_all(member)
            })?,
        }
        self.ascend();
        Ok(())
    }

    /// What `path` finds from `start`: the value of a definite path, else an array.
    pub(crate) fn path(
        &mut self,
        path: &Path,
        start: &Value,
        functions: FunctionTail,
    ) -> Result<Value, EvalError> {
        let steps = path.steps();
        if let (Some(Step::Descend), Some((Step::Function(call), before))) =
            (steps.first(), steps.split_last())
        {
            let matches = self.matches(before, start, functions)?;
            return self.call(call, &Value::array(matches), functions, steps);
        }
        let found = self.matches(steps, start, functions);
        if !path.is_definite() {
            // AWS: recorded base.test_json_path_array_wildcard_or_slice_with_no_input, a missing property gives `[]`.
            return match found {
                Ok(found) => Ok(Value::array(found)),
                Err(error) if error.is_not_found() => Ok(Value::array(Vec::new())),
                Err(error) => Err(error),
            };
        }
        found?.pop().ok_or_else(|| EvalError::NoResults { path: bracketed(steps) })
    }

    fn matches(
        &mut self,
        steps: &[Step],
        start: &Value,
        functions: FunctionTail,
    ) -> Result<Vec<Value>, EvalError> {
        let mut walk = Walk { evaluation: self, steps, functions, found: Vec::new() };
        walk.from(0, start, true)?;
        Ok(walk.found)
    }

    fn call(
        &mut self,
        call: &Call,
        value: &Value,
        functions: FunctionTail,
        steps: &[Step],
    ) -> Result<Value, EvalError> {
        if functions == FunctionTail::LengthOnly && call.function != Function::Length {
            return Err(EvalError::NoResults { path: bracketed(steps) });
        }
        let root = self.root;
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            match argument {
                Argument::Literal(literal) => arguments.push(literal.clone()),
                Argument::Path(path) => {
                    let found = self.path(path, root, FunctionTail::All)?;
                    match (path.is_definite(), &found) {
                        (false, Value::Array(items)) => arguments.extend_from_slice(items),
                        _ => arguments.push(found),
                    }
                }
            }
        }
        call.function.apply(value, &arguments).map_err(|message| EvalError::Function { message })
    }

    /// Goes one level deeper; [`Evaluation::ascend`] comes back.
    fn descend(&mut self) -> Result<(), EvalError> {
        if self.depth == MAX_RECURSION {
            return Err(EvalError::TooManySteps { limit: MAX_RECURSION });
        }
        self.depth += 1;
        self.visit()
    }

    fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Counts one more value.
    pub(crate) fn visit(&mut self) -> Result<(), EvalError> {
        self.visits(1)
    }

    fn visits(&mut self, count: usize) -> Result<(), EvalError> {
        self.visits_left =
            self.visits_left.checked_sub(count).ok_or(EvalError::TooManySteps { limit: MAX_VISITS })?;
        Ok(())
    }
}

impl Walk<'_, '_, '_> {
    /// Follows the steps from number `at` on. `definite` says that every step so far had one outcome: only then a
    /// missing place is an error.
    fn from(&mut self, at: usize, value: &Value, definite: bool) -> Result<(), EvalError> {
        self.evaluation.descend()?;
        let result = self.step(at, value, definite);
        self.evaluation.ascend();
        result
    }

    fn step(&mut self, at: usize, value: &Value, definite: bool) -> Result<(), EvalError> {
        let steps = self.steps;
        let Some(step) = steps.get(at) else {
            self.found.push(value.clone());
            return Ok(());
        };
        match step {
            Step::Name(name) => self.property(at, name, value, definite),
            Step::Names(names) => self.properties(at, names, value, definite),
            Step::Index(index) => self.index(at, *index, value, definite),
            Step::Indexes(indexes) => {
                let is_array = self.items(at, value, definite)?.is_some();
                let mut indexes = indexes.iter().filter(|_| is_array);
                indexes.try_for_each(|index| self.index(at, *index, value, false))
            }
            Step::Slice(from, to) => self.slice(at, *from, *to, value, definite),
            Step::Wildcard => self.children(at + 1, value),
            Step::Descend => self.descend(at + 1, value),
            Step::Filter(filter) => self.filtered(at, filter, value, definite),
            Step::Function(call) => {
                let result = self.evaluation.call(call, value, self.functions, steps)?;
                self.found.push(result);
                Ok(())
            }
        }
    }

    fn property(&mut self, at: usize, name: &str, value: &Value, definite: bool) -> Result<(), EvalError> {
        let Value::Object(object) = value else {
            return self.not_an_object(at, value, definite);
        };
        match object.get(name) {
            Some(member) => self.from(at + 1, member, definite),
            None if !definite => Ok(()),
            None if at + 1 == self.steps.len() => Err(EvalError::NoResults { path: self.path_to(at + 1) }),
            None => Err(EvalError::MissingProperty { path: self.path_to(at + 1) }),
        }
    }

    /// `['a','b']`: at the end an object of those that are there, else each on its own.
    fn properties(
        &mut self,
        at: usize,
        names: &[std::sync::Arc<str>],
        value: &Value,
        definite: bool,
    ) -> Result<(), EvalError> {
        let Value::Object(object) = value else {
            return self.not_an_object(at, value, definite);
        };
        if at + 1 == self.steps.len() {
            let members = names.iter().filter_map(|name| Some((name.clone(), object.get(name)?.clone())));
            self.found.push(Value::from(members.collect::<Object>()));
            return Ok(());
        }
        for member in names.iter().filter_map(|name| object.get(name)) {
            self.from(at + 1, member, false)?;
        }
        Ok(())
    }

    fn index(&mut self, at: usize, index: i64, value: &Value, definite: bool) -> Result<(), EvalError> {
        let Some(items) = self.items(at, value, definite)? else { return Ok(()) };
        match position(index, items.len()).and_then(|place| items.get(place)) {
            Some(item) => self.from(at + 1, item, definite),
            None if !definite => Ok(()),
            // Templates read an index outside the array as null, but only where nothing more is asked of that null.
            None if at + 1 == self.steps.len() => {
                Err(EvalError::IndexOutOfRange { path: self.path_to(self.steps.len()) })
            }
            None => Err(EvalError::NoResults { path: self.path_to(self.steps.len()) }),
        }
    }

    fn slice(
        &mut self,
        at: usize,
        from: Option<i64>,
        to: Option<i64>,
        value: &Value,
        definite: bool,
    ) -> Result<(), EvalError> {
        let Some(items) = self.items(at, value, definite)? else { return Ok(()) };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let clamp = |end: i64| {
            let end = if end < 0 { length.saturating_add(end) } else { end };
            usize::try_from(end.clamp(0, length)).unwrap_or(0)
        };
        let (from, to) = (clamp(from.unwrap_or(0)), clamp(to.unwrap_or(length)));
        for item in items.get(from..to).unwrap_or_default() {
            self.from(at + 1, item, false)?;
        }
        Ok(())
    }

    fn children(&mut self, next: usize, value: &Value) -> Result<(), EvalError> {
        match value {
            Value::Object(object) => object.values().try_for_each(|member| self.from(next, member, false)),
            Value::Array(items) => items.iter().try_for_each(|item| self.from(next, item, false)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// Applies the next step to the value and to everything in it, outermost first.
    fn descend(&mut self, next: usize, value: &Value) -> Result<(), EvalError> {
        self.evaluation.descend()?;
        let result = self.everywhere(next, value);
        self.evaluation.ascend();
        result
    }

    fn everywhere(&mut self, next: usize, value: &Value) -> Result<(), EvalError> {
        match value {
            Value::Object(object) => {
                self.from(next, value, false)?;
                object.values().try_for_each(|member| self.descend(next, member))
            }
            Value::Array(items) => {
                // A filter looks at members of objects and items of arrays once: as items, below.
                self.from(next, value, false)?;
                items.iter().try_for_each(|item| self.descend(next, item))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn filtered(
        &mut self,
        at: usize,
        filter: &crate::filter::Filter,
        value: &Value,
        definite: bool,
    ) -> Result<(), EvalError> {
        let after_descent = at > 0 && matches!(self.steps.get(at - 1), Some(Step::Descend));
        match value {
            // Below `..` an object is looked at where it stands; so an array must not look at its items once more.
            Value::Array(_) if after_descent => Ok(()),
            Value::Array(items) => {
                for item in items.iter() {
                    // AWS: documented, `@` matches objects and not scalars.
                    if is_container(item) && filter.accepts(item, self.evaluation)? {
                        self.from(at + 1, item, false)?;
                    }
                }
                Ok(())
            }
            Value::Object(_) => {
                if filter.accepts(value, self.evaluation)? {
                    self.from(at + 1, value, false)?;
                }
                Ok(())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) if definite => {
                Err(EvalError::NotAnArray { step: "[?]".to_owned(), found: value.to_text() })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn items<'a>(
        &self,
        at: usize,
        value: &'a Value,
        definite: bool,
    ) -> Result<Option<&'a [Value]>, EvalError> {
        match value {
            Value::Array(items) => Ok(Some(items)),
            _ if !definite => Ok(None),
            Value::Null => Err(EvalError::NullOnTheWay { path: self.path_to(at) }),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(EvalError::NotAnArray {
                    step: self.steps.get(at).map(Step::to_string).unwrap_or_default(),
                    found: value.to_text(),
                })
            }
        }
    }

    fn not_an_object(&self, at: usize, value: &Value, definite: bool) -> Result<(), EvalError> {
        if !definite {
            return Ok(());
        }
        Err(EvalError::NotAnObject {
            property: self.steps.get(at).map(Step::to_string).unwrap_or_default(),
            path: self.path_to(at),
            found: java_class(value),
        })
    }

    fn path_to(&self, end: usize) -> String {
        bracketed(self.steps.get(..end).unwrap_or(self.steps))
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

fn java_class(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_integer() => "java.lang.Integer",
        Value::Number(_) => "java.lang.Double",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}
