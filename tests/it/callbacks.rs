//! Signatures and events of callbacks: one table, through Rust, C, C++ and Python.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use sinch_numbers::callbacks::{self, EventStatus, EventType, ResourceType};
use sinch_numbers::{Error, ErrorKind, NumberUpdate, Sandbox};

use crate::python::python;
use crate::support::drivers::{Outcome, drive};
use crate::support::sandboxed::client;
use crate::support::toolchain::{bare, compile, root};

/// The service's SDKs test with these.
const VOICE: &str = r#"{"eventId":"01hpa0mww4m79q8j2dwn3ggbgz","timestamp":"2024-02-10T17:22:09.412722588","projectId":"37b62a7b-0177-abcd-efgh-e10f848de123","resourceId":"+17818510001","resourceType":"ACTIVE_NUMBER","eventType":"DEPROVISIONING_FROM_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null}"#;
const OF_PYTHON: &str = r#"{"eventId":"event_id","timestamp":"2025-04-08T10:38:04.854087603","projectId":"project-id","resourceId":"+1234567890","resourceType":"ACTIVE_NUMBER","eventType":"PROVISIONING_TO_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null,"internalFailureCode":null}"#;
const OF_PYTHON_2: &str = r#"{"eventId":"01jr7stexp0znky34pj07dwp41","timestamp":"2025-04-07T09:38:04.85408760","projectId":"project-id","resourceId":"+1234567890","resourceType":"ACTIVE_NUMBER","eventType":"PROVISIONING_TO_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null,"internalFailureCode":null}"#;
const OF_JAVA: &str = r#"{"eventId":"01j3fycq0fyqq3gkgxb0g5ekbz","timestamp":"2024-07-23T14:02:14.415637289","projectId":"b8bae3c6-e7df-422b-9401-8ae3ee3e0aff","resourceId":"+12053017799","resourceType":"ACTIVE_NUMBER","eventType":"PROVISIONING_TO_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null}"#;

const SECRET: &str = "my-callback-secret";
/// Of [`VOICE`], with [`SECRET`].
const GOOD: &str = "b93021e0182c2772dbcdf4e8983ae8f409e78c3b";

/// What is expected: the event, or a code, a message, and which reason the signature is refused for.
#[derive(Clone, Copy)]
enum Expected {
    Event,
    Refused(&'static str),
    Protocol(&'static str),
    Input(&'static str),
}
use Expected::{Event, Input, Protocol, Refused};

struct Row<'a> {
    secrets: Vec<&'a str>,
    signature: Option<&'a str>,
    body: &'a [u8],
    expected: Expected,
}

fn row<'a>(
    secrets: &[&'a str],
    signature: impl Into<Option<&'a str>>,
    body: &'a [u8],
    expected: Expected,
) -> Row<'a> {
    Row { secrets: secrets.to_vec(), signature: signature.into(), body, expected }
}

const MISSING: Expected = Refused("MISSING");
const MALFORMED: Expected = Refused("MALFORMED");
const OTHER: Expected = Refused("OTHER_SECRET");

/// Signatures that are right were made with another implementation.
fn check_all(long: &str, check: &mut dyn FnMut(&[Row<'_>])) {
    let voice = VOICE.as_bytes();
    let deep = format!("{}{{}}{}", r#"{"a":"#.repeat(129), "}".repeat(129));
    let (x64, x65, x200) = ("x".repeat(64), "x".repeat(65), "x".repeat(200));
    let too_long = format!("{long} ");
    let changed = VOICE.replace("SUCCEEDED", "FAILED");
    let eight = ["1", "2", "3", "4", "5", "6", "7", SECRET];
    let nine = ["1", "2", "3", "4", "5", "6", "7", "8", SECRET];
    #[rustfmt::skip] // One row a case.
    check(&[
        // The vectors.
        row(&["callback-secret"], "dcf80daac2f232f4b23d5f719db3aa0fdca6af43", voice, Event),
        row(&[SECRET], GOOD, voice, Event),
        row(&[SECRET], "d2107528d5d52897a97dc6e24e09a208036ccd83", OF_PYTHON.as_bytes(), Event),
        row(&[SECRET], "8e58baa351ffa5e0d7eaef3c739d0d7aa6093da3", OF_PYTHON_2.as_bytes(), Event),
        row(&["secret value"], "e289b8fac44491417aeceee28d2715840b5f1aca", OF_JAVA.as_bytes(), Event),
        // Signatures.
        row(&[SECRET], "B93021E0182C2772DBCDF4E8983AE8F409E78C3B", voice, Event),
        row(&[SECRET], None, voice, MISSING),
        row(&[SECRET], "", voice, MISSING),
        row(&[SECRET], "invalid-signature", voice, MALFORMED),
        row(&[SECRET], &GOOD[1..], voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c3b0", voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c3b00", voice, MALFORMED),
        row(&[SECRET], " b93021e0182c2772dbcdf4e8983ae8f409e78c3b", voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c3g", voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c\u{e9}", voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e7\0\0\0\0", voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c3b\0", voice, MALFORMED),
        row(&[SECRET], "sha1=b93021e0182c2772dbcdf4e8983ae8f409e78c3b", voice, MALFORMED),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c3b, b93021e0182c2772dbcdf4e8983ae8f409e78c3b", voice, MALFORMED),
        row(&[SECRET], "0000000000000000000000000000000000000000", voice, OTHER),
        row(&[SECRET], "b83021e0182c2772dbcdf4e8983ae8f409e78c3b", voice, OTHER),
        row(&[SECRET], "b93021e0182c2772dbcdf4e8983ae8f409e78c3a", voice, OTHER),
        row(&["my-callback-secreT"], GOOD, voice, OTHER),
        row(&["my-callback-secret "], GOOD, voice, OTHER),
        // Bodies that are not what was signed; what they hold is not told.
        row(&[SECRET], GOOD, changed.as_bytes(), OTHER),
        row(&[SECRET], GOOD, &voice[..voice.len() - 1], OTHER),
        row(&[SECRET], GOOD, b"", OTHER),
        row(&[SECRET], GOOD, b"no JSON at all", OTHER),
        row(&[SECRET], GOOD, b"\xff", OTHER),
        // Several secrets.
        row(&eight, GOOD, voice, Event),
        row(&[SECRET, "2"], GOOD, voice, Event),
        row(&["1", SECRET, SECRET], GOOD, voice, Event),
        row(&["1", "2"], GOOD, voice, OTHER),
        row(&nine, GOOD, voice, Input("secrets: holds more than 8")),
        row(&[], GOOD, voice, Input("secrets: is empty")),
        row(&[""], GOOD, voice, Input("secrets: holds an empty one")),
        row(&[SECRET, ""], GOOD, voice, Input("secrets: holds an empty one")),
        row(&[], None, b"", Input("secrets: is empty")),
        row(&["s\u{e9}cr\u{e9}t"], "775ad3ace8778da5882cd762764bff42158474ed", voice, Event),
        row(&[r#"a"b\c"#], "a9f3b5fad373dacdf076663e0c326c05ebea552a", voice, Event),
        row(&[" "], "cd3a5576f4200ecc45ec6ce2ab715a44efc3664c", voice, Event),
        row(&["strongPa$$PhraseWith36CharactersMax"], "419d297a3340f454999fb372d8aa430eeef91a4d", voice, Event),
        row(&[&x64], "6fd54d0c391e6275e428410970753b2dbc643949", voice, Event),
        row(&[&x65], "52ab5961c15a56a2fda059d3effbf18286e1b56f", voice, Event),
        row(&[&x200], "67adc48ca73ded2e6021a6caad060d0089104f7b", voice, Event),
        // Signed, and an object or not.
        row(&[SECRET], "4d88da5309fe994b66b1e846fd9728ce56cb8827", b"{}", Event),
        row(&[SECRET], "372ebcd33bb09e2de9a00af16988ff9e64ed56e7", b" \n{\"eventId\" : \"e\" }\r\n", Event),
        row(&[SECRET], "23f8030cc95fbe0dc0b495eae9101c8dd90c71b1", b"\xef\xbb\xbf{\"eventId\":\"e\"}", Event),
        row(&[SECRET], "7cbfd8f6bf4ca3404ff5b6aba4e0f2ce1d755a00", b"{\"eventId\":\"a\\u0000b\"}", Event),
        row(&[SECRET], "72d81381f8976d55f3ba97b22d5cf85268beba7a", long.as_bytes(), Event),
        row(&[SECRET], "d3dfb54388df7be9d062ff272a115b22b881c88c", too_long.as_bytes(), Input("body: is longer than 1048576 bytes")),
        row(&[SECRET], "465257164ebd8efb219a9a8a1eb9fd101c4539ff", b"", Protocol("unexpected end of input at byte 0")),
        row(&[SECRET], "6b186cdab6c6ee3cb5fbfc999b9c3d9474391089", b"x", Protocol("expected an object at byte 0")),
        row(&[SECRET], "aa35e4a9452bdf8f1a7ef8880144b803db9b30cd", b"[]", Protocol("expected an object at byte 0")),
        row(&[SECRET], "f8dd8f9be8c3f1014192812f2ddc5ee028595c81", b"\"{}\"", Protocol("expected an object at byte 0")),
        row(&[SECRET], "588d51f706ec092b83722de2fbe95d86166090d4", b"null", Protocol("expected an object at byte 0")),
        row(&[SECRET], "a81d84e3cbb49a689f8af8443711a32840bcf2a6", b"{}{}", Protocol("at byte 2")),
        row(&[SECRET], "701165a5b5a6176c77953ebde2bc39393dfee810", b"{\"eventId\":\"e\"", Protocol("unexpected end of input at byte 14")),
        row(&[SECRET], "181c2153d3524aed4428c86ee81fbc6ba076ecd6", deep.as_bytes(), Protocol("nesting over 128")),
        row(&[SECRET], "7babeb29026e214bdd464d7b59698c479f3d7311", b"{\"eventId\":\"e\"}\0", Protocol("at byte 15")),
        row(&[SECRET], "1ced1d2bba3776728463a3c1e0a0e1c52d04ed41", b"{\"eventId\":\"a\0b\"}", Protocol("control character in a string at byte 13")),
        row(&[SECRET], "14640b8fa89462e2e4712832166e39c9bda0d413", b"{\"eventId\":\"\xff\"}", Protocol("bad UTF-8 at byte 12")),
        row(&[SECRET], "e279eb5647efcde990752cdc8257a23f70444e66", b"\xff\xfe", Protocol("bad UTF-8 at byte 0")),
    ]);
}

/// A body of 1 MiB: the longest.
fn longest() -> String {
    format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024 - 8))
}

fn event_of(body: &[u8]) -> Value {
    serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).unwrap()
}

#[test]
fn verified_in_rust() {
    check_all(&longest(), &mut |rows| {
        for Row { secrets, signature, body, expected } in rows {
            let outcome = callbacks::verify(secrets, *signature, body);
            let said = format!("{signature:?} {secrets:?}: {outcome:.200?}");
            let error = match (expected, outcome) {
                (Event, Ok(event)) => {
                    let json: Value = serde_json::from_str(event.json()).unwrap();
                    assert_eq!(json, event_of(body), "{said}");
                    continue;
                }
                (_, outcome) => outcome.expect_err(&said),
            };
            let text = error.to_string();
            match (expected, error.kind()) {
                (Refused(reason), ErrorKind::Signature(problem)) => {
                    assert_eq!(problem.as_str(), *reason, "{said}");
                    assert!(text.starts_with("callback_verify: signature is "), "{said}");
                }
                (Protocol(end), ErrorKind::Protocol(violation)) => {
                    assert!(text.contains(end), "{said}");
                    assert_eq!((violation.http_status, &violation.body), (None, &None), "{said}");
                }
                (Input(end), ErrorKind::InvalidInput(_)) => assert!(text.ends_with(end), "{said}"),
                _ => panic!("{said}"),
            }
            silent(&error, secrets, body);
        }
    });
}

/// An error repeats neither a secret nor the body.
fn silent(error: &Error, secrets: &[&str], body: &[u8]) {
    let said = format!("{error} {error:?}");
    for secret in secrets.iter().filter(|secret| secret.len() > 1) {
        assert!(!said.contains(secret), "{said}");
    }
    let body = String::from_utf8_lossy(body);
    assert!(body.len() < 12 || !said.contains(&body[..12]), "{said}");
    assert!(!error.can_retry() && error.attempts() == 0 && error.http_status().is_none());
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// Lets a driver verify the rows that it takes.
fn driven(driver: impl Fn() -> Command, takes: impl Fn(&Row<'_>) -> bool) {
    check_all(&longest(), &mut |rows| {
        let rows: Vec<_> = rows.iter().filter(|row| takes(row)).collect();
        let mut lines = String::new();
        for Row { secrets, signature, body, .. } in &rows {
            let signature = signature.map_or("-".to_owned(), |text| hexadecimal(text.as_bytes()));
            write!(lines, "{signature} {}", hexadecimal(body)).unwrap();
            for secret in secrets {
                write!(lines, " {}", hexadecimal(secret.as_bytes())).unwrap();
            }
            lines.push('\n');
        }
        let outcomes = drive(driver(), "http://127.0.0.1:9", "", lines);
        assert_eq!(outcomes.len(), rows.len());
        for (row, outcome) in rows.iter().zip(outcomes) {
            judge(row, &outcome);
        }
    });
}

fn judge(row: &Row<'_>, (code, http_status, json): &Outcome) {
    let said = format!("{:?} {:?}: {code} {json:.300}", row.signature, row.secrets);
    let document: Value = serde_json::from_str(json).expect(&said);
    assert_eq!(*http_status, 0, "{said}");
    let (wanted, field, status, message) = match row.expected {
        Event => {
            assert_eq!((code, document), (&0, event_of(row.body)), "{said}");
            return;
        }
        Refused(reason) => (4, Some("signature"), Some(reason), "signature is "),
        Protocol(message) => (8, None, None, message),
        Input(message) => (3, message.split(':').next(), None, message),
    };
    assert_eq!(*code, wanted, "{said}");
    assert_eq!(document["field"].as_str(), field, "{said}");
    assert_eq!(document["status"].as_str(), status, "{said}");
    assert!(document["message"].as_str().unwrap().contains(message), "{said}");
    assert_eq!(document["operation"], "callback_verify", "{said}");
    assert_eq!(document["body"], Value::Null, "{said}");
    assert!(!json.contains("my-callback"), "{said}");
}

#[test]
fn verified_in_c() {
    // A text of C ends at a NUL.
    let takes = |row: &Row<'_>| !row.signature.is_some_and(|signature| signature.contains('\0'));
    driven(|| bare(compile("cc", "tests/c/callbacks.c", &["-std=gnu11"])), takes);
}

#[test]
fn verified_in_cpp() {
    driven(|| bare(compile("c++", "tests/cpp/callbacks.cpp", &["-std=c++11"])), |_| true);
}

#[test]
fn verified_in_python() {
    let driver = || {
        let mut script = python();
        script.arg(root().join("tests/python/callbacks.py"));
        script
    };
    driven(driver, |_| true);
}

#[test]
fn events_are_open() {
    let read = |signature, body: &str| {
        callbacks::verify(&[SECRET], Some(signature), body.as_bytes()).unwrap()
    };
    let event = read(GOOD, VOICE);
    assert_eq!(event.event_id.as_deref(), Some("01hpa0mww4m79q8j2dwn3ggbgz"));
    // Without a zone it is UTC.
    let at = event.timestamp.as_ref().unwrap().to_unix();
    assert_eq!(at, Some((1_707_585_729, 412_722_588)));
    assert_eq!(event.project_id.as_deref(), Some("37b62a7b-0177-abcd-efgh-e10f848de123"));
    assert_eq!(event.resource_type, Some(ResourceType::ActiveNumber));
    assert_eq!(event.event_type, Some(EventType::DeprovisioningFromVoice));
    assert_eq!(event.status, Some(EventStatus::Succeeded));
    assert_eq!((&event.failure_code, &event.internal_failure_code), (&None, &None));
    assert_eq!(event.explain(), None);
    assert_eq!(event.needs_reading().unwrap().as_str(), "+17818510001");

    // Nothing of it is known, or of the right type.
    let strange = r#"{"resourceType":"SATELLITE","eventType":"LAUNCH","status":"IN_ORBIT","resourceId":{"a":[1]},"timestamp":5,"failureCode":true,"internalFailureCode":501,"brandNew":null}"#;
    let event = read("4aafbd7b041b3f91b4f26f1030c8173a2045267f", strange);
    assert_eq!(event.resource_type.as_ref().unwrap().as_str(), "SATELLITE");
    assert_eq!(event.event_type, Some(EventType::Other("LAUNCH".into())));
    assert_eq!(event.status.as_ref().unwrap().as_str(), "IN_ORBIT");
    assert_eq!(event.timestamp.as_ref().unwrap().to_unix(), None);
    assert_eq!((event.resource_id.as_deref(), event.needs_reading()), (None, None));
    assert_eq!(
        (event.failure_code.as_deref(), event.internal_failure_code.as_deref()),
        (None, Some("501"))
    );
    assert_eq!(event.explain().unwrap().code, Some("501"));
    assert_eq!(event.json(), strange);

    let zoned = r#"{"timestamp":"2024-02-10T17:22:09.41272+02:00"}"#;
    let event = read("02c850e39f574e9db8bfb637fe96d774b8e17665", zoned);
    assert_eq!(event.timestamp.unwrap().to_unix(), Some((1_707_578_529, 412_720_000)));
}

#[test]
fn an_event_explains_its_failure_by_the_code_that_says_most() {
    #[rustfmt::skip] // One row a case.
    let rows = [
        ("586d0d65b03cd21c3fb2f7d2244df8f00fde70fe", r#""CAMPAIGN_EXPIRED","internalFailureCode":null"#, Some("renew")),
        ("451ed5e08480f84879ccc31d62e01e284cb07eed", r#""INTERNAL_ERROR","internalFailureCode":"CRS0013""#, Some("few minutes")),
        ("9c959986773e97903137b5aa811031e1fe4b9b2d", r#""INTERNAL_ERROR","internalFailureCode":"CRS9999""#, Some("CRS code beside it")),
        ("4c7c81dc930b37438ad48c020401050b883abb73", r#"null,"internalFailureCode":"CRS9999""#, Some("with this code")),
        ("1c6ae5e1bf9a8943c867ad649c5623a7aba31999", r#"null,"internalFailureCode":null"#, None),
        ("06cab0e854984e4904f7bd1074904c059b79b4e1", r#""","internalFailureCode":"""#, None),
    ];
    for (signature, codes, action) in rows {
        let body = format!(r#"{{"failureCode":{codes}}}"#);
        let event = callbacks::verify(&[SECRET], Some(signature), body.as_bytes()).unwrap();
        let found = event.explain().map_or("", |explanation| explanation.action);
        assert_eq!(found.is_empty(), action.is_none(), "{body}: {found}");
        assert!(found.contains(action.unwrap_or_default()), "{body}: {found}");
    }
}

/// Receives one callback, and responds with a status. Returns its signature and its body.
fn receive(listener: &TcpListener, status: u16) -> (String, Vec<u8>) {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(&stream);
    let (mut head, mut line) = (Vec::new(), String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        head.push(std::mem::take(&mut line));
    }
    assert_eq!(head[0], "POST /callbacks?to=us HTTP/1.1\r\n");
    let header = |name: &str| {
        let found = head.iter().filter_map(|line| line.split_once(": "));
        let found: Vec<_> = found.filter(|(found, _)| found.eq_ignore_ascii_case(name)).collect();
        assert_eq!(found.len(), 1, "{name}: {head:?}");
        found[0].1.trim_end().to_owned()
    };
    let mut body = vec![0; header("content-length").parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    (&stream).write_all(response.as_bytes()).unwrap();
    (header("x-sinch-signature"), body)
}

#[test]
fn the_sandbox_sends_what_verifies() {
    const NUMBER: &str = "+12025550134";
    let secret = "the secret of this test";
    let sandbox = Sandbox::builder()
        .callback_secret(secret)
        .provisioning(Duration::from_millis(10))
        .start()
        .unwrap();
    assert_eq!(sandbox.callback_secret(), secret);
    let client = client(&sandbox);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/callbacks?to=us", listener.local_addr().unwrap());
    let named = NumberUpdate::new().callback_url(url);
    client.update(NUMBER, &named.clone().link_service_plan("plan-a")).unwrap();

    // What is not taken is sent again: the same event.
    let (signature, body) = receive(&listener, 503);
    let event = callbacks::verify(&["another", secret], Some(&signature), &body).unwrap();
    assert_eq!((signature, body), receive(&listener, 200));
    assert_eq!(event.event_type, Some(EventType::ProvisioningToSms));
    assert_eq!(event.status, Some(EventStatus::Succeeded));
    assert_eq!(event.project_id.as_deref(), Some(sandbox.project_id()));
    let at = event.timestamp.as_ref().unwrap();
    assert!(at.to_unix().is_some() && !at.as_str().ends_with('Z'), "{at}");
    assert_eq!(event.event_id.as_ref().map(String::len), Some(26));
    let number = client.get(event.needs_reading().unwrap()).unwrap();
    let plan = number.sms_configuration.as_ref().unwrap().service_plan_id.as_deref();
    assert_eq!(plan, Some("plan-a"));

    // A campaign that fails, with the reason; and the next event is another one.
    let failing = NumberUpdate::new().link_campaign("plan-a", "fail-CAMPAIGN_EXPIRED");
    client.update(NUMBER, &failing).unwrap();
    let (signature, body) = receive(&listener, 204);
    let failed = callbacks::verify(&[secret], Some(&signature), &body).unwrap();
    assert_eq!(failed.event_type, Some(EventType::ProvisioningToCampaign));
    assert_eq!(failed.status, Some(EventStatus::Failed));
    assert_eq!(failed.explain().unwrap().code, Some("CAMPAIGN_EXPIRED"));
    assert_ne!(failed.event_id, event.event_id);
    client.update(NUMBER, &NumberUpdate::new().assign_voice_application("fail")).unwrap();
    let (signature, body) = receive(&listener, 200);
    let failed = callbacks::verify(&[secret], Some(&signature), &body).unwrap();
    assert_eq!(failed.event_type, Some(EventType::ProvisioningToVoice));
    assert_eq!(failed.failure_code.as_deref(), Some("PROVISIONING_TO_VOICE_PLATFORM_FAILED"));
}

#[test]
fn a_late_write_is_told_though_nobody_reads() {
    let sandbox = Sandbox::builder()
        .late(1.0, Duration::from_millis(50))
        .provisioning(Duration::from_millis(10))
        .start()
        .unwrap();
    let client = client(&sandbox);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/callbacks?to=us", listener.local_addr().unwrap());
    let update = NumberUpdate::new().callback_url(url).link_service_plan("plan-a");
    client.update("+12025550134", &update).unwrap();
    let (signature, body) = receive(&listener, 200);
    let secret = sandbox.callback_secret();
    let event = callbacks::verify(&[secret], Some(&signature), &body).unwrap();
    assert_eq!(event.event_type, Some(EventType::ProvisioningToSms));
}

#[test]
fn a_receiver_that_hangs_does_not_hold_the_sandbox() {
    let sandbox = Sandbox::builder().provisioning(Duration::ZERO).start().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let update = NumberUpdate::new().callback_url(url).link_service_plan("plan-a");
    client(&sandbox).update("+12025550134", &update).unwrap();
    let (stream, _) = listener.accept().unwrap();
    // It stops although the response is to come, and the callback is cut off.
    assert_eq!(sandbox.shutdown().len(), 1);
    assert!((&stream).read_to_end(&mut Vec::new()).is_ok());
}
