//! What the headers of an error response tell: the id of the request, and how long to wait.

use std::time::Duration;

use serde_json::Value;

use crate::support::calls::{NUMBER, call};
use crate::support::drivers::{c_driver, drive};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Act, Server, response_bytes};

/// Headers and a body, and the id.
#[rustfmt::skip]
const IDS: [(&str, &str, Option<&str>); 12] = [
    ("", "", None),
    ("X-Request-Id: r-1\r\n", "", Some("r-1")),
    ("x-REQUEST-id:r-1  \r\n", "<html>", Some("r-1")),
    ("X-Correlation-Id: c-1\r\n", "", Some("c-1")),
    ("X-Correlation-Id: c-1\r\nX-Request-Id: r-1\r\n", "", Some("r-1")),
    ("X-Request-Id: r-1\r\n", r#"{"traceId":"t-1"}"#, Some("r-1")),
    ("X-Correlation-Id: c-1\r\n", r#"{"traceId":"t-1"}"#, Some("c-1")),
    ("", r#"{"error":"no","traceId":"t-1"}"#, Some("t-1")),
    ("X-Request-Id: \r\n", r#"{"traceId":"t-1"}"#, Some("t-1")),
    ("X-Request-Id: \r\nX-Correlation-Id: c-1\r\n", "", Some("c-1")),
    ("X-Request-Id: caf\u{e9}\r\nX-Correlation-Id: c-1\r\n", "", Some("c-1")),
    ("Request-Id: no\r\nX-Trace-Id: no\r\n", r#"{"traceId":"","error":{"traceId":"no"}}"#, None),
];

const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

/// What `Retry-After` says, and the seconds to wait.
const WAITS: [(&str, Option<u64>); 26] = [
    ("7", Some(7)),
    ("0", Some(0)),
    ("007", Some(7)),
    (" 7 ", Some(7)),
    ("86400", Some(86_400)),
    ("18446744073709551615", Some(u64::MAX)),
    ("99999999999999999999", Some(u64::MAX)),
    ("", None),
    ("soon", None),
    ("-1", None),
    ("+7", None),
    ("1.5", None),
    ("1e3", None),
    ("7s", None),
    ("7, 8", None),
    ("0x7", None),
    ("\u{664}", None),
    ("Sun, 06 Nov 1994 08:49:44 GMT", Some(7)),
    ("Mon, 07 Nov 1994 08:49:37 GMT", Some(86_400)),
    ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
    ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
    ("Fri, 31 Dec 9999 23:59:59 GMT", Some(252_618_189_022)),
    ("Sun, 06 Nov 1994 08:49:44 +0000", None),
    ("Sun, 31 Nov 1994 08:49:44 GMT", None),
    ("06 Nov 1994 08:49:44 GMT", None),
    ("1994-11-06T08:49:44Z", None),
];

pub(super) fn run(found: &mut Mismatches) -> usize {
    ids(found) + waits(found) + waits_in_c(found)
}

fn ids(found: &mut Mismatches) -> usize {
    let server = Server::new(
        IDS.iter().map(|(headers, body, _)| response_bytes(404, headers, body.as_bytes())),
    );
    let client = server.plain_client();
    for (headers, body, expected) in IDS {
        let error = client.get(NUMBER).unwrap_err();
        let seen = error.api_error().unwrap().request_id.as_deref();
        found.same(&format!("{headers:?} {body}"), &seen, &expected);
    }
    IDS.len()
}

/// Whatever the status: it is the service's wish, and no promise that it helps.
fn waits(found: &mut Mismatches) -> usize {
    for status in [400, 401, 404, 429, 500, 503] {
        let act = |(wait, _): &(&str, _)| {
            response_bytes(status, &format!("{DATE}Retry-After:{wait}\r\n"), b"")
        };
        let server = Server::new(WAITS.iter().map(act));
        let client = server.plain_client();
        for (wait, expected) in WAITS {
            let error = client.get(NUMBER).unwrap_err();
            let row = format!("{status}, Retry-After: {wait}");
            found.same(&row, &error.retry_after(), &expected.map(Duration::from_secs));
            found.same(&row, &error.can_retry(), &matches!(status, 429 | 500 | 503));
        }
    }
    // A date against no date, and against one that is none: this machine's clock is not asked.
    let date = "Retry-After: Sun, 06 Nov 1994 08:49:44 GMT\r\n";
    let broken = format!("Date: today\r\n{date}");
    for headers in [date, &broken] {
        let server = Server::new([response_bytes(503, headers, b"")]);
        let error = server.plain_client().get(NUMBER).unwrap_err();
        found.same(headers, &error.retry_after(), &None);
    }
    WAITS.len() + 2
}

/// In milliseconds; 0 where nothing was asked for, and -1 where waiting does not help.
fn waits_in_c(found: &mut Mismatches) -> usize {
    let rows: [(u16, &str, i64); 8] = [
        (429, "Retry-After: 7\r\n", 7000),
        (429, "", 0),
        (429, "Retry-After: soon\r\n", 0),
        (503, "Retry-After: 99999999999999999999\r\n", i64::MAX),
        (503, "Retry-After: 9223372036854776\r\n", i64::MAX),
        (500, "Retry-After: 0\r\n", 0),
        (404, "Retry-After: 7\r\n", -1),
        (501, "Retry-After: 7\r\n", -1),
    ];
    let acts: Vec<Act> =
        rows.iter().map(|(status, headers, _)| response_bytes(*status, headers, b"")).collect();
    let server = Server::new(acts);
    let lines = call("active_get").line().repeat(rows.len());
    let outcomes = drive(c_driver(), &server.url, r#""auth": "basic", "maxAttempts": 1"#, lines);
    for ((status, headers, expected), (_, _, json)) in rows.iter().zip(outcomes) {
        let document: Value = serde_json::from_str(&json).unwrap();
        found.same(
            &format!("{status} {headers:?} in C"),
            &document["retryAfterMs"],
            &Value::from(*expected),
        );
    }
    // A write that may have been applied is not to be repeated, however long one waits.
    let server = Server::new([response_bytes(503, "Retry-After: 7\r\n", b"")]);
    let line = call("active_release").line();
    let (_, _, json) =
        drive(c_driver(), &server.url, r#""auth": "basic", "maxAttempts": 1"#, line).remove(0);
    let document: Value = serde_json::from_str(&json).unwrap();
    found.same("a release in C", &document["retryAfterMs"], &Value::from(-1));
    rows.len() + 1
}
