//! Tokens over the wire: one for all, refreshed when it must be.

use std::thread;

use sinch_numbers::{Credentials, ErrorKind, ListNumbers};

use crate::support::server::{Server, answer, answer_with, ok, token};

const NUMBER: &str = "+12025550134";

#[test]
fn the_token_endpoint_gets_what_it_wants() {
    let server = Server::new([ok("{}")]);
    server.client().get(NUMBER).unwrap();
    let requests = server.token_requests();
    let [sent] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.body, "grant_type=client_credentials");
    assert_eq!(sent.header("authorization"), Some("Basic a2V5LWlkOmtleS1zZWNyZXQ="));
    assert_eq!(sent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(sent.header("accept"), Some("application/json"));
}

#[test]
fn one_token_serves_all_threads_and_calls() {
    let server = Server::new([ok("{}")]);
    let client = server.client();
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                client.get(NUMBER).unwrap();
                client.clone().list(&ListNumbers::new()).unwrap();
            });
        }
    });
    assert_eq!(server.requests().len(), 128);
    assert_eq!(server.token_requests().len(), 1);
    assert!(server.requests().iter().all(|r| r.header("authorization") == Some("Bearer token-1")));
}

#[test]
fn a_401_refreshes_once_and_sends_once_more() {
    let refused = [
        answer_with(401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", ""),
        answer_with(
            401,
            "www-authenticate: Basic realm=\"Realm\"\r\n",
            r#"{"title":"Token expired"}"#,
        ),
        answer_with(401, "", "foo2"),
    ];
    for refused in refused {
        let server = Server::with_tokens([refused, ok("{}")], [token("old"), token("new")]);
        let answer = server.client().get(NUMBER).unwrap();
        assert_eq!(answer.attempts(), 2);
        let shown: Vec<_> = server
            .requests()
            .iter()
            .map(|request| request.header("authorization").unwrap().to_owned())
            .collect();
        assert_eq!(shown, ["Bearer old", "Bearer new"]);
        assert_eq!(server.token_requests().len(), 2);
    }
}

#[test]
fn a_second_401_is_the_answer() {
    let body = r#"{"error":{"code":401,"status":"UNAUTHENTICATED","message":"no"}}"#;
    let server = Server::new([answer(401, body)]);
    let error = server.client().get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication(_)), "{error:?}");
    assert_eq!((error.http_status(), error.attempts()), (Some(401), 2));
    assert!(!error.can_retry() && !error.may_have_been_applied());
    assert_eq!((server.requests().len(), server.token_requests().len()), (2, 2));
}

#[test]
fn under_basic_the_first_401_is_the_answer() {
    let server = Server::new([answer(401, "")]);
    let client = server.builder_with(Credentials::basic("k", "s")).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication(_)));
    assert_eq!((server.requests().len(), server.token_requests().len()), (1, 0));
}

#[test]
fn a_busy_token_endpoint_is_asked_again_within_the_call() {
    let busy = |status| answer_with(status, "Retry-After: 0\r\n", "");
    let server = Server::with_tokens([ok("{}")], [busy(429), busy(503), token("t")]);
    assert_eq!(server.client().get(NUMBER).unwrap().attempts(), 1);
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn no_secret_shows() {
    let server = Server::with_tokens([answer(500, "oops")], [token("very-secret-token")]);
    let client = server.builder().max_attempts(1).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    let builder = server.builder();
    let shown = format!("{error} {error:?} {client:?} {builder:?}");
    for secret in ["very-secret-token", "key-secret", "a2V5LWlkOmtleS1zZWNyZXQ="] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
