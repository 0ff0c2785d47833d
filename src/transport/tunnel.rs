//! Asks a proxy for a tunnel to the server (CONNECT).
//!
//! ureq can do that too, but it frees the credentials without wiping them, and does not return the status of a refusal.

use zeroize::Zeroizing;

use super::exchange::Exchange;
use super::failure::ConnectionError;
use super::proxy::Proxy;
use super::socket::Tcp;

/// The maximum length of a proxy's response.
const LONGEST_RESPONSE: usize = 16 * 1024;

/// Opens a tunnel to `target` (`host:port`) over a connection to the proxy.
pub(super) fn open(
    tcp: &mut Tcp,
    exchange: &Exchange,
    proxy: &Proxy,
    target: &str,
    user_agent: &str,
) -> Result<(), ConnectionError> {
    let (name, value, end) = match &proxy.authorization {
        Some(value) => ("Proxy-Authorization: ", value.as_str(), "\r\n"),
        None => ("", "", ""),
    };
    let parts = [
        "CONNECT ",
        target,
        " HTTP/1.1\r\nHost: ",
        target,
        "\r\nUser-Agent: ",
        user_agent,
        "\r\nProxy-Connection: Keep-Alive\r\n",
        name,
        value,
        end,
        "\r\n",
    ];
    // `concat` allocates once: a buffer that grows would leave copies of the credentials behind.
    tcp.send_all(exchange, Zeroizing::new(parts.concat()).as_bytes())?;
    let mut buffer = vec![0; LONGEST_RESPONSE];
    let mut length = 0;
    while length < buffer.len() {
        let received = tcp.receive(exchange, &mut buffer[length..])?;
        if received == 0 {
            return Err(failed("closed the connection without a response"));
        }
        length += received;
        let response = &buffer[..length];
        check_status(response)?;
        if let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") {
            // The server sends nothing before our request, so anything that follows is not from it.
            let more = end + 4 < length;
            return if more { Err(failed("sent more than its response")) } else { Ok(()) };
        }
    }
    Err(failed("sent a response that is too long"))
}

/// Checks the status as soon as it has come.
fn check_status(response: &[u8]) -> Result<(), ConnectionError> {
    let Some(line) = response.get(..12) else { return Ok(()) };
    let digits = std::str::from_utf8(&line[9..]).unwrap_or_default();
    match digits.parse().ok().filter(|_| line.starts_with(b"HTTP/1.")) {
        Some(200) => Ok(()),
        Some(status @ 400..500) => Err(ConnectionError::ProxyRefused(status)),
        Some(status) => Err(failed(&format!("responded with status {status}"))),
        None => Err(failed("does not speak HTTP")),
    }
}

fn failed(what: &str) -> ConnectionError {
    ConnectionError::Unreachable(format!("the proxy {what}"))
}
