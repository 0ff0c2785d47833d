//! Writes that failed ambiguously: the number is asked before anything is sent again, and the outcome is told truthfully.

use std::time::Duration;

use sinch_numbers::{
    Address, Client, EmergencyAddressRequest, Error, ErrorKind, NumberUpdate, Phase,
};

use crate::server::{Act, Server, answer, answer_with, ok};

const NUMBER: &str = "+12025550134";

/// How a write is called: whether it was reconciled, its attempts, its JSON.
type Run = fn(&Client) -> Result<(bool, u32, String), Error>;

struct Write {
    name: &'static str,
    run: Run,
    method: &'static str,
    /// What a read says when the write was carried out, and when it was not.
    applied: Act,
    not_applied: Act,
    /// What a read says that settles nothing.
    unclear: Act,
    /// The JSON of a reconciled success.
    json: &'static str,
}

const RENAMED: &str = r#"{"phoneNumber":"+12025550134","displayName":"desk","new":1}"#;
const RELEASED: &str = r#"{"phoneNumber":"+12025550134","expireAt":"2024-09-24T14:15:22Z"}"#;
const ADDRESS: &str = r#"{"streetNumber":"1","streetInfo":"MAIN  St","city":"Springfield","state":"IL","postalCode":"62701"}"#;

fn not_found() -> Act {
    answer(404, r#"{"error":{"code":404,"status":"NOT_FOUND","message":"none"}}"#)
}

fn writes() -> Vec<Write> {
    vec![
        Write {
            name: "update",
            run: |client| {
                let update = NumberUpdate::new().display_name("desk").assign_trunk("t");
                client
                    .update(NUMBER, &update)
                    .map(|a| (a.reconciled(), a.attempts(), a.json().to_owned()))
            },
            method: "PATCH",
            applied: ok(
                r#"{"displayName":"desk","voiceConfiguration":{"scheduledVoiceProvisioning":{"type":"EST","trunkId":"t","status":"WAITING"}}}"#,
            ),
            not_applied: ok(r#"{"displayName":"old"}"#),
            unclear: ok(RENAMED),
            json: r#"{"displayName":"desk","voiceConfiguration":{"scheduledVoiceProvisioning":{"type":"EST","trunkId":"t","status":"WAITING"}}}"#,
        },
        Write {
            name: "release",
            run: |client| {
                client.release(NUMBER).map(|a| (a.reconciled(), a.attempts(), a.json().to_owned()))
            },
            method: "POST",
            applied: ok(RELEASED),
            not_applied: ok(r#"{"phoneNumber":"+12025550134","expireAt":null}"#),
            unclear: not_found(),
            json: RELEASED,
        },
        Write {
            name: "provision",
            run: |client| {
                let address = Address::new("1", "Main Street", "Springfield", "IL", "62701");
                client
                    .provision_emergency_address(
                        NUMBER,
                        &EmergencyAddressRequest::new("Office", address),
                    )
                    .map(|a| (a.reconciled(), a.attempts(), a.json().to_owned()))
            },
            method: "POST",
            applied: ok(ADDRESS),
            not_applied: not_found(),
            unclear: ok(
                r#"{"streetNumber":"1","streetInfo":"Elm St","city":"Springfield","state":"IL","postalCode":"62701"}"#,
            ),
            json: ADDRESS,
        },
        Write {
            name: "deprovision",
            run: |client| {
                client
                    .deprovision_emergency_address(NUMBER)
                    .map(|a| (a.reconciled(), a.attempts(), a.json().to_owned()))
            },
            method: "POST",
            applied: not_found(),
            not_applied: ok(ADDRESS),
            unclear: answer(400, ""),
            json: "{}",
        },
    ]
}

/// `Retry-After: 0` keeps the tests from waiting.
fn busy(status: u16) -> Act {
    answer_with(status, "Retry-After: 0\r\n", "<html>")
}

/// What may still be under way behind a gateway is not sent again.
fn is_late(act: &Act) -> bool {
    matches!(act, Act::Raw(bytes) if bytes.starts_with(b"HTTP/1.1 504"))
}

/// Failures that leave open whether the request was carried out, with the kind that is reported.
fn ambiguous() -> Vec<(Act, &'static str)> {
    vec![
        (busy(500), "api"),
        (busy(502), "api"),
        (busy(503), "api"),
        (busy(504), "api"),
        (Act::RawThenClose(Vec::new()), "transport"),
        (Act::RawThenClose(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()), "transport"),
    ]
}

fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Api(_) => "api",
        ErrorKind::Transport(_) => "transport",
        ErrorKind::Protocol(_) => "protocol",
        ErrorKind::Timeout(_) => "timeout",
        _ => "other",
    }
}

/// The writes and reads that came, in order: `W` and `R`.
fn order(server: &Server, method: &str) -> String {
    server.requests().iter().map(|r| if r.method == method { 'W' } else { 'R' }).collect()
}

fn client(server: &Server) -> Client {
    // No connection is kept: whether a write would find one that the server has closed is luck.
    server.builder().max_idle_connections(0).build().unwrap()
}

#[test]
fn a_write_that_was_carried_out_is_a_success() {
    for write in writes() {
        for (failure, _) in ambiguous() {
            let server = Server::new([failure.clone(), write.applied.clone()]);
            let (reconciled, attempts, json) = (write.run)(&client(&server)).unwrap();
            assert_eq!((reconciled, attempts), (true, 1), "{} {failure:?}", write.name);
            assert_eq!(json, write.json, "{}", write.name);
            assert_eq!(order(&server, write.method), "WR", "{} {failure:?}", write.name);
        }
    }
}

#[test]
fn a_write_that_was_not_carried_out_is_sent_once_more() {
    for write in writes() {
        for (failure, expected) in ambiguous() {
            if is_late(&failure) {
                let server = Server::new([failure, write.not_applied.clone()]);
                let error = (write.run)(&client(&server)).unwrap_err();
                assert!(error.may_have_been_applied() && !error.can_retry(), "{error:?}");
                assert_eq!(order(&server, write.method), "WR", "{}", write.name);
                continue;
            }
            let done = answer(200, write.json);
            let server = Server::new([failure.clone(), write.not_applied.clone(), done]);
            let (reconciled, attempts, _) = (write.run)(&client(&server)).unwrap();
            assert_eq!((reconciled, attempts), (false, 2), "{} {failure:?}", write.name);
            assert_eq!(order(&server, write.method), "WRW", "{} {failure:?}", write.name);

            // The second one is asked about as well, and there is no third.
            let acts = [
                failure.clone(),
                write.not_applied.clone(),
                failure.clone(),
                write.applied.clone(),
            ];
            let server = Server::new(acts);
            let (reconciled, attempts, _) = (write.run)(&client(&server)).unwrap();
            assert_eq!((reconciled, attempts), (true, 2), "{} {failure:?}", write.name);
            assert_eq!(order(&server, write.method), "WRWR");

            let acts = [
                failure.clone(),
                write.not_applied.clone(),
                failure.clone(),
                write.not_applied.clone(),
            ];
            let server = Server::new(acts);
            let error = (write.run)(&client(&server)).unwrap_err();
            assert!(error.may_have_been_applied() && !error.can_retry(), "{error:?}");
            assert_eq!((kind(&error), error.attempts()), (expected, 2), "{error:?}");
            assert_eq!(order(&server, write.method), "WRWR");
        }
    }
}

#[test]
fn a_second_write_that_is_refused_because_of_the_first_hides_nothing() {
    for write in writes() {
        let server = Server::new([
            busy(502),
            write.not_applied.clone(),
            answer(400, r#"{"error":{"code":400,"message":"unlink first"}}"#),
            write.applied.clone(),
        ]);
        let (reconciled, ..) = (write.run)(&client(&server)).unwrap();
        assert!(reconciled, "{}", write.name);
        assert_eq!(order(&server, write.method), "WRWR");
    }
}

#[test]
fn where_nothing_can_be_said_nothing_is_sent_again() {
    for write in writes() {
        for (failure, expected) in ambiguous() {
            let server = Server::new([failure.clone(), write.unclear.clone()]);
            let error = (write.run)(&client(&server)).unwrap_err();
            assert!(error.may_have_been_applied() && !error.can_retry(), "{error:?}");
            assert_eq!((kind(&error), error.attempts()), (expected, 1), "{error:?}");
            assert_eq!(order(&server, write.method), "WR", "{} {failure:?}", write.name);
        }
        // Asking fails as well: the first failure is what is told.
        // A gateway that knows no such path says nothing about the number.
        let server = Server::new([busy(503), answer(404, "default backend - 404")]);
        let error = (write.run)(&client(&server)).unwrap_err();
        assert!(error.may_have_been_applied(), "{}: {error:?}", write.name);
        assert_eq!(order(&server, write.method), "WR", "{}", write.name);
        let broken = answer_with(429, "Retry-After: 99\r\n", "");
        let server = Server::new([answer(500, ""), broken]);
        let error = (write.run)(&client(&server)).unwrap_err();
        assert_eq!(error.http_status(), Some(500), "{error:?}");
        assert!(error.may_have_been_applied());
    }
}

#[test]
fn an_answer_that_cannot_be_understood_is_asked_about_and_not_repeated() {
    for write in writes() {
        let server = Server::new([ok("<html>"), write.applied.clone()]);
        assert!((write.run)(&client(&server)).unwrap().0, "{}", write.name);
        let server = Server::new([ok("<html>"), write.not_applied.clone()]);
        let error = (write.run)(&client(&server)).unwrap_err();
        assert_eq!(kind(&error), "protocol", "{error:?}");
        assert!(error.may_have_been_applied());
        assert_eq!(order(&server, write.method), "WR", "{}", write.name);
    }
}

#[test]
fn a_write_stops_waiting_while_there_is_time_to_ask() {
    for write in writes() {
        let patient =
            |server: &Server| server.builder().timeout(Duration::from_millis(800)).build().unwrap();
        let server = Server::new([Act::Stall, write.applied.clone()]);
        let (reconciled, attempts, _) = (write.run)(&patient(&server)).unwrap();
        assert_eq!((reconciled, attempts), (true, 1), "{}", write.name);
        // It may still be under way: not to be seen is no reason to send it again.
        let server = Server::new([Act::Stall, write.not_applied.clone()]);
        let error = (write.run)(&patient(&server)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Wait)), "{error:?}");
        assert!(error.may_have_been_applied() && !error.can_retry());
        assert_eq!(order(&server, write.method), "WR", "{}", write.name);
    }
}

#[test]
fn with_one_attempt_a_write_is_asked_about_but_not_repeated() {
    for write in writes() {
        let once = |server: &Server| {
            server.builder().max_attempts(1).max_idle_connections(0).build().unwrap()
        };
        let server = Server::new([answer(500, ""), write.applied.clone()]);
        assert!((write.run)(&once(&server)).unwrap().0, "{}", write.name);
        let server = Server::new([answer(500, ""), write.not_applied.clone()]);
        assert!((write.run)(&once(&server)).unwrap_err().may_have_been_applied());
        assert_eq!(order(&server, write.method), "WR", "{}", write.name);
    }
}
