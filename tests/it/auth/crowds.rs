//! Many threads and one token: who fetches it, who waits, and what becomes of those who wait when the fetch does not go well.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use sinch_numbers::{CancelToken, Client, Credentials};

use crate::support::calls::{NUMBER, kind};
use crate::support::faults::Gate;
use crate::support::server::{Recorded, read_request};

/// What is done about a request: a response, after whatever there is to wait for.
type Decide = dyn Fn(&Recorded, usize) -> String + Send + Sync;

/// A service that decides on each request, on a thread of its own, and may take its time. It is told how many of the same kind
/// came before.
struct Service {
    url: String,
    tokens: Arc<Mutex<usize>>,
    calls: Arc<Mutex<usize>>,
}

impl Service {
    fn new(decide: impl Fn(&Recorded, usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { url, tokens: Arc::default(), calls: Arc::default() };
        let (tokens, calls) = (Arc::clone(&service.tokens), Arc::clone(&service.calls));
        let decide: Arc<Decide> = Arc::new(decide);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let (tokens, calls) = (Arc::clone(&tokens), Arc::clone(&calls));
                let decide = Arc::clone(&decide);
                thread::spawn(move || serve(&socket, &tokens, &calls, &*decide));
            }
        });
        service
    }

    fn client(&self) -> Client {
        Client::builder("project-1", Credentials::oauth2("key-id", "key-secret"))
            .base_url(&self.url)
            .auth_url(&self.url)
            .timeout(Duration::from_secs(120))
            .build()
            .unwrap()
    }

    /// How many token requests and how many calls have come.
    fn counts(&self) -> (usize, usize) {
        (*self.tokens.lock().unwrap(), *self.calls.lock().unwrap())
    }

    /// Waits until so many token requests have come.
    fn await_tokens(&self, count: usize) {
        while self.counts().0 < count {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn serve(mut socket: &TcpStream, tokens: &Mutex<usize>, calls: &Mutex<usize>, decide: &Decide) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let before = {
            let mut count = if is_token(&request) { tokens } else { calls }.lock().unwrap();
            *count += 1;
            *count - 1
        };
        if socket.write_all(decide(&request, before).as_bytes()).is_err() {
            return;
        }
    }
}

fn is_token(request: &Recorded) -> bool {
    request.target == "/oauth2/token"
}

fn says(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn gives(token: &str) -> String {
    says(200, "", &format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
}

fn shows(request: &Recorded, token: &str) -> bool {
    request.header("authorization") == Some(&format!("Bearer {token}"))
}

const MANY: usize = 64;

#[test]
fn many_cold_threads_fetch_one_token() {
    let service = Service::new(|request, before| match is_token(request) {
        true => gives(&format!("token-{before}")),
        false if shows(request, "token-0") => says(200, "", "{}"),
        false => says(401, "", ""),
    });
    let (client, start) = (service.client(), Barrier::new(MANY));
    thread::scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| {
                start.wait();
                assert_eq!(client.release(NUMBER).unwrap().attempts(), 1);
            });
        }
    });
    assert_eq!(service.counts(), (1, MANY));
}

#[test]
fn many_threads_with_a_401_each_fetch_one_more() {
    // All have shown the old one before any of them is told.
    let all_sent = Barrier::new(MANY);
    let service = Service::new(move |request, before| {
        if is_token(request) {
            return gives(&format!("token-{before}"));
        }
        if shows(request, "token-0") {
            all_sent.wait();
            return says(401, "", "");
        }
        says(if shows(request, "token-1") { 200 } else { 500 }, "", "{}")
    });
    let client = service.client();
    thread::scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| assert_eq!(client.release(NUMBER).unwrap().attempts(), 2));
        }
    });
    assert_eq!(service.counts(), (2, 2 * MANY));
}

#[test]
fn a_401_that_comes_late_costs_no_fetch() {
    let late = Gate::default();
    let held = late.clone();
    let service = Service::new(move |request, before| {
        if is_token(request) {
            return gives(&format!("token-{before}"));
        }
        if !shows(request, "token-0") {
            return says(200, "", "{}");
        }
        if request.method == "POST" {
            held.wait();
        }
        says(401, "", "")
    });
    let client = service.client();
    thread::scope(|scope| {
        let slow = scope.spawn(|| client.release(NUMBER).unwrap().attempts());
        while service.counts().1 < 1 {
            thread::sleep(Duration::from_millis(1));
        }
        // Another finds out first, and fetches.
        assert_eq!(client.get(NUMBER).unwrap().attempts(), 2);
        late.open();
        assert_eq!(slow.join().unwrap(), 2);
    });
    assert_eq!(service.counts(), (2, 4));
}

/// A service whose first token takes until the gate is opened, and the others no time.
fn slow_first(gate: &Gate) -> Service {
    let gate = gate.clone();
    Service::new(move |request, before| match is_token(request) {
        true if before == 0 => {
            gate.wait();
            gives("first")
        }
        true => gives("second"),
        false => says(200, "", "{}"),
    })
}

/// Lets a call wait for the token of another one, and checks that this other one succeeds all the same.
fn beside_a_fetch(waits: impl FnOnce(&Client)) {
    let gate = Gate::default();
    let service = slow_first(&gate);
    let client = service.client();
    thread::scope(|scope| {
        let fetcher = scope.spawn(|| client.get(NUMBER).map(|response| response.attempts()));
        service.await_tokens(1);
        waits(&client);
        gate.open();
        assert_eq!(fetcher.join().unwrap().unwrap(), 1);
    });
    assert_eq!(service.counts(), (1, 1));
}

#[test]
fn a_waiter_keeps_its_own_deadline_and_the_fetch_goes_on() {
    beside_a_fetch(|client| {
        let soon = CancelToken::with_deadline(Duration::from_secs(2));
        let error = client.with_cancel(&soon).release(NUMBER).unwrap_err();
        assert_eq!(kind(&error), "timeout:token");
        assert_eq!((error.attempts(), error.may_have_been_applied()), (0, false));
        assert!(error.can_retry());
    });
}

#[test]
fn a_waiter_that_is_cancelled_leaves_the_fetch_alone() {
    beside_a_fetch(|client| {
        let token = CancelToken::new();
        let waiting = client.with_cancel(&token);
        let waiter = thread::spawn(move || waiting.release(NUMBER).unwrap_err());
        token.trigger();
        let error = waiter.join().unwrap();
        assert_eq!((kind(&error).as_str(), error.may_have_been_applied()), ("cancelled", false));
    });
}

/// How the one who fetches is lost to the others: that is its own affair, and one of them takes its place.
#[test]
fn where_the_fetcher_gives_up_another_takes_over() {
    for (name, deadline, expected) in
        [("cancelled", None, "cancelled"), ("its deadline", Some(3), "timeout:wait")]
    {
        let service = slow_first(&Gate::default());
        let client = service.client();
        let token = deadline.map_or_else(CancelToken::new, |seconds| {
            CancelToken::with_deadline(Duration::from_secs(seconds))
        });
        let fetching = client.with_cancel(&token);
        thread::scope(|scope| {
            let fetcher = scope.spawn(move || fetching.release(NUMBER).unwrap_err());
            service.await_tokens(1);
            let waiters: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| client.release(NUMBER).unwrap().attempts()))
                .collect();
            if name == "cancelled" {
                token.trigger();
            }
            let error = fetcher.join().unwrap();
            assert_eq!(kind(&error), expected);
            assert!(!error.may_have_been_applied());
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 1, "{name}");
            }
        });
        assert_eq!(service.counts(), (2, 16), "{name}");
    }
}

#[test]
fn an_endpoint_that_has_enough_of_us_is_not_asked_by_each() {
    let (gate, start) = (Gate::default(), Barrier::new(16));
    let held = gate.clone();
    let service = Service::new(move |request, _| {
        assert!(is_token(request));
        held.wait();
        says(503, "Retry-After: 999\r\n", "")
    });
    let client = service.client();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                start.wait();
                let error = client.release(NUMBER).unwrap_err();
                assert_eq!((kind(&error).as_str(), error.http_status()), ("api", Some(503)));
                assert!(error.can_retry() && !error.may_have_been_applied());
            });
        }
        service.await_tokens(1);
        gate.open();
    });
    // It is left alone for a second; who comes later than that, on a machine that has stopped, may ask again.
    assert!(service.counts().0 <= 2, "{:?}", service.counts());
}

#[test]
fn an_endpoint_that_refuses_is_asked_again_by_the_next_call() {
    let service = Service::new(|request, before| match (is_token(request), before) {
        (true, 0) => says(401, "", r#"{"error":"invalid_client"}"#),
        (true, _) => gives("t"),
        (false, _) => says(200, "", "{}"),
    });
    let client = service.client();
    assert_eq!(kind(&client.get(NUMBER).unwrap_err()), "auth");
    assert_eq!(client.get(NUMBER).unwrap().attempts(), 1);
    assert_eq!(service.counts(), (2, 1));
}
