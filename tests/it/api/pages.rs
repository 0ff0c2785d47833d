//! Going through lists.

use sinch_numbers::{ErrorKind, ListNumbers};

use crate::support::server::{Act, Server, answer, ok};

fn page(numbers: &[&str], token: &str) -> Act {
    let numbers: Vec<String> =
        numbers.iter().map(|number| format!(r#"{{"phoneNumber":"{number}"}}"#)).collect();
    ok(&format!(
        r#"{{"activeNumbers":[{}],"nextPageToken":{token},"totalSize":3}}"#,
        numbers.join(",")
    ))
}

#[test]
fn all_numbers_in_order_over_empty_pages() {
    for end in ["\"\"", "null"] {
        let server = Server::new([
            page(&["+12", "+13"], "\"a b\""),
            page(&[], "\"c\""),
            ok(r#"{"nextPageToken":"d"}"#),
            page(&["+14"], end),
        ]);
        let query = ListNumbers::new().region_code("US").page_size(2);
        let found: Result<Vec<_>, _> = server.client().numbers(&query).collect();
        let found: Vec<_> = found.unwrap().into_iter().map(|number| number.phone_number).collect();
        assert_eq!(found, ["+12", "+13", "+14"]);
        let targets: Vec<_> = server
            .requests()
            .into_iter()
            .map(|request| request.target.split_once('?').unwrap().1.to_owned())
            .collect();
        assert_eq!(
            targets,
            [
                "regionCode=US&pageSize=2",
                "regionCode=US&pageSize=2&pageToken=a%20b",
                "regionCode=US&pageSize=2&pageToken=c",
                "regionCode=US&pageSize=2&pageToken=d"
            ]
        );
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn the_list_ends_without_a_token_whatever_the_total_says() {
    let server = Server::new([ok(r#"{"activeNumbers":[{"phoneNumber":"+12"}],"totalSize":99}"#)]);
    let client = server.client();
    assert_eq!(client.numbers(&ListNumbers::new()).count(), 1);
    let mut pages = client.pages(&ListNumbers::new());
    assert_eq!(pages.next_page().unwrap().unwrap().total_size, Some(99));
    assert!(pages.next_page().unwrap().is_none());
    assert!(pages.next_page().unwrap().is_none());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn nothing_is_sent_before_it_is_asked_for() {
    let server = Server::new([page(&["+12", "+13"], "\"a\""), page(&["+14"], "\"\"")]);
    let mut numbers = server.client().numbers(&ListNumbers::new());
    assert_eq!(server.requests().len(), 0);
    numbers.next();
    numbers.next();
    assert_eq!(server.requests().len(), 1);
    assert_eq!(numbers.next().unwrap().unwrap().phone_number, "+14");
    assert!(numbers.next().is_none());
    assert!(numbers.next().is_none());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_repeated_token_is_an_error_after_its_page() {
    // a → b → a; the token the list began at counts too.
    for (begin, acts) in [
        (
            ListNumbers::new(),
            vec![page(&["+12"], "\"a\""), page(&["+13"], "\"b\""), page(&["+14"], "\"a\"")],
        ),
        (
            ListNumbers::new().page_token("z"),
            vec![page(&["+12"], "\"y\""), page(&["+13"], "\"x\""), page(&["+14"], "\"z\"")],
        ),
        (ListNumbers::new(), vec![page(&["+12"], "\"a\""), page(&["+13", "+14"], "\"a\"")]),
    ] {
        let requests = acts.len();
        let server = Server::new(acts);
        let mut found: Vec<_> = server.client().numbers(&begin).collect();
        let error = found.pop().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
        assert_eq!(error.operation(), Some("active_list"));
        assert_eq!(found.iter().filter(|number| number.is_ok()).count(), 3);
        assert_eq!(server.requests().len(), requests);
    }
}

#[test]
fn a_failure_ends_the_iterator_after_what_came_before() {
    let not_found = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"gone"}}"#;
    let server = Server::new([page(&["+12", "+13"], "\"a\""), answer(404, not_found)]);
    let client = server.client();
    let mut numbers = client.numbers(&ListNumbers::new());
    assert_eq!(numbers.next().unwrap().unwrap().phone_number, "+12");
    assert_eq!(numbers.next().unwrap().unwrap().phone_number, "+13");
    assert_eq!(numbers.next().unwrap().unwrap_err().http_status(), Some(404));
    assert!(numbers.next().is_none());
    assert_eq!(numbers.next_token(), Some("a"), "where to go on later");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_number_that_does_not_fit_ends_the_iterator_after_those_before_it() {
    let unfit = r#"{"activeNumbers":[{"phoneNumber":"+13"},{},null,{"phoneNumber":"+14"},{"phoneNumber":[]},
        {"phoneNumber":"+15"}],"nextPageToken":"b"}"#;
    let server = Server::new([page(&["+12"], "\"a\""), ok(unfit), page(&["+16"], "\"\"")]);
    let mut numbers = server.client().numbers(&ListNumbers::new());
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
    assert_eq!(server.requests().len(), 2);
    // On the first page there is no token to go back to; and the last page has none to go on with.
    for rest in ["", r#","nextPageToken":"b""#] {
        let server = Server::new([ok(&format!(r#"{{"activeNumbers":[7]{rest}}}"#))]);
        let mut numbers = server.client().numbers(&ListNumbers::new());
        assert!(numbers.next().unwrap().is_err());
        assert_eq!(numbers.next_token(), None);
        assert!(numbers.next().is_none());
    }
    // Such a page is refused as a whole where it is wanted as a whole.
    let server = Server::new([ok(unfit)]);
    assert!(server.client().pages(&ListNumbers::new()).next_page().is_err());
}

#[test]
fn asking_again_after_a_failure_asks_for_the_same_page() {
    let server = Server::new([page(&["+12"], "\"a\""), answer(400, "{}"), page(&["+13"], "\"\"")]);
    let mut pages = server.client().pages(&ListNumbers::new());
    assert!(pages.next_page().unwrap().is_some());
    assert!(pages.next_page().is_err());
    assert_eq!(pages.next_token(), Some("a"));
    let last = pages.next_page().unwrap().unwrap();
    assert_eq!(last.active_numbers[0].phone_number, "+13");
    assert!(pages.next_page().unwrap().is_none());
    assert_eq!(pages.next_token(), None);
    assert!(server.requests()[2].target.ends_with("pageToken=a"));
}

#[test]
fn a_saved_token_goes_on_where_it_was() {
    let server = Server::new([page(&["+13"], "\"\"")]);
    let query = ListNumbers::new().page_token("saved");
    let pages = server.client().pages(&query);
    assert_eq!(pages.next_token(), Some("saved"));
    let found: Vec<_> = server.client().numbers(&query).map(|n| n.unwrap().phone_number).collect();
    assert_eq!(found, ["+13"]);
    assert!(server.requests()[0].target.ends_with("?pageToken=saved"));
}

#[test]
fn a_query_that_cannot_be_right_fails_when_it_is_asked() {
    let server = Server::new([ok("{}")]);
    let client = server.client();
    let found: Vec<_> = client.numbers(&ListNumbers::new().page_size(0)).collect();
    assert!(matches!(found.as_slice(), [Err(_)]));
    assert_eq!(server.connections(), 0);
}
