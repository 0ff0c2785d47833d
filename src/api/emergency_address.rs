//! The operations on emergency addresses: get, provision, deprovision, validate.

use serde::{Deserialize, Serialize};

use crate::api::models::EmergencyAddress;
use crate::api::numbers::verify_number;
use crate::api::phone_number::PhoneNumber;
use crate::api::request::{Observed, Request, Verdict, Verify};
use crate::error::{ApiError, Error};
use crate::json::decode::Decode;

/// An emergency address to send: five required parts and two optional ones.
///
/// An address with a required part that is empty or blank is refused before anything is sent.
///
/// ```
/// use sinch_numbers::Address;
///
/// let address = Address::new("12345", "Main St", "Springfield", "IL", "62701").location("Apt 5");
/// # let _ = address;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[must_use]
pub struct Address {
    pub(super) street_number: String,
    pub(super) street_info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    pub(super) city: String,
    pub(super) state: String,
    pub(super) postal_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) postal_code_plus_four: Option<String>,
}

impl Address {
    /// Takes the required parts in the order of an address line: street number (`12345`), street (`Main St`), city
    /// (`Springfield`), state or province (`IL`), postal code (`62701`).
    pub fn new(
        street_number: impl Into<String>,
        street_info: impl Into<String>,
        city: impl Into<String>,
        state: impl Into<String>,
        postal_code: impl Into<String>,
    ) -> Self {
        Self {
            street_number: street_number.into(),
            street_info: street_info.into(),
            location: None,
            city: city.into(),
            state: state.into(),
            postal_code: postal_code.into(),
            postal_code_plus_four: None,
        }
    }

    /// Sets the place within the building: `Apt 5`.
    pub fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Sets the four digits that follow a US postal code: `1234`.
    pub fn postal_code_plus_four(mut self, digits: impl Into<String>) -> Self {
        self.postal_code_plus_four = Some(digits.into());
        self
    }
}

/// Converts an address of a response, such as a corrected one or a candidate, into one that can be sent.
///
/// A part that is missing stays empty, and sending the address is refused with an error that names it.
impl From<&EmergencyAddress> for Address {
    fn from(address: &EmergencyAddress) -> Self {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        Self {
            street_number: part(&address.street_number),
            street_info: part(&address.street_info),
            location: address.location.clone(),
            city: part(&address.city),
            state: part(&address.state),
            postal_code: part(&address.postal_code),
            postal_code_plus_four: address.postal_code_plus_four.clone(),
        }
    }
}

/// A display name and an address, to provision or to validate.
///
/// ```
/// use sinch_numbers::{Address, EmergencyAddressRequest};
///
/// let address = Address::new("12345", "Main St", "Springfield", "IL", "62701");
/// let request = EmergencyAddressRequest::new("Springfield office", address);
/// # let _ = request;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[must_use]
pub struct EmergencyAddressRequest {
    pub(super) display_name: String,
    pub(super) address: Address,
}

impl EmergencyAddressRequest {
    /// Takes the name that emergency services see, which must not be empty, and the address.
    pub fn new(display_name: impl Into<String>, address: impl Into<Address>) -> Self {
        Self { display_name: display_name.into(), address: address.into() }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let Self { display_name, address } = self;
        let required = [
            ("displayName", display_name),
            ("address.streetNumber", &address.street_number),
            ("address.streetInfo", &address.street_info),
            ("address.city", &address.city),
            ("address.state", &address.state),
            ("address.postalCode", &address.postal_code),
        ];
        let Some((field, _)) = required.iter().find(|(_, text)| text.trim().is_empty()) else {
            return Ok(());
        };
        let what = if *field == "displayName" { "a name" } else { "it" };
        Err(Error::invalid(*field, format!("is empty; an emergency address needs {what}")))
    }
}

/// Gets a number's emergency address (API: "Get the emergency address for a number").
pub(crate) fn get_emergency_address(number: &PhoneNumber) -> Request {
    Request::get("emergency_address_get").of_number(number, EMERGENCY_ADDRESS)
}

/// Puts an emergency address on a number (API: "Add a emergency address for a number").
pub(crate) fn provision_emergency_address(
    number: &PhoneNumber,
    address: &EmergencyAddressRequest,
) -> Result<Request, Error> {
    // Nothing proves it: the display name that was sent cannot be read back.
    let verify = verify_address(|| Verdict::NotProved);
    Request::post("emergency_address_provision", verify)
        .of_number(number, "/emergencyAddress:provision")
        .with_json(address.check(), address)
}

/// Removes a number's emergency address (API: "Remove the emergency address for a number").
pub(crate) fn deprovision_emergency_address(number: &PhoneNumber) -> Request {
    // Proved if the service knows the number, but no address of it.
    let phone_number = number.clone();
    let verify = verify_address(move || Verdict::AlsoRead(verify_number(&phone_number, |_| true)));
    let request = Request::post("emergency_address_deprovision", verify)
        .of_number(number, "/emergencyAddress:deprovision");
    Request { may_be_empty: true, ..request }
}

/// Validates an address (API: "Validate the emergency address for a number").
pub(crate) fn validate_emergency_address(
    number: &PhoneNumber,
    address: &EmergencyAddressRequest,
) -> Result<Request, Error> {
    Request::post_that_reads("emergency_address_validate")
        .of_number(number, "/emergencyAddress:validate")
        .with_json(address.check(), address)
}

const EMERGENCY_ADDRESS: &str = "/emergencyAddress";

/// Verifies a write by reading the address. `missing` gives the verdict if the number has no address.
fn verify_address(missing: impl Fn() -> Verdict + Send + Sync + 'static) -> Verify {
    Verify::new(EMERGENCY_ADDRESS, move |observed| match observed {
        Observed::Found(json) if is_address(json) => Verdict::NotProved,
        Observed::NotFound(error) if !names_the_number(error) => missing(),
        _ => Verdict::Irrelevant,
    })
}

fn is_address(json: &str) -> bool {
    EmergencyAddress::decode(json).is_ok_and(|address| address != EmergencyAddress::default())
}

/// Tells whether a 404 is about the number rather than its address.
pub(crate) fn names_the_number(error: &ApiError) -> bool {
    error.resource_types().any(|kind| kind == "ActiveNumber")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Effect;

    #[test]
    fn verdicts_of_read_backs() {
        let phone_number = PhoneNumber::try_from("+12025550134").unwrap();
        let house = Address::new("1", "Main St", "Springfield", "IL", "62701");
        let address = EmergencyAddressRequest::new("Office", house);
        let provision = provision_emergency_address(&phone_number, &address).unwrap();
        let deprovision = deprovision_emergency_address(&phone_number);
        // P proved, N not proved, - irrelevant, 2 a second read decides
        let verdict = |request: &Request, observed| {
            let Effect::Write(verify) = &request.effect else { panic!("a read") };
            assert_eq!(verify.path, "/emergencyAddress");
            match verify.check(&observed) {
                Verdict::Proved => 'P',
                Verdict::NotProved => 'N',
                Verdict::Irrelevant => '-',
                Verdict::AlsoRead(second) => {
                    assert_eq!(second.path, "");
                    let same = Observed::Found(r#"{"phoneNumber":"+12025550134"}"#);
                    assert!(matches!(second.check(&same), Verdict::Proved));
                    let other = Observed::Found(r#"{"phoneNumber":"+12025550135"}"#);
                    assert!(matches!(second.check(&other), Verdict::Irrelevant));
                    let gone = ApiError { http_status: 404, ..ApiError::default() };
                    assert!(matches!(second.check(&Observed::NotFound(&gone)), Verdict::NotProved));
                    '2'
                }
            }
        };
        let missing = |details: &[&str]| {
            let details = details.iter().map(|detail| (*detail).to_owned()).collect();
            ApiError { http_status: 404, code: Some(404), details, ..ApiError::default() }
        };
        let address_missing = missing(&[]);
        let other_details = missing(&[r#"{"resourceType":"EmergencyAddress"}"#, "5"]);
        let number_missing =
            missing(&["{}", r#"{"resourceType":"ActiveNumber","resourceName":"+1"}"#]);
        let asked = r#"{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}"#;
        let rows = [
            // Not even the address that was asked for: its display name cannot be read.
            (Observed::Found(asked), 'N', 'N'),
            (Observed::Found(r#"{"streetNumber":"2"}"#), 'N', 'N'),
            (Observed::Found("{}"), '-', '-'),
            (Observed::Found(r#"{"status":"maintenance"}"#), '-', '-'),
            (Observed::Found(r#"{"streetNumber":2}"#), '-', '-'),
            (Observed::NotFound(&address_missing), 'N', '2'),
            (Observed::NotFound(&other_details), 'N', '2'),
            (Observed::NotFound(&number_missing), '-', '-'),
        ];
        for (observed, provisioned, deprovisioned) in rows {
            assert_eq!(verdict(&provision, observed), provisioned, "{observed:?}");
            assert_eq!(verdict(&deprovision, observed), deprovisioned, "{observed:?}");
        }
    }
}
