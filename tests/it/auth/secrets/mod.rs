//! No secret leaves: not in an error, whichever way it is printed, not in a log, whatever the service says back.

mod rows;

use std::error::Error as _;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sinch_numbers::{CancelToken, Client, ClientBuilder, Credentials, Error, LogLevel};

use crate::support::calls::NUMBER;
use crate::support::drivers::c_driver;
use crate::support::server::{Server, ok, response};
use crate::support::toolchain::fed;
use rows::{Row, api, keyed, rows, tokens};

/// What base64, URLs and JSON write differently is in it.
const SECRET: &str = "Zr4/Tm9+WvB2nY6sLd8=q7Kx~Hf3/Uc5";
const TOKEN: &str = "eyJhbGciOiJub25lIn0.Jf3uQ8/token+Pw5Hc7Xe1Ga9Vk0Rb6Ds2Mt4Zy==";

/// The value of the Basic header.
fn basic() -> String {
    STANDARD.encode(format!("key-id:{SECRET}"))
}

fn percent_encoded(text: &str) -> String {
    text.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D").replace('~', "%7E")
}

/// The secrets that are in a text, in whole or in pieces of 12 characters, in any of their forms.
fn found(text: &str) -> Vec<String> {
    let basic = basic();
    let mut found = Vec::new();
    for secret in [SECRET, TOKEN, &basic] {
        let forms = [
            secret.to_owned(),
            STANDARD.encode(secret),
            percent_encoded(secret),
            percent_encoded(secret).to_ascii_lowercase(),
            secret.replace('/', "\\/"),
        ];
        for form in forms {
            let pieces =
                form.as_bytes().windows(12).map(|piece| std::str::from_utf8(piece).unwrap());
            found.extend(pieces.filter(|piece| text.contains(piece)).take(1).map(str::to_owned));
        }
    }
    found
}

/// Every way in which an error can be printed.
fn printed(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    text += &format!("{:?}\n{:?}\n{}\n", error.kind(), error.api_error(), error.kind());
    let mut cause = error.source();
    while let Some(below) = cause {
        text += &format!("{below}\n{below:?}\n{below:#?}\n");
        cause = below.source();
    }
    text
}

const LEVELS: [LogLevel; 5] =
    [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];

/// A builder whose client logs to a text.
fn logged(builder: ClientBuilder, level: LogLevel) -> (ClientBuilder, Arc<Mutex<String>>) {
    let log = Arc::<Mutex<String>>::default();
    let sink = Arc::clone(&log);
    let builder = builder.log(level, move |level, line| {
        *sink.lock().unwrap() += &format!("{level:?} {line}\n");
    });
    (builder, log)
}

/// What one row brings to light through Rust.
fn through_rust(row: &Row, level: LogLevel) -> String {
    let server = Server::with_tokens([row.api.clone()], [row.tokens.clone()]);
    let with = if row.basic { Credentials::basic } else { Credentials::oauth2 };
    let builder =
        server.builder_with(with("key-id", SECRET)).max_attempts(1).timeout(deadline(row));
    let (builder, log) = logged(builder, level);
    let client = builder.build().unwrap();
    // The second is told of the first one's failure, where that one was about a token.
    let errors = [client.get(NUMBER).unwrap_err(), client.release(NUMBER).unwrap_err()];
    let mut text: String = errors.iter().map(printed).collect();
    text += &format!("{client:?}\n{client:#?}\n");
    text + &log.lock().unwrap()
}

fn deadline(row: &Row) -> Duration {
    Duration::from_millis(if row.piece == "deadline passed" { 500 } else { 20_000 })
}

/// The same through C: documents, and the log on stderr.
fn through_c(row: &Row, command: Command, level: &str) -> String {
    let server = Server::with_tokens([row.api.clone()], [row.tokens.clone()]);
    let (url, timeout) = (&server.url, deadline(row).as_millis());
    let auth = if row.basic { "basic" } else { "oauth2" };
    let config = format!(
        r#"{{"projectId": "project-1", "keyId": "key-id", "keySecret": "{SECRET}", "auth": "{auth}", "baseUrl": "{url}", "authUrl": "{url}", "maxAttempts": 1, "timeoutMs": {timeout}, "logLevel": "{level}"}}"#
    );
    run(command, &config, &format!("active_get\t{NUMBER}\nactive_release\t{NUMBER}\n"))
}

/// Everything that the driver prints.
fn run(mut command: Command, config: &str, lines: &str) -> String {
    let output = fed(command.env("CONFIG", config).env("LOG", "1"), lines.as_bytes());
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// What is wrong with what a row brought to light.
fn wrong(name: &str, text: &str, piece: &str) -> Option<String> {
    let found = found(text);
    // Quotes stand there with a backslash where a text is in a text.
    let said = text.replace("\\\"", "\"").contains(piece);
    (!found.is_empty() || !said)
        .then(|| format!("{name}: found {found:?}; {piece:?} is in it: {said}\n{text:.3000}"))
}

/// Runs cases a few at a time, and reports all that are wrong at once.
fn check<T: Sync>(cases: &[T], least: usize, case: impl Fn(&T) -> Option<String> + Sync) {
    let wrong: Vec<String> = thread::scope(|scope| {
        let case = &case;
        let running: Vec<_> = cases
            .chunks(cases.len().div_ceil(8))
            .map(|some| scope.spawn(move || some.iter().filter_map(case).collect::<Vec<_>>()))
            .collect();
        running.into_iter().flat_map(|some| some.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    assert!(cases.len() >= least, "{}", cases.len());
}

#[test]
fn what_the_service_says_back_is_not_said_again() {
    check(&rows(), 58, |row| wrong(row.name, &through_rust(row, LogLevel::Trace), row.piece));
}

#[test]
fn what_the_service_says_back_is_not_said_again_through_c() {
    check(&rows(), 58, |row| wrong(row.name, &through_c(row, c_driver(), "trace"), row.piece));
}

#[test]
fn a_response_that_does_not_fit_is_told_without_the_token() {
    let rows = [
        format!(r#"{{"phoneNumber":"+1","smsConfiguration":"{TOKEN}"}}"#),
        format!(r#"{{"phoneNumber":"+1","{TOKEN}":1,"money":"{TOKEN}","smsConfiguration":5}}"#),
    ];
    check(&rows, 2, |body| {
        let row = api("it", ok(body), "does not fit");
        let server = Server::with_tokens([row.api.clone()], [row.tokens.clone()]);
        let client = server.builder_with(Credentials::oauth2("key-id", SECRET)).build().unwrap();
        let error = client.get(NUMBER).unwrap_err();
        wrong(row.name, &printed(&error), row.piece)
    });
}

#[test]
fn what_a_client_is_made_of_does_not_show() {
    let builder = || Client::builder("project-1", Credentials::oauth2("key-id", SECRET));
    let refused = |builder: ClientBuilder| printed(&builder.build().unwrap_err());
    let with = |secret: String| Client::builder("project-1", Credentials::basic("key-id", secret));
    let rows = [
        ("credentials", format!("{:?}", Credentials::oauth2("key-id", SECRET)), "key-id"),
        ("credentials, pretty", format!("{:#?}", Credentials::basic("key-id", SECRET)), "key-id"),
        ("builder", format!("{:?}", builder()), "key-id"),
        ("builder, pretty", format!("{:#?}", builder()), "key-id"),
        ("client", format!("{:?}", builder().build().unwrap()), "Client"),
        ("client, pretty", format!("{:#?}", builder().build().unwrap()), "Client"),
        ("token to cancel", format!("{:?}", CancelToken::new()), "CancelToken"),
        ("line end", refused(with(format!("{SECRET}\r\n"))), "keySecret: holds a control"),
        ("NUL", refused(with(format!("{SECRET}\0"))), "keySecret: holds a control"),
        ("long", refused(with(SECRET.repeat(50))), "keySecret: is longer"),
        (
            "swapped",
            refused(Client::builder(
                "project-1",
                Credentials::basic(format!("{SECRET}:"), "key-id"),
            )),
            "keyId: holds",
        ),
        (
            "project",
            refused(Client::builder(SECRET, Credentials::basic("a", "b"))),
            "projectId: holds",
        ),
        (
            "base URL",
            refused(builder().base_url(format!("https://user:{SECRET}@a.test"))),
            "baseUrl: holds a user",
        ),
        (
            "base URL's path",
            refused(builder().base_url(format!("https://a.test/{SECRET}"))),
            "baseUrl: holds more",
        ),
        (
            "auth URL",
            refused(builder().auth_url(format!("https://{TOKEN}@a.test"))),
            "authUrl: holds",
        ),
        (
            "proxy",
            refused(builder().proxy(format!("socks5://user:{SECRET}@a.test"))),
            "proxy: only",
        ),
        (
            "proxy's port",
            refused(builder().proxy(format!("http://user:{SECRET}@a.test:0"))),
            "proxy: is no URL",
        ),
        ("agent", refused(builder().user_agent(format!("{SECRET}\n"))), "userAgent: "),
        (
            "builder with it in the URL",
            format!("{:?}", builder().base_url(format!("https://u:{SECRET}@a"))),
            "key-id",
        ),
        (
            "builder with it in the proxy",
            format!("{:?}", builder().proxy(format!("http://u:{SECRET}@a"))),
            "key-id",
        ),
    ];
    check(&rows, 20, |(name, text, piece)| wrong(name, text, piece));
}

#[test]
fn what_a_client_is_made_of_does_not_show_in_c() {
    let with = |name: &str, value: &str| {
        let mut config =
            serde_json::json!({"projectId": "project-1", "keyId": "key-id", "keySecret": SECRET});
        config[name] = value.into();
        config.to_string()
    };
    let rows = [
        (with("keySecret", &format!("{SECRET}\n")), "keySecret: holds a control"),
        (with("keySecret", &SECRET.repeat(50)), "keySecret: is longer"),
        (with("keyId", &format!("{SECRET}:")), "keyId: holds"),
        (with("auth", SECRET), "auth: is none of"),
        (with("roots", SECRET), "roots: is none of"),
        (with("logLevel", SECRET), "logLevel: is none of"),
        (with("baseUrl", &format!("https://user:{SECRET}@a.test")), "baseUrl: holds a user"),
        (with("proxy", &format!("socks5://user:{SECRET}@a.test")), "proxy: only"),
        (with("timeoutMs", SECRET), "timeoutMs: is not a whole number"),
        (with("keySecret", SECRET).replace('}', ""), "config: is no JSON object"),
        (
            with("keySecret", SECRET).replace("\"keySecret\"", "\"keySecert\""),
            "keySecert: is not known here",
        ),
        (
            with("keySecret", SECRET).replace('{', &format!("{{\"keySecret\": \"{SECRET}\", ")),
            "keySecret: is given twice",
        ),
        (
            with("keySecret", SECRET).replace(&format!("\"{SECRET}\""), &format!("[\"{SECRET}\"]")),
            "keySecret: is not a string",
        ),
    ];
    check(&rows, 13, |(config, piece)| wrong(piece, &run(c_driver(), config, ""), piece));
}

#[test]
fn a_panic_says_nothing() {
    let row = api("a panic", ok("{}"), "E_INTERNAL");
    let mut command = c_driver();
    command.env("SINCH_NUMBERS_TEST_PANIC", "active_get");
    let text = through_c(&row, command, "trace");
    assert_eq!(wrong(row.name, &text, row.piece), None);
    assert!(text.contains("panicked"), "std's own line: {text}");
}

#[test]
fn every_level_of_the_log_is_silent_about_them() {
    // One that was answered, one that was refused, one whose token was refused: what each level has to say of them.
    let refused = format!(r#"{{"error":{{"code":401,"message":"bad header: Bearer {TOKEN}"}}}}"#);
    let said = format!(r#"{{"error":"{}"}}"#, basic());
    let rows = || {
        [
            api("refused", response(500, &refused), "bad header: Bearer ***"),
            tokens("token", response(500, &said), "status 500: ***"),
            keyed("key", response(500, &said), "status 500: ***"),
        ]
    };
    let names = ["error", "warn", "info", "debug", "trace"];
    let mut cases = Vec::new();
    for (level, name) in LEVELS.into_iter().zip(names) {
        cases.extend(rows().map(|row| (row, level, name)));
    }
    check(&cases, 15, |(row, level, name)| {
        let rust = wrong(row.name, &through_rust(row, *level), row.piece);
        let c = through_c(row, c_driver(), name);
        // The log was on: a failed call is an error of it.
        let on = if c.contains("\n1 active_get") { row.piece } else { "the log" };
        rust.or(wrong(row.name, &c, on))
    });
}
