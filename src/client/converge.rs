//! The common parts of wait, relink and ensure: repeating a read until it succeeds, sending a write once, and pausing, within a
//! deadline of the operation.
//!
//! Service, clock and log are behind [`Service`], so that tests can run the operations against a model.

use std::fmt;
use std::time::Duration;

use crate::api::models::ActiveNumber;
use crate::api::numbers::get_number;
use crate::api::phone_number::PhoneNumber;
use crate::api::request::Request;
use crate::call::response::RawResponse;
use crate::error::{Error, ErrorKind, Phase};
use crate::json::decode::Decode;

/// What an operation uses: the service, the clock and the log.
pub(crate) trait Service {
    /// Makes one call, with its retries and read-backs.
    fn call(&mut self, request: &Request) -> Result<RawResponse, Error>;

    /// The time until the deadline of the operation.
    fn time_left(&self) -> Duration;

    /// Waits; fails if the operation is cancelled meanwhile.
    fn sleep(&mut self, time: Duration) -> Result<(), Error>;

    fn warn(&self, line: fmt::Arguments<'_>);

    /// Notes that a request of the operation may have changed something.
    fn changed(&mut self);
}

/// The pause before a running job, or a resource that is not yet as expected, is read again: from 0.25 s, growing by 1.6, up to
/// 30 s.
pub(super) const GROWING: Pause = Pause { next: Duration::from_millis(250), factor: 1.6 };

/// The pause before a write of unknown outcome is sent again: from 2 s, doubling, up to 30 s.
pub(super) const DOUBLING: Pause = Pause { next: CONFIRM, factor: 2.0 };

/// The time between two reads that must agree.
pub(super) const CONFIRM: Duration = Duration::from_secs(2);

/// A pause that grows each time.
#[derive(Clone, Copy)]
pub(super) struct Pause {
    next: Duration,
    factor: f64,
}

impl Pause {
    pub(super) fn take(&mut self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(30);
        let pause = self.next;
        self.next = pause.mul_f64(self.factor).min(LONGEST);
        pause
    }
}

/// An operation in progress.
pub(super) struct Run<'a, S> {
    pub(super) service: &'a mut S,
    /// The JSON of the resource as last read.
    pub(super) found: Option<String>,
    /// The JSON of the number as first read.
    pub(super) previous: Option<String>,
    /// Whether a write was proved by reading.
    pub(super) reconciled: bool,
    /// The reason of the last pause.
    waited_for: Option<&'static str>,
}

/// The result of sending a write.
pub(super) enum Written {
    /// The service accepted it.
    Accepted,
    /// It may have been applied, or may be applied later.
    Unknown(Error),
    /// It was not applied, and may be sent again later.
    NotApplied(Error),
}

impl<'a, S: Service> Run<'a, S> {
    pub(super) fn new(service: &'a mut S) -> Self {
        Self { service, found: None, previous: None, reconciled: false, waited_for: None }
    }

    /// Reads a resource; after a transient failure it reads again, until the deadline.
    pub(super) fn read(&mut self, request: &Request) -> Result<RawResponse, Error> {
        let (mut pause, mut before) = (GROWING, None);
        loop {
            let mut error = match self.service.call(request) {
                Ok(response) => return Ok(response),
                Err(error) if is_transient(&error) => error,
                Err(error) => return Err(error),
            };
            // If the deadline cut a read off, the failure or the wait before it is more informative than the timeout.
            if self.service.time_left().is_zero() && matches!(error.kind(), ErrorKind::Timeout(_)) {
                match (before.take(), self.waited_for) {
                    (Some(failure), _) => error = failure,
                    (None, Some(reason)) => return Err(out_of_time().with_source(reason)),
                    (None, None) => {}
                }
            }
            self.pause_after(pause.take(), error.clone())?;
            before = Some(error);
        }
    }

    pub(super) fn read_number(&mut self, number: &PhoneNumber) -> Result<ActiveNumber, Error> {
        let response = self.read(&get_number(number).readable_as::<ActiveNumber>())?;
        let read = ActiveNumber::decode(&response.json).unwrap_or_default();
        if read.phone_number != number.as_str() {
            let (status, body) = (Some(response.http_status), response.json.as_bytes());
            return Err(Error::protocol("the response is about another number", status, body));
        }
        self.previous.get_or_insert_with(|| response.json.clone());
        self.found = Some(response.json);
        Ok(read)
    }

    /// Sends a write once. An error is a refusal, or the end of the operation.
    pub(super) fn write(&mut self, request: &Request) -> Result<Written, Error> {
        match self.service.call(request) {
            Ok(response) => {
                self.service.changed();
                self.reconciled |= response.reconciled;
                Ok(Written::Accepted)
            }
            Err(error) => {
                if error.may_have_been_applied() {
                    self.service.changed();
                    self.found = error.found().map(str::to_owned).or(self.found.take());
                }
                match error.kind() {
                    ErrorKind::Cancelled => Err(error),
                    _ if error.may_have_been_applied() => Ok(Written::Unknown(error)),
                    _ if is_transient(&error) => Ok(Written::NotApplied(error)),
                    _ => Err(error),
                }
            }
        }
    }

    /// Waits before the next read. Near the deadline it waits for half the time that is left, so that the last reads come
    /// shortly before it.
    pub(super) fn pause(&mut self, pause: &mut Pause, reason: &'static str) -> Result<(), Error> {
        self.waited_for = Some(reason);
        let left = self.service.time_left();
        let wait = pause.take().min(left / 2);
        if wait < Duration::from_millis(5) {
            return Err(out_of_time().with_source(reason));
        }
        self.service.sleep(wait)
    }

    /// Waits for a whole pause; fails at once if it does not fit the deadline.
    pub(super) fn pause_whole(
        &mut self,
        wait: Duration,
        reason: &'static str,
    ) -> Result<(), Error> {
        self.waited_for = Some(reason);
        self.pause_after(wait, out_of_time().with_source(reason))
    }

    /// Waits after a failure, at least as long as the service asked for.
    pub(super) fn pause_after(&mut self, wait: Duration, failure: Error) -> Result<(), Error> {
        let wait = wait.max(failure.retry_after().unwrap_or_default());
        if wait >= self.service.time_left() {
            return Err(match failure.kind() {
                ErrorKind::Timeout(Phase::Provisioning) => failure,
                _ => out_of_time().with_source(failure),
            });
        }
        self.service.sleep(wait)
    }
}

fn out_of_time() -> Error {
    Error::new(ErrorKind::Timeout(Phase::Provisioning))
}

/// Tells whether a failure is transient: a network failure, a timeout, 408, 429 and every 5xx.
fn is_transient(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(e) => e.http_status >= 500 || e.http_status == 408,
        _ => error.can_retry(),
    }
}
