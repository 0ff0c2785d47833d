//! Reads the issuer of a server's certificate, for the doctor.

use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
};

/// Begins a TLS handshake, and returns the issuer of the server's certificate. The handshake ends when that has come.
pub(crate) fn issuer(stream: &mut TcpStream, host: &str) -> Option<String> {
    let shown = Arc::new(CapturedCertificate::default());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&shown) as _)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    // Always fails: the verifier refuses the certificate.
    let _ = connection.complete_io(stream);
    let der = shown.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    issuer_of(&der)
}

/// A verifier that keeps the certificate and refuses it.
#[derive(Debug, Default)]
struct CapturedCertificate(Mutex<Option<Vec<u8>>>);

impl ServerCertVerifier for CapturedCertificate {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate.to_vec());
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Reads the issuer of a certificate (RFC 5280, 4.1): its common name and organization.
fn issuer_of(der: &[u8]) -> Option<String> {
    const VERSION: u8 = 0xA0;
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // The serial number and the algorithm precede it.
    for _ in 0..2 {
        rest = element(rest)?.2;
    }
    let (_, issuer, _) = element(rest)?;
    let (name, organization) = (part(issuer, 3), part(issuer, 10));
    match (name, organization) {
        (Some(name), Some(organization)) if name != organization => {
            Some(format!("\"{name}\" of {organization}"))
        }
        (name, organization) => Some(format!("\"{}\"", name.or(organization)?)),
    }
}

/// Returns a part of a name by the last number of its type (X.520, 6).
fn part(mut name: &[u8], kind: u8) -> Option<String> {
    const LONGEST: usize = 80;
    const UTF_16: u8 = 0x1E;
    while let Some((_, set, rest)) = element(name) {
        name = rest;
        let (_, pair, _) = element(set)?;
        let (_, of, value) = element(pair)?;
        if of != [0x55, 4, kind] {
            continue;
        }
        let (tag, text, _) = element(value)?;
        let text = if tag == UTF_16 {
            let units = text.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        } else {
            String::from_utf8_lossy(text).into_owned()
        };
        return Some(text.chars().filter(|c| !c.is_control()).take(LONGEST).collect());
    }
    None
}

/// Splits DER into the tag and the content of its first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = der else { return None };
    let (length, rest) = match length {
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        length => (usize::from(*length), rest),
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

    use super::*;

    fn certificate(parts: &[(DnType, DnValue)]) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for (kind, text) in parts {
            params.distinguished_name.push(kind.clone(), text.clone());
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_issuer_is_named() {
        let text = |text: &str| DnValue::Utf8String(text.to_owned());
        let utf_16 = DnValue::BmpString("Zürich CA".try_into().unwrap());
        let (name, organization) = (DnType::CommonName, DnType::OrganizationName);
        for (parts, expected) in [
            (
                vec![(organization.clone(), text("Acme")), (name.clone(), text("Acme Root"))],
                Some("\"Acme Root\" of Acme"),
            ),
            (
                vec![(name.clone(), text("Acme")), (organization.clone(), text("Acme"))],
                Some("\"Acme\""),
            ),
            (vec![(organization, text("Acme\n\u{1b}[31m"))], Some("\"Acme[31m\"")),
            (vec![(name, utf_16)], Some("\"Zürich CA\"")),
            (vec![(DnType::CountryName, text("SE"))], None),
        ] {
            assert_eq!(issuer_of(&certificate(&parts)).as_deref(), expected, "{parts:?}");
        }
    }

    #[test]
    fn truncated_or_changed_certificates_do_not_panic() {
        let whole = certificate(&[(DnType::CommonName, DnValue::Utf8String("Acme".to_owned()))]);
        for length in 0..whole.len() {
            let _ = issuer_of(&whole[..length]);
            for byte in [0, 0x30, 0x7F, 0x80, 0x84, 0xFF] {
                let mut changed = whole.clone();
                changed[length] = byte;
                let _ = issuer_of(&changed);
            }
        }
    }
}
