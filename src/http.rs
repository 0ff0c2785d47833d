//! One exchange over HTTP: a request out, an answer or a precise failure back. The only file that knows ureq.
//!
//! ureq brings HTTP/1.1, the pool, TLS and gzip; this file brings sockets and names. Both keep to the deadline of
//! the call, which stands in a thread-local: an exchange runs on the thread of its caller from beginning to end.

use std::cell::{Cell, RefCell};
use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, StatusCode, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, NextTimeout,
    RustlsConnector, Transport,
};
use ureq::{Agent, Timeout};
use zeroize::{Zeroize, Zeroizing};

use crate::auth::Header;
use crate::cancel::Bounds;
use crate::dns::{LookupError, Names};
use crate::error::Phase;
use crate::operation::Method;
use crate::proxy::{is_host, is_port, split_port};
use crate::sys::{NONE, Ready, Woken};

/// Big enough for a head and most answers; a page of numbers takes a few rounds.
const BUFFER: usize = 16 * 1024;

/// What the transport is told when the client is built.
#[derive(Clone, Debug)]
pub(crate) struct HttpConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_connections: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) user_agent: String,
    pub(crate) trusted: Trusted,
    pub(crate) proxy: Option<Proxy>,
}

/// The roots that vouch for a server.
#[derive(Clone, Debug)]
pub(crate) struct Trusted(RootCerts);

impl Trusted {
    pub(crate) fn bundled() -> Self {
        Self(RootCerts::WebPki)
    }

    /// Reads the certificates of a PEM file and passes over whatever else is in it.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut certificates = Vec::new();
        for item in parse_pem(pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|_| "is no valid PEM")? {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err("holds no certificate".to_owned());
        }
        Ok(Self(RootCerts::Specific(Arc::new(certificates))))
    }
}

/// A proxy that tunnels (CONNECT), with its credentials.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy(ureq::Proxy);

impl Proxy {
    /// Reads the URL of an HTTP proxy. No error repeats it: it can hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
        if !scheme.eq_ignore_ascii_case("http") {
            return Err("only an HTTP proxy is supported: http://host:port".to_owned());
        }
        let no_proxy = || "is no URL of a proxy: http://host:port".to_owned();
        // ureq would take a port that is none for the default one.
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = authority.rsplit('@').next().unwrap_or("");
        let (host, port) = split_port(host.strip_suffix('/').unwrap_or(host));
        if !is_host(host) || port.is_some_and(|port| !is_port(port)) {
            return Err(no_proxy());
        }
        ureq::Proxy::new(url).map(Self).map_err(|_| no_proxy())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.0.host(), self.0.port())
    }
}

/// A pool of connections and what sends over them.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    connect_timeout: Duration,
    max_response_bytes: u64,
}

/// What is sent.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) authorization: &'a Header,
    pub(crate) content_type: &'a str,
    pub(crate) body: Option<&'a [u8]>,
    /// The answer holds a secret: no copy of it is left behind in memory.
    pub(crate) secret_answer: bool,
    pub(crate) bounds: Bounds,
}

/// A complete answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    /// Where a redirect pointed, without its query.
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// An exchange that brought no complete answer.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) how: How,
    pub(crate) phase: Phase,
    /// Whether a byte of the request may have left.
    pub(crate) sent: bool,
    /// The status, if the head of the answer had come.
    pub(crate) status: Option<u16>,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Timeout,
    Cancelled,
    Network,
    Tls,
    Protocol,
    TooBig,
}

/// The call that this thread is making.
#[derive(Clone, Copy)]
struct Call {
    bounds: Option<Bounds>,
    connect_timeout: Duration,
    /// When the connection must stand, while one is being made: TCP, tunnel and TLS together.
    connect_by: Option<Instant>,
    phase: Phase,
    sent: bool,
    cancelled: bool,
    /// The server ended the connection, or it broke, while something was expected.
    hung_up: bool,
}

thread_local! {
    /// What [`Watched`] writes into the head of the next request. It does not pass through ureq, whose protocol layer logs
    /// every byte that it writes, and keeps none of it.
    static AUTHORIZATION: RefCell<Option<Header>> = const { RefCell::new(None) };

    static CALL: Cell<Call> = const {
        Cell::new(Call {
            bounds: None,
            connect_timeout: Duration::ZERO,
            connect_by: None,
            phase: Phase::Resolve,
            sent: false,
            cancelled: false,
            hung_up: false,
        })
    };
}

impl Call {
    fn update(change: impl FnOnce(&mut Self)) {
        CALL.with(|cell| {
            let mut call = cell.get();
            change(&mut call);
            cell.set(call);
        });
    }

    fn bounds() -> Bounds {
        // Outside an exchange (a connection that is being dropped) nothing is worth waiting for.
        CALL.get().bounds.unwrap_or_else(|| Bounds { deadline: Instant::now(), wakers: [NONE; 2] })
    }

    /// What ureq is told when the call is to end; [`broken`] knows better.
    fn cancelled() -> ureq::Error {
        Self::update(|call| call.cancelled = true);
        ureq::Error::Io(io::ErrorKind::ConnectionAborted.into())
    }
}

impl Http {
    pub(crate) fn new(config: HttpConfig) -> Self {
        let agent_config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(config.proxy.as_ref().map(|proxy| proxy.0.clone()))
            .tls_config(TlsConfig::builder().root_certs(config.trusted.0).build())
            .user_agent(config.user_agent)
            .accept("application/json")
            .input_buffer_size(BUFFER)
            // What does not fit the buffer would be told as a hung-up connection.
            .max_response_header_size(BUFFER - 1)
            .output_buffer_size(BUFFER)
            .max_idle_connections(config.max_idle_connections.saturating_mul(2))
            .max_idle_connections_per_host(config.max_idle_connections)
            .max_idle_age(config.idle_timeout)
            .build();
        let proxied = config.proxy.is_some();
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector)
                .chain(RustlsConnector::default())
                .chain(Watch { proxied });
        Self {
            agent: Agent::with_parts(agent_config, connector, CachingResolver::default()),
            connect_timeout: config.connect_timeout,
            max_response_bytes: config.max_response_bytes,
        }
    }

    /// Sends a request and receives the whole answer, within the deadline.
    pub(crate) fn exchange(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, Broken> {
        CALL.set(Call {
            bounds: Some(outgoing.bounds),
            connect_timeout: self.connect_timeout,
            connect_by: None,
            phase: Phase::Resolve,
            sent: false,
            cancelled: false,
            hung_up: false,
        });
        AUTHORIZATION.set(Some(Arc::clone(outgoing.authorization)));
        let result = self.exchange_inner(outgoing);
        AUTHORIZATION.set(None);
        Call::update(|call| call.bounds = None);
        result
    }

    fn exchange_inner(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, Broken> {
        let sent = match (outgoing.method, outgoing.body) {
            (Method::Get, _) => self.agent.get(outgoing.url).call(),
            (Method::Post, None) => {
                // `()` would go out chunked; an empty text has a length of 0.
                self.agent.post(outgoing.url).send("")
            }
            (Method::Post, Some(body)) => {
                let request = self.agent.post(outgoing.url).content_type(outgoing.content_type);
                if outgoing.secret_answer {
                    // What decompresses does not wipe its window.
                    request.header("accept-encoding", "identity").send(body)
                } else {
                    request.send(body)
                }
            }
            (Method::Patch, body) => self
                .agent
                .patch(outgoing.url)
                .content_type(outgoing.content_type)
                .send(body.unwrap_or_default()),
        };
        let mut response = sent.map_err(|error| broken(error, None))?;
        Call::update(|call| call.phase = Phase::Receive);
        let status = response.status();
        let body = self.receive(&mut response, status, outgoing.secret_answer)?;
        Ok(incoming(status, response.headers(), body))
    }

    fn receive(
        &self,
        response: &mut ureq::http::Response<ureq::Body>,
        status: StatusCode,
        secret: bool,
    ) -> Result<Vec<u8>, Broken> {
        // Trust the announced length only so far, and leave room for the NUL that C wants behind it; and one byte more
        // than the limit tells that it is passed.
        let announced = response.body().content_length().unwrap_or(0);
        let first = usize::try_from(announced.min(1 << 20)).unwrap_or(0);
        let mut body = Vec::with_capacity(first.max(512) + 1);
        let result = self.receive_into(&mut body, response, status, secret);
        if secret && result.is_err() {
            body.zeroize();
        }
        result.map(|()| body)
    }

    fn receive_into(
        &self,
        body: &mut Vec<u8>,
        response: &mut ureq::http::Response<ureq::Body>,
        status: StatusCode,
        secret: bool,
    ) -> Result<(), Broken> {
        let limit = self.max_response_bytes;
        let reader = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut reader = reader.take(limit.saturating_add(1));
        let read = if secret {
            read_secret(&mut reader, body)
        } else {
            reader.read_to_end(body).map(drop)
        };
        let read = read.map_err(|error| broken(error.into(), Some(status.as_u16())));
        if CALL.get().cancelled {
            // ureq takes a cancelled read for the end of a body that ends with its connection.
            let error = ureq::Error::Io(io::ErrorKind::ConnectionAborted.into());
            return Err(broken(error, Some(status.as_u16())));
        }
        match read {
            // What an error status says stands, whatever became of its body.
            Err(broken) if !status.is_success() && broken.how != How::Timeout => return Ok(()),
            Err(broken) => return Err(broken),
            Ok(()) => {}
        }
        if status.is_success() && u64::try_from(body.len()).unwrap_or(u64::MAX) > limit {
            return Err(Broken {
                how: How::TooBig,
                phase: Phase::Receive,
                sent: true,
                status: Some(status.as_u16()),
                source: None,
            });
        }
        Ok(())
    }
}

/// Reads to the end without leaving a copy behind where the text outgrew its place.
fn read_secret(reader: &mut impl Read, text: &mut Vec<u8>) -> io::Result<()> {
    const STEP: usize = 4096;
    let mut piece = Zeroizing::new([0; STEP]);
    loop {
        let count = match reader.read(&mut piece[..]) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if text.capacity() - text.len() < count {
            let mut bigger = Vec::with_capacity(2 * text.capacity() + STEP);
            bigger.extend_from_slice(text);
            text.zeroize();
            *text = bigger;
        }
        text.extend_from_slice(&piece[..count]);
    }
}

fn incoming(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Incoming {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Incoming {
        status: status.as_u16(),
        request_id: text("x-request-id").or_else(|| text("x-correlation-id")),
        retry_after: text("retry-after"),
        date: text("date"),
        location: text("location").map(|l| l.split(['?', '#']).next().unwrap_or("").to_owned()),
        body,
    }
}

fn broken(error: ureq::Error, status: Option<u16>) -> Broken {
    let call = CALL.get();
    let how = match &error {
        _ if call.cancelled => How::Cancelled,
        ureq::Error::Timeout(_) => How::Timeout,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => How::Tls,
        // rustls reports what it refuses, a certificate above all, as invalid data.
        ureq::Error::Io(e)
            if call.phase == Phase::Tls && e.kind() == io::ErrorKind::InvalidData =>
        {
            How::Tls
        }
        ureq::Error::Io(_)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::BodyStalled => How::Network,
        // A compressed body that was cut off, and not one that was compressed badly.
        ureq::Error::Decompress(..) if call.hung_up => How::Network,
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => How::TooBig,
        _ => How::Protocol,
    };
    let source: Box<dyn StdError + Send + Sync> = match error {
        // The kind says it all; and the inner error of I/O says more than its wrapper.
        _ if matches!(how, How::Timeout | How::Cancelled) => {
            return Broken::new(how, call, status, None);
        }
        ureq::Error::Io(e) => Box::new(e),
        other => Box::new(other),
    };
    Broken::new(how, call, status, Some(source))
}

impl Broken {
    fn new(
        how: How,
        call: Call,
        status: Option<u16>,
        source: Option<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { how, phase: call.phase, sent: call.sent, status, source }
    }
}

/// Looks names up through [`Names`].
#[derive(Debug, Default)]
struct CachingResolver {
    names: Names,
}

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &ureq::config::Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Call::update(|call| call.phase = Phase::Resolve);
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let port = uri.port_u16().unwrap_or(default);
        let found = self.names.lookup(host, port, Call::bounds()).map_err(|error| match error {
            LookupError::Timeout => ureq::Error::Timeout(Timeout::Global),
            LookupError::Cancelled => Call::cancelled(),
            LookupError::Failed(why) => ureq::Error::Io(io::Error::other(why)),
        })?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(16) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// Opens TCP connections.
#[derive(Debug)]
struct TcpConnector;

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // What is there already is the tunnel of a proxy.
        let transport = if let Some(tunnel) = chained {
            Either::A(tunnel)
        } else {
            Call::update(|call| {
                call.phase = Phase::Connect;
                call.connect_by.get_or_insert(Instant::now() + call.connect_timeout);
            });
            let socket = connect_any(&details.addrs)?;
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Either::B(TcpTransport { socket, buffers: WipedBuffers::default() })
        };
        if details.needs_tls() {
            Call::update(|call| call.phase = Phase::Tls);
        }
        Ok(Some(transport))
    }
}

/// Tries the addresses in turn. Each gets half of the time that is left, so that a dead one does not use up the
/// time of those behind it; the last gets all.
fn connect_any(addresses: &[std::net::SocketAddr]) -> Result<TcpStream, ureq::Error> {
    let call = CALL.get();
    let deadline = Call::bounds().deadline;
    let end = call.connect_by.map_or(deadline, |by| by.min(deadline));
    let mut last = None;
    for (tried, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let share = if tried + 1 < addresses.len() { left / 2 } else { left };
        match TcpStream::connect_timeout(address, share) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = Some(error),
        }
    }
    if Instant::now() >= deadline {
        return Err(ureq::Error::Timeout(Timeout::Global));
    }
    // The time for connecting passed, the deadline of the call did not: a failure that can be tried again.
    Err(ureq::Error::Io(last.unwrap_or_else(|| io::ErrorKind::TimedOut.into())))
}

/// Buffers that keep nothing: tokens come in through them, and addresses in both directions. What was read is wiped at once,
/// the rest when the connection is dropped. Nothing is allocated before it is needed, and nothing moves to another place.
#[derive(Default)]
struct WipedBuffers {
    input: Zeroizing<Vec<u8>>,
    /// What came and was not read yet: `input[read..came]`.
    read: usize,
    came: usize,
    output: Zeroizing<Vec<u8>>,
    progress: bool,
}

impl WipedBuffers {
    fn allocate(&mut self) {
        if self.input.is_empty() {
            *self.input = vec![0; BUFFER];
            *self.output = vec![0; BUFFER];
        }
    }

    /// Makes room behind what was not read yet.
    fn free(&mut self) -> &mut [u8] {
        if self.read > 0 && self.came > BUFFER / 2 {
            self.input.copy_within(self.read..self.came, 0);
            self.input[self.came - self.read..self.came].fill(0);
            self.came -= self.read;
            self.read = 0;
        }
        &mut self.input[self.came..]
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.allocate();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.read..self.came]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.allocate();
        self.free()
    }

    fn input_appended(&mut self, amount: usize) {
        self.came += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.input[self.read..self.read + amount].fill(0);
        self.read += amount;
        if self.read == self.came {
            (self.read, self.came) = (0, 0);
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.allocate();
        self.free();
        (&mut self.input[self.came..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.read < self.came && self.progress
    }
}

/// A socket that never blocks: every wait is a poll(2) that ends at the deadline of the call.
struct TcpTransport {
    socket: TcpStream,
    buffers: WipedBuffers,
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport").field("socket", &self.socket).finish_non_exhaustive()
    }
}

fn wait(socket: &TcpStream, ready: Ready) -> Result<(), ureq::Error> {
    let bounds = Call::bounds();
    let within = CALL.get().connect_by.map_or(bounds, |by| bounds.no_later_than(by));
    match within.wait(socket.as_raw_fd(), ready)? {
        Woken::Ready => Ok(()),
        Woken::Waker => Err(Call::cancelled()),
        Woken::Deadline if bounds.time_left().is_zero() => {
            Err(ureq::Error::Timeout(Timeout::Global))
        }
        // The time for connecting passed, the deadline of the call did not: a failure that can be tried again.
        Woken::Deadline => Err(ureq::Error::Io(io::ErrorKind::TimedOut.into())),
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _timeout: NextTimeout) -> Result<(), ureq::Error> {
        let mut rest = &self.buffers.output()[..amount];
        while !rest.is_empty() {
            match (&self.socket).write(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => rest = &rest[written..],
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => wait(&self.socket, Ready::ToWrite)?,
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    fn await_input(&mut self, _timeout: NextTimeout) -> Result<bool, ureq::Error> {
        wait(&self.socket, Ready::ToRead)?;
        loop {
            match (&self.socket).read(self.buffers.input_append_buf()) {
                Ok(count) => {
                    if count == 0 {
                        Call::update(|call| call.hung_up = true);
                    }
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => wait(&self.socket, Ready::ToRead)?,
                    _ => {
                        Call::update(|call| call.hung_up = true);
                        return Err(error.into());
                    }
                },
            }
        }
    }

    /// Tells whether the server has neither closed the idle connection nor said anything unasked.
    fn is_open(&mut self) -> bool {
        let mut byte = [0];
        matches!(self.socket.peek(&mut byte), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }
}

/// The end of the chain: notes how far the exchange has come.
#[derive(Debug)]
struct Watch {
    proxied: bool,
}

impl<In: Transport> Connector<In> for Watch {
    type Out = Either<In, Watched<In>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // A connection to the proxy is only the way: nothing of the request passes before the tunnel stands.
        let to_proxy = self.proxied && details.config.proxy().is_none();
        if !to_proxy {
            Call::update(|call| call.connect_by = None);
        }
        Ok(chained.map(|inner| {
            if to_proxy { Either::A(inner) } else { Either::B(Watched { inner, idle: false }) }
        }))
    }
}

/// Writes the header behind the request line, which is the first line of what is to be sent.
fn insert_authorization(
    output: &mut [u8],
    amount: usize,
    header: &str,
) -> Result<usize, ureq::Error> {
    const NAME: &[u8] = b"Authorization: ";
    let added = NAME.len() + header.len() + 2;
    let line = output[..amount].windows(2).position(|pair| pair == b"\r\n");
    let (Some(line), true) = (line, amount + added <= output.len()) else {
        return Err(io::Error::other("the head of the request does not fit its buffer").into());
    };
    let at = line + 2;
    output.copy_within(at..amount, at + added);
    let mut place = &mut output[at..at + added];
    for part in [NAME, header.as_bytes(), b"\r\n"] {
        let (here, rest) = place.split_at_mut(part.len());
        here.copy_from_slice(part);
        place = rest;
    }
    Ok(amount + added)
}

#[derive(Debug)]
struct Watched<In> {
    inner: In,
    idle: bool,
}

impl<In: Transport> Transport for Watched<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.idle = false;
        if amount == 0 {
            return self.inner.transmit_output(amount, timeout);
        }
        let first = !CALL.get().sent;
        Call::update(|call| {
            call.phase = Phase::Send;
            call.sent = true;
        });
        let header = if first { AUTHORIZATION.take() } else { None };
        let Some(header) = header else { return self.inner.transmit_output(amount, timeout) };
        let whole = insert_authorization(self.inner.buffers().output(), amount, &header)?;
        let result = self.inner.transmit_output(whole, timeout);
        self.inner.buffers().output()[..whole].zeroize();
        result
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        Call::update(|call| {
            if call.phase == Phase::Send {
                call.phase = Phase::Wait;
            }
        });
        self.inner.await_input(timeout)
    }

    /// ureq asks when a connection goes back to the pool and again when it leaves it; only the second answer can
    /// still be true when it is used.
    fn is_open(&mut self) -> bool {
        if self.idle {
            self.inner.is_open()
        } else {
            self.idle = true;
            true
        }
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
