//! The operations on active numbers: get, update, release.

use crate::api::models::ActiveNumber;
use crate::api::number_update::NumberUpdate;
use crate::api::phone_number::PhoneNumber;
use crate::api::request::{Observed, Request, Verdict, Verify};
use crate::api::timestamp::Timestamp;
use crate::error::Error;
use crate::json::decode::Decode;

/// Gets one number (API: "Retrieve an active phone number").
pub(crate) fn get_number(number: &PhoneNumber) -> Request {
    Request::get("active_get").of_number(number, "")
}

/// Updates one number.
pub(crate) fn update_number(number: &PhoneNumber, update: &NumberUpdate) -> Result<Request, Error> {
    let wanted = update.clone();
    let verify = verify_number(number, move |found| wanted.is_in_effect(found));
    Request::patch("active_update", verify).of_number(number, "").with_json(update.check(), update)
}

/// Releases one number (API: "Release a phone number").
pub(crate) fn release_number(number: &PhoneNumber) -> Request {
    let verify = verify_number(number, ActiveNumber::is_released);
    Request::post("active_release", verify).of_number(number, ":release")
}

/// Verifies a write by reading the number. A response about another number, or about none, is ignored.
pub(super) fn verify_number(
    phone_number: &PhoneNumber,
    proves: impl Fn(&ActiveNumber) -> bool + Send + Sync + 'static,
) -> Verify {
    let phone_number = phone_number.clone();
    Verify::new("", move |observed| match observed {
        // The number may be gone for another reason, or may never have been the project's.
        Observed::NotFound(_) => Verdict::NotProved,
        Observed::Found(json) => match ActiveNumber::decode(json) {
            Ok(number) if number.phone_number != phone_number.as_str() => Verdict::Irrelevant,
            Ok(number) if proves(&number) => Verdict::Proved,
            Ok(_) => Verdict::NotProved,
            Err(_) => Verdict::Irrelevant,
        },
    })
}

impl ActiveNumber {
    /// Tells whether the number is released: then its subscription ends with the paid period. One that is rented for a fixed
    /// term has a later [`expire_at`](Self::expire_at) before any release.
    pub fn is_released(&self) -> bool {
        const DAY: i64 = 24 * 3600;
        let seconds = |time: &Timestamp| time.to_unix().map(|(seconds, _)| seconds);
        match (&self.expire_at, &self.next_charge_date) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(ends), Some(charged)) => match (seconds(ends), seconds(charged)) {
                (Some(ends), Some(charged)) => ends - charged <= DAY,
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::number_update::VoiceTarget;
    use crate::api::request::Effect;
    use crate::error::ApiError;

    /// The verdict on a write after a read-back: `P` proved, `N` not proved, `-` irrelevant.
    fn verdict(request: &Request, observed: Observed<'_>) -> char {
        let Effect::Write(verify) = &request.effect else { panic!("a read") };
        assert_eq!(verify.path, "");
        match verify.check(&observed) {
            Verdict::Proved => 'P',
            Verdict::NotProved => 'N',
            Verdict::Irrelevant => '-',
            Verdict::AlsoRead(_) => panic!("a second read"),
        }
    }

    /// The verdict on an update; the number's JSON is given without its phone number.
    fn updated(update: &NumberUpdate, json: &str) -> char {
        let phone_number = PhoneNumber::try_from("+12025550134").unwrap();
        let comma = if json == "{}" { "" } else { "," };
        let json = format!(r#"{{"phoneNumber":"+12025550134"{comma}{}"#, &json[1..]);
        verdict(&update_number(&phone_number, update).unwrap(), Observed::Found(&json))
    }

    #[test]
    fn updates() {
        let new = NumberUpdate::new;
        let sms = |current: &str, job: &str| {
            format!(r#"{{"smsConfiguration":{{{current},"scheduledProvisioning":{job}}}}}"#)
        };
        let voice = |current: &str, job: &str| {
            format!(r#"{{"voiceConfiguration":{{{current},"scheduledVoiceProvisioning":{job}}}}}"#)
        };
        let none = r#""servicePlanId":"","campaignId":"""#;
        let plan = r#""servicePlanId":"p""#;
        let rows: Vec<(NumberUpdate, String, char)> = vec![
            (new().display_name("d"), r#"{"displayName":"d"}"#.into(), 'P'),
            (new().display_name("d"), r#"{"displayName":"old"}"#.into(), 'N'),
            (new().display_name(""), r#"{"displayName":null}"#.into(), 'P'),
            (new().display_name(""), r#"{"displayName":"old"}"#.into(), 'N'),
            (new().callback_url("u"), r#"{"callbackUrl":"u"}"#.into(), 'P'),
            (new().callback_url("u"), "{}".into(), 'N'),
            (new().display_name("d").callback_url("u"), r#"{"displayName":"d"}"#.into(), 'N'),
            (new().link_service_plan("p"), sms(plan, "null"), 'P'),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"WAITING"}"#),
                'P',
            ),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"IN_PROGRESS"}"#),
                'P',
            ),
            (new().link_service_plan("p"), sms(none, r#"{"servicePlanId":"p"}"#), 'P'),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"FAILED"}"#),
                'N',
            ),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"p","status":"NEW_ONE"}"#),
                'N',
            ),
            (
                new().link_service_plan("p"),
                sms(none, r#"{"servicePlanId":"q","status":"WAITING"}"#),
                'N',
            ),
            (new().link_service_plan("p"), sms(r#""servicePlanId":"q""#, "null"), 'N'),
            (new().link_campaign("p", "c"), sms(plan, "null"), 'N'),
            (
                new().link_campaign("p", "c"),
                sms(none, r#"{"servicePlanId":"p","campaignId":"c"}"#),
                'P',
            ),
            (new().unlink_service_plan(), sms(none, "null"), 'P'),
            (new().unlink_service_plan(), "{}".into(), 'P'),
            (new().unlink_service_plan(), sms(plan, "null"), 'N'),
            (
                new().unlink_service_plan(),
                sms(plan, r#"{"servicePlanId":"","status":"WAITING"}"#),
                'P',
            ),
            (
                new().unlink_campaign("p"),
                sms(r#""servicePlanId":"p","campaignId":"""#, "null"),
                'P',
            ),
            (
                new().unlink_campaign("p"),
                sms(r#""servicePlanId":"p","campaignId":"c""#, "null"),
                'N',
            ),
            (new().assign_trunk("t"), voice(r#""type":"EST","trunkId":"t""#, "null"), 'P'),
            (new().assign_trunk("t"), voice(r#""type":"RTC","trunkId":"t""#, "null"), 'N'),
            (
                new().assign_trunk("t"),
                voice(
                    r#""type":"RTC","appId":"a""#,
                    r#"{"type":"EST","trunkId":"t","status":"WAITING"}"#,
                ),
                'P',
            ),
            (
                new().assign_trunk("t"),
                voice(
                    r#""type":"RTC","appId":"a""#,
                    r#"{"type":"EST","trunkId":"t","status":"FAILED"}"#,
                ),
                'N',
            ),
            (new().assign_trunk("t"), voice(r#""type":"EST","trunkId":"u""#, "null"), 'N'),
            (new().assign_voice_application("a"), voice(r#""appId":"a""#, "{}"), 'P'),
            (
                new().assign_fax_service("f"),
                voice(r#""type":"RTC""#, r#"{"type":"FAX","serviceId":"f"}"#),
                'P',
            ),
            (
                new().display_name("d").assign_trunk("t"),
                voice(r#""type":"EST","trunkId":"t""#, "null"),
                'N',
            ),
            (new().display_name("d"), r#"{"displayName":5}"#.into(), '-'),
        ];
        for (update, json, expected) in rows {
            assert_eq!(updated(&update, &json), expected, "{update:?} {json}");
        }
    }

    #[test]
    fn responses_about_another_number_are_irrelevant() {
        let phone_number = PhoneNumber::try_from("+12025550134").unwrap();
        let update = NumberUpdate::new().display_name("");
        let update = update_number(&phone_number, &update).unwrap();
        let release = release_number(&phone_number);
        let missing = ApiError { http_status: 404, code: Some(404), ..ApiError::default() };
        let rows = [
            (Observed::NotFound(&missing), 'N'),
            (Observed::Found("{}"), '-'),
            (Observed::Found(r#"{"phoneNumber":""}"#), '-'),
            (
                Observed::Found(
                    r#"{"phoneNumber":"+12025550135","expireAt":"2024-01-01T00:00:00Z"}"#,
                ),
                '-',
            ),
            (Observed::Found(r#"{"status":"maintenance"}"#), '-'),
            (Observed::Found(r#"{"phoneNumber":["+12025550134"]}"#), '-'),
        ];
        for (observed, expected) in rows {
            assert_eq!(verdict(&update, observed), expected, "{observed:?}");
            assert_eq!(verdict(&release, observed), expected, "{observed:?}");
        }
    }

    #[test]
    fn releases() {
        let phone_number = PhoneNumber::try_from("+12025550134").unwrap();
        let release = release_number(&phone_number);
        // expireAt, nextChargeDate
        let rows = [
            (r#""2024-01-01T00:00:00Z""#, "null", 'P'),
            (r#""2024-01-01T00:00:00Z""#, r#""2024-01-01T00:00:00Z""#, 'P'),
            (r#""2024-01-02T00:00:00Z""#, r#""2024-01-01T00:00:00Z""#, 'P'),
            (r#""2024-01-02T00:00:01Z""#, r#""2024-01-01T00:00:00Z""#, 'N'),
            // Rented for a year, paid by the month.
            (r#""2024-12-31T00:00:00Z""#, r#""2024-02-01T00:00:00Z""#, 'N'),
            (r#""2024-01-01T00:00:00Z""#, r#""2024-02-01T00:00:00Z""#, 'P'),
            (r#""soon""#, r#""2024-02-01T00:00:00Z""#, 'N'),
            (r#""2024-01-01T00:00:00Z""#, r#""?""#, 'N'),
            ("null", r#""2024-02-01T00:00:00Z""#, 'N'),
            (r#""""#, "null", 'N'),
        ];
        for (ends, charged, expected) in rows {
            let json = format!(
                r#"{{"phoneNumber":"+12025550134","expireAt":{ends},"nextChargeDate":{charged}}}"#
            );
            assert_eq!(verdict(&release, Observed::Found(&json)), expected, "{json}");
        }
    }

    #[test]
    fn a_pending_job_that_sets_something_else_is_no_proof() {
        let new = NumberUpdate::new;
        let sms = |plan: &str, job: &str, status: &str| {
            format!(
                r#"{{"smsConfiguration":{{"servicePlanId":"{plan}","scheduledProvisioning":{{"servicePlanId":"{job}","status":"{status}"}}}}}}"#
            )
        };
        let trunk = r#"{"voiceConfiguration":{"type":"EST","trunkId":"t","scheduledVoiceProvisioning":{"type":"RTC","appId":"a","status":"WAITING"}}}"#;
        let unlink = VoiceTarget::App(String::new());
        let rows = [
            (new().unlink_service_plan(), sms("", "p", "WAITING"), 'N'),
            (new().link_service_plan("p"), sms("p", "q", "IN_PROGRESS"), 'N'),
            (new().link_service_plan("p"), sms("p", "q", "FAILED"), 'P'),
            (new().link_service_plan("p"), sms("p", "p", "WAITING"), 'P'),
            (new().assign_trunk("t"), trunk.to_owned(), 'N'),
            (new().voice_configuration("RTC", unlink), "{}".to_owned(), 'P'),
        ];
        for (update, json, expected) in rows {
            assert_eq!(updated(&update, &json), expected, "{update:?} {json}");
        }
    }
}
