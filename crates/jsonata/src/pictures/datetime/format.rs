//! From an instant to text.

use super::super::integer::{IntegerPicture, Primary, parse_int};
use super::super::{PictureError, check_output};
use super::calendar::Fields;
use super::{Component, DAYS, Field, MONTHS, Marker, NameCase, Part, analyse};

/// The picture of a timestamp when none is given.
const ISO_8601: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/// Formats an instant (milliseconds since 1970-01-01T00:00:00Z) by a picture, ISO 8601 without one, in the time
/// zone of an offset such as `-0500`, UTC without one.
///
/// # Errors
/// `D3130` to `D3135` for a picture with an error, `D3134` for a time zone that is no number.
pub fn format_millis(
    millis: i64,
    picture: Option<&str>,
    timezone: Option<&str>,
) -> Result<String, PictureError> {
    let offset = Offset::parse(timezone)?;
    let fields = Fields::of(millis.saturating_add(offset.minutes_in_all() * 60_000));
    let mut out = String::new();
    for part in analyse(picture.unwrap_or(ISO_8601))? {
        match part {
            Part::Literal(text) => out.push_str(&text),
            Part::Marker(marker) => out.push_str(&format_marker(&marker, &fields, offset)?),
        }
        check_output(out.len())?;
    }
    Ok(out)
}

/// A time zone's distance from UTC.
#[derive(Debug, Clone, Copy)]
struct Offset {
    hours: i64,
    minutes: i64,
}

impl Offset {
    /// The argument is read as one number hhmm. The reference rounds the hours of a negative one down, so that
    /// `-0530` is six hours and thirty minutes, and so do we.
    fn parse(timezone: Option<&str>) -> Result<Offset, PictureError> {
        let Some(text) = timezone else { return Ok(Offset { hours: 0, minutes: 0 }) };
        let number = parse_int(text).filter(|number| number.abs() <= 1e9);
        // The reference writes "NaN" fields here; an error tells more.
        let number = number.ok_or_else(|| PictureError::with_value("D3134", text))? as i64;
        Ok(Offset { hours: number.div_euclid(100), minutes: number % 100 })
    }

    fn minutes_in_all(self) -> i64 {
        self.hours * 60 + self.minutes
    }
}

fn format_marker(marker: &Marker, fields: &Fields, offset: Offset) -> Result<String, PictureError> {
    let value = match marker.component {
        Component::Year => fields.year,
        Component::IsoYear => fields.iso_year,
        Component::Month => fields.month,
        Component::IsoMonth => fields.iso_month,
        Component::Day => fields.day,
        Component::DayOfYear => fields.day_of_year,
        Component::DayOfWeek => fields.weekday,
        Component::WeekOfYear => fields.iso_week,
        Component::WeekOfMonth => fields.week_of_month,
        Component::Hour => fields.hour,
        Component::HalfDayHour => (fields.hour + 11) % 12 + 1,
        Component::Minute => fields.minute,
        Component::Second => fields.second,
        Component::Fraction => fields.millisecond,
        Component::HalfDay => {
            let text = if fields.hour < 12 { "am" } else { "pm" };
            let upper = marker.presentation.starts_with('N') && !marker.presentation.starts_with("Nn");
            return Ok(if upper { text.to_uppercase() } else { text.to_owned() });
        }
        Component::Calendar | Component::Era => return Ok("ISO".to_owned()),
        Component::Zone | Component::GmtZone => return format_zone(marker, offset),
    };
    match marker.field()? {
        Field::Name(case) => format_name(marker, value, case),
        Field::Integer(picture) => picture.format(shortened(marker, &picture, value) as f64),
    }
}

/// A year is cut to the last digits of a field that has room for two or more.
fn shortened(marker: &Marker, picture: &IntegerPicture, value: i64) -> i64 {
    if marker.component != Component::Year {
        return value;
    }
    let digits = match (&picture.primary, marker.max_width) {
        (_, Some(width)) => Some(width),
        (Primary::Decimal(decimal), None) => Some(decimal.mandatory + decimal.optional).filter(|&n| n >= 2),
        (Primary::Letters(_) | Primary::Roman(_) | Primary::Words(_), None) => None,
    };
    let modulus = digits.and_then(|digits| u32::try_from(digits).ok()).and_then(|n| 10i64.checked_pow(n));
    modulus.map_or(value, |modulus| value % modulus)
}

fn format_name(marker: &Marker, value: i64, case: NameCase) -> Result<String, PictureError> {
    let names: &[&str] = match marker.component {
        Component::Month | Component::IsoMonth => &MONTHS,
        Component::DayOfWeek => &DAYS,
        _ => return Err(marker.refuse_name()),
    };
    let name =
        usize::try_from(value - 1).ok().and_then(|index| names.get(index)).copied().unwrap_or_default();
    let name = match case {
        NameCase::Upper => name.to_uppercase(),
        NameCase::Lower => name.to_lowercase(),
        NameCase::Title => name.to_owned(),
    };
    Ok(name.chars().take(marker.max_width.unwrap_or(usize::MAX)).collect())
}

fn format_zone(marker: &Marker, offset: Offset) -> Result<String, PictureError> {
    let Some(decimal) = marker.zone_digits() else { return Err(PictureError::new("D3134")) };
    let Offset { hours, minutes } = offset;
    if hours == 0 && minutes == 0 && marker.second == Some('t') {
        return Ok("Z".to_owned());
    }
    let picture = IntegerPicture { primary: Primary::Decimal(decimal.clone()), ordinal: false };
    let hhmm = (hours * 100 + minutes) as f64;
    let mut text = match decimal.mandatory {
        _ if decimal.is_grouped() => picture.format(hhmm)?,
        1 | 2 if minutes == 0 => picture.format(hours as f64)?,
        1 | 2 => format!("{}:{}", picture.format(hours as f64)?, two_digits(minutes)),
        3 | 4 => picture.format(hhmm)?,
        digits => return Err(PictureError::with_value("D3134", digits.to_string())),
    };
    if hours * 60 + minutes >= 0 {
        text.insert(0, '+');
    }
    if marker.component == Component::GmtZone {
        text.insert_str(0, "GMT");
    }
    Ok(text)
}

/// The minutes of a negative offset keep their sign, as in the reference.
fn two_digits(minutes: i64) -> String {
    if minutes < 0 { format!("-{:02}", -minutes) } else { format!("{minutes:02}") }
}
