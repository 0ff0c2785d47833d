//! A scripted listener: it records every request and answers the API's in the order of the script. Token requests
//! have a script of their own.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sinch_numbers::{Client, ClientBuilder, Credentials};

/// What happens to one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Bytes as they are, after which the connection stays open.
    Raw(Vec<u8>),
    /// Bytes as they are, after which the connection is closed.
    RawThenClose(Vec<u8>),
    /// Nothing is answered; the connection stays open until the server is dropped.
    Stall,
}

/// A response with a status, headers (each with its line end) and a body.
pub(crate) fn response_with(status: u16, headers: &str, body: &str) -> Act {
    response_bytes(status, headers, body.as_bytes())
}

/// The same with a body that need not be text.
pub(crate) fn response_bytes(status: u16, headers: &str, body: &[u8]) -> Act {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n");
    Act::Raw([head.as_bytes(), body].concat())
}

pub(crate) fn response(status: u16, body: &str) -> Act {
    response_with(status, "Content-Type: application/json\r\n", body)
}

pub(crate) fn ok(body: &str) -> Act {
    response(200, body)
}

pub(crate) fn token(text: &str) -> Act {
    ok(&format!(
        r#"{{"access_token":"{text}","token_type":"bearer","expires_in":3599,"scope":""}}"#
    ))
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice");
        value
    }
}

#[derive(Default)]
struct Shared {
    api: Mutex<Script>,
    tokens: Mutex<Script>,
    /// Of updates, if they have one of their own.
    updates: Mutex<Script>,
    connections: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

#[derive(Default)]
struct Script {
    acts: Vec<Act>,
    requests: Vec<Recorded>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Plays the acts in order, the last one again and again. Every token request gets a token.
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::with_tokens(acts, [token("token-1")])
    }

    pub(crate) fn with_tokens(
        acts: impl IntoIterator<Item = Act>,
        tokens: impl IntoIterator<Item = Act>,
    ) -> Self {
        Self::with_scripts(acts, tokens, [])
    }

    /// The same, with a script for updates alone, if it is not empty.
    pub(crate) fn with_scripts(
        acts: impl IntoIterator<Item = Act>,
        tokens: impl IntoIterator<Item = Act>,
        updates: impl IntoIterator<Item = Act>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        shared.api.lock().unwrap().acts = acts.into_iter().collect();
        shared.tokens.lock().unwrap().acts = tokens.into_iter().collect();
        shared.updates.lock().unwrap().acts = updates.into_iter().collect();
        let accepting = Some(thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while let Ok((socket, _)) = listener.accept() {
                    if shared.stopping.load(Ordering::SeqCst) {
                        break;
                    }
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    shared.open.lock().unwrap().push(socket.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || serve(&shared, &socket));
                }
            }
        }));
        Self { url, shared, accepting }
    }

    /// A builder for a client of this server, with OAuth2.
    pub(crate) fn builder(&self) -> ClientBuilder {
        self.builder_with(Credentials::oauth2("key-id", "key-secret"))
    }

    pub(crate) fn builder_with(&self, credentials: Credentials) -> ClientBuilder {
        Client::builder("project-1", credentials).base_url(&self.url).auth_url(&self.url)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// A client that asks once and shows Basic credentials: each call is one request, and a 401 is final.
    pub(crate) fn plain_client(&self) -> Client {
        let builder = self.builder_with(Credentials::basic("key-id", "key-secret"));
        builder.max_attempts(1).build().unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.shared.api.lock().unwrap().requests.clone()
    }

    pub(crate) fn token_requests(&self) -> Vec<Recorded> {
        self.shared.tokens.lock().unwrap().requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Closes every connection that is open, as a server does with idle ones.
    pub(crate) fn close_connections(&self) {
        for socket in self.shared.open.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.close_connections();
        let _ = TcpStream::connect(self.url.strip_prefix("http://").unwrap());
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn serve(shared: &Shared, socket: &TcpStream) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let of_updates = !shared.updates.lock().unwrap().acts.is_empty();
        let script = match request.method.as_str() {
            "PATCH" if of_updates => &shared.updates,
            _ if request.target == "/oauth2/token" => &shared.tokens,
            _ => &shared.api,
        };
        let act = {
            let mut script = script.lock().unwrap();
            let act = script.acts[script.requests.len().min(script.acts.len() - 1)].clone();
            script.requests.push(request);
            act
        };
        match act {
            Act::Raw(bytes) => {
                if (&*socket).write_all(&bytes).is_err() {
                    return;
                }
            }
            Act::RawThenClose(bytes) => {
                let _ = (&*socket).write_all(&bytes);
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
            Act::Stall => {
                while !shared.stopping.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
                return;
            }
        }
    }
}

pub(crate) fn read_request(reader: &mut impl BufRead) -> Option<Recorded> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Recorded { method, target, headers, body: String::new() };
    assert_eq!(request.header("transfer-encoding"), None, "bodies have a length");
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}
