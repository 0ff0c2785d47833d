//! Phone numbers in requests.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A phone number in E.164 form: `+`, then 2 to 15 digits of which the first is not 0.
///
/// Every method that takes a phone number takes a `&str` too, and checks it before anything is sent. Responses keep the text
/// of the service and do not use this type.
///
/// ```
/// use sinch_numbers::PhoneNumber;
///
/// let number: PhoneNumber = "+12025550134".parse()?;
/// assert_eq!(number.as_str(), "+12025550134");
/// assert!("2025550134".parse::<PhoneNumber>().is_err());
/// # Ok::<(), sinch_numbers::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Returns the number with its leading plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns what is wrong with a phone number, as a message for people; `None` if it is valid.
fn problem(text: &str) -> Option<String> {
    let shown = || text.chars().take(32).collect::<String>();
    let Some(digits) = text.strip_prefix('+') else {
        return Some(match text {
            "" => "is empty; E.164 is wanted, as in +12025550134".to_owned(),
            _ => format!("{:?} has no leading +; E.164 is wanted, as in +12025550134", shown()),
        });
    };
    if let Some(other) = digits.chars().find(|c| !c.is_ascii_digit()) {
        return Some(format!("{:?} holds {other:?}; after the + only digits are wanted", shown()));
    }
    if digits.starts_with('0') {
        return Some(format!("{:?} begins with 0; a country code does not", shown()));
    }
    if !(2..=15).contains(&digits.len()) {
        return Some(format!("{:?} has {} digits; E.164 has 2 to 15", shown(), digits.len()));
    }
    None
}

impl TryFrom<String> for PhoneNumber {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        match problem(&text) {
            None => Ok(Self(text)),
            Some(problem) => Err(Error::invalid("phoneNumber", problem)),
        }
    }
}

impl TryFrom<&str> for PhoneNumber {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.to_owned().try_into()
    }
}

impl TryFrom<&String> for PhoneNumber {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        text.clone().try_into()
    }
}

impl FromStr for PhoneNumber {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.try_into()
    }
}

impl From<&PhoneNumber> for PhoneNumber {
    fn from(number: &PhoneNumber) -> Self {
        number.clone()
    }
}

impl AsRef<str> for PhoneNumber {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_e164_and_nothing_else() {
        for good in ["+12", "+12025550134", "+447700900123", "+46701740605", "+999999999999999"] {
            assert_eq!(good.parse::<PhoneNumber>().unwrap().as_str(), good);
        }
        let rows = [
            ("", "is empty"),
            ("12025550134", "no leading +"),
            ("0012025550134", "no leading +"),
            (" +12025550134", "no leading +"),
            ("+12025550134 ", "holds ' '"),
            ("+1 202 555 0134", "holds ' '"),
            ("+1-202-555-0134", "holds '-'"),
            ("+1202555013x", "holds 'x'"),
            ("+12025550134:release", "holds ':'"),
            ("+12025550134/emergencyAddress", "holds '/'"),
            ("+1202\r\nHost: x", "holds '\\r'"),
            ("+1202\0", "holds '\\0'"),
            ("+１２０２", "holds '１'"),
            ("%2B12025550134", "no leading +"),
            ("+", "0 digits"),
            ("+1", "1 digits"),
            ("+02025550134", "begins with 0"),
            ("+1234567890123456", "16 digits"),
            ("++12025550134", "holds '+'"),
            ("../../evil", "no leading +"),
        ];
        for (bad, expected) in rows {
            let error = bad.parse::<PhoneNumber>().unwrap_err().to_string();
            assert!(error.starts_with("phoneNumber: "), "{error}");
            assert!(error.contains(expected), "{bad:?}: {error}");
        }
    }
}
