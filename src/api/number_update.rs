//! The body of an update, and whether a number is as it asks.

use serde::{Deserialize, Serialize};

use crate::api::enums::{ProvisioningStatus, VoiceApplicationType};
use crate::api::models::{ActiveNumber, ScheduledProvisioning, ScheduledVoiceProvisioning};
use crate::error::Error;

/// The changes to a number (API: "Update an active phone number").
///
/// Only what is set is sent. An update that sets nothing, or that links an empty id, is refused before anything
/// is sent; read-only fields cannot be set at all.
///
/// The service links and unlinks in background jobs: the response still shows the old configuration, and
/// [`ActiveNumber::provisioning`] tells when the new one is in place. A number must be unlinked from a service plan or
/// campaign before it is linked to another.
///
/// ```
/// use sinch_numbers::NumberUpdate;
///
/// let update = NumberUpdate::new()
///     .display_name("reception")
///     .link_service_plan("YOUR_service_plan_id")
///     .assign_voice_application("YOUR_Voice_appId")
///     .callback_url("https://www.example.com/callback");
/// # let _ = update;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[must_use]
pub struct NumberUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sms_configuration: Option<SmsUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) voice_configuration: Option<VoiceUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
}

/// A field that is refused when the update is sent, and the problem.
type Refused = Option<(&'static str, &'static str)>;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub(crate) struct SmsUpdate {
    pub(super) service_plan_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) campaign_id: Option<String>,
    #[serde(skip)]
    refused: Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub(crate) struct VoiceUpdate {
    #[serde(rename = "type")]
    application_type: VoiceApplicationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<String>,
    #[serde(skip)]
    refused: Refused,
}

/// The application that receives a number's calls, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VoiceTarget {
    /// A voice application.
    App(String),
    /// An elastic SIP trunk.
    Trunk(String),
    /// A fax service.
    Service(String),
}

const SERVICE_PLAN: &str = "smsConfiguration.servicePlanId";

impl NumberUpdate {
    /// Makes an update that sets nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the number; an empty text removes it.
    pub fn display_name(mut self, display_name: impl Into<String>) -> Self {
        self.display_name = Some(display_name.into());
        self
    }

    /// Sets the URL that the service calls when a provisioning job has ended; an empty text removes it.
    pub fn callback_url(mut self, callback_url: impl Into<String>) -> Self {
        self.callback_url = Some(callback_url.into());
        self
    }

    /// Links the number to an SMS service plan. The number must not be linked to another one.
    ///
    /// This and the four methods below replace each other: the last one counts.
    pub fn link_service_plan(self, service_plan_id: impl Into<String>) -> Self {
        let plan = service_plan_id.into();
        let refused = refuse_empty(&plan, SERVICE_PLAN, "unlink_service_plan removes a link");
        self.set_sms(plan, None, refused)
    }

    /// Links the number to an SMS service plan and a 10DLC campaign, which SMS traffic to the US needs.
    pub fn link_campaign(
        self,
        service_plan_id: impl Into<String>,
        campaign_id: impl Into<String>,
    ) -> Self {
        let (plan, campaign) = (service_plan_id.into(), campaign_id.into());
        let refused =
            refuse_empty(&plan, SERVICE_PLAN, "a campaign goes with the number's service plan");
        let refused = refused.or(refuse_empty(
            &campaign,
            "smsConfiguration.campaignId",
            "is empty; unlink_campaign removes a link",
        ));
        self.set_sms(plan, Some(campaign), refused)
    }

    /// Unlinks the number from its SMS service plan.
    pub fn unlink_service_plan(self) -> Self {
        self.sms(String::new(), None)
    }

    /// Unlinks the number from its campaign only. The API requires the service plan that it stays linked to.
    pub fn unlink_campaign(self, current_service_plan_id: impl Into<String>) -> Self {
        let plan = current_service_plan_id.into();
        let hint = "name the plan that the number stays linked to";
        let refused = refuse_empty(&plan, SERVICE_PLAN, hint);
        self.set_sms(plan, Some(String::new()), refused)
    }

    /// Unlinks the number from both its SMS service plan and its campaign.
    pub fn unlink_service_plan_and_campaign(self) -> Self {
        self.sms(String::new(), Some(String::new()))
    }

    /// Assigns the number's calls to a voice application (type RTC).
    ///
    /// This and the three methods below replace each other: the last one counts.
    pub fn assign_voice_application(self, app_id: impl Into<String>) -> Self {
        self.assign(VoiceApplicationType::Rtc, VoiceTarget::App(app_id.into()))
    }

    /// Assigns the number's calls to an elastic SIP trunk (type EST).
    pub fn assign_trunk(self, trunk_id: impl Into<String>) -> Self {
        self.assign(VoiceApplicationType::Est, VoiceTarget::Trunk(trunk_id.into()))
    }

    /// Assigns the number's calls to a fax service (type FAX).
    pub fn assign_fax_service(self, service_id: impl Into<String>) -> Self {
        self.assign(VoiceApplicationType::Fax, VoiceTarget::Service(service_id.into()))
    }

    /// Sets type and id as given: for a type that this version does not know, or an empty id.
    pub fn voice_configuration(
        self,
        application_type: impl Into<VoiceApplicationType>,
        target: VoiceTarget,
    ) -> Self {
        self.set_voice(application_type.into(), target.ids(), None)
    }

    fn assign(self, application_type: VoiceApplicationType, target: VoiceTarget) -> Self {
        let (field, id) = match &target {
            VoiceTarget::App(id) => ("voiceConfiguration.appId", id),
            VoiceTarget::Trunk(id) => ("voiceConfiguration.trunkId", id),
            VoiceTarget::Service(id) => ("voiceConfiguration.serviceId", id),
        };
        let refused = refuse_empty(id, field, "is empty");
        self.set_voice(application_type, target.ids(), refused)
    }

    fn set_voice(
        mut self,
        application_type: VoiceApplicationType,
        [app_id, trunk_id, service_id]: [Option<String>; 3],
        refused: Refused,
    ) -> Self {
        let voice = VoiceUpdate { application_type, app_id, trunk_id, service_id, refused };
        self.voice_configuration = Some(voice);
        self
    }

    /// Sets plan and campaign as given: empty ones unlink.
    pub(crate) fn sms(self, service_plan_id: String, campaign_id: Option<String>) -> Self {
        self.set_sms(service_plan_id, campaign_id, None)
    }

    fn set_sms(mut self, plan: String, campaign_id: Option<String>, refused: Refused) -> Self {
        self.sms_configuration = Some(SmsUpdate { service_plan_id: plan, campaign_id, refused });
        self
    }

    /// Checks an update that was read from JSON: it must set something, and have the id that its type of voice application
    /// needs, which may be empty. `name` is what errors call it, `path` what they put before its fields.
    #[cfg(feature = "capi")]
    pub(crate) fn check_json(&self, name: &str, path: &str) -> Result<(), Error> {
        if *self == Self::default() {
            return Err(Error::invalid(name, "sets nothing"));
        }
        let Some(voice) = &self.voice_configuration else { return Ok(()) };
        let ids = voice.ids();
        let (given, needed) = match voice.application_type {
            VoiceApplicationType::Rtc => (ids[0].is_some(), "appId"),
            VoiceApplicationType::Est => (ids[1].is_some(), "trunkId"),
            VoiceApplicationType::Fax => (ids[2].is_some(), "serviceId"),
            VoiceApplicationType::Other(_) => {
                (ids.into_iter().any(Option::is_some), "appId, trunkId or serviceId")
            }
        };
        if given {
            return Ok(());
        }
        let problem = format!("lacks {needed}, which its type {} needs", voice.application_type);
        Err(Error::invalid(format!("{path}voiceConfiguration"), problem))
    }

    /// Makes an update that sets links only.
    pub(crate) fn of_links(
        sms_configuration: Option<SmsUpdate>,
        voice_configuration: Option<VoiceUpdate>,
    ) -> Self {
        Self { sms_configuration, voice_configuration, ..Self::default() }
    }

    /// Tells whether a number is as the update asks: every field has the new value, or a job is about to set it, and no job is
    /// about to replace it.
    pub(crate) fn is_in_effect(&self, number: &ActiveNumber) -> bool {
        let Self { display_name, sms_configuration, voice_configuration, callback_url } = self;
        is_same(display_name.as_ref(), number.display_name.as_ref())
            && is_same(callback_url.as_ref(), number.callback_url.as_ref())
            && sms_configuration.as_ref().is_none_or(|sms| sms.is_in_effect(number))
            && voice_configuration.as_ref().is_none_or(|voice| voice.is_in_effect(number))
    }

    /// Tells whether the update sets links only.
    pub(super) fn is_links_alone(&self) -> bool {
        self.display_name.is_none() && self.callback_url.is_none()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let sms = self.sms_configuration.as_ref().and_then(|sms| sms.refused);
        let voice = self.voice_configuration.as_ref().and_then(|voice| voice.refused);
        if let Some((field, problem)) = sms.or(voice) {
            return Err(Error::invalid(field, problem));
        }
        if self == &Self::default() {
            return Err(Error::invalid("update", "sets nothing"));
        }
        Ok(())
    }
}

fn refuse_empty(id: &str, field: &'static str, problem: &'static str) -> Refused {
    id.is_empty().then_some((field, problem))
}

impl VoiceTarget {
    /// Returns the ids of the application, the trunk and the fax service, of which one is set.
    fn ids(self) -> [Option<String>; 3] {
        match self {
            Self::App(id) => [Some(id), None, None],
            Self::Trunk(id) => [None, Some(id), None],
            Self::Service(id) => [None, None, Some(id)],
        }
    }
}

/// Tells whether a field has the requested value. `None` requests nothing; an absent field is empty.
fn is_same(asked: Option<&String>, found: Option<&String>) -> bool {
    asked.is_none_or(|asked| found.map_or("", String::as_str) == asked)
}

impl SmsUpdate {
    fn is_in_effect(&self, number: &ActiveNumber) -> bool {
        let job = number.sms_job();
        let in_job = job.is_some_and(|job| self.is_in_job(job));
        is_settled(job.map(ScheduledProvisioning::status), self.is_in_current(number), in_job)
    }

    fn is(&self, plan: Option<&String>, campaign: Option<&String>) -> bool {
        is_same(Some(&self.service_plan_id), plan) && is_same(self.campaign_id.as_ref(), campaign)
    }

    pub(super) fn is_in_current(&self, number: &ActiveNumber) -> bool {
        let sms = number.sms_configuration.as_ref();
        self.is(
            sms.and_then(|sms| sms.service_plan_id.as_ref()),
            sms.and_then(|sms| sms.campaign_id.as_ref()),
        )
    }

    pub(super) fn is_in_job(&self, job: &ScheduledProvisioning) -> bool {
        self.is(job.service_plan_id.as_ref(), job.campaign_id.as_ref())
    }
}

impl VoiceUpdate {
    fn is_in_effect(&self, number: &ActiveNumber) -> bool {
        let job = number.voice_job();
        let in_job = job.is_some_and(|job| self.is_in_job(job));
        is_settled(job.map(ScheduledVoiceProvisioning::status), self.is_in_current(number), in_job)
    }

    fn ids(&self) -> [&Option<String>; 3] {
        [&self.app_id, &self.trunk_id, &self.service_id]
    }

    /// Type and ids belong together: all are in the configuration, or all in its job.
    fn is(&self, application_type: &VoiceApplicationType, ids: [&Option<String>; 3]) -> bool {
        *application_type == self.application_type
            && self.ids().iter().zip(ids).all(|(asked, id)| is_same(asked.as_ref(), id.as_ref()))
    }

    pub(super) fn is_in_current(&self, number: &ActiveNumber) -> bool {
        let unlinks = self.ids().into_iter().flatten().all(String::is_empty);
        number.voice_configuration.as_ref().map_or(unlinks, |voice| {
            let ids = [&voice.app_id, &voice.trunk_id, &voice.service_id];
            let is_unlinked = ids.into_iter().all(Option::is_none);
            (unlinks && is_unlinked) || self.is(voice.application_type(), ids)
        })
    }

    pub(super) fn is_in_job(&self, job: &ScheduledVoiceProvisioning) -> bool {
        self.is(job.application_type(), [&job.app_id, &job.trunk_id, &job.service_id])
    }
}

/// Tells whether values that are in a configuration, or in its job with this status, are in effect or will be.
fn is_settled(job: Option<&ProvisioningStatus>, in_current: bool, in_job: bool) -> bool {
    match job {
        None | Some(ProvisioningStatus::Failed) => in_current,
        Some(ProvisioningStatus::Waiting | ProvisioningStatus::InProgress) => in_job,
        // The job may have ended in any way.
        Some(_) => in_current && in_job,
    }
}
