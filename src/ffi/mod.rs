//! The C library: opaque handles, JSON in and out, over the same engine as the Rust client.
//!
//! `build.rs` turns this file into `include/sinch_numbers.h`: the comments on the items below are that header's manual,
//! and speak to C programmers. The contract that stands on top of the header is in `contract.h`.

// What is exported is reached by name, not by path; and its names are C's.
#![allow(non_camel_case_types, unreachable_pub)]
// The comments on exported items are C's manual.
#![allow(clippy::doc_link_with_quotes, clippy::doc_markdown)]

mod handle;
pub(crate) mod input;
mod result;

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use self::handle::{BadText, MAX_TEXT, Opaque, Used};
use self::result::{Failure, Outcome};
use crate::builder::ClientBuilder;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::emergency::{
    DeprovisionEmergencyAddress, GetEmergencyAddress, ProvisionEmergencyAddress,
    ValidateEmergencyAddress,
};
use crate::error::{Error, ErrorKind, Phase};
use crate::log::LogLevel;
use crate::numbers::{GetNumber, ListNumbers, ReleaseNumber, UpdateNumber};
use crate::operation::{Operation, Request};
use crate::pages::PageWalk;
use crate::phone_number::PhoneNumber;
use crate::sys;

/// What a function came to. New values may come: treat an unknown one as a failure.
pub type sinch_numbers_code = i32;

/// Success.
pub const SINCH_NUMBERS_OK: sinch_numbers_code = 0;
/// No more pages.
pub const SINCH_NUMBERS_DONE: sinch_numbers_code = 1;
/// A required pointer is NULL, text included, or a handle is of another kind.
pub const SINCH_NUMBERS_E_MISUSE: sinch_numbers_code = 2;
/// What was given is refused before anything is sent: not UTF-8, not JSON, an unknown or bad field, not E.164, too big.
pub const SINCH_NUMBERS_E_INPUT: sinch_numbers_code = 3;
/// Credentials refused: 401 (after the token was refreshed), 403, or 400, 401 or 403 from the token endpoint.
pub const SINCH_NUMBERS_E_AUTH: sinch_numbers_code = 4;
/// Any other error answer of the service.
pub const SINCH_NUMBERS_E_API: sinch_numbers_code = 5;
/// Name look-up, connect, TLS, reset, or the end of the stream before the answer was complete.
pub const SINCH_NUMBERS_E_NETWORK: sinch_numbers_code = 6;
/// The deadline of the client or of the cancel token passed.
pub const SINCH_NUMBERS_E_TIMEOUT: sinch_numbers_code = 7;
/// An answer that is not what the service promises, or too big.
pub const SINCH_NUMBERS_E_PROTOCOL: sinch_numbers_code = 8;
/// The cancel token was triggered, or the client was shut down.
pub const SINCH_NUMBERS_E_CANCELLED: sinch_numbers_code = 9;
/// A bug in the library that was caught. The client stays usable.
pub const SINCH_NUMBERS_E_INTERNAL: sinch_numbers_code = 10;

/// A client of one project. Any number of threads share it.
pub struct sinch_numbers_client {
    _opaque: [u8; 0],
}

/// The pages of a list, one after the other. Threads that share it take turns.
pub struct sinch_numbers_pages {
    _opaque: [u8; 0],
}

/// What a call came to. Immutable: any number of threads may read it.
pub struct sinch_numbers_result {
    _opaque: [u8; 0],
}

/// Ends the calls that it was given to. One way: once triggered, for ever. It may serve several calls at once.
pub struct sinch_numbers_cancel {
    _opaque: [u8; 0],
}

/// Receives the log of a client: level 1 (error) to 5 (trace), and a line that is valid during the call only. It is called on
/// the threads that make the calls, several at a time, and must not call back into the same client. No line holds a key, a
/// secret or a token.
pub type sinch_numbers_log_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, level: i32, message: *const c_char)>;

pub(crate) struct ClientHandle {
    client: Client,
}

pub(crate) struct PagesHandle {
    timeout: Duration,
    walk: Mutex<PageWalk>,
    /// In which process the walk was last begun to be used: a lock that was held over a fork is never given back.
    generation: AtomicU64,
}

/// Returns the version of the library, as in "1.0.0". Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns the version of the library as (major << 16) | (minor << 8) | patch. Compare it with SINCH_NUMBERS_VERSION_NUMBER,
/// the version of the header. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_version_number() -> u32 {
    const fn part(text: &str) -> u32 {
        let (bytes, mut value, mut at) = (text.as_bytes(), 0, 0);
        while at < bytes.len() {
            value = value * 10 + (bytes[at] - b'0') as u32;
            at += 1;
        }
        value
    }
    const NUMBER: u32 = part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
        | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
        | part(env!("CARGO_PKG_VERSION_PATCH"));
    NUMBER
}

/// Returns the name of a code, as in "E_API"; "UNKNOWN" for a number that is none. Never NULL. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_code_name(code: sinch_numbers_code) -> *const c_char {
    terminated_name(code).as_ptr().cast()
}

fn terminated_name(code: sinch_numbers_code) -> &'static str {
    match code {
        SINCH_NUMBERS_OK => "OK\0",
        SINCH_NUMBERS_DONE => "DONE\0",
        SINCH_NUMBERS_E_MISUSE => "E_MISUSE\0",
        SINCH_NUMBERS_E_INPUT => "E_INPUT\0",
        SINCH_NUMBERS_E_AUTH => "E_AUTH\0",
        SINCH_NUMBERS_E_API => "E_API\0",
        SINCH_NUMBERS_E_NETWORK => "E_NETWORK\0",
        SINCH_NUMBERS_E_TIMEOUT => "E_TIMEOUT\0",
        SINCH_NUMBERS_E_PROTOCOL => "E_PROTOCOL\0",
        SINCH_NUMBERS_E_CANCELLED => "E_CANCELLED\0",
        SINCH_NUMBERS_E_INTERNAL => "E_INTERNAL\0",
        _ => "UNKNOWN\0",
    }
}

fn code_name(code: sinch_numbers_code) -> &'static str {
    terminated_name(code).trim_end_matches('\0')
}

/// The JSON that C is given for an error.
#[cfg(feature = "test-hooks")]
pub(crate) fn document(error: Error) -> String {
    Outcome::failure(None, Failure::Error(error)).text().to_owned()
}

// ---- the machinery of every function ------------------------------------------------------------

/// Runs a function's body; a panic becomes a failure, and goes no further.
fn guard<T>(name: &str, body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let body = || {
        #[cfg(feature = "test-hooks")]
        if std::env::var_os("SINCH_NUMBERS_TEST_PANIC").is_some_and(|wanted| wanted == name) {
            #[allow(clippy::panic)]
            std::panic::panic_any("injected");
        }
        #[cfg(not(feature = "test-hooks"))]
        let _ = name;
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Failure::Panic))
}

/// The same for functions that cannot report a failure: they return what stands for none.
fn guard_or<T>(name: &str, otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    let found = guard(name, || body().ok_or(Failure::Panic));
    found.unwrap_or(otherwise)
}

/// Writes the result that every call leaves, and returns its code.
///
/// # Safety
///
/// `out` is null or valid for a write.
unsafe fn leave(out: *mut *mut sinch_numbers_result, outcome: Outcome) -> sinch_numbers_code {
    let code = outcome.code;
    if !out.is_null() {
        // SAFETY: the caller vouches for it.
        unsafe { handle::write(out, handle::give(outcome)) };
    }
    code
}

/// Runs an operation of the API and leaves its result.
///
/// # Safety
///
/// The pointers are null or what the header says they are.
unsafe fn operate(
    name: &'static str,
    client: *const sinch_numbers_client,
    cancel: *const sinch_numbers_cancel,
    out: *mut *mut sinch_numbers_result,
    request: impl FnOnce() -> Result<Request, Failure>,
) -> sinch_numbers_code {
    // SAFETY: the caller vouches for the pointers.
    unsafe { handle::write(out, ptr::null_mut()) };
    let result = guard(name, || {
        // SAFETY: the caller vouches for it.
        let client = unsafe { required(client) }?;
        // SAFETY: the caller vouches for it.
        let cancel = unsafe { optional(cancel) }?;
        let cancel: Option<&CancelToken> = cancel.as_deref();
        Ok(client.client.send(&request()?, cancel, None)?)
    });
    let outcome = match result {
        Ok(reply) => Outcome::answer(reply),
        Err(failure) => Outcome::failure(Some(name), failure),
    };
    // SAFETY: the caller vouches for it.
    unsafe { leave(out, outcome) }
}

/// # Safety
///
/// As [`handle::take_part`].
unsafe fn required<'a, O: Opaque>(pointer: *const O) -> Result<Used<'a, O>, Failure> {
    // SAFETY: handed on.
    unsafe { handle::take_part(pointer) }
        .map_err(|problem| Failure::Misuse(format!("{} is {problem}", O::NAME)))
}

/// # Safety
///
/// As [`handle::take_part`].
unsafe fn optional<'a, O: Opaque>(pointer: *const O) -> Result<Option<Used<'a, O>>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: handed on.
    unsafe { required(pointer) }.map(Some)
}

/// # Safety
///
/// As [`handle::text`].
unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: handed on.
    unsafe { handle::text(pointer) }.map_err(|bad| match bad {
        BadText::Null => Failure::Misuse(format!("{name} is NULL")),
        BadText::TooLong => {
            Failure::Error(Error::invalid(name, format!("is longer than {MAX_TEXT} bytes")))
        }
        BadText::NotUtf8(at) => {
            Failure::Error(Error::invalid(name, format!("is not UTF-8 at byte {at}")))
        }
    })
}

/// # Safety
///
/// As [`handle::text`].
unsafe fn phone_number(pointer: *const c_char) -> Result<PhoneNumber, Failure> {
    // SAFETY: handed on.
    let text = unsafe { text("phoneNumber", pointer) }?;
    Ok(PhoneNumber::try_from(text)?)
}

fn written<O: Operation>(operation: &O) -> Result<Request, Failure> {
    Ok(Request::of(operation)?)
}

// ---- the client -----------------------------------------------------------------------------------

/// The caller's log function and its userdata.
struct LogSink {
    function: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
    userdata: *mut c_void,
}

// SAFETY: the header demands a function that may be called on any thread, several at a time, with that userdata.
unsafe impl Send for LogSink {}
// SAFETY: as above.
unsafe impl Sync for LogSink {}

impl LogSink {
    fn write(&self, level: LogLevel, line: &str) {
        let line = format!("{}\0", line.replace('\0', " "));
        // SAFETY: the header demands that the function and its userdata outlive the client, its pages and its calls.
        unsafe { (self.function)(self.userdata, level as i32, line.as_ptr().cast()) };
    }
}

/// Makes a client. Nothing is sent yet.
///
/// config: a JSON object with the settings, or NULL to read the environment: SINCH_PROJECT_ID, SINCH_KEY_ID,
/// SINCH_KEY_SECRET (required), SINCH_AUTH, SINCH_NUMBERS_URL, SINCH_AUTH_URL. Only NULL reads the environment.
///
///   key                 type     default                        meaning, range
///   projectId           string   required                       1 to 64 letters, digits, - and _
///   keyId, keySecret    string   required                       an access key of the project
///   auth                string   "oauth2"                       or "basic" (heavily rate-limited: for trials)
///   baseUrl             string   "https://numbers.api.sinch.com"  origin of the API
///   authUrl             string   "https://auth.sinch.com"       origin of the token endpoint
///   allowHttp           boolean  false                          allow http to hosts other than this machine
///   timeoutMs           number   30000                          the whole call, retries included; 1 to 86400000
///   connectTimeoutMs    number   3100                           connecting; 1 to 86400000
///   maxAttempts         number   3                              how often a request is sent; 1 to 10
///   caFile              string   none                           PEM file of the roots to trust instead
///   roots               string   "bundled"                      or "platform": the roots of this machine
///   proxy               string   "env"                          or "none", or the URL of an HTTP proxy; "env" reads
///                                                               https_proxy, HTTPS_PROXY, http_proxy, all_proxy,
///                                                               ALL_PROXY and no_proxy, NO_PROXY
///   userAgent           string   "sinch-numbers/VERSION"        1 to 256 characters of printable ASCII
///   maxResponseBytes    number   33554432                       after decompression; 1 to 1073741824
///   maxIdleConnections  number   64                             kept for each host; 0 to 1024
///   idleTimeoutMs       number   50000                          how long they are kept; 0 to 86400000
///   maxConnectionAgeMs  number   600000                         how long a connection is used; 1 to 86400000
///   logLevel            string   "warn"                         off, error, warn, info, debug or trace
///
/// log, log_userdata: receives the log up to logLevel; NULL for none. Both must stay valid until the client and all pages made
/// from it are freed and no call is in flight any more.
/// client_out: the client; NULL is written on failure. result_out: may be NULL.
/// Fails with E_MISUSE (client_out is NULL) and E_INPUT (the config is refused; the error document names the field).
/// Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what is said above.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_new(
    config: *const c_char,
    log: sinch_numbers_log_fn,
    log_userdata: *mut c_void,
    client_out: *mut *mut sinch_numbers_client,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    const NAME: &str = "client_new";
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        handle::write(client_out, ptr::null_mut());
        handle::write(result_out, ptr::null_mut());
    }
    let made = guard(NAME, || {
        if client_out.is_null() {
            return Err(Failure::Misuse("client_out is NULL".to_owned()));
        }
        let (mut builder, level) = if config.is_null() {
            (ClientBuilder::from_env()?, Some(LogLevel::Warn))
        } else {
            // SAFETY: the caller vouches for it.
            input::config(unsafe { text("config", config) }?)?
        };
        if let (Some(function), Some(level)) = (log, level) {
            let sink = LogSink { function, userdata: log_userdata };
            builder = builder.log(level, move |level, line| sink.write(level, line));
        }
        Ok(ClientHandle { client: builder.build()? })
    });
    let outcome = match made {
        Ok(client) => {
            // SAFETY: the caller vouches for it.
            unsafe { handle::write(client_out, handle::give(client)) };
            Outcome::ok()
        }
        Err(failure) => Outcome::failure(None, failure),
    };
    // SAFETY: the caller vouches for it.
    unsafe { leave(result_out, outcome) }
}

/// Shuts a client down: calls in flight, on any thread, and later ones end with E_CANCELLED. Call it from any thread, as
/// often as you like. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_shutdown(client: *const sinch_numbers_client) {
    guard_or("client_shutdown", (), || {
        // SAFETY: the caller vouches for it.
        let client = unsafe { handle::take_part(client) }.ok()?;
        client.client.shutdown();
        Some(())
    });
}

/// Frees a client. Pages made from it go on working. With calls in flight it shuts the client down, says so in the log and
/// leaks it instead of freeing it under them. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_client_free(client: *mut sinch_numbers_client) {
    guard_or("client_free", (), || {
        let in_use = |client: &ClientHandle| {
            client.client.shutdown();
            client.client.warn("client_free with calls in flight: the client is leaked");
        };
        // SAFETY: the caller vouches for it.
        unsafe { handle::free(client, in_use) };
        Some(())
    });
}

// ---- the eight operations ---------------------------------------------------------------------------

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
/// Answer:
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
    // SAFETY: the caller vouches for the pointers.
    unsafe { operate("active_list", client, cancel, result_out, || written(&list_query(query)?)) }
}

/// # Safety
///
/// As [`handle::text`].
unsafe fn list_query(query: *const c_char) -> Result<ListNumbers, Failure> {
    if query.is_null() {
        return Ok(ListNumbers::new());
    }
    // SAFETY: handed on.
    Ok(input::query(unsafe { text("query", query) }?)?)
}

/// Reads a number.
///
/// phone_number: E.164, as in "+12025550134". Answer (fields may be missing, null, "" or {}, which all mean "nothing"):
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("active_get", client, cancel, result_out, || {
            written(&GetNumber { phone_number: self::phone_number(phone_number)? })
        })
    }
}

/// Changes a number.
///
/// body: a JSON object with what is to change, at least one of displayName, smsConfiguration {servicePlanId (required),
/// campaignId}, voiceConfiguration {type (required), and the key of its id: appId for RTC, trunkId for EST, serviceId for
/// FAX}, callbackUrl. "" as servicePlanId or campaignId unlinks; a number must be unlinked before it is linked to another
/// service plan or campaign. To unlink a campaign only, give the current plan with it.
///
///   {"displayName": "desk", "voiceConfiguration": {"type": "EST", "trunkId": "YOUR_trunkId"}}
///
/// Answer: as active_get, still with the old configuration beside the job that changes it: read the number until the job is
/// over. A failure can be maybe_applied: read the number before you send it again. Since 1.0.
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("active_update", client, cancel, result_out, || {
            let phone_number = self::phone_number(phone_number)?;
            let update = input::update(text("body", body)?)?;
            written(&UpdateNumber { phone_number, update: &update })
        })
    }
}

/// Gives a number back: cancels its subscription at the end of the period that is paid for.
///
/// Answer: as active_get, with that time in expireAt; the number stays readable until then. A failure can be maybe_applied:
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("active_release", client, cancel, result_out, || {
            written(&ReleaseNumber { phone_number: self::phone_number(phone_number)? })
        })
    }
}

/// Reads the emergency address of a number.
///
/// Answer:
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("emergency_address_get", client, cancel, result_out, || {
            written(&GetEmergencyAddress { phone_number: self::phone_number(phone_number)? })
        })
    }
}

/// Puts an emergency address on a number. Validate it first.
///
/// body: displayName and address are required, and in the address streetNumber, streetInfo, city, state and postalCode;
/// location and postalCodePlusFour are optional.
///
///   {"displayName": "Office", "address": {"streetNumber": "12345", "streetInfo": "Main St", "location": "Apt 5",
///    "city": "Springfield", "state": "IL", "postalCode": "62701", "postalCodePlusFour": "1234"}}
///
/// Answer: the address as the service took it, as emergency_address_get. A failure can be maybe_applied: read the address
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("emergency_address_provision", client, cancel, result_out, || {
            let phone_number = self::phone_number(phone_number)?;
            let address = input::emergency_address(text("body", body)?)?;
            written(&ProvisionEmergencyAddress { phone_number, address: &address })
        })
    }
}

/// Removes the emergency address of a number. Answer: {}. A failure can be maybe_applied: read the address before you send
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("emergency_address_deprovision", client, cancel, result_out, || {
            let phone_number = self::phone_number(phone_number)?;
            written(&DeprovisionEmergencyAddress { phone_number })
        })
    }
}

/// Asks what the service makes of an emergency address, without putting it anywhere.
///
/// body: as emergency_address_provision. Answer:
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
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        operate("emergency_address_validate", client, cancel, result_out, || {
            let phone_number = self::phone_number(phone_number)?;
            let address = input::emergency_address(text("body", body)?)?;
            written(&ValidateEmergencyAddress { phone_number, address: &address })
        })
    }
}

// ---- pages --------------------------------------------------------------------------------------------

/// Begins to go through a list, page by page. Nothing is sent yet.
///
/// query: as active_list; with a pageToken the walk begins there. pages_out: the pages; NULL is written on failure. They keep
/// what they need of the client: free them in any order. Fails with E_MISUSE and E_INPUT. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_new(
    client: *const sinch_numbers_client,
    query: *const c_char,
    pages_out: *mut *mut sinch_numbers_pages,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        handle::write(pages_out, ptr::null_mut());
        handle::write(result_out, ptr::null_mut());
    }
    let made = guard("pages_new", || {
        // SAFETY: the caller vouches for it.
        let client = unsafe { required(client) }?;
        if pages_out.is_null() {
            return Err(Failure::Misuse("pages_out is NULL".to_owned()));
        }
        // SAFETY: the caller vouches for it.
        let query = unsafe { list_query(query) }?;
        written(&query)?;
        let timeout = client.client.timeout();
        let walk = Mutex::new(PageWalk::new(client.client.clone(), query));
        Ok(PagesHandle { timeout, walk, generation: AtomicU64::new(sys::generation()) })
    });
    let outcome = match made {
        Ok(pages) => {
            // SAFETY: the caller vouches for it.
            unsafe { handle::write(pages_out, handle::give(pages)) };
            Outcome::ok()
        }
        Err(failure) => Outcome::failure(Some(ListNumbers::NAME), failure),
    };
    // SAFETY: the caller vouches for it.
    unsafe { leave(result_out, outcome) }
}

/// Fetches the next page. Answer: as active_list; empty pages in the middle of a list are handed out too.
///
/// DONE after the last page, for ever. A failure does not move the walk: the next call asks for the same page again. After a
/// page whose nextPageToken was used before in this walk comes E_PROTOCOL instead of a circle. Threads that share the pages
/// take turns, each within its own deadline. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_next(
    pages: *mut sinch_numbers_pages,
    cancel: *const sinch_numbers_cancel,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: the caller vouches for the pointers.
    unsafe { handle::write(result_out, ptr::null_mut()) };
    let result = guard("pages_next", || {
        // SAFETY: the caller vouches for it.
        let pages = unsafe { required(pages.cast_const()) }?;
        // SAFETY: the caller vouches for it.
        let cancel = unsafe { optional(cancel) }?;
        let cancel: Option<&CancelToken> = cancel.as_deref();
        // One deadline for the turn and the call.
        let until = Instant::now() + pages.timeout;
        Ok(pages.turn(cancel, until)?.next_reply(cancel, until)?)
    });
    let outcome = match result {
        Ok(Some(reply)) => Outcome::answer(reply),
        Ok(None) => Outcome::done(),
        Err(failure) => Outcome::failure(Some(ListNumbers::NAME), failure),
    };
    // SAFETY: the caller vouches for it.
    unsafe { leave(result_out, outcome) }
}

impl PagesHandle {
    /// Waits until it is this thread's turn, within its own deadline.
    fn turn(
        &self,
        cancel: Option<&CancelToken>,
        until: Instant,
    ) -> Result<MutexGuard<'_, PageWalk>, Failure> {
        const SLICE: Duration = Duration::from_millis(2);
        let began = Instant::now();
        loop {
            match self.walk.try_lock() {
                Ok(walk) => {
                    self.generation.store(sys::generation(), Ordering::SeqCst);
                    return Ok(walk);
                }
                // A panic in the middle of a page leaves the walk where it was.
                Err(TryLockError::Poisoned(walk)) => {
                    self.generation.store(sys::generation(), Ordering::SeqCst);
                    return Ok(walk.into_inner());
                }
                Err(TryLockError::WouldBlock) => {}
            }
            // Whoever has the turn says so at once; a lock whose holder stayed in the parent never does.
            let foreign = self.generation.load(Ordering::SeqCst) != sys::generation();
            if foreign && began.elapsed() > 25 * SLICE {
                let problem = "pages was in use on another thread when the process forked";
                return Err(Failure::Misuse(problem.to_owned()));
            }
            let timeout = cancel
                .and_then(CancelToken::deadline)
                .is_some_and(|deadline| Instant::now() >= deadline);
            if timeout || Instant::now() >= until {
                let error = Error::new(ErrorKind::Timeout(Phase::Start));
                return Err(error.of_operation(ListNumbers::NAME, None).into());
            }
            if cancel.is_some_and(CancelToken::is_triggered) {
                let error = Error::new(ErrorKind::Cancelled);
                return Err(error.of_operation(ListNumbers::NAME, None).into());
            }
            thread::sleep(SLICE);
        }
    }
}

/// Frees pages. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_pages_free(pages: *mut sinch_numbers_pages) {
    guard_or("pages_free", (), || {
        // SAFETY: the caller vouches for it.
        unsafe { handle::free(pages, |_| ()) };
        Some(())
    });
}

// ---- results --------------------------------------------------------------------------------------------

/// Looks at a result, or says what stands for none.
///
/// # Safety
///
/// As [`handle::look`].
unsafe fn inspect<T>(
    name: &str,
    result: *const sinch_numbers_result,
    otherwise: T,
    body: impl FnOnce(&Outcome) -> Option<T>,
) -> T {
    // SAFETY: handed on.
    guard_or(name, otherwise, || body(unsafe { handle::look(result) }?))
}

/// Returns the code of the call. E_MISUSE for NULL or a handle of another kind. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_code(
    result: *const sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: the caller vouches for it.
    unsafe { inspect("result_code", result, SINCH_NUMBERS_E_MISUSE, |r| Some(r.code)) }
}

/// Returns the HTTP status; 0 if none was received. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_http_status(
    result: *const sinch_numbers_result,
) -> i32 {
    // SAFETY: the caller vouches for it.
    unsafe { inspect("result_http_status", result, 0, |r| Some(r.http_status)) }
}

/// Tells whether the same call may succeed later, unchanged: -1 it cannot (always when maybe_applied: read before you
/// repeat), 0 it may, more than 0 it may after that many milliseconds, which the service asked for. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_retry_after_ms(
    result: *const sinch_numbers_result,
) -> i64 {
    // SAFETY: the caller vouches for it.
    unsafe { inspect("result_retry_after_ms", result, -1, |r| Some(r.retry_after_ms)) }
}

/// Returns 1 for a failed write that may have taken effect all the same: the request went out, and no answer says what
/// became of it. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_maybe_applied(
    result: *const sinch_numbers_result,
) -> i32 {
    // SAFETY: the caller vouches for it.
    unsafe { inspect("result_maybe_applied", result, 0, |r| Some(i32::from(r.maybe_applied))) }
}

/// Returns 1 for a success that was found out by reading, after the answer to a write had been lost. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_reconciled(
    result: *const sinch_numbers_result,
) -> i32 {
    // SAFETY: the caller vouches for it.
    unsafe { inspect("result_reconciled", result, 0, |r| Some(i32::from(r.reconciled))) }
}

/// Returns the value at a JSON pointer (RFC 6901), as in "/smsConfiguration/servicePlanId" or "/activeNumbers/0/phoneNumber":
/// a string as plain text (what follows a U+0000 is left out), anything else as raw JSON, an object or list included. NULL if
/// there is no such place. The text lives as long as the result. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_value(
    result: *const sinch_numbers_result,
    json_pointer: *const c_char,
) -> *const c_char {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        inspect("result_value", result, ptr::null(), |r| r.value(handle::text(json_pointer).ok()?))
    }
}

/// Returns what went wrong, for people; "" on success. It lives as long as the result. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_message(
    result: *const sinch_numbers_result,
) -> *const c_char {
    // SAFETY: the caller vouches for it.
    unsafe { inspect("result_message", result, c"".as_ptr(), |r| Some(r.message.as_ptr())) }
}

/// Returns the JSON of the result, NUL-terminated, and its length if length_out is not NULL: on OK the service's answer as it
/// came, on failure the error document. It lives as long as the result. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_json(
    result: *const sinch_numbers_result,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: the caller vouches for the pointers.
    unsafe {
        let none = (c"{}".as_ptr(), 2);
        let (json, length) = inspect("result_json", result, none, |r| Some(r.json()));
        handle::write(length_out, length);
        json
    }
}

/// Frees a result, and every text that it handed out. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_free(result: *mut sinch_numbers_result) {
    guard_or("result_free", (), || {
        // SAFETY: the caller vouches for it.
        unsafe { handle::free(result, |_| ()) };
        Some(())
    });
}

// ---- cancel tokens ----------------------------------------------------------------------------------------

/// Makes a cancel token. NULL only for a bug that was caught. Since 1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_cancel_new() -> *mut sinch_numbers_cancel {
    guard_or("cancel_new", ptr::null_mut(), || Some(handle::give(CancelToken::new())))
}

/// Makes a cancel token with a deadline of its own, counted from now: calls that it is given to end with E_TIMEOUT when that
/// many milliseconds have passed, 0 and less at once. It can be triggered as well. NULL only for a bug that was caught. Since 1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_cancel_new_after(milliseconds: i64) -> *mut sinch_numbers_cancel {
    guard_or("cancel_new_after", ptr::null_mut(), || {
        let time = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
        Some(handle::give(CancelToken::with_deadline(time)))
    })
}

/// Triggers a cancel token: the calls that it was given to, and those that it will be given to, end with E_CANCELLED. Call it
/// from any thread, or from a signal handler: it is async-signal-safe. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_cancel_trigger(cancel: *const sinch_numbers_cancel) {
    // No guard: a signal handler must not unwind, and nothing here panics or allocates but for a wrong pointer.
    // SAFETY: the caller vouches for it.
    if let Some(cancel) = unsafe { handle::look(cancel) } {
        cancel.trigger();
    }
}

/// Frees a cancel token. While a call uses it, it is leaked instead. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_cancel_free(cancel: *mut sinch_numbers_cancel) {
    guard_or("cancel_free", (), || {
        // SAFETY: the caller vouches for it.
        unsafe { handle::free(cancel, |_| ()) };
        Some(())
    });
}
