//! The streets that the sandbox knows, and the matching of addresses with them.

use serde::Serialize;

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
    /// Makes the address of the specification's examples.
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

/// The result of looking up an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It is known as it was sent.
    Exact,
    /// It is known in this form.
    Near { corrected: Address, message: String },
    /// It is not known; these come closest.
    None { candidates: Vec<Address>, message: String },
}

/// Looks an address up.
///
/// The street decides: it may be written in any case and with its words in full ("Road" for "Rd",
/// "Northeast" for "NE"), but none of its words may be missing. Of city, state and postal code two
/// have to be right; the third is corrected.
pub(super) fn look_up(sent: &Address) -> Match {
    let street = street_key(&sent.street_info);
    let number = HouseNumber::parse(&sent.street_number);
    let best = STREETS
        .iter()
        .filter(|known| street_key(known.name) == street)
        .filter(|known| number.as_ref().is_some_and(|number| known.has(number)))
        .map(|known| (known, known.places_right(sent)))
        .filter(|(_, right)| *right >= 2)
        .max_by_key(|(_, right)| *right);
    match (best, number) {
        (Some((known, _)), Some(number)) => {
            let corrected = Address {
                location: tidy(&sent.location),
                postal_code_plus_four: plus_four(sent),
                ..known.address(number.text())
            };
            if corrected == *sent {
                return Match::Exact;
            }
            let mut message = "Corrected to valid address".to_owned();
            if key(&sent.street_info) != street {
                message.push_str("|Corrected address abbreviations");
            }
            if known.places_right_to_the_letter(sent) < 3 {
                message.push_str("|Changed address component");
            }
            Match::Near { corrected, message }
        }
        (_, number) => {
            let candidates = candidates(sent, number.as_ref());
            let message = if candidates.is_empty() {
                "Invalid address - no correction found|Address is Invalid"
            } else {
                "Invalid address - no correction found|Changed address component|Corrected address abbreviations|Address is Invalid"
            };
            Match::None { candidates, message: message.to_owned() }
        }
    }
}

/// Returns similar addresses: streets of the same name in the same place, or else other streets of that place.
fn candidates(sent: &Address, number: Option<&HouseNumber>) -> Vec<Address> {
    let near = || STREETS.iter().filter(|known| known.places_right(sent) >= 2);
    let sent_name = street_name(&sent.street_info);
    let same_name = near().filter(|known| street_name(known.name) == sent_name);
    let mut streets: Vec<_> = same_name.collect();
    if streets.is_empty() {
        streets = near().take(3).collect();
    }
    let number = number.map_or(0, |number| number.value);
    streets
        .into_iter()
        .map(|known| known.address(number.clamp(known.numbers.0, known.numbers.1).to_string()))
        .collect()
}

/// Returns one of the known addresses by its index: in Canada or in the US.
pub(super) fn some_address(at: usize, in_canada: bool) -> Address {
    let known: Vec<_> =
        STREETS.iter().filter(|known| ["ON", "QC"].contains(&known.state) == in_canada).collect();
    let street = known[at % known.len()];
    let (first, last) = street.numbers;
    let number = first + u32::try_from(at).unwrap_or(0) % (last - first + 1);
    street.address(number.to_string())
}

/// A known street, with its first and last house number.
#[derive(Debug)]
struct Street {
    numbers: (u32, u32),
    name: &'static str,
    city: &'static str,
    state: &'static str,
    postal_code: &'static str,
}

const fn street(
    numbers: (u32, u32),
    name: &'static str,
    city: &'static str,
    state: &'static str,
    postal_code: &'static str,
) -> Street {
    Street { numbers, name, city, state, postal_code }
}

/// All known streets, as the post offices write them.
const STREETS: [Street; 11] = [
    street((1, 99_999), "Main St", "Springfield", "IL", "62701"),
    street((1, 99_999), "Elm St", "Springfield", "IL", "62702"),
    street((1, 99_999), "Oak St", "Springfield", "IL", "62703"),
    street((3_000, 3_999), "Lenox Rd NE", "Atlanta", "GA", "30326"),
    street((1, 2_999), "Peachtree St NE", "Atlanta", "GA", "30308"),
    street((1600, 1600), "Pennsylvania Ave NW", "Washington", "DC", "20500"),
    street((1, 499), "W 34th St", "New York", "NY", "10001"),
    street((100, 2_499), "Market St", "San Francisco", "CA", "94103"),
    street((1, 1_999), "Congress Ave", "Austin", "TX", "78701"),
    street((1, 499), "Yonge St", "Toronto", "ON", "M5B 2H1"),
    street((1, 999), "Rue Sainte-Catherine O", "Montreal", "QC", "H3B 1A1"),
];

impl Street {
    fn has(&self, number: &HouseNumber) -> bool {
        (self.numbers.0..=self.numbers.1).contains(&number.value)
    }

    /// Counts how many of city, state and postal code are right, however written.
    fn places_right(&self, sent: &Address) -> usize {
        let right = [
            key(&sent.city) == key(self.city),
            state_code(&sent.state) == self.state,
            post_key(&sent.postal_code) == post_key(self.postal_code),
        ];
        right.into_iter().filter(|right| *right).count()
    }

    fn places_right_to_the_letter(&self, sent: &Address) -> usize {
        let right = [
            sent.city == self.city,
            sent.state == self.state,
            sent.postal_code == self.postal_code,
        ];
        right.into_iter().filter(|right| *right).count()
    }

    fn address(&self, street_number: String) -> Address {
        Address {
            street_number,
            street_info: self.name.to_owned(),
            city: self.city.to_owned(),
            state: self.state.to_owned(),
            postal_code: self.postal_code.to_owned(),
            ..Address::default()
        }
    }
}

/// A house number: digits, then perhaps a letter.
struct HouseNumber {
    value: u32,
    letter: Option<char>,
}

impl HouseNumber {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let mut letters = text[digits.len()..].trim().chars();
        let letter = letters.next().map(|letter| letter.to_ascii_uppercase());
        let number = Self { value: digits.trim_end().parse().ok()?, letter };
        (digits.starts_with(|first: char| first.is_ascii_digit()) && letters.next().is_none())
            .then_some(number)
    }

    fn text(&self) -> String {
        self.value.to_string() + &self.letter.map(String::from).unwrap_or_default()
    }
}

/// Normalizes a text for comparison: upper case, no dots and commas, one space between words.
fn key(text: &str) -> String {
    tidy(&text.replace(['.', ','], " ")).to_uppercase()
}

fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Normalizes a street: every word that has an abbreviation is abbreviated.
fn street_key(text: &str) -> String {
    let words = key(text);
    let words: Vec<_> = words.split(' ').map(abbreviation).collect();
    words.join(" ")
}

/// Returns the name of a street without its type and direction.
fn street_name(text: &str) -> String {
    let words = street_key(text);
    let is_name = |word: &&str| !ABBREVIATIONS.iter().any(|(_, short)| short == word);
    let words: Vec<_> = words.split(' ').filter(is_name).collect();
    words.join(" ")
}

fn abbreviation(word: &str) -> &str {
    ABBREVIATIONS.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short)
}

const ABBREVIATIONS: [(&str, &str); 19] = [
    ("AVENUE", "AVE"),
    ("BOULEVARD", "BLVD"),
    ("COURT", "CT"),
    ("DRIVE", "DR"),
    ("LANE", "LN"),
    ("PLACE", "PL"),
    ("ROAD", "RD"),
    ("SQUARE", "SQ"),
    ("STREET", "ST"),
    ("TERRACE", "TER"),
    ("NORTH", "N"),
    ("EAST", "E"),
    ("SOUTH", "S"),
    ("WEST", "W"),
    ("OUEST", "O"),
    ("NORTHEAST", "NE"),
    ("NORTHWEST", "NW"),
    ("SOUTHEAST", "SE"),
    ("SOUTHWEST", "SW"),
];

fn state_code(text: &str) -> String {
    const STATES: [(&str, &str); 9] = [
        ("CALIFORNIA", "CA"),
        ("DISTRICT OF COLUMBIA", "DC"),
        ("GEORGIA", "GA"),
        ("ILLINOIS", "IL"),
        ("NEW YORK", "NY"),
        ("ONTARIO", "ON"),
        ("QUEBEC", "QC"),
        ("QUÉBEC", "QC"),
        ("TEXAS", "TX"),
    ];
    let state = key(text);
    STATES.iter().find(|(long, _)| *long == state).map_or(state, |(_, code)| (*code).to_owned())
}

/// Normalizes a postal code: no spaces, and nothing from a dash on.
fn post_key(text: &str) -> String {
    let code = text.split('-').next().unwrap_or_default();
    code.split_whitespace().collect::<String>().to_uppercase()
}

/// Returns the four digits after the postal code, from either field; empty if they are not four digits.
fn plus_four(sent: &Address) -> String {
    let behind_dash = sent.postal_code.split_once('-').map_or("", |(_, digits)| digits);
    [sent.postal_code_plus_four.trim(), behind_dash.trim()]
        .into_iter()
        .find(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, street, location, city, state, postal code and its four digits.
    fn address(parts: &str) -> Address {
        let parts: Vec<_> = parts.split('|').map(str::to_owned).collect();
        let [street_number, street_info, location, city, state, postal_code, postal_code_plus_four] =
            <[String; 7]>::try_from(parts).unwrap();
        Address {
            street_number,
            street_info,
            location,
            city,
            state,
            postal_code,
            postal_code_plus_four,
        }
    }

    #[test]
    fn every_known_street_is_known_as_it_is_written() {
        for known in &STREETS {
            for number in [known.numbers.0, known.numbers.1] {
                assert_eq!(look_up(&known.address(number.to_string())), Match::Exact, "{known:?}");
            }
        }
        assert_eq!(look_up(&Address::springfield()), Match::Exact);
        assert_eq!(look_up(&address("12A|Elm St|2nd floor|Springfield|IL|62702|")), Match::Exact);
    }

    #[test]
    fn a_near_match_is_corrected() {
        const WORDS: &str = "Corrected to valid address|Corrected address abbreviations";
        const PLACE: &str = "Corrected to valid address|Changed address component";
        const CASE: &str = "Corrected to valid address";
        for (sent, expected, message) in [
            ("3500|Lenox Road NE||Atlanta|GA|30326|", "3500|Lenox Rd NE||Atlanta|GA|30326|", WORDS),
            (
                " 3500 |lenox road northeast||Atlanta|GA|30326|",
                "3500|Lenox Rd NE||Atlanta|GA|30326|",
                WORDS,
            ),
            (
                "12345|MAIN ST.| Apt  5|Springfield|IL|62701|1234",
                "12345|Main St|Apt 5|Springfield|IL|62701|1234",
                CASE,
            ),
            (
                "012b|Main St||Springfield|IL|62701|12345",
                "12B|Main St||Springfield|IL|62701|",
                CASE,
            ),
            (
                "12345|Main St||springfield|Illinois|62701|",
                "12345|Main St||Springfield|IL|62701|",
                PLACE,
            ),
            ("12345|Main St||Springfield|IL|62709|", "12345|Main St||Springfield|IL|62701|", PLACE),
            (
                "12345|Main St||Springfeild|IL|62701-1234|",
                "12345|Main St||Springfield|IL|62701|1234",
                PLACE,
            ),
            (
                "20|Yonge Street||Toronto|Ontario|m5b2h1|",
                "20|Yonge St||Toronto|ON|M5B 2H1|",
                "Corrected to valid address|Corrected address abbreviations|Changed address component",
            ),
        ] {
            let Match::Near { corrected, message: said } = look_up(&address(sent)) else {
                panic!("{sent}");
            };
            assert_eq!(corrected, address(expected));
            assert_eq!(said, message, "{sent}");
            // A corrected address is an exact match.
            assert_eq!(look_up(&corrected), Match::Exact);
        }
    }

    #[test]
    fn no_match_names_what_comes_closest() {
        for (sent, expected) in [
            // The direction is missing: it could be another street.
            ("3500|Lenox Road||Atlanta|GA|30326|", &["3500|Lenox Rd NE||Atlanta|GA|30326|"][..]),
            ("9000|Lenox Rd NE||Atlanta|GA|30326|", &["3999|Lenox Rd NE||Atlanta|GA|30326|"]),
            ("x|Lenox Rd NE||Atlanta|GA|30326|", &["3000|Lenox Rd NE||Atlanta|GA|30326|"]),
            (
                "67890|Maple St||Springfield|IL|62702|",
                &[
                    "67890|Main St||Springfield|IL|62701|",
                    "67890|Elm St||Springfield|IL|62702|",
                    "67890|Oak St||Springfield|IL|62703|",
                ],
            ),
            ("1|Main St||Springfield|OR|97477|", &[]),
            ("1|Nowhere||Atlantis|XY|00000|", &[]),
        ] {
            let Match::None { candidates, message } = look_up(&address(sent)) else {
                panic!("{sent}");
            };
            let expected: Vec<_> = expected.iter().map(|parts| address(parts)).collect();
            assert_eq!(candidates, expected, "{sent}");
            assert_eq!(message.contains("Changed address component"), !candidates.is_empty());
        }
    }
}
