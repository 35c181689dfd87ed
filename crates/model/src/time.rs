//! Moments: milliseconds since 1970, and the texts AWS reads and writes for them.

use json::{Number, Value};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A moment, in milliseconds of UTC since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// A moment as an RFC 3339 text names it: to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Seconds since 1970, UTC.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The moment `seconds` later; the end of time where that is beyond it.
    pub fn plus_seconds(self, seconds: u64) -> Timestamp {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// The moment `millis` later.
    pub fn plus_millis(self, millis: u64) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this moment; 0 if it is not earlier.
    pub fn millis_since(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// The number the API writes: seconds since 1970 with a fraction of milliseconds.
    pub fn to_wire(self) -> Value {
        let (seconds, millis) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        let text = match millis {
            0 => format!("{seconds}.0"),
            _ => format!("{seconds}.{millis:03}").trim_end_matches('0').to_owned(),
        };
        Value::Number(Number::Big(Arc::from(text)))
    }
}

/// `2024-01-31T08:05:09.120Z`: ISO 8601 in UTC with 0 or 3 digits of fraction, as the context object shows it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        write!(f, "{year:04}-{month:02}-{day:02}T")?;
        write!(f, "{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)?;
        if millis != 0 {
            write!(f, ".{millis:03}")?;
        }
        f.write_str("Z")
    }
}

impl Instant {
    /// Reads `2024-01-31T08:05:09[.fraction](Z|±hh:mm)`: upper-case `T`, an offset required, dates and times that exist.
    pub fn parse_rfc3339(text: &str) -> Option<Instant> {
        let bytes = text.as_bytes();
        let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if separators.iter().any(|(at, byte)| bytes.get(*at) != Some(byte)) {
            return None;
        }
        let (year, month, day) = (digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?);
        let (hour, minute, second) = (digits(text, 11, 2)?, digits(text, 14, 2)?, digits(text, 17, 2)?);
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut rest = text.get(19..)?;
        let mut nanoseconds = 0;
        if let Some(fraction) = rest.strip_prefix('.') {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 || length > 9 {
                return None;
            }
            nanoseconds = format!("{:0<9}", fraction.get(..length)?).parse().ok()?;
            rest = fraction.get(length..)?;
        }
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Some(Instant { seconds: seconds - offset_seconds(rest)?, nanoseconds })
    }

    /// The first whole millisecond that is not before this moment.
    pub fn to_timestamp(self) -> Timestamp {
        let millis = i64::from(self.nanoseconds.div_ceil(1_000_000));
        Timestamp(self.seconds.saturating_mul(1000).saturating_add(millis))
    }
}

fn digits(text: &str, at: usize, length: usize) -> Option<i64> {
    let part = text.get(at..at + length)?;
    part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
}

fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    if text.len() != 6 || text.get(3..4)? != ":" {
        return None;
    }
    let (hours, minutes) = (digits(text, 1, 2)?, digits(text, 4, 2)?);
    (hours <= 18 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap_year => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. The year is counted from March, so that the leap day ends it.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_rejections_are_rejected() {
        // AWS: recorded, the Wait cases with invalid dates.
        for text in [
            "05-12-2016T21:29:29Z",
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-12-05T25:29:29Z",
            "2016-13-05T21:29:29Z",
            "2016-12-05",
            "21:29:29Z",
            "2016-12-05t21:29:29Z",
            "2015-02-29T00:00:00Z",
            "2016-12-05T21:29:29.Z",
            "",
        ] {
            assert_eq!(Instant::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_and_fractions_are_honoured() {
        let plain = Instant::parse_rfc3339("2024-01-01T00:00:00Z").unwrap();
        assert_eq!(plain.seconds, 1_704_067_200);
        assert_eq!(Instant::parse_rfc3339("2024-01-01T00:00:00.000Z"), Some(plain));
        assert_eq!(Instant::parse_rfc3339("2024-01-01T02:30:00+02:30"), Some(plain));
        assert_eq!(Instant::parse_rfc3339("2023-12-31T23:00:00-01:00"), Some(plain));
        let fine = Instant::parse_rfc3339("2016-03-14T01:59:00.123456789Z").unwrap();
        assert_eq!((fine.nanoseconds, fine.to_timestamp().0 % 1000), (123_456_789, 124));
    }

    #[test]
    fn dates_print_and_read_back_over_four_centuries() {
        for day in (-80_000..80_000).step_by(97) {
            let moment = Timestamp(day * 86_400_000 + 3_723_004);
            let read = Instant::parse_rfc3339(&moment.to_string()).unwrap();
            assert_eq!(read.to_timestamp(), moment);
        }
    }

    #[test]
    fn the_wire_form_is_seconds_with_a_fraction() {
        assert_eq!(Timestamp(1_719_428_781_123).to_wire().to_text(), "1719428781.123");
        assert_eq!(Timestamp(1_719_428_781_100).to_wire().to_text(), "1719428781.1");
        assert_eq!(Timestamp(1_719_428_781_000).to_wire().to_text(), "1719428781.0");
    }
}
