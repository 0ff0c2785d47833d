//! How calls prove who they are: Basic, or OAuth2 client credentials with a token that all threads share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::cancel::Bounds;
use crate::error::{Error, ErrorKind, Phase};
use crate::json;
use crate::sys::{Ready, Waker, Woken};

/// An access key of a Sinch project, and the way to use it.
///
/// The secret is wiped from memory when the last copy is dropped, and `Debug` does not show it. An access token that was fetched
/// with it may stay in freed memory: ureq and rustls free their buffers as they are. Where a program turns the `log` crate on
/// at level trace, ureq writes the bodies of responses to it, those of the token endpoint included.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    method: Method,
    key_id: String,
    key_secret: Zeroizing<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    OAuth2,
    Basic,
}

impl Credentials {
    /// Uses an access key for OAuth2 client credentials: the key is shown to the token endpoint only, calls carry a
    /// token that expires. This is the way for production.
    pub fn oauth2(key_id: impl Into<String>, key_secret: impl Into<String>) -> Self {
        Self::new(Method::OAuth2, key_id.into(), key_secret.into())
    }

    /// Shows the access key itself on every call. The service limits the rate of such calls heavily: it is meant for
    /// trying things out.
    pub fn basic(key_id: impl Into<String>, key_secret: impl Into<String>) -> Self {
        Self::new(Method::Basic, key_id.into(), key_secret.into())
    }

    fn new(method: Method, key_id: String, key_secret: String) -> Self {
        Self(Arc::new(Inner { method, key_id, key_secret: Zeroizing::new(key_secret) }))
    }

    pub(crate) fn uses_tokens(&self) -> bool {
        self.0.method == Method::OAuth2
    }

    /// Refuses what cannot stand in a header, without repeating it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        const LONGEST: usize = 1024;
        let Inner { key_id, key_secret, .. } = &*self.0;
        for (field, text) in [("keyId", key_id.as_str()), ("keySecret", key_secret.as_str())] {
            if text.len() > LONGEST {
                return Err(Error::invalid(field, format!("is longer than {LONGEST} bytes")));
            }
        }
        if key_id.is_empty() {
            return Err(Error::invalid("keyId", "is empty"));
        }
        if !key_id.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            return Err(Error::invalid(
                "keyId",
                "holds a character that is not printable ASCII, or a colon",
            ));
        }
        if key_secret.is_empty() {
            return Err(Error::invalid("keySecret", "is empty"));
        }
        if key_secret.chars().any(char::is_control) {
            return Err(Error::invalid("keySecret", "holds a control character"));
        }
        Ok(())
    }

    pub(crate) fn key_secret(&self) -> &str {
        &self.0.key_secret
    }

    /// The header of Basic authentication: for calls, or for the token endpoint.
    pub(crate) fn basic_header(&self) -> Header {
        Arc::new(basic(&self.0.key_id, &self.0.key_secret))
    }
}

/// Writes the value of a header of Basic authentication.
pub(crate) fn basic(name: &str, password: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(name.len() + 1 + password.len()));
    for part in [name, ":", password] {
        plain.push_str(part);
    }
    let mut header = Zeroizing::new(String::with_capacity(6 + plain.len().div_ceil(3) * 4));
    header.push_str("Basic ");
    push_base64(&mut header, plain.as_bytes());
    header
}

/// Writes standard base64. Within the capacity of `out`, so that no copy is left behind by a reallocation.
fn push_base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                let index = (group >> (18 - 6 * digit)) & 63;
                out.push(char::from(DIGITS[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("method", &self.0.method)
            .field("key_id", &self.0.key_id)
            .finish_non_exhaustive()
    }
}

/// The whole value of an `Authorization` header, wiped when the last one who needs it is done.
pub(crate) type Header = Arc<Zeroizing<String>>;

/// What a call shows the service.
pub(crate) struct Token {
    header: Header,
    /// From here on one caller fetches a new one while the others go on with this one.
    refresh_at: Instant,
    expires_at: Instant,
}

impl Token {
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }
}

/// A token as the endpoint gave it.
pub(crate) struct Fresh {
    header: Header,
    lifetime: Duration,
}

impl Fresh {
    #[cfg(all(feature = "test-hooks", feature = "capi"))]
    pub(crate) fn parts(&self) -> (&str, Duration) {
        (&self.header, self.lifetime)
    }

    /// Reads the body of a successful answer. No error repeats any of it.
    pub(crate) fn parse(status: u16, body: &[u8]) -> Result<Self, Error> {
        // Such that a whole head fits the transport's buffer.
        const LIMIT: usize = 8 * 1024;
        let wrong =
            |what: &str| Error::protocol(format!("token endpoint: {what}"), Some(status), b"");
        let text = json::check(body)
            .map_err(|flaw| wrong("the answer is no JSON object").with_source(flaw))?;
        let token = json::value_at(text, "/access_token")
            .and_then(json::text_of)
            .map(Zeroizing::new)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| wrong("the answer holds no access_token"))?;
        if token.len() > LIMIT {
            return Err(wrong("the access_token is too long"));
        }
        let fits = token.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if !fits || token.trim() != token.as_str() {
            return Err(wrong("the access_token holds characters that do not belong in a header"));
        }
        let mut header = Zeroizing::new(String::with_capacity(7 + token.len()));
        header.push_str("Bearer ");
        header.push_str(&token);
        Ok(Self {
            header: Arc::new(header),
            lifetime: lifetime(json::value_at(text, "/expires_in")),
        })
    }
}

/// How long a token is taken to be good: `expires_in` within a second and a day, whatever it says; five minutes
/// when it says nothing of use. A token that lives shorter than assumed costs one refresh after a 401.
fn lifetime(expires_in: Option<&str>) -> Duration {
    const UNKNOWN: Duration = Duration::from_secs(300);
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(24 * 3600);
    let Some(raw) = expires_in else { return UNKNOWN };
    let text = json::text_of(raw).unwrap_or_else(|| raw.to_owned());
    match serde_json::from_str::<f64>(text.trim()) {
        Ok(seconds) if seconds >= LONGEST.as_secs_f64() => LONGEST,
        Ok(seconds) if seconds >= SHORTEST.as_secs_f64() => Duration::from_secs_f64(seconds),
        Ok(_) => SHORTEST,
        Err(_) => UNKNOWN,
    }
}

/// The token that all threads share.
pub(crate) struct TokenCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// The fetch that runs: triggered when it ends.
    fetching: Option<Arc<Waker>>,
    /// Counts the fetches that have ended, so that a waiter knows the one it waited for.
    ended: u64,
    failure: Option<Failure>,
    /// Until then no early refresh is tried again.
    early_again: Option<Instant>,
}

struct Failure {
    error: Error,
    /// Which fetch it was.
    ended: u64,
    /// Until then the endpoint is left alone.
    until: Instant,
    pause: Duration,
}

/// Takes the mark off again when a fetch ends, also by a panic: no waiter may wait for nobody.
struct Fetching<'a>(&'a TokenCache);

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.0.lock().fetching.take() {
            running.trigger();
        }
    }
}

/// No descriptor to be had for waiting.
fn cannot_wait(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Transport(Phase::Token)).with_source(error)
}

impl TokenCache {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::default()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of the state is complete in itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that is there, if there is one.
    pub(crate) fn current(&self) -> Option<Arc<Token>> {
        self.lock().token.clone()
    }

    /// Returns a token that works as far as is known, fetching one if need be.
    ///
    /// `rejected` is the token that was just answered with 401: it is replaced only if it is still the current one, so
    /// that many threads with the same bad token cause one fetch. `fetch` is given its own deadline.
    pub(crate) fn get(
        &self,
        bounds: Bounds,
        rejected: Option<&Arc<Token>>,
        fetch: &dyn Fn(Bounds) -> Result<Fresh, Error>,
    ) -> Result<Arc<Token>, Error> {
        let mut waited_for = None;
        loop {
            let mut state = self.lock();
            let now = Instant::now();
            if let (Some(bad), Some(current)) = (rejected, &state.token) {
                if Arc::ptr_eq(bad, current) {
                    state.token = None;
                }
            }
            let usable = state.token.clone().filter(|token| now < token.expires_at);
            let paused = state.failure.as_ref().is_some_and(|failure| now < failure.until);
            if let Some(token) = &usable {
                let early = state.early_again.is_none_or(|again| now >= again) && !paused;
                if now < token.refresh_at || state.fetching.is_some() || !early {
                    return Ok(Arc::clone(token));
                }
            } else {
                if let Some(failure) = &state.failure {
                    // The fetch that this thread waited for has failed, or the endpoint is being left alone.
                    if paused || waited_for == Some(failure.ended) {
                        return Err(failure.error.clone());
                    }
                }
                if let Some(running) = state.fetching.clone() {
                    waited_for = Some(state.ended + 1);
                    drop(state);
                    match bounds.wait(running.fd(), Ready::ToRead) {
                        Ok(Woken::Ready) => continue,
                        Ok(Woken::Deadline) => {
                            return Err(Error::new(ErrorKind::Timeout(Phase::Token)));
                        }
                        Ok(Woken::Waker) => return Err(Error::new(ErrorKind::Cancelled)),
                        Err(error) => return Err(cannot_wait(error)),
                    }
                }
            }
            match (Waker::new(), &usable) {
                (Ok(waker), _) => state.fetching = Some(Arc::new(waker)),
                (Err(_), Some(token)) => return Ok(Arc::clone(token)),
                (Err(error), None) => return Err(cannot_wait(error)),
            }
            drop(state);
            return self.fetch(bounds, usable, fetch);
        }
    }

    fn fetch(
        &self,
        bounds: Bounds,
        usable: Option<Arc<Token>>,
        fetch: &dyn Fn(Bounds) -> Result<Fresh, Error>,
    ) -> Result<Arc<Token>, Error> {
        const EARLY: Duration = Duration::from_secs(5);
        let mark = Fetching(self);
        // A refresh that is only early must not cost its caller the call.
        let result = fetch(match usable {
            Some(_) => bounds.no_later_than(Instant::now() + (bounds.time_left() / 2).min(EARLY)),
            None => bounds,
        });
        let mut state = self.lock();
        state.ended += 1;
        let outcome = match result {
            Ok(fresh) => {
                let token = Arc::new(Token::new(fresh, Instant::now()));
                state.token = Some(Arc::clone(&token));
                state.failure = None;
                Ok(token)
            }
            Err(error) => {
                state.remember(&error, Instant::now());
                if usable.is_some() {
                    state.early_again = Some(Instant::now() + Duration::from_secs(1));
                }
                usable.ok_or(error)
            }
        };
        drop(state);
        drop(mark);
        outcome
    }
}

impl State {
    /// Keeps a failure for those who waited for it; and, where asking again at once would only add to the trouble,
    /// for those who come a little later. That one caller's time was up, or that it was ended, is its own affair.
    fn remember(&mut self, error: &Error, now: Instant) {
        const FIRST: Duration = Duration::from_secs(1);
        const LAST: Duration = Duration::from_secs(30);
        if matches!(error.kind(), ErrorKind::Timeout(_) | ErrorKind::Cancelled) {
            return;
        }
        let overloaded = error
            .api_error()
            .is_some_and(|answer| crate::retry::is_retryable_status(answer.http_status));
        let pause = if overloaded {
            let before = self.failure.as_ref().map_or(Duration::ZERO, |failure| failure.pause);
            (before * 2).clamp(FIRST, LAST)
        } else {
            Duration::ZERO
        };
        self.failure =
            Some(Failure { error: error.clone(), ended: self.ended, until: now + pause, pause });
    }
}

impl Token {
    fn new(fresh: Fresh, now: Instant) -> Self {
        const EARLY: Duration = Duration::from_secs(60);
        let expires_at = now + fresh.lifetime;
        let refresh_at = now + fresh.lifetime.saturating_sub(EARLY.min(fresh.lifetime / 2));
        Self { header: fresh.header, refresh_at, expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    fn later() -> Bounds {
        Bounds::until(Instant::now() + Duration::from_secs(600))
    }

    fn fresh(text: &str, lifetime: Duration) -> Fresh {
        Fresh { header: Arc::new(Zeroizing::new(text.to_owned())), lifetime }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn basic_headers() {
        for (id, secret, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("a", "bc", "Basic YTpiYw=="),
            ("a", "bcd", "Basic YTpiY2Q="),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ] {
            assert_eq!(Credentials::basic(id, secret).basic_header().as_str(), expected);
        }
    }

    #[test]
    fn keys_that_cannot_be_sent_are_refused_without_being_shown() {
        let rows = [
            ("", "s", "keyId: is empty"),
            ("a:b", "s", "keyId: holds"),
            ("a b", "s", "keyId: holds"),
            ("a\r\nb", "s", "keyId: holds"),
            ("é", "s", "keyId: holds"),
            ("k", "", "keySecret: is empty"),
            ("k", "hush\nhush", "keySecret: holds"),
            ("k", &"hush".repeat(257), "keySecret: is longer"),
        ];
        for (id, secret, expected) in rows {
            let credentials = Credentials::oauth2(id, secret);
            let error = credentials.check().unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(!format!("{error:?}").contains("hush"));
        }
        assert!(Credentials::basic("k", "pass:wörd ok").check().is_ok());
        assert!(!format!("{:?}", Credentials::basic("k", "hush")).contains("hush"));
    }

    #[test]
    fn token_answers() {
        let ok = [
            (r#"{"access_token":"t","expires_in":3599,"scope":"","token_type":"bearer"}"#, 3599.0),
            (r#"{"access_token":"t"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":null}"#, 300.0),
            (r#"{"access_token":"t","expires_in":"3600"}"#, 3600.0),
            (r#"{"access_token":"t","expires_in":"soon"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":0}"#, 1.0),
            (r#"{"access_token":"t","expires_in":-5}"#, 1.0),
            (r#"{"access_token":"t","expires_in":20.5}"#, 20.5),
            (r#"{"access_token":"t","expires_in":1e300}"#, 86_400.0),
            (r#"{"access_token":"t","expires_in":"inf"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":"NaN"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":99999999999999999999999}"#, 86_400.0),
            (r#"{"access_token":"t","expires_in":true}"#, 300.0),
            (r#"{"access_token":"t","expires_in":[20]}"#, 300.0),
            (r#"{"access_token":"x","access_token":"t","token_type":"NONSENSE"}"#, 300.0),
            (r#"{"access_token":"\u0074"}"#, 300.0),
            ("\u{feff}{\"access_token\":\"t\"}", 300.0),
        ];
        for (body, seconds) in ok {
            let fresh = Fresh::parse(200, body.as_bytes()).unwrap();
            assert_eq!(fresh.header.as_str(), "Bearer t", "{body}");
            assert_eq!(fresh.lifetime, Duration::from_secs_f64(seconds), "{body}");
        }
        let inner_space = Fresh::parse(200, br#"{"access_token":"token value"}"#).unwrap();
        assert_eq!(inner_space.header.as_str(), "Bearer token value");
        let bad = [
            ("", "no JSON object"),
            ("not json", "no JSON object"),
            (r#"["t"]"#, "no JSON object"),
            (r#""hush""#, "no JSON object"),
            ("{}", "no access_token"),
            (r#"{"access_token":""}"#, "no access_token"),
            (r#"{"access_token":null}"#, "no access_token"),
            (r#"{"access_token":5}"#, "no access_token"),
            (r#"{"access_token":{"hush":1}}"#, "no access_token"),
            (r#"{"access_token":"hush\r\nX: y"}"#, "do not belong in a header"),
            (r#"{"access_token":"hush\u0000"}"#, "do not belong in a header"),
            (r#"{"access_token":"húsh"}"#, "do not belong in a header"),
            (r#"{"access_token":" hush"}"#, "do not belong in a header"),
        ];
        for (body, expected) in bad {
            let error = Fresh::parse(200, body.as_bytes()).err().unwrap();
            assert!(error.to_string().contains(expected), "{body}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
        let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(9000));
        assert!(Fresh::parse(200, long.as_bytes()).is_err());
    }

    #[test]
    fn one_fetch_serves_all_threads() {
        let (cache, fetches) = (TokenCache::new(), AtomicUsize::new(0));
        let fetch = |_| {
            fetches.fetch_add(1, Ordering::SeqCst);
            Ok(fresh("Bearer 1", HOUR))
        };
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    assert_eq!(
                        cache.get(later(), None, &fetch).unwrap().header().as_str(),
                        "Bearer 1"
                    );
                });
            }
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn many_rejections_of_one_token_cause_one_fetch() {
        let (cache, fetches) = (TokenCache::new(), AtomicUsize::new(0));
        let fetch = |_| {
            let n = fetches.fetch_add(1, Ordering::SeqCst);
            Ok(fresh(&format!("Bearer {n}"), HOUR))
        };
        let old = cache.get(later(), None, &fetch).unwrap();
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    let new = cache.get(later(), Some(&old), &fetch).unwrap();
                    assert_eq!(new.header().as_str(), "Bearer 1");
                });
            }
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn waiters_share_a_failure_and_the_next_caller_asks_again() {
        let (cache, fetches) = (TokenCache::new(), AtomicUsize::new(0));
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
                scope.spawn(|| assert!(cache.get(later(), None, &fetch).is_err()));
            }
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        let works = |_| Ok(fresh("Bearer 1", HOUR));
        assert_eq!(cache.get(later(), None, &works).unwrap().header().as_str(), "Bearer 1");
    }

    #[test]
    fn an_overloaded_endpoint_is_left_alone_for_a_while() {
        let (cache, fetches) = (TokenCache::new(), AtomicUsize::new(0));
        let overloaded = |_| {
            fetches.fetch_add(1, Ordering::SeqCst);
            let answer = crate::error::ApiError { http_status: 503, ..Default::default() };
            Err(Error::new(ErrorKind::Api(answer)))
        };
        for _ in 0..3 {
            let error = cache.get(later(), None, &overloaded).err().unwrap();
            assert_eq!(error.http_status(), Some(503));
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let mut state = cache.lock();
            let failure = state.failure.as_mut().unwrap();
            pauses.push(failure.pause.as_secs());
            failure.until = Instant::now();
            drop(state);
            assert!(cache.get(later(), None, &overloaded).is_err());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_waiter_keeps_its_own_deadline() {
        let cache = TokenCache::new();
        cache.lock().fetching = Some(Arc::new(Waker::new().unwrap()));
        let error =
            cache.get(Bounds::until(Instant::now()), None, &|_| unreachable!()).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Token)));
    }

    #[test]
    fn an_early_refresh_that_fails_costs_nothing() {
        let cache = TokenCache::new();
        let due = |_| Ok(fresh("Bearer old", HOUR));
        cache.get(later(), None, &due).unwrap();
        let now = Instant::now();
        cache.lock().token = Some(Arc::new(Token {
            header: Arc::new(Zeroizing::new("Bearer old".to_owned())),
            refresh_at: now,
            expires_at: now + HOUR,
        }));
        let fetches = AtomicUsize::new(0);
        let down = |bounds: Bounds| {
            fetches.fetch_add(1, Ordering::SeqCst);
            assert!(
                bounds.time_left() < Duration::from_secs(6),
                "little time for an early refresh"
            );
            Err(Error::new(ErrorKind::Transport(Phase::Connect)))
        };
        for _ in 0..3 {
            assert_eq!(cache.get(later(), None, &down).unwrap().header().as_str(), "Bearer old");
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    /// Puts a token into the cache whose early refresh is due.
    fn due(cache: &TokenCache, expires_at: Instant) {
        let header = Arc::new(Zeroizing::new("Bearer old".to_owned()));
        let token = Token { header, refresh_at: Instant::now(), expires_at };
        cache.lock().token = Some(Arc::new(token));
    }

    #[test]
    fn one_refreshes_early_and_the_others_go_on() {
        let cache = TokenCache::new();
        due(&cache, Instant::now() + HOUR);
        let fetch = |_| {
            let other = cache.get(later(), None, &|_| unreachable!()).unwrap();
            assert_eq!(other.header().as_str(), "Bearer old");
            Ok(fresh("Bearer new", HOUR))
        };
        assert_eq!(cache.get(later(), None, &fetch).unwrap().header().as_str(), "Bearer new");
        let after = cache.get(later(), None, &|_| unreachable!()).unwrap();
        assert_eq!(after.header().as_str(), "Bearer new");
    }

    #[test]
    fn a_token_that_has_expired_is_shown_to_nobody() {
        let cache = TokenCache::new();
        due(&cache, Instant::now());
        let refused = |_| Err(Error::new(ErrorKind::Transport(Phase::Connect)));
        assert!(cache.get(later(), None, &refused).is_err());
        let new = cache.get(later(), None, &|_| Ok(fresh("Bearer new", HOUR))).unwrap();
        assert_eq!(new.header().as_str(), "Bearer new");
    }

    #[test]
    fn a_refused_token_is_shown_to_nobody_even_if_no_other_is_to_be_had() {
        let cache = TokenCache::new();
        let old = cache.get(later(), None, &|_| Ok(fresh("Bearer old", HOUR))).unwrap();
        let down = |_| Err(Error::new(ErrorKind::Transport(Phase::Connect)));
        assert!(cache.get(later(), Some(&old), &down).is_err());
        assert!(cache.get(later(), None, &down).is_err());
    }

    #[test]
    fn tokens_are_refreshed_a_minute_early_or_half_way() {
        let now = Instant::now();
        for (lifetime, early) in [(3600, 60), (121, 60), (120, 60), (60, 30), (20, 10), (1, 0)] {
            let lifetime = Duration::from_secs(lifetime);
            let token = Token::new(fresh("Bearer 1", lifetime), now);
            let early = if early == 0 { lifetime / 2 } else { Duration::from_secs(early) };
            assert_eq!(token.expires_at, now + lifetime);
            assert_eq!(token.refresh_at + early, now + lifetime, "{lifetime:?}");
        }
    }

    #[test]
    fn where_the_fetcher_panics_one_of_those_who_wait_takes_over() {
        let (cache, fetches) = (TokenCache::new(), AtomicUsize::new(0));
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
                cache.get(later(), None, &fetch).unwrap().header().as_str().to_owned()
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
        let cache = TokenCache::new();
        let panics = |_| -> Result<Fresh, Error> { panic!("injected") };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = cache.get(later(), None, &panics);
        }));
        assert!(caught.is_err());
        let works = |_| Ok(fresh("Bearer 1", HOUR));
        assert_eq!(cache.get(later(), None, &works).unwrap().header().as_str(), "Bearer 1");
    }
}
