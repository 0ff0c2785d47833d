//! The state of a rented number, and its JSON.

use serde::Serialize;

use super::sms::{Sms, SmsView};
use super::streets::Address;
use super::time::{Timestamp, Written};
use super::voice::{Voice, VoiceView};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum NumberType {
    Mobile,
    Local,
    TollFree,
}

impl NumberType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "MOBILE" => Some(Self::Mobile),
            "LOCAL" => Some(Self::Local),
            "TOLL_FREE" => Some(Self::TollFree),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Capability {
    Sms,
    Voice,
}

impl Capability {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "SMS" => Some(Self::Sms),
            "VOICE" => Some(Self::Voice),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money {
    pub(super) currency_code: &'static str,
    /// Decimal text.
    pub(super) amount: &'static str,
}

/// A number that the project rents.
#[derive(Clone, Debug)]
pub(super) struct Number {
    /// E.164, with its plus sign. Never changes.
    pub(super) phone: String,
    pub(super) display_name: String,
    pub(super) region: &'static str,
    pub(super) kind: NumberType,
    pub(super) capabilities: &'static [Capability],
    pub(super) money: Money,
    pub(super) interval_months: u32,
    /// The end of the paid period.
    pub(super) next_charge: Written,
    /// Set once the number is released.
    pub(super) expires: Option<Written>,
    pub(super) sms: Sms,
    pub(super) voice: Voice,
    pub(super) callback_url: String,
    pub(super) emergency: Option<Address>,
}

impl Number {
    /// Returns the JSON of the number at that moment.
    pub(super) fn view<'a>(&'a self, project_id: &'a str, now: Timestamp) -> NumberView<'a> {
        NumberView {
            phone_number: &self.phone,
            project_id,
            display_name: &self.display_name,
            region_code: self.region,
            kind: self.kind,
            capability: self.capabilities,
            money: self.money,
            payment_interval_months: self.interval_months,
            next_charge_date: self.next_charge,
            expire_at: self.expires,
            sms_configuration: self.sms.view(now),
            voice_configuration: self.voice.view(now),
            callback_url: &self.callback_url,
        }
    }
}

/// The JSON of a number, with the fields in the service's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberView<'a> {
    phone_number: &'a str,
    project_id: &'a str,
    display_name: &'a str,
    region_code: &'static str,
    #[serde(rename = "type")]
    kind: NumberType,
    capability: &'static [Capability],
    money: Money,
    payment_interval_months: u32,
    next_charge_date: Written,
    expire_at: Option<Written>,
    sms_configuration: SmsView<'a>,
    voice_configuration: VoiceView<'a>,
    callback_url: &'a str,
}
