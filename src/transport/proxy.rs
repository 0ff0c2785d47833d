//! Chooses the HTTP proxy for a host, from the settings or the environment, and parses its URL.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::authorization::basic;
use super::origin::{Origin, split_port};

/// The proxy setting of a client.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum ProxyChoice {
    /// The proxy that the environment names.
    #[default]
    Env,
    /// No proxy.
    None,
    /// This proxy, for every host but this machine.
    Url(String),
}

/// An HTTP proxy (CONNECT), with its credentials.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// A name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<Zeroizing<String>>,
}

impl Proxy {
    /// Reads the URL of an HTTP proxy. No error repeats it: it can hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let no_proxy = || "is no URL of a proxy: http://host:port".to_owned();
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        if scheme.to_ascii_lowercase().starts_with("socks") {
            return Err("only an HTTP proxy is supported, not SOCKS: http://host:port".to_owned());
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err("only an HTTP proxy is supported: http://host:port".to_owned());
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, authority) = match rest.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, rest),
        };
        let origin = Origin::of_authority(false, authority).ok_or_else(no_proxy)?;
        let authorization = match user {
            None => None,
            Some(user) => Some(basic_of(user).ok_or_else(no_proxy)?),
        };
        Ok(Self { host: origin.host.to_owned(), port: origin.port, authorization })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// Reads `user:password`, percent-encoded, as the value of a header.
fn basic_of(user: &str) -> Option<Zeroizing<String>> {
    if user.bytes().any(|b| b.is_ascii_whitespace()) {
        return None;
    }
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    Some(basic(&percent_decoded(name)?, &percent_decoded(password)?))
}

fn percent_decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            byte => byte,
        });
    }
    let text = std::str::from_utf8(&bytes).ok()?;
    // A name or a password has no control characters.
    (!text.chars().any(char::is_control)).then(|| Zeroizing::new(text.to_owned()))
}

impl ProxyChoice {
    /// Returns the URL of the proxy for an origin, and the setting or variable that named it. This machine is never reached
    /// through a proxy.
    pub(crate) fn for_origin(
        &self,
        origin: Origin<'_>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<(&'static str, String)> {
        if origin.is_loopback() {
            return None;
        }
        match self {
            Self::None => None,
            Self::Url(url) => Some(("proxy", url.clone())),
            Self::Env => {
                let first = |names: &[&'static str]| {
                    names.iter().find_map(|name| {
                        Some((*name, variable(name).filter(|value| !value.is_empty())?))
                    })
                };
                let is_separator = |c: char| c == ',' || c.is_ascii_whitespace();
                let bypassed = first(&["no_proxy", "NO_PROXY"]).is_some_and(|(_, list)| {
                    list.split(is_separator).any(|entry| matches_no_proxy(entry, origin))
                });
                // HTTP_PROXY is not read: in a CGI program the header `Proxy` of a request sets it.
                let own: &[&'static str] =
                    if origin.secure { &["https_proxy", "HTTPS_PROXY"] } else { &["http_proxy"] };
                let found = first(own).or_else(|| first(&["all_proxy", "ALL_PROXY"]));
                found.filter(|_| !bypassed)
            }
        }
    }
}

/// Finds the proxy that calls to an origin go through with the settings in the environment, and the variable that names it. Used
/// by the program's doctor.
#[cfg(feature = "cli")]
pub fn from_env(origin: &str) -> Option<(&'static str, String)> {
    const OWN: &str = "SINCH_NUMBERS_PROXY";
    let variable = |name: &str| std::env::var(name).ok().map(|value| value.trim().to_owned());
    let (choice, own) = match variable(OWN).unwrap_or_default().as_str() {
        "" | "env" => (ProxyChoice::Env, false),
        "none" => (ProxyChoice::None, false),
        url => (ProxyChoice::Url(url.to_owned()), true),
    };
    let (found, url) = choice.for_origin(Origin::of(origin), variable)?;
    Some((if own { OWN } else { found }, url))
}

/// Tells whether an entry of `no_proxy` names the origin: `*`, a host or a domain with or without a dot before it, an
/// address or a block of addresses, each but the last with a port if wanted.
fn matches_no_proxy(entry: &str, origin: Origin<'_>) -> bool {
    if entry == "*" {
        return true;
    }
    if let (Some((base, bits)), Ok(address)) = (entry.split_once('/'), origin.host.parse()) {
        return in_block(base, bits, address);
    }
    // An address of version 6 without brackets has no port.
    let no_port = entry.matches(':').count() > 1 && !entry.contains(']');
    let (name, port) = if no_port { (entry, None) } else { split_port(entry) };
    let name = name.trim_matches(['[', ']']);
    if port.is_some_and(|port| port.parse() != Ok(origin.port)) {
        return false;
    }
    if let (Ok(entry), Ok(host)) = (name.parse::<IpAddr>(), origin.host.parse::<IpAddr>()) {
        return entry == host;
    }
    let name = name.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
    let host = origin.host.trim_end_matches('.').to_ascii_lowercase();
    !name.is_empty()
        && (host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')))
}

fn in_block(base: &str, bits: &str, address: IpAddr) -> bool {
    let (Ok(base), Ok(bits)) = (base.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let (base, address, width) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            (u128::from(base.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (bits == 0 || (base ^ address) >> (width - bits) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_proxy() {
        type Row = (&'static str, &'static [(&'static str, &'static str)], Option<&'static str>);
        let rows: [Row; 38] = [
            ("https://a.test", &[], None),
            ("https://a.test", &[("https_proxy", "p")], Some("p")),
            ("https://a.test", &[("HTTPS_PROXY", "p")], Some("p")),
            ("https://a.test", &[("https_proxy", ""), ("HTTPS_PROXY", "p")], Some("p")),
            ("https://a.test", &[("https_proxy", "p"), ("HTTPS_PROXY", "q")], Some("p")),
            ("https://a.test", &[("http_proxy", "p")], None),
            ("https://a.test", &[("all_proxy", "p")], Some("p")),
            ("https://a.test", &[("ALL_PROXY", "p")], Some("p")),
            ("https://a.test", &[("https_proxy", "p"), ("all_proxy", "q")], Some("p")),
            ("http://a.test", &[("http_proxy", "p")], Some("p")),
            ("http://a.test", &[("HTTP_PROXY", "p")], None),
            ("http://a.test", &[("https_proxy", "p")], None),
            ("https://localhost", &[("https_proxy", "p")], None),
            ("https://127.0.0.1:99", &[("https_proxy", "p")], None),
            ("https://[::1]", &[("https_proxy", "p")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "*")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "a.test")], None),
            ("https://a.test", &[("https_proxy", "p"), ("NO_PROXY", "x, A.Test ,y")], None),
            ("https://b.a.test", &[("https_proxy", "p"), ("no_proxy", ".a.test")], None),
            ("https://b.a.test", &[("https_proxy", "p"), ("no_proxy", "a.test")], None),
            ("https://ba.test", &[("https_proxy", "p"), ("no_proxy", "a.test")], Some("p")),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "a.test:443")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "a.test:80")], Some("p")),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "")], Some("p")),
            ("https://10.1.2.3", &[("https_proxy", "p"), ("no_proxy", "10.0.0.0/8")], None),
            ("https://11.1.2.3", &[("https_proxy", "p"), ("no_proxy", "10.0.0.0/8")], Some("p")),
            ("https://[fd00::1]", &[("https_proxy", "p"), ("no_proxy", "fd00::1")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "x a.test\ty")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "x, \n a.test")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", "a.test.")], None),
            ("https://a.test.", &[("https_proxy", "p"), ("no_proxy", "a.test")], None),
            ("https://b.a.test", &[("https_proxy", "p"), ("no_proxy", ".a.test.")], None),
            ("https://b.a.test", &[("https_proxy", "p"), ("no_proxy", "*.a.test")], None),
            ("https://a.test", &[("https_proxy", "p"), ("no_proxy", " , . ,")], Some("p")),
            ("https://[fd00::1]", &[("https_proxy", "p"), ("no_proxy", "[fd00::1]:443")], None),
            ("https://[fd00::1]", &[("https_proxy", "p"), ("no_proxy", "[fd00::1]:80")], Some("p")),
            ("https://[fd00::1]", &[("https_proxy", "p"), ("no_proxy", "[fd00::1")], None),
            (
                "https://[fd00::1]:18443",
                &[("https_proxy", "p"), ("no_proxy", "fd00::1:18443")],
                Some("p"),
            ),
        ];
        for (origin, variables, expected) in rows {
            let variable = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let found = ProxyChoice::Env.for_origin(Origin::of(origin), variable);
            let found = found.map(|(_, url)| url);
            assert_eq!(found.as_deref(), expected, "{origin} {variables:?}");
        }
    }

    #[test]
    fn a_choice_beats_the_environment() {
        let env = |_: &str| Some("p".to_owned());
        let at = |choice: &ProxyChoice, origin| {
            choice.for_origin(Origin::of(origin), env).map(|(_, url)| url)
        };
        let own = ProxyChoice::Url("q".to_owned());
        assert_eq!(at(&ProxyChoice::None, "https://a.test"), None);
        assert_eq!(at(&own, "https://a.test").as_deref(), Some("q"));
        assert_eq!(at(&own, "http://localhost"), None);
    }

    #[test]
    fn the_setting_that_names_the_proxy_is_known() {
        let all = |name: &str| (name == "ALL_PROXY").then(|| "socks5://user:hush@p".to_owned());
        let origin = Origin::of("https://a.test");
        let (setting, url) = ProxyChoice::Env.for_origin(origin, all).unwrap();
        assert_eq!(setting, "ALL_PROXY");
        let problem = Proxy::parse(&url).unwrap_err();
        assert!(problem.contains("SOCKS") && !problem.contains("hush"), "{problem}");
    }

    #[test]
    fn blocks_of_addresses() {
        let rows = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/33", "10.0.0.1", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("192.0.2.7/32", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.6", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("10.0.0.0/8", "fd00::1", false),
            ("x/8", "10.0.0.1", false),
            ("10.0.0.0/x", "10.0.0.1", false),
        ];
        for (block, address, expected) in rows {
            let origin = Origin { secure: true, host: address, port: 443 };
            assert_eq!(matches_no_proxy(block, origin), expected, "{block} {address}");
        }
    }
}
