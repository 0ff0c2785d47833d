//! A TCP socket whose every wait ends with the call: at its deadline, when its token is triggered, when its client is shut down.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::sys::deadline::Bounds;
use crate::sys::{self, Ready, Woken};

/// How long what was sent may go without being acknowledged: a router that has forgotten a connection tells nobody, and a call
/// is to find out while it has time left.
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);

/// Why a socket did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The deadline of the call passed.
    Deadline,
    /// The call was ended.
    Cancelled,
    /// The network failed. The time for connecting alone passed: [`io::ErrorKind::TimedOut`].
    Failed(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// What a wait may not outlive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bounds: Bounds,
    /// When the connection must stand, while one is being made: TCP, tunnel and TLS together.
    pub(crate) connect_by: Option<Instant>,
}

impl Limits {
    fn wait(self, socket: &TcpStream, ready: Ready) -> Result<(), Stop> {
        let within = self.connect_by.map_or(self.bounds, |by| self.bounds.no_later_than(by));
        match within.wait(socket.as_raw_fd(), ready)? {
            Woken::Ready => Ok(()),
            Woken::Waker => Err(Stop::Cancelled),
            Woken::Deadline if self.bounds.time_left().is_zero() => Err(Stop::Deadline),
            // A failure that can be tried again.
            Woken::Deadline => Err(Stop::Failed(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// A connected socket that never blocks but in a bounded wait.
pub(crate) struct Socket(TcpStream);

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Socket {
    /// Tries the addresses in turn. Each gets half of the time that is left, so that a dead one does not use up the time of
    /// those behind it; the last gets all.
    pub(crate) fn connect(addresses: &[SocketAddr], limits: Limits) -> Result<Self, Stop> {
        let end =
            limits.connect_by.map_or(limits.bounds.deadline, |by| by.min(limits.bounds.deadline));
        let mut last = Stop::Failed(io::ErrorKind::TimedOut.into());
        for (tried, address) in addresses.iter().enumerate() {
            let left = end.saturating_duration_since(Instant::now());
            let share = if tried + 1 < addresses.len() { left / 2 } else { left };
            let limits = Limits { connect_by: Some(Instant::now() + share), ..limits };
            match Self::connect_one(address, limits) {
                Ok(socket) => return Ok(socket),
                Err(Stop::Failed(error)) => last = Stop::Failed(error),
                Err(stop) => return Err(stop),
            }
        }
        Err(last)
    }

    fn connect_one(address: &SocketAddr, limits: Limits) -> Result<Self, Stop> {
        let socket = sys::begin_connect(address)?;
        limits.wait(&socket, Ready::ToWrite)?;
        if let Some(error) = socket.take_error()? {
            return Err(error.into());
        }
        socket.set_nodelay(true)?;
        sys::give_up_unacknowledged(&socket, UNACKNOWLEDGED);
        Ok(Self(socket))
    }

    /// Sends all of it.
    pub(crate) fn send(&self, mut bytes: &[u8], limits: Limits) -> Result<(), Stop> {
        while !bytes.is_empty() {
            match (&self.0).write(bytes) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => limits.wait(&self.0, Ready::ToWrite)?,
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    /// Waits for what comes and reads it: 0 when the peer has ended the stream.
    pub(crate) fn receive(&self, into: &mut [u8], limits: Limits) -> Result<usize, Stop> {
        loop {
            // First of all, since nothing is there yet as a rule; and a peer that never stops must not hold a call.
            limits.wait(&self.0, Ready::ToRead)?;
            match (&self.0).read(into) {
                Ok(count) => return Ok(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => {}
                    _ => return Err(error.into()),
                },
            }
        }
    }

    /// Reads what is there already: `None` when nothing is.
    pub(crate) fn receive_at_once(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.0).read(into) {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells whether the peer has neither ended the stream nor said anything.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut byte = [0];
        matches!(self.0.peek(&mut byte), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const LONG: Duration = Duration::from_secs(600);

    fn limits() -> Limits {
        Limits { bounds: Bounds::until(Instant::now() + LONG), connect_by: None }
    }

    #[test]
    fn the_first_address_that_answers_is_taken() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            // Without version 6 of the protocol there is nothing to try.
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let here = listener.local_addr().unwrap();
            let closed = {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                listener.local_addr().unwrap()
            };
            let socket = Socket::connect(&[closed, here], limits()).unwrap();
            let (mut far, peer) = listener.accept().unwrap();
            assert_eq!(peer, socket.0.local_addr().unwrap());
            assert!(socket.is_quiet());
            socket.send(b"ping", limits()).unwrap();
            let mut bytes = [0; 4];
            far.read_exact(&mut bytes).unwrap();
            assert_eq!(&bytes, b"ping");
            far.write_all(b"pong").unwrap();
            assert_eq!(socket.receive(&mut bytes, limits()).unwrap(), 4);
            assert_eq!(&bytes, b"pong");
            assert_eq!(socket.receive_at_once(&mut bytes).unwrap(), None);
            drop(far);
            assert_eq!(socket.receive(&mut bytes, limits()).unwrap(), 0);
            assert!(!socket.is_quiet());
            let Err(Stop::Failed(error)) = Socket::connect(&[closed, closed], limits()) else {
                panic!("nobody listens there");
            };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    }

    /// A listener whose queue is full lets a connect hang.
    fn unanswered() -> (TcpListener, Vec<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        // The queue of std holds 128 connections, and a system may round that up.
        while waiting.len() < 5000 {
            match TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
                Ok(socket) => waiting.push(socket),
                Err(_) => return (listener, waiting),
            }
        }
        panic!("the queue is never full");
    }

    #[test]
    fn a_connect_ends_when_the_call_does() {
        let (listener, _waiting) = unanswered();
        let addresses = [listener.local_addr().unwrap()];
        let past = Limits { bounds: Bounds::until(Instant::now()), connect_by: None };
        assert!(matches!(Socket::connect(&addresses, past), Err(Stop::Deadline)));
        let soon = Some(Instant::now() + Duration::from_millis(1));
        let slow = Socket::connect(&addresses, Limits { connect_by: soon, ..limits() });
        assert!(matches!(slow, Err(Stop::Failed(e)) if e.kind() == io::ErrorKind::TimedOut));
        let waker = sys::Waker::new().unwrap();
        let bounds = Bounds { wakers: [waker.fd(), sys::NONE], ..limits().bounds };
        std::thread::scope(|scope| {
            let limits = Limits { bounds, connect_by: Some(Instant::now() + LONG) };
            let call = scope.spawn(move || Socket::connect(&addresses, limits));
            waker.trigger();
            assert!(matches!(call.join().unwrap(), Err(Stop::Cancelled)));
        });
    }
}
