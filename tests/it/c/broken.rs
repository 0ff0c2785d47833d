//! The essential rows of broken, slow and huge exchanges again through C: code, status, and what the error document says.

use serde_json::{Value, json};

use crate::support::calls::call;
use crate::support::drivers::{Outcome, c_driver, drive};
use crate::support::exchanges::{CHUNKED, GZIP, bytes, head};
use crate::support::faults::{Faults, Step, reply, send};
use crate::support::parallel::in_parallel;

const NETWORK: i32 = 6;
const TIMEOUT: i32 = 7;
const PROTOCOL: i32 = 8;

struct Row {
    what: &'static str,
    script: Vec<Step>,
    /// Code, status and phase.
    right: (i32, u16, Option<&'static str>),
}

fn rows() -> Vec<Row> {
    let row = |what, script, right| Row { what, script, right };
    let ends =
        |what, text: &str, right| row(what, vec![Step::Request, send(text), Step::End], right);
    let stays = |what, text: &str, right| row(what, vec![Step::Request, send(text)], right);
    let gzip = head(&format!("Content-Encoding: gzip\r\nContent-Length: {}", GZIP.len()));
    let wait = (NETWORK, 0, Some("wait"));
    let receive = (NETWORK, 0, Some("receive"));
    let wrong = (PROTOCOL, 0, None);
    let odd = (PROTOCOL, 200, None);
    let long = "x".repeat(64 * 1024);
    vec![
        row("ended at once", vec![Step::End], wait),
        row("ended in the request", vec![Step::Read(30), Step::End], wait),
        row("reset after the request", vec![Step::Request, Step::Reset], wait),
        ends("ended in the status line", "HTTP/1.1 20", wait),
        ends("ended in the head", "HTTP/1.1 200 OK\r\nContent-", wait),
        ends("ended behind an interim response", "HTTP/1.1 100 Continue\r\n\r\n", wait),
        ends("ended in the body", &(head("Content-Length: 3") + "{}"), receive),
        ends("ended between chunks", &format!("{CHUNKED}2\r\n{{}}\r\n"), receive),
        row(
            "reset in a body of no length",
            vec![Step::Request, send(head("X: y") + "{}"), Step::Reset],
            receive,
        ),
        row(
            "ended in gzip",
            vec![Step::Request, Step::Send(bytes(&[gzip.as_bytes(), &GZIP[..9]])), Step::End],
            receive,
        ),
        ends("the banner of SSH", "SSH-2.0-OpenSSH_9.2\r\n", wrong),
        ends("a TLS alert", "\x15\x03\x01\0\x02\x02\x46", wrong),
        ends("HTTP/0.9", "{}", wrong),
        ends("HTTP/2", "HTTP/2 200\r\n\r\n", wrong),
        ends("status 099", "HTTP/1.1 099 X\r\n\r\n", wrong),
        ends("status 1000", "HTTP/1.1 1000 X\r\n\r\n", wrong),
        ends("status 999", "HTTP/1.1 999 X\r\n\r\n", (PROTOCOL, 999, None)),
        ends("an upgrade", "HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n", (PROTOCOL, 101, None)),
        ends("two lengths", &(head("Content-Length: 2\r\nContent-Length: 3") + "{}"), wrong),
        ends("a length of 2^64", &(head("Content-Length: 18446744073709551616") + "{}"), wrong),
        ends("NUL in a header", &(head("X: \0\r\nContent-Length: 2") + "{}"), wrong),
        ends("a bad chunk size", &format!("{CHUNKED}x\r\n"), odd),
        ends("a cut JSON", &(head("Content-Length: 1") + "{}"), odd),
        ends("an unknown transfer-encoding", &(head("Transfer-Encoding: x") + "{}"), odd),
        ends("a header of 64 KB", &head(&format!("X: {long}")), wrong),
        row(
            "a body without end",
            vec![Step::Request, send(head("X: y")), Step::Flood(vec![b' '; 4096], u64::MAX)],
            odd,
        ),
        row(
            "a chunk extension without end",
            vec![
                Step::Request,
                send(format!("{CHUNKED}2;")),
                Step::Flood(vec![b'a'; 4096], u64::MAX),
            ],
            odd,
        ),
        stays("silence", "", (TIMEOUT, 0, Some("wait"))),
        stays("silence in the head", "HTTP/1.1 200 OK\r\n", (TIMEOUT, 0, Some("wait"))),
        stays("silence in the body", &head("Content-Length: 2"), (TIMEOUT, 0, Some("receive"))),
        stays("silence in a chunk", &format!("{CHUNKED}2\r\n{{"), (TIMEOUT, 0, Some("receive"))),
    ]
}

/// Makes a call of each row, one after the other. A write is read back up to three times, and meets the same again; where it
/// waits until its deadline there is time for one read.
fn through_c(rows: &[&Row], name: &str, settings: &str, reads: usize) -> Vec<Outcome> {
    let call = call(name);
    let exchanges = if call.writes { 1 + reads } else { 1 };
    let scripts = rows.iter().flat_map(|row| vec![row.script.clone(); exchanges]);
    let server = Faults::new(scripts);
    let settings =
        format!(r#""auth": "basic", "maxAttempts": 1, "maxResponseBytes": 4096, {settings}"#);
    let outcomes = drive(c_driver(), &server.url(), &settings, call.line().repeat(rows.len()));
    server.assert_held(0, name);
    assert_eq!(server.connections(), exchanges * rows.len(), "{name}");
    outcomes
}

#[test]
fn broken_exchanges_are_the_same_through_c() {
    let rows = rows();
    assert!(rows.len() >= 30);
    // Those that wait have a client of their own, which does not wait long.
    let (slow, quick): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.right.0 == TIMEOUT);
    let calls = ["active_get", "active_release", "emergency_address_deprovision"].map(call);
    let cases = calls.iter().flat_map(|call| {
        // A few at a time: reading back takes two seconds, and is paid from the client's budget.
        let quick = quick.chunks(6).map(move |rows| (call, rows, r#""timeoutMs": 20000"#, 3));
        quick.chain([(call, &slow[..], r#""timeoutMs": 2000"#, 1)])
    });
    in_parallel(&cases.collect::<Vec<_>>(), |(call, rows, settings, reads)| {
        let name = call.name;
        let outcomes = through_c(rows, name, settings, *reads);
        assert_eq!(outcomes.len(), rows.len());
        for (row, (code, status, json)) in rows.iter().zip(outcomes) {
            let what = format!("{} / {name}: {json}", row.what);
            let document: Value = serde_json::from_str(&json).unwrap();
            let found = (code, status, document["phase"].as_str());
            assert_eq!(found, row.right, "{what}");
            assert_eq!(document["httpStatus"], json!(status), "{what}");
            assert_eq!(document["attempts"], json!(1), "{what}");
            assert_eq!(document["maybeApplied"], json!(call.writes), "{what}");
            let can_retry = code != PROTOCOL && !call.writes;
            assert_eq!(document["retryAfterMs"], json!(if can_retry { 0 } else { -1 }), "{what}");
            assert_eq!(document["operation"], json!(name), "{what}");
        }
        Ok(())
    });
}

#[test]
fn what_is_odd_and_allowed_succeeds_through_c() {
    let texts = [
        "HTTP/1.1 100 Continue\r\n\r\n".to_owned() + &head("Content-Length: 2") + "{}",
        "HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n".to_owned() + &head("Content-Length: 2") + "{}",
        "HTTP/1.1 200\r\nContent-Length: 2, 2\r\n\r\n{}".to_owned(),
        "\r\nHTTP/1.1 200 OK\nContent-Length: 02\n\n{}".to_owned(),
        format!("{CHUNKED}2;a=b\r\n{{}}\r\n0\r\nX-Checksum: 1\r\n\r\n"),
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        "HTTP/1.0 200 OK\r\n\r\n{}".to_owned(),
    ];
    let mut script: Vec<Step> =
        texts.iter().flat_map(|text| [Step::Request, send(text.clone())]).collect();
    script.push(Step::End);
    let server = Faults::new([script, vec![Step::Request, reply(200, "{}")]]);
    let lines = call("active_update").line().repeat(texts.len() + 1);
    let outcomes = drive(c_driver(), &server.url(), r#""auth": "basic""#, lines);
    assert_eq!(outcomes, vec![(0, 200, "{}".to_owned()); texts.len() + 1]);
    assert_eq!(server.connections(), 2);
}
