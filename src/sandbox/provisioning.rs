//! Links of a number to a service, and the scheduled jobs that change them.
//!
//! A job moves by time alone: what a reader sees is computed from when the job began, so reading
//! changes nothing and needs no thread. A job that has ended is folded in by the next write.

use std::time::Duration;

use serde::Serialize;

use super::answer::Failure;
use super::time::Timestamp;
use super::update::{SmsChange, VoiceChange};

/// The ways in which the provisioning of SMS can fail.
const SMS_ERROR_CODES: [&str; 18] = [
    "ERROR_CODE_UNSPECIFIED",
    "INTERNAL_ERROR",
    "SMS_PROVISIONING_FAILED",
    "CAMPAIGN_PROVISIONING_FAILED",
    "CAMPAIGN_NOT_AVAILABLE",
    "EXCEEDED_10DLC_LIMIT",
    "NUMBER_PROVISIONING_FAILED",
    "PARTNER_SERVICE_UNAVAILABLE",
    "CAMPAIGN_PENDING_ACCEPTANCE",
    "MNO_SHARING_ERROR",
    "CAMPAIGN_EXPIRED",
    "CAMPAIGN_MNO_REJECTED",
    "CAMPAIGN_MNO_SUSPENDED",
    "CAMPAIGN_MNO_REVIEW",
    "INSUFFICIENT_BALANCE",
    "MOCK_CAMPAIGN_NOT_ALLOWED",
    "TFN_NOT_ALLOWED",
    "INVALID_NNID",
];

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Waiting,
    InProgress,
    Failed,
}

/// When a job began and how long it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) began: Timestamp,
    pub(super) takes: Duration,
}

impl Schedule {
    /// The status of the job at that moment and since when, or since when it is over.
    fn at(self, now: Timestamp, fails: bool) -> Result<(Status, Timestamp), Timestamp> {
        let Some(elapsed) = now.since(self.began) else {
            return Ok((Status::Waiting, self.began));
        };
        let ends = self.began.plus(self.takes);
        if elapsed >= self.takes {
            return if fails { Ok((Status::Failed, ends)) } else { Err(ends) };
        }
        if elapsed >= self.takes / 2 {
            return Ok((Status::InProgress, self.began.plus(self.takes / 2)));
        }
        Ok((Status::Waiting, self.began))
    }
}

/// The link to an SMS service plan and a campaign. Empty text is no link.
#[derive(Clone, Debug, Default)]
pub(super) struct Sms {
    pub(super) plan: String,
    pub(super) campaign: String,
    pub(super) job: Option<SmsJob>,
}

#[derive(Clone, Debug)]
pub(super) struct SmsJob {
    pub(super) plan: String,
    pub(super) campaign: String,
    pub(super) schedule: Schedule,
    /// Why the job will fail; empty if it will not.
    pub(super) errors: Vec<&'static str>,
}

impl Sms {
    /// What the service shows at that moment.
    pub(super) fn view(&self, now: Timestamp) -> SmsView<'_> {
        let current = SmsView {
            service_plan_id: &self.plan,
            scheduled_provisioning: None,
            campaign_id: &self.campaign,
        };
        let Some(job) = &self.job else { return current };
        let (service_plan_id, campaign_id) = (&*job.plan, &*job.campaign);
        match job.schedule.at(now, !job.errors.is_empty()) {
            Err(_) => SmsView { service_plan_id, campaign_id, ..current },
            Ok((status, last_updated_time)) => {
                let error_codes: &[_] = if status == Status::Failed { &job.errors } else { &[] };
                let scheduled_provisioning = Some(SmsJobView {
                    service_plan_id,
                    status,
                    last_updated_time,
                    campaign_id,
                    error_codes,
                });
                SmsView { scheduled_provisioning, ..current }
            }
        }
    }

    /// Carries out a change, or says why it cannot be. A refused change changes nothing.
    ///
    /// The change must have a number that can take it: `us` tells whether a campaign is allowed at
    /// all, `toll_free` whether it will be turned down.
    pub(super) fn change(
        &self,
        change: &SmsChange,
        schedule: Schedule,
        us: bool,
        toll_free: bool,
    ) -> Result<Self, Failure> {
        const PLAN: &str = "sms_configuration.service_plan_id";
        const CAMPAIGN: &str = "sms_configuration.campaign_id";
        let settled = self.settled(schedule.began);
        let plan = &*change.plan;
        let campaign = match &change.campaign {
            Some(campaign) => campaign,
            // A campaign is carried by its service plan and goes with it.
            None if plan.is_empty() => "",
            None if plan == settled.plan => &settled.campaign,
            None => "",
        };
        if plan.is_empty() && !campaign.is_empty() {
            return Err(Failure::invalid(CAMPAIGN, "a campaign needs a service plan"));
        }
        if !us && !campaign.is_empty() {
            return Err(Failure::invalid(CAMPAIGN, "campaigns are for US numbers only"));
        }
        if let Some(job) = settled.job.as_ref().filter(|job| job.is_running(schedule.began)) {
            // The same change once more asks for nothing new; any other would race with the job.
            return if change.is_asked_by(job) {
                Ok(settled)
            } else {
                Err(Failure::invalid(PLAN, "the number has a provisioning job that is not over"))
            };
        }
        if !plan.is_empty() && !settled.plan.is_empty() && plan != settled.plan {
            return Err(Failure::invalid(
                PLAN,
                "the number has to be unlinked from its service plan first",
            ));
        }
        if !campaign.is_empty() && !settled.campaign.is_empty() && campaign != settled.campaign {
            return Err(Failure::invalid(
                CAMPAIGN,
                "the number has to be unlinked from its campaign first",
            ));
        }
        // What is unlinked is unlinked at once, and what was linked already needs no job: only a
        // new link is provisioned. A job that failed is forgotten either way.
        if plan == settled.plan && (campaign.is_empty() || campaign == settled.campaign)
            || plan.is_empty()
        {
            return Ok(Self { plan: plan.to_owned(), campaign: campaign.to_owned(), job: None });
        }
        let mut errors = Vec::new();
        errors.extend(failure_of(plan, "SMS_PROVISIONING_FAILED"));
        errors.extend(failure_of(campaign, "CAMPAIGN_NOT_AVAILABLE"));
        if toll_free && !campaign.is_empty() {
            errors.push("TFN_NOT_ALLOWED");
        }
        let job = SmsJob { plan: plan.to_owned(), campaign: campaign.to_owned(), schedule, errors };
        Ok(Self { job: Some(job), ..settled })
    }

    /// The same link with a job that has ended folded in.
    fn settled(&self, now: Timestamp) -> Self {
        match &self.job {
            Some(job) if job.schedule.at(now, !job.errors.is_empty()).is_err() => {
                Self { plan: job.plan.clone(), campaign: job.campaign.clone(), job: None }
            }
            _ => self.clone(),
        }
    }
}

impl SmsJob {
    fn is_running(&self, now: Timestamp) -> bool {
        let at = self.schedule.at(now, !self.errors.is_empty());
        at.is_ok_and(|(status, _)| status != Status::Failed)
    }
}

impl SmsChange {
    fn is_asked_by(&self, job: &SmsJob) -> bool {
        self.plan == job.plan && self.campaign.as_ref().is_none_or(|asked| *asked == job.campaign)
    }
}

/// The error code that an id brings on: one that begins with `fail` does, and one that goes on
/// with a code (`fail-EXCEEDED_10DLC_LIMIT`) chooses which.
fn failure_of(id: &str, usual: &'static str) -> Option<&'static str> {
    let rest = id.strip_prefix("fail")?;
    let chosen = rest.strip_prefix('-').unwrap_or(rest);
    Some(SMS_ERROR_CODES.into_iter().find(|code| *code == chosen).unwrap_or(usual))
}

/// What a number is linked to for voice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum VoiceType {
    #[default]
    Rtc,
    Est,
    Fax,
}

/// The link to a voice app, trunk or fax service. Empty text is no link.
#[derive(Clone, Debug, Default)]
pub(super) struct Voice {
    pub(super) kind: VoiceType,
    /// The app, trunk or service: which of them, `kind` says.
    pub(super) id: String,
    pub(super) updated: Option<Timestamp>,
    pub(super) job: Option<VoiceJob>,
}

#[derive(Clone, Debug)]
pub(super) struct VoiceJob {
    pub(super) kind: VoiceType,
    pub(super) id: String,
    pub(super) schedule: Schedule,
}

impl Voice {
    /// What the service shows at that moment.
    pub(super) fn view(&self, now: Timestamp) -> VoiceView<'_> {
        let at = self.job.as_ref().map(|job| (job, job.schedule.at(now, job.fails())));
        let (kind, id, updated, job) = match at {
            Some((job, Err(ended))) => (job.kind, &job.id, Some(ended), None),
            Some((job, Ok(at))) => (self.kind, &self.id, self.updated, Some((job, at))),
            None => (self.kind, &self.id, self.updated, None),
        };
        let [app_id, trunk_id, service_id] = kind.spread(id);
        VoiceView {
            app_id,
            scheduled_voice_provisioning: job.map(|(job, (status, last_updated_time))| {
                let [app_id, trunk_id, service_id] = job.kind.spread(&job.id);
                VoiceJobView {
                    app_id,
                    status,
                    last_updated_time,
                    kind: job.kind,
                    trunk_id,
                    service_id,
                }
            }),
            last_updated_time: updated,
            kind,
            trunk_id,
            service_id,
        }
    }

    /// Carries out a change, or says why it cannot be. A refused change changes nothing.
    ///
    /// Another app, trunk or service takes the place of the one before it. The specification asks
    /// to unlink first for "an SMS service or campaign" only; of voice it says "update the Voice app
    /// to which the number is assigned", and the service's own samples show an RTC number with a
    /// FAX job waiting.
    pub(super) fn change(&self, change: &VoiceChange, schedule: Schedule) -> Result<Self, Failure> {
        let settled = self.settled(schedule.began);
        let VoiceChange { kind, id } = change;
        if let Some(job) = settled.job.as_ref().filter(|job| job.is_running(schedule.began)) {
            return if *kind == job.kind && *id == job.id {
                Ok(settled)
            } else {
                Err(Failure::invalid(
                    "voice_configuration",
                    "the number has a provisioning job that is not over",
                ))
            };
        }
        let same_kind = *kind == settled.kind;
        if id.is_empty() {
            // An app is not unlinked by emptying a trunk.
            let unlinked = Self { updated: Some(schedule.began), ..Self::default() };
            let linked = same_kind && !settled.id.is_empty();
            return Ok(if linked { unlinked } else { Self { job: None, ..settled } });
        }
        if same_kind && *id == settled.id {
            return Ok(Self { job: None, ..settled });
        }
        let job = VoiceJob { kind: *kind, id: id.clone(), schedule };
        Ok(Self { job: Some(job), ..settled })
    }

    fn settled(&self, now: Timestamp) -> Self {
        match &self.job {
            Some(job) => match job.schedule.at(now, job.fails()) {
                Err(ended) => {
                    Self { kind: job.kind, id: job.id.clone(), updated: Some(ended), job: None }
                }
                Ok(_) => self.clone(),
            },
            None => self.clone(),
        }
    }
}

impl VoiceJob {
    fn fails(&self) -> bool {
        self.id.starts_with("fail")
    }

    fn is_running(&self, now: Timestamp) -> bool {
        self.schedule.at(now, self.fails()).is_ok_and(|(status, _)| status != Status::Failed)
    }
}

impl VoiceType {
    /// The id in its place among app, trunk and service.
    fn spread(self, id: &str) -> [&str; 3] {
        match self {
            Self::Rtc => [id, "", ""],
            Self::Est => ["", id, ""],
            Self::Fax => ["", "", id],
        }
    }
}

// The fields stand in the order of the service's own answers.

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SmsView<'a> {
    service_plan_id: &'a str,
    scheduled_provisioning: Option<SmsJobView<'a>>,
    campaign_id: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SmsJobView<'a> {
    service_plan_id: &'a str,
    status: Status,
    last_updated_time: Timestamp,
    campaign_id: &'a str,
    error_codes: &'a [&'static str],
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoiceView<'a> {
    app_id: &'a str,
    scheduled_voice_provisioning: Option<VoiceJobView<'a>>,
    last_updated_time: Option<Timestamp>,
    #[serde(rename = "type")]
    kind: VoiceType,
    trunk_id: &'a str,
    service_id: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct VoiceJobView<'a> {
    app_id: &'a str,
    status: Status,
    last_updated_time: Timestamp,
    #[serde(rename = "type")]
    kind: VoiceType,
    trunk_id: &'a str,
    service_id: &'a str,
}
