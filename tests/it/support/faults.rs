//! A listener that breaks connections: each connection plays a script of steps, at any byte and with any timing that the test
//! wants. It knows nothing of HTTP but where a request ends.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sinch_numbers::{Client, ClientBuilder, Credentials};
use socket2::{Domain, SockRef, Socket, Type};

/// One step of a connection's script. After the last one the connection is held open, and what comes is read and dropped.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads a whole request (a head, and as many bytes as it announces) and records it.
    Request,
    /// Reads so many bytes.
    Read(usize),
    /// Reads the head of a request, and what comes with it.
    Head,
    /// Sends bytes as they are.
    Send(Vec<u8>),
    /// Sends bytes one by one, with a pause before each.
    Drip(Vec<u8>, Duration),
    /// Sends the same bytes again and again, so many times or until the client hangs up.
    Flood(Vec<u8>, u64),
    /// Ends the stream in order: FIN, after which what comes is still read.
    End,
    /// Closes at once without reading what is there.
    Drop,
    /// Resets the connection: RST, whatever is under way.
    Reset,
    /// Waits until the gate is opened.
    Await(Gate),
    /// Opens a gate, for the test to know how far the connection has come.
    Open(Gate),
}

/// Sends text.
pub(crate) fn send(text: impl Into<Vec<u8>>) -> Step {
    Step::Send(text.into())
}

/// A response with a length, after which the connection stays open.
pub(crate) fn reply(status: u16, body: &str) -> Step {
    send(format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// Opened once by the test, for all who wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn wait(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |open| !*open).unwrap());
    }

    fn pass(&self, stopping: &AtomicBool) {
        let mut open = self.0.0.lock().unwrap();
        while !*open && !stopping.load(Ordering::SeqCst) {
            open = self.0.1.wait_timeout(open, Duration::from_millis(20)).unwrap().0;
        }
    }
}

/// The client's end of a connection, as its system sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientEnd {
    /// All is well, and everything was read.
    Open,
    /// Something came that was not read.
    Unread,
    /// The server ended the stream.
    Ended,
    /// Reset, or closed.
    Gone,
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    /// Connections that the client has not closed yet, as far as the listener has seen.
    held: AtomicUsize,
    requests: Mutex<Vec<String>>,
    open: Mutex<HashMap<usize, TcpStream>>,
    stopping: AtomicBool,
}

pub(crate) struct Faults {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Faults {
    /// The n-th connection plays the n-th script, those after the last one the last.
    pub(crate) fn new(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), scripts)
    }

    /// The same, with so little room for what was not read yet that it is soon full.
    pub(crate) fn reading_slowly(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        SockRef::from(&listener).set_recv_buffer_size(4096).unwrap();
        Self::on(listener, scripts)
    }

    fn on(listener: TcpListener, scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let scripts: Vec<Vec<Step>> = scripts.into_iter().collect();
        assert!(!scripts.is_empty());
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let accepting = Some(thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while let Ok((socket, _)) = listener.accept() {
                    if shared.stopping.load(Ordering::SeqCst) {
                        break;
                    }
                    let index = shared.accepted.fetch_add(1, Ordering::SeqCst);
                    let script = scripts[index.min(scripts.len() - 1)].clone();
                    shared.held.fetch_add(1, Ordering::SeqCst);
                    shared.open.lock().unwrap().insert(index, socket.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        play(&shared, index, socket, script);
                        shared.held.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            }
        }));
        Self { port, shared, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A builder for a client with Basic authentication, so that no token request comes between.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder("project-1", Credentials::basic("key-id", "key-secret"))
            .base_url(self.url())
            .auth_url(self.url())
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The requests that [`Step::Request`] read, in the order in which they were complete: head and body as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The method of each request, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        let method = |request: &String| request.split(' ').next().unwrap().to_owned();
        self.requests().iter().map(method).collect()
    }

    /// Waits until the client's system knows what became of its connections, in order to test what the client itself makes of it:
    /// each must look like this.
    pub(crate) fn wait_for(&self, end: ClientEnd) {
        let until = Instant::now() + Duration::from_secs(20);
        let seen = || {
            let ends = self.client_ends();
            match end {
                ClientEnd::Gone => ends.is_empty(),
                _ => !ends.is_empty() && ends.iter().all(|found| *found == end),
            }
        };
        while !seen() {
            assert!(Instant::now() < until, "{end:?}: {:?}", self.client_ends());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn client_ends(&self) -> Vec<ClientEnd> {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let to_us = format!("0100007F:{:04X}", self.port);
        let end = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let unread = !fields[4].ends_with(":00000000");
            match fields[3] {
                _ if fields[2] != to_us => None,
                "01" if unread => Some(ClientEnd::Unread),
                "01" => Some(ClientEnd::Open),
                "08" => Some(ClientEnd::Ended),
                // On its way out of this world.
                _ => None,
            }
        };
        // The table is long where much has been tested.
        table.lines().filter(|line| line.contains(&to_us)).filter_map(end).collect()
    }

    /// Checks that the client comes to hold no more than so many connections: the others it must close, or it leaks
    /// descriptors.
    pub(crate) fn assert_held(&self, at_most: usize, row: &str) {
        self.check_held(at_most).unwrap_or_else(|held| panic!("{row}: {held}"));
    }

    /// The same, for tables that tell all that is wrong at once.
    pub(crate) fn check_held(&self, at_most: usize) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let held = self.shared.held.load(Ordering::SeqCst);
            if held <= at_most {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(format!("{held} connections are still open"));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A listener where connecting takes for ever, as at an address that no route leads to: nobody accepts, and the queue of those
/// who wait for it is full.
pub(crate) struct Unresponsive {
    pub(crate) listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Unresponsive {
    pub(crate) fn at(address: &str) -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&address.parse::<SocketAddr>().unwrap().into()).unwrap();
        listener.listen(1).unwrap();
        let listener = TcpListener::from(listener);
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(200);
        let waiting = std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok());
        let waiting: Vec<_> = waiting.take(100).collect();
        assert!(waiting.len() < 100, "the queue is never full");
        Self { listener, _waiting: waiting }
    }

    /// From now on it takes connections, and says nothing.
    pub(crate) fn revive(&self) {
        self.listener.set_nonblocking(true).unwrap();
        std::mem::forget(std::iter::from_fn(|| self.listener.accept().ok()).collect::<Vec<_>>());
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for socket in self.shared.open.lock().unwrap().values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// Plays a script to its end, or until the client hangs up; returns when the client has closed the connection, or has
/// nothing left to close.
fn play(shared: &Shared, index: usize, mut socket: TcpStream, script: Vec<Step>) {
    let mut unread = Vec::new();
    let stopping = || shared.stopping.load(Ordering::SeqCst);
    for step in script {
        let write = |mut socket: &TcpStream, bytes: &[u8]| socket.write_all(bytes).is_ok();
        let goes_on = match step {
            Step::Request => match read_request(&mut socket, &mut unread) {
                Some(request) => {
                    shared.requests.lock().unwrap().push(request);
                    true
                }
                None => false,
            },
            Step::Read(count) => {
                let mut bytes = vec![0; count];
                socket.read_exact(&mut bytes).is_ok()
            }
            Step::Head => read_until(&mut socket, &mut unread, |unread| {
                unread.windows(4).position(|four| four == b"\r\n\r\n")
            })
            .is_some(),
            Step::Send(bytes) => write(&socket, &bytes),
            Step::Drip(bytes, pause) => bytes.iter().all(|byte| {
                thread::sleep(pause);
                !stopping() && write(&socket, &[*byte])
            }),
            Step::Flood(bytes, times) => (0..times).all(|_| !stopping() && write(&socket, &bytes)),
            Step::End => socket.shutdown(Shutdown::Write).is_ok(),
            Step::Drop => {
                // The copy that is kept for stopping would keep the connection alive.
                shared.open.lock().unwrap().remove(&index);
                return;
            }
            Step::Reset => {
                SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
                shared.open.lock().unwrap().remove(&index);
                return;
            }
            Step::Await(gate) => {
                gate.pass(&shared.stopping);
                true
            }
            Step::Open(gate) => {
                gate.open();
                true
            }
        };
        if !goes_on || stopping() {
            break;
        }
    }
    let _ = std::io::copy(&mut socket, &mut std::io::sink());
    shared.open.lock().unwrap().remove(&index);
}

/// Reads a request, and keeps what comes behind it.
fn read_request(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    let whole = read_until(socket, unread, |unread| {
        let end = unread.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let whole = end + 4 + length.map_or(0, |length| length.trim().parse().unwrap());
        (unread.len() >= whole).then_some(whole)
    })?;
    let rest = unread.split_off(whole);
    let request = std::mem::replace(unread, rest);
    Some(String::from_utf8(request).unwrap())
}

/// Reads until what was read holds what is looked for.
fn read_until<T>(
    socket: &mut TcpStream,
    unread: &mut Vec<u8>,
    look: impl Fn(&[u8]) -> Option<T>,
) -> Option<T> {
    let mut piece = [0; 4096];
    loop {
        if let Some(found) = look(unread) {
            return Some(found);
        }
        match socket.read(&mut piece) {
            Ok(count) if count > 0 => unread.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}
