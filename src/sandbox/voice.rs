//! The link of a number to voice: app, trunk or fax service.

use serde::Serialize;

use super::answer::Failure;
use super::provisioning::{Schedule, Status};
use super::time::Timestamp;
use super::update::VoiceChange;

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
