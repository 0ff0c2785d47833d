//! What single values read as: money, timestamps, words that are new, text of any kind, doubled keys, unknown fields.

use serde_json::{Value, json};
use sinch_numbers::{ActiveNumber, Capability, NumberType, Provisioning, ProvisioningStatus};

use super::{read, success, through_c};
use crate::support::calls::{NUMBER, call};
use crate::support::mismatches::Mismatches;
use crate::support::server::Server;

/// Amounts as they come, and what they are in units of 10^-2 and 10^-18.
const MONEY: [(&str, Option<i128>, Option<i128>); 28] = [
    ("0.80", Some(80), Some(800_000_000_000_000_000)),
    ("0.8", Some(80), Some(800_000_000_000_000_000)),
    ("1", Some(100), Some(1_000_000_000_000_000_000)),
    ("0", Some(0), Some(0)),
    ("-0.00", Some(0), Some(0)),
    ("-1.50", Some(-150), Some(-1_500_000_000_000_000_000)),
    ("00.80", Some(80), Some(800_000_000_000_000_000)),
    ("2.000000000000000000", Some(200), Some(2_000_000_000_000_000_000)),
    (
        "123456789012345678",
        Some(12_345_678_901_234_567_800),
        Some(123_456_789_012_345_678 * 1_000_000_000_000_000_000),
    ),
    ("0.123456789012345678", None, Some(123_456_789_012_345_678)),
    (
        "123456789012345678.123456789012345678",
        None,
        Some(123_456_789_012_345_678_123_456_789_012_345_678),
    ),
    (
        "9007199254740993.01",
        Some(900_719_925_474_099_301),
        Some(9_007_199_254_740_993_010_000_000_000_000_000),
    ),
    ("0.1234567890123456789", None, None),
    ("170141183460469231731687303715884105727", None, None),
    ("999999999999999999999999999999999999999999", None, None),
    ("1e3", None, None),
    ("1E-2", None, None),
    ("1,50", None, None),
    ("1 000.00", None, None),
    ("+1.00", None, None),
    (".80", None, None),
    ("1.", None, None),
    ("-", None, None),
    ("$0.80", None, None),
    ("0.80 USD", None, None),
    ("NaN", None, None),
    ("Infinity", None, None),
    ("\u{661}.\u{660}", None, None),
];

/// Timestamps as they come, and seconds and nanoseconds since 1970.
const TIMES: [(&str, Option<(i64, u32)>); 34] = [
    ("2024-06-06T14:42:42Z", Some((1_717_684_962, 0))),
    ("2024-06-06T14:42:42.0Z", Some((1_717_684_962, 0))),
    ("2024-06-06T14:42:42.02Z", Some((1_717_684_962, 20_000_000))),
    ("2024-06-06T14:42:42.022Z", Some((1_717_684_962, 22_000_000))),
    ("2024-06-06T14:42:42.0222Z", Some((1_717_684_962, 22_200_000))),
    ("2024-06-06T14:42:42.02222Z", Some((1_717_684_962, 22_220_000))),
    ("2024-06-06T14:42:42.022227Z", Some((1_717_684_962, 22_227_000))),
    ("2024-06-06T14:42:42.0222271Z", Some((1_717_684_962, 22_227_100))),
    ("2024-06-06T14:42:42.02222712Z", Some((1_717_684_962, 22_227_120))),
    ("2024-06-06T14:42:42.022227123Z", Some((1_717_684_962, 22_227_123))),
    ("2024-06-06T14:42:42.0222271239Z", Some((1_717_684_962, 22_227_123))),
    ("2024-06-06T16:42:42.5+02:00", Some((1_717_684_962, 500_000_000))),
    ("2024-06-06T14:42:42", Some((1_717_684_962, 0))),
    ("2024-02-29T00:00:00Z", Some((1_709_164_800, 0))),
    ("1969-12-31T23:59:59.5Z", Some((-1, 500_000_000))),
    ("9999-12-31T23:59:59.999999999Z", Some((253_402_300_799, 999_999_999))),
    ("0001-01-01T00:00:00Z", Some((-62_135_596_800, 0))),
    ("2016-12-31T23:59:60Z", Some((1_483_228_799, 999_999_999))),
    ("2023-02-29T00:00:00Z", None),
    ("2024-13-01T00:00:00Z", None),
    ("2024-00-10T00:00:00Z", None),
    ("2024-06-31T00:00:00Z", None),
    ("2024-06-06T24:00:00Z", None),
    ("2024-06-06T14:60:00Z", None),
    ("2024-06-06T14:42:42.Z", None),
    ("2024-06-06T14:42:42,5Z", None),
    ("2024-06-06T14:42Z", None),
    ("2024-06-06", None),
    ("24-06-06T14:42:42Z", None),
    ("Thu, 06 Jun 2024 14:42:42 GMT", None),
    ("1717684962", None),
    ("0000-00-00T00:00:00Z", None),
    ("2024-06-06T14:42:42ZZ", None),
    ("never", None),
];

/// Words that no version knows: kept as they are.
const WORDS: [&str; 8] = [
    "SATELLITE",
    "mobile",
    " LOCAL",
    "TOLL-FREE",
    "\u{ff2d}OBILE",
    "a b\n",
    "0",
    "PROVISIONING_STATUS_NEW",
];

/// Texts that nothing may be done to.
const TEXTS: [&str; 8] = [
    " padded ",
    "\t\r\n",
    "a\0b",
    "e\u{301}",
    "\u{202e}right to left",
    "\u{feff}marked",
    "null",
    "\u{10ffff}\u{fffd}",
];

/// Bodies with keys that are there twice: the last counts, in whatever it is.
const DOUBLED: [(&str, &str); 12] = [
    (r#"{"displayName":"a","displayName":"b"}"#, r#"{"displayName":"b"}"#),
    (r#"{"displayName":"a","displayName":null}"#, "{}"),
    (r#"{"displayName":"a","displayName":""}"#, "{}"),
    (r#"{"displayName":null,"displayName":"b"}"#, r#"{"displayName":"b"}"#),
    (r#"{"displayName":"a","display\u004eame":"b"}"#, r#"{"displayName":"b"}"#),
    (
        r#"{"displayName":"a","new":1,"displayName":"b","displayName":"c"}"#,
        r#"{"displayName":"c"}"#,
    ),
    (r#"{"capability":["SMS"],"capability":["VOICE"]}"#, r#"{"capability":["VOICE"]}"#),
    (r#"{"capability":["SMS"],"capability":[]}"#, "{}"),
    (
        r#"{"paymentIntervalMonths":1,"paymentIntervalMonths":12}"#,
        r#"{"paymentIntervalMonths":12}"#,
    ),
    // The whole object, not its fields one by one.
    (
        r#"{"money":{"currencyCode":"USD","amount":"1"},"money":{"amount":"2"}}"#,
        r#"{"money":{"amount":"2"}}"#,
    ),
    (r#"{"money":{"amount":"1","amount":"2"}}"#, r#"{"money":{"amount":"2"}}"#),
    (
        r#"{"smsConfiguration":{"servicePlanId":"a","scheduledProvisioning":{"status":"FAILED"},"scheduledProvisioning":null}}"#,
        r#"{"smsConfiguration":{"servicePlanId":"a"}}"#,
    ),
];

/// Bodies with what this version does not know: none of it fails a call, all of it is in the bytes.
const UNKNOWN: [(&str, &str); 7] = [
    (r#"{"displayName":"a","new":null}"#, r#"{"displayName":"a"}"#),
    (r#"{"new":{"displayName":"b"},"displayName":"a"}"#, r#"{"displayName":"a"}"#),
    (r#"{"DisplayName":"b","displayname":"c","display_name":"d"}"#, "{}"),
    (
        r#"{"money":{"amount":"1","new":0.10},"displayName":"a"}"#,
        r#"{"money":{"amount":"1"},"displayName":"a"}"#,
    ),
    (r#"{"money":{"new":0.10}}"#, "{}"),
    (
        r#"{"voiceConfiguration":{"type":"RTC","trunkId":"t","scheduledVoiceProvisioning":{"status":"WAITING","errorCodes":[1]}}}"#,
        r#"{"voiceConfiguration":{"type":"RTC","trunkId":"t","scheduledVoiceProvisioning":{"status":"WAITING"}}}"#,
    ),
    (r#"{"phoneNumber":"not a number at all"}"#, r#"{"phoneNumber":"not a number at all"}"#),
];

pub(super) fn run(found: &mut Mismatches) -> usize {
    money(found) + times(found) + words(found) + texts(found) + pairs(found)
}

/// Gets a number for each body, in order.
fn numbers(bodies: &[String], mut each: impl FnMut(usize, ActiveNumber, &str)) {
    let server = Server::new(bodies.iter().map(success));
    let client = server.plain_client();
    for (index, body) in bodies.iter().enumerate() {
        let response = client.get(NUMBER).unwrap_or_else(|error| panic!("{body}: {error:?}"));
        assert_eq!(response.json(), body);
        let json = response.json().to_owned();
        each(index, response.into_inner(), &json);
    }
}

fn money(found: &mut Mismatches) -> usize {
    let bodies = MONEY.map(|(amount, ..)| json!({"money": {"amount": amount}}).to_string());
    numbers(&bodies, |index, number, _| {
        let (text, cents, fine) = MONEY[index];
        let money = number.money.unwrap();
        found.same(text, &money.amount.as_deref(), &Some(text));
        found.same(text, &(money.amount_in(2), money.amount_in(18)), &(cents, fine));
    });
    in_c(found, &bodies);
    MONEY.len()
}

fn times(found: &mut Mismatches) -> usize {
    let bodies =
        TIMES.map(|(text, _)| json!({"expireAt": text, "nextChargeDate": text}).to_string());
    numbers(&bodies, |index, number, _| {
        let (text, unix) = TIMES[index];
        for time in [number.expire_at.unwrap(), number.next_charge_date.unwrap()] {
            found.same(text, &time.as_str(), &text);
            found.same(text, &time.to_unix(), &unix);
        }
    });
    TIMES.len()
}

fn words(found: &mut Mismatches) -> usize {
    let bodies = WORDS.map(|word| {
        json!({
            "type": word,
            "capability": ["SMS", word],
            "smsConfiguration": {"scheduledProvisioning": {"status": word, "errorCodes": [word, word]}},
            "voiceConfiguration": {"type": word, "scheduledVoiceProvisioning": {"status": "FAILED", "type": word}},
        })
        .to_string()
    });
    numbers(&bodies, |index, number, json| {
        let word = WORDS[index];
        found.same(word, &number.number_type, &Some(NumberType::Other(word.into())));
        found.same(
            word,
            &number.capability,
            &vec![Capability::Sms, Capability::Other(word.into())],
        );
        let status = number.sms_job().map(|job| job.status().clone());
        found.same(word, &status, &Some(ProvisioningStatus::Other(word.into())));
        // Nobody knows whether such a job is over.
        found.same(word, &number.provisioning(), &Provisioning::Pending);
        let written: Value = serde_json::to_value(&number).unwrap();
        found.same(word, &written, &serde_json::from_str(json).unwrap());
    });
    let validation = json!({"validationResult": "PERHAPS"}).to_string();
    let read = super::ask(call("emergency_address_validate"), success(&validation));
    found.same(
        "validation result",
        &read.ok(),
        &Some((json!({"validationResult": "PERHAPS"}), validation)),
    );
    WORDS.len() + 1
}

fn texts(found: &mut Mismatches) -> usize {
    let bodies = TEXTS.map(|text| {
        json!({
            "phoneNumber": text, "projectId": text, "displayName": text, "regionCode": text, "callbackUrl": text,
            "smsConfiguration": {"servicePlanId": text, "campaignId": text},
        })
        .to_string()
    });
    numbers(&bodies, |index, number, json| {
        let written: Value = serde_json::to_value(&number).unwrap();
        found.same(TEXTS[index], &written, &serde_json::from_str(json).unwrap());
        found.same(TEXTS[index], &number.display_name.as_deref(), &Some(TEXTS[index]));
    });
    in_c(found, &bodies);
    TEXTS.len()
}

fn pairs(found: &mut Mismatches) -> usize {
    let rows: Vec<_> = DOUBLED.into_iter().chain(UNKNOWN).collect();
    let server = Server::new(rows.iter().map(|(body, _)| success(body)));
    let client = server.plain_client();
    for (body, expected) in &rows {
        let expected: Value = serde_json::from_str(expected).unwrap();
        match read(call("active_get"), &client) {
            Ok(read) => found.same(body, &read, &(expected, (*body).to_owned())),
            Err(error) => found.wrong(body, error),
        }
    }
    in_c(found, &rows.iter().map(|(body, _)| (*body).to_owned()).collect::<Vec<_>>());
    rows.len()
}

fn in_c(found: &mut Mismatches, bodies: &[String]) {
    let outcomes = through_c(call("active_get"), bodies.iter().map(success).collect());
    for (body, outcome) in bodies.iter().zip(outcomes) {
        found.same(&format!("{body} in C"), &outcome, &(0, 200, body.clone()));
    }
}
