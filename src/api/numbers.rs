//! The operations on active numbers: get, update, release.

use serde::Serialize;

use crate::api::enums::{ProvisioningStatus, VoiceApplicationType};
use crate::api::models::ActiveNumber;
use crate::api::phone_number::PhoneNumber;
use crate::api::request::{Asked, Effect, Found, Method, Operation, Request, Verdict, read};
use crate::error::Error;

/// Get one number (API: "Retrieve an active phone number").
#[derive(Debug)]
pub(crate) struct GetNumber {
    pub(crate) phone_number: PhoneNumber,
}

impl Operation for GetNumber {
    type Output = ActiveNumber;
    const NAME: &'static str = "active_get";

    fn request(&self) -> Result<Request, Error> {
        Ok(Request::new(Self::NAME, Method::Get, Effect::Read).of_number(&self.phone_number, ""))
    }
}

/// What to change about a number (API: "Update an active phone number").
///
/// Only what is set is sent. An update that sets nothing, or that links an empty id, is refused before anything
/// is sent; read-only fields cannot be set at all.
///
/// The service unlinks and links in jobs of its own: the answer still shows the old configuration, and
/// [`ActiveNumber::provisioning`] tells when the new one stands. A number must be unlinked from a service plan or
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct NumberUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sms_configuration: Option<SmsUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_configuration: Option<VoiceUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    /// For each configuration the first field that cannot be right, with what is wrong with it.
    #[serde(skip)]
    problems: [Option<(&'static str, &'static str)>; 2],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SmsUpdate {
    service_plan_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct VoiceUpdate {
    #[serde(rename = "type")]
    application_type: VoiceApplicationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<String>,
}

/// What takes a number's calls, by its id.
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
const CAMPAIGN: &str = "smsConfiguration.campaignId";

impl NumberUpdate {
    /// Begins an update that sets nothing yet.
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
        self.sms(service_plan_id.into(), None)
            .refuse_empty_plan("unlink_service_plan removes a link")
    }

    /// Links the number to an SMS service plan and a 10DLC campaign: what SMS traffic to the US needs.
    pub fn link_campaign(
        self,
        service_plan_id: impl Into<String>,
        campaign_id: impl Into<String>,
    ) -> Self {
        let campaign_id = campaign_id.into();
        let empty = campaign_id.is_empty();
        self.sms(service_plan_id.into(), Some(campaign_id))
            .refuse_empty_plan("a campaign goes with the number's service plan")
            .refuse_if(empty, CAMPAIGN, "is empty; unlink_campaign removes a link")
    }

    /// Unlinks the number from its SMS service plan.
    pub fn unlink_service_plan(self) -> Self {
        self.sms(String::new(), None)
    }

    /// Unlinks the number from its campaign only. The API wants the service plan named that it stays linked to.
    pub fn unlink_campaign(self, current_service_plan_id: impl Into<String>) -> Self {
        self.sms(current_service_plan_id.into(), Some(String::new()))
            .refuse_empty_plan("name the plan that the number stays linked to")
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
        mut self,
        application_type: impl Into<VoiceApplicationType>,
        target: VoiceTarget,
    ) -> Self {
        let (app_id, trunk_id, service_id) = match target {
            VoiceTarget::App(id) => (Some(id), None, None),
            VoiceTarget::Trunk(id) => (None, Some(id), None),
            VoiceTarget::Service(id) => (None, None, Some(id)),
        };
        let application_type = application_type.into();
        self.voice_configuration =
            Some(VoiceUpdate { application_type, app_id, trunk_id, service_id });
        self.clear_problem("voiceConfiguration");
        self
    }

    /// Sets type and ids as a JSON body gives them: the key of the type's own id must be there, whatever it holds.
    #[cfg(feature = "capi")]
    pub(crate) fn voice(
        mut self,
        application_type: VoiceApplicationType,
        [app_id, trunk_id, service_id]: [Option<String>; 3],
    ) -> Result<Self, Error> {
        let missing = match &application_type {
            VoiceApplicationType::Rtc => app_id.is_none().then_some("appId"),
            VoiceApplicationType::Est => trunk_id.is_none().then_some("trunkId"),
            VoiceApplicationType::Fax => service_id.is_none().then_some("serviceId"),
            VoiceApplicationType::Other(_) => {
                let none = app_id.is_none() && trunk_id.is_none() && service_id.is_none();
                none.then_some("appId, trunkId or serviceId")
            }
        };
        if let Some(key) = missing {
            let problem = format!("lacks {key}, which its type {application_type} needs");
            return Err(Error::invalid("voiceConfiguration", problem));
        }
        self.voice_configuration =
            Some(VoiceUpdate { application_type, app_id, trunk_id, service_id });
        Ok(self)
    }

    fn assign(self, application_type: VoiceApplicationType, target: VoiceTarget) -> Self {
        let (field, id) = match &target {
            VoiceTarget::App(id) => ("voiceConfiguration.appId", id),
            VoiceTarget::Trunk(id) => ("voiceConfiguration.trunkId", id),
            VoiceTarget::Service(id) => ("voiceConfiguration.serviceId", id),
        };
        let empty = id.is_empty();
        self.voice_configuration(application_type, target).refuse_if(empty, field, "is empty")
    }

    /// Sets plan and campaign as given: empty ones unlink.
    pub(crate) fn sms(mut self, service_plan_id: String, campaign_id: Option<String>) -> Self {
        self.sms_configuration = Some(SmsUpdate { service_plan_id, campaign_id });
        self.clear_problem("smsConfiguration");
        self
    }

    fn refuse_empty_plan(self, hint: &'static str) -> Self {
        let empty =
            self.sms_configuration.as_ref().is_some_and(|sms| sms.service_plan_id.is_empty());
        self.refuse_if(empty, SERVICE_PLAN, hint)
    }

    fn refuse_if(mut self, wrong: bool, field: &'static str, problem: &'static str) -> Self {
        if wrong {
            self.problems[slot(field)].get_or_insert((field, problem));
        }
        self
    }

    /// What a later setter replaces is no longer wrong.
    fn clear_problem(&mut self, object: &str) {
        self.problems[slot(object)] = None;
    }

    pub(crate) fn asked_display_name(&self) -> Option<&String> {
        self.display_name.as_ref()
    }

    pub(crate) fn asked_callback_url(&self) -> Option<&String> {
        self.callback_url.as_ref()
    }

    /// The service plan and, if it is to change, the campaign.
    pub(crate) fn asked_sms(&self) -> Option<(&String, Option<&String>)> {
        let sms = self.sms_configuration.as_ref()?;
        Some((&sms.service_plan_id, sms.campaign_id.as_ref()))
    }

    /// The type, and the ids of application, trunk and fax service.
    pub(crate) fn asked_voice(&self) -> Option<(&VoiceApplicationType, [Option<&String>; 3])> {
        let voice = self.voice_configuration.as_ref()?;
        let ids = [&voice.app_id, &voice.trunk_id, &voice.service_id].map(Option::as_ref);
        Some((&voice.application_type, ids))
    }

    fn check(&self) -> Result<(), Error> {
        if let Some((field, problem)) = self.problems.into_iter().flatten().next() {
            return Err(Error::invalid(field, problem));
        }
        if self == &Self::default() {
            return Err(Error::invalid("update", "sets nothing"));
        }
        Ok(())
    }
}

/// Which configuration a field belongs to.
fn slot(field: &str) -> usize {
    usize::from(field.starts_with("voice"))
}

/// Update one number.
#[derive(Debug)]
pub(crate) struct UpdateNumber<'a> {
    pub(crate) phone_number: PhoneNumber,
    pub(crate) update: &'a NumberUpdate,
}

impl Operation for UpdateNumber<'_> {
    type Output = ActiveNumber;
    const NAME: &'static str = "active_update";

    fn request(&self) -> Result<Request, Error> {
        self.update.check()?;
        Request::new(Self::NAME, Method::Patch, Effect::Write)
            .of_number(&self.phone_number, "")
            .bringing_about(to_be_updated(self.update.clone()))
            .with_json(self.update)
    }
}

/// Release one number (API: "Release a phone number").
#[derive(Debug)]
pub(crate) struct ReleaseNumber {
    pub(crate) phone_number: PhoneNumber,
}

impl Operation for ReleaseNumber {
    type Output = ActiveNumber;
    const NAME: &'static str = "active_release";

    fn request(&self) -> Result<Request, Error> {
        Ok(Request::new(Self::NAME, Method::Post, Effect::Write)
            .of_number(&self.phone_number, ":release")
            .bringing_about(to_be_released()))
    }
}

fn to_be_updated(update: NumberUpdate) -> Asked {
    Asked::new("", move |found| match found {
        Found::Json(json) => {
            read(json).map_or(Verdict::Unclear, |number| judge_update(&update, &number))
        }
        // A number that is gone may be gone for another reason, or never have been ours.
        Found::Nothing => Verdict::Unclear,
    })
}

fn to_be_released() -> Asked {
    Asked::new("", |found| match found {
        Found::Json(json) => match read::<ActiveNumber>(json) {
            Some(number) if number.expire_at.is_some() => Verdict::Applied,
            Some(number) if !number.phone_number.is_empty() => Verdict::NotApplied,
            _ => Verdict::Unclear,
        },
        // As above.
        Found::Nothing => Verdict::Unclear,
    })
}

/// Each field that was asked for must stand in the number, or in a job that is under way. A job that failed is no
/// evidence; and a mixture is neither here nor there.
fn judge_update(update: &NumberUpdate, number: &ActiveNumber) -> Verdict {
    let mut seen = Vec::new();
    let same = |asked: &str, found: Option<&String>| found.map_or("", String::as_str) == asked;
    if let Some(name) = update.asked_display_name() {
        seen.push(same(name, number.display_name.as_ref()));
    }
    if let Some(url) = update.asked_callback_url() {
        seen.push(same(url, number.callback_url.as_ref()));
    }
    if let Some((plan, campaign)) = update.asked_sms() {
        let current = number.sms_configuration.as_ref();
        let job = number.sms_job().filter(|job| under_way(job.status()));
        let mut ids = vec![(
            plan,
            current.and_then(|sms| sms.service_plan_id.as_ref()),
            job.and_then(|job| job.service_plan_id.as_ref()),
        )];
        if let Some(campaign) = campaign {
            ids.push((
                campaign,
                current.and_then(|sms| sms.campaign_id.as_ref()),
                job.and_then(|job| job.campaign_id.as_ref()),
            ));
        }
        for (asked, current, job) in ids {
            // What stands now does not stand for long where a job is about to put something else there.
            if same(asked, current) && job.is_some_and(|job| job != asked) {
                return Verdict::Unclear;
            }
            seen.push(same(asked, current) || (!asked.is_empty() && same(asked, job)));
        }
    }
    if let Some((application_type, ids)) = update.asked_voice() {
        let (current, job) = voice_stands(application_type, ids, number);
        if current && job == Some(false) {
            return Verdict::Unclear;
        }
        seen.push(current || job == Some(true));
    }
    if seen.iter().all(|seen| *seen) {
        Verdict::Applied
    } else if seen.iter().any(|seen| *seen) {
        Verdict::Unclear
    } else {
        Verdict::NotApplied
    }
}

/// Type and ids belong together: they stand in the configuration or in its job, not half here and half there. Whether they
/// stand in the first, and in the second if one is under way.
fn voice_stands(
    asked_type: &VoiceApplicationType,
    asked_ids: [Option<&String>; 3],
    number: &ActiveNumber,
) -> (bool, Option<bool>) {
    let ids_stand = |found: [Option<&String>; 3]| {
        asked_ids.iter().zip(found).all(|(asked, found)| {
            asked.is_none_or(|asked| found.map_or("", String::as_str) == asked)
        })
    };
    let unlinked = asked_ids.iter().flatten().all(|id| id.is_empty());
    let current = number.voice_configuration.as_ref().map_or(unlinked, |voice| {
        let ids = [&voice.app_id, &voice.trunk_id, &voice.service_id].map(Option::as_ref);
        ids_stand(ids) && (unlinked || voice.application_type() == asked_type)
    });
    let job = number.voice_job().filter(|job| under_way(job.status())).map(|job| {
        let ids = [&job.app_id, &job.trunk_id, &job.service_id].map(Option::as_ref);
        ids_stand(ids) && job.application_type() == asked_type
    });
    (current, job)
}

fn under_way(status: &ProvisioningStatus) -> bool {
    matches!(status, ProvisioningStatus::Waiting | ProvisioningStatus::InProgress)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_update(update: NumberUpdate, json: &str) -> Verdict {
        to_be_updated(update).judge(Found::Json(json))
    }

    #[test]
    fn updates() {
        use Verdict::{Applied, NotApplied, Unclear};
        let new = NumberUpdate::new;
        let sms = |current: &str, job: &str| {
            format!(r#"{{"smsConfiguration":{{{current},"scheduledProvisioning":{job}}}}}"#)
        };
        let voice = |current: &str, job: &str| {
            format!(r#"{{"voiceConfiguration":{{{current},"scheduledVoiceProvisioning":{job}}}}}"#)
        };
        let none = r#""servicePlanId":"","campaignId":"""#;
        let plan = r#""servicePlanId":"p""#;
        let rows: Vec<(NumberUpdate, String, Verdict)> = vec![
            (new().display_name("d"), r#"{"displayName":"d"}"#.into(), Applied),
            (new().display_name("d"), r#"{"displayName":"old"}"#.into(), NotApplied),
            (new().display_name(""), r#"{"displayName":null}"#.into(), Applied),
            (new().display_name(""), r#"{"displayName":"old"}"#.into(), NotApplied),
            (new().callback_url("u"), r#"{"callbackUrl":"u"}"#.into(), Applied),
            (new().callback_url("u"), "{}".into(), NotApplied),
            (new().display_name("d").callback_url("u"), r#"{"displayName":"d"}"#.into(), Unclear),
            (new().link_service_plan("p"), sms(plan, "null"), Applied),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"WAITING"}"#),
                Applied,
            ),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"IN_PROGRESS"}"#),
                Applied,
            ),
            (new().link_service_plan("p"), sms(none, r#"{"servicePlanId":"p"}"#), Applied),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"FAILED"}"#),
                NotApplied,
            ),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"NEW_ONE"}"#),
                NotApplied,
            ),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"q","status":"WAITING"}"#),
                NotApplied,
            ),
            (new().link_service_plan("p"), sms(r#""servicePlanId":"q""#, "null"), NotApplied),
            (new().link_campaign("p", "c"), sms(plan, "null"), Unclear),
            (
                new().link_campaign("p", "c"),
                sms(none, r#"{"servicePlanId":"p","campaignId":"c"}"#),
                Applied,
            ),
            (new().unlink_service_plan(), sms(none, "null"), Applied),
            (new().unlink_service_plan(), "{}".into(), Applied),
            (new().unlink_service_plan(), sms(plan, "null"), NotApplied),
            (
                new().unlink_service_plan(),
                sms(plan, r#"{"servicePlanId":"","status":"WAITING"}"#),
                NotApplied,
            ),
            (
                new().unlink_campaign("p"),
                sms(r#""servicePlanId":"p","campaignId":"""#, "null"),
                Applied,
            ),
            (
                new().unlink_campaign("p"),
                sms(r#""servicePlanId":"p","campaignId":"c""#, "null"),
                Unclear,
            ),
            (new().assign_trunk("t"), voice(r#""type":"EST","trunkId":"t""#, "null"), Applied),
            (new().assign_trunk("t"), voice(r#""type":"RTC","trunkId":"t""#, "null"), NotApplied),
            (
                new().assign_trunk("t"),
                voice(
                    r#""type":"RTC","appId":"a""#,
                    r#"{"type":"EST","trunkId":"t","status":"WAITING"}"#,
                ),
                Applied,
            ),
            (
                new().assign_trunk("t"),
                voice(
                    r#""type":"RTC","appId":"a""#,
                    r#"{"type":"EST","trunkId":"t","status":"FAILED"}"#,
                ),
                NotApplied,
            ),
            (new().assign_trunk("t"), voice(r#""type":"EST","trunkId":"u""#, "null"), NotApplied),
            (new().assign_voice_application("a"), voice(r#""appId":"a""#, "{}"), Applied),
            (
                new().assign_fax_service("f"),
                voice(r#""type":"RTC""#, r#"{"type":"FAX","serviceId":"f"}"#),
                Applied,
            ),
            (
                new().display_name("d").assign_trunk("t"),
                voice(r#""type":"EST","trunkId":"t""#, "null"),
                Unclear,
            ),
            (new().display_name("d"), r#"{"displayName":5}"#.into(), Unclear),
        ];
        for (update, json, expected) in rows {
            assert_eq!(judge_update(update.clone(), &json), expected, "{update:?} {json}");
        }
        let update = to_be_updated(new().display_name("d"));
        assert_eq!(update.judge(Found::Nothing), Unclear);
    }

    #[test]
    fn releases() {
        use Verdict::{Applied, NotApplied, Unclear};
        let rows = [
            (Some(r#"{"phoneNumber":"+1","expireAt":"2024-01-01T00:00:00Z"}"#), Applied),
            (Some(r#"{"phoneNumber":"+1","expireAt":null}"#), NotApplied),
            (Some("{}"), Unclear),
            (None, Unclear),
        ];
        for (json, expected) in rows {
            let found = json.map_or(Found::Nothing, Found::Json);
            assert_eq!(to_be_released().judge(found), expected, "{json:?}");
        }
    }

    #[test]
    fn what_is_about_to_change_again_is_unclear() {
        use Verdict::{Applied, Unclear};
        let new = NumberUpdate::new;
        let sms = |plan: &str, job: &str, status: &str| {
            format!(
                r#"{{"smsConfiguration":{{"servicePlanId":"{plan}","scheduledProvisioning":{{"servicePlanId":"{job}","status":"{status}"}}}}}}"#
            )
        };
        let trunk = r#"{"voiceConfiguration":{"type":"EST","trunkId":"t","scheduledVoiceProvisioning":{"type":"RTC","appId":"a","status":"WAITING"}}}"#;
        let unlink = VoiceTarget::App(String::new());
        let rows = [
            (new().unlink_service_plan(), sms("", "p", "WAITING"), Unclear),
            (new().link_service_plan("p"), sms("p", "q", "IN_PROGRESS"), Unclear),
            (new().link_service_plan("p"), sms("p", "q", "FAILED"), Applied),
            (new().link_service_plan("p"), sms("p", "p", "WAITING"), Applied),
            (new().assign_trunk("t"), trunk.to_owned(), Unclear),
            (new().voice_configuration("RTC", unlink), "{}".to_owned(), Applied),
        ];
        for (update, json, expected) in rows {
            assert_eq!(judge_update(update.clone(), &json), expected, "{update:?} {json}");
        }
    }
}
