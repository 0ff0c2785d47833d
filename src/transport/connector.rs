//! Opens connections for ureq: TCP, through the tunnel of a proxy if there is one, then ureq's TLS, then our connection on top.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, Either, NextTimeout, RustlsConnector, Transport,
};

use crate::error::Phase;

use super::connection::{Connection, ReusePolicy, Stream};
use super::exchange::{Exchange, current};
use super::failure::ConnectionError;
use super::proxy::Proxy;
use super::resolver::Resolver;
use super::socket::{Socket, Tcp};
use super::{happy_eyeballs, tunnel};

/// How a server is reached: addresses, proxy, and the limits of a connection.
#[derive(Debug)]
pub(super) struct Route {
    /// The addresses of the proxy, if there is one, else those of the server.
    pub(super) resolver: Resolver,
    pub(super) proxy: Option<Proxy>,
    /// `host:port` of the server, for a CONNECT request.
    pub(super) target: String,
    /// The `User-Agent` of a CONNECT request.
    pub(super) user_agent: String,
    pub(super) connect_timeout: Duration,
    pub(super) reuse: Arc<ReusePolicy>,
}

impl Route {
    /// Opens the TCP connection, and the tunnel.
    fn open(&self, exchange: &Exchange) -> Result<Socket, ConnectionError> {
        exchange.phase.set(Phase::Resolve);
        let addresses = self.resolver.addresses(exchange)?;
        exchange.phase.set(Phase::Connect);
        exchange.connect_by.set(Some(Instant::now() + self.connect_timeout));
        let opened = happy_eyeballs::connect(&addresses, exchange);
        if let Err(ConnectionError::Io(_) | ConnectionError::Deadline) = opened {
            self.resolver.invalidate();
        }
        let (stream, address) = opened?;
        self.resolver.connected(address);
        exchange.address.set(Some(address));
        let mut tcp = Tcp::new(stream)?;
        if let Some(proxy) = &self.proxy {
            tunnel::open(&mut tcp, exchange, proxy, &self.target, &self.user_agent)?;
        }
        Ok(Socket::new(tcp))
    }
}

/// The whole chain of connectors.
pub(super) fn chain(route: &Arc<Route>) -> impl Connector<(), Out = Connection> {
    ().chain(OpenSocket(Arc::clone(route)))
        .chain(RustlsConnector::default())
        .chain(WrapConnection(Arc::clone(&route.reuse)))
}

/// The first connector: TCP, and the tunnel.
#[derive(Debug)]
struct OpenSocket(Arc<Route>);

impl Connector<()> for OpenSocket {
    type Out = Socket;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Socket>, Error> {
        let socket = current(|exchange| {
            let socket = self.0.open(exchange)?;
            if details.needs_tls() {
                exchange.phase.set(Phase::Tls);
            }
            Ok::<_, ConnectionError>(socket)
        });
        Ok(Some(socket??))
    }
}

/// The last connector: puts our connection on top.
#[derive(Debug)]
struct WrapConnection(Arc<ReusePolicy>);

impl<Tls: Transport> Connector<Either<Socket, Tls>> for WrapConnection {
    type Out = Connection;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        transport: Option<Either<Socket, Tls>>,
    ) -> Result<Option<Connection>, Error> {
        let below = match transport {
            None => return Ok(None),
            Some(Either::A(socket)) => Stream::Tcp(socket.tcp),
            Some(Either::B(tls)) => Stream::Tls(Box::new(tls)),
        };
        current(|exchange| exchange.connect_by.set(None))?;
        Ok(Some(Connection::new(below, Arc::clone(&self.0))))
    }
}

/// A resolver that looks nothing up: ureq asks it on every request, but addresses are needed only to open a connection.
#[derive(Debug)]
pub(super) struct NoResolver;

impl UreqResolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
