//! Every field of every response: what means nothing in it, and what is refused because it is of another type. C hands on both.

use std::fmt::Write as _;

use serde_json::Value;

use super::{refused, success, through_c};
use crate::support::calls::{Call, Failed, call};
use crate::support::mismatches::Mismatches;
use crate::support::server::Server;

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Texts,
    Object,
    Objects,
}
use Kind::{Integer, Object, Objects, Text, Texts};

/// Spellings of nothing.
const NOTHING: [&str; 3] = ["null", r#""""#, "{}"];

impl Kind {
    /// Values of other types.
    fn wrong(self) -> &'static [&'static str] {
        match self {
            Text => &["5", "-0.5", "1e400", "true", "false", "[]", r#"["a"]"#, r#"{"a":1}"#],
            Integer => &[
                "1.5",
                "1e400",
                "99999999999999999999",
                r#""x""#,
                r#""1.5""#,
                r#"" 1""#,
                "true",
                "[1]",
                r#"{"a":1}"#,
            ],
            Texts => &[
                "5",
                "true",
                r#""SMS""#,
                r#"{"SMS":1}"#,
                "[5]",
                r#"["SMS",true]"#,
                r#"[["SMS"]]"#,
                r#"[{"a":1}]"#,
            ],
            Object => &["5", "true", r#""text""#, "[]", "[{}]", r#"["a"]"#],
            Objects => {
                &["5", "true", r#""text""#, r#"{"a":1}"#, "[5]", r#"["a"]"#, "[[]]", "[{},false]"]
            }
        }
    }
}

/// An operation, what is around the fields, and the fields: `#` stands for the value.
type Place = (&'static str, &'static str, &'static [(&'static str, Kind)]);

#[rustfmt::skip]
const ADDRESS: &[(&str, Kind)] = &[
    ("streetNumber", Text), ("streetInfo", Text), ("location", Text), ("city", Text), ("state", Text), ("postalCode", Text), ("postalCodePlusFour", Text),
];

#[rustfmt::skip]
const PLACES: [Place; 14] = [
    ("active_list", "#", &[("activeNumbers", Objects), ("nextPageToken", Text), ("totalSize", Integer)]),
    ("active_get", "#", &[
        ("phoneNumber", Text), ("projectId", Text), ("displayName", Text), ("regionCode", Text), ("type", Text), ("capability", Texts),
        ("money", Object), ("paymentIntervalMonths", Integer), ("nextChargeDate", Text), ("expireAt", Text), ("smsConfiguration", Object),
        ("voiceConfiguration", Object), ("callbackUrl", Text),
    ]),
    ("active_get", r#"{"money":#}"#, &[("currencyCode", Text), ("amount", Text)]),
    ("active_get", r#"{"smsConfiguration":#}"#, &[("servicePlanId", Text), ("campaignId", Text), ("scheduledProvisioning", Object)]),
    ("active_get", r#"{"smsConfiguration":{"scheduledProvisioning":#}}"#, &[
        ("servicePlanId", Text), ("campaignId", Text), ("status", Text), ("lastUpdatedTime", Text), ("errorCodes", Texts),
    ]),
    ("active_get", r#"{"voiceConfiguration":#}"#, &[
        ("type", Text), ("appId", Text), ("trunkId", Text), ("serviceId", Text), ("lastUpdatedTime", Text), ("scheduledVoiceProvisioning", Object),
    ]),
    ("active_get", r#"{"voiceConfiguration":{"scheduledVoiceProvisioning":#}}"#, &[
        ("type", Text), ("status", Text), ("lastUpdatedTime", Text), ("appId", Text), ("trunkId", Text), ("serviceId", Text),
    ]),
    ("active_list", r#"{"activeNumbers":[#]}"#, &[("phoneNumber", Text), ("smsConfiguration", Object)]),
    ("emergency_address_get", "#", ADDRESS),
    ("emergency_address_validate", "#", &[
        ("phoneNumber", Text), ("displayName", Text), ("validatedAddress", Object), ("validationResult", Text), ("validationMessage", Text),
        ("correctedAddress", Object), ("candidateAddresses", Objects),
    ]),
    ("emergency_address_validate", r#"{"correctedAddress":#}"#, &[("streetNumber", Text)]),
    // Where a write may have taken effect, although its response cannot be read.
    ("active_update", "#", &[("displayName", Text), ("voiceConfiguration", Object)]),
    ("active_release", "#", &[("expireAt", Text)]),
    ("emergency_address_provision", "#", &[("streetNumber", Text)]),
];

pub(super) fn run(found: &mut Mismatches) -> usize {
    let mut cases = 0;
    for (operation, around, fields) in PLACES {
        let call = call(operation);
        for (field, kind) in fields {
            let body = |value: &str| around.replace('#', &format!(r#"{{"{field}":{value}}}"#));
            nothing(found, call, &NOTHING.map(body));
            wrong(found, call, &kind.wrong().iter().map(|value| body(value)).collect::<Vec<_>>());
            cases += 2;
        }
    }
    in_c(found);
    cases + exceptions(found)
}

/// As if the field were not there; and the bytes as they came.
fn nothing(found: &mut Mismatches, call: Call, bodies: &[String]) {
    let server = Server::new(bodies.iter().map(success));
    let client = server.plain_client();
    for body in bodies {
        let row = format!("{}: {body}", call.name);
        match super::read(call, &client) {
            Ok((value, json)) => {
                found.same(&row, &json, body);
                // A number of a page that says nothing is none.
                found.same(&row, &value, &Value::Object(serde_json::Map::new()));
            }
            Err(error) => found.wrong(&row, error),
        }
    }
}

fn wrong(found: &mut Mismatches, call: Call, bodies: &[String]) {
    found.in_parallel(bodies, |found, body| {
        let row = format!("{}: {body}", call.name);
        match super::ask(call, success(body)) {
            Ok(read) => found.wrong(&row, read),
            Err(error) => {
                found.same(&row, &Failed::from(&error), &refused(call, 200));
                let message = error.to_string();
                found.holds(&row, &message, "the response does not fit: ");
                // The bytes are not lost: what C hands on is in the error.
                found.holds(&row, &format!("{error:?}"), &format!("{body:?}"));
            }
        }
    });
}

/// There is no typed layer that could refuse anything.
fn in_c(found: &mut Mismatches) {
    for (operation, around, fields) in PLACES {
        let mut bodies = Vec::new();
        for (field, kind) in fields {
            let values = [kind.wrong()[0], kind.wrong()[5], "null"];
            bodies.extend(
                values.map(|value| around.replace('#', &format!(r#"{{"{field}":{value}}}"#))),
            );
        }
        let outcomes = through_c(call(operation), bodies.iter().map(success).collect());
        for (body, outcome) in bodies.iter().zip(outcomes) {
            found.same(&format!("{operation} in C"), &outcome, &(0, 200, body.clone()));
        }
    }
}

/// What is not of the type that is documented, and means the same all the same.
#[rustfmt::skip]
fn exceptions(found: &mut Mismatches) -> usize {
    let rows = [
        // JSON written from protocol buffers puts 64-bit integers in quotes.
        ("active_list", r#"{"totalSize":"12"}"#, r#"{"totalSize":12}"#),
        ("active_get", r#"{"paymentIntervalMonths":"12"}"#, r#"{"paymentIntervalMonths":12}"#),
        // An integer is one in every spelling.
        ("active_list", r#"{"totalSize":-0}"#, r#"{"totalSize":0}"#),
        ("active_list", r#"{"totalSize":12.0}"#, r#"{"totalSize":12}"#),
        ("active_list", r#"{"totalSize":1.2e1}"#, r#"{"totalSize":12}"#),
        // Nothing, within a list.
        ("active_get", r#"{"capability":[null,"SMS","",{}]}"#, r#"{"capability":["SMS"]}"#),
        ("active_list", r#"{"activeNumbers":[null,{},"",{"phoneNumber":"+12"}]}"#, r#"{"activeNumbers":[{"phoneNumber":"+12"}]}"#),
        ("emergency_address_validate", r#"{"candidateAddresses":[null,{"city":""},{"city":"Springfield"}]}"#, r#"{"candidateAddresses":[{"city":"Springfield"}]}"#),
        // Nothing in an object that is there.
        ("active_get", r#"{"money":{"currencyCode":"","amount":null}}"#, "{}"),
        ("active_get", r#"{"smsConfiguration":{"scheduledProvisioning":{"errorCodes":[]}}}"#, "{}"),
        ("emergency_address_validate", r#"{"correctedAddress":{"streetNumber":"","streetInfo":"","location":"","city":"","state":"","postalCode":"","postalCodePlusFour":""}}"#, "{}"),
    ];
    for (operation, body, expected) in rows {
        let expected: Value = serde_json::from_str(expected).unwrap();
        match super::ask(call(operation), success(body)) {
            Ok(read) => found.same(operation, &read, &(expected, body.to_owned())),
            Err(error) => found.wrong(body, error),
        }
    }
    let mut all = String::from("{");
    for index in 0..200 {
        write!(all, r#""new{index}":{{"a":[{index}]}},"#).unwrap();
    }
    all += r#""displayName":"a"}"#;
    let read = super::ask(call("active_get"), success(&all));
    found.same("200 new fields", &read.ok(), &Some((serde_json::json!({"displayName": "a"}), all)));
    rows.len() + 1
}
