//! Decides whether a failed exchange is tried again, and holds the retry budget that all calls of a client share.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use crate::api::request::{Effect, Verify};
use crate::api::timestamp::Timestamp;
use crate::error::is_retryable_status;

/// The failure of one exchange, as far as the retry decision depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Fetching an access token failed, retries included. The request was not sent.
    NoToken,
    /// No byte of the request was sent: name look-up, connect, an idle connection that was seen to be dead.
    NotSent,
    /// TLS was refused (most often because of a certificate), or the proxy refused. Another attempt would be refused too.
    Refused,
    /// The request, or a part of it, was sent, and no complete response came back.
    NoResponse,
    /// An error status. A 401 is among them only if a new access token did not help.
    Status(u16),
    /// A success status with an error inside that says 4xx.
    Rejected,
    /// A success status whose body was cut off.
    BodyLost,
    /// A complete response that breaks the API's contract. Another attempt would bring the same.
    Unexpected,
}

impl Failure {
    /// Tells whether another attempt may succeed.
    fn is_transient(self) -> bool {
        match self {
            Self::NoToken | Self::Refused | Self::Rejected | Self::Unexpected => false,
            Self::NotSent | Self::NoResponse | Self::BodyLost => true,
            Self::Status(status) => is_retryable_status(status),
        }
    }

    /// Tells whether the request was certainly not carried out: it was not sent, or the service says so.
    pub(crate) fn proves_not_applied(self) -> bool {
        match self {
            Self::NoToken | Self::NotSent | Self::Refused | Self::Rejected => true,
            Self::NoResponse | Self::BodyLost | Self::Unexpected => false,
            // 408 says that the server waited for the rest of a request; it may have acted on the part that came.
            Self::Status(status) => {
                (400..500).contains(&status) && status != 408 || matches!(status, 301 | 307 | 308)
            }
        }
    }
}

/// The decision about a failure.
pub(crate) enum Decision<'a> {
    /// Wait for this time, then send the request again.
    Retry(Duration),
    /// Report the failure. A write was certainly not applied.
    Report,
    /// Read back a write that may have been applied.
    ReadBack(&'a Verify),
}

const CAP: Duration = Duration::from_secs(20);

/// The inputs of the decision besides the failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryContext {
    /// Attempts made so far, at least 1.
    pub(crate) attempts: u32,
    /// The maximum number of attempts.
    pub(crate) max_attempts: u32,
    /// The response's `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// The time until the call's deadline.
    pub(crate) time_left: Duration,
    /// A random number from 0 to 1 (exclusive), a new one for each decision.
    pub(crate) jitter: f64,
}

/// Decides what to do about a failure. A pure function: clock and random number are given.
pub(crate) fn decide(failure: Failure, effect: &Effect, now: RetryContext) -> Decision<'_> {
    match effect {
        Effect::Write(verify) if !failure.proves_not_applied() => {
            return Decision::ReadBack(verify);
        }
        Effect::Write(_) | Effect::Read => {}
    }
    if !failure.is_transient() || now.attempts >= now.max_attempts {
        return Decision::Report;
    }
    let wait = now.retry_after.unwrap_or_else(|| backoff(failure, now.attempts, now.jitter));
    // A wait that does not fit the deadline is returned to the caller, not slept.
    if wait >= now.time_left { Decision::Report } else { Decision::Retry(wait) }
}

/// Returns a random wait (full jitter): from zero to a ceiling that doubles with every attempt.
fn backoff(failure: Failure, attempts: u32, jitter: f64) -> Duration {
    let base = match failure {
        Failure::Status(429 | 503) => Duration::from_secs(1),
        _ => Duration::from_millis(50),
    };
    let ceiling = base.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(CAP);
    ceiling.mul_f64(jitter.clamp(0.0, 1.0))
}

/// Parses `Retry-After`: seconds, or a date, which is compared with the `Date` of the same response so that the clock of this
/// machine does not matter.
pub(crate) fn parse_retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number too big for 64 bits counts as the longest wait.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let wait = http_date(value)?.saturating_sub(http_date(date?.trim())?);
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Parses an HTTP date (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two old forms that recipients have to
/// accept, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split([' ', '-']).filter(|part| !part.is_empty()).collect();
    let (day, month, year, time) = match parts[..] {
        [weekday, day, month, year, time, "GMT"] if weekday.ends_with(',') => {
            (day, month, year, time)
        }
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let year = match (year.len(), year.parse::<u16>().ok()?) {
        (2, year @ 70..) => 1900 + year,
        (2, year) => 2000 + year,
        (_, year) => year,
    };
    let timestamp = Timestamp::from(format!("{year:04}-{month:02}-{day:0>2}T{time}Z"));
    timestamp.to_unix().map(|(seconds, _)| seconds)
}

/// Limits retries during an outage: retries and read-backs are charged to this budget, and successful calls refill it.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

impl RetryBudget {
    const FULL: u32 = 500;

    /// The price of one read-back. It is lower than a retry's, because it finds out whether a write was applied.
    pub(crate) const READ_BACK: u32 = 5;

    /// The price of a retry after a failure.
    pub(crate) fn price(failure: Failure) -> u32 {
        match failure {
            // A rate limit is no outage.
            Failure::Status(429) => 0,
            // An overload, which usually passes.
            Failure::Status(503) => 5,
            _ => 14,
        }
    }

    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(Self::FULL))
    }

    /// Takes a price out of the budget; `false` if too little is left.
    pub(crate) fn withdraw(&self, price: u32) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |balance| {
                balance.checked_sub(price)
            })
            .is_ok()
    }

    /// Puts back a little after a successful call.
    pub(crate) fn deposit(&self) {
        // The budget is nearly always full, and a load alone keeps the cache line shared between threads.
        if self.0.load(Ordering::Relaxed) < Self::FULL {
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |balance| {
                (balance < Self::FULL).then_some(balance + 1)
            });
        }
    }
}

/// Returns a random number from 0 to 1, exclusive: good enough to spread retries, and for nothing else.
pub(crate) fn random() -> f64 {
    // The keys of `RandomState` differ between calls and threads, the process id between a parent and its forks.
    let here = (std::process::id(), SystemTime::now());
    let bits = RandomState::new().hash_one(here) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::api::request::Verdict;

    const SEC: Duration = Duration::from_secs(1);

    fn at(attempts: u32) -> RetryContext {
        RetryContext {
            attempts,
            max_attempts: 3,
            retry_after: None,
            time_left: 30 * SEC,
            jitter: 0.5,
        }
    }

    #[test]
    fn decisions_after_the_first_and_the_last_attempt() {
        use Failure::{
            BodyLost, NoResponse, NoToken, NotSent, Refused, Rejected, Status, Unexpected,
        };
        const REPORT: &str = "report";
        const READ_BACK: &str = "read back";
        const SOON: &str = "retry in 25 ms";
        const LATER: &str = "retry in 500 ms";
        // failure, what a read does, what a write does, after the first attempt
        let rows = [
            (NoToken, REPORT, REPORT),
            (NotSent, SOON, SOON),
            (Refused, REPORT, REPORT),
            (Rejected, REPORT, REPORT),
            (NoResponse, SOON, READ_BACK),
            (BodyLost, SOON, READ_BACK),
            (Unexpected, REPORT, READ_BACK),
            (Status(300), REPORT, READ_BACK),
            (Status(301), REPORT, REPORT),
            (Status(302), REPORT, READ_BACK),
            (Status(303), REPORT, READ_BACK),
            (Status(304), REPORT, READ_BACK),
            (Status(307), REPORT, REPORT),
            (Status(308), REPORT, REPORT),
            (Status(429), LATER, LATER),
            (Status(500), SOON, READ_BACK),
            (Status(502), SOON, READ_BACK),
            (Status(503), LATER, READ_BACK),
            (Status(504), SOON, READ_BACK),
            (Status(400), REPORT, REPORT),
            (Status(403), REPORT, REPORT),
            (Status(404), REPORT, REPORT),
            (Status(408), REPORT, READ_BACK),
            (Status(409), REPORT, REPORT),
            (Status(425), REPORT, REPORT),
            (Status(501), REPORT, READ_BACK),
            (Status(505), REPORT, READ_BACK),
            (Status(599), REPORT, READ_BACK),
        ];
        let write = Effect::Write(Verify::new("", |_| Verdict::NotProved));
        for (failure, read, written) in rows {
            let does = |effect, attempts| match decide(failure, effect, at(attempts)) {
                Decision::Retry(wait) => format!("retry in {} ms", wait.as_millis()),
                Decision::Report => REPORT.to_owned(),
                Decision::ReadBack(_) => READ_BACK.to_owned(),
            };
            assert_eq!(does(&Effect::Read, 1), read, "{failure:?}");
            assert_eq!(does(&write, 1), written, "{failure:?}");
            // The third attempt is the last; what is read back does not depend on it.
            assert_eq!(does(&Effect::Read, 3), REPORT, "{failure:?}");
            let last = if written == READ_BACK { READ_BACK } else { REPORT };
            assert_eq!(does(&write, 3), last, "{failure:?}");
        }
    }

    #[test]
    fn waits_grow_are_capped_and_fit_the_deadline() {
        let wait = |failure, now| match decide(failure, &Effect::Read, now) {
            Decision::Retry(wait) => Some(wait),
            _ => None,
        };
        let top = |attempts| RetryContext {
            max_attempts: 100,
            jitter: 1.0,
            time_left: 60 * SEC,
            ..at(attempts)
        };
        let rows = [
            (Failure::NotSent, 1, 50),
            (Failure::NotSent, 2, 100),
            (Failure::NotSent, 5, 800),
            (Failure::NotSent, 99, 20_000),
            (Failure::Status(503), 1, 1_000),
            (Failure::Status(429), 3, 4_000),
            (Failure::Status(429), 6, 20_000),
        ];
        for (failure, attempts, ms) in rows {
            let expected = Some(Duration::from_millis(ms));
            assert_eq!(wait(failure, top(attempts)), expected, "{failure:?} {attempts}");
        }
        // A wait that the service asks for is used unchanged, even above the cap or zero …
        for asked in [Duration::ZERO, 7 * SEC, 25 * SEC] {
            let now = RetryContext { retry_after: Some(asked), ..at(1) };
            assert_eq!(wait(Failure::Status(429), now), Some(asked));
        }
        // … unless it does not fit.
        let now = RetryContext { retry_after: Some(30 * SEC), ..at(1) };
        assert_eq!(wait(Failure::Status(429), now), None);
        let now = RetryContext { time_left: Duration::ZERO, jitter: 0.0, ..at(1) };
        assert_eq!(wait(Failure::NotSent, now), None);
    }

    #[test]
    fn retry_after_in_both_forms() {
        const DATE: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let rows = [
            ("0", None, Some(0)),
            ("7", None, Some(7)),
            (" 120 ", None, Some(120)),
            ("99999999999999999999999", None, Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:44 GMT", DATE, Some(7)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", DATE, Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", DATE, Some(0)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", DATE, Some(0)),
            ("Sun, 06 Nov 1994 08:49:44 GMT", None, None),
            ("Sun, 06 Nov 1994 08:49:44 GMT", Some("yesterday"), None),
            ("Sun, 32 Nov 1994 08:49:44 GMT", DATE, None),
            ("Sun, 06 Nov 1994 08:49:44 CET", DATE, None),
            ("Sun, 06 Nov 1994 08:49:44 GMT x", DATE, None),
            ("Sunday, 06-Nov-94 08:49:44 GMT", DATE, Some(7)),
            ("Sun Nov  6 08:49:44 1994", DATE, Some(7)),
            ("Sunday, 06-Nov-94 08:49:44 GMT", Some("Sun Nov  6 08:49:37 1994"), Some(7)),
            ("Friday, 06-Nov-26 08:49:44 GMT", Some("Fri, 06 Nov 2026 08:49:37 GMT"), Some(7)),
            ("Sunday, 06-Nov-94 08:49:44 CET", DATE, None),
            ("Sun Nov  6 08:49 1994", DATE, None),
            ("Sun 06 Nov 1994 08:49:44 GMT", DATE, None),
            ("", DATE, None),
            ("-1", DATE, None),
            ("1.5", DATE, None),
            ("soon", DATE, None),
            ("٣", DATE, None),
        ];
        for (value, date, seconds) in rows {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse_retry_after(value, date), expected, "{value:?}");
        }
    }

    #[test]
    fn retries_are_limited_in_an_outage() {
        let budget = RetryBudget::new();
        let pays = |failure| budget.withdraw(RetryBudget::price(failure));
        assert_eq!((0..1000).filter(|_| pays(Failure::NoResponse)).count(), 35);
        for _ in 0..5 {
            budget.deposit();
        }
        assert!(pays(Failure::Status(503)));
        for _ in 0..2000 {
            budget.deposit();
        }
        assert_eq!((0..1000).filter(|_| pays(Failure::Status(503))).count(), 100);
        assert!(!pays(Failure::Status(500)));
        // A rate limit costs nothing.
        assert!((0..1000).all(|_| pays(Failure::Status(429))));
    }

    #[test]
    fn random_numbers_stay_in_range_and_differ() {
        let numbers: Vec<f64> = (0..1000).map(|_| random()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let (low, high) = (numbers.iter().any(|r| *r < 0.1), numbers.iter().any(|r| *r > 0.9));
        assert!(low && high);
    }
}
