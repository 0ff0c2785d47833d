//! Broken exchanges with the attempts that a client has by default: reads get through when the second connection answers well;
//! writes ask what became of them before anything else is sent.

use crate::broken::{CHUNKED, GZIP, bytes, head, in_parallel};
use crate::calls::{Call, Done, Failed};
use crate::faults::{Faults, Step, send};

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
            "ended behind an interim answer",
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

/// An answer that is the last of its connection, so that each exchange has a script of its own.
fn answer(status: u16, body: &str) -> Vec<Step> {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    vec![Step::Request, send(text)]
}

const NOT_FOUND: &str = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"none"}}"#;
const ADDRESS: &str = r#"{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}"#;

/// What a read says when a write was carried out, and when it was not: status and body.
fn found(call: &Call) -> [(u16, &'static str); 2] {
    match call.name {
        "active_update" => [(200, r#"{"displayName":"desk"}"#), (200, r#"{"displayName":"old"}"#)],
        "active_release" => [
            (200, r#"{"phoneNumber":"+12025550134","expireAt":"2024-09-24T14:15:22Z"}"#),
            (200, r#"{"phoneNumber":"+12025550134","expireAt":null}"#),
        ],
        "emergency_address_provision" => [(200, ADDRESS), (404, NOT_FOUND)],
        "emergency_address_deprovision" => [(404, NOT_FOUND), (200, ADDRESS)],
        name => panic!("{name} is no write"),
    }
}

/// What a call came to, and what was sent for it: `W` the call itself, `R` a read beside it.
fn made(call: &Call, scripts: Vec<Vec<Step>>) -> (Result<Done, Failed>, String, usize) {
    let server = Faults::new(scripts);
    let result = call.run(&server.builder().build().unwrap());
    server.assert_held(0, call.name);
    let methods = server.methods();
    let own = |method: &String| if method == call.method { 'W' } else { 'R' };
    (
        result.map_err(|error| Failed::from(&error)),
        methods.iter().map(own).collect(),
        server.connections(),
    )
}

fn expect<T: PartialEq + std::fmt::Debug>(name: &str, found: T, right: T) -> Result<(), String> {
    if found == right { Ok(()) } else { Err(format!("{name}: {found:?}, not {right:?}")) }
}

fn done(json: &str, attempts: u32, reconciled: bool) -> Result<Done, Failed> {
    Ok(Done { json: json.to_owned(), attempts, reconciled })
}

fn failed(broken: &Break, attempts: u32, maybe_applied: bool) -> Result<Done, Failed> {
    Err(Failed {
        kind: broken.kind.to_owned(),
        status: broken.status,
        attempts,
        maybe_applied,
        can_retry: broken.passing && !maybe_applied,
    })
}

#[test]
fn reads_get_through_when_it_passes() {
    let breaks = breaks();
    let pairs: Vec<_> =
        breaks.iter().flat_map(|broken| Call::reads().map(move |call| (broken, call))).collect();
    in_parallel(&pairs, |(broken, call)| {
        let name = format!("{} / {}", broken.what, call.name);
        let good = answer(200, "{}");
        let once = made(call, vec![broken.script.clone(), good.clone()]);
        let twice = made(call, vec![broken.script.clone(), broken.script.clone(), good]);
        let always = made(call, vec![broken.script.clone()]);
        let (first, second, third) = if broken.passing {
            (
                (done("{}", 2, false), "WW".to_owned(), 2),
                (done("{}", 3, false), "WWW".to_owned(), 3),
                (failed(broken, 3, false), "WWW".to_owned(), 3),
            )
        } else {
            let at_once = || (failed(broken, 1, false), "W".to_owned(), 1);
            (at_once(), at_once(), at_once())
        };
        expect(&name, once, first)?;
        expect(&format!("{name}, twice"), twice, second)?;
        expect(&format!("{name}, always"), always, third)
    });
}

#[test]
fn writes_ask_before_anything_is_sent_again() {
    let breaks = breaks();
    let pairs: Vec<_> =
        breaks.iter().flat_map(|broken| Call::writes().map(move |call| (broken, call))).collect();
    in_parallel(&pairs, |(broken, call)| {
        let name = format!("{} / {}", broken.what, call.name);
        let [applied, not_applied] = found(call).map(|(status, body)| answer(status, body));
        let json = match found(call)[0] {
            (200, body) => body,
            _ => "{}",
        };
        let first = || broken.script.clone();
        let found = made(call, vec![first(), applied]);
        expect(&format!("{name}, applied"), found, (done(json, 1, true), "WR".to_owned(), 2))?;
        // Asking is a read, which gets through as reads do.
        let [applied, _] = self::found(call).map(|(status, body)| answer(status, body));
        let lost = vec![Step::Request, Step::End];
        let found = made(call, vec![first(), lost, applied]);
        expect(&format!("{name}, asked twice"), found, (done(json, 1, true), "WRR".to_owned(), 3))?;
        let found = made(call, vec![first(), not_applied, answer(200, "{}")]);
        let right = if broken.passing {
            // Sent once more, once.
            (done("{}", 2, false), "WRW".to_owned(), 3)
        } else {
            (failed(broken, 1, true), "WR".to_owned(), 2)
        };
        expect(&format!("{name}, not applied"), found, right)?;
        let found = made(call, vec![first()]);
        let asked = if broken.passing { "WRRR" } else { "WR" };
        let right = (failed(broken, 1, true), asked.to_owned(), asked.len());
        expect(&format!("{name}, always"), found, right)
    });
}
