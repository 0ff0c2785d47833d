//! Reading a list number by number, and the check of a client, through C; the check in Rust, too.

use serde_json::Value;
use sinch_numbers::{ErrorKind, ListNumbers};

use crate::support::drivers::{Outcome, c_driver, drive};
use crate::support::server::{Act, Server, ok, response};

const OK: i32 = 0;
const DONE: i32 = 1;
const MISUSE: i32 = 2;
const AUTH: i32 = 4;
const API: i32 = 5;
const PROTOCOL: i32 = 8;

/// Begins an iteration through a list, and takes its steps.
fn walk(server: &Server, query: &str, steps: &[&str]) -> Vec<Outcome> {
    let mut lines = format!("pages_new\t\t{query}\n");
    for step in steps {
        lines += step;
        lines += "\t\t\n";
    }
    let mut outcomes = drive(c_driver(), &server.url, "", lines);
    assert_eq!(outcomes.remove(0), (OK, 0, "{}".to_owned()));
    outcomes
}

/// An iteration by numbers alone.
fn numbers(acts: impl IntoIterator<Item = Act>, steps: usize) -> (Server, Vec<Outcome>) {
    let server = Server::new(acts);
    let outcomes = walk(&server, "", &vec!["pages_next_number"; steps]);
    (server, outcomes)
}

fn codes(outcomes: &[Outcome]) -> Vec<i32> {
    outcomes.iter().map(|outcome| outcome.0).collect()
}

/// A part of the error document.
fn said(outcome: &Outcome, key: &str) -> String {
    let document: Value = serde_json::from_str(&outcome.2).unwrap();
    document[key].as_str().unwrap_or_default().to_owned()
}

#[test]
fn numbers_come_one_by_one_as_they_stand_in_their_pages() {
    let server = Server::new([
        ok(
            r#"{"activeNumbers":[{"phoneNumber":"+12"},{ "phoneNumber" : "+13", "new": [1.50, {"\u00e9": null}] }],"nextPageToken":"a b"}"#,
        ),
        ok(r#"{"activeNumbers":[],"nextPageToken":"b"}"#),
        ok(r#"{"nextPageToken":"c"}"#),
        ok(r#"{"activeNumbers":null,"nextPageToken":"d"}"#),
        ok(
            "{ \"nextPageToken\" : \"e\" , \"activeNumbers\" : [ null , \"\" , { } , {\"phoneNumber\":\"+14\"}\n, null ] }",
        ),
        response(201, r#"{"activeNumbers":5,"activeNumbers":[{"x":"]}"},{}],"nextPageToken":""}"#),
    ]);
    let steps = ["pages_next_number"; 6];
    let outcomes = walk(&server, r#"{"regionCode":"US","pageSize":2}"#, &steps);
    let number = |status, json: &str| (OK, status, json.to_owned());
    let done = (DONE, 0, "{}".to_owned());
    assert_eq!(
        outcomes,
        [
            number(200, r#"{"phoneNumber":"+12"}"#),
            number(200, r#"{ "phoneNumber" : "+13", "new": [1.50, {"\u00e9": null}] }"#),
            number(200, r#"{"phoneNumber":"+14"}"#),
            number(201, r#"{"x":"]}"}"#),
            done.clone(),
            done,
        ]
    );
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets.len(), 6);
    assert!(targets[5].ends_with("?regionCode=US&pageSize=2&pageToken=e"), "{targets:?}");
}

#[test]
fn a_failure_does_not_lose_a_number() {
    let (server, outcomes) = numbers(
        [
            ok(r#"{"activeNumbers":[{"phoneNumber":"+1"}],"nextPageToken":"a"}"#),
            response(400, "{}"),
            ok("no JSON"),
            ok(r#"{"activeNumbers":{"phoneNumber":"+2"},"nextPageToken":"b"}"#),
            ok(r#"{"activeNumbers":[],"nextPageToken":["b"]}"#),
            ok(r#"{"activeNumbers":[{"phoneNumber":"+2"}]}"#),
        ],
        7,
    );
    assert_eq!(codes(&outcomes), [OK, API, PROTOCOL, PROTOCOL, PROTOCOL, OK, DONE]);
    assert!(said(&outcomes[3], "message").contains("activeNumbers: an object where a list"));
    assert!(said(&outcomes[4], "message").contains("nextPageToken: a list where a string"));
    assert_eq!(outcomes[5].2, r#"{"phoneNumber":"+2"}"#);
    let requests = server.requests();
    assert!(requests[1].target.ends_with("pageToken=a"));
    assert!(requests[2..].iter().all(|request| request.target == requests[1].target));
}

#[test]
fn what_is_no_number_is_named_by_its_place() {
    let (server, outcomes) = numbers(
        [ok(r#"{"activeNumbers":[{"phoneNumber":"+1"},null,"+2",{"phoneNumber":"+3"}]}"#)],
        3,
    );
    assert_eq!(codes(&outcomes), [OK, PROTOCOL, PROTOCOL]);
    for outcome in &outcomes[1..] {
        let message = said(outcome, "message");
        assert!(
            message.contains("activeNumbers[2]: a string where an object is expected"),
            "{message}"
        );
        assert_eq!((outcome.1, said(outcome, "operation").as_str()), (200, "active_list"));
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_list_that_goes_in_circles_ends() {
    let page = |number| {
        ok(&format!(r#"{{"activeNumbers":[{{"phoneNumber":"{number}"}}],"nextPageToken":"a"}}"#))
    };
    let (server, outcomes) = numbers([page("+1"), page("+2"), page("+3")], 4);
    assert_eq!(codes(&outcomes), [OK, OK, PROTOCOL, PROTOCOL]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn an_iteration_goes_by_pages_or_by_numbers() {
    let acts = || {
        [
            response(400, "{}"),
            ok(r#"{"activeNumbers":[{"phoneNumber":"+1"}],"nextPageToken":"a"}"#),
            ok(r#"{"activeNumbers":[{"phoneNumber":"+2"}]}"#),
        ]
    };
    for (taken, other) in [("pages_next", "pages_next_number"), ("pages_next_number", "pages_next")]
    {
        let server = Server::new(acts());
        let steps = [taken, other, taken, other, taken, other, taken, other];
        let outcomes = walk(&server, "", &steps);
        assert_eq!(codes(&outcomes), [API, MISUSE, OK, MISUSE, OK, MISUSE, DONE, MISUSE]);
        for outcome in outcomes.iter().filter(|outcome| outcome.0 == MISUSE) {
            assert_eq!(
                said(outcome, "message"),
                format!("active_list: {other}: {taken} goes through these pages")
            );
        }
        assert_eq!(server.requests().len(), 3);
    }
}

#[test]
fn a_check_fetches_a_token_and_lists_one_number() {
    let page = r#"{"activeNumbers":[{"phoneNumber":"+1"}], "totalSize": 7, "nextPageToken":"a", "new":1.0}"#;
    let server = Server::new([ok(page)]);
    let outcomes = drive(c_driver(), &server.url, "", "client_check\t\t\n");
    assert_eq!(outcomes, [(OK, 200, page.to_owned())]);
    let in_c = server.requests();
    assert_eq!(server.token_requests().len(), 1);

    let server = Server::new([ok(page)]);
    let checked = server.client().check().unwrap();
    assert_eq!((checked.json(), checked.total_size), (page, Some(7)));
    let in_rust = server.requests();
    assert_eq!(server.token_requests().len(), 1);
    for requests in [in_c, in_rust] {
        assert_eq!(requests.len(), 1);
        assert!(requests[0].target.ends_with("/activeNumbers?pageSize=1"), "{requests:?}");
    }
}

#[test]
fn a_check_fails_as_a_list_does() {
    let refused = || [response(403, r#"{"message":"no"}"#), response(403, r#"{"message":"no"}"#)];
    let server = Server::new(refused());
    let lines = "client_check\t\t\nactive_list\t\t{\"pageSize\":1}\n".to_owned();
    let outcomes = drive(c_driver(), &server.url, "", lines);
    assert_eq!(codes(&outcomes), [AUTH, AUTH]);
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(said(&outcomes[0], "operation"), "active_list");

    let server = Server::new(refused());
    let client = server.client();
    let (checked, listed) = (client.check(), client.list(&ListNumbers::new().page_size(1)));
    let error = checked.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication(_)));
    assert_eq!(error.to_string(), listed.unwrap_err().to_string());
}
