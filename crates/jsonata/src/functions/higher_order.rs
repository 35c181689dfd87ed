//! Functions that call functions.

use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use crate::simple::Given;
use indexmap::IndexMap;

pub(crate) fn map(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (array, function) = (arguments.item(0), arguments.item(1));
    let Some(items) = array.as_items() else { return Ok(Item::Undefined) };
    let mut results = Vec::with_capacity(items.len());
    for (index, item) in items.given().enumerate() {
        let result = evaluator.apply_to(&function, item, Given::Index(index), &array)?;
        if !result.is_undefined() {
            evaluator.budget.items(1)?;
            results.push(result);
        }
    }
    Ok(Item::sequence(results))
}

pub(crate) fn filter(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (array, function) = (arguments.item(0), arguments.item(1));
    let Some(items) = array.as_items() else { return Ok(Item::Undefined) };
    let mut results = Vec::new();
    for (index, item) in items.given().enumerate() {
        let verdict = evaluator.apply_to(&function, item, Given::Index(index), &array)?;
        if evaluator.truth(&verdict)? {
            evaluator.budget.items(1)?;
            results.push(item.to_item());
        }
    }
    Ok(Item::sequence(results))
}

pub(crate) fn single(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (array, function) = (arguments.item(0), arguments.item(1));
    let Some(items) = array.as_items() else { return Ok(Item::Undefined) };
    let mut found = None;
    for (index, item) in items.given().enumerate() {
        let is_match = if function.is_undefined() {
            true
        } else {
            let verdict = evaluator.apply_to(&function, item, Given::Index(index), &array)?;
            evaluator.truth(&verdict)?
        };
        if is_match && found.replace(item.to_item()).is_some() {
            return Err(Error::new("D3138").with("index", index));
        }
    }
    found.ok_or_else(|| Error::new("D3139"))
}

pub(crate) fn reduce(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (array, function) = (arguments.item(0), arguments.item(1));
    let Some(items) = array.as_items() else { return Ok(Item::Undefined) };
    let arity = function.as_function().map_or(0, |function| function.arity());
    if arity < 2 {
        return Err(Error::new("D3050").with("index", 1usize));
    }
    let starts_with_first = arguments.is_missing(2) && items.len() > 0;
    let mut result = if starts_with_first { items.get(0).unwrap_or_default() } else { arguments.item(2) };
    for (index, item) in items.given().enumerate().skip(usize::from(starts_with_first)) {
        let given = [Given::Item(&result), item, Given::Index(index), Given::Item(&array)];
        result = evaluator.apply_given(&function, given.get(..arity.min(given.len())).unwrap_or_default())?;
    }
    Ok(result)
}

pub(crate) fn sift(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (object, function) = (arguments.item(0), arguments.item(1));
    let mut sifted = IndexMap::new();
    for (key, member) in object.as_members().into_iter().flat_map(|members| members.iter()) {
        let verdict = evaluator.apply_to(&function, Given::Item(&member), Given::Key(key), &object)?;
        if evaluator.truth(&verdict)? {
            evaluator.budget.items(3)?;
            sifted.insert(key.clone(), member);
        }
    }
    Ok(if sifted.is_empty() { Item::Undefined } else { Item::record(sifted) })
}

pub(crate) fn each(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (object, function) = (arguments.item(0), arguments.item(1));
    let mut results = Vec::new();
    for (key, member) in object.as_members().into_iter().flat_map(|members| members.iter()) {
        let result = evaluator.apply_to(&function, Given::Item(&member), Given::Key(key), &object)?;
        if !result.is_undefined() {
            evaluator.budget.items(1)?;
            results.push(result);
        }
    }
    Ok(Item::sequence(results))
}

pub(crate) fn sort(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let (array, comparator) = (arguments.item(0), arguments.item(1));
    let Some(items) = array.as_items().filter(|items| items.len() > 1) else { return Ok(array) };
    evaluator.budget.items(items.len())?;
    let to_sort: Vec<Item> = items.iter().collect();
    if comparator.is_function() {
        let sorted = evaluator.merge_sort(to_sort, &mut |evaluator, a, b| {
            let verdict = evaluator.apply_given(&comparator, &[Given::Item(a), Given::Item(b)])?;
            evaluator.truth(&verdict)
        })?;
        return Ok(Item::array(sorted));
    }
    let all_numbers = to_sort.iter().all(|item| item.as_f64().is_some());
    if !all_numbers && !to_sort.iter().all(|item| item.as_str().is_some()) {
        return Err(Error::new("D3070").with("index", 1usize));
    }
    let sorted = evaluator.merge_sort(to_sort, &mut |_, a, b| {
        let order = match (a.as_json_number(), b.as_json_number()) {
            (Some(a), Some(b)) => a.compare(b),
            _ => {
                crate::evaluate::compare_text(a.as_str().unwrap_or_default(), b.as_str().unwrap_or_default())
            }
        };
        Ok(order == std::cmp::Ordering::Greater)
    })?;
    Ok(Item::array(sorted))
}
