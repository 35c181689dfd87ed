//! The tree that is evaluated.

use crate::builtins::Builtin;
use crate::regex::Regex;
use crate::signature::Signature;
use crate::simple::Simple;
use json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// The name under which a step's context is kept for the parent operator; shared between the step and the operators
/// that ask for it, because two operators that meet at one step agree on one name.
pub(crate) type Label = Arc<AtomicU32>;

/// One expression with everything that is attached to it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// In UTF-16 units.
    pub(crate) position: usize,
    /// `[]` follows: a sequence of one stays an array.
    pub(crate) keep_array: bool,
    /// `[…]` after an expression that is not a step of a path.
    pub(crate) predicates: Vec<Node>,
    /// `[…]` and `#$i` after a step of a path, in their order.
    pub(crate) stages: Vec<Stage>,
    /// `{…}` after the expression.
    pub(crate) group: Option<Box<Group>>,
    /// `@$v`
    pub(crate) focus: Option<Arc<str>>,
    /// `#$i` before any predicate.
    pub(crate) index: Option<Arc<str>>,
    /// Where a parent operator finds the context of this step.
    pub(crate) ancestor: Option<Label>,
    /// The step makes tuples: values together with what was bound on the way to them.
    pub(crate) tuple: bool,
    /// An array constructor whose result is not flattened into its surroundings.
    pub(crate) cons_array: bool,
    /// A block that binds variables, which are its own.
    pub(crate) binds: bool,
    /// Something is done to the result: predicates, or a grouping that the path itself does not do.
    pub(crate) goes_on: bool,
    /// The expression in its simple form, where it has one. The stages of a step are not part of it.
    pub(crate) simple: Option<Simple>,
    /// The steps at the start of a path that only name fields, and how many they are.
    pub(crate) head: Option<(Simple, usize)>,
}

impl Node {
    /// Whether nothing is attached to a step.
    pub(crate) fn is_plain(&self) -> bool {
        self.stages.is_empty()
            && self.predicates.is_empty()
            && self.group.is_none()
            && !self.tuple
            && !self.keep_array
    }
}

/// What is done to the result of a step.
#[derive(Debug)]
pub(crate) enum Stage {
    Filter(Node),
    Index(Arc<str>),
}

/// Key and value expressions of an object or of a grouping.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) pairs: Vec<(Node, Node)>,
    pub(crate) position: usize,
}

/// The kinds of expression.
#[derive(Debug)]
pub(crate) enum Kind {
    Path {
        steps: Vec<Node>,
        keep_singleton: bool,
    },
    Literal(Value),
    Name(Arc<str>),
    Variable(Arc<str>),
    Wildcard,
    Descendant,
    Parent(Label),
    Regex(Arc<Pattern>),
    /// A question mark where an argument is left open.
    Placeholder,
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Box<Group>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Condition(Box<Condition>),
    /// `left ?? right`
    Coalesce {
        left: Box<Node>,
        right: Box<Node>,
    },
    /// `left ?: right`
    Default {
        left: Box<Node>,
        right: Box<Node>,
    },
    Block(Vec<Node>),
    Bind {
        name: Arc<str>,
        value: Box<Node>,
    },
    Lambda(Arc<Lambda>),
    Call(Arc<Call>),
    Partial(Arc<Call>),
    /// `left ~> right`
    Apply {
        left: Box<Node>,
        right: Box<Node>,
    },
    Sort(Vec<Term>),
    Transform(Arc<Transform>),
}

/// A regular expression and its text.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) source: Arc<str>,
}

/// `if ? then : otherwise`
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) condition: Node,
    pub(crate) then: Node,
    pub(crate) otherwise: Option<Node>,
}

/// A function of the expression's own.
#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<Arc<str>>,
    pub(crate) signature: Option<Signature>,
    pub(crate) body: Node,
}

/// A call, or a partial application, of a function.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) procedure: Node,
    pub(crate) arguments: Vec<Node>,
    pub(crate) position: usize,
    /// The last thing that a lambda does: made after the lambda has returned.
    pub(crate) tail: bool,
    /// What the name of the procedure means, where nothing in the expression can bind it.
    pub(crate) builtin: Option<&'static Builtin>,
}

/// One expression of an order-by clause.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) expression: Node,
    pub(crate) descending: bool,
    /// Where the clause begins.
    pub(crate) position: usize,
}

/// `| pattern | update, delete |`
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) pattern: Node,
    pub(crate) update: Node,
    pub(crate) delete: Option<Node>,
}

/// Operators between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concatenate,
    And,
    Or,
    In,
    Range,
}

impl Operator {
    pub(crate) fn from_text(text: &str) -> Option<Operator> {
        Some(match text {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Remainder,
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "&" => Operator::Concatenate,
            "and" => Operator::And,
            "or" => Operator::Or,
            "in" => Operator::In,
            ".." => Operator::Range,
            _ => return None,
        })
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Concatenate => "&",
            Operator::And => "and",
            Operator::Or => "or",
            Operator::In => "in",
            Operator::Range => "..",
        }
    }
}
