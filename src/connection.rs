//! A connection to a server: opened directly or through a proxy's tunnel, with or without TLS on it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use zeroize::{Zeroize, Zeroizing};

use crate::error::Phase;
use crate::framing::{Flaw, Head, LONGEST_HEAD};
use crate::proxy::{Origin, Proxy};
use crate::socket::{Limits, Socket, Stop};
use crate::tls::{Refusal, Session, Tls, TlsStop};

/// Why something did not go through a connection.
#[derive(Debug)]
pub(crate) enum Problem {
    Stop(Stop),
    /// TLS was refused, a certificate above all.
    Tls(Refusal),
    /// The proxy would not.
    Proxy(String),
    /// What came is not HTTP.
    Flaw(Flaw),
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Flaw> for Problem {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

impl From<TlsStop> for Problem {
    fn from(stop: TlsStop) -> Self {
        match stop {
            TlsStop::Stop(stop) => Self::Stop(stop),
            TlsStop::Refused(refusal) => Self::Tls(refusal),
        }
    }
}

/// What a connection is to be opened to.
pub(crate) struct Way<'a> {
    pub(crate) origin: Origin<'a>,
    pub(crate) proxy: Option<&'a Proxy>,
    /// Those of the proxy, if there is one.
    pub(crate) addresses: &'a [SocketAddr],
    pub(crate) user_agent: &'a str,
}

/// An open connection.
pub(crate) struct Connection {
    socket: Socket,
    tls: Option<Box<Session>>,
    /// What was received and not yet taken: `input[begin..end]`.
    input: Box<[u8]>,
    begin: usize,
    end: usize,
    /// The server has ended the stream.
    ended: bool,
    output: Vec<u8>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("socket", &self.socket)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, asks the proxy for a tunnel if there is one, and shakes hands.
    pub(crate) fn open(
        way: &Way<'_>,
        tls: &Tls,
        limits: Limits,
        phase: &mut Phase,
    ) -> Result<Self, Problem> {
        *phase = Phase::Connect;
        let mut connection = Self {
            socket: Socket::connect(way.addresses, limits)?,
            tls: None,
            input: vec![0; LONGEST_HEAD].into_boxed_slice(),
            begin: 0,
            end: 0,
            ended: false,
            output: Vec::new(),
        };
        if let Some(proxy) = way.proxy {
            connection.ask_for_tunnel(way, proxy, limits)?;
        }
        if way.origin.secure {
            *phase = Phase::Tls;
            let session = tls.connect(way.origin.host, &connection.socket, limits)?;
            connection.tls = Some(Box::new(session));
        }
        Ok(connection)
    }

    fn ask_for_tunnel(
        &mut self,
        way: &Way<'_>,
        proxy: &Proxy,
        limits: Limits,
    ) -> Result<(), Problem> {
        let target = way.origin.host_and_port();
        let mut request = Zeroizing::new(String::with_capacity(4096));
        for part in ["CONNECT ", &target, " HTTP/1.1\r\nHost: ", &target, "\r\nUser-Agent: "] {
            request.push_str(part);
        }
        request.push_str(way.user_agent);
        if let Some(authorization) = proxy.authorization() {
            for part in ["\r\nProxy-Authorization: ", authorization] {
                request.push_str(part);
            }
        }
        request.push_str("\r\n\r\n");
        self.socket.send(request.as_bytes(), limits)?;
        let head = loop {
            match self.receive_head(limits) {
                Ok(head) if head.is_interim() => {}
                Ok(head) => break head,
                Err(Problem::Flaw(flaw)) => {
                    return Err(Problem::Proxy(format!("the proxy's answer: {flaw}")));
                }
                Err(Problem::Stop(Stop::Failed(error)))
                    if error.kind() == io::ErrorKind::UnexpectedEof =>
                {
                    return Err(Problem::Proxy("the proxy hung up without an answer".to_owned()));
                }
                Err(problem) => return Err(problem),
            }
        };
        match head.status {
            200..=299 if self.begin == self.end => Ok(()),
            // The server waits for us to begin.
            200..=299 => Err(Problem::Proxy("the proxy said more than its answer".to_owned())),
            status => Err(Problem::Proxy(format!("the proxy answered with status {status}"))),
        }
    }

    /// Sends what `write` puts into a buffer that is wiped afterwards, then more, if there is more.
    ///
    /// `size` is what `write` needs at most: a buffer that grew would leave a copy of it behind.
    pub(crate) fn send(
        &mut self,
        size: usize,
        write: impl FnOnce(&mut Vec<u8>),
        more: &[u8],
        limits: Limits,
    ) -> Result<(), Problem> {
        self.output.reserve_exact(size);
        let room = self.output.capacity();
        write(&mut self.output);
        debug_assert_eq!(room, self.output.capacity(), "the buffer had to grow");
        let result =
            Self::send_through(&self.socket, self.tls.as_deref_mut(), &self.output, limits)
                .and_then(|()| {
                    Self::send_through(&self.socket, self.tls.as_deref_mut(), more, limits)
                });
        self.output.as_mut_slice().zeroize();
        self.output.clear();
        result
    }

    fn send_through(
        socket: &Socket,
        tls: Option<&mut Session>,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<(), Problem> {
        if bytes.is_empty() {
            return Ok(());
        }
        match tls {
            Some(session) => Ok(session.send(bytes, socket, limits)?),
            None => Ok(socket.send(bytes, limits)?),
        }
    }

    /// Waits for a whole head, of an answer or of an interim one.
    pub(crate) fn receive_head(&mut self, limits: Limits) -> Result<Head, Problem> {
        loop {
            if self.begin < self.end {
                if let Some((length, head)) = Head::parse(&self.input[self.begin..self.end])? {
                    self.begin += length;
                    return Ok(head);
                }
            }
            if self.begin > 0 {
                self.input.copy_within(self.begin..self.end, 0);
                (self.begin, self.end) = (0, self.end - self.begin);
            }
            // A head that does not fit is too long: the parser has said so.
            let end = self.end;
            let count = Self::receive_through(
                &self.socket,
                self.tls.as_deref_mut(),
                &mut self.input[end..],
                limits,
            )?;
            if count == 0 {
                return Err(Stop::Failed(io::ErrorKind::UnexpectedEof.into()).into());
            }
            self.end += count;
        }
    }

    /// Waits for what comes; 0 at the end of the stream.
    pub(crate) fn receive(&mut self, into: &mut [u8], limits: Limits) -> Result<usize, Problem> {
        let ready = &self.input[self.begin..self.end];
        if ready.is_empty() {
            return Self::receive_through(&self.socket, self.tls.as_deref_mut(), into, limits);
        }
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.begin += count;
        Ok(count)
    }

    /// Waits until something is there and shows it; nothing at the end of the stream.
    pub(crate) fn look(&mut self, limits: Limits) -> Result<&[u8], Problem> {
        if self.begin == self.end {
            self.begin = 0;
            self.end = Self::receive_through(
                &self.socket,
                self.tls.as_deref_mut(),
                &mut self.input,
                limits,
            )?;
            self.ended = self.end == 0;
        }
        Ok(&self.input[self.begin..self.end])
    }

    /// Takes so much of what [`look`](Self::look) has shown.
    pub(crate) fn take(&mut self, count: usize) {
        self.begin += count;
    }

    fn receive_through(
        socket: &Socket,
        tls: Option<&mut Session>,
        into: &mut [u8],
        limits: Limits,
    ) -> Result<usize, Problem> {
        match tls {
            Some(session) => Ok(session.receive(into, socket, limits)?),
            None => Ok(socket.receive(into, limits)?),
        }
    }

    /// Tells whether anything has been heard of the server, or has happened to the connection, since the last answer.
    pub(crate) fn is_quiet(&mut self, limits: Limits) -> bool {
        match &mut self.tls {
            Some(session) => session.is_quiet(&self.socket, limits),
            None => self.socket.is_quiet(),
        }
    }

    /// Tells whether everything that came has been taken.
    pub(crate) fn is_drained(&self) -> bool {
        self.begin == self.end
    }

    /// Tells whether another request can be sent: what is there beyond the answer, nobody asked for.
    pub(crate) fn can_go_on(&self) -> bool {
        self.is_drained() && !self.ended
    }

    /// Leaves nothing of what was received in memory.
    pub(crate) fn wipe(&mut self) {
        self.input.zeroize();
        (self.begin, self.end) = (0, 0);
    }
}
