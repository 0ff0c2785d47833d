//! Broken exchanges with the attempts that a client has by default: reads get through when the second connection answers well;
//! writes are read back, and never sent again.

use crate::support::calls::{Call, Done, Failed};
use crate::support::exchanges::{CHUNKED, GZIP, bytes, head};
use crate::support::faults::{Faults, Step, send};
use crate::support::parallel::in_parallel;

/// A first exchange that breaks: how, and whether a second may fare better.
struct Break {
    what: &'static str,
    script: Vec<Step>,
    /// What a write that nobody can say anything about comes to.
    kind: &'static str,
    status: Option<u16>,
    passing: bool,
}

fn breaks() -> Vec<Break> {
    let passing = |what, script, kind| Break { what, script, kind, status: None, passing: true };
    let lasting = |what, bytes: String, status| Break {
        what,
        script: vec![Step::Request, send(bytes), Step::End],
        kind: "protocol",
        status,
        passing: false,
    };
    let ends = |bytes: Vec<u8>| vec![Step::Request, Step::Send(bytes), Step::End];
    let gzip = head(&format!("Content-Encoding: gzip\r\nContent-Length: {}", GZIP.len()));
    vec![
        passing("ended after the request", vec![Step::Request, Step::End], "transport:wait"),
        passing("reset after the request", vec![Step::Request, Step::Reset], "transport:wait"),
        passing("ended in the head", ends(b"HTTP/1.1 200 OK\r\nConte".to_vec()), "transport:wait"),
        passing(
            "ended behind an interim response",
            ends(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
            "transport:wait",
        ),
        passing(
            "ended in the body",
            ends((head("Content-Length: 3") + "{}").into()),
            "transport:receive",
        ),
        passing(
            "ended in chunks",
            ends(format!("{CHUNKED}2\r\n{{}}\r\n").into()),
            "transport:receive",
        ),
        passing("ended in gzip", ends(bytes(&[gzip.as_bytes(), &GZIP[..9]])), "transport:receive"),
        passing(
            "reset in a body of no length",
            vec![Step::Request, send(head("X: y") + "{"), Step::Reset],
            "transport:receive",
        ),
        Break {
            what: "ended in the body of a 502",
            script: ends(b"HTTP/1.1 502 X\r\nContent-Length: 9\r\n\r\n<".to_vec()),
            kind: "api",
            status: Some(502),
            passing: true,
        },
        // What is not HTTP, or not what the service promises, would not be better the second time.
        lasting("the banner of SSH", "SSH-2.0-OpenSSH_9.2\r\n".to_owned(), None),
        lasting("two lengths", head("Content-Length: 2\r\nContent-Length: 3") + "{}", None),
        lasting("a bad chunk size", format!("{CHUNKED}x\r\n"), Some(200)),
        lasting("a cut JSON", head("Content-Length: 1") + "{}", Some(200)),
    ]
}

/// A response that is the last of its connection, so that each exchange has a script of its own.
fn response(status: u16, body: &str) -> Vec<Step> {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    vec![Step::Request, send(text)]
}

const NOT_FOUND: &str = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"none"}}"#;
const ADDRESS: &str = r#"{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}"#;

/// What is read when a write was applied, in order, and when it was not: status and body. Provisioning is never proved.
fn found(call: &Call) -> (Vec<(u16, &'static str)>, (u16, &'static str)) {
    const OLD: &str = r#"{"phoneNumber":"+12025550134","displayName":"old","expireAt":null}"#;
    match call.name {
        "active_update" => {
            (vec![(200, r#"{"phoneNumber":"+12025550134","displayName":"desk"}"#)], (200, OLD))
        }
        "active_release" => {
            let released = r#"{"phoneNumber":"+12025550134","expireAt":"2024-09-24T14:15:22Z"}"#;
            (vec![(200, released)], (200, OLD))
        }
        "emergency_address_provision" => (Vec::new(), (200, ADDRESS)),
        "emergency_address_deprovision" => (vec![(404, NOT_FOUND), (200, OLD)], (200, ADDRESS)),
        name => panic!(
            "tests/it/retry/recovered.rs has no row for {name}: add what is read if it was applied, and if not"
        ),
    }
}

/// What a call came to, and what was sent for it, each over a connection of its own: `W` the call itself, `R` a read beside it.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    result: Result<Done, Failed>,
    sent: String,
    connections: usize,
}

fn made(call: &Call, scripts: Vec<Vec<Step>>) -> Made {
    let server = Faults::new(scripts);
    let result = call.run(&server.builder().build().unwrap());
    server.assert_held(0, call.name);
    let own = |method: &String| if method == call.method { 'W' } else { 'R' };
    Made {
        result: result.map_err(|error| Failed::from(&error)),
        sent: server.methods().iter().map(own).collect(),
        connections: server.connections(),
    }
}

fn done(json: &str, attempts: u32, reconciled: bool, sent: &str) -> Made {
    let result = Ok(Done { json: json.to_owned(), attempts, reconciled });
    Made { result, sent: sent.to_owned(), connections: sent.len() }
}

fn failed(broken: &Break, attempts: u32, maybe_applied: bool, sent: &str) -> Made {
    let result = Err(Failed {
        kind: broken.kind.to_owned(),
        status: broken.status,
        attempts,
        maybe_applied,
        can_retry: broken.passing && !maybe_applied,
    });
    Made { result, sent: sent.to_owned(), connections: sent.len() }
}

/// Checks what became of a call where a first exchange broke, with all that came after it.
fn check(
    cases: Vec<(&str, Vec<Vec<Step>>, Made)>,
    broken: &Break,
    call: &Call,
) -> Result<(), String> {
    for (then, scripts, right) in cases {
        let made = made(call, scripts);
        if made != right {
            let name = format!("{} / {}, then {then}", broken.what, call.name);
            return Err(format!("{name}: {made:?}, not {right:?}"));
        }
    }
    Ok(())
}

#[test]
fn reads_get_through_when_it_passes() {
    let breaks = breaks();
    let pairs: Vec<_> =
        breaks.iter().flat_map(|broken| Call::reads().map(move |call| (broken, call))).collect();
    in_parallel(&pairs, |(broken, call)| {
        let (bad, good) = (|| broken.script.clone(), || response(200, "{}"));
        let [second, third, never] = if broken.passing {
            [
                done("{}", 2, false, "WW"),
                done("{}", 3, false, "WWW"),
                failed(broken, 3, false, "WWW"),
            ]
        } else {
            [(); 3].map(|()| failed(broken, 1, false, "W"))
        };
        let cases = vec![
            ("good", vec![bad(), good()], second),
            ("the same and good", vec![bad(), bad(), good()], third),
            ("the same for ever", vec![bad()], never),
        ];
        check(cases, broken, call)
    });
    assert!(pairs.len() >= 52);
}

#[test]
fn writes_are_read_back_and_not_sent_again() {
    let breaks = breaks();
    let pairs: Vec<_> =
        breaks.iter().flat_map(|broken| Call::writes().map(move |call| (broken, call))).collect();
    in_parallel(&pairs, |(broken, call)| {
        let bad = || broken.script.clone();
        let lost = vec![Step::Request, Step::End];
        let (applied, not_applied) = found(call);
        let mut cases = vec![
            (
                "not applied",
                vec![bad(), response(not_applied.0, not_applied.1)],
                failed(broken, 1, true, "WRRR"),
            ),
            ("the same for ever", vec![bad()], failed(broken, 1, true, "WRRR")),
        ];
        if !applied.is_empty() {
            let json = if applied[0].0 == 200 { applied[0].1 } else { "{}" };
            let reads: Vec<_> =
                applied.iter().map(|(status, body)| response(*status, body)).collect();
            let sent = format!("W{}", "R".repeat(reads.len()));
            let first = [vec![bad()], reads.clone()].concat();
            cases.push(("applied", first, done(json, 1, true, &sent)));
            let second = [vec![bad(), lost], reads].concat();
            cases.push(("applied, read twice", second, done(json, 1, true, &(sent + "R"))));
        }
        check(cases, broken, call)
    });
    assert!(pairs.len() >= 52);
}
