//! Threads and sockets: one thread accepts, one more serves each connection.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::http::{Connection, End, Request, Response};
use super::response::{Reply, plain_error};
use super::service::Service;
use super::time::Timestamp;

/// A listening service. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// The time of day at the start, moved on by a clock that is never set back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Timestamp,
    ticking: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            started: Timestamp::after_1970(since_1970.unwrap_or_default()),
            ticking: Instant::now(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.started.plus(self.ticking.elapsed())
    }
}

/// How a server behaves, whatever it serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Waited before each response.
    pub(super) latency: Duration,
    /// Whether each request gets a line on standard error.
    pub(super) logs: bool,
}

#[derive(Debug)]
struct Shared {
    service: Service,
    clock: Clock,
    manner: Manner,
    connections: Mutex<Connections>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    stopping: bool,
    accepted: u64,
    open: BTreeMap<u64, Arc<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
}

/// Enough for JSON as deep as `serde_json` reads it, in a debug build too.
const STACK_SIZE: usize = 512 * 1024;

impl Server {
    pub(super) fn start(
        listen_on: SocketAddr,
        service: Service,
        clock: Clock,
        manner: Manner,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen_on)?;
        let address = reachable(listener.local_addr()?);
        let shared = Arc::new(Shared {
            service,
            clock,
            manner,
            connections: Mutex::default(),
            stopped: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("sandbox-accept".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(move || accept(&accepting, &listener))?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it can be reached from this machine.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn service(&self) -> &Service {
        &self.shared.service
    }

    /// The time of the service.
    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Closes everything and waits until every thread is gone. A second time it does nothing.
    pub(super) fn stop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else { return };
        let mut connections = self.shared.connections();
        connections.stopping = true;
        for stream in connections.open.values() {
            // Fails if the peer was faster, which is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(connections);
        self.shared.stopped.notify_all();
        // The acceptor sits in `accept`, which ends by a connection and by nothing else in std. One
        // is enough: whatever `accept` returns with, the acceptor looks whether it has to stop.
        while !acceptor.is_finished() {
            if TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok() {
                break;
            }
            // Out of file descriptors, most likely; the connections just closed give some back.
            thread::sleep(Duration::from_millis(1));
        }
        // A thread that panicked is gone, too.
        let _ = acceptor.join();
        let threads = std::mem::take(&mut self.shared.connections().threads);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// The address to connect to: "all interfaces" (0.0.0.0, ::) becomes the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, less if the server stops meanwhile. Says whether it goes on.
    fn wait(&self, time: Duration) -> bool {
        let connections = self.connections();
        if time.is_zero() {
            return !connections.stopping;
        }
        let waited =
            self.stopped.wait_timeout_while(connections, time, |connections| !connections.stopping);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    fn log(&self, request: &Request, response: &Response, lost: bool) {
        if self.manner.logs {
            let (method, path) = (&request.method, request.path.escape_debug());
            let status = response.status;
            let line = if lost {
                format!("{method} {path} {status}, response lost\n")
            } else {
                format!("{method} {path} {status}\n")
            };
            // Nobody listens: the response matters more.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    loop {
        let accepted = listener.accept();
        let mut connections = shared.connections();
        if connections.stopping {
            return;
        }
        // Threads that have ended keep their stacks until they are joined.
        let (ended, running) =
            connections.threads.drain(..).partition::<Vec<_>, _>(JoinHandle::is_finished);
        connections.threads = running;
        for thread in ended {
            let _ = thread.join();
        }
        let Ok((stream, _)) = accepted else {
            drop(connections);
            // Out of file descriptors, most likely: the connection stays in the queue.
            shared.wait(Duration::from_millis(10));
            continue;
        };
        let stream = Arc::new(stream);
        let id = connections.accepted;
        connections.accepted += 1;
        let serving = (Arc::clone(shared), Arc::clone(&stream));
        let thread = thread::Builder::new()
            .name("sandbox-serve".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(move || {
                let (shared, stream) = serving;
                serve(&shared, &stream);
                shared.connections().open.remove(&id);
            });
        // Without a thread the connection is dropped, and the peer sees it closed.
        if let Ok(thread) = thread {
            connections.open.insert(id, stream);
            connections.threads.push(thread);
        }
    }
}

fn serve(shared: &Shared, stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(stream);
    loop {
        match connection.next_request() {
            Ok(request) => {
                let Reply { response, lost } = shared.service.handle(&request, shared.clock.now());
                if !shared.wait(shared.manner.latency) {
                    return;
                }
                shared.log(&request, &response, lost);
                if lost {
                    return;
                }
                let sent = connection.respond(&response, &request, shared.clock.now());
                if sent.is_err() || !request.keep_alive {
                    return;
                }
            }
            Err(End::Closed) => return,
            Err(End::Refused(refusal)) => {
                let response = plain_error(refusal.status, "INVALID_ARGUMENT", refusal.reason);
                let request =
                    Request { method: "?".to_owned(), path: "?".to_owned(), ..Request::default() };
                shared.log(&request, &response, false);
                if connection.respond(&response, &request, shared.clock.now()).is_ok() {
                    let _ = stream.shutdown(Shutdown::Write);
                    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
                    connection.drain();
                }
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_listened_on_can_be_connected_to() {
        for (bound, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("127.0.0.2:80", "127.0.0.2:80"),
            ("192.0.2.1:8080", "192.0.2.1:8080"),
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), expected);
        }
    }
}
