//! Numbers in English words and in roman numerals.

use super::{PictureError, check_output};

const SMALL: [(&str, &str); 20] = [
    ("zero", "zeroth"),
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("four", "fourth"),
    ("five", "fifth"),
    ("six", "sixth"),
    ("seven", "seventh"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("ten", "tenth"),
    ("eleven", "eleventh"),
    ("twelve", "twelfth"),
    ("thirteen", "thirteenth"),
    ("fourteen", "fourteenth"),
    ("fifteen", "fifteenth"),
    ("sixteen", "sixteenth"),
    ("seventeen", "seventeenth"),
    ("eighteen", "eighteenth"),
    ("nineteen", "nineteenth"),
];

const TENS: [(&str, &str, f64); 8] = [
    ("twenty", "twentieth", 20.0),
    ("thirty", "thirtieth", 30.0),
    ("forty", "fortieth", 40.0),
    ("fifty", "fiftieth", 50.0),
    ("sixty", "sixtieth", 60.0),
    ("seventy", "seventieth", 70.0),
    ("eighty", "eightieth", 80.0),
    ("ninety", "ninetieth", 90.0),
];

/// Largest first.
const SCALES: [(&str, &str, f64); 5] = [
    ("trillion", "trillionth", 1e12),
    ("billion", "billionth", 1e9),
    ("million", "millionth", 1e6),
    ("thousand", "thousandth", 1e3),
    ("hundred", "hundredth", 1e2),
];

const NUMERALS: [(&str, f64); 13] = [
    ("M", 1000.0),
    ("CM", 900.0),
    ("D", 500.0),
    ("CD", 400.0),
    ("C", 100.0),
    ("XC", 90.0),
    ("L", 50.0),
    ("XL", 40.0),
    ("X", 10.0),
    ("IX", 9.0),
    ("V", 5.0),
    ("IV", 4.0),
    ("I", 1.0),
];

/// Spells a whole number of zero or more. Beyond the trillions the word is repeated: "ten billion trillion".
pub(super) fn spell(value: f64, ordinal: bool) -> String {
    let mut out = String::new();
    push_number(&mut out, value, ordinal);
    out
}

/// Recursion is bounded: each level divides by at least a hundred, and the largest double has 309 digits.
fn push_number(out: &mut String, value: f64, ordinal: bool) {
    let pick = |cardinal: &'static str, as_ordinal: &'static str| if ordinal { as_ordinal } else { cardinal };
    if value < 20.0 {
        if let Some((cardinal, as_ordinal)) = SMALL.get(value as usize) {
            out.push_str(pick(cardinal, as_ordinal));
        }
        return;
    }
    if value < 100.0 {
        let Some(&(cardinal, as_ordinal, tens)) = TENS.iter().rev().find(|entry| entry.2 <= value) else {
            return;
        };
        if value == tens {
            out.push_str(pick(cardinal, as_ordinal));
        } else {
            out.push_str(cardinal);
            out.push('-');
            push_number(out, value - tens, ordinal);
        }
        return;
    }
    let Some(&(cardinal, as_ordinal, scale)) = SCALES.iter().find(|entry| entry.2 <= value) else { return };
    let count = (value / scale).floor();
    let rest = value - count * scale;
    push_number(out, count, false);
    out.push(' ');
    if rest <= 0.0 {
        out.push_str(pick(cardinal, as_ordinal));
        return;
    }
    out.push_str(cardinal);
    out.push_str(if rest < 100.0 { " and " } else { ", " });
    push_number(out, rest, ordinal);
}

/// Capitals for every word but "and".
pub(super) fn title_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, word) in text.split_inclusive([' ', '-']).enumerate() {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if index == 0 || word.trim_end() != "and" => {
                out.extend(first.to_uppercase());
                out.push_str(chars.as_str());
            }
            _ => out.push_str(word),
        }
    }
    out
}

/// Every word that numbers are spelled with, the longer ones first, so that an alternation of them takes the
/// longest.
pub(super) fn vocabulary() -> Vec<&'static str> {
    let small = SMALL.iter().flat_map(|&(cardinal, ordinal)| [cardinal, ordinal]);
    let large = TENS.iter().chain(&SCALES).flat_map(|&(cardinal, ordinal, _)| [cardinal, ordinal]);
    let mut all: Vec<&str> = small.chain(large).collect();
    all.sort_by_key(|word| std::cmp::Reverse(word.len()));
    all
}

/// Reads words in lower case, cardinal or ordinal; `None` where one of them is unknown.
pub(super) fn read_words(text: &str) -> Option<f64> {
    let (mut total, mut current) = (0.0, 0.0);
    let text = text.replace(", ", " ").replace(" and ", " ");
    for word in text.split([' ', '-', '\t', '\n', '\r']) {
        let value = word_value(word)?;
        if value < 100.0 {
            if current >= 1000.0 {
                total += current;
                current = 0.0;
            }
            current += value;
        } else {
            current *= value;
        }
    }
    Some(total + current)
}

fn word_value(word: &str) -> Option<f64> {
    let small = SMALL.iter().position(|entry| entry.0 == word || entry.1 == word);
    let large = || TENS.iter().chain(&SCALES).find(|entry| entry.0 == word || entry.1 == word);
    small.map(|value| value as f64).or_else(|| large().map(|entry| entry.2))
}

/// Roman numerals in capitals; nothing for zero, and an M for every thousand.
///
/// # Errors
/// The output bound, for a number of that many thousands.
pub(super) fn roman(value: f64) -> Result<String, PictureError> {
    check_output((value / 1000.0) as usize)?;
    let mut rest = value;
    let mut out = String::new();
    for (numeral, worth) in NUMERALS {
        while rest >= worth {
            out.push_str(numeral);
            rest -= worth;
        }
    }
    Ok(out)
}

/// Reads capitals: from the right, a numeral below the largest so far is taken away.
pub(super) fn read_roman(text: &str) -> Option<f64> {
    let (mut total, mut largest) = (0.0, 1.0);
    for c in text.chars().rev() {
        let worth = match c {
            'M' => 1000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => return None,
        };
        if worth < largest {
            total -= worth;
        } else {
            largest = worth;
            total += worth;
        }
    }
    Some(total)
}
