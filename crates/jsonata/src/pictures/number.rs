//! `$formatNumber`: XPath's decimal-format pictures; `$formatBase`.

use super::{PictureError, check_insertions, check_output, javascript_number};

/// Formats a number by an XPath picture such as `#,##0.00`.
///
/// `options` are the entries of the function's third argument (`decimal-separator`, `grouping-separator`,
/// `exponent-separator`, `infinity`, `minus-sign`, `NaN`, `percent`, `per-mille`, `zero-digit`, `digit`,
/// `pattern-separator`); others are ignored.
///
/// # Errors
/// `D3080` to `D3093` for a picture that XPath does not allow.
pub fn format_number(
    value: f64,
    picture: &str,
    options: &[(String, String)],
) -> Result<String, PictureError> {
    let symbols = Symbols::from_options(options);
    let parts: Vec<String> = match symbols.pattern_separator.as_str() {
        "" => picture.chars().map(String::from).collect(),
        separator => picture.split(separator).map(str::to_owned).collect(),
    };
    if parts.len() > 2 {
        return Err(PictureError::new("D3080"));
    }
    let mut pictures = Vec::new();
    for part in &parts {
        pictures.push(SubPicture::parse(part, &symbols)?);
    }
    let (Some(positive), negative) = (pictures.first(), pictures.get(1)) else {
        return Err(PictureError::new("D3085"));
    };
    let text = match negative {
        Some(negative) if value < 0.0 => negative.format(value, &symbols, &negative.prefix),
        None if value < 0.0 => {
            positive.format(value, &symbols, &format!("{}{}", symbols.minus_sign, positive.prefix))
        }
        _ => positive.format(value, &symbols, &positive.prefix),
    }?;
    check_output(text.chars().count())?;
    Ok(text)
}

/// Writes a number, rounded to an integer (a half to the even one), in a base from 2 to 36, itself rounded.
///
/// # Errors
/// `D3100` for a base outside that range.
pub fn format_base(value: f64, radix: f64) -> Result<String, PictureError> {
    let (value, radix) = (value.round_ties_even(), radix.round_ties_even());
    if !(2.0..=36.0).contains(&radix) {
        return Err(PictureError::with_value("D3100", javascript_number(radix)));
    }
    if radix == 10.0 || value == 0.0 || !value.is_finite() {
        return Ok(javascript_number(value));
    }
    // JavaScript's digits: those that a double cannot tell apart are zeros.
    const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;
    let mut rest = value.abs();
    let mut digits = Vec::new();
    while rest / radix >= FIRST_INEXACT {
        rest /= radix;
        digits.push('0');
    }
    rest = rest.floor();
    while rest > 0.0 {
        let digit = rest % radix;
        digits.extend(char::from_digit(digit as u32, radix as u32));
        rest = (rest - digit) / radix;
    }
    if value < 0.0 {
        digits.push('-');
    }
    Ok(digits.into_iter().rev().collect())
}

/// The characters with a meaning in pictures and results.
struct Symbols {
    decimal_separator: String,
    grouping_separator: String,
    exponent_separator: String,
    infinity: String,
    minus_sign: String,
    nan: String,
    percent: String,
    per_mille: String,
    /// `None` when the option is the empty text: then there are no digits.
    zero_digit: Option<char>,
    digit: String,
    pattern_separator: String,
}

impl Symbols {
    fn from_options(options: &[(String, String)]) -> Symbols {
        let option = |name: &str, default: &str| {
            let given = options.iter().rev().find(|(key, _)| key == name);
            given.map_or(default, |(_, value)| value.as_str()).to_owned()
        };
        Symbols {
            decimal_separator: option("decimal-separator", "."),
            grouping_separator: option("grouping-separator", ","),
            exponent_separator: option("exponent-separator", "e"),
            infinity: option("infinity", "Infinity"),
            minus_sign: option("minus-sign", "-"),
            nan: option("NaN", "NaN"),
            percent: option("percent", "%"),
            per_mille: option("per-mille", "\u{2030}"),
            zero_digit: option("zero-digit", "0").chars().next(),
            digit: option("digit", "#"),
            pattern_separator: option("pattern-separator", ";"),
        }
    }

    fn is_mandatory_digit(&self, c: char) -> bool {
        let zero = self.zero_digit.map(u32::from);
        zero.is_some_and(|zero| (zero..zero + 10).contains(&u32::from(c)))
    }

    fn is_optional_digit(&self, c: char) -> bool {
        is(&self.digit, c)
    }

    fn is_any_digit(&self, c: char) -> bool {
        self.is_mandatory_digit(c) || self.is_optional_digit(c)
    }

    /// Active characters other than the exponent separator.
    fn is_plain_active(&self, c: char) -> bool {
        self.is_any_digit(c) || is(&self.decimal_separator, c) || is(&self.grouping_separator, c)
    }

    fn localized(&self, digit: char) -> char {
        let shifted = digit.to_digit(10).and_then(|d| self.zero_digit.map(|zero| u32::from(zero) + d));
        shifted.and_then(char::from_u32).unwrap_or(digit)
    }
}

/// Whether a symbol is this one character; a symbol of any other length never is.
fn is(symbol: &str, c: char) -> bool {
    let mut chars = symbol.chars();
    chars.next() == Some(c) && chars.next().is_none()
}

/// A sub-picture taken apart, and the variables that XPath derives from it.
struct SubPicture {
    prefix: String,
    suffix: String,
    grouping: Grouping,
    /// Digits before the first grouping separator of the fractional part.
    fraction_group: Option<usize>,
    /// What the value is multiplied by: 100 for per cent, 1000 for per mille.
    factor: f64,
    min_integer: usize,
    min_fraction: usize,
    max_fraction: usize,
    /// Digits of the mantissa before its separator, where there is an exponent.
    scaling: usize,
    min_exponent: Option<usize>,
    has_point: bool,
}

enum Grouping {
    /// A separator every so many digits.
    Every(usize),
    /// Separators at these counts of digits from the right.
    At(Vec<usize>),
}

/// The spans of a sub-picture, as character slices.
struct Spans<'a> {
    whole: &'a [char],
    active: &'a [char],
    mantissa: &'a [char],
    integer: &'a [char],
    fraction: &'a [char],
    exponent: Option<&'a [char]>,
}

impl SubPicture {
    fn parse(text: &str, symbols: &Symbols) -> Result<SubPicture, PictureError> {
        let chars: Vec<char> = text.chars().collect();
        let first = chars.iter().position(|&c| symbols.is_plain_active(c)).unwrap_or(0);
        let last = chars.iter().rposition(|&c| symbols.is_plain_active(c)).map_or(chars.len(), |at| at + 1);
        let spans = Spans::split(&chars, first, last, symbols);
        if let Some(code) = spans.fault(text, symbols) {
            return Err(PictureError::new(code));
        }
        let slice = |from: usize, to: usize| chars.get(from..to).unwrap_or_default().iter().collect();
        let (prefix, suffix) = (slice(0, first), slice(last, chars.len()));
        Ok(spans.analyse(text, symbols, prefix, suffix))
    }

    fn format(&self, value: f64, symbols: &Symbols, prefix: &str) -> Result<String, PictureError> {
        if value.is_nan() {
            return Ok(symbols.nan.clone());
        }
        if value.is_infinite() {
            return Ok(format!("{prefix}{}{}", symbols.infinity, self.suffix));
        }
        let scaled = (value * self.factor).abs();
        let (mantissa, exponent) = match self.min_exponent {
            Some(_) => normalize(scaled, self.scaling),
            None => (scaled, 0),
        };
        let mut out = String::from(prefix);
        for c in self.group(&fixed(mantissa, self.max_fraction))? {
            match c {
                GROUP => out.push_str(&symbols.grouping_separator),
                '.' => out.push_str(&symbols.decimal_separator),
                digit => out.push(symbols.localized(digit)),
            }
        }
        if let Some(width) = self.min_exponent {
            out.push_str(&symbols.exponent_separator);
            if exponent < 0 {
                out.push_str(&symbols.minus_sign);
            }
            let digits = format!("{:0width$}", exponent.unsigned_abs());
            out.extend(digits.chars().map(|c| symbols.localized(c)));
        }
        out.push_str(&self.suffix);
        Ok(out)
    }

    /// Pads a plain decimal text and marks the separators in it.
    fn group(&self, plain: &str) -> Result<Vec<char>, PictureError> {
        let (integer, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zeros = |wanted: usize, present: usize| std::iter::repeat_n('0', wanted.saturating_sub(present));
        let mut out: Vec<char> = zeros(self.min_integer, integer.len()).chain(integer.chars()).collect();
        let mut point = out.len();
        out.push('.');
        out.extend(fraction.chars().chain(zeros(self.min_fraction, fraction.len())));
        match &self.grouping {
            Grouping::Every(size) => {
                let total = point;
                let mut grouped = Vec::with_capacity(out.len() * 2);
                for (index, c) in out.into_iter().enumerate() {
                    if index > 0 && index < total && (total - index).is_multiple_of(*size) {
                        grouped.push(GROUP);
                        point += 1;
                    }
                    grouped.push(c);
                }
                out = grouped;
            }
            Grouping::At(positions) => {
                check_insertions(positions.len(), out.len())?;
                for position in positions.iter().rev() {
                    // The reference counts a place left of the text from its end, and so do we.
                    let place = point.checked_sub(*position);
                    let at = place.unwrap_or_else(|| (out.len() + point).saturating_sub(*position));
                    out.insert(at, GROUP);
                    point += 1;
                }
            }
        }
        if let Some(digits) = self.fraction_group {
            out.insert((point + 1 + digits).min(out.len()), GROUP);
        }
        // Without a separator in the picture the reference drops the last character, whatever it is.
        if !self.has_point || out.last() == Some(&'.') {
            out.pop();
        }
        Ok(out)
    }
}

/// Stands for the grouping separator until the symbols are put in.
const GROUP: char = '\0';

impl<'a> Spans<'a> {
    fn split(chars: &'a [char], first: usize, last: usize, symbols: &Symbols) -> Spans<'a> {
        let find = |symbol: &str, from: usize| {
            let rest = chars.get(from..).unwrap_or_default();
            rest.iter().position(|&c| is(symbol, c)).map(|at| at + from)
        };
        let slice = |from: usize, to: usize| chars.get(from..to).unwrap_or_default();
        // A separator right behind the last active character counts: its exponent is empty, hence refused.
        let exponent_at =
            find(&symbols.exponent_separator, first).filter(|&at| at <= last && at < chars.len());
        let active = slice(first, last);
        // The reference cuts the active part at the separator's place in the whole sub-picture, so a prefix of
        // n characters moves n of them from the exponent to the mantissa; and so do we.
        let cut = exponent_at.unwrap_or(active.len()).min(active.len());
        let (mantissa, behind) = active.split_at_checked(cut).unwrap_or((active, &[]));
        let decimal_at = mantissa.iter().position(|&c| is(&symbols.decimal_separator, c));
        let integer = mantissa.get(..decimal_at.unwrap_or(mantissa.len())).unwrap_or_default();
        let fraction = decimal_at.and_then(|at| mantissa.get(at + 1..)).unwrap_or_default();
        let exponent = exponent_at.map(|_| behind.get(1..).unwrap_or_default());
        Spans { whole: chars, active, mantissa, integer, fraction, exponent }
    }

    /// The error of the picture, if it has one; of several the reference reports the last of its list.
    fn fault(&self, text: &str, symbols: &Symbols) -> Option<&'static str> {
        let count = |symbol: &str| text.matches(symbol).count();
        let (percents, per_milles) = (count(&symbols.percent), count(&symbols.per_mille));
        let optional = |c: &char| symbols.is_optional_digit(*c);
        let mandatory = |c: &char| symbols.is_mandatory_digit(*c);
        let grouping = symbols.grouping_separator.as_str();
        let decimal = symbols.decimal_separator.as_str();
        let is_grouping = |c: Option<&char>| c.is_some_and(|&c| is(grouping, c));
        let is_passive = |c: &&char| !symbols.is_plain_active(**c) && !is(&symbols.exponent_separator, **c);

        let decimal_at = self.whole.iter().position(|&c| is(decimal, c));
        let beside_decimal = decimal_at.is_some_and(|at| {
            is_grouping(self.whole.get(at + 1)) || (at > 0 && is_grouping(self.whole.get(at - 1)))
        });
        let first_mandatory = self.integer.iter().position(mandatory);
        let first_hash = self.integer.iter().position(optional);
        let last_hash = self.fraction.iter().rposition(optional);
        let last_mandatory = self.fraction.iter().rposition(mandatory);
        let exponent_is_wrong = self.exponent.is_some_and(|e| e.is_empty() || !e.iter().all(mandatory));

        let faults = [
            ("D3081", count(decimal) > 1),
            ("D3082", percents > 1),
            ("D3083", per_milles > 1),
            ("D3084", percents > 0 && per_milles > 0),
            ("D3085", !self.mantissa.iter().any(|&c| symbols.is_any_digit(c))),
            ("D3086", self.active.iter().find(is_passive).is_some()),
            ("D3087", beside_decimal),
            ("D3088", decimal_at.is_none() && is_grouping(self.integer.last())),
            ("D3089", text.contains(&grouping.repeat(2))),
            ("D3090", first_mandatory.zip(first_hash).is_some_and(|(digit, hash)| digit < hash)),
            ("D3091", last_hash.zip(last_mandatory).is_some_and(|(hash, digit)| hash < digit)),
            ("D3092", self.exponent.is_some_and(|e| !e.is_empty()) && percents + per_milles > 0),
            ("D3093", exponent_is_wrong),
        ];
        faults.iter().rev().find(|(_, applies)| *applies).map(|(code, _)| *code)
    }

    fn analyse(&self, text: &str, symbols: &Symbols, prefix: String, suffix: String) -> SubPicture {
        let count = |part: &[char], test: &dyn Fn(char) -> bool| part.iter().filter(|&&c| test(c)).count();
        let mandatory = |c: char| symbols.is_mandatory_digit(c);
        let any = |c: char| symbols.is_any_digit(c);
        let mut min_integer = count(self.integer, &mandatory);
        let scaling = min_integer;
        let mut min_fraction = count(self.fraction, &mandatory);
        let mut max_fraction = count(self.fraction, &any);
        let has_exponent = self.exponent.is_some();
        if min_integer == 0 && max_fraction == 0 {
            if has_exponent {
                (min_fraction, max_fraction) = (1, 1);
            } else {
                min_integer = 1;
            }
        }
        if has_exponent && min_integer == 0 && self.integer.iter().any(|&c| symbols.is_optional_digit(c)) {
            min_integer = 1;
        }
        if min_integer == 0 && min_fraction == 0 {
            min_fraction = 1;
        }
        let first_group = self.fraction.iter().position(|&c| is(&symbols.grouping_separator, c));
        let factor = if text.contains(&symbols.percent) {
            100.0
        } else if text.contains(&symbols.per_mille) {
            1000.0
        } else {
            1.0
        };
        SubPicture {
            prefix,
            suffix,
            grouping: self.grouping(symbols),
            fraction_group: first_group,
            factor,
            min_integer,
            min_fraction,
            max_fraction: max_fraction.max(min_fraction),
            scaling,
            min_exponent: self.exponent.map(<[char]>::len),
            has_point: text.contains(&symbols.decimal_separator),
        }
    }

    fn grouping(&self, symbols: &Symbols) -> Grouping {
        let mut positions = Vec::new();
        let mut digits = 0;
        for &c in self.integer.iter().rev() {
            if is(&symbols.grouping_separator, c) {
                positions.push(digits);
            }
            digits += usize::from(symbols.is_any_digit(c));
        }
        match super::integer::regular_group(&positions) {
            Some(size) => Grouping::Every(size),
            None => Grouping::At(positions),
        }
    }
}

/// Brings a value between the powers of ten that leave `digits` digits before the separator; in steps of ten,
/// as the reference does, so that the same rounding errors appear.
fn normalize(value: f64, digits: usize) -> (f64, i32) {
    if value == 0.0 {
        return (value, 0);
    }
    let digits = i32::try_from(digits).unwrap_or(i32::MAX);
    let (high, low) = (10f64.powi(digits), 10f64.powi(digits.saturating_sub(1)));
    let (mut value, mut exponent) = (value, 0);
    // No double is more than 640 powers of ten from any other.
    for _ in 0..700 {
        if value < low && high.is_finite() {
            value *= 10.0;
            exponent -= 1;
        } else if value > high {
            value /= 10.0;
            exponent += 1;
        } else {
            break;
        }
    }
    (value, exponent)
}

/// JavaScript's `toFixed` of a value rounded to so many decimal places, a half to the even digit.
fn fixed(value: f64, places: usize) -> String {
    let rounded = round_half_even(value, places);
    if rounded >= 1e21 { javascript_number(rounded) } else { format!("{rounded:.places$}") }
}

/// Rounds by shifting the decimal point of the shortest text there and back, so that 1.005 is a half at two
/// places although its double is less.
fn round_half_even(value: f64, places: usize) -> f64 {
    let places = i64::try_from(places).unwrap_or(i64::MAX);
    let shift = |value: f64, places: i64| {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let exponent = exponent.parse::<i64>().ok()?.saturating_add(places);
        format!("{mantissa}e{exponent}").parse::<f64>().ok().filter(|shifted| shifted.is_finite())
    };
    let rounded = shift(value, places).and_then(|shifted| shift(shifted.round_ties_even(), -places));
    rounded.unwrap_or(value)
}
