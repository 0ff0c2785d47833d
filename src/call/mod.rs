//! Makes one call of an operation: sends its request, with retries, and returns the service's JSON. The Rust client and
//! the C layer both use it.

pub(crate) mod api_error;
pub(crate) mod callback;
pub(crate) mod credentials;
mod rate_limit;
mod redact;
pub(crate) mod response;
pub(crate) mod retry;
mod run;
pub(crate) mod token;
mod token_cache;

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::request::{Effect, Method, Request};
use crate::call::credentials::{Credentials, Header};
use crate::call::rate_limit::RateLimit;
use crate::call::response::{Failed, RawResponse, classify, classify_token, transport_failure};
use crate::call::retry::{Failure, RetryBudget};
use crate::call::run::Environment;
use crate::call::token::{Token, TokenResponse};
use crate::call::token_cache::TokenCache;
use crate::cancel::{CancelToken, Signal};
use crate::error::{Error, ErrorKind, Phase};
use crate::log::{Log, LogLevel};
use crate::sys::deadline::Deadline;
use crate::sys::{self, PerProcess};
use crate::transport::{self, Proxy, Transport, TransportConfig};

/// The settings of a client.
#[derive(Clone, Debug)]
pub(crate) struct EngineConfig {
    pub(crate) project_id: String,
    pub(crate) credentials: Credentials,
    pub(crate) api: Endpoint,
    /// The token endpoint.
    pub(crate) auth: Endpoint,
    pub(crate) timeout: Duration,
    /// The maximum number of times a request is sent, the first included.
    pub(crate) max_attempts: u32,
    /// 0: no limit.
    pub(crate) requests_per_second: f64,
    pub(crate) http: TransportConfig,
    pub(crate) log: Log,
}

/// The address of a server: origin, path prefix and proxy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// The path prefix of every request, without a slash at its end.
    pub(crate) path: String,
    pub(crate) proxy: Option<Proxy>,
}

/// Makes the calls of a client and all its clones.
pub(crate) struct Engine {
    config: EngineConfig,
    /// The `Authorization` header of calls with Basic authentication; `None` with access tokens.
    basic: Option<Header>,
    /// The path of the project, to which the target of an operation is appended.
    prefix: String,
    /// Set by `shutdown`.
    stop: Signal,
    state: PerProcess<ProcessState>,
}

/// The sockets, locks and counters of one process: a client that was made before a fork works in the child too.
struct ProcessState {
    api: Transport,
    /// The token endpoint; `None` if it is the same server, reached in the same way.
    auth: Option<Transport>,
    tokens: TokenCache,
    budget: RetryBudget,
    /// `None`: no limit.
    rate_limit: Option<RateLimit>,
}

/// The credentials that a request is sent with.
enum Authorization {
    Basic(Header),
    Token(Arc<Token>),
}

impl Authorization {
    fn header(&self) -> &Header {
        match self {
            Self::Basic(header) => header,
            Self::Token(token) => &token.header,
        }
    }
}

impl Engine {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let basic = (!config.credentials.uses_tokens()).then(|| config.credentials.basic_header());
        let prefix = format!("{}/v1/projects/{}/", config.api.path, config.project_id);
        let (stop, state) = (Signal::new(), PerProcess::new());
        let engine = Self { config, basic, prefix, stop, state };
        engine.state();
        engine
    }

    fn state(&self) -> &ProcessState {
        let Ok(state) = self.state.get_or_try_init(|| {
            let EngineConfig { api, auth, http, .. } = &self.config;
            let to = |server: &Endpoint| Transport::new(http, &server.origin, server.proxy.clone());
            let apart = (&auth.origin, &auth.proxy) != (&api.origin, &api.proxy);
            Ok::<_, Infallible>(ProcessState {
                api: to(api),
                auth: apart.then(|| to(auth)),
                tokens: TokenCache::default(),
                budget: RetryBudget::new(),
                rate_limit: RateLimit::new(self.config.requests_per_second),
            })
        });
        state
    }

    pub(crate) fn project_id(&self) -> &str {
        &self.config.project_id
    }

    /// Ends the running calls, and makes later ones fail.
    pub(crate) fn shutdown(&self) {
        self.stop.set();
        self.config.log.write(LogLevel::Info, format_args!("the client is shut down"));
    }

    /// Logs a call that is refused before it begins.
    pub(crate) fn refused(&self, error: &Error) {
        self.config.log.write(level_of(error), format_args!("{error}"));
    }

    pub(crate) fn warn(&self, line: fmt::Arguments<'_>) {
        self.config.log.write(LogLevel::Warn, line);
    }

    /// Makes one logical call: retries, and reads back a write whose outcome is unknown, until the deadline.
    ///
    /// `until` replaces the deadline that follows from the client's timeout, for a call that began before this request.
    pub(crate) fn send(
        &self,
        request: &Request,
        cancel: Option<&CancelToken>,
        until: Option<Instant>,
        progress: &Progress,
    ) -> Result<RawResponse, Error> {
        let began = Instant::now();
        let until = until.unwrap_or(began + self.config.timeout);
        let run = || {
            let deadline = self.deadline(until, cancel)?;
            run::run(
                request,
                self.config.max_attempts,
                &mut Call { engine: self, deadline, progress },
            )
        };
        let result = CancelToken::polling(cancel, run);
        let attempts = progress.attempts.get();
        let number = request.phone_number.as_ref().map(AsRef::as_ref);
        let took = began.elapsed().as_millis();
        match result {
            Ok(response) => {
                self.config.log.write(
                    LogLevel::Debug,
                    format_args!(
                        "{}{}{}: status {}, {} bytes, attempt {attempts}, {took} ms",
                        request.operation,
                        if number.is_some() { " " } else { "" },
                        number.unwrap_or_default(),
                        response.http_status,
                        response.json.len(),
                    ),
                );
                Ok(RawResponse { attempts, ..response })
            }
            Err(error) => {
                let error = error.of_operation(request.operation, number).attempted(attempts);
                // A resource that was read back can quote our secrets too.
                let error =
                    if error.found().is_some() { self.redacted(error, None) } else { error };
                self.config.log.write(
                    level_of(&error),
                    format_args!("{error} (attempt {attempts}, {took} ms)"),
                );
                Err(error)
            }
        }
    }

    /// Fails if a call could not begin now: cancelled, shut down, or past its deadline.
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

    pub(crate) fn timeout(&self) -> Duration {
        self.config.timeout
    }

    pub(crate) fn deadline(
        &self,
        until: Instant,
        cancel: Option<&CancelToken>,
    ) -> Result<Deadline, Error> {
        // Checked before descriptors are made: if there are none left, this is the better error.
        self.check_open(cancel, until)?;
        let no_descriptor = |error: std::io::Error| {
            Error::new(ErrorKind::Transport(Phase::Start)).with_source(error)
        };
        let mut deadline =
            Deadline { at: until, wakers: [sys::NO_FD, self.stop.fd().map_err(no_descriptor)?] };
        if let Some(cancel) = cancel {
            deadline.wakers[0] = cancel.fd().map_err(no_descriptor)?;
            if let Some(own) = cancel.deadline() {
                deadline = deadline.no_later_than(own);
            }
        }
        // Checked again, because a trigger wakes this call only from now on.
        self.check_open(cancel, until)?;
        Ok(deadline)
    }

    /// Sends a request once. After a 401 it gets a new access token and sends the request once more, even if the token was
    /// new: the service may revoke tokens early.
    fn exchange(
        &self,
        request: &Request,
        deadline: Deadline,
        fresh: bool,
        attempts: &Cell<u32>,
        sent: &Cell<bool>,
    ) -> Result<RawResponse, Failed> {
        let state = self.state();
        let target = [self.prefix.as_str(), request.target.as_str()];
        let fetch = |deadline| self.fetch_token(state, deadline);
        let no_token = |error: Error| (Failure::NoToken, error.during_token());
        let mut authorization = match &self.basic {
            Some(header) => Authorization::Basic(Arc::clone(header)),
            None => Authorization::Token(state.tokens.get(deadline, &fetch).map_err(no_token)?),
        };
        let mut refreshed = false;
        loop {
            if let Some(rate_limit) = &state.rate_limit {
                take_turn(rate_limit, deadline).map_err(|error| (Failure::NotSent, error))?;
            }
            attempts.set(attempts.get() + 1);
            let outgoing = transport::Request {
                method: request.method,
                target: &target,
                authorization: authorization.header(),
                content_type: "application/json",
                body: request.body.as_deref(),
                deadline,
                secret: false,
                fresh,
                write: request.is_write(),
                sent,
            };
            let result = self.exchange_once(&state.api, &outgoing, |it| classify(it, request));
            #[cfg(feature = "test-hooks")]
            panic_if_wanted(request);
            let (failure, error) = match result {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            self.config.log.write(LogLevel::Trace, format_args!("{}: {error}", request.operation));
            let (Failure::Status(401), Authorization::Token(token)) = (failure, &authorization)
            else {
                return Err((failure, error));
            };
            if refreshed {
                state.tokens.refresh_rejected(token);
                return Err((failure, error));
            }
            match state.tokens.replace(deadline, token, &fetch).map_err(no_token)? {
                Some(token) => (authorization, refreshed) = (Authorization::Token(token), true),
                None => return Err((failure, error)),
            }
        }
    }

    /// Makes one exchange and classifies its response. If an idle connection had died unnoticed and the request is not a
    /// write, it is sent over another one; that does not count as an attempt.
    fn exchange_once<T>(
        &self,
        http: &Transport,
        outgoing: &transport::Request<'_>,
        classify: impl FnOnce(transport::Response) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let result = match http.send(outgoing) {
            // The transport has dropped the other connections of that age.
            Err(broken) if broken.stale && !outgoing.write => http.send(outgoing),
            result => result,
        };
        result.map_err(transport_failure).and_then(classify).map_err(|(failure, error)| {
            (failure, self.redacted(error, Some(outgoing.authorization)))
        })
    }

    /// Redacts our secrets in an error: a server can quote the headers that it was sent.
    pub(crate) fn redacted(&self, error: Error, sent: Option<&Header>) -> Error {
        let current = self.state().tokens.current();
        let headers = sent.into_iter().chain(current.as_ref().map(|token| &token.header));
        let mut secrets: Vec<&str> =
            headers.filter_map(|header| Some(header.split_once(' ')?.1)).collect();
        secrets.push(self.config.credentials.key_secret());
        redact::redact(error, &secrets)
    }

    /// Fetches an access token, with retries as for a read.
    fn fetch_token(
        &self,
        state: &ProcessState,
        deadline: Deadline,
    ) -> Result<TokenResponse, Error> {
        let EngineConfig { auth, credentials, max_attempts, log, .. } = &self.config;
        let progress = Progress::default();
        let request = transport::Request {
            method: Method::Post,
            target: &[&auth.path, "/oauth2/token"],
            authorization: &credentials.basic_header(),
            content_type: "application/x-www-form-urlencoded",
            body: Some(b"grant_type=client_credentials"),
            deadline,
            secret: true,
            write: false,
            fresh: false,
            sent: &Cell::new(false),
        };
        let http = state.auth.as_ref().unwrap_or(&state.api);
        let mut call = Call { engine: self, deadline, progress: &progress };
        let fetched = run::retried("access token", &Effect::Read, *max_attempts, &mut call, |_| {
            progress.attempts.set(progress.attempts.get() + 1);
            self.exchange_once(http, &request, classify_token)
        });
        let response = fetched.map_err(|(error, _)| error)?;
        log.write(LogLevel::Info, format_args!("a new access token"));
        Ok(response)
    }
}

/// Waits within the deadline; fails if the call is cancelled meanwhile.
pub(crate) fn sleep(deadline: Deadline, time: Duration) -> Result<(), Error> {
    match deadline.sleep(time) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(ErrorKind::Cancelled)),
        Err(error) => Err(Error::new(ErrorKind::Transport(Phase::Start)).with_source(error)),
    }
}

/// Waits for the client's turn under `requestsPerSecond`. A call whose turn comes after its deadline waits for the deadline
/// and leaves the turn to others.
fn take_turn(rate_limit: &RateLimit, deadline: Deadline) -> Result<(), Error> {
    match rate_limit.take(Instant::now(), deadline.at) {
        Some(wait) if wait.is_zero() => Ok(()),
        Some(wait) => sleep(deadline, wait),
        None => {
            sleep(deadline, deadline.time_left())?;
            let source = "requestsPerSecond allows the request only later";
            Err(Error::new(ErrorKind::Timeout(Phase::Start)).with_source(source))
        }
    }
}

/// Returns the log level of a failed call. A 4xx response and a cancelled call are ordinary: programs use `get` to find out
/// whether a number is theirs.
fn level_of(error: &Error) -> LogLevel {
    match error.kind() {
        ErrorKind::Cancelled => LogLevel::Debug,
        ErrorKind::InvalidInput(_) => LogLevel::Info,
        ErrorKind::Api(api) if api.http_status < 500 => LogLevel::Info,
        _ => LogLevel::Error,
    }
}

/// Panics after a request was sent, if a test asks for it.
#[cfg(feature = "test-hooks")]
fn panic_if_wanted(request: &Request) {
    let wanted = std::env::var_os("SINCH_NUMBERS_TEST_PANIC_SENT");
    if wanted.is_some_and(|wanted| wanted == request.operation) {
        #[allow(clippy::panic)]
        std::panic::panic_any("injected");
    }
}

/// The progress of a call. The caller keeps it, so that it is known even after a panic.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The number of requests sent, read-backs not counted.
    pub(crate) attempts: Cell<u32>,
    /// True once a write was sent that may have been applied.
    pub(crate) maybe_applied: Cell<bool>,
}

/// One call over the network.
struct Call<'a> {
    engine: &'a Engine,
    deadline: Deadline,
    progress: &'a Progress,
}

impl Environment for Call<'_> {
    fn exchange(&mut self, request: &Request, fresh: bool) -> Result<RawResponse, Failed> {
        let (uncounted, unsent) = (Cell::new(0), Cell::new(false));
        // Read-backs, which are fresh, are not counted.
        let attempts = if fresh { &uncounted } else { &self.progress.attempts };
        let sent = if request.is_write() { &self.progress.maybe_applied } else { &unsent };
        let result = self.engine.exchange(request, self.deadline, fresh, attempts, sent);
        if matches!(result, Err((failure, _)) if failure.proves_not_applied()) {
            sent.set(false);
        }
        result
    }

    fn attempts(&self) -> u32 {
        self.progress.attempts.get()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn time_left(&self) -> Duration {
        self.deadline.time_left()
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Error> {
        sleep(self.deadline, time)
    }

    fn budget(&self) -> &RetryBudget {
        &self.engine.state().budget
    }

    fn warn(&self, line: fmt::Arguments<'_>) {
        self.engine.warn(line);
    }
}

#[cfg(test)]
#[path = "../../tests/model/writes.rs"]
mod model;
