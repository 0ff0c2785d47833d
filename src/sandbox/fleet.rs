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

    /// Drops the order by display name; to be called when one has changed.
    pub(super) fn display_names_changed(&mut self) {
        self.by_display_name = OnceLock::new();
    }

    /// Returns the page that a query asks for, as it is at that moment.
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

/// A page of a list, with the fields in the service's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<'a> {
    pub(super) active_numbers: Vec<NumberView<'a>>,
    pub(super) next_page_token: String,
    pub(super) total_size: usize,
}

#[cfg(test)]
mod tests {
    use super::super::encoding::form_decode;
    use super::super::generated::generated;
    use super::super::seed;
    use super::*;

    fn query(text: &str) -> ListQuery {
        ListQuery::parse(&form_decode(text).unwrap()).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_nanoseconds(1_717_684_962_022_227_000)
    }

    /// The numbers of a page, its token and its total.
    fn list(fleet: &Fleet, text: &str, page_max: usize) -> (Vec<String>, String, usize) {
        let page = serde_json::to_value(fleet.list(&query(text), page_max, "p", now())).unwrap();
        let numbers = page["activeNumbers"].as_array().unwrap().iter();
        let numbers = numbers.map(|number| number["phoneNumber"].as_str().unwrap().to_owned());
        let token = page["nextPageToken"].as_str().unwrap().to_owned();
        (numbers.collect(), token, page["totalSize"].as_u64().unwrap().try_into().unwrap())
    }

    #[test]
    fn filters_narrow_a_list() {
        let fleet = seed::seeded(now());
        for (text, expected) in [
            ("", 12),
            ("type=LOCAL", 6),
            ("type=MOBILE", 5),
            ("type=TOLL_FREE", 1),
            ("regionCode=US", 9),
            ("regionCode=GB&type=LOCAL", 0),
            ("regionCode=ZZ", 0),
            ("capability=SMS", 10),
            ("capability=VOICE", 11),
            ("capability=SMS&capability=VOICE", 9),
            // The service ignores what it does not know.
            ("capabilities=SMS&size=1", 12),
            ("numberPattern.pattern=%2B1202", 8),
            ("numberPattern.pattern=%2B1202&numberPattern.searchPattern=START", 8),
            ("numberPattern.pattern=1202&numberPattern.searchPattern=START", 0),
            ("numberPattern.pattern=1202&numberPattern.searchPattern=CONTAINS", 8),
            ("numberPattern.pattern=01&numberPattern.searchPattern=END", 1),
            ("numberPattern.pattern=56", 2),
            ("numberPattern.pattern=&pageToken=", 12),
            ("numberPattern.searchPattern=START", 12),
            ("regionCode=US&type=LOCAL&capability=SMS&numberPattern.pattern=0555", 0),
        ] {
            let (numbers, token, total) = list(&fleet, text, 1000);
            assert_eq!((numbers.len(), total, &*token), (expected, expected, ""), "{text}");
        }
    }

    #[test]
    fn pages_make_up_the_list() {
        let fleet = seed::seeded(now());
        for (text, page_max, sizes) in [
            ("", 5, &[5, 5, 2][..]),
            ("", 12, &[12]),
            ("pageSize=100", 4, &[4, 4, 4]),
            ("pageSize=3&type=LOCAL", 1000, &[3, 3]),
            ("pageSize=7&orderBy=displayName", 1000, &[7, 5]),
        ] {
            let (whole, _, _) = list(&fleet, &format!("{text}&x=").replace("pageSize", "y"), 1000);
            let (mut all, mut token) = (Vec::new(), String::new());
            for size in sizes {
                let encoded = token.replace('+', "%2B");
                let (page, next, total) =
                    list(&fleet, &format!("{text}&pageToken={encoded}"), page_max);
                assert_eq!((page.len(), total), (*size, whole.len()), "{text}");
                all.extend(page);
                token = next;
            }
            assert_eq!((all, &*token), (whole, ""), "{text}");
        }
    }

    #[test]
    fn a_token_belongs_to_its_query() {
        let fleet = seed::seeded(now());
        let (_, token, _) = list(&fleet, "regionCode=US&orderBy=displayName", 4);
        let token = token.replace('+', "%2B");
        let shortened = &token[..token.len() - 2];
        for (text, accepted) in [
            (format!("regionCode=US&orderBy=displayName&pageToken={token}"), true),
            // The order of the parameters and the size of the page may change on the way.
            (format!("pageToken={token}&orderBy=displayName&pageSize=2&regionCode=US"), true),
            (format!("regionCode=US&pageToken={token}"), false),
            (format!("regionCode=GB&orderBy=displayName&pageToken={token}"), false),
            (format!("regionCode=US&orderBy=displayName&type=LOCAL&pageToken={token}"), false),
            (format!("regionCode=US&orderBy=displayName&pageToken={shortened}"), false),
            (format!("regionCode=US&orderBy=displayName&pageToken={token}A"), false),
            ("pageToken=4".to_owned(), false),
            ("pageToken=%20".to_owned(), false),
        ] {
            let outcome = ListQuery::parse(&form_decode(&text).unwrap());
            assert_eq!(outcome.is_ok(), accepted, "{text}");
            assert!(accepted || outcome.unwrap_err().first_field() == "page_token");
        }
    }

    #[test]
    fn what_is_no_query_is_refused_with_the_field() {
        for (text, field) in [
            ("orderBy=size", "order_by"),
            ("orderBy=", "order_by"),
            ("type=local", "type"),
            ("type=", "type"),
            ("type=LOCAL&type=LOCAL", "type"),
            ("capability=FAX", "capability"),
            ("capability=SMS,VOICE", "capability"),
            ("regionCode=us", "region_code"),
            ("regionCode=USA", "region_code"),
            ("pageSize=0", "page_size"),
            ("pageSize=-1", "page_size"),
            ("pageSize=%2B1", "page_size"),
            ("pageSize=2147483648", "page_size"),
            ("pageSize=ten", "page_size"),
            ("numberPattern.searchPattern=BEGIN", "number_pattern.search_pattern"),
            ("numberPattern.pattern=12a", "number_pattern.pattern"),
            // Encoded twice, or not at all.
            ("numberPattern.pattern=%252B1206", "number_pattern.pattern"),
            ("numberPattern.pattern=+1206", "number_pattern.pattern"),
        ] {
            let refused = ListQuery::parse(&form_decode(text).unwrap()).unwrap_err();
            assert_eq!(refused.first_field(), field, "{text}");
        }
    }

    #[test]
    fn names_order_a_list_and_numbers_settle_ties() {
        let mut fleet = seed::seeded(now());
        let first = |fleet: &Fleet| list(fleet, "orderBy=displayName&pageSize=3", 1000).0;
        assert_eq!(first(&fleet), ["+12025550117", "+447700900456", "+12025550123"]);
        fleet.get_mut("+46701740605").unwrap().display_name = "Aardvark".to_owned();
        fleet.display_names_changed();
        assert_eq!(first(&fleet), ["+12025550117", "+447700900456", "+46701740605"]);
    }

    #[test]
    fn generated_numbers_are_all_different() {
        let fleet = generated(20_000, now());
        assert!(fleet.numbers.windows(2).all(|pair| pair[0].phone < pair[1].phone));
        assert_eq!(list(&fleet, "regionCode=GB&pageSize=1", 1000).2, 2_000);
        assert_eq!(list(&fleet, "orderBy=displayName&pageSize=1", 1000).2, 20_000);
        assert_eq!(list(&generated(0, now()), "", 1000), (Vec::new(), String::new(), 0));
    }
}
