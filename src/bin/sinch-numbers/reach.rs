//! Checks whether a server can be reached, for the doctor: proxy, name, addresses and clock.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Uri;

use crate::certificate;
use crate::doctor::Findings;

/// How long a look-up or a connect may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How far this clock may be from the service's, in seconds.
const CLOCK_MAY_DIFFER: u64 = 60;

/// The proxy on the way to a server.
pub(crate) struct Proxy {
    /// The variable that names it.
    pub(crate) variable: &'static str,
    pub(crate) server: Server,
    settings: ureq::Proxy,
}

impl Proxy {
    /// Finds the proxy that calls to a server go through.
    pub(crate) fn to(target: &Server) -> Option<Self> {
        let scheme = if target.secure { "https" } else { "http" };
        let origin = format!("{scheme}://{}", target.authority());
        let (variable, url) = sinch_numbers::proxy_from_env(&origin)?;
        // The client refuses other protocols, and reports that.
        let proxy = ureq::Proxy::new(&url).ok()?;
        let is_http = proxy.protocol() == ureq::ProxyProtocol::Http;
        let server = Server { host: proxy.host().to_owned(), port: proxy.port(), secure: false };
        is_http.then_some(Self { variable, server, settings: proxy })
    }

    /// Opens a tunnel through the proxy (CONNECT).
    fn tunnel(&self, target: &Server) -> Option<TcpStream> {
        let mut stream = self.server.connect()?;
        let to = target.authority();
        let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(user) = self.settings.username() {
            let credentials = format!("{user}:{}", self.settings.password().unwrap_or_default());
            request += &format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(credentials));
        }
        stream.write_all((request + "\r\n").as_bytes()).ok()?;
        let mut head = Vec::new();
        // Byte by byte: what follows the head belongs to TLS.
        while !head.ends_with(b"\r\n\r\n") && head.len() < 16 * 1024 {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        head.starts_with(b"HTTP/1.").then_some(())?;
        head.get(8..12).filter(|status| *status == b" 200").map(|_| stream)
    }
}

/// A server that calls go to.
#[derive(PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    port: u16,
    pub(crate) secure: bool,
}

impl Server {
    /// Parses the server of a URL; `None` if it is no http or https URL.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let (secure, port) = match uri.scheme_str()? {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return None,
        };
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        Some(Self { host, port: uri.port_u16().unwrap_or(port), secure })
    }

    /// Host and port.
    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    fn connect(&self) -> Option<TcpStream> {
        let addresses = self.addresses().ok()?;
        let connect = |address| TcpStream::connect_timeout(address, TIMEOUT).ok();
        let stream = addresses.iter().find_map(connect)?;
        stream.set_read_timeout(Some(TIMEOUT)).ok()?;
        stream.set_write_timeout(Some(TIMEOUT)).ok()?;
        Some(stream)
    }

    /// Returns the issuer of the certificate that the server presents, or that a proxy which intercepts TLS presents.
    pub(crate) fn issuer(&self) -> Option<String> {
        let mut stream = match Proxy::to(self) {
            Some(proxy) => proxy.tunnel(self)?,
            None => self.connect()?,
        };
        certificate::issuer(&mut stream, &self.host)
    }

    /// Looks up the name, and connects to each address.
    pub(crate) fn check_addresses(&self, found: &mut Findings) {
        let Self { host, port, .. } = self;
        let addresses = match self.addresses() {
            Ok(addresses) => addresses,
            Err(problem) => {
                found.problem(host, format!("the name cannot be looked up: {problem}"), "check the host in the URL, and the resolver of this machine (/etc/resolv.conf)");
                return;
            }
        };
        let tried: Vec<(IpAddr, Result<(), io::Error>)> = thread::scope(|scope| {
            let connects: Vec<_> = addresses
                .iter()
                .map(|address| {
                    let connect =
                        scope.spawn(|| TcpStream::connect_timeout(address, TIMEOUT).map(drop));
                    (address.ip(), connect)
                })
                .collect();
            let failed = || Err(io::Error::other("the attempt failed"));
            connects
                .into_iter()
                .map(|(ip, connect)| (ip, connect.join().unwrap_or_else(|_| failed())))
                .collect()
        });
        let works = tried.iter().any(|(_, result)| result.is_ok());
        for (family, is_of) in
            [("IPv4", IpAddr::is_ipv4 as fn(&IpAddr) -> bool), ("IPv6", IpAddr::is_ipv6)]
        {
            let of_family: Vec<_> = tried.iter().filter(|(ip, _)| is_of(ip)).collect();
            let Some((ip, last)) = of_family.last() else { continue };
            let good = of_family.iter().filter(|(_, result)| result.is_ok()).count();
            let counts =
                format!("{good} of {} {family} addresses connect on port {port}", of_family.len());
            match last {
                _ if good == of_family.len() => found.ok(host, counts),
                _ if good > 0 => found.warn(
                    host,
                    counts,
                    "calls use the others; ask the network's administrator if it persists",
                ),
                Err(error) if works => {
                    let mend = format!(
                        "calls work without it; repair or turn off {family} on this network to avoid delays"
                    );
                    found.warn(host, format!("{counts} ({ip}: {error})"), mend);
                }
                _ => {
                    let why = last
                        .as_ref()
                        .err()
                        .map_or(String::new(), |error| format!(" ({ip}: {error})"));
                    let mend = "open the firewall, or set https_proxy if a proxy is needed";
                    found.problem(host, format!("{counts}{why}"), mend);
                }
            }
        }
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let (tell, told) = mpsc::channel();
        let place = (self.host.clone(), self.port);
        // A look-up cannot be cancelled: one that takes too long is abandoned.
        thread::spawn(move || {
            let _ = tell.send(place.to_socket_addrs().map(Iterator::collect));
        });
        match told.recv_timeout(TIMEOUT) {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
        }
    }
}

/// Compares the clock with the server's. Nothing but the date of a response is read, so that it works where certificates do not.
pub(crate) fn clock(found: &mut Findings, server: &Server, url: &str) {
    let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .tls_config(tls);
    let config = config.proxy(Proxy::to(server).map(|proxy| proxy.settings));
    let agent: ureq::Agent = config.build().into();
    let Ok(response) = agent.get(url).call() else { return };
    let date = response.headers().get("date").and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(seconds) else { return };
    let ours =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let differ = ours.abs_diff(theirs);
    if differ > CLOCK_MAY_DIFFER {
        let way = if ours > theirs { "ahead of" } else { "behind" };
        let finding = format!("this machine is {differ} s {way} {}", server.host);
        found.warn(
            "clock",
            finding,
            "set the clock (timedatectl set-ntp true): certificates and tokens depend on it",
        );
    } else {
        found.ok("clock", format!("agrees with {}", server.host));
    }
}

/// Reads a date as in `Sun, 06 Nov 1994 08:49:37 GMT`, in seconds since 1970.
fn seconds(date: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, date) = date.split_once(", ")?;
    let mut words = date.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.find(month).filter(|at| at % 3 == 0)? / 3 + 1;
    let text = format!("{year}-{month:02}-{day}T{time}Z");
    let (seconds, _) = sinch_numbers::Timestamp::from(text).to_unix()?;
    u64::try_from(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_responses_are_read() {
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in ["", "06 Nov 1994", "Sun, 06 Xxx 1994 08:49:37 GMT"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
