//! Waits for provisioning jobs, and relinks a number.

use crate::api::models::Provisioning;
use crate::api::number_update::NumberUpdate;
use crate::api::numbers::update_number;
use crate::api::phone_number::PhoneNumber;
use crate::api::relink::{Next, Relink, Steps, next};
use crate::client::converge::{CONFIRM, DOUBLING, GROWING, Run, Service, Written};
use crate::client::provisioning::provisioning_failed;
use crate::error::{Error, ErrorKind};

const UNDER_WAY: &str = "a provisioning job is under way";

/// Waits until no job of a number is under way, and the number is as expected.
///
/// Without an expectation two reads at least 2 s apart must find no job: one that was just asked for may not show yet.
pub(super) fn wait<S: Service>(
    run: &mut Run<'_, S>,
    number: &PhoneNumber,
    expected: Option<&NumberUpdate>,
) -> Result<(), Error> {
    let (mut pause, mut idle) = (GROWING, false);
    loop {
        let found = run.read_number(number)?;
        let as_expected = expected.map(|expected| expected.is_in_effect(&found));
        match (found.provisioning(), as_expected) {
            (Provisioning::Pending, _) => {
                idle = false;
                run.pause(&mut pause, UNDER_WAY)?;
            }
            (_, Some(true)) => return Ok(()),
            (Provisioning::Failed, _) => {
                return Err(provisioning_failed(run.found.as_deref().unwrap_or_default()));
            }
            (Provisioning::Settled, Some(false)) => {
                run.pause(&mut pause, "the number is not as expected")?;
            }
            (Provisioning::Settled, None) if idle => return Ok(()),
            (Provisioning::Settled, None) => {
                idle = true;
                run.pause_whole(CONFIRM, "a second look at the number")?;
            }
        }
    }
}

/// Brings a number to the wanted links. `steps` keeps what was sent, also after a failure.
pub(super) fn relink<S: Service>(
    run: &mut Run<'_, S>,
    number: &PhoneNumber,
    wanted: &Relink,
    steps: &mut Steps,
) -> Result<(), Error> {
    /// The number of reads of a state that contradicts what was sent, before it counts as a conflict.
    const MAX_CONTRADICTIONS: u32 = 4;
    let (mut running, mut contradicted) = (GROWING, DOUBLING);
    let (mut contradictions, mut confirmed) = (0, false);
    let mut unknown = DOUBLING;
    loop {
        let found = run.read_number(number)?;
        let next = next(&found, &wanted.links, steps);
        if !matches!(next, Next::Done) {
            confirmed = false;
        }
        if !matches!(next, Next::Conflict(_)) {
            (contradictions, contradicted) = (0, DOUBLING);
        }
        match next {
            Next::Wait => run.pause(&mut running, UNDER_WAY)?,
            // A request whose response was lost may still take effect after the later ones.
            Next::Done if steps.any_unknown() && !confirmed => {
                confirmed = true;
                run.pause_whole(CONFIRM, "a second look at the number")?;
            }
            Next::Done => {
                steps.mark_done(None);
                run.reconciled |= steps.any_unknown();
                return Ok(());
            }
            Next::Failed(step) => {
                steps.mark_done(Some(step));
                steps.mark_failed(step);
                return Err(provisioning_failed(run.found.as_deref().unwrap_or_default()));
            }
            Next::Conflict(_) if contradictions < MAX_CONTRADICTIONS => {
                contradictions += 1;
                let reason = "the number does not show what was sent";
                run.pause_whole(contradicted.take(), reason)?;
            }
            Next::Conflict(step) => {
                steps.mark_done(Some(step));
                return Err(Error::new(ErrorKind::Conflict(format!(
                    "{step} was sent, and is needed again: somebody else changes the number too"
                ))));
            }
            Next::Send(step, update) => {
                steps.mark_done(Some(step));
                if !steps.any_sent() {
                    let previous = run.previous.as_deref().unwrap_or_default();
                    run.service
                        .warn(format_args!("active_relink {number}: {step}; it was {previous}"));
                }
                steps.mark_sent(step, &found);
                match update_number(number, &update).and_then(|request| run.write(&request)) {
                    Ok(Written::Accepted) => (running, unknown) = (GROWING, DOUBLING),
                    Ok(Written::Unknown(error)) => {
                        steps.mark_unknown(step);
                        run.pause_after(unknown.take(), error)?;
                    }
                    Ok(Written::NotApplied(error)) => {
                        steps.mark_not_applied(step);
                        run.pause_after(running.take(), error)?;
                    }
                    // The job of the earlier request may have begun since the number was read.
                    Err(error)
                        if matches!(error.kind(), ErrorKind::Api(_))
                            && steps.take_refusal_by_earlier_request(step) =>
                    {
                        run.pause_after(unknown.take(), error)?;
                    }
                    Err(error) => {
                        if !matches!(error.kind(), ErrorKind::Cancelled) {
                            steps.mark_failed(step);
                        } else if !error.may_have_been_applied() {
                            steps.mark_not_applied(step);
                        }
                        return Err(error);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "../../tests/model/relink.rs"]
mod model;
