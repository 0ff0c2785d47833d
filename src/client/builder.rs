//! What a client is built from: settings, each with a default and a check.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::call::credentials::Credentials;
use crate::call::retry::RetryPolicy;
use crate::call::{Engine, EngineConfig};
use crate::client::Client;
use crate::error::Error;
use crate::log::{Log, LogLevel};
use crate::transport::{
    Origin, Proxy, ProxyChoice, TransportConfig, Trusted, parse_port, split_port,
};

/// The settings of a [`Client`]. Each has a default; [`build`](ClientBuilder::build) checks them all.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    project_id: String,
    credentials: Credentials,
    base_url: String,
    auth_url: String,
    allow_http: bool,
    timeout: Duration,
    connect_timeout: Duration,
    max_attempts: u32,
    max_idle_connections: usize,
    idle_timeout: Duration,
    max_connection_age: Duration,
    max_response_bytes: u64,
    user_agent: String,
    roots: Roots,
    proxy: ProxyChoice,
    log: Log,
}

/// Leaves out the URLs: they may hold a password that is yet to be refused, or a proxy's.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("project_id", &self.project_id)
            .field("credentials", &self.credentials)
            .field("allow_http", &self.allow_http)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_attempts", &self.max_attempts)
            .field("max_idle_connections", &self.max_idle_connections)
            .field("idle_timeout", &self.idle_timeout)
            .field("max_connection_age", &self.max_connection_age)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("user_agent", &self.user_agent)
            .field("roots", &self.roots)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

/// Which certificates are trusted to vouch for a server.
#[derive(Clone, Debug)]
enum Roots {
    Bundled,
    Platform,
    File(PathBuf),
}

const BASE_URL: &str = "https://numbers.api.sinch.com";
const AUTH_URL: &str = "https://auth.sinch.com";
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl ClientBuilder {
    pub(crate) fn new(project_id: String, credentials: Credentials) -> Self {
        Self {
            project_id,
            credentials,
            base_url: BASE_URL.to_owned(),
            auth_url: AUTH_URL.to_owned(),
            allow_http: false,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_millis(3100),
            max_attempts: RetryPolicy::default().max_attempts,
            max_idle_connections: 64,
            idle_timeout: Duration::from_secs(50),
            max_connection_age: Duration::from_secs(600),
            max_response_bytes: 32 * 1024 * 1024,
            user_agent: concat!("sinch-numbers/", env!("CARGO_PKG_VERSION")).to_owned(),
            roots: Roots::Bundled,
            proxy: ProxyChoice::Env,
            log: Log::default(),
        }
    }

    /// Begins with what the environment says; the variables stand at [`Client::from_env`].
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that names the variable which is missing, empty or wrong.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| env::var(name))
    }

    fn from_variables(
        variable: impl Fn(&str) -> Result<String, env::VarError>,
    ) -> Result<Self, Error> {
        let optional = |name: &str| match variable(name) {
            Ok(value) if value.is_empty() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(Error::invalid(name, "is not UTF-8")),
        };
        let required = |name: &str| {
            optional(name)?.ok_or_else(|| {
                Error::invalid(name, "this environment variable is not set or empty")
            })
        };
        let project_id = required("SINCH_PROJECT_ID")?;
        let key_id = required("SINCH_KEY_ID")?;
        let with_key: fn(String, String) -> Credentials = match optional("SINCH_AUTH")?.as_deref() {
            None | Some("oauth2") => Credentials::oauth2,
            Some("basic") => Credentials::basic,
            Some(_) => return Err(Error::invalid("SINCH_AUTH", "is neither oauth2 nor basic")),
        };
        // At once into the hands of what wipes it.
        let credentials = with_key(key_id, required("SINCH_KEY_SECRET")?);
        let mut builder = Self::new(project_id, credentials);
        if let Some(url) = optional("SINCH_NUMBERS_URL")? {
            builder.base_url = url;
        }
        if let Some(url) = optional("SINCH_AUTH_URL")? {
            builder.auth_url = url;
        }
        Ok(builder)
    }

    /// Sets the origin of the API: scheme, host and, if need be, port. Default: `https://numbers.api.sinch.com`.
    pub fn base_url(mut self, origin: impl Into<String>) -> Self {
        self.base_url = origin.into();
        self
    }

    /// Sets the origin of the token endpoint, to which `/oauth2/token` is appended. Default: `https://auth.sinch.com`.
    pub fn auth_url(mut self, origin: impl Into<String>) -> Self {
        self.auth_url = origin.into();
        self
    }

    /// Allows `http` to hosts other than this machine: credentials and addresses then travel in the clear. Default: no.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Sets the deadline of a whole call: connecting, authentication, retries and waits included. Default: 30 s;
    /// range: 1 ms to 24 h.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long connecting may take at most, all addresses of the host together. Default: 3.1 s; range: 1 ms to
    /// 24 h. The deadline of the call counts all the same.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how often a request is sent at most, the first time included. Default: 3; range: 1 to 10. A resend after a
    /// refreshed token comes on top.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets how many idle connections are kept for each host. Default: 64; range: 0 to 1024. It does not limit how many
    /// are used at a time.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.max_idle_connections = connections;
        self
    }

    /// Sets how long an idle connection is kept. Default: 50 s; range: 0 to 24 h.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how long a connection is used, however busy it is, so that a name that moved is followed. Default: 10 min; range:
    /// 1 ms to 24 h.
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.max_connection_age = age;
        self
    }

    /// Sets how big an answer may be, after decompression. Default: 32 MiB; range: 1 byte to 1 GiB.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets the `User-Agent`: 1 to 256 characters of printable ASCII. Default: `sinch-numbers/` and the version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Trusts the roots in a PEM file instead of the bundled ones. It is read when the client is built.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.roots = Roots::File(file.into());
        self
    }

    /// Trusts the roots of this machine instead of the bundled ones: the file that `SSL_CERT_FILE` names, or the first that
    /// exists of those where systems keep them. It is read when the client is built.
    pub fn platform_roots(mut self) -> Self {
        self.roots = Roots::Platform;
        self
    }

    /// Goes through an HTTP proxy, credentials included if need be: `http://user:password@proxy.example.com:3128`. This
    /// machine is never reached through it.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Goes through the proxy that the environment names: `https_proxy` or `HTTPS_PROXY`, for `http` only `http_proxy` in
    /// lower case, then `all_proxy` or `ALL_PROXY`; not for what `no_proxy` or `NO_PROXY` names. This is the default; it is
    /// read when the client is built.
    pub fn proxy_from_env(mut self) -> Self {
        self.proxy = ProxyChoice::Env;
        self
    }

    /// Goes through no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Sets where the client's log goes: lines up to a level. Default: nowhere. No line holds a key or a token; lines hold
    /// phone numbers and what the service says.
    ///
    /// The function is called on the threads that make the calls, several at a time.
    pub fn log(
        mut self,
        max_level: LogLevel,
        log: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Self {
        self.log = Log::to(max_level, log);
        self
    }

    /// Checks the settings and builds the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that names the setting which is wrong.
    pub fn build(self) -> Result<Client, Error> {
        check_project_id(&self.project_id)?;
        self.credentials.check()?;
        let base_url = origin("baseUrl", &self.base_url, self.allow_http)?;
        let auth_url = origin("authUrl", &self.auth_url, self.allow_http)?;
        let a_while = Duration::from_millis(1)..=LONGEST;
        in_range("timeout", &self.timeout, &a_while)?;
        in_range("connectTimeout", &self.connect_timeout, &a_while)?;
        in_range("idleTimeout", &self.idle_timeout, &(Duration::ZERO..=LONGEST))?;
        in_range("maxConnectionAge", &self.max_connection_age, &a_while)?;
        in_range("maxAttempts", &self.max_attempts, &(1..=10))?;
        in_range("maxIdleConnections", &self.max_idle_connections, &(0..=1024))?;
        in_range("maxResponseBytes", &self.max_response_bytes, &(1..=1 << 30))?;
        if self.user_agent.is_empty()
            || self.user_agent.len() > 256
            || !self.user_agent.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        {
            return Err(Error::invalid(
                "userAgent",
                "is empty, longer than 256 bytes or holds more than printable ASCII",
            ));
        }
        if let ProxyChoice::Url(url) = &self.proxy {
            // Whether or not an origin will be reached through it.
            Proxy::parse(url).map_err(|problem| Error::invalid("proxy", problem))?;
        }
        let variable = |name: &str| env::var(name).ok();
        let proxy = |origin: &str| match self.proxy.for_origin(Origin::of(origin), variable) {
            None => Ok(None),
            Some((setting, url)) => {
                Proxy::parse(&url).map(Some).map_err(|problem| Error::invalid(setting, problem))
            }
        };
        let (api_proxy, auth_proxy) = (proxy(&base_url)?, proxy(&auth_url)?);
        let engine = Engine::new(EngineConfig {
            project_id: self.project_id,
            credentials: self.credentials,
            base_url,
            auth_url,
            timeout: self.timeout,
            retry: RetryPolicy { max_attempts: self.max_attempts },
            http: TransportConfig {
                connect_timeout: self.connect_timeout,
                idle_timeout: self.idle_timeout,
                max_connection_age: self.max_connection_age,
                max_idle_connections: self.max_idle_connections,
                max_response_bytes: self.max_response_bytes,
                user_agent: self.user_agent,
                trusted: self.roots.read(&self.log)?,
            },
            proxy: api_proxy,
            auth_proxy,
            log: self.log,
        });
        Ok(Client::new(engine))
    }
}

impl Roots {
    /// Where systems keep the roots that they trust.
    const PLATFORM: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/etc/openssl@3/cert.pem",
    ];

    fn read(&self, log: &Log) -> Result<Trusted, Error> {
        let (field, file) = match self {
            Self::Bundled => return Ok(Trusted::Bundled),
            Self::File(file) => ("caFile", file.clone()),
            Self::Platform => {
                let named = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
                let usual = || Self::PLATFORM.iter().map(PathBuf::from).find(|file| file.exists());
                let none = || Error::invalid("roots", "this machine has no file of trusted roots");
                ("roots", named.or_else(usual).ok_or_else(none)?)
            }
        };
        let refuse =
            |problem: String| Error::invalid(field, format!("{}: {problem}", file.display()));
        let pem =
            std::fs::read(&file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let (trusted, unusable) = Trusted::from_pem(&pem).map_err(refuse)?;
        if unusable > 0 {
            log.write(
                LogLevel::Warn,
                format_args!("{field}: {}: {unusable} certificates cannot be used", file.display()),
            );
        }
        Ok(trusted)
    }
}

fn in_range<T: PartialOrd + fmt::Debug>(
    field: &str,
    value: &T,
    range: &std::ops::RangeInclusive<T>,
) -> Result<(), Error> {
    if range.contains(value) {
        return Ok(());
    }
    let problem = format!("is {value:?}; {:?} to {:?} is wanted", range.start(), range.end());
    Err(Error::invalid(field, problem))
}

fn check_project_id(project_id: &str) -> Result<(), Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match project_id {
        "" => Err(Error::invalid("projectId", "is empty")),
        id if id.len() > 64 => Err(Error::invalid("projectId", "is longer than 64 characters")),
        id if !id.bytes().all(allowed) => {
            Err(Error::invalid("projectId", "holds more than letters, digits, - and _"))
        }
        _ => Ok(()),
    }
}

/// Checks an origin and returns it without a trailing slash. No error repeats it: it might hold a password.
fn origin(field: &str, text: &str, allow_http: bool) -> Result<String, Error> {
    let refuse = |problem: &str| Err(Error::invalid(field, problem));
    let (secure, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        _ => return refuse("begins with neither https:// nor http://"),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        return refuse("holds a user name; give the credentials as credentials");
    }
    if authority.contains(['/', '?', '#', '\\']) {
        return refuse("holds more than scheme, host and port");
    }
    if split_port(authority).1.is_some_and(|port| parse_port(port).is_none()) {
        return refuse("has a port that is not 1 to 65535");
    }
    let Some(origin) = Origin::of_authority(secure, authority) else {
        return refuse("has no valid host");
    };
    if !secure && !origin.is_loopback() && !allow_http {
        return refuse("is http to another machine: use https, or allow it with allow_http");
    }
    Ok(format!("{}://{authority}", if secure { "https" } else { "http" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> ClientBuilder {
        Client::builder("project", Credentials::oauth2("key", "hush"))
    }

    fn problem(builder: ClientBuilder) -> String {
        let error = builder.build().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        error.to_string()
    }

    #[test]
    fn settings_are_checked() {
        assert!(builder().build().is_ok());
        let ms = Duration::from_millis;
        let rows = [
            (Client::builder("", Credentials::basic("k", "hush")), "projectId: is empty"),
            (Client::builder("a/b", Credentials::basic("k", "hush")), "projectId: holds"),
            (Client::builder("..", Credentials::basic("k", "hush")), "projectId: holds"),
            (Client::builder("a b", Credentials::basic("k", "hush")), "projectId: holds"),
            (Client::builder("é", Credentials::basic("k", "hush")), "projectId: holds"),
            (
                Client::builder("x".repeat(65), Credentials::basic("k", "hush")),
                "projectId: is longer",
            ),
            (Client::builder("p", Credentials::basic("", "hush")), "keyId: is empty"),
            (builder().timeout(Duration::ZERO), "timeout: is 0ns"),
            (builder().timeout(ms(90_000_000)), "timeout: is 90000s"),
            (builder().connect_timeout(Duration::ZERO), "connectTimeout"),
            (builder().max_attempts(0), "maxAttempts: is 0; 1 to 10"),
            (builder().max_attempts(11), "maxAttempts: is 11"),
            (builder().max_idle_connections(1025), "maxIdleConnections"),
            (builder().max_response_bytes(0), "maxResponseBytes"),
            (builder().user_agent(""), "userAgent"),
            (builder().user_agent("a\r\nb"), "userAgent"),
        ];
        for (builder, expected) in rows {
            let problem = problem(builder);
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn origins() {
        let good = [
            ("https://numbers.api.sinch.com", "https://numbers.api.sinch.com"),
            ("HTTPS://example.com/", "https://example.com"),
            ("https://example.com:8443", "https://example.com:8443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("http://127.8.8.8", "http://127.8.8.8"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("http://[::1]", "http://[::1]"),
            ("https://example.com.", "https://example.com."),
        ];
        for (text, expected) in good {
            assert_eq!(origin("baseUrl", text, false).unwrap(), expected);
        }
        let bad = [
            ("", "begins with"),
            ("numbers.api.sinch.com", "begins with"),
            ("ftp://example.com", "begins with"),
            ("http://example.com", "is http"),
            ("http://localhost.evil.com", "is http"),
            ("http://127.0.0.1.evil.com", "is http"),
            ("http://128.0.0.1", "is http"),
            ("http://[::2]", "is http"),
            ("https://user:hush@example.com", "holds a user name"),
            ("https://example.com/v1", "holds more"),
            ("https://example.com?x=hush", "holds more"),
            ("https://example.com#x", "holds more"),
            ("https://example.com\\@evil.com", "holds a user name"),
            ("https://", "has no valid host"),
            ("https:///", "has no valid host"),
            ("https://exa mple.com", "has no valid host"),
            ("https://exa\r\nmple.com", "has no valid host"),
            ("https://exämple.com", "has no valid host"),
            ("https://[::1", "has no valid host"),
            ("https://[nonsense]", "has no valid host"),
            ("https://example.com:0", "has a port"),
            ("https://example.com:99999", "has a port"),
            ("https://example.com:", "has a port"),
            ("https://example.com:+80", "has a port"),
            ("https://..", "has no valid host"),
            ("https://a..b", "has no valid host"),
            ("https://.example.com", "has no valid host"),
            ("https://example.com:80:80", "has no valid host"),
        ];
        for (text, expected) in bad {
            let error = origin("baseUrl", text, false).unwrap_err().to_string();
            assert!(error.starts_with(&format!("baseUrl: {expected}")), "{text}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
        assert!(origin("baseUrl", "http://example.com", true).is_ok());
    }

    #[test]
    fn the_environment() {
        let set = |pairs: &'static [(&str, &str)]| {
            ClientBuilder::from_variables(move |name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned()).ok_or(env::VarError::NotPresent)
            })
        };
        let builder = set(&[
            ("SINCH_PROJECT_ID", "p"),
            ("SINCH_KEY_ID", "k"),
            ("SINCH_KEY_SECRET", "s"),
            ("SINCH_AUTH", "basic"),
            ("SINCH_NUMBERS_URL", "http://127.0.0.1:1"),
            ("SINCH_AUTH_URL", ""),
        ])
        .unwrap();
        assert_eq!(builder.project_id, "p");
        assert!(!builder.credentials.uses_tokens());
        assert_eq!(builder.base_url, "http://127.0.0.1:1");
        assert_eq!(builder.auth_url, AUTH_URL);
        let rows: [(&[_], &str); 4] = [
            (&[], "SINCH_PROJECT_ID: this"),
            (&[("SINCH_PROJECT_ID", "p")], "SINCH_KEY_ID: this"),
            (
                &[("SINCH_PROJECT_ID", "p"), ("SINCH_KEY_ID", "k"), ("SINCH_KEY_SECRET", "")],
                "SINCH_KEY_SECRET: this",
            ),
            (
                &[
                    ("SINCH_PROJECT_ID", "p"),
                    ("SINCH_KEY_ID", "k"),
                    ("SINCH_KEY_SECRET", "s"),
                    ("SINCH_AUTH", "digest"),
                ],
                "SINCH_AUTH: is neither",
            ),
        ];
        for (pairs, expected) in rows {
            let error = set(pairs).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
