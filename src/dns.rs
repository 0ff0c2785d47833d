//! Name look-up that keeps to a deadline: one look-up at a time for each host, its answer kept for a minute.
//!
//! getaddrinfo(3) can neither be given a deadline nor be interrupted. It runs in a thread of its own, which is
//! started only when the cache has nothing fresh; a look-up that outlives its call ends by itself and leaves
//! its answer for the next one. An answer that has aged a little serves while it is looked up anew.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::deadline::Bounds;
use crate::sys::{Ready, Waker, Woken};

const KEEP_ANSWER: Duration = Duration::from_secs(60);
/// Until then an old answer is better than waiting for a new one.
const SERVE_STALE: Duration = Duration::from_secs(600);
/// Long enough to spare the resolver a storm, short enough not to be noticed.
const KEEP_FAILURE: Duration = Duration::from_millis(250);

/// The names that were looked up, and what was found.
#[derive(Debug, Default)]
pub(crate) struct Names {
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug, Default)]
struct Host {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The look-up that runs: triggered when it ends.
    running: Option<Arc<Waker>>,
    addresses: Vec<IpAddr>,
    answered: Option<Instant>,
    failed: Option<(Instant, String)>,
}

/// Why a name could not be looked up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LookupError {
    /// The deadline passed first.
    Timeout,
    /// The call was ended.
    Cancelled,
    /// The resolver said no, or could not be asked.
    Failed(String),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here is left half-done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Names {
    /// Looks a host up, or remembers it.
    pub(crate) fn lookup(
        &self,
        host: &str,
        port: u16,
        bounds: Bounds,
    ) -> Result<Vec<SocketAddr>, LookupError> {
        self.lookup_with(host, port, bounds, |host| {
            Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
        })
    }

    /// Takes an answer for old, since nobody could be reached where it leads: the next call looks the name up anew. What was
    /// looked up a moment ago is not doubted, or an outage would become one of the resolver as well.
    pub(crate) fn doubt(&self, host: &str) {
        const A_MOMENT: Duration = Duration::from_secs(1);
        if let Some(entry) = lock(&self.hosts).get(host).cloned() {
            let mut state = lock(&entry.state);
            state.answered = state.answered.filter(|at| at.elapsed() < A_MOMENT);
        }
    }

    fn lookup_with(
        &self,
        host: &str,
        port: u16,
        bounds: Bounds,
        resolve: fn(&str) -> io::Result<Vec<IpAddr>>,
    ) -> Result<Vec<SocketAddr>, LookupError> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let entry = Arc::clone(lock(&self.hosts).entry(bare.to_owned()).or_default());
        loop {
            let running = match entry.known_or_running(port, bare, resolve)? {
                Known::Addresses(addresses) => return Ok(addresses),
                Known::Soon(running) => running,
            };
            match bounds.wait(running.fd(), Ready::ToRead) {
                Ok(Woken::Ready) => {}
                Ok(Woken::Deadline) => return Err(LookupError::Timeout),
                Ok(Woken::Waker) => return Err(LookupError::Cancelled),
                Err(error) => return Err(LookupError::Failed(error.to_string())),
            }
        }
    }
}

enum Known {
    Addresses(Vec<SocketAddr>),
    Soon(Arc<Waker>),
}

impl Host {
    /// Says what is known; where nothing is, sees to it that a look-up runs.
    fn known_or_running(
        self: &Arc<Self>,
        port: u16,
        host: &str,
        resolve: fn(&str) -> io::Result<Vec<IpAddr>>,
    ) -> Result<Known, LookupError> {
        let mut state = lock(&self.state);
        let known = |state: &State| {
            let addresses = state.addresses.iter().map(|ip| SocketAddr::new(*ip, port));
            Ok(Known::Addresses(addresses.collect()))
        };
        let now = Instant::now();
        if state.answered.is_some_and(|at| now - at < KEEP_ANSWER) {
            return known(&state);
        }
        let aged = state.answered.is_some_and(|at| now - at < SERVE_STALE);
        if let Some(running) = &state.running {
            return if aged { known(&state) } else { Ok(Known::Soon(Arc::clone(running))) };
        }
        if let Some((at, why)) = &state.failed {
            if now - *at < KEEP_FAILURE {
                // What was true a while ago is a better guess than nothing.
                return if state.addresses.is_empty() {
                    Err(LookupError::Failed(why.clone()))
                } else {
                    known(&state)
                };
            }
        }
        let running = match self.begin(host, resolve) {
            Ok(running) => running,
            Err(_) if !state.addresses.is_empty() => return known(&state),
            Err(error) => return Err(LookupError::Failed(format!("cannot look it up: {error}"))),
        };
        state.running = Some(Arc::clone(&running));
        if aged { known(&state) } else { Ok(Known::Soon(running)) }
    }

    /// Starts a look-up.
    fn begin(
        self: &Arc<Self>,
        host: &str,
        resolve: fn(&str) -> io::Result<Vec<IpAddr>>,
    ) -> io::Result<Arc<Waker>> {
        let running = Arc::new(Waker::new()?);
        let (entry, host) = (Arc::clone(self), host.to_owned());
        thread::Builder::new()
            .name("sinch-numbers-dns".to_owned())
            .spawn(move || entry.settle(resolve(&host)))?;
        Ok(running)
    }

    fn settle(&self, answer: io::Result<Vec<IpAddr>>) {
        let mut state = lock(&self.state);
        match answer {
            Ok(addresses) if !addresses.is_empty() => {
                state.addresses = addresses;
                state.answered = Some(Instant::now());
                state.failed = None;
            }
            Ok(_) => state.failed = Some((Instant::now(), "the name has no address".to_owned())),
            Err(error) => state.failed = Some((Instant::now(), error.to_string())),
        }
        if let Some(running) = state.running.take() {
            running.trigger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn soon() -> Bounds {
        Bounds::until(Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn addresses_are_not_looked_up() {
        let names = Names::default();
        for (host, expected) in [("127.0.0.1", "127.0.0.1:80"), ("[::1]", "[::1]:80")] {
            let never = |_: &str| -> io::Result<Vec<IpAddr>> { Err(io::Error::other("asked")) };
            let found = names.lookup_with(host, 80, soon(), never).unwrap();
            assert_eq!(found, [expected.parse().unwrap()]);
        }
    }

    #[test]
    fn an_answer_is_kept_and_shared() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let resolve = |_: &str| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            Ok(vec!["127.0.0.2".parse().unwrap()])
        };
        let names = Names::default();
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let found = names.lookup_with("a.test", 7, soon(), resolve).unwrap();
                    assert_eq!(found, ["127.0.0.2:7".parse().unwrap()]);
                });
            }
        });
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failure_says_why_and_a_deadline_ends_the_wait() {
        let names = Names::default();
        let fails = |_: &str| Err(io::Error::other("no such host"));
        let found = names.lookup_with("b.test", 7, soon(), fails);
        assert_eq!(found, Err(LookupError::Failed("no such host".to_owned())));
        let hangs = |_: &str| {
            thread::park();
            Ok(Vec::new())
        };
        let found = names.lookup_with("c.test", 7, Bounds::until(Instant::now()), hangs);
        assert_eq!(found, Err(LookupError::Timeout));
        let found = names.lookup_with("localhost", 7, soon(), |host| {
            Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
        });
        assert!(found.unwrap().iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn an_old_answer_serves_when_the_resolver_fails() {
        let names = Names::default();
        let host = Arc::new(Host::default());
        host.settle(Ok(vec!["127.0.0.3".parse().unwrap()]));
        lock(&host.state).answered = Instant::now().checked_sub(2 * KEEP_ANSWER);
        lock(&names.hosts).insert("d.test".to_owned(), host);
        let fails = |_: &str| Err(io::Error::other("down"));
        let found = names.lookup_with("d.test", 7, soon(), fails).unwrap();
        assert_eq!(found, ["127.0.0.3:7".parse().unwrap()]);
        // Too old to serve unasked, but better than nothing.
        let host = Arc::clone(&lock(&names.hosts)["d.test"]);
        while lock(&host.state).running.is_some() {
            thread::yield_now();
        }
        lock(&host.state).failed = None;
        lock(&host.state).answered = Instant::now().checked_sub(2 * SERVE_STALE);
        let found = names.lookup_with("d.test", 7, soon(), fails).unwrap();
        assert_eq!(found, ["127.0.0.3:7".parse().unwrap()]);
    }

    #[test]
    fn an_answer_that_leads_nowhere_is_looked_up_anew() {
        let names = Names::default();
        let host = Arc::new(Host::default());
        host.settle(Ok(vec!["127.0.0.5".parse().unwrap()]));
        lock(&names.hosts).insert("f.test".to_owned(), Arc::clone(&host));
        let moved = |_: &str| Ok(vec!["127.0.0.6".parse().unwrap()]);
        let found = |resolve| names.lookup_with("f.test", 7, soon(), resolve).unwrap();
        names.doubt("f.test");
        names.doubt("unknown.test");
        assert_eq!(found(moved), ["127.0.0.5:7".parse().unwrap()], "looked up a moment ago");
        lock(&host.state).answered = Instant::now().checked_sub(Duration::from_secs(5));
        names.doubt("f.test");
        assert_eq!(found(moved), ["127.0.0.6:7".parse().unwrap()]);
        // A resolver that fails as well leaves what was true before.
        lock(&host.state).answered = Instant::now().checked_sub(Duration::from_secs(5));
        names.doubt("f.test");
        assert_eq!(found(|_| Err(io::Error::other("down"))), ["127.0.0.6:7".parse().unwrap()]);
    }

    #[test]
    fn an_old_answer_serves_while_a_slow_resolver_is_asked() {
        let names = Names::default();
        let host = Arc::new(Host::default());
        host.settle(Ok(vec!["127.0.0.4".parse().unwrap()]));
        lock(&host.state).answered = Instant::now().checked_sub(2 * KEEP_ANSWER);
        lock(&names.hosts).insert("e.test".to_owned(), host);
        let hangs = |_: &str| {
            thread::park();
            Ok(Vec::new())
        };
        for _ in 0..2 {
            let found = names.lookup_with("e.test", 7, soon(), hangs).unwrap();
            assert_eq!(found, ["127.0.0.4:7".parse().unwrap()]);
        }
    }
}
