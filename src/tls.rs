//! TLS over a [`Socket`]: who is trusted, the handshake, and records of which nothing is left in memory. The only file that
//! knows rustls.
//!
//! rustls keeps decrypted text in buffers of its own and frees them as they are; an access token would stay in freed memory.
//! So decrypted application data does not pass through rustls at all: the cipher suites are wrapped, and what they decrypt
//! goes straight to the [`Session`], while rustls is told of as many zeros.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::ring::{self, cipher_suite};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus,
};
use rustls::{
    CipherSuiteCommon, ClientConfig, ConnectionTrafficSecrets, ContentType, RootCertStore,
    SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};
use zeroize::Zeroize;

use crate::socket::{Limits, Socket, Stop};

/// The longest record: what TLS may add to 16 KiB, and its head.
const RECORD: usize = 16 * 1024 + 2048 + 5;

/// The roots that vouch for a server.
#[derive(Clone)]
pub(crate) enum Trusted {
    /// Those of the big browsers, which are part of this library.
    Bundled,
    Given(Arc<RootCertStore>),
}

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("Bundled"),
            Self::Given(roots) => write!(f, "Given({} roots)", roots.len()),
        }
    }
}

impl Trusted {
    /// Reads the certificates of a PEM file and passes over whatever else is in it.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let mut unusable = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| "is no valid PEM")?;
            unusable += usize::from(roots.add(certificate).is_err());
        }
        match (roots.is_empty(), unusable) {
            (false, _) => Ok(Self::Given(Arc::new(roots))),
            (true, 0) => Err("holds no certificate".to_owned()),
            (true, _) => Err("holds no certificate that can be used".to_owned()),
        }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        match self {
            Self::Bundled => Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()),
            Self::Given(roots) => Arc::clone(roots),
        }
    }
}

/// What the handshakes of a client share: roots, and the sessions that can be resumed.
pub(crate) struct Tls {
    trusted: Trusted,
    /// Made for the first handshake: a client of plain HTTP needs none.
    config: OnceLock<Arc<ClientConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.trusted).finish()
    }
}

/// What is refused, a certificate above all: the next attempt would be refused as well.
pub(crate) type Refusal = rustls::Error;

/// Why a handshake or a record failed.
#[derive(Debug)]
pub(crate) enum TlsStop {
    Stop(Stop),
    Refused(Refusal),
}

impl From<Stop> for TlsStop {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl Tls {
    pub(crate) fn new(trusted: Trusted) -> Self {
        Self { trusted, config: OnceLock::new() }
    }

    fn config(&self) -> Result<&Arc<ClientConfig>, rustls::Error> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.trusted.roots())
            .with_no_client_auth();
        // Of two threads that make it, one wins.
        Ok(self.config.get_or_init(|| Arc::new(config)))
    }

    /// Shakes hands over a connected socket.
    ///
    /// `host` is a name or an address, the latter without brackets.
    pub(crate) fn connect(
        &self,
        host: &str,
        socket: &Socket,
        limits: Limits,
    ) -> Result<Session, TlsStop> {
        let name = match host.parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => ServerName::try_from(host.to_owned())
                .map_err(|error| TlsStop::Refused(rustls::Error::General(error.to_string())))?,
        };
        let config = self.config().map_err(TlsStop::Refused)?;
        let connection =
            UnbufferedClientConnection::new(Arc::clone(config), name).map_err(TlsStop::Refused)?;
        let mut session = Session {
            connection,
            incoming: vec![0; RECORD],
            filled: 0,
            outgoing: Vec::new(),
            sealed: Vec::new(),
            plain: Vec::new(),
            taken: 0,
            ended: false,
        };
        while !session.advance(socket, limits)? {
            session.receive_records(socket, limits)?;
        }
        // From here on, one record at a time is enough.
        session.incoming.truncate(RECORD.max(session.filled));
        session.incoming.shrink_to_fit();
        Ok(session)
    }
}

/// A connection under TLS, its handshake behind it. The socket it goes over is its owner's.
pub(crate) struct Session {
    connection: UnbufferedClientConnection,
    /// Records as they came, as long as they are not whole.
    incoming: Vec<u8>,
    filled: usize,
    /// What the protocol itself has to say.
    outgoing: Vec<u8>,
    /// Encrypted application data.
    sealed: Vec<u8>,
    /// What was decrypted and not yet taken.
    plain: Vec<u8>,
    taken: usize,
    /// The peer has said that nothing more comes.
    ended: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.plain.zeroize();
    }
}

impl Session {
    /// Sends all of it.
    pub(crate) fn send(
        &mut self,
        bytes: &[u8],
        socket: &Socket,
        limits: Limits,
    ) -> Result<(), TlsStop> {
        // What the peer said last, a wish for new keys perhaps, comes first.
        if self.advance_and_send(bytes, socket, limits)? {
            return Ok(());
        }
        Err(Stop::Failed(io::ErrorKind::BrokenPipe.into()).into())
    }

    /// Waits for what comes and hands out as much of it as fits: 0 when the peer has said that nothing more comes.
    pub(crate) fn receive(
        &mut self,
        into: &mut [u8],
        socket: &Socket,
        limits: Limits,
    ) -> Result<usize, TlsStop> {
        while self.plain.is_empty() && !self.ended {
            self.receive_records(socket, limits)?;
            self.advance(socket, limits)?;
        }
        let ready = &mut self.plain[self.taken..];
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        ready[..count].fill(0);
        self.taken += count;
        if self.taken == self.plain.len() {
            self.plain.clear();
            self.taken = 0;
        }
        Ok(count)
    }

    /// Tells whether the peer has neither ended the stream nor said anything but what keeps TLS going: tickets for later
    /// sessions come whenever the server likes.
    pub(crate) fn is_quiet(&mut self, socket: &Socket, limits: Limits) -> bool {
        loop {
            if self.ended || !self.plain.is_empty() || self.filled == self.incoming.len() {
                return false;
            }
            match socket.receive_at_once(&mut self.incoming[self.filled..]) {
                Ok(None) => return true,
                Ok(Some(count @ 1..)) => self.filled += count,
                Ok(Some(0)) | Err(_) => return false,
            }
            if self.advance(socket, limits).is_err() {
                return false;
            }
        }
    }

    fn receive_records(&mut self, socket: &Socket, limits: Limits) -> Result<(), TlsStop> {
        if self.filled == self.incoming.len() {
            // A handshake's message may be longer than a record: a chain of many certificates.
            const MOST: usize = 128 * 1024;
            if self.filled >= MOST {
                let what = "a message of the handshake is too long".to_owned();
                return Err(TlsStop::Refused(rustls::Error::General(what)));
            }
            self.incoming.resize(self.filled + RECORD, 0);
        }
        match socket.receive(&mut self.incoming[self.filled..], limits)? {
            // Not the end that TLS knows: somebody may have cut the answer short.
            0 => Err(Stop::Failed(io::ErrorKind::UnexpectedEof.into()).into()),
            count => {
                self.filled += count;
                Ok(())
            }
        }
    }

    /// Works through the records that have come, and sends what the protocol wants sent; `true` when application data may be
    /// sent.
    fn advance(&mut self, socket: &Socket, limits: Limits) -> Result<bool, TlsStop> {
        self.advance_and_send(&[], socket, limits)
    }

    fn advance_and_send(
        &mut self,
        bytes: &[u8],
        socket: &Socket,
        limits: Limits,
    ) -> Result<bool, TlsStop> {
        loop {
            let incoming = &mut self.incoming[..self.filled];
            // What is decrypted is to go there. Nothing is read while something waits to be taken, so that one record and the
            // rest of another are the most, and the buffer stays where it is: one that moved would leave a copy behind.
            self.plain.reserve_exact(RECORD.saturating_sub(self.plain.len()));
            DECRYPTED.set(mem::take(&mut self.plain));
            let UnbufferedStatus { mut discard, state } =
                self.connection.process_tls_records(incoming);
            self.plain = DECRYPTED.take();
            let (mut done, mut failed) = (None, None);
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        // Zeros: what they stand for went another way.
                        discard += record.map_err(TlsStop::Refused)?.discard;
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut data, &mut self.outgoing);
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    let sent = socket.send(&self.outgoing, limits);
                    self.outgoing.clear();
                    sent?;
                    data.done();
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let count = loop {
                        match traffic.encrypt(bytes, &mut self.sealed) {
                            Ok(count) => break count,
                            Err(EncryptError::InsufficientSize(needed)) => {
                                self.sealed.resize(needed.required_size, 0);
                            }
                            Err(EncryptError::EncryptExhausted) => {
                                return Err(TlsStop::Refused(rustls::Error::EncryptError));
                            }
                        }
                    };
                    socket.send(&self.sealed[..count], limits)?;
                    done = Some(true);
                }
                Ok(ConnectionState::PeerClosed) => self.ended = true,
                // More has to come.
                Ok(_) => done = Some(false),
                Err(error) => failed = Some(error),
            }
            self.incoming.copy_within(discard..self.filled, 0);
            self.filled -= discard;
            if let Some(error) = failed {
                self.say_why(socket, limits);
                return Err(TlsStop::Refused(error));
            }
            if let Some(done) = done {
                return Ok(done);
            }
        }
    }

    /// Sends the alert that goes with an error, if there is one: whoever runs the server wants to know.
    fn say_why(&mut self, socket: &Socket, limits: Limits) {
        self.outgoing.clear();
        let incoming = &mut self.incoming[..self.filled];
        // Once: what is not the alert would be the next record, which is of no interest any more.
        let status = self.connection.process_tls_records(incoming);
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state {
            encode(&mut data, &mut self.outgoing);
            let _ = socket.send(&self.outgoing, limits);
        }
    }
}

/// Puts a record of the handshake, or an alert, behind what is to go out.
fn encode(data: &mut EncodeTlsData<'_, ClientConnectionData>, outgoing: &mut Vec<u8>) {
    let begin = outgoing.len();
    while let Err(EncodeError::InsufficientSize(needed)) = data.encode(&mut outgoing[begin..]) {
        outgoing.resize(begin + needed.required_size, 0);
    }
}

thread_local! {
    /// Where the wrapped ciphers put what they decrypt: the buffer of the [`Session`] that is at work on this thread.
    static DECRYPTED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Decrypts, and keeps what is not the protocol's own business from rustls.
struct Wiping(Box<dyn MessageDecrypter>);

impl MessageDecrypter for Wiping {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, rustls::Error> {
        let place = message.payload.as_ptr() as usize;
        let same = InboundOpaqueMessage::new(message.typ, message.version, &mut message.payload);
        let plain = self.0.decrypt(same, sequence)?;
        let (typ, version, length) = (plain.typ, plain.version, plain.payload.len());
        let begin = plain.payload.as_ptr() as usize - place;
        if typ == ContentType::ApplicationData {
            DECRYPTED.with_borrow_mut(|decrypted| decrypted.extend_from_slice(plain.payload));
            // The buffer lives on: this is no store that a compiler may leave out.
            message.payload.fill(0);
        } else {
            message.payload.copy_within(begin..begin + length, 0);
        }
        message.payload.truncate(length);
        Ok(InboundPlainMessage { typ, version, ..message.into_plain_message() })
    }
}

/// The algorithm of one of ring's suites for TLS 1.3, with decrypters that wipe.
struct Wiping13(&'static SupportedCipherSuite);

impl Tls13AeadAlgorithm for Wiping13 {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        of_tls13(self.0).aead_alg.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Wiping(of_tls13(self.0).aead_alg.decrypter(key, iv)))
    }

    fn key_len(&self) -> usize {
        of_tls13(self.0).aead_alg.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        of_tls13(self.0).aead_alg.extract_keys(key, iv)
    }
}

/// The algorithm of one of ring's suites for TLS 1.2, with decrypters that wipe.
struct Wiping12(&'static SupportedCipherSuite);

impl Tls12AeadAlgorithm for Wiping12 {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        of_tls12(self.0).aead_alg.encrypter(key, iv, extra)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Wiping(of_tls12(self.0).aead_alg.decrypter(key, iv)))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        of_tls12(self.0).aead_alg.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        of_tls12(self.0).aead_alg.extract_keys(key, iv, explicit)
    }
}

const fn of_tls13(suite: &'static SupportedCipherSuite) -> &'static Tls13CipherSuite {
    match suite {
        SupportedCipherSuite::Tls13(suite) => suite,
        SupportedCipherSuite::Tls12(_) => unreachable!(),
    }
}

const fn of_tls12(suite: &'static SupportedCipherSuite) -> &'static Tls12CipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite) => suite,
        SupportedCipherSuite::Tls13(_) => unreachable!(),
    }
}

const fn common(common: &'static CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: common.suite,
        hash_provider: common.hash_provider,
        confidentiality_limit: common.confidentiality_limit,
    }
}

macro_rules! wrapped {
    ($($version:ident $name:ident;)*) => {
        [$(wrapped!(@ $version &cipher_suite::$name)),*]
    };
    (@ tls13 $suite:expr) => {
        SupportedCipherSuite::Tls13(&Tls13CipherSuite {
            common: common(&of_tls13($suite).common),
            hkdf_provider: of_tls13($suite).hkdf_provider,
            aead_alg: &Wiping13($suite),
            quic: None,
        })
    };
    (@ tls12 $suite:expr) => {
        SupportedCipherSuite::Tls12(&Tls12CipherSuite {
            common: common(&of_tls12($suite).common),
            prf_provider: of_tls12($suite).prf_provider,
            kx: of_tls12($suite).kx,
            sign: of_tls12($suite).sign,
            aead_alg: &Wiping12($suite),
        })
    };
}

/// All of ring's suites, in its order.
static SUITES: [SupportedCipherSuite; 9] = wrapped! {
    tls13 TLS13_AES_256_GCM_SHA384;
    tls13 TLS13_AES_128_GCM_SHA256;
    tls13 TLS13_CHACHA20_POLY1305_SHA256;
    tls12 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    tls12 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    tls12 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    tls12 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;
    tls12 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    tls12 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
};

fn provider() -> CryptoProvider {
    CryptoProvider { cipher_suites: SUITES.to_vec(), ..ring::default_provider() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_ring_is_wrapped_in_its_order() {
        let ring = ring::default_provider().cipher_suites;
        let names = |suites: &[SupportedCipherSuite]| -> Vec<_> {
            suites.iter().map(SupportedCipherSuite::suite).collect()
        };
        assert_eq!(names(&SUITES), names(&ring));
    }

    #[test]
    fn certificates_are_found_in_a_file_of_many_things() {
        let name = |pem: &str| Trusted::from_pem(pem.as_bytes()).map(|_| ());
        assert_eq!(name(""), Err("holds no certificate".to_owned()));
        assert_eq!(name("no PEM at all"), Err("holds no certificate".to_owned()));
        let section = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        assert_eq!(name(&section("CERTIFICATE", "!")), Err("is no valid PEM".to_owned()));
        assert_eq!(name(&section("PRIVATE KEY", "AAAA")), Err("holds no certificate".to_owned()));
        assert_eq!(
            name(&section("CERTIFICATE", "AAAA")),
            Err("holds no certificate that can be used".to_owned())
        );
    }
}
