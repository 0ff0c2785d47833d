//! Iterators over a list: page by page, or number by number.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::iter::{self, FusedIterator};
use std::time::Instant;

use crate::api::list::ListNumbers;
use crate::api::models::{ActiveNumber, Page};
use crate::call::Progress;
use crate::call::response::RawResponse;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::client::response::Response;
use crate::error::Error;
use crate::json::cursor::DecodeError;
use crate::json::decode::{Decode, Items};

const ACTIVE_NUMBERS: &str = "activeNumbers";
const NEXT_PAGE_TOKEN: &str = "nextPageToken";

impl Client {
    /// Iterates over the pages of a list, fetching each when it is asked for. Nothing is sent before that.
    pub fn pages(&self, query: &ListNumbers) -> Pages {
        Pages { cursor: PageCursor::new(self.clone(), query.clone()), failed: false }
    }

    /// Iterates over the numbers of a list, fetching page after page as they are used up.
    ///
    /// ```no_run
    /// # fn run(client: sinch_numbers::Client) -> Result<(), sinch_numbers::Error> {
    /// use sinch_numbers::ListNumbers;
    ///
    /// for number in client.numbers(&ListNumbers::new().region_code("US")) {
    ///     let number = number?;
    ///     println!("{} {}", number.phone_number, number.display_name.unwrap_or_default());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn numbers(&self, query: &ListNumbers) -> Numbers {
        let cursor = PageCursor::new(self.clone(), query.clone());
        Numbers { cursor, page: None, begin: query.clone(), failed: false }
    }
}

/// The pages of a list, each fetched when it is asked for.
///
/// As an iterator it ends after the last page, or after the first failure; [`next_page`](Pages::next_page) asks for
/// the same page again after a failure. Empty pages in the middle of the list are handed out too.
///
/// ```no_run
/// # fn run(client: sinch_numbers::Client) -> Result<(), sinch_numbers::Error> {
/// use sinch_numbers::ListNumbers;
///
/// let mut pages = client.pages(&ListNumbers::new().page_size(500));
/// while let Some(page) = pages.next_page()? {
///     println!("{} numbers of {:?}", page.active_numbers.len(), page.total_size);
///     // Enough to go on later, in another process: `ListNumbers::page_token` takes it.
///     let _resume = pages.next_token();
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Pages {
    cursor: PageCursor,
    failed: bool,
}

impl Pages {
    /// Fetches the next page; `None` after the last one, for ever.
    ///
    /// # Errors
    ///
    /// See [`Error`]. A failure does not move the list: the next call asks for the same page again. A page whose next
    /// token was used before in this iteration is handed out; the call after it fails with
    /// [`Protocol`](crate::ErrorKind::Protocol) instead of going round in circles.
    pub fn next_page(&mut self) -> Result<Option<Response<Page>>, Error> {
        let Some(response) = self.cursor.fetch(None, None)? else { return Ok(None) };
        let page: Response<Page> = self.cursor.client.decode(response, ListNumbers::NAME)?;
        self.cursor.advance(page.next_page_token.as_deref());
        Ok(Some(page))
    }

    /// Returns the token at which the next page begins: what [`ListNumbers::page_token`] takes to go on later. `None`
    /// before the first page, unless the list began at a token, and after the last.
    pub fn next_token(&self) -> Option<&str> {
        self.cursor.next_token()
    }
}

impl Response<Page> {
    /// Returns each number of the page as it came: raw JSON, with the fields that this version does not know. They are as many as
    /// [`Page::active_numbers`], and in the same order.
    pub fn raw_numbers(&self) -> impl Iterator<Item = &str> {
        let list = self.raw.outline.after_key(self.json(), ACTIVE_NUMBERS);
        let mut items = list.and_then(|list| Items::of(list).ok()).unwrap_or_default();
        // The page was decoded, so each item is an object.
        iter::from_fn(move || items.next_raw(self.json()).ok().flatten())
    }
}

/// The position in a list: what is fetched next.
#[derive(Debug)]
pub(crate) struct PageCursor {
    client: Client,
    /// The list, beginning at the next page.
    query: ListNumbers,
    /// The page tokens that were used, as hashes, so that they take little memory in a long list.
    seen: HashSet<u64>,
    /// Whether the token of the next page was used before.
    repeats: bool,
    ended: bool,
}

impl PageCursor {
    pub(crate) fn new(client: Client, query: ListNumbers) -> Self {
        let seen = HashSet::new();
        let mut cursor = Self { client, query, seen, repeats: false, ended: false };
        cursor.note_token();
        cursor
    }

    /// Notes that the token of the next page is used, and whether it was before.
    fn note_token(&mut self) {
        let hash = self.query.token().map(|token| self.seen.hasher().hash_one(token));
        self.repeats = hash.is_some_and(|hash| !self.seen.insert(hash));
    }

    /// Fetches the next page but does not move on to it; `None` at the end.
    fn fetch(
        &self,
        cancel: Option<&CancelToken>,
        until: Option<Instant>,
    ) -> Result<Option<RawResponse>, Error> {
        if self.ended {
            return Ok(None);
        }
        if self.repeats {
            return Err(Error::protocol("the token of the next page was used before", None, b"")
                .of_operation(ListNumbers::NAME, None));
        }
        let request =
            self.query.request().inspect_err(|error| self.client.engine.refused(error))?;
        self.client.send(&request, cancel, until, &Progress::default()).map(Some)
    }

    fn next_token(&self) -> Option<&str> {
        if self.ended { None } else { self.query.token() }
    }

    /// Moves on to the page with a token, or to the end.
    fn advance(&mut self, token: Option<&str>) {
        match token {
            None => self.ended = true,
            Some(token) => {
                self.query = self.query.clone().page_token(token);
                self.note_token();
            }
        }
    }

    /// Moves back to a page.
    fn go_back(&mut self, begin: ListNumbers) {
        (self.query, self.ended) = (begin, false);
    }

    /// Fetches the next page as it comes, and moves on.
    #[cfg(feature = "capi")]
    pub(crate) fn next_response(
        &mut self,
        cancel: Option<&CancelToken>,
        until: Instant,
    ) -> Result<Option<RawResponse>, Error> {
        let Some(response) = self.fetch(cancel, Some(until))? else { return Ok(None) };
        let token: Option<String> = self.member(&response, NEXT_PAGE_TOKEN)?;
        self.advance(token.as_deref());
        Ok(Some(response))
    }

    /// Returns the JSON of the next number, and moves on; `None` at the end. `page` is the page that the last call left
    /// unfinished.
    #[cfg(feature = "capi")]
    pub(crate) fn next_number(
        &mut self,
        page: &mut Option<CurrentPage>,
        cancel: Option<&CancelToken>,
        until: Instant,
    ) -> Result<Option<RawResponse>, Error> {
        loop {
            if let Some(CurrentPage { response, items }) = page {
                // No request is needed for this number, but a cancelled call fails all the same.
                self.client.check_open(cancel, until, ListNumbers::NAME)?;
                let next = items
                    .next_raw(&response.json)
                    .map_err(|error| self.client.page_error(error, ACTIVE_NUMBERS, response))?;
                let http_status = response.http_status;
                let number = next.map(|raw| {
                    // With room for the NUL that C wants behind it.
                    let mut json = String::with_capacity(raw.len() + 1);
                    json.push_str(raw);
                    RawResponse::new(json, http_status)
                });
                // Frees the page after its last number, before the next page comes.
                if items.is_over() {
                    *page = None;
                }
                if number.is_some() {
                    return Ok(number);
                }
            }
            let Some(next) = self.next_items(cancel, Some(until))? else { return Ok(None) };
            *page = Some(next);
        }
    }

    /// Fetches the next page and moves on.
    fn next_items(
        &mut self,
        cancel: Option<&CancelToken>,
        until: Option<Instant>,
    ) -> Result<Option<CurrentPage>, Error> {
        let Some(response) = self.fetch(cancel, until)? else { return Ok(None) };
        let token: Option<String> = self.member(&response, NEXT_PAGE_TOKEN)?;
        // The page is refused if any of its members is wrong, also one that is not needed here.
        let _: Option<i64> = self.member(&response, "totalSize")?;
        let list = response.outline.after_key(&response.json, ACTIVE_NUMBERS);
        let items = list
            .map_or_else(|| Ok(Items::default()), Items::of)
            .map_err(|error| self.client.page_error(error, ACTIVE_NUMBERS, &response))?;
        self.advance(token.as_deref());
        Ok(Some(CurrentPage { response, items }))
    }

    /// Decodes one member of a page.
    fn member<T: Decode>(&self, page: &RawResponse, key: &str) -> Result<T, Error> {
        let mut value = T::default();
        if let Some(rest) = page.outline.after_key(&page.json, key) {
            let mut error = DecodeError::default();
            if value.read(rest, &mut error).is_none() {
                return Err(self.client.page_error(error, key, page));
            }
        }
        Ok(value)
    }
}

/// A page whose numbers are being handed out.
#[derive(Debug)]
pub(crate) struct CurrentPage {
    response: RawResponse,
    /// The numbers that are left.
    items: Items,
}

impl Iterator for Pages {
    type Item = Result<Response<Page>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // A loop that only logs errors would never end otherwise.
        if self.failed {
            return None;
        }
        let page = self.next_page().transpose();
        self.failed = matches!(page, Some(Err(_)));
        page
    }
}

impl FusedIterator for Pages {}

/// The numbers of a list; the next page is fetched when the numbers of the last are used up.
///
/// It ends after the last number, or after the first failure: what came before the failure has been handed out. Each
/// number is read from its page when it is asked for, so that a page takes its text in memory and one number.
#[derive(Debug)]
#[must_use]
pub struct Numbers {
    cursor: PageCursor,
    page: Option<CurrentPage>,
    /// The list, beginning at this page.
    begin: ListNumbers,
    failed: bool,
}

impl Numbers {
    /// Returns the token at which the page after the current one begins; see [`Pages::next_token`]. After a failure it is that
    /// of the page that could not be fetched, or that could not be read to its end.
    pub fn next_token(&self) -> Option<&str> {
        self.cursor.next_token()
    }

    /// Decodes the next number into an empty one, in place because it is big; `false` at the end.
    fn next_number(&mut self, number: &mut ActiveNumber) -> Result<bool, Error> {
        loop {
            if let Some(CurrentPage { response, items }) = &mut self.page {
                match items.read(&response.json, number) {
                    Ok(true) => return Ok(true),
                    Ok(false) => {}
                    Err(error) => {
                        // `next_token` then begins at this page again, so that no number of it is lost.
                        self.cursor.go_back(self.begin.clone());
                        return Err(self.cursor.client.page_error(error, ACTIVE_NUMBERS, response));
                    }
                }
            }
            // Frees the old page before the next one comes.
            self.page = None;
            let begin = self.cursor.query.clone();
            let Some(page) = self.cursor.next_items(None, None)? else { return Ok(false) };
            (self.page, self.begin) = (Some(page), begin);
        }
    }
}

impl Iterator for Numbers {
    type Item = Result<ActiveNumber, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut next = Some(Ok(ActiveNumber::default()));
        if let Some(Ok(number)) = &mut next {
            match self.next_number(number) {
                Ok(true) => {}
                Ok(false) => next = None,
                Err(error) => {
                    self.failed = true;
                    next = Some(Err(error));
                }
            }
        }
        next
    }
}

impl FusedIterator for Numbers {}
