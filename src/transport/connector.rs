//! Opens connections for ureq: our socket, then ureq's CONNECT and TLS, then our connection on top.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, Either, NextTimeout, RustlsConnector,
    Transport,
};

use crate::error::Phase;

use super::connection::{Below, Connection, Reuse};
use super::exchange::current;
use super::failure::ConnectionError;
use super::proxy::Proxy;
use super::race;
use super::resolver::Resolver;
use super::socket::Socket;

/// How a server is reached.
#[derive(Debug)]
pub(super) struct Route {
    /// The addresses of the proxy, if there is one, else those of the server.
    pub(super) resolver: Resolver,
    pub(super) proxy: Option<Proxy>,
    pub(super) connect_timeout: Duration,
    pub(super) reuse: Arc<Reuse>,
}

/// The whole chain of connectors. Agents that share it share TLS settings and sessions.
#[derive(Clone)]
pub(super) struct Chain(Arc<dyn Connector<(), Out = Box<dyn Transport>>>);

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

impl Chain {
    pub(super) fn new(route: &Arc<Route>) -> Self {
        let chain =
            ().chain(ConnectProxyConnector::default())
                .chain(OpenSocket(Arc::clone(route)))
                .chain(RustlsConnector::default())
                .chain(Finish(Arc::clone(route)));
        Self(Arc::new(chain))
    }
}

impl Connector<()> for Chain {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained)
    }
}

/// Tells whether the connection that is opened leads to the proxy: ureq opens that with a configuration of its own.
fn is_to_proxy(route: &Route, details: &ConnectionDetails<'_>) -> bool {
    route.proxy.is_some() && details.config.proxy().is_none()
}

/// Opens the TCP connection, unless ureq has opened a tunnel.
#[derive(Debug)]
struct OpenSocket(Arc<Route>);

impl Connector<Either<(), Box<dyn Transport>>> for OpenSocket {
    type Out = Either<Socket, Box<dyn Transport>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        tunnel: Option<Either<(), Box<dyn Transport>>>,
    ) -> Result<Option<Self::Out>, Error> {
        let transport = match tunnel {
            Some(Either::B(tunnel)) => Either::B(tunnel),
            _ => Either::A(self.open(details)?),
        };
        if details.needs_tls() {
            current(|exchange| {
                exchange.phase.set(Phase::Tls);
                Ok(())
            })?;
        }
        Ok(Some(transport))
    }
}

impl OpenSocket {
    fn open(&self, details: &ConnectionDetails<'_>) -> Result<Socket, ConnectionError> {
        let Self(route) = self;
        current(|exchange| {
            exchange.phase.set(Phase::Resolve);
            let addresses = route.resolver.addresses(exchange.bounds.get())?;
            exchange.phase.set(Phase::Connect);
            exchange.connect_by.set(Some(Instant::now() + route.connect_timeout));
            let opened = race::connect(&addresses, exchange);
            if let Err(ConnectionError::Io(_) | ConnectionError::Deadline) = opened {
                route.resolver.invalidate();
            }
            let (stream, address) = opened?;
            route.resolver.connected(address);
            exchange.address.set(Some(address));
            let proxy = if is_to_proxy(route, details) { route.proxy.clone() } else { None };
            Ok(Socket::new(stream, proxy)?)
        })
    }
}

/// A socket, a tunnel, or TLS over either.
type Opened<Tls> = Either<Either<Socket, Box<dyn Transport>>, Tls>;

/// Puts our connection on top.
#[derive(Debug)]
struct Finish(Arc<Route>);

impl<Tls: Transport> Connector<Opened<Tls>> for Finish {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        transport: Option<Opened<Tls>>,
    ) -> Result<Option<Self::Out>, Error> {
        let transport = match transport {
            None => return Ok(None),
            Some(Either::A(Either::A(socket))) => Below::Socket(socket),
            Some(Either::A(Either::B(tunnel))) => Below::Transport(tunnel),
            Some(Either::B(tls)) => Below::Transport(Box::new(tls)),
        };
        let transport = match transport {
            Below::Socket(socket) if is_to_proxy(&self.0, details) => {
                return Ok(Some(Box::new(socket)));
            }
            transport => transport,
        };
        current(|exchange| {
            exchange.connect_by.set(None);
            Ok(())
        })?;
        Ok(Some(Box::new(Connection::new(transport, Arc::clone(&self.0.reuse)))))
    }
}

/// Looks nothing up: ureq asks on every request, and addresses are needed only when a connection is opened.
#[derive(Debug)]
pub(super) struct NoLookup;

impl UreqResolver for NoLookup {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
