//! Authentication: Basic credentials, and the access tokens that the token endpoint issues for them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::encoding::{base64_decode, form_decode};
use super::http::{Request, Response};
use super::response::{plain_error, success};
use super::time::Timestamp;

/// The project, which is the only one; the next two are its access key.
pub(super) const PROJECT_ID: &str = "sandbox-project";
pub(super) const KEY_ID: &str = "sandbox-key";
pub(super) const KEY_SECRET: &str = "sandbox-secret";
/// The default secret that callbacks are signed with.
pub(super) const CALLBACK_SECRET: &str = "sandbox-callback-secret-0123456789";

/// Issues tokens and checks credentials.
///
/// Nothing is stored: a token holds its expiry and a checksum that only this sandbox can make.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) token_ttl: Duration,
    /// Differs between sandboxes, so that none accepts the tokens of another.
    salt: u64,
    issued: AtomicU64,
    /// Tokens of an earlier generation are invalid.
    generation: AtomicU64,
}

impl Access {
    pub(super) fn new(token_ttl: Duration, salt: u64) -> Self {
        Self { token_ttl, salt, issued: AtomicU64::new(0), generation: AtomicU64::new(0) }
    }

    /// Makes every token that was issued invalid.
    pub(super) fn expire_tokens(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Checks the credentials of a call; the error is the response to it.
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

    /// Handles a request to the token endpoint.
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
                let response = TokenResponse {
                    access_token: self.issue(now),
                    expires_in: self.token_ttl.as_secs(),
                    scope: "",
                    token_type: "bearer",
                };
                success(&response).with_header("cache-control", "no-store")
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

    /// Returns the expiry of a token; `None` if this sandbox did not issue it.
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
struct TokenResponse {
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

#[cfg(test)]
mod tests {
    use super::super::encoding::base64_encode;
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::after_1970(Duration::from_secs(seconds))
    }

    fn basic(credentials: &str) -> String {
        format!("Basic {}", base64_encode(credentials.as_bytes()))
    }

    fn request(headers: &[(&str, &str)], body: &str) -> Request {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Request { headers: headers.collect(), body: body.as_bytes().to_vec(), ..Request::default() }
    }

    fn check(access: &Access, authorization: &str, now: Timestamp) -> Result<(), String> {
        let refused = access.check(&request(&[("Authorization", authorization)], ""), now);
        refused.map_err(|response| {
            assert_eq!(response.status, 401);
            let (name, challenge) = response.headers.into_iter().next().unwrap();
            assert_eq!(name, "www-authenticate");
            challenge
        })
    }

    fn token(access: &Access, now: Timestamp) -> String {
        let form = [
            ("authorization", &*basic("sandbox-key:sandbox-secret")),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let response = access.token(&request(&form, "grant_type=client_credentials"), now);
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!((response.status, &body["token_type"]), (200, &"bearer".into()));
        assert_eq!((&body["expires_in"], &body["scope"]), (&3600.into(), &"".into()));
        format!("Bearer {}", body["access_token"].as_str().unwrap())
    }

    #[test]
    fn a_token_lives_as_long_as_it_says() {
        let access = Access::new(HOUR, 1);
        let (first, second) = (token(&access, at(0)), token(&access, at(0)));
        assert_ne!(first, second);
        assert_eq!(check(&access, &first, at(3_599)), Ok(()));
        assert_eq!(check(&access, &first.replace("Bearer", "bearer"), at(0)), Ok(()));
        let expired = "Bearer error=\"invalid_token\", error_description=\"Jwt expired at 1970-01-01T01:00:00Z\"";
        assert_eq!(check(&access, &first, at(3_600)).unwrap_err(), expired);
    }

    #[test]
    fn tokens_can_be_expired_before_their_time() {
        let access = Access::new(HOUR, 1);
        let before = token(&access, at(0));
        access.expire_tokens();
        let expired = check(&access, &before, at(60)).unwrap_err();
        assert!(expired.contains("Jwt expired at 1970-01-01T00:01:00Z"), "{expired}");
        assert_eq!(check(&access, &token(&access, at(60)), at(60)), Ok(()));
    }

    #[test]
    fn what_was_not_given_out_is_refused() {
        let access = Access::new(HOUR, 1);
        let ours = token(&access, at(0));
        let later = ours.replacen(".0.", ".1.", 1);
        let theirs = token(&Access::new(HOUR, 2), at(0));
        for (authorization, challenge) in [
            ("", "Basic"),
            ("Basic", "Basic"),
            (&*basic("sandbox-key:wrong"), "Basic"),
            (&*basic("wrong:sandbox-secret"), "Basic"),
            (&*basic("sandbox-key"), "Basic"),
            ("Basic sandbox-key:sandbox-secret", "Basic"),
            ("Digest username=\"sandbox-key\"", "Basic"),
            ("Bearer", "Bearer error=\"invalid_token\""),
            ("Bearer x", "Bearer error=\"invalid_token\""),
            (&*later, "Bearer error=\"invalid_token\""),
            (&*theirs, "Bearer error=\"invalid_token\""),
        ] {
            let said = check(&access, authorization, at(0)).unwrap_err();
            assert!(said.starts_with(challenge), "{authorization}: {said}");
        }
        assert_eq!(check(&access, &basic("sandbox-key:sandbox-secret"), at(0)), Ok(()));
        assert_eq!(access.check(&request(&[], ""), at(0)).unwrap_err().status, 401);
    }

    #[test]
    fn the_token_endpoint_refuses_as_oauth2_says() {
        const FORM: &str = "application/x-www-form-urlencoded";
        let access = Access::new(HOUR, 1);
        let ours = basic("sandbox-key:sandbox-secret");
        for (authorization, content_type, body, status, error) in [
            ("", FORM, "grant_type=client_credentials", 401, "invalid_client"),
            ("Bearer x", FORM, "grant_type=client_credentials", 401, "invalid_client"),
            (
                &*basic("sandbox-key:x"),
                FORM,
                "grant_type=client_credentials",
                401,
                "invalid_client",
            ),
            (&ours, FORM, "", 400, "invalid_request"),
            (&ours, FORM, "grant_type=%zz", 400, "invalid_request"),
            (&ours, FORM, "scope=x", 400, "invalid_request"),
            (&ours, FORM, "grant_type=password", 400, "unsupported_grant_type"),
            (&ours, "application/json", "grant_type=client_credentials", 400, "invalid_request"),
        ] {
            let headers = [("authorization", authorization), ("content-type", content_type)];
            let response = access.token(&request(&headers, body), at(0));
            let said: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!((response.status, &said["error"]), (status, &error.into()), "{body}");
            for field in ["error_description", "error_hint", "error_verbose"] {
                assert!(said[field].is_string(), "{field}");
            }
        }
    }
}
