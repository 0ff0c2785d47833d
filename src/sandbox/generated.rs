//! Generates a fleet of any size, in which every state occurs that an audit looks for.

use std::time::Duration;

use super::fleet::Fleet;
use super::number::{Number, NumberType};
use super::provisioning::Schedule;
use super::seed::{CAPABILITIES, days, plain};
use super::sms::{SMS_ERROR_CODES, SmsJob};
use super::streets::some_address;
use super::time::Timestamp;
use super::voice::{VoiceJob, VoiceType};

/// The most numbers that can be generated.
pub(super) const NUMBERS_MAX: usize = 1_000_000;

/// The sizes of the campaigns, in turn: one is full, one nearly so.
const CAMPAIGNS: [usize; 4] = [50, 12, 47, 31];

/// Generates this many numbers, the same every time.
pub(super) fn generated(count: usize, now: Timestamp) -> Fleet {
    let mut in_campaigns = 0;
    let numbers = (0..count).map(|at| {
        let mut number = unlinked(at, now);
        link(&mut number, at, now);
        // Both products, a long code, no failed job.
        if at % 6 == 0 && at % 24 != 6 && number.region == "US" {
            let campaign = campaign(in_campaigns);
            number.sms.plan = format!("plan-{}", campaign % 7);
            number.sms.campaign = format!("CGEN{campaign:03}");
            in_campaigns += 1;
        }
        number
    });
    Fleet::new(numbers.collect())
}

/// Makes a number that is linked to nothing yet.
fn unlinked(at: usize, now: Timestamp) -> Number {
    let kind =
        [NumberType::Local, NumberType::Mobile, NumberType::Local, NumberType::TollFree][at % 4];
    let region = match at % 20 {
        9 | 19 => "GB",
        8 => "CA",
        _ => "US",
    };
    // Area codes from 201 and from 416 on, each with the 10,000 numbers of its exchange 555; in the
    // UK the range around the one that is kept for drama.
    let phone = match region {
        "GB" => format!("+447700{:06}", (900_000 + at / 10) % 1_000_000),
        "CA" => format!("+1{:03}555{:04}", 416 + at / 10_000, at % 10_000),
        _ => format!("+1{:03}555{:04}", 201 + at / 10_000, at % 10_000),
    };
    let mut number = plain(&phone, region, kind, CAPABILITIES[at % 3], now, at % 28 + 1);
    number.display_name = format!("Line {}", at + 1);
    if at % 40 == 7 {
        number.expires = Some(number.next_charge);
    }
    // Two of three can call; of these, few have no address.
    if at % 3 != 1 && at % 17 != 2 && region != "GB" {
        number.emergency = Some(some_address(at, region == "CA"));
    }
    number
}

/// Links a number as its capabilities allow, or gives it a failed job.
fn link(number: &mut Number, at: usize, now: Timestamp) {
    let failed = Schedule { began: now.minus(days(2)), takes: Duration::ZERO };
    let (sms, voice) = (at % 3 != 2, at % 3 != 1);
    if sms && (at % 2 == 0 || at % 3 == 1 && at % 18 != 13) {
        number.sms.plan = format!("plan-{}", at % 7);
    }
    if voice && at % 18 != 17 {
        number.voice.id = format!("app-{}", at % 5);
        number.voice.updated = Some(now.minus(days(30)));
    }
    if at % 24 == 6 {
        let code = SMS_ERROR_CODES[at / 24 % SMS_ERROR_CODES.len()];
        if code == "TFN_NOT_ALLOWED" {
            number.kind = NumberType::TollFree;
        }
        number.sms.job = Some(SmsJob {
            plan: number.sms.plan.clone(),
            campaign: format!("fail-{code}"),
            schedule: failed,
            errors: vec![code],
        });
    }
    if at % 60 == 21 {
        let id = "fail-trunk".to_owned();
        number.voice.job = Some(VoiceJob { kind: VoiceType::Est, id, schedule: failed });
    }
}

/// Returns the campaign of a number, by its rank among the numbers that have one.
fn campaign(rank: usize) -> usize {
    let round: usize = CAMPAIGNS.iter().sum();
    let mut rest = rank % round;
    let within = CAMPAIGNS.iter().position(|size| match rest.checked_sub(*size) {
        Some(left) => {
            rest = left;
            false
        }
        None => true,
    });
    rank / round * CAMPAIGNS.len() + within.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::super::encoding::form_decode;
    use super::super::query::ListQuery;
    use super::*;

    fn numbers(count: usize) -> Vec<Value> {
        let now = Timestamp::from_nanoseconds(1_717_684_962_022_227_000);
        let fleet = generated(count, now);
        let all = ListQuery::parse(&form_decode("").unwrap()).unwrap();
        let page = serde_json::to_value(fleet.list(&all, count, "p", now)).unwrap();
        let mut numbers = page["activeNumbers"].as_array().unwrap().clone();
        for number in &mut numbers {
            let phone = number["phoneNumber"].as_str().unwrap();
            let address = fleet.get(phone).unwrap().emergency.clone();
            number["address"] = serde_json::to_value(address).unwrap();
        }
        numbers
    }

    #[test]
    fn an_audit_finds_everything_in_it() {
        let numbers = numbers(2000);
        let count = |of: &dyn Fn(&Value) -> bool| numbers.iter().filter(|one| of(one)).count();
        let has = |one: &Value, capability: &str| {
            one["capability"].as_array().unwrap().contains(&capability.into())
        };
        let calls = |one: &Value| one["regionCode"] != "GB" && has(one, "VOICE");
        let (can_call, covered) =
            (count(&calls), count(&|one| calls(one) && one["address"].is_object()));
        assert!(can_call * 9 / 10 < covered && covered < can_call, "{covered} of {can_call}");
        assert_eq!(count(&|one| !calls(one) && one["address"].is_object()), 0);
        let canadian = |one: &Value| one["regionCode"] == "CA";
        assert_eq!((count(&canadian), count(&|one| one["regionCode"] == "GB")), (100, 200));
        assert_eq!(count(&|one| one["expireAt"].is_string()), 50);
        let currencies: BTreeSet<_> =
            numbers.iter().map(|one| one["money"]["currencyCode"].to_string()).collect();
        assert_eq!(currencies.len(), 2);

        let sms = |one: &Value| one["smsConfiguration"].clone();
        let codes: BTreeSet<_> = numbers
            .iter()
            .map(|one| sms(one)["scheduledProvisioning"]["errorCodes"][0].clone())
            .filter_map(|code| code.as_str().map(str::to_owned))
            .collect();
        assert_eq!(codes, SMS_ERROR_CODES.iter().map(|code| (*code).to_owned()).collect());
        assert!(
            count(&|one| one["voiceConfiguration"]["scheduledVoiceProvisioning"].is_object()) > 0
        );
        let mut campaigns = BTreeMap::<String, usize>::new();
        for number in &numbers {
            let campaign = sms(number)["campaignId"].as_str().unwrap().to_owned();
            if !campaign.is_empty() {
                assert_eq!(number["regionCode"], "US");
                *campaigns.entry(campaign).or_default() += 1;
            }
        }
        let sizes: Vec<_> = campaigns.into_values().take(4).collect();
        assert_eq!(sizes, CAMPAIGNS);

        let linked = |one: &Value, product: &str, ids: &[&str]| {
            ids.iter().any(|id| one[product][*id].as_str().is_some_and(|id| !id.is_empty()))
        };
        let sms = |one: &Value| linked(one, "smsConfiguration", &["servicePlanId"]);
        let voice =
            |one: &Value| linked(one, "voiceConfiguration", &["appId", "trunkId", "serviceId"]);
        assert_eq!(count(&|one| sms(one) && !has(one, "SMS")), 0);
        assert_eq!(count(&|one| voice(one) && !has(one, "VOICE")), 0);
        let unlinked = count(&|one| !sms(one) && !voice(one));
        assert!(0 < unlinked && unlinked < 300, "{unlinked}");
    }

    #[test]
    fn a_fleet_is_the_same_every_time() {
        assert_eq!(numbers(415), numbers(415));
        // One that is longer begins with one that is shorter.
        let (short, long) = (numbers(100), numbers(300));
        assert!(short.iter().all(|number| long.contains(number)));
    }
}
