//! What a core of freed memory would show of the secrets: a C program makes calls, frees everything and looks through its own
//! memory.

use std::fmt::Write as _;
use std::path::Path;
use std::thread;

use crate::server::{Act, Server, answer, ok, token};
use crate::toolchain::{bare, compile, printed};

const SECRET: &str = "q7Kx-secret-Zr4Tm9WvB2nY6sLd8";
/// Of `key-id` and the secret.
const BASIC: &str = "a2V5LWlkOnE3S3gtc2VjcmV0LVpyNFRtOVd2QjJuWTZzTGQ4";
const TOKEN: &str = "eyJhbGciOiJub25lIn0.Jf3uQ8-token-Pw5Hc7Xe1Ga9Vk0Rb6Ds2Mt4Zy";
const SECOND: &str = "ZyJxMm9Uc1VhNHd4YnFl.Ln6oC1-again-Uj8Kf3Qy5Wi2Sx7Bm0Th9Eg4Od";

/// As the program reads it.
fn masked(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{:02x}", byte ^ 0xA5).unwrap();
        hex
    })
}

/// Every character as an escape of JSON.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut json, character| {
        write!(json, "\\u{:04x}", u32::from(character)).unwrap();
        json
    })
}

/// What the program says: which of the secrets were in its memory while it had a client, and which are left.
fn look(program: &Path, config: &str) -> String {
    let mut command = bare(program);
    command.arg(masked(config));
    for (name, needle) in
        [("secret", SECRET), ("basic", BASIC), ("token", TOKEN), ("again", SECOND)]
    {
        command.arg(format!("{name}={}", masked(needle)));
    }
    printed(&command.output().unwrap())
}

fn chunked(body: &str) -> Act {
    let mut answer = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for piece in body.as_bytes().chunks(50) {
        write!(answer, "{:x}\r\n{}\r\n", piece.len(), str::from_utf8(piece).unwrap()).unwrap();
    }
    Act::Raw((answer + "0\r\n\r\n").into())
}

/// An answer that announces more than this, or no length at all.
fn unfinished(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 X\r\n{head}\r\n{body}").into()
}

/// What is special, more configuration, what the API answers and what the token endpoint, and what is to be found while the client
/// lives, and only then.
type Row = (&'static str, &'static str, (Vec<Act>, Vec<Act>), &'static str);

fn mismatch(program: &Path, (name, more, (api, tokens), expected): Row) -> Option<String> {
    let server = Server::with_tokens(api, tokens);
    let url = &server.url;
    let secret = if name == "a secret with escapes" { &escaped(SECRET) } else { SECRET };
    let config = format!(
        r#"{{{more}"projectId":"p","keyId":"key-id","keySecret":"{secret}","baseUrl":"{url}","authUrl":"{url}"}}"#
    );
    let said = look(program, &config);
    (said != format!("{expected}\n")).then(|| format!("{name}: {said}"))
}

#[test]
fn nothing_is_left_of_a_secret() {
    let with_token = format!(r#"{{"access_token":"{TOKEN}","expires_in":3599}}"#);
    let padded = format!(r#"{{"access_token":"{TOKEN}","scope":"{}"}}"#, "x".repeat(20_000));
    let cut = &with_token[..with_token.len() - 10];
    let tokens = |act: Act| (vec![ok("{}")], vec![act]);
    let all = "alive: secret token";
    let none = "alive: secret";
    let rows: Vec<Row> = vec![
        ("a token", "", tokens(token(TOKEN)), all),
        ("Basic", r#""auth":"basic","#, tokens(token(TOKEN)), "alive: secret basic"),
        (
            "a token that was replaced",
            "",
            (vec![ok("{}"), answer(401, ""), ok("{}")], vec![token(TOKEN), token(SECOND)]),
            "alive: secret again",
        ),
        ("every call refused", "", (vec![answer(401, "")], vec![token(TOKEN)]), all),
        ("chunks", "", tokens(chunked(&with_token)), all),
        ("many chunks", "", tokens(chunked(&padded)), all),
        ("no length", "", tokens(Act::RawThenClose(unfinished("", &padded))), all),
        ("escapes", "", tokens(ok(&with_token.replace(TOKEN, &escaped(TOKEN)))), all),
        (
            "cut off",
            r#""maxAttempts":1,"#,
            tokens(Act::RawThenClose(unfinished("Content-Length: 500\r\n", cut))),
            none,
        ),
        (
            "broken chunks",
            "",
            tokens(Act::Raw(unfinished(
                "Transfer-Encoding: chunked\r\n",
                &format!("{:x}\r\n{cut}\r\nnone\r\n", cut.len()),
            ))),
            none,
        ),
        (
            "a stall",
            r#""timeoutMs":100,"#,
            tokens(Act::Raw(unfinished("Content-Length: 500\r\n", cut))),
            none,
        ),
        ("no JSON", "", tokens(ok(cut)), none),
        ("not for a header", "", tokens(token(&format!("{TOKEN}\\u0000"))), none),
        ("too long", "", tokens(token(&format!("{TOKEN}{}", "x".repeat(9000)))), none),
        ("over the limit", r#""maxResponseBytes":150,"#, tokens(ok(&padded)), none),
        ("a redirect that holds one", "", tokens(answer(302, &with_token)), none),
        ("a secret with escapes", "", tokens(token(TOKEN)), all),
        (
            "refused for its auth",
            r#""auth":"digest","#,
            tokens(token(TOKEN)),
            "E_INPUT\nE_INPUT\nalive:",
        ),
        (
            "refused for a misspelling",
            r#""tiemoutMs":1,"#,
            tokens(token(TOKEN)),
            "E_INPUT\nE_INPUT\nalive:",
        ),
        (
            "refused for its file",
            r#""caFile":"/none","#,
            tokens(token(TOKEN)),
            "E_INPUT\nE_INPUT\nalive:",
        ),
    ];
    let program = compile("cc", "tests/c/remains.c", &["-std=gnu11"]);
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> =
            rows.into_iter().map(|row| scope.spawn(|| mismatch(&program, row))).collect();
        running.into_iter().filter_map(|row| row.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
