//! Whether a failed exchange is tried again: a pure decision, its numbers, and the budget that all calls of a
//! client share.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::api::request::Effect;
use crate::api::timestamp::Timestamp;
use crate::error::is_retryable_status;

/// What became of one exchange, as far as the decision needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No byte of the request went out: name look-up, connect, a stale connection that was noticed in time.
    NotSent,
    /// The server's certificate or the handshake was refused: the next attempt is refused as well.
    Tls,
    /// The request, or a part of it, went out, and no whole answer came back.
    NoAnswer,
    /// An error status. 401 is not among them: it is the token's business.
    Status(u16),
    /// A successful status whose body was lost on the way.
    BodyLost,
    /// A whole answer came back, but not one that the service promises: the next would be no better.
    Unintelligible,
}

impl Failure {
    /// Tells whether the next attempt may fare better.
    pub(crate) fn is_passing(self) -> bool {
        match self {
            Self::Tls | Self::Unintelligible => false,
            Self::NotSent | Self::NoAnswer | Self::BodyLost => true,
            Self::Status(status) => is_retryable_status(status),
        }
    }
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Wait that long, then send it again.
    Retry(Duration),
    /// Report it: nothing of it was applied.
    Fail,
    /// A write that may have been applied: ask before anything else.
    Unclear,
}

/// How often and how patiently failures are retried.
#[derive(Clone, Debug)]
pub(crate) struct RetryPolicy {
    /// Attempts in all, the first included.
    pub(crate) max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 3 }
    }
}

const CAP: Duration = Duration::from_secs(20);

/// What the decision depends on besides the failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// Attempts made so far, at least 1.
    pub(crate) attempts: u32,
    /// What the answer said in `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// What is left of the call's deadline.
    pub(crate) time_left: Duration,
    /// A number from 0 to 1 (exclusive), drawn anew for each decision.
    pub(crate) dice: f64,
}

impl RetryPolicy {
    /// Decides without clock, dice or I/O of its own.
    pub(crate) fn decide(&self, failure: Failure, effect: Effect, now: Circumstances) -> Decision {
        let give_up = match (effect, failure) {
            // A rejected request (4xx, 429 among them) did nothing; a request that never left neither.
            (Effect::Read, _)
            | (Effect::Write, Failure::NotSent | Failure::Tls | Failure::Status(..=499)) => {
                Decision::Fail
            }
            // 501 and its like were not asked to do the work again, but nobody knows what they did.
            (
                Effect::Write,
                Failure::NoAnswer
                | Failure::BodyLost
                | Failure::Unintelligible
                | Failure::Status(_),
            ) => Decision::Unclear,
        };
        if !failure.is_passing()
            || give_up == Decision::Unclear
            || now.attempts >= self.max_attempts
        {
            return give_up;
        }
        let wait = now.retry_after.unwrap_or_else(|| backoff(failure, now.attempts, now.dice));
        // A wait that does not fit is handed to the caller, not slept.
        if wait >= now.time_left { give_up } else { Decision::Retry(wait) }
    }
}

/// Full jitter: anything from nothing to the ceiling, which doubles with every attempt.
fn backoff(failure: Failure, attempts: u32, dice: f64) -> Duration {
    let base = match failure {
        Failure::Status(429 | 503) => Duration::from_secs(1),
        _ => Duration::from_millis(50),
    };
    let ceiling = base.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(CAP);
    ceiling.mul_f64(dice.clamp(0.0, 1.0))
}

/// Reads `Retry-After`: seconds, or a date, which is held against the `Date` of the same answer so that the clock
/// of this machine does not matter.
pub(crate) fn parse_retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number too big for 64 bits is a very long time all the same.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let wait = http_date(value)?.saturating_sub(http_date(date?.trim())?);
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Reads a date of HTTP (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two old forms that recipients have to
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

/// Keeps an outage from being multiplied: retries and questions are paid from a pot that all calls of a client share and
/// that successes refill.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

impl RetryBudget {
    const FULL: u32 = 500;

    /// What a retry costs.
    pub(crate) const RETRY: u32 = 14;
    /// A service that throttles us is alive: trying again costs less.
    pub(crate) const THROTTLED: u32 = 5;
    /// What it costs to ask what became of a write: there is more to be won by it than by a retry.
    pub(crate) const QUESTION: u32 = 5;

    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(Self::FULL))
    }

    /// Pays for one request more; `false` when the pot is empty.
    pub(crate) fn withdraw(&self, price: u32) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |pot| pot.checked_sub(price))
            .is_ok()
    }

    /// Puts back a little for each call that succeeded.
    pub(crate) fn deposit(&self) {
        // Nearly always full: a load that writes nothing keeps the cache line shared between threads.
        if self.0.load(Ordering::Relaxed) < Self::FULL {
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |pot| {
                (pot < Self::FULL).then_some(pot + 1)
            });
        }
    }
}

/// Random enough to spread retries, and nothing else.
#[derive(Debug)]
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        // The process and the time as well: children of a fork begin with their parent's random state.
        let here = (std::process::id(), std::time::SystemTime::now());
        Self(AtomicU64::new(RandomState::new().hash_one(here)))
    }

    /// A number from 0 to 1, exclusive (`SplitMix64`).
    pub(crate) fn roll(&self) -> f64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: Duration = Duration::from_secs(1);

    fn at(attempts: u32) -> Circumstances {
        Circumstances { attempts, retry_after: None, time_left: 30 * SEC, dice: 0.5 }
    }

    #[test]
    fn the_table_of_failures() {
        use Decision::{Fail, Retry, Unclear};
        use Failure::{BodyLost, NoAnswer, NotSent, Status, Tls, Unintelligible};
        let ms = |n| Retry(Duration::from_millis(n));
        // failure, what a read does, what a write does, after the first attempt
        let rows = [
            (NotSent, ms(25), ms(25)),
            (Tls, Fail, Fail),
            (NoAnswer, ms(25), Unclear),
            (BodyLost, ms(25), Unclear),
            (Unintelligible, Fail, Unclear),
            (Status(302), Fail, Fail),
            (Status(429), ms(500), ms(500)),
            (Status(500), ms(25), Unclear),
            (Status(502), ms(25), Unclear),
            (Status(503), ms(500), Unclear),
            (Status(504), ms(25), Unclear),
            (Status(400), Fail, Fail),
            (Status(403), Fail, Fail),
            (Status(404), Fail, Fail),
            (Status(408), Fail, Fail),
            (Status(409), Fail, Fail),
            (Status(425), Fail, Fail),
            (Status(501), Fail, Unclear),
            (Status(505), Fail, Unclear),
            (Status(599), Fail, Unclear),
        ];
        let policy = RetryPolicy::default();
        for (failure, read, write) in rows {
            assert_eq!(policy.decide(failure, Effect::Read, at(1)), read, "{failure:?}");
            assert_eq!(policy.decide(failure, Effect::Write, at(1)), write, "{failure:?}");
            // The third attempt is the last, whatever it was.
            assert!(!matches!(policy.decide(failure, Effect::Read, at(3)), Retry(_)));
            assert!(!matches!(policy.decide(failure, Effect::Write, at(3)), Retry(_)));
        }
    }

    #[test]
    fn waits_grow_are_capped_and_fit_the_deadline() {
        let policy = RetryPolicy { max_attempts: 100 };
        let wait = |failure, now| policy.decide(failure, Effect::Read, now);
        let top = |attempts| Circumstances { dice: 1.0, time_left: 60 * SEC, ..at(attempts) };
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
            let expected = Decision::Retry(Duration::from_millis(ms));
            assert_eq!(wait(failure, top(attempts)), expected, "{failure:?} {attempts}");
        }
        // What the service asks for is kept to the letter, also above the cap, also zero …
        for asked in [Duration::ZERO, 7 * SEC, 25 * SEC] {
            let now = Circumstances { retry_after: Some(asked), ..at(1) };
            assert_eq!(wait(Failure::Status(429), now), Decision::Retry(asked));
        }
        // … unless it does not fit.
        let now = Circumstances { retry_after: Some(30 * SEC), ..at(1) };
        assert_eq!(wait(Failure::Status(429), now), Decision::Fail);
        let now = Circumstances { time_left: Duration::ZERO, dice: 0.0, ..at(1) };
        assert_eq!(wait(Failure::NotSent, now), Decision::Fail);
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
    fn an_outage_is_not_multiplied() {
        let budget = RetryBudget::new();
        let retries = (0..1000).filter(|_| budget.withdraw(RetryBudget::RETRY)).count();
        assert_eq!(retries, 35);
        for _ in 0..5 {
            budget.deposit();
        }
        assert!(budget.withdraw(RetryBudget::THROTTLED));
        for _ in 0..2000 {
            budget.deposit();
        }
        assert_eq!((0..1000).filter(|_| budget.withdraw(RetryBudget::THROTTLED)).count(), 100);
    }

    #[test]
    fn the_dice_stay_in_range_and_differ() {
        let dice = Dice::new();
        let rolls: Vec<f64> = (0..1000).map(|_| dice.roll()).collect();
        assert!(rolls.iter().all(|roll| (0.0..1.0).contains(roll)));
        let (low, high) = (rolls.iter().any(|r| *r < 0.1), rolls.iter().any(|r| *r > 0.9));
        assert!(low && high);
    }
}
