//! Calls that are turned down on purpose, in a share that can be set.

use std::sync::atomic::{AtomicU64, Ordering};

use super::answer::plain_error;
use super::http::Response;

/// Turns down a share of the calls. Which ones, their order alone decides: the same in every run.
#[derive(Debug, Default)]
pub(super) struct Faults {
    share_429: f64,
    share_503: f64,
    calls: AtomicU64,
}

impl Faults {
    /// Both shares are from 0 to 1. Where they do not fit together, 429 goes first.
    pub(super) fn new(share_429: f64, share_503: f64) -> Self {
        Self { share_429, share_503, calls: AtomicU64::new(0) }
    }

    /// The answer of the next call, if it is one of those that are turned down.
    pub(super) fn strike(&self) -> Result<(), Response> {
        let drawn = draw(self.calls.fetch_add(1, Ordering::Relaxed));
        if drawn < self.share_429 {
            let refusal =
                plain_error(429, "RESOURCE_EXHAUSTED", "the rate limit has been exceeded");
            return Err(refusal.with_header("retry-after", "1"));
        }
        if drawn < self.share_429 + self.share_503 {
            return Err(plain_error(503, "UNAVAILABLE", "the service is unavailable"));
        }
        Ok(())
    }
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
            let faults = Faults::new(share_429, share_503);
            let statuses: Vec<u16> = (0..10_000)
                .map(|_| faults.strike().map_or_else(|refusal| refusal.status, |()| 200))
                .collect();
            let count = |status| statuses.iter().filter(|&&other| other == status).count();
            assert!(expected_429.contains(&count(429)), "{}", count(429));
            assert!(expected_503.contains(&count(503)), "{}", count(503));
        }
    }

    #[test]
    fn a_rate_limit_says_how_long_to_wait() {
        let refusal = Faults::new(1.0, 0.0).strike().unwrap_err();
        assert_eq!(refusal.headers, [("retry-after", "1".to_owned())]);
    }
}
