//! The types of responses: active numbers, their configurations and provisioning jobs, emergency addresses.
//!
//! Every field that the service may leave out is an `Option` or a list; null, `""`, `{}` and a missing field mean the same.
//! Fields that this version does not know stay in [`Response::json`](crate::Response::json).

use crate::api::enums::{
    Capability, NumberType, ProvisioningStatus, SmsErrorCode, ValidationResult,
    VoiceApplicationType,
};
use crate::api::timestamp::Timestamp;
use crate::json::decode::model;

model! {
    /// One page of a project's numbers (API: "Lists active numbers for a project").
    pub struct Page {
        /// The numbers of this page. A page in the middle of the list can be empty.
        pub active_numbers: Vec<ActiveNumber> = "activeNumbers",
        /// The page token of the next page, for [`ListNumbers::page_token`](crate::ListNumbers::page_token); `None` at the
        /// end of the list.
        pub next_page_token: Option<String> = "nextPageToken",
        /// The number of matches on all pages together. It is good for a progress bar; the list ends where
        /// [`next_page_token`](Page::next_page_token) is `None`.
        pub total_size: Option<i64> = "totalSize",
    }
}

model! {
    /// A phone number that the project rents (API: "Active Number Response").
    pub struct ActiveNumber {
        /// The number in E.164 form, as in `+12025550134`. Empty if the service left it out.
        pub phone_number: String = "phoneNumber",
        /// The project that rents it.
        pub project_id: Option<String> = "projectId",
        /// The name that the project gave it.
        pub display_name: Option<String> = "displayName",
        /// The country, ISO 3166-1 alpha-2: `US`, `GB`, `SE`.
        pub region_code: Option<String> = "regionCode",
        /// Mobile, local or toll-free.
        pub number_type: Option<NumberType> = "type",
        /// The products that it can be used with.
        pub capability: Vec<Capability> = "capability",
        /// The price of a period.
        pub money: Option<Money> = "money",
        /// The length of a period in months.
        pub payment_interval_months: Option<i32> = "paymentIntervalMonths",
        /// The time when the next period is charged.
        pub next_charge_date: Option<Timestamp> = "nextChargeDate",
        /// The time when the subscription ends. Set after a release, and for a number rented for a fixed term.
        pub expire_at: Option<Timestamp> = "expireAt",
        /// Its link to the SMS product.
        pub sms_configuration: Option<SmsConfiguration> = "smsConfiguration",
        /// Its link to the Voice or Fax product.
        pub voice_configuration: Option<VoiceConfiguration> = "voiceConfiguration",
        /// The URL that the service calls when a provisioning job has ended.
        pub callback_url: Option<String> = "callbackUrl",
    }
}

impl ActiveNumber {
    /// Returns the provisioning job of the SMS configuration: running, or failed.
    pub fn sms_job(&self) -> Option<&ScheduledProvisioning> {
        self.sms_configuration.as_ref()?.scheduled_provisioning.as_ref()
    }

    /// Returns the provisioning job of the voice configuration: running, or failed.
    pub fn voice_job(&self) -> Option<&ScheduledVoiceProvisioning> {
        self.voice_configuration.as_ref()?.scheduled_voice_provisioning.as_ref()
    }

    /// Returns the state of both provisioning jobs together. A running job counts before a failed one, as the outcome is not
    /// known before it ends.
    ///
    /// A job whose status is unknown to this version counts as running.
    pub fn provisioning(&self) -> Provisioning {
        let sms = self.sms_job().map(ScheduledProvisioning::status);
        let voice = self.voice_job().map(ScheduledVoiceProvisioning::status);
        let mut outcome = Provisioning::Settled;
        for status in [sms, voice].into_iter().flatten() {
            match status {
                ProvisioningStatus::Failed => outcome = Provisioning::Failed,
                _ => return Provisioning::Pending,
            }
        }
        outcome
    }
}

/// The state of the provisioning jobs of a number, both configurations together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provisioning {
    /// No job is left: the configurations are in effect.
    Settled,
    /// A job waits or runs: read the number again later.
    Pending,
    /// A job failed, and none is running.
    Failed,
}

model! {
    /// An amount of money, as exact decimal text.
    pub struct Money {
        /// ISO 4217, as in `USD`.
        pub currency_code: Option<String> = "currencyCode",
        /// Decimal text, as in `2.00` or `0.8`.
        pub amount: Option<String> = "amount",
    }
}

impl Money {
    /// Returns the amount in units of 10^-`decimals`: cents with 2.
    ///
    /// `None` if there is no amount, if it is not a plain decimal number, if it has more decimals, or if it does not fit an
    /// `i128`.
    ///
    /// ```
    /// # let money: sinch_numbers::Money = serde_json::from_str(r#"{"amount":"0.8"}"#)?;
    /// assert_eq!(money.amount.as_deref(), Some("0.8"));
    /// assert_eq!(money.amount_in(2), Some(80));
    /// assert_eq!(money.amount_in(0), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn amount_in(&self, decimals: u32) -> Option<i128> {
        let text = self.amount.as_deref()?;
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let missing = decimals.checked_sub(u32::try_from(fraction.len()).ok()?)?;
        let all: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scaled = all.checked_mul(10_i128.checked_pow(missing)?)?;
        Some(if negative { -scaled } else { scaled })
    }
}

model! {
    /// The link of a number to the SMS product (API: "SMS Configuration").
    pub struct SmsConfiguration {
        /// The service plan; `None` while the number is not linked.
        pub service_plan_id: Option<String> = "servicePlanId",
        /// The 10DLC campaign. US numbers only.
        pub campaign_id: Option<String> = "campaignId",
        /// The job that is changing this, or that failed to. `None` if there is none.
        pub scheduled_provisioning: Option<ScheduledProvisioning> = "scheduledProvisioning",
    }
}

model! {
    /// A provisioning job for SMS (API: "Scheduled SMS Provisioning").
    pub struct ScheduledProvisioning {
        /// The service plan that is to be linked.
        pub service_plan_id: Option<String> = "servicePlanId",
        /// The campaign that is to be linked. US numbers only.
        pub campaign_id: Option<String> = "campaignId",
        /// The status of the job, if the service sent it; see [`status()`](ScheduledProvisioning::status).
        pub status: Option<ProvisioningStatus> = "status",
        /// The time when the status last changed.
        pub last_updated_time: Option<Timestamp> = "lastUpdatedTime",
        /// The reasons why the job failed.
        pub error_codes: Vec<SmsErrorCode> = "errorCodes",
    }
}

impl ScheduledProvisioning {
    /// Returns the status of the job: `WAITING` when the service left it out, which is the API's default.
    pub fn status(&self) -> &ProvisioningStatus {
        self.status.as_ref().unwrap_or(&ProvisioningStatus::Waiting)
    }
}

model! {
    /// The link of a number to the Voice or Fax product (API: "`VoiceConfiguration`").
    ///
    /// Any of the three ids can be set, whatever the type is; a job can change the type.
    pub struct VoiceConfiguration {
        /// The kind of application, if the service sent it; see
        /// [`application_type()`](VoiceConfiguration::application_type).
        pub application_type: Option<VoiceApplicationType> = "type",
        /// The voice application (RTC).
        pub app_id: Option<String> = "appId",
        /// The elastic SIP trunk (EST).
        pub trunk_id: Option<String> = "trunkId",
        /// The fax service (FAX).
        pub service_id: Option<String> = "serviceId",
        /// The time when this last changed.
        pub last_updated_time: Option<Timestamp> = "lastUpdatedTime",
        /// The job that is changing this, or that failed to. `None` if there is none.
        pub scheduled_voice_provisioning: Option<ScheduledVoiceProvisioning> = "scheduledVoiceProvisioning",
    }
}

impl VoiceConfiguration {
    /// Returns the kind of application: `RTC` when the service left it out, which is the API's default.
    pub fn application_type(&self) -> &VoiceApplicationType {
        self.application_type.as_ref().unwrap_or(&VoiceApplicationType::Rtc)
    }
}

model! {
    /// A provisioning job for voice or fax (API: "Scheduled Voice Provisioning"). It has no reason for a failure.
    pub struct ScheduledVoiceProvisioning {
        /// The kind of application, if the service sent it; see
        /// [`application_type()`](ScheduledVoiceProvisioning::application_type).
        pub application_type: Option<VoiceApplicationType> = "type",
        /// The status of the job, if the service sent it; see [`status()`](ScheduledVoiceProvisioning::status).
        pub status: Option<ProvisioningStatus> = "status",
        /// The time when the status last changed.
        pub last_updated_time: Option<Timestamp> = "lastUpdatedTime",
        /// The voice application that is to be linked (RTC).
        pub app_id: Option<String> = "appId",
        /// The elastic SIP trunk that is to be linked (EST).
        pub trunk_id: Option<String> = "trunkId",
        /// The fax service that is to be linked (FAX).
        pub service_id: Option<String> = "serviceId",
    }
}

impl ScheduledVoiceProvisioning {
    /// Returns the kind of application: `RTC` when the service left it out, which is the API's default.
    pub fn application_type(&self) -> &VoiceApplicationType {
        self.application_type.as_ref().unwrap_or(&VoiceApplicationType::Rtc)
    }

    /// Returns the status of the job: `WAITING` when the service left it out, which is the API's default.
    pub fn status(&self) -> &ProvisioningStatus {
        self.status.as_ref().unwrap_or(&ProvisioningStatus::Waiting)
    }
}

model! {
    /// The address where emergency services are sent when the number calls them (API: "Emergency Address Response").
    pub struct EmergencyAddress {
        /// The street number: `12345`.
        pub street_number: Option<String> = "streetNumber",
        /// The street: `Main St`.
        pub street_info: Option<String> = "streetInfo",
        /// The place within the building: `Apt 5`.
        pub location: Option<String> = "location",
        /// The city: `Springfield`.
        pub city: Option<String> = "city",
        /// The state or province: `IL`.
        pub state: Option<String> = "state",
        /// The postal code: `62701`.
        pub postal_code: Option<String> = "postalCode",
        /// The four digits that follow a US postal code: `1234`.
        pub postal_code_plus_four: Option<String> = "postalCodePlusFour",
    }
}

model! {
    /// The result of validating an emergency address (API: "Validate the emergency address for a number").
    pub struct AddressValidation {
        /// The number in the request.
        pub phone_number: Option<String> = "phoneNumber",
        /// The display name in the request.
        pub display_name: Option<String> = "displayName",
        /// The address that was validated.
        pub validated_address: Option<EmergencyAddress> = "validatedAddress",
        /// The quality of the match.
        pub validation_result: Option<ValidationResult> = "validationResult",
        /// The result as a message for people.
        pub validation_message: Option<String> = "validationMessage",
        /// The known address, after `NEAR_MATCH`.
        pub corrected_address: Option<EmergencyAddress> = "correctedAddress",
        /// Similar addresses, after `NO_MATCH`.
        pub candidate_addresses: Vec<EmergencyAddress> = "candidateAddresses",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::json::decode::Decode;

    fn number(json: &str) -> ActiveNumber {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_full_number_keeps_every_field() {
        // A real number: all three voice ids, "" for those not in use, null where nothing is scheduled.
        let text = r#"{"phoneNumber":"+12025550134","projectId":"p-1","displayName":"desk","regionCode":"US",
            "type":"LOCAL","capability":["SMS","VOICE","FAX"],"money":{"currencyCode":"USD","amount":"0.80"},
            "paymentIntervalMonths":1,"nextChargeDate":"2024-06-06T14:42:42.022227Z","expireAt":null,
            "smsConfiguration":{"servicePlanId":"plan","campaignId":"","scheduledProvisioning":{
                "servicePlanId":"plan-2","campaignId":"camp","status":"FAILED",
                "lastUpdatedTime":"2024-06-06T20:02:20.432220Z",
                "errorCodes":["CAMPAIGN_NOT_AVAILABLE","BRAND_NEW"]}},
            "voiceConfiguration":{"type":"EST","appId":"","trunkId":"trunk","serviceId":"",
                "lastUpdatedTime":null,"scheduledVoiceProvisioning":null},
            "callbackUrl":"https://example.com/cb","brandNew":{"deep":[1,2]}}"#;
        let read = number(text);
        assert_eq!(read.phone_number, "+12025550134");
        assert_eq!(read.project_id.as_deref(), Some("p-1"));
        assert_eq!(read.display_name.as_deref(), Some("desk"));
        assert_eq!(read.region_code.as_deref(), Some("US"));
        assert_eq!(read.number_type, Some(NumberType::Local));
        assert_eq!(read.capability, [Capability::Sms, Capability::Voice, Capability::from("FAX")]);
        let money = read.money.as_ref().unwrap();
        assert_eq!(money.currency_code.as_deref(), Some("USD"));
        assert_eq!((money.amount.as_deref(), money.amount_in(2)), (Some("0.80"), Some(80)));
        assert_eq!(read.payment_interval_months, Some(1));
        assert_eq!(read.next_charge_date.as_ref().unwrap().as_str(), "2024-06-06T14:42:42.022227Z");
        assert_eq!(read.expire_at, None);
        let sms = read.sms_configuration.as_ref().unwrap();
        assert_eq!(
            (sms.service_plan_id.as_deref(), sms.campaign_id.as_deref()),
            (Some("plan"), None)
        );
        let job = read.sms_job().unwrap();
        assert_eq!(job.service_plan_id.as_deref(), Some("plan-2"));
        assert_eq!(job.campaign_id.as_deref(), Some("camp"));
        assert_eq!(job.status(), &ProvisioningStatus::Failed);
        assert_eq!(job.last_updated_time.as_ref().unwrap().as_str(), "2024-06-06T20:02:20.432220Z");
        assert_eq!(job.error_codes, [SmsErrorCode::CampaignNotAvailable, "BRAND_NEW".into()]);
        let voice = read.voice_configuration.as_ref().unwrap();
        assert_eq!(voice.application_type(), &VoiceApplicationType::Est);
        assert_eq!(voice.trunk_id.as_deref(), Some("trunk"));
        assert_eq!(
            (&voice.app_id, &voice.service_id, &voice.last_updated_time),
            (&None, &None, &None)
        );
        assert_eq!(read.voice_job(), None);
        assert_eq!(read.callback_url.as_deref(), Some("https://example.com/cb"));
    }

    #[test]
    fn null_empty_and_missing_mean_the_same() {
        let keys = [
            "phoneNumber",
            "projectId",
            "displayName",
            "regionCode",
            "type",
            "capability",
            "money",
            "paymentIntervalMonths",
            "nextChargeDate",
            "expireAt",
            "smsConfiguration",
            "voiceConfiguration",
            "callbackUrl",
        ];
        for key in keys {
            for empty in ["null", r#""""#, "{}"] {
                let text = format!(r#"{{"{key}":{empty}}}"#);
                assert_eq!(number(&text), ActiveNumber::default(), "{text}");
            }
        }
        for text in [
            r#"{"capability":[]}"#,
            r#"{"capability":[null,""]}"#,
            r#"{"voiceConfiguration":{"appId":"","scheduledVoiceProvisioning":{}}}"#,
            r#"{"smsConfiguration":{"servicePlanId":null,"scheduledProvisioning":{"errorCodes":[]}}}"#,
            r#"{"money":{"currencyCode":"","amount":""}}"#,
        ] {
            assert_eq!(number(text), ActiveNumber::default(), "{text}");
        }
        let empty = r#"{"correctedAddress":{"streetNumber":"","streetInfo":"","location":"","city":"",
            "state":"","postalCode":"","postalCodePlusFour":""},"candidateAddresses":null}"#;
        let read: AddressValidation = serde_json::from_str(empty).unwrap();
        assert_eq!(read, AddressValidation::default());
    }

    #[test]
    fn a_missing_type_or_status_reads_as_its_default_and_stays_missing() {
        let read = number(
            r#"{"voiceConfiguration":{"appId":"app","scheduledVoiceProvisioning":{"trunkId":"t"}},
                "smsConfiguration":{"scheduledProvisioning":{"servicePlanId":"p"}}}"#,
        );
        let voice = read.voice_configuration.as_ref().unwrap();
        assert_eq!(
            (&voice.application_type, voice.application_type()),
            (&None, &VoiceApplicationType::Rtc)
        );
        let job = read.voice_job().unwrap();
        assert_eq!(
            (&job.application_type, job.application_type()),
            (&None, &VoiceApplicationType::Rtc)
        );
        assert_eq!((&job.status, job.status()), (&None, &ProvisioningStatus::Waiting));
        assert_eq!(job.trunk_id.as_deref(), Some("t"));
        let job = read.sms_job().unwrap();
        assert_eq!((&job.status, job.status()), (&None, &ProvisioningStatus::Waiting));
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        let read = number(
            r#"{"displayName":"old","displayName":"new","money":{"amount":"1","amount":"2"}}"#,
        );
        assert_eq!(read.display_name.as_deref(), Some("new"));
        assert_eq!(read.money.unwrap().amount.as_deref(), Some("2"));
        assert_eq!(number(r#"{"displayName":"old","displayName":null}"#).display_name, None);
    }

    /// Decodes a response as the client does: checked first.
    fn response<T: Decode>(document: &str) -> Result<T, String> {
        let text = json::check(document.as_bytes()).unwrap();
        T::decode(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_response_decodes_in_every_notation() {
        let compact = r#"{"phoneNumber":"+1","displayName":"a","type":"LOCAL","capability":["SMS","VOICE"],"money":{"currencyCode":"USD","amount":"2"},"paymentIntervalMonths":1,"expireAt":null}"#;
        let same = [
            // Another order, unknown members, whitespace, escapes, doubled keys.
            r#"{"expireAt":null,"paymentIntervalMonths":1,"money":{"amount":"2","currencyCode":"USD"},"capability":["SMS","VOICE"],"type":"LOCAL","displayName":"a","phoneNumber":"+1"}"#,
            r#"{"x":[{"displayName":"x"}],"phoneNumber":"+1","y":{"a":[1,"]}"]},"displayName":"a","type":"LOCAL","capability":["SMS","VOICE"],"money":{"currencyCode":"USD","z":"}","amount":"2"},"paymentIntervalMonths":1,"last":true}"#,
            "\u{FEFF} {\n\t\"phoneNumber\" : \"+1\" ,\r\n \"displayName\":\"a\", \"type\": \"LOCAL\", \"capability\": [ \"SMS\" , null, \"VOICE\" ] , \"money\": { \"currencyCode\": \"USD\", \"amount\": \"2\" }, \"paymentIntervalMonths\": 1.0e0 } ",
            r#"{"phone\u004eumber":"\u002b1","displayName":"\u0061","type":"L\u004fCAL","capability":["\u0053MS","VOICE"],"money":{"currency\u0043ode":"USD","amount":"2"},"paymentIntervalMonths":"1"}"#,
            r#"{"phoneNumber":7,"phoneNumber":"+1","displayName":{"x":[]},"type":[1],"type":"LOCAL","capability":["FAX",{"a":1}],"displayName":"a","capability":["SMS","VOICE"],"money":{"amount":5,"amount":"2"},"money":{"currencyCode":"USD","amount":true,"amount":"2"},"paymentIntervalMonths":"x","paymentIntervalMonths":1}"#,
            r#"{"money":{"amount":"9","currencyCode":["EUR"]},"phoneNumber":"+1","displayName":"a","type":"LOCAL","capability":["SMS","VOICE"],"money":{"currencyCode":"USD","amount":"2"},"paymentIntervalMonths":1}"#,
        ];
        let expected = response::<ActiveNumber>(compact).unwrap();
        assert_eq!(expected.capability, [Capability::Sms, Capability::Voice]);
        for text in same {
            assert_eq!(response(text).as_ref(), Ok(&expected), "{text}");
        }
        // The last money counts as a whole: nothing of the first is left.
        let doubled = r#"{"money":{"currencyCode":"EUR"},"money":{"amount":"2"}}"#;
        assert_eq!(response::<ActiveNumber>(doubled).unwrap().money.unwrap().currency_code, None);
        let doubled = r#"{"capability":["SMS"],"capability":["VOICE"]}"#;
        let doubled = response::<ActiveNumber>(doubled).unwrap();
        assert_eq!(doubled.capability, [Capability::Voice]);
        let gone = r#"{"capability":["SMS"],"money":{"amount":"1"},"capability":null,"money":{}}"#;
        assert_eq!(response(gone), Ok(ActiveNumber::default()));
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path() {
        let rows = [
            (r#"{"totalSize":"x"}"#, "totalSize: a string where an integer of 64 bits is expected"),
            (r#"{"totalSize":1.5}"#, "totalSize: a number where an integer of 64 bits is expected"),
            (
                r#"{"totalSize":9223372036854775808}"#,
                "totalSize: a number where an integer of 64 bits is expected",
            ),
            (r#"{"activeNumbers":"x"}"#, "activeNumbers: a string where a list is expected"),
            (r#"{"activeNumbers":{"a":1}}"#, "activeNumbers: an object where a list is expected"),
            (
                r#"{"activeNumbers":[{},null,7]}"#,
                "activeNumbers[2]: a number where an object is expected",
            ),
            (
                r#"{"activeNumbers":[{"money":{"amount":true}}]}"#,
                "activeNumbers[0].money.amount: a boolean where a string is expected",
            ),
            (
                r#"{"activeNumbers":[{"capability":["SMS",{"a":1}]}]}"#,
                "activeNumbers[0].capability[1]: an object where a string is expected",
            ),
            (
                r#"{"activeNumbers":[{"voiceConfiguration":{"scheduledVoiceProvisioning":[]}}]}"#,
                "activeNumbers[0].voiceConfiguration.scheduledVoiceProvisioning: a list where an object is expected",
            ),
            (
                r#"{"nextPageToken":"a","x":1,"nextPageToken" : 5}"#,
                "nextPageToken: a number where a string is expected",
            ),
            (
                r#"{"activeNumbers":[{"money":{"amount":1}},{"money":{"amount":2,"amount":"3"}}]}"#,
                "activeNumbers[0].money.amount: a number where a string is expected",
            ),
        ];
        for (text, problem) in rows {
            assert_eq!(response::<Page>(text), Err(problem.to_owned()), "{text}");
        }
    }

    #[test]
    fn wrong_types_are_refused() {
        for text in [
            "[]",
            r#"["+12025550134"]"#,
            r#""text""#,
            r#"{"displayName":5}"#,
            r#"{"displayName":["a"]}"#,
            r#"{"displayName":{"a":1}}"#,
            r#"{"displayName":true}"#,
            r#"{"capability":"SMS"}"#,
            r#"{"capability":{"a":1}}"#,
            r#"{"capability":[1]}"#,
            r#"{"money":["USD","1"]}"#,
            r#"{"money":"1 USD"}"#,
            r#"{"money":{"amount":1.5}}"#,
            r#"{"paymentIntervalMonths":1.5}"#,
            r#"{"paymentIntervalMonths":"x"}"#,
            r#"{"paymentIntervalMonths":99999999999}"#,
            r#"{"paymentIntervalMonths":18446744073709551615}"#,
            r#"{"expireAt":1700000000}"#,
        ] {
            assert!(serde_json::from_str::<ActiveNumber>(text).is_err(), "{text}");
        }
        assert_eq!(number(r#"{"paymentIntervalMonths":"12"}"#).payment_interval_months, Some(12));
    }

    #[test]
    fn provisioning_combines_both_jobs() {
        use Provisioning::{Failed, Pending, Settled};
        let sms = |s: &str| format!(r#""smsConfiguration":{{"scheduledProvisioning":{s}}}"#);
        let voice =
            |s: &str| format!(r#""voiceConfiguration":{{"scheduledVoiceProvisioning":{s}}}"#);
        let status = |s: &str| format!(r#"{{"status":"{s}"}}"#);
        let rows = [
            (String::new(), Settled),
            (sms("null"), Settled),
            (voice("{}"), Settled),
            (sms(&status("WAITING")), Pending),
            (sms(&status("IN_PROGRESS")), Pending),
            (sms(&status("FAILED")), Failed),
            (voice(&status("PROVISIONING_STATUS_UNSPECIFIED")), Pending),
            (voice(&status("ACTIVE")), Pending),
            (voice(r#"{"appId":"a"}"#), Pending),
            (format!("{},{}", sms(&status("FAILED")), voice(&status("WAITING"))), Pending),
            (format!("{},{}", sms(&status("FAILED")), voice("null")), Failed),
        ];
        for (fields, outcome) in rows {
            let text = format!("{{{fields}}}");
            assert_eq!(number(&text).provisioning(), outcome, "{text}");
        }
    }

    #[test]
    fn money_converts_exactly_or_not_at_all() {
        let rows = [
            ("2.00", 2, Some(200)),
            ("2.00", 0, Some(2)),
            ("0.8", 2, Some(80)),
            ("0.80", 1, Some(8)),
            ("-1.5", 2, Some(-150)),
            ("-0.01", 2, Some(-1)),
            ("1", 2, Some(100)),
            ("0.001", 2, None),
            (
                "123456789012345678.123456789012345678",
                18,
                Some(123_456_789_012_345_678_123_456_789_012_345_678),
            ),
            ("999999999999999999999999999999999999999", 2, None),
            ("", 2, None),
            (".5", 2, None),
            ("5.", 2, None),
            ("1e3", 2, None),
            ("1,5", 2, None),
            ("+1", 2, None),
            ("--1", 2, None),
            (" 1", 2, None),
            ("NaN", 2, None),
        ];
        for (amount, decimals, expected) in rows {
            let money = Money { amount: Some(amount.into()), ..Money::default() };
            assert_eq!(money.amount_in(decimals), expected, "{amount}");
        }
        assert_eq!(Money::default().amount_in(2), None);
        assert_eq!(Money { amount: Some("1".into()), ..Money::default() }.amount_in(99), None);
    }

    #[test]
    fn a_value_is_written_as_it_was_read() {
        let text = r#"{"phoneNumber":"+12025550134","type":"NEW_TYPE","money":{"amount":"0.80"}}"#;
        assert_eq!(serde_json::to_string(&number(text)).unwrap(), text);
    }
}
