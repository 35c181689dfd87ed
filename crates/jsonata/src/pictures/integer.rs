//! `$formatInteger` and `$parseInteger`: digits, letters, roman numerals and words.

use super::words;
use super::{PictureError, check_insertions, check_output, javascript_number};

/// Formats an integer (a fraction is cut towards minus infinity) by an XPath picture such as `#,##0`, `A`,
/// `i` or `Ww;o`.
///
/// # Errors
/// `D3130` for a numbering sequence that is not supported, `D3131` for digits of two families.
pub fn format_integer(value: f64, picture: &str) -> Result<String, PictureError> {
    IntegerPicture::parse(picture)?.format(value)
}

/// Reads an integer written by an XPath picture. `None` where the text is no number of that form (the
/// reference answers `NaN`).
///
/// # Errors
/// `D3130` and `D3131` as in [`format_integer`].
pub fn parse_integer(text: &str, picture: &str) -> Result<Option<f64>, PictureError> {
    Ok(IntegerPicture::parse(picture)?.read(text))
}

/// A parsed picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IntegerPicture {
    pub(super) primary: Primary,
    pub(super) ordinal: bool,
}

/// How the number itself is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Primary {
    Decimal(Decimal),
    Letters(Case),
    Roman(Case),
    Words(Case),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

/// A picture of digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decimal {
    /// The zero of the digit family.
    pub(super) zero: char,
    pub(super) mandatory: usize,
    pub(super) optional: usize,
    separators: Separators,
}

#[derive(Debug, Clone, PartialEq)]
enum Separators {
    Every(usize, char),
    /// (digits to the right, separator), from the right.
    At(Vec<(usize, char)>),
}

/// The zeros of the digit families within the Basic Multilingual Plane.
const ZEROS: &str = "0٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰０";

impl IntegerPicture {
    pub(super) fn parse(picture: &str) -> Result<IntegerPicture, PictureError> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        IntegerPicture::from_parts(primary, modifier.starts_with('o'))
    }

    pub(super) fn from_parts(primary: &str, ordinal: bool) -> Result<IntegerPicture, PictureError> {
        let primary = match primary {
            "A" => Primary::Letters(Case::Upper),
            "a" => Primary::Letters(Case::Lower),
            "I" => Primary::Roman(Case::Upper),
            "i" => Primary::Roman(Case::Lower),
            "W" => Primary::Words(Case::Upper),
            "Ww" => Primary::Words(Case::Title),
            "w" => Primary::Words(Case::Lower),
            other => Primary::Decimal(Decimal::parse(other)?),
        };
        Ok(IntegerPicture { primary, ordinal })
    }

    pub(super) fn format(&self, value: f64) -> Result<String, PictureError> {
        let value = value.floor();
        let size = value.abs();
        let text = match &self.primary {
            Primary::Decimal(decimal) => decimal.format(size, self.ordinal)?,
            Primary::Letters(case) => letters(size, if *case == Case::Upper { b'A' } else { b'a' }),
            Primary::Roman(case) => {
                let text = words::roman(size)?;
                if *case == Case::Upper { text } else { text.to_lowercase() }
            }
            Primary::Words(case) => {
                let text = words::spell(size, self.ordinal);
                match case {
                    Case::Lower => text,
                    Case::Upper => text.to_uppercase(),
                    Case::Title => words::title_case(&text),
                }
            }
        };
        Ok(if value < 0.0 { format!("-{text}") } else { text })
    }

    pub(super) fn read(&self, text: &str) -> Option<f64> {
        match &self.primary {
            Primary::Decimal(decimal) => decimal.read(text, self.ordinal),
            Primary::Letters(case) => {
                let value = read_letters(text, if *case == Case::Upper { 'A' } else { 'a' });
                value.is_finite().then_some(value)
            }
            Primary::Roman(Case::Upper) => words::read_roman(text),
            // The lower-case picture reads both cases, the upper-case one only its own.
            Primary::Roman(Case::Lower | Case::Title) => words::read_roman(&text.to_uppercase()),
            Primary::Words(_) => words::read_words(&text.to_lowercase()),
        }
    }
}

impl Decimal {
    fn parse(picture: &str) -> Result<Decimal, PictureError> {
        let (mut zero, mut mandatory, mut optional) = (None, 0, 0);
        let mut separators = Vec::new();
        let mut digits = 0;
        for c in picture.chars().rev() {
            if c == '#' {
                optional += 1;
                digits += 1;
            } else if let Some(family) = family_of(c) {
                mandatory += 1;
                digits += 1;
                if *zero.get_or_insert(family) != family {
                    return Err(PictureError::new("D3131"));
                }
            } else {
                separators.push((digits, c));
            }
        }
        let Some(zero) = zero else { return Err(PictureError::with_value("D3130", picture)) };
        let positions: Vec<usize> = separators.iter().map(|&(at, _)| at).collect();
        let same = separators.first().filter(|first| separators.iter().all(|other| other.1 == first.1));
        let separators = match (same, regular_group(&positions)) {
            (Some(&(_, separator)), Some(size)) => Separators::Every(size, separator),
            _ => Separators::At(separators),
        };
        Ok(Decimal { zero, mandatory, optional, separators })
    }

    /// Whether the picture has separators at all.
    pub(super) fn is_grouped(&self) -> bool {
        !matches!(&self.separators, Separators::At(list) if list.is_empty())
    }

    pub(super) fn format(&self, size: f64, ordinal: bool) -> Result<String, PictureError> {
        let plain = javascript_number(size);
        let zeros = self.mandatory.saturating_sub(plain.chars().count());
        check_output(zeros + plain.len())?;
        let digits = std::iter::repeat_n('0', zeros).chain(plain.chars());
        let digits: Vec<char> = digits.map(|c| self.localized(c)).collect();
        let mut text: Vec<char> = match &self.separators {
            Separators::Every(size, separator) => every(&digits, *size, *separator),
            Separators::At(list) => {
                check_insertions(list.len(), digits.len())?;
                list.iter().rev().fold(digits, |text, &(at, separator)| insert(text, at, separator))
            }
        };
        if ordinal {
            let suffix = ordinal_suffix(&text);
            text.extend(suffix.chars());
        }
        Ok(text.into_iter().collect())
    }

    /// Every character is moved, the `e+` of a huge number too.
    fn localized(&self, c: char) -> char {
        char::from_u32((u32::from(self.zero) + u32::from(c)).saturating_sub(u32::from('0'))).unwrap_or(c)
    }

    fn read(&self, text: &str, ordinal: bool) -> Option<f64> {
        let mut text: Vec<char> = text.chars().collect();
        if ordinal {
            text.truncate(text.len().saturating_sub(2));
        }
        let separates = |c: char| match &self.separators {
            // The reference takes away commas here, whichever separator the picture repeats.
            Separators::Every(..) => c == ',',
            Separators::At(list) => list.iter().any(|&(_, separator)| c == separator),
        };
        let plain = text.into_iter().filter(|&c| !separates(c)).map(|c| match self.zero {
            '0' => c,
            zero => {
                let digit = u32::from(c).checked_sub(u32::from(zero)).filter(|&digit| digit < 10);
                digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or('?')
            }
        });
        parse_int(&plain.collect::<String>())
    }
}

/// The zero of the family that a digit belongs to.
fn family_of(c: char) -> Option<char> {
    ZEROS.chars().find(|&zero| (u32::from(zero)..=u32::from(zero) + 9).contains(&u32::from(c)))
}

/// The size of the groups, where separators at these counts of digits from the right are the start of a
/// regular row.
pub(super) fn regular_group(positions: &[usize]) -> Option<usize> {
    let size = positions.iter().copied().fold(0, gcd);
    if size == 0 {
        return None;
    }
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let regular = (1..=positions.len()).all(|index| sorted.binary_search(&(index * size)).is_ok());
    regular.then_some(size)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Puts a separator before every `size` digits, counted from the right.
fn every(digits: &[char], size: usize, separator: char) -> Vec<char> {
    let mut out = Vec::with_capacity(digits.len() * 2);
    for (index, &digit) in digits.iter().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// Puts a separator before the last `at` characters. Where the text is shorter the reference keeps only as many
/// of its last characters as were missing, and so do we.
fn insert(mut text: Vec<char>, at: usize, separator: char) -> Vec<char> {
    match text.len().checked_sub(at) {
        Some(place) => text.insert(place, separator),
        None => {
            let missing = at - text.len();
            text.drain(..text.len().saturating_sub(missing));
            text.insert(0, separator);
        }
    }
    text
}

/// Looks at the text as it stands, so digits of another family, or a separator between, count as "th".
fn ordinal_suffix(text: &[char]) -> &'static str {
    let mut last = text.iter().rev();
    match (last.next(), last.next()) {
        (_, Some('1')) => "th",
        (Some('1'), _) => "st",
        (Some('2'), _) => "nd",
        (Some('3'), _) => "rd",
        _ => "th",
    }
}

/// A, B, … Z, AA, AB, …; nothing for zero.
fn letters(value: f64, first: u8) -> String {
    let mut rest = value;
    let mut reversed = Vec::new();
    while rest > 0.0 && rest.is_finite() {
        let letter = (rest - 1.0) % 26.0;
        reversed.push(char::from(first.saturating_add(letter as u8)));
        rest = ((rest - 1.0) / 26.0).floor();
    }
    reversed.into_iter().rev().collect()
}

/// The reference does not look whether these are letters of the right case, it only counts.
fn read_letters(text: &str, first: char) -> f64 {
    let base = f64::from(u32::from(first));
    let worth = |(place, c): (usize, char)| {
        (f64::from(u32::from(c)) - base + 1.0) * 26f64.powi(i32::try_from(place).unwrap_or(i32::MAX))
    };
    text.chars().rev().enumerate().map(worth).sum()
}

/// JavaScript's `parseInt`: the number at the start of the text, hexadecimal after `0x`.
pub(super) fn parse_int(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (radix, text) = hex.map_or((10, text), |rest| (16, rest));
    let end = text.find(|c: char| !c.is_digit(radix)).unwrap_or(text.len());
    let digits = text.get(..end).filter(|digits| !digits.is_empty())?;
    let size = match radix {
        10 => digits.parse::<f64>().ok()?,
        _ => digits.chars().filter_map(|c| c.to_digit(16)).fold(0.0, |sum, d| sum * 16.0 + f64::from(d)),
    };
    size.is_finite().then_some(sign * size)
}
