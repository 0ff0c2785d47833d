//! Shared by the bigger examples.

use sinch_numbers::{Client, Credentials, Error, Sandbox};

/// A client of the account that the environment names; without one, of a sandbox inside this process.
pub(crate) fn connect() -> Result<(Client, Option<Sandbox>), Box<dyn std::error::Error>> {
    if std::env::var_os("SINCH_PROJECT_ID").is_some() {
        return Ok((Client::from_env()?, None));
    }
    let sandbox = Sandbox::start()?;
    let credentials = Credentials::oauth2(sandbox.key_id(), sandbox.key_secret());
    let client = Client::builder(sandbox.project_id(), credentials)
        .base_url(sandbox.base_url())
        .auth_url(sandbox.base_url())
        .build()?;
    Ok((client, Some(sandbox)))
}

/// Returns an error and its causes, in one line.
pub(crate) fn explain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        text += &format!(": {below}");
        cause = below.source();
    }
    if let Some(error) = error.downcast_ref::<Error>() {
        if let Some(wait) = error.retry_after() {
            text += &format!(" (try again in {} s)", wait.as_secs());
        }
    }
    text
}
