//! Calling lambdas, and the short ways of doing so.

use super::call::unwrapped;
use super::{Evaluator, context_of};
use crate::ast::{Call, Kind, Lambda};
use crate::error::Fault;
use crate::frame::Frame;
use crate::function::Function;
use crate::item::Item;
use crate::simple::{Given, Sight, Simple};
use std::rc::Rc;

impl<'a> Evaluator<'a> {
    /// Evaluates the body of a lambda in a scope of its own. Its arguments were there before the scope, and so cannot
    /// refer back to it.
    pub(super) fn run_lambda(
        &mut self,
        function: &Rc<Function>,
        lambda: &Lambda,
        mut arguments: Vec<Item>,
        context: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        self.budget.charge(lambda.parameters.len(), 0)?;
        if arguments.len() != lambda.parameters.len() {
            arguments.resize(lambda.parameters.len(), Item::Undefined);
        }
        let inner = self.frame_of_call(frame, function, arguments);
        let result = self.evaluate(&lambda.body, context, &inner)?;
        self.give_back_frame(inner);
        Ok(result)
    }

    /// Calls a function with as many of an item, its key and the whole as it takes.
    pub(crate) fn apply_to(
        &mut self,
        function: &Item,
        item: Given<'_>,
        key: Given<'_>,
        whole: &Item,
    ) -> Result<Item, Fault> {
        self.budget.step()?;
        let arity = function.as_function().map_or(1, |function| function.arity());
        let given = [item, key, Given::Item(whole)];
        self.apply_given(function, given.get(..arity.clamp(1, given.len())).unwrap_or_default())
    }

    /// Calls a function with arguments.
    pub(crate) fn apply_given(&mut self, function: &Item, given: &[Given<'_>]) -> Result<Item, Fault> {
        if let Item::Function(function) = function
            && let Function::Lambda { lambda, input, frame } = &**function
            && let Some(result) = self.run_short(lambda, given, input, frame)
        {
            return Ok(result);
        }
        let mut arguments = self.room(given.len());
        arguments.extend(given.iter().map(|given| given.to_item()));
        self.apply(function, arguments)
    }

    /// What a lambda gives that is simple, or ends with a call of a function of the language for which its arguments
    /// are: it needs no scope. `None` where that is not enough.
    fn run_short(
        &mut self,
        lambda: &Lambda,
        arguments: &[Given<'_>],
        context: &Item,
        frame: &Rc<Frame>,
    ) -> Option<Item> {
        if lambda.signature.is_some() || !self.budget.has_room_for_call() {
            return None;
        }
        let sight = Sight {
            context: context_of(context),
            parameters: &lambda.parameters,
            arguments,
            frame: Some(frame),
            bindings: self.bindings,
        };
        match (&lambda.body.simple, &lambda.body.kind) {
            (Some(simple), _) => Some(simple.evaluate(&sight, &mut self.budget)?.into_item()),
            (None, Kind::Call(call)) if call.tail && !lambda.body.goes_on && self.budget.has_room(1) => {
                self.run_leaf(call, context, &sight, frame)
            }
            _ => None,
        }
    }

    /// Calls a function of the language that a lambda ends with, where nothing can come of it but its result: what it
    /// takes is simple, and it calls nothing. `None` where it is not so, or anything is wrong.
    #[inline]
    pub(super) fn leaf_call(&mut self, call: &Call, input: &Item, frame: &Rc<Frame>) -> Option<Item> {
        let sight = Sight {
            context: context_of(input),
            parameters: &[],
            arguments: &[],
            frame: Some(frame),
            bindings: self.bindings,
        };
        // What a call gives that is made later stays a sequence.
        self.run_leaf(call, input, &sight, frame).filter(|result| !result.flags().sequence)
    }

    fn run_leaf(&mut self, call: &Call, input: &Item, sight: &Sight<'_>, frame: &Rc<Frame>) -> Option<Item> {
        let Kind::Variable(name) = &call.procedure.kind else { return None };
        let builtin = self.builtin(call.builtin.filter(|builtin| builtin.is_leaf), name)?;
        let mut arguments = self.room(call.arguments.len());
        for argument in &call.arguments {
            let simple: &Simple = argument.simple.as_ref()?;
            arguments.push(simple.evaluate(sight, &mut self.budget)?.into_item());
        }
        self.run_builtin(builtin, arguments, unwrapped(input), Some(frame)).ok()
    }
}
