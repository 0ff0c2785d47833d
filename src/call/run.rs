//! One logical call: sends a request, retries it where that is safe, and reads back a write whose outcome is unknown.
//! Has no clock and no network of its own, so that tests can run it against a model of the service.

use std::time::{Duration, Instant};

use crate::api::request::{Observed, Request, Verdict, Verify};
use crate::call::response::{Failed, RawResponse};
use crate::call::retry::{Decision, RetryBudget, RetryContext, RetryPolicy};
use crate::error::{Error, ErrorKind};

/// What a call needs from environment: the service, the time, the client's retry budget and its log.
pub(crate) trait Environment {
    /// Sends a request once, or twice if the first was answered with 401.
    ///
    /// `fresh`: over a connection that no request was sent over before.
    fn exchange(&mut self, request: &Request, fresh: bool) -> Result<RawResponse, Failed>;

    /// How often a request was sent for this call so far, read-backs not counted.
    fn attempts(&self) -> u32;

    fn now(&self) -> Instant;

    /// What is left until the deadline of the call.
    fn time_left(&self) -> Duration;

    /// Waits; fails if the call is ended meanwhile.
    fn sleep(&mut self, time: Duration) -> Result<(), Error>;

    /// A random number from 0 to 1, exclusive.
    fn random(&mut self) -> f64;

    fn budget(&self) -> &RetryBudget;

    fn warn(&self, line: std::fmt::Arguments<'_>);
}

/// Runs a call to its end.
pub(crate) fn run(
    request: &Request,
    policy: &RetryPolicy,
    environment: &mut impl Environment,
) -> Result<RawResponse, Error> {
    loop {
        let (failure, error) = match environment.exchange(request, false) {
            Ok(response) => {
                environment.budget().deposit();
                return Ok(response);
            }
            Err(failed) => failed,
        };
        let decision = policy.decide(
            failure,
            &request.effect,
            RetryContext {
                attempts: environment.attempts(),
                retry_after: error.retry_after(),
                // A call that was ended has no time left, whatever the clock says.
                time_left: if is_cancelled(&error) {
                    Duration::ZERO
                } else {
                    environment.time_left()
                },
                dice: environment.random(),
            },
        );
        match decision {
            Decision::Retry(wait) => {
                // The budget is empty: this failure is as far as the call goes.
                if !environment.budget().withdraw(RetryBudget::price(failure)) {
                    return Err(error);
                }
                environment.warn(format_args!(
                    "{}: {error}; trying again in {} ms",
                    request.operation,
                    wait.as_millis()
                ));
                environment.sleep(wait)?;
            }
            Decision::Report => return Err(error),
            Decision::ReadBack(verify) => return read_back(request, verify, error, environment),
        }
    }
}

/// When a write of unknown outcome is read back, counted from its failure.
const READ_BACK_AT: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// Reads back a write of unknown outcome: a success if it is proved, otherwise `failure`, which says that the write may have
/// been applied. Nothing is sent again.
fn read_back(
    request: &Request,
    verify: &Verify,
    failure: Error,
    environment: &mut impl Environment,
) -> Result<RawResponse, Error> {
    let failed_at = environment.now();
    let mut found = None;
    let mut asked_to_wait = Duration::ZERO;
    if is_cancelled(&failure) {
        return Err(failure.maybe_applied(None));
    }
    for at in READ_BACK_AT {
        // Jittered by a quarter, so that clients that failed together do not read together.
        let due = failed_at + at.mul_f64(0.75 + environment.random() / 2.0);
        let wait = due.saturating_duration_since(environment.now()).max(asked_to_wait);
        if wait >= environment.time_left() {
            break;
        }
        if !environment.budget().withdraw(RetryBudget::READ_BACK) {
            environment.warn(format_args!("{}: not read back: too much fails", request.operation));
            break;
        }
        if !wait.is_zero() {
            if let Err(ended) = environment.sleep(wait) {
                return Err(ended.maybe_applied(found));
            }
        }
        match self::verify(request, verify, environment) {
            Ok(ReadBack::Proved(response)) => {
                environment.budget().deposit();
                environment.warn(format_args!("{}: read back: applied", request.operation));
                return Ok(response);
            }
            Ok(ReadBack::Resource(json)) => found = json,
            Ok(ReadBack::Nothing) => {}
            Err(error) if is_cancelled(&error) => return Err(error.maybe_applied(found)),
            // What ran out of time twice did so first where the write stood.
            Err(error) if is_timeout(&error) && environment.time_left().is_zero() => {
                let first = if is_timeout(&failure) { failure } else { error };
                return Err(first.maybe_applied(found));
            }
            Err(error) => asked_to_wait = error.retry_after().unwrap_or_default(),
        }
    }
    environment.warn(format_args!("{}: read back: its outcome is unknown", request.operation));
    Err(failure.maybe_applied(found))
}

/// What one read-back came to.
enum ReadBack {
    /// The write was applied; this is its success.
    Proved(RawResponse),
    /// Not proved. The resource as it stands, `None` if there is none.
    Resource(Option<String>),
    /// Not proved, and nothing was said about the resource.
    Nothing,
}

/// Reads the resource once, and a second one if the proof needs it.
fn verify(
    request: &Request,
    verify: &Verify,
    environment: &mut impl Environment,
) -> Result<ReadBack, Error> {
    let mut resource = None;
    let mut also: Option<Verify> = None;
    loop {
        let verify = also.as_ref().unwrap_or(verify);
        // Never over the connection that the write failed on.
        let result = environment.exchange(&request.read_back(verify.path), true);
        let verdict = match &result {
            Ok(response) => verify.judge(&Observed::Found(&response.json)),
            Err((_, error)) => match error.not_found() {
                Some(not_found) => verify.judge(&Observed::NotFound(not_found)),
                None => Verdict::Irrelevant,
            },
        };
        match (verdict, result) {
            (Verdict::Proved, result) => {
                let response = result.unwrap_or_else(|_| RawResponse::empty(404, None));
                let json = if request.may_be_empty { "{}".to_owned() } else { response.json };
                return Ok(ReadBack::Proved(RawResponse { json, reconciled: true, ..response }));
            }
            (Verdict::AlsoRead(second), result) if also.is_none() => {
                resource = Some(result.ok().map(|response| response.json));
                also = Some(second);
            }
            (Verdict::AlsoRead(_) | Verdict::NotProved, result) => {
                let json = result.ok().map(|response| response.json);
                return Ok(ReadBack::Resource(resource.unwrap_or(json)));
            }
            (Verdict::Irrelevant, Err((_, error))) if error.not_found().is_none() => {
                return Err(error);
            }
            (Verdict::Irrelevant, _) => {
                return Ok(resource.map_or(ReadBack::Nothing, ReadBack::Resource));
            }
        }
    }
}

fn is_timeout(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout(_))
}

fn is_cancelled(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled)
}
