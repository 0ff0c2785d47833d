//! The builder of a client: its settings, their defaults and their checks.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::call::credentials::Credentials;
use crate::call::{Endpoint, Engine, EngineConfig};
use crate::client::Client;
use crate::client::roots::Roots;
use crate::error::{Error, ErrorKind};
use crate::log::{Log, LogLevel};
use crate::transport::{
    Origin, Proxy, ProxyChoice, TransportConfig, TrustAnchors, parse_port, split_port,
};

/// The settings of a [`Client`]. Each has a default; [`build`](ClientBuilder::build) checks them all.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    /// The settings, except for URLs, proxy and roots, which `build` sets.
    engine: EngineConfig,
    pub(super) base_url: String,
    pub(super) auth_url: String,
    allow_http: bool,
    roots: Roots,
    proxy: ProxyChoice,
    pub(super) log_level: Option<LogLevel>,
    /// The settings that came from environment variables, each with the variable's name, which errors of `build` say then.
    pub(super) variables: Vec<(&'static str, String)>,
}

/// Leaves out the URLs: they can hold passwords, also one that `build` will refuse.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("engine", &self.engine)
            .field("allow_http", &self.allow_http)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Returns a builder of a client for a project: its id from the Sinch Customer Dashboard, and an access key.
    ///
    /// ```no_run
    /// use sinch_numbers::{Client, Credentials};
    /// use std::time::Duration;
    ///
    /// let client = Client::builder("YOUR_projectId", Credentials::oauth2("YOUR_keyId", "YOUR_keySecret"))
    ///     .timeout(Duration::from_secs(10))
    ///     .build()?;
    /// # Ok::<(), sinch_numbers::Error>(())
    /// ```
    pub fn builder(project_id: impl Into<String>, credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(project_id.into(), credentials)
    }
}

const BASE_URL: &str = "https://numbers.api.sinch.com";
const AUTH_URL: &str = "https://auth.sinch.com";
const MAX_TIME: Duration = Duration::from_secs(24 * 3600);

impl ClientBuilder {
    pub(crate) fn new(project_id: String, credentials: Credentials) -> Self {
        let http = TransportConfig {
            connect_timeout: Duration::from_millis(3100),
            idle_timeout: Duration::from_secs(50),
            max_connection_age: Duration::from_secs(600),
            max_idle_connections: 64,
            max_response_bytes: 32 * 1024 * 1024,
            user_agent: concat!("sinch-numbers/", env!("CARGO_PKG_VERSION")).to_owned(),
            trusted: TrustAnchors::Bundled,
        };
        let engine = EngineConfig {
            project_id,
            credentials,
            api: Endpoint::default(),
            auth: Endpoint::default(),
            timeout: Duration::from_secs(30),
            max_attempts: 3,
            requests_per_second: 0.0,
            http,
            log: Log::default(),
        };
        Self {
            engine,
            base_url: BASE_URL.to_owned(),
            auth_url: AUTH_URL.to_owned(),
            allow_http: false,
            roots: Roots::Default,
            proxy: ProxyChoice::Env,
            log_level: Some(LogLevel::Warn),
            variables: Vec::new(),
        }
    }

    /// Removes a setting from those that came from variables, because code sets it now.
    fn set(&mut self, setting: &str) -> &mut Self {
        self.variables.retain(|(given, _)| *given != setting);
        self
    }

    /// Sets the URL of the API: scheme, host and, if need be, port and a path prefix, as of a gateway:
    /// `https://gateway.example.com/sinch`. Default: `https://numbers.api.sinch.com`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.set("baseUrl").base_url = url.into();
        self
    }

    /// Sets the URL of the token endpoint, to which `/oauth2/token` is appended: as [`base_url`](Self::base_url). Default:
    /// `https://auth.sinch.com`.
    pub fn auth_url(mut self, url: impl Into<String>) -> Self {
        self.set("authUrl").auth_url = url.into();
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
        self.engine.timeout = timeout;
        self
    }

    /// Sets how long connecting may take at most, all addresses of the host together. Default: 3.1 s; range: 1 ms to
    /// 24 h. The deadline of the call applies as well.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.engine.http.connect_timeout = timeout;
        self
    }

    /// Sets how often a request is sent at most, the first time included. Default: 3; range: 1 to 10. A resend after a
    /// refreshed token comes on top.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.engine.max_attempts = attempts;
        self
    }

    /// Sets how many requests all calls of this client and its clones send in a second at most, retries and read-backs
    /// included, requests for access tokens not. They are spaced evenly; a call waits for its turn within its deadline. Default:
    /// 0, no limit; range: 0 to 1,000,000, fractions included: 0.5 is a request every two seconds. After a fork each process
    /// has the whole rate.
    pub fn requests_per_second(mut self, rate: f64) -> Self {
        self.engine.requests_per_second = rate;
        self
    }

    /// Sets how many idle connections are kept for each host. Default: 64; range: 0 to 1024. It does not limit how many
    /// are used at a time.
    pub fn max_idle_connections(mut self, connections: usize) -> Self {
        self.engine.http.max_idle_connections = connections;
        self
    }

    /// Sets how long an idle connection is kept. Default: 50 s; range: 0 to 24 h.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.engine.http.idle_timeout = timeout;
        self
    }

    /// Sets how long a connection is used, however busy it is, so that new addresses of the host are found. Default: 10 min;
    /// range: 1 ms to 24 h.
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.engine.http.max_connection_age = age;
        self
    }

    /// Sets how big a response may be, after decompression. Default: 32 MiB; range: 1 byte to 1 GiB.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.engine.http.max_response_bytes = bytes;
        self
    }

    /// Sets the `User-Agent`: 1 to 256 characters of printable ASCII. Default: `sinch-numbers/` and the version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.engine.http.user_agent = user_agent.into();
        self
    }

    /// Trusts the roots in a PEM file, and no others. It is read when the client is built.
    ///
    /// Default, if none of the three methods for roots is called: the certificates that the environment variables
    /// `SSL_CERT_FILE` (a PEM file) and `SSL_CERT_DIR` (folders of PEM files, with colons between them) name, if one is set;
    /// else the bundled roots. If what they name cannot be used, a warning in the log says so, and the bundled roots are used.
    /// A client that uses no TLS does not read them.
    ///
    /// A certificate of a server has an RSA key of 2,048 to 8,192 bits, P-256, P-384 or Ed25519. What OpenSSL accepts beyond that
    /// is refused, with a message that says why: P-521, smaller RSA keys, SHA-1 signatures, version 1, no subject alternative
    /// name, and a root that the server presents as its own certificate.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.set("caFile").set("roots").roots = Roots::File(file.into());
        self
    }

    /// Trusts the roots of this machine: the file that `SSL_CERT_FILE` names, or the first that exists of those where systems
    /// keep them. It is read when the client is built.
    pub fn platform_roots(mut self) -> Self {
        self.set("caFile").set("roots").roots = Roots::Platform;
        self
    }

    /// Trusts Mozilla's roots, which are part of this library, whatever the environment says.
    pub fn bundled_roots(mut self) -> Self {
        self.set("caFile").set("roots").roots = Roots::Bundled;
        self
    }

    /// Goes through an HTTP proxy, credentials included if need be: `http://user:password@proxy.example.com:3128`. This
    /// machine is never reached through it.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.set("proxy").proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Goes through the proxy that the environment names: `https_proxy` or `HTTPS_PROXY`, for `http` only `http_proxy` in
    /// lower case, then `all_proxy` or `ALL_PROXY`; not for what `no_proxy` or `NO_PROXY` names. This is the default; it is
    /// read when the client is built.
    pub fn proxy_from_env(mut self) -> Self {
        self.set("proxy").proxy = ProxyChoice::Env;
        self
    }

    /// Goes through no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.set("proxy").proxy = ProxyChoice::None;
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
        self.engine.log = Log::to(max_level, log);
        self
    }

    /// Returns the level up to which a log is wanted: that of `SINCH_NUMBERS_LOG_LEVEL` after
    /// [`from_env`](ClientBuilder::from_env), else [`Warn`](LogLevel::Warn). `None` stands for `off`. It is for
    /// [`log`](ClientBuilder::log), which is not bound to it.
    pub fn log_level(&self) -> Option<LogLevel> {
        self.log_level
    }

    /// Checks the settings and builds the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that names the setting which is wrong, or the environment variable that
    /// gave it.
    pub fn build(mut self) -> Result<Client, Error> {
        let variables = std::mem::take(&mut self.variables);
        self.checked().map_err(|error| {
            let ErrorKind::InvalidInput(input) = error.kind() else { return error };
            match variables.iter().find(|(setting, _)| *setting == input.field) {
                Some((_, variable)) => Error::invalid(variable, &input.problem),
                None => error,
            }
        })
    }

    fn checked(self) -> Result<Client, Error> {
        let Self { mut engine, roots, proxy, .. } = self;
        check_project_id(&engine.project_id)?;
        engine.credentials.check()?;
        engine.api = endpoint("baseUrl", &self.base_url, self.allow_http)?;
        engine.auth = endpoint("authUrl", &self.auth_url, self.allow_http)?;
        let http = &mut engine.http;
        let positive_time = Duration::from_millis(1)..=MAX_TIME;
        in_range("timeout", &engine.timeout, &positive_time)?;
        in_range("connectTimeout", &http.connect_timeout, &positive_time)?;
        in_range("idleTimeout", &http.idle_timeout, &(Duration::ZERO..=MAX_TIME))?;
        in_range("maxConnectionAge", &http.max_connection_age, &positive_time)?;
        in_range("requestsPerSecond", &engine.requests_per_second, &(0.0..=1_000_000.0))?;
        in_range("maxAttempts", &engine.max_attempts, &(1..=10))?;
        in_range("maxIdleConnections", &http.max_idle_connections, &(0..=1024))?;
        in_range("maxResponseBytes", &http.max_response_bytes, &(1..=1 << 30))?;
        if !(1..=256).contains(&http.user_agent.len())
            || !http.user_agent.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        {
            let problem = "is empty, longer than 256 bytes or holds more than printable ASCII";
            return Err(Error::invalid("userAgent", problem));
        }
        if let ProxyChoice::Url(url) = &proxy {
            // Checked even if neither server is reached through it.
            Proxy::parse(url).map_err(|problem| Error::invalid("proxy", problem))?;
        }
        let mut secure = false;
        for server in [&mut engine.api, &mut engine.auth] {
            let origin = Origin::of(&server.origin);
            secure |= origin.secure;
            if let Some((setting, url)) = proxy.for_origin(origin, |name| env::var(name).ok()) {
                let proxy = Proxy::parse(&url);
                server.proxy = Some(proxy.map_err(|problem| Error::invalid(setting, problem))?);
            }
        }
        // Without TLS no trust anchors are needed.
        if secure || !matches!(roots, Roots::Default) {
            http.trusted = roots.read(&engine.log, &|name| env::var_os(name))?;
        }
        Ok(Client::new(Engine::new(engine)))
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

/// Checks a base URL and splits it into origin and path. Errors do not quote it: it might hold a password.
fn endpoint(field: &str, text: &str, allow_http: bool) -> Result<Endpoint, Error> {
    const LONGEST_PATH: usize = 256;
    let refuse = |problem: &str| Err(Error::invalid(field, problem));
    let (secure, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        _ => return refuse("begins with neither https:// nor http://"),
    };
    if rest.contains('@') {
        return refuse("holds a user name; give the credentials as credentials");
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = path.strip_suffix('/').unwrap_or(path);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let is_segment = |text: &str| !matches!(text, "" | "." | "..") && text.bytes().all(allowed);
    if authority.contains(['?', '#', '\\']) || !path.split('/').skip(1).all(is_segment) {
        return refuse(
            "holds more than scheme, host, port and a path of letters, digits, -, ., _ and ~",
        );
    }
    if path.len() > LONGEST_PATH {
        return refuse("has a path of more than 256 characters");
    }
    if split_port(authority).1.is_some_and(|port| parse_port(port).is_none()) {
        return refuse("has a port that is not 1 to 65535");
    }
    let Some(origin) = Origin::of_authority(secure, authority) else {
        return refuse("has no valid host");
    };
    if !secure && !origin.is_loopback() && !allow_http {
        return refuse(
            "is http to another machine: use https, or allow it with allowHttp or SINCH_NUMBERS_ALLOW_HTTP",
        );
    }
    let scheme = if secure { "https" } else { "http" };
    let origin = format!("{scheme}://{authority}");
    Ok(Endpoint { origin, path: path.to_owned(), proxy: None })
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
            (builder().requests_per_second(-1.0), "requestsPerSecond: is -1.0; 0.0 to 1000000.0"),
            (builder().requests_per_second(f64::NAN), "requestsPerSecond: is NaN"),
            (builder().requests_per_second(1e7), "requestsPerSecond: is 10000000.0"),
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
    fn base_urls() {
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
            ("https://example.com/sinch", "https://example.com/sinch"),
            ("https://example.com:8443/a/b.c-d_e~1/", "https://example.com:8443/a/b.c-d_e~1"),
            ("http://[::1]:9/x", "http://[::1]:9/x"),
        ];
        for (text, expected) in good {
            let Endpoint { origin, path, .. } = endpoint("baseUrl", text, false).unwrap();
            assert_eq!(origin + &path, expected);
        }
        let long = format!("https://example.com/{}", "a".repeat(256));
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
            ("https://example.com/a/../b", "holds more"),
            ("https://example.com/./b", "holds more"),
            ("https://example.com/..", "holds more"),
            ("https://example.com//", "holds more"),
            ("https://example.com//a", "holds more"),
            ("https://example.com/a//b", "holds more"),
            ("https://example.com/a%2e%2e", "holds more"),
            ("https://example.com/a b", "holds more"),
            ("https://example.com/a\r\nX: y", "holds more"),
            ("https://example.com/ä", "holds more"),
            ("https://example.com/a;b", "holds more"),
            ("https://example.com/a?x=hush", "holds more"),
            ("https://example.com/a#x", "holds more"),
            ("https://example.com/hush@a", "holds a user name"),
            (&long, "has a path of more than 256"),
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
            let error = endpoint("baseUrl", text, false).err().unwrap().to_string();
            assert!(error.starts_with(&format!("baseUrl: {expected}")), "{text}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
        assert!(endpoint("baseUrl", "http://example.com", true).is_ok());
    }
}
