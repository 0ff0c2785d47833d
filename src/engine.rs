//! One call: plain data out, the service's JSON back, with retries in between. Not generic; both faces of the
//! library, Rust and C, stand on it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::auth::{Credentials, Fresh, Header, Token, TokenCache};
use crate::cancel::{Bounds, CancelToken, Signal};
use crate::echo;
use crate::error::{Error, ErrorKind, Phase};
use crate::json::Outline;
use crate::judge::{Reply, failed, read, read_token};
use crate::log::{Log, LogLevel};
use crate::operation::{Method, Request};
use crate::reconcile::{Asked, Found, Verdict};
use crate::retry::{Circumstances, Decision, Dice, Effect, Failure, RetryBudget, RetryPolicy};
use crate::sys::{self, PerProcess};
use crate::transport::{self, Proxy, Transport, TransportConfig, TransportError};

/// Everything that a client was built with, checked.
pub(crate) struct EngineConfig {
    pub(crate) project_id: String,
    pub(crate) credentials: Credentials,
    /// Origins: scheme, host, port.
    pub(crate) base_url: String,
    pub(crate) auth_url: String,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) http: TransportConfig,
    /// The proxies that lead to the API and to the token endpoint.
    pub(crate) proxy: Option<Proxy>,
    pub(crate) auth_proxy: Option<Proxy>,
    pub(crate) log: Log,
}

/// What a client's copies share.
pub(crate) struct Engine {
    credentials: Credentials,
    /// The header of Basic authentication, where calls use it.
    basic: Option<Header>,
    /// Everything between the origin and the operation's own target.
    prefix: String,
    base_url: String,
    auth_url: String,
    timeout: Duration,
    retry: RetryPolicy,
    http: TransportConfig,
    proxy: Option<Proxy>,
    auth_proxy: Option<Proxy>,
    log: Log,
    stop: Signal,
    live: PerProcess<Live>,
}

/// What holds sockets, locks and luck: each process has its own, so that a client made before a fork works after it.
struct Live {
    api: Transport,
    /// The token endpoint, unless it is on the same server and reached in the same way.
    auth: Option<Transport>,
    tokens: TokenCache,
    budget: RetryBudget,
    dice: Dice,
}

/// What one attempt shows the service.
enum Proof {
    Basic(Header),
    Token(Arc<Token>),
}

impl Proof {
    fn header(&self) -> &Header {
        match self {
            Self::Basic(header) => header,
            Self::Token(token) => token.header(),
        }
    }
}

/// Why a request got no answer that counts.
struct Stopped {
    error: Error,
    /// What nobody knows the outcome of: how it failed.
    unclear: Option<Failure>,
}

/// How one attempt failed.
enum Attempt {
    /// There was no token to be had: nothing was sent.
    Unproven(Error),
    Failed(Failure, Error),
}

impl Engine {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let basic = (!config.credentials.uses_tokens()).then(|| config.credentials.basic_header());
        let engine = Self {
            basic,
            prefix: format!("/v1/projects/{}/", config.project_id),
            base_url: config.base_url,
            auth_url: config.auth_url,
            credentials: config.credentials,
            timeout: config.timeout,
            retry: config.retry,
            http: config.http,
            proxy: config.proxy,
            auth_proxy: config.auth_proxy,
            log: config.log,
            stop: Signal::new(),
            live: PerProcess::new(),
        };
        engine.live();
        engine
    }

    fn live(&self) -> &Live {
        let made = self.live.get_or_try_init(|| {
            let server = |origin: &String, proxy: &Option<Proxy>| {
                Transport::new(&self.http, origin, proxy.clone())
            };
            let apart = self.auth_url != self.base_url || self.auth_proxy != self.proxy;
            Ok::<_, Infallible>(Live {
                api: server(&self.base_url, &self.proxy),
                auth: apart.then(|| server(&self.auth_url, &self.auth_proxy)),
                tokens: TokenCache::new(),
                budget: RetryBudget::new(),
                dice: Dice::new(),
            })
        });
        match made {
            Ok(live) => live,
            Err(never) => match never {},
        }
    }

    /// Ends the calls that run and those that come.
    pub(crate) fn shutdown(&self) {
        self.stop.set();
        self.log.write(LogLevel::Info, format_args!("the client is shut down"));
    }

    #[cfg(feature = "capi")]
    pub(crate) fn warn(&self, line: &str) {
        self.log.write(LogLevel::Warn, format_args!("{line}"));
    }

    /// Sends a request until it is answered, or until trying again is of no use or not safe.
    ///
    /// `until` is a deadline of its own, for a call that had to wait for its turn.
    pub(crate) fn send(
        &self,
        request: &Request,
        cancel: Option<&CancelToken>,
        until: Option<Instant>,
    ) -> Result<Reply, Error> {
        let began = Instant::now();
        let mut attempts = 0;
        let deadline = until.unwrap_or(began + self.timeout);
        let result = self
            .bounds(deadline, cancel)
            .and_then(|bounds| self.try_send(request, bounds, &mut attempts))
            .map_err(|error| {
                let number = request.phone_number.as_ref();
                error.of_operation(request.operation, number).attempted(attempts)
            });
        let result = result.map(|reply| Reply { attempts, ..reply });
        let took = began.elapsed().as_millis();
        match &result {
            Ok(reply) => self.log.write(
                LogLevel::Debug,
                format_args!(
                    "{}{}{}: status {}, {} bytes, attempt {attempts}, {took} ms",
                    request.operation,
                    if request.phone_number.is_some() { " " } else { "" },
                    request.phone_number.as_ref().map_or("", AsRef::as_ref),
                    reply.http_status,
                    reply.json.len(),
                ),
            ),
            Err(error) => self
                .log
                .write(level_of(error), format_args!("{error} (attempt {attempts}, {took} ms)")),
        }
        result
    }

    #[cfg(feature = "capi")]
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    fn bounds(&self, deadline: Instant, cancel: Option<&CancelToken>) -> Result<Bounds, Error> {
        let ended = || self.stop.is_set() || cancel.is_some_and(CancelToken::is_triggered);
        // Before a descriptor is asked for: there may be none left, and then this is still what is to be told.
        if ended() {
            return Err(Error::new(ErrorKind::Cancelled));
        }
        let no_descriptor = |error: std::io::Error| {
            Error::new(ErrorKind::Transport(Phase::Start)).with_source(error)
        };
        let mut bounds =
            Bounds { deadline, wakers: [sys::NONE, self.stop.fd().map_err(no_descriptor)?] };
        if let Some(cancel) = cancel {
            bounds.wakers[0] = cancel.signal().fd().map_err(no_descriptor)?;
            if let Some(deadline) = cancel.deadline() {
                bounds = bounds.no_later_than(deadline);
            }
        }
        // And again after the descriptors are there: from now on, being set wakes.
        if ended() {
            return Err(Error::new(ErrorKind::Cancelled));
        }
        if bounds.time_left().is_zero() {
            return Err(Error::new(ErrorKind::Timeout(Phase::Start)));
        }
        Ok(bounds)
    }

    fn try_send(
        &self,
        request: &Request,
        bounds: Bounds,
        attempts: &mut u32,
    ) -> Result<Reply, Error> {
        match request.question() {
            None => self.attempt(request, bounds, attempts).map_err(|stopped| stopped.error),
            Some((question, asked)) => self.write(request, &question, asked, bounds, attempts),
        }
    }

    /// Sends a write; where nobody knows what became of it, asks before anything else.
    fn write(
        &self,
        request: &Request,
        question: &Request,
        asked: &Asked,
        bounds: Bounds,
        attempts: &mut u32,
    ) -> Result<Reply, Error> {
        const FOR_ASKING: Duration = Duration::from_secs(5);
        // A write stops waiting while there is time to ask.
        let reserve = (bounds.time_left() / 4).min(FOR_ASKING);
        let writing =
            bounds.no_later_than(Instant::now() + bounds.time_left().saturating_sub(reserve));
        let first = match self.attempt(request, writing, attempts) {
            Ok(reply) => return Ok(reply),
            Err(Stopped { error, unclear: None }) => return Err(error),
            Err(Stopped { error, unclear: Some(failure) }) => (failure, error.maybe_applied(true)),
        };
        let (failure, first) = first;
        if matches!(first.kind(), ErrorKind::Cancelled) {
            return Err(first);
        }
        let (verdict, reply) = self.ask(request, question, asked, bounds);
        // What ran out of time, here or behind a gateway, may still be under way: sent again, it could be carried out twice.
        let late = matches!(first.kind(), ErrorKind::Timeout(_)) || failure == Failure::Status(504);
        if verdict != Verdict::NotApplied || late || !failure.is_passing() {
            return reply.ok_or(first);
        }
        // Nothing of it is to be seen: from here on it is repeated like a read, with its wait, its price and its limits.
        let live = self.live();
        let wait = match self.decide(live, failure, Effect::Read, &first, *attempts, writing) {
            Decision::Retry(wait) => wait,
            Decision::Fail | Decision::Unclear => return Err(first),
        };
        if self.pause(request.operation, &first, wait, writing).is_err() {
            return Err(first);
        }
        self.log.write(
            LogLevel::Warn,
            format_args!("{}: not applied: sending it once more", request.operation),
        );
        // Once, whatever comes of it: the limit of attempts is for failures that are known to have done nothing.
        if let Ok(reply) = self.attempt_once(request, writing, attempts) {
            return Ok(reply);
        }
        self.ask(request, question, asked, bounds).1.ok_or(first)
    }

    /// Reads what a write was about. The reply is there if it was carried out.
    fn ask(
        &self,
        request: &Request,
        question: &Request,
        asked: &Asked,
        bounds: Bounds,
    ) -> (Verdict, Option<Reply>) {
        if !self.live().budget.withdraw(RetryBudget::QUESTION) {
            self.log.write(
                LogLevel::Warn,
                format_args!(
                    "{}: nobody said what became of it, and too much fails to ask",
                    request.operation
                ),
            );
            return (Verdict::Unclear, None);
        }
        let answer = self.attempt(question, bounds, &mut 0).map_err(|stopped| stopped.error);
        let verdict = match &answer {
            Ok(reply) => asked.judge(Found::Json(&reply.json)),
            // The service's own word, not that of a gateway that knows no such path.
            Err(error) if error.http_status() == Some(404) && error.is_understood() => {
                asked.judge(Found::Nothing)
            }
            Err(_) => Verdict::Unclear,
        };
        self.log.write(
            LogLevel::Warn,
            format_args!(
                "{}: nobody said what became of it; asked: {verdict:?}",
                request.operation
            ),
        );
        let reply = match (verdict, answer) {
            (Verdict::Applied, Ok(reply)) => Some(Reply { reconciled: true, ..reply }),
            // There is none any more, which is what was asked for.
            (Verdict::Applied, Err(error)) => Some(Reply {
                json: "{}".to_owned(),
                outline: Outline::default(),
                http_status: error.http_status().unwrap_or(404),
                request_id: None,
                attempts: 0,
                reconciled: true,
            }),
            _ => None,
        };
        (verdict, reply)
    }

    /// Sends a request until it is answered, trying again what can be tried again without asking.
    fn attempt(
        &self,
        request: &Request,
        bounds: Bounds,
        attempts: &mut u32,
    ) -> Result<Reply, Stopped> {
        let live = self.live();
        let mut sent = 0;
        loop {
            let (failure, error) = match self.attempt_once(request, bounds, &mut sent) {
                Ok(reply) => {
                    *attempts += sent;
                    live.budget.deposit();
                    return Ok(reply);
                }
                Err(Attempt::Unproven(error)) => {
                    *attempts += sent;
                    return Err(Stopped { error, unclear: None });
                }
                Err(Attempt::Failed(failure, error)) => (failure, error),
            };
            let tried = *attempts + sent;
            let unclear = match self.decide(live, failure, request.effect, &error, tried, bounds) {
                Decision::Retry(wait) => {
                    if let Err(error) = self.pause(request.operation, &error, wait, bounds) {
                        *attempts += sent;
                        return Err(Stopped { error, unclear: None });
                    }
                    continue;
                }
                Decision::Fail => None,
                Decision::Unclear => Some(failure),
            };
            *attempts += sent;
            return Err(Stopped { error, unclear });
        }
    }

    /// Sends a request once, or twice if the first was answered with 401: however young the token was, the service has its
    /// reasons and does not always name them.
    fn attempt_once(
        &self,
        request: &Request,
        bounds: Bounds,
        attempts: &mut u32,
    ) -> Result<Reply, Attempt> {
        let live = self.live();
        let target = [self.prefix.as_str(), request.target.as_str()];
        let mut rejected = None;
        loop {
            let proof = self.prove(live, bounds, rejected.as_ref()).map_err(Attempt::Unproven)?;
            *attempts += 1;
            let outgoing = transport::Request {
                method: request.method,
                target: &target,
                authorization: proof.header(),
                content_type: "application/json",
                body: request.body.as_deref(),
                bounds,
                secret: false,
                write: request.effect == Effect::Write,
                fresh: false,
            };
            let result = exchange(&live.api, &outgoing, request.effect)
                .map_err(failed)
                .and_then(|incoming| read(incoming, request))
                .map_err(|(failure, error)| (failure, self.masked(error, Some(proof.header()))));
            let (failure, error) = match result {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            self.log.write(LogLevel::Trace, format_args!("{}: {error}", request.operation));
            match (failure, proof, &rejected) {
                (Failure::Status(401), Proof::Token(token), None) => rejected = Some(token),
                _ => return Err(Attempt::Failed(failure, error)),
            }
        }
    }

    /// Takes our secrets out of what an error quotes: what the service was shown, it can say.
    pub(crate) fn masked(&self, error: Error, shown: Option<&Header>) -> Error {
        let current = self.live().tokens.current();
        let headers = shown.into_iter().chain(current.as_ref().map(|token| token.header()));
        let mut secrets: Vec<&str> =
            headers.filter_map(|header| Some(header.split_once(' ')?.1)).collect();
        secrets.push(self.credentials.key_secret());
        echo::mask(error, &secrets)
    }

    /// Waits before another attempt.
    fn pause(
        &self,
        operation: &str,
        error: &Error,
        wait: Duration,
        bounds: Bounds,
    ) -> Result<(), Error> {
        self.log.write(
            LogLevel::Warn,
            format_args!("{operation}: {error}; trying again in {} ms", wait.as_millis()),
        );
        match bounds.sleep(wait) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(ErrorKind::Cancelled)),
            Err(error) => Err(Error::new(ErrorKind::Transport(Phase::Start)).with_source(error)),
        }
    }

    fn decide(
        &self,
        live: &Live,
        failure: Failure,
        effect: Effect,
        error: &Error,
        attempts: u32,
        bounds: Bounds,
    ) -> Decision {
        // A call that was ended has no time left, whatever the clock says.
        let ended = matches!(error.kind(), ErrorKind::Cancelled);
        let decision = self.retry.decide(
            failure,
            effect,
            Circumstances {
                attempts,
                retry_after: error.retry_after(),
                time_left: if ended { Duration::ZERO } else { bounds.time_left() },
                dice: live.dice.roll(),
            },
        );
        let price = match failure {
            Failure::Status(429 | 503) => RetryBudget::THROTTLED,
            _ => RetryBudget::RETRY,
        };
        match decision {
            // The pot is empty: this failure is as far as the call goes. What is retried was never applied.
            Decision::Retry(_) if !live.budget.withdraw(price) => Decision::Fail,
            decision => decision,
        }
    }

    fn prove(
        &self,
        live: &Live,
        bounds: Bounds,
        rejected: Option<&Arc<Token>>,
    ) -> Result<Proof, Error> {
        if let Some(header) = &self.basic {
            return Ok(Proof::Basic(Arc::clone(header)));
        }
        live.tokens
            .get(bounds, rejected, &|bounds| self.fetch_token(live, bounds))
            .map(Proof::Token)
            .map_err(Error::during_token)
    }

    /// Fetches a token, retrying like a read: asking twice does no harm.
    fn fetch_token(&self, live: &Live, bounds: Bounds) -> Result<Fresh, Error> {
        let header = self.credentials.basic_header();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outgoing = transport::Request {
                method: Method::Post,
                target: &["/oauth2/token"],
                authorization: &header,
                content_type: "application/x-www-form-urlencoded",
                body: Some(b"grant_type=client_credentials"),
                bounds,
                secret: true,
                write: false,
                fresh: false,
            };
            let http = live.auth.as_ref().unwrap_or(&live.api);
            let result = exchange(http, &outgoing, Effect::Read)
                .map_err(failed)
                .and_then(read_token)
                .map_err(|(failure, error)| (failure, self.masked(error, Some(&header))));
            let (failure, error) = match result {
                Ok(fresh) => {
                    self.log.write(LogLevel::Info, format_args!("a new access token"));
                    return Ok(fresh);
                }
                Err(failed) => failed,
            };
            match self.decide(live, failure, Effect::Read, &error, attempts, bounds) {
                Decision::Retry(wait) => self.pause("access token", &error, wait, bounds)?,
                Decision::Fail | Decision::Unclear => return Err(error),
            }
        }
    }
}

/// An answer that says no, and a call that its own caller ended, are ordinary: "is this number ours?" is asked that way.
fn level_of(error: &Error) -> LogLevel {
    match error.kind() {
        ErrorKind::Cancelled => LogLevel::Debug,
        ErrorKind::Api(answer) if answer.http_status < 500 => LogLevel::Debug,
        _ => LogLevel::Error,
    }
}

/// Makes an exchange. A connection that had died unnoticed is replaced, where sending the request again does no harm; that is
/// no attempt of its own.
fn exchange(
    http: &Transport,
    outgoing: &transport::Request<'_>,
    effect: Effect,
) -> Result<transport::Response, TransportError> {
    match http.send(outgoing) {
        Err(error) if error.stale && effect == Effect::Read => http.send(outgoing),
        result => result,
    }
}
