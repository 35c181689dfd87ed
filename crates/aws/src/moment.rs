//! Moments as services write them.

use crate::model::TimestampFormat;
use json::{Number, Value};

/// A moment in seconds since 1970 and nanoseconds on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// The years that can be written with four digits.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

impl Moment {
    /// Reads what services and callers write: a number of seconds, ISO 8601, or the date of an HTTP header.
    pub(crate) fn read(value: &Value) -> Option<Moment> {
        match value {
            Value::Number(number) => Moment::from_number(number),
            Value::String(text) => Moment::parse(text.trim()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Reads text in any of the forms.
    pub(crate) fn parse(text: &str) -> Option<Moment> {
        if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'e' | b'E' | b'+'))
            && let Ok(seconds) = text.parse::<f64>()
        {
            return match text.parse::<i64>() {
                Ok(seconds) => Moment::checked(seconds, 0),
                Err(_) => Moment::from_seconds(seconds),
            };
        }
        iso8601(text).or_else(|| rfc822(text))
    }

    fn from_number(number: &Number) -> Option<Moment> {
        match number {
            Number::I64(seconds) => Moment::checked(*seconds, 0),
            Number::U64(_) | Number::F64(_) | Number::Big(_) => Moment::from_seconds(number.to_f64()),
        }
    }

    /// Seconds with a fraction, which is good for microseconds.
    pub(crate) fn from_seconds(seconds: f64) -> Option<Moment> {
        if !(FIRST as f64..=LAST as f64).contains(&seconds) {
            return None;
        }
        let micros = (seconds * 1e6).round() as i64;
        let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        Moment::checked(seconds, u32::try_from(micros * 1_000).ok()?)
    }

    fn checked(seconds: i64, nanos: u32) -> Option<Moment> {
        ((FIRST..=LAST).contains(&seconds) && nanos < 1_000_000_000).then_some(Moment { seconds, nanos })
    }

    /// As a request has it: whole seconds where there is no fraction, else microseconds.
    pub(crate) fn write(self, format: TimestampFormat) -> Value {
        let micros = self.nanos / 1_000;
        match format {
            TimestampFormat::UnixTimestamp if micros == 0 => Value::from(self.seconds),
            // Without an exponent, which not every service's reader takes.
            TimestampFormat::UnixTimestamp => {
                let seconds = self.seconds as f64 + f64::from(micros) / 1e6;
                Value::Number(Number::Big(format!("{seconds}").into()))
            }
            TimestampFormat::Iso8601 if micros == 0 => Value::from(format!("{}Z", self.date_and_time())),
            TimestampFormat::Iso8601 => Value::from(format!("{}.{micros:06}Z", self.date_and_time())),
            TimestampFormat::Rfc822 => Value::from(self.http_date()),
        }
    }

    /// As Java's `Instant` writes itself: with three, six or nine digits of a fraction, or none.
    pub(crate) fn to_instant(self) -> String {
        let (base, nanos) = (self.date_and_time(), self.nanos);
        match nanos {
            0 => format!("{base}Z"),
            _ if nanos.is_multiple_of(1_000_000) => format!("{base}.{:03}Z", nanos / 1_000_000),
            _ if nanos.is_multiple_of(1_000) => format!("{base}.{:06}Z", nanos / 1_000),
            _ => format!("{base}.{nanos:09}Z"),
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn to_millis(self) -> i64 {
        self.seconds.saturating_mul(1_000) + i64::from(self.nanos / 1_000_000)
    }

    fn date_and_time(self) -> String {
        let (year, month, day) = civil(self.seconds.div_euclid(86_400));
        let of_day = self.seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }

    fn http_date(self) -> String {
        let days = self.seconds.div_euclid(86_400);
        let (year, month, day) = civil(days);
        let named = |names: &[&'static str], at: i64| {
            usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or("")
        };
        let (weekday, month) = (named(&DAYS, days.rem_euclid(7)), named(&MONTHS, month - 1));
        let of_day = self.seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

/// `2024-01-02`, `2024-01-02T03:04:05`, with a fraction, with `Z` or an offset.
fn iso8601(text: &str) -> Option<Moment> {
    let digits = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok().map(i64::from);
    let is = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    if !(is(4, b'-') && is(7, b'-')) {
        return None;
    }
    let days = days_from_civil(digits(0, 4)?, digits(5, 7)?, digits(8, 10)?)?;
    if text.len() == 10 {
        return Moment::checked(days * 86_400, 0);
    }
    if !((is(10, b'T') || is(10, b't') || is(10, b' ')) && is(13, b':') && is(16, b':')) {
        return None;
    }
    let of_day = time_of_day(digits(11, 13)?, digits(14, 16)?, digits(17, 19)?)?;
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let nanos = format!("{:0<9}", fraction.get(..9).unwrap_or(fraction)).parse().ok()?;
    Moment::checked(days * 86_400 + of_day - offset(zone)?, nanos)
}

fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.as_bytes().first() {
        None | Some(b'Z' | b'z') if zone.len() <= 1 => return Some(0),
        Some(b'+') => (1, zone.get(1..)?),
        Some(b'-') => (-1, zone.get(1..)?),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).unwrap_or("00").parse().ok()?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// `Wed, 02 Jan 2024 03:04:05 GMT`.
fn rfc822(text: &str) -> Option<Moment> {
    let rest = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = rest.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = 1 + MONTHS.iter().zip(0..).find(|(month, _)| name.eq_ignore_ascii_case(month))?.1;
    let year = words.next()?.parse().ok()?;
    let mut parts = words.next()?.split(':').map(|part| part.parse().ok());
    let of_day = time_of_day(parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?)?;
    let zone = match words.next() {
        None | Some("GMT" | "UTC" | "Z") => 0,
        Some(zone) => offset(zone)?,
    };
    Moment::checked(days_from_civil(year, month, day)? * 86_400 + of_day - zone, 0)
}

fn time_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let is_one = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    is_one.then_some(hour * 3_600 + minute * 60 + second)
}

/// Days since 1970 of a date of the Gregorian calendar. Years are counted from March, so that the leap day ends its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !((1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    // The 31st of a short month is no date.
    (civil(days).2 == day).then_some(days)
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (years + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_as_the_same_moment() {
        let expected = Moment { seconds: 1_704_164_645, nanos: 0 };
        for text in [
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05",
            "2024-01-02T05:04:05+02:00",
            "2024-01-01T22:34:05-0430",
            "Tue, 02 Jan 2024 03:04:05 GMT",
            "1704164645",
            "1704164645.0",
            "1.704164645E9",
        ] {
            assert_eq!(Moment::parse(text), Some(expected), "{text}");
        }
        assert_eq!(Moment::parse("2024-01-02T03:04:05.123Z").unwrap().nanos, 123_000_000);
        for text in
            ["", "2024-13-01", "2024-02-30", "yesterday", "9e99", "2024-01-02T25:00:00Z", "é024-01-02T"]
        {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_written_in_each_format() {
        let moment = Moment { seconds: 1_704_164_645, nanos: 250_000_000 };
        let written = |format| moment.write(format).to_text();
        assert_eq!(written(TimestampFormat::Iso8601), r#""2024-01-02T03:04:05.250000Z""#);
        assert_eq!(written(TimestampFormat::Rfc822), r#""Tue, 02 Jan 2024 03:04:05 GMT""#);
        assert_eq!(moment.write(TimestampFormat::UnixTimestamp).as_f64(), Some(1_704_164_645.25));
        assert_eq!(moment.to_instant(), "2024-01-02T03:04:05.250Z");
        assert_eq!(moment.to_millis(), 1_704_164_645_250);
        assert_eq!(Moment { seconds: -1, nanos: 0 }.to_instant(), "1969-12-31T23:59:59Z");
    }
}
