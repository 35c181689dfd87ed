//! Calling functions.

use super::Evaluator;
use crate::ast::{Call, Kind, Node};
use crate::builtins::{Arguments, Builtin};
use crate::error::{Error, Fault};
use crate::frame::Frame;
use crate::function::Function;
use crate::item::Item;
use json::Value;
use std::rc::Rc;
use std::sync::Arc;

/// Where a function is called, for its errors.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    position: usize,
    procedure: &'a Node,
}

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn call(
        &mut self,
        call: &Call,
        input: &Item,
        frame: &Rc<Frame>,
        applied: Option<Item>,
    ) -> Result<Item, Fault> {
        if let Kind::Variable(name) = &call.procedure.kind
            && let Some(builtin) = self.builtin(call.builtin, name)
        {
            return self.call_builtin(builtin, call, input, frame, applied);
        }
        let procedure = self.evaluate(&call.procedure, input, frame)?;
        if procedure.is_undefined()
            && let Kind::Path { .. } = call.procedure.kind
            && let Some(name) = name_of(&call.procedure)
            && !self.named(name, frame).is_undefined()
        {
            return Err(Error::new("T1005").at(call.position).token(name.clone()));
        }
        let arguments = self.arguments(call, input, frame, applied)?;
        let site = Site { position: call.position, procedure: &call.procedure };
        if let Item::Function(function) = &procedure
            && let Function::Lambda { lambda, input: context, frame } = &**function
            && lambda.signature.is_none()
        {
            self.budget.enter_call()?;
            let result = self
                .run_lambda(function, lambda, arguments, context, frame)
                .map_err(|fault| blame(fault, Some(site), true))?;
            let result = self.follow(result, Some(site))?;
            self.budget.leave_call();
            return Ok(result);
        }
        self.apply_at(&procedure, arguments, input, Some(site), Some(frame))
    }

    #[inline]
    fn arguments(
        &mut self,
        call: &Call,
        input: &Item,
        frame: &Rc<Frame>,
        applied: Option<Item>,
    ) -> Result<Vec<Item>, Fault> {
        let mut arguments = self.room(call.arguments.len() + usize::from(applied.is_some()));
        arguments.extend(applied);
        for argument in &call.arguments {
            arguments.push(self.evaluate(argument, input, frame)?);
        }
        Ok(arguments)
    }

    /// Calls a function of the language that is called by its name.
    #[inline(never)]
    fn call_builtin(
        &mut self,
        builtin: &'static Builtin,
        call: &Call,
        input: &Item,
        frame: &Rc<Frame>,
        applied: Option<Item>,
    ) -> Result<Item, Fault> {
        self.budget.leaf(1)?;
        let arguments = self.arguments(call, input, frame, applied)?;
        let site = Site { position: call.position, procedure: &call.procedure };
        self.budget.enter_call()?;
        let result = self
            .run_builtin(builtin, arguments, unwrapped(input), Some(frame))
            .map_err(|fault| blame(fault, Some(site), true))?;
        self.budget.leave_call();
        Ok(result)
    }

    pub(super) fn run_builtin(
        &mut self,
        builtin: &'static Builtin,
        arguments: Vec<Item>,
        input: &Item,
        scope: Option<&Rc<Frame>>,
    ) -> Result<Item, Fault> {
        let arguments = match &builtin.signature {
            Some(signature) => signature.validate(arguments, input)?,
            None => arguments,
        };
        self.budget.step()?;
        let result = (builtin.run)(self, Arguments::new(&arguments, input, scope))?;
        self.give_back(arguments);
        Ok(result)
    }

    /// Calls a function with arguments, as functions of the language do.
    pub(crate) fn apply(&mut self, function: &Item, arguments: Vec<Item>) -> Result<Item, Fault> {
        self.apply_at(function, arguments, &Item::null(), None, None)
    }

    #[inline(never)]
    fn apply_at(
        &mut self,
        function: &Item,
        arguments: Vec<Item>,
        input: &Item,
        site: Option<Site<'_>>,
        scope: Option<&Rc<Frame>>,
    ) -> Result<Item, Fault> {
        self.budget.enter_call()?;
        let result = self
            .apply_once(function, arguments, input, scope)
            .map_err(|fault| blame(fault, site, function.is_function()))?;
        let result = self.follow(result, site)?;
        self.budget.leave_call();
        Ok(result)
    }

    /// Makes the calls that lambdas ended with, one after the other and not one inside the other.
    #[inline]
    pub(super) fn follow(&mut self, result: Item, site: Option<Site<'_>>) -> Result<Item, Fault> {
        match &result {
            Item::Function(function) if matches!(**function, Function::Thunk { .. }) => {
                self.follow_tails(result, site)
            }
            _ => Ok(result),
        }
    }

    #[inline(never)]
    fn follow_tails(&mut self, mut result: Item, site: Option<Site<'_>>) -> Result<Item, Fault> {
        while let Item::Function(function) = &result
            && let Function::Thunk { call, input, frame } = &**function
        {
            let (call, thunk_input, frame) = (call.clone(), input.clone(), frame.clone());
            self.budget.step()?;
            let tail_site = Site { position: call.procedure.position, procedure: &call.procedure };
            result = self.tail_call(&call, &thunk_input, &frame, tail_site).map_err(|fault| match site {
                Some(site) => default_blame(fault, site),
                None => fault,
            })?;
        }
        Ok(result)
    }

    fn tail_call(
        &mut self,
        call: &Call,
        input: &Item,
        frame: &Rc<Frame>,
        site: Site<'_>,
    ) -> Result<Item, Fault> {
        let next = self.evaluate(&call.procedure, input, frame)?;
        let arguments = self.arguments(call, input, frame, None)?;
        self.apply_once(&next, arguments, input, Some(frame))
            .map_err(|fault| blame(fault, Some(site), next.is_function()))
    }

    #[inline(never)]
    fn apply_once(
        &mut self,
        function: &Item,
        arguments: Vec<Item>,
        input: &Item,
        scope: Option<&Rc<Frame>>,
    ) -> Result<Item, Fault> {
        let Item::Function(function) = function else { return Err(Error::new("T1006")) };
        let input = unwrapped(input);
        match &**function {
            Function::Lambda { lambda, input: context, frame } => {
                let arguments = match &lambda.signature {
                    Some(signature) => signature.validate(arguments, input)?,
                    None => arguments,
                };
                self.run_lambda(function, lambda, arguments, context, frame)
            }
            Function::Builtin(builtin) => self.run_builtin(builtin, arguments, input, scope),
            Function::Partial { function, arguments: given } => {
                self.budget.enter()?;
                let result = self.apply_partial(function, given, arguments)?;
                self.budget.leave();
                Ok(result)
            }
            Function::Chain { first, second } => {
                let (first, second) = (first.clone(), second.clone());
                self.budget.enter()?;
                let between = self.apply(&first, arguments)?;
                let result = self.apply(&second, vec![between])?;
                self.budget.leave();
                Ok(result)
            }
            Function::Regex(regex) => self.regex_match(regex, &arguments),
            Function::NextMatch { regex, text, from } => self.match_object(regex, text, *from),
            Function::Transform { transform, input: context, frame } => {
                let argument = arguments.into_iter().next().unwrap_or_default();
                self.transform(transform, argument, context, frame)
            }
            Function::Thunk { .. } => Ok(Item::Undefined),
        }
    }

    fn apply_partial(
        &mut self,
        function: &Item,
        given: &[Option<Item>],
        arguments: Vec<Item>,
    ) -> Result<Item, Fault> {
        let mut open = arguments.into_iter();
        let arguments: Vec<Item> = given
            .iter()
            .map(|argument| match argument {
                Some(item) => item.clone(),
                None => open.next().unwrap_or_default(),
            })
            .collect();
        let Item::Function(called) = function else { return self.apply(function, arguments) };
        match &**called {
            // The reference does not hold a partial application to the signature.
            Function::Builtin(builtin) => {
                (builtin.run)(self, Arguments::new(&arguments, &Item::null(), None))
            }
            Function::Lambda { lambda, input, frame } => {
                self.run_lambda(called, lambda, arguments, input, frame)
            }
            _ => self.apply(function, arguments),
        }
    }

    #[inline(never)]
    pub(super) fn partial(&mut self, call: &Call, input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(match argument.kind {
                Kind::Placeholder => None,
                _ => Some(self.evaluate(argument, input, frame)?),
            });
        }
        let procedure = self.evaluate(&call.procedure, input, frame)?;
        if procedure.is_function() {
            self.budget.charge(1, 64 + 24 * arguments.len())?;
            return Ok(Item::function(Function::Partial { function: procedure, arguments }));
        }
        let is_known = matches!(call.procedure.kind, Kind::Path { .. })
            && name_of(&call.procedure).is_some_and(|name| !self.named(name, frame).is_undefined());
        let code = if procedure.is_undefined() && is_known { "T1007" } else { "T1008" };
        let mut fault = Error::new(code).at(call.position);
        fault.token = token_of(&call.procedure);
        Err(fault)
    }

    /// `left ~> right`
    #[inline(never)]
    pub(super) fn apply_operator(
        &mut self,
        node: &Node,
        left: &Node,
        right: &Node,
        input: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        let left = self.evaluate(left, input, frame)?;
        if let Kind::Call(call) = &right.kind
            && right.predicates.is_empty()
        {
            return self.call(call, input, frame, Some(left));
        }
        let function = self.evaluate(right, input, frame)?;
        if !function.is_function() {
            return Err(Error::new("T2006").at(node.position).maybe_value(function.to_shown()));
        }
        if left.is_function() {
            self.budget.charge(1, 64)?;
            return Ok(Item::function(Function::Chain { first: left, second: function }));
        }
        self.apply(&function, vec![left])
    }
}

/// The name by which a function is called.
fn name_of(procedure: &Node) -> Option<&Arc<str>> {
    match &procedure.kind {
        Kind::Variable(name) | Kind::Name(name) => Some(name),
        Kind::Path { steps, .. } => match steps.first().map(|step| &step.kind) {
            Some(Kind::Name(name) | Kind::Variable(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// The wrapper around an input that is an array is no context for a missing argument.
pub(super) fn unwrapped(input: &Item) -> &Item {
    match input {
        Item::List(list) if list.flags.outer => list.items.first().unwrap_or(input),
        _ => input,
    }
}

/// What an error shows of what was called.
fn token_of(procedure: &Node) -> Option<Value> {
    match &procedure.kind {
        Kind::Literal(value) => Some(value.clone()),
        _ => name_of(procedure).map(|name| Value::String(name.clone())),
    }
}

/// An error inside a function is reported where the function was called, as the reference does.
fn blame(mut fault: Fault, site: Option<Site<'_>>, is_function: bool) -> Fault {
    let Some(site) = site else { return fault };
    if fault.limit.is_none() && is_function {
        fault.position = Some(site.position);
    }
    default_blame(fault, site)
}

fn default_blame(mut fault: Fault, site: Site<'_>) -> Fault {
    if fault.limit.is_some() {
        return fault;
    }
    fault.position.get_or_insert(site.position);
    if fault.token.is_none() {
        fault.token = token_of(site.procedure);
    }
    fault
}
