//! Relinking a number: the wanted links, and the next step towards them as a pure function.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::api::enums::ProvisioningStatus;
use crate::api::models::{ActiveNumber, Provisioning};
use crate::api::number_update::{NumberUpdate, SmsUpdate};
use crate::error::Error;

/// The links that [`Client::relink`](crate::Client::relink) gives a number, and its deadline.
///
/// ```
/// use std::time::Duration;
/// use sinch_numbers::{NumberUpdate, Relink};
///
/// let links = NumberUpdate::new().link_campaign("plan-2", "C123456").assign_trunk("trunk-1");
/// let relink = Relink::to(links).timeout(Duration::from_secs(120));
/// # let _ = relink;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Relink {
    pub(crate) links: NumberUpdate,
    pub(crate) timeout: Duration,
}

impl Relink {
    /// Takes the wanted links. An update that sets anything else is refused.
    ///
    /// A campaign that is not mentioned stays if the service plan stays, and goes with the plan if it changes.
    pub fn to(links: NumberUpdate) -> Self {
        Self { links, timeout: Duration::from_secs(600) }
    }

    /// Sets the deadline of the whole operation. Default: 10 min; range: 1 ms to 24 h.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the steps that bring a number to these links, with the update that each sends; none if it is linked so.
    ///
    /// They are what [`Client::relink`](crate::Client::relink) would send for the number as it is, once its jobs are over and if
    /// nothing else changes it.
    ///
    /// ```
    /// use sinch_numbers::{ActiveNumber, NumberUpdate, Relink, RelinkStep};
    ///
    /// # let number: ActiveNumber = serde_json::from_str(r#"{"smsConfiguration":{"servicePlanId":"plan-1"}}"#)?;
    /// let relink = Relink::to(NumberUpdate::new().link_service_plan("plan-2"));
    /// let steps: Vec<RelinkStep> = relink.steps(&number).into_iter().map(|(step, _)| step).collect();
    /// assert_eq!(steps, [RelinkStep::UnlinkSms, RelinkStep::LinkSms]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn steps(&self, number: &ActiveNumber) -> Vec<(RelinkStep, NumberUpdate)> {
        let (mut number, mut links) = (number.clone(), self.links.clone());
        let mut steps = Vec::new();
        // A job that runs now will be over by then.
        if let Some(sms) = &mut number.sms_configuration {
            sms.scheduled_provisioning = None;
        }
        if let Some(voice) = &mut number.voice_configuration {
            voice.scheduled_voice_provisioning = None;
        }
        while let Next::Send(step, update) = next(&number, &links, &Steps::default()) {
            steps.push((step, *update));
            match step {
                RelinkStep::UnlinkSms => number.sms_configuration = None,
                RelinkStep::UnlinkCampaign => {
                    if let Some(sms) = &mut number.sms_configuration {
                        sms.campaign_id = None;
                    }
                }
                RelinkStep::LinkSms => links.sms_configuration = None,
                RelinkStep::AssignVoice => break,
            }
        }
        steps
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.links.check()?;
        check_timeout(self.timeout)?;
        if self.links.is_links_alone() {
            return Ok(());
        }
        Err(Error::invalid("displayName", "and callbackUrl are no links; change them by an update"))
    }
}

/// Checks the deadline of an operation that waits.
pub(crate) fn check_timeout(timeout: Duration) -> Result<(), Error> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    if (Duration::from_millis(1)..=DAY).contains(&timeout) {
        return Ok(());
    }
    Err(Error::invalid("timeoutMs", "is not from 1 to 86400000 (24 hours)"))
}

/// A step of a relink, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RelinkStep {
    /// Unlinks the service plan, and the campaign with it.
    UnlinkSms,
    /// Unlinks the campaign alone.
    UnlinkCampaign,
    /// Links the service plan, with the campaign if one is wanted.
    LinkSms,
    /// Assigns the voice application, trunk or fax service in place of the old one.
    AssignVoice,
}

impl RelinkStep {
    pub(crate) const ALL: [Self; 4] =
        [Self::UnlinkSms, Self::UnlinkCampaign, Self::LinkSms, Self::AssignVoice];
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepOutcome {
    /// It was sent, and is in effect.
    Done,
    /// It was not sent: the number was as wanted.
    NotNeeded,
    /// The service refused it, or its job failed.
    Failed,
    /// It was sent, and it is not known whether it is or will be in effect.
    Unknown,
}

/// The history of one step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// The number of times it was sent.
    pub(crate) times: u32,
    /// The number of these with an unknown outcome.
    pub(crate) unknown: u32,
    /// The number of refusals after one with an unknown outcome.
    refusals: u32,
    pub(crate) outcome: Option<StepOutcome>,
    /// The time of the job that the number had before it was first sent; `None` if there was none.
    before: Option<String>,
}

/// The history of each step of a relink.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps([Sent; 4]);

/// The next action of a relink.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// The number is as wanted.
    Done,
    /// A job is under way.
    Wait,
    /// Send this step.
    Send(RelinkStep, Box<NumberUpdate>),
    /// The job of this step, which this call sent, has failed.
    Failed(RelinkStep),
    /// This step was sent and would be needed again: somebody else changes the number too.
    Conflict(RelinkStep),
}

/// Returns the next action towards the wanted links. The first row that matches counts; P and C are the current plan and
/// campaign, p and c the wanted ones, and "" is none.
///
/// | the number | next |
/// |---|---|
/// | a job waits, runs, or has an unknown status | wait |
/// | all links as wanted, whatever job failed before | done |
/// | SMS not as wanted: P is neither "" nor p; or P is "", and C is in the way of c | `unlink_sms` |
/// | SMS not as wanted: P is p, C is not "" | `unlink_campaign` |
/// | SMS not as wanted: P is "", or P is p and C is "" | `link_sms` |
/// | voice not as wanted | `assign_voice` |
///
/// A step that this call has sent is sent again only after a failure that left its outcome unknown, once for each. If its
/// own job failed, that is reported; if it is needed although it was sent, somebody else changes the number.
pub(crate) fn next(number: &ActiveNumber, wanted: &NumberUpdate, steps: &Steps) -> Next {
    if number.provisioning() == Provisioning::Pending {
        return Next::Wait;
    }
    let sms = wanted.sms_configuration.as_ref().filter(|sms| !sms.is_in_current(number));
    let voice = wanted.voice_configuration.as_ref().filter(|voice| !voice.is_in_current(number));
    let (step, update) = match (sms, voice) {
        (Some(sms), _) => sms_step(number, sms),
        (None, Some(voice)) => {
            (RelinkStep::AssignVoice, NumberUpdate::of_links(None, Some(voice.clone())))
        }
        (None, None) => return Next::Done,
    };
    let sent = steps.sent(step);
    if sent.times > 0 && has_failed(number, step, &update, sent) {
        Next::Failed(step)
    } else if sent.times > sent.unknown {
        Next::Conflict(step)
    } else {
        Next::Send(step, Box::new(update))
    }
}

fn sms_step(number: &ActiveNumber, wanted: &SmsUpdate) -> (RelinkStep, NumberUpdate) {
    let sms = number.sms_configuration.as_ref();
    let plan = text(sms.and_then(|sms| sms.service_plan_id.as_ref()));
    let campaign = text(sms.and_then(|sms| sms.campaign_id.as_ref()));
    let (update, wanted_plan) = (NumberUpdate::new(), &wanted.service_plan_id);
    // An empty campaign is named only where it removes one.
    let wanted_campaign =
        wanted.campaign_id.clone().filter(|wanted| !wanted.is_empty() || !campaign.is_empty());
    let other_campaign = !campaign.is_empty()
        && wanted_campaign.as_ref().is_some_and(|wanted| !wanted.is_empty() && *wanted != campaign);
    let unlink_plan = if plan.is_empty() {
        wanted_plan.is_empty() || other_campaign
    } else {
        plan != *wanted_plan
    };
    if unlink_plan {
        let campaign = (!campaign.is_empty()).then(String::new);
        (RelinkStep::UnlinkSms, update.sms(String::new(), campaign))
    } else if plan.is_empty() || campaign.is_empty() {
        (RelinkStep::LinkSms, update.sms(wanted_plan.clone(), wanted_campaign))
    } else {
        (RelinkStep::UnlinkCampaign, update.sms(plan, Some(String::new())))
    }
}

/// Returns a value as text; empty if there is none.
fn text(part: Option<&impl ToString>) -> String {
    part.map(ToString::to_string).unwrap_or_default()
}

/// Tells whether the job of a step has failed: it is for the step's own ids, and not the one that was there before.
fn has_failed(number: &ActiveNumber, step: RelinkStep, update: &NumberUpdate, sent: &Sent) -> bool {
    let failed = |status: &ProvisioningStatus| *status == ProvisioningStatus::Failed;
    let own = match (&update.sms_configuration, &update.voice_configuration) {
        (Some(sms), _) => {
            number.sms_job().is_some_and(|job| failed(job.status()) && sms.is_in_job(job))
        }
        (None, Some(voice)) => number.voice_job().is_some_and(|job| {
            // The service may leave the ids of a failed job empty.
            let no_ids =
                [&job.app_id, &job.trunk_id, &job.service_id].into_iter().all(Option::is_none);
            failed(job.status()) && (no_ids || voice.is_in_job(job))
        }),
        (None, None) => false,
    };
    own && sent.before != job_time(number, step)
}

/// Returns the time of the job that a step would replace; `None` if there is no job.
fn job_time(number: &ActiveNumber, step: RelinkStep) -> Option<String> {
    match step {
        RelinkStep::AssignVoice => {
            number.voice_job().map(|job| text(job.last_updated_time.as_ref()))
        }
        _ => number.sms_job().map(|job| text(job.last_updated_time.as_ref())),
    }
}

impl Steps {
    fn sent(&self, step: RelinkStep) -> &Sent {
        &self.0[step as usize]
    }

    /// Notes that a step is sent now; `number` is as it was read before.
    pub(crate) fn mark_sent(&mut self, step: RelinkStep, number: &ActiveNumber) {
        let sent = &mut self.0[step as usize];
        if sent.times == 0 {
            sent.before = job_time(number, step);
        }
        sent.times += 1;
        sent.outcome = Some(StepOutcome::Unknown);
    }

    /// Notes that a step was certainly not applied, and may be sent again.
    pub(crate) fn mark_not_applied(&mut self, step: RelinkStep) {
        let sent = &mut self.0[step as usize];
        sent.times -= 1;
        if sent.times == 0 {
            sent.outcome = None;
        }
    }

    /// Notes that it is unknown whether a step was or will be applied.
    pub(crate) fn mark_unknown(&mut self, step: RelinkStep) {
        self.0[step as usize].unknown += 1;
    }

    /// Notes that the service refused a step, and tells whether the reason may be an earlier request of the same step, whose outcome
    /// was unknown. If so, the step is marked as not applied.
    pub(crate) fn take_refusal_by_earlier_request(&mut self, step: RelinkStep) -> bool {
        let sent = &mut self.0[step as usize];
        sent.refusals += 1;
        let by_earlier = sent.refusals <= sent.unknown;
        if by_earlier {
            self.mark_not_applied(step);
        }
        by_earlier
    }

    pub(crate) fn mark_failed(&mut self, step: RelinkStep) {
        self.0[step as usize].outcome = Some(StepOutcome::Failed);
    }

    /// Notes that the steps before this one are in effect; all of them, if it is `None`.
    pub(crate) fn mark_done(&mut self, before: Option<RelinkStep>) {
        for step in RelinkStep::ALL.into_iter().filter(|step| before.is_none_or(|end| *step < end))
        {
            let outcome = &mut self.0[step as usize].outcome;
            if outcome.is_some() {
                *outcome = Some(StepOutcome::Done);
            }
        }
    }

    pub(crate) fn any_sent(&self) -> bool {
        self.0.iter().any(|sent| sent.times > 0)
    }

    /// Tells whether the outcome of a step that was sent is unknown.
    pub(crate) fn any_unknown(&self) -> bool {
        self.0.iter().any(|sent| sent.unknown > 0)
    }

    /// Returns the outcomes, in the order of the steps; of a step that was not sent only if it is known not to be needed.
    pub(crate) fn outcomes(&self, done: bool) -> Vec<RelinkOutcome> {
        let not_needed = done.then_some(StepOutcome::NotNeeded);
        let outcomes = RelinkStep::ALL.into_iter().filter_map(|step| {
            let outcome = self.sent(step).outcome.or(not_needed)?;
            Some(RelinkOutcome { step, outcome })
        });
        outcomes.collect()
    }
}

/// A step of a relink and its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RelinkOutcome {
    /// The step.
    pub step: RelinkStep,
    /// Its outcome.
    pub outcome: StepOutcome,
}

impl fmt::Display for RelinkStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As serde writes it.
        self.serialize(f)
    }
}
