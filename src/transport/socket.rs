//! A TCP socket as a transport of ureq: every wait ends at the deadline of the call, and when the call is cancelled.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use zeroize::Zeroize;

use crate::error::Phase;
use crate::sys::{self, Ready, Woken};

use super::exchange::{Exchange, current};
use super::failure::ConnectionError;
use super::proxy::Proxy;
use super::{INPUT_BUFFER, OUTPUT_BUFFER};

/// How long sent data may stay unacknowledged. A router that has forgotten a connection tells nobody, and a call is to find
/// out while it has time left.
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);

/// While much comes, one wait is for so many reads.
const READS_PER_WAIT: u8 = 8;

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    buffers: LazyBuffers,
    /// The error of a failed send. Kept until the response was looked for: a server may respond early and close.
    send_error: Option<io::Error>,
    /// How many reads in a row have filled the buffer: then more is there as a rule.
    full_reads: u8,
    /// The request for a tunnel, while one is negotiated.
    tunnel: Option<Tunnel>,
}

/// What is collected of a CONNECT request until it is sent in one piece.
#[derive(Debug)]
struct Tunnel {
    proxy: Proxy,
    request: Vec<u8>,
}

impl Socket {
    /// Takes a connected stream. With a proxy, ureq's CONNECT is what it sends first.
    pub(super) fn new(stream: TcpStream, proxy: Option<Proxy>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        sys::give_up_unacknowledged(&stream, UNACKNOWLEDGED);
        let buffers = LazyBuffers::new(INPUT_BUFFER, OUTPUT_BUFFER);
        let tunnel = proxy.map(|proxy| Tunnel { proxy, request: Vec::new() });
        Ok(Self { stream, buffers, send_error: None, full_reads: 0, tunnel })
    }

    /// Sends all of it. An error of the network is kept until [`receive_into`](Self::receive_into) was tried.
    pub(super) fn send(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
    ) -> Result<(), ConnectionError> {
        self.full_reads = 0;
        if self.send_error.is_some() {
            return Ok(());
        }
        match send(&self.stream, exchange, bytes) {
            Err(ConnectionError::Io(error)) if exchange.phase.get() == Phase::Send => {
                exchange.send_failed.set(true);
                self.send_error = Some(error);
                Ok(())
            }
            result => result,
        }
    }

    /// Tells whether the last read filled its buffer: then more is there as a rule.
    pub(super) fn expects_more(&self) -> bool {
        self.full_reads > 0
    }

    /// Waits for input and reads it: 0 at the end of the stream.
    pub(super) fn receive_into(
        &mut self,
        exchange: &Exchange,
        into: &mut [u8],
    ) -> Result<usize, ConnectionError> {
        let received = loop {
            // First of all, since nothing is there yet as a rule; and, while much comes, now and then: a server that never stops
            // must not hold a call.
            if !exchange.no_wait.get() && self.full_reads % READS_PER_WAIT == 0 {
                wait(&self.stream, exchange, Ready::ToRead)?;
            }
            match (&self.stream).read(into) {
                Ok(count) => break Ok(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock if !exchange.no_wait.get() => self.full_reads = 0,
                    _ => break Err(error),
                },
            }
        };
        let full = received.as_ref().is_ok_and(|count| *count == into.len());
        self.full_reads = if full { self.full_reads.wrapping_add(1) } else { 0 };
        if let Ok(count @ 1..) = received {
            return Ok(count);
        }
        // No response: then it counts why the request was not sent.
        if let Some(error) = self.send_error.take() {
            exchange.phase.set(Phase::Send);
            return Err(error.into());
        }
        Ok(received?)
    }

    /// Waits for input and reads it into the buffer for ureq: `false` at the end of the stream.
    fn receive(&mut self, exchange: &Exchange) -> Result<bool, ConnectionError> {
        // Taken out for the call, which borrows the socket: an empty one takes no memory.
        let mut buffers = std::mem::replace(&mut self.buffers, LazyBuffers::new(1, 1));
        let free = buffers.input_append_buf();
        let received = if free.is_empty() {
            Err(ConnectionError::TooBig("a line of the response is too long"))
        } else {
            self.receive_into(exchange, free)
        };
        if let Ok(count) = received {
            buffers.input_appended(count);
        }
        self.buffers = buffers;
        Ok(received? > 0)
    }

    /// Sends the CONNECT request in one piece, with a header of our own for the credentials.
    fn send_tunnel_request(&mut self, exchange: &Exchange) -> Result<(), ConnectionError> {
        let Some(tunnel) = self.tunnel.as_mut().filter(|tunnel| !tunnel.request.is_empty()) else {
            return Ok(());
        };
        let mut request = std::mem::take(&mut tunnel.request);
        if let Some(authorization) = tunnel.proxy.authorization() {
            // Before the empty line at the end.
            request.truncate(request.len().saturating_sub(2));
            let parts = ["Proxy-Authorization: ", authorization, "\r\n\r\n"];
            // All at once: a buffer that grows afterwards would leave a copy behind.
            request.reserve_exact(parts.iter().map(|part| part.len()).sum());
            for part in parts {
                request.extend_from_slice(part.as_bytes());
            }
        }
        let sent = send(&self.stream, exchange, &request);
        request.zeroize();
        sent
    }

    /// Waits for the proxy's response to CONNECT. ureq reads it as well, but tells no status.
    fn receive_tunnel_response(&mut self, exchange: &Exchange) -> Result<bool, ConnectionError> {
        self.send_tunnel_request(exchange)?;
        if !self.receive(exchange)? {
            let what = "the proxy closed the connection without a response";
            return Err(ConnectionError::Proxy(what.to_owned()));
        }
        let input = self.buffers.input();
        let Some(line) = input.get(..12) else { return Ok(true) };
        let status = std::str::from_utf8(&line[9..]).ok().and_then(|text| text.parse().ok());
        match status.filter(|_| line.starts_with(b"HTTP/1.")) {
            Some(status @ 400..500) => return Err(ConnectionError::ProxyRefused(status)),
            // ureq refuses every other one.
            Some(200) => {}
            Some(status @ 100..1000_u16) => {
                let what = format!("the proxy responded with status {status}");
                return Err(ConnectionError::Proxy(what));
            }
            _ => {
                let what = "the response of the proxy is not HTTP";
                return Err(ConnectionError::Proxy(what.to_owned()));
            }
        }
        if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            if end + 4 < input.len() {
                // The server waits for us to begin.
                let what = "the proxy sent more than its response";
                return Err(ConnectionError::Proxy(what.to_owned()));
            }
            self.tunnel = None;
        }
        Ok(true)
    }
}

/// Waits until the stream is ready.
fn wait(stream: &TcpStream, exchange: &Exchange, ready: Ready) -> Result<(), ConnectionError> {
    match exchange.wait_bounds().wait(stream.as_raw_fd(), ready)? {
        Woken::Ready => Ok(()),
        Woken::Waker => Err(ConnectionError::Cancelled),
        Woken::Deadline => Err(exchange.timed_out()),
    }
}

/// Sends all of it.
fn send(
    mut stream: &TcpStream,
    exchange: &Exchange,
    mut bytes: &[u8],
) -> Result<(), ConnectionError> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => wait(stream, exchange, Ready::ToWrite)?,
                _ => return Err(error.into()),
            },
        }
    }
    Ok(())
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.request.extend_from_slice(&self.buffers.output()[..amount]);
            return Ok(());
        }
        let mut buffers = std::mem::replace(&mut self.buffers, LazyBuffers::new(1, 1));
        let sent = current(|exchange| self.send(exchange, &buffers.output()[..amount]));
        self.buffers = buffers;
        Ok(sent?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        Ok(current(|exchange| match self.tunnel {
            Some(_) => self.receive_tunnel_response(exchange),
            None => self.receive(exchange),
        })?)
    }

    /// Whether it is open is found out by the connection on top, which knows TLS.
    fn is_open(&mut self) -> bool {
        self.send_error.is_none()
    }
}
