//! Tokens counted: how often one is fetched and how often calls are sent, whatever the token endpoint says or does not say.

use std::thread;
use std::time::{Duration, Instant};

use mockito::{Matcher, Mock};
use sinch_numbers::{Credentials, ErrorKind, ListNumbers};

use crate::support::calls::{Failed, NUMBER, bound, call, whole_message};
use crate::support::drivers::{c_driver, drive};
use crate::support::faults::{Faults, Step, reply, send};
use crate::support::mocked;
use crate::support::server::{Act, Server, ok, response, response_with, token};

const GET: &str = "activeNumbers/+12025550134";

/// Compressed: `{"access_token":"t"}`.
const GZIP: [u8; 40] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 76, 78, 78, 45, 46, 142, 47, 201, 207, 78, 205,
    83, 178, 82, 42, 81, 170, 5, 0, 183, 200, 207, 180, 20, 0, 0, 0,
];

#[test]
fn the_token_endpoint_gets_what_it_wants() {
    let mut server = mockito::Server::new();
    let token = mocked::token(&mut server, "token-1")
        .match_body("grant_type=client_credentials")
        .match_header("authorization", "Basic a2V5LWlkOmtleS1zZWNyZXQ=")
        .match_header("content-type", "application/x-www-form-urlencoded")
        .match_header("accept", "application/json")
        // Each header once.
        .match_request(|request| request.headers().len() == request.headers().keys_len())
        .create();
    mocked::on(&mut server, "GET", GET).with_body("{}").create();
    let result = mocked::client(&server).get(NUMBER);
    token.assert();
    result.unwrap();
}

#[test]
fn under_basic_the_first_401_is_the_response() {
    let mut server = mockito::Server::new();
    let token = mocked::token(&mut server, "token-1").expect(0).create();
    let refused = mocked::on(&mut server, "GET", GET).with_status(401).create();
    let client = mocked::builder_with(&server, Credentials::basic("k", "s")).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication(_)));
    token.assert();
    refused.assert();
}

#[test]
fn odd_responses_that_hold_a_token_will_do() {
    let with = |rest: &str| ok(&format!(r#"{{"access_token":"t"{rest}}}"#));
    let gzip = {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n";
        Act::Raw([head.as_bytes(), &GZIP].concat())
    };
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"access_token\":\"t\"}\r\n0\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"t\"}";
    // What it says, and whether the token may be due again at once: how long it lives stands in the cache's own tests.
    let rows = [
        ("nothing else", with(""), false),
        ("no lifetime", with(r#","expires_in":null"#), false),
        ("a lifetime of nothing", with(r#","expires_in":0"#), true),
        ("a lifetime below nothing", with(r#","expires_in":-3600"#), true),
        ("a lifetime in words", with(r#","expires_in":"soon""#), false),
        ("a lifetime as text", with(r#","expires_in":"3600""#), false),
        ("a fraction", with(r#","expires_in":3599.5"#), false),
        ("for ever", with(r#","expires_in":1e300"#), false),
        ("another type", with(r#","token_type":"MAC""#), false),
        ("no text for a type", with(r#","token_type":7"#), false),
        ("fields nobody knows", with(r#","error":null,"x":[{}]"#), false),
        ("status 201", response(201, r#"{"access_token":"t"}"#), false),
        ("compressed", gzip, false),
        ("in chunks", Act::Raw(chunks.into()), false),
        ("and closes", Act::RawThenClose(last.into()), false),
        (
            "plain text",
            response_with(200, "Content-Type: text/plain\r\n", r#"{"access_token":"t"}"#),
            false,
        ),
    ];
    for (name, act, due) in rows {
        let server = Server::with_tokens([ok("{}")], [act]);
        let client = server.client();
        for _ in 0..2 {
            let response = client.get(NUMBER);
            assert_eq!(
                response.unwrap_or_else(|e| panic!("{name}: {e:?}")).attempts(),
                1,
                "{name}"
            );
        }
        assert!(due || server.token_requests().len() == 1, "{name}");
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some("Bearer t"), "{name}");
        }
    }
}

#[test]
#[rustfmt::skip]
fn what_the_token_endpoint_says_is_passed_on() {
    const NONE: Headers = &[];
    const SOON: Headers = &[("retry-after", "0")];
    const LATE: Headers = &[("retry-after", "99")];
    type Headers = &'static [(&'static str, &'static str)];
    // Status, headers and body; then kind, whether trying again can help, how often it was asked, a piece of the message.
    type Row<'a> = (u16, Headers, &'a str, &'static str, bool, usize, &'static str);
    let denied = r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#;
    let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(9000));
    let rows: [Row; 27] = [
        (401, NONE, denied, "auth", false, 1, "invalid_client: Client authentication failed"),
        (400, NONE, denied, "auth", false, 1, "Client authentication failed"),
        (403, NONE, "", "auth", false, 1, "status 403"),
        (401, NONE, "", "auth", false, 1, "status 401"),
        (404, NONE, "", "api", false, 1, "status 404"),
        (405, NONE, denied, "api", false, 1, "status 405"),
        (501, NONE, "", "api", false, 1, "status 501"),
        (302, &[("location", "https://hush.test/login?key=1")], "", "protocol", false, 1, "302"),
        (200, NONE, "", "protocol", false, 1, "not a JSON object"),
        (204, NONE, "", "protocol", false, 1, "not a JSON object"),
        (200, NONE, "not json", "protocol", false, 1, "not a JSON object"),
        (200, &[("content-type", "text/html")], "<html>Log in, hush</html>", "protocol", false, 1, "not a JSON object"),
        (200, NONE, r#"{"access_token":"hush"} {}"#, "protocol", false, 1, "not a JSON object"),
        (200, NONE, r#"{"expires_in":3599}"#, "protocol", false, 1, "no access_token"),
        (200, NONE, denied, "auth", false, 1, "Client authentication failed"),
        (200, NONE, r#"{"access_token":""}"#, "protocol", false, 1, "no access_token"),
        (200, NONE, r#"{"access_token":"hush\r\nX: y"}"#, "protocol", false, 1, "do not belong in a header"),
        (200, NONE, r#"{"access_token":"húsh"}"#, "protocol", false, 1, "do not belong in a header"),
        (200, NONE, &long, "protocol", false, 1, "too long"),
        (429, LATE, "", "rate", true, 1, "status 429"),
        (503, LATE, "", "api", true, 1, "status 503"),
        (429, SOON, "", "rate", true, 3, "status 429"),
        (429, &[("retry-after", "0"), ("x-envoy-ratelimited", "true")], "local_rate_limited", "rate", true, 3, "status 429"),
        (500, SOON, "oops", "api", true, 3, "status 500"),
        (502, SOON, "<html></html>", "api", true, 3, "status 502"),
        (503, SOON, "", "api", true, 3, "status 503"),
        (504, SOON, "", "api", true, 3, "status 504"),
    ];
    for (status, headers, body, kind, can_retry, asked, piece) in rows {
        let mut server = mockito::Server::new();
        let tokens = mocked::respond(mocked::on_tokens(&mut server), status, headers, body);
        let tokens = tokens.expect(asked).create();
        let calls = server.mock("POST", Matcher::Any).with_body("{}").expect(0).create();
        let error = mocked::client(&server).release(NUMBER).unwrap_err();
        let expected = Failed {
            kind: kind.to_owned(),
            status: Some(status),
            attempts: 0,
            maybe_applied: false,
            can_retry,
        };
        let name = format!("{status} {headers:?} {}: {error:?}", &body[..body.len().min(100)]);
        assert_eq!(Failed::from(&error), expected, "{name}");
        let text = whole_message(&error);
        assert!(text.starts_with("active_release +12025550134: access token: "), "{text}");
        assert!(text.contains(piece), "{text}");
        assert!(!format!("{error:?}{text}").contains("key-secret"), "{name}");
        if status == 200 {
            assert!(!format!("{error:?}{text}").contains("hush"), "{name}");
        }
        tokens.assert();
        calls.assert();
    }
}

const SOON: &str = "Retry-After: 0\r\n";

/// What happens to the two scripts, that of the tokens and that of the calls, and how often each was asked.
#[test]
fn a_401_is_answered_with_one_new_token_and_no_more() {
    type Row = (
        &'static str,
        &'static str,
        Vec<Act>,
        Vec<Act>,
        // The kind of failure, if it is one, and how often the call was sent as it tells.
        &'static str,
        u32,
        // How often tokens were fetched, and requests made.
        (usize, usize),
    );
    let two = || vec![token("old"), token("new")];
    let no = || response(401, "");
    let gone = || Act::RawThenClose(Vec::new());
    let busy = || response_with(503, SOON, "");
    let ours = || ok(r#"{"phoneNumber":"+12025550134"}"#);
    let rows: Vec<Row> = vec![
        ("a read", "active_get", two(), vec![no(), ok("{}")], "ok", 2, (2, 2)),
        // It was refused, so it was not carried out.
        ("a write", "active_release", two(), vec![no(), ok("{}")], "ok", 2, (2, 2)),
        ("twice", "active_update", two(), vec![no()], "auth", 2, (2, 2)),
        ("then 403", "active_update", two(), vec![no(), response(403, "")], "auth", 2, (2, 2)),
        ("then 404", "active_get", two(), vec![no(), response(404, "")], "api", 2, (2, 2)),
        (
            "then busy, then good",
            "active_get",
            two(),
            vec![no(), busy(), ok("{}")],
            "ok",
            3,
            (2, 3),
        ),
        (
            "busy, then 401, then good",
            "active_get",
            two(),
            vec![busy(), no(), ok("{}")],
            "ok",
            3,
            (2, 3),
        ),
        (
            "the same token again, and it will do",
            "active_get",
            vec![token("old")],
            vec![no(), ok("{}")],
            "ok",
            2,
            (2, 2),
        ),
        (
            "the same token again, and it will not",
            "active_get",
            vec![token("old")],
            vec![no()],
            "auth",
            2,
            (2, 2),
        ),
        ("403 is final", "active_release", two(), vec![response(403, "")], "auth", 1, (1, 1)),
        (
            "the endpoint knows us no more",
            "active_release",
            vec![token("old"), response(401, "")],
            vec![no()],
            "auth",
            1,
            (2, 1),
        ),
        (
            "the endpoint is down",
            "active_release",
            vec![token("old"), response_with(503, "Retry-After: 99\r\n", "")],
            vec![no()],
            "api",
            1,
            (2, 1),
        ),
        (
            "the endpoint is busy for a moment",
            "active_release",
            vec![token("old"), busy(), token("new")],
            vec![no(), ok("{}")],
            "ok",
            2,
            (3, 2),
        ),
        (
            "the endpoint lies",
            "active_release",
            vec![token("old"), ok("{}")],
            vec![no()],
            "protocol",
            1,
            (2, 1),
        ),
        (
            "a read, then the connection is gone",
            "active_get",
            two(),
            vec![no(), gone(), ok("{}")],
            "ok",
            2,
            (2, 3),
        ),
        // The first one was refused; the second may be under way, and is read back.
        (
            "a write, then the connection is gone",
            "active_release",
            two(),
            vec![no(), gone(), ours()],
            "transport:wait",
            2,
            (2, 5),
        ),
        (
            "the read-back gets the 401",
            "active_release",
            two(),
            vec![
                gone(),
                no(),
                ok(r#"{"phoneNumber":"+12025550134","expireAt":"2030-01-01T00:00:00Z"}"#),
            ],
            "ok",
            1,
            (2, 3),
        ),
    ];
    assert!(rows.len() >= 16);
    for (name, operation, tokens, acts, kind, attempts, counts) in rows {
        let server = Server::with_tokens(acts, tokens);
        match call(operation).run(&server.client()) {
            Ok(done) => assert_eq!(("ok", done.attempts), (kind, attempts), "{name}"),
            Err(error) => {
                let failed = Failed::from(&error);
                assert_eq!(
                    (failed.kind.as_str(), failed.attempts),
                    (kind, attempts),
                    "{name}: {error:?}"
                );
                let unknown = kind == "transport:wait";
                assert_eq!(failed.maybe_applied, unknown, "{name}: {error:?}");
            }
        }
        assert_eq!((server.token_requests().len(), server.requests().len()), counts, "{name}");
    }
}

#[test]
fn each_call_may_refresh_once() {
    let mut server = mockito::Server::new();
    let tokens = ["one", "two", "three"].map(|text| mocked::token(&mut server, text).create());
    // What the API responds to a token, and how often.
    let calls = [("one", 401, 1), ("two", 200, 2), ("two", 401, 1), ("three", 200, 1)];
    let calls = calls.map(|(token, status, times)| {
        let mock = mocked::on(&mut server, "GET", GET).with_status(status).with_body("{}");
        mock.match_header("authorization", format!("Bearer {token}").as_str())
            .expect(times)
            .create()
    });
    let client = mocked::client(&server);
    for attempts in [2, 1, 2] {
        assert_eq!(client.get(NUMBER).unwrap().attempts(), attempts);
    }
    tokens.iter().chain(&calls).for_each(Mock::assert);
}

#[test]
fn a_401_that_stays_costs_at_most_a_token_a_second() {
    let server =
        Server::with_tokens([response(401, "")], (0..100).map(|n| token(&format!("token-{n}"))));
    let client = server.client();
    let began = Instant::now();
    for calls in 1..=20 {
        let error = client.get(NUMBER).unwrap_err();
        assert_eq!(error.http_status(), Some(401), "{error:?}");
        // The first call fetches one, and another that does not help either.
        let allowed = 2 + usize::try_from(began.elapsed().as_secs()).unwrap();
        assert!(server.token_requests().len() <= allowed, "{calls} calls");
    }
}

#[test]
fn clients_share_no_token_and_their_copies_do() {
    let mut server = mockito::Server::new();
    let tokens = mocked::token(&mut server, "t").expect(2).create();
    let calls = mocked::on(&mut server, "GET", "activeNumbers").with_body("{}").expect(4).create();
    let (one, other) = (mocked::client(&server), mocked::client(&server));
    for client in [&one, &one.clone(), &other, &other.clone()] {
        client.list(&ListNumbers::new()).unwrap();
    }
    tokens.assert();
    calls.assert();
}

#[test]
fn each_host_is_shown_its_own_proof() {
    let (mut api, mut tokens) = (mockito::Server::new(), mockito::Server::new());
    let shown = [
        mocked::token(&mut tokens, "t")
            .match_header("authorization", "Basic a2V5LWlkOmtleS1zZWNyZXQ=")
            .create(),
        mocked::on(&mut api, "GET", GET)
            .match_header("authorization", "Bearer t")
            .with_body("{}")
            .expect(2)
            .create(),
    ];
    let client = mocked::builder(&api).auth_url(tokens.url()).build().unwrap();
    client.get(NUMBER).unwrap();
    client.get(NUMBER).unwrap();
    shown.iter().for_each(Mock::assert);
}

/// A token endpoint that is not to be reached, or breaks off: nothing of the call itself was sent, whatever it is.
#[test]
fn a_token_endpoint_that_is_down_is_asked_again_within_the_call() {
    let half = send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"access_");
    // What it does; then the kind of failure, and how often it was asked.
    let rows: Vec<(&str, Vec<Step>, &str, usize)> = vec![
        ("resets", vec![Step::Request, Step::Reset], "transport:wait", 3),
        ("closes", vec![Step::Request, Step::End], "transport:wait", 3),
        ("breaks off", vec![Step::Request, half.clone(), Step::End], "transport:receive", 3),
        (
            "speaks another language",
            vec![Step::Request, send("SSH-2.0-OpenSSH_9.2\r\n\r\n")],
            "protocol",
            1,
        ),
        ("stalls", vec![Step::Request], "timeout:wait", 1),
        ("stalls in the middle", vec![Step::Request, half], "timeout:receive", 1),
    ];
    thread::scope(|scope| {
        for (name, script, kind, asked) in rows {
            scope.spawn(move || {
                let api = Server::new([ok("{}")]);
                let tokens = Faults::new([script]);
                let deadline = if kind.starts_with("timeout") { 3 } else { 60 };
                let deadline = Duration::from_secs(deadline);
                let client = api.builder().auth_url(tokens.url()).timeout(deadline);
                let began = Instant::now();
                let error = client.build().unwrap().release(NUMBER).unwrap_err();
                assert!(began.elapsed() < bound(deadline), "{name}");
                let expected = Failed {
                    kind: kind.to_owned(),
                    status: None,
                    attempts: 0,
                    maybe_applied: false,
                    can_retry: kind != "protocol",
                };
                assert_eq!(Failed::from(&error), expected, "{name}: {error:?}");
                assert_eq!((tokens.requests().len(), api.requests().len()), (asked, 0), "{name}");
                tokens.assert_held(0, name);
            });
        }
    });
}

#[test]
fn a_token_endpoint_that_comes_back_costs_no_call() {
    let good = || vec![Step::Request, reply(200, r#"{"access_token":"t"}"#)];
    let rows = [
        ("reset", vec![vec![Step::Request, Step::Reset], good()]),
        (
            "closed twice",
            vec![vec![Step::Request, Step::End], vec![Step::Request, Step::End], good()],
        ),
        ("500", vec![vec![Step::Request, reply(500, ""), Step::End], good()]),
    ];
    for (name, scripts) in rows {
        let api = Server::new([ok("{}")]);
        let asked = scripts.len();
        let tokens = Faults::new(scripts);
        let client = api.builder().auth_url(tokens.url()).build().unwrap();
        assert_eq!(client.release(NUMBER).unwrap().attempts(), 1, "{name}");
        assert_eq!((tokens.requests().len(), api.requests().len()), (asked, 1), "{name}");
    }
}

/// The essential ones once more through C.
#[test]
fn c_is_told_what_became_of_its_token() {
    // The tokens, the calls; then code, status, and how often each was asked.
    type Row = (&'static str, Vec<Act>, Vec<Act>, i32, u16, (usize, usize));
    let lie = || ok(r#"{"token":"t"}"#);
    let rows: Vec<Row> = vec![
        (
            "refreshed",
            vec![token("old"), token("new")],
            vec![response(401, ""), ok("{}")],
            0,
            200,
            (2, 2),
        ),
        (
            "refused twice",
            vec![token("old"), token("new")],
            vec![response(401, "")],
            4,
            401,
            (2, 2),
        ),
        (
            "unknown key",
            vec![response(401, r#"{"error":"invalid_client"}"#)],
            vec![ok("{}")],
            4,
            401,
            (1, 0),
        ),
        ("no such path", vec![response(404, "")], vec![ok("{}")], 5, 404, (1, 0)),
        (
            "throttled",
            vec![response_with(429, "Retry-After: 99\r\n", "")],
            vec![ok("{}")],
            5,
            429,
            (1, 0),
        ),
        ("no token", vec![lie()], vec![ok("{}")], 8, 200, (1, 0)),
        ("gone", vec![Act::RawThenClose(Vec::new())], vec![ok("{}")], 6, 0, (3, 0)),
    ];
    for (name, tokens, acts, code, status, counts) in rows {
        let server = Server::with_tokens(acts, tokens);
        let outcomes = drive(c_driver(), &server.url, "", call("active_release").line());
        let [(seen, seen_status, json)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert_eq!((*seen, *seen_status), (code, status), "{name}: {json}");
        assert_eq!((server.token_requests().len(), server.requests().len()), counts, "{name}");
        if code != 0 {
            assert!(json.contains(r#""maybeApplied":false"#), "{name}: {json}");
        }
    }
}
