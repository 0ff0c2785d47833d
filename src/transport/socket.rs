//! A TCP connection whose every wait ends at the deadline of the call, and when the call is cancelled.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use crate::error::Phase;
use crate::sys::{self, Ready};

use super::exchange::{Exchange, current};
use super::failure::ConnectionError;
use super::{INPUT_BUFFER, OUTPUT_BUFFER};

/// The maximum time that sent data stays unacknowledged. A router that dropped a connection does not report it; the call must
/// notice while it has time left.
const USER_TIMEOUT: Duration = Duration::from_secs(8);

/// The number of reads after one wait, as long as each fills its buffer.
const READS_PER_WAIT: u8 = 8;

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Tcp {
    stream: TcpStream,
    /// The error of a failed send, kept until a read was tried: a server may respond early and close.
    send_error: Option<io::Error>,
    /// The number of reads in a row that filled their buffer.
    full_reads: u8,
}

impl Tcp {
    /// Takes a connected stream that does not block.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        sys::set_user_timeout(&stream, USER_TIMEOUT);
        Ok(Self { stream, send_error: None, full_reads: 0 })
    }

    /// Sends all of a part of the request. An error of the network is kept until [`receive`](Self::receive) was tried.
    pub(super) fn send(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
    ) -> Result<(), ConnectionError> {
        self.full_reads = 0;
        if self.send_error.is_some() {
            return Ok(());
        }
        match self.send_all(exchange, bytes) {
            Err(ConnectionError::Io(error)) if exchange.phase.get() == Phase::Send => {
                exchange.send_failed.set(true);
                self.send_error = Some(error);
                Ok(())
            }
            result => result,
        }
    }

    /// Sends all of it.
    pub(super) fn send_all(
        &mut self,
        exchange: &Exchange,
        mut bytes: &[u8],
    ) -> Result<(), ConnectionError> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => {
                        exchange.wait(self.stream.as_raw_fd(), Ready::ToWrite)?;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    /// Tells whether the last read filled its buffer, so that more is likely to be there.
    pub(super) fn expects_more(&self) -> bool {
        self.full_reads > 0
    }

    /// Waits for input and reads it: 0 at the end of the stream.
    pub(super) fn receive(
        &mut self,
        exchange: &Exchange,
        into: &mut [u8],
    ) -> Result<usize, ConnectionError> {
        let received = loop {
            // Before the first read, when usually nothing has arrived; and every few reads, so that a server that never stops
            // sending cannot keep a call beyond its deadline.
            if !exchange.no_wait.get() && self.full_reads % READS_PER_WAIT == 0 {
                exchange.wait(self.stream.as_raw_fd(), Ready::ToRead)?;
            }
            match self.stream.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if exchange.no_wait.get() {
                        exchange.would_block.set(true);
                        break Err(error);
                    }
                    self.full_reads = 0;
                }
                received => break received,
            }
        };
        let full = received.as_ref().is_ok_and(|count| *count == into.len());
        self.full_reads = if full { self.full_reads.wrapping_add(1) } else { 0 };
        if let Ok(count @ 1..) = received {
            return Ok(count);
        }
        // Without a response, the error of sending the request is the one to report.
        if let Some(error) = self.send_error.take() {
            exchange.phase.set(Phase::Send);
            return Err(error.into());
        }
        Ok(received?)
    }
}

/// A TCP connection as a transport of ureq, below its TLS.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) tcp: Tcp,
    buffers: LazyBuffers,
}

impl Socket {
    pub(super) fn new(tcp: Tcp) -> Self {
        Self { tcp, buffers: LazyBuffers::new(INPUT_BUFFER, OUTPUT_BUFFER) }
    }
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let output = &self.buffers.output()[..amount];
        Ok(current(|exchange| self.tcp.send(exchange, output))??)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let free = self.buffers.input_append_buf();
        let received = current(|exchange| self.tcp.receive(exchange, free))??;
        self.buffers.input_appended(received);
        Ok(received > 0)
    }

    /// Whether the peer has closed it is checked by the `Connection` on top, which sees the stream inside TLS.
    fn is_open(&mut self) -> bool {
        self.tcp.send_error.is_none()
    }
}
