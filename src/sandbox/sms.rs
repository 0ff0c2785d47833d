//! The SMS configuration of a number: service plan and campaign.

use serde::Serialize;

use super::provisioning::{Schedule, Status};
use super::response::Failure;
use super::time::Timestamp;
use super::update::SmsChange;

/// An SMS configuration. An empty id is no link.
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
    /// The error codes that the job will fail with; empty if it will succeed.
    pub(super) errors: Vec<&'static str>,
}

impl Sms {
    /// Returns the JSON at that moment.
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

    /// Returns the configuration after a change, which begins a job for a new link. Fails if the service would refuse it.
    ///
    /// `us`: the number may have a campaign; `toll_free`: the job for a campaign will fail.
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

    /// Returns the configuration with a job that has ended carried out.
    pub(super) fn settled(&self, now: Timestamp) -> Self {
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

/// Returns the error code that an id provokes: the usual one if it begins with `fail`, or the code that
/// follows (`fail-EXCEEDED_10DLC_LIMIT`).
fn failure_of(id: &str, usual: &'static str) -> Option<&'static str> {
    let rest = id.strip_prefix("fail")?;
    let chosen = rest.strip_prefix('-').unwrap_or(rest);
    Some(SMS_ERROR_CODES.into_iter().find(|code| *code == chosen).unwrap_or(usual))
}

/// The error codes of provisioning jobs for SMS.
pub(super) const SMS_ERROR_CODES: [&str; 18] = [
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

// The fields are in the order of the service's own responses.

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TAKES: Duration = Duration::from_millis(300);

    fn moment(milliseconds: u64) -> Timestamp {
        Timestamp::after_1970(Duration::from_millis(1_000_000 + milliseconds))
    }

    fn linked(plan: &str, campaign: &str) -> Sms {
        Sms { plan: plan.to_owned(), campaign: campaign.to_owned(), job: None }
    }

    fn change(plan: &str, campaign: Option<&str>) -> SmsChange {
        SmsChange { plan: plan.to_owned(), campaign: campaign.map(str::to_owned) }
    }

    fn begun(at: u64) -> Schedule {
        Schedule { began: moment(at), takes: TAKES }
    }

    #[test]
    fn a_number_is_unlinked_before_it_is_linked_to_something_else() {
        // Linked to, asked for, and then: linked to and job, or the field that is refused.
        type Case<'a> =
            ((&'a str, &'a str), (&'a str, Option<&'a str>), Result<[&'a str; 4], &'a str>);
        const PLAN: &str = "sms_configuration.service_plan_id";
        const CAMPAIGN: &str = "sms_configuration.campaign_id";
        let cases: [Case<'_>; 17] = [
            (("", ""), ("P", None), Ok(["", "", "P", ""])),
            (("", ""), ("P", Some("")), Ok(["", "", "P", ""])),
            (("", ""), ("P", Some("C")), Ok(["", "", "P", "C"])),
            (("", ""), ("", None), Ok(["", "", "", ""])),
            (("", ""), ("", Some("")), Ok(["", "", "", ""])),
            (("", ""), ("", Some("C")), Err(CAMPAIGN)),
            (("P", ""), ("P", None), Ok(["P", "", "", ""])),
            (("P", ""), ("P", Some("C")), Ok(["P", "", "P", "C"])),
            (("P", ""), ("Q", None), Err(PLAN)),
            (("P", "C"), ("", None), Ok(["", "", "", ""])),
            (("P", "C"), ("", Some("")), Ok(["", "", "", ""])),
            (("P", "C"), ("", Some("C")), Err(CAMPAIGN)),
            (("P", "C"), ("P", None), Ok(["P", "C", "", ""])),
            (("P", "C"), ("P", Some("")), Ok(["P", "", "", ""])),
            (("P", "C"), ("P", Some("C")), Ok(["P", "C", "", ""])),
            (("P", "C"), ("P", Some("D")), Err(CAMPAIGN)),
            (("P", "C"), ("Q", Some("")), Err(PLAN)),
        ];
        for ((plan, campaign), (asked_plan, asked_campaign), expected) in cases {
            let before = linked(plan, campaign);
            let after = before.change(&change(asked_plan, asked_campaign), begun(0), true, false);
            let after = after.as_ref().map(|after| {
                let job = after.job.as_ref();
                let (job_plan, job_campaign) =
                    job.map_or(("", ""), |job| (&job.plan, &job.campaign));
                [&*after.plan, &after.campaign, job_plan, job_campaign]
            });
            let after = after.map_err(Failure::first_field);
            assert_eq!(after, expected, "{plan:?} {campaign:?} {asked_plan:?} {asked_campaign:?}");
        }
    }

    #[test]
    fn a_job_moves_by_time_alone() {
        let number = linked("", "").change(&change("P", Some("C")), begun(0), true, false).unwrap();
        let view = |at| serde_json::to_string(&number.view(moment(at))).unwrap();
        let scheduled = |status, at| {
            format!(
                r#"{{"servicePlanId":"","scheduledProvisioning":{{"servicePlanId":"P","status":"{status}","lastUpdatedTime":"1970-01-01T00:16:40.{at}Z","campaignId":"C","errorCodes":[]}},"campaignId":""}}"#
            )
        };
        assert_eq!(view(0), scheduled("WAITING", "000000"));
        assert_eq!(view(149), scheduled("WAITING", "000000"));
        assert_eq!(view(150), scheduled("IN_PROGRESS", "150000"));
        assert_eq!(view(299), scheduled("IN_PROGRESS", "150000"));
        let done = r#"{"servicePlanId":"P","scheduledProvisioning":null,"campaignId":"C"}"#;
        assert_eq!(view(300), done);
        assert_eq!(view(1_000_000), done);
    }

    #[test]
    fn only_the_same_change_is_accepted_while_a_job_runs() {
        let running =
            linked("", "").change(&change("P", Some("C")), begun(0), true, false).unwrap();
        for (plan, campaign, accepted) in [
            ("P", None, true),
            ("P", Some("C"), true),
            ("P", Some(""), false),
            ("P", Some("D"), false),
            ("Q", None, false),
            ("", None, false),
        ] {
            let later = begun(299);
            let after = running.change(&change(plan, campaign), later, true, false);
            assert_eq!(after.is_ok(), accepted, "{plan:?} {campaign:?}");
            // The job goes on as if nothing had been asked.
            if let Ok(after) = after {
                assert_eq!(after.view(moment(299)), running.view(moment(299)));
            }
        }
        let unlinked = running.change(&change("", None), begun(300), true, false).unwrap();
        assert_eq!(unlinked.view(moment(300)), linked("", "").view(moment(300)));
    }

    #[test]
    fn a_job_fails_if_its_ids_say_so() {
        for (plan, campaign, toll_free, expected) in [
            ("fail", "", false, &["SMS_PROVISIONING_FAILED"][..]),
            ("failing-plan", "C", false, &["SMS_PROVISIONING_FAILED"]),
            ("P", "fail-1", false, &["CAMPAIGN_NOT_AVAILABLE"]),
            ("P", "fail-EXCEEDED_10DLC_LIMIT", false, &["EXCEEDED_10DLC_LIMIT"]),
            ("fail", "fail", false, &["SMS_PROVISIONING_FAILED", "CAMPAIGN_NOT_AVAILABLE"]),
            ("P", "C", true, &["TFN_NOT_ALLOWED"]),
            ("P", "", true, &[]),
            ("P-fail", "C", false, &[]),
        ] {
            let asked = change(plan, Some(campaign));
            let number = linked("", "").change(&asked, begun(0), true, toll_free).unwrap();
            let view = serde_json::to_value(number.view(moment(400))).unwrap();
            let job = &view["scheduledProvisioning"];
            if expected.is_empty() {
                assert!(job.is_null(), "{plan} {campaign}");
                continue;
            }
            assert_eq!(job["status"], "FAILED");
            assert_eq!(job["errorCodes"], serde_json::json!(expected));
            assert_eq!(view["servicePlanId"], "");
            // A failed job stays until the next change, which may be another link.
            let mended = number.change(&change("P", None), begun(500), true, toll_free).unwrap();
            assert_eq!(mended.view(moment(800)), linked("P", "").view(moment(800)));
            let dropped = number.change(&change("", None), begun(500), true, toll_free).unwrap();
            assert_eq!(dropped.view(moment(500)), linked("", "").view(moment(500)));
        }
    }

    #[test]
    fn campaigns_are_for_us_numbers() {
        let asked = change("P", Some("C"));
        let refused = linked("", "").change(&asked, begun(0), false, false).unwrap_err();
        assert_eq!(refused.first_field(), "sms_configuration.campaign_id");
    }
}
