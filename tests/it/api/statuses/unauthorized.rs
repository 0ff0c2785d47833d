//! 401 and 403 under OAuth2: a 401 gets a new token and is sent once more, whatever it says; a second one is the answer.

use crate::support::calls::{Failed, call};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Act, Server, answer_bytes, ok, token};

pub(super) fn run(found: &mut Mismatches) -> usize {
    let mut cases = 0;
    // However a 401 looks, it is worth a new token.
    for (headers, body) in [
        ("", ""),
        (
            "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"Jwt expired at 2024\"\r\n",
            "",
        ),
        ("www-authenticate: Basic realm=\"x\"\r\n", "<html>"),
        ("", r#"{"type":"https://x/access-token-expired","title":"Token expired","status":401}"#),
        ("", r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#),
    ] {
        for call in ["active_get", "active_release"].map(call) {
            let row = format!("{}: 401 {headers:?} {body}", call.name);
            let act = answer_bytes(401, headers, body.as_bytes());
            let (attempts, tokens) = tried(call.name, vec![act.clone(), ok("{}")]);
            found.same(&row, &attempts, &Ok(2));
            found.same(&row, &tokens, &2);
            let (failed, tokens) = tried(call.name, vec![act]);
            found.same(&row, &failed, &Err(refused("auth", 401, 2)));
            found.same(&row, &tokens, &2);
        }
        cases += 1;
    }
    // What comes after it is judged by itself.
    for (second, kind) in [(403, "auth"), (404, "api"), (429, "rate"), (600, "protocol")] {
        let acts = vec![answer_bytes(401, "", b""), answer_bytes(second, "", b"")];
        let (failed, tokens) = tried("active_get", acts);
        found.same(&format!("401, then {second}"), &failed, &Err(refused(kind, second, 2)));
        found.same(&format!("401, then {second}"), &tokens, &2);
        cases += 1;
    }
    // Nothing else gets a new token.
    for (status, kind) in [(400, "api"), (403, "auth"), (407, "api"), (419, "api")] {
        let (failed, tokens) = tried("active_get", vec![answer_bytes(status, "", b"")]);
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

/// Makes a call; its attempts or its failure, and how many tokens were fetched.
fn tried(operation: &str, acts: Vec<Act>) -> (Result<u32, Failed>, usize) {
    let server = Server::with_tokens(acts, [token("old"), token("new")]);
    let client = server.builder().max_attempts(1).build().unwrap();
    let result = call(operation).run(&client);
    let result = result.map(|done| done.attempts).map_err(|error| Failed::from(&error));
    (result, server.token_requests().len())
}
