//! Writes whose outcome is unknown: the number, or its emergency address, is read back, the outcome is told truthfully, and
//! nothing is ever sent again.

use std::time::Duration;

use serde_json::Value;
use sinch_numbers::{CancelToken, Client, ErrorKind, Phase};

use crate::support::calls::{Call, Done, Failed};
use crate::support::drivers::{c_driver, drive, python_driver};
use crate::support::parallel::in_parallel;
use crate::support::server::{Act, Server, ok, response, response_with};

const NUMBER: &str = r#"{"phoneNumber":"+12025550134","displayName":"old","expireAt":null}"#;
const RENAMED: &str = r#"{"phoneNumber":"+12025550134","displayName":"desk","new":1}"#;
const RELEASED: &str = r#"{"phoneNumber":"+12025550134","expireAt":"2024-09-24T14:15:22Z"}"#;
const ADDRESS: &str = r#"{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}"#;
const NOT_FOUND: &str = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"none"}}"#;
const NO_NUMBER: &str = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"","details":[{"type":"ResourceInfo","resourceType":"ActiveNumber","resourceName":"+12025550134"}]}}"#;

fn not_found() -> Act {
    response(404, NOT_FOUND)
}

/// What is read when a write was applied, in order, and the JSON of its success; provisioning is never proved.
fn applied(call: &Call) -> Option<(Vec<Act>, &'static str)> {
    match call.name {
        "active_update" => Some((vec![ok(RENAMED)], RENAMED)),
        "active_release" => Some((vec![ok(RELEASED)], RELEASED)),
        "emergency_address_deprovision" => Some((vec![not_found(), ok(NUMBER)], "{}")),
        "emergency_address_provision" => None,
        name => panic!("tests/it/retry/read_back.rs has no row for {name}: add what proves it"),
    }
}

/// What is read when a write does not show, with what the error says was found.
fn not_applied(call: &Call) -> (Act, Option<&'static str>) {
    match call.name {
        "active_update" | "active_release" => (ok(NUMBER), Some(NUMBER)),
        // Not even the address that was sent proves it: its display name cannot be read.
        "emergency_address_provision" | "emergency_address_deprovision" => {
            (ok(ADDRESS), Some(ADDRESS))
        }
        name => {
            panic!("tests/it/retry/read_back.rs has no row for {name}: add what does not prove it")
        }
    }
}

/// Responses to a read that say nothing about the resource.
fn irrelevant(call: &Call) -> Vec<Act> {
    let mut acts = vec![
        ok("{}"),
        ok(r#"{"status":"maintenance"}"#),
        ok("<html>maintenance</html>"),
        response(404, ""),
        response(404, "default backend - 404"),
        response(404, r#"{"error":"not found"}"#),
        response(400, ""),
        response(503, ""),
        Act::RawThenClose(Vec::new()),
    ];
    if call.name.starts_with("active") {
        // Another number, as asked in every way.
        let (_, proof) = applied(call).expect("a write to a number that a read can prove");
        let own = r#""phoneNumber":"+12025550134","#;
        assert!(proof.contains(own), "{proof}");
        acts.push(ok(&proof.replace(own, r#""phoneNumber":"+12025550199","#)));
        // The same without a number.
        acts.push(ok(&proof.replace(own, "")));
    } else {
        // No number, and so no address of it: that removes nothing.
        acts.push(response(404, NO_NUMBER));
    }
    acts
}

/// Failures that leave open whether the request was carried out, with the kind that is reported.
fn ambiguous() -> Vec<(Act, &'static str, Option<u16>)> {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{";
    let status = |status| (response_with(status, "", "<html>"), "api", Some(status));
    let redirect = |status| {
        (response_with(status, "Location: https://x.test/\r\n", ""), "protocol", Some(status))
    };
    let error = |body| (ok(body), "api", Some(200));
    vec![
        status(408),
        status(500),
        status(501),
        status(502),
        status(503),
        status(504),
        status(505),
        status(599),
        redirect(300),
        redirect(302),
        redirect(303),
        redirect(305),
        error(r#"{"error":{"code":500,"status":"INTERNAL"}}"#),
        error(r#"{"error":{"code":408}}"#),
        error(r#"{"error":{"message":"no code"}}"#),
        error(r#"{"error":"rate limited"}"#),
        (ok("<html>"), "protocol", Some(200)),
        (ok("[]"), "protocol", Some(200)),
        (Act::RawThenClose(Vec::new()), "transport:wait", None),
        (Act::RawThenClose(cut.into()), "transport:receive", None),
        (Act::RawThenClose(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), "protocol", None),
    ]
}

/// The failures of which nothing is asked: the service says that the request was not carried out.
fn certain() -> Vec<(Act, &'static str, Option<u16>)> {
    let status = |status: u16, kind| (response(status, ""), kind, Some(status));
    let redirect = |status| {
        (response_with(status, "Location: https://x.test/\r\n", ""), "protocol", Some(status))
    };
    let error = |body| (ok(body), "api", Some(200));
    vec![
        status(400, "api"),
        status(403, "auth"),
        status(404, "api"),
        status(409, "api"),
        status(413, "api"),
        status(425, "api"),
        redirect(301),
        redirect(307),
        redirect(308),
        error(r#"{"error":{"code":400,"status":"INVALID_ARGUMENT"}}"#),
        error(r#"{"error":{"code":404}}"#),
        error(r#"{"error":{"code":429}}"#),
        (ok(r#"{"error":{"code":403}}"#), "auth", Some(200)),
    ]
}

/// The writes and reads that came, in order: `W` and `R`.
fn order(server: &Server, call: &Call) -> String {
    server.requests().iter().map(|r| if r.method == call.method { 'W' } else { 'R' }).collect()
}

fn client(server: &Server) -> Client {
    // No connection is kept: whether a write would find one that the server has closed is luck.
    server.builder().max_idle_connections(0).timeout(Duration::from_secs(60)).build().unwrap()
}

fn failed(kind: &str, status: Option<u16>, maybe_applied: bool) -> Failed {
    Failed { kind: kind.to_owned(), status, attempts: 1, maybe_applied, can_retry: false }
}

fn each<T: Send + Sync + Clone>(of: impl Fn(&Call) -> Vec<T>) -> Vec<(Call, T)> {
    Call::writes().flat_map(|call| of(&call).into_iter().map(move |one| (call, one))).collect()
}

#[test]
fn a_write_that_was_applied_is_a_success() {
    in_parallel(&each(|_| ambiguous()), |(call, (failure, ..))| {
        let Some((reads, json)) = applied(call) else { return Ok(()) };
        let right = Done { json: json.to_owned(), attempts: 1, reconciled: true };
        // At the first read, or at a later one.
        let later = vec![not_applied(call).0, response(503, "")];
        for before in [Vec::new(), later] {
            let server =
                Server::new([vec![failure.clone()], before.clone(), reads.clone()].concat());
            let done = call.run(&client(&server)).map_err(|e| format!("{}: {e:?}", call.name))?;
            assert_eq!(done, right, "{} {failure:?}", call.name);
            let sent = format!("W{}", "R".repeat(before.len() + reads.len()));
            assert_eq!(order(&server, call), sent, "{} {failure:?}", call.name);
        }
        Ok(())
    });
}

#[test]
fn what_does_not_show_may_have_been_applied_and_is_not_sent_again() {
    in_parallel(&each(|_| ambiguous()), |(call, (failure, kind, status))| {
        let (read, found) = not_applied(call);
        let server = Server::new([failure.clone(), read]);
        let error = call.run(&client(&server)).unwrap_err();
        assert_eq!(Failed::from(&error), failed(kind, *status, true), "{} {failure:?}", call.name);
        assert_eq!(error.found(), found, "{} {failure:?}", call.name);
        assert_eq!(order(&server, call), "WRRR", "{} {failure:?}", call.name);
        Ok(())
    });
}

#[test]
fn what_is_not_about_the_resource_proves_nothing() {
    in_parallel(&each(irrelevant), |(call, read)| {
        let server = Server::new([response(502, ""), read.clone()]);
        let error = call.run(&client(&server)).unwrap_err();
        let right = failed("api", Some(502), true);
        assert_eq!(Failed::from(&error), right, "{} {read:?}", call.name);
        assert_eq!(error.found(), None, "{} {read:?}", call.name);
        assert_eq!(order(&server, call), "WRRR", "{} {read:?}", call.name);
        Ok(())
    });
}

#[test]
fn an_address_that_is_missing_is_gone_only_from_a_number_that_is_there() {
    let call = crate::support::calls::call("emergency_address_deprovision");
    let rows = [
        (ok(r#"{"phoneNumber":"+12025550199"}"#), "W".to_owned() + &"RR".repeat(3)),
        (not_found(), "W".to_owned() + &"RR".repeat(3)),
        (response(503, ""), "W".to_owned() + &"RR".repeat(3)),
    ];
    in_parallel(&rows, |(number, sent)| {
        let reads = [not_found(), number.clone()];
        let acts = [vec![response(500, "")], [reads.clone(), reads.clone(), reads].concat()];
        let server = Server::new(acts.concat());
        let error = call.run(&client(&server)).unwrap_err();
        assert!(error.may_have_been_applied() && error.found().is_none(), "{error:?}");
        assert_eq!(order(&server, &call), *sent, "{number:?}");
        Ok(())
    });
}

#[test]
fn what_refuses_for_certain_is_told_for_certain() {
    in_parallel(&each(|_| certain()), |(call, (refusal, kind, status))| {
        let server = Server::new([refusal.clone()]);
        let error = call.run(&client(&server)).unwrap_err();
        assert_eq!(Failed::from(&error), failed(kind, *status, false), "{} {refusal:?}", call.name);
        assert_eq!((error.found(), order(&server, call)), (None, "W".to_owned()), "{}", call.name);
        Ok(())
    });
}

#[test]
fn what_was_found_is_what_was_read_last() {
    let call = crate::support::calls::call("active_update");
    let other = r#"{"phoneNumber":"+12025550134","displayName":"other"}"#;
    let reads = [ok(NUMBER), ok(other), ok("{}")];
    let server = Server::new([vec![response(500, "")], reads.to_vec()].concat());
    let error = call.run(&client(&server)).unwrap_err();
    assert_eq!(error.found(), Some(other));
    // It can hold a home address.
    assert!(!format!("{error} {error:?}").contains("other"), "{error:?}");
}

#[test]
fn a_write_stops_waiting_while_there_is_time_to_read_back() {
    // A quarter of the time is kept for reading.
    let patient =
        |server: &Server| server.builder().timeout(Duration::from_secs(16)).build().unwrap();
    in_parallel(&each(|call| vec![applied(call), None]), |(call, applied)| {
        if let Some((reads, _)) = applied {
            let server = Server::new([vec![Act::Stall], reads.clone()].concat());
            let done = call.run(&patient(&server)).map_err(|error| format!("{error:?}"))?;
            assert!(done.reconciled, "{}", call.name);
            return Ok(());
        }
        let (read, found) = not_applied(call);
        let server = Server::new([Act::Stall, read]);
        let error = call.run(&patient(&server)).unwrap_err();
        // Reads that would not fit the deadline are left out: the first failure is told.
        assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Wait)), "{error:?}");
        assert!(error.may_have_been_applied(), "{}", call.name);
        assert_eq!(error.found(), found, "{}", call.name);
        assert!(order(&server, call).starts_with("WR"), "{}", call.name);
        Ok(())
    });
}

#[test]
fn with_one_attempt_a_write_is_read_back_too() {
    in_parallel(&each(|call| vec![applied(call)]), |(call, applied)| {
        let Some((reads, _)) = applied else { return Ok(()) };
        let server = Server::new([vec![response(500, "")], reads.clone()].concat());
        let client = server.builder().max_attempts(1).build().unwrap();
        assert!(call.run(&client).is_ok_and(|done| done.reconciled), "{}", call.name);
        Ok(())
    });
}

#[test]
fn a_read_back_that_hangs_is_a_timeout() {
    in_parallel(&Call::writes().collect::<Vec<_>>(), |call| {
        let server = Server::new([response(500, ""), not_applied(call).0, Act::Stall]);
        let client = server.builder().timeout(Duration::from_secs(8)).build().unwrap();
        let error = call.run(&client).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Wait)), "{error:?}");
        assert!(error.may_have_been_applied(), "{error:?}");
        assert_eq!(error.found(), not_applied(call).1, "{}", call.name);
        Ok(())
    });
}

#[test]
fn a_read_back_that_is_ended_is_cancelled() {
    let ways = each(|_| vec!["token", "shutdown", "deadline"]);
    in_parallel(&ways, |(call, way)| {
        let server = Server::new([response(500, ""), not_applied(call).0, Act::Stall]);
        let token = match *way {
            "deadline" => CancelToken::with_deadline(Duration::from_secs(8)),
            _ => CancelToken::new(),
        };
        let client = client(&server);
        let bound = client.with_cancel(&token);
        let error = std::thread::scope(|scope| {
            let running = scope.spawn(|| call.run(&bound).unwrap_err());
            // Until the read that hangs is there.
            while *way != "deadline" && server.requests().len() < 3 {
                std::thread::sleep(Duration::from_millis(2));
            }
            match *way {
                "token" => token.trigger(),
                "shutdown" => client.shutdown(),
                _ => {}
            }
            running.join().unwrap()
        });
        match *way {
            "deadline" => assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}"),
            _ => assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error:?}"),
        }
        assert!(error.may_have_been_applied(), "{} {way}: {error:?}", call.name);
        assert_eq!(error.found(), not_applied(call).1, "{} {way}", call.name);
        Ok(())
    });
}

#[test]
fn a_read_back_opens_a_connection_of_its_own() {
    in_parallel(&Call::writes().collect::<Vec<_>>(), |call| {
        // The connection of the write stays open, and is not trusted.
        let server = Server::new([response(500, ""), not_applied(call).0]);
        let client = server.builder().build().unwrap();
        assert!(call.run(&client).is_err());
        assert_eq!(order(&server, call), "WRRR", "{}", call.name);
        // One for the token and the write, one for each read.
        assert_eq!(server.connections(), 4, "{}", call.name);
        Ok(())
    });
}

#[test]
fn with_an_empty_budget_nothing_is_read_back() {
    let call = crate::support::calls::call("active_release");
    let server = Server::new([response(500, "")]);
    let client =
        server.builder().max_attempts(10).timeout(Duration::from_secs(60)).build().unwrap();
    // Reads that fail use the budget up.
    let read = crate::support::calls::call("active_get");
    for _ in 0..12 {
        assert!(read.run(&client).is_err());
    }
    let before = server.requests().len();
    let rest = std::iter::repeat_with(|| call.run(&client).unwrap_err()).take(20);
    let errors: Vec<_> = rest.collect();
    assert!(errors.iter().all(|e| e.may_have_been_applied() && e.found().is_none()));
    let reads = server.requests()[before..].iter().filter(|r| r.method == "GET").count();
    // What was left of it, and no more.
    assert!(reads < 20, "{reads}");
    assert!(server.requests().last().unwrap().method == "POST");
}

#[test]
fn a_success_that_cannot_be_read_is_read_back() {
    // JSON of the wrong types: nothing that Rust can hand out.
    let call = crate::support::calls::call("active_update");
    let server = Server::new([ok(r#"{"phoneNumber":["x"]}"#), ok(RENAMED)]);
    let done = call.run(&client(&server)).unwrap();
    assert_eq!(done, Done { json: RENAMED.to_owned(), attempts: 1, reconciled: true });
    let server = Server::new([ok(r#"{"phoneNumber":["x"]}"#), ok(NUMBER)]);
    let error = call.run(&client(&server)).unwrap_err();
    assert_eq!(Failed::from(&error), failed("protocol", Some(200), true));
    assert_eq!(error.found(), Some(NUMBER));
}

#[test]
fn c_and_python_say_what_was_found() {
    let rows = each(|_| {
        let hang_up = Act::RawThenClose(Vec::new());
        vec![
            (response(500, ""), 5, 500),
            (hang_up, 6, 0),
            (Act::Stall, 7, 0),
            (ok("<html>"), 8, 200),
        ]
        .into_iter()
        .flat_map(|row| [(row.clone(), true), (row, false)])
        // The Python driver has the deadline of the environment, which is long.
        .filter(|(row, through_c)| *through_c || !matches!(row.0, Act::Stall))
        .collect()
    });
    in_parallel(&rows, |(call, ((failure, code, status), through_c))| {
        let (read, found) = not_applied(call);
        let server = Server::new([failure.clone(), read]);
        let name = format!("{} {failure:?} {through_c}", call.name);
        let outcomes = if *through_c {
            drive(c_driver(), &server.url, r#""timeoutMs": 10000"#, call.line())
        } else {
            drive(python_driver(), &server.url, "", call.line())
        };
        let [(told, told_status, document)] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!((told, told_status), (code, status), "{name}: {document}");
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["maybeApplied"], true, "{name}: {document}");
        assert_eq!(document["retryAfterMs"], -1, "{name}: {document}");
        let found = found.map_or(Value::Null, |json| serde_json::from_str(json).unwrap());
        assert_eq!(document["found"], found, "{name}: {document}");
        assert!(!document["message"].as_str().unwrap().contains("Main St"), "{name}: {document}");
        Ok(())
    });
}
