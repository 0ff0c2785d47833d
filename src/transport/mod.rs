//! One HTTP exchange: a request out, a complete response or a precise failure back.
//!
//! The only folder that uses ureq and rustls. ureq does HTTP/1.1, the reuse of connections and gzip, rustls does TLS. Below
//! them is a socket of ours, each wait of which ends when the call does; between them and ureq's HTTP is a connection of ours,
//! which adds the credentials and decides about reuse.

mod authorization;
mod connection;
mod connector;
mod exchange;
mod failure;
mod happy_eyeballs;
pub(crate) mod head;
mod input;
mod origin;
mod proxy;
mod resolver;
mod socket;
mod tls;
mod tunnel;

use std::cell::Cell;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::header::{self, HeaderName, HeaderValue};
use ureq::http::uri::PathAndQuery;
use ureq::http::{self, Uri};
use ureq::{Agent, Body};
use zeroize::Zeroize;

use crate::api::request::Method;
use crate::error::Phase;
use crate::sys::{self, deadline::Deadline};

use connection::ReusePolicy;
use connector::{NoResolver, Route};
use exchange::{Exchange, method_of};
use failure::ConnectionError;
use resolver::Resolver;

pub(crate) use authorization::{Authorization, basic};
pub(crate) use failure::{TransportError, TransportErrorKind};
pub(crate) use origin::{Origin, parse_port, split_port};
#[cfg(feature = "cli")]
pub use proxy::from_env as proxy_from_env;
pub(crate) use proxy::{Proxy, ProxyChoice};
pub(crate) use tls::TrustAnchors;

/// The longest head of a response.
const LONGEST_HEAD: usize = 16 * 1024;
/// Larger than the longest head, so that a head that is too long is detected.
const INPUT_BUFFER: usize = LONGEST_HEAD + 1024;
const OUTPUT_BUFFER: usize = 8 * 1024;

/// The settings of a transport.
#[derive(Clone, Debug)]
pub(crate) struct TransportConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_connection_age: Duration,
    pub(crate) max_idle_connections: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) user_agent: String,
    pub(crate) trusted: TrustAnchors,
}

/// A request.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// Path and query, encoded.
    pub(crate) target: &'a [&'a str],
    pub(crate) authorization: &'a Authorization,
    pub(crate) content_type: &'static str,
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) deadline: Deadline,
    /// Whether the response holds a secret: then it is limited to 64 KiB, uncompressed, and wiped.
    pub(crate) secret: bool,
    /// Whether the request is not idempotent: it uses an idle connection only if that was used within 5 s.
    pub(crate) write: bool,
    /// Whether the request gets a new connection, which is closed afterwards.
    pub(crate) fresh: bool,
    /// Set when a byte of the request may have left, also if the exchange panics.
    pub(crate) sent: &'a Cell<bool>,
}

/// A complete response, whatever its status.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    /// The target of a redirect, without the parts that may be secret.
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The client of one server, with its idle connections.
pub(crate) struct Transport {
    /// Scheme, host and port.
    origin: Uri,
    host: HeaderValue,
    user_agent: HeaderValue,
    max_response_bytes: u64,
    route: Arc<Route>,
    agent: Agent,
}

/// Drop guard: reports whether a byte of the request may have left, also on panic.
struct ReportSent<'a> {
    exchange: &'a Exchange,
    to: &'a Cell<bool>,
}

impl Drop for ReportSent<'_> {
    fn drop(&mut self) {
        self.to.set(self.to.get() || self.exchange.sent.get());
    }
}

impl Transport {
    /// Makes the transport to a server. `origin` has been checked, and so has the user agent.
    pub(crate) fn new(config: &TransportConfig, origin: &str, proxy: Option<Proxy>) -> Self {
        let origin = Origin::of(origin);
        let resolver = match &proxy {
            Some(proxy) => Resolver::new(&proxy.host, proxy.port),
            None => Resolver::new(origin.host, origin.port),
        };
        let reuse =
            ReusePolicy { max_age: config.max_connection_age, dead_before: Mutex::default() };
        let route = Arc::new(Route {
            resolver,
            proxy,
            target: origin.host_and_port(),
            user_agent: config.user_agent.clone(),
            connect_timeout: config.connect_timeout,
            reuse: Arc::new(reuse),
        });
        let host = origin.authority();
        let scheme = if origin.secure { "https" } else { "http" };
        let text = |text: &str| HeaderValue::from_str(text);
        Self {
            origin: format!("{scheme}://{host}").parse().unwrap_or_default(),
            host: text(&host).unwrap_or(HeaderValue::from_static("invalid")),
            user_agent: text(&config.user_agent).unwrap_or(HeaderValue::from_static("")),
            max_response_bytes: config.max_response_bytes,
            agent: Agent::with_parts(agent_config(config), connector::chain(&route), NoResolver),
            route,
        }
    }

    /// Sends a request and receives the whole response, within the deadline.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let exchange = Exchange::new(request);
        let _report = ReportSent { exchange: &exchange, to: request.sent };
        let began = Instant::now();
        let mut status = None;
        let result = sys::scoped(&exchange, || {
            let response = self.run(request)?;
            status = Some(response.status().as_u16());
            exchange.phase.set(Phase::Receive);
            self.receive(request, &exchange, response)
        });
        result.map_err(|error| self.failed(error, &exchange, status, began))
    }

    fn run(&self, request: &Request<'_>) -> Result<http::Response<Body>, ureq::Error> {
        let mut head = self.head(request)?;
        if request.fresh {
            // A request whose settings differ from the agent's neither takes an idle connection nor leaves one.
            let config = self.agent.configure_request(head);
            head = config.input_buffer_size(INPUT_BUFFER + 1).build();
        }
        match (request.body, request.method) {
            (None, Method::Get) => self.agent.run(head),
            (body, _) => self.agent.run(head.map(|()| body.unwrap_or_default())),
        }
    }

    /// Builds the request without its credentials: those are added below ureq.
    fn head(&self, request: &Request<'_>) -> Result<http::Request<()>, ureq::Error> {
        let target = request.target.concat();
        let mut parts = self.origin.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(http::Error::from)?);
        let mut head = http::Request::new(());
        *head.method_mut() = method_of(request.method);
        *head.uri_mut() = Uri::from_parts(parts).map_err(http::Error::from)?;
        let headers = head.headers_mut();
        headers.reserve(8);
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let coding = if request.secret { "identity" } else { "gzip" };
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
        if request.body.is_some() {
            let content_type = HeaderValue::from_static(request.content_type);
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        Ok(head)
    }

    fn receive(
        &self,
        request: &Request<'_>,
        exchange: &Exchange,
        response: http::Response<Body>,
    ) -> Result<Response, ureq::Error> {
        const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
        const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
        /// The longest response with a secret: a buffer that grew would leave copies behind.
        const LONGEST_SECRET: u64 = 64 * 1024;
        /// The longest body of an error that is read.
        const LONGEST_ERROR: u64 = 1 << 20;
        let status = response.status().as_u16();
        let success = (200..300).contains(&status);
        let mut most = self.max_response_bytes;
        if request.secret {
            most = most.min(LONGEST_SECRET);
        }
        if !success {
            most = most.min(LONGEST_ERROR);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (head, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        let received = match head::check_codings(&head) {
            _ if matches!(status, 204 | 304) => Ok(()),
            Ok(()) => read_body(&mut body, &mut bytes, most, success, request.secret),
            Err(error) => Err(error.into()),
        };
        let received = match received {
            // An empty body is no gzip stream, but it is an empty body.
            Err(ureq::Error::Decompress(..)) if !exchange.body_begun.get() => Ok(()),
            received => received,
        };
        if let Err(error) = received {
            if request.secret {
                bytes.zeroize();
            }
            // An error status is returned even if its body is not readable, unless the call was cancelled or out of time.
            if success || failure::is_over(&error) {
                return Err(error);
            }
        }
        let headers = &head.headers;
        Ok(Response {
            status,
            request_id: head::text(headers, &REQUEST_ID)
                .or_else(|| head::text(headers, &CORRELATION_ID)),
            retry_after: head::text(headers, &header::RETRY_AFTER),
            date: head::text(headers, &header::DATE),
            location: headers.get(header::LOCATION).and_then(head::public_location),
            body: bytes,
        })
    }

    /// Converts an error of ureq. Records which idle connections are dead, and which address stalls.
    fn failed(
        &self,
        error: ureq::Error,
        exchange: &Exchange,
        status: Option<u16>,
        began: Instant,
    ) -> TransportError {
        let error = exchange.failed(error, status);
        if error.stale {
            self.route.reuse.presume_dead(began);
        }
        let timed_out =
            !matches!(error.kind, TransportErrorKind::Refused | TransportErrorKind::Cancelled);
        if let (Phase::Tls, true, Some(address)) = (error.phase, timed_out, exchange.address.get())
        {
            self.route.resolver.stalled(address);
        }
        error
    }
}

/// Makes the settings of ureq: none is left to its defaults or to the environment.
fn agent_config(config: &TransportConfig) -> Config {
    let most_idle = config.max_idle_connections;
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // No timeouts: every wait is bounded by the call, below ureq.
        .proxy(None)
        .tls_config(config.trusted.config())
        .max_response_header_size(LONGEST_HEAD)
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .max_idle_connections(most_idle)
        .max_idle_connections_per_host(most_idle)
        .max_idle_age(config.idle_timeout)
        .build()
}

/// Reads a body to its end, at most `most` bytes after decompression.
fn read_body(
    body: &mut Body,
    bytes: &mut Vec<u8>,
    most: usize,
    success: bool,
    secret: bool,
) -> Result<(), ureq::Error> {
    const TOO_BIG: ConnectionError = ConnectionError::TooBig("its body is bigger than the limit");
    /// The maximum that is allocated in advance: a server may announce much and send little.
    const MAX_PREALLOC: usize = 256 * 1024;
    let announced =
        body.content_length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if success && announced.is_some_and(|length| length > most) {
        return Err(TOO_BIG.into());
    }
    // A buffer for a secret never grows: growing would leave copies behind.
    let room = if secret { most } else { announced.unwrap_or(2048).min(most).min(MAX_PREALLOC) };
    // One byte more: it shows whether the body ends there, and has room for the NUL that C needs.
    bytes.reserve_exact(room + 1);
    let result = body.as_reader().take(most as u64 + 1).read_to_end(bytes);
    let too_big = bytes.len() > most;
    bytes.truncate(most);
    result?;
    if too_big { Err(TOO_BIG.into()) } else { Ok(()) }
}
