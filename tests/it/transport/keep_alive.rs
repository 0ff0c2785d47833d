//! Connections that are kept: which are used again, which are not, and what becomes of a call whose connection dies. Reads never
//! fail for it, and no write is sent twice.

use std::thread;
use std::time::Duration;

use sinch_numbers::ClientBuilder;

use crate::support::calls::{Call, Done, call};
use crate::support::exchanges::head;
use crate::support::faults::{ClientEnd, Faults, Gate, Step, reply, send};
use crate::support::parallel::in_parallel;

/// Answers so many requests well.
fn answering(requests: usize) -> Vec<Step> {
    (0..requests).flat_map(|_| [Step::Request, reply(200, "{}")]).collect()
}

/// Whether a connection serves a second call, and what the server does to it in between.
struct Row {
    what: &'static str,
    /// What the server says first.
    first: Vec<Step>,
    /// What it does once it has said it, and how that shows.
    idle: Option<(Vec<Step>, ClientEnd)>,
    kept: bool,
}

fn rows() -> Vec<Row> {
    let said = |what, text: String, kept| Row { what, first: vec![send(text)], idle: None, kept };
    let idle = |what, steps, end| Row {
        what,
        first: vec![reply(200, "{}")],
        idle: Some((steps, end)),
        kept: false,
    };
    let error = |status: &str, rest: &str| format!("HTTP/1.1 {status} X\r\n{rest}");
    let ok = |rest: &str| head(rest) + "{}";
    let late =
        send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    vec![
        said("a response with a length", ok("Content-Length: 2"), true),
        said("a close that is announced", ok("Content-Length: 2\r\nConnection: close"), false),
        // RFC 9112, 9.3: whatever else stands there, close wins.
        said("a close and more", ok("Content-Length: 2\r\nConnection: close, keep-alive"), false),
        said("a close at last", ok("Content-Length: 2\r\nConnection: Keep-Alive , Close"), false),
        said(
            "a close in a header of its own",
            ok("Content-Length: 2\r\nConnection: keep-alive\r\nConnection: close"),
            false,
        ),
        said("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned(), false),
        said(
            "HTTP/1.0 that keeps it",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}".to_owned(),
            true,
        ),
        said("an error", error("404", "Content-Length: 2\r\n\r\n{}"), true),
        said("an error without a body", error("400", "Content-Length: 0\r\n\r\n"), true),
        said(
            "an error in chunks",
            error("500", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
            true,
        ),
        said(
            "a busy service",
            error("503", "Retry-After: 99\r\nContent-Length: 6\r\n\r\n<html>"),
            true,
        ),
        said("a redirect", error("302", "Location: /\r\nContent-Length: 4\r\n\r\nhere"), true),
        said("bad JSON", head("Content-Length: 2") + "[]", true),
        said("a response that is too big", head("Content-Length: 5000") + &" ".repeat(5000), false),
        said(
            "an error that is too big",
            error("404", "Content-Length: 5000\r\n\r\n") + &" ".repeat(5000),
            false,
        ),
        said("a bad chunk", error("200", "Transfer-Encoding: chunked\r\n\r\nx\r\n"), false),
        said(
            "a bad chunk of an error",
            error("404", "Transfer-Encoding: chunked\r\n\r\nx\r\n"),
            false,
        ),
        said("more than the response", ok("Content-Length: 2") + "{}", false),
        said(
            "an unknown transfer-encoding of an error",
            error("404", "Transfer-Encoding: x\r\nContent-Length: 2\r\n\r\n{}"),
            false,
        ),
        idle("ended while idle", vec![Step::End], ClientEnd::Ended),
        idle("reset while idle", vec![Step::Reset], ClientEnd::Gone),
        idle("a farewell while idle", vec![late.clone()], ClientEnd::Unread),
        idle("a farewell and the end while idle", vec![late, Step::End], ClientEnd::Ended),
        idle("an empty line while idle", vec![send("\r\n")], ClientEnd::Unread),
        idle(
            "a whole response while idle",
            vec![reply(200, r#"{"displayName":"forged"}"#)],
            ClientEnd::Unread,
        ),
    ]
}

#[test]
fn a_connection_serves_again_only_where_it_can() {
    let rows = rows();
    let calls = [call("active_get"), call("active_release"), call("emergency_address_deprovision")];
    let pairs: Vec<_> =
        rows.iter().flat_map(|row| calls.iter().map(move |call| (row, call))).collect();
    in_parallel(&pairs, |(row, call)| {
        let name = format!("{} / {}", row.what, call.name);
        let again = answering(1);
        let gate = Gate::default();
        let mut script = vec![Step::Request];
        script.extend(row.first.clone());
        match &row.idle {
            Some((steps, _)) => {
                script.push(Step::Await(gate.clone()));
                script.extend(steps.clone());
            }
            None => script.extend(again.clone()),
        }
        let server = Faults::new([script, again]);
        let client = server.builder().max_attempts(1).max_response_bytes(4096).build().unwrap();
        // A read, so that nothing is asked about it.
        let _ = self::call("emergency_address_get").run(&client);
        gate.open();
        if let Some((_, end)) = &row.idle {
            server.wait_for(*end);
        }
        let expected = Done { json: "{}".to_owned(), attempts: 1, reconciled: false };
        match call.run(&client) {
            Ok(done) if done == expected => {}
            other => return Err(format!("{name}: {other:?}")),
        }
        let (connections, requests) = (server.connections(), server.requests().len());
        if (connections, requests) != (if row.kept { 1 } else { 2 }, 2) {
            return Err(format!("{name}: {connections} connections, {requests} requests"));
        }
        server.check_held(1).map_err(|held| format!("{name}: {held}"))
    });
    assert!(rows.len() >= 25);
}

/// A server that ends connections just as a request comes over them, too late for the probe.
fn deaths() -> Vec<(&'static str, Vec<Step>)> {
    vec![
        ("ended", vec![Step::Request, Step::End]),
        ("reset", vec![Step::Request, Step::Reset]),
        ("reset in the request", vec![Step::Read(1), Step::Reset]),
        ("ended in the request", vec![Step::Read(1), Step::End]),
        ("ended in the response", vec![Step::Request, send("HTTP/1.1 2"), Step::End]),
    ]
}

/// An exchange that goes well, and then one that does not.
fn once_and_then(death: &[Step]) -> Vec<Step> {
    [&[Step::Request, reply(200, "{}")], death].concat()
}

#[test]
fn reads_survive_a_connection_that_dies_as_they_use_it() {
    for (what, death) in deaths() {
        for call in Call::reads() {
            let name = format!("{what} / {}", call.name);
            let server = Faults::new([once_and_then(&death), answering(1)]);
            let client = server.builder().build().unwrap();
            call.run(&client).unwrap();
            let done = call.run(&client).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            // A connection that had died is replaced silently; a response that breaks off is an attempt.
            let attempts = if what == "ended in the response" { 2 } else { 1 };
            assert_eq!((done.attempts, server.connections()), (attempts, 2), "{name}");
            server.assert_held(1, &name);
        }
    }
}

#[test]
fn writes_are_read_back_when_a_connection_dies_as_they_use_it() {
    let released = r#"{"phoneNumber":"+12025550134","expireAt":"2024-09-24T14:15:22Z"}"#;
    let not_released = r#"{"phoneNumber":"+12025550134"}"#;
    let release = call("active_release");
    let rows: Vec<_> = deaths()
        .into_iter()
        .flat_map(|death| [(death.clone(), released, 1), (death, not_released, 3)])
        .collect();
    in_parallel(&rows, |((what, death), found, reads)| {
        let read = vec![Step::Request, reply(200, found)];
        let server = Faults::new([once_and_then(death), read]);
        let client = server.builder().build().unwrap();
        call("active_get").run(&client).unwrap();
        match release.run(&client) {
            Ok(done) => {
                let right = Done { json: released.to_owned(), attempts: 1, reconciled: true };
                assert_eq!((done, *found), (right, released), "{what}");
            }
            Err(error) => {
                assert!(error.may_have_been_applied(), "{what}: {error:?}");
                assert_eq!((error.found(), *found), (Some(not_released), not_released), "{what}");
            }
        }
        // Each read has a connection of its own.
        assert_eq!(server.connections(), 1 + reads, "{what}");
        let came = server.methods().join(" ");
        let read = " GET".repeat(*reads);
        assert!(
            came == format!("GET{read}") || came == format!("GET POST{read}"),
            "{what}: {came}"
        );
        Ok(())
    });
}

/// A server to which a client has so many idle connections, each of which then meets its fate.
fn with_idle(
    connections: usize,
    fate: &[Step],
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> (Faults, sinch_numbers::Client, Gate) {
    let (together, gate) = (Gate::default(), Gate::default());
    let first = [
        &[
            Step::Request,
            Step::Await(together.clone()),
            reply(200, "{}"),
            Step::Await(gate.clone()),
        ],
        fate,
    ]
    .concat();
    let mut scripts = vec![first; connections];
    scripts.push(answering(3));
    let server = Faults::new(scripts);
    let client = configure(server.builder()).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| call("active_get").run(&client).unwrap());
        }
        // Each call has a connection of its own as long as none is answered.
        while server.connections() < connections {
            thread::sleep(Duration::from_millis(1));
        }
        together.open();
    });
    (server, client, gate)
}

#[test]
fn twenty_dead_connections_cost_nothing() {
    for (what, fate, end) in
        [("ended", Step::End, ClientEnd::Ended), ("reset", Step::Reset, ClientEnd::Gone)]
    {
        for call in [call("active_get"), call("active_update")] {
            let name = format!("{what} / {}", call.name);
            let (server, client, gate) =
                with_idle(20, std::slice::from_ref(&fate), |builder| builder);
            gate.open();
            server.wait_for(end);
            let done = call.run(&client).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!((done.attempts, server.connections()), (1, 21), "{name}");
            server.assert_held(1, &name);
        }
    }
}

#[test]
fn one_connection_that_died_unnoticed_speaks_for_twenty() {
    // None of them shows it before it is used, as behind a router that has forgotten them.
    let fate = [Step::Request, Step::Reset];
    let (server, client, gate) = with_idle(20, &fate, |builder| builder);
    gate.open();
    let done = call("active_get").run(&client).unwrap();
    assert_eq!((done.attempts, server.connections()), (1, 21));
    server.assert_held(1, "a read");
    let (server, client, gate) = with_idle(20, &fate, |builder| builder);
    gate.open();
    // What is read back, each time over a connection of its own, proves nothing.
    let error = call("active_release").run(&client).unwrap_err();
    assert!(error.may_have_been_applied(), "{error:?}");
    let writes = server.methods().iter().filter(|method| *method == "POST").count();
    assert_eq!((writes, server.connections()), (1, 23));
    // The other idle ones are closed when the next request looks for one.
    call("active_get").run(&client).unwrap();
    server.assert_held(1, "after a write");
}

#[test]
fn as_many_are_kept_as_was_said_and_no_longer() {
    let (server, client, gate) = with_idle(5, &[], |builder| builder.max_idle_connections(2));
    gate.open();
    server.assert_held(2, "two idle connections");
    drop(client);
    server.assert_held(0, "no client");
    let none: [fn(ClientBuilder) -> ClientBuilder; 2] =
        [|builder| builder.max_idle_connections(0), |builder| builder.idle_timeout(Duration::ZERO)];
    for configure in none {
        let server = Faults::new([answering(3)]);
        let client = configure(server.builder()).build().unwrap();
        for calls in 1..=3 {
            call("active_get").run(&client).unwrap();
            assert_eq!(server.connections(), calls);
        }
        server.assert_held(1, "at most one is there until the next call looks");
    }
}

#[test]
fn a_server_may_close_after_so_many_requests() {
    let three = answering(3);
    let last = head("Content-Length: 2\r\nConnection: close") + "{}";
    let announced = [&three[..4], &[Step::Request, send(last)]].concat();
    let server = Faults::new([announced]);
    let client = server.builder().max_attempts(1).build().unwrap();
    let every: Vec<_> = Call::reads().chain(Call::writes()).collect();
    for index in 0..9 {
        let call = every[index % every.len()];
        assert_eq!(call.run(&client).unwrap().attempts, 1);
    }
    assert_eq!((server.connections(), server.requests().len()), (3, 9));
    let unannounced = [three, vec![Step::End]].concat();
    let server = Faults::new([unannounced]);
    let client = server.builder().max_attempts(1).build().unwrap();
    for index in 0..9 {
        let call = every[index % every.len()];
        assert_eq!(call.run(&client).unwrap().attempts, 1);
        if index % 3 == 2 {
            server.wait_for(ClientEnd::Ended);
        }
    }
    assert_eq!((server.connections(), server.requests().len()), (3, 9));
}
