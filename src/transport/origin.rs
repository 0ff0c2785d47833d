//! The origin of a server: scheme, host and port.

use std::net::{IpAddr, Ipv6Addr};

/// Scheme, host and port of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) secure: bool,
    /// Without brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

impl<'a> Origin<'a> {
    /// Parses an origin that was checked before: scheme, host and optional port.
    pub(crate) fn of(origin: &'a str) -> Self {
        let (secure, authority) = match origin.split_once("://") {
            Some((scheme, rest)) => (scheme == "https", rest),
            None => (true, origin),
        };
        Self::of_authority(secure, authority).unwrap_or(Self { secure, host: authority, port: 0 })
    }

    /// Parses `host` or `host:port`; `None` if it is not that.
    pub(crate) fn of_authority(secure: bool, authority: &'a str) -> Option<Self> {
        let (host, port) = split_port(authority);
        let port = match port {
            Some(port) => parse_port(port)?,
            None if secure => 443,
            None => 80,
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let valid = match bare {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => is_name(host),
        };
        valid.then_some(Self { secure, host: bare.unwrap_or(host), port })
    }

    /// The value of the header `Host`: host and port, without the default port of the scheme.
    pub(crate) fn authority(self) -> String {
        let default = if self.secure { 443 } else { 80 };
        let text = self.host_and_port();
        text.strip_suffix(&format!(":{default}")).unwrap_or(&text).to_owned()
    }

    pub(crate) fn host_and_port(self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    pub(crate) fn is_loopback(self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Splits the port off, if there is one: a colon inside brackets belongs to an IPv6 address.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Parses a port. Digits only: the parser of numbers would take a plus sign as well.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// Tells whether this is the name of a host, or an address of version 4.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |label: &str| !label.is_empty() && label.bytes().all(allowed);
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}
