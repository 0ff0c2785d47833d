//! Shares one access token between all threads of a client: fetches it, refreshes it early, and replaces it after a 401.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::call::token::{Token, TokenResponse};
use crate::error::{Error, ErrorKind, Phase, is_retryable_status};
use crate::sys::deadline::Deadline;
use crate::sys::{self, Ready, Waker, Woken};

/// Requests a token from the token endpoint, until the deadline.
type Fetch<'a> = &'a dyn Fn(Deadline) -> Result<TokenResponse, Error>;

/// Holds the current token, and lets one thread at a time fetch a new one.
#[derive(Default)]
pub(crate) struct TokenCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// Triggered when the running fetch ends; `None` if none runs.
    fetching: Option<Arc<Waker>>,
    /// The thread that fetches: see [`sys::thread_id`].
    fetching_on: usize,
    /// The number of fetches that have ended: it tells a waiter whether the one it waited for has.
    fetches_ended: u64,
    /// The duration of the last successful fetch.
    took: Duration,
    failed: Option<FailedFetch>,
    /// The number of early refreshes of this token that failed, and when the next one may be tried.
    early: (u32, Option<Instant>),
    /// When a token that had been fetched because of a 401 was last refused with a 401.
    rejected_at: Option<Instant>,
}

/// A failed fetch, kept for the threads that waited for it and, if the endpoint is overloaded, for calls a little later.
struct FailedFetch {
    error: Error,
    /// The number of the fetch.
    number: u64,
    /// No token is fetched before this time.
    until: Instant,
    pause: Duration,
}

impl FailedFetch {
    /// Returns the error, with the rest of the pause as its `retry_after`.
    fn error_at(&self, now: Instant) -> Error {
        let left = self.until.saturating_duration_since(now);
        if left.is_zero() { self.error.clone() } else { self.error.clone().retryable_after(left) }
    }
}

/// Drop guard: clears `fetching` and wakes the waiters, also on panic.
struct Fetching<'a>(&'a TokenCache);

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.0.lock().fetching.take() {
            running.trigger();
        }
    }
}

/// Makes the error for a thread that gets no descriptor to wait with.
fn cannot_wait(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Transport(Phase::Token)).with_source(error)
}

impl TokenCache {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves no change half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the current token without fetching one.
    pub(crate) fn current(&self) -> Option<Arc<Token>> {
        self.lock().token.clone()
    }

    /// Returns a token in place of one that was refused with a 401. Many threads with the same bad token cause one fetch.
    ///
    /// While new tokens are refused too, one is fetched at most once a second; `None` means that there is no other to try.
    pub(crate) fn replace(
        &self,
        deadline: Deadline,
        rejected: &Arc<Token>,
        fetch: Fetch<'_>,
    ) -> Result<Option<Arc<Token>>, Error> {
        const EVERY: Duration = Duration::from_secs(1);
        let mut state = self.lock();
        if state.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, rejected)) {
            if state.rejected_at.is_some_and(|at| at.elapsed() < EVERY) {
                return Ok(None);
            }
            state.token = None;
        }
        drop(state);
        self.get(deadline, fetch).map(Some)
    }

    /// Returns the current token, or fetches one. `fetch` is called with its own deadline.
    pub(crate) fn get(&self, deadline: Deadline, fetch: Fetch<'_>) -> Result<Arc<Token>, Error> {
        let mut waited_for = None;
        loop {
            let mut state = self.lock();
            let now = Instant::now();
            let usable = state.token.clone().filter(|token| now < token.expires_at);
            let paused = state.failed.as_ref().is_some_and(|failed| now < failed.until);
            if let Some(token) = &usable {
                let (tries, again) = state.early;
                let early =
                    tries < Token::MAX_EARLY_REFRESHES && again.is_none_or(|again| now >= again);
                if now < token.refresh_at || state.fetching.is_some() || !early || paused {
                    return Ok(Arc::clone(token));
                }
            } else {
                if let Some(failed) = &state.failed {
                    // The fetch that this thread waited for has failed, or fetching is paused.
                    if paused || waited_for == Some(failed.number) {
                        return Err(failed.error_at(now));
                    }
                }
                if let Some(running) = state.fetching.clone() {
                    if state.fetching_on == sys::thread_id() {
                        // This call was made by a poll function of the fetching one, and would wait for itself.
                        drop(state);
                        return self.fetch_nested(deadline, fetch);
                    }
                    waited_for = Some(state.fetches_ended + 1);
                    drop(state);
                    let ended = match deadline.wait(running.fd(), Ready::ToRead) {
                        Ok(Woken::Ready) => continue,
                        Ok(Woken::Deadline) => Error::new(ErrorKind::Timeout(Phase::Token)),
                        Ok(Woken::Waker) => Error::new(ErrorKind::Cancelled),
                        Err(error) => cannot_wait(error),
                    };
                    return Err(ended);
                }
            }
            match (Waker::new(), &usable) {
                (Ok(waker), _) => state.fetching = Some(Arc::new(waker)),
                (Err(_), Some(token)) => return Ok(Arc::clone(token)),
                (Err(error), None) => return Err(cannot_wait(error)),
            }
            state.fetching_on = sys::thread_id();
            drop(state);
            return self.fetch(deadline, usable, fetch);
        }
    }

    /// Notes that a token which was fetched because of a 401 was refused with a 401 as well.
    pub(crate) fn refresh_rejected(&self, token: &Arc<Token>) {
        let mut state = self.lock();
        if state.token.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            state.rejected_at = Some(Instant::now());
        }
    }

    /// Fetches a token for a call made by the poll function of a call that is fetching one on this thread.
    fn fetch_nested(&self, deadline: Deadline, fetch: Fetch<'_>) -> Result<Arc<Token>, Error> {
        let token = Arc::new(Token::new(fetch(deadline)?, Instant::now()));
        self.lock().token = Some(Arc::clone(&token));
        Ok(token)
    }

    fn fetch(
        &self,
        deadline: Deadline,
        usable: Option<Arc<Token>>,
        fetch: Fetch<'_>,
    ) -> Result<Arc<Token>, Error> {
        let mark = Fetching(self);
        let began = Instant::now();
        // The caller of an early refresh has a valid token, and is delayed only about as long as a fetch takes.
        let result = fetch(match usable {
            Some(_) => deadline.no_later_than(began + early_limit(self.lock().took)),
            None => deadline,
        });
        let mut state = self.lock();
        let now = Instant::now();
        state.fetches_ended += 1;
        let outcome = match result {
            Ok(fresh) => {
                let token = Arc::new(Token::new(fresh, now));
                state.token = Some(Arc::clone(&token));
                state.took = now - began;
                state.failed = None;
                state.early = (0, None);
                Ok(token)
            }
            Err(error) => {
                state.remember(&error, now);
                if let Some(token) = &usable {
                    state.early = (state.early.0 + 1, Some(now + token.early_refresh_interval()));
                }
                usable.ok_or(error)
            }
        };
        drop(state);
        drop(mark);
        outcome
    }
}

/// Returns how long an early refresh may take: twice as long as the last fetch, but 250 ms to 2 s.
fn early_limit(took: Duration) -> Duration {
    took.saturating_mul(2).clamp(Duration::from_millis(250), Duration::from_secs(2))
}

impl State {
    /// Keeps a failed fetch; if the endpoint is overloaded, with a pause of 1 s that doubles up to 5 s. A timeout or a cancelled
    /// call is not kept: it concerns only the caller that fetched.
    fn remember(&mut self, error: &Error, now: Instant) {
        if matches!(error.kind(), ErrorKind::Timeout(_) | ErrorKind::Cancelled) {
            return;
        }
        let mut pause = Duration::ZERO;
        if error.api_error().is_some_and(|error| is_retryable_status(error.http_status)) {
            let before = self.failed.as_ref().map_or(Duration::ZERO, |failed| failed.pause);
            pause = (before * 2).clamp(Duration::from_secs(1), Duration::from_secs(5));
        }
        let (error, number, until) = (error.clone(), self.fetches_ended, now + pause);
        self.failed = Some(FailedFetch { error, number, until, pause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use zeroize::Zeroizing;

    #[test]
    fn a_call_within_a_fetch_does_not_wait_for_itself() {
        let cache = TokenCache::default();
        let outer = cache.get(later(), &|deadline| {
            let inner = cache.get(deadline, &|_| Ok(fresh("inner", Duration::from_secs(3600))))?;
            assert_eq!(inner.header.as_str(), "inner");
            Ok(fresh("outer", Duration::from_secs(3600)))
        });
        assert_eq!(outer.unwrap().header.as_str(), "outer");
    }

    fn later() -> Deadline {
        Deadline::until(Instant::now() + Duration::from_secs(600))
    }

    fn fresh(text: &str, lifetime: Duration) -> TokenResponse {
        TokenResponse { header: Arc::new(Zeroizing::new(text.to_owned())), lifetime }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn waiters_share_a_failure_and_the_next_caller_fetches_again() {
        let (cache, fetches) = (TokenCache::default(), AtomicUsize::new(0));
        // Ends when all the others are waiting for it.
        let fetch = |_| {
            fetches.fetch_add(1, Ordering::SeqCst);
            // The cache holds one, and so does each thread that waits.
            while cache.lock().fetching.as_ref().map_or(0, Arc::strong_count) < 8 {
                thread::yield_now();
            }
            Err(Error::new(ErrorKind::Transport(Phase::Connect)))
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert!(cache.get(later(), &fetch).is_err()));
            }
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        let works = |_| Ok(fresh("Bearer 1", HOUR));
        assert_eq!(cache.get(later(), &works).unwrap().header.as_str(), "Bearer 1");
    }

    #[test]
    fn no_token_is_fetched_for_a_while_from_an_overloaded_endpoint() {
        let (cache, fetches) = (TokenCache::default(), AtomicUsize::new(0));
        let overloaded = |_| {
            fetches.fetch_add(1, Ordering::SeqCst);
            let api = crate::error::ApiError { http_status: 503, ..Default::default() };
            Err(Error::new(ErrorKind::Api(api)))
        };
        for _ in 0..3 {
            let error = cache.get(later(), &overloaded).err().unwrap();
            assert_eq!(error.http_status(), Some(503));
        }
        // The error holds the rest of the pause.
        let wait = cache.get(later(), &overloaded).err().unwrap().retry_after().unwrap();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let mut state = cache.lock();
            let failed = state.failed.as_mut().unwrap();
            pauses.push(failed.pause.as_secs());
            failed.until = Instant::now();
            drop(state);
            assert!(cache.get(later(), &overloaded).is_err());
        }
        assert_eq!(pauses, [1, 2, 4, 5, 5, 5, 5]);
    }

    #[test]
    fn after_a_failed_early_refresh_the_old_token_is_used() {
        let cache = TokenCache::default();
        let due = |_| Ok(fresh("Bearer old", HOUR));
        cache.get(later(), &due).unwrap();
        let now = Instant::now();
        cache.lock().token = Some(Arc::new(Token {
            header: Arc::new(Zeroizing::new("Bearer old".to_owned())),
            refresh_at: now,
            expires_at: now + HOUR,
        }));
        let fetches = AtomicUsize::new(0);
        let down = |deadline: Deadline| {
            fetches.fetch_add(1, Ordering::SeqCst);
            // The last fetch took no time.
            assert!(deadline.time_left() <= Duration::from_millis(250));
            Err(Error::new(ErrorKind::Transport(Phase::Connect)))
        };
        for _ in 0..3 {
            assert_eq!(cache.get(later(), &down).unwrap().header.as_str(), "Bearer old");
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn an_early_refresh_is_tried_three_times_at_even_intervals() {
        let cache = TokenCache::default();
        let now = Instant::now();
        let minute = Duration::from_secs(60);
        // A token within its last minute.
        let token = Token {
            header: Arc::new(Zeroizing::new("Bearer old".to_owned())),
            refresh_at: now,
            expires_at: now + minute,
        };
        assert_eq!(token.early_refresh_interval(), minute / 3);
        cache.lock().token = Some(Arc::new(token));
        let fetches = AtomicUsize::new(0);
        let down = |_| {
            fetches.fetch_add(1, Ordering::SeqCst);
            Err(Error::new(ErrorKind::Transport(Phase::Connect)))
        };
        for tries in 1..=5 {
            for _ in 0..2 {
                assert!(cache.get(later(), &down).is_ok());
            }
            assert_eq!(fetches.load(Ordering::SeqCst), tries.min(3));
            let mut state = cache.lock();
            if tries <= 3 {
                let (_, Some(again)) = state.early else { panic!("no next attempt") };
                assert!(again > now + minute / 4 && again < now + minute);
            }
            // As if that time had passed.
            state.early.1 = Some(now);
        }
    }

    #[test]
    fn an_early_refresh_takes_at_most_twice_as_long_as_the_last_fetch() {
        let ms = Duration::from_millis;
        for (took, limit) in
            [(0, 250), (100, 250), (125, 250), (400, 800), (1000, 2000), (9000, 2000)]
        {
            assert_eq!(early_limit(ms(took)), ms(limit));
        }
    }

    #[test]
    fn while_new_tokens_are_refused_one_is_fetched_each_second() {
        let (cache, fetches) = (TokenCache::default(), AtomicUsize::new(0));
        let fetch = |_| {
            let n = fetches.fetch_add(1, Ordering::SeqCst);
            Ok(fresh(&format!("Bearer {n}"), HOUR))
        };
        let old = cache.get(later(), &fetch).unwrap();
        let new = cache.replace(later(), &old, &fetch).unwrap().unwrap();
        // A token that is not the current one is ignored.
        cache.refresh_rejected(&old);
        assert!(cache.lock().rejected_at.is_none());
        cache.refresh_rejected(&new);
        for _ in 0..3 {
            assert!(cache.replace(later(), &new, &fetch).unwrap().is_none());
            // Calls still begin with this token.
            let current = cache.get(later(), &fetch).unwrap();
            assert!(Arc::ptr_eq(&current, &new));
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
        let second = Duration::from_secs(1);
        cache.lock().rejected_at = Instant::now().checked_sub(second);
        let newest = cache.replace(later(), &new, &fetch).unwrap().unwrap();
        assert_eq!(newest.header.as_str(), "Bearer 2");
    }

    /// Puts a token into the cache whose early refresh is due.
    fn due(cache: &TokenCache, expires_at: Instant) {
        let header = Arc::new(Zeroizing::new("Bearer old".to_owned()));
        let token = Token { header, refresh_at: Instant::now(), expires_at };
        cache.lock().token = Some(Arc::new(token));
    }

    #[test]
    fn one_caller_refreshes_early_while_the_others_use_the_old_token() {
        let cache = TokenCache::default();
        due(&cache, Instant::now() + HOUR);
        let fetch = |_| {
            let other = cache.get(later(), &|_| unreachable!()).unwrap();
            assert_eq!(other.header.as_str(), "Bearer old");
            Ok(fresh("Bearer new", HOUR))
        };
        assert_eq!(cache.get(later(), &fetch).unwrap().header.as_str(), "Bearer new");
        let after = cache.get(later(), &|_| unreachable!()).unwrap();
        assert_eq!(after.header.as_str(), "Bearer new");
    }

    #[test]
    fn an_expired_token_is_not_used() {
        let cache = TokenCache::default();
        due(&cache, Instant::now());
        let refused = |_| Err(Error::new(ErrorKind::Transport(Phase::Connect)));
        assert!(cache.get(later(), &refused).is_err());
        let new = cache.get(later(), &|_| Ok(fresh("Bearer new", HOUR))).unwrap();
        assert_eq!(new.header.as_str(), "Bearer new");
    }

    #[test]
    fn a_refused_token_is_not_used_even_if_no_other_can_be_fetched() {
        let cache = TokenCache::default();
        let old = cache.get(later(), &|_| Ok(fresh("Bearer old", HOUR))).unwrap();
        let down = |_| Err(Error::new(ErrorKind::Transport(Phase::Connect)));
        assert!(cache.replace(later(), &old, &down).is_err());
        assert!(cache.get(later(), &down).is_err());
    }

    #[test]
    fn when_the_fetching_call_panics_a_waiting_one_fetches() {
        let (cache, fetches) = (TokenCache::default(), AtomicUsize::new(0));
        let fetch = |_| {
            if fetches.fetch_add(1, Ordering::SeqCst) > 0 {
                return Ok(fresh("Bearer 1", HOUR));
            }
            while cache.lock().fetching.as_ref().map_or(0, Arc::strong_count) < 8 {
                thread::yield_now();
            }
            panic!("injected");
        };
        let get = || {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                cache.get(later(), &fetch).unwrap().header.as_str().to_owned()
            }))
        };
        let ended: Vec<_> = thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(get)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert_eq!(ended.iter().filter(|result| result.is_err()).count(), 1);
        assert!(ended.iter().flatten().all(|header| header == "Bearer 1"));
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_panic_while_fetching_leaves_the_cache_usable() {
        let cache = TokenCache::default();
        let panics = |_| -> Result<TokenResponse, Error> { panic!("injected") };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = cache.get(later(), &panics);
        }));
        assert!(caught.is_err());
        let works = |_| Ok(fresh("Bearer 1", HOUR));
        assert_eq!(cache.get(later(), &works).unwrap().header.as_str(), "Bearer 1");
    }
}
