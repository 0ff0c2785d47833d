//! Every text that the library takes, and what is right for it: the request that arrives, or the field that is refused.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sinch_numbers::{ListNumbers, NumberUpdate, VoiceTarget};

use super::MIB;
use super::listener::Sent;
use crate::support::calls::NUMBER;

/// A text that the library takes: how Rust takes it, and where it goes.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// The name in the query.
    Query(&'static str, fn(ListNumbers, &str) -> ListNumbers),
    /// Where it stands in the body, and whether Rust takes it when it is empty.
    Update(&'static str, bool, fn(NumberUpdate, &str) -> NumberUpdate),
    /// Where it stands in the body, and whether it must say something.
    Emergency(&'static str, bool),
    Number,
    Setting(&'static str),
}

pub(super) use Input::{Emergency, Number, Query, Setting, Update};

/// Each with something that is right.
pub(super) const INPUTS: [(Input, &str); 32] = [
    (Query("regionCode", |list, text| list.region_code(text)), "US"),
    (Query("type", |list, text| list.number_type(text)), "LOCAL"),
    (Query("numberPattern.pattern", |list, text| list.pattern(text)), "+1206"),
    (Query("numberPattern.searchPattern", |list, text| list.search_pattern(text)), "START"),
    (Query("capability", |list, text| list.capability(text)), "SMS"),
    (Query("pageToken", |list, text| list.page_token(text)), "t/1="),
    (Query("orderBy", |list, text| list.order_by(text)), "phoneNumber"),
    (Update("/displayName", true, |update, text| update.display_name(text)), "desk"),
    (
        Update("/callbackUrl", true, |update, text| update.callback_url(text)),
        "https://a.test/b?c=d",
    ),
    (
        Update("/smsConfiguration/servicePlanId", false, |update, text| {
            update.link_service_plan(text)
        }),
        "plan",
    ),
    (
        Update("/smsConfiguration/campaignId", false, |update, text| {
            update.link_campaign("plan", text)
        }),
        "campaign",
    ),
    (
        Update("/voiceConfiguration/appId", false, |update, text| {
            update.assign_voice_application(text)
        }),
        "app",
    ),
    (
        Update("/voiceConfiguration/trunkId", false, |update, text| update.assign_trunk(text)),
        "trunk",
    ),
    (
        Update("/voiceConfiguration/serviceId", false, |update, text| {
            update.assign_fax_service(text)
        }),
        "fax",
    ),
    (
        Update("/voiceConfiguration/type", true, |update, text| {
            update.voice_configuration(text, VoiceTarget::App("app".to_owned()))
        }),
        "SIP",
    ),
    (Emergency("/displayName", true), "Office"),
    (Emergency("/address/streetNumber", true), "1"),
    (Emergency("/address/streetInfo", true), "Main St"),
    (Emergency("/address/city", true), "Springfield"),
    (Emergency("/address/state", true), "IL"),
    (Emergency("/address/postalCode", true), "62701"),
    (Emergency("/address/location", false), "Apt 5"),
    (Emergency("/address/postalCodePlusFour", false), "1234"),
    (Number, NUMBER),
    (Setting("projectId"), "project-1"),
    (Setting("keyId"), "key-id"),
    (Setting("keySecret"), "key-secret"),
    (Setting("userAgent"), "agent"),
    // The listener.
    (Setting("baseUrl"), ""),
    (Setting("authUrl"), ""),
    (Setting("proxy"), "http://127.0.0.1:1"),
    (Setting("caFile"), "/none/ca.pem"),
];

/// Who makes the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Rust,
    C,
}

impl Input {
    /// As errors name it.
    pub(super) fn field(self) -> String {
        match self {
            Query(name, _) | Setting(name) => name.to_owned(),
            Update(pointer, ..) | Emergency(pointer, _) => pointer[1..].replace('/', "."),
            Number => "phoneNumber".to_owned(),
        }
    }

    /// What C calls the JSON that it stands in.
    pub(super) fn document(self) -> &'static str {
        match self {
            Query(..) => "query",
            Update(..) | Emergency(..) => "body",
            Number => "phoneNumber",
            Setting(_) => "config",
        }
    }

    /// The operation that carries it, and the JSON it takes with this text in its place.
    pub(super) fn call(self, text: &str, url: &str) -> (&'static str, Value) {
        match self {
            Query(name, _) => {
                let text = if name == "capability" { json!([text]) } else { json!(text) };
                let query = match name.split_once('.') {
                    Some((object, name)) => json!({ object: { name: text } }),
                    None => json!({ name: text }),
                };
                ("active_list", query)
            }
            Update(pointer, ..) => {
                let mut body = match pointer {
                    "/smsConfiguration/servicePlanId" => {
                        json!({"smsConfiguration": {"servicePlanId": ""}})
                    }
                    "/smsConfiguration/campaignId" => {
                        json!({"smsConfiguration": {"servicePlanId": "plan", "campaignId": ""}})
                    }
                    "/voiceConfiguration/trunkId" => {
                        json!({"voiceConfiguration": {"type": "EST", "trunkId": ""}})
                    }
                    "/voiceConfiguration/serviceId" => {
                        json!({"voiceConfiguration": {"type": "FAX", "serviceId": ""}})
                    }
                    pointer if pointer.starts_with("/voice") => {
                        json!({"voiceConfiguration": {"type": "RTC", "appId": "app"}})
                    }
                    pointer => json!({ pointer[1..]: "" }),
                };
                *body.pointer_mut(pointer).unwrap() = text.into();
                ("active_update", body)
            }
            Emergency(pointer, required) => {
                let address = json!({
                    "streetNumber": "1", "streetInfo": "Main St", "city": "Springfield", "state": "IL", "postalCode": "62701"
                });
                let mut body = json!({"displayName": "Office", "address": address});
                if !required {
                    body["address"][pointer.rsplit('/').next().unwrap()] = "".into();
                }
                *body.pointer_mut(pointer).unwrap() = text.into();
                ("emergency_address_provision", body)
            }
            Number => ("active_get", Value::Null),
            Setting(name) => {
                let mut config = json!({
                    "projectId": "project-1", "keyId": "key-id", "keySecret": "key-secret", "auth": "basic",
                    "baseUrl": url, "authUrl": url, "userAgent": "agent"
                });
                config[name] = text.into();
                ("active_get", config)
            }
        }
    }

    /// What is right: the request that arrives, or the field that is refused. By the documents of the library.
    pub(super) fn right(self, face: Face, text: &str, url: &str) -> Result<Sent, String> {
        let (operation, json) = self.call(text, url);
        let refused = || Err(self.field());
        if face == Face::C && self.given(text, url).len() > MIB {
            return Err(self.document().to_owned());
        }
        let control = text.chars().any(char::is_control);
        let printable = |b: u8| (0x20..0x7f).contains(&b);
        let (mut project, mut key_id, mut secret, mut agent) =
            ("project-1", "key-id", "key-secret", "agent");
        let mut query = String::new();
        match self {
            Query(name, _) => {
                if text.is_empty() || name.ends_with(".pattern") && text.starts_with("%2B") {
                    return refused();
                }
                query = format!("?{name}={}", encoded(text));
                if query.len() > 4096 {
                    return Err("query".to_owned());
                }
            }
            // An empty id unlinks; Rust has methods of their own for that.
            Update(_, may_be_empty, _) => {
                if text.is_empty() && !may_be_empty && face == Face::Rust {
                    return refused();
                }
            }
            Emergency(_, required) => {
                if required && text.trim().is_empty() {
                    return refused();
                }
            }
            Setting("projectId") => {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
                if !(1..=64).contains(&text.len()) || !text.bytes().all(allowed) {
                    return refused();
                }
                project = text;
            }
            Setting("keyId") => {
                let allowed = |b: u8| printable(b) && !b" :".contains(&b);
                if !(1..=1024).contains(&text.len()) || !text.bytes().all(allowed) {
                    return refused();
                }
                key_id = text;
            }
            Setting("keySecret") => {
                if !(1..=1024).contains(&text.len()) || control {
                    return refused();
                }
                secret = text;
            }
            Setting("userAgent") => {
                if !(1..=256).contains(&text.len()) || !text.bytes().all(printable) {
                    return refused();
                }
                agent = text;
            }
            // A name of a host, and a name and a password before one.
            Setting("proxy") if text == "null" || text.ends_with("@evil.test") => {}
            Number | Setting(_) => return refused(),
        }
        let (method, target) = match operation {
            "active_list" => ("GET", ""),
            "active_update" => ("PATCH", "/+12025550134"),
            "emergency_address_provision" => ("POST", "/+12025550134/emergencyAddress:provision"),
            _ => ("GET", "/+12025550134"),
        };
        Ok(Sent {
            line: format!("{method} /v1/projects/{project}/activeNumbers{target}{query} HTTP/1.1"),
            authorization: format!("Basic {}", STANDARD.encode(format!("{key_id}:{secret}"))),
            user_agent: agent.to_owned(),
            body: if method == "GET" { Value::Null } else { json },
        })
    }

    /// What C is given: JSON, or a phone number.
    fn given(self, text: &str, url: &str) -> String {
        if let Number = self { text.to_owned() } else { self.call(text, url).1.to_string() }
    }
}

/// Everything but the unreserved characters, once.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}
