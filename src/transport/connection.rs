//! The connection that ureq sends requests over, on top of TCP or TLS. It adds the credentials to a request, limits the size of
//! everything before the body of a response, and decides whether the connection is used again.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use crate::error::Phase;

use super::INPUT_BUFFER;
use super::exchange::{Exchange, current};
use super::failure::ConnectionError;
use super::head::{Head, interim_length};
use super::input::Input;
use super::socket::Tcp;

/// The longest idle time after which a write still uses a connection. If the server closes it at that moment, it is unknown
/// whether the write was applied, and it is not sent again.
const MAX_IDLE_FOR_WRITES: Duration = Duration::from_secs(5);
/// The maximum size of interim responses and the head together.
const MAX_BEFORE_BODY: usize = 64 * 1024;
/// Output is buffered up to this size, so that a head and a small body go out together.
const MAX_BUFFERED: usize = 64 * 1024;

/// The size of a read while reads fill their buffers.
const LARGE_READ: usize = 64 * 1024;

/// When an idle connection is not used again.
#[derive(Debug)]
pub(super) struct ReusePolicy {
    pub(super) max_age: Duration,
    /// Set when a connection had died unnoticed: those that have been idle since before are presumed dead as well.
    pub(super) dead_before: Mutex<Option<Instant>>,
}

impl ReusePolicy {
    fn is_presumed_dead(&self, idle_since: Instant) -> bool {
        let dead = self.dead_before.lock().unwrap_or_else(PoisonError::into_inner);
        dead.is_some_and(|dead| idle_since < dead)
    }

    pub(super) fn presume_dead(&self, before: Instant) {
        *self.dead_before.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    }
}

/// How far the exchange on a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is none.
    Idle,
    /// The request is being sent, or no byte of a response has come.
    Request,
    /// The head of the response is being received.
    Head,
    Body,
}

/// The stream below a connection.
#[derive(Debug)]
pub(super) enum Stream {
    /// Without buffers in between.
    Tcp(Tcp),
    Tls(Box<dyn Transport>),
}

impl Stream {
    /// Sends all of it.
    fn send(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
        timeout: NextTimeout,
    ) -> Result<(), Error> {
        let tls = match self {
            Self::Tcp(tcp) => return Ok(tcp.send(exchange, bytes)?),
            Self::Tls(tls) => tls,
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let output = tls.buffers().output();
            let (now, later) = rest.split_at(rest.len().min(output.len()));
            output[..now.len()].copy_from_slice(now);
            let sent = tls.transmit_output(now.len(), timeout);
            // Wipes the credentials. The buffer is used again, so a compiler cannot leave this out.
            tls.buffers().output()[..now.len()].fill(0);
            sent?;
            rest = later;
        }
        Ok(())
    }

    /// Waits for input and appends it; returns the number of bytes: 0 at the end of the stream.
    fn receive(
        &mut self,
        exchange: &Exchange,
        input: &mut Input,
        timeout: NextTimeout,
    ) -> Result<usize, Error> {
        match self {
            Self::Tcp(tcp) => {
                let size = if tcp.expects_more() { LARGE_READ } else { INPUT_BUFFER };
                let received = tcp.receive(exchange, input.free(size))?;
                input.end += received;
                Ok(received)
            }
            Self::Tls(tls) => {
                tls.await_input(timeout)?;
                let buffers = tls.buffers();
                let received = buffers.input().len();
                input.push(buffers.input());
                buffers.input_consume(received);
                Ok(received)
            }
        }
    }
}

/// A connection that ureq sends requests over.
pub(super) struct Connection {
    stream: Stream,
    reuse: Arc<ReusePolicy>,
    opened: Instant,
    idle_since: Instant,
    state: State,
    /// Whether another request may follow the response.
    keep_alive: bool,
    /// Output of ureq that is not sent yet: `output[..buffered]`.
    output: Vec<u8>,
    buffered: usize,
    input: Input,
    /// The number of bytes received before the body.
    before_body: usize,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(stream: Stream, reuse: Arc<ReusePolicy>) -> Self {
        let now = Instant::now();
        Self {
            stream,
            reuse,
            opened: now,
            idle_since: now,
            state: State::Idle,
            keep_alive: true,
            output: Vec::new(),
            buffered: 0,
            input: Input::default(),
            before_body: 0,
        }
    }

    /// Begins a request: checks that the first output is its request line, and adds the credentials behind it.
    fn begin(&mut self, exchange: &Exchange, amount: usize) -> Result<usize, ConnectionError> {
        const UNEXPECTED: ConnectionError =
            ConnectionError::Protocol("ureq's output does not begin with the request line");
        let version = b" HTTP/1.1\r\n";
        let method = exchange.method.as_str();
        let line = method.len() + 1 + exchange.target_length + version.len();
        let output = &self.output[..amount];
        let is_request = output.starts_with(method.as_bytes())
            && output.get(line - version.len()..line) == Some(version);
        if !is_request {
            return Err(UNEXPECTED);
        }
        let header: [&[u8]; 3] = [b"Authorization: ", exchange.authorization.as_bytes(), b"\r\n"];
        let length = header.iter().map(|part| part.len()).sum::<usize>();
        // The buffer was made with room for it.
        if self.output.len() < amount + length {
            return Err(UNEXPECTED);
        }
        self.output.copy_within(line..amount, line + length);
        let mut at = line;
        for part in header {
            self.output[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        (self.state, self.keep_alive, self.before_body) = (State::Request, true, 0);
        Ok(amount + length)
    }

    /// Sends the buffered output.
    fn flush(&mut self, exchange: &Exchange, timeout: NextTimeout) -> Result<(), Error> {
        if self.buffered == 0 {
            return Ok(());
        }
        exchange.begin_to_send();
        let buffered = std::mem::take(&mut self.buffered);
        let result = self.stream.send(exchange, &self.output[..buffered], timeout);
        // Wipes the credentials, as above.
        self.output[..buffered].fill(0);
        result
    }

    fn receive(&mut self, exchange: &Exchange, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(exchange, timeout)?;
        if self.state == State::Request {
            exchange.phase.set(Phase::Wait);
        }
        if self.state == State::Head && self.before_body > MAX_BEFORE_BODY {
            return Err(ConnectionError::TooBig("its heads are too long").into());
        }
        if self.state == State::Body {
            // ureq consumes all of a body but an incomplete line.
            if self.input.unconsumed().len() > MAX_BEFORE_BODY {
                return Err(ConnectionError::TooBig("a line between chunks is too long").into());
            }
            if self.input.waits_for_lf() {
                // ureq would wait for it until the deadline.
                let what = "a line between chunks has a bare CR";
                return Err(ConnectionError::Protocol(what).into());
            }
        }
        let received = self.stream.receive(exchange, &mut self.input, timeout)?;
        exchange.ended.set(received == 0);
        if self.state == State::Request && received > 0 {
            self.state = State::Head;
            exchange.response_begun.set(true);
        }
        if self.state == State::Head {
            self.before_body += received;
            while let Some(length) = interim_length(self.input.unconsumed()) {
                self.input.consume(length);
            }
        }
        Ok(received > 0)
    }

    /// Reads the head of the response, and decides whether another request may follow.
    fn read_head(&mut self, length: usize) {
        self.state = State::Body;
        let head = Head::of(&self.input.unconsumed()[..length]);
        let write = current(|exchange| exchange.write).unwrap_or(true);
        self.keep_alive = !(head.has_both_lengths || write && head.leaves_outcome_open());
    }

    /// Tells whether the peer has neither closed the stream nor sent anything. What TLS itself exchanges, session tickets
    /// for example, does not count.
    fn is_silent(&mut self, exchange: &Exchange) -> bool {
        exchange.no_wait.set(true);
        exchange.would_block.set(false);
        let input = self.stream.receive(exchange, &mut self.input, NextTimeout::default());
        exchange.no_wait.set(false);
        input.is_err() && exchange.would_block.get()
    }

    /// Decides whether an idle connection serves the request.
    fn is_usable(&mut self, exchange: &Exchange) -> bool {
        let usable = self.opened.elapsed() < self.reuse.max_age
            && !self.reuse.is_presumed_dead(self.idle_since)
            && !(exchange.write && self.idle_since.elapsed() > MAX_IDLE_FOR_WRITES)
            && self.is_silent(exchange);
        exchange.reused.set(usable);
        usable
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let sent = current(|exchange| {
            let amount = match self.state {
                State::Idle => self.begin(exchange, amount)?,
                _ => amount,
            };
            self.buffered += amount;
            if self.buffered >= MAX_BUFFERED { self.flush(exchange, timeout) } else { Ok(()) }
        });
        sent?.map_err(as_other)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        current(|exchange| self.receive(exchange, timeout))?.map_err(as_other)
    }

    /// Called twice: when the response has been read, and when the connection is to be used again.
    fn is_open(&mut self) -> bool {
        let open = current(|exchange| {
            if self.state == State::Idle {
                return self.is_usable(exchange);
            }
            (self.state, self.idle_since) = (State::Idle, Instant::now());
            self.keep_alive && !exchange.send_failed.get()
        });
        open.unwrap_or(false)
    }

    fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

/// Wraps an I/O error in `Error::Other`: ureq takes some kinds of `Error::Io` for the regular end of a body.
fn as_other(error: Error) -> Error {
    match error {
        Error::Io(error) => ConnectionError::Io(error).into(),
        error => error,
    }
}

impl Buffers for Connection {
    fn output(&mut self) -> &mut [u8] {
        let (wanted, spare) = current(|exchange| {
            // Other headers take less than 1 KiB, the user agent included.
            let head = exchange.target_length + 1024;
            let body = exchange.body_length.clamp(1, MAX_BUFFERED);
            let credentials = exchange.authorization.len() + 32;
            if self.state == State::Idle { (head + body, credentials) } else { (body, 0) }
        })
        .unwrap_or((1, 0));
        let end = self.buffered + wanted;
        if self.output.len() < end + spare {
            self.output.resize(end + spare, 0);
        }
        &mut self.output[self.buffered..end]
    }

    fn input(&self) -> &[u8] {
        self.input.unconsumed()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.input.free(1)
    }

    fn input_appended(&mut self, amount: usize) {
        self.input.end += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        if amount > 0 && self.state == State::Head {
            self.read_head(amount);
        } else if amount > 0 {
            let _ = current(|exchange| exchange.body_begun.set(true));
        }
        self.input.progress = amount > 0;
        self.input.consume(amount);
    }

    /// The first buffer is for chunked requests, of which there are none.
    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        (&mut [], self.output())
    }

    fn can_use_input(&self) -> bool {
        self.input.progress && !self.input.unconsumed().is_empty()
    }
}
