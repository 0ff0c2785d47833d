//! Real TLS: who is trusted and who is not, and the way through a proxy.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use sinch_numbers::{Client, Credentials, Error, ErrorKind, Phase};

const NUMBER: &str = "+12025550134";

/// A certificate authority of our own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        // Two authorities of one name would be told apart by their signatures only.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let name = format!("Authority {}", COUNT.fetch_add(1, Ordering::SeqCst));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A file with the authority's certificate, for `ca_file`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, &self.pem).unwrap();
        path
    }

    /// A server's certificate and key.
    pub(crate) fn certify(
        &self,
        host: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), key)
    }
}

pub(crate) type Identity = (CertificateDer<'static>, KeyPair);

fn server_config(
    (certificate, key): Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// Puts TLS in front of a server, byte for byte in both directions; its port.
pub(crate) fn front(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
    to: &str,
) -> u16 {
    let config = server_config(identity, versions);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = to.strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let Ok(far) = TcpStream::connect(&to) else { return };
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let tls = Arc::new(Mutex::new((tls, socket.try_clone().unwrap())));
            let (back, from) = (Arc::clone(&tls), far.try_clone().unwrap());
            thread::spawn(move || {
                let _ = decrypt(&tls, socket, &far);
                let _ = far.shutdown(Shutdown::Both);
            });
            thread::spawn(move || encrypt(&back, from));
        }
    });
    port
}

/// A connection's TLS, and the socket to write to.
type Shared = Mutex<(ServerConnection, TcpStream)>;

fn flush((tls, socket): &mut (ServerConnection, TcpStream)) -> std::io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(socket)?;
    }
    Ok(())
}

fn decrypt(shared: &Shared, mut from: TcpStream, mut to: &TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes)?;
        let mut rest = &bytes[..count];
        let mut plain = Vec::new();
        while !rest.is_empty() {
            let mut both = shared.lock().unwrap();
            both.0.read_tls(&mut rest)?;
            let state = both.0.process_new_packets().map_err(std::io::Error::other)?;
            let have = plain.len();
            plain.resize(have + state.plaintext_bytes_to_read(), 0);
            both.0.reader().read_exact(&mut plain[have..])?;
            flush(&mut both)?;
        }
        to.write_all(&plain)?;
        if count == 0 {
            return Ok(());
        }
    }
}

fn encrypt(shared: &Shared, mut from: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).unwrap_or(0);
        let mut both = shared.lock().unwrap();
        if count == 0 {
            both.0.send_close_notify();
            let _ = flush(&mut both);
            let _ = both.1.shutdown(Shutdown::Both);
            return;
        }
        let written = both.0.writer().write_all(&bytes[..count]);
        if written.and_then(|()| flush(&mut both)).is_err() {
            return;
        }
    }
}

/// A server that answers each request with `{}`, a token request with a token.
struct Secure {
    port: u16,
    handshakes: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Secure {
    fn new((certificate, key): Identity) -> Self {
        let config = server_config((certificate, key), rustls::ALL_VERSIONS);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (handshakes, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counts = (Arc::clone(&handshakes), Arc::clone(&requests));
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                counts.0.fetch_add(1, Ordering::SeqCst);
                let (config, requests) = (Arc::clone(&config), Arc::clone(&counts.1));
                thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
                    while let Some(target) = read_target(&mut stream) {
                        requests.fetch_add(1, Ordering::SeqCst);
                        let body = if target == "/oauth2/token" {
                            r#"{"access_token":"t"}"#
                        } else {
                            "{}"
                        };
                        let length = body.len();
                        let answer =
                            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { port, handshakes, requests }
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }
}

/// Reads a request up to the end of its body; what it is for.
fn read_target(stream: &mut impl BufRead) -> Option<String> {
    let (mut target, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if target.is_none() {
            target = line.split(' ').nth(1).map(str::to_owned);
        }
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
    }
    stream.read_exact(&mut vec![0; length]).ok()?;
    target
}

fn client(url: &str, ca_file: Option<PathBuf>) -> Client {
    let builder = Client::builder("project-1", Credentials::oauth2("key-id", "key-secret"))
        .base_url(url)
        .auth_url(url)
        .no_proxy();
    let builder = match ca_file {
        Some(file) => builder.ca_file(file),
        None => builder,
    };
    builder.build().unwrap()
}

#[test]
fn a_trusted_server_is_called_over_one_handshake() {
    let authority = Authority::new();
    let server = Secure::new(authority.certify("localhost", |_| ()));
    let client = client(&server.url("localhost"), Some(authority.file("trusted.pem")));
    for _ in 0..20 {
        client.get(NUMBER).unwrap();
    }
    assert_eq!(server.handshakes.load(Ordering::SeqCst), 1);
    assert_eq!(server.requests.load(Ordering::SeqCst), 21);
}

#[test]
fn a_server_that_cannot_be_trusted_is_told_apart_and_sent_nothing() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let file = ours.file("ours.pem");
    let alone = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let self_signed = (alone.self_signed(&key).unwrap().der().clone(), key);
    let expired = ours.certify("localhost", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let early = ours.certify("localhost", |params| params.not_before = date_time_ymd(4000, 1, 1));
    let rows: Vec<(&str, Identity, Option<PathBuf>, &str)> = vec![
        (
            "unknown authority",
            theirs.certify("localhost", |_| ()),
            Some(file.clone()),
            "UnknownIssuer",
        ),
        ("not among the bundled roots", ours.certify("localhost", |_| ()), None, "UnknownIssuer"),
        ("self-signed", self_signed, Some(file.clone()), "UnknownIssuer"),
        ("expired", expired, Some(file.clone()), "expired"),
        ("not valid yet", early, Some(file.clone()), "not valid yet"),
        ("another host", ours.certify("example.com", |_| ()), Some(file), "not valid for name"),
    ];
    for (name, identity, file, piece) in rows {
        let server = Secure::new(identity);
        let error = client(&server.url("localhost"), file).release(NUMBER).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transport(Phase::Tls)), "{name}: {error:?}");
        let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
        assert!(text.contains(piece), "{name}: {text}");
        assert!(!error.can_retry() && !error.may_have_been_applied(), "{name}");
        assert_eq!(server.handshakes.load(Ordering::SeqCst), 1, "{name}: not tried again");
        assert_eq!(server.requests.load(Ordering::SeqCst), 0, "{name}");
    }
}

#[test]
fn a_file_of_roots_that_cannot_be_used_is_refused_by_name() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("empty.pem"), "").unwrap();
    fs::write(
        folder.join("broken.pem"),
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for (file, piece) in [
        ("missing.pem", "cannot be read"),
        ("empty.pem", "holds no certificate"),
        ("broken.pem", "is no valid PEM"),
    ] {
        let builder = Client::builder("p", Credentials::oauth2("k", "s"));
        let error = builder.ca_file(folder.join(file)).build().unwrap_err();
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error:?}") };
        assert_eq!(input.field, "caFile");
        assert!(input.problem.contains(piece) && input.problem.contains(file), "{error}");
    }
}

/// A proxy that notes what it is asked, answers with a status, and leads every tunnel to one port.
fn proxy(status: &'static str, to: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&heads);
    thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let noted = Arc::clone(&noted);
            thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    if socket.read(&mut byte).unwrap_or(0) == 0 {
                        return;
                    }
                    head.push(byte[0]);
                }
                noted.lock().unwrap().push(String::from_utf8(head).unwrap());
                let _ = socket.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes());
                if !status.starts_with("200") {
                    return;
                }
                let mut far = TcpStream::connect(("127.0.0.1", to)).unwrap();
                let (mut from, mut back) = (socket.try_clone().unwrap(), far.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut far);
                    let _ = far.shutdown(Shutdown::Both);
                });
                let _ = std::io::copy(&mut back, &mut socket);
                let _ = socket.shutdown(Shutdown::Both);
            });
        }
    });
    (port, heads)
}

fn proxied(file: PathBuf, proxy: &str) -> Result<Client, Error> {
    Client::builder("project-1", Credentials::oauth2("key-id", "key-secret"))
        .base_url("https://numbers.test")
        .auth_url("https://numbers.test")
        .timeout(Duration::from_secs(20))
        .ca_file(file)
        .proxy(proxy)
        .build()
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_and_sees_nothing_else() {
    let authority = Authority::new();
    let server = Secure::new(authority.certify("numbers.test", |_| ()));
    let (port, heads) = proxy("200 Connection established", server.port);
    let file = authority.file("proxied.pem");
    for (url, credentials) in [
        (format!("http://127.0.0.1:{port}"), None),
        (format!("127.0.0.1:{port}"), None),
        (
            format!("http://user:pass@127.0.0.1:{port}"),
            Some("Proxy-Authorization: Basic dXNlcjpwYXNz"),
        ),
    ] {
        heads.lock().unwrap().clear();
        let client = proxied(file.clone(), &url).unwrap();
        for _ in 0..3 {
            client.get(NUMBER).unwrap();
        }
        let heads = heads.lock().unwrap();
        let [head] = heads.as_slice() else { panic!("{heads:?}") };
        assert!(head.starts_with("CONNECT numbers.test:443 HTTP/1.1\r\n"), "{head}");
        match credentials {
            Some(line) => assert!(head.contains(line), "{head}"),
            None => assert!(!head.contains("Proxy-Authorization"), "{head}"),
        }
        assert!(!head.contains("Authorization: B") || credentials.is_some(), "{head}");
        assert!(!format!("{client:?}").contains("pass"));
    }
}

#[test]
fn a_proxy_that_refuses_is_a_network_failure_and_shows_no_password() {
    let authority = Authority::new();
    let file = authority.file("refused.pem");
    for status in ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"] {
        let (port, heads) = proxy(status, 1);
        let url = format!("http://user:hush-hush@127.0.0.1:{port}");
        let error = proxied(file.clone(), &url).unwrap().release(NUMBER).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
        assert!(!error.may_have_been_applied(), "{error:?}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(&status[..3]), "{source}");
        assert!(!format!("{error} {error:?} {source}").contains("hush-hush"));
        assert!(!heads.lock().unwrap().is_empty());
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_being_shown() {
    let file = Authority::new().file("unused.pem");
    for url in [
        "socks5://user:hush@proxy.test:1080",
        "https://user:hush@proxy.test",
        "ftp://hush",
        "http://",
        "http://[hush",
        "",
        "http://user:hush@",
        "http://user:hush@proxy.test:99999",
        "http://user:hush@proxy.test:0",
        "http://user:hush@proxy.test:",
        "http://user:hush@proxy.test:+80",
        "http://user:hush@..",
    ] {
        let error = proxied(file.clone(), url).unwrap_err();
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error:?}") };
        assert_eq!(input.field, "proxy");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}
