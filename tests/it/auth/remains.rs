//! What a core of freed memory would show of the secrets: a C program makes calls, frees everything and looks through its own
//! memory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::support::server::{Act, Server, ok, response, token};
use crate::support::tls_front::front;
use crate::support::tls_server::Authority;
use crate::support::toolchain::{bare, compile, printed};

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

/// How the calls travel.
#[derive(Clone, Copy, Debug)]
enum Over {
    Http,
    Tls(&'static SupportedProtocolVersion),
}

impl Over {
    /// What is looked for, and how much of it is too much. Access tokens are not: ureq and rustls free their buffers as they
    /// are.
    fn needles(self) -> (&'static [(&'static str, &'static str)], &'static str) {
        let all = &[("secret", SECRET), ("basic", BASIC)];
        match self {
            Self::Http => (all, "12"),
            // A cipher may leave a block of 16 bytes on the stack.
            Self::Tls(_) => (all, "20"),
        }
    }
}

/// What the program says: which of the secrets were in its memory while it had a client, and which are left.
fn look(program: &Path, over: Over, config: &str) -> String {
    let (needles, piece) = over.needles();
    let mut command = bare(program);
    command.args([piece, &masked(config)]);
    for (name, needle) in needles {
        command.arg(format!("{name}={}", masked(needle)));
    }
    printed(&command.output().unwrap())
}

fn chunked(body: &str) -> Act {
    let mut response = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for piece in body.as_bytes().chunks(50) {
        write!(response, "{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap())
            .unwrap();
    }
    Act::Raw((response + "0\r\n\r\n").into())
}

/// A response that announces more than this, or no length at all.
fn unfinished(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 X\r\n{head}\r\n{body}").into()
}

/// What is special, more configuration, what the API answers and what the token endpoint, and what is to be found while the client
/// lives, and only then; nothing where the client is refused.
type Row = (&'static str, &'static str, (Vec<Act>, Vec<Act>), &'static [&'static str]);

fn mismatch(program: &Path, over: Over, (name, more, (api, tokens), alive): Row) -> Option<String> {
    static AUTHORITY: LazyLock<(Authority, PathBuf)> = LazyLock::new(|| {
        let authority = Authority::new();
        let file = authority.file("remains.pem");
        (authority, file)
    });
    let server = Server::with_tokens(api, tokens);
    let mut more = more.to_owned();
    let url = &match over {
        Over::Http => server.url.clone(),
        Over::Tls(version) => {
            let (authority, file) = &*AUTHORITY;
            if !more.contains("caFile") {
                write!(more, r#""caFile":"{}","#, file.display()).unwrap();
            }
            let identity = authority.certify(&["localhost"], |_| ());
            format!("https://localhost:{}", front(identity, &[version], &server.url))
        }
    };
    let secret = if name == "a secret with escapes" { &escaped(SECRET) } else { SECRET };
    let config = format!(
        r#"{{{more}"projectId":"p","keyId":"key-id","keySecret":"{secret}","baseUrl":"{url}","authUrl":"{url}"}}"#
    );
    let said = look(program, over, &config);
    let mut wanted = if alive.is_empty() { "E_INPUT\nE_INPUT\n" } else { "" }.to_owned();
    wanted.push_str("alive:");
    for (name, _) in over.needles().0.iter().filter(|(name, _)| alive.contains(name)) {
        write!(wanted, " {name}").unwrap();
    }
    (said != wanted + "\n").then(|| format!("{over:?}, {name}: {said}"))
}

#[test]
fn nothing_is_left_of_a_secret() {
    check(Over::Http, rows());
}

#[test]
fn nothing_is_left_of_a_secret_over_tls() {
    check(Over::Tls(&TLS13), rows());
    check(Over::Tls(&TLS12), rows().drain(..3).collect());
}

fn check(over: Over, rows: Vec<Row>) {
    let program = &compile("cc", "tests/c/remains.c", &["-std=gnu11"]);
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> =
            rows.into_iter().map(|row| scope.spawn(move || mismatch(program, over, row))).collect();
        running.into_iter().filter_map(|row| row.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn rows() -> Vec<Row> {
    let with_token = format!(r#"{{"access_token":"{TOKEN}","expires_in":3599}}"#);
    let padded = format!(r#"{{"access_token":"{TOKEN}","scope":"{}"}}"#, "x".repeat(20_000));
    let cut = &with_token[..with_token.len() - 10];
    let tokens = |act: Act| (vec![ok("{}")], vec![act]);
    let all = &["secret", "token"][..];
    let none = &all[..1];
    vec![
        ("a token", "", tokens(token(TOKEN)), all),
        ("Basic", r#""auth":"basic","#, tokens(token(TOKEN)), &["secret", "basic"]),
        (
            "a token that was replaced",
            "",
            (vec![ok("{}"), response(401, ""), ok("{}")], vec![token(TOKEN), token(SECOND)]),
            &["secret", "again"],
        ),
        ("every call refused", "", (vec![response(401, "")], vec![token(TOKEN)]), all),
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
        ("a redirect that holds one", "", tokens(response(302, &with_token)), none),
        ("a secret with escapes", "", tokens(token(TOKEN)), all),
        ("refused for its auth", r#""auth":"digest","#, tokens(token(TOKEN)), &[]),
        ("refused for a misspelling", r#""tiemoutMs":1,"#, tokens(token(TOKEN)), &[]),
        ("refused for its file", r#""caFile":"/none","#, tokens(token(TOKEN)), &[]),
    ]
}
