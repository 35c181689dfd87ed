//! The times the host writes down, and the clock that `Event` calls wait by.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What `Event` calls wait by: their age and the time until a retry.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Milliseconds since 1970, UTC.
    fn now_millis(&self) -> u64;
    /// Resolves once `time` has passed.
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_millis(&self) -> u64 {
        now_millis()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// Milliseconds since 1970, UTC.
pub(crate) fn now_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// `2026-11-21T05:16:54.123+0000`, as the Lambda API writes `LastModified`.
pub(crate) fn last_modified(millis: u64) -> String {
    let (year, month, day) = civil_date(millis);
    let seconds = millis / 1000 % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}+0000",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        millis % 1000
    )
}

/// `2026-11-21T05:16:54.123Z`, as Lambda writes times into logs.
pub(crate) fn log_time(millis: u64) -> String {
    last_modified(millis).replace("+0000", "Z")
}

/// `2026/11/21`, the first part of a log stream's name.
pub(crate) fn log_stream_date(millis: u64) -> String {
    let (year, month, day) = civil_date(millis);
    format!("{year:04}/{month:02}/{day:02}")
}

/// Year, month and day of a Unix time, by counting the days of the 400-year cycle of the Gregorian calendar from
/// 1 March of the year 0, so that the leap day is the last day of a year.
fn civil_date(millis: u64) -> (u64, u64, u64) {
    let days = millis / 86_400_000 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_centuries() {
        assert_eq!(last_modified(0), "1970-01-01T00:00:00.000+0000");
        assert_eq!(last_modified(951_782_400_123), "2000-02-29T00:00:00.123+0000");
        assert_eq!(last_modified(1_709_251_199_999), "2024-02-29T23:59:59.999+0000");
        assert_eq!(log_stream_date(4_107_542_400_000), "2100/03/01");
        assert_eq!(log_time(1_795_238_214_000), "2026-11-21T05:16:54.000Z");
    }
}
