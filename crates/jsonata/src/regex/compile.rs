//! From the tree to the program.

use super::ast::Node;
use super::exec::{Inst, Matcher, Program, first_register};
use super::set::CharSet;
use super::{MAX_PROGRAM, Options, TOO_LARGE};

/// Compiles a tree with `groups` capturing groups.
///
/// # Errors
/// "Too large" when the program would pass its bound.
pub(super) fn compile(root: &Node, groups: usize, options: Options) -> Result<Program, &'static str> {
    let mut compiler = Compiler {
        options,
        program: Vec::new(),
        sets: Vec::new(),
        next_register: first_register(groups),
        backwards: false,
    };
    compiler.emit(Inst::Save(0))?;
    compiler.node(root)?;
    compiler.emit(Inst::Save(1))?;
    compiler.emit(Inst::Match)?;
    let first = compiler.first_set(root);
    Ok(Program {
        insts: compiler.program,
        sets: compiler.sets,
        groups,
        registers: compiler.next_register as usize,
        first,
        anchored: !options.multiline && starts_at_start(root),
        ignore_case: options.ignore_case,
    })
}

struct Compiler {
    options: Options,
    program: Vec<Inst>,
    sets: Vec<CharSet>,
    next_register: u32,
    /// Inside a look-behind: terms run right to left and each reads the character before the position.
    backwards: bool,
}

type Done = Result<(), &'static str>;

impl Compiler {
    fn here(&self) -> u32 {
        u32::try_from(self.program.len()).unwrap_or(u32::MAX)
    }

    fn emit(&mut self, inst: Inst) -> Result<u32, &'static str> {
        let at = self.here();
        if self.program.len() >= MAX_PROGRAM {
            return Err(TOO_LARGE);
        }
        self.program.push(inst);
        Ok(at)
    }

    fn patch(&mut self, at: u32, inst: Inst) {
        if let Some(slot) = self.program.get_mut(at as usize) {
            *slot = inst;
        }
    }

    fn node(&mut self, node: &Node) -> Done {
        if let Some(matcher) = self.matcher(node) {
            let backwards = self.backwards;
            return self.emit(Inst::One { matcher, backwards }).map(drop);
        }
        match node {
            Node::Empty | Node::Char(_) | Node::Any | Node::Set { .. } => Ok(()),
            Node::Start => self.emit(Inst::Start { multiline: self.options.multiline }).map(drop),
            Node::End => self.emit(Inst::End { multiline: self.options.multiline }).map(drop),
            Node::WordBoundary { negated } => self.emit(Inst::WordBoundary { negated: *negated }).map(drop),
            Node::Capture { group, body } => self.capture(*group, body),
            Node::BackReference { group } => {
                self.emit(Inst::BackReference { group: *group, backwards: self.backwards }).map(drop)
            }
            Node::Look { ahead, negated, body } => self.look(*ahead, *negated, body),
            Node::Concat(terms) if self.backwards => terms.iter().rev().try_for_each(|term| self.node(term)),
            Node::Concat(terms) => terms.iter().try_for_each(|term| self.node(term)),
            Node::Alternation(branches) => self.alternation(branches),
            Node::Repeat { .. } => self.repeat(node),
        }
    }

    /// The test of a node that takes exactly one character.
    fn matcher(&mut self, node: &Node) -> Option<Matcher> {
        if matches!(node, Node::Any) {
            return Some(Matcher::Any);
        }
        let set = self.one_char_set(node)?;
        Some(match set.only() {
            Some(c) => Matcher::Char(c),
            None => {
                self.sets.push(set);
                Matcher::Set(u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX))
            }
        })
    }

    fn one_char_set(&self, node: &Node) -> Option<CharSet> {
        let (set, negated) = match node {
            Node::Char(c) => (CharSet::single(*c), false),
            Node::Set { set, negated } => (set.clone(), *negated),
            _ => return None,
        };
        let set = if self.options.ignore_case { set.close_over_case() } else { set };
        Some(if negated { set.complement() } else { set })
    }

    fn capture(&mut self, group: u32, body: &Node) -> Done {
        let (open, close) = if self.backwards { (1, 0) } else { (0, 1) };
        self.emit(Inst::Save(group * 2 + open))?;
        self.node(body)?;
        self.emit(Inst::Save(group * 2 + close)).map(drop)
    }

    fn look(&mut self, ahead: bool, negated: bool, body: &Node) -> Done {
        let start = self.emit(Inst::Fail)?;
        let outer = std::mem::replace(&mut self.backwards, !ahead);
        self.node(body)?;
        self.backwards = outer;
        self.emit(Inst::LookEnd)?;
        let behind = self.here();
        self.patch(start, Inst::LookStart { negated, behind });
        Ok(())
    }

    fn alternation(&mut self, branches: &[Node]) -> Done {
        let mut jumps = Vec::new();
        let last = branches.len().saturating_sub(1);
        for (index, branch) in branches.iter().enumerate() {
            if index == last {
                self.node(branch)?;
                continue;
            }
            let split = self.emit(Inst::Fail)?;
            self.node(branch)?;
            jumps.push(self.emit(Inst::Fail)?);
            let second = self.here();
            self.patch(split, Inst::Split { second });
        }
        let end = self.here();
        for jump in jumps {
            self.patch(jump, Inst::Jump(end));
        }
        Ok(())
    }

    fn repeat(&mut self, node: &Node) -> Done {
        let Node::Repeat { body, min, max, greedy, first_group, last_group } = node else { return Ok(()) };
        let (min, max, greedy) = (*min, max.unwrap_or(u32::MAX), *greedy);
        if max == 0 {
            return Ok(());
        }
        if let Some(matcher) = self.matcher(body) {
            let backwards = self.backwards;
            return self.emit(Inst::Run { matcher, min, max, greedy, backwards }).map(drop);
        }
        let register = self.next_register;
        self.next_register += 2;
        self.emit(Inst::LoopInit { register })?;
        let decide = self.emit(Inst::Fail)?;
        self.emit(Inst::LoopEnter { register, first_group: *first_group, last_group: *last_group })?;
        self.node(body)?;
        self.emit(Inst::LoopEnd { register, min, decide })?;
        let exit = self.here();
        self.patch(decide, Inst::Loop { register, min, max, greedy, exit });
        Ok(())
    }

    /// The characters a match can start with; `None` where a match may be empty or the answer is unknown.
    fn first_set(&self, node: &Node) -> Option<CharSet> {
        match node {
            Node::Char(_) | Node::Set { .. } => self.one_char_set(node),
            Node::Capture { body, .. } => self.first_set(body),
            Node::Repeat { body, min, .. } if *min > 0 => self.first_set(body),
            Node::Concat(terms) => {
                let consuming = terms.iter().find(|term| {
                    !matches!(term, Node::WordBoundary { .. } | Node::Start | Node::End | Node::Look { .. })
                });
                consuming.and_then(|term| self.first_set(term))
            }
            Node::Alternation(branches) => branches.iter().try_fold(CharSet::default(), |all, branch| {
                self.first_set(branch).map(|first| all.union(&first))
            }),
            Node::Empty | Node::Any | Node::Start | Node::End | Node::WordBoundary { .. } => None,
            Node::BackReference { .. } | Node::Look { .. } | Node::Repeat { .. } => None,
        }
    }
}

/// Whether every match has to start where the text starts.
fn starts_at_start(node: &Node) -> bool {
    match node {
        Node::Start => true,
        Node::Capture { body, .. } => starts_at_start(body),
        Node::Concat(terms) => terms.first().is_some_and(starts_at_start),
        Node::Alternation(branches) => branches.iter().all(starts_at_start),
        Node::Repeat { body, min, .. } => *min > 0 && starts_at_start(body),
        Node::Empty | Node::Char(_) | Node::Any | Node::Set { .. } | Node::End => false,
        Node::WordBoundary { .. } | Node::BackReference { .. } | Node::Look { .. } => false,
    }
}
