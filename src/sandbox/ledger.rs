//! The public record of the writes that a sandbox has accepted.

use std::time::Duration;

/// One write that the sandbox has accepted, as [`Sandbox::writes`](crate::Sandbox::writes) lists it.
///
/// A write is an update, a release, or an emergency address that is provisioned or deprovisioned.
/// Requests that were refused (400, 401, 403, 404, 429, or 503 by
/// [`fail_503`](crate::SandboxBuilder::fail_503)) are not among them. Times are counted from the
/// start of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxWrite {
    /// The operation, named as in the client's errors: `active_update`, `active_release`,
    /// `emergency_address_provision` or `emergency_address_deprovision`.
    pub operation: &'static str,
    /// The number that it is about, in E.164.
    pub phone_number: String,
    /// The `x-request-id` of its response, whether that was sent or lost.
    pub request_id: String,
    /// The status of its response: 200, or 503 by
    /// [`fail_503_after`](crate::SandboxBuilder::fail_503_after). `None` if the response was lost on
    /// purpose.
    pub status: Option<u16>,
    /// Whether it was to be carried out only after the response.
    pub late: bool,
    /// When the request arrived.
    pub arrived: Duration,
    /// When it was carried out. `None` if it was dropped or is still to come.
    pub applied: Option<Duration>,
    /// Why a late write was dropped when its time had come: it did not apply any more. `None` if it
    /// was carried out or is still to come.
    pub dropped: Option<String>,
}
