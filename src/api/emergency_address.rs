//! The operations on emergency addresses: get, provision, deprovision, validate.

use serde::Serialize;

use crate::api::models::ActiveNumber;
use crate::api::models::{AddressValidation, EmergencyAddress};
use crate::api::numbers::verify_number;
use crate::api::phone_number::PhoneNumber;
use crate::api::request::{Effect, Method, Observed, Operation, Request, Verdict, Verify};
use crate::error::{ApiError, Error};
use crate::json;
use crate::json::cursor::{DecodeError, Rest};
use crate::json::decode::Decode;

/// An emergency address as it is sent: the five parts that the API requires, and two that it knows.
///
/// A required part that is empty or blank is refused before anything is sent.
///
/// ```
/// use sinch_numbers::Address;
///
/// let address = Address::new("12345", "Main St", "Springfield", "IL", "62701").location("Apt 5");
/// # let _ = address;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Address {
    street_number: String,
    street_info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    city: String,
    state: String,
    postal_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code_plus_four: Option<String>,
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

    fn check(&self) -> Result<(), Error> {
        let required = [
            ("address.streetNumber", &self.street_number),
            ("address.streetInfo", &self.street_info),
            ("address.city", &self.city),
            ("address.state", &self.state),
            ("address.postalCode", &self.postal_code),
        ];
        match required.iter().find(|(_, part)| part.trim().is_empty()) {
            Some((field, _)) => {
                Err(Error::invalid(*field, "is empty; an emergency address needs it"))
            }
            None => Ok(()),
        }
    }
}

/// Turns an address that the service said, a corrected one or a candidate, into one that can be sent.
///
/// A part that is missing stays empty, and sending the address is refused with an error that names it.
impl From<&EmergencyAddress> for Address {
    fn from(said: &EmergencyAddress) -> Self {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        Self {
            street_number: part(&said.street_number),
            street_info: part(&said.street_info),
            location: said.location.clone(),
            city: part(&said.city),
            state: part(&said.state),
            postal_code: part(&said.postal_code),
            postal_code_plus_four: said.postal_code_plus_four.clone(),
        }
    }
}

/// What provisioning and validating an emergency address take: a name and the address.
///
/// ```
/// use sinch_numbers::{Address, EmergencyAddressRequest};
///
/// let address = Address::new("12345", "Main St", "Springfield", "IL", "62701");
/// let request = EmergencyAddressRequest::new("Springfield office", address);
/// # let _ = request;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct EmergencyAddressRequest {
    display_name: String,
    address: Address,
}

impl EmergencyAddressRequest {
    /// Takes the name that emergency services see, which must not be empty, and the address.
    pub fn new(display_name: impl Into<String>, address: impl Into<Address>) -> Self {
        Self { display_name: display_name.into(), address: address.into() }
    }

    fn check(&self) -> Result<(), Error> {
        if self.display_name.trim().is_empty() {
            return Err(Error::invalid(
                "displayName",
                "is empty; an emergency address needs a name",
            ));
        }
        self.address.check()
    }
}

/// Get a number's emergency address (API: "Get the emergency address for a number").
#[derive(Debug)]
pub(crate) struct GetEmergencyAddress {
    pub(crate) phone_number: PhoneNumber,
}

impl Operation for GetEmergencyAddress {
    type Output = EmergencyAddress;
    const NAME: &'static str = "emergency_address_get";

    fn request(&self) -> Result<Request, Error> {
        Ok(Request::new(Self::NAME, Method::Get, Effect::Read)
            .of_number(&self.phone_number, "/emergencyAddress"))
    }
}

/// Put an emergency address on a number (API: "Add a emergency address for a number").
#[derive(Debug)]
pub(crate) struct ProvisionEmergencyAddress<'a> {
    pub(crate) phone_number: PhoneNumber,
    pub(crate) address: &'a EmergencyAddressRequest,
}

impl Operation for ProvisionEmergencyAddress<'_> {
    type Output = EmergencyAddress;
    const NAME: &'static str = "emergency_address_provision";

    fn request(&self) -> Result<Request, Error> {
        self.address.check()?;
        Request::new(Self::NAME, Method::Post, Effect::Write(verify_provisioned()))
            .of_number(&self.phone_number, "/emergencyAddress:provision")
            .with_json(self.address)
    }
}

/// Remove a number's emergency address (API: "Remove the emergency address for a number").
#[derive(Debug)]
pub(crate) struct DeprovisionEmergencyAddress {
    pub(crate) phone_number: PhoneNumber,
}

/// The response to deprovisioning: any object, which is ignored.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl Decode for Nothing {
    fn read<'a>(&mut self, document: &'a str, _error: &mut DecodeError) -> Rest<'a> {
        Some(document)
    }

    fn is_nothing(&self) -> bool {
        true
    }
}

impl Operation for DeprovisionEmergencyAddress {
    type Output = Nothing;
    const NAME: &'static str = "emergency_address_deprovision";

    fn request(&self) -> Result<Request, Error> {
        let verify = verify_deprovisioned(&self.phone_number);
        let mut request = Request::new(Self::NAME, Method::Post, Effect::Write(verify))
            .of_number(&self.phone_number, "/emergencyAddress:deprovision");
        request.may_be_empty = true;
        Ok(request)
    }
}

/// Ask what the service makes of an address (API: "Validate the emergency address for a number").
#[derive(Debug)]
pub(crate) struct ValidateEmergencyAddress<'a> {
    pub(crate) phone_number: PhoneNumber,
    pub(crate) address: &'a EmergencyAddressRequest,
}

impl Operation for ValidateEmergencyAddress<'_> {
    type Output = AddressValidation;
    const NAME: &'static str = "emergency_address_validate";

    fn request(&self) -> Result<Request, Error> {
        self.address.check()?;
        // A POST that changes nothing: it is repeated like a read.
        Request::new(Self::NAME, Method::Post, Effect::Read)
            .of_number(&self.phone_number, "/emergencyAddress:validate")
            .with_json(self.address)
    }
}

const EMERGENCY_ADDRESS: &str = "/emergencyAddress";

/// Verifies provisioning, which nothing that can be read proves: the display name that was sent cannot be read back. The
/// address as it stands is for the caller.
fn verify_provisioned() -> Verify {
    Verify::new(EMERGENCY_ADDRESS, |observed| match observed {
        Observed::Found(json) if is_address(json) => Verdict::NotProved,
        Observed::NotFound(error) if !names_the_number(error) => Verdict::NotProved,
        _ => Verdict::Irrelevant,
    })
}

/// Verifies deprovisioning: the service knows no address of the number, and it knows the number.
fn verify_deprovisioned(phone_number: &PhoneNumber) -> Verify {
    let phone_number = phone_number.clone();
    Verify::new(EMERGENCY_ADDRESS, move |observed| match observed {
        Observed::Found(json) if is_address(json) => Verdict::NotProved,
        Observed::NotFound(error) if !names_the_number(error) => {
            Verdict::AlsoRead(verify_number(&phone_number, |_: &ActiveNumber| true))
        }
        _ => Verdict::Irrelevant,
    })
}

fn is_address(json: &str) -> bool {
    EmergencyAddress::decode(json).is_ok_and(|address| address != EmergencyAddress::default())
}

/// Tells whether a 404 says that the number is missing, rather than its address.
fn names_the_number(error: &ApiError) -> bool {
    error.details.iter().any(|detail| {
        let kind = json::value_at(detail, "/resourceType").and_then(json::text_of);
        kind.as_deref() == Some("ActiveNumber")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_read_says_about_a_write() {
        let phone_number = PhoneNumber::try_from("+12025550134").unwrap();
        let house = Address::new("1", "Main St", "Springfield", "IL", "62701");
        let address = EmergencyAddressRequest::new("Office", house);
        let provision =
            ProvisionEmergencyAddress { phone_number: phone_number.clone(), address: &address };
        let deprovision = DeprovisionEmergencyAddress { phone_number };
        // P proved, N not proved, - nothing, 2 a second read decides
        let verdict = |request: Result<Request, Error>, observed| {
            let Effect::Write(verify) = request.unwrap().effect else { panic!("a read") };
            assert_eq!(verify.path, "/emergencyAddress");
            match verify.judge(&observed) {
                Verdict::Proved => 'P',
                Verdict::NotProved => 'N',
                Verdict::Irrelevant => '-',
                Verdict::AlsoRead(second) => {
                    assert_eq!(second.path, "");
                    let same = Observed::Found(r#"{"phoneNumber":"+12025550134"}"#);
                    assert!(matches!(second.judge(&same), Verdict::Proved));
                    let other = Observed::Found(r#"{"phoneNumber":"+12025550135"}"#);
                    assert!(matches!(second.judge(&other), Verdict::Irrelevant));
                    let gone = ApiError { http_status: 404, ..ApiError::default() };
                    assert!(matches!(second.judge(&Observed::NotFound(&gone)), Verdict::NotProved));
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
            assert_eq!(verdict(provision.request(), observed), provisioned, "{observed:?}");
            assert_eq!(verdict(deprovision.request(), observed), deprovisioned, "{observed:?}");
        }
    }
}
