//! Timestamps in the text of the service, read on request.

use std::fmt;
use std::str;
use std::time::{Duration, SystemTime};

use crate::api::text::text_value;

const DAY: i64 = 24 * HOUR;
const HOUR: i64 = 60 * MINUTE;
const MINUTE: i64 = 60;

/// An instant as the service wrote it.
///
/// The text is kept unchanged, so that nothing is lost, and a text that is not a timestamp does not make a call fail. It is
/// read only on request, by [`to_unix`](Self::to_unix) and [`to_system_time`](Self::to_system_time). Two timestamps are equal
/// if their texts are: the same instant can be written in more than one way.
///
/// ```
/// use sinch_numbers::Timestamp;
///
/// let expires = Timestamp::from("2024-06-06T14:42:42.022227Z");
/// assert_eq!(expires.as_str(), "2024-06-06T14:42:42.022227Z");
/// assert_eq!(expires.to_unix(), Some((1_717_684_962, 22_227_000)));
/// ```
#[derive(Clone)]
pub struct Timestamp(Text);

/// The text of a timestamp. Lists hold very many, so those of the service's usual length are stored without an allocation.
#[derive(Clone)]
enum Text {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<str>),
}

/// `2024-06-06T14:42:42.022227Z` has 27 bytes.
const SHORT: usize = 30;

impl Timestamp {
    /// Returns the text as it was received.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Short { length, bytes } => {
                let text =
                    bytes.get(..usize::from(*length)).and_then(|text| str::from_utf8(text).ok());
                text.unwrap_or_default()
            }
            Text::Long(text) => text,
        }
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z and the nanoseconds after that second.
    ///
    /// The seconds are negative before 1970; the nanoseconds, 0 to 999 999 999, always count forward.
    ///
    /// `None` if the text is not an RFC 3339 timestamp of the years 0001 to 9999. Beyond RFC 3339:
    /// - Without a zone the time is UTC: the service's callbacks leave it out.
    /// - A space may replace the `T`, and both letters may be lower case.
    /// - Fraction digits after the ninth are cut off.
    /// - Second 60 is accepted in every minute, as leap seconds are announced only months ahead. It counts as the last
    ///   nanosecond of second 59: Unix time has no leap seconds, and so the order of instants is kept.
    ///
    /// ```
    /// use sinch_numbers::Timestamp;
    ///
    /// let unix = |text| Timestamp::from(text).to_unix();
    /// assert_eq!(unix("1970-01-01T02:00:01+02:00"), Some((1, 0)));
    /// assert_eq!(unix("2023-06-06T07:45:27.785357"), Some((1_686_037_527, 785_357_000)));
    /// assert_eq!(unix("1969-12-31T23:59:59.5Z"), Some((-1, 500_000_000)));
    /// assert_eq!(unix("tomorrow"), None);
    /// ```
    pub fn to_unix(&self) -> Option<(i64, u32)> {
        parse(self.as_str().as_bytes())
    }

    /// Returns the instant as a time of the standard library.
    ///
    /// `None` if [`to_unix`](Self::to_unix) is, or if the instant is out of range for the system.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use sinch_numbers::Timestamp;
    ///
    /// let charged = Timestamp::from("1970-01-02T00:00:00Z").to_system_time();
    /// assert_eq!(charged, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400)));
    /// ```
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let (seconds, nanoseconds) = self.to_unix()?;
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let second = if seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        second?.checked_add(Duration::from_nanos(nanoseconds.into()))
    }
}

impl AsRef<str> for Timestamp {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        Self(match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(text.as_bytes());
                Text::Short { length, bytes }
            }
            _ => Text::Long(text.into()),
        })
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_str()).finish()
    }
}

text_value!(Timestamp, "a timestamp");

fn parse(text: &[u8]) -> Option<(i64, u32)> {
    let (moment, rest) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, time @ ..] = *moment else { return None };
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] = time else { return None };
    let (year, month) = (number(&[y1, y2, y3, y4], 1, 9999)?, number(&[o1, o2], 1, 12)?);
    let day = number(&[d1, d2], 1, days_in_month(year, month))?;
    let (hour, minute) = (number(&[h1, h2], 0, 23)?, number(&[m1, m2], 0, 59)?);
    let second = number(&[s1, s2], 0, 60)?;
    let (fraction, zone) = parse_fraction(rest)?;
    let offset = parse_zone(zone)?;
    let days = days_since_1970(year, month, day);
    let seconds = days * DAY + hour * HOUR + minute * MINUTE - offset;
    Some(if second == 60 { (seconds + 59, 999_999_999) } else { (seconds + second, fraction) })
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last and months begin on fixed days:
    // (153 * m + 2) / 5 is the number of days before month m, counted from March as 0.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // 1970-01-01, counted in the same way from 0000-03-01, is day 719,468.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Parses an optional fraction; returns its nanoseconds, 0 without one, and the rest.
fn parse_fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, text)) };
    let length = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, text) = text.split_at_checked(length)?;
    if digits.is_empty() {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some((padded.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')), text))
}

/// Parses an optional zone; returns its offset from UTC in seconds.
fn parse_zone(zone: &[u8]) -> Option<i64> {
    match zone {
        [] | [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let offset = number(&[*h1, *h2], 0, 23)? * HOUR + number(&[*m1, *m2], 0, 59)? * MINUTE;
            Some(if *sign == b'-' { -offset } else { offset })
        }
        _ => None,
    }
}

/// Parses a decimal number within a range.
fn number(digits: &[u8], min: i64, max: i64) -> Option<i64> {
    let number = digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })?;
    (min..=max).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, seconds and nanoseconds; the expectations come from another implementation.
    #[rustfmt::skip] // One row a case.
    const READ: &[(&str, i64, u32)] = &[
        // From the fixtures.
        ("2019-08-24T14:15:22Z", 1_566_656_122, 0),
        ("2020-11-02T12:09:59.876Z", 1_604_318_999, 876_000_000),
        ("2020-11-29T09:54:20.516Z", 1_606_643_660, 516_000_000),
        ("2022-08-24T14:15:22Z", 1_661_350_522, 0),
        ("2023-06-06T07:45:27.785357", 1_686_037_527, 785_357_000),
        ("2023-06-06T07:45:27.785357Z", 1_686_037_527, 785_357_000),
        ("2023-09-25T12:08:02.115Z", 1_695_643_682, 115_000_000),
        ("2023-11-21T17:47:52.950101Z", 1_700_588_872, 950_101_000),
        ("2023-12-21T17:47:51.476076Z", 1_703_180_871, 476_076_000),
        ("2024-06-06T14:42:42.022227Z", 1_717_684_962, 22_227_000),
        ("2024-06-06T14:42:42.047675109Z", 1_717_684_962, 47_675_109),
        ("2024-06-06T14:42:42.846638361Z", 1_717_684_962, 846_638_361),
        ("2024-06-30T07:08:09.100Z", 1_719_731_289, 100_000_000),
        ("2024-07-01T11:58:35.610198Z", 1_719_835_115, 610_198_000),
        ("2024-07-06T20:02:20.118246Z", 1_720_296_140, 118_246_000),
        ("2024-09-24T14:15:22Z", 1_727_187_322, 0),
        ("2025-01-24T09:32:27.437Z", 1_737_711_147, 437_000_000),
        ("2025-02-28T14:04:26.190127Z", 1_740_751_466, 190_127_000),
        // Around 1970, and far from it.
        ("1970-01-01T00:00:00Z", 0, 0),
        ("1970-01-01T00:00:00.000000001+00:01", -60, 1),
        ("1969-12-31T23:59:59Z", -1, 0),
        ("1969-12-31T23:59:59.999999999Z", -1, 999_999_999),
        ("1969-01-01T00:00:00Z", -31_536_000, 0),
        ("1901-12-13T20:45:51.5Z", -2_147_483_649, 500_000_000),
        ("1900-03-01T00:00:00Z", -2_203_891_200, 0),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140, 0),
        ("2038-01-19T03:14:08Z", 2_147_483_648, 0),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
        ("9999-12-31T23:59:59-23:59", 253_402_387_139, 0),
        // Leap days, and what follows them.
        ("2000-02-29T12:00:00Z", 951_825_600, 0),
        ("2024-02-29T23:59:59Z", 1_709_251_199, 0),
        ("2024-03-01T00:00:00Z", 1_709_251_200, 0),
        ("2024-12-31T00:00:00Z", 1_735_603_200, 0),
        // Zones, into the next day, month and year and back.
        ("2024-01-01T00:30:00+01:00", 1_704_065_400, 0),
        ("2023-12-31T23:30:00-01:00", 1_704_069_000, 0),
        ("2024-02-28T23:30:00-00:31", 1_709_164_860, 0),
        ("2024-03-01T00:15:00+00:30", 1_709_250_300, 0),
        ("2024-06-06T14:42:42+05:45", 1_717_664_262, 0),
        ("2024-06-06T14:42:42-00:00", 1_717_684_962, 0),
        ("2024-06-06T14:42:42+23:59", 1_717_598_622, 0),
        // Ways to write it.
        ("2024-06-06 14:42:42Z", 1_717_684_962, 0),
        ("2024-06-06t14:42:42z", 1_717_684_962, 0),
        ("2024-06-06T14:42:42", 1_717_684_962, 0),
        ("2024-06-06 14:42:42.5", 1_717_684_962, 500_000_000),
        ("2024-06-06T14:42:42.5+00:00", 1_717_684_962, 500_000_000),
        ("2024-06-06T14:42:42.0Z", 1_717_684_962, 0),
        ("2024-06-06T14:42:42.000000001Z", 1_717_684_962, 1),
        ("2024-06-06T14:42:42.1234567891Z", 1_717_684_962, 123_456_789),
        ("2024-06-06T14:42:42.999999999999999999999999Z", 1_717_684_962, 999_999_999),
        // Leap seconds.
        ("2016-12-31T23:59:60Z", 1_483_228_799, 999_999_999),
        ("2016-12-31T23:59:60.7Z", 1_483_228_799, 999_999_999),
        ("2016-12-31T15:59:60-08:00", 1_483_228_799, 999_999_999),
        ("2024-06-06T12:30:60Z", 1_717_677_059, 999_999_999),
    ];

    const REFUSED: &[&str] = &[
        "",
        "Z",
        "tomorrow",
        "1717684962",
        "2024",
        "2024-06",
        "2024-06-06",
        "2024-06-06T",
        "2024-06-06Z",
        "2024-06-06T14",
        "2024-06-06T14:42",
        "2024-06-06T14:42Z",
        "2024-06-06T14:42:4",
        "2024-06-06T14:42:4Z",
        "14:42:42Z",
        "0000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+2024-06-06T14:42:42Z",
        "24-06-06T14:42:42Z",
        "2024-00-06T14:42:42Z",
        "2024-13-06T14:42:42Z",
        "2024-06-00T14:42:42Z",
        "2024-06-31T14:42:42Z",
        "2024-01-32T14:42:42Z",
        "2024-02-30T14:42:42Z",
        "2023-02-29T14:42:42Z",
        "1900-02-29T14:42:42Z",
        "2100-02-29T14:42:42Z",
        "2024-06-06T24:00:00Z",
        "2024-06-06T14:60:42Z",
        "2024-06-06T14:42:61Z",
        "2024-06-06T14:42:-1Z",
        "2024-6-06T14:42:42Z",
        "2024/06/06T14:42:42Z",
        "20240606T144242Z",
        "2024-06-06T14.42.42Z",
        "2024-06-06_14:42:42Z",
        "2024-06-06  14:42:42Z",
        "2024-06-06T14:42:42.Z",
        "2024-06-06T14:42:42.",
        "2024-06-06T14:42:42,5Z",
        "2024-06-06T14:42:42.5.5Z",
        "2024-06-06T14:42:42.-5Z",
        "2024-06-06T14:42:42 Z",
        "2024-06-06T14:42:42ZZ",
        "2024-06-06T14:42:42Z ",
        " 2024-06-06T14:42:42Z",
        "2024-06-06T14:42:42Z\n",
        "2024-06-06T14:42:42+0200",
        "2024-06-06T14:42:42+02",
        "2024-06-06T14:42:42+2:00",
        "2024-06-06T14:42:42+24:00",
        "2024-06-06T14:42:42+02:60",
        "2024-06-06T14:42:42+02:00Z",
        "2024-06-06T14:42:42Z+02:00",
        "2024-06-06T14:42:42\u{2212}02:00",
        "2024-06-06T14:42:42 UTC",
        "2024-06-06T14:42:42[UTC]",
        "٢٠٢٤-06-06T14:42:42Z",
        "２024-06-06T14:42:42Z",
        "2024-06-06T14:42:42.５Z",
        "Thu, 06 Jun 2024 14:42:42 GMT",
    ];

    #[test]
    fn timestamps_are_read() {
        for &(text, seconds, nanoseconds) in READ {
            assert_eq!(Timestamp::from(text).to_unix(), Some((seconds, nanoseconds)), "{text}");
        }
        for text in REFUSED {
            assert_eq!(Timestamp::from(*text).to_unix(), None, "{text}");
            assert_eq!(Timestamp::from(*text).to_system_time(), None, "{text}");
        }
    }

    #[test]
    fn dates_are_counted_without_gaps() {
        let mut days = -719_162;
        for year in 1..=9999 {
            let leap = if year % 100 == 0 { year % 400 == 0 } else { year % 4 == 0 };
            let february = if leap { 29 } else { 28 };
            for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
            {
                let date =
                    |day| parse(format!("{year:04}-{month:02}-{day:02}T00:00:00Z").as_bytes());
                assert_eq!(date(1), Some((days * DAY, 0)), "{year}-{month}");
                assert_eq!(date(length), Some(((days + length - 1) * DAY, 0)), "{year}-{month}");
                assert_eq!(date(length + 1), None, "{year}-{month}");
                days += length;
            }
        }
    }

    #[test]
    fn broken_texts_do_not_panic() {
        for &(text, ..) in READ {
            for (place, character) in text.char_indices() {
                for other in
                    ["", "0", "9", ":", "-", ".", "Z", " ", "é", "\0", "99999999999999999999"]
                {
                    let (before, after) = (&text[..place], &text[place + character.len_utf8()..]);
                    let _ = Timestamp::from(format!("{before}{other}{after}")).to_system_time();
                    let _ = Timestamp::from(format!("{before}{other}")).to_system_time();
                }
            }
        }
    }

    #[test]
    fn system_time_counts_from_the_same_second() {
        let since = |text: &str| {
            let time = Timestamp::from(text).to_system_time().unwrap();
            time.duration_since(SystemTime::UNIX_EPOCH).map_err(|error| error.duration())
        };
        assert_eq!(since("1970-01-01T00:00:00Z"), Ok(Duration::ZERO));
        assert_eq!(
            since("2024-06-06T14:42:42.022227Z"),
            Ok(Duration::new(1_717_684_962, 22_227_000))
        );
        assert_eq!(since("1969-12-31T23:59:59Z"), Err(Duration::from_secs(1)));
        assert_eq!(since("1969-12-31T23:59:58.75Z"), Err(Duration::from_millis(1250)));
        assert_eq!(since("1969-12-31T23:59:59.999999900Z"), Err(Duration::from_nanos(100)));
    }

    #[test]
    fn the_text_is_kept() {
        let long = "2024-06-06T14:42:42.000000000+02:00";
        let edge = [&long[..29], &long[..30], &long[..31]];
        for text in [
            "2024-06-06T14:42:42.000Z",
            "soon",
            "",
            long,
            edge[0],
            edge[1],
            edge[2],
            "é€😀é€😀é€😀€€😀",
        ] {
            let timestamp = Timestamp::from(text);
            assert_eq!(timestamp, Timestamp::from(text.to_owned()));
            assert_eq!(timestamp.as_str(), text);
            assert_eq!(timestamp.as_ref(), text);
            assert_eq!(timestamp.to_string(), text);
            let json = serde_json::to_string(&timestamp).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), timestamp);
        }
        assert!(serde_json::from_str::<Timestamp>("1717684962").is_err());
        let (short, long) = ("2024-06-06T14:42:42Z", "2024-06-06T14:42:42.0Z");
        assert_ne!(Timestamp::from(short), Timestamp::from(long));
    }
}
