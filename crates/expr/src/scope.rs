//! What an expression can see.

use json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many bytes of new text and arrays the functions of one evaluation may make.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

/// What an expression can see: `$`, `$$` and `$variable`.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// What `$` stands for.
    pub input: &'a Value,
    /// What `$$` stands for.
    pub context: &'a dyn ContextSource,
    /// What `$name` stands for.
    pub variables: &'a dyn Variables,
}

/// The context object, made only when an expression asks for it, and then at most once an evaluation.
pub trait ContextSource {
    /// The whole context object.
    fn context(&self) -> Value;
}

/// The variables that can be read.
pub trait Variables {
    /// The value of a variable, by its name without `$`; `None` where it is not assigned.
    fn get(&self, name: &str) -> Option<Value>;
}

/// Where random words come from: [`intrinsics`](crate::intrinsics) asks for `States.UUID` and unseeded `States.MathRandom`.
pub trait Entropy {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;
}

impl ContextSource for Value {
    fn context(&self) -> Value {
        self.clone()
    }
}

/// No variables.
impl Variables for () {
    fn get(&self, _name: &str) -> Option<Value> {
        None
    }
}

impl Variables for BTreeMap<Arc<str>, Value> {
    fn get(&self, name: &str) -> Option<Value> {
        BTreeMap::get(self, name).cloned()
    }
}

impl<F: FnMut() -> u64> Entropy for F {
    fn next_u64(&mut self) -> u64 {
        self()
    }
}

/// One evaluation: its scope, the context once it was made, and what may still be made.
pub(crate) struct Evaluation<'a, 'e> {
    pub(crate) scope: Scope<'a>,
    pub(crate) entropy: &'e mut dyn Entropy,
    context: Option<Value>,
    budget: Budget,
}

/// The evaluation made more than [`MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl<'a, 'e> Evaluation<'a, 'e> {
    pub(crate) fn new(scope: &Scope<'a>, entropy: &'e mut dyn Entropy) -> Evaluation<'a, 'e> {
        Evaluation { scope: *scope, entropy, context: None, budget: Budget::default() }
    }

    pub(crate) fn context(&mut self) -> Value {
        self.context.get_or_insert_with(|| self.scope.context.context()).clone()
    }

    /// Counts bytes before they are made.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.budget.charge(bytes)
    }

    /// Counts the text of a value before it is written.
    pub(crate) fn charge_text(&mut self, value: &Value) -> Result<(), Exhausted> {
        self.budget.charge_text(value)
    }
}

/// What an evaluation may still make.
pub(crate) struct Budget {
    bytes_left: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { bytes_left: MAX_BYTES }
    }
}

impl Budget {
    /// Counts bytes before they are made.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Exhausted)?;
        Ok(())
    }

    /// Counts the text of a value before it is written. A shared part counts each time, as it is written each time.
    pub(crate) fn charge_text(&mut self, value: &Value) -> Result<(), Exhausted> {
        match value {
            Value::Null | Value::Bool(_) => self.charge(4),
            Value::Number(_) => self.charge(8),
            Value::String(text) => self.charge(text.len() + 2),
            Value::Array(items) => {
                self.charge(2 + items.len())?;
                items.iter().try_for_each(|item| self.charge_text(item))
            }
            Value::Object(object) => {
                self.charge(2 + object.len())?;
                object.iter().try_for_each(|(key, member)| {
                    self.charge(key.len() + 3)?;
                    self.charge_text(member)
                })
            }
        }
    }
}
