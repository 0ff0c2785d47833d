//! An access token: what the token endpoint returns, and when it is refreshed and expires.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::call::credentials::Header;
use crate::error::Error;
use crate::json;

/// An access token and its lifetime.
pub(crate) struct Token {
    pub(super) header: Header,
    /// From this time on one caller refreshes the token, while the others go on using this one.
    pub(super) refresh_at: Instant,
    pub(super) expires_at: Instant,
}

impl Token {
    /// The maximum number of early refreshes of one token.
    pub(super) const MAX_EARLY_REFRESHES: u32 = 3;

    pub(super) fn new(fresh: TokenResponse, now: Instant) -> Self {
        const EARLY: Duration = Duration::from_secs(60);
        let expires_at = now + fresh.lifetime;
        let refresh_at = now + fresh.lifetime.saturating_sub(EARLY.min(fresh.lifetime / 2));
        Self { header: fresh.header, refresh_at, expires_at }
    }

    /// The time between two early refreshes.
    pub(super) fn early_refresh_interval(&self) -> Duration {
        self.expires_at.saturating_duration_since(self.refresh_at) / Self::MAX_EARLY_REFRESHES
    }
}

/// An access token as the token endpoint returned it.
pub(crate) struct TokenResponse {
    pub(crate) header: Header,
    pub(crate) lifetime: Duration,
}

impl TokenResponse {
    /// Parses the body of a successful response. Errors do not quote it.
    pub(crate) fn parse(status: u16, body: &[u8]) -> Result<Self, Error> {
        // So that the head of a request fits the transport's buffer.
        const LIMIT: usize = 8 * 1024;
        let wrong =
            |what: &str| Error::protocol(format!("token endpoint: {what}"), Some(status), b"");
        let text = json::check(body)
            .map_err(|error| wrong("the response is not a JSON object").with_source(error))?;
        let token = json::value_at(text, "/access_token")
            .and_then(json::text_of)
            .map(Zeroizing::new)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| wrong("the response has no access_token"))?;
        if token.len() > LIMIT {
            return Err(wrong("the access_token is too long"));
        }
        let printable = token.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if !printable || token.trim() != token.as_str() {
            return Err(wrong("the access_token holds characters that do not belong in a header"));
        }
        let header = Arc::new(Zeroizing::new(["Bearer ", &token].concat()));
        Ok(Self { header, lifetime: lifetime(json::value_at(text, "/expires_in")) })
    }
}

/// Returns the assumed lifetime of a token: `expires_in`, clamped to between a second and a day; five minutes if it is missing or
/// no number. A token that expires earlier than assumed costs one refresh after a 401.
fn lifetime(expires_in: Option<&str>) -> Duration {
    const UNKNOWN: Duration = Duration::from_secs(300);
    const SHORTEST: f64 = 1.0;
    const LONGEST: f64 = 86_400.0;
    let Some(raw) = expires_in else { return UNKNOWN };
    let text = json::text_of(raw).unwrap_or_else(|| raw.to_owned());
    let seconds = text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite());
    seconds.map_or(UNKNOWN, |seconds| Duration::from_secs_f64(seconds.clamp(SHORTEST, LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_responses() {
        let ok = [
            (r#"{"access_token":"t","expires_in":3599,"scope":"","token_type":"bearer"}"#, 3599.0),
            (r#"{"access_token":"t"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":null}"#, 300.0),
            (r#"{"access_token":"t","expires_in":"3600"}"#, 3600.0),
            (r#"{"access_token":"t","expires_in":"soon"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":0}"#, 1.0),
            (r#"{"access_token":"t","expires_in":-5}"#, 1.0),
            (r#"{"access_token":"t","expires_in":20.5}"#, 20.5),
            (r#"{"access_token":"t","expires_in":1e300}"#, 86_400.0),
            (r#"{"access_token":"t","expires_in":"inf"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":"NaN"}"#, 300.0),
            (r#"{"access_token":"t","expires_in":99999999999999999999999}"#, 86_400.0),
            (r#"{"access_token":"t","expires_in":true}"#, 300.0),
            (r#"{"access_token":"t","expires_in":[20]}"#, 300.0),
            (r#"{"access_token":"x","access_token":"t","token_type":"NONSENSE"}"#, 300.0),
            (r#"{"access_token":"\u0074"}"#, 300.0),
            ("\u{feff}{\"access_token\":\"t\"}", 300.0),
        ];
        for (body, seconds) in ok {
            let fresh = TokenResponse::parse(200, body.as_bytes()).unwrap();
            assert_eq!(fresh.header.as_str(), "Bearer t", "{body}");
            assert_eq!(fresh.lifetime, Duration::from_secs_f64(seconds), "{body}");
        }
        let inner_space = TokenResponse::parse(200, br#"{"access_token":"token value"}"#).unwrap();
        assert_eq!(inner_space.header.as_str(), "Bearer token value");
        let bad = [
            ("", "is not a JSON object"),
            ("not json", "is not a JSON object"),
            (r#"["t"]"#, "is not a JSON object"),
            (r#""hush""#, "is not a JSON object"),
            ("{}", "no access_token"),
            (r#"{"access_token":""}"#, "no access_token"),
            (r#"{"access_token":null}"#, "no access_token"),
            (r#"{"access_token":5}"#, "no access_token"),
            (r#"{"access_token":{"hush":1}}"#, "no access_token"),
            (r#"{"access_token":"hush\r\nX: y"}"#, "do not belong in a header"),
            (r#"{"access_token":"hush\u0000"}"#, "do not belong in a header"),
            (r#"{"access_token":"húsh"}"#, "do not belong in a header"),
            (r#"{"access_token":" hush"}"#, "do not belong in a header"),
        ];
        for (body, expected) in bad {
            let error = TokenResponse::parse(200, body.as_bytes()).err().unwrap();
            assert!(error.to_string().contains(expected), "{body}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
        let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(9000));
        assert!(TokenResponse::parse(200, long.as_bytes()).is_err());
    }

    #[test]
    fn tokens_are_refreshed_a_minute_early_or_half_way() {
        let now = Instant::now();
        for (lifetime, early) in [(3600, 60), (121, 60), (120, 60), (60, 30), (20, 10), (1, 0)] {
            let lifetime = Duration::from_secs(lifetime);
            let token = Token::new(TokenResponse { header: Arc::default(), lifetime }, now);
            let early = if early == 0 { lifetime / 2 } else { Duration::from_secs(early) };
            assert_eq!(token.expires_at, now + lifetime);
            assert_eq!(token.refresh_at + early, now + lifetime, "{lifetime:?}");
        }
    }
}
