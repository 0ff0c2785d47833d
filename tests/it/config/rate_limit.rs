//! `requestsPerSecond`: how fast requests follow each other on real sockets.

use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::{CancelToken, ListNumbers};

use crate::support::calls::{NUMBER, kind};
use crate::support::server::{Server, ok, response};

#[test]
fn all_calls_of_a_client_share_the_rate() {
    let server = Server::new([ok("{}")]);
    let client = server.builder().requests_per_second(20.0).build().unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    client.clone().list(&ListNumbers::new()).unwrap();
                }
            });
        }
    });
    // Eleven turns after the first, 50 ms each; a busy machine only makes it longer.
    assert!(began.elapsed() >= Duration::from_millis(550), "{:?}", began.elapsed());
    assert_eq!(server.requests().len(), 12);
}

#[test]
fn retries_wait_for_their_turn_as_well() {
    let server = Server::new([response(503, "{}"), response(503, "{}"), ok("{}")]);
    // Three requests in two seconds, whatever the dice say about the pauses between attempts.
    let client = server.builder().requests_per_second(1.0).build().unwrap();
    let began = Instant::now();
    client.list(&ListNumbers::new()).unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn a_wait_ends_with_the_deadline_a_cancel_or_a_shutdown() {
    let server = Server::new([ok("{}")]);
    let paced = || {
        let client = server.builder().requests_per_second(0.001).build().unwrap();
        client.list(&ListNumbers::new()).unwrap();
        client
    };
    let client = paced();
    let began = Instant::now();
    let deadline = CancelToken::with_deadline(Duration::from_secs(1));
    let error = client.with_cancel(&deadline).get(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "timeout:start", "{error:?}");
    assert!(!error.may_have_been_applied() && error.can_retry(), "{error:?}");
    assert_eq!(error.attempts(), 0);
    let told = std::error::Error::source(&error).unwrap().to_string();
    assert!(told.contains("requestsPerSecond"), "{told}");
    assert!(began.elapsed() >= Duration::from_secs(1), "it waits, so that nobody spins");

    let client = paced();
    let token = CancelToken::new();
    let waiting = client.with_cancel(&token);
    let call = thread::spawn(move || waiting.release(NUMBER).unwrap_err());
    thread::sleep(Duration::from_millis(50));
    token.trigger();
    let error = call.join().unwrap();
    assert_eq!(kind(&error), "cancelled", "{error:?}");
    assert!(!error.may_have_been_applied());

    let client = paced();
    let waiting = client.clone();
    let call = thread::spawn(move || waiting.get(NUMBER).unwrap_err());
    thread::sleep(Duration::from_millis(50));
    client.shutdown();
    assert_eq!(kind(&call.join().unwrap()), "cancelled");
    assert_eq!(server.requests().len(), 3, "only the first of each client");
}
