//! From text to an instant.

use std::fmt::Write as _;
use std::sync::OnceLock;

use super::super::integer::{IntegerPicture, Primary};
use super::super::words;
use super::super::{OUT_OF_BUDGET, PictureError};
use super::calendar::{Fields, MILLIS_PER_DAY, days_of};
use super::{Component, DAYS, Field, MONTHS, Marker, NameCase, Part, analyse};
use crate::regex::Regex;

/// Steps that matching one timestamp may take.
const MATCH_STEPS: u64 = 2_000_000;
/// The last millisecond of JavaScript's calendar; beyond it there is no timestamp.
const LAST_MILLIS: i128 = 8_640_000_000_000_000;

/// Reads a timestamp (milliseconds since 1970-01-01T00:00:00Z) by a picture, or as ISO 8601 without one.
/// `None` where the text does not match the picture or names no moment. Fields that the picture lacks are taken
/// from `now_millis` where they are larger than the ones it has, and are the first of their kind where they are
/// smaller.
///
/// # Errors
/// `D3110` for a text that is not ISO 8601, `D3130` to `D3135` for a picture with an error, `D3136` for a
/// picture that leaves a gap between its fields or has only the fields of ISO weeks.
pub fn parse_timestamp(
    text: &str,
    picture: Option<&str>,
    now_millis: i64,
) -> Result<Option<i64>, PictureError> {
    let Some(picture) = picture else { return parse_iso(text) };
    let parts = analyse(picture)?;
    let (pattern, markers) = pattern_of(&parts)?;
    let budget = |_| PictureError::new(OUT_OF_BUDGET);
    let regex = Regex::compile(&pattern, "i").map_err(|_| PictureError::new(OUT_OF_BUDGET))?;
    let mut steps = MATCH_STEPS;
    let Some(found) = regex.find_at(text, 0, &mut steps).map_err(budget)? else {
        return Ok(None);
    };
    let mut read = Read::default();
    for ((marker, field), span) in markers.iter().zip(&found.groups) {
        let text = span.and_then(|(start, end)| text.get(start..end)).unwrap_or_default();
        read.take(marker, field.as_ref(), text);
    }
    if markers.is_empty() { Ok(None) } else { read.resolve(now_millis) }
}

type Markers<'a> = Vec<(&'a Marker, Option<Field>)>;

/// The regular expression of a picture, and the marker of each of its groups. Zones have no field.
fn pattern_of(parts: &[Part]) -> Result<(String, Markers<'_>), PictureError> {
    let mut pattern = String::from("^");
    let mut markers = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let marker = match part {
            Part::Literal(text) => {
                for c in text.chars() {
                    if !c.is_alphanumeric() {
                        pattern.push('\\');
                    }
                    pattern.push(c);
                }
                continue;
            }
            Part::Marker(marker) => marker,
        };
        if matches!(marker.component, Component::Zone | Component::GmtZone) {
            pattern.push_str(&zone_pattern(marker));
            markers.push((marker, None));
            continue;
        }
        if matches!(marker.component, Component::Calendar | Component::Era) {
            return Err(marker.refuse_name());
        }
        // Whatever their presentation, am/pm are letters and fractions are digits.
        let field = match marker.component {
            Component::HalfDay => Field::Name(NameCase::Lower),
            Component::Fraction => Field::Integer(IntegerPicture::from_parts("1", false)?),
            _ => marker.field()?,
        };
        match &field {
            Field::Name(_) if !marker.component.has_names() => return Err(marker.refuse_name()),
            Field::Name(_) => pattern.push_str("([a-zA-Z]+)"),
            Field::Integer(picture) => {
                let fraction = marker.component == Component::Fraction;
                let next_is_number = !fraction && parts.get(index + 1).is_some_and(is_number);
                pattern.push_str(&integer_pattern(picture, next_is_number));
            }
        }
        markers.push((marker, Some(field)));
    }
    pattern.push('$');
    Ok((pattern, markers))
}

/// Whether a part is a marker whose field is a number.
fn is_number(part: &Part) -> bool {
    match part {
        Part::Literal(_) => false,
        Part::Marker(marker) => {
            let zone = matches!(marker.component, Component::Zone | Component::GmtZone);
            !zone && matches!(marker.field(), Ok(Field::Integer(_)))
        }
    }
}

fn zone_pattern(marker: &Marker) -> String {
    let prefix = if marker.component == Component::GmtZone { "GMT" } else { "" };
    let separator = zone_separator(marker).map(|c| format!("\\{c}[0-9]+")).unwrap_or_default();
    format!("{prefix}([-+][0-9]+{separator})")
}

fn zone_separator(marker: &Marker) -> Option<char> {
    marker.zone_digits().filter(super::Decimal::is_grouped)?;
    marker.presentation.chars().find(|c| !c.is_alphanumeric() && *c != '#')
}

/// A number directly before another one takes exactly its width.
fn integer_pattern(picture: &IntegerPicture, next_is_number: bool) -> String {
    match &picture.primary {
        Primary::Decimal(decimal) => {
            let mut pattern = String::from("([0-9]");
            match next_is_number {
                true => {
                    let _ = write!(pattern, "{{{}}}", decimal.mandatory);
                }
                false => pattern.push('+'),
            }
            if picture.ordinal {
                pattern.push_str("(?:th|st|nd|rd)");
            }
            pattern.push(')');
            pattern
        }
        Primary::Letters(_) => "([a-zA-Z]+)".to_owned(),
        Primary::Roman(_) => "([mdclxvi]+)".to_owned(),
        Primary::Words(_) => format!("((?:{}|and|[-, ])+)", words::vocabulary().join("|")),
    }
}

/// The fields that the text gave. A field that is present but no number is `NaN`.
#[derive(Debug, Default)]
struct Read {
    year: Option<f64>,
    month: Option<f64>,
    day: Option<f64>,
    day_of_year: Option<f64>,
    day_of_week: Option<f64>,
    week_of_year: Option<f64>,
    week_of_month: Option<f64>,
    iso_year: Option<f64>,
    iso_month: Option<f64>,
    hour: Option<f64>,
    half_day_hour: Option<f64>,
    /// 1 for the afternoon.
    half_day: Option<f64>,
    minute: Option<f64>,
    second: Option<f64>,
    millisecond: Option<f64>,
    zone: Option<f64>,
    gmt_zone: Option<f64>,
}

impl Read {
    fn take(&mut self, marker: &Marker, field: Option<&Field>, text: &str) {
        let value = match field {
            Some(Field::Integer(_)) if marker.component == Component::Fraction => {
                format!("0.{text}").parse().ok().map(|part: f64| (part * 1000.0).floor())
            }
            Some(Field::Integer(picture)) => Some(picture.read(text).unwrap_or(f64::NAN)),
            Some(Field::Name(_)) => read_name(marker, text),
            None => Some(read_zone(marker, text)),
        };
        let slot = match marker.component {
            Component::Year => &mut self.year,
            Component::Month => &mut self.month,
            Component::Day => &mut self.day,
            Component::DayOfYear => &mut self.day_of_year,
            Component::DayOfWeek => &mut self.day_of_week,
            Component::WeekOfYear => &mut self.week_of_year,
            Component::WeekOfMonth => &mut self.week_of_month,
            Component::IsoYear => &mut self.iso_year,
            Component::IsoMonth => &mut self.iso_month,
            Component::Hour => &mut self.hour,
            Component::HalfDayHour => &mut self.half_day_hour,
            Component::HalfDay => &mut self.half_day,
            Component::Minute => &mut self.minute,
            Component::Second => &mut self.second,
            Component::Fraction => &mut self.millisecond,
            Component::Zone => &mut self.zone,
            Component::GmtZone => &mut self.gmt_zone,
            Component::Calendar | Component::Era => return,
        };
        *slot = value;
    }

    fn resolve(self, now_millis: i64) -> Result<Option<i64>, PictureError> {
        // The reference asks for values that are true, so a zero does not count when it picks the calendar.
        let given = |value: Option<f64>| value.is_some_and(|value| value != 0.0 && !value.is_nan());
        let in_weeks = given(self.iso_year)
            || given(self.iso_month)
            || given(self.week_of_year)
            || given(self.week_of_month);
        let in_months = given(self.month) || given(self.day);
        let by_day_of_year = given(self.day_of_year) && !in_weeks && !in_months;
        let mixed = given(self.year) || in_months || given(self.day_of_year);
        let both_weeks = given(self.week_of_year) && (given(self.iso_month) || given(self.week_of_month));
        if in_weeks && !mixed && !both_weeks {
            return Err(PictureError::new("D3136"));
        }
        let halves = !given(self.hour) && (given(self.half_day_hour) || given(self.half_day));

        let now = Fields::of(now_millis);
        let mut order = Order::default();
        let year = order.next(self.year, now.year, 0)?;
        let month = if by_day_of_year { f64::NAN } else { order.next(self.month, now.month, 1)? };
        let day_given = if by_day_of_year { None } else { self.day };
        let day = order.next(day_given, now.day, 1)?;
        let half_day = if halves { order.next(self.half_day, 0, 0)? } else { 0.0 };
        let hour_given = if halves { self.half_day_hour } else { self.hour };
        let hour = order.next(hour_given, now.hour, 0)?;
        let minute = order.next(self.minute, now.minute, 0)?;
        let second = order.next(self.second, now.second, 0)?;
        let millisecond = order.next(self.millisecond, now.millisecond, 0)?;

        let Some(year) = whole(year).map(full_year) else { return Ok(None) };
        let (month, day) = match self.day_of_year.filter(|_| by_day_of_year) {
            Some(number) => match whole(number) {
                Some(number) => {
                    // Only month and day are kept: day 400 of a year is an early day of that same year.
                    let fields =
                        Fields::of((days_of(year, 1, 1) + number - 1).saturating_mul(MILLIS_PER_DAY));
                    (fields.month as f64, fields.day as f64)
                }
                None => return Ok(None),
            },
            None => (month, day),
        };
        let hour = match (halves, half_day == 1.0) {
            (false, _) => hour,
            (true, afternoon) => (if hour == 12.0 { 0.0 } else { hour }) + if afternoon { 12.0 } else { 0.0 },
        };
        // The reference takes a month that is zero or no number for January.
        let month = if month > 0.0 { month } else { 1.0 };
        let (Some(month), Some(day)) = (whole(month), whole(day)) else { return Ok(None) };
        let clock = [(hour, 3_600_000), (minute, 60_000), (second, 1_000), (millisecond, 1)];
        let mut total = i128::from(days_of(year, month, day)) * i128::from(MILLIS_PER_DAY);
        for (value, millis) in clock {
            let Some(value) = whole(value) else { return Ok(None) };
            total += i128::from(value) * millis;
        }
        let Some(zone) = whole(self.zone.or(self.gmt_zone).unwrap_or(0.0)) else { return Ok(None) };
        let shifted = total - i128::from(zone) * 60_000;
        let inside = total.abs() <= LAST_MILLIS && shifted.abs() <= LAST_MILLIS;
        Ok(inside.then(|| i64::try_from(shifted).ok()).flatten())
    }
}

/// Walks the fields from the year down: those before the first given one are the present's, those behind the
/// last are the smallest, and a gap between is an error.
#[derive(Debug, Default)]
struct Order {
    started: bool,
    ended: bool,
}

impl Order {
    fn next(&mut self, given: Option<f64>, now: i64, least: i64) -> Result<f64, PictureError> {
        match given {
            Some(_) if self.ended => Err(PictureError::new("D3136")),
            Some(value) => {
                self.started = true;
                Ok(value)
            }
            None if self.started => {
                self.ended = true;
                Ok(least as f64)
            }
            None => Ok(now as f64),
        }
    }
}

/// A field as an integer that calendar arithmetic cannot overflow with.
fn whole(value: f64) -> Option<i64> {
    (value.is_finite() && value.abs() <= 1e13).then_some(value as i64)
}

/// JavaScript takes the years 0 to 99 for those of the twentieth century.
fn full_year(year: i64) -> i64 {
    if (0..=99).contains(&year) { year + 1900 } else { year }
}

fn read_name(marker: &Marker, text: &str) -> Option<f64> {
    let names: &[&str] = match marker.component {
        Component::HalfDay => {
            return match text.to_ascii_lowercase().as_str() {
                "am" => Some(0.0),
                "pm" => Some(1.0),
                _ => None,
            };
        }
        Component::DayOfWeek => &DAYS,
        _ => &MONTHS,
    };
    let width = marker.max_width.unwrap_or(usize::MAX);
    let matches = |name: &&str| name.get(..width.min(name.len())) == Some(text);
    names.iter().rposition(matches).map(|index| index as f64 + 1.0)
}

/// Minutes east of Greenwich. The sign belongs to the hours alone, as in the reference: `-05:30` is four and a
/// half hours west.
fn read_zone(marker: &Marker, text: &str) -> f64 {
    let digits = text.trim_start_matches(['+', '-']);
    let (hours, minutes) = match zone_separator(marker) {
        Some(separator) => digits.split_once(separator).unwrap_or((digits, "0")),
        None if digits.len() <= 2 => (digits, "0"),
        None => digits.split_at_checked(2).unwrap_or((digits, "0")),
    };
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    let hours = if text.starts_with('-') { -number(hours) } else { number(hours) };
    hours * 60.0 + number(minutes)
}

/// ISO 8601 as the reference accepts it, and then as JavaScript's `Date.parse` reads it.
fn parse_iso(text: &str) -> Result<Option<i64>, PictureError> {
    static ISO: OnceLock<Option<Regex>> = OnceLock::new();
    const PATTERN: &str = r"^(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T([0-2]\d):([0-5]\d):([0-5]\d))?(?:\.(\d+))?(?:(Z)|([-+])([0-2]\d):?([0-5]\d))?$";
    let regex = ISO.get_or_init(|| Regex::compile(PATTERN, "").ok()).as_ref();
    let refuse = || PictureError::with_value("D3110", text);
    let mut steps = MATCH_STEPS;
    let found = regex.and_then(|regex| regex.find_at(text, 0, &mut steps).ok().flatten());
    let Some(found) = found else { return Err(refuse()) };
    let part =
        |group: usize| found.groups.get(group - 1).copied().flatten().and_then(|(a, b)| text.get(a..b));
    let number = |group: usize, default: i64| part(group).map_or(Some(default), |digits| digits.parse().ok());
    let read = || {
        let (year, month, day) = (number(1, 0)?, number(2, 1)?, number(3, 1)?);
        let (hour, minute, second) = (number(4, 0)?, number(5, 0)?, number(6, 0)?);
        let millis = part(7).map_or(Some(0), |digits| {
            let three: String = digits.chars().chain("00".chars()).take(3).collect();
            three.parse::<i64>().ok()
        })?;
        let midnight = hour == 24 && minute == 0 && second == 0 && millis == 0;
        let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && (hour < 24 || midnight);
        // A day without its month, a fraction or an offset without a time: JavaScript reads none of them.
        let date_only = part(4).is_none();
        let complete = !(part(2).is_none() && part(3).is_some())
            && !(date_only && (part(7).is_some() || part(9).is_some()));
        let zone = number(10, 0)? * 60 + number(11, 0)?;
        let zone = if part(9) == Some("-") { -zone } else { zone };
        (in_range && complete && zone.abs() < 24 * 60).then(|| {
            days_of(year, month, day) * MILLIS_PER_DAY
                + ((hour * 60 + minute - zone) * 60 + second) * 1_000
                + millis
        })
    };
    Ok(read())
}
