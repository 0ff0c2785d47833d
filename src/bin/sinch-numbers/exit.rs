//! Exit codes, as a function of what went wrong.

use std::process::ExitCode;

use serde_json::Value;
use sinch_numbers::{ActiveNumber, ApiError, Error, ErrorKind, Provisioning};

/// How the program ends. The numbers are fixed: scripts depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Other = 1,
    /// Refused, nothing was changed.
    Refused = 2,
    NotFound = 3,
    /// Credentials or permission.
    Denied = 4,
    /// Unavailable or timed out, nothing was applied: try later.
    Unavailable = 5,
    /// It is unknown whether something was changed.
    Unknown = 6,
    ProvisioningFailed = 7,
    /// Some items of a job failed, or could not be read.
    #[expect(dead_code, reason = "for jobs and audits")]
    SomeFailed = 8,
    #[expect(dead_code, reason = "for audits")]
    Findings = 9,
    /// Accepted, but still running when the time was up.
    StillRunning = 10,
    /// Interrupted, and nothing is unknown.
    Interrupted = 130,
}

impl Exit {
    /// The order in which one of several outcomes is told, the gravest first. The codes that are not about a single item stand
    /// where they hide none of the others.
    const PRECEDENCE: [u8; 12] = [6, 130, 4, 8, 7, 10, 5, 1, 3, 2, 9, 0];

    /// Returns the graver one of two outcomes.
    pub(crate) fn and(self, other: Self) -> Self {
        let rank = |exit: Self| Self::PRECEDENCE.iter().position(|code| *code == exit as u8);
        if rank(other) < rank(self) { other } else { self }
    }

    /// Returns the exit code for a failure of the library.
    pub(crate) fn of(error: &Error) -> Self {
        if error.steps().is_some() {
            return of_relink(error);
        }
        match error.kind() {
            ErrorKind::Provisioning(_) => Self::ProvisioningFailed,
            _ if error.may_have_been_applied() => Self::Unknown,
            // A wait, whose last look showed a job.
            ErrorKind::Timeout(_) if shows_a_job(error) => Self::StillRunning,
            ErrorKind::InvalidInput(_) | ErrorKind::Address(_) => Self::Refused,
            ErrorKind::Authentication(_) | ErrorKind::Signature(_) => Self::Denied,
            ErrorKind::Cancelled => Self::Interrupted,
            ErrorKind::Api(api) => of_response(api, error.can_retry()),
            _ if error.can_retry() => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

fn of_response(error: &ApiError, can_retry: bool) -> Exit {
    // An error inside a success has its status in the body.
    let status = match error.http_status {
        200..300 => error.code.unwrap_or_default(),
        status => i64::from(status),
    };
    // A 404 without the service's words is of something that stands before it.
    let is_the_services = error.code.is_some() || error.status.is_some();
    match status {
        404 if is_the_services && error.problem_type.is_none() => Exit::NotFound,
        404 | 408 => Exit::Other,
        400..500 => Exit::Refused,
        _ if can_retry => Exit::Unavailable,
        _ => Exit::Other,
    }
}

/// A relink tells what became of its steps: only one that is unknown makes the outcome unknown, and a job that runs means that
/// its step was accepted.
fn of_relink(error: &Error) -> Exit {
    if let ErrorKind::Provisioning(_) = error.kind() {
        return Exit::ProvisioningFailed;
    }
    let steps: Value = error.steps().and_then(|s| serde_json::from_str(s).ok()).unwrap_or_default();
    let steps: &[Value] = steps.as_array().map_or(&[], Vec::as_slice);
    let runs = shows_a_job(error);
    let any_unknown = steps.iter().any(|step| step["outcome"] == "unknown");
    match error.kind() {
        ErrorKind::Cancelled if !any_unknown || runs => Exit::Interrupted,
        ErrorKind::Timeout(_) if any_unknown && runs => Exit::StillRunning,
        _ if any_unknown => Exit::Unknown,
        ErrorKind::Authentication(_) => Exit::Denied,
        // What the other codes promise, that nothing was changed, does not hold.
        _ if error.may_have_been_applied() => Exit::Other,
        ErrorKind::InvalidInput(_) => Exit::Refused,
        ErrorKind::Api(api) => of_response(api, error.can_retry()),
        _ if error.can_retry() => Exit::Unavailable,
        _ => Exit::Other,
    }
}

/// Tells whether the number, as it was last read, has a job under way.
fn shows_a_job(error: &Error) -> bool {
    let number = error.found().and_then(|found| serde_json::from_str::<ActiveNumber>(found).ok());
    number.is_some_and(|number| number.provisioning() == Provisioning::Pending)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
