//! Timestamps, as the service writes them.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// A time in UTC, to the nanosecond. Written with six fraction digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp(u64);

impl Timestamp {
    /// Makes the time this long after the start of 1970, up to the year 2554.
    pub(super) fn after_1970(elapsed: Duration) -> Self {
        Self(nanoseconds(elapsed))
    }

    pub(super) fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(wait)))
    }

    pub(super) fn minus(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(nanoseconds(wait)))
    }

    /// Returns the time since `earlier`; `None` if that is in the future.
    pub(super) fn since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_nanos)
    }

    /// Writes it with this many fraction digits (0 to 9).
    pub(super) fn with_digits(self, digits: u8) -> Written {
        Written { at: self, digits: digits.min(9) }
    }

    /// The nanoseconds since the start of 1970.
    pub(super) fn nanoseconds(self) -> u64 {
        self.0
    }

    pub(super) const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// The value of an HTTP `Date` header.
    pub(super) fn http_date(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let Parts { days, year, month, day, hour, minute, second } = self.parts();
        let weekday = DAYS[usize::try_from(days % 7).unwrap_or(0)];
        let month = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }

    fn parts(self) -> Parts {
        let seconds = self.0 / NANOSECONDS;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days; days after
        // 1970 only. The year begins in March there, so that the leap day is its last.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Parts {
            days,
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_digits(6).serialize(serializer)
    }
}

/// A time and the number of fraction digits that it is written with: the service's own varies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    at: Timestamp,
    digits: u8,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { year, month, day, hour, minute, second, .. } = self.at.parts();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.digits > 0 {
            let fraction = self.at.0 % NANOSECONDS / 10_u64.pow(9 - u32::from(self.digits));
            write!(f, ".{fraction:0width$}", width = usize::from(self.digits))?;
        }
        f.write_str("Z")
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

const NANOSECONDS: u64 = 1_000_000_000;

struct Parts {
    days: u64,
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_the_service_writes_them() {
        for (seconds, nanoseconds, digits, expected) in [
            (0, 0, 0, "1970-01-01T00:00:00Z"),
            (951_782_399, 999_999_999, 9, "2000-02-28T23:59:59.999999999Z"),
            (951_782_400, 0, 3, "2000-02-29T00:00:00.000Z"),
            (1_717_684_962, 22_227_000, 6, "2024-06-06T14:42:42.022227Z"),
            (1_735_689_599, 432_220_999, 6, "2024-12-31T23:59:59.432220Z"),
            (4_102_444_800, 500_000_000, 1, "2100-01-01T00:00:00.5Z"),
        ] {
            let at = Timestamp::after_1970(Duration::new(seconds, nanoseconds));
            assert_eq!(at.with_digits(digits).to_string(), expected);
        }
    }

    #[test]
    fn dates_of_http_name_the_right_weekday() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        ] {
            let at = Timestamp::after_1970(Duration::from_secs(seconds));
            assert_eq!(at.http_date(), expected);
        }
    }
}
