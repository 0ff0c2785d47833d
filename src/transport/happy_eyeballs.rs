//! Connects to the first of several addresses that accepts (RFC 8305, "Happy Eyeballs").

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use crate::sys::{self, Woken};

use super::exchange::Exchange;
use super::failure::ConnectionError;

/// The "connection attempt delay" of RFC 8305, as long as in libcurl. The RFC recommends 250 ms and allows 100 ms and more.
const ATTEMPT_DELAY: Duration = Duration::from_millis(200);

/// Connects to the addresses, in turn and at the same time: a new attempt begins every 200 ms, or as soon as one fails, while
/// the earlier ones go on.
pub(super) fn connect(
    addresses: &[SocketAddr],
    exchange: &Exchange,
) -> Result<(TcpStream, SocketAddr), ConnectionError> {
    let deadline = exchange.wait_deadline();
    let mut waiting = addresses.iter();
    let mut attempts: Vec<(TcpStream, SocketAddr)> = Vec::with_capacity(addresses.len());
    let mut next_at = Instant::now();
    let mut last = ConnectionError::Unreachable("the name has no address".to_owned());
    loop {
        if attempts.is_empty() || Instant::now() >= next_at {
            if let Some(address) = waiting.next() {
                match sys::begin_connect(address) {
                    Ok(stream) => attempts.push((stream, *address)),
                    Err(error) => {
                        last = error.into();
                        continue;
                    }
                }
                next_at = Instant::now() + ATTEMPT_DELAY;
            }
        }
        if attempts.is_empty() {
            return Err(last);
        }
        let more = !waiting.as_slice().is_empty();
        let until = if more { deadline.no_later_than(next_at) } else { deadline };
        let sockets: Vec<RawFd> = attempts.iter().map(|(stream, _)| stream.as_raw_fd()).collect();
        let (woken, ready) = sys::wait_any(&sockets, until.wakers, until.at)?;
        match woken {
            Woken::Waker => return Err(ConnectionError::Cancelled),
            Woken::Deadline if deadline.time_left().is_zero() => return Err(exchange.timed_out()),
            Woken::Deadline => {}
            Woken::Ready => {
                for index in (0..ready.len()).rev().filter(|index| ready[*index]) {
                    let (stream, address) = attempts.remove(index);
                    match stream.take_error() {
                        Ok(None) => return Ok((stream, address)),
                        Ok(Some(error)) | Err(error) => last = io::Error::into(error),
                    }
                    next_at = Instant::now();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    use crate::sys::deadline::Deadline;

    const LONG: Duration = Duration::from_secs(600);

    fn until(time: Duration) -> Exchange {
        Exchange::within(Deadline::until(Instant::now() + time))
    }

    fn closed() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    /// A listener whose queue is full: a connect to it hangs.
    pub(crate) fn unresponsive() -> (TcpListener, Vec<TcpStream>) {
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
    fn the_first_address_that_accepts_is_taken() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            // Without version 6 of the protocol there is nothing to try.
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let here = listener.local_addr().unwrap();
            let (stream, address) = connect(&[closed(), here], &until(LONG)).unwrap();
            assert_eq!((stream.peer_addr().unwrap(), address), (here, here));
        }
        let Err(ConnectionError::Io(error)) = connect(&[closed(), closed()], &until(LONG)) else {
            panic!("nobody listens there");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn each_dead_address_costs_one_attempt_delay() {
        let (dead, _waiting) = unresponsive();
        let dead = dead.local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let began = Instant::now();
        let (_, address) = connect(&[dead, dead, closed(), dead, here], &until(LONG)).unwrap();
        assert_eq!(address, here);
        assert!(began.elapsed() >= 3 * ATTEMPT_DELAY, "no address is tried early");
    }

    #[test]
    fn a_connect_ends_when_the_call_does() {
        let (listener, _waiting) = unresponsive();
        let addresses = [listener.local_addr().unwrap()];
        let result = connect(&addresses, &until(Duration::ZERO));
        assert!(matches!(result, Err(ConnectionError::Deadline)));
        let slow = until(LONG);
        slow.connect_by.set(Some(Instant::now() + Duration::from_millis(1)));
        let result = connect(&addresses, &slow);
        let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        assert!(matches!(result, Err(ConnectionError::Io(error)) if timed_out(&error)));
        let waker = sys::Waker::new().unwrap();
        let deadline = Deadline { wakers: [waker.fd(), sys::NO_FD], ..until(LONG).deadline.get() };
        std::thread::scope(|scope| {
            let call =
                scope.spawn(move || connect(&addresses, &Exchange::within(deadline)).map(|_| ()));
            waker.trigger();
            assert!(matches!(call.join().unwrap(), Err(ConnectionError::Cancelled)));
        });
        // Or when its caller cancels it.
        let result =
            sys::polled(Duration::from_millis(1), &|| true, || connect(&addresses, &until(LONG)));
        assert!(matches!(result, Err(ConnectionError::Cancelled)));
    }
}
