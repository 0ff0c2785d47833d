//! Asking first: when nobody knows what became of a write, the number itself, or its emergency address, is read and
//! compared with what was asked for. Pure: what to read, and what the answer means.

use crate::emergency::{Address, EmergencyAddressRequest};
use crate::enums::{ProvisioningStatus, VoiceApplicationType};
use crate::loose::Decode;
use crate::model::{ActiveNumber, EmergencyAddress};
use crate::numbers::NumberUpdate;

/// What a write was meant to bring about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Update(Box<NumberUpdate>),
    Release,
    Provision(Box<EmergencyAddressRequest>),
    Deprovision,
}

/// What was read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// The service's JSON.
    Json(&'a str),
    /// There is none: 404.
    Nothing,
}

/// What that says about the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was carried out, or everything is as it would have made it.
    Applied,
    /// Nothing of it is to be seen.
    NotApplied,
    /// Neither can be said.
    Unclear,
}

impl Asked {
    /// Where to look, below the number.
    pub(crate) fn place(&self) -> &'static str {
        match self {
            Self::Update(_) | Self::Release => "",
            Self::Provision(_) | Self::Deprovision => "/emergencyAddress",
        }
    }

    /// Compares what was asked for with what was found.
    pub(crate) fn judge(&self, found: Found<'_>) -> Verdict {
        match (self, found) {
            (Self::Update(update), Found::Json(json)) => {
                read(json).map_or(Verdict::Unclear, |number| judge_update(update, &number))
            }
            (Self::Release, Found::Json(json)) => match read::<ActiveNumber>(json) {
                Some(number) if number.expire_at.is_some() => Verdict::Applied,
                Some(number) if !number.phone_number.is_empty() => Verdict::NotApplied,
                _ => Verdict::Unclear,
            },
            // A number that is gone may be gone for another reason, or never have been ours.
            (Self::Update(_) | Self::Release, Found::Nothing) => Verdict::Unclear,
            (Self::Provision(request), Found::Json(json)) => read(json)
                .map_or(Verdict::Unclear, |found| judge_address(request.address(), &found)),
            (Self::Provision(_), Found::Nothing) => Verdict::NotApplied,
            (Self::Deprovision, Found::Nothing) => Verdict::Applied,
            (Self::Deprovision, Found::Json(json)) => match read::<EmergencyAddress>(json) {
                Some(address) if address != EmergencyAddress::default() => Verdict::NotApplied,
                _ => Verdict::Unclear,
            },
        }
    }
}

fn read<T: Decode>(json: &str) -> Option<T> {
    T::decode(json).ok()
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

/// Case, spaces and the service's own corrections apart.
fn judge_address(asked: &Address, found: &EmergencyAddress) -> Verdict {
    let found = Address::from(found);
    let same = |part: fn(&Address) -> &str| plain(part(asked)) == plain(part(&found));
    let number = same(Address::street_number);
    let code = same(Address::postal_code);
    // Another flat of the same house is another address. What was not asked for, the service may have added.
    let detail = |asked: Option<&str>, found: Option<&str>| {
        asked.is_none_or(|asked| plain(asked) == plain(found.unwrap_or("")))
    };
    let rest = same(Address::street_info)
        && same(Address::city)
        && same(Address::state)
        && detail(asked.asked_location(), found.asked_location())
        && detail(asked.asked_plus_four(), found.asked_plus_four());
    match (number, code, rest) {
        (true, true, true) => Verdict::Applied,
        // Another house: what was there before.
        (false, _, _) => Verdict::NotApplied,
        // The same house number with another spelling of the rest: corrected, or not yet replaced.
        _ => Verdict::Unclear,
    }
}

/// A part of an address in the form in which two spellings of the same place are equal.
fn plain(part: &str) -> String {
    const SHORT: [(&str, &str); 20] = [
        ("street", "st"),
        ("road", "rd"),
        ("avenue", "ave"),
        ("boulevard", "blvd"),
        ("drive", "dr"),
        ("lane", "ln"),
        ("court", "ct"),
        ("place", "pl"),
        ("square", "sq"),
        ("terrace", "ter"),
        ("parkway", "pkwy"),
        ("highway", "hwy"),
        ("north", "n"),
        ("south", "s"),
        ("east", "e"),
        ("west", "w"),
        ("northeast", "ne"),
        ("northwest", "nw"),
        ("southeast", "se"),
        ("southwest", "sw"),
    ];
    let words = part.split(|c: char| c.is_whitespace() || c == '.' || c == ',');
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase).map(|word| {
        SHORT.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| (*short).to_owned())
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_update(update: NumberUpdate, json: &str) -> Verdict {
        Asked::Update(Box::new(update)).judge(Found::Json(json))
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
        let update = Asked::Update(Box::new(new().display_name("d")));
        assert_eq!(update.judge(Found::Nothing), Unclear);
    }

    #[test]
    fn releases_and_addresses() {
        use Verdict::{Applied, NotApplied, Unclear};
        let address = Address::new("3500", "Lenox Road NE", "Atlanta", "GA", "30326");
        let provision = Asked::Provision(Box::new(EmergencyAddressRequest::new("Office", address)));
        let reads = |number: &str, street: &str, city: &str, code: &str| {
            format!(
                r#"{{"streetNumber":"{number}","streetInfo":"{street}","city":"{city}","state":"GA","postalCode":"{code}"}}"#
            )
        };
        let rows: Vec<(&Asked, Option<String>, Verdict)> = vec![
            (
                &Asked::Release,
                Some(r#"{"phoneNumber":"+1","expireAt":"2024-01-01T00:00:00Z"}"#.into()),
                Applied,
            ),
            (&Asked::Release, Some(r#"{"phoneNumber":"+1","expireAt":null}"#.into()), NotApplied),
            (&Asked::Release, Some("{}".into()), Unclear),
            (&Asked::Release, None, Unclear),
            (&provision, Some(reads("3500", "Lenox Road NE", "Atlanta", "30326")), Applied),
            (&provision, Some(reads("3500", " LENOX  rd. NE ", "ATLANTA", "30326")), Applied),
            (&provision, Some(reads("3500", "Lenox Rd Northeast", "Atlanta", "30326")), Applied),
            (&provision, Some(reads("3500", "Peachtree Rd", "Atlanta", "30326")), Unclear),
            (&provision, Some(reads("3500", "Lenox Rd NE", "Atlanta", "30327")), Unclear),
            (&provision, Some(reads("12345", "Main St", "Springfield", "62701")), NotApplied),
            (&provision, None, NotApplied),
            (&Asked::Deprovision, None, Applied),
            (&Asked::Deprovision, Some(reads("1", "Main St", "X", "1")), NotApplied),
            (&Asked::Deprovision, Some("{}".into()), Unclear),
        ];
        for (asked, json, expected) in rows {
            let found = json.as_deref().map_or(Found::Nothing, Found::Json);
            assert_eq!(asked.judge(found), expected, "{asked:?} {json:?}");
        }
    }

    #[test]
    fn what_is_about_to_change_again_and_other_flats_are_unclear() {
        use Verdict::{Applied, Unclear};
        let new = NumberUpdate::new;
        let sms = |plan: &str, job: &str, status: &str| {
            format!(
                r#"{{"smsConfiguration":{{"servicePlanId":"{plan}","scheduledProvisioning":{{"servicePlanId":"{job}","status":"{status}"}}}}}}"#
            )
        };
        let trunk = r#"{"voiceConfiguration":{"type":"EST","trunkId":"t","scheduledVoiceProvisioning":{"type":"RTC","appId":"a","status":"WAITING"}}}"#;
        let unlink = crate::numbers::VoiceTarget::App(String::new());
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
        let asked =
            |address| Asked::Provision(Box::new(EmergencyAddressRequest::new("Office", address)));
        let house = Address::new("1", "Main St", "Springfield", "IL", "62701");
        let flat = asked(house.clone().location("Apt 9"));
        let exact = asked(house.clone().postal_code_plus_four("1234"));
        let reads = |more: &str| {
            format!(
                r#"{{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"{more}}}"#
            )
        };
        let rows = [
            (&flat, reads(""), Unclear),
            (&flat, reads(r#","location":"Apt 5""#), Unclear),
            (&flat, reads(r#","location":"apt 9""#), Applied),
            (&exact, reads(r#","postalCodePlusFour":"4321""#), Unclear),
            (&exact, reads(r#","postalCodePlusFour":"1234""#), Applied),
        ];
        for (asked, json, expected) in rows {
            assert_eq!(asked.judge(Found::Json(&json)), expected, "{asked:?} {json}");
        }
        let more = reads(r#","location":"","postalCodePlusFour":"1234""#);
        assert_eq!(asked(house).judge(Found::Json(&more)), Applied);
    }
}
