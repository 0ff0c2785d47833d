//! The operation that lists active numbers.

use serde::Deserialize;

use crate::api::enums::{Capability, NumberType, OrderBy, SearchPattern};
use crate::api::request::Request;
use crate::error::Error;

/// The filter, order and page of a list (API: "Lists active numbers for a project").
///
/// Only the parameters that are set are sent. An empty text, a page size of 0 and a pattern that is already percent-encoded
/// are refused when the list is requested. With serde it is read from a query as the C library takes it.
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[must_use]
pub struct ListNumbers {
    region_code: Option<String>,
    #[serde(rename = "type")]
    number_type: Option<NumberType>,
    number_pattern: NumberPattern,
    capability: Vec<Capability>,
    page_size: Option<u64>,
    page_token: Option<String>,
    order_by: Option<OrderBy>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct NumberPattern {
    pattern: Option<String>,
    search_pattern: Option<SearchPattern>,
}

impl ListNumbers {
    /// The stable name of the operation.
    pub(crate) const NAME: &'static str = "active_list";

    /// Makes a request for all numbers of the project.
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
    /// The API's documents do not agree on the default: all types, or `MOBILE` only. Set it if it matters.
    pub fn number_type(mut self, number_type: impl Into<NumberType>) -> Self {
        self.number_type = Some(number_type.into());
        self
    }

    /// Keeps the numbers that begin with a prefix, plus sign included: `+1206` for the area code 206 in the US.
    ///
    /// Give the prefix unencoded; the library encodes it.
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

    /// Sets `numberPattern.pattern` alone: the service decides where in the number it searches.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.number_pattern.pattern = Some(pattern.into());
        self
    }

    /// Sets `numberPattern.searchPattern` alone.
    pub fn search_pattern(mut self, search_pattern: impl Into<SearchPattern>) -> Self {
        self.number_pattern.search_pattern = Some(search_pattern.into());
        self
    }

    /// Keeps the numbers with a capability. Call it once for each capability.
    pub fn capability(mut self, capability: impl Into<Capability>) -> Self {
        self.capability.push(capability.into());
        self
    }

    /// Sets the maximum number of items on a page: 1 to 2,147,483,647. The service documents neither a default nor
    /// its own maximum.
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.page_size = Some(page_size.into());
        self
    }

    /// Sets the first page: the [`next_page_token`](crate::Page::next_page_token) of the page before it. Keep the other
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

    /// Returns the page token of the first page.
    pub(crate) fn token(&self) -> Option<&str> {
        self.page_token.as_deref()
    }

    /// Makes the request; an error names the operation.
    pub(crate) fn request(&self) -> Result<Request, Error> {
        self.checked_request().map_err(|error| error.of_operation(Self::NAME, None))
    }

    fn checked_request(&self) -> Result<Request, Error> {
        // Servers refuse longer request lines, and the whole head must fit in the transport's buffer.
        const LONGEST_TARGET: usize = 4096;
        let mut request = Request::get(Self::NAME);
        let mut add = |name: &str, value: Option<&str>| match value {
            None => Ok(()),
            Some("") => {
                let hint = match name {
                    // Sent as it is, it would silently begin the list again from the first page.
                    "pageToken" => "an empty token means that the list had ended",
                    _ => "leave it out to keep them all",
                };
                Err(Error::invalid(name, format!("is empty; {hint}")))
            }
            Some(value) => {
                request.add_query(name, value);
                Ok(())
            }
        };
        add("regionCode", self.region_code.as_deref())?;
        add("type", self.number_type.as_ref().map(NumberType::as_str))?;
        let NumberPattern { pattern, search_pattern } = &self.number_pattern;
        let pattern = pattern.as_deref();
        let start = pattern.and_then(|pattern| pattern.get(..3));
        if start.is_some_and(|start| start.eq_ignore_ascii_case("%2B")) {
            let problem = "is already encoded; give the plus sign itself, as in +1206";
            return Err(Error::invalid("numberPattern.pattern", problem));
        }
        add("numberPattern.pattern", pattern)?;
        let search_pattern = search_pattern.as_ref().map(SearchPattern::as_str);
        add("numberPattern.searchPattern", search_pattern)?;
        for capability in &self.capability {
            add("capability", Some(capability.as_str()))?;
        }
        let out_of_range = |size: &u64| *size == 0 || i32::try_from(*size).is_err();
        if let Some(size) = self.page_size.filter(out_of_range) {
            let problem = format!("is {size}; 1 to {} is wanted", i32::MAX);
            return Err(Error::invalid("pageSize", problem));
        }
        add("pageSize", self.page_size.map(|size| size.to_string()).as_deref())?;
        add("pageToken", self.page_token.as_deref())?;
        add("orderBy", self.order_by.as_ref().map(OrderBy::as_str))?;
        match request.target.len() {
            ..=LONGEST_TARGET => Ok(request),
            long => {
                let problem = format!("is {long} bytes long when encoded; {LONGEST_TARGET} fit");
                Err(Error::invalid("query", problem))
            }
        }
    }
}
