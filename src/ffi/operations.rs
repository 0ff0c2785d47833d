//! The operations, and the check of a client.

use std::ffi::c_char;

use super::Failure;
use super::cancel::sinch_numbers_cancel;
use super::client::sinch_numbers_client;
use super::codes::sinch_numbers_code;
use super::handle::{self, optional, required};
use super::input;
use super::result::{Outcome, guard_result, sinch_numbers_result};
use crate::api::emergency_address::{
    deprovision_emergency_address, get_emergency_address, provision_emergency_address,
    validate_emergency_address,
};
use crate::api::list::ListNumbers;
use crate::api::numbers::{get_number, release_number, update_number};
use crate::api::request::Request;
use crate::call::Progress;
use crate::call::response::RawResponse;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::Error;

/// Calls an operation of the API, and writes its result.
///
/// # Safety
///
/// The pointers are null or what the header says they are.
unsafe fn execute(
    operation: &'static str,
    client: *const sinch_numbers_client,
    cancel: *const sinch_numbers_cancel,
    out: *mut *mut sinch_numbers_result,
    request: &dyn Fn() -> Result<Request, Failure>,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { run(operation, operation, client, cancel, out, || Ok(sending(request()?))) }
}

/// Returns the call that sends a request.
fn sending(
    request: Request,
) -> impl FnOnce(&Client, Option<&CancelToken>, &Progress) -> Result<RawResponse, Error> {
    move |client, cancel, progress| client.send(&request, cancel, None, progress)
}

/// Runs the body of a function that makes calls: `prepare` reads its input and returns what makes the calls, and the result is
/// written. A failure of `prepare` is refused input, and is logged.
///
/// # Safety
///
/// As [`execute`].
pub(super) unsafe fn run<C>(
    function: &'static str,
    operation: &'static str,
    client: *const sinch_numbers_client,
    cancel: *const sinch_numbers_cancel,
    out: *mut *mut sinch_numbers_result,
    prepare: impl FnOnce() -> Result<C, Failure>,
) -> sinch_numbers_code
where
    C: FnOnce(&Client, Option<&CancelToken>, &Progress) -> Result<RawResponse, Error>,
{
    let body = |progress: &Progress| {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let client = unsafe { required(client) }?;
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let cancel = unsafe { optional(cancel) }?;
        let call = prepare().inspect_err(|failure| note(&client, operation, failure))?;
        Ok(Outcome::success(call(&client, cancel.as_deref(), progress)?))
    };
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { guard_result(function, Some(operation), out, body) }
}

/// Logs refused input, as no call is made that would.
pub(super) fn note(client: &Client, operation: &'static str, failure: &Failure) {
    if let Failure::Error(error) = failure {
        client.engine.refused(&error.clone().of_operation(operation, None));
    }
}

/// Checks that the service can be reached and takes the credentials: fetches a token and lists one number. Call it when a
/// program starts: a wrong key is seen then and not in the middle of the work, and the first call that counts finds a token and
/// a connection.
///
/// Response: as active_list, with at most one number; "/totalSize" says how many there are. Fails as active_list does, under its
/// name: E_AUTH if the key or the project is wrong. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_check(
    client: *const sinch_numbers_client,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        run("client_check", ListNumbers::NAME, client, cancel, result_out, || {
            Ok(sending(ListNumbers::new().page_size(1).request()?))
        })
    }
}

/// Lists one page of the project's numbers.
///
/// query: a JSON object; NULL or "{}" asks for all numbers. Keys, all optional: regionCode ("US"), type ("MOBILE", "LOCAL",
/// "TOLL_FREE"; the API's documents do not settle what comes back when it is left out: all types, or MOBILE only),
/// numberPattern {pattern ("+1206", "2020"), searchPattern ("START", "CONTAINS", "END")}, capability (["SMS", "VOICE"]),
/// pageSize (1 to 2147483647), pageToken (nextPageToken of the page before), orderBy ("phoneNumber", "displayName"). Values
/// are given as they are and encoded on the way.
///
///   {"regionCode": "US", "numberPattern": {"pattern": "+1206", "searchPattern": "START"}, "pageSize": 100}
///
/// Response:
///
///   {"activeNumbers": [ ... as active_get ... ], "nextPageToken": "...", "totalSize": 1}
///
/// The list ends where nextPageToken is missing, null or ""; sinch_numbers_pages_next does all of that. totalSize counts all
/// pages. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_active_list(
    client: *const sinch_numbers_client,
    query: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("active_list", client, cancel, result_out, &|| Ok(list_query(query)?.request()?))
    }
}

/// Reads the parameter `query`.
///
/// # Safety
///
/// As [`handle::text`].
pub(super) unsafe fn list_query(query: *const c_char) -> Result<ListNumbers, Failure> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    let query = unsafe { handle::optional_text("query", query) }?;
    Ok(query.map_or_else(|| Ok(ListNumbers::new()), input::query)?)
}

/// Reads a number.
///
/// phone_number: E.164, as in "+12025550134". Response (fields may be missing, null, "" or {}, which all mean "nothing"):
///
///   {"phoneNumber": "+12025550134", "projectId": "...", "displayName": "desk", "regionCode": "US", "type": "LOCAL",
///    "capability": ["SMS", "VOICE"], "money": {"currencyCode": "USD", "amount": "2.00"}, "paymentIntervalMonths": 1,
///    "nextChargeDate": "2024-08-24T14:15:22.022227Z", "expireAt": null,
///    "smsConfiguration": {"servicePlanId": "...", "campaignId": "", "scheduledProvisioning": null},
///    "voiceConfiguration": {"type": "RTC", "appId": "...", "trunkId": "", "serviceId": "", "lastUpdatedTime": null,
///      "scheduledVoiceProvisioning": {"type": "EST", "trunkId": "...", "status": "WAITING", "lastUpdatedTime": "..."}},
///    "callbackUrl": ""}
///
/// A provisioning job is over when its scheduled object is gone; a status of FAILED stays. A number that the project does not
/// rent is E_API with HTTP status 404. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_active_get(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("active_get", client, cancel, result_out, &|| {
            Ok(get_number(&input::phone_number(phone_number)?))
        })
    }
}

/// Changes a number. To have it linked to something else and wait until it is, see sinch_numbers_active_relink.
///
/// body: a JSON object with what is to change, at least one of displayName, smsConfiguration {servicePlanId (required),
/// campaignId}, voiceConfiguration {type (required), and the key of its id: appId for RTC, trunkId for EST, serviceId for
/// FAX}, callbackUrl. "" as servicePlanId or campaignId unlinks; a number must be unlinked before it is linked to another
/// service plan or campaign. To unlink a campaign only, give the current plan with it.
///
///   {"displayName": "desk", "voiceConfiguration": {"type": "EST", "trunkId": "YOUR_trunkId"}}
///
/// Response: as active_get, still with the old configuration beside the job that changes it:
/// sinch_numbers_active_wait waits for it. A failure can be maybe_applied: read the number before you send it again. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_active_update(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    body: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("active_update", client, cancel, result_out, &|| {
            let phone_number = input::phone_number(phone_number)?;
            let update = input::update(handle::text("body", body)?)?;
            Ok(update_number(&phone_number, &update)?)
        })
    }
}

/// Gives a number back: cancels its subscription at the end of the period that is paid for.
///
/// Response: as active_get, with that time in expireAt; the number stays readable until then. A failure can be maybe_applied:
/// read the number before you release it again. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_active_release(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("active_release", client, cancel, result_out, &|| {
            Ok(release_number(&input::phone_number(phone_number)?))
        })
    }
}

/// Reads the emergency address of a number.
///
/// Response:
///
///   {"streetNumber": "12345", "streetInfo": "Main St", "location": "Apt 5", "city": "Springfield", "state": "IL",
///    "postalCode": "62701", "postalCodePlusFour": "1234"}
///
/// A number without one is E_API with HTTP status 404. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_emergency_address_get(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("emergency_address_get", client, cancel, result_out, &|| {
            Ok(get_emergency_address(&input::phone_number(phone_number)?))
        })
    }
}

/// Puts an emergency address on a number. Validate it first; sinch_numbers_emergency_address_ensure does both.
///
/// body: displayName and address are required, and in the address streetNumber, streetInfo, city, state and postalCode;
/// location and postalCodePlusFour are optional.
///
///   {"displayName": "Office", "address": {"streetNumber": "12345", "streetInfo": "Main St", "location": "Apt 5",
///    "city": "Springfield", "state": "IL", "postalCode": "62701", "postalCodePlusFour": "1234"}}
///
/// Response: the address as the service took it, as emergency_address_get. A failure can be maybe_applied: read the address
/// before you send it again. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_emergency_address_provision(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    body: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("emergency_address_provision", client, cancel, result_out, &|| {
            let phone_number = input::phone_number(phone_number)?;
            let address = input::emergency_address(handle::text("body", body)?)?;
            Ok(provision_emergency_address(&phone_number, &address)?)
        })
    }
}

/// Removes the emergency address of a number. Response: {}. A failure can be maybe_applied: read the address before you send
/// it again. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_emergency_address_deprovision(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("emergency_address_deprovision", client, cancel, result_out, &|| {
            Ok(deprovision_emergency_address(&input::phone_number(phone_number)?))
        })
    }
}

/// Asks what the service makes of an emergency address, without putting it anywhere.
///
/// body: as emergency_address_provision. Response:
///
///   {"phoneNumber": "...", "displayName": "...", "validatedAddress": { ... }, "validationResult": "NEAR_MATCH",
///    "validationMessage": "...", "correctedAddress": { ... }, "candidateAddresses": [ { ... } ]}
///
/// validationResult is EXACT_MATCH, NEAR_MATCH (provision correctedAddress instead) or NO_MATCH (candidateAddresses are what
/// it might have meant). Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_emergency_address_validate(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    body: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        execute("emergency_address_validate", client, cancel, result_out, &|| {
            let phone_number = input::phone_number(phone_number)?;
            let address = input::emergency_address(handle::text("body", body)?)?;
            Ok(validate_emergency_address(&phone_number, &address)?)
        })
    }
}
