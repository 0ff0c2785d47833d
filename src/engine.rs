//! One call: plain data out, the service's JSON back, with retries in between. Not generic; both faces of the
//! library, Rust and C, stand on it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::api_error;
use crate::auth::{Credentials, Fresh, Token, TokenCache};
use crate::error::{Error, ErrorKind};
use crate::http::{Broken, How, Http, HttpConfig, Incoming, Outgoing};
use crate::json;
use crate::operation::{Method, Request};
use crate::retry::{Circumstances, Decision, Dice, Effect, Failure, RetryBudget, RetryPolicy};

/// Everything that a client was built with, checked.
pub(crate) struct EngineConfig {
    pub(crate) project_id: String,
    pub(crate) credentials: Credentials,
    /// Origins: scheme, host, port.
    pub(crate) base_url: String,
    pub(crate) auth_url: String,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) http: HttpConfig,
}

/// What a client's copies share.
pub(crate) struct Engine {
    http: Http,
    auth: Auth,
    /// Everything before the operation's own target.
    prefix: String,
    token_url: String,
    timeout: Duration,
    retry: RetryPolicy,
    budget: RetryBudget,
    dice: Dice,
}

enum Auth {
    Basic(Arc<Zeroizing<String>>),
    OAuth2 { credentials: Credentials, cache: TokenCache },
}

/// What one attempt shows the service.
enum Proof {
    Basic(Arc<Zeroizing<String>>),
    Token(Arc<Token>),
}

impl Proof {
    fn header(&self) -> &str {
        match self {
            Self::Basic(header) => header,
            Self::Token(token) => token.header(),
        }
    }
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// One JSON object, as it came; `{}` where success has no body.
    pub(crate) json: String,
    pub(crate) http_status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
}

/// A failed attempt: what the decision needs, and what is reported if it comes to that.
type Failed = (Failure, Error);

impl Engine {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let auth = if config.credentials.uses_tokens() {
            Auth::OAuth2 { credentials: config.credentials, cache: TokenCache::new() }
        } else {
            Auth::Basic(Arc::new(config.credentials.basic_header()))
        };
        Self {
            http: Http::new(config.http),
            auth,
            prefix: format!("{}/v1/projects/{}/", config.base_url, config.project_id),
            token_url: format!("{}/oauth2/token", config.auth_url),
            timeout: config.timeout,
            retry: config.retry,
            budget: RetryBudget::new(),
            dice: Dice::new(),
        }
    }

    /// Sends a request until it is answered, or until trying again is of no use or not safe.
    pub(crate) fn send(&self, request: &Request) -> Result<Reply, Error> {
        let deadline = Instant::now() + self.timeout;
        let url = format!("{}{}", self.prefix, request.target);
        let mut attempts = 0;
        let mut rejected = None;
        let named = |error: Error, attempts, applied| {
            error
                .of_operation(request.operation, request.phone_number.as_ref())
                .after(attempts, applied)
        };
        loop {
            let proof = self
                .prove(deadline, rejected.as_ref())
                .map_err(|error| named(error.during_token(), attempts, false))?;
            attempts += 1;
            let result = self
                .http
                .exchange(&Outgoing {
                    method: request.method,
                    url: &url,
                    authorization: proof.header(),
                    content_type: "application/json",
                    body: request.body.as_deref(),
                    deadline,
                })
                .map_err(failed)
                .and_then(|incoming| read(incoming, request));
            let (failure, error) = match result {
                Ok(mut reply) => {
                    self.budget.deposit();
                    reply.attempts = attempts;
                    return Ok(reply);
                }
                Err(failed) => failed,
            };
            if let (Failure::Status(401), Proof::Token(token), None) = (failure, &proof, &rejected)
            {
                // However young the token is: the service has its reasons and does not always name them.
                rejected = Some(Arc::clone(token));
                continue;
            }
            let decision = self.decide(failure, request.effect, &error, attempts, deadline);
            match decision {
                Decision::Retry(wait) => thread::sleep(wait),
                Decision::Fail => return Err(named(error, attempts, false)),
                Decision::FailMaybeApplied => return Err(named(error, attempts, true)),
            }
        }
    }

    fn decide(
        &self,
        failure: Failure,
        effect: Effect,
        error: &Error,
        attempts: u32,
        deadline: Instant,
    ) -> Decision {
        let decision = self.retry.decide(
            failure,
            effect,
            Circumstances {
                attempts,
                retry_after: error.retry_after(),
                time_left: deadline.saturating_duration_since(Instant::now()),
                dice: self.dice.roll(),
            },
        );
        let throttled = matches!(failure, Failure::Status(429 | 503));
        match decision {
            // The pot is empty: this failure is as far as the call goes. What is retried was never applied.
            Decision::Retry(_) if !self.budget.withdraw(throttled) => Decision::Fail,
            decision => decision,
        }
    }

    fn prove(&self, deadline: Instant, rejected: Option<&Arc<Token>>) -> Result<Proof, Error> {
        match &self.auth {
            Auth::Basic(header) => Ok(Proof::Basic(Arc::clone(header))),
            Auth::OAuth2 { credentials, cache } => cache
                .get(deadline, rejected, &|until| self.fetch_token(credentials, until))
                .map(Proof::Token),
        }
    }

    /// Fetches a token, retrying like a read: asking twice does no harm.
    fn fetch_token(&self, credentials: &Credentials, deadline: Instant) -> Result<Fresh, Error> {
        let header = credentials.basic_header();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let result = self
                .http
                .exchange(&Outgoing {
                    method: Method::Post,
                    url: &self.token_url,
                    authorization: &header,
                    content_type: "application/x-www-form-urlencoded",
                    body: Some(b"grant_type=client_credentials"),
                    deadline,
                })
                .map_err(failed)
                .and_then(read_token);
            let (failure, error) = match result {
                Ok(fresh) => return Ok(fresh),
                Err(failed) => failed,
            };
            match self.decide(failure, Effect::Read, &error, attempts, deadline) {
                Decision::Retry(wait) => thread::sleep(wait),
                Decision::Fail | Decision::FailMaybeApplied => return Err(error),
            }
        }
    }
}

/// What an exchange that broke means.
fn failed(broken: Broken) -> Failed {
    let Broken { how, phase, sent, status, source } = broken;
    let success = status.is_none_or(|status| (200..300).contains(&status));
    let failure = match (how, status) {
        (How::Tls, _) => Failure::Tls,
        _ if !sent => Failure::NotSent,
        // The head of the answer had come: what it said stands, whatever became of the rest.
        (_, Some(status)) if !success => Failure::Status(status),
        (How::Protocol | How::TooBig, _) => Failure::Unintelligible,
        (_, Some(_)) => Failure::BodyLost,
        (_, None) => Failure::NoAnswer,
    };
    let mut error = match how {
        How::Timeout => Error::new(ErrorKind::Timeout(phase)),
        How::Network | How::Tls => Error::new(ErrorKind::Transport(phase)),
        How::Protocol => Error::protocol("the answer is not valid HTTP", status, b""),
        How::TooBig => Error::protocol("the answer is bigger than the limit", status, b""),
    };
    if let Some(source) = source {
        error = error.with_source(source);
    }
    (failure, error)
}

/// Judges a complete answer to an operation.
fn read(incoming: Incoming, request: &Request) -> Result<Reply, Failed> {
    let status = incoming.status;
    let wrong = |problem: String, body: &[u8]| {
        (Failure::Unintelligible, Error::protocol(problem, Some(status), body))
    };
    match status {
        200..=299 => {}
        400..=599 => {
            let error = api_error::read(&incoming);
            return Err((Failure::Status(status), error));
        }
        300..=399 => {
            let to = incoming.location.as_deref().unwrap_or("nowhere");
            let problem = format!("a redirect to {to}, which is not followed");
            return Err((Failure::Status(status), wrong(problem, b"").1));
        }
        _ => return Err(wrong("a status that no final answer has".to_owned(), &incoming.body)),
    }
    let reply = |json: String| Reply {
        json,
        http_status: status,
        request_id: incoming.request_id.clone(),
        attempts: 0,
    };
    if incoming.body.is_empty() {
        return if request.may_be_empty {
            Ok(reply("{}".to_owned()))
        } else {
            Err(wrong("the answer is empty".to_owned(), b""))
        };
    }
    let text = match json::check(&incoming.body) {
        Ok(text) => text,
        Err(flaw) => return Err(wrong(format!("the answer is not JSON: {flaw}"), &incoming.body)),
    };
    if let Some(error) = api_error::in_success(text, &incoming) {
        // "A successful response, or an Error": refused, unless the service itself broke down over it.
        let code = error.api_error().and_then(|answer| answer.code).unwrap_or(0);
        let failure = if code >= 500 { Failure::Unintelligible } else { Failure::Status(200) };
        return Err((failure, error));
    }
    if text.len() == incoming.body.len() {
        // Taken over without a copy.
        match String::from_utf8(incoming.body) {
            Ok(json) => Ok(Reply {
                json,
                http_status: status,
                request_id: incoming.request_id,
                attempts: 0,
            }),
            Err(error) => Err(wrong("the answer is not UTF-8".to_owned(), error.as_bytes())),
        }
    } else {
        Ok(reply(text.to_owned()))
    }
}

/// Judges a complete answer of the token endpoint. No error repeats a successful body: it holds a secret.
fn read_token(incoming: Incoming) -> Result<Fresh, Failed> {
    let status = incoming.status;
    match status {
        200..=299 => {
            let body = Zeroizing::new(incoming.body);
            Fresh::parse(&body).map_err(|error| (Failure::Unintelligible, error))
        }
        400..=599 => Err((Failure::Status(status), api_error::read_token_error(&incoming))),
        _ => {
            let problem = format!("token endpoint: status {status}, which no final answer has");
            Err((Failure::Status(status), Error::protocol(problem, Some(status), b"")))
        }
    }
}
