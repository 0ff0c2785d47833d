//! Ensuring an emergency address: the wanted address, and which corrections of the service are accepted.

use std::time::Duration;

use crate::api::emergency_address::{Address, EmergencyAddressRequest};
use crate::api::enums::ValidationResult;
use crate::api::models::{AddressValidation, EmergencyAddress};
use crate::api::relink::check_timeout;
use crate::error::Error;

/// The emergency address that [`Client::ensure_emergency_address`](crate::Client::ensure_emergency_address) puts on a number,
/// and what it may do for that.
///
/// ```
/// use sinch_numbers::{Address, EmergencyAddressRequest, EnsureEmergencyAddress};
///
/// let address = Address::new("12345", "Main Street", "Springfield", "IL", "62701");
/// let wanted = EnsureEmergencyAddress::new(EmergencyAddressRequest::new("Office", address)).accept_corrected();
/// # let _ = wanted;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct EnsureEmergencyAddress {
    pub(crate) request: EmergencyAddressRequest,
    accept_corrected: bool,
    pub(crate) force: bool,
    pub(crate) timeout: Duration,
}

impl EnsureEmergencyAddress {
    /// Takes the display name and the address.
    pub fn new(request: EmergencyAddressRequest) -> Self {
        let timeout = Duration::from_secs(60);
        Self { request, accept_corrected: false, force: false, timeout }
    }

    /// Accepts a correction by the service as well: of the spelling of the street, the city, the postal code and its four
    /// more digits. Default: only an exact match is accepted.
    pub fn accept_corrected(mut self) -> Self {
        self.accept_corrected = true;
        self
    }

    /// Provisions also if the number has the address already: its display name cannot be read. Default: no.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    /// Sets the deadline of the whole operation. Default: 60 s; range: 1 ms to 24 h.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Tells whether an address on file is the wanted one: case and spaces apart, and without the display name, which cannot be
    /// read.
    pub fn is_met_by(&self, found: &EmergencyAddress) -> bool {
        self.request.is_same_as(found)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.request.check()?;
        check_timeout(self.timeout)
    }

    /// Returns the address to provision after a validation; `None` if the result is not accepted.
    pub(crate) fn accepted(
        &self,
        validation: &AddressValidation,
    ) -> Option<EmergencyAddressRequest> {
        let EmergencyAddressRequest { display_name, address } = &self.request;
        match validation.validation_result.as_ref()? {
            ValidationResult::ExactMatch => Some(self.request.clone()),
            ValidationResult::NearMatch if self.accept_corrected => {
                let corrected = validation.corrected_address.as_ref()?;
                let corrected = EmergencyAddressRequest::new(display_name, corrected);
                corrected.check().ok()?;
                is_correction(address, &corrected.address).then_some(corrected)
            }
            _ => None,
        }
    }
}

impl EmergencyAddressRequest {
    /// Tells whether an address of the service is the one in the request: its five required parts and the location, case and
    /// spaces apart, and the four digits after the postal code if the request has them.
    pub(crate) fn is_same_as(&self, found: &EmergencyAddress) -> bool {
        let (wanted, found) = (&self.address, Address::from(found));
        let digits = wanted.postal_code_plus_four.as_deref().unwrap_or_default();
        same(&wanted.street_number, &found.street_number)
            && same(&wanted.street_info, &found.street_info)
            && same_location(wanted, &found)
            && same(&wanted.city, &found.city)
            && same(&wanted.state, &found.state)
            && same(&wanted.postal_code, &found.postal_code)
            && (digits.is_empty()
                || same(digits, found.postal_code_plus_four.as_deref().unwrap_or_default()))
    }
}

/// Tells whether a corrected address is the same place: same street number, state and location, and at most another spelling
/// of the street.
fn is_correction(meant: &Address, corrected: &Address) -> bool {
    same(&meant.street_number, &corrected.street_number)
        && same_location(meant, corrected)
        && same(&meant.state, &corrected.state)
        && same_street(&meant.street_info, &corrected.street_info)
}

fn same_location(a: &Address, b: &Address) -> bool {
    same(a.location.as_deref().unwrap_or_default(), b.location.as_deref().unwrap_or_default())
}

/// Compares texts, case and spaces apart.
fn same(a: &str, b: &str) -> bool {
    letters(a) == letters(b)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Tells whether two streets differ in spelling alone: the same words in the same order, each abbreviated, spelled out, or with
/// a typing error.
fn same_street(a: &str, b: &str) -> bool {
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').map(letters);
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    let (a_words, b_words) = (words(a), words(b));
    same(a, b)
        || a_words.len() == b_words.len()
            && a_words.iter().zip(&b_words).all(|(a, b)| same_word(a, b))
}

fn same_word(a: &[char], b: &[char]) -> bool {
    // Another number (33rd, 34th) or another direction is another street.
    let digits = |word: &[char]| -> String { word.iter().filter(|c| c.is_numeric()).collect() };
    if direction(a).is_some() || direction(b).is_some() {
        return direction(a) == direction(b);
    }
    a.first() == b.first()
        && digits(a) == digits(b)
        && (abbreviates(a, b)
            || abbreviates(b, a)
            || typing_errors(a, b) <= a.len().max(b.len()) / 5)
}

/// Returns the index of a direction, abbreviated or not.
fn direction(word: &[char]) -> Option<usize> {
    const DIRECTIONS: [(&str, &str); 8] = [
        ("n", "north"),
        ("ne", "northeast"),
        ("e", "east"),
        ("se", "southeast"),
        ("s", "south"),
        ("sw", "southwest"),
        ("w", "west"),
        ("nw", "northwest"),
    ];
    let word: String = word.iter().collect();
    DIRECTIONS.iter().position(|(short, long)| word == *short || word == *long)
}

/// Tells whether a word is made of two letters or more of another one, in their order: `blvd` and `boulevard`.
fn abbreviates(short: &[char], long: &[char]) -> bool {
    let mut rest = long.iter();
    short.len() > 1 && short.iter().all(|letter| rest.any(|other| other == letter))
}

/// Counts the letters that are missing, added or replaced.
fn typing_errors(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::decode::Decode;

    #[test]
    fn streets_differ_in_spelling_alone() {
        let rows = [
            ("Main St", "MAIN  ST", true),
            ("Main Street", "Main St", true),
            ("Lenox Road Northeast", "Lenox Rd NE", true),
            ("Lenox Rd NE", "Lennox Rd NE", true),
            ("Market Boulevard", "Market Blvd.", true),
            ("O'Farrell St", "OFarrell St", true),
            ("West 34th Street", "W 34th St", true),
            ("Main", "Main", true),
            ("Main St", "Elm St", false),
            ("Pine St", "Pike St", false),
            ("Pine St", "Vine St", false),
            ("N Main St", "S Main St", false),
            ("N Main St", "NW Main St", false),
            ("E St", "Elm St", false),
            ("W 34th St", "W 33rd St", false),
            ("34th St", "134th St", false),
            ("Main St", "N Main St", false),
            ("Main St", "Main St NE", false),
            ("Main Ave", "Main St", false),
            ("", "Main St", false),
        ];
        for (a, b, same) in rows {
            assert_eq!((same_street(a, b), same_street(b, a)), (same, same), "{a} {b}");
        }
    }

    fn found(changes: &[(&str, &str)]) -> EmergencyAddress {
        let mut json = serde_json::json!({"streetNumber": "1", "streetInfo": "Main St", "location": "Apt 5",
            "city": "Springfield", "state": "IL", "postalCode": "62701", "postalCodePlusFour": "1234"});
        for (key, value) in changes {
            json[key] = (*value).into();
        }
        EmergencyAddress::decode(&json.to_string()).unwrap()
    }

    fn request() -> EmergencyAddressRequest {
        let address = Address::new("1", "Main St", "Springfield", "IL", "62701").location("Apt 5");
        EmergencyAddressRequest::new("Desk", address)
    }

    #[test]
    fn an_address_is_the_same_if_its_parts_are() {
        let rows: [(&[(&str, &str)], bool); 12] = [
            (&[], true),
            (&[("streetInfo", "MAIN ST"), ("city", " spring field"), ("location", "apt5")], true),
            (&[("postalCodePlusFour", "9999")], true),
            (&[("postalCodePlusFour", "")], true),
            (&[("streetNumber", "2")], false),
            (&[("streetInfo", "Main Street")], false),
            (&[("city", "Salem")], false),
            (&[("state", "MA")], false),
            (&[("postalCode", "62702")], false),
            (&[("location", "")], false),
            (&[("location", "Apt 6")], false),
            (&[("streetInfo", "")], false),
        ];
        for (changes, same) in rows {
            assert_eq!(request().is_same_as(&found(changes)), same, "{changes:?}");
        }
        let mut exact = request();
        exact.address = exact.address.postal_code_plus_four("1234");
        assert!(exact.is_same_as(&found(&[])));
        assert!(!exact.is_same_as(&found(&[("postalCodePlusFour", "9999")])));
        let mut plain = request();
        plain.address.location = None;
        assert!(plain.is_same_as(&found(&[("location", " ")])));
        assert!(!plain.is_same_as(&found(&[])));
    }

    #[test]
    fn only_an_exact_match_or_a_small_correction_is_accepted() {
        type Row = (&'static str, &'static [(&'static str, &'static str)], [bool; 2]);
        let validation = |result: &str, changes: &[(&str, &str)]| AddressValidation {
            validation_result: Some(result.into()),
            corrected_address: Some(found(changes)),
            ..AddressValidation::default()
        };
        let rows: [Row; 17] = [
            ("EXACT_MATCH", &[("city", "Salem")], [true, true]),
            ("NEAR_MATCH", &[], [false, true]),
            ("NEAR_MATCH", &[("streetInfo", "Main Street")], [false, true]),
            ("NEAR_MATCH", &[("city", "Salem"), ("postalCode", "62999")], [false, true]),
            ("NEAR_MATCH", &[("postalCodePlusFour", "")], [false, true]),
            ("NEAR_MATCH", &[("streetNumber", "2")], [false; 2]),
            ("NEAR_MATCH", &[("streetInfo", "Elm St")], [false; 2]),
            ("NEAR_MATCH", &[("state", "MA")], [false; 2]),
            ("NEAR_MATCH", &[("location", "")], [false; 2]),
            ("NEAR_MATCH", &[("location", "Apt 6")], [false; 2]),
            ("NEAR_MATCH", &[("city", "")], [false; 2]),
            ("NEAR_MATCH", &[("postalCode", "")], [false; 2]),
            ("NEAR_MATCH", &[("streetNumber", "")], [false; 2]),
            ("NO_MATCH", &[], [false; 2]),
            ("ADDRESS_VALIDATION_RESULT_CODE_UNSPECIFIED", &[], [false; 2]),
            ("NEW_RESULT", &[], [false; 2]),
            ("", &[], [false; 2]),
        ];
        for (result, changes, accepted) in rows {
            let exact = EnsureEmergencyAddress::new(request());
            let corrects = exact.clone().accept_corrected();
            let validation = validation(result, changes);
            let sent = [exact, corrects].map(|wanted| wanted.accepted(&validation));
            assert_eq!(sent.each_ref().map(Option::is_some), accepted, "{result} {changes:?}");
            if let ("EXACT_MATCH", [Some(sent), _]) = (result, &sent) {
                assert_eq!(*sent, request(), "the caller's own address");
            }
        }
        assert!(
            EnsureEmergencyAddress::new(request())
                .accepted(&AddressValidation::default())
                .is_none()
        );
    }
}
