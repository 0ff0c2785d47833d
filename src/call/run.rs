//! Runs one call: sends a request, retries it where that is safe, and reads back a write whose outcome is unknown.
//!
//! Clock, network and log are behind [`Environment`], so that tests can run it against a model of the service.

use std::time::{Duration, Instant};

use crate::api::request::{Effect, Observed, Request, Verdict, Verify};
use crate::call::response::{Failed, RawResponse};
use crate::call::retry::{Decision, RetryBudget, RetryContext, decide, random};
use crate::error::{Error, ErrorKind};

/// What a call uses: the service, the clock, the client's retry budget and its log.
pub(crate) trait Environment {
    /// Sends a request once, or twice if the first response is a 401.
    ///
    /// `fresh`: over a new connection.
    fn exchange(&mut self, request: &Request, fresh: bool) -> Result<RawResponse, Failed>;

    /// The number of requests that this call has sent so far, read-backs not counted.
    fn attempts(&self) -> u32;

    fn now(&self) -> Instant;

    /// The time until the deadline of the call.
    fn time_left(&self) -> Duration;

    /// Waits; fails if the call is cancelled meanwhile.
    fn sleep(&mut self, time: Duration) -> Result<(), Error>;

    /// A random number from 0 to 1, exclusive.
    fn random(&mut self) -> f64 {
        random()
    }

    fn budget(&self) -> &RetryBudget;

    fn warn(&self, line: std::fmt::Arguments<'_>);
}

/// Runs a call to its end.
pub(crate) fn run(
    request: &Request,
    max_attempts: u32,
    environment: &mut impl Environment,
) -> Result<RawResponse, Error> {
    let result =
        retried(request.operation, &request.effect, max_attempts, environment, |environment| {
            environment.exchange(request, false)
        });
    match result {
        Ok(response) => {
            environment.budget().deposit();
            Ok(response)
        }
        Err((error, None)) => Err(error),
        Err((error, Some(verify))) => read_back(request, verify, error, environment),
    }
}

/// Repeats an exchange until it succeeds or is given up. The error comes with a `Verify` if a write may have been
/// applied.
pub(crate) fn retried<'a, E: Environment, T>(
    name: &str,
    effect: &'a Effect,
    max_attempts: u32,
    environment: &mut E,
    mut exchange: impl FnMut(&mut E) -> Result<T, Failed>,
) -> Result<T, (Error, Option<&'a Verify>)> {
    loop {
        let (failure, error) = match exchange(environment) {
            Ok(response) => return Ok(response),
            Err(failed) => failed,
        };
        // A cancelled call is not retried, even if there is time left.
        let ended = is_cancelled(&error);
        let now = RetryContext {
            attempts: environment.attempts(),
            max_attempts,
            retry_after: error.retry_after(),
            time_left: if ended { Duration::ZERO } else { environment.time_left() },
            jitter: environment.random(),
        };
        match decide(failure, effect, now) {
            Decision::Retry(wait) if environment.budget().withdraw(RetryBudget::price(failure)) => {
                let ms = wait.as_millis();
                environment.warn(format_args!("{name}: {error}; trying again in {ms} ms"));
                environment.sleep(wait).map_err(|ended| (ended, None))?;
            }
            Decision::Retry(_) | Decision::Report => return Err((error, None)),
            Decision::ReadBack(verify) => return Err((error, Some(verify))),
        }
    }
}

/// The times after its failure at which a write of unknown outcome is read back.
const READ_BACK_AT: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// Reads back a write of unknown outcome. Returns a success if a read proves the write, and otherwise `failure`, marked as maybe
/// applied. The write itself is not sent again.
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
            // If both timed out, the write's own error is more informative.
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

/// The result of one read-back.
enum ReadBack {
    /// The write was applied; this is its response.
    Proved(RawResponse),
    /// Not proved. The resource as it was read, `None` if there is none.
    Resource(Option<String>),
    /// Not proved, and the response was not about the resource.
    Nothing,
}

/// Reads the resource once, and a second resource if the proof needs it.
fn verify(
    request: &Request,
    verify: &Verify,
    environment: &mut impl Environment,
) -> Result<ReadBack, Error> {
    let mut resource = None;
    let mut also: Option<Verify> = None;
    loop {
        let verify = also.as_ref().unwrap_or(verify);
        // On a new connection, not on the one that the write failed on.
        let result = environment.exchange(&request.read_back(verify.path), true);
        let verdict = match &result {
            Ok(response) => verify.check(&Observed::Found(&response.json)),
            Err((_, error)) => match error.not_found() {
                Some(not_found) => verify.check(&Observed::NotFound(not_found)),
                None => Verdict::Irrelevant,
            },
        };
        match (verdict, result) {
            (Verdict::Proved, result) => {
                let response = result.unwrap_or_else(|_| RawResponse::empty(404));
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
