//! What one evaluation may use. Everything that takes time or memory is charged before it is done.

use crate::error::{Error, Fault, Limit};
use crate::{Dialect, Limits};

/// What is left of the limits.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: u64,
    bytes: u64,
    depth: usize,
    /// Calls inside one another. A function that calls itself through `$map` at its end nests these and nothing else.
    calls: usize,
    limits: Limits,
    dialect: Dialect,
}

impl Budget {
    pub(crate) fn new(limits: Limits, dialect: Dialect) -> Budget {
        Budget { steps: limits.steps, bytes: limits.bytes, depth: 0, calls: 0, limits, dialect }
    }

    /// Whether expressions may stand so deep in one another from here.
    #[inline]
    pub(crate) fn has_room(&self, height: usize) -> bool {
        self.depth + height <= self.limits.depth
    }

    /// One expression inside another begins.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(self.too_deep(self.depth));
        }
        self.step()
    }

    /// So many expressions without others inside them.
    #[inline]
    pub(crate) fn leaf(&mut self, count: usize) -> Result<(), Fault> {
        if self.depth >= self.limits.depth {
            return Err(self.too_deep(self.depth + 1));
        }
        self.charge(count, 0)
    }

    /// The expression has ended.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Whether a call may be made from here.
    #[inline]
    pub(crate) fn has_room_for_call(&self) -> bool {
        self.calls < self.limits.depth
    }

    /// A call inside another begins.
    pub(crate) fn enter_call(&mut self) -> Result<(), Fault> {
        self.calls += 1;
        if self.calls > self.limits.depth { Err(self.too_deep(self.calls)) } else { Ok(()) }
    }

    /// The call has ended.
    pub(crate) fn leave_call(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }

    /// One step.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(self.too_long()),
        }
    }

    /// Steps and bytes of what is about to be done.
    #[inline]
    pub(crate) fn charge(&mut self, steps: usize, bytes: usize) -> Result<(), Fault> {
        match (self.steps.checked_sub(steps as u64), self.bytes.checked_sub(bytes as u64)) {
            (Some(steps), Some(bytes)) => {
                self.steps = steps;
                self.bytes = bytes;
                Ok(())
            }
            (_, None) => Err(self.too_much()),
            (None, _) => Err(self.too_long()),
        }
    }

    /// Room for so many items.
    #[inline]
    pub(crate) fn items(&mut self, count: usize) -> Result<(), Fault> {
        self.charge(count, count.saturating_mul(size_of::<crate::item::Item>()))
    }

    /// The steps that are left, for engines that count their own.
    pub(crate) fn steps_left(&mut self) -> &mut u64 {
        &mut self.steps
    }

    #[cold]
    pub(crate) fn too_long(&self) -> Fault {
        let fault = Error::new("D1012").limited(Limit::Steps);
        match self.dialect {
            // AWS: measured, language.md 7.4
            Dialect::Aws => fault.with("text", "Expression evaluation timeout"),
            Dialect::V22 => fault.with(
                "text",
                format!("Evaluation took more than {} steps. Check for infinite loop", self.limits.steps),
            ),
        }
    }

    #[cold]
    pub(crate) fn too_much(&self) -> Fault {
        let fault = Error::new("D1011").limited(Limit::Bytes);
        fault.with("text", "Expression evaluation memory limit exceeded")
    }

    #[cold]
    pub(crate) fn too_deep(&self, depth: usize) -> Fault {
        let fault = Error::new("D1011").limited(Limit::Depth);
        match self.dialect {
            // AWS: measured, language.md 7.4
            Dialect::Aws => fault.with(
                "text",
                format!(
                    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as \
                     tail-recursive. Depth={depth} max={}",
                    self.limits.depth
                ),
            ),
            Dialect::V22 => fault,
        }
    }
}
