//! TLS: the settings, the trust anchors, and the meaning of errors.

use std::fmt;
use std::sync::Arc;

use rustls::AlertDescription;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// Trust anchors used to verify the server certificate.
#[derive(Clone)]
pub(crate) enum TrustAnchors {
    /// Mozilla's, built into the library.
    Bundled,
    Given(Arc<Vec<Certificate<'static>>>),
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("Bundled"),
            Self::Given(certificates) => write!(f, "Given({} certificates)", certificates.len()),
        }
    }
}

impl TrustAnchors {
    /// Reads the certificates of a PEM file, and skips everything else in it. Also returns how many cannot be used.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<(Self, usize), String> {
        let pem = with_plain_labels(pem);
        let mut roots = RootCertStore::empty();
        let (mut certificates, mut unusable) = (Vec::new(), 0);
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| "is no valid PEM")?;
            let der = first_element(&certificate);
            match roots.add(CertificateDer::from(der)) {
                Ok(()) => certificates.push(Certificate::from_der(der).to_owned()),
                Err(_) => unusable += 1,
            }
        }
        match (certificates.is_empty(), unusable) {
            (false, _) => Ok((Self::Given(Arc::new(certificates)), unusable)),
            (true, 0) => Err("holds no certificate".to_owned()),
            (true, _) => Err("holds no certificate that can be used".to_owned()),
        }
    }

    /// The settings for ureq.
    pub(super) fn config(&self) -> TlsConfig {
        let roots = match self {
            Self::Bundled => RootCerts::WebPki,
            Self::Given(certificates) => RootCerts::Specific(Arc::clone(certificates)),
        };
        TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            // Explicit: another crate of the program may have installed a different default.
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(roots)
            .build()
    }
}

/// Renames the labels that OpenSSL also takes for certificates, and drops a byte order mark.
fn with_plain_labels(pem: &[u8]) -> String {
    let mut plain = String::from_utf8_lossy(pem).trim_start_matches('\u{feff}').to_owned();
    for label in ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"] {
        plain = plain.replace(&format!(" {label}-----"), " CERTIFICATE-----");
    }
    plain
}

/// Returns the certificate alone: in a TRUSTED CERTIFICATE of OpenSSL its permitted uses follow.
fn first_element(der: &[u8]) -> &[u8] {
    let length = match der {
        [0x30, length @ ..=0x7f, ..] => Some(2 + usize::from(*length)),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(*length)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    length.and_then(|length| der.get(..length)).unwrap_or(der)
}

/// Tells whether an alert in place of the first response means that the server refused the connection and did not read the
/// request. With TLS 1.3 a server that demands a client certificate says so only then.
pub(super) fn is_refusal(alert: AlertDescription) -> bool {
    matches!(u8::from(alert), 40 | 42..=46 | 48 | 49 | 70 | 71 | 116)
}

/// Describes a TLS error in one line, with advice on what to do about it.
pub(super) fn explain(error: &rustls::Error) -> String {
    /// A part of rustls's message, and the advice for it.
    const ADVICE: [(&str, &str); 9] = [
        ("UnknownIssuer", "if the authority is your own, give its certificate as caFile"),
        (
            "CaUsedAsEndEntity",
            "the server shows the certificate of an authority, a self-signed one perhaps: it needs one for servers",
        ),
        (
            "UnsupportedSignatureAlgorithm",
            "RSA, P-256, P-384 and Ed25519 are supported; P-521 is not",
        ),
        ("UnsupportedCertVersion", "only certificates of version 3 are supported"),
        ("not valid for", "the certificate names another host"),
        ("expired", "renew it, or check the clock of this machine"),
        ("not valid yet", "check the clock of this machine"),
        (
            "CertificateRequired",
            "the server demands a client certificate, and this client has none",
        ),
        (
            "HandshakeFailure",
            "no TLS version, cipher or kind of key in common: P-521, for example, is not supported",
        ),
    ];
    let mut text = error.to_string();
    // The rest is the bytes of algorithm identifiers.
    if let Some(end) = text.find("Context {") {
        text.truncate(end);
    }
    let text = text.replace(['\r', '\n'], " ");
    match ADVICE.iter().find(|(piece, _)| text.contains(piece)) {
        Some((_, advice)) => format!("{text}; {advice}"),
        None => text,
    }
}

/// Finds the error of rustls in what ureq returned.
pub(super) fn rustls_error<'a>(
    mut error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a rustls::Error> {
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => inner,
            None => error.source()?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_in_a_file_of_many_things() {
        let name = |pem: &str| TrustAnchors::from_pem(pem.as_bytes()).map(|_| ());
        assert_eq!(name(""), Err("holds no certificate".to_owned()));
        assert_eq!(name("no PEM at all"), Err("holds no certificate".to_owned()));
        let section = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        assert_eq!(name(&section("CERTIFICATE", "!")), Err("is no valid PEM".to_owned()));
        assert_eq!(name(&section("PRIVATE KEY", "AAAA")), Err("holds no certificate".to_owned()));
        for label in ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"] {
            assert_eq!(
                name(&section(label, "AAAA")),
                Err("holds no certificate that can be used".to_owned())
            );
        }
    }

    #[test]
    fn certificates_that_cannot_be_used_are_counted() {
        let good = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap().cert.pem();
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let other = good.replace("CERTIFICATE-----", "TRUSTED CERTIFICATE-----");
        for (pem, expected) in [
            (good.clone(), ("Given(1 certificates)", 0)),
            (format!("\u{feff}{good}{bad}"), ("Given(1 certificates)", 1)),
            (format!("{bad}{good}{other}{bad}"), ("Given(2 certificates)", 2)),
            (other.replace('\n', "\r\n"), ("Given(1 certificates)", 0)),
        ] {
            let (trusted, unusable) = TrustAnchors::from_pem(pem.as_bytes()).unwrap();
            assert_eq!((format!("{trusted:?}").as_str(), unusable), expected);
        }
    }

    #[test]
    fn the_certificate_is_the_first_element() {
        let rows: [(&[u8], usize); 6] = [
            (&[0x30, 2, 1, 2, 3], 4),
            (&[0x30, 0x81, 1, 9, 9], 4),
            (&[0x30, 0x82, 0, 2, 9, 9, 9], 6),
            (&[0x30, 9, 1], 3),
            (&[0x31, 1, 1, 1], 4),
            (&[], 0),
        ];
        for (der, length) in rows {
            assert_eq!(first_element(der), &der[..length]);
        }
    }

    #[test]
    fn refusals_are_described_in_one_line() {
        use rustls::CertificateError::{
            UnknownIssuer, UnsupportedSignatureAlgorithmForPublicKeyContext,
        };
        let unsupported = UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![1; 100],
            public_key_algorithm_id: vec![2; 100],
        };
        let rows = [
            (rustls::Error::InvalidCertificate(UnknownIssuer), "give its certificate as caFile"),
            (rustls::Error::InvalidCertificate(unsupported), "P-521 is not"),
            (
                rustls::Error::AlertReceived(AlertDescription::CertificateRequired),
                "demands a client",
            ),
            (rustls::Error::AlertReceived(AlertDescription::HandshakeFailure), "in common"),
            (rustls::Error::DecryptError, "decrypt"),
        ];
        for (error, piece) in rows {
            let told = explain(&error);
            assert!(told.contains(piece) && told.len() < 200 && !told.contains('\n'), "{told}");
        }
    }

    #[test]
    fn alerts_that_refuse() {
        let refusing: Vec<u8> = (0..=255).filter(|code| is_refusal((*code).into())).collect();
        assert_eq!(refusing, [40, 42, 43, 44, 45, 46, 48, 49, 70, 71, 116]);
    }
}
