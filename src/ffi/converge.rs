//! The functions that bring a number to a wanted state: wait, relink, ensure an emergency address.

use std::ffi::c_char;

use super::cancel::sinch_numbers_cancel;
use super::client::sinch_numbers_client;
use super::codes::sinch_numbers_code;
use super::handle;
use super::input;
use super::operations::run;
use super::result::sinch_numbers_result;
use crate::api::relink::Steps;
use crate::call::Progress;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::client::operations::Wait;

/// Waits until no provisioning job of a number is under way, after an update.
///
/// options: a JSON object; NULL or "{}" for the defaults. Keys, both optional: timeoutMs (1 to 86400000; 600000 is the default)
/// is the deadline of the whole function, in place of the client's; expect is the body of an active_update: the number must be
/// as it asks. Without expect two reads at least 2 s apart must find no job, as one that was just asked for may not show yet.
///
///   {"expect": {"smsConfiguration": {"servicePlanId": "..."}}, "timeoutMs": 120000}
///
/// It reads the number at once, and then after pauses that grow from 0.25 s to 30 s; a read that fails is repeated, but for 401,
/// 403, 404 and what is no response of the service. A job whose status is unknown counts as under way.
///
/// Response: as active_get. E_PROVISIONING if the number has a failed job, however old, and is not as expected: "jobs" of the
/// error document says which, and what the reasons mean. E_TIMEOUT when the time is up: "found" is the number as last read.
/// maybe_applied is always 0. For the other failures see CALLS THAT WAIT. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_active_wait(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    options: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        run("active_wait", "active_wait", client, cancel, result_out, || {
            let number = input::phone_number(phone_number)?;
            let options = handle::optional_text("options", options)?;
            let wait = options.map_or_else(|| Ok(Wait::new()), input::wait)?;
            Ok(move |client: &Client, cancel: Option<&CancelToken>, progress: &Progress| {
                client.run_wait(&number, &wait, cancel, progress)
            })
        })
    }
}

/// Brings a number to the wanted links, from any state, and waits until they are in effect.
///
/// target: a JSON object with smsConfiguration, voiceConfiguration or both, as in active_update, and timeoutMs (1 to 86400000;
/// 600000 is the default), the deadline of the whole function. A campaignId that is left out stays if the service plan stays,
/// and goes with the plan if it changes.
///
///   {"smsConfiguration": {"servicePlanId": "...", "campaignId": "..."},
///    "voiceConfiguration": {"type": "EST", "trunkId": "..."}, "timeoutMs": 120000}
///
/// It reads the number, sends only what is missing, and waits for each job as active_wait does. The old service plan or campaign
/// is unlinked, as little as possible, before the new one is linked; voice is replaced in place and never unlinked first, so
/// that the number does not go dark. Nothing is sent while a job is under way. Call it again after a failure or a crash: the
/// end is the same, and what stands as wanted is not touched. A step whose response is lost is read for 2 s or longer before it
/// is sent again. Nothing is restored after a failure: that is a relink to "previous".
///
/// Response; the outcomes are done, not_needed, failed and unknown:
///
///   {"number": { ... as active_get ... }, "previous": { ... as it was read first ... },
///    "steps": [{"step": "unlink_sms", "outcome": "done"}, {"step": "unlink_campaign", "outcome": "not_needed"},
///              {"step": "link_sms", "outcome": "done"}, {"step": "assign_voice", "outcome": "not_needed"}]}
///
/// E_PROVISIONING if a job of its own failed: see "jobs". E_TIMEOUT when the time is up. E_API with http_status 0 if somebody
/// else changes the number meanwhile. The error document has "found", "previous" and "steps"; maybe_applied says that a request
/// of this call may have changed something. For the other failures see CALLS THAT WAIT. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_active_relink(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    target: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        run("active_relink", "active_relink", client, cancel, result_out, || {
            let number = input::phone_number(phone_number)?;
            let wanted = input::relink(handle::text("target", target)?)?;
            Ok(move |client: &Client, cancel: Option<&CancelToken>, progress: &Progress| {
                client.run_relink(&number, &wanted, cancel, progress, &mut Steps::default())
            })
        })
    }
}

/// Makes sure that a number has an emergency address: reads it, and if there is another one or none, validates the wanted one,
/// provisions it if the service accepts it, and reads it back.
///
/// body: as emergency_address_provision, with three optional keys more: accept ("exact", the default, or "corrected"), force
/// (true provisions also if the address stands: the display name cannot be read; default false), and timeoutMs (1 to 86400000;
/// 60000 is the default), the deadline of the whole function. "corrected" takes the service's correction of a near match, if
/// street number, state and location stay and nothing changes but the spelling of the street, the city, the postal code and
/// its four more digits.
///
///   {"displayName": "Office", "address": {"streetNumber": "12345", "streetInfo": "Main Street", "city": "Springfield",
///    "state": "IL", "postalCode": "62701"}, "accept": "corrected"}
///
/// Two addresses are the same if street number, street, location, city, state and postal code are, case and spaces apart, and
/// the four more digits if they are asked for. It never removes an address, and never provisions one that the service did not
/// validate. A provision whose response is lost is read for 2 s or longer before it is sent again, twice at most.
///
/// Response; displayName is "sent", or "unverified" if nothing had to be provisioned; validation is null if none was needed:
///
///   {"address": { ... as emergency_address_get ... }, "changed": true, "displayName": "sent",
///    "validation": { ... as emergency_address_validate ... }}
///
/// E_ADDRESS if the service does not accept the address: "validation" of the error document says why, and nothing was changed.
/// E_TIMEOUT when the time is up. E_API with http_status 0 if somebody else changes the address meanwhile. "found" of the error
/// document is the address that stands now, null if there is none. For the other failures see CALLS THAT WAIT. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_emergency_address_ensure(
    client: *const sinch_numbers_client,
    phone_number: *const c_char,
    body: *const c_char,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        run(
            "emergency_address_ensure",
            "emergency_address_ensure",
            client,
            cancel,
            result_out,
            || {
                let number = input::phone_number(phone_number)?;
                let wanted = input::ensure(handle::text("body", body)?)?;
                Ok(move |client: &Client, cancel: Option<&CancelToken>, progress: &Progress| {
                    client.run_ensure(&number, &wanted, cancel, progress)
                })
            },
        )
    }
}
