//! The operations on emergency addresses: get, provision, deprovision, validate.

use serde::Serialize;

use crate::api::models::{AddressValidation, EmergencyAddress};
use crate::api::phone_number::PhoneNumber;
use crate::api::request::{Asked, Effect, Found, Method, Operation, Request, Verdict, read};
use crate::error::Error;
use crate::json::cursor::Misfit;
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

    pub(crate) fn street_number(&self) -> &str {
        &self.street_number
    }

    pub(crate) fn street_info(&self) -> &str {
        &self.street_info
    }

    pub(crate) fn city(&self) -> &str {
        &self.city
    }

    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    pub(crate) fn postal_code(&self) -> &str {
        &self.postal_code
    }

    pub(crate) fn asked_location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    pub(crate) fn asked_plus_four(&self) -> Option<&str> {
        self.postal_code_plus_four.as_deref()
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

    pub(crate) fn address(&self) -> &Address {
        &self.address
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
        Request::new(Self::NAME, Method::Post, Effect::Write)
            .of_number(&self.phone_number, "/emergencyAddress:provision")
            .bringing_about(to_be_provisioned(self.address.clone()))
            .with_json(self.address)
    }
}

/// Remove a number's emergency address (API: "Remove the emergency address for a number").
#[derive(Debug)]
pub(crate) struct DeprovisionEmergencyAddress {
    pub(crate) phone_number: PhoneNumber,
}

/// The answer to deprovisioning: nothing, whatever object it comes in.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Decode for Nothing {
    fn decode(_document: &str) -> Result<Self, Misfit> {
        Ok(Self)
    }
}

impl Operation for DeprovisionEmergencyAddress {
    type Output = Nothing;
    const NAME: &'static str = "emergency_address_deprovision";

    fn request(&self) -> Result<Request, Error> {
        let mut request = Request::new(Self::NAME, Method::Post, Effect::Write)
            .of_number(&self.phone_number, "/emergencyAddress:deprovision")
            .bringing_about(to_be_deprovisioned());
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

/// Where a number's emergency address is read.
const PLACE: &str = "/emergencyAddress";

fn to_be_provisioned(request: EmergencyAddressRequest) -> Asked {
    Asked::new(PLACE, move |found| match found {
        Found::Json(json) => {
            read(json).map_or(Verdict::Unclear, |found| judge_address(request.address(), &found))
        }
        Found::Nothing => Verdict::NotApplied,
    })
}

fn to_be_deprovisioned() -> Asked {
    Asked::new(PLACE, |found| match found {
        Found::Nothing => Verdict::Applied,
        Found::Json(json) => match read::<EmergencyAddress>(json) {
            Some(address) if address != EmergencyAddress::default() => Verdict::NotApplied,
            _ => Verdict::Unclear,
        },
    })
}

/// Case, spaces and the service's own corrections apart.
fn judge_address(asked: &Address, found: &EmergencyAddress) -> Verdict {
    let found = Address::from(found);
    let same = |part: fn(&Address) -> &str| plain(part(asked)) == plain(part(&found));
    let number = same(Address::street_number);
    let code = same(Address::postal_code);
    // Another flat of the same house is another address. What was not asked for, the service may have added.
    let detail = |asked: Option<&str>, found: Option<&str>| {
        asked.is_none_or(|asked| plain(asked) == plain(found.unwrap_or("")))
    };
    let rest = same(Address::street_info)
        && same(Address::city)
        && same(Address::state)
        && detail(asked.asked_location(), found.asked_location())
        && detail(asked.asked_plus_four(), found.asked_plus_four());
    match (number, code, rest) {
        (true, true, true) => Verdict::Applied,
        // Another house: what was there before.
        (false, _, _) => Verdict::NotApplied,
        // The same house number with another spelling of the rest: corrected, or not yet replaced.
        _ => Verdict::Unclear,
    }
}

/// A part of an address in the form in which two spellings of the same place are equal.
fn plain(part: &str) -> String {
    const SHORT: [(&str, &str); 20] = [
        ("street", "st"),
        ("road", "rd"),
        ("avenue", "ave"),
        ("boulevard", "blvd"),
        ("drive", "dr"),
        ("lane", "ln"),
        ("court", "ct"),
        ("place", "pl"),
        ("square", "sq"),
        ("terrace", "ter"),
        ("parkway", "pkwy"),
        ("highway", "hwy"),
        ("north", "n"),
        ("south", "s"),
        ("east", "e"),
        ("west", "w"),
        ("northeast", "ne"),
        ("northwest", "nw"),
        ("southeast", "se"),
        ("southwest", "sw"),
    ];
    let words = part.split(|c: char| c.is_whitespace() || c == '.' || c == ',');
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase).map(|word| {
        SHORT.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| (*short).to_owned())
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        use Verdict::{Applied, NotApplied, Unclear};
        let address = Address::new("3500", "Lenox Road NE", "Atlanta", "GA", "30326");
        let provision = to_be_provisioned(EmergencyAddressRequest::new("Office", address));
        let deprovision = to_be_deprovisioned();
        let reads = |number: &str, street: &str, city: &str, code: &str| {
            format!(
                r#"{{"streetNumber":"{number}","streetInfo":"{street}","city":"{city}","state":"GA","postalCode":"{code}"}}"#
            )
        };
        let rows: Vec<(&Asked, Option<String>, Verdict)> = vec![
            (&provision, Some(reads("3500", "Lenox Road NE", "Atlanta", "30326")), Applied),
            (&provision, Some(reads("3500", " LENOX  rd. NE ", "ATLANTA", "30326")), Applied),
            (&provision, Some(reads("3500", "Lenox Rd Northeast", "Atlanta", "30326")), Applied),
            (&provision, Some(reads("3500", "Peachtree Rd", "Atlanta", "30326")), Unclear),
            (&provision, Some(reads("3500", "Lenox Rd NE", "Atlanta", "30327")), Unclear),
            (&provision, Some(reads("12345", "Main St", "Springfield", "62701")), NotApplied),
            (&provision, None, NotApplied),
            (&deprovision, None, Applied),
            (&deprovision, Some(reads("1", "Main St", "X", "1")), NotApplied),
            (&deprovision, Some("{}".into()), Unclear),
        ];
        for (asked, json, expected) in rows {
            let found = json.as_deref().map_or(Found::Nothing, Found::Json);
            assert_eq!(asked.judge(found), expected, "{asked:?} {json:?}");
        }
    }

    #[test]
    fn other_flats_are_unclear() {
        use Verdict::{Applied, Unclear};
        let asked = |address| to_be_provisioned(EmergencyAddressRequest::new("Office", address));
        let house = Address::new("1", "Main St", "Springfield", "IL", "62701");
        let flat = asked(house.clone().location("Apt 9"));
        let exact = asked(house.clone().postal_code_plus_four("1234"));
        let reads = |more: &str| {
            format!(
                r#"{{"streetNumber":"1","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"{more}}}"#
            )
        };
        let rows = [
            (&flat, reads(""), Unclear),
            (&flat, reads(r#","location":"Apt 5""#), Unclear),
            (&flat, reads(r#","location":"apt 9""#), Applied),
            (&exact, reads(r#","postalCodePlusFour":"4321""#), Unclear),
            (&exact, reads(r#","postalCodePlusFour":"1234""#), Applied),
        ];
        for (asked, json, expected) in rows {
            assert_eq!(asked.judge(Found::Json(&json)), expected, "{asked:?} {json}");
        }
        let more = reads(r#","location":"","postalCodePlusFour":"1234""#);
        assert_eq!(asked(house).judge(Found::Json(&more)), Applied);
    }
}
