//! Reads the trust anchors of a client: bundled ones, those of a file, of this machine, or of the environment variables.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::client::environment::Lookup;
use crate::error::Error;
use crate::log::{Log, LogLevel};
use crate::transport::TrustAnchors;

/// The setting for trust anchors.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    /// Those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, if they are set; else the bundled ones.
    Default,
    /// Mozilla's, which are part of this library.
    Bundled,
    /// Those of this machine.
    Platform,
    /// Those in a PEM file.
    File(PathBuf),
}

const FILE: &str = "SSL_CERT_FILE";
const FOLDER: &str = "SSL_CERT_DIR";

impl Roots {
    /// The files in which systems keep their trusted roots.
    const PLATFORM: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/etc/openssl@3/cert.pem",
    ];

    /// Reads the certificates.
    pub(crate) fn read(&self, log: &Log, variable: Lookup<'_>) -> Result<TrustAnchors, Error> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let (field, file) = match self {
            Self::Bundled => return Ok(TrustAnchors::Bundled),
            Self::Default => return Ok(from_environment(log, set)),
            Self::File(file) => ("caFile", file.clone()),
            Self::Platform => {
                let named = set(FILE).map(PathBuf::from);
                let usual = || Self::PLATFORM.iter().map(PathBuf::from).find(|file| file.exists());
                let none = || Error::invalid("roots", "this machine has no file of trusted roots");
                ("roots", named.or_else(usual).ok_or_else(none)?)
            }
        };
        let (_, trusted) = read_file(log, field, &file)
            .map_err(|problem| Error::invalid(field, format!("{}: {problem}", file.display())))?;
        Ok(trusted)
    }
}

/// Reads the certificates that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, with a warning for each that cannot be used. If none
/// can, the bundled roots are used.
fn from_environment(log: &Log, set: impl Fn(&'static str) -> Option<OsString>) -> TrustAnchors {
    let mut certificates = Certificates::default();
    let mut problems = Vec::new();
    if let Some(file) = set(FILE).map(PathBuf::from) {
        if let Err(problem) = certificates.add(log, FILE, &file) {
            problems.push((FILE, file.into_os_string(), problem));
        }
    }
    if let Some(folders) = set(FOLDER) {
        if let Err(problem) = certificates.add_folders(log, &folders) {
            problems.push((FOLDER, folders, problem));
        }
    }
    let trusted = TrustAnchors::from_pem(&certificates.pem).map(|(trusted, _)| trusted);
    let instead = if trusted.is_ok() { "it is left out" } else { "the bundled roots are used" };
    for (variable, value, problem) in problems {
        log.write(LogLevel::Warn, format_args!("{variable}: {value:?} {problem}; {instead}"));
    }
    trusted.unwrap_or(TrustAnchors::Bundled)
}

/// The concatenated PEM files.
#[derive(Default)]
struct Certificates {
    pem: Vec<u8>,
    /// Device and inode of each file. A folder can hold links to one file under several names, that of `SSL_CERT_FILE` too.
    seen: BTreeSet<(u64, u64)>,
}

impl Certificates {
    fn add(&mut self, log: &Log, variable: &str, file: &Path) -> Result<(), String> {
        let metadata = fs::metadata(file).map_err(|error| format!("cannot be read: {error}"))?;
        if !metadata.is_file() {
            return Err("is no file".to_owned());
        }
        if self.seen.contains(&(metadata.dev(), metadata.ino())) {
            return Ok(());
        }
        let (pem, _) = read_file(log, variable, file)?;
        self.seen.insert((metadata.dev(), metadata.ino()));
        self.pem.extend_from_slice(&pem);
        self.pem.push(b'\n');
        Ok(())
    }

    /// Adds all files of the folders, whatever their names, and skips those without a certificate.
    fn add_folders(&mut self, log: &Log, folders: &OsString) -> Result<(), String> {
        let mut problem = "holds no certificate that can be used".to_owned();
        let mut found = false;
        for folder in env::split_paths(folders) {
            match fs::read_dir(&folder) {
                Err(error) => problem = format!("cannot be read: {error}"),
                Ok(entries) => {
                    for entry in entries.flatten() {
                        found |= self.add(log, FOLDER, &entry.path()).is_ok();
                    }
                }
            }
        }
        if found { Ok(()) } else { Err(problem) }
    }
}

/// Reads a PEM file and the certificates in it, with a warning if some of them cannot be used.
fn read_file(log: &Log, field: &str, file: &Path) -> Result<(Vec<u8>, TrustAnchors), String> {
    let pem = fs::read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let (trusted, unusable) = TrustAnchors::from_pem(&pem)?;
    if unusable > 0 {
        log.write(
            LogLevel::Warn,
            format_args!("{field}: {}: {unusable} certificates cannot be used", file.display()),
        );
    }
    Ok((pem, trusted))
}
