//! 401 and 403 under OAuth2: a 401 gets a new token and is sent once more, whatever it says; a second one is the response.

use mockito::Server;

use crate::support::calls::{Failed, call};
use crate::support::mismatches::Mismatches;
use crate::support::mocked;

/// Status, headers and body.
type Canned<'a> = (u16, &'a [(&'a str, &'a str)], &'a str);

pub(super) fn run(found: &mut Mismatches) -> usize {
    let mut cases = 0;
    // However a 401 looks, it is worth a new token.
    let rows: [Canned; 5] = [
        (401, &[], ""),
        (
            401,
            &[(
                "www-authenticate",
                "Bearer error=\"invalid_token\", error_description=\"Jwt expired at 2024\"",
            )],
            "",
        ),
        (401, &[("www-authenticate", "Basic realm=\"x\"")], "<html>"),
        (
            401,
            &[],
            r#"{"type":"https://x/access-token-expired","title":"Token expired","status":401}"#,
        ),
        (401, &[], r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#),
    ];
    for refused_with in rows {
        for operation in ["active_get", "active_release"] {
            let row = format!("{operation}: {refused_with:?}");
            let (attempts, tokens) = tried(operation, refused_with, (200, &[], "{}"));
            found.same(&row, &attempts, &Ok(2));
            found.same(&row, &tokens, &2);
            let (failed, tokens) = tried(operation, refused_with, refused_with);
            found.same(&row, &failed, &Err(refused("auth", 401, 2)));
            found.same(&row, &tokens, &2);
        }
        cases += 1;
    }
    // What comes after it is judged by itself.
    for (second, kind) in [(403, "auth"), (404, "api"), (429, "rate"), (600, "protocol")] {
        let (failed, tokens) = tried("active_get", (401, &[], ""), (second, &[], ""));
        found.same(&format!("401, then {second}"), &failed, &Err(refused(kind, second, 2)));
        found.same(&format!("401, then {second}"), &tokens, &2);
        cases += 1;
    }
    // Nothing else gets a new token.
    for (status, kind) in [(400, "api"), (403, "auth"), (407, "api"), (419, "api")] {
        let (failed, tokens) = tried("active_get", (status, &[], ""), (status, &[], ""));
        found.same(&format!("{status}"), &failed, &Err(refused(kind, status, 1)));
        found.same(&format!("{status}"), &tokens, &1);
        cases += 1;
    }
    cases
}

fn refused(kind: &str, status: u16, attempts: u32) -> Failed {
    Failed {
        kind: kind.to_owned(),
        status: Some(status),
        attempts,
        maybe_applied: false,
        can_retry: kind == "rate",
    }
}

/// Makes a call of a service that responds in one way to the first token and in another to the second; the call's attempts or
/// its failure, and how many tokens were fetched once.
fn tried(operation: &str, first: Canned, second: Canned) -> (Result<u32, Failed>, usize) {
    let call = call(operation);
    let mut server = Server::new();
    let tokens = ["old", "new"].map(|text| mocked::token(&mut server, text).create());
    for (text, (status, headers, body)) in [("old", first), ("new", second)] {
        let mock = mocked::on(&mut server, call.method, call.target)
            .match_header("authorization", format!("Bearer {text}").as_str());
        mocked::respond(mock, status, headers, body).create();
    }
    let client = mocked::builder(&server).max_attempts(1).build().unwrap();
    let result = call.run(&client);
    let result = result.map(|done| done.attempts).map_err(|error| Failed::from(&error));
    (result, tokens.iter().filter(|token| token.matched()).count())
}
