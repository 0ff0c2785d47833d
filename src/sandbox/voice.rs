//! The voice configuration of a number: app, trunk or fax service.

use serde::Serialize;

use super::provisioning::{Schedule, Status};
use super::response::Failure;
use super::time::Timestamp;

/// The kind of voice application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum VoiceType {
    #[default]
    Rtc,
    Est,
    Fax,
}

/// A voice configuration. An empty id is no link.
#[derive(Clone, Debug, Default)]
pub(super) struct Voice {
    pub(super) kind: VoiceType,
    /// The id of the app, trunk or fax service, by `kind`.
    pub(super) id: String,
    pub(super) updated: Option<Timestamp>,
    pub(super) job: Option<VoiceJob>,
}

/// The requested voice configuration. An empty id unlinks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VoiceChange {
    pub(super) kind: VoiceType,
    pub(super) id: String,
}

#[derive(Clone, Debug)]
pub(super) struct VoiceJob {
    pub(super) kind: VoiceType,
    pub(super) id: String,
    pub(super) schedule: Schedule,
}

impl Voice {
    /// Returns the JSON at that moment.
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

    /// Returns the configuration after a change, which begins a job for a new link. Fails if the service would refuse it.
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

    pub(super) fn settled(&self, now: Timestamp) -> Self {
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
    pub(super) fn fails(&self) -> bool {
        self.id.starts_with("fail")
    }

    fn is_running(&self, now: Timestamp) -> bool {
        self.schedule.at(now, self.fails()).is_ok_and(|(status, _)| status != Status::Failed)
    }
}

impl VoiceType {
    /// Returns the ids of app, trunk and fax service, of which this is one.
    fn spread(self, id: &str) -> [&str; 3] {
        match self {
            Self::Rtc => [id, "", ""],
            Self::Est => ["", id, ""],
            Self::Fax => ["", "", id],
        }
    }
}

// The fields are in the order of the service's own responses.

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::VoiceType::{Est, Fax, Rtc};
    use super::*;

    fn moment(milliseconds: u64) -> Timestamp {
        Timestamp::after_1970(Duration::from_millis(1_000_000 + milliseconds))
    }

    fn linked(kind: VoiceType, id: &str) -> Voice {
        Voice { kind, id: id.to_owned(), updated: Some(moment(0)), job: None }
    }

    fn change(kind: VoiceType, id: &str) -> VoiceChange {
        VoiceChange { kind, id: id.to_owned() }
    }

    fn begun(at: u64) -> Schedule {
        Schedule { began: moment(at), takes: Duration::from_millis(300) }
    }

    #[test]
    fn a_new_link_takes_the_place_of_the_old_one() {
        // Linked to, asked for, and then: linked to and job.
        for (before, asked, expected) in [
            ((Rtc, ""), (Rtc, "A"), (Rtc, "", Some((Rtc, "A")))),
            ((Rtc, "A"), (Rtc, "A"), (Rtc, "A", None)),
            ((Rtc, "A"), (Rtc, "B"), (Rtc, "A", Some((Rtc, "B")))),
            ((Rtc, "A"), (Fax, "S"), (Rtc, "A", Some((Fax, "S")))),
            ((Rtc, "A"), (Rtc, ""), (Rtc, "", None)),
            ((Fax, "S"), (Fax, ""), (Rtc, "", None)),
            ((Fax, "S"), (Rtc, ""), (Fax, "S", None)),
            ((Rtc, ""), (Est, ""), (Rtc, "", None)),
        ] {
            let after = linked(before.0, before.1);
            let after = after.change(&change(asked.0, asked.1), begun(500)).unwrap();
            let job = after.job.as_ref().map(|job| (job.kind, &*job.id));
            assert_eq!((after.kind, &*after.id, job), expected, "{before:?} {asked:?}");
        }
    }

    #[test]
    fn a_job_moves_by_time_alone() {
        let number = linked(Rtc, "A").change(&change(Est, "T"), begun(500)).unwrap();
        let view = |at| serde_json::to_string(&number.view(moment(at))).unwrap();
        let scheduled = |status, at| {
            format!(
                r#"{{"appId":"A","scheduledVoiceProvisioning":{{"appId":"","status":"{status}","lastUpdatedTime":"1970-01-01T00:16:40.{at}Z","type":"EST","trunkId":"T","serviceId":""}},"lastUpdatedTime":"1970-01-01T00:16:40.000000Z","type":"RTC","trunkId":"","serviceId":""}}"#
            )
        };
        assert_eq!(view(500), scheduled("WAITING", "500000"));
        assert_eq!(view(650), scheduled("IN_PROGRESS", "650000"));
        assert_eq!(
            view(800),
            r#"{"appId":"","scheduledVoiceProvisioning":null,"lastUpdatedTime":"1970-01-01T00:16:40.800000Z","type":"EST","trunkId":"T","serviceId":""}"#
        );
    }

    #[test]
    fn a_failed_job_stays_and_has_no_error_codes() {
        let number = linked(Rtc, "A").change(&change(Fax, "fail-fax"), begun(500)).unwrap();
        let view = serde_json::to_value(number.view(moment(900))).unwrap();
        let job = &view["scheduledVoiceProvisioning"];
        assert_eq!((&view["appId"], &job["status"]), (&"A".into(), &"FAILED".into()));
        assert!(job.get("errorCodes").is_none());
        let mended = number.change(&change(Fax, "S"), begun(1_000)).unwrap();
        assert_eq!(mended.view(moment(1_300)).service_id, "S");
    }

    #[test]
    fn only_the_same_change_is_accepted_while_a_job_runs() {
        let running = linked(Rtc, "A").change(&change(Fax, "S"), begun(0)).unwrap();
        for (kind, id, accepted) in
            [(Fax, "S", true), (Fax, "R", false), (Fax, "", false), (Rtc, "A", false)]
        {
            let after = running.change(&change(kind, id), begun(100));
            assert_eq!(after.is_ok(), accepted, "{kind:?} {id}");
        }
        assert!(running.change(&change(Rtc, "A"), begun(300)).is_ok());
    }
}
