//! `$fromMillis`, `$toMillis` and `$now`: instants and XPath's date/time pictures.

mod calendar;
mod format;
mod parse;

use super::PictureError;
use super::integer::{Decimal, IntegerPicture, Primary};

pub use format::format_millis;
pub use parse::parse_timestamp;

/// The widest field a picture may ask for.
const MAX_WIDTH: usize = 10_000;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A picture taken apart.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    Marker(Marker),
}

/// One variable marker, such as `[MNn,3-3]`.
#[derive(Debug, Clone, PartialEq)]
struct Marker {
    component: Component,
    /// The presentation as written, without the second modifier.
    presentation: String,
    /// `o`, `t`, `c` or `a` behind the presentation.
    second: Option<char>,
    min_width: Option<usize>,
    max_width: Option<usize>,
}

/// What a marker stands for, by XPath's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Component {
    Year,
    Month,
    Day,
    DayOfYear,
    DayOfWeek,
    WeekOfYear,
    WeekOfMonth,
    IsoYear,
    IsoMonth,
    Hour,
    HalfDayHour,
    HalfDay,
    Minute,
    Second,
    Fraction,
    Zone,
    GmtZone,
    Calendar,
    Era,
}

/// How a field is written.
#[derive(Debug, Clone, PartialEq)]
enum Field {
    Name(NameCase),
    Integer(IntegerPicture),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameCase {
    Upper,
    Lower,
    Title,
}

impl Component {
    /// The component of a letter and its default presentation.
    fn of(letter: char) -> Option<(Component, &'static str)> {
        Some(match letter {
            'Y' => (Component::Year, "1"),
            'M' => (Component::Month, "1"),
            'D' => (Component::Day, "1"),
            'd' => (Component::DayOfYear, "1"),
            'F' => (Component::DayOfWeek, "n"),
            'W' => (Component::WeekOfYear, "1"),
            'w' => (Component::WeekOfMonth, "1"),
            'X' => (Component::IsoYear, "1"),
            'x' => (Component::IsoMonth, "1"),
            'H' => (Component::Hour, "1"),
            'h' => (Component::HalfDayHour, "1"),
            'P' => (Component::HalfDay, "n"),
            'm' => (Component::Minute, "01"),
            's' => (Component::Second, "01"),
            'f' => (Component::Fraction, "1"),
            'Z' => (Component::Zone, "01:01"),
            'z' => (Component::GmtZone, "01:01"),
            'C' => (Component::Calendar, "n"),
            'E' => (Component::Era, "n"),
            _ => return None,
        })
    }

    fn letter(self) -> char {
        const ALL: &str = "YMDdFWwXxHhPmsfZzCE";
        ALL.chars().find(|&c| Component::of(c).is_some_and(|(known, _)| known == self)).unwrap_or('?')
    }

    /// Whether the reference has names for it: months, days and am/pm.
    fn has_names(self) -> bool {
        matches!(self, Component::Month | Component::IsoMonth | Component::DayOfWeek | Component::HalfDay)
    }
}

impl Marker {
    /// How the field is written, for everything but time zones.
    ///
    /// # Errors
    /// `D3130` and `D3131` for a wrong integer picture.
    fn field(&self) -> Result<Field, PictureError> {
        if self.presentation.starts_with('n') {
            return Ok(Field::Name(NameCase::Lower));
        }
        if let Some(rest) = self.presentation.strip_prefix('N') {
            return Ok(Field::Name(if rest.starts_with('n') { NameCase::Title } else { NameCase::Upper }));
        }
        let mut picture = IntegerPicture::from_parts(&self.presentation, self.second == Some('o'))?;
        if let (Primary::Decimal(decimal), Some(width)) = (&mut picture.primary, self.min_width) {
            decimal.mandatory = decimal.mandatory.max(width);
        }
        if let (Component::Year, Primary::Decimal(decimal), Some(width)) =
            (self.component, &mut picture.primary, self.max_width)
        {
            decimal.mandatory = width;
        }
        Ok(Field::Integer(picture))
    }

    /// The error of a name where the component has none.
    fn refuse_name(&self) -> PictureError {
        PictureError::with_value("D3133", self.component.letter().to_string())
    }

    /// The picture of a zone's digits, where it is one.
    fn zone_digits(&self) -> Option<Decimal> {
        match IntegerPicture::from_parts(&self.presentation, false).ok()?.primary {
            Primary::Decimal(decimal) => Some(decimal),
            Primary::Letters(_) | Primary::Roman(_) | Primary::Words(_) => None,
        }
    }
}

/// Takes a picture apart.
///
/// # Errors
/// `D3132` for an unknown component, `D3135` for a bracket that is not closed, and the bound on widths.
fn analyse(picture: &str) -> Result<Vec<Part>, PictureError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = picture;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("[[") {
            literal.push('[');
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("]]") {
            literal.push(']');
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('[') {
            let (marker, behind) = behind.split_once(']').ok_or(PictureError::new("D3135"))?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Marker(parse_marker(marker)?));
            rest = behind;
        } else {
            literal.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn parse_marker(text: &str) -> Result<Marker, PictureError> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (body, width) = match text.rsplit_once(',') {
        Some((body, width)) => (body, Some(width)),
        None => (text.as_str(), None),
    };
    let (low, high) = match width {
        Some(width) => width.split_once('-').unwrap_or((width, "*")),
        None => ("*", "*"),
    };
    let letter = body.chars().next();
    let Some((component, default)) = letter.and_then(Component::of) else {
        return Err(PictureError::with_value("D3132", letter.map(String::from).unwrap_or_default()));
    };
    let mut presentation = body.get(letter.map_or(0, char::len_utf8)..).unwrap_or_default();
    let mut second = None;
    let last = presentation.chars().next_back();
    if presentation.chars().nth(1).is_some() && matches!(last, Some('a' | 't' | 'c' | 'o')) {
        second = last;
        presentation = presentation.get(..presentation.len() - 1).unwrap_or_default();
    }
    if presentation.is_empty() {
        presentation = default;
    }
    Ok(Marker {
        component,
        presentation: presentation.to_owned(),
        second,
        min_width: parse_width(low)?,
        max_width: parse_width(high)?,
    })
}

/// A width; none for `*` and for what is no number.
fn parse_width(text: &str) -> Result<Option<usize>, PictureError> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    match text.get(..end).unwrap_or_default() {
        "" => Ok(None),
        digits => match digits.parse::<usize>() {
            Ok(width) if width <= MAX_WIDTH => Ok(Some(width)),
            _ => Err(PictureError::new(super::OUT_OF_BUDGET)),
        },
    }
}
