//! A listener that records requests byte by byte, and reads what arrived.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// A listener that answers each request with `{}` and keeps it as the bytes that it was.
pub(super) struct Raw {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Raw {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let noted = Arc::clone(&requests);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || note(socket, &noted));
            }
        });
        Self { url, requests }
    }

    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Cuts a connection's bytes into requests: a head, and as many bytes as its first `Content-Length` says. Bytes that would be more
/// than was asked for are a request of their own.
fn note(mut socket: TcpStream, noted: &Mutex<Vec<Vec<u8>>>) {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let whole = find(&bytes, b"\r\n\r\n").map(|end| {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
            end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap())
        });
        if let Some(length) = whole.filter(|length| bytes.len() >= *length) {
            let rest = bytes.split_off(length);
            noted.lock().unwrap().push(std::mem::replace(&mut bytes, rest));
            let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            if socket.write_all(response).is_err() {
                return;
            }
            continue;
        }
        match socket.read(&mut piece) {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ if bytes.is_empty() => return,
            // What never became a request: it is not to get lost.
            _ => return noted.lock().unwrap().push(bytes),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What arrives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) line: String,
    pub(super) authorization: String,
    pub(super) user_agent: String,
    pub(super) body: Value,
}

/// Reads a request that was recorded; an error says what does not belong there.
pub(super) fn arrived(bytes: &[u8]) -> Result<Sent, String> {
    let end = find(bytes, b"\r\n\r\n").ok_or("no head")?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "a head that is not UTF-8")?;
    let body = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let mut headers: Vec<(String, &str)> = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value)
        })
        .collect();
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let wanted: &[&str] = if line.starts_with("GET") {
        &["accept", "accept-encoding", "authorization", "host", "user-agent"]
    } else {
        &[
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
        ]
    };
    if names != wanted {
        return Err(format!("headers {names:?}"));
    }
    if head.bytes().any(|b| b.is_ascii_control() && !b"\r\n".contains(&b))
        || head.matches(['\r', '\n']).count() != 2 * (names.len())
        || body.iter().any(u8::is_ascii_control) && body.iter().any(|b| *b < 0x20)
    {
        return Err(format!("control characters in {head:?} or behind it"));
    }
    let value = |name: &str| {
        headers.iter().find(|(key, _)| key == name).map(|(_, value)| (*value).to_owned()).unwrap()
    };
    Ok(Sent {
        line,
        authorization: value("authorization"),
        user_agent: value("user-agent"),
        body: match body {
            [] => Value::Null,
            body => serde_json::from_slice(body).map_err(|error| error.to_string())?,
        },
    })
}
