//! The rented numbers of the demo project.

use std::sync::OnceLock;

use serde::Serialize;

use super::number::{Number, NumberView};
use super::query::{ListQuery, Order};
use super::time::Timestamp;

/// All numbers, in the order of their phone numbers.
#[derive(Debug)]
pub(super) struct Fleet {
    numbers: Vec<Number>,
    /// Indices of `numbers` in the order of their display names. Made when first asked for.
    by_display_name: OnceLock<Vec<u32>>,
}

impl Fleet {
    pub(super) fn new(mut numbers: Vec<Number>) -> Self {
        numbers.sort_unstable_by(|one, other| one.phone.cmp(&other.phone));
        Self { numbers, by_display_name: OnceLock::new() }
    }

    pub(super) fn get(&self, phone: &str) -> Option<&Number> {
        self.index(phone).map(|at| &self.numbers[at])
    }

    pub(super) fn get_mut(&mut self, phone: &str) -> Option<&mut Number> {
        self.index(phone).map(|at| &mut self.numbers[at])
    }

    fn index(&self, phone: &str) -> Option<usize> {
        self.numbers.binary_search_by(|number| number.phone.as_str().cmp(phone)).ok()
    }

    /// Has to be called when a display name has changed.
    pub(super) fn display_names_changed(&mut self) {
        self.by_display_name = OnceLock::new();
    }

    /// One page of what the query asks for, as it is at that moment.
    pub(super) fn list<'a>(
        &'a self,
        query: &ListQuery,
        page_max: usize,
        project_id: &'a str,
        now: Timestamp,
    ) -> Page<'a> {
        let size = query.page_size.unwrap_or(page_max).min(page_max);
        let end = query.offset.saturating_add(size);
        let mut page =
            Page { active_numbers: Vec::new(), next_page_token: String::new(), total_size: 0 };
        let mut visit = |number: &'a Number| {
            if query.matches(number) {
                if (query.offset..end).contains(&page.total_size) {
                    page.active_numbers.push(number.view(project_id, now));
                }
                page.total_size += 1;
            }
        };
        match query.order() {
            Order::PhoneNumber => self.numbers.iter().for_each(&mut visit),
            Order::DisplayName => self.by_display_name().for_each(&mut visit),
        }
        if end < page.total_size {
            page.next_page_token = query.token(end);
        }
        page
    }

    fn by_display_name(&self) -> impl Iterator<Item = &Number> {
        let at = |index: &u32| &self.numbers[usize::try_from(*index).unwrap_or(usize::MAX)];
        let order = self.by_display_name.get_or_init(|| {
            let mut order: Vec<u32> = (0..).take(self.numbers.len()).collect();
            // Numbers with the same name stay in the order of their phone numbers.
            order.sort_by(|one, other| at(one).display_name.cmp(&at(other).display_name));
            order
        });
        order.iter().map(at)
    }
}

/// The fields stand in the order of the service's own answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<'a> {
    pub(super) active_numbers: Vec<NumberView<'a>>,
    pub(super) next_page_token: String,
    pub(super) total_size: usize,
}
