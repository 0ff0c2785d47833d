//! Exit codes, as a function of the error.

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
    SomeFailed = 8,
    /// An audit found something.
    Findings = 9,
    /// Accepted, but still running when the time was up.
    StillRunning = 10,
    /// Interrupted, and nothing is unknown.
    Interrupted = 130,
}

impl Exit {
    /// The order in which one of several outcomes is reported, most severe first. The codes that are not about a single item are
    /// placed so that they hide none of the others.
    const PRECEDENCE: [u8; 12] = [6, 130, 4, 8, 7, 10, 5, 1, 3, 2, 9, 0];

    /// Returns the more severe one of two outcomes.
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
            // A wait, which read a number with a job under way last.
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
    // A 404 without a body of the service comes from a gateway before it.
    let is_the_services = error.code.is_some() || error.status.is_some();
    match status {
        404 if is_the_services && error.problem_type.is_none() => Exit::NotFound,
        404 | 408 => Exit::Other,
        400..500 => Exit::Refused,
        _ if can_retry => Exit::Unavailable,
        _ => Exit::Other,
    }
}

/// A relink reports the outcomes of its steps: only one that is unknown makes the outcome unknown, and a job that runs means that
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
        // The other codes promise that nothing was changed, which does not hold here.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mockito::{Server, ServerGuard};
    use sinch_numbers::{
        CancelToken, Client, ClientBuilder, Credentials, NumberUpdate, Relink, Sandbox, Wait,
    };

    use super::*;

    const NUMBER: &str = "+12025550134";
    const PATH: &str = "/v1/projects/project/activeNumbers/+12025550134";

    /// A client whose writes have no time for a second read back.
    fn client(url: &str) -> ClientBuilder {
        let builder = Client::builder("project", Credentials::basic("key", "secret"));
        builder.base_url(url).auth_url(url).max_attempts(1).timeout(Duration::from_millis(1500))
    }

    fn server(method: &str, status: usize, body: &str) -> (ServerGuard, Client) {
        let mut server = Server::new();
        server.mock(method, PATH).with_status(status).with_body(body).create();
        let client = client(&server.url()).build().unwrap();
        (server, client)
    }

    #[test]
    fn responses_have_exit_codes() {
        let error = |code: u16, status: &str| {
            format!(r#"{{"error":{{"code":{code},"message":"m","status":"{status}"}}}}"#)
        };
        let update = NumberUpdate::new().display_name("desk");
        let rows = [
            (404, error(404, "NOT_FOUND"), Exit::NotFound, Exit::NotFound),
            (404, "<html>".to_owned(), Exit::Other, Exit::Other),
            (400, error(400, "INVALID_ARGUMENT"), Exit::Refused, Exit::Refused),
            (409, error(409, "ABORTED"), Exit::Refused, Exit::Refused),
            (401, error(401, "UNAUTHENTICATED"), Exit::Denied, Exit::Denied),
            (403, error(403, "PERMISSION_DENIED"), Exit::Denied, Exit::Denied),
            (429, error(429, "RESOURCE_EXHAUSTED"), Exit::Unavailable, Exit::Unavailable),
            (503, error(503, "UNAVAILABLE"), Exit::Unavailable, Exit::Unknown),
            (501, error(501, "UNIMPLEMENTED"), Exit::Other, Exit::Unknown),
            (408, String::new(), Exit::Other, Exit::Unknown),
            (301, String::new(), Exit::Other, Exit::Other),
            (302, String::new(), Exit::Other, Exit::Unknown),
            (200, "no JSON".to_owned(), Exit::Other, Exit::Unknown),
            (200, error(400, "INVALID_ARGUMENT"), Exit::Refused, Exit::Refused),
            (200, error(500, "INTERNAL"), Exit::Other, Exit::Unknown),
        ];
        for (status, body, of_read, of_write) in rows {
            let (_server, client) = server("GET", status, &body);
            let error = client.get(NUMBER).unwrap_err();
            assert_eq!(Exit::of(&error), of_read, "get, {status} {body}: {error}");
            let (_server, client) = server("PATCH", status, &body);
            let error = client.update(NUMBER, &update).unwrap_err();
            assert_eq!(Exit::of(&error), of_write, "update, {status} {body}: {error}");
        }
    }

    #[test]
    fn failures_without_a_response_have_exit_codes() {
        let nobody = client("http://127.0.0.1:1").build().unwrap();
        assert_eq!(Exit::of(&nobody.get(NUMBER).unwrap_err()), Exit::Unavailable);
        assert_eq!(Exit::of(&nobody.get("5").unwrap_err()), Exit::Refused);
        let ended = CancelToken::new();
        ended.trigger();
        let ended = nobody.with_cancel(&ended).get(NUMBER).unwrap_err();
        assert_eq!(Exit::of(&ended), Exit::Interrupted);
        let late = CancelToken::with_deadline(Duration::ZERO);
        let late = nobody.with_cancel(&late).get(NUMBER).unwrap_err();
        assert_eq!(Exit::of(&late), Exit::Unavailable);
        let unsigned = sinch_numbers::callbacks::verify(&["secret"], None, b"{}").unwrap_err();
        assert_eq!(Exit::of(&unsigned), Exit::Denied);
    }

    #[test]
    fn operations_that_wait_have_exit_codes() {
        let sandbox = Sandbox::builder().provisioning(Duration::from_secs(3600)).start().unwrap();
        let url = sandbox.base_url();
        let credentials = Credentials::basic(sandbox.key_id(), sandbox.key_secret());
        let client = Client::builder(sandbox.project_id(), credentials);
        let client = client.base_url(url).auth_url(url).build().unwrap();
        let soon = Duration::from_secs(1);
        // A job that does not end in time, of this call and of another one.
        let relink = Relink::to(NumberUpdate::new().link_service_plan("plan-1")).timeout(soon);
        let running = client.relink(NUMBER, &relink).unwrap_err();
        assert_eq!(Exit::of(&running), Exit::StillRunning, "{running}");
        let waiting = client.wait(NUMBER, &Wait::new().timeout(soon)).unwrap_err();
        assert_eq!(Exit::of(&waiting), Exit::StillRunning, "{waiting}");
        let other = Relink::to(NumberUpdate::new().link_service_plan("plan-2")).timeout(soon);
        let in_the_way = client.relink(NUMBER, &other).unwrap_err();
        assert_eq!(Exit::of(&in_the_way), Exit::Unavailable, "{in_the_way}");
        let failed = client.wait("+12025550168", &Wait::new()).unwrap_err();
        assert_eq!(Exit::of(&failed), Exit::ProvisioningFailed, "{failed}");
    }

    #[test]
    fn a_relink_that_was_refused_halfway_has_changed_something() {
        let number = |plan: &str| {
            format!(
                r#"{{"phoneNumber":"{NUMBER}","smsConfiguration":{{"servicePlanId":"{plan}"}}}}"#
            )
        };
        let refused = r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}"#;
        let relink = Relink::to(NumberUpdate::new().link_service_plan("plan-2"));
        let relink = relink.timeout(Duration::from_secs(60));
        let mut server = Server::new();
        server.mock("GET", PATH).with_body(number("plan-1")).create();
        let patch = server.mock("PATCH", PATH).with_status(400).with_body(refused).create();
        let client = client(&server.url()).build().unwrap();
        let error = client.relink(NUMBER, &relink).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Refused, "{error}");
        patch.remove();
        server.reset();
        server.mock("GET", PATH).with_body(number("plan-1")).expect(1).create();
        server.mock("GET", PATH).with_body(number("")).create();
        server.mock("PATCH", PATH).with_body(number("")).expect(1).create();
        server.mock("PATCH", PATH).with_status(400).with_body(refused).create();
        let error = client.relink(NUMBER, &relink).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Other, "{error}: {:?}", error.steps());
    }

    #[test]
    fn the_most_severe_outcome_wins() {
        use Exit::{
            Denied, Done, Findings, Interrupted, NotFound, Other, ProvisioningFailed, Refused,
            SomeFailed, StillRunning, Unavailable, Unknown,
        };
        let order = [
            Unknown,
            Interrupted,
            Denied,
            SomeFailed,
            ProvisioningFailed,
            StillRunning,
            Unavailable,
            Other,
            NotFound,
            Refused,
            Findings,
            Done,
        ];
        for (at, worse) in order.into_iter().enumerate() {
            for other in &order[at..] {
                assert_eq!((worse.and(*other), other.and(worse)), (worse, worse));
            }
        }
    }
}
