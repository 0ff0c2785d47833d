//! Credentials of a project: an access key, used for Basic authentication or for OAuth2 client credentials.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::Error;

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

    /// Refuses a key that cannot be sent in a header. The error does not quote it.
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

/// Makes the value of a header of Basic authentication.
pub(crate) fn basic(name: &str, password: &str) -> Zeroizing<String> {
    let plain = Zeroizing::new([name, ":", password].concat());
    let mut header = Zeroizing::new(String::with_capacity(6 + plain.len().div_ceil(3) * 4));
    header.push_str("Basic ");
    push_base64(&mut header, plain.as_bytes());
    header
}

/// Appends standard base64. `out` must have room for it, so that no copy is left behind by a reallocation.
fn push_base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                let index = (group >> (18 - 6 * digit)) & 63;
                out.push(char::from(DIGITS[index as usize]));
            } else {
                out.push('=');
            }
        }
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

/// The value of an `Authorization` header, wiped when its last copy is dropped.
pub(crate) type Header = Arc<Zeroizing<String>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_headers() {
        for (id, secret, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("a", "bc", "Basic YTpiYw=="),
            ("a", "bcd", "Basic YTpiY2Q="),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ] {
            assert_eq!(Credentials::basic(id, secret).basic_header().as_str(), expected);
        }
    }

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
