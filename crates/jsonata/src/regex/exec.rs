//! The backtracking machine.

use super::set::{CharSet, canonical};
use super::{Match, StepsExhausted};

/// Most frames on the backtrack stack (16 bytes each).
const MAX_FRAMES: usize = 2_000_000;
/// A register that holds no position.
const UNSET: u32 = u32::MAX;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) insts: Vec<Inst>,
    pub(super) sets: Vec<CharSet>,
    pub(super) groups: usize,
    /// Two per group, the whole match being group 0, then two per loop.
    pub(super) registers: usize,
    /// Characters a match can start with, where that is known.
    pub(super) first: Option<CharSet>,
    /// Whether a match can only start where the text starts.
    pub(super) anchored: bool,
    pub(super) ignore_case: bool,
}

/// A test of one character.
#[derive(Debug, Clone, Copy)]
pub(super) enum Matcher {
    Char(char),
    /// Not `\n`, `\r`, U+2028 or U+2029.
    Any,
    /// By index into the program's sets.
    Set(u32),
}

/// One instruction; `u32` targets are instruction indices.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inst {
    One {
        matcher: Matcher,
        backwards: bool,
    },
    /// A repeated single character: no frame per round.
    Run {
        matcher: Matcher,
        min: u32,
        max: u32,
        greedy: bool,
        backwards: bool,
    },
    /// Goes on here, and at `second` if that fails.
    Split {
        second: u32,
    },
    Jump(u32),
    /// Puts the position in a register.
    Save(u32),
    Start {
        multiline: bool,
    },
    End {
        multiline: bool,
    },
    WordBoundary {
        negated: bool,
    },
    BackReference {
        group: u32,
        backwards: bool,
    },
    LookStart {
        negated: bool,
        behind: u32,
    },
    LookEnd,
    /// `register` counts the rounds, the next one holds where the round started.
    LoopInit {
        register: u32,
    },
    Loop {
        register: u32,
        min: u32,
        max: u32,
        greedy: bool,
        exit: u32,
    },
    LoopEnter {
        register: u32,
        first_group: u32,
        last_group: u32,
    },
    LoopEnd {
        register: u32,
        min: u32,
        decide: u32,
    },
    Fail,
    Match,
}

/// The first register behind those of `groups` groups and of the whole match.
pub(super) fn first_register(groups: usize) -> u32 {
    u32::try_from(groups * 2 + 2).unwrap_or(u32::MAX)
}

/// See [`super::Regex::find_at`].
pub(super) fn find_at(
    program: &Program,
    text: &str,
    start_byte: usize,
    steps: &mut u64,
) -> Result<Option<Match>, StepsExhausted> {
    if text.len() >= UNSET as usize {
        return Err(StepsExhausted);
    }
    let mut machine = Machine {
        program,
        text,
        registers: vec![UNSET; program.registers],
        frames: Vec::new(),
        steps,
        position: 0,
    };
    let mut start = start_byte;
    while start <= text.len() {
        if program.anchored && start > 0 {
            return Ok(None);
        }
        machine.charge(1)?;
        if text.is_char_boundary(start) && machine.may_start(start) && machine.run(start)? {
            return Ok(Some(machine.found()));
        }
        start += 1;
    }
    Ok(None)
}

/// What to do when the current path fails.
#[derive(Debug, Clone, Copy)]
enum Frame {
    Branch {
        pc: u32,
        position: u32,
    },
    Restore {
        register: u32,
        old: u32,
    },
    /// A greedy run that may give back one character at a time down (or, backwards, up) to `limit`.
    GiveBack {
        pc: u32,
        position: u32,
        limit: u32,
    },
    /// A lazy run that may take `left` more characters.
    TakeMore {
        pc: u32,
        position: u32,
        left: u32,
    },
    Look {
        pc: u32,
        position: u32,
    },
    NegatedLook {
        pc: u32,
        position: u32,
    },
}

struct Machine<'a> {
    program: &'a Program,
    text: &'a str,
    registers: Vec<u32>,
    frames: Vec<Frame>,
    steps: &'a mut u64,
    position: u32,
}

impl Machine<'_> {
    fn charge(&mut self, cost: u64) -> Result<(), StepsExhausted> {
        match self.steps.checked_sub(cost) {
            Some(left) => {
                *self.steps = left;
                Ok(())
            }
            None => {
                *self.steps = 0;
                Err(StepsExhausted)
            }
        }
    }

    fn push(&mut self, frame: Frame) -> Result<(), StepsExhausted> {
        if self.frames.len() >= MAX_FRAMES {
            return Err(StepsExhausted);
        }
        self.frames.push(frame);
        Ok(())
    }

    fn may_start(&self, start: usize) -> bool {
        let Some(first) = &self.program.first else { return true };
        self.char_after(start as u32).is_some_and(|(c, _)| first.contains(c))
    }

    fn found(&self) -> Match {
        let span = |group: usize| {
            let start = self.register(group as u32 * 2);
            let end = self.register(group as u32 * 2 + 1);
            (start != UNSET && end != UNSET).then_some((start as usize, end as usize))
        };
        let (start, end) = span(0).unwrap_or((0, 0));
        Match { start, end, groups: (1..=self.program.groups).map(span).collect() }
    }

    fn register(&self, index: u32) -> u32 {
        self.registers.get(index as usize).copied().unwrap_or(UNSET)
    }

    fn set_register(&mut self, index: u32, value: u32) -> Result<(), StepsExhausted> {
        let Some(slot) = self.registers.get_mut(index as usize) else { return Ok(()) };
        let old = std::mem::replace(slot, value);
        if old != value {
            self.push(Frame::Restore { register: index, old })?;
        }
        Ok(())
    }

    /// The character at a position and the position behind it.
    fn char_after(&self, position: u32) -> Option<(char, u32)> {
        let byte = *self.text.as_bytes().get(position as usize)?;
        if byte < 0x80 {
            return Some((char::from(byte), position + 1));
        }
        let c = self.text.get(position as usize..)?.chars().next()?;
        Some((c, position + c.len_utf8() as u32))
    }

    /// The character before a position and where it starts.
    fn char_before(&self, position: u32) -> Option<(char, u32)> {
        let byte = *self.text.as_bytes().get((position as usize).checked_sub(1)?)?;
        if byte < 0x80 {
            return Some((char::from(byte), position - 1));
        }
        let c = self.text.get(..position as usize)?.chars().next_back()?;
        Some((c, position - c.len_utf8() as u32))
    }

    fn beside(&self, position: u32, backwards: bool) -> Option<(char, u32)> {
        if backwards { self.char_before(position) } else { self.char_after(position) }
    }

    /// Where one matching character leads.
    fn take(&self, matcher: Matcher, position: u32, backwards: bool) -> Option<u32> {
        let (c, next) = self.beside(position, backwards)?;
        let accepted = match matcher {
            Matcher::Char(expected) => c == expected,
            Matcher::Any => !ends_line(c),
            Matcher::Set(index) => self.program.sets.get(index as usize).is_some_and(|set| set.contains(c)),
        };
        accepted.then_some(next)
    }

    /// Runs the program from `start`; on failure every register is as it was.
    fn run(&mut self, start: usize) -> Result<bool, StepsExhausted> {
        self.frames.clear();
        self.position = start as u32;
        let mut pc = 0;
        loop {
            self.charge(1)?;
            let Some(&inst) = self.program.insts.get(pc as usize) else { return Ok(false) };
            if matches!(inst, Inst::Match) {
                return Ok(true);
            }
            let next = match self.step(inst, pc)? {
                Some(next) => Some(next),
                None => self.backtrack()?,
            };
            match next {
                Some(next) => pc = next,
                None => return Ok(false),
            }
        }
    }

    /// Carries out one instruction; the next one, or `None` where the path fails.
    fn step(&mut self, inst: Inst, pc: u32) -> Result<Option<u32>, StepsExhausted> {
        let position = self.position;
        let on = |holds: bool| holds.then_some(pc + 1);
        Ok(match inst {
            Inst::One { matcher, backwards } => match self.take(matcher, position, backwards) {
                Some(next) => {
                    self.position = next;
                    Some(pc + 1)
                }
                None => None,
            },
            Inst::Run { .. } => self.run_of_chars(inst, pc)?,
            Inst::Split { second } => {
                self.push(Frame::Branch { pc: second, position })?;
                Some(pc + 1)
            }
            Inst::Jump(target) => Some(target),
            Inst::Save(register) => {
                self.set_register(register, position)?;
                Some(pc + 1)
            }
            Inst::Start { multiline } => {
                on(self.char_before(position).is_none_or(|(c, _)| multiline && ends_line(c)))
            }
            Inst::End { multiline } => {
                on(self.char_after(position).is_none_or(|(c, _)| multiline && ends_line(c)))
            }
            Inst::WordBoundary { negated } => {
                let before = self.char_before(position).is_some_and(|(c, _)| is_word(c));
                let after = self.char_after(position).is_some_and(|(c, _)| is_word(c));
                on((before != after) != negated)
            }
            Inst::BackReference { group, backwards } => {
                self.back_reference(group, backwards)?.then_some(pc + 1)
            }
            Inst::LookStart { negated, behind } => {
                self.push(match negated {
                    true => Frame::NegatedLook { pc: behind, position },
                    false => Frame::Look { pc: behind, position },
                })?;
                Some(pc + 1)
            }
            Inst::LookEnd => self.look_end()?,
            Inst::LoopInit { register } => {
                self.set_register(register, 0)?;
                Some(pc + 1)
            }
            Inst::Loop { .. } => self.decide_loop(inst, pc)?,
            Inst::LoopEnter { register, first_group, last_group } => {
                self.set_register(register, self.register(register).saturating_add(1))?;
                self.set_register(register + 1, position)?;
                for index in first_group * 2..last_group * 2 {
                    self.charge(1)?;
                    self.set_register(index, UNSET)?;
                }
                Some(pc + 1)
            }
            // A round beyond the required ones that took nothing would go on for ever.
            Inst::LoopEnd { register, min, decide } => {
                let empty = self.register(register + 1) == position;
                (!(empty && self.register(register) > min)).then_some(decide)
            }
            Inst::Fail | Inst::Match => None,
        })
    }

    fn decide_loop(&mut self, inst: Inst, pc: u32) -> Result<Option<u32>, StepsExhausted> {
        let Inst::Loop { register, min, max, greedy, exit } = inst else { return Ok(None) };
        let (rounds, position) = (self.register(register), self.position);
        if rounds < min {
            return Ok(Some(pc + 1));
        }
        if rounds >= max {
            return Ok(Some(exit));
        }
        let (first, second) = if greedy { (pc + 1, exit) } else { (exit, pc + 1) };
        self.push(Frame::Branch { pc: second, position })?;
        Ok(Some(first))
    }

    fn run_of_chars(&mut self, inst: Inst, pc: u32) -> Result<Option<u32>, StepsExhausted> {
        let Inst::Run { matcher, min, max, greedy, backwards } = inst else { return Ok(None) };
        let mut taken = 0;
        let mut limit = self.position;
        while taken < if greedy { max } else { min } {
            if taken == min {
                limit = self.position;
            }
            let Some(next) = self.take(matcher, self.position, backwards) else { break };
            self.charge(1)?;
            self.position = next;
            taken += 1;
        }
        if taken < min {
            return Ok(None);
        }
        let position = self.position;
        if greedy && taken > min {
            self.push(Frame::GiveBack { pc, position, limit })?;
        } else if !greedy && max > min {
            self.push(Frame::TakeMore { pc, position, left: max - min })?;
        }
        Ok(Some(pc + 1))
    }

    fn back_reference(&mut self, group: u32, backwards: bool) -> Result<bool, StepsExhausted> {
        let (start, end) = (self.register(group * 2), self.register(group * 2 + 1));
        if start == UNSET || end == UNSET || start > end {
            return Ok(true);
        }
        let (mut from, stop) = if backwards { (end, start) } else { (start, end) };
        while from != stop {
            self.charge(1)?;
            let (Some((expected, next_from)), Some((c, next))) =
                (self.beside(from, backwards), self.beside(self.position, backwards))
            else {
                return Ok(false);
            };
            let same = expected == c || (self.program.ignore_case && canonical(expected) == canonical(c));
            if !same {
                return Ok(false);
            }
            (from, self.position) = (next_from, next);
        }
        Ok(true)
    }

    /// The innermost look-around matched: drop its alternatives, but keep what undoes its captures.
    fn look_end(&mut self) -> Result<Option<u32>, StepsExhausted> {
        let is_look = |frame: &Frame| matches!(frame, Frame::Look { .. } | Frame::NegatedLook { .. });
        let Some(at) = self.frames.iter().rposition(is_look) else { return Ok(None) };
        self.charge((self.frames.len() - at) as u64)?;
        match self.frames.get(at).copied() {
            Some(Frame::Look { pc, position }) => {
                let undo: Vec<Frame> = self.frames.drain(at..).collect();
                self.frames.extend(undo.into_iter().filter(|frame| matches!(frame, Frame::Restore { .. })));
                self.position = position;
                Ok(Some(pc))
            }
            _ => {
                while self.frames.len() > at {
                    if let Some(Frame::Restore { register, old }) = self.frames.pop() {
                        self.undo(register, old);
                    }
                }
                Ok(None)
            }
        }
    }

    fn undo(&mut self, register: u32, old: u32) {
        if let Some(slot) = self.registers.get_mut(register as usize) {
            *slot = old;
        }
    }

    /// Takes up the youngest alternative; `None` where none is left.
    fn backtrack(&mut self) -> Result<Option<u32>, StepsExhausted> {
        while let Some(frame) = self.frames.pop() {
            self.charge(1)?;
            match frame {
                Frame::Branch { pc, position } | Frame::NegatedLook { pc, position } => {
                    self.position = position;
                    return Ok(Some(pc));
                }
                Frame::Restore { register, old } => self.undo(register, old),
                Frame::Look { .. } => {}
                Frame::GiveBack { pc, position, limit } => {
                    let backwards = position < limit;
                    let Some((_, given)) = self.beside(position, !backwards) else { continue };
                    if given != limit {
                        self.push(Frame::GiveBack { pc, position: given, limit })?;
                    }
                    self.position = given;
                    return Ok(Some(pc + 1));
                }
                Frame::TakeMore { pc, position, left } => {
                    let Some(&Inst::Run { matcher, backwards, .. }) = self.program.insts.get(pc as usize)
                    else {
                        continue;
                    };
                    let Some(next) = self.take(matcher, position, backwards) else { continue };
                    if left > 1 {
                        self.push(Frame::TakeMore { pc, position: next, left: left - 1 })?;
                    }
                    self.position = next;
                    return Ok(Some(pc + 1));
                }
            }
        }
        Ok(None)
    }
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
