//! One call: plain data out, the service's JSON back, with retries in between. Not generic; both faces of the
//! library, Rust and C, stand on it.

pub(crate) mod api_error;
pub(crate) mod credentials;
mod pace;
mod redact;
pub(crate) mod response;
pub(crate) mod retry;
mod run;
pub(crate) mod token;

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::request::{Effect, Method, Request};
use crate::call::credentials::{Credentials, Header};
use crate::call::pace::Pace;
use crate::call::response::{Failed, RawResponse, classify, classify_token, transport_failure};
use crate::call::retry::{Decision, Failure, Jitter, RetryBudget, RetryContext, RetryPolicy};
use crate::call::run::Environment;
use crate::call::token::{Token, TokenCache, TokenResponse};
use crate::cancel::{CancelToken, Signal};
use crate::error::{Error, ErrorKind, Phase};
use crate::log::{Log, LogLevel};
use crate::sys::deadline::Bounds;
use crate::sys::{self, PerProcess};
use crate::transport::{self, Proxy, Transport, TransportConfig, TransportError};

/// Everything that a client was built with, checked.
pub(crate) struct EngineConfig {
    pub(crate) project_id: String,
    pub(crate) credentials: Credentials,
    /// Origins (scheme, host, port), and the paths below which the API and the token endpoint are.
    pub(crate) base_url: String,
    pub(crate) base_path: String,
    pub(crate) auth_url: String,
    pub(crate) auth_path: String,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    /// 0: no limit.
    pub(crate) requests_per_second: f64,
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
    auth_path: String,
    timeout: Duration,
    retry: RetryPolicy,
    requests_per_second: f64,
    http: TransportConfig,
    proxy: Option<Proxy>,
    auth_proxy: Option<Proxy>,
    log: Log,
    stop: Signal,
    state: PerProcess<ProcessState>,
}

/// What holds sockets, locks and luck: each process has its own, so that a client made before a fork works after it.
struct ProcessState {
    api: Transport,
    /// The token endpoint, unless it is on the same server and reached in the same way.
    auth: Option<Transport>,
    tokens: TokenCache,
    budget: RetryBudget,
    /// `None`: no limit.
    pace: Option<Pace>,
    dice: Jitter,
}

/// What one attempt shows the service.
enum Authorization {
    Basic(Header),
    Token(Arc<Token>),
}

impl Authorization {
    fn header(&self) -> &Header {
        match self {
            Self::Basic(header) => header,
            Self::Token(token) => token.header(),
        }
    }
}

impl Engine {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let basic = (!config.credentials.uses_tokens()).then(|| config.credentials.basic_header());
        let engine = Self {
            basic,
            prefix: format!("{}/v1/projects/{}/", config.base_path, config.project_id),
            base_url: config.base_url,
            auth_url: config.auth_url,
            auth_path: config.auth_path,
            credentials: config.credentials,
            timeout: config.timeout,
            retry: config.retry,
            requests_per_second: config.requests_per_second,
            http: config.http,
            proxy: config.proxy,
            auth_proxy: config.auth_proxy,
            log: config.log,
            stop: Signal::new(),
            state: PerProcess::new(),
        };
        engine.state();
        engine
    }

    fn state(&self) -> &ProcessState {
        let made = self.state.get_or_try_init(|| {
            let server = |origin: &String, proxy: &Option<Proxy>| {
                Transport::new(&self.http, origin, proxy.clone())
            };
            let apart = self.auth_url != self.base_url || self.auth_proxy != self.proxy;
            Ok::<_, Infallible>(ProcessState {
                api: server(&self.base_url, &self.proxy),
                auth: apart.then(|| server(&self.auth_url, &self.auth_proxy)),
                tokens: TokenCache::new(),
                budget: RetryBudget::new(),
                pace: Pace::new(self.requests_per_second),
                dice: Jitter::new(),
            })
        });
        match made {
            Ok(state) => state,
            Err(never) => match never {},
        }
    }

    /// Ends the calls that run and those that come.
    pub(crate) fn shutdown(&self) {
        self.stop.set();
        self.log.write(LogLevel::Info, format_args!("the client is shut down"));
    }

    /// Logs a call that is refused before it begins.
    pub(crate) fn refused(&self, error: &Error) {
        self.log.write(level_of(error), format_args!("{error}"));
    }

    #[cfg(feature = "capi")]
    pub(crate) fn warn(&self, line: &str) {
        self.log.write(LogLevel::Warn, format_args!("{line}"));
    }

    /// Makes one logical call: retries, and reads back a write whose outcome is unknown, until the deadline.
    ///
    /// `until` is a deadline of its own, for a call that had to wait for its turn.
    pub(crate) fn send(
        &self,
        request: &Request,
        cancel: Option<&CancelToken>,
        until: Option<Instant>,
        progress: &Progress,
    ) -> Result<RawResponse, Error> {
        let began = Instant::now();
        let deadline = until.unwrap_or(began + self.timeout);
        let run = || {
            let bounds = self.bounds(deadline, cancel)?;
            run::run(request, &self.retry, &mut Call { engine: self, bounds, progress })
        };
        let result = match cancel {
            Some(cancel) => cancel.polling(run),
            None => run(),
        };
        let attempts = progress.attempts.get();
        let result = result.map(|response| RawResponse { attempts, ..response }).map_err(|error| {
            let number = request.phone_number.as_ref().map(AsRef::as_ref);
            let error = error.of_operation(request.operation, number).attempted(attempts);
            // What was read back can hold what the service was shown.
            if error.found().is_some() { self.redacted(error, None) } else { error }
        });
        let took = began.elapsed().as_millis();
        match &result {
            Ok(response) => self.log.write(
                LogLevel::Debug,
                format_args!(
                    "{}{}{}: status {}, {} bytes, attempt {attempts}, {took} ms",
                    request.operation,
                    if request.phone_number.is_some() { " " } else { "" },
                    request.phone_number.as_ref().map_or("", AsRef::as_ref),
                    response.http_status,
                    response.json.len(),
                ),
            ),
            Err(error) => self
                .log
                .write(level_of(error), format_args!("{error} (attempt {attempts}, {took} ms)")),
        }
        result
    }

    /// Fails if a call that begins now is over at once. Asks for no descriptor, as nothing is waited for.
    #[cfg(feature = "capi")]
    pub(crate) fn check_open(
        &self,
        cancel: Option<&CancelToken>,
        until: Instant,
    ) -> Result<(), Error> {
        if self.stop.is_set() || cancel.is_some_and(CancelToken::is_triggered) {
            return Err(Error::new(ErrorKind::Cancelled));
        }
        let deadline = cancel.and_then(CancelToken::deadline).map_or(until, |own| own.min(until));
        if Instant::now() >= deadline {
            return Err(Error::new(ErrorKind::Timeout(Phase::Start)));
        }
        Ok(())
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
            bounds.wakers[0] = cancel.fd().map_err(no_descriptor)?;
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

    /// Sends a request once, or twice if the first was answered with 401: however young the token was, the service has its
    /// reasons and does not always name them.
    fn exchange(
        &self,
        request: &Request,
        bounds: Bounds,
        fresh: bool,
        attempts: &Cell<u32>,
        sent: &Cell<bool>,
    ) -> Result<RawResponse, Failed> {
        let state = self.state();
        let target = [self.prefix.as_str(), request.target.as_str()];
        let mut proof = self.authorize(state, bounds).map_err(|error| (Failure::NoToken, error))?;
        let mut refreshed = false;
        loop {
            if let Some(pace) = &state.pace {
                take_turn(pace, bounds).map_err(|error| (Failure::NotSent, error))?;
            }
            attempts.set(attempts.get() + 1);
            let outgoing = transport::Request {
                method: request.method,
                target: &target,
                authorization: proof.header(),
                content_type: "application/json",
                body: request.body.as_deref(),
                bounds,
                secret: false,
                fresh,
                write: request.is_write(),
                sent,
            };
            let result = exchange(&state.api, &outgoing)
                .map_err(transport_failure)
                .and_then(|response| classify(response, request))
                .map_err(|(failure, error)| (failure, self.redacted(error, Some(proof.header()))));
            #[cfg(feature = "test-hooks")]
            panic_if_wanted(request);
            let (failure, error) = match result {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            self.log.write(LogLevel::Trace, format_args!("{}: {error}", request.operation));
            let (Failure::Status(401), Authorization::Token(token)) = (failure, &proof) else {
                return Err((failure, error));
            };
            if refreshed {
                state.tokens.did_not_help(token);
                return Err((failure, error));
            }
            let replaced = state
                .tokens
                .replace(bounds, token, &|bounds| self.fetch_token(state, bounds))
                .map_err(|error| (Failure::NoToken, error.during_token()))?;
            match replaced {
                Some(token) => (proof, refreshed) = (Authorization::Token(token), true),
                None => return Err((failure, error)),
            }
        }
    }

    /// Takes our secrets out of what an error quotes: what the service was shown, it can say.
    pub(crate) fn redacted(&self, error: Error, shown: Option<&Header>) -> Error {
        let current = self.state().tokens.current();
        let headers = shown.into_iter().chain(current.as_ref().map(|token| token.header()));
        let mut secrets: Vec<&str> =
            headers.filter_map(|header| Some(header.split_once(' ')?.1)).collect();
        secrets.push(self.credentials.key_secret());
        redact::redact(error, &secrets)
    }

    /// Waits within the deadline.
    fn sleep(bounds: Bounds, time: Duration) -> Result<(), Error> {
        match bounds.sleep(time) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(ErrorKind::Cancelled)),
            Err(error) => Err(Error::new(ErrorKind::Transport(Phase::Start)).with_source(error)),
        }
    }

    /// What the next request shows the service.
    fn authorize(&self, state: &ProcessState, bounds: Bounds) -> Result<Authorization, Error> {
        if let Some(header) = &self.basic {
            return Ok(Authorization::Basic(Arc::clone(header)));
        }
        state
            .tokens
            .get(bounds, &|bounds| self.fetch_token(state, bounds))
            .map(Authorization::Token)
            .map_err(Error::during_token)
    }

    /// Fetches a token, retrying like a read: asking twice does no harm.
    fn fetch_token(&self, state: &ProcessState, bounds: Bounds) -> Result<TokenResponse, Error> {
        let header = self.credentials.basic_header();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outgoing = transport::Request {
                method: Method::Post,
                target: &[&self.auth_path, "/oauth2/token"],
                authorization: &header,
                content_type: "application/x-www-form-urlencoded",
                body: Some(b"grant_type=client_credentials"),
                bounds,
                secret: true,
                write: false,
                fresh: false,
                sent: &Cell::new(false),
            };
            let http = state.auth.as_ref().unwrap_or(&state.api);
            let result = exchange(http, &outgoing)
                .map_err(transport_failure)
                .and_then(classify_token)
                .map_err(|(failure, error)| (failure, self.redacted(error, Some(&header))));
            let (failure, error) = match result {
                Ok(fresh) => {
                    self.log.write(LogLevel::Info, format_args!("a new access token"));
                    return Ok(fresh);
                }
                Err(failed) => failed,
            };
            let now = RetryContext {
                attempts,
                retry_after: error.retry_after(),
                // A call that was ended has no time left, whatever the clock says.
                time_left: match error.kind() {
                    ErrorKind::Cancelled => Duration::ZERO,
                    _ => bounds.time_left(),
                },
                dice: state.dice.roll(),
            };
            match self.retry.decide(failure, &Effect::Read, now) {
                Decision::Retry(wait) if state.budget.withdraw(RetryBudget::price(failure)) => {
                    let ms = wait.as_millis();
                    self.log.write(
                        LogLevel::Warn,
                        format_args!("access token: {error}; trying again in {ms} ms"),
                    );
                    Self::sleep(bounds, wait)?;
                }
                _ => return Err(error),
            }
        }
    }
}

/// Waits until the client may send its next request. A turn that comes too late for the call is left to others.
fn take_turn(pace: &Pace, bounds: Bounds) -> Result<(), Error> {
    match pace.take(Instant::now(), bounds.deadline) {
        Some(wait) if wait.is_zero() => Ok(()),
        Some(wait) => Engine::sleep(bounds, wait),
        None => {
            Engine::sleep(bounds, bounds.time_left())?;
            let source = "requestsPerSecond allows the request only later";
            Err(Error::new(ErrorKind::Timeout(Phase::Start)).with_source(source))
        }
    }
}

/// An answer that says no, and a call that its own caller ended, are ordinary: "is this number ours?" is asked that way.
fn level_of(error: &Error) -> LogLevel {
    match error.kind() {
        ErrorKind::Cancelled => LogLevel::Debug,
        ErrorKind::InvalidInput(_) => LogLevel::Info,
        ErrorKind::Api(answer) if answer.http_status < 500 => LogLevel::Info,
        _ => LogLevel::Error,
    }
}

/// Makes an exchange. A connection that had died unnoticed is replaced, where sending the request again does no harm; that is
/// no attempt of its own.
fn exchange(
    http: &Transport,
    outgoing: &transport::Request<'_>,
) -> Result<transport::Response, TransportError> {
    match http.send(outgoing) {
        // The idle ones of its age are gone with it.
        Err(broken) if broken.stale && !outgoing.write => http.send(outgoing),
        result => result,
    }
}

/// Panics where a test asks for it: after a request was sent.
#[cfg(feature = "test-hooks")]
fn panic_if_wanted(request: &Request) {
    let wanted = std::env::var_os("SINCH_NUMBERS_TEST_PANIC_SENT");
    if wanted.is_some_and(|wanted| wanted == request.operation) {
        #[allow(clippy::panic)]
        std::panic::panic_any("injected");
    }
}

/// How far a call has come: what is left to know of it after a panic.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// How often the request was sent, read-backs not counted.
    attempts: Cell<u32>,
    /// Whether a write has gone out that may have been applied.
    maybe_applied: Cell<bool>,
}

impl Progress {
    #[cfg(feature = "capi")]
    pub(crate) fn maybe_applied(&self) -> bool {
        self.maybe_applied.get()
    }
}

/// One call over the network.
struct Call<'a> {
    engine: &'a Engine,
    bounds: Bounds,
    progress: &'a Progress,
}

impl Environment for Call<'_> {
    fn exchange(&mut self, request: &Request, fresh: bool) -> Result<RawResponse, Failed> {
        if request.is_write() {
            let Progress { attempts, maybe_applied } = self.progress;
            let result = self.engine.exchange(request, self.bounds, fresh, attempts, maybe_applied);
            if matches!(result, Err((failure, _)) if failure.is_certain()) {
                maybe_applied.set(false);
            }
            return result;
        }
        let (uncounted, unsent) = (Cell::new(0), Cell::new(false));
        // Read-backs, which are fresh, are not counted.
        let attempts = if fresh { &uncounted } else { &self.progress.attempts };
        self.engine.exchange(request, self.bounds, fresh, attempts, &unsent)
    }

    fn attempts(&self) -> u32 {
        self.progress.attempts.get()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn time_left(&self) -> Duration {
        self.bounds.time_left()
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Error> {
        Engine::sleep(self.bounds, time)
    }

    fn random(&mut self) -> f64 {
        self.engine.state().dice.roll()
    }

    fn budget(&self) -> &RetryBudget {
        &self.engine.state().budget
    }

    fn warn(&self, line: fmt::Arguments<'_>) {
        self.engine.log.write(LogLevel::Warn, line);
    }
}

#[cfg(test)]
#[path = "../../tests/model/writes.rs"]
mod model;
