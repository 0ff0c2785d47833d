//! Parses and checks the body of an update.

use serde_json::{Map, Value};

use super::body::Body;
use super::response::Failure;
use super::voice::{VoiceChange, VoiceType};

/// The changes of an update. What is `None` stays as it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) display_name: Option<String>,
    pub(super) sms: Option<SmsChange>,
    pub(super) voice: Option<VoiceChange>,
    pub(super) callback_url: Option<String>,
}

/// The requested SMS configuration. An empty id unlinks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SmsChange {
    pub(super) plan: String,
    pub(super) campaign: Option<String>,
}

impl Update {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let (mut body, object) = Body::parse(bytes)?;
        body.only(
            &object,
            "",
            &["displayName", "smsConfiguration", "voiceConfiguration", "callbackUrl"],
        );
        if object.is_empty() {
            body.refuse("body", "the update sets nothing");
        }
        let update = Self {
            display_name: body.text(&object, "", "displayName"),
            sms: sms_change(&mut body, &object),
            voice: voice_change(&mut body, &object),
            callback_url: body.text(&object, "", "callbackUrl"),
        };
        body.finish()?;
        Ok(update)
    }
}

fn sms_change(body: &mut Body, object: &Map<String, Value>) -> Option<SmsChange> {
    const PATH: &str = "sms_configuration";
    let sms = body.object(object, "smsConfiguration")?;
    body.only(sms, PATH, &["servicePlanId", "campaignId"]);
    if !sms.contains_key("servicePlanId") {
        body.refuse("sms_configuration.service_plan_id", "servicePlanId is required");
    }
    let campaign = body.text(sms, PATH, "campaignId");
    Some(SmsChange { plan: body.text(sms, PATH, "servicePlanId")?, campaign })
}

fn voice_change(body: &mut Body, object: &Map<String, Value>) -> Option<VoiceChange> {
    const PATH: &str = "voice_configuration";
    let voice = body.object(object, "voiceConfiguration")?;
    body.only(voice, PATH, &["type", "appId", "trunkId", "serviceId"]);
    let kind = body.required(voice, PATH, "type");
    let mut ids = ["appId", "trunkId", "serviceId"].map(|key| (key, body.text(voice, PATH, key)));
    let (kind, wanted) = match &*kind {
        "RTC" => (VoiceType::Rtc, 0),
        "EST" => (VoiceType::Est, 1),
        "FAX" => (VoiceType::Fax, 2),
        // Said already: it is missing or no text.
        "" => return None,
        unknown => {
            body.refuse("voice_configuration.type", format!("Invalid type {unknown}"));
            return None;
        }
    };
    // The ids of the other types may be there, as the service shows them itself; they mean nothing.
    let (key, id) = &mut ids[wanted];
    if !voice.contains_key(*key) {
        body.required(voice, PATH, key);
    }
    Some(VoiceChange { kind, id: id.take()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_field() {
        for (body, field) in [
            ("", "body"),
            ("{", "body"),
            ("[]", "body"),
            ("null", "body"),
            ("{}", "body"),
            ("{} {}", "body"),
            (r#"{"displayName":1}"#, "display_name"),
            (r#"{"displayName":null}"#, "display_name"),
            (r#"{"display_name":"x"}"#, "display_name"),
            (r#"{"callbackUrl":["x"]}"#, "callback_url"),
            (r#"{"money":{"amount":"0"}}"#, "money"),
            (r#"{"projectId":"x","displayName":"x"}"#, "project_id"),
            (r#"{"smsConfiguration":null}"#, "sms_configuration"),
            (r#"{"smsConfiguration":{}}"#, "sms_configuration.service_plan_id"),
            (r#"{"smsConfiguration":{"campaignId":"C"}}"#, "sms_configuration.service_plan_id"),
            (r#"{"smsConfiguration":{"servicePlanId":7}}"#, "sms_configuration.service_plan_id"),
            (
                r#"{"smsConfiguration":{"servicePlanId":"P","campaignId":7}}"#,
                "sms_configuration.campaign_id",
            ),
            (
                r#"{"smsConfiguration":{"servicePlanId":"P","scheduledProvisioning":{}}}"#,
                "sms_configuration.scheduled_provisioning",
            ),
            (r#"{"voiceConfiguration":{}}"#, "voice_configuration.type"),
            (r#"{"voiceConfiguration":{"appId":"A"}}"#, "voice_configuration.type"),
            (r#"{"voiceConfiguration":{"type":""}}"#, "voice_configuration.type"),
            (r#"{"voiceConfiguration":{"type":"SIP","appId":"A"}}"#, "voice_configuration.type"),
            (r#"{"voiceConfiguration":{"type":"RTC"}}"#, "voice_configuration.app_id"),
            (
                r#"{"voiceConfiguration":{"type":"RTC","trunkId":"T"}}"#,
                "voice_configuration.app_id",
            ),
            (
                r#"{"voiceConfiguration":{"type":"EST","appId":"A"}}"#,
                "voice_configuration.trunk_id",
            ),
            (
                r#"{"voiceConfiguration":{"type":"FAX","serviceId":false}}"#,
                "voice_configuration.service_id",
            ),
        ] {
            let refused = Update::parse(body.as_bytes()).unwrap_err();
            assert_eq!(refused.first_field(), field, "{body}");
        }
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let sms = |plan: &str, campaign: Option<&str>| Update {
            sms: Some(SmsChange { plan: plan.to_owned(), campaign: campaign.map(str::to_owned) }),
            ..Update::default()
        };
        let voice = |kind, id: &str| Update {
            voice: Some(VoiceChange { kind, id: id.to_owned() }),
            ..Update::default()
        };
        let name = Update { display_name: Some(String::new()), ..Update::default() };
        for (body, expected) in [
            (r#"{"displayName":""}"#, name),
            (r#"{"smsConfiguration":{"servicePlanId":""}}"#, sms("", None)),
            (r#"{"smsConfiguration":{"servicePlanId":"P","campaignId":""}}"#, sms("P", Some(""))),
            (
                r#"{"voiceConfiguration":{"type":"RTC","appId":"","trunkId":"T"}}"#,
                voice(VoiceType::Rtc, ""),
            ),
            (r#"{"voiceConfiguration":{"type":"EST","trunkId":"T"}}"#, voice(VoiceType::Est, "T")),
            (
                r#"{"voiceConfiguration":{"type":"FAX","serviceId":"S"}}"#,
                voice(VoiceType::Fax, "S"),
            ),
        ] {
            assert_eq!(Update::parse(body.as_bytes()).unwrap(), expected, "{body}");
        }
    }
}
