//! Tokens over the wire: one for all, refreshed when it must be.

use std::thread;

use mockito::{Mock, Server};
use sinch_numbers::{Credentials, ErrorKind, ListNumbers};

use crate::support::mocked;
use crate::support::server::{self, ok, response_with, token};

const NUMBER: &str = "+12025550134";
const GET: &str = "activeNumbers/+12025550134";

#[test]
fn the_token_endpoint_gets_what_it_wants() {
    let mut server = Server::new();
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
fn one_token_serves_all_threads_and_calls() {
    let mut server = Server::new();
    let token = mocked::token(&mut server, "token-1").create();
    let calls = [GET, "activeNumbers"].map(|target| {
        let mock = mocked::on(&mut server, "GET", target);
        mock.match_header("authorization", "Bearer token-1").with_body("{}").expect(64).create()
    });
    let client = mocked::client(&server);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                client.get(NUMBER).unwrap();
                client.clone().list(&ListNumbers::new()).unwrap();
            });
        }
    });
    token.assert();
    calls.iter().for_each(Mock::assert);
}

/// Whatever its headers and its body look like.
#[test]
fn a_401_refreshes_once_and_sends_once_more() {
    let refused = [
        response_with(401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", ""),
        response_with(
            401,
            "www-authenticate: Basic realm=\"Realm\"\r\n",
            r#"{"title":"Token expired"}"#,
        ),
        response_with(401, "", "foo2"),
    ];
    for refused in refused {
        let server = server::Server::with_tokens([refused, ok("{}")], [token("old"), token("new")]);
        let response = server.client().get(NUMBER).unwrap();
        assert_eq!(response.attempts(), 2);
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
fn a_second_401_is_the_response() {
    let body = r#"{"error":{"code":401,"status":"UNAUTHENTICATED","message":"no"}}"#;
    let mut server = Server::new();
    let token = mocked::token(&mut server, "token-1").expect(2).create();
    let refused =
        mocked::on(&mut server, "GET", GET).with_status(401).with_body(body).expect(2).create();
    let error = mocked::client(&server).get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication(_)), "{error:?}");
    assert_eq!((error.http_status(), error.attempts()), (Some(401), 2));
    assert!(!error.can_retry() && !error.may_have_been_applied());
    token.assert();
    refused.assert();
}

#[test]
fn under_basic_the_first_401_is_the_response() {
    let mut server = Server::new();
    let token = mocked::token(&mut server, "token-1").expect(0).create();
    let refused = mocked::on(&mut server, "GET", GET).with_status(401).create();
    let client = mocked::builder_with(&server, Credentials::basic("k", "s")).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication(_)));
    token.assert();
    refused.assert();
}

#[test]
fn a_busy_token_endpoint_is_asked_again_within_the_call() {
    let mut server = Server::new();
    let busy = [429, 503].map(|status| {
        mocked::on_tokens(&mut server).with_status(status).with_header("retry-after", "0").create()
    });
    let token = mocked::token(&mut server, "t").create();
    mocked::on(&mut server, "GET", GET).with_body("{}").create();
    assert_eq!(mocked::client(&server).get(NUMBER).unwrap().attempts(), 1);
    busy.iter().for_each(Mock::assert);
    token.assert();
}

#[test]
fn no_secret_shows() {
    let mut server = Server::new();
    mocked::token(&mut server, "very-secret-token").create();
    mocked::on(&mut server, "GET", GET).with_status(500).with_body("oops").create();
    let builder = mocked::builder(&server);
    let client = mocked::builder(&server).max_attempts(1).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    let shown = format!("{error} {error:?} {client:?} {builder:?}");
    for secret in ["very-secret-token", "key-secret", "a2V5LWlkOmtleS1zZWNyZXQ="] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
