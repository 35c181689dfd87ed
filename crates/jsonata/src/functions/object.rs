//! Objects, and expressions as text.

use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::{Evaluator, wrap};
use crate::frame::Frame;
use crate::item::Item;
use crate::text::MAX_VALUE_DEPTH;
use indexmap::{IndexMap, IndexSet};
use std::sync::Arc;

pub(crate) fn keys(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let mut keys = IndexSet::new();
    gather_keys(evaluator, &arguments.item(0), &mut keys, 0)?;
    Ok(Item::sequence(keys.into_iter().map(Item::string).collect()))
}

fn gather_keys(
    evaluator: &mut Evaluator<'_>,
    item: &Item,
    keys: &mut IndexSet<Arc<str>>,
    depth: usize,
) -> Result<(), Fault> {
    if depth > MAX_VALUE_DEPTH {
        return Err(evaluator.budget.too_deep(depth));
    }
    if let Some(items) = item.as_items() {
        for item in items.iter() {
            evaluator.budget.step()?;
            gather_keys(evaluator, &item, keys, depth + 1)?;
        }
    } else if let Some(members) = item.as_members() {
        evaluator.budget.items(members.len())?;
        keys.extend(members.iter().map(|(key, _)| key.clone()));
    }
    Ok(())
}

pub(crate) fn lookup(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(key) = arguments.text(1) else { return Ok(Item::Undefined) };
    evaluator.lookup(&arguments.item(0), &key)
}

pub(crate) fn spread(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let item = arguments.item(0);
    if !item.is_array() && !item.is_object() {
        return Ok(item);
    }
    let is_array = item.as_items().is_some_and(|items| items.len() > 0);
    let mut results = Vec::new();
    spread_into(evaluator, &item, &mut results, 0)?;
    Ok(if is_array { Item::array(results) } else { Item::sequence(results) })
}

fn spread_into(
    evaluator: &mut Evaluator<'_>,
    item: &Item,
    results: &mut Vec<Item>,
    depth: usize,
) -> Result<(), Fault> {
    if depth > MAX_VALUE_DEPTH {
        return Err(evaluator.budget.too_deep(depth));
    }
    if let Some(items) = item.as_items() {
        return items.iter().try_for_each(|item| spread_into(evaluator, &item, results, depth + 1));
    }
    match item.as_members() {
        Some(members) => {
            for (key, member) in members.iter() {
                evaluator.budget.items(4)?;
                results.push(Item::record(IndexMap::from([(key.clone(), member)])));
            }
        }
        None => {
            evaluator.budget.items(1)?;
            results.push(item.clone());
        }
    }
    Ok(())
}

pub(crate) fn merge(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(items) = arguments.items(0) else { return Ok(Item::Undefined) };
    let mut merged = IndexMap::new();
    for item in items.iter() {
        for (key, member) in item.as_members().into_iter().flat_map(|members| members.iter()) {
            evaluator.budget.items(3)?;
            merged.insert(key.clone(), member);
        }
    }
    Ok(Item::record(merged))
}

pub(crate) fn clone(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    // Values do not change, so the value is its own copy.
    evaluator.budget.step()?;
    Ok(arguments.item(0))
}

/// Evaluates a string as an expression.
pub(crate) fn eval(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let input = if arguments.is_missing(1) { arguments.input.clone() } else { wrap(arguments.item(1)) };
    let wrapped = |code: &'static str, fault: Fault| {
        if fault.limit.is_some() { fault } else { Error::new(code).value(fault.to_string()) }
    };
    evaluator.budget.charge(text.len(), text.len().saturating_mul(16))?;
    let node =
        crate::parser::parse_inner(&text, evaluator.dialect).map_err(|fault| wrapped("D3120", fault))?;
    let outermost;
    let frame = match arguments.frame {
        Some(frame) => frame,
        None => {
            outermost = Frame::outermost();
            &outermost
        }
    };
    evaluator.evaluate(&node, &input, frame).map_err(|fault| wrapped("D3121", fault))
}
