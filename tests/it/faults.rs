//! A listener that breaks connections: each connection plays a script of steps, at any byte and with any timing that the test
//! wants. It knows nothing of HTTP but where a request ends.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sinch_numbers::{Client, ClientBuilder, Credentials};
use socket2::SockRef;

/// One step of a connection's script. After the last one the connection is held open, and what comes is read and dropped.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads a whole request (a head, and as many bytes as it announces) and records it.
    Request,
    /// Reads so many bytes.
    Read(usize),
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
    /// Lets time pass.
    Pause(Duration),
    /// Waits until the gate is opened.
    Await(Gate),
}

/// Sends text.
pub(crate) fn send(text: impl Into<Vec<u8>>) -> Step {
    Step::Send(text.into())
}

/// An answer with a length, after which the connection stays open.
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

    fn pass(&self, stopping: &AtomicBool) {
        let mut open = self.0.0.lock().unwrap();
        while !*open && !stopping.load(Ordering::SeqCst) {
            open = self.0.1.wait_timeout(open, Duration::from_millis(20)).unwrap().0;
        }
    }
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    /// Connections that the client has not closed yet, as far as the listener has seen.
    held: AtomicUsize,
    requests: Mutex<Vec<String>>,
    sent: AtomicUsize,
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
        let scripts: Vec<Vec<Step>> = scripts.into_iter().collect();
        assert!(!scripts.is_empty());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
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

    /// How many bytes were sent.
    pub(crate) fn bytes_sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Checks that the client comes to hold no more than so many connections: the others it must close, or it leaks
    /// descriptors.
    pub(crate) fn assert_held(&self, at_most: usize, row: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let held = self.shared.held.load(Ordering::SeqCst);
            if held <= at_most {
                return;
            }
            assert!(Instant::now() < until, "{row}: {held} connections are still open");
            thread::sleep(Duration::from_millis(1));
        }
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
        let write = |mut socket: &TcpStream, bytes: &[u8]| {
            let written = socket.write_all(bytes).is_ok();
            shared.sent.fetch_add(bytes.len(), Ordering::SeqCst);
            written
        };
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
            Step::Pause(time) => {
                thread::sleep(time);
                true
            }
            Step::Await(gate) => {
                gate.pass(&shared.stopping);
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
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let whole = end + 4 + length.map_or(0, |length| length.trim().parse().unwrap());
            if unread.len() >= whole {
                let rest = unread.split_off(whole);
                let request = std::mem::replace(unread, rest);
                return Some(String::from_utf8(request).unwrap());
            }
        }
        match socket.read(&mut piece) {
            Ok(count) if count > 0 => unread.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}
