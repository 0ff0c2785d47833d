//! The query of a list, and page tokens.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::encoding::{base64_decode, base64_encode};
use super::number::{Capability, Number, NumberType};
use super::response::{Failure, Violation};

/// The parameters of a list, checked.
#[derive(Debug, Default)]
pub(super) struct ListQuery {
    selection: Selection,
    pub(super) page_size: Option<usize>,
    /// The place in the ordered list where the page begins.
    pub(super) offset: usize,
}

/// The filter and the order of a list.
#[derive(Debug, Default, Hash)]
struct Selection {
    region: Option<String>,
    kind: Option<NumberType>,
    capabilities: Vec<Capability>,
    pattern: String,
    place: Place,
    order: Order,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Order {
    #[default]
    PhoneNumber,
    DisplayName,
}

/// The place of a pattern in the number, plus sign included.
#[derive(Clone, Copy, Debug, Default, Hash)]
enum Place {
    Start,
    /// The default.
    #[default]
    Contains,
    End,
}

impl ListQuery {
    /// Reads decoded pairs. Parameters that the service does not know are ignored, as it does: so
    /// is `capabilities`, for `capability`.
    pub(super) fn parse(pairs: &[(String, String)]) -> Result<Self, Failure> {
        let mut query = Self::default();
        let mut violations = Vec::new();
        let mut token = None;
        let mut seen = Vec::new();
        for (name, value) in pairs {
            let field = match name.as_str() {
                "regionCode" => "region_code",
                "type" => "type",
                "numberPattern.pattern" => "number_pattern.pattern",
                "numberPattern.searchPattern" => "number_pattern.search_pattern",
                "capability" => "capability",
                "pageSize" => "page_size",
                "pageToken" => "page_token",
                "orderBy" => "order_by",
                _ => continue,
            };
            if field != "capability" && seen.contains(&field) {
                violations.push(Violation::new(field, format!("{name} is given twice")));
                continue;
            }
            seen.push(field);
            if field == "page_token" {
                token = Some(value);
            } else if query.set(field, value).is_none() {
                violations.push(Violation::new(field, format!("Invalid {field} {value}")));
            }
        }
        // A token is read last: whether it belongs here depends on everything else.
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            match query.selection.offset_of(token) {
                Some(offset) => query.offset = offset,
                None => violations
                    .push(Violation::new("page_token", format!("Invalid page_token {token}"))),
            }
        }
        if violations.is_empty() { Ok(query) } else { Err(Failure::Invalid(violations)) }
    }

    fn set(&mut self, field: &str, value: &str) -> Option<()> {
        let selection = &mut self.selection;
        match field {
            "region_code" => {
                let upper = value.bytes().all(|byte| byte.is_ascii_uppercase());
                selection.region = Some((value.len() == 2 && upper).then(|| value.to_owned())?);
            }
            "type" => selection.kind = Some(NumberType::parse(value)?),
            "number_pattern.pattern" => {
                let digits = value.strip_prefix('+').unwrap_or(value);
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                value.clone_into(&mut selection.pattern);
            }
            "number_pattern.search_pattern" => {
                selection.place = match value {
                    "START" => Place::Start,
                    "CONTAINS" => Place::Contains,
                    "END" => Place::End,
                    _ => return None,
                }
            }
            "capability" => selection.capabilities.push(Capability::parse(value)?),
            "page_size" => {
                let size = value
                    .parse::<i32>()
                    .ok()
                    .filter(|&size| size > 0 && !value.starts_with('+'))?;
                self.page_size = usize::try_from(size).ok();
            }
            _ => {
                selection.order = match value {
                    "phoneNumber" => Order::PhoneNumber,
                    "displayName" => Order::DisplayName,
                    _ => return None,
                }
            }
        }
        Some(())
    }

    pub(super) fn order(&self) -> Order {
        self.selection.order
    }

    pub(super) fn matches(&self, number: &Number) -> bool {
        let Selection { region, kind, capabilities, pattern, place, order: _ } = &self.selection;
        region.as_ref().is_none_or(|region| region == number.region)
            && kind.is_none_or(|kind| kind == number.kind)
            && capabilities.iter().all(|capability| number.capabilities.contains(capability))
            && match place {
                Place::Start => number.phone.starts_with(pattern),
                Place::Contains => number.phone.contains(pattern),
                Place::End => number.phone.ends_with(pattern),
            }
    }

    /// Makes the token of the page that begins at an offset.
    pub(super) fn token(&self, offset: usize) -> String {
        self.selection.token(offset)
    }
}

/// The first bytes of a token. With them it begins with `+/` and ends with `=`, which shows a client that
/// does not encode it.
const TOKEN_HEAD: [u8; 2] = [0xfb, 0xf0];

impl Selection {
    fn token(&self, offset: usize) -> String {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let mut bytes = TOKEN_HEAD.to_vec();
        bytes.extend(offset.to_be_bytes());
        bytes.extend(self.checksum(offset).to_be_bytes());
        base64_encode(&bytes)
    }

    /// Returns the offset in a token; `None` if the token was not made for this selection.
    fn offset_of(&self, token: &str) -> Option<usize> {
        let bytes = base64_decode(token)?;
        let offset = bytes.strip_prefix(&TOKEN_HEAD)?.first_chunk().copied()?;
        let offset = usize::try_from(u32::from_be_bytes(offset)).ok()?;
        (self.token(offset) == token).then_some(offset)
    }

    /// Returns a checksum of offset and selection. The page size is not part of it: it may change between pages.
    fn checksum(&self, offset: u32) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self, offset).hash(&mut hasher);
        hasher.finish()
    }
}
