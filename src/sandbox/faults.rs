//! Injected faults: the shares of calls that fail, and of writes that are lost or late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http::Response;
use super::response::plain_error;

/// The frequency of each fault: shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FaultSettings {
    /// Of all calls: 429, not carried out.
    pub(super) fail_429: f64,
    /// Of all calls: 503, not carried out.
    pub(super) fail_503: f64,
    /// Of the accepted writes: 503, carried out all the same.
    pub(super) fail_503_after: f64,
    /// Of the accepted writes: no response.
    pub(super) lose: f64,
    /// Of the accepted writes: carried out after the response.
    pub(super) late: f64,
    /// The longest time between the response and a late write.
    pub(super) late_by: Duration,
}

/// Draws the faults. The order of the calls alone decides: they are the same in every run.
#[derive(Debug, Default)]
pub(super) struct Faults {
    settings: FaultSettings,
    calls: AtomicU64,
    writes: AtomicU64,
}

/// The faults of one accepted write, drawn independently of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WriteFaults {
    /// It gets no response.
    pub(super) lost: bool,
    /// Its response is 503.
    pub(super) fails_503: bool,
    /// It is carried out this long after its response.
    pub(super) late: Option<Duration>,
}

impl Faults {
    /// If the shares of 429 and 503 together are over 1, that of 503 is cut.
    pub(super) fn new(settings: FaultSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Draws whether the next call fails; the error is its response.
    pub(super) fn next_call(&self) -> Result<(), Response> {
        let drawn = draw(self.calls.fetch_add(1, Ordering::Relaxed));
        let FaultSettings { fail_429, fail_503, .. } = self.settings;
        if drawn < fail_429 {
            let refusal =
                plain_error(429, "RESOURCE_EXHAUSTED", "the rate limit has been exceeded");
            return Err(refusal.with_header("retry-after", "1"));
        }
        if drawn < fail_429 + fail_503 { Err(unavailable()) } else { Ok(()) }
    }

    /// The faults of the next accepted write.
    pub(super) fn next_write(&self) -> WriteFaults {
        // The upper half of the counter's range, so that nothing is drawn twice.
        const FIRST: u64 = 1 << 63;
        const DRAWS: u64 = 4;
        let first = FIRST + DRAWS * self.writes.fetch_add(1, Ordering::Relaxed);
        let settings = &self.settings;
        // More than zero, so that a late write comes after its response.
        let part = 1.0 - draw(first + 3);
        let by = Duration::try_from_secs_f64(settings.late_by.as_secs_f64() * part);
        WriteFaults {
            lost: draw(first) < settings.lose,
            fails_503: draw(first + 1) < settings.fail_503_after,
            late: (draw(first + 2) < settings.late).then(|| by.unwrap_or(settings.late_by)),
        }
    }
}

/// The 503 of a gateway. It looks the same whether the call was carried out or not.
pub(super) fn unavailable() -> Response {
    plain_error(503, "UNAVAILABLE", "the service is unavailable")
}

/// A number from 0 to less than 1, spread evenly over the calls (`SplitMix64`).
fn draw(call: u64) -> f64 {
    let mut bits = (call + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_kept() {
        for (share_429, share_503, expected_429, expected_503) in [
            (0.0, 0.0, 0..=0, 0..=0),
            (1.0, 0.0, 10_000..=10_000, 0..=0),
            (0.0, 1.0, 0..=0, 10_000..=10_000),
            (0.1, 0.3, 900..=1_100, 2_800..=3_200),
            (0.7, 0.7, 6_800..=7_200, 2_800..=3_200),
        ] {
            let settings =
                FaultSettings { fail_429: share_429, fail_503: share_503, ..Default::default() };
            let faults = Faults::new(settings);
            let statuses: Vec<u16> = (0..10_000)
                .map(|_| faults.next_call().map_or_else(|refusal| refusal.status, |()| 200))
                .collect();
            let count = |status| statuses.iter().filter(|&&other| other == status).count();
            assert!(expected_429.contains(&count(429)), "{}", count(429));
            assert!(expected_503.contains(&count(503)), "{}", count(503));
        }
    }

    #[test]
    fn a_rate_limit_says_how_long_to_wait() {
        let refusal = Faults::new(FaultSettings { fail_429: 1.0, ..Default::default() })
            .next_call()
            .unwrap_err();
        assert_eq!(refusal.headers, [("retry-after", "1".to_owned())]);
    }

    #[test]
    fn writes_get_lost_and_late_independently() {
        const BY: Duration = Duration::from_secs(10);
        // Shares of lost, 503 and late writes, and how many of 10,000 are lost, 503, late, all three.
        for (lose, fail_503_after, late, expected) in [
            (0.0, 0.0, 0.0, [0..=0, 0..=0, 0..=0, 0..=0]),
            (1.0, 0.0, 0.0, [10_000..=10_000, 0..=0, 0..=0, 0..=0]),
            (1.0, 1.0, 1.0, [10_000..=10_000, 10_000..=10_000, 10_000..=10_000, 10_000..=10_000]),
            (0.5, 0.5, 0.5, [4_800..=5_200, 4_800..=5_200, 4_800..=5_200, 1_100..=1_400]),
            (0.1, 0.0, 0.3, [900..=1_100, 0..=0, 2_800..=3_200, 0..=0]),
        ] {
            let settings =
                FaultSettings { lose, fail_503_after, late, late_by: BY, ..Default::default() };
            let faults = Faults::new(settings);
            let drawn: Vec<_> = (0..10_000).map(|_| faults.next_write()).collect();
            let count = |has: fn(&WriteFaults) -> bool| drawn.iter().filter(|one| has(one)).count();
            let counts = [
                count(|one| one.lost),
                count(|one| one.fails_503),
                count(|one| one.late.is_some()),
                count(|one| one.lost && one.fails_503 && one.late.is_some()),
            ];
            for (count, expected) in counts.iter().zip(&expected) {
                assert!(expected.contains(count), "{settings:?}: {counts:?}");
            }
            assert!(drawn.iter().filter_map(|one| one.late).all(|by| !by.is_zero() && by <= BY));
            let again = Faults::new(settings);
            assert!(drawn.iter().all(|one| *one == again.next_write()));
        }
        let forever = FaultSettings { late: 1.0, late_by: Duration::MAX, ..Default::default() };
        assert!(Faults::new(forever).next_write().late.is_some());
    }
}
