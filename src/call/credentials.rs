//! Credentials of a project: an access key, used for Basic authentication or for OAuth2 client credentials.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::Error;
pub(crate) use crate::transport::Authorization as Header;
use crate::transport::basic;

/// An access key of a Sinch project, and the scheme that it is used with.
///
/// The secret is wiped from memory when the last copy is dropped, and `Debug` does not show it. An access token that was fetched
/// with it may stay in freed memory: ureq and rustls free their buffers as they are. If a program enables the `log` crate at
/// level trace, ureq logs the bodies of responses, those of the token endpoint included.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    scheme: AuthScheme,
    key_id: String,
    key_secret: Zeroizing<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuthScheme {
    OAuth2,
    Basic,
}

impl Credentials {
    /// Uses an access key for OAuth2 client credentials: the key is sent to the token endpoint only, and calls carry an access
    /// token that expires. Use this in production.
    pub fn oauth2(key_id: impl Into<String>, key_secret: impl Into<String>) -> Self {
        Self::new(AuthScheme::OAuth2, key_id.into(), key_secret.into())
    }

    /// Sends the access key itself with every call (Basic authentication). The service limits the rate of such calls heavily: it
    /// is meant for trying things out.
    pub fn basic(key_id: impl Into<String>, key_secret: impl Into<String>) -> Self {
        Self::new(AuthScheme::Basic, key_id.into(), key_secret.into())
    }

    fn new(scheme: AuthScheme, key_id: String, key_secret: String) -> Self {
        Self(Arc::new(Inner { scheme, key_id, key_secret: Zeroizing::new(key_secret) }))
    }

    pub(crate) fn uses_tokens(&self) -> bool {
        self.0.scheme == AuthScheme::OAuth2
    }

    /// Checks that the key can be sent in a header. The error does not quote it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        const LONGEST: usize = 1024;
        let Inner { key_id, key_secret, .. } = &*self.0;
        for (field, text) in [("keyId", key_id.as_str()), ("keySecret", key_secret.as_str())] {
            if text.len() > LONGEST {
                return Err(Error::invalid(field, format!("is longer than {LONGEST} bytes")));
            }
        }
        let problem = if key_id.is_empty() {
            ("keyId", "is empty")
        } else if !key_id.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            ("keyId", "holds a character that is not printable ASCII, or a colon")
        } else if key_secret.is_empty() {
            ("keySecret", "is empty")
        } else if key_secret.chars().any(char::is_control) {
            ("keySecret", "holds a control character")
        } else {
            return Ok(());
        };
        Err(Error::invalid(problem.0, problem.1))
    }

    pub(crate) fn key_secret(&self) -> &str {
        &self.0.key_secret
    }

    /// Makes the header of Basic authentication, for calls or for the token endpoint.
    pub(crate) fn basic_header(&self) -> Header {
        Arc::new(basic(&self.0.key_id, &self.0.key_secret))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("scheme", &self.0.scheme)
            .field("key_id", &self.0.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_cannot_be_sent_are_refused_without_being_shown() {
        let rows = [
            ("", "s", "keyId: is empty"),
            ("a:b", "s", "keyId: holds"),
            ("a b", "s", "keyId: holds"),
            ("a\r\nb", "s", "keyId: holds"),
            ("é", "s", "keyId: holds"),
            ("k", "", "keySecret: is empty"),
            ("k", "hush\nhush", "keySecret: holds"),
            ("k", &"hush".repeat(257), "keySecret: is longer"),
        ];
        for (id, secret, expected) in rows {
            let credentials = Credentials::oauth2(id, secret);
            let error = credentials.check().unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(!format!("{error:?}").contains("hush"));
        }
        assert!(Credentials::basic("k", "pass:wörd ok").check().is_ok());
        assert!(!format!("{:?}", Credentials::basic("k", "hush")).contains("hush"));
    }
}
