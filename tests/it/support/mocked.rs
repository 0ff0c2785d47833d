//! The service by mockito: canned responses to requests that are told apart by what they ask for. Mocks that match the same
//! request respond one after the other, each as often as it expects to; the last one goes on.

use mockito::{Mock, Server, ServerGuard};
use sinch_numbers::{Client, ClientBuilder, Credentials};

/// A server whose token endpoint gives `token-1` to all who ask.
pub(crate) fn server() -> ServerGuard {
    let mut server = Server::new();
    token(&mut server, "token-1").create();
    server
}

/// A builder for a client of this server, with OAuth2.
pub(crate) fn builder(server: &Server) -> ClientBuilder {
    builder_with(server, Credentials::oauth2("key-id", "key-secret"))
}

pub(crate) fn builder_with(server: &Server, credentials: Credentials) -> ClientBuilder {
    Client::builder("project-1", credentials).base_url(server.url()).auth_url(server.url())
}

pub(crate) fn client(server: &Server) -> Client {
    builder(server).build().unwrap()
}

/// A client that asks once and shows Basic credentials: each call is one request, and a 401 is final.
pub(crate) fn plain_client(server: &Server) -> Client {
    let builder = builder_with(server, Credentials::basic("key-id", "key-secret"));
    builder.max_attempts(1).build().unwrap()
}

/// A mock of the API: a method, and a target below the project.
pub(crate) fn on(server: &mut Server, method: &str, target: &str) -> Mock {
    let path = format!("/v1/projects/project-1/{target}");
    server.mock(method, path.as_str())
}

/// A mock of the token endpoint.
pub(crate) fn on_tokens(server: &mut Server) -> Mock {
    server.mock("POST", "/oauth2/token")
}

/// A mock of the token endpoint that gives this token.
pub(crate) fn token(server: &mut Server, text: &str) -> Mock {
    let body = format!(
        r#"{{"access_token":"{text}","token_type":"bearer","expires_in":3599,"scope":""}}"#
    );
    on_tokens(server).with_header("content-type", "application/json").with_body(body)
}

/// What a mock responds.
pub(crate) fn respond(
    mock: Mock,
    status: u16,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Mock {
    let mock = mock.with_status(status.into()).with_body(body);
    headers.iter().fold(mock, |mock, (name, value)| mock.with_header(*name, value))
}
