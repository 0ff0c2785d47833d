//! Tokens counted: how often one is fetched and how often calls are sent, whatever the token endpoint says or does not say.

use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::ListNumbers;

use crate::support::calls::{Failed, NUMBER, bound, call, whole_message};
use crate::support::drivers::{c_driver, drive};
use crate::support::faults::{Faults, Step, reply, send};
use crate::support::server::{Act, Server, answer, answer_with, ok, token};

/// Compressed: `{"access_token":"t"}`.
const GZIP: [u8; 40] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 76, 78, 78, 45, 46, 142, 47, 201, 207, 78, 205,
    83, 178, 82, 42, 81, 170, 5, 0, 183, 200, 207, 180, 20, 0, 0, 0,
];

#[test]
fn odd_answers_that_hold_a_token_will_do() {
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
        ("status 201", answer(201, r#"{"access_token":"t"}"#), false),
        ("compressed", gzip, false),
        ("in chunks", Act::Raw(chunks.into()), false),
        ("and closes", Act::RawThenClose(last.into()), false),
        (
            "plain text",
            answer_with(200, "Content-Type: text/plain\r\n", r#"{"access_token":"t"}"#),
            false,
        ),
    ];
    for (name, act, due) in rows {
        let server = Server::with_tokens([ok("{}")], [act]);
        let client = server.client();
        for _ in 0..2 {
            let answer = client.get(NUMBER);
            assert_eq!(answer.unwrap_or_else(|e| panic!("{name}: {e:?}")).attempts(), 1, "{name}");
        }
        assert!(due || server.token_requests().len() == 1, "{name}");
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some("Bearer t"), "{name}");
        }
    }
}

const SOON: &str = "Retry-After: 0\r\n";

#[test]
fn what_the_token_endpoint_says_is_passed_on() {
    // The answer; then kind, status, whether trying again can help, how often it was asked, a piece of the message.
    type Row = (Act, &'static str, u16, bool, usize, &'static str);
    let denied = r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#;
    let with = |token: &str| ok(&format!(r#"{{"access_token":{token}}}"#));
    let page = answer_with(200, "Content-Type: text/html\r\n", "<html>Log in, hush</html>");
    let elsewhere = answer_with(302, "Location: https://hush.test/login?key=1\r\n", "");
    let rows: Vec<Row> = vec![
        (
            answer(401, denied),
            "auth",
            401,
            false,
            1,
            "invalid_client: Client authentication failed",
        ),
        (answer(400, denied), "auth", 400, false, 1, "Client authentication failed"),
        (answer(403, ""), "auth", 403, false, 1, "status 403"),
        (answer(401, ""), "auth", 401, false, 1, "status 401"),
        (answer(404, ""), "api", 404, false, 1, "status 404"),
        (answer(405, denied), "api", 405, false, 1, "status 405"),
        (answer(501, ""), "api", 501, false, 1, "status 501"),
        (elsewhere, "protocol", 302, false, 1, "302"),
        (ok(""), "protocol", 200, false, 1, "not a JSON object"),
        (
            Act::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            "protocol",
            204,
            false,
            1,
            "not a JSON object",
        ),
        (ok("not json"), "protocol", 200, false, 1, "not a JSON object"),
        (page, "protocol", 200, false, 1, "not a JSON object"),
        (ok(r#"{"access_token":"hush"} {}"#), "protocol", 200, false, 1, "not a JSON object"),
        (ok(r#"{"expires_in":3599}"#), "protocol", 200, false, 1, "no access_token"),
        (ok(denied), "auth", 200, false, 1, "Client authentication failed"),
        (with(r#""""#), "protocol", 200, false, 1, "no access_token"),
        (with(r#""hush\r\nX: y""#), "protocol", 200, false, 1, "do not belong in a header"),
        (with(r#""húsh""#), "protocol", 200, false, 1, "do not belong in a header"),
        (with(&format!(r#""{}""#, "x".repeat(9000))), "protocol", 200, false, 1, "too long"),
        (answer_with(429, "Retry-After: 99\r\n", ""), "rate", 429, true, 1, "status 429"),
        (answer_with(503, "Retry-After: 99\r\n", ""), "api", 503, true, 1, "status 503"),
        (answer_with(429, SOON, ""), "rate", 429, true, 3, "status 429"),
        (
            answer_with(
                429,
                "Retry-After: 0\r\nx-envoy-ratelimited: true\r\n",
                "local_rate_limited",
            ),
            "rate",
            429,
            true,
            3,
            "status 429",
        ),
        (answer_with(500, SOON, "oops"), "api", 500, true, 3, "status 500"),
        (answer_with(502, SOON, "<html></html>"), "api", 502, true, 3, "status 502"),
        (answer_with(503, SOON, ""), "api", 503, true, 3, "status 503"),
        (answer_with(504, SOON, ""), "api", 504, true, 3, "status 504"),
    ];
    assert!(rows.len() >= 25);
    for (act, kind, status, can_retry, asked, piece) in rows {
        let server = Server::with_tokens([ok("{}")], [act.clone()]);
        let error = server.client().release(NUMBER).unwrap_err();
        let expected = Failed {
            kind: kind.to_owned(),
            status: Some(status),
            attempts: 0,
            maybe_applied: false,
            can_retry,
        };
        let name = format!("{act:?}: {error:?}");
        assert_eq!(Failed::from(&error), expected, "{name}");
        let text = whole_message(&error);
        assert!(text.starts_with("active_release +12025550134: access token: "), "{text}");
        assert!(text.contains(piece), "{text}");
        assert!(!format!("{error:?}{text}").contains("key-secret"), "{name}");
        if status == 200 {
            assert!(!format!("{error:?}{text}").contains("hush"), "{name}");
        }
        assert_eq!((server.requests().len(), server.token_requests().len()), (0, asked), "{name}");
    }
}

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
    let no = || answer(401, "");
    let gone = || Act::RawThenClose(Vec::new());
    let busy = || answer_with(503, SOON, "");
    let ours = || ok(r#"{"phoneNumber":"+12025550134"}"#);
    let rows: Vec<Row> = vec![
        ("a read", "active_get", two(), vec![no(), ok("{}")], "ok", 2, (2, 2)),
        // It was refused, so it was not carried out.
        ("a write", "active_release", two(), vec![no(), ok("{}")], "ok", 2, (2, 2)),
        ("twice", "active_update", two(), vec![no()], "auth", 2, (2, 2)),
        ("then 403", "active_update", two(), vec![no(), answer(403, "")], "auth", 2, (2, 2)),
        ("then 404", "active_get", two(), vec![no(), answer(404, "")], "api", 2, (2, 2)),
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
        ("403 is final", "active_release", two(), vec![answer(403, "")], "auth", 1, (1, 1)),
        (
            "the endpoint knows us no more",
            "active_release",
            vec![token("old"), answer(401, "")],
            vec![no()],
            "auth",
            1,
            (2, 1),
        ),
        (
            "the endpoint is down",
            "active_release",
            vec![token("old"), answer_with(503, "Retry-After: 99\r\n", "")],
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
    let tokens = ["one", "two", "three"].map(token);
    let server = Server::with_tokens(
        [answer(401, ""), ok("{}"), ok("{}"), answer(401, ""), ok("{}")],
        tokens,
    );
    let client = server.client();
    for attempts in [2, 1, 2] {
        assert_eq!(client.get(NUMBER).unwrap().attempts(), attempts);
    }
    let shown: Vec<_> =
        server.requests().iter().map(|r| r.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(shown, ["Bearer one", "Bearer two", "Bearer two", "Bearer two", "Bearer three"]);
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_401_that_stays_costs_at_most_a_token_a_second() {
    let server =
        Server::with_tokens([answer(401, "")], (0..100).map(|n| token(&format!("token-{n}"))));
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
    let server = Server::new([ok("{}")]);
    let (one, other) = (server.client(), server.client());
    for client in [&one, &one.clone(), &other, &other.clone()] {
        client.list(&ListNumbers::new()).unwrap();
    }
    assert_eq!((server.requests().len(), server.token_requests().len()), (4, 2));
}

#[test]
fn each_host_is_shown_its_own_proof() {
    let (api, tokens) = (Server::new([ok("{}")]), Server::with_tokens([ok("{}")], [token("t")]));
    let client = api.builder().auth_url(&tokens.url).build().unwrap();
    client.get(NUMBER).unwrap();
    client.get(NUMBER).unwrap();
    assert_eq!((api.token_requests().len(), tokens.requests().len()), (0, 0));
    let shown = |requests: &[crate::support::server::Recorded]| {
        let proof =
            |r: &crate::support::server::Recorded| r.header("authorization").unwrap().to_owned();
        requests.iter().map(proof).collect::<Vec<_>>()
    };
    assert_eq!(shown(&tokens.token_requests()), ["Basic a2V5LWlkOmtleS1zZWNyZXQ="]);
    assert_eq!(shown(&api.requests()), ["Bearer t"; 2]);
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
                let deadline = if kind.starts_with("timeout") { 200 } else { 20_000 };
                let deadline = Duration::from_millis(deadline);
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
            vec![answer(401, ""), ok("{}")],
            0,
            200,
            (2, 2),
        ),
        ("refused twice", vec![token("old"), token("new")], vec![answer(401, "")], 4, 401, (2, 2)),
        (
            "unknown key",
            vec![answer(401, r#"{"error":"invalid_client"}"#)],
            vec![ok("{}")],
            4,
            401,
            (1, 0),
        ),
        ("no such path", vec![answer(404, "")], vec![ok("{}")], 5, 404, (1, 0)),
        (
            "throttled",
            vec![answer_with(429, "Retry-After: 99\r\n", "")],
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
