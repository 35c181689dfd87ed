//! From text to the tree that is evaluated: a parser by operator precedence, then the pass that puts paths together.

mod finish;
mod grammar;
mod process;
mod tree;

use crate::Dialect;
use crate::ast::Node;
use crate::error::Fault;

/// Trees stand in one another at most so deep; `a + b + …` nests once for each operator.
const MAX_HEIGHT: usize = 300;

/// Reads an expression.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Node, Fault> {
    let mut node = read(text, dialect)?;
    let bound = finish::Bound::by(&node);
    finish::finish(&mut node, &bound, dialect);
    Ok(node)
}

/// Reads an expression that is evaluated among the variables of another one.
pub(crate) fn parse_inner(text: &str, dialect: Dialect) -> Result<Node, Fault> {
    let mut node = read(text, dialect)?;
    finish::finish(&mut node, &finish::Bound::Any, dialect);
    Ok(node)
}

/// Reads an expression, and takes no short cut in its evaluation.
#[cfg(test)]
pub(crate) fn parse_in_full(text: &str, dialect: Dialect) -> Result<Node, Fault> {
    let mut node = read(text, dialect)?;
    finish::finish_in_full(&mut node, dialect);
    Ok(node)
}

fn read(text: &str, dialect: Dialect) -> Result<Node, Fault> {
    let tree = grammar::Grammar::new(text, dialect)?.expression_to_the_end()?;
    process::process(tree)
}
