//! Responses that quote secrets, or are odd otherwise, and a piece of what is told of each.

use super::{SECRET, TOKEN, basic, percent_encoded};
use crate::support::server::{Act, ok, response, response_with, token};

/// What the service does.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Calls show the key itself, not a token.
    pub(super) basic: bool,
    pub(super) api: Act,
    pub(super) tokens: Act,
    /// What is to be read somewhere: the row is what it says.
    pub(super) piece: &'static str,
}

/// The API's response to a call that shows a token.
pub(super) fn api(name: &'static str, api: Act, piece: &'static str) -> Row {
    Row { name, basic: false, api, tokens: token(TOKEN), piece }
}

/// The same to a call that shows the key.
pub(super) fn keyed(name: &'static str, api: Act, piece: &'static str) -> Row {
    Row { basic: true, ..self::api(name, api, piece) }
}

/// The token endpoint's response.
pub(super) fn tokens(name: &'static str, tokens: Act, piece: &'static str) -> Row {
    Row { name, basic: false, api: ok("{}"), tokens, piece }
}

fn raw(text: String) -> Act {
    Act::RawThenClose(text.into_bytes())
}

pub(super) fn rows() -> Vec<Row> {
    let basic = basic();
    let json_token = TOKEN.replace('/', "\\/");
    let message =
        |text: &str| format!(r#"{{"error":{{"code":400,"status":"INVALID","message":"{text}"}}}}"#);
    let filler = "x".repeat(4096 - 20);
    let located = |to: &str| response_with(302, &format!("Location: {to}\r\n"), "");
    vec![
        api(
            "text",
            response(401, &format!("bad header: Bearer {TOKEN}")),
            "bad header: Bearer ***",
        ),
        api("message", response(403, &message(&format!("Bearer {TOKEN}"))), "Bearer ***"),
        api("message of a bad request", response(400, &message(TOKEN)), ": ***"),
        api(
            "message when limited",
            response(429, &message(&format!("slow down, {TOKEN}"))),
            "slow down, ***",
        ),
        api(
            "message of a breakdown",
            response(500, &message(&format!("cannot read {TOKEN}"))),
            "cannot read ***",
        ),
        api("escaped slashes", response(400, &message(&json_token)), ": ***"),
        api("percent-encoded", response(400, &message(&percent_encoded(TOKEN))), ": ***"),
        api(
            "percent-encoded in lower case",
            response(
                400,
                &message(&TOKEN.replace('/', "%2f").replace('+', "%2b").replace('=', "%3d")),
            ),
            ": ***",
        ),
        api("twice", response(400, &message(&format!("{TOKEN} is not {TOKEN}"))), "*** is not ***"),
        api("the first half", response(400, &message(&TOKEN[..30])), ": ***"),
        api("the second half", response(400, &message(&TOKEN[30..])), ": ***"),
        api(
            "status",
            response(400, &format!(r#"{{"error":{{"status":"{TOKEN}"}}}}"#)),
            "status 400 ***",
        ),
        api("error", response(400, &format!(r#"{{"error":"{TOKEN}"}}"#)), "status 400: ***"),
        api(
            "a field",
            response(
                400,
                &format!(
                    r#"{{"error":{{"details":[{{"fieldViolations":[{{"field":"{TOKEN}","description":"bad"}}]}}]}}}}"#
                ),
            ),
            "***: bad",
        ),
        api(
            "a description",
            response(
                400,
                &format!(
                    r#"{{"error":{{"details":[{{"fieldViolations":[{{"field":"a","description":"{json_token}"}}]}}]}}}}"#
                ),
            ),
            "a: ***",
        ),
        api(
            "details",
            response(
                404,
                &format!(
                    r#"{{"error":{{"status":"NOT_FOUND","details":[{{"resourceName":"{json_token}"}}]}}}}"#
                ),
            ),
            r#"{"resourceName":"***"}"#,
        ),
        api(
            "problem",
            response(403, &format!(r#"{{"title":"No","detail":"{TOKEN} expired"}}"#)),
            "*** expired",
        ),
        api(
            "problem's type",
            response(403, &format!(r#"{{"type":"https://a/{TOKEN}","title":"No"}}"#)),
            "status 403 No",
        ),
        api("trace id", response(500, &format!(r#"{{"title":"No","traceId":"{TOKEN}"}}"#)), "***"),
        api("request id", response_with(500, &format!("X-Request-Id: {TOKEN}\r\n"), "no"), "***"),
        api(
            "a page of a gateway",
            response(502, &format!("<pre>GET /\nAuthorization: Bearer {TOKEN}\n</pre>")),
            "Bearer ***",
        ),
        api(
            "cut off by the limit of an excerpt",
            response(502, &format!("{filler}{TOKEN}")),
            "xxx***",
        ),
        api(
            "a body that breaks off",
            raw(format!("HTTP/1.1 500 X\r\nContent-Length: 999\r\n\r\noops {TOKEN}")),
            "oops ***",
        ),
        api("no JSON", ok(&format!("hello {TOKEN}")), "hello ***"),
        api("an error in a success", ok(&format!(r#"{{"error":"no {TOKEN}"}}"#)), "no ***"),
        api(
            "an error in a success, with a code",
            ok(&format!(r#"{{"error":{{"code":403,"message":"no {TOKEN}"}}}}"#)),
            "no ***",
        ),
        api("two documents", ok(&format!(r#"{{}}{{"a":"{TOKEN}"}}"#)), "***"),
        api("no final status", response(600, &format!("what? {TOKEN}")), "what? ***"),
        api(
            "the path of a redirect",
            located(&format!("https://evil.test/{TOKEN}")),
            "redirect to https://evil.test/***",
        ),
        api(
            "the query of a redirect",
            located(&format!("https://evil.test/a?t={TOKEN}")),
            "redirect to https://evil.test/a,",
        ),
        api(
            "the fragment of a redirect",
            located(&format!("https://evil.test/a#{TOKEN}")),
            "redirect to https://evil.test/a,",
        ),
        api(
            "the user of a redirect",
            located(&format!("https://user:{SECRET}@evil.test/a")),
            "redirect to https://",
        ),
        api(
            "a short password in a redirect",
            located("https://user:hush@evil.test/a"),
            "redirect to https://evil.test/a,",
        ),
        api(
            "status line",
            raw(format!("HTTP/1.1 500 {TOKEN}\r\nContent-Length: 0\r\n\r\n")),
            "status 500",
        ),
        api("no HTTP", raw(format!("{TOKEN}\r\n\r\n")), "not valid HTTP"),
        api(
            "a broken header",
            raw(format!("HTTP/1.1 200 X\r\nA B{TOKEN}: 1\r\n\r\n")),
            "not valid HTTP",
        ),
        api(
            "a length that is none",
            raw(format!("HTTP/1.1 200 X\r\nContent-Length: {TOKEN}\r\n\r\n")),
            "not valid HTTP",
        ),
        api(
            "a chunk without a length",
            raw(format!(
                "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n{TOKEN}\r\n{TOKEN}\r\n"
            )),
            "not valid HTTP",
        ),
        keyed(
            "the Basic header",
            response(401, &message(&format!("bad header: Basic {basic}"))),
            "Basic ***",
        ),
        keyed("the key", response(401, &message(&format!("key-id:{SECRET}"))), "key-id:***"),
        keyed(
            "the Basic header on a page",
            response(500, &format!("<pre>Authorization: Basic {basic}</pre>")),
            "Basic ***",
        ),
        keyed(
            "the Basic header in a URL",
            located(&format!("https://evil.test/{}", percent_encoded(&basic))),
            "https://evil.test/***",
        ),
        tokens(
            "description",
            response(
                401,
                &format!(r#"{{"error":"invalid_client","error_description":"no key {SECRET}"}}"#),
            ),
            "no key ***",
        ),
        tokens(
            "hint",
            response(
                400,
                &format!(
                    r#"{{"error":"invalid_client","error_description":"no","error_hint":"{SECRET}"}}"#
                ),
            ),
            "no (***)",
        ),
        tokens(
            "error code",
            response(400, &format!(r#"{{"error":"{basic}","error_description":"no"}}"#)),
            "status 400 ***: no",
        ),
        tokens(
            "error alone",
            response(403, &format!(r#"{{"error":"Basic {basic}"}}"#)),
            "Basic ***",
        ),
        tokens(
            "page",
            response(500, &format!("<pre>Authorization: Basic {basic}\nkey: {SECRET}</pre>")),
            "key: ***",
        ),
        tokens(
            "an error with a token",
            response(500, &format!(r#"{{"access_token":"{TOKEN}"}}"#)),
            "status 500",
        ),
        tokens("redirect", located(&format!("https://evil.test/{SECRET}")), "302"),
        tokens(
            "limited",
            response(429, &format!(r#"{{"message":"slow down, {SECRET}"}}"#)),
            "slow down, ***",
        ),
        tokens("cut off JSON", ok(&format!(r#"{{"access_token":"{TOKEN}","#)), "not a JSON object"),
        tokens("no object", ok(&format!(r#""{TOKEN}""#)), "not a JSON object"),
        tokens("token elsewhere", ok(&format!(r#"{{"token":"{TOKEN}"}}"#)), "no access_token"),
        tokens(
            "token not for a header",
            ok(&format!(r#"{{"access_token":"{TOKEN}\u0000"}}"#)),
            "do not belong in a header",
        ),
        tokens(
            "token too long",
            ok(&format!(r#"{{"access_token":"{TOKEN}{}"}}"#, "x".repeat(9000))),
            "too long",
        ),
        tokens(
            "lifetime",
            ok(&format!(r#"{{"access_token":["{TOKEN}"],"expires_in":"{SECRET}"}}"#)),
            "no access_token",
        ),
        tokens(
            "a body that breaks off",
            raw(format!(
                "HTTP/1.1 200 X\r\nContent-Length: 999\r\n\r\n{{\"access_token\":\"{TOKEN}\""
            )),
            "network failed",
        ),
        tokens(
            "a stall",
            Act::Raw(
                format!(
                    "HTTP/1.1 200 X\r\nContent-Length: 999\r\n\r\n{{\"access_token\":\"{TOKEN}\""
                )
                .into_bytes(),
            ),
            "deadline passed",
        ),
    ]
}
