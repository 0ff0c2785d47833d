//! What is tried again, and what is not. `Retry-After: 0` keeps the tests from waiting.

use sinch_numbers::{Client, ErrorKind};

use crate::support::calls::{CALLS, Call, NUMBER};
use crate::support::parallel::in_parallel;
use crate::support::server::{Act, Server, ok, response, response_with};

fn busy(status: u16) -> Act {
    response_with(status, "Retry-After: 0\r\n", "")
}

/// Failures that leave open whether the request was carried out.
fn ambiguous() -> Vec<Act> {
    vec![
        busy(500),
        busy(502),
        busy(503),
        busy(504),
        Act::RawThenClose(Vec::new()),
        Act::RawThenClose(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec()),
    ]
}

/// A client that keeps no connection: one that is closed under a request would be replaced silently.
fn unkept(server: &Server) -> Client {
    server.builder().max_idle_connections(0).build().unwrap()
}

#[test]
fn reads_are_tried_again_after_any_passing_failure() {
    for call in Call::reads() {
        let name = call.name;
        for act in ambiguous().into_iter().chain([busy(429)]) {
            let server = Server::new([act.clone(), act.clone(), ok("{}")]);
            assert_eq!(call.run(&unkept(&server)).unwrap().attempts, 3, "{name} {act:?}");
            let server = Server::new([act.clone()]);
            let error = call.run(&unkept(&server)).unwrap_err();
            assert_eq!((error.attempts(), server.requests().len()), (3, 3), "{name} {act:?}");
            assert!(
                error.can_retry() && !error.may_have_been_applied(),
                "{name} {act:?}: {error:?}"
            );
        }
    }
}

#[test]
fn a_write_that_was_turned_away_is_tried_again() {
    for call in Call::writes() {
        let name = call.name;
        let server = Server::new([busy(429), busy(429), ok("{}")]);
        assert_eq!(call.run(&server.client()).unwrap().attempts, 3, "{name}");
        let server = Server::new([busy(429)]);
        let error = call.run(&server.client()).unwrap_err();
        assert!(error.can_retry() && !error.may_have_been_applied(), "{name}: {error:?}");
    }
}

#[test]
fn errors_that_stay_are_reported_at_once() {
    for status in [400, 403, 404, 405, 409, 410, 422, 425] {
        for call in CALLS {
            let server = Server::new([response(status, "{}"), ok("{}")]);
            let error = call.run(&server.client()).unwrap_err();
            let made = (error.http_status(), server.requests().len());
            assert_eq!(made, (Some(status), 1), "{}", call.name);
            assert!(!error.may_have_been_applied());
        }
    }
}

#[test]
fn strange_errors_of_a_server_are_not_tried_again_but_writes_are_read_back() {
    let rows: Vec<_> =
        [501, 505, 599].into_iter().flat_map(|status| CALLS.map(|call| (status, call))).collect();
    in_parallel(&rows, |(status, call)| {
        let server = Server::new([response(*status, "{}"), ok("{}")]);
        let error = call.run(&server.client()).unwrap_err();
        assert_eq!(error.may_have_been_applied(), call.writes, "{}", call.name);
        // Calling again cannot help.
        assert!(!error.can_retry(), "{}", call.name);
        assert_eq!((error.http_status(), error.attempts()), (Some(*status), 1), "{}", call.name);
        let requests = if call.writes { 4 } else { 1 };
        assert_eq!(server.requests().len(), requests, "{}", call.name);
        Ok(())
    });
}

#[test]
fn a_wait_that_does_not_fit_is_returned_not_slept() {
    let server =
        Server::new([response_with(429, "Retry-After: 120\r\n", r#"{"error":"rate limited"}"#)]);
    let error = server.client().get(NUMBER).unwrap_err();
    let ErrorKind::RateLimited(response) = error.kind() else { panic!("{error:?}") };
    assert_eq!(response.message.as_deref(), Some("rate limited"));
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(120));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn max_attempts_is_kept() {
    for attempts in [1, 2, 5] {
        let server = Server::new([busy(503)]);
        let client = server.builder().max_attempts(attempts).build().unwrap();
        assert_eq!(client.get(NUMBER).unwrap_err().attempts(), attempts);
        assert_eq!(server.requests().len(), attempts as usize);
    }
}

#[test]
fn an_outage_is_not_multiplied() {
    for call in CALLS {
        let name = call.name;
        // What a retry costs differs by status, what a write does beside it by neither of them.
        let both = ["active_get", "active_release"].contains(&name);
        let statuses = if both { &[500, 503][..] } else { &[500] };
        for &status in statuses {
            let server = Server::new([busy(status)]);
            let client = server.client();
            // Many at a time: reading back takes two seconds, until the budget is empty.
            in_parallel(&[(); 100], |()| {
                for _ in 0..10 {
                    let error = call.run(&client).unwrap_err();
                    assert_eq!(error.http_status(), Some(status), "{name}: {error:?}");
                    // What is not known is said to be so, also where nothing was read back.
                    assert_eq!(error.may_have_been_applied(), call.writes, "{name}: {error:?}");
                }
                Ok(())
            });
            let sent = server.requests().len();
            assert!(sent <= 1100, "{name}: {sent} requests for 1,000 calls answered {status}");
        }
    }
}
