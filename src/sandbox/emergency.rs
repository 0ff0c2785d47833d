//! Emergency addresses: what is asked about one, and what is answered.

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::Failure;
use super::body::Body;
use super::streets::{Match, look_up};

/// An emergency address. Parts that were left out are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) street_number: String,
    pub(super) street_info: String,
    pub(super) location: String,
    pub(super) city: String,
    pub(super) state: String,
    pub(super) postal_code: String,
    pub(super) postal_code_plus_four: String,
}

impl Address {
    /// The one of the specification's examples.
    pub(super) fn springfield() -> Self {
        Self {
            location: "Apt 5".to_owned(),
            postal_code_plus_four: "1234".to_owned(),
            street_number: "12345".to_owned(),
            street_info: "Main St".to_owned(),
            city: "Springfield".to_owned(),
            state: "IL".to_owned(),
            postal_code: "62701".to_owned(),
        }
    }
}

/// What provisioning and validating are sent.
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

/// The answer to a validation. The fields stand in the order of the service's own answers.
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

/// An exact match is answered with `{}`, no match with an address of empty text.
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
