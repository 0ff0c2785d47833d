//! Who may call: Basic credentials, and the tokens that the token endpoint gives out for them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::answer::{plain_error, success};
use super::encoding::{base64_decode, form_decode};
use super::http::{Request, Response};
use super::time::Timestamp;

/// The one project, and its access key.
pub(super) const PROJECT_ID: &str = "sandbox-project";
pub(super) const KEY_ID: &str = "sandbox-key";
pub(super) const KEY_SECRET: &str = "sandbox-secret";

/// Gives out tokens and checks credentials.
///
/// Nothing is stored: a token says when it ends and carries a seal that only this sandbox makes.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) token_ttl: Duration,
    /// Keeps the tokens of one sandbox from being taken by another.
    salt: u64,
    issued: AtomicU64,
    /// Tokens of an earlier generation are over.
    generation: AtomicU64,
}

impl Access {
    pub(super) fn new(token_ttl: Duration, salt: u64) -> Self {
        Self { token_ttl, salt, issued: AtomicU64::new(0), generation: AtomicU64::new(0) }
    }

    /// Makes every token that was given out invalid.
    pub(super) fn expire_tokens(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Says why a call is refused, if it is.
    pub(super) fn check(&self, request: &Request, now: Timestamp) -> Result<(), Response> {
        let Some(authorization) = request.header("authorization") else {
            return Err(unauthenticated("credentials are missing", BASIC_CHALLENGE));
        };
        let (scheme, credentials) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return if are_ours(credentials) {
                Ok(())
            } else {
                Err(unauthenticated("key id or key secret is wrong", BASIC_CHALLENGE))
            };
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unauthenticated("neither Basic nor Bearer credentials", BASIC_CHALLENGE));
        }
        let Some(expires) = self.expiry_of(credentials.trim()) else {
            return Err(invalid_token("Jwt verification fails"));
        };
        if now < expires.at && expires.generation == self.generation.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(invalid_token(&format!("Jwt expired at {}", expires.at.min(now).with_digits(0))))
    }

    /// Answers a request to the token endpoint.
    pub(super) fn token(&self, request: &Request, now: Timestamp) -> Response {
        let authorization = request.header("authorization").unwrap_or_default();
        let basic = authorization.split_once(' ');
        let basic = basic.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        if !basic.is_some_and(|(_, credentials)| are_ours(credentials)) {
            let refusal = OAuthError {
                error: "invalid_client",
                error_description: "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method).",
                error_hint: "Send the key id and the key secret as Basic credentials.",
                error_verbose: "Client authentication failed",
            };
            return refusal.response(401).with_header("www-authenticate", BASIC_CHALLENGE);
        }
        let content_type = request.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let form = std::str::from_utf8(&request.body).ok().and_then(form_decode);
        let grant =
            form.as_ref().and_then(|form| form.iter().find(|(name, _)| name == "grant_type"));
        match grant {
            _ if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") => {
                invalid_request("The body has to be of type application/x-www-form-urlencoded.")
            }
            None => invalid_request("The parameter grant_type is missing."),
            Some((_, grant)) if grant != "client_credentials" => OAuthError {
                error: "unsupported_grant_type",
                error_description: "The authorization grant type is not supported by the authorization server.",
                error_hint: "The grant type has to be client_credentials.",
                error_verbose: "Unsupported grant type",
            }
            .response(400),
            Some(_) => {
                let answer = TokenAnswer {
                    access_token: self.issue(now),
                    expires_in: self.token_ttl.as_secs(),
                    scope: "",
                    token_type: "bearer",
                };
                success(&answer).with_header("cache-control", "no-store")
            }
        }
    }

    fn issue(&self, now: Timestamp) -> String {
        let serial = self.issued.fetch_add(1, Ordering::Relaxed);
        let expires = Expiry {
            at: now.plus(self.token_ttl),
            generation: self.generation.load(Ordering::Relaxed),
        };
        self.write(serial, expires)
    }

    fn write(&self, serial: u64, expires: Expiry) -> String {
        let (at, generation) = (expires.at.nanoseconds(), expires.generation);
        let mut hasher = DefaultHasher::new();
        (self.salt, serial, at, generation).hash(&mut hasher);
        format!("sandbox.{serial:x}.{at:x}.{generation:x}.{:x}", hasher.finish())
    }

    /// When a token ends, if it is one of ours.
    fn expiry_of(&self, token: &str) -> Option<Expiry> {
        let mut parts = token.strip_prefix("sandbox.")?.split('.');
        let mut next = || u64::from_str_radix(parts.next()?, 16).ok();
        let serial = next()?;
        let expires = Expiry { at: Timestamp::from_nanoseconds(next()?), generation: next()? };
        (self.write(serial, expires) == token).then_some(expires)
    }
}

#[derive(Clone, Copy)]
struct Expiry {
    at: Timestamp,
    generation: u64,
}

const BASIC_CHALLENGE: &str = "Basic realm=\"sinch-numbers-sandbox\"";

fn are_ours(credentials: &str) -> bool {
    let expected = format!("{KEY_ID}:{KEY_SECRET}");
    base64_decode(credentials.trim()).is_some_and(|sent| sent == expected.as_bytes())
}

fn unauthenticated(message: &str, challenge: &str) -> Response {
    plain_error(401, "UNAUTHENTICATED", message).with_header("www-authenticate", challenge)
}

fn invalid_token(description: &str) -> Response {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{description}\"");
    unauthenticated(description, &challenge)
}

fn invalid_request(hint: &'static str) -> Response {
    OAuthError {
        error: "invalid_request",
        error_description: "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.",
        error_hint: hint,
        error_verbose: "Invalid request",
    }
    .response(400)
}

#[derive(Serialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u64,
    scope: &'static str,
    token_type: &'static str,
}

#[derive(Serialize)]
struct OAuthError {
    error: &'static str,
    error_description: &'static str,
    error_hint: &'static str,
    error_verbose: &'static str,
}

impl OAuthError {
    fn response(&self, status: u16) -> Response {
        Response { status, ..success(self) }
    }
}
