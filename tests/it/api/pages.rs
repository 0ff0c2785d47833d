//! Going through lists.

use mockito::{Matcher, Mock, Server};
use sinch_numbers::{ErrorKind, ListNumbers};

use crate::support::mocked;
use crate::support::server::{self, ok};

/// A mock of the list, for this query.
fn on_list(server: &mut Server, query: &str) -> Mock {
    let query = if query.is_empty() { Matcher::Missing } else { Matcher::Exact(query.into()) };
    mocked::on(server, "GET", "activeNumbers").match_query(query)
}

/// A page, with the token of the next one as JSON.
fn page(numbers: &[&str], token: &str) -> String {
    let numbers: Vec<String> =
        numbers.iter().map(|number| format!(r#"{{"phoneNumber":"{number}"}}"#)).collect();
    format!(r#"{{"activeNumbers":[{}],"nextPageToken":{token},"totalSize":3}}"#, numbers.join(","))
}

#[test]
fn all_numbers_in_order_over_empty_pages() {
    for end in ["\"\"", "null"] {
        let mut server = mocked::server();
        let pages = [
            ("regionCode=US&pageSize=2", page(&["+12", "+13"], "\"a b\"")),
            ("regionCode=US&pageSize=2&pageToken=a%20b", page(&[], "\"c\"")),
            ("regionCode=US&pageSize=2&pageToken=c", r#"{"nextPageToken":"d"}"#.to_owned()),
            ("regionCode=US&pageSize=2&pageToken=d", page(&["+14"], end)),
        ]
        .map(|(query, page)| on_list(&mut server, query).with_body(page).create());
        let query = ListNumbers::new().region_code("US").page_size(2);
        let found: Result<Vec<_>, _> = mocked::client(&server).numbers(&query).collect();
        pages.iter().for_each(Mock::assert);
        let found: Vec<_> = found.unwrap().into_iter().map(|number| number.phone_number).collect();
        assert_eq!(found, ["+12", "+13", "+14"]);
    }
}

#[test]
fn all_pages_come_over_one_connection() {
    let pages = ["\"a\"", "\"b\"", "null"].map(|token| ok(&page(&["+12"], token)));
    let server = server::Server::new(pages);
    assert_eq!(server.client().numbers(&ListNumbers::new()).map(Result::unwrap).count(), 3);
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[test]
fn the_list_ends_without_a_token_whatever_the_total_says() {
    let mut server = mocked::server();
    let page = r#"{"activeNumbers":[{"phoneNumber":"+12"}],"totalSize":99}"#;
    let asked = on_list(&mut server, "").with_body(page).expect(2).create();
    let client = mocked::client(&server);
    assert_eq!(client.numbers(&ListNumbers::new()).count(), 1);
    let mut pages = client.pages(&ListNumbers::new());
    assert_eq!(pages.next_page().unwrap().unwrap().total_size, Some(99));
    assert!(pages.next_page().unwrap().is_none());
    assert!(pages.next_page().unwrap().is_none());
    asked.assert();
}

#[test]
fn nothing_is_sent_before_it_is_asked_for() {
    let mut server = mocked::server();
    let first = on_list(&mut server, "").with_body(page(&["+12", "+13"], "\"a\"")).create();
    let second = on_list(&mut server, "pageToken=a").with_body(page(&["+14"], "\"\"")).create();
    let mut numbers = mocked::client(&server).numbers(&ListNumbers::new());
    assert!(!first.matched());
    numbers.next().unwrap().unwrap();
    numbers.next().unwrap().unwrap();
    first.assert();
    assert!(!second.matched());
    assert_eq!(numbers.next().unwrap().unwrap().phone_number, "+14");
    assert!(numbers.next().is_none());
    assert!(numbers.next().is_none());
    first.assert();
    second.assert();
}

#[test]
fn a_repeated_token_is_an_error_after_its_page() {
    // a → b → a; the token the list began at counts too.
    for (begin, pages) in [
        (
            ListNumbers::new(),
            vec![
                ("", page(&["+12"], "\"a\"")),
                ("pageToken=a", page(&["+13"], "\"b\"")),
                ("pageToken=b", page(&["+14"], "\"a\"")),
            ],
        ),
        (
            ListNumbers::new().page_token("z"),
            vec![
                ("pageToken=z", page(&["+12"], "\"y\"")),
                ("pageToken=y", page(&["+13"], "\"x\"")),
                ("pageToken=x", page(&["+14"], "\"z\"")),
            ],
        ),
        (
            ListNumbers::new(),
            vec![("", page(&["+12"], "\"a\"")), ("pageToken=a", page(&["+13", "+14"], "\"a\""))],
        ),
    ] {
        let mut server = mocked::server();
        let pages: Vec<Mock> = pages
            .into_iter()
            .map(|(query, page)| on_list(&mut server, query).with_body(page).create())
            .collect();
        let mut found: Vec<_> = mocked::client(&server).numbers(&begin).collect();
        pages.iter().for_each(Mock::assert);
        let error = found.pop().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
        assert_eq!(error.operation(), Some("active_list"));
        assert_eq!(found.iter().filter(|number| number.is_ok()).count(), 3);
    }
}

#[test]
fn a_failure_ends_the_iterator_after_what_came_before() {
    let not_found = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"gone"}}"#;
    let mut server = mocked::server();
    let first = on_list(&mut server, "").with_body(page(&["+12", "+13"], "\"a\"")).create();
    let second = on_list(&mut server, "pageToken=a").with_status(404).with_body(not_found).create();
    let mut numbers = mocked::client(&server).numbers(&ListNumbers::new());
    assert_eq!(numbers.next().unwrap().unwrap().phone_number, "+12");
    assert_eq!(numbers.next().unwrap().unwrap().phone_number, "+13");
    assert_eq!(numbers.next().unwrap().unwrap_err().http_status(), Some(404));
    assert!(numbers.next().is_none());
    assert_eq!(numbers.next_token(), Some("a"), "where to go on later");
    first.assert();
    second.assert();
}

#[test]
fn a_number_that_does_not_fit_ends_the_iterator_after_those_before_it() {
    let unfit = r#"{"activeNumbers":[{"phoneNumber":"+13"},{},null,{"phoneNumber":"+14"},{"phoneNumber":[]},
        {"phoneNumber":"+15"}],"nextPageToken":"b"}"#;
    let mut server = mocked::server();
    let first = on_list(&mut server, "").with_body(page(&["+12"], "\"a\"")).create();
    let second = on_list(&mut server, "pageToken=a").with_body(unfit).create();
    let third = on_list(&mut server, "pageToken=b").with_body(page(&["+16"], "\"\"")).expect(0);
    let third = third.create();
    let mut numbers = mocked::client(&server).numbers(&ListNumbers::new());
    for number in ["+12", "+13", "+14"] {
        assert_eq!(numbers.next().unwrap().unwrap().phone_number, number);
    }
    assert_eq!(numbers.next_token(), Some("b"));
    let error = numbers.next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
    let place = "activeNumbers[4].phoneNumber: a list where a string is expected";
    assert!(error.to_string().contains(place), "{error}");
    assert!(numbers.next().is_none());
    assert_eq!(numbers.next_token(), Some("a"), "the page that was not read to its end");
    [first, second, third].iter().for_each(Mock::assert);
    // On the first page there is no token to go back to; and the last page has none to go on with.
    for rest in ["", r#","nextPageToken":"b""#] {
        let mut server = mocked::server();
        let page = format!(r#"{{"activeNumbers":[7]{rest}}}"#);
        on_list(&mut server, "").with_body(page).create();
        let mut numbers = mocked::client(&server).numbers(&ListNumbers::new());
        assert!(numbers.next().unwrap().is_err());
        assert_eq!(numbers.next_token(), None);
        assert!(numbers.next().is_none());
    }
    // Such a page is refused as a whole where it is wanted as a whole.
    let mut server = mocked::server();
    on_list(&mut server, "").with_body(unfit).create();
    let error = mocked::client(&server).pages(&ListNumbers::new()).next_page().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
}

#[test]
fn asking_again_after_a_failure_asks_for_the_same_page() {
    let mut server = mocked::server();
    on_list(&mut server, "").with_body(page(&["+12"], "\"a\"")).create();
    let refused = on_list(&mut server, "pageToken=a").with_status(400).with_body("{}").create();
    let again = on_list(&mut server, "pageToken=a").with_body(page(&["+13"], "\"\"")).create();
    let mut pages = mocked::client(&server).pages(&ListNumbers::new());
    assert!(pages.next_page().unwrap().is_some());
    assert_eq!(pages.next_page().unwrap_err().http_status(), Some(400));
    assert_eq!(pages.next_token(), Some("a"));
    let last = pages.next_page().unwrap().unwrap();
    assert_eq!(last.active_numbers[0].phone_number, "+13");
    assert!(pages.next_page().unwrap().is_none());
    assert_eq!(pages.next_token(), None);
    refused.assert();
    again.assert();
}

#[test]
fn a_saved_token_goes_on_where_it_was() {
    let mut server = mocked::server();
    let asked = on_list(&mut server, "pageToken=saved").with_body(page(&["+13"], "\"\"")).create();
    let client = mocked::client(&server);
    let query = ListNumbers::new().page_token("saved");
    assert_eq!(client.pages(&query).next_token(), Some("saved"));
    let found: Vec<_> = client.numbers(&query).map(|n| n.unwrap().phone_number).collect();
    assert_eq!(found, ["+13"]);
    asked.assert();
}

#[test]
fn a_query_that_cannot_be_right_fails_when_it_is_asked() {
    let server = server::Server::new([ok("{}")]);
    let client = server.client();
    let found: Vec<_> = client.numbers(&ListNumbers::new().page_size(0)).collect();
    assert!(matches!(found.as_slice(), [Err(_)]));
    assert_eq!(server.connections(), 0);
}
