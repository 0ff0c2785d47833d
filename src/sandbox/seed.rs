//! The default fleet of twelve numbers.

use std::time::Duration;

use super::fleet::Fleet;
use super::number::{Capability, Money, Number, NumberType};
use super::provisioning::Schedule;
use super::sms::{Sms, SmsJob};
use super::streets::Address;
use super::time::Timestamp;
use super::voice::{Voice, VoiceJob, VoiceType};

/// Makes a small fleet in which every state of a number occurs.
pub(super) fn seeded(now: Timestamp) -> Fleet {
    let [_, sms_only, voice_only] = CAPABILITIES;
    let (local, mobile, toll_free) = (NumberType::Local, NumberType::Mobile, NumberType::TollFree);
    let failed = Schedule { began: now.minus(days(2)), takes: Duration::ZERO };
    let number = |phone, region, kind, day| plain(phone, region, kind, CAPABILITIES[0], now, day);
    let sms = |plan: &str, campaign: &str| Sms {
        plan: plan.to_owned(),
        campaign: campaign.to_owned(),
        job: None,
    };
    let voice = |kind, id: &str| Voice {
        kind,
        id: id.to_owned(),
        updated: Some(now.minus(days(40))),
        job: None,
    };
    Fleet::new(vec![
        Number {
            display_name: "Reception".to_owned(),
            sms: sms("plan-desk", ""),
            voice: voice(VoiceType::Rtc, "app-desk"),
            callback_url: "https://example.com/callbacks/numbers".to_owned(),
            emergency: Some(Address::springfield()),
            ..number("+12025550101", "US", local, 3)
        },
        number("+12025550117", "US", local, 5),
        Number {
            display_name: "Alerts".to_owned(),
            sms: sms("plan-alerts", "CDEMO01"),
            ..number("+12025550123", "US", mobile, 8)
        },
        Number {
            display_name: "MyPhoneNumber".to_owned(),
            ..number("+12025550134", "US", mobile, 11)
        },
        Number {
            display_name: "Trunk north".to_owned(),
            voice: voice(VoiceType::Est, "trunk-north"),
            ..number("+12025550142", "US", local, 13)
        },
        Number {
            display_name: "Fax".to_owned(),
            capabilities: voice_only,
            voice: voice(VoiceType::Fax, "fax-office"),
            ..number("+12025550156", "US", local, 17)
        },
        Number {
            display_name: "Campaign refused".to_owned(),
            sms: Sms {
                job: Some(SmsJob {
                    plan: "plan-alerts".to_owned(),
                    campaign: "fail-CAMPAIGN_NOT_AVAILABLE".to_owned(),
                    schedule: failed,
                    errors: vec!["CAMPAIGN_NOT_AVAILABLE"],
                }),
                ..Sms::default()
            },
            ..number("+12025550168", "US", local, 19)
        },
        {
            let leaving = number("+12025550179", "US", local, 2);
            Number {
                display_name: "Old shop".to_owned(),
                expires: Some(leaving.next_charge),
                ..leaving
            }
        },
        Number {
            display_name: "Free line".to_owned(),
            capabilities: voice_only,
            voice: voice(VoiceType::Rtc, "app-desk"),
            ..number("+18005550199", "US", toll_free, 23)
        },
        Number {
            display_name: "London mobile".to_owned(),
            sms: sms("plan-uk", ""),
            ..number("+447700900123", "GB", mobile, 7)
        },
        Number { capabilities: sms_only, ..number("+447700900456", "GB", mobile, 26) },
        Number {
            display_name: "Stockholm".to_owned(),
            voice: Voice {
                job: Some(VoiceJob {
                    kind: VoiceType::Est,
                    id: "fail-trunk".to_owned(),
                    schedule: failed,
                }),
                ..Voice::default()
            },
            ..number("+46701740605", "SE", mobile, 21)
        },
    ])
}

pub(super) const CAPABILITIES: [&[Capability]; 3] =
    [&[Capability::Sms, Capability::Voice], &[Capability::Sms], &[Capability::Voice]];

/// Makes a number that is linked to nothing, and paid for this many more days.
pub(super) fn plain(
    phone: &str,
    region: &'static str,
    kind: NumberType,
    capabilities: &'static [Capability],
    now: Timestamp,
    paid_days: usize,
) -> Number {
    let money = match region {
        "GB" => Money { currency_code: "GBP", amount: "1.00" },
        "SE" => Money { currency_code: "EUR", amount: "0.80" },
        _ if kind == NumberType::TollFree => Money { currency_code: "USD", amount: "2.50" },
        _ => Money { currency_code: "USD", amount: "2.00" },
    };
    let paid_days = u64::try_from(paid_days).unwrap_or(u64::MAX);
    Number {
        phone: phone.to_owned(),
        display_name: String::new(),
        region,
        kind,
        capabilities,
        money,
        interval_months: if region == "SE" { 12 } else { 1 },
        // The service writes as many fraction digits as it pleases.
        next_charge: now
            .plus(days(paid_days))
            .with_digits([3, 6, 9, 6, 0][usize::try_from(paid_days % 5).unwrap_or(0)]),
        expires: None,
        sms: Sms::default(),
        voice: Voice::default(),
        callback_url: String::new(),
        emergency: None,
    }
}

pub(super) fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}
