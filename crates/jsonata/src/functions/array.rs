//! Arrays.

use crate::builtins::Arguments;
use crate::error::Fault;
use crate::evaluate::Evaluator;
use crate::item::{Item, Items};
use std::collections::HashSet;
use std::sync::Arc;

pub(crate) fn zip(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let arrays: Vec<Items<'_>> =
        arguments.all().iter().map(|item| item.as_items().unwrap_or(Items::Own(&[]))).collect();
    let shortest = arrays.iter().map(|array| array.len()).min().unwrap_or(0);
    let mut zipped = Vec::new();
    for index in 0..shortest {
        evaluator.budget.items(1 + arrays.len())?;
        zipped.push(Item::array(arrays.iter().map(|array| array.get(index).unwrap_or_default()).collect()));
    }
    Ok(Item::array(zipped))
}

pub(crate) fn append(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (first, second) = (arguments.item(0), arguments.item(1));
    if first.is_undefined() {
        return Ok(second);
    }
    if second.is_undefined() {
        return Ok(first);
    }
    let count = |item: &Item| item.as_items().map_or(1, |items| items.len());
    evaluator.budget.items(count(&first) + count(&second))?;
    let mut items = first.to_items();
    items.extend(second.to_items());
    Ok(Item::array(items))
}

pub(crate) fn reverse(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    match arguments.items(0) {
        Some(items) if items.len() > 1 => {
            evaluator.budget.items(items.len())?;
            Ok(Item::array(items.iter().rev().collect()))
        }
        _ => Ok(arguments.item(0)),
    }
}

pub(crate) fn shuffle(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let array = arguments.item(0);
    if array.as_items().is_none_or(|items| items.len() <= 1) {
        return Ok(array);
    }
    let mut items = array.to_items();
    evaluator.budget.items(items.len())?;
    for last in (1..items.len()).rev() {
        let chosen = super::numeric::unit(evaluator) * (last + 1) as f64;
        items.swap(last, (chosen as usize).min(last));
    }
    Ok(Item::array(items))
}

pub(crate) fn distinct(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let array = arguments.item(0);
    let Some(items) = array.as_items().filter(|items| items.len() > 1) else { return Ok(array) };
    evaluator.budget.items(items.len() * 2)?;
    let mut texts: HashSet<Arc<str>> = HashSet::new();
    let mut others: Vec<Item> = Vec::new();
    let mut results = Vec::new();
    for item in items.iter() {
        // Strings are equal to strings only, so most arrays need no comparing of each with each.
        if let Some(text) = item.as_arc_str() {
            if texts.insert(text.clone()) {
                results.push(item);
            }
            continue;
        }
        let mut is_new = true;
        for other in &others {
            if evaluator.are_equal(other, &item)? {
                is_new = false;
                break;
            }
        }
        if is_new {
            others.push(item.clone());
            results.push(item);
        }
    }
    Ok(if array.flags().sequence { Item::sequence(results) } else { Item::array(results) })
}
