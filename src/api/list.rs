//! The list of active numbers.

use crate::api::enums::{Capability, NumberType, OrderBy, SearchPattern};
use crate::api::models::Page;
use crate::api::request::{Effect, Method, Operation, Request};
use crate::error::Error;

/// Which numbers to list, and how (API: "Lists active numbers for a project").
///
/// Only what is set is sent. An empty text, a page size of 0 and a pattern that is already percent-encoded are
/// refused when the list is asked for.
///
/// ```
/// use sinch_numbers::{Capability, ListNumbers, NumberType, OrderBy};
///
/// let seattle = ListNumbers::new()
///     .region_code("US")
///     .number_type(NumberType::Local)
///     .starts_with("+1206")
///     .capability(Capability::Sms)
///     .capability(Capability::Voice)
///     .order_by(OrderBy::PhoneNumber)
///     .page_size(100);
/// # let _ = seattle;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ListNumbers {
    region_code: Option<String>,
    number_type: Option<NumberType>,
    pattern: Option<String>,
    search_pattern: Option<SearchPattern>,
    capability: Vec<Capability>,
    page_size: Option<u32>,
    page_token: Option<String>,
    order_by: Option<OrderBy>,
}

impl ListNumbers {
    /// Asks for all numbers of the project.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the numbers of one country: ISO 3166-1 alpha-2, as in `US`, `GB` or `SE`.
    pub fn region_code(mut self, region_code: impl Into<String>) -> Self {
        self.region_code = Some(region_code.into());
        self
    }

    /// Keeps the numbers of one type.
    ///
    /// The API's documents do not settle what comes back when this is left out: all types, or `MOBILE` only. Set
    /// it where it matters.
    pub fn number_type(mut self, number_type: impl Into<NumberType>) -> Self {
        self.number_type = Some(number_type.into());
        self
    }

    /// Keeps the numbers that begin with a prefix, plus sign included: `+1206` for the area code 206 in the US.
    ///
    /// Give the prefix as it is; it is encoded on the way.
    pub fn starts_with(self, prefix: impl Into<String>) -> Self {
        self.pattern(prefix).search_pattern(SearchPattern::Start)
    }

    /// Keeps the numbers that contain a sequence of digits.
    pub fn contains(self, digits: impl Into<String>) -> Self {
        self.pattern(digits).search_pattern(SearchPattern::Contains)
    }

    /// Keeps the numbers that end with a sequence of digits.
    pub fn ends_with(self, digits: impl Into<String>) -> Self {
        self.pattern(digits).search_pattern(SearchPattern::End)
    }

    /// Sets `numberPattern.pattern` alone: the service decides where it looks for it.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// Sets `numberPattern.searchPattern` alone.
    pub fn search_pattern(mut self, search_pattern: impl Into<SearchPattern>) -> Self {
        self.search_pattern = Some(search_pattern.into());
        self
    }

    /// Keeps the numbers with a capability. Call it once for each that is wanted.
    pub fn capability(mut self, capability: impl Into<Capability>) -> Self {
        self.capability.push(capability.into());
        self
    }

    /// Sets how many numbers a page holds at most: 1 to 2,147,483,647. The service documents neither a default nor
    /// its own maximum.
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.page_size = Some(page_size);
        self
    }

    /// Begins at a page: the [`next_page_token`](Page::next_page_token) of the page before it. Keep the other
    /// parameters as they were.
    pub fn page_token(mut self, page_token: impl Into<String>) -> Self {
        self.page_token = Some(page_token.into());
        self
    }

    /// Sets the order. The service documents no default.
    pub fn order_by(mut self, order_by: impl Into<OrderBy>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// The token this list begins at.
    pub(crate) fn token(&self) -> Option<&str> {
        self.page_token.as_deref()
    }
}

fn not_empty(field: &str, text: &str, hint: &str) -> Result<(), Error> {
    if text.is_empty() { Err(Error::invalid(field, format!("is empty; {hint}"))) } else { Ok(()) }
}

impl Operation for ListNumbers {
    type Output = Page;
    const NAME: &'static str = "active_list";

    fn request(&self) -> Result<Request, Error> {
        const LEAVE_OUT: &str = "leave it out to keep them all";
        let mut request = Request::new(Self::NAME, Method::Get, Effect::Read);
        let mut add = |name: &str, value: &str| -> Result<(), Error> {
            not_empty(name, value, LEAVE_OUT)?;
            request.add_query(name, value);
            Ok(())
        };
        if let Some(region_code) = &self.region_code {
            add("regionCode", region_code)?;
        }
        if let Some(number_type) = &self.number_type {
            add("type", number_type.as_str())?;
        }
        if let Some(pattern) = &self.pattern {
            if pattern.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2B")) {
                return Err(Error::invalid(
                    "numberPattern.pattern",
                    "is already encoded; give the plus sign itself, as in +1206",
                ));
            }
            add("numberPattern.pattern", pattern)?;
        }
        if let Some(search_pattern) = &self.search_pattern {
            add("numberPattern.searchPattern", search_pattern.as_str())?;
        }
        for capability in &self.capability {
            add("capability", capability.as_str())?;
        }
        if let Some(page_size) = self.page_size {
            if i32::try_from(page_size).map_or(true, |size| size < 1) {
                let problem = format!("is {page_size}; 1 to {} is wanted", i32::MAX);
                return Err(Error::invalid("pageSize", problem));
            }
            add("pageSize", &page_size.to_string())?;
        }
        if let Some(page_token) = &self.page_token {
            // Sent as it is, it would silently begin the list again from the first page.
            not_empty("pageToken", page_token, "an empty token means that the list had ended")?;
            add("pageToken", page_token)?;
        }
        if let Some(order_by) = &self.order_by {
            add("orderBy", order_by.as_str())?;
        }
        Ok(request)
    }
}
