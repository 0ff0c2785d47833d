//! The settings of a sandbox, their defaults and their checks.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::Sandbox;
use super::access::{Access, CALLBACK_SECRET};
use super::callbacks::Sending;
use super::faults::{FaultSettings, Faults};
use super::generated::{NUMBERS_MAX, generated};
use super::seed;
use super::server::{Clock, Manner, Server};
use super::service::Service;
use super::store::{Store, Timing};
use super::time::Timestamp;

/// Settings of a [`Sandbox`].
#[derive(Clone, Debug)]
pub struct SandboxBuilder {
    host: IpAddr,
    port: u16,
    numbers: Option<usize>,
    latency: Duration,
    faults: FaultSettings,
    token_ttl: Duration,
    provisioning: Duration,
    page_max: usize,
    log_requests: bool,
    callbacks: Sending,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            numbers: None,
            latency: Duration::ZERO,
            faults: FaultSettings::default(),
            token_ttl: Duration::from_secs(3600),
            provisioning: Duration::from_millis(300),
            page_max: 1000,
            log_requests: false,
            callbacks: Sending { secret: CALLBACK_SECRET.to_owned(), any_host: false },
        }
    }
}

impl SandboxBuilder {
    /// Sets the address to listen on: 0.0.0.0 or `::` for all interfaces, as in a container. Default:
    /// 127.0.0.1.
    ///
    /// Beyond the loopback address, everyone who can reach the port can use the sandbox: its
    /// credentials are public.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// Sets the port to listen on. Default: 0, any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Generates this many numbers in place of the seeded fleet, the same in every run: from 0 to
    /// 1,000,000. Default: the twelve numbers that [`Sandbox`] lists.
    ///
    /// Of each 20, 17 are in the US, two in the UK and one in Canada. Most of those that can call
    /// emergency services have an address; some numbers are linked to nothing, some were released.
    /// Failed jobs show every code from 415 numbers on, and campaigns hold up to the 50 numbers that
    /// they may.
    pub fn numbers(mut self, count: usize) -> Self {
        self.numbers = Some(count);
        self
    }

    /// Sets the time between carrying out a request and responding, tokens included. Default: zero.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets the share of API calls that get a 429 with `Retry-After: 1` and are not carried out: from
    /// 0 to 1. Which calls these are depends on their order alone. Default: 0.
    pub fn fail_429(mut self, share: f64) -> Self {
        self.faults.fail_429 = share;
        self
    }

    /// Sets the share of API calls that get a 503 and are not carried out: from 0 to 1, drawn together
    /// with the 429s, which go first if the two do not fit into 1. Default: 0.
    pub fn fail_503(mut self, share: f64) -> Self {
        self.faults.fail_503 = share;
        self
    }

    /// Sets the share of accepted writes that are carried out but get a 503, as from a gateway that gave
    /// up waiting: from 0 to 1. The response is the same as by [`fail_503`](Self::fail_503). Default:
    /// 0.
    pub fn fail_503_after(mut self, share: f64) -> Self {
        self.faults.fail_503_after = share;
        self
    }

    /// Sets the share of accepted writes that are carried out but get no response: the connection is
    /// closed after the request was read, before a byte of the response. From 0 to 1. Default: 0.
    pub fn lose(mut self, share: f64) -> Self {
        self.faults.lose = share;
        self
    }

    /// Sets the share of accepted writes that get their response first and are carried out later, and how much
    /// later: more than zero and at most `by` after the response, drawn for each write. From 0 to 1.
    /// Default: 0.
    ///
    /// A late write is checked when it arrives, and refused with the usual error if it could not be
    /// carried out then. Its response has status 200 and shows the number as it still is: an update
    /// without its changes, a release without `expireAt`. The response to provisioning is the address
    /// that is going to be set, that to deprovisioning `{}`. Reads show the old state until the write is
    /// carried out, against the state of that moment and whatever was written meanwhile. If it does
    /// not apply any more (the number was linked to something else, the address is gone), it is
    /// dropped, which only [`Sandbox::writes`] tells.
    pub fn late(mut self, share: f64, by: Duration) -> Self {
        (self.faults.late, self.faults.late_by) = (share, by);
        self
    }

    /// Sets how long a token is valid; `expires_in` says so in whole seconds, rounded down. Default: one
    /// hour.
    pub fn token_ttl(mut self, lifetime: Duration) -> Self {
        self.token_ttl = lifetime;
        self
    }

    /// Sets how long a provisioning job takes: WAITING for the first half, `IN_PROGRESS` for the second.
    /// With zero it is over at the next read. Default: 300 ms.
    pub fn provisioning(mut self, time: Duration) -> Self {
        self.provisioning = time;
        self
    }

    /// Sets the size of a page if the request names none, and the maximum if it names one: 1 and up.
    /// Default: 1000.
    pub fn page_max(mut self, count: usize) -> Self {
        self.page_max = count;
        self
    }

    /// Sets the secret that callbacks are signed with. Default: `sandbox-callback-secret-0123456789`.
    pub fn callback_secret(mut self, secret: impl Into<String>) -> Self {
        self.callbacks.secret = secret.into();
        self
    }

    /// Sets whether callbacks are sent to other machines, too. Default: no: only to a callback URL whose host
    /// is a loopback address or `localhost`.
    pub fn callback_any_host(mut self, allow: bool) -> Self {
        self.callbacks.any_host = allow;
        self
    }

    /// Sets whether each request gets a line on standard error: method, path, status, and whether the
    /// response was lost; and each callback. Default: no.
    pub fn log_requests(mut self, log: bool) -> Self {
        self.log_requests = log;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if a setting is out of its range,
    /// [`io::ErrorKind::AddrInUse`] if the port is taken, others if no socket or thread can be had.
    pub fn start(self) -> io::Result<Sandbox> {
        let clock = Clock::start();
        let service = self.service(clock.now(), RandomState::new().hash_one(self.port))?;
        let manner = Manner {
            latency: self.latency,
            logs: self.log_requests,
            callbacks: self.callbacks.clone(),
        };
        let server = Server::start((self.host, self.port).into(), service, clock, manner)?;
        let base_url = format!("http://{}", server.address());
        Ok(Sandbox { server, base_url })
    }

    pub(super) fn service(&self, now: Timestamp, salt: u64) -> io::Result<Service> {
        let refuse = |message| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        let FaultSettings { fail_429, fail_503, fail_503_after, lose, late, late_by: _ } =
            self.faults;
        for (name, share) in [
            ("fail_429", fail_429),
            ("fail_503", fail_503),
            ("fail_503_after", fail_503_after),
            ("lose", lose),
            ("late", late),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return refuse(format!("{name}: {share} is not from 0 to 1"));
            }
        }
        if self.callbacks.secret.is_empty() {
            return refuse("callback_secret: is empty".to_owned());
        }
        if self.page_max == 0 {
            return refuse("page_max: 0 is not 1 or more".to_owned());
        }
        if let Some(count) = self.numbers.filter(|&count| count > NUMBERS_MAX) {
            return refuse(format!("numbers: {count} is more than {NUMBERS_MAX}"));
        }
        let fleet = match self.numbers {
            Some(count) => generated(count, now),
            None => seed::seeded(now),
        };
        let timing = Timing { provisioning: self.provisioning, latency: self.latency };
        Ok(Service {
            store: RwLock::new(Store::new(fleet, timing, now)),
            access: Access::new(self.token_ttl, salt),
            faults: Faults::new(self.faults),
            page_max: self.page_max,
            requests: AtomicU64::new(0),
            token_requests: AtomicU64::new(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        for (builder, name) in [
            (Sandbox::builder().fail_429(1.5), "fail_429"),
            (Sandbox::builder().fail_503(f64::NAN), "fail_503: "),
            (Sandbox::builder().fail_503_after(2.0), "fail_503_after"),
            (Sandbox::builder().lose(-0.1), "lose"),
            (Sandbox::builder().late(1.1, Duration::ZERO), "late"),
            (Sandbox::builder().page_max(0), "page_max"),
            (Sandbox::builder().callback_secret(""), "callback_secret"),
            (Sandbox::builder().numbers(NUMBERS_MAX + 1), "numbers"),
        ] {
            let error = builder.start().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(name), "{error}");
        }
        let first = Sandbox::start().unwrap();
        let port = first.server.address().port();
        let error = Sandbox::builder().port(port).start().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
