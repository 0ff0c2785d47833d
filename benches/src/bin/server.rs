//! The service on the loopback interface, so quick that it is never what is measured: a thread for each connection, every
//! body rendered before the first request, one write for each response.
//!
//! usage: server FOLDER
//!
//! The port `plain` is dead on `::1`: what is sent there gets no response, as from an address that no route leads to.
//! Writes the certificate authority to FOLDER/ca.pem and its ports as one line of JSON to stdout, then serves until its
//! stdin ends.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

const NUMBERS: usize = 100_000;
/// What the slow port takes for a response.
const SERVICE_TIME: Duration = Duration::from_millis(2);
const TOKEN: &str = r#"{"access_token":"eyJhbGciOiJSUzI1NiIsImtpZCI6IjE1In0.eyJpc3MiOiJodHRwczovL2F1dGguc2luY2guY29tIiwic3ViIjoiYmVuY2gifQ.c2lnbmF0dXJlLW9mLW5vLWltcG9ydGFuY2U","expires_in":3599,"scope":"","token_type":"bearer"}"#;

/// How a port behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Plain,
    Slow,
    Tls,
    /// Ends each connection after one response.
    TlsOnce,
}

const MANNERS: [(&str, Manner); 4] = [
    ("plain", Manner::Plain),
    ("slow", Manner::Slow),
    ("tls", Manner::Tls),
    ("once", Manner::TlsOnce),
];

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    requests: AtomicU64,
    resumed: AtomicU64,
}

/// All numbers, one after the other with commas between them.
struct Fleet {
    text: Vec<u8>,
    /// Where each begins; one more for the end.
    starts: Vec<usize>,
}

impl Fleet {
    fn new() -> Self {
        let (mut text, mut starts) = (Vec::new(), Vec::new());
        for index in 0..NUMBERS {
            starts.push(text.len());
            text.extend_from_slice(number(index).as_bytes());
            text.push(b',');
        }
        starts.push(text.len());
        Self { text, starts }
    }

    fn slice(&self, from: usize, to: usize) -> &[u8] {
        &self.text[self.starts[from]..self.starts[to] - 1]
    }
}

/// Every key that the service has. One number in ten is being provisioned.
fn number(index: usize) -> String {
    let busy = index.is_multiple_of(10);
    let kind = ["LOCAL", "MOBILE", "TOLL_FREE"][index % 3];
    let (sms_job, voice_job) = if busy {
        (
            format!(
                r#"{{"servicePlanId":"{index:032x}","campaignId":"CQ8ZLL2","status":"IN_PROGRESS","lastUpdatedTime":"2024-06-06T20:02:20.437509Z","errorCodes":["CAMPAIGN_NOT_AVAILABLE"]}}"#
            ),
            format!(
                r#"{{"type":"RTC","appId":"{index:08x}-6a7b-4c3d-9e0f-1a2b3c4d5e6f","status":"WAITING","lastUpdatedTime":"2024-06-06T20:02:20.437509Z"}}"#
            ),
        )
    } else {
        ("null".to_owned(), "null".to_owned())
    };
    format!(
        r#"{{"phoneNumber":"+1202{:07}","projectId":"51bc3f40-f266-4ca8-8938-a1ed0ff32b9a","displayName":"Front desk {index}, 2nd floor","regionCode":"US","type":"{kind}","capability":["SMS","VOICE"],"money":{{"currencyCode":"USD","amount":"0.80"}},"paymentIntervalMonths":1,"nextChargeDate":"2024-07-06T14:42:42.677575Z","expireAt":{},"smsConfiguration":{{"servicePlanId":"82b42acf74924bd687ef9fb212f2060c","campaignId":"CTPJVQ7","scheduledProvisioning":{sms_job}}},"voiceConfiguration":{{"type":"RTC","appId":"{index:08x}-f266-4ca8-8938-a1ed0ff32b9a","trunkId":"","serviceId":"","lastUpdatedTime":"2024-06-05T09:15:00.120000Z","scheduledVoiceProvisioning":{voice_job}}},"callbackUrl":"https://example.com/sinch/callbacks"}}"#,
        5_550_000 + index,
        if index.is_multiple_of(7) { r#""2024-12-31T00:00:00.000000Z""# } else { "null" },
    )
}

struct Service {
    fleet: Fleet,
    token: Vec<u8>,
    /// The response to every get.
    number: Vec<u8>,
    /// And with the end of the connection announced.
    last: Vec<u8>,
    counts: [Counts; MANNERS.len()],
    tls: Arc<ServerConfig>,
}

fn head(length: usize, more: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nDate: Thu, 06 Jun 2024 20:02:20 GMT\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    )
}

fn response(body: &str, more: &str) -> Vec<u8> {
    (head(body.len(), more) + body).into_bytes()
}

impl Service {
    fn new(tls: Arc<ServerConfig>) -> Self {
        let number = number(0);
        Self {
            fleet: Fleet::new(),
            token: response(TOKEN, ""),
            number: response(&number, ""),
            last: response(&number, "Connection: close\r\n"),
            counts: Default::default(),
            tls,
        }
    }

    fn stats(&self) -> String {
        let ports = MANNERS.iter().zip(&self.counts).map(|((name, _), counts)| {
            let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
            format!(
                r#""{name}":{{"connections":{},"requests":{},"resumed":{}}}"#,
                of(&counts.connections),
                of(&counts.requests),
                of(&counts.resumed)
            )
        });
        format!("{{{}}}", ports.collect::<Vec<_>>().join(","))
    }

    fn page(&self, target: &str, out: &mut impl Write) -> io::Result<()> {
        let of = |key: &str| {
            let at = target.find(key)? + key.len();
            let digits = target[at..].trim_start_matches("offset-");
            digits.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()
        };
        let from = of("pageToken=").unwrap_or(0).min(NUMBERS);
        let to = (from + of("pageSize=").unwrap_or(100)).min(NUMBERS);
        let items: &[u8] = if from < to { self.fleet.slice(from, to) } else { b"" };
        let next = if to < NUMBERS { format!("offset-{to:09}") } else { String::new() };
        let before = r#"{"activeNumbers":["#;
        let after = format!(r#"],"nextPageToken":"{next}","totalSize":{NUMBERS}}}"#);
        let head = head(before.len() + items.len() + after.len(), "") + before;
        let mut pieces =
            [IoSlice::new(head.as_bytes()), IoSlice::new(items), IoSlice::new(after.as_bytes())];
        let mut rest = &mut pieces[..];
        while !rest.is_empty() {
            let written = out.write_vectored(rest)?;
            IoSlice::advance_slices(&mut rest, written);
        }
        Ok(())
    }

    /// Answers the requests of a connection; its end is an end like any other.
    fn serve(&self, port: usize, stream: &mut (impl Read + Write)) -> io::Result<()> {
        let counts = &self.counts[port];
        let manner = MANNERS[port].1;
        let mut buffer = vec![0; 16 * 1024];
        let mut filled = 0;
        loop {
            let count = stream.read(&mut buffer[filled..])?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
            if !complete(&buffer[..filled]) {
                continue;
            }
            let line = buffer[..filled].split(|byte| *byte == b'\r').next().unwrap_or_default();
            let line = std::str::from_utf8(line).map_err(io::Error::other)?;
            filled = 0;
            counts.requests.fetch_add(1, Ordering::Relaxed);
            if line.contains("/activeNumbers/") {
                if manner == Manner::Slow {
                    thread::sleep(SERVICE_TIME);
                }
                if manner == Manner::TlsOnce {
                    return stream.write_all(&self.last);
                }
                stream.write_all(&self.number)?;
            } else if line.contains("/activeNumbers") {
                self.page(line, stream)?;
            } else if line.contains("/stats") {
                stream.write_all(&response(&self.stats(), ""))?;
            } else {
                stream.write_all(&self.token)?;
            }
            stream.flush()?;
        }
    }

    fn connection(&self, port: usize, socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let counts = &self.counts[port];
        counts.connections.fetch_add(1, Ordering::Relaxed);
        match MANNERS[port].1 {
            Manner::Plain | Manner::Slow => self.serve(port, &mut { socket }),
            Manner::Tls | Manner::TlsOnce => {
                let connection =
                    ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
                let mut stream = StreamOwned::new(connection, socket);
                let served = self.serve(port, &mut stream);
                if stream.conn.handshake_kind() == Some(HandshakeKind::Resumed) {
                    counts.resumed.fetch_add(1, Ordering::Relaxed);
                }
                stream.conn.send_close_notify();
                let _ = stream.flush();
                served
            }
        }
    }
}

/// Whether a whole request is there: none has a body but the one for a token.
fn complete(request: &[u8]) -> bool {
    if request.starts_with(b"GET ") {
        return request.ends_with(b"\r\n\r\n");
    }
    let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    match length.and_then(|text| text.trim().parse::<usize>().ok()) {
        Some(length) => request.len() >= end + 4 + length,
        None => request.ends_with(b"0\r\n\r\n"),
    }
}

fn tls(folder: &Path) -> Arc<ServerConfig> {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("an authority");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "bench authority");
    let pem = authority.self_signed(&key).expect("an authority").pem();
    std::fs::write(folder.join("ca.pem"), pem).expect("cannot write ca.pem");
    let issuer = rcgen::Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = rcgen::CertificateParams::new(names).expect("names").signed_by(&key, &issuer);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.expect("a certificate").der().clone()],
            key.serialize_der().try_into().expect("a key"),
        )
        .expect("a certificate");
    config.ticketer = rustls::crypto::ring::Ticketer::new().expect("a ticketer");
    Arc::new(config)
}

/// Lets a port of `::1` swallow every attempt to connect, by a queue that is full and that nobody empties.
fn deaden(port: u16) {
    let listener = TcpListener::bind(("::1", port)).expect("an IPv6 loopback");
    let address = listener.local_addr().expect("an address");
    let patience = Duration::from_millis(100);
    let queued = std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok());
    std::mem::forget((queued.collect::<Vec<_>>(), listener));
}

fn main() {
    let folder = std::env::args().nth(1).expect("usage: server FOLDER");
    let service: &'static Service = Box::leak(Box::new(Service::new(tls(Path::new(&folder)))));
    let mut ports = Vec::new();
    for (port, (name, _)) in MANNERS.iter().enumerate() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let number = listener.local_addr().expect("an address").port();
        if *name == "plain" {
            deaden(number);
        }
        ports.push(format!(r#""{name}":{number}"#));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { continue };
                let serve = move || match service.connection(port, socket) {
                    // A client that is done may go without a word.
                    Err(error) if error.kind() == ErrorKind::InvalidInput => panic!("{error}"),
                    _ => {}
                };
                let _ = thread::Builder::new().stack_size(128 * 1024).spawn(serve);
            }
        });
    }
    println!("{{{}}}", ports.join(","));
    let _ = io::stdin().read(&mut [0]);
}
