//! Sets of characters, and JavaScript's case folding over them.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Sorted, disjoint, inclusive ranges with a bitmap of the ASCII part for speed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CharSet {
    ranges: Vec<(u32, u32)>,
    ascii: u128,
}

const LAST: u32 = 0x10_FFFF;
/// Below this size a set's characters are folded one by one, above it the table of all folds is gone through.
const FEW: u32 = 128;

impl CharSet {
    /// Builds a set from ranges in any order, overlapping or not.
    pub(super) fn new(mut ranges: Vec<(u32, u32)>) -> CharSet {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        let mut ascii = 0u128;
        for &(low, high) in merged.iter().filter(|range| range.0 < 128) {
            for code in low..=high.min(127) {
                ascii |= 1 << code;
            }
        }
        CharSet { ranges: merged, ascii }
    }

    /// `\d`
    pub(super) fn digits() -> CharSet {
        CharSet::new(vec![(0x30, 0x39)])
    }

    /// `\w`
    pub(super) fn word() -> CharSet {
        CharSet::new(vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
    }

    /// `\s`: ECMAScript's white space and line terminators.
    pub(super) fn space() -> CharSet {
        CharSet::new(vec![
            (0x09, 0x0D),
            (0x20, 0x20),
            (0xA0, 0xA0),
            (0x1680, 0x1680),
            (0x2000, 0x200A),
            (0x2028, 0x2029),
            (0x202F, 0x202F),
            (0x205F, 0x205F),
            (0x3000, 0x3000),
            (0xFEFF, 0xFEFF),
        ])
    }

    pub(super) fn single(c: char) -> CharSet {
        CharSet::new(vec![(u32::from(c), u32::from(c))])
    }

    /// Everything but this set.
    pub(super) fn complement(&self) -> CharSet {
        let mut out = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.ranges {
            if low > next {
                out.push((next, low - 1));
            }
            next = high.saturating_add(1);
        }
        if next <= LAST {
            out.push((next, LAST));
        }
        CharSet::new(out)
    }

    pub(super) fn union(&self, other: &CharSet) -> CharSet {
        CharSet::new(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(super) fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        if code < 128 {
            return self.ascii >> code & 1 == 1;
        }
        let after = self.ranges.partition_point(|range| range.1 < code);
        self.ranges.get(after).is_some_and(|range| range.0 <= code)
    }

    /// The only character of the set, if there is exactly one.
    pub(super) fn only(&self) -> Option<char> {
        match self.ranges.as_slice() {
            [(low, high)] if low == high => char::from_u32(*low),
            _ => None,
        }
    }

    /// Adds every character that is the same as a member when case is ignored.
    pub(super) fn close_over_case(&self) -> CharSet {
        let mut out = self.ranges.clone();
        let size: u32 = self.ranges.iter().map(|(low, high)| high - low + 1).sum();
        if size <= FEW {
            for c in self.ranges.iter().flat_map(|&(low, high)| low..=high).filter_map(char::from_u32) {
                let class = case_classes().get(&canonical(c)).into_iter().flatten();
                out.extend(class.map(|&c| (u32::from(c), u32::from(c))));
            }
            return CharSet::new(out);
        }
        for class in case_classes().values() {
            if class.iter().any(|&c| self.contains(c)) {
                out.extend(class.iter().map(|&c| (u32::from(c), u32::from(c))));
            }
        }
        CharSet::new(out)
    }
}

/// ECMAScript's Canonicalize for patterns without `u`: the upper case of one character, where that is a single
/// code unit and does not turn a character outside ASCII into an ASCII one.
pub(super) fn canonical(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if !one.is_ascii() && u32::from(c) <= 0xFFFF && u32::from(one) <= 0xFFFF => one,
        _ => c,
    }
}

/// Characters that share a canonical form with another one, by that form.
fn case_classes() -> &'static HashMap<char, Vec<char>> {
    static CLASSES: OnceLock<HashMap<char, Vec<char>>> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let mut classes: HashMap<char, Vec<char>> = HashMap::new();
        for c in (0..=0xFFFF).filter_map(char::from_u32) {
            let form = canonical(c);
            if form != c {
                classes.entry(form).or_insert_with(|| vec![form]).push(c);
            }
        }
        classes
    })
}
