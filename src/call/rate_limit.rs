//! Limits the rate of requests: the setting `requestsPerSecond`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Spaces the requests of all calls of a client evenly: a token bucket that holds one token. The caller gives the time.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    /// When the next request may be sent; `None` before the first.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// Makes a limit; `None` for a rate of 0, which is no limit.
    pub(crate) fn new(per_second: f64) -> Option<Self> {
        const DAY: Duration = Duration::from_secs(86_400);
        (per_second > 0.0).then(|| Self {
            interval: Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(DAY).min(DAY),
            next: Mutex::default(),
        })
    }

    /// Takes the next turn and returns how long to wait for it. `None` if it comes after the deadline: then the
    /// turn is left to other calls.
    pub(crate) fn take(&self, now: Instant, deadline: Instant) -> Option<Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        if turn >= deadline {
            return None;
        }
        *next = Some(turn + self.interval);
        Some(turn.duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_spaced_evenly() {
        // A row is a call: when it comes, its deadline, and the wait, all in ms.
        let rows: [(u64, u64, Option<u64>); 10] = [
            (0, 1000, Some(0)),
            (0, 1000, Some(100)),
            (50, 1000, Some(150)),
            // A turn after the deadline is not taken.
            (50, 300, None),
            (60, 310, Some(240)),
            (400, 1000, Some(0)),
            // Idle time is not saved up.
            (5000, 6000, Some(0)),
            (5000, 6000, Some(100)),
            (5199, 6000, Some(1)),
            (5300, 5300, None),
        ];
        let (rate_limit, begin, ms) =
            (RateLimit::new(10.0).unwrap(), Instant::now(), Duration::from_millis);
        for (now, deadline, wait) in rows {
            let taken = rate_limit.take(begin + ms(now), begin + ms(deadline));
            assert_eq!(taken, wait.map(ms), "{now}");
        }
    }

    #[test]
    fn rates() {
        assert!(RateLimit::new(0.0).is_none() && RateLimit::new(-0.0).is_none());
        for (rate, seconds) in
            [(0.5, 2.0), (1e-300, 86_400.0), (f64::MIN_POSITIVE, 86_400.0), (1e6, 1e-6)]
        {
            let rate_limit = RateLimit::new(rate).unwrap();
            assert_eq!(rate_limit.interval, Duration::from_secs_f64(seconds), "{rate}");
        }
    }

    #[test]
    fn threads_share_the_turns() {
        let (rate_limit, begin) = (RateLimit::new(100.0).unwrap(), Instant::now());
        let late = begin + Duration::from_secs(60);
        let mut waits: Vec<Duration> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let take = || (0..10).map(|_| rate_limit.take(begin, late).unwrap());
                    scope.spawn(move || take().collect::<Vec<_>>())
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        waits.sort();
        let expected: Vec<Duration> =
            (0..80).map(|turn| Duration::from_millis(turn * 10)).collect();
        assert_eq!(waits, expected);
    }
}
