//! Servers that speak real TLS, with certificates of every kind, and a proxy whose tunnels lead to them.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ALL_VERSIONS, HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};
use socket2::SockRef;

use crate::support::faults::Gate;
use crate::support::server::{Recorded, read_request};
use crate::support::toolchain::file;

/// A certificate authority of our own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// The same as text.
    pub(crate) pem: String,
    /// Its key as text.
    pub(crate) key_pem: String,
}

/// What a server shows: its certificate, those that lead from it to a root, and its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

fn authority(change: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    // Two authorities of one name would be told apart by their signatures only.
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    let name = format!("Authority {}", COUNT.fetch_add(1, Ordering::SeqCst));
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    (params, KeyPair::generate().unwrap())
}

fn params(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    params
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// A root with a change.
    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = authority(change);
        let certificate = params.self_signed(&key).unwrap();
        Self::of(params, key, &certificate)
    }

    fn of(params: CertificateParams, key: KeyPair, certificate: &Certificate) -> Self {
        Self {
            pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority that this one vouches for.
    pub(crate) fn below(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = authority(change);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self::of(params, key, &certificate)
    }

    /// A file with the authority's certificate, for `ca_file`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        file(name, &self.pem)
    }

    /// A server's certificate and key.
    pub(crate) fn certify(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, change).signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }

    /// The authority's own certificate, shown by a server.
    pub(crate) fn into_server(self) -> Identity {
        let key = KeyPair::from_pem(&self.key_pem).unwrap();
        Identity { chain: vec![self.certificate], key }
    }
}

impl Identity {
    /// A certificate that vouches for itself.
    pub(crate) fn alone(names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, |_| ()).self_signed(&key).unwrap();
        Self { chain: vec![certificate.der().clone()], key }
    }

    /// Shows the authority's certificate as well.
    pub(crate) fn through(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.certificate.clone());
        self
    }
}

/// How a server speaks TLS.
pub(crate) fn config(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, key)
        .unwrap()
}

/// The same of a server that wants its clients to show a certificate.
pub(crate) fn config_for_known_clients(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(Authority::new().certificate).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(identity.chain, key)
        .unwrap()
}

/// One step of what a connection does once its handshake is over. After the last one the connection is held open, and what comes
/// is read and dropped.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Answers each request with `{}`, a token request with a token, until the client leaves.
    Serve,
    /// Reads a whole request and records it.
    Request,
    /// Sends bytes under TLS.
    Send(Vec<u8>),
    /// Sends records under TLS, all at once.
    Together(Vec<Vec<u8>>),
    /// Sends bytes as they are, past TLS.
    Raw(Vec<u8>),
    /// Takes new keys, and tells the client so: something that is no part of a response.
    UpdateKeys,
    /// Ends the stream in order, as far as TLS is concerned.
    CloseNotify,
    /// Ends TCP's stream in order. Without [`Step::CloseNotify`] before it, that could be anybody's doing.
    End,
    /// Resets the connection.
    Reset,
    /// Waits until the gate is opened.
    Await(Gate),
}

/// Sends text under TLS.
pub(crate) fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    handshakes: Mutex<Vec<HandshakeKind>>,
    requests: Mutex<Vec<Recorded>>,
    /// Steps that are done, over all connections.
    steps: AtomicUsize,
}

/// A server behind TLS.
pub(crate) struct Secure {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

impl Secure {
    /// A server that answers.
    pub(crate) fn new(identity: Identity) -> Self {
        Self::playing(config(identity, ALL_VERSIONS), [vec![Step::Serve]])
    }

    /// The n-th connection plays the n-th script, those after the last one the last.
    pub(crate) fn playing(
        config: ServerConfig,
        scripts: impl IntoIterator<Item = Vec<Step>>,
    ) -> Self {
        let scripts: Vec<Vec<Step>> = scripts.into_iter().collect();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while let Ok((socket, _)) = listener.accept() {
                    // Each step's bytes on their way at once, whatever is unacknowledged.
                    socket.set_nodelay(true).unwrap();
                    let index = shared.connections.fetch_add(1, Ordering::SeqCst);
                    let script = scripts[index.min(scripts.len() - 1)].clone();
                    let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || play(&shared, socket, connection, script));
                }
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }

    /// How many connections were accepted, whatever became of their handshakes.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The handshakes that came to their end.
    pub(crate) fn handshakes(&self) -> Vec<HandshakeKind> {
        self.shared.handshakes.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until so many steps are done: what they sent is then on its way, which on one machine is at its destination.
    pub(crate) fn await_steps(&self, count: usize) {
        while self.shared.steps.load(Ordering::SeqCst) < count {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

type Stream = BufReader<StreamOwned<ServerConnection, TcpStream>>;

fn play(
    shared: &Shared,
    mut socket: TcpStream,
    mut connection: ServerConnection,
    script: Vec<Step>,
) {
    while connection.is_handshaking() {
        if connection.complete_io(&mut socket).is_err() {
            // Whoever refused it is still to be heard.
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
            return;
        }
    }
    shared.handshakes.lock().unwrap().push(connection.handshake_kind().unwrap());
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    for step in script {
        if !play_step(shared, &mut stream, step) {
            break;
        }
        shared.steps.fetch_add(1, Ordering::SeqCst);
    }
    let _ = std::io::copy(&mut stream.get_mut().sock, &mut std::io::sink());
}

/// Tells whether the script goes on.
fn play_step(shared: &Shared, stream: &mut Stream, step: Step) -> bool {
    let tls = |stream: &mut Stream| {
        let StreamOwned { conn, sock } = stream.get_mut();
        while conn.wants_write() {
            if conn.write_tls(sock).is_err() {
                return false;
            }
        }
        true
    };
    match step {
        Step::Serve => {
            while let Some(request) = read_request(stream) {
                let is_token = request.target == "/oauth2/token";
                shared.requests.lock().unwrap().push(request);
                let body = if is_token { r#"{"access_token":"t"}"# } else { "{}" };
                let length = body.len();
                let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                if stream.get_mut().write_all(response.as_bytes()).is_err() {
                    return false;
                }
            }
            true
        }
        Step::Request => match read_request(stream) {
            Some(request) => {
                shared.requests.lock().unwrap().push(request);
                true
            }
            None => false,
        },
        Step::Send(bytes) => stream.get_mut().write_all(&bytes).is_ok(),
        Step::Together(records) => {
            for record in records {
                stream.get_mut().conn.writer().write_all(&record).unwrap();
            }
            tls(stream)
        }
        Step::Raw(bytes) => stream.get_mut().sock.write_all(&bytes).is_ok(),
        Step::UpdateKeys => {
            stream.get_mut().conn.refresh_traffic_keys().unwrap();
            tls(stream)
        }
        Step::CloseNotify => {
            stream.get_mut().conn.send_close_notify();
            tls(stream)
        }
        Step::Await(gate) => {
            gate.wait();
            true
        }
        Step::End => stream.get_mut().sock.shutdown(Shutdown::Write).is_ok(),
        Step::Reset => {
            let socket = &stream.get_mut().sock;
            SockRef::from(socket).set_linger(Some(Duration::ZERO)).unwrap();
            // With the linger at zero, closing is what resets; the copies of a socket would keep it open.
            let _ = socket.shutdown(Shutdown::Read);
            false
        }
    }
}

/// A proxy whose tunnels all lead to one port. It notes what it is asked.
pub(crate) struct Tunnels {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    pub(crate) fn to(port: u16) -> Self {
        Self::answering(port, &["HTTP/1.1 200 Connection established\r\n\r\n"])
    }

    /// A proxy that says yes in pieces, each in a segment of its own.
    pub(crate) fn answering(to: u16, pieces: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&heads);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || lead(socket, to, pieces, &noted));
            }
        });
        Self { port, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it was asked, each up to the empty line.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn lead(mut socket: TcpStream, to: u16, pieces: &[&str], noted: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if socket.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    noted.lock().unwrap().push(String::from_utf8(head).unwrap());
    socket.set_nodelay(true).unwrap();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            // Only so that the pieces arrive one by one: nothing is wrong if they do not.
            thread::sleep(Duration::from_millis(5));
        }
        let _ = socket.write_all(piece.as_bytes());
    }
    let mut far = TcpStream::connect(("127.0.0.1", to)).unwrap();
    let (mut from, mut back) = (socket.try_clone().unwrap(), far.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut far);
        let _ = far.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut back, &mut socket);
    let _ = socket.shutdown(Shutdown::Both);
}
