//! Ending calls from outside: by token, by the token's deadline, by shutting the client down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sinch_numbers::{CancelToken, Client, Error, ErrorKind, LogLevel, Phase};

use crate::support::server::{Act, Server, ok, response_with};

const NUMBER: &str = "+12025550134";

/// A place where a call can stand.
struct Place {
    name: &'static str,
    server: Server,
    /// Whether a write that stands there may have been applied.
    applied: bool,
    pauses: Arc<AtomicUsize>,
}

fn places() -> Vec<Place> {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec();
    let pause = response_with(429, "Retry-After: 20\r\n", "");
    let place = |name, server, applied| Place { name, server, applied, pauses: Arc::default() };
    vec![
        place("waiting", Server::new([Act::Stall]), true),
        place("receiving", Server::new([Act::Raw(head)]), true),
        place("pausing", Server::new([pause]), false),
        place("fetching a token", Server::with_tokens([ok("{}")], [Act::Stall]), false),
    ]
}

impl Place {
    fn client(&self) -> Client {
        let pauses = Arc::clone(&self.pauses);
        let count = move |_: LogLevel, line: &str| {
            if line.contains("trying again") {
                pauses.fetch_add(1, Ordering::SeqCst);
            }
        };
        self.server.builder().log(LogLevel::Warn, count).build().unwrap()
    }

    /// Waits until so many calls stand there.
    fn reached(&self, calls: usize) {
        let standing = || match self.name {
            "pausing" => self.pauses.load(Ordering::SeqCst),
            "fetching a token" if !self.server.token_requests().is_empty() => calls,
            _ => self.server.requests().len(),
        };
        while standing() < calls {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn check(place: &str, error: &Error, applied: bool) {
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{place}: {error:?}");
    assert_eq!(error.may_have_been_applied(), applied, "{place}: {error:?}");
    assert!(!error.can_retry(), "{place}");
    assert_eq!(error.operation(), Some("active_release"));
}

#[test]
fn a_token_ends_a_call_wherever_it_stands() {
    for place in places() {
        let token = CancelToken::new();
        let client = place.client().with_cancel(&token);
        thread::scope(|scope| {
            let call = scope.spawn(|| client.release(NUMBER).unwrap_err());
            place.reached(1);
            token.trigger();
            check(place.name, &call.join().unwrap(), place.applied);
        });
        // One way: what comes later ends too, before anything is sent.
        let before = place.server.requests().len();
        let error = client.release(NUMBER).unwrap_err();
        assert_eq!((error.attempts(), place.server.requests().len()), (0, before));
        check(place.name, &error, false);
        assert!(token.is_triggered());
    }
}

#[test]
fn a_polled_token_ends_a_call_wherever_it_stands() {
    for place in places() {
        let (stop, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let told = (Arc::clone(&stop), Arc::clone(&asked));
        let token = CancelToken::polled(Duration::from_millis(1), move || {
            told.1.fetch_add(1, Ordering::SeqCst);
            told.0.load(Ordering::SeqCst) != 0
        });
        let client = place.client().with_cancel(&token);
        thread::scope(|scope| {
            let call = scope.spawn(|| client.release(NUMBER).unwrap_err());
            place.reached(1);
            stop.store(1, Ordering::SeqCst);
            check(place.name, &call.join().unwrap(), place.applied);
        });
        assert!(token.is_triggered() && asked.load(Ordering::SeqCst) > 0, "{}", place.name);
        check(place.name, &client.release(NUMBER).unwrap_err(), false);
    }
}

#[test]
fn whoever_waits_for_the_token_of_another_call_polls() {
    let server = Server::with_tokens([ok("{}")], [Act::Stall]);
    let client = server.client();
    let (end, polled) =
        (CancelToken::new(), CancelToken::polled(Duration::from_millis(1), || true));
    thread::scope(|scope| {
        let first = scope.spawn(|| client.with_cancel(&end).get(NUMBER));
        while server.token_requests().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        let error = client.with_cancel(&polled).get(NUMBER).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error:?}");
        end.trigger();
        assert!(first.join().unwrap().is_err());
    });
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn a_poll_that_says_no_does_not_touch_a_call() {
    let server = Server::new([response_with(429, "Retry-After: 1\r\n", ""), ok("{}")]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let token = CancelToken::polled(Duration::ZERO, move || {
        count.fetch_add(1, Ordering::SeqCst);
        false
    });
    server.client().with_cancel(&token).get(NUMBER).unwrap();
    assert!(asked.load(Ordering::SeqCst) > 0 && !token.is_triggered());
    // Longer than any call: nobody is asked.
    let never = CancelToken::polled(Duration::MAX, || true);
    server.client().with_cancel(&never).get(NUMBER).unwrap();
}

#[test]
fn a_shutdown_ends_all_calls_of_all_clones() {
    for place in places() {
        let client = place.client();
        thread::scope(|scope| {
            let calls: Vec<_> = (0..16)
                .map(|_| {
                    let client = client.clone().with_cancel(&CancelToken::new());
                    scope.spawn(move || client.release(NUMBER).unwrap_err())
                })
                .collect();
            place.reached(16);
            client.shutdown();
            for call in calls {
                check(place.name, &call.join().unwrap(), place.applied);
            }
        });
        check(place.name, &client.release(NUMBER).unwrap_err(), false);
    }
}

#[test]
fn a_token_can_have_a_deadline_of_its_own() {
    let server = Server::new([Act::Stall]);
    let client = server.client();
    let token = CancelToken::with_deadline(Duration::from_secs(2));
    let error = client.with_cancel(&token).release(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Wait)), "{error:?}");
    assert!(error.may_have_been_applied());
    assert!(!token.is_triggered());
    let error = client.with_cancel(&token).release(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Start)), "{error:?}");
    assert_eq!((error.attempts(), error.may_have_been_applied()), (0, false));
    let never = CancelToken::with_deadline(Duration::MAX);
    let server = Server::new([ok("{}")]);
    server.client().with_cancel(&never).get(NUMBER).unwrap();
}

#[test]
fn a_call_without_a_token_is_not_touched() {
    let server = Server::new([ok("{}")]);
    let client = server.client();
    let token = CancelToken::new();
    token.clone().trigger();
    assert!(client.with_cancel(&token).get(NUMBER).is_err());
    client.get(NUMBER).unwrap();
}
