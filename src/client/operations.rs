//! The operations that bring a number to a wanted state: wait, relink, ensure an emergency address.

use std::fmt;
use std::time::{Duration, Instant};

use crate::api::ensure::EnsureEmergencyAddress;
use crate::api::models::{ActiveNumber, AddressValidation, EmergencyAddress};
use crate::api::number_update::NumberUpdate;
use crate::api::phone_number::PhoneNumber;
use crate::api::relink::{Relink, RelinkOutcome, Steps, check_timeout};
use crate::api::request::Request;
use crate::call::response::RawResponse;
use crate::call::{Progress, sleep};
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::client::converge::{Run, Service};
use crate::client::ensure::{Ensured, ensure};
use crate::client::relink::{relink, wait};
use crate::client::response::Response;
use crate::error::Error;
use crate::json;
use crate::json::decode::Decode;
use crate::sys::deadline::Deadline;

/// The condition that [`Client::wait`] waits for, and its deadline.
///
/// ```
/// use std::time::Duration;
/// use sinch_numbers::{NumberUpdate, Wait};
///
/// let update = NumberUpdate::new().link_service_plan("plan-2");
/// let wait = Wait::new().expect(update).timeout(Duration::from_secs(120));
/// # let _ = wait;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Wait {
    expected: Option<NumberUpdate>,
    timeout: Duration,
}

impl Wait {
    /// Waits until no job is under way: two reads at least 2 s apart must say so, as a job that was just asked for may not
    /// show yet.
    pub fn new() -> Self {
        Self { expected: None, timeout: Duration::from_secs(600) }
    }

    /// Waits until the number is as this update asks, and no job is under way.
    pub fn expect(mut self, update: NumberUpdate) -> Self {
        self.expected = Some(update);
        self
    }

    /// Sets the deadline of the whole operation. Default: 10 min; range: 1 ms to 24 h.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Default for Wait {
    fn default() -> Self {
        Self::new()
    }
}

/// The result of a relink.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Relinked {
    /// The number with the wanted links.
    pub number: ActiveNumber,
    /// The number as it was read first.
    pub previous: ActiveNumber,
    /// The steps in their order, with the outcome of each.
    pub steps: Vec<RelinkOutcome>,
}

/// The result of ensuring an emergency address. `Debug` shows the addresses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnsuredEmergencyAddress {
    /// The address on the number.
    pub address: EmergencyAddress,
    /// Whether it was provisioned, together with its display name; `false` if the number had it already. Then its display name,
    /// which cannot be read, may be another one.
    pub changed: bool,
    /// The validation; `None` if none was needed.
    pub validation: Option<AddressValidation>,
}

impl Client {
    /// Waits until the provisioning jobs of a number are over, after an [`update`](Client::update).
    ///
    /// It reads the number at once and then after pauses that grow from 0.25 s to 30 s; a read that fails is repeated. A job
    /// whose status is unknown counts as under way.
    ///
    /// # Errors
    ///
    /// [`Provisioning`](crate::ErrorKind::Provisioning) if a job failed and the number is not as expected;
    /// [`Timeout`](crate::ErrorKind::Timeout) if the deadline of the operation passed, with the number as last read in
    /// [`found`](Error::found); and those of [`get`](Client::get).
    pub fn wait(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        wait: &Wait,
    ) -> Result<Response<ActiveNumber>, Error> {
        let phone_number = self.checked(WAIT, phone_number)?;
        let response = self.run_wait(&phone_number, wait, None, &Progress::default())?;
        Ok(Response::of(decoded(&response.json, ""), response))
    }

    /// Brings a number to the wanted links, from any state, and waits until they are in effect.
    ///
    /// It reads the number, sends only what is missing, and waits for each job: the old service plan or campaign is
    /// unlinked, as little as possible, before the new one is linked; a voice application, trunk or fax service is replaced
    /// in place, so that the number never goes dark. Nothing is sent while a job is under way. It can be called again after
    /// a failure or a crash, with the same end: what is already as wanted is not touched.
    ///
    /// A step whose response is lost is not sent again before the number was read, 2 s later or more. Nothing is restored
    /// after a failure: [`previous`](Error::previous) has the number as it was.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the links are unfit;
    /// [`Provisioning`](crate::ErrorKind::Provisioning) if a job that it started failed;
    /// [`Timeout`](crate::ErrorKind::Timeout) if the deadline of the operation passed;
    /// [`Conflict`](crate::ErrorKind::Conflict) if somebody else changes the number; and those of [`get`](Client::get) and
    /// [`update`](Client::update). [`steps`](Error::steps), [`found`](Error::found) and
    /// [`may_have_been_applied`](Error::may_have_been_applied) tell how far it came.
    pub fn relink(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        wanted: &Relink,
    ) -> Result<Response<Relinked>, Error> {
        let phone_number = self.checked(RELINK, phone_number)?;
        let mut steps = Steps::default();
        let progress = Progress::default();
        let response = self.run_relink(&phone_number, wanted, None, &progress, &mut steps)?;
        let relinked = Relinked {
            number: decoded(&response.json, "/number"),
            previous: decoded(&response.json, "/previous"),
            steps: steps.outcomes(true),
        };
        Ok(Response::of(relinked, response))
    }

    /// Makes sure that a number has an emergency address: reads it, and if it is another one or none, validates the wanted
    /// one, provisions it if the service accepts it, and reads it back.
    ///
    /// Two addresses are the same if street number, street, location, city, state and postal code are, case and spaces
    /// apart. It never removes an address, and never provisions one that the service did not validate.
    ///
    /// # Errors
    ///
    /// [`Address`](crate::ErrorKind::Address) if the service does not accept the address, nothing was changed then;
    /// [`Timeout`](crate::ErrorKind::Timeout) if the deadline of the operation passed;
    /// [`Conflict`](crate::ErrorKind::Conflict) if somebody else changes the address; and those of
    /// [`emergency_address`](Client::emergency_address) and
    /// [`provision_emergency_address`](Client::provision_emergency_address). [`found`](Error::found) is the address that
    /// the number has now.
    pub fn ensure_emergency_address(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        wanted: &EnsureEmergencyAddress,
    ) -> Result<Response<EnsuredEmergencyAddress>, Error> {
        let phone_number = self.checked(ENSURE, phone_number)?;
        let response = self.run_ensure(&phone_number, wanted, None, &Progress::default())?;
        let validation = json::value_at(&response.json, "/validation");
        let ensured = EnsuredEmergencyAddress {
            address: decoded(&response.json, "/address"),
            changed: json::value_at(&response.json, "/changed") == Some("true"),
            validation: validation.and_then(|json| AddressValidation::decode(json).ok()),
        };
        Ok(Response::of(ensured, response))
    }

    /// Converts a phone number; a refusal is logged.
    pub(super) fn checked(
        &self,
        operation: &'static str,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
    ) -> Result<PhoneNumber, Error> {
        let checked = phone_number.try_into().map_err(|e| e.into().of_operation(operation, None));
        checked.inspect_err(|error| self.engine.refused(error))
    }

    pub(crate) fn run_wait(
        &self,
        phone_number: &PhoneNumber,
        wait: &Wait,
        cancel: Option<&CancelToken>,
        progress: &Progress,
    ) -> Result<RawResponse, Error> {
        let expected = wait.expected.as_ref();
        let checked =
            check_timeout(wait.timeout).and_then(|()| expected.map_or(Ok(()), NumberUpdate::check));
        self.converge(WAIT, phone_number, (checked, wait.timeout), cancel, progress, &mut |run| {
            self::wait(run, phone_number, expected)?;
            Ok(run.found.clone().unwrap_or_default())
        })
    }

    pub(crate) fn run_relink(
        &self,
        phone_number: &PhoneNumber,
        wanted: &Relink,
        cancel: Option<&CancelToken>,
        progress: &Progress,
        steps: &mut Steps,
    ) -> Result<RawResponse, Error> {
        let checked = (wanted.check(), wanted.timeout);
        self.converge(RELINK, phone_number, checked, cancel, progress, &mut |run| {
            let relinked = relink(run, phone_number, wanted, steps);
            let steps = serde_json::to_string(&steps.outcomes(relinked.is_ok()));
            let steps = steps.unwrap_or_default();
            let previous = run.previous.take();
            match (relinked, &run.found, &previous) {
                (Ok(()), Some(number), Some(previous)) => {
                    Ok(format!(r#"{{"number":{number},"previous":{previous},"steps":{steps}}}"#))
                }
                (Ok(()), ..) => Err(Error::protocol("the number was not read", None, b"")),
                (Err(error), ..) => Err(error.relinking(previous, steps)),
            }
        })
    }

    pub(crate) fn run_ensure(
        &self,
        phone_number: &PhoneNumber,
        wanted: &EnsureEmergencyAddress,
        cancel: Option<&CancelToken>,
        progress: &Progress,
    ) -> Result<RawResponse, Error> {
        let checked = (wanted.check(), wanted.timeout);
        self.converge(ENSURE, phone_number, checked, cancel, progress, &mut |run| {
            let Ensured { changed, validation } = ensure(run, phone_number, wanted)?;
            let address = run.found.as_deref().unwrap_or("null");
            let validation = validation.as_deref().unwrap_or("null");
            let display_name = if changed { "sent" } else { "unverified" };
            Ok(format!(
                r#"{{"address":{address},"changed":{changed},"displayName":"{display_name}","validation":{validation}}}"#
            ))
        })
    }

    /// Runs an operation within its deadline, and makes a response of the JSON that it returns. A failure gets the state that the
    /// operation has read, and is logged.
    fn converge(
        &self,
        operation: &'static str,
        phone_number: &PhoneNumber,
        (checked, timeout): (Result<(), Error>, Duration),
        cancel: Option<&CancelToken>,
        progress: &Progress,
        body: &mut dyn FnMut(&mut Run<'_, Calls<'_>>) -> Result<String, Error>,
    ) -> Result<RawResponse, Error> {
        let cancel = self.cancel.as_ref().or(cancel);
        let mut found = None;
        let go = || {
            checked?;
            let deadline = self.engine.deadline(Instant::now() + timeout, cancel)?;
            let mut calls = Calls { client: self, cancel, deadline, progress };
            let mut run = Run::new(&mut calls);
            let result = body(&mut run);
            found = run.found.take();
            let (json, reconciled) = (result?, run.reconciled);
            let attempts = progress.attempts.get();
            Ok(RawResponse { attempts, reconciled, ..RawResponse::new(json, 200) })
        };
        let result = CancelToken::polling(cancel, go).map_err(|error: Error| {
            let error = error
                .of_operation(operation, Some(phone_number.as_str()))
                .attempted(progress.attempts.get())
                .converging(progress.maybe_applied.get(), found);
            self.engine.redacted(error, None)
        });
        result.inspect_err(|error| self.engine.refused(error))
    }
}

/// Decodes a part of a response that was checked to be decodable.
fn decoded<T: Decode>(json: &str, pointer: &str) -> T {
    json::value_at(json, pointer).and_then(|json| T::decode(json).ok()).unwrap_or_default()
}

const WAIT: &str = "active_wait";
const RELINK: &str = "active_relink";
const ENSURE: &str = "emergency_address_ensure";

/// The calls of one operation.
struct Calls<'a> {
    client: &'a Client,
    cancel: Option<&'a CancelToken>,
    deadline: Deadline,
    progress: &'a Progress,
}

impl Service for Calls<'_> {
    fn call(&mut self, request: &Request) -> Result<RawResponse, Error> {
        let until = self.deadline.at.min(Instant::now() + self.client.engine.timeout());
        let Progress { attempts, maybe_applied } = self.progress;
        let (part, before) = (Progress::default(), maybe_applied.get());
        if request.is_write() {
            // Set before the call, in case it panics.
            maybe_applied.set(true);
        }
        let result = self.client.engine.send(request, self.cancel, Some(until), &part);
        attempts.set(attempts.get() + part.attempts.get());
        maybe_applied.set(before);
        result
    }

    fn time_left(&self) -> Duration {
        self.deadline.time_left()
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Error> {
        sleep(self.deadline, time)
    }

    fn warn(&self, line: fmt::Arguments<'_>) {
        self.client.engine.warn(line);
    }

    fn changed(&mut self) {
        self.progress.maybe_applied.set(true);
    }
}
