//! The grammar: binding powers, and what each token begins or continues.

use super::MAX_HEIGHT;
use super::tree::{Tree, TreeKind};
use crate::Dialect;
use crate::ast::{Operator, Pattern};
use crate::error::{Error, Fault, Limit};
use crate::regex::Regex;
use crate::signature::Signature;
use crate::tokenizer::{Token, Tokenizer};
use std::sync::Arc;

/// The parser: the tokenizer and one token of what comes.
pub(super) struct Grammar {
    tokenizer: Tokenizer,
    next: Token,
    /// Where `next` ends.
    position: usize,
    depth: usize,
}

/// A token that has been passed, and where it ended.
struct Passed {
    token: Token,
    position: usize,
}

impl Grammar {
    pub(super) fn new(text: &str, dialect: Dialect) -> Result<Grammar, Fault> {
        let tokenizer = Tokenizer::new(text, dialect == Dialect::V22);
        let mut grammar = Grammar { tokenizer, next: Token::End, position: 0, depth: 0 };
        grammar.advance(false)?;
        Ok(grammar)
    }

    /// One expression and nothing behind it.
    pub(super) fn expression_to_the_end(mut self) -> Result<Tree, Fault> {
        let tree = self.expression(0)?;
        match self.next {
            Token::End => Ok(tree),
            _ => Err(Error::new("S0201").at(self.position).token(self.next.value())),
        }
    }

    fn advance(&mut self, operator: bool) -> Result<Passed, Fault> {
        let next = self.tokenizer.next(operator)?;
        let position = self.tokenizer.position();
        if matches!(next, Token::Operator("!" | "~")) {
            return Err(Error::new("S0204").at(position).token(next.value()));
        }
        let passed = Passed { token: std::mem::replace(&mut self.next, next), position: self.position };
        self.position = position;
        Ok(passed)
    }

    fn expect(&mut self, id: &'static str, operator: bool) -> Result<Passed, Fault> {
        if self.next.id() != id {
            let code = if self.next == Token::End { "S0203" } else { "S0202" };
            return Err(Error::new(code).at(self.position).token(self.next.value()).value(id));
        }
        self.advance(operator)
    }

    fn is_next(&self, id: &str) -> bool {
        self.next.id() == id
    }

    fn expression(&mut self, binding_power: u8) -> Result<Tree, Fault> {
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            return Err(Error::new("D1011").at(self.position).limited(Limit::Depth));
        }
        let passed = self.advance(true)?;
        let mut left = self.begin(passed)?;
        while binding_power < power(&self.next) {
            let passed = self.advance(false)?;
            left = self.go_on(left, passed)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// What a token begins.
    #[inline(never)]
    fn begin(&mut self, passed: Passed) -> Result<Tree, Fault> {
        let position = passed.position;
        let kind = match passed.token {
            Token::String(text) => TreeKind::String(text),
            Token::Number(number) => TreeKind::Number(number),
            Token::Constant(value) => TreeKind::Constant(value),
            Token::Name(name) => TreeKind::Name(name),
            Token::Variable(name) => TreeKind::Variable(name),
            Token::Regex(pattern, flags) => TreeKind::Regex(compile_regex(pattern, &flags, position)?),
            Token::End => TreeKind::End,
            Token::Operator(operator) => return self.begin_operator(operator, position),
        };
        Ok(leaf(kind, position))
    }

    #[inline(never)]
    fn begin_operator(&mut self, operator: &'static str, position: usize) -> Result<Tree, Fault> {
        match operator {
            "*" => Ok(leaf(TreeKind::Wildcard, position)),
            "**" => Ok(leaf(TreeKind::Descendant, position)),
            "%" => Ok(leaf(TreeKind::Parent, position)),
            "and" | "or" | "in" => Ok(leaf(TreeKind::Name(operator.into()), position)),
            "-" => {
                let operand = self.expression(70)?;
                over(TreeKind::Negate, operand, position)
            }
            "(" => self.block(position),
            "[" => self.array(position),
            "{" => {
                let pairs = self.pairs()?;
                let height = pairs.iter().map(|(k, v)| k.height.max(v.height)).max().unwrap_or(0);
                tall(TreeKind::Object(pairs), position, height)
            }
            "|" => self.transform(position),
            _ => Err(Error::new("S0211").at(position).token(operator)),
        }
    }

    /// What a token makes of the expression to its left.
    #[inline(never)]
    fn go_on(&mut self, left: Tree, passed: Passed) -> Result<Tree, Fault> {
        let position = passed.position;
        let power = power(&passed.token);
        let Token::Operator(text) = passed.token else {
            return Err(Error::new("S0201").at(position).token(passed.token.value()));
        };
        match text {
            "." => {
                let right = self.expression(power)?;
                both(TreeKind::Step, left, right, position)
            }
            "(" => self.call(left, position),
            "[" => self.filter(left, position),
            "{" => {
                let pairs = self.pairs()?;
                let height =
                    pairs.iter().map(|(k, v)| k.height.max(v.height)).max().unwrap_or(0).max(left.height);
                tall(TreeKind::Group(Box::new(left), pairs), position, height)
            }
            "^" => self.sort(left, position),
            ":=" => self.bind(left, power, position),
            "@" | "#" => self.bind_in_path(left, text, power, position),
            "?" => self.condition(left, position),
            "?:" => {
                let right = self.expression(0)?;
                both(TreeKind::Default, left, right, position)
            }
            "??" => {
                let right = self.expression(0)?;
                both(TreeKind::Coalesce, left, right, position)
            }
            "~>" => {
                let right = self.expression(power)?;
                both(TreeKind::Apply, left, right, position)
            }
            _ => match Operator::from_text(text).filter(|operator| *operator != Operator::Range) {
                Some(operator) => {
                    let right = self.expression(power)?;
                    both(|left, right| TreeKind::Binary(operator, left, right), left, right, position)
                }
                None => Err(Error::new("S0201").at(position).token(text)),
            },
        }
    }

    #[inline(never)]
    fn block(&mut self, position: usize) -> Result<Tree, Fault> {
        let mut expressions = Vec::new();
        while !self.is_next(")") {
            expressions.push(self.expression(0)?);
            if !self.is_next(";") {
                break;
            }
            self.expect(";", false)?;
        }
        self.expect(")", true)?;
        let height = highest(&expressions);
        tall(TreeKind::Block(expressions), position, height)
    }

    #[inline(never)]
    fn array(&mut self, position: usize) -> Result<Tree, Fault> {
        let mut items = Vec::new();
        if !self.is_next("]") {
            loop {
                let mut item = self.expression(0)?;
                if self.is_next("..") {
                    let range_position = self.position;
                    self.expect("..", false)?;
                    let last = self.expression(0)?;
                    let range = |first, last| TreeKind::Binary(Operator::Range, first, last);
                    item = both(range, item, last, range_position)?;
                }
                items.push(item);
                if !self.is_next(",") {
                    break;
                }
                self.expect(",", false)?;
            }
        }
        self.expect("]", true)?;
        let height = highest(&items);
        tall(TreeKind::Array(items), position, height)
    }

    #[inline(never)]
    fn pairs(&mut self) -> Result<Vec<(Tree, Tree)>, Fault> {
        let mut pairs = Vec::new();
        if !self.is_next("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((key, self.expression(0)?));
                if !self.is_next(",") {
                    break;
                }
                self.expect(",", false)?;
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    #[inline(never)]
    fn transform(&mut self, position: usize) -> Result<Tree, Fault> {
        let pattern = self.expression(0)?;
        self.expect("|", false)?;
        let update = self.expression(0)?;
        let delete = if self.is_next(",") {
            self.expect(",", false)?;
            Some(Box::new(self.expression(0)?))
        } else {
            None
        };
        self.expect("|", false)?;
        let height = pattern.height.max(update.height).max(delete.as_ref().map_or(0, |tree| tree.height));
        tall(TreeKind::Transform(Box::new(pattern), Box::new(update), delete), position, height)
    }

    #[inline(never)]
    fn call(&mut self, left: Tree, position: usize) -> Result<Tree, Fault> {
        let mut arguments = Vec::new();
        let mut partial = false;
        if !self.is_next(")") {
            loop {
                if self.is_next("?") {
                    partial = true;
                    arguments.push(leaf(TreeKind::Placeholder, self.position));
                    self.expect("?", false)?;
                } else {
                    arguments.push(self.expression(0)?);
                }
                if !self.is_next(",") {
                    break;
                }
                self.expect(",", false)?;
            }
        }
        self.expect(")", true)?;
        if matches!(&left.kind, TreeKind::Name(name) if &**name == "function" || &**name == "λ") {
            return self.lambda(arguments, position);
        }
        let height = highest(&arguments).max(left.height);
        let kind = if partial { TreeKind::Partial } else { TreeKind::Call };
        tall(kind(Box::new(left), arguments), position, height)
    }

    #[inline(never)]
    fn lambda(&mut self, arguments: Vec<Tree>, position: usize) -> Result<Tree, Fault> {
        let mut parameters: Vec<Arc<str>> = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.into_iter().enumerate() {
            match argument.kind {
                TreeKind::Variable(name) => parameters.push(name),
                kind => {
                    let fault = Error::new("S0208").at(argument.position).value(index + 1);
                    return Err(match token_of(&kind) {
                        Some(token) => fault.token(token),
                        None => fault,
                    });
                }
            }
        }
        let signature = if self.is_next("<") { Some(self.signature()?) } else { None };
        self.expect("{", false)?;
        let body = self.expression(0)?;
        self.expect("}", false)?;
        let height = body.height;
        tall(TreeKind::Lambda(parameters, signature, Box::new(body)), position, height)
    }

    fn signature(&mut self) -> Result<Signature, Fault> {
        let position = self.position;
        let mut text = String::from("<");
        let mut depth = 1;
        self.advance(false)?;
        while depth > 0 && !self.is_next("{") && self.next != Token::End {
            match self.next.id() {
                ">" => depth -= 1,
                "<" => depth += 1,
                _ => {}
            }
            text.push_str(&self.next.text());
            if depth == 0 {
                break;
            }
            self.advance(false)?;
        }
        self.expect(">", false)?;
        Signature::parse(&text).map_err(|fault| {
            let offset = fault.offset();
            fault.at(position + offset)
        })
    }

    #[inline(never)]
    fn filter(&mut self, mut left: Tree, position: usize) -> Result<Tree, Fault> {
        if self.is_next("]") {
            // An empty predicate keeps singletons in arrays, and does so at the step, not behind its predicates.
            let mut step = &mut left;
            while let TreeKind::Filter(inner, _) = &mut step.kind {
                step = inner;
            }
            step.keep_array = true;
            self.expect("]", false)?;
            return Ok(left);
        }
        let predicate = self.expression(0)?;
        self.expect("]", true)?;
        both(TreeKind::Filter, left, predicate, position)
    }

    #[inline(never)]
    fn sort(&mut self, left: Tree, position: usize) -> Result<Tree, Fault> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.is_next(">");
            if descending || self.is_next("<") {
                self.advance(false)?;
            }
            terms.push((descending, self.expression(0)?));
            if !self.is_next(",") {
                break;
            }
            self.expect(",", false)?;
        }
        self.expect(")", false)?;
        let height = terms.iter().map(|(_, term)| term.height).max().unwrap_or(0).max(left.height);
        tall(TreeKind::Sort(Box::new(left), terms), position, height)
    }

    #[inline(never)]
    fn bind(&mut self, left: Tree, power: u8, position: usize) -> Result<Tree, Fault> {
        let TreeKind::Variable(name) = left.kind else {
            let fault = Error::new("S0212").at(left.position);
            return Err(match token_of(&left.kind) {
                Some(token) => fault.token(token),
                None => fault,
            });
        };
        let value = self.expression(power - 1)?;
        over(|value| TreeKind::Bind(name, value), value, position)
    }

    #[inline(never)]
    fn bind_in_path(
        &mut self,
        left: Tree,
        operator: &str,
        power: u8,
        position: usize,
    ) -> Result<Tree, Fault> {
        let right = self.expression(power)?;
        let TreeKind::Variable(name) = right.kind else {
            return Err(Error::new("S0214").at(right.position).token(operator));
        };
        let kind = if operator == "@" { TreeKind::Focus } else { TreeKind::Index };
        over(|left| kind(left, name), left, position)
    }

    #[inline(never)]
    fn condition(&mut self, left: Tree, position: usize) -> Result<Tree, Fault> {
        let then = self.expression(0)?;
        let otherwise = if self.is_next(":") {
            self.expect(":", false)?;
            Some(Box::new(self.expression(0)?))
        } else {
            None
        };
        let height = left.height.max(then.height).max(otherwise.as_ref().map_or(0, |tree| tree.height));
        tall(TreeKind::Condition(Box::new(left), Box::new(then), otherwise), position, height)
    }
}

/// How strongly a token binds what stands to its left.
fn power(token: &Token) -> u8 {
    let Token::Operator(text) = token else { return 0 };
    match *text {
        "." => 75,
        "[" | "(" | "@" | "#" => 80,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "^" | "~>" | "in" | "?:" | "??" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

fn compile_regex(source: Arc<str>, flags: &str, position: usize) -> Result<Arc<Pattern>, Fault> {
    let regex = Regex::compile(&source, flags).map_err(|error| {
        // The reference lets its host's own error out here, which has no code.
        Error::new("S0303").at(position).token(source.clone()).with("text", error.to_string())
    })?;
    Ok(Arc::new(Pattern { regex, source }))
}

fn leaf(kind: TreeKind, position: usize) -> Tree {
    Tree { kind, position, keep_array: false, height: 1 }
}

fn over(kind: impl FnOnce(Box<Tree>) -> TreeKind, inner: Tree, position: usize) -> Result<Tree, Fault> {
    let height = inner.height;
    tall(kind(Box::new(inner)), position, height)
}

fn both(
    kind: impl FnOnce(Box<Tree>, Box<Tree>) -> TreeKind,
    left: Tree,
    right: Tree,
    position: usize,
) -> Result<Tree, Fault> {
    let height = left.height.max(right.height);
    tall(kind(Box::new(left), Box::new(right)), position, height)
}

/// A tree over others of the given height.
fn tall(kind: TreeKind, position: usize, height: usize) -> Result<Tree, Fault> {
    if height >= MAX_HEIGHT {
        return Err(Error::new("D1011").at(position).limited(Limit::Depth));
    }
    Ok(Tree { kind, position, keep_array: false, height: height + 1 })
}

fn highest(trees: &[Tree]) -> usize {
    trees.iter().map(|tree| tree.height).max().unwrap_or(0)
}

/// What an error shows of an expression that should have been a variable.
fn token_of(kind: &TreeKind) -> Option<json::Value> {
    Some(match kind {
        TreeKind::String(text) | TreeKind::Name(text) => text.clone().into(),
        TreeKind::Number(number) => crate::number::value_of(*number),
        TreeKind::Constant(value) => value.clone(),
        TreeKind::Wildcard => "*".into(),
        TreeKind::Descendant => "**".into(),
        TreeKind::Parent => "%".into(),
        TreeKind::Placeholder => "?".into(),
        TreeKind::Negate(_) => "-".into(),
        TreeKind::Array(_) | TreeKind::Filter(..) => "[".into(),
        TreeKind::Object(_) | TreeKind::Group(..) => "{".into(),
        TreeKind::Block(_) | TreeKind::Call(..) | TreeKind::Partial(..) | TreeKind::Lambda(..) => "(".into(),
        TreeKind::Step(..) => ".".into(),
        TreeKind::Binary(operator, ..) => operator.text().into(),
        TreeKind::Sort(..) => "^".into(),
        TreeKind::Bind(..) => ":=".into(),
        TreeKind::Focus(..) => "@".into(),
        TreeKind::Index(..) => "#".into(),
        TreeKind::Apply(..) => "~>".into(),
        TreeKind::Condition(..) => "?".into(),
        TreeKind::Coalesce(..) => "??".into(),
        TreeKind::Default(..) => "?:".into(),
        TreeKind::Transform(..) => "|".into(),
        TreeKind::End => "(end)".into(),
        TreeKind::Variable(_) | TreeKind::Regex(_) => return None,
    })
}
