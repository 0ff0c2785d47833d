//! One exchange over HTTP/1.1: a request out, a whole answer or a precise failure back; and the connections that are kept
//! between exchanges.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroize;

use crate::api::request::Method;
use crate::body;
use crate::call::credentials::Header;
use crate::connection::{Connection, Problem, Way};
use crate::dns::{LookupError, Names};
use crate::error::Phase;
use crate::framing::{Flaw, Head};
use crate::proxy::{Origin, Proxy};
use crate::socket::{Limits, Stop};
use crate::sys::deadline::Bounds;
use crate::tls::{Tls, Trusted};

/// What the transport is told when the client is built.
#[derive(Clone, Debug)]
pub(crate) struct HttpConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_connections: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) user_agent: String,
    pub(crate) trusted: Trusted,
}

/// What is sent.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    /// Path and query, encoded.
    pub(crate) target: &'a [&'a str],
    pub(crate) authorization: &'a Header,
    pub(crate) content_type: &'a str,
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) bounds: Bounds,
    /// Whether the answer holds a secret: then it is small, comes uncompressed, and is wiped.
    pub(crate) secret: bool,
    /// Whether a connection of its own is opened, and closed afterwards.
    pub(crate) fresh: bool,
    /// Whether the request changes something. From its first byte on it keeps time back for being read back.
    pub(crate) write: bool,
    /// Set before the first byte of the request leaves.
    pub(crate) sent: &'a Cell<bool>,
}

/// A complete answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    /// Where a redirect pointed, without what may be secret in it: user and password, query, fragment.
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
    /// Whether it was a connection that had been idle and from which nothing came back: it had died unnoticed.
    pub(crate) stale: bool,
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

/// One server: the way to it, and the connections to it that are idle.
pub(crate) struct Http {
    config: HttpConfig,
    origin: String,
    /// As in the header `Host`.
    host: String,
    proxy: Option<Proxy>,
    names: Names,
    tls: Arc<Tls>,
    /// The one that was used last stands last.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// How far an exchange has come.
struct Progress {
    phase: Phase,
    sent: bool,
    /// Anything has come back.
    heard: bool,
    status: Option<u16>,
}

/// What is read of an answer that holds a secret: where it grew, it would leave copies behind.
const LARGEST_SECRET: u64 = 64 * 1024;

impl Http {
    /// `origin` has been checked.
    pub(crate) fn new(
        config: HttpConfig,
        origin: String,
        proxy: Option<Proxy>,
        tls: Arc<Tls>,
    ) -> Self {
        let host = Origin::of(&origin).authority();
        let (names, idle) = (Names::default(), Mutex::default());
        Self { config, origin, host, proxy, names, tls, idle }
    }

    /// Sends a request and receives the whole answer, within the deadline.
    pub(crate) fn exchange(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, Broken> {
        let limits = Limits { bounds: outgoing.bounds, connect_by: None };
        let mut progress =
            Progress { phase: Phase::Resolve, sent: false, heard: false, status: None };
        let idle = if outgoing.fresh { None } else { self.take_idle(limits) };
        let reused = idle.is_some();
        let mut connection = match idle {
            Some(connection) => connection,
            None => {
                self.open(limits, &mut progress).map_err(|problem| broken(problem, &progress))?
            }
        };
        match self.converse(&mut connection, outgoing, limits, &mut progress) {
            Ok((incoming, keeps)) => {
                let keeps = keeps && connection.can_go_on();
                // An error may repeat what the request showed.
                if outgoing.secret || !(200..300).contains(&incoming.status) {
                    connection.wipe();
                }
                if keeps && !outgoing.fresh {
                    self.keep(connection);
                }
                Ok(incoming)
            }
            Err(problem) => {
                let heard = progress.heard || !connection.is_drained();
                if outgoing.secret {
                    connection.wipe();
                }
                let broken = broken(problem, &progress);
                let died = reused && !heard;
                if died && matches!(broken.how, How::Network | How::Timeout) {
                    self.forget_idle();
                }
                Err(Broken { stale: died && broken.how == How::Network, ..broken })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Nothing here is left half-done by a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection that has been idle and is still good, the youngest first.
    fn take_idle(&self, limits: Limits) -> Option<Connection> {
        loop {
            let Idle { mut connection, since } = self.lock().pop()?;
            // Outside of the lock: looking takes a system call, and so does closing one that is of no use.
            if since.elapsed() < self.config.idle_timeout && connection.is_quiet(limits) {
                return Some(connection);
            }
        }
    }

    /// What killed one connection, a router that forgot it or a server that went away, has most likely killed those that were
    /// idle beside it.
    fn forget_idle(&self) {
        let idle = std::mem::take(&mut *self.lock());
        drop(idle);
    }

    fn keep(&self, connection: Connection) {
        let most = self.config.max_idle_connections;
        let now = Instant::now();
        let mut idle = self.lock();
        idle.push(Idle { connection, since: now });
        // They stand in the order of their age.
        let old = |one: &Idle| now.duration_since(one.since) >= self.config.idle_timeout;
        let surplus = idle.len().saturating_sub(most);
        let count = idle.iter().take_while(|one| old(one)).count().max(surplus);
        let closed: Vec<Idle> = if count == 0 { Vec::new() } else { idle.drain(..count).collect() };
        drop(idle);
        drop(closed);
    }

    fn open(&self, limits: Limits, progress: &mut Progress) -> Result<Connection, Problem> {
        progress.phase = Phase::Resolve;
        let origin = Origin::of(&self.origin);
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (origin.host, origin.port),
        };
        let addresses =
            self.names.lookup(host, port, limits.bounds).map_err(|error| match error {
                LookupError::Timeout => Stop::Deadline,
                LookupError::Cancelled => Stop::Cancelled,
                LookupError::Failed(why) => Stop::Failed(io::Error::other(why)),
            })?;
        let way = Way {
            origin,
            proxy: self.proxy.as_ref(),
            addresses: &addresses,
            user_agent: &self.config.user_agent,
        };
        let connect_by = Some(Instant::now() + self.config.connect_timeout);
        let limits = Limits { connect_by, ..limits };
        let opened = Connection::open(&way, &self.tls, limits, &mut progress.phase);
        if progress.phase == Phase::Connect
            && matches!(opened, Err(Problem::Stop(Stop::Failed(_) | Stop::Deadline)))
        {
            self.names.doubt(host);
        }
        opened
    }

    /// Sends the request and receives the answer; with it, whether the connection serves another.
    fn converse(
        &self,
        connection: &mut Connection,
        outgoing: &Outgoing<'_>,
        limits: Limits,
        progress: &mut Progress,
    ) -> Result<(Incoming, bool), Problem> {
        (progress.phase, progress.sent) = (Phase::Send, true);
        outgoing.sent.set(true);
        let bounds = if outgoing.write { limits.bounds.before_read_back() } else { limits.bounds };
        let limits = Limits { bounds, ..limits };
        let unsent = match self.send(connection, outgoing, limits) {
            Ok(()) => None,
            // A server that has heard enough answers and hangs up: the answer may be there all the same.
            Err(Problem::Stop(Stop::Failed(error))) => Some(error),
            Err(problem) => return Err(problem),
        };
        progress.phase = Phase::Wait;
        let (head, whole) = match (receive_head(connection, limits, progress), unsent) {
            (Ok(head), unsent) => (head, unsent.is_none()),
            (Err(_), Some(error)) => {
                progress.phase = Phase::Send;
                return Err(Stop::Failed(error).into());
            }
            (Err(problem), None) => return Err(problem),
        };
        (progress.phase, progress.status) = (Phase::Receive, Some(head.status));
        let success = (200..300).contains(&head.status);
        let most = self.config.max_response_bytes;
        let most = if outgoing.secret { most.min(LARGEST_SECRET) } else { most };
        let (mut body, received) = body::receive(connection, &head, most, outgoing.secret, limits);
        if outgoing.secret && received.is_err() {
            body.zeroize();
        }
        let complete = match received {
            Ok(()) => true,
            Err(problem @ Problem::Stop(Stop::Deadline | Stop::Cancelled)) => return Err(problem),
            Err(problem) if success => return Err(problem),
            // What an error status says stands, whatever became of its body.
            Err(_) => false,
        };
        let incoming = Incoming {
            status: head.status,
            request_id: head.request_id,
            retry_after: head.retry_after,
            date: head.date,
            location: head.location.as_deref().and_then(public_part),
            body,
        };
        Ok((incoming, head.keeps && whole && complete))
    }

    fn send(
        &self,
        connection: &mut Connection,
        outgoing: &Outgoing<'_>,
        limits: Limits,
    ) -> Result<(), Problem> {
        /// A body up to that size goes out together with the head.
        const SMALL: usize = 16 * 1024;
        let method = match outgoing.method {
            Method::Get => "GET ",
            Method::Patch => "PATCH ",
            Method::Post => "POST ",
        };
        let body = outgoing.body.unwrap_or_default();
        let mut length = String::new();
        let mut parts: Vec<&str> = Vec::with_capacity(20);
        parts.push(method);
        parts.extend_from_slice(outgoing.target);
        parts.extend([" HTTP/1.1\r\nHost: ", &self.host]);
        parts.extend(["\r\nAuthorization: ", outgoing.authorization.as_str()]);
        parts.extend(["\r\nUser-Agent: ", &self.config.user_agent]);
        parts.push("\r\nAccept: application/json\r\nAccept-Encoding: ");
        parts.push(if outgoing.secret { "identity" } else { "gzip" });
        if outgoing.body.is_some() {
            parts.extend(["\r\nContent-Type: ", outgoing.content_type]);
        }
        if outgoing.method != Method::Get {
            length = body.len().to_string();
            parts.push("\r\nContent-Length: ");
        }
        parts.extend([&length, "\r\n\r\n"]);
        let (with_head, behind) =
            if body.len() <= SMALL { (body, &[][..]) } else { (&[][..], body) };
        let size = parts.iter().map(|part| part.len()).sum::<usize>() + with_head.len();
        let write = |buffer: &mut Vec<u8>| {
            for part in &parts {
                buffer.extend_from_slice(part.as_bytes());
            }
            buffer.extend_from_slice(with_head);
        };
        connection.send(size, write, behind, limits)
    }
}

/// Waits for the head of the answer, and passes over what only announces it.
fn receive_head(
    connection: &mut Connection,
    limits: Limits,
    progress: &mut Progress,
) -> Result<Head, Problem> {
    const MOST_INTERIM: usize = 100;
    for _ in 0..=MOST_INTERIM {
        let head = connection.receive_head(limits)?;
        if !head.is_interim() {
            return Ok(head);
        }
        progress.heard = true;
    }
    Err(Flaw::TooBig("more than 100 interim answers").into())
}

fn public_part(location: &str) -> Option<String> {
    let location = location.split(['?', '#']).next().unwrap_or("");
    let authority = location.find("//").filter(|at| !location[..*at].contains('/'));
    let (scheme, rest) = location.split_at(authority.map_or(0, |at| at + 2));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => host,
        _ => authority,
    };
    let public = format!("{scheme}{host}{path}");
    (!public.is_empty()).then_some(public)
}

/// What a failure of the connection means for the exchange.
fn broken(problem: Problem, progress: &Progress) -> Broken {
    let (how, source): (How, Option<Box<dyn StdError + Send + Sync>>) = match problem {
        // The kind says it all.
        Problem::Stop(Stop::Deadline) => (How::Timeout, None),
        Problem::Stop(Stop::Cancelled) => (How::Cancelled, None),
        Problem::Stop(Stop::Failed(error)) => (How::Network, Some(error.into())),
        Problem::Tls(refusal) if progress.phase == Phase::Tls => (How::Tls, Some(refusal.into())),
        // Under way it is the connection that broke.
        Problem::Tls(refusal) => (How::Network, Some(refusal.into())),
        Problem::Proxy(why) => (How::Network, Some(why.into())),
        Problem::Flaw(flaw @ Flaw::Invalid(_)) => (How::Protocol, Some(flaw.into())),
        Problem::Flaw(flaw @ Flaw::TooBig(_)) => (How::TooBig, Some(flaw.into())),
    };
    let &Progress { phase, sent, status, .. } = progress;
    Broken { how, phase, sent, status, stale: false, source }
}
