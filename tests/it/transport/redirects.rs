//! Redirects: an error, whatever they say and wherever they come from. Nothing is sent to where they point, not even a
//! connection; and what they point to is told without what may be secret in it.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::Value;
use sinch_numbers::Error;

use crate::support::calls::{CALLS, Call, Failed, call};
use crate::support::drivers::{c_driver, drive};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Act, Server, ok, response_with};

/// Where redirects point, and where not a single connection may come in.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// A connection stands in the queue before whoever makes it knows that it is made: it cannot be missed.
    fn assert_left_alone(&self, row: &str) {
        let accepted = self.0.accept();
        let none = accepted.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(none, "{row}: {accepted:?}");
    }
}

/// 304 is none, but no final response either; 305 and 306 are history; the rest of the hundred is for the future.
const STATUSES: [u16; 12] = [300, 301, 302, 303, 304, 305, 306, 307, 308, 310, 350, 399];

/// Locations, `HOST` for the other server, and what is told of each.
const LOCATIONS: [(&str, &str); 32] = [
    ("http://HOST/v1/elsewhere", "http://HOST/v1/elsewhere"),
    ("HTTP://HOST", "HTTP://HOST"),
    ("http://HOST/x?access_token=hush&y=1", "http://HOST/x"),
    ("http://HOST?hush", "http://HOST"),
    ("http://HOST/x#hush", "http://HOST/x"),
    ("http://HOST/x?a#hush", "http://HOST/x"),
    ("http://user:hush@HOST/x", "http://HOST/x"),
    ("http://hush@HOST", "http://HOST"),
    ("http://user:hu@sh@HOST/x?hush", "http://HOST/x"),
    ("//user:hush@HOST/x", "//HOST/x"),
    ("http://HOST/a@b:c/@d", "http://HOST/a@b:c/@d"),
    ("//HOST/x", "//HOST/x"),
    ("///HOST/x", "///HOST/x"),
    ("https://HOST/x", "https://HOST/x"),
    ("https://HOST/x?hush", "https://HOST/x"),
    ("/v1/elsewhere", "/v1/elsewhere"),
    ("/v1/elsewhere?hush", "/v1/elsewhere"),
    ("/a//b@c", "/a//b@c"),
    ("elsewhere", "elsewhere"),
    ("../..", "../.."),
    ("?hush", "nowhere"),
    ("#hush", "nowhere"),
    ("", "nowhere"),
    ("ftp://HOST/x", "ftp://HOST/x"),
    ("javascript:alert(1)", "javascript:alert(1)"),
    ("file:///etc/passwd", "file:///etc/passwd"),
    ("http://", "http://"),
    ("http://[::1", "http://[::1"),
    (":::%zz", ":::%zz"),
    ("http://HOST /x y", "http://HOST /x y"),
    ("http://HOST/caf\u{e9}", "http://HOST/caf\u{e9}"),
    ("http://HOST:99999/x", "http://HOST:99999/x"),
];

fn redirect(status: u16, location: Option<&str>) -> Act {
    // A body that would pass for a response makes it none.
    let body = if status == 304 { "" } else { r#"{"phoneNumber":"+12025550134"}"# };
    let headers = location.map(|to| format!("Location: {to}\r\n")).unwrap_or_default();
    response_with(status, &headers, body)
}

/// A 3xx is not followed and not retried. A write that is to be sent elsewhere, 301, 307 and 308, was not carried out; of the
/// others that is not known.
fn not_followed(status: u16, attempts: u32, write: bool) -> Failed {
    Failed {
        kind: "protocol".to_owned(),
        status: Some(status),
        attempts,
        maybe_applied: write && ![301, 307, 308].contains(&status),
        can_retry: false,
    }
}

fn told(to: &str, status: u16) -> String {
    format!("a redirect to {to}, which is not followed (status {status})")
}

#[test]
fn redirects_are_errors_and_never_followed() {
    let mut found = Mismatches::default();
    let cases = statuses(&mut found)
        + operations(&mut found)
        + locations(&mut found)
        + without_location(&mut found)
        + token_endpoint(&mut found)
        + no_redirects(&mut found);
    locations_in_c(&mut found);
    found.assert_none();
    assert!(cases >= 40, "{cases}");
}

/// What is left to try, attempts and time, is not used up: the client is as it is by default.
fn meet(found: &mut Mismatches, call: Call, status: u16, location: Option<&str>) -> Error {
    let row = format!("{}: {status} to {location:?}", call.name);
    let server = Server::new([redirect(status, location)]);
    let error = call.run(&server.client()).unwrap_err();
    let expected = not_followed(status, 1, call.writes);
    found.same(&row, &Failed::from(&error), &expected);
    // What the call itself sends, once, and nothing else but what reads it back.
    let sent: Vec<_> = server.requests().into_iter().map(|r| (r.method, r.target)).collect();
    let target = format!("/v1/projects/project-1/{}", call.target);
    found.same(&row, &sent.first(), &Some(&(call.method.to_owned(), target)));
    let read_back = sent.iter().skip(1).filter(|(method, _)| method == "GET").count();
    let reads = if expected.maybe_applied { 3 } else { 0 };
    found.same(&row, &(sent.len(), read_back), &(1 + reads, reads));
    found.same(&row, &server.token_requests().len(), &1);
    found.lacks(&row, &format!("{error} {error:?}"), "hush");
    error
}

/// Each status with each method: a client that follows would send some of them again, and some as another method.
fn statuses(found: &mut Mismatches) -> usize {
    let elsewhere = Elsewhere::new();
    let to = format!("http://{}/x", elsewhere.host());
    let calls = ["active_get", "active_update", "active_release"].map(call);
    let rows: Vec<_> =
        STATUSES.into_iter().flat_map(|status| calls.map(|call| (status, call))).collect();
    found.in_parallel(&rows, |found, (status, call)| {
        let error = meet(found, *call, *status, Some(&to));
        found.holds(call.name, &error.to_string(), &told(&to, *status));
        elsewhere.assert_left_alone(call.name);
    });
    rows.len()
}

/// Each operation, redirected for good and with its body.
fn operations(found: &mut Mismatches) -> usize {
    let elsewhere = Elsewhere::new();
    let to = format!("http://{}/x", elsewhere.host());
    for call in CALLS {
        let error = meet(found, call, 308, Some(&to));
        found.same(call.name, &error.operation(), &Some(call.name));
        elsewhere.assert_left_alone(call.name);
    }
    // Three of them were there with every status.
    CALLS.len() - 3
}

fn locations(found: &mut Mismatches) -> usize {
    let elsewhere = Elsewhere::new();
    let host = elsewhere.host();
    found.in_parallel(&LOCATIONS, |found, (location, expected)| {
        let (location, expected) =
            (location.replace("HOST", &host), expected.replace("HOST", &host));
        for call in ["active_get", "emergency_address_provision"].map(call) {
            let error = meet(found, call, 302, Some(&location));
            found.holds(&location, &error.to_string(), &told(&expected, 302));
            elsewhere.assert_left_alone(&location);
        }
    });
    LOCATIONS.len()
}

fn without_location(found: &mut Mismatches) -> usize {
    for status in [301, 304, 307] {
        for call in ["active_get", "active_update"].map(call) {
            let error = meet(found, call, status, None);
            found.holds("no location", &error.to_string(), &format!("(status {status})"));
        }
    }
    3
}

/// The key and its secret go nowhere else; nor does the call.
fn token_endpoint(found: &mut Mismatches) -> usize {
    let elsewhere = Elsewhere::new();
    let to = format!("http://user:hush@{}/oauth2/token?hush", elsewhere.host());
    for status in STATUSES {
        for call in ["active_get", "active_release"].map(call) {
            let row = format!("{}: token endpoint: {status}", call.name);
            let server = Server::with_tokens([ok("{}")], [redirect(status, Some(&to))]);
            let error = call.run(&server.client()).unwrap_err();
            found.same(&row, &Failed::from(&error), &not_followed(status, 0, false));
            found.same(&row, &(server.token_requests().len(), server.requests().len()), &(1, 0));
            let expected = told(&format!("http://{}/oauth2/token", elsewhere.host()), status);
            found.holds(
                &row,
                &error.to_string(),
                &format!("access token: unexpected response: {expected}"),
            );
            found.lacks(&row, &format!("{error} {error:?}"), "hush");
            elsewhere.assert_left_alone(&row);
        }
    }
    STATUSES.len()
}

/// Other responses point somewhere too, and mean something else.
fn no_redirects(found: &mut Mismatches) -> usize {
    let elsewhere = Elsewhere::new();
    let headers =
        format!("Location: http://{0}/\r\nRefresh: 0;url=http://{0}/\r\n", elsewhere.host());
    let rows =
        [(404, Some("api")), (410, Some("api")), (503, Some("api")), (201, None), (200, None)];
    for (status, expected) in rows {
        let server = Server::new([response_with(status, &headers, "{}")]);
        let client = server.builder().max_attempts(1).build().unwrap();
        let result = call("active_get").run(&client);
        let kind = result.err().map(|error| crate::support::calls::kind(&error));
        found.same(&format!("{status} with a location"), &kind.as_deref(), &expected);
        found.same(&format!("{status} with a location"), &server.requests().len(), &1);
        elsewhere.assert_left_alone("no redirect");
    }
    rows.len()
}

fn locations_in_c(found: &mut Mismatches) {
    let elsewhere = Elsewhere::new();
    let to = format!("http://user:hush@{}/x?hush", elsewhere.host());
    let mut rows: Vec<(u16, Call)> =
        STATUSES.iter().map(|status| (*status, call("active_get"))).collect();
    rows.extend(CALLS.map(|call| (307, call)));
    let server = Server::new(rows.iter().map(|(status, _)| redirect(*status, Some(&to))));
    let lines: String = rows.iter().map(|(_, call)| call.line()).collect();
    let outcomes = drive(c_driver(), &server.url, "", lines);
    found.same("requests of C", &server.requests().len(), &rows.len());
    for ((status, call), (code, http_status, json)) in rows.into_iter().zip(outcomes) {
        let row = format!("{}: {status}, in C", call.name);
        let document: Value = serde_json::from_str(&json).unwrap();
        found.same(&row, &(code, http_status), &(8, status));
        let message = document["message"].as_str().unwrap();
        found.holds(&row, message, &told(&format!("http://{}/x", elsewhere.host()), status));
        found.lacks(&row, &json, "hush");
        let seen = ["attempts", "maybeApplied", "retryAfterMs"].map(|key| document[key].clone());
        found.same(&row, &seen, &[Value::from(1), Value::from(false), Value::from(-1)]);
    }
    let server = Server::with_tokens([ok("{}")], [redirect(308, Some(&to))]);
    let (code, status, json) =
        drive(c_driver(), &server.url, "", call("active_release").line()).remove(0);
    found.same("token endpoint, in C", &(code, status), &(8, 308));
    found.lacks("token endpoint, in C", &json, "hush");
    found.same("token endpoint, in C", &server.requests().len(), &0);
    elsewhere.assert_left_alone("C");
}
