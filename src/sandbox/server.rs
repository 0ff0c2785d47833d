//! Threads and sockets: one thread accepts, one more serves each connection.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::callbacks::{Event, Notice, RETRIES, Sending};
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
    /// The thread that sends callbacks.
    caller: (Sender<Notice>, Option<JoinHandle<()>>),
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

/// The settings of a server, apart from the service.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// Waited before each response.
    pub(super) latency: Duration,
    /// Whether each request gets a line on standard error.
    pub(super) logs: bool,
    pub(super) callbacks: Sending,
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
        mut service: Service,
        clock: Clock,
        manner: Manner,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen_on)?;
        let address = reachable(listener.local_addr()?);
        let (notify, notices) = mpsc::channel();
        let store = service.store.get_mut().unwrap_or_else(PoisonError::into_inner);
        store.callbacks = Some(notify.clone());
        let shared = Arc::new(Shared {
            service,
            clock,
            manner,
            connections: Mutex::default(),
            stopped: Condvar::new(),
        });
        let calling = Arc::clone(&shared);
        let caller = thread::Builder::new()
            .name("sandbox-callbacks".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(move || call_back(&calling, &notices))?;
        let accepting = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("sandbox-accept".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(move || accept(&accepting, &listener))?;
        Ok(Self { address, shared, acceptor: Some(acceptor), caller: (notify, Some(caller)) })
    }

    /// Returns the address at which this machine reaches it.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn service(&self) -> &Service {
        &self.shared.service
    }

    pub(super) fn callback_secret(&self) -> &str {
        &self.shared.manner.callbacks.secret
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
        let (notify, caller) = &mut self.caller;
        let _ = notify.send(Notice::Stop);
        if let Some(caller) = caller.take() {
            let _ = caller.join();
        }
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

    /// Waits, but no longer than until the server stops. Returns whether it is still running.
    fn wait(&self, time: Duration) -> bool {
        let connections = self.connections();
        if time.is_zero() {
            return !connections.stopping;
        }
        let waited =
            self.stopped.wait_timeout_while(connections, time, |connections| !connections.stopping);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    fn log_request(&self, request: &Request, response: &Response, lost: bool) {
        let (method, path) = (&request.method, request.path.escape_debug());
        let lost = if lost { ", response lost" } else { "" };
        self.log(&format!("{method} {path} {}{lost}", response.status));
    }

    fn log(&self, line: &str) {
        if self.manner.logs {
            // A closed standard error must not cost the response.
            let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
        }
    }

    /// Registers a connection, so that it is closed when the server stops. Returns its id.
    fn opened(&self, stream: &Arc<TcpStream>) -> u64 {
        let mut connections = self.connections();
        if connections.stopping {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let id = connections.accepted;
        connections.accepted += 1;
        connections.open.insert(id, Arc::clone(stream));
        id
    }
}

/// A callback to be sent: its event, its body once it was tried, and the number of tries.
struct Callback {
    event: Event,
    body: Option<String>,
    tries: usize,
}

/// Sends callbacks when they are due, until it is told to stop.
fn call_back(shared: &Shared, notices: &Receiver<Notice>) {
    let (mut serial, mut queue) = (0, BTreeMap::new());
    loop {
        let now = shared.clock.now();
        let wait = queue.first_key_value().map(|((due, _), _)| Timestamp::since(*due, now));
        let notice = match wait {
            None => notices.recv().map_err(RecvTimeoutError::from),
            Some(wait) => notices.recv_timeout(wait.unwrap_or_default()),
        };
        serial += 1;
        match notice {
            Ok(Notice::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Notice::Late(due)) => {
                queue.insert((due, serial), None);
            }
            Ok(Notice::Event(event)) => {
                let callback = Callback { event, body: None, tries: 0 };
                queue.insert((callback.event.at, serial), Some(callback));
            }
            Err(RecvTimeoutError::Timeout) => match queue.pop_first() {
                Some((_, Some(callback))) => {
                    if let Some((wait, callback)) = send(shared, callback, serial) {
                        queue.insert((shared.clock.now().plus(wait), serial), Some(callback));
                    }
                }
                _ => shared.service.catch_up(shared.clock.now()),
            },
        }
    }
}

/// Sends a callback. Returns it with a wait if it is to be sent again.
fn send(shared: &Shared, mut callback: Callback, serial: u64) -> Option<(Duration, Callback)> {
    let url = shared.service.callback_url(&callback.event.phone, shared.clock.now());
    if url.is_empty() {
        return None;
    }
    let body = callback.body.get_or_insert_with(|| callback.event.body(serial));
    let sending = &shared.manner.callbacks;
    let target = match sending.target(&url) {
        Ok(target) => target,
        Err(refusal) => {
            shared.log(&format!("callback to {} not sent: {refusal}", url.escape_debug()));
            return None;
        }
    };
    let id = Cell::new(None);
    let outcome = sending.send(&target, body, &|stream| id.set(Some(shared.opened(stream))));
    if let Some(id) = id.get() {
        shared.connections().open.remove(&id);
    }
    callback.tries += 1;
    let url = url.escape_debug();
    shared.log(&match &outcome {
        Ok(status) => format!("callback to {url} {status}"),
        Err(error) => format!("callback to {url} failed: {error}"),
    });
    let taken = outcome.is_ok_and(|status| (200..300).contains(&status));
    let wait = RETRIES.get(callback.tries - 1).filter(|_| !taken)?;
    Some((*wait, callback))
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
                shared.log_request(&request, &response, lost);
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
                shared.log_request(&request, &response, false);
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
