//! Odd pages: where a list ends, where it goes on, and where it would go round in circles.

use sinch_numbers::ListNumbers;

use super::success;
use crate::support::calls::kind;
use crate::support::mismatches::Mismatches;
use crate::support::server::Server;

/// How a list ends.
#[derive(Clone, Copy)]
enum End {
    Done,
    /// With an error behind its last page.
    Circle,
    /// With an error of this kind for its last page.
    Bad(&'static str),
}
use End::{Bad, Circle, Done};

/// Pages, then: the numbers that are found, the tokens that are sent, and how it ends.
type Row =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str], End);

#[rustfmt::skip]
const ROWS: [Row; 30] = [
    // Where it ends.
    ("an empty object", &["{}"], &[], &[], Done),
    ("no token", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}]}"#], &["+12"], &[], Done),
    ("a token of null", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":null}"#], &["+12"], &[], Done),
    ("an empty token", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":""}"#], &["+12"], &[], Done),
    ("an empty object for a token", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":{}}"#], &["+12"], &[], Done),
    ("a token that is taken back", &[r#"{"nextPageToken":"a","nextPageToken":null}"#], &[], &[], Done),
    // Empty pages.
    ("an empty page first", &[r#"{"activeNumbers":[],"nextPageToken":"a"}"#, r#"{"activeNumbers":[{"phoneNumber":"+12"}]}"#], &["+12"], &["a"], Done),
    ("a page of null", &[r#"{"activeNumbers":null,"nextPageToken":"a"}"#, r#"{"activeNumbers":[{"phoneNumber":"+12"}]}"#], &["+12"], &["a"], Done),
    ("a page without numbers", &[r#"{"nextPageToken":"a"}"#, r#"{"nextPageToken":"b"}"#, r#"{"activeNumbers":[{"phoneNumber":"+12"}]}"#], &["+12"], &["a", "b"], Done),
    ("empty pages to the end", &[r#"{"activeNumbers":[],"nextPageToken":"a"}"#, r#"{"activeNumbers":[]}"#], &[], &["a"], Done),
    ("nothing among the numbers", &[r#"{"activeNumbers":[null,{},{"phoneNumber":"+12"},""]}"#], &["+12"], &[], Done),
    ("a number without its number", &[r#"{"activeNumbers":[{"displayName":"a"},{"phoneNumber":"+12"}]}"#], &["", "+12"], &[], Done),
    ("the same number twice", &[r#"{"activeNumbers":[{"phoneNumber":"+12"},{"phoneNumber":"+12"}]}"#], &["+12", "+12"], &[], Done),
    // What the total says is no end.
    ("a total of zero", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"a","totalSize":0}"#, r#"{"activeNumbers":[{"phoneNumber":"+13"}],"totalSize":0}"#], &["+12", "+13"], &["a"], Done),
    ("a total that is reached early", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"a","totalSize":1}"#, r#"{"activeNumbers":[{"phoneNumber":"+13"}],"totalSize":1}"#], &["+12", "+13"], &["a"], Done),
    ("a total that is never reached", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"totalSize":9223372036854775807}"#], &["+12"], &[], Done),
    ("a total below zero", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"a","totalSize":-1}"#, r#"{"totalSize":-9223372036854775808}"#], &["+12"], &["a"], Done),
    ("a total that changes", &[r#"{"nextPageToken":"a","totalSize":7}"#, r#"{"totalSize":"3"}"#], &[], &["a"], Done),
    // Tokens are opaque.
    ("a token of every kind of character", &[r#"{"nextPageToken":"a b+c/d=&e?#%41é\u0000\n"}"#, "{}"], &[], &["a%20b%2Bc%2Fd%3D%26e%3F%23%2541%C3%A9%00%0A"], Done),
    ("a token of a space", &[r#"{"nextPageToken":" "}"#, "{}"], &[], &["%20"], Done),
    ("tokens that differ in case", &[r#"{"nextPageToken":"a"}"#, r#"{"nextPageToken":"A"}"#, "{}"], &[], &["a", "A"], Done),
    ("a token that says null", &[r#"{"nextPageToken":"null"}"#, "{}"], &[], &["null"], Done),
    // Circles.
    ("the token of before", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"a"}"#, r#"{"activeNumbers":[{"phoneNumber":"+13"}],"nextPageToken":"a"}"#], &["+12", "+13"], &["a"], Circle),
    ("a token of long before, in other words", &[r#"{"nextPageToken":"a"}"#, r#"{"nextPageToken":"b"}"#, r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"\u0061"}"#], &["+12"], &["a", "b"], Circle),
    // What is no page.
    ("a number for a token", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":5}"#], &[], &[], Bad("protocol")),
    ("a list for a token", &[r#"{"nextPageToken":["a"]}"#], &[], &[], Bad("protocol")),
    ("a total that is no integer", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"totalSize":1.5}"#], &[], &[], Bad("protocol")),
    ("a total beyond 64 bits", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"totalSize":9223372036854775808}"#], &[], &[], Bad("protocol")),
    ("an error for the second page", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"a"}"#, r#"{"error":{"code":400,"message":"bad token"}}"#], &["+12"], &["a"], Bad("api")),
    ("no JSON for the second page", &[r#"{"activeNumbers":[{"phoneNumber":"+12"}],"nextPageToken":"a"}"#, "[]"], &["+12"], &["a"], Bad("protocol")),
];

pub(super) fn run(found: &mut Mismatches) -> usize {
    for (what, pages, numbers, tokens, end) in ROWS {
        let server = Server::new(pages.iter().map(success));
        let client = server.plain_client();
        let mut seen = Vec::new();
        let mut failed = None;
        for number in client.numbers(&ListNumbers::new()).take(10) {
            match number {
                Ok(number) => seen.push(number.phone_number),
                Err(error) => failed = Some(kind(&error)),
            }
        }
        found.same(what, &seen, &numbers.iter().map(ToString::to_string).collect());
        let failure = match end {
            Done => None,
            Circle => Some("protocol"),
            Bad(kind) => Some(kind),
        };
        found.same(what, &failed.as_deref(), &failure);
        let requests = server.requests();
        let sent: Vec<_> = requests
            .iter()
            .filter_map(|r| r.target.split_once("pageToken="))
            .map(|(_, t)| t)
            .collect();
        found.same(what, &sent, &tokens.to_vec());
        found.same(what, &requests.len(), &(tokens.len() + 1));

        // Page by page: the bytes as they came.
        let server = Server::new(pages.iter().map(success));
        let walk = server.plain_client().pages(&ListNumbers::new());
        let came: Vec<_> =
            walk.take(10).filter_map(Result::ok).map(|page| page.json().to_owned()).collect();
        let good = pages.len() - usize::from(matches!(end, Bad(_)));
        found.same(what, &came, &pages[..good].iter().map(ToString::to_string).collect());
    }
    ROWS.len()
}
