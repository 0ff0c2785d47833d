//! The client: one method per operation.

pub(crate) mod builder;
mod converge;
mod ensure;
mod environment;
pub(crate) mod operations;
pub(crate) mod pages;
pub(crate) mod provisioning;
mod relink;
pub(crate) mod response;
mod roots;
pub(crate) mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::api::emergency_address::{
    EmergencyAddressRequest, deprovision_emergency_address, get_emergency_address,
    provision_emergency_address, validate_emergency_address,
};
use crate::api::list::ListNumbers;
use crate::api::models::{ActiveNumber, AddressValidation, EmergencyAddress, Page};
use crate::api::number_update::NumberUpdate;
use crate::api::numbers::{get_number, release_number, update_number};
use crate::api::phone_number::PhoneNumber;
use crate::api::request::Request;
use crate::call::response::RawResponse;
use crate::call::{Engine, Progress};
use crate::cancel::CancelToken;
use crate::client::response::{Response, decode_response, unreadable};
use crate::error::Error;
use crate::json::cursor::DecodeError;
use crate::json::decode::Decode;

/// A client of one project's active numbers.
///
/// Cheap to clone, and meant to be shared between any number of threads: all clones use the same connections and the
/// same access token. Every method blocks until the service has responded or the deadline of the call has passed.
///
/// Methods that take a phone number take a `&str` or a [`PhoneNumber`]; a number that is not in
/// E.164 form is refused before anything is sent. See [`Error`] for the failures that all methods share.
#[derive(Clone)]
pub struct Client {
    pub(crate) engine: Arc<Engine>,
    cancel: Option<CancelToken>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine: Arc::new(engine), cancel: None }
    }

    /// Returns the id of the project.
    pub fn project_id(&self) -> &str {
        self.engine.project_id()
    }

    /// Returns a client whose calls end when a token is triggered or its deadline passes. It shares everything else with
    /// this one.
    pub fn with_cancel(&self, token: &CancelToken) -> Self {
        Self { engine: Arc::clone(&self.engine), cancel: Some(token.clone()) }
    }

    /// Ends all calls of this client and its clones, on all threads: running and later calls fail with
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn shutdown(&self) {
        self.engine.shutdown();
    }

    /// Lists one page of the project's numbers (API: "Lists active numbers for a project").
    ///
    /// [`pages`](Client::pages) and [`numbers`](Client::numbers) fetch the next pages by themselves.
    ///
    /// # Errors
    ///
    /// See [`Error`]; a parameter that the service refuses is an [`Api`](crate::ErrorKind::Api) error with status 400
    /// and the field in [`field_violations`](Error::field_violations).
    pub fn list(&self, query: &ListNumbers) -> Result<Response<Page>, Error> {
        self.call(query.request())
    }

    /// Checks that the service can be reached and accepts the credentials: fetches a token and lists one number.
    ///
    /// Call it when a program starts, so that a wrong key is noticed then and not later, and the first call finds a token
    /// and a connection. The page says in [`total_size`](Page::total_size) how many numbers there are.
    ///
    /// # Errors
    ///
    /// As [`list`](Client::list), under its name: [`Authentication`](crate::ErrorKind::Authentication) if the key or the
    /// project is wrong.
    pub fn check(&self) -> Result<Response<Page>, Error> {
        self.list(&ListNumbers::new().page_size(1))
    }

    /// Reads a number (API: "Retrieve an active phone number").
    ///
    /// # Errors
    ///
    /// See [`Error`]; a number that the project does not rent is an [`Api`](crate::ErrorKind::Api) error with status
    /// 404.
    pub fn get(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
    ) -> Result<Response<ActiveNumber>, Error> {
        self.call_for("active_get", phone_number, |number| Ok(get_number(number)))
    }

    /// Changes a number (API: "Update an active phone number").
    ///
    /// Links take effect later: the response still shows the old configuration beside the job that changes it. Read the
    /// number until [`provisioning`](ActiveNumber::provisioning) says that the job has ended.
    ///
    /// # Errors
    ///
    /// See [`Error`]; mind [`may_have_been_applied`](Error::may_have_been_applied).
    pub fn update(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        update: &NumberUpdate,
    ) -> Result<Response<ActiveNumber>, Error> {
        self.call_for("active_update", phone_number, |number| update_number(number, update))
    }

    /// Gives a number back: cancels its subscription at the end of the period that is paid for (API: "With this
    /// endpoint, you can cancel your subscription for a specific phone number").
    ///
    /// The response has that time in [`expire_at`](ActiveNumber::expire_at). Until then the number stays readable.
    ///
    /// # Errors
    ///
    /// See [`Error`]; mind [`may_have_been_applied`](Error::may_have_been_applied): a number that is released twice may
    /// belong to another customer by then.
    pub fn release(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
    ) -> Result<Response<ActiveNumber>, Error> {
        self.call_for("active_release", phone_number, |number| Ok(release_number(number)))
    }

    /// Reads the emergency address of a number (API: "Get the emergency address for a number").
    ///
    /// # Errors
    ///
    /// See [`Error`]; a number without an emergency address is an [`Api`](crate::ErrorKind::Api) error with status 404.
    pub fn emergency_address(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
    ) -> Result<Response<EmergencyAddress>, Error> {
        self.call_for("emergency_address_get", phone_number, |number| {
            Ok(get_emergency_address(number))
        })
    }

    /// Puts an emergency address on a number (API: "Add a emergency address for a number").
    ///
    /// [Validate](Client::validate_emergency_address) it first. The response is the address as the service stored it.
    ///
    /// # Errors
    ///
    /// See [`Error`]; mind [`may_have_been_applied`](Error::may_have_been_applied).
    pub fn provision_emergency_address(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        address: &EmergencyAddressRequest,
    ) -> Result<Response<EmergencyAddress>, Error> {
        self.call_for("emergency_address_provision", phone_number, |number| {
            provision_emergency_address(number, address)
        })
    }

    /// Removes the emergency address of a number (API: "Remove the emergency address for a number").
    ///
    /// # Errors
    ///
    /// See [`Error`]; mind [`may_have_been_applied`](Error::may_have_been_applied).
    pub fn deprovision_emergency_address(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
    ) -> Result<Response<()>, Error> {
        self.call_for("emergency_address_deprovision", phone_number, |number| {
            Ok(deprovision_emergency_address(number))
        })
    }

    /// Validates an emergency address without storing it (API: "Validate the emergency
    /// address for a number").
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn validate_emergency_address(
        &self,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        address: &EmergencyAddressRequest,
    ) -> Result<Response<AddressValidation>, Error> {
        self.call_for("emergency_address_validate", phone_number, |number| {
            validate_emergency_address(number, address)
        })
    }

    /// Calls an operation on a phone number, after checking the number.
    fn call_for<T: Decode>(
        &self,
        operation: &'static str,
        phone_number: impl TryInto<PhoneNumber, Error: Into<Error>>,
        request: impl FnOnce(&PhoneNumber) -> Result<Request, Error>,
    ) -> Result<Response<T>, Error> {
        self.call(request(&self.checked(operation, phone_number)?))
    }

    fn call<T: Decode>(&self, request: Result<Request, Error>) -> Result<Response<T>, Error> {
        let request = request.inspect_err(|error| self.engine.refused(error))?.readable_as::<T>();
        let response = self.send(&request, None, None, &Progress::default())?;
        self.decode(response, request.operation)
    }

    /// Sends a request. It ends by the client's own cancel token, or if it has none by the given one.
    pub(crate) fn send(
        &self,
        request: &Request,
        cancel: Option<&CancelToken>,
        until: Option<Instant>,
        progress: &Progress,
    ) -> Result<RawResponse, Error> {
        self.engine.send(request, self.cancel.as_ref().or(cancel), until, progress)
    }

    /// Decodes the response to an operation.
    pub(crate) fn decode<T: Decode>(
        &self,
        response: RawResponse,
        operation: &'static str,
    ) -> Result<Response<T>, Error> {
        decode_response(response, operation).map_err(|error| self.engine.redacted(error, None))
    }

    /// Makes the error for a page in which the value of a key does not decode.
    pub(crate) fn page_error(
        &self,
        mut error: DecodeError,
        key: &str,
        response: &RawResponse,
    ) -> Error {
        error.under(key);
        self.engine.redacted(unreadable(&error, response, ListNumbers::NAME), None)
    }

    /// Fails if a call could not begin now: cancelled, shut down, or past its deadline.
    #[cfg(feature = "capi")]
    pub(crate) fn check_open(
        &self,
        cancel: Option<&CancelToken>,
        until: Instant,
        operation: &'static str,
    ) -> Result<(), Error> {
        let checked = self.engine.check_open(self.cancel.as_ref().or(cancel), until);
        checked.map_err(|error| error.of_operation(operation, None))
    }
}
