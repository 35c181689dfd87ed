//! The Gregorian calendar, carried on in both directions, and its ISO weeks.

pub(super) const MILLIS_PER_DAY: i64 = 86_400_000;

/// An instant in its fields. Months, days and weekdays count from 1, Monday being the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) day_of_year: i64,
    pub(super) weekday: i64,
    pub(super) iso_year: i64,
    pub(super) iso_week: i64,
    /// The month that the week's Thursday is in, and which of that month's weeks it is.
    pub(super) iso_month: i64,
    pub(super) week_of_month: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) millisecond: i64,
}

impl Fields {
    pub(super) fn of(millis: i64) -> Fields {
        let days = millis.div_euclid(MILLIS_PER_DAY);
        let within = millis.rem_euclid(MILLIS_PER_DAY);
        let (year, month, day) = civil(days);
        // 1970-01-01 was a Thursday.
        let weekday = (days + 3).rem_euclid(7) + 1;
        let thursday = days + 4 - weekday;
        let (iso_year, iso_month, thursday_day) = civil(thursday);
        Fields {
            year,
            month,
            day,
            day_of_year: days - days_of(year, 1, 1) + 1,
            weekday,
            iso_year,
            iso_week: (thursday - days_of(iso_year, 1, 1)) / 7 + 1,
            iso_month,
            week_of_month: (thursday_day - 1) / 7 + 1,
            hour: within / 3_600_000,
            minute: within / 60_000 % 60,
            second: within / 1_000 % 60,
            millisecond: within % 1_000,
        }
    }
}

/// Days from 1970-01-01 to a date; months and days out of their range carry over.
pub(super) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    // Years are counted from March, so that the leap day is the last.
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
