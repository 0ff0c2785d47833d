//! Looks up the addresses of one host, within the deadline of the call, and remembers them for a minute.
//!
//! getaddrinfo(3) can neither be given a deadline nor be interrupted. It runs on a thread of its own, which is started only
//! when the cache has nothing fresh; a look-up that outlives its call ends by itself and fills the cache for the next one.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::{Ready, Waker};

use super::exchange::Exchange;
use super::failure::ConnectionError;

const FRESH: Duration = Duration::from_secs(60);
/// Addresses older than [`FRESH`] are used up to this age while new ones are looked up.
const STALE: Duration = Duration::from_secs(120);

type Lookup = fn(&str) -> io::Result<Vec<IpAddr>>;

/// The addresses of one host.
#[derive(Debug)]
pub(super) struct Resolver {
    /// A name, or an address without brackets.
    host: String,
    port: u16,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Debug, Default)]
struct Cache {
    running: Option<Arc<Running>>,
    addresses: Vec<IpAddr>,
    looked_up: Option<Instant>,
    /// The address that connected first: tried first as long as this look-up is used.
    winner: Option<IpAddr>,
    /// Addresses that connected and then stalled: tried last.
    stalled: Vec<IpAddr>,
}

/// A running look-up.
#[derive(Debug)]
struct Running {
    /// Triggered when it ends.
    done: Waker,
    /// Its result, for the calls that wait for it. After a failure the next call looks up again.
    result: OnceLock<Result<(), String>>,
}

fn lock(cache: &Mutex<Cache>) -> MutexGuard<'_, Cache> {
    // A panic cannot leave it half changed.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

fn getaddrinfo(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

impl Resolver {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, cache: Arc::default() }
    }

    /// Returns the addresses in the order in which they are to be tried.
    pub(super) fn addresses(
        &self,
        exchange: &Exchange,
    ) -> Result<Vec<SocketAddr>, ConnectionError> {
        self.addresses_by(exchange, getaddrinfo)
    }

    /// Remembers which address connected first.
    pub(super) fn connected(&self, address: SocketAddr) {
        let mut cache = lock(&self.cache);
        cache.winner = Some(address.ip());
    }

    /// Remembers an address that connected and then sent nothing.
    pub(super) fn stalled(&self, address: SocketAddr) {
        let mut cache = lock(&self.cache);
        cache.winner = cache.winner.filter(|winner| *winner != address.ip());
        if !cache.stalled.contains(&address.ip()) {
            cache.stalled.push(address.ip());
        }
    }

    /// Invalidates the cached addresses after a failed connect, unless they are younger than a second: retries during an
    /// outage must not flood the name server.
    pub(super) fn invalidate(&self) {
        let mut cache = lock(&self.cache);
        cache.looked_up = cache.looked_up.filter(|at| at.elapsed() < Duration::from_secs(1));
    }

    fn addresses_by(
        &self,
        exchange: &Exchange,
        lookup: Lookup,
    ) -> Result<Vec<SocketAddr>, ConnectionError> {
        if let Ok(address) = self.host.parse() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let mut cache = lock(&self.cache);
        let age = cache.looked_up.map(|at| at.elapsed());
        if age.is_some_and(|age| age < FRESH) {
            return Ok(cache.ordered(self.port));
        }
        let running = if let Some(running) = &cache.running {
            Arc::clone(running)
        } else {
            let running = Arc::new(Running { done: Waker::new()?, result: OnceLock::new() });
            cache.running = Some(Arc::clone(&running));
            drop(cache);
            self.start(lookup);
            cache = lock(&self.cache);
            running
        };
        if age.is_some_and(|age| age < STALE) {
            return Ok(cache.ordered(self.port));
        }
        drop(cache);
        exchange.wait(running.done.fd(), Ready::ToRead)?;
        match running.result.get() {
            Some(Err(why)) => Err(ConnectionError::Unreachable(why.clone())),
            _ => Ok(lock(&self.cache).ordered(self.port)),
        }
    }

    /// Starts a look-up, on this thread if no other can be started.
    fn start(&self, lookup: Lookup) {
        let (cache, host) = (Arc::clone(&self.cache), self.host.clone());
        let run = move || finish_lookup(&cache, lookup(&host));
        let thread = thread::Builder::new().name("sinch-numbers-dns".to_owned());
        if thread.spawn(run).is_err() {
            finish_lookup(&self.cache, lookup(&self.host));
        }
    }
}

/// Stores the result of a look-up, and wakes the calls that wait for it.
fn finish_lookup(cache: &Mutex<Cache>, found: io::Result<Vec<IpAddr>>) {
    let mut cache = lock(cache);
    let result = match found {
        Ok(addresses) if !addresses.is_empty() => {
            *cache = Cache {
                running: cache.running.take(),
                addresses,
                looked_up: Some(Instant::now()),
                ..Cache::default()
            };
            Ok(())
        }
        Ok(_) => Err("the name has no address".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Some(running) = cache.running.take() {
        // Set once: there is one look-up at a time.
        let _ = running.result.set(result);
        running.done.trigger();
    }
}

impl Cache {
    /// Returns the addresses in the order of RFC 8305: families alternate, beginning with that of the first address. The one
    /// that was connected to last comes first, those that stalled come last.
    fn ordered(&self, port: u16) -> Vec<SocketAddr> {
        let first_is_v4 = self.addresses.first().is_some_and(IpAddr::is_ipv4);
        let mut turns = [0, 0];
        let mut ordered: Vec<IpAddr> = self.addresses.clone();
        ordered.sort_by_cached_key(|ip| {
            let family = usize::from(ip.is_ipv4() != first_is_v4);
            turns[family] += 1;
            (self.stalled.contains(ip), self.winner != Some(*ip), turns[family], family)
        });
        ordered.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::sys::deadline::Deadline;

    fn soon() -> Exchange {
        Exchange::within(Deadline::until(Instant::now() + Duration::from_secs(60)))
    }

    fn resolver() -> Resolver {
        Resolver::new("a.test", 7)
    }

    fn found(resolver: &Resolver, lookup: Lookup) -> Result<Vec<String>, String> {
        match resolver.addresses_by(&soon(), lookup) {
            Ok(addresses) => Ok(addresses.iter().map(SocketAddr::to_string).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn age(resolver: &Resolver, age: Duration) {
        lock(&resolver.cache).looked_up = Instant::now().checked_sub(age);
    }

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_are_not_looked_up() {
        for (host, expected) in [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80")] {
            let never = |_: &str| -> io::Result<Vec<IpAddr>> { Err(io::Error::other("asked")) };
            assert_eq!(found(&Resolver::new(host, 80), never).unwrap(), [expected]);
        }
    }

    #[test]
    fn a_look_up_is_shared_and_remembered() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let lookup = |_: &str| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            Ok(ips(&["127.0.0.2"]))
        };
        let resolver = resolver();
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert_eq!(found(&resolver, lookup).unwrap(), ["127.0.0.2:7"]));
            }
        });
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let resolver = resolver();
        let fails = |_: &str| Err(io::Error::other("no such host"));
        assert_eq!(found(&resolver, fails), Err("no such host".to_owned()));
        assert_eq!(found(&resolver, |_| Ok(Vec::new())), Err("the name has no address".to_owned()));
        assert_eq!(found(&resolver, |_| Ok(ips(&["127.0.0.1"]))).unwrap(), ["127.0.0.1:7"]);
    }

    #[test]
    fn a_deadline_ends_the_wait() {
        let hangs = |_: &str| {
            thread::park();
            Ok(Vec::new())
        };
        let past = Exchange::within(Deadline::until(Instant::now()));
        let result = resolver().addresses_by(&past, hangs);
        assert!(matches!(result, Err(ConnectionError::Deadline)));
        // And the caller, by cancelling.
        let later = Exchange::within(Deadline::until(Instant::now() + FRESH));
        let look_up = || resolver().addresses_by(&later, hangs);
        let result = crate::sys::polled(Duration::from_millis(1), &|| true, look_up);
        assert!(matches!(result, Err(ConnectionError::Cancelled)));
    }

    #[test]
    fn old_addresses_are_used_for_a_minute_while_new_ones_are_looked_up() {
        let resolver = resolver();
        let first = |_: &str| Ok(ips(&["127.0.0.1"]));
        assert_eq!(found(&resolver, first).unwrap(), ["127.0.0.1:7"]);
        age(&resolver, Duration::from_secs(61));
        let fails = |_: &str| Err(io::Error::other("down"));
        assert_eq!(found(&resolver, fails).unwrap(), ["127.0.0.1:7"]);
        while lock(&resolver.cache).running.is_some() {
            thread::yield_now();
        }
        age(&resolver, Duration::from_secs(121));
        assert_eq!(found(&resolver, fails), Err("down".to_owned()));
    }

    #[test]
    fn addresses_that_do_not_connect_are_looked_up_again() {
        let resolver = resolver();
        assert_eq!(found(&resolver, |_| Ok(ips(&["127.0.0.5"]))).unwrap(), ["127.0.0.5:7"]);
        let moved = |_: &str| Ok(ips(&["127.0.0.6"]));
        resolver.invalidate();
        assert_eq!(found(&resolver, moved).unwrap(), ["127.0.0.5:7"], "a moment old");
        age(&resolver, Duration::from_secs(5));
        resolver.invalidate();
        assert_eq!(found(&resolver, moved).unwrap(), ["127.0.0.6:7"]);
    }

    #[test]
    fn families_alternate_and_earlier_connects_count() {
        let all = |_: &str| Ok(ips(&["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"]));
        let resolver = resolver();
        let order = ["[::1]:7", "127.0.0.1:7", "[::2]:7", "127.0.0.2:7", "[::3]:7"];
        assert_eq!(found(&resolver, all).unwrap(), order);
        resolver.connected("127.0.0.2:7".parse().unwrap());
        let order = ["127.0.0.2:7", "[::1]:7", "127.0.0.1:7", "[::2]:7", "[::3]:7"];
        assert_eq!(found(&resolver, all).unwrap(), order);
        resolver.stalled("127.0.0.2:7".parse().unwrap());
        let order = ["[::1]:7", "127.0.0.1:7", "[::2]:7", "[::3]:7", "127.0.0.2:7"];
        assert_eq!(found(&resolver, all).unwrap(), order);
    }
}
