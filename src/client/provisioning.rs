//! Failed provisioning jobs and refused addresses: their errors, and typed views of these.

#[cfg(feature = "capi")]
use serde::Serialize;

use crate::api::enums::{ProvisioningStatus, SmsErrorCode};
use crate::api::models::{
    ActiveNumber, AddressValidation, ScheduledProvisioning, ScheduledVoiceProvisioning,
};
use crate::api::provisioning::{Explanation, RetryAdvice, explain};
#[cfg(feature = "capi")]
use crate::api::timestamp::Timestamp;
use crate::error::{AddressRefusal, Error, ErrorKind, ProvisioningError};
use crate::json::decode::Decode;

/// A provisioning job that failed, as the number shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailedJob {
    /// The job of the SMS configuration. It says why it failed.
    Sms(ScheduledProvisioning),
    /// The job of the voice configuration. It has no codes.
    Voice(ScheduledVoiceProvisioning),
}

impl FailedJob {
    /// Returns the codes that say why the job failed, as the service sent them, with their explanations.
    pub fn reasons(&self) -> Vec<(&str, Explanation)> {
        match self {
            Self::Sms(job) => {
                let codes = job.error_codes.iter().map(SmsErrorCode::as_str);
                codes.map(|code| (code, explain(code))).collect()
            }
            Self::Voice(_) => Vec::new(),
        }
    }
}

impl ProvisioningError {
    /// Returns the jobs of the number that failed.
    pub fn jobs(&self) -> Vec<FailedJob> {
        let number = ActiveNumber::decode(&self.number).unwrap_or_default();
        let failed = |status: &ProvisioningStatus| *status == ProvisioningStatus::Failed;
        let sms = number.sms_job().filter(|job| failed(job.status()));
        let voice = number.voice_job().filter(|job| failed(job.status()));
        let sms = sms.cloned().map(FailedJob::Sms);
        sms.into_iter().chain(voice.cloned().map(FailedJob::Voice)).collect()
    }

    /// Returns the jobs as the JSON of the C library's error document.
    #[cfg(feature = "capi")]
    pub(crate) fn jobs_json(&self) -> String {
        let jobs = self.jobs();
        let jobs: Vec<_> = jobs.iter().map(JobDocument::of).collect();
        serde_json::to_string(&jobs).unwrap_or_default()
    }
}

/// Makes the error for a number with a failed job; `json` is the number.
pub(super) fn provisioning_failed(json: &str) -> Error {
    let mut failed = ProvisioningError { problem: String::new(), number: json.to_owned() };
    let jobs = failed.jobs();
    let reasons: Vec<_> = jobs.iter().flat_map(FailedJob::reasons).collect();
    let texts = jobs.iter().map(|job| match job {
        FailedJob::Sms(_) => "the job for SMS failed",
        FailedJob::Voice(_) => "the job for voice failed",
    });
    failed.problem = texts.collect::<Vec<_>>().join(", ");
    for (code, explanation) in &reasons {
        failed.problem += &format!("; {code}: {}", explanation.meaning);
    }
    // Without a code it is unknown whether trying again would help.
    let may_help = jobs.iter().all(|job| {
        let reasons = job.reasons();
        !reasons.is_empty() && reasons.iter().all(|(_, e)| e.retry != RetryAdvice::No)
    });
    let error = Error::new(ErrorKind::Provisioning(failed));
    if may_help { error } else { error.not_retryable() }
}

impl AddressRefusal {
    /// Returns the result of the validation: a correction, or candidates.
    pub fn validation(&self) -> AddressValidation {
        AddressValidation::decode(&self.json).unwrap_or_default()
    }
}

/// Makes the error for an address that the service does not accept; `json` is the validation.
pub(super) fn address_refused(json: &str, validation: &AddressValidation) -> Error {
    let result =
        validation.validation_result.as_ref().map_or("no result", |result| result.as_str());
    let refusal = AddressRefusal { result: result.to_owned(), json: json.to_owned() };
    Error::new(ErrorKind::Address(refusal))
}

/// A failed job in the error document. Absent is null.
#[cfg(feature = "capi")]
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobDocument<'a> {
    of: &'static str,
    status: &'static str,
    service_plan_id: Option<&'a str>,
    campaign_id: Option<&'a str>,
    #[serde(rename = "type")]
    application_type: Option<&'a str>,
    app_id: Option<&'a str>,
    trunk_id: Option<&'a str>,
    service_id: Option<&'a str>,
    last_updated_time: Option<&'a str>,
    error_codes: Vec<CodeDocument<'a>>,
}

/// A code in the error document, with its explanation.
#[cfg(feature = "capi")]
#[derive(Serialize)]
struct CodeDocument<'a> {
    code: &'a str,
    meaning: &'static str,
    action: &'static str,
    actor: &'static str,
    retry: &'static str,
}

#[cfg(feature = "capi")]
impl<'a> JobDocument<'a> {
    fn of(failed: &'a FailedJob) -> Self {
        let codes = failed.reasons().into_iter().map(|(code, e)| CodeDocument {
            code,
            meaning: e.meaning,
            action: e.action,
            actor: e.actor.as_str(),
            retry: e.retry.as_str(),
        });
        let failed_as = |of| Self { of, status: "FAILED", ..Self::default() };
        match failed {
            FailedJob::Sms(job) => Self {
                service_plan_id: job.service_plan_id.as_deref(),
                campaign_id: job.campaign_id.as_deref(),
                last_updated_time: job.last_updated_time.as_ref().map(Timestamp::as_str),
                error_codes: codes.collect(),
                ..failed_as("sms")
            },
            FailedJob::Voice(job) => Self {
                application_type: Some(job.application_type().as_str()),
                app_id: job.app_id.as_deref(),
                trunk_id: job.trunk_id.as_deref(),
                service_id: job.service_id.as_deref(),
                last_updated_time: job.last_updated_time.as_ref().map(Timestamp::as_str),
                ..failed_as("voice")
            },
        }
    }
}
