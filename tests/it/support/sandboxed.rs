//! Clients of a sandbox.

use sinch_numbers::{Client, ClientBuilder, Credentials, Sandbox};

/// A client of the sandbox, with OAuth2.
pub(crate) fn client(sandbox: &Sandbox) -> Client {
    let credentials = Credentials::oauth2(sandbox.key_id(), sandbox.key_secret());
    builder_with(sandbox, credentials).build().unwrap()
}

pub(crate) fn builder_with(sandbox: &Sandbox, credentials: Credentials) -> ClientBuilder {
    Client::builder(sandbox.project_id(), credentials)
        .base_url(sandbox.base_url())
        .auth_url(sandbox.base_url())
}
