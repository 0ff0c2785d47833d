//! What stands around a body: statuses of success, with a body and without, and what the headers claim about it.

use serde_json::{Value, json};

use super::{ask, refused, through_c};
use crate::support::calls::{CALLS, Failed, call};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Act, Server, response_bytes};

const BODY: &str = r#"{"displayName":"é"}"#;

/// Any status of success is one, and what is in the response counts, not what its headers call it.
const TAKEN: [(u16, &str); 32] = [
    (200, ""),
    (201, "Location: /v1/elsewhere\r\n"),
    (202, "Retry-After: 5\r\n"),
    (203, ""),
    (205, ""),
    (206, "Content-Range: bytes 0-18/400\r\n"),
    (207, ""),
    (208, ""),
    (226, ""),
    (250, ""),
    (299, ""),
    (200, "Content-Type: application/json\r\n"),
    (200, "Content-Type: application/json; charset=utf-8\r\n"),
    (200, "Content-Type: APPLICATION/JSON;CHARSET=\"UTF-8\"\r\n"),
    (200, "Content-Type: application/json; charset=iso-8859-1\r\n"),
    (200, "Content-Type: application/json; charset=utf-16\r\n"),
    (200, "Content-Type: application/json; charset=\r\n"),
    (200, "Content-Type: application/json; charset=none-such\r\n"),
    (200, "Content-Type: application/hal+json\r\n"),
    (200, "Content-Type: application/problem+json\r\n"),
    (200, "Content-Type: text/plain\r\n"),
    (200, "Content-Type: text/plain; charset=us-ascii\r\n"),
    (200, "Content-Type: text/html; charset=windows-1252\r\n"),
    (200, "Content-Type: application/octet-stream\r\n"),
    (200, "Content-Type: image/png\r\n"),
    (200, "Content-Type: multipart/mixed; boundary=x\r\n"),
    (200, "Content-Type: \r\n"),
    (200, "Content-Type: ;;;=\r\n"),
    (200, "Content-Type: text/html\r\nContent-Type: application/json\r\n"),
    (200, "Content-Type: caf\u{e9}\r\n"),
    (200, "Content-Encoding: identity\r\n"),
    (200, "Content-Disposition: attachment; filename=\"n.json\"\r\nContent-Language: de\r\n"),
];

/// Successes that hold nothing.
const EMPTY: [(u16, &str, &str); 5] = [
    (200, "Content-Length: 0\r\n", "nothing"),
    (201, "Content-Type: application/json\r\nContent-Length: 0\r\n", "nothing, called JSON"),
    (204, "", "no content"),
    (204, "Content-Length: 0\r\n", "no content, with a length"),
    (205, "Content-Length: 0\r\n", "content reset"),
];

pub(super) fn run(found: &mut Mismatches) -> usize {
    taken(found) + empty(found) + request_ids(found)
}

fn taken(found: &mut Mismatches) -> usize {
    for (status, headers) in TAKEN {
        for call in [call("active_get"), call("active_release")] {
            let row = format!("{}: {status} {headers:?}", call.name);
            match ask(call, response_bytes(status, headers, BODY.as_bytes())) {
                Ok(read) => {
                    found.same(&row, &read, &(json!({"displayName": "é"}), BODY.to_owned()));
                }
                Err(error) => found.wrong(&row, error),
            }
        }
    }
    let acts =
        TAKEN.iter().map(|(status, headers)| response_bytes(*status, headers, BODY.as_bytes()));
    let outcomes = through_c(call("active_get"), acts.collect());
    for ((status, headers), outcome) in TAKEN.iter().zip(outcomes) {
        found.same(&format!("{status} {headers:?} in C"), &outcome, &(0, *status, BODY.to_owned()));
    }
    TAKEN.len()
}

/// Deprovision may be answered with nothing, and nothing else may.
fn empty(found: &mut Mismatches) -> usize {
    let mut cases = EMPTY.len() * CALLS.len();
    found.in_parallel(&EMPTY, |found, &(status, headers, what)| {
        let act = Act::Raw(format!("HTTP/1.1 {status} X\r\n{headers}\r\n").into());
        for call in CALLS {
            let row = format!("{}: {status}, {what}", call.name);
            let nothing = call.name == "emergency_address_deprovision";
            match ask(call, act.clone()) {
                Ok(read) if nothing => found.same(&row, &read, &(Value::Null, "{}".to_owned())),
                Err(error) if !nothing => {
                    found.same(&row, &Failed::from(&error), &refused(call, status));
                    found.holds(&row, &error.to_string(), "the response is empty");
                }
                other => found.wrong(&row, other),
            }
        }
        let in_c = through_c(call("emergency_address_deprovision"), vec![act.clone()]);
        found.same(&format!("{what}, in C"), &in_c, &vec![(0, status, "{}".to_owned())]);
        let (code, in_c, json) = through_c(call("active_get"), vec![act]).remove(0);
        found.same(&format!("{what}, in C"), &(code, in_c), &(8, status));
        let document: Value = serde_json::from_str(&json).unwrap();
        found.same(&format!("{what}, in C"), &document["body"], &Value::Null);
    });

    // What stands behind a response that has no body belongs to no response.
    let stray = b"HTTP/1.1 204 X\r\n\r\n{\"displayName\":\"stray\"}".to_vec();
    let server = Server::new([Act::Raw(stray), response_bytes(200, "", BODY.as_bytes())]);
    let client = server.plain_client();
    let nothing = call("emergency_address_deprovision").run(&client).map(|done| done.json);
    found.same("bytes behind a 204", &nothing.ok().as_deref(), &Some("{}"));
    let next = call("active_get").run(&client).map(|done| done.json);
    found.same("the call after bytes behind a 204", &next.ok().as_deref(), &Some(BODY));

    // An object of any kind is as good as none.
    for body in
        ["{}", " { } ", "\u{feff}{}", r#"{"new":[1]}"#, r#"{"streetNumber":5,"phoneNumber":[]}"#]
    {
        cases += 1;
        let read =
            ask(call("emergency_address_deprovision"), response_bytes(200, "", body.as_bytes()));
        let expected = Some((Value::Null, body.trim_start_matches('\u{feff}').to_owned()));
        found.same(body, &read.ok(), &expected);
    }
    cases + 1
}

/// The id of a request is there for a success too.
fn request_ids(found: &mut Mismatches) -> usize {
    let rows = [
        ("X-Request-Id: r-1\r\nX-Correlation-Id: c-1\r\n", Some("r-1")),
        ("X-CORRELATION-ID: c-1\r\n", Some("c-1")),
        ("", None),
    ];
    for (headers, expected) in rows {
        let server = Server::new([response_bytes(200, headers, BODY.as_bytes())]);
        let response = server.plain_client().get(crate::support::calls::NUMBER).unwrap();
        found.same(headers, &response.request_id(), &expected);
    }
    rows.len()
}
