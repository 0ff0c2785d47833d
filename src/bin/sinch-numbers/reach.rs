//! The way to a server, for the doctor: proxy, name, addresses and clock.

use std::env;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use ureq::http::Uri;

use crate::doctor::{Findings, Verdict};

/// How long a look-up or a connect may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How far this clock may be from the service's, in seconds.
const CLOCK_MAY_DIFFER: u64 = 60;

/// Tells which proxy calls go through, as far as variables say so.
pub(crate) fn proxy(found: &mut Findings) -> bool {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    match set("SINCH_NUMBERS_PROXY").as_deref().map(str::trim) {
        Some("none") => return false,
        Some("env") | None => {}
        Some(_) => {
            found.ok("proxy", "calls go through the one in SINCH_NUMBERS_PROXY");
            return true;
        }
    }
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let Some(name) = names.into_iter().find(|name| set(name).is_some()) else { return false };
    let except = ["no_proxy", "NO_PROXY"].into_iter().find(|name| set(name).is_some());
    let except = except.map_or(String::new(), |name| format!(", but for the hosts in {name}"));
    found.ok("proxy", format!("calls go through the one in {name}{except}"));
    true
}

/// A server that calls go to.
#[derive(PartialEq, Eq)]
pub(crate) struct Server {
    host: String,
    port: u16,
}

impl Server {
    pub(crate) fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let port = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        Some(Self { host, port: uri.port_u16().unwrap_or(port) })
    }

    /// Looks up the name, and connects to each address. With a proxy none of it need work.
    pub(crate) fn look_at(&self, found: &mut Findings, proxied: bool) {
        let Self { host, port } = self;
        let verdict = if proxied { Verdict::Warning } else { Verdict::Problem };
        let addresses = match self.addresses() {
            Ok(addresses) => addresses,
            Err(problem) => {
                found.add(verdict, host, format!("the name cannot be looked up: {problem}"), "check the host in the URL, and the resolver of this machine (/etc/resolv.conf)");
                return;
            }
        };
        let tried: Vec<(IpAddr, Result<(), io::Error>)> = thread::scope(|scope| {
            let connects: Vec<_> = addresses
                .iter()
                .map(|address| {
                    let connect =
                        scope.spawn(|| TcpStream::connect_timeout(address, PATIENCE).map(drop));
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
                    "calls use the others; ask the network's keeper if it stays so",
                ),
                Err(error) if works => {
                    let mend = format!(
                        "calls work without it; mend or turn off {family} on this network to save the waits"
                    );
                    found.warn(host, format!("{counts} ({ip}: {error})"), mend);
                }
                _ => {
                    let why = last
                        .as_ref()
                        .err()
                        .map_or(String::new(), |error| format!(" ({ip}: {error})"));
                    found.add(
                        verdict,
                        host,
                        format!("{counts}{why}"),
                        "open the firewall, or set https_proxy if a proxy is needed",
                    );
                }
            }
        }
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let (tell, told) = mpsc::channel();
        let place = (self.host.clone(), self.port);
        // It cannot be ended, so it is left behind when it takes too long.
        thread::spawn(move || {
            let _ = tell.send(place.to_socket_addrs().map(Iterator::collect));
        });
        match told.recv_timeout(PATIENCE) {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

/// Compares the clock with the server's. Nothing but the date of a response is read, so that it works where certificates do not.
pub(crate) fn clock(found: &mut Findings, server: &Server, url: &str) {
    let tls = ureq::tls::TlsConfig::builder().disable_verification(true).build();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .tls_config(tls);
    let config = match env::var("SINCH_NUMBERS_PROXY").as_deref().map(str::trim) {
        Ok("none") => config.proxy(None),
        Ok("env" | "") | Err(_) => config,
        Ok(url) => config.proxy(ureq::Proxy::new(url).ok()),
    };
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
