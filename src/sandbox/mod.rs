//! The Active Number API as a local server, for development and tests: see [`Sandbox`].

mod access;
mod body;
mod builder;
mod callbacks;
mod emergency;
mod encoding;
mod faults;
mod fleet;
mod generated;
mod http;
mod ledger;
mod number;
mod provisioning;
mod query;
mod response;
mod routes;
mod seed;
mod server;
mod service;
mod sms;
mod store;
mod streets;
mod time;
mod update;
mod voice;
mod write;

use std::fmt;
use std::io;
use std::sync::atomic::Ordering;

use access::{KEY_ID, KEY_SECRET, PROJECT_ID};
pub use builder::SandboxBuilder;
pub use ledger::SandboxWrite;
use server::Server;

/// The Active Number API on this machine, over real HTTP, for development and tests.
///
/// It listens on 127.0.0.1 (or another [host](SandboxBuilder::host)), serves the operations and
/// the token endpoint, and keeps its state in memory until it is dropped. It connects to nothing but the callback
/// URLs of this machine. The program `sinch-numbers sandbox` is the same for everyone who does not
/// write Rust.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let sandbox = sinch_numbers::Sandbox::start()?;
/// println!("{}/v1/projects/{}/activeNumbers", sandbox.base_url(), sandbox.project_id());
/// # Ok(()) }
/// ```
///
/// # The fleet
///
/// Without [`numbers`](SandboxBuilder::numbers) there are twelve, all from ranges that belong to
/// nobody:
///
/// | number | region, type | state |
/// |---|---|---|
/// | `+12025550101` | US LOCAL | service plan `plan-desk`, RTC app `app-desk`, an emergency address, a callback URL |
/// | `+12025550117` | US LOCAL | nothing linked, no name |
/// | `+12025550123` | US MOBILE | service plan `plan-alerts`, campaign `CDEMO01` |
/// | `+12025550134` | US MOBILE | nothing linked: the number of the documentation |
/// | `+12025550142` | US LOCAL | EST trunk `trunk-north` |
/// | `+12025550156` | US LOCAL | FAX service `fax-office`; voice only |
/// | `+12025550168` | US LOCAL | an SMS job that FAILED with `CAMPAIGN_NOT_AVAILABLE` |
/// | `+12025550179` | US LOCAL | released: `expireAt` is set |
/// | `+18005550199` | US `TOLL_FREE` | RTC app `app-desk`; voice only |
/// | `+447700900123` | GB MOBILE | service plan `plan-uk` |
/// | `+447700900456` | GB MOBILE | nothing linked; SMS only |
/// | `+46701740605` | SE MOBILE | a voice job that FAILED |
///
/// # What it does
///
/// - A new link is provisioned by a job: the response to the update shows it WAITING, half its
///   [time](SandboxBuilder::provisioning) later it is `IN_PROGRESS`, then the ids stand in the
///   configuration. Names, callback URLs and unlinking take effect at once. Unlinking a service plan
///   unlinks its campaign, and forgets a job that failed.
/// - A number has to be unlinked before another service plan or campaign is linked; a voice
///   configuration takes the place of the one before. While a job is not over, the same change once
///   more is accepted and any other is refused.
/// - A job fails if its service plan, campaign, app, trunk or fax service **begins with `fail`**. For
///   SMS the error code is `SMS_PROVISIONING_FAILED` (plan) or `CAMPAIGN_NOT_AVAILABLE` (campaign),
///   or the one that follows: `fail-EXCEEDED_10DLC_LIMIT`. A campaign on a toll-free number fails with
///   `TFN_NOT_ALLOWED`. What failed stays until the next change.
/// - Releasing sets `expireAt` to the next charge date; the number stays readable. Once more changes
///   nothing.
/// - These addresses are known, whatever the case and with words in full or abbreviated, and the
///   wrong one of city, state and postal code is corrected: Main St 62701, Elm St 62702 and Oak St
///   62703, Springfield IL, any number · 3000 to 3999 Lenox Rd NE, Atlanta GA 30326 · 1 to 2999
///   Peachtree St NE, Atlanta GA 30308 · 1600 Pennsylvania Ave NW, Washington DC 20500 · 1 to 499 W
///   34th St, New York NY 10001 · 100 to 2499 Market St, San Francisco CA 94103 · 1 to 1999 Congress
///   Ave, Austin TX 78701 · 1 to 499 Yonge St, Toronto ON M5B 2H1 · 1 to 999 Rue Sainte-Catherine O,
///   Montreal QC H3B 1A1. A word too few or a house number too high is no match; an address without
///   a match cannot be provisioned.
/// - A list without `type` returns all types, and in the order of the phone numbers. A query may not
///   contain a bare `+` for a plus sign: it is a space there.
///
/// # Callbacks
///
/// When a job has ended, and when something was unlinked, the number's callback URL is sent an event
/// that is signed with [`callback_secret`](Self::callback_secret), as
/// [`callbacks::verify`](crate::callbacks::verify) checks it. Only plain `http:` URLs of this machine
/// are called, unless [others](SandboxBuilder::callback_any_host) are allowed. If the response is not a
/// 2xx, the event is sent up to three times more within three seconds. Events that are not sent when
/// the sandbox stops never are.
///
/// # Lost and late writes
///
/// Update, release, and provisioning and deprovisioning an emergency address can fail in ways that
/// leave the caller in doubt. Each way has a share of the writes that the sandbox accepts, which are
/// those it would carry out without faults; a request that is refused gets its 4xx as ever. The
/// shares are drawn independently of each other, so that one write can meet several, and the order of
/// the writes alone decides which.
///
/// - [`lose`](SandboxBuilder::lose): carried out, but the connection is closed without a response.
/// - [`fail_503_after`](SandboxBuilder::fail_503_after): carried out, but the response is a 503.
/// - [`late`](SandboxBuilder::late): the response comes first, the write is carried out some time later. Until then reads
///   show the old state.
///
/// [`writes`](Sandbox::writes) lists what has really been carried out.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
///
/// use sinch_numbers::Sandbox;
///
/// let sandbox = Sandbox::builder().lose(0.2).late(0.2, Duration::from_secs(2)).start()?;
/// // ... the program under test works with it ...
/// for write in sandbox.writes() {
///     println!("{} {} {:?}", write.operation, write.phone_number, write.applied);
/// }
/// # Ok(()) }
/// ```
///
/// It does not break connections or responses in any other way: its HTTP is correct.
pub struct Sandbox {
    server: Server,
    base_url: String,
}

impl Sandbox {
    /// Starts a sandbox with the default settings, on a free port.
    ///
    /// # Errors
    ///
    /// If no port or no thread can be had.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Returns the default settings, to change some and start a sandbox.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Returns the origin of the API and of the token endpoint: `http://127.0.0.1:` and the port, or another
    /// [host](SandboxBuilder::host). On all interfaces (0.0.0.0 or `::`), the loopback address.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the id of the project that owns the numbers. Always the same.
    pub fn project_id(&self) -> &'static str {
        PROJECT_ID
    }

    /// Returns the id of the access key, for Basic and for the token endpoint. Always the same.
    pub fn key_id(&self) -> &'static str {
        KEY_ID
    }

    /// Returns the secret of the access key. Always the same, and public.
    pub fn key_secret(&self) -> &'static str {
        KEY_SECRET
    }

    /// Returns the secret that callbacks are signed with: `sandbox-callback-secret-0123456789`, or
    /// [another](SandboxBuilder::callback_secret).
    pub fn callback_secret(&self) -> &str {
        self.server.callback_secret()
    }

    /// Returns how many requests have come so far, those to the token endpoint not counted.
    pub fn requests(&self) -> u64 {
        self.server.service().requests.load(Ordering::Relaxed)
    }

    /// Returns how many requests the token endpoint has had so far, refused ones too.
    pub fn token_requests(&self) -> u64 {
        self.server.service().token_requests.load(Ordering::Relaxed)
    }

    /// Makes every token that was issued invalid: the next call with one gets a 401.
    pub fn expire_tokens(&self) {
        self.server.service().access.expire_tokens();
    }

    /// Returns every write accepted so far: first those carried out or dropped, in that order, then the late
    /// ones that are still to come, in the order in which they are due.
    ///
    /// All writes since the start are kept in memory, a few hundred bytes each.
    pub fn writes(&self) -> Vec<SandboxWrite> {
        self.server.service().writes(self.server.now())
    }

    /// Stops: closes the port and every connection, and returns when all threads are gone. Late
    /// writes that are not due by then are never carried out. Returns the final [`writes`][].
    ///
    /// Dropping the sandbox stops it, too.
    ///
    /// [`writes`]: Self::writes
    pub fn shutdown(mut self) -> Vec<SandboxWrite> {
        self.server.stop();
        self.writes()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .field("requests", &self.requests())
            .field("token_requests", &self.token_requests())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    fn connect(sandbox: &Sandbox) -> TcpStream {
        TcpStream::connect(sandbox.base_url().trim_start_matches("http://")).unwrap()
    }

    /// Everything that comes back for what is sent, to the end of the connection.
    fn exchange(sandbox: &Sandbox, sent: &str) -> String {
        let mut stream = connect(sandbox);
        stream.write_all(sent.as_bytes()).unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        received
    }

    #[test]
    fn it_serves_over_http() {
        let sandbox = Sandbox::start().unwrap();
        let credentials = "c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=";
        let received = exchange(
            &sandbox,
            &format!(
                "POST /oauth2/token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\n\r\ngrant_type=client_credentialsGET /v1/projects/sandbox-project/activeNumbers HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n\r\n"
            ),
        );
        assert_eq!(received.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{received}");
        assert!(received.contains("\"access_token\":"), "{received}");
        assert!(received.ends_with("\"totalSize\":12}"), "{received}");
        assert_eq!((sandbox.requests(), sandbox.token_requests()), (1, 1));
    }

    #[test]
    fn nonsense_is_answered_and_the_connection_closed() {
        let sandbox = Sandbox::start().unwrap();
        let received = exchange(&sandbox, "what is this?\r\n\r\n");
        assert!(received.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{received}");
        assert!(received.contains("connection: close"), "{received}");
        assert_eq!(sandbox.requests(), 0);
    }

    #[test]
    fn stopping_ends_what_is_under_way() {
        let slow = Sandbox::builder().latency(Duration::from_secs(3600)).start().unwrap();
        let (mut idle, mut waiting) = (connect(&slow), connect(&slow));
        waiting.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        while slow.requests() == 0 {
            std::thread::yield_now();
        }
        slow.shutdown();
        for stream in [&mut idle, &mut waiting] {
            // A reset is an end, too.
            assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0);
        }
    }

    #[test]
    fn a_lost_response_is_a_closed_connection() {
        let sandbox = Sandbox::builder().lose(1.0).start().unwrap();
        let call = |line: &str| {
            let head =
                "Authorization: Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=\r\nConnection: close";
            let path = "/v1/projects/sandbox-project/activeNumbers/+12025550134";
            let line = line.replace("NUMBER", path);
            exchange(
                &sandbox,
                &format!("{line} HTTP/1.1\r\nHost: h\r\n{head}\r\nContent-Length: 0\r\n\r\n"),
            )
        };
        assert_eq!(call("POST NUMBER:release"), "");
        let read = call("GET NUMBER");
        assert!(read.contains("\"expireAt\":\"20"), "{read}");
        let [write] = &sandbox.writes()[..] else { panic!("{:?}", sandbox.writes()) };
        assert_eq!((write.operation, write.status), ("active_release", None));
        assert!(write.applied.is_some());
        assert_eq!(sandbox.shutdown().len(), 1);
    }

    #[test]
    fn a_sandbox_on_all_interfaces_is_reached_over_the_loopback_address() {
        for (host, expected) in
            [("0.0.0.0", "http://127.0.0.1:"), ("127.0.0.1", "http://127.0.0.1:")]
        {
            let sandbox = Sandbox::builder().host(host.parse().unwrap()).start().unwrap();
            assert!(sandbox.base_url().starts_with(expected), "{}", sandbox.base_url());
            let received = exchange(&sandbox, "GET / HTTP/1.0\r\n\r\n");
            assert!(received.starts_with("HTTP/1.1 404"), "{received}");
        }
    }

    #[test]
    fn a_sandbox_can_be_shared_and_shown() {
        fn shared<T: Send + Sync>(_: &T) {}
        let sandbox = Sandbox::start().unwrap();
        shared(&sandbox);
        let shown = format!("{sandbox:?}");
        assert!(shown.contains(sandbox.base_url()) && !shown.contains(KEY_SECRET), "{shown}");
    }
}
