//! The handle of a client: making, shutting down, freeing.

use std::ffi::{c_char, c_void};

use super::codes::sinch_numbers_code;
use super::guard_or;
use super::handle::{self, Opaque};
use super::input;
use super::log::{LogSink, sinch_numbers_log_fn};
use super::result::{make, sinch_numbers_result};
use crate::client::Client;

/// A client of one project. Any number of threads share it.
pub struct sinch_numbers_client {
    _opaque: [u8; 0],
}

impl Opaque for sinch_numbers_client {
    type Value = Client;
    const TAG: u64 = 0x5349_4e43_484e_4d01;
    const NAME: &'static str = "client";
}

/// Makes a client. Nothing is sent yet.
///
/// config: a JSON object with the settings, or NULL to read them from the environment.
///
///   key                 type     default                        meaning, range
///   fromEnv             boolean  false                          read what is left out from the environment: see below
///   projectId           string   required                       1 to 64 letters, digits, - and _
///   keyId, keySecret    string   required                       an access key of the project
///   auth                string   "oauth2"                       or "basic" (heavily rate-limited: for trials)
///   baseUrl             string   "https://numbers.api.sinch.com"  of the API: origin, and a path if a gateway has one
///   authUrl             string   "https://auth.sinch.com"       of the token endpoint: the same
///   allowHttp           boolean  false                          allow http to hosts other than this machine
///   timeoutMs           number   30000                          the whole call, retries included; 1 to 86400000
///   connectTimeoutMs    number   3100                           connecting; 1 to 86400000
///   maxAttempts         number   3                              how often a request is sent; 1 to 10
///   requestsPerSecond   number   0                              all calls together, spaced evenly; 0.5 is one request
///                                                               in 2 s, 0 no limit; 0 to 1000000
///   caFile              string   none                           PEM file of the roots to trust instead; goes before roots
///   roots               string   as SSL_CERT_FILE says          "bundled", or "platform": the roots of this machine
///   proxy               string   "env"                          or "none", or the URL of an HTTP proxy; "env" reads
///                                                               https_proxy, HTTPS_PROXY, http_proxy, all_proxy,
///                                                               ALL_PROXY and no_proxy, NO_PROXY
///   userAgent           string   "sinch-numbers/VERSION"        1 to 256 characters of printable ASCII
///   maxResponseBytes    number   33554432                       after decompression; 1 to 1073741824
///   maxIdleConnections  number   64                             kept for each host; 0 to 1024
///   idleTimeoutMs       number   50000                          how long they are kept; 0 to 86400000
///   maxConnectionAgeMs  number   600000                         how long a connection is used; 1 to 86400000
///   logLevel            string   "warn"                         off, error, warn, info, debug or trace
///
/// The environment is read if config is NULL or its fromEnv is true; then keys that are given win, and their variables are
/// not looked at (caFile and roots count as one). Blanks and line ends around a value are cut off, an empty one counts as
/// unset, one in quotes is refused. An error names the variable, or all that are missing.
///
///   SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET            projectId, keyId, keySecret; with _FILE behind its name,
///                                                               each names a file that holds the value
///   SINCH_AUTH                                                  auth
///   SINCH_NUMBERS_URL, SINCH_AUTH_URL                           baseUrl, authUrl
///   SINCH_NUMBERS_ALLOW_HTTP                                    allowHttp: true or 1, false or 0
///   SINCH_NUMBERS_TIMEOUT_MS                                    timeoutMs
///   SINCH_NUMBERS_CA_FILE, SINCH_NUMBERS_ROOTS                  caFile, roots
///   SINCH_NUMBERS_PROXY, SINCH_NUMBERS_LOG_LEVEL                proxy, logLevel
///
/// Without caFile and roots, the certificates that SSL_CERT_FILE (a PEM file) and SSL_CERT_DIR (folders of PEM files, with
/// colons between them) name are trusted if one is set, else bundled ones. Both are read beside a config, too. Where they
/// cannot be used, a warning in the log says so, and the bundled roots are trusted. A certificate of a server has an RSA key of
/// 2,048 to 8,192 bits, P-256, P-384 or Ed25519. What OpenSSL takes beyond that is refused (E_NETWORK): P-521, smaller RSA keys,
/// SHA-1 signatures, version 1, no subject alternative name, and a root that the server shows as its own certificate.
///
/// log, log_userdata: receives the log up to logLevel; NULL for none. Both must stay valid until the client and all pages made
/// from it are freed and no call is in flight any more.
/// client_out: the client; NULL is written on failure. result_out: may be NULL.
/// Fails with E_MISUSE (client_out is NULL) and E_INPUT (the config is refused; the error document names the field).
/// Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what is said above.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_new(
    config: *const c_char,
    log: sinch_numbers_log_fn,
    log_userdata: *mut c_void,
    client_out: *mut *mut sinch_numbers_client,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        make("client_new", None, client_out, result_out, || {
            let mut builder = input::config(handle::optional_text("config", config)?)?;
            if let (Some(function), Some(level)) = (log, builder.log_level()) {
                let sink = LogSink { function, userdata: log_userdata };
                builder = builder.log(level, move |level, line| sink.write(level, line));
            }
            Ok(builder.build()?)
        })
    }
}

/// Shuts a client down: calls in flight, on any thread, and later ones end with E_CANCELLED. Call it from any thread, as
/// often as you like. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_shutdown(client: *const sinch_numbers_client) {
    guard_or("client_shutdown", (), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        unsafe { handle::acquire(client) }.ok()?.shutdown();
        Some(())
    });
}

/// Frees a client. Pages made from it go on working. With calls in flight it shuts the client down, says so in the log and
/// leaks it instead of freeing it under them. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_free(client: *mut sinch_numbers_client) {
    let in_use = |client: &Client| {
        client.shutdown();
        let leaked = format_args!("client_free with calls in flight: the client is leaked");
        client.engine.warn(leaked);
    };
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::free("client_free", client, in_use) };
}
