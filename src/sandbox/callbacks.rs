//! Callbacks: the events of a number, sent to its callback URL with a signature.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::access::PROJECT_ID;
use super::number::Number;
use super::provisioning::Schedule;
use super::sms::SMS_ERROR_CODES;
use super::time::Timestamp;
use crate::call::callback::sign;

/// The waits before a callback without a 2xx response is sent again. After the last one it is given up.
pub(super) const RETRIES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];
/// The timeout of connecting, and of each read and write.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message to the thread that sends callbacks.
#[derive(Debug)]
pub(super) enum Notice {
    Event(Event),
    /// A late write is due at this time.
    Late(Timestamp),
    Stop,
}

/// An event of a number, and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) phone: String,
    kind: &'static str,
    failed: bool,
    failure_code: Option<&'static str>,
}

impl Event {
    /// Writes the body of its callback; `serial` makes its id unique.
    pub(super) fn body(&self, serial: u64) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            event_id: &'a str,
            timestamp: &'a str,
            project_id: &'a str,
            resource_id: &'a str,
            resource_type: &'a str,
            event_type: &'a str,
            status: &'a str,
            failure_code: Option<&'a str>,
            internal_failure_code: Option<&'a str>,
        }
        let timestamp = self.at.with_digits(9).to_string();
        let body = Body {
            event_id: &event_id(self.at, serial),
            // The service names no zone.
            timestamp: timestamp.trim_end_matches('Z'),
            project_id: PROJECT_ID,
            resource_id: &self.phone,
            resource_type: "ACTIVE_NUMBER",
            event_type: self.kind,
            status: if self.failed { "FAILED" } else { "SUCCEEDED" },
            failure_code: self.failure_code,
            internal_failure_code: None,
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// Makes an event id like the service's: a ULID in lower case, of a time in milliseconds and a number.
fn event_id(at: Timestamp, serial: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let id = u128::from(at.nanoseconds() / 1_000_000) << 80 | u128::from(serial);
    let digit = |place: u32| DIGITS[usize::try_from(id >> (5 * place) & 31).unwrap_or(0)];
    (0..26).rev().map(|place| char::from(digit(place))).collect()
}

/// Returns the events of a write: those of an unlinking at once, that of a new job when it ends.
pub(super) fn events(before: &Number, after: &Number, at: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    let mut happens = |at, kind, failed, failure_code| {
        let phone = after.phone.clone();
        events.push(Event { at, phone, kind, failed, failure_code });
    };
    let ends = |schedule: Schedule| schedule.began.plus(schedule.takes);
    let gone = |before: &str, after: &str| !before.is_empty() && after.is_empty();

    let (sms, now) = (before.sms.settled(at), after.sms.settled(at));
    if gone(&sms.campaign, &now.campaign) {
        happens(at, "DEPROVISIONING_FROM_CAMPAIGN", false, None);
    }
    if gone(&sms.plan, &now.plan) {
        happens(at, "DEPROVISIONING_FROM_SMS_PLATFORM", false, None);
    }
    let began = before.sms.job.as_ref().map(|job| job.schedule.began);
    if let Some(job) = after.sms.job.as_ref().filter(|job| began != Some(job.schedule.began)) {
        let (at, failed) = (ends(job.schedule), !job.errors.is_empty());
        if job.plan != sms.plan {
            happens(at, "PROVISIONING_TO_SMS_PLATFORM", failed, None);
        }
        if !job.campaign.is_empty() && job.campaign != sms.campaign {
            // The first three codes are not among those of callbacks.
            let code = job.errors.iter().find(|code| SMS_ERROR_CODES[3..].contains(code));
            let code = failed.then(|| code.copied().unwrap_or("CAMPAIGN_PROVISIONING_FAILED"));
            happens(at, "PROVISIONING_TO_CAMPAIGN", failed, code);
        }
    }

    let (voice, now) = (before.voice.settled(at), after.voice.settled(at));
    if gone(&voice.id, &now.id) {
        happens(at, "DEPROVISIONING_FROM_VOICE_PLATFORM", false, None);
    }
    let began = before.voice.job.as_ref().map(|job| job.schedule.began);
    if let Some(job) = after.voice.job.as_ref().filter(|job| began != Some(job.schedule.began)) {
        let code = job.fails().then_some("PROVISIONING_TO_VOICE_PLATFORM_FAILED");
        happens(ends(job.schedule), "PROVISIONING_TO_VOICE_PLATFORM", code.is_some(), code);
    }
    events
}

/// The settings of callbacks.
#[derive(Clone)]
pub(super) struct Sending {
    pub(super) secret: String,
    /// Whether they are sent to other machines, too.
    pub(super) any_host: bool,
}

/// Leaves out the secret.
impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("any_host", &self.any_host).finish_non_exhaustive()
    }
}

impl Sending {
    /// Parses a callback URL; the error says why it is not called.
    pub(super) fn target<'a>(&self, url: &'a str) -> Result<Target<'a>, &'static str> {
        let target = Target::parse(url).ok_or("it is no plain http URL")?;
        let here = target.host.eq_ignore_ascii_case("localhost")
            || target.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if here || self.any_host { Ok(target) } else { Err("it is not on this machine") }
    }

    /// Sends a callback, and returns the status of the response. `connected` is given the connection.
    pub(super) fn send(
        &self,
        target: &Target<'_>,
        body: &str,
        connected: &dyn Fn(&Arc<TcpStream>),
    ) -> io::Result<u16> {
        let Target { host, port, path } = *target;
        let addresses = (host, port).to_socket_addrs()?;
        let mut addresses = addresses.filter(|to| self.any_host || to.ip().is_loopback());
        let stream = first_connection(&mut addresses)?;
        connected(&stream);
        let signature = sign(self.secret.as_bytes(), body.as_bytes());
        let name = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {name}:{port}\r\nContent-Type: application/json\r\nX-Sinch-Signature: {signature}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        exchange(&stream, &request)
    }
}

fn first_connection(addresses: &mut dyn Iterator<Item = SocketAddr>) -> io::Result<Arc<TcpStream>> {
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
    for address in addresses {
        outcome = TcpStream::connect_timeout(&address, PATIENCE);
        if outcome.is_ok() {
            break;
        }
    }
    outcome.map(Arc::new)
}

/// Sends a request, and reads the status of its response.
fn exchange(mut stream: &TcpStream, request: &str) -> io::Result<u16> {
    const STATUS_LINE: usize = "HTTP/1.1 200".len();
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut line = [0; STATUS_LINE];
    stream.read_exact(&mut line)?;
    let status = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix("HTTP/1."));
    let status = status.and_then(|rest| rest.split_once(' ')?.1.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it does not speak HTTP"))
}

/// A plain http URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Without brackets.
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl<'a> Target<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        // A URL holds no character that could end a line of the head.
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || rest.contains('#') {
            return None;
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = if port.is_empty() { 80 } else { port.strip_prefix(':')?.parse().ok()? };
        let plain = !host.is_empty() && !host.contains(['@', '?', '\\']);
        plain.then_some(Self { host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::seed;
    use super::super::write::Write;
    use super::*;

    const START: Timestamp = Timestamp::from_nanoseconds(1_717_684_962_022_227_000);
    const TAKES: Duration = Duration::from_secs(10);

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    /// The events that updates of a number cause, one update a minute: second, event, outcome and reason.
    fn happens(phone: &str, updates: &[Value]) -> Vec<(u64, String)> {
        let mut number = seed::seeded(START).get(phone).unwrap().clone();
        let mut found = Vec::new();
        for (minute, update) in (1..).zip(updates) {
            let at = after(60 * minute);
            let write = Write::update(update.to_string().as_bytes()).unwrap();
            let changed = write.apply(&number, Schedule { began: at, takes: TAKES }).unwrap();
            for event in events(&number, &changed, at) {
                let body: Value = serde_json::from_str(&event.body(0)).unwrap();
                let second = event.at.since(START).unwrap().as_secs();
                let code = body["failureCode"].as_str().unwrap_or("-");
                let said = [body["eventType"].as_str(), body["status"].as_str(), Some(code)];
                found.push((second, said.map(Option::unwrap).join(" ")));
            }
            number = changed;
        }
        found
    }

    /// A number, the updates, and what happens.
    type Row<'a> = (&'a str, Vec<Value>, &'a [(u64, &'a str)]);

    #[test]
    fn what_happens_is_told() {
        const BARE: &str = "+12025550134";
        let sms = |plan: &str, campaign: &str| json!({ "smsConfiguration": { "servicePlanId": plan, "campaignId": campaign } });
        let voice = |id: &str| json!({ "voiceConfiguration": { "type": "RTC", "appId": id } });
        let name = || json!({ "displayName": "x" });
        #[rustfmt::skip] // One row a case.
        let rows: [Row<'_>; 14] = [
            (BARE, vec![name()], &[]),
            (BARE, vec![sms("P", "")], &[(70, "PROVISIONING_TO_SMS_PLATFORM SUCCEEDED -")]),
            (BARE, vec![sms("P", "C")], &[(70, "PROVISIONING_TO_SMS_PLATFORM SUCCEEDED -"), (70, "PROVISIONING_TO_CAMPAIGN SUCCEEDED -")]),
            // A job that is over is not told again by the next write.
            (BARE, vec![sms("P", ""), name(), sms("P", "C")], &[(70, "PROVISIONING_TO_SMS_PLATFORM SUCCEEDED -"), (190, "PROVISIONING_TO_CAMPAIGN SUCCEEDED -")]),
            (BARE, vec![sms("P", "C"), sms("P", "")], &[(70, "PROVISIONING_TO_SMS_PLATFORM SUCCEEDED -"), (70, "PROVISIONING_TO_CAMPAIGN SUCCEEDED -"), (120, "DEPROVISIONING_FROM_CAMPAIGN SUCCEEDED -")]),
            (BARE, vec![sms("P", "C"), name(), sms("", "")], &[(70, "PROVISIONING_TO_SMS_PLATFORM SUCCEEDED -"), (70, "PROVISIONING_TO_CAMPAIGN SUCCEEDED -"), (180, "DEPROVISIONING_FROM_CAMPAIGN SUCCEEDED -"), (180, "DEPROVISIONING_FROM_SMS_PLATFORM SUCCEEDED -")]),
            (BARE, vec![sms("fail", "")], &[(70, "PROVISIONING_TO_SMS_PLATFORM FAILED -")]),
            (BARE, vec![sms("P", "fail")], &[(70, "PROVISIONING_TO_SMS_PLATFORM FAILED -"), (70, "PROVISIONING_TO_CAMPAIGN FAILED CAMPAIGN_NOT_AVAILABLE")]),
            (BARE, vec![sms("fail", "C")], &[(70, "PROVISIONING_TO_SMS_PLATFORM FAILED -"), (70, "PROVISIONING_TO_CAMPAIGN FAILED CAMPAIGN_PROVISIONING_FAILED")]),
            (BARE, vec![sms("P", "fail-INTERNAL_ERROR")], &[(70, "PROVISIONING_TO_SMS_PLATFORM FAILED -"), (70, "PROVISIONING_TO_CAMPAIGN FAILED CAMPAIGN_PROVISIONING_FAILED")]),
            (BARE, vec![sms("", "")], &[]),
            (BARE, vec![voice("A"), voice("B"), voice("")], &[(70, "PROVISIONING_TO_VOICE_PLATFORM SUCCEEDED -"), (130, "PROVISIONING_TO_VOICE_PLATFORM SUCCEEDED -"), (180, "DEPROVISIONING_FROM_VOICE_PLATFORM SUCCEEDED -")]),
            (BARE, vec![voice("fail-1")], &[(70, "PROVISIONING_TO_VOICE_PLATFORM FAILED PROVISIONING_TO_VOICE_PLATFORM_FAILED")]),
            ("+12025550101", vec![sms("", "")], &[(60, "DEPROVISIONING_FROM_SMS_PLATFORM SUCCEEDED -")]),
        ];
        for (phone, updates, expected) in rows {
            let found = happens(phone, &updates);
            let found: Vec<_> = found.iter().map(|(second, said)| (*second, &**said)).collect();
            assert_eq!(found, expected, "{updates:?}");
        }
    }

    #[test]
    fn an_id_is_a_ulid() {
        let ids = [event_id(START, 0), event_id(START, 1), event_id(after(1), 0)];
        assert_eq!(ids[0], "01hzq010q60000000000000000");
        assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 26), "{ids:?}");
    }

    #[test]
    fn only_plain_http_urls_are_called() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/a/b?c=d", Some(("127.0.0.1", 8080, "/a/b?c=d"))),
            ("http://localhost", Some(("localhost", 80, "/"))),
            ("http://[::1]:1/", Some(("::1", 1, "/"))),
            ("http://[::1]/", Some(("::1", 80, "/"))),
            ("https://example.com/", None),
            ("http://", None),
            ("http:///x", None),
            ("http://127.0.0.1:x/", None),
            ("http://127.0.0.1:70000/", None),
            ("http://[::1/", None),
            ("http://a@127.0.0.1/", None),
            ("http://127.0.0.1?x", None),
            ("http://127.0.0.1/#x", None),
            ("http://127.0.0.1/a b", None),
            ("http://127.0.0.1/a\r\nX: y", None),
            ("http://127.0.0.1/\u{e9}", None),
            ("", None),
        ] {
            let found = Target::parse(url).map(|target| (target.host, target.port, target.path));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn other_machines_are_not_called_unless_told_so() {
        #[rustfmt::skip] // One row a case.
        let urls = [
            ("http://127.0.0.1/", true), ("http://127.9.9.9:81/", true), ("http://[::1]/", true), ("http://LocalHost/", true),
            ("http://192.0.2.1/", false), ("http://example.com/", false), ("http://0.0.0.0/", false),
            ("http://127.0.0.1.example.com/", false), ("http://[2001:db8::1]/", false), ("http://localhost.example.com/", false),
        ];
        for (url, here) in urls {
            let sending = |any_host| Sending { secret: "hush".to_owned(), any_host };
            assert_eq!(sending(false).target(url).is_ok(), here, "{url}");
            assert!(sending(true).target(url).is_ok(), "{url}");
            assert!(sending(true).target("https://127.0.0.1/").is_err());
            assert!(!format!("{:?}", sending(true)).contains("hush"));
        }
    }
}
