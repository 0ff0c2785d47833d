//! The requests and responses for emergency addresses.

use serde::Serialize;
use serde_json::{Map, Value};

use super::body::Body;
use super::response::Failure;
use super::streets::{Address, Match, look_up};

/// The body of provisioning and validating.
#[derive(Debug)]
pub(super) struct AddressRequest {
    pub(super) display_name: String,
    pub(super) address: Address,
}

impl AddressRequest {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let (mut body, object) = Body::parse(bytes)?;
        body.only(&object, "", &["displayName", "address"]);
        let display_name = body.required(&object, "", "displayName");
        if !object.contains_key("address") {
            body.refuse("address", "address is required");
        }
        let address = body.object(&object, "address").map(|parts| address(&mut body, parts));
        body.finish()?;
        Ok(Self { display_name, address: address.unwrap_or_default() })
    }
}

fn address(body: &mut Body, parts: &Map<String, Value>) -> Address {
    const PATH: &str = "address";
    const REQUIRED: [&str; 5] = ["streetNumber", "streetInfo", "city", "state", "postalCode"];
    let known: Vec<&str> = REQUIRED.into_iter().chain(["location", "postalCodePlusFour"]).collect();
    body.only(parts, PATH, &known);
    let [street_number, street_info, city, state, postal_code] =
        REQUIRED.map(|key| body.required(parts, PATH, key));
    Address {
        street_number,
        street_info,
        location: body.text(parts, PATH, "location").unwrap_or_default(),
        city,
        state,
        postal_code,
        postal_code_plus_four: body.text(parts, PATH, "postalCodePlusFour").unwrap_or_default(),
    }
}

/// The response to a validation. The fields are in the order of the service's own responses.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict<'a> {
    phone_number: &'a str,
    display_name: &'a str,
    validated_address: &'a Address,
    validation_result: &'static str,
    validation_message: String,
    corrected_address: Corrected,
    candidate_addresses: Vec<Address>,
}

/// The corrected address: `{}` for an exact match, an address of empty texts for no match.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Corrected {
    Nothing {},
    Address(Address),
}

impl<'a> Verdict<'a> {
    pub(super) fn of(phone_number: &'a str, request: &'a AddressRequest) -> Self {
        let (result, message, corrected_address, candidate_addresses) =
            match look_up(&request.address) {
                Match::Exact => {
                    let message = "Address is a perfect match".to_owned();
                    ("EXACT_MATCH", message, Corrected::Nothing {}, Vec::new())
                }
                Match::Near { corrected, message } => {
                    ("NEAR_MATCH", message, Corrected::Address(corrected), Vec::new())
                }
                Match::None { candidates, message } => {
                    ("NO_MATCH", message, Corrected::Address(Address::default()), candidates)
                }
            };
        Self {
            phone_number,
            display_name: &request.display_name,
            validated_address: &request.address,
            validation_result: result,
            validation_message: message,
            corrected_address,
            candidate_addresses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_required() {
        let whole = serde_json::json!({
            "displayName": "Desk",
            "address": {
                "streetNumber": "1", "streetInfo": "Main St", "city": "Springfield",
                "state": "IL", "postalCode": "62701", "location": "", "postalCodePlusFour": ""
            }
        });
        assert!(AddressRequest::parse(whole.to_string().as_bytes()).is_ok());
        for (pointer, key, value, field) in [
            ("", "displayName", None, "display_name"),
            ("", "displayName", Some(""), "display_name"),
            ("", "address", None, "address"),
            ("", "address", Some("1 Main St"), "address"),
            ("", "phoneNumber", Some("+12025550134"), "phone_number"),
            ("/address", "streetNumber", None, "address.street_number"),
            ("/address", "streetInfo", Some(""), "address.street_info"),
            ("/address", "city", None, "address.city"),
            ("/address", "state", Some(""), "address.state"),
            ("/address", "postalCode", None, "address.postal_code"),
            ("/address", "zip", Some("62701"), "address.zip"),
        ] {
            let mut broken = whole.clone();
            let object = broken.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
            match value {
                Some(value) => object.insert(key.to_owned(), value.into()),
                None => object.remove(key),
            };
            let refused = AddressRequest::parse(broken.to_string().as_bytes()).unwrap_err();
            assert_eq!(refused.first_field(), field);
        }
    }

    #[test]
    fn verdicts_read_as_the_service_writes_them() {
        let verdict = |number: &str, street: &str| {
            let request = AddressRequest {
                display_name: "Desk".to_owned(),
                address: Address {
                    street_number: number.to_owned(),
                    street_info: street.to_owned(),
                    city: "Atlanta".to_owned(),
                    state: "GA".to_owned(),
                    postal_code: "30326".to_owned(),
                    ..Address::default()
                },
            };
            serde_json::to_string(&Verdict::of("+12015555555", &request)).unwrap()
        };
        let address = |number, street| {
            format!(
                r#"{{"streetNumber":"{number}","streetInfo":"{street}","location":"","city":"Atlanta","state":"GA","postalCode":"30326","postalCodePlusFour":""}}"#
            )
        };
        let nothing = r#"{"streetNumber":"","streetInfo":"","location":"","city":"","state":"","postalCode":"","postalCodePlusFour":""}"#;
        let known = address("3500", "Lenox Rd NE");
        for (street, rest) in [
            (
                "Lenox Rd NE",
                r#""EXACT_MATCH","validationMessage":"Address is a perfect match","correctedAddress":{},"candidateAddresses":[]}"#.to_owned(),
            ),
            (
                "Lenox Road NE",
                format!(r#""NEAR_MATCH","validationMessage":"Corrected to valid address|Corrected address abbreviations","correctedAddress":{known},"candidateAddresses":[]}}"#),
            ),
            (
                "Lenox Road",
                format!(r#""NO_MATCH","validationMessage":"Invalid address - no correction found|Changed address component|Corrected address abbreviations|Address is Invalid","correctedAddress":{nothing},"candidateAddresses":[{known}]}}"#),
            ),
        ] {
            let sent = address("3500", street);
            let expected = format!(
                r#"{{"phoneNumber":"+12015555555","displayName":"Desk","validatedAddress":{sent},"validationResult":{rest}"#
            );
            assert_eq!(verdict("3500", street), expected);
        }
    }
}
