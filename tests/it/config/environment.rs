//! Settings by environment variables, through Rust, C and Python: each case is a process of its own, with real files and sockets.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::docs::examples::example;
use crate::support::calls::NUMBER;
use crate::support::drivers::{c_driver, python_driver};
use crate::support::server::{Act, Server, ok};
use crate::support::tls_server::{Authority, Secure, Tunnels};
use crate::support::toolchain::{self, bare, fed};

const SECRET: &str = "hush-hush-hush";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Rust,
    C,
    Python,
}

const FACES: [Face; 3] = [Face::Rust, Face::C, Face::Python];

/// What came of reading a number: whether it succeeded, and all that was printed, the log of C included.
#[derive(Debug)]
struct Seen {
    ok: bool,
    printed: String,
}

impl Face {
    fn command(self) -> Command {
        match self {
            Self::Rust => {
                let mut command = bare(example("get_number"));
                command.arg(NUMBER);
                command
            }
            Self::C => {
                let mut command = c_driver();
                command.env("LOG", "1");
                command
            }
            Self::Python => python_driver(),
        }
    }

    /// Reads a number in a child with an environment.
    fn get(self, environment: &[(&str, &str)]) -> Seen {
        let mut command = self.command();
        let line = format!("active_get\t{NUMBER}\t\n");
        let output = fed(command.envs(environment.iter().copied()), line.as_bytes());
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        assert!(!printed.contains("hush"), "{printed}");
        let called = self == Self::Rust || printed.starts_with("0 200 ");
        Seen { ok: output.status.success() && called, printed }
    }
}

fn server() -> Server {
    // Whatever the path of the token endpoint is, it is a token as well.
    Server::new([ok(&format!(r#"{{"phoneNumber":"{NUMBER}","access_token":"t"}}"#))])
}

/// The environment of an account at a URL, with more: what is given twice has its last value.
fn account<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let account = [
        ("SINCH_PROJECT_ID", "project-1"),
        ("SINCH_KEY_ID", "key-id"),
        ("SINCH_KEY_SECRET", SECRET),
        ("SINCH_NUMBERS_URL", url),
        ("SINCH_AUTH_URL", url),
    ];
    account.into_iter().chain(more.iter().copied()).collect()
}

fn succeeds(face: Face, environment: &[(&str, &str)]) {
    let seen = face.get(environment);
    assert!(seen.ok, "{face:?} {environment:?}: {}", seen.printed);
}

fn fails(face: Face, environment: &[(&str, &str)], pieces: &[&str]) {
    let seen = face.get(environment);
    assert!(!seen.ok, "{face:?} {environment:?}: {}", seen.printed);
    for piece in pieces {
        assert!(seen.printed.contains(piece), "{face:?} {environment:?}: {}", seen.printed);
    }
}

fn file(name: &str, content: &[u8]) -> String {
    let path = toolchain::file(&format!("environment-{name}"), content);
    path.into_os_string().into_string().unwrap()
}

#[test]
fn blanks_line_ends_and_quotes_around_values() {
    let server = server();
    let values = [
        ("SINCH_PROJECT_ID", "project-1"),
        ("SINCH_KEY_ID", "key-id"),
        ("SINCH_KEY_SECRET", SECRET),
        ("SINCH_AUTH", "basic"),
        ("SINCH_NUMBERS_URL", &server.url),
        ("SINCH_AUTH_URL", &server.url),
        ("SINCH_NUMBERS_TIMEOUT_MS", "20000"),
        ("SINCH_NUMBERS_PROXY", "none"),
    ];
    let mut calls = 0;
    for face in FACES {
        // A process each: Rust has them all, the others one of each kind.
        let count = if face == Face::Rust { values.len() } else { 5 };
        for (name, value) in
            values.into_iter().take(count).skip(usize::from(face != Face::Rust) * 2)
        {
            let trimmed = ["\n", "\r\n", " ", "\r"].map(|end| format!("{value}{end}"));
            for value in trimmed.into_iter().chain([format!(" \t{value}")]) {
                succeeds(face, &account(&server.url, &[(name, &value)]));
                calls += 1;
            }
            for quoted in [format!("\"{value}\""), format!("'{value}'\n")] {
                fails(face, &account(&server.url, &[(name, &quoted)]), &[name, "is in quotes"]);
            }
        }
    }
    let requests = server.requests();
    assert_eq!(requests.len(), calls, "what was refused sent nothing");
    for request in requests {
        assert_eq!(request.target, format!("/v1/projects/project-1/activeNumbers/{NUMBER}"));
    }
    let basic = format!("Basic {}", STANDARD.encode(format!("key-id:{SECRET}")));
    for request in server.token_requests() {
        assert_eq!(request.header("authorization"), Some(basic.as_str()));
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let url = "http://127.0.0.1:1";
    let three = ["SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET"];
    for face in FACES {
        fails(face, &[], &[three[0], three[1], three[2], "sinch-numbers sandbox"]);
        let empty = account(url, &[("SINCH_KEY_ID", ""), ("SINCH_KEY_SECRET", "\r\n")]);
        fails(face, &empty, &["SINCH_KEY_ID", "is not set, nor is SINCH_KEY_SECRET ("]);
        let rows = [
            ("SINCH_NUMBERS_URL", "nonsense"),
            ("SINCH_NUMBERS_TIMEOUT_MS", "soon"),
            ("SINCH_NUMBERS_CA_FILE", "/nowhere/ca.pem"),
            ("SINCH_NUMBERS_ALLOW_HTTP", "yes"),
            ("SINCH_NUMBERS_LOG_LEVEL", "loud"),
        ];
        for (name, value) in rows {
            fails(face, &account(url, &[(name, value)]), &[name]);
        }
    }
}

#[test]
fn the_account_can_come_from_files() {
    let server = server();
    for face in FACES {
        let path =
            |name: &str, content: &str| file(&format!("{face:?}-{name}"), content.as_bytes());
        let project = path("project", "project-2\r\n");
        let key_id = path("key-id", "key-id\n");
        let secret = path("secret", &format!("{SECRET}\n"));
        let files = [
            ("SINCH_PROJECT_ID_FILE", project.as_str()),
            ("SINCH_KEY_ID_FILE", &key_id),
            ("SINCH_KEY_SECRET_FILE", &secret),
            ("SINCH_NUMBERS_URL", &server.url),
            ("SINCH_AUTH_URL", &server.url),
        ];
        succeeds(face, &files);
        assert!(server.requests().pop().unwrap().target.contains("/project-2/"));
        let both = [&files[..], &[("SINCH_KEY_SECRET", SECRET)]].concat();
        fails(face, &both, &["SINCH_KEY_SECRET", "is set, and so is SINCH_KEY_SECRET_FILE"]);
        let unset = [&files[..], &[("SINCH_KEY_SECRET", "\n")]].concat();
        succeeds(face, &unset);
        fs::remove_file(&secret).unwrap();
        fails(face, &files, &["SINCH_KEY_SECRET_FILE", "names a file that cannot"]);
    }
}

#[test]
fn c_can_give_keys_beside_the_environment() {
    let server = server();
    let read = |config: &str, more: &[(&str, &str)]| {
        let more = [&[("CONFIG", config)], more].concat();
        Face::C.get(&account(&server.url, &more))
    };
    let bad = [("SINCH_NUMBERS_TIMEOUT_MS", "\"5\"")];
    assert!(read(r#"{"fromEnv": true}"#, &[]).ok);
    assert!(read(r#"{"fromEnv": true, "timeoutMs": 20000, "projectId": "project-3"}"#, &bad).ok);
    assert!(server.requests().pop().unwrap().target.contains("/project-3/"));
    let seen = read(r#"{"fromEnv": true}"#, &bad);
    assert!(!seen.ok && seen.printed.contains(r#""field":"SINCH_NUMBERS_TIMEOUT_MS""#), "{seen:?}");
    for config in ["{}", r#"{"fromEnv": false}"#] {
        let seen = read(config, &[]);
        assert!(!seen.ok && seen.printed.contains("projectId: is missing"), "{seen:?}");
    }
}

#[test]
fn a_time_limit_and_a_level_for_the_log() {
    let stalled = Server::new([Act::Stall]);
    for face in FACES {
        let environment = account(&stalled.url, &[("SINCH_NUMBERS_TIMEOUT_MS", "200")]);
        let kind = if face == Face::Rust { "Timeout(Wait)" } else { "E_TIMEOUT" };
        fails(face, &environment, &[kind]);
    }
    let server = server();
    let lines = |level: &str| {
        let level = [("SINCH_NUMBERS_LOG_LEVEL", level)];
        let seen = Face::C.get(&account(&server.url, &level));
        assert!(seen.ok, "{seen:?}");
        seen.printed.lines().filter(|line| line.starts_with(['1', '2', '3', '4', '5'])).count()
    };
    assert_eq!([lines("off"), lines("warn"), lines("")], [0, 0, 0]);
    assert_eq!([lines("info"), lines("debug")], [1, 2]);
    assert!(lines("trace") >= 2);
}

#[test]
fn http_to_another_machine_and_a_proxy() {
    // The address of no machine: it leads to this one, and does not count as this one.
    let server = server();
    let url = server.url.replace("127.0.0.1", "0.0.0.0");
    let proxy = Tunnels::to(url.rsplit(':').next().unwrap().parse().unwrap());
    for face in FACES {
        fails(face, &account(&url, &[]), &["SINCH_NUMBERS_URL", "or SINCH_NUMBERS_ALLOW_HTTP"]);
        let direct = [("SINCH_NUMBERS_ALLOW_HTTP", "true"), ("SINCH_NUMBERS_PROXY", "none")];
        succeeds(face, &account(&url, &direct));
        let asked = proxy.heads().len();
        let through = [("SINCH_NUMBERS_ALLOW_HTTP", "1"), ("SINCH_NUMBERS_PROXY", &proxy.url())];
        succeeds(face, &account(&url, &through));
        assert!(proxy.heads().len() > asked, "{face:?}");
    }
}

#[test]
fn a_gateway_may_have_a_path() {
    let server = server();
    let (api, auth) = (format!("{}/sinch/", server.url), format!("{}/tokens.v1/a", server.url));
    for face in FACES {
        let urls = [("SINCH_NUMBERS_URL", api.as_str()), ("SINCH_AUTH_URL", &auth)];
        succeeds(face, &account(&server.url, &urls));
    }
    let requests = server.requests();
    let targets: Vec<&str> = requests.iter().map(|request| request.target.as_str()).collect();
    let get = format!("/sinch/v1/projects/project-1/activeNumbers/{NUMBER}");
    assert_eq!(targets, ["/tokens.v1/a/oauth2/token", &get].repeat(3));
}

/// A server whose certificate only `Authority` vouches for, and the files that say so.
struct Trust {
    server: Secure,
    authority: Authority,
}

impl Trust {
    fn new() -> Self {
        let authority = Authority::new();
        let server = Secure::new(authority.certify(&["localhost"], |_| ()));
        Self { server, authority }
    }

    fn get(&self, face: Face, more: &[(&str, &str)]) -> Seen {
        let url = self.server.url("localhost");
        face.get(&account(&url, &[&[("SINCH_AUTH", "basic")], more].concat()))
    }
}

#[test]
fn roots_by_environment() {
    // The environment, whether the server is trusted, and the variable that the log warns of.
    type Row<'a> = (&'a [(&'a str, &'a str)], bool, Option<&'a str>);
    let trust = Trust::new();
    let other = Authority::new();
    let pem = file("roots.pem", trust.authority.pem.as_bytes());
    let wrong = file("other.pem", other.pem.as_bytes());
    let empty = file("empty.pem", b"");
    let folder = PathBuf::from(file("folder", b"")).with_extension("d");
    fs::create_dir_all(folder.join("below")).unwrap();
    for (name, content) in [
        ("README", "no certificate"),
        ("other.pem", &other.pem),
        ("ours.0", &trust.authority.pem),
        ("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    std::os::unix::fs::symlink("/nowhere/at/all", folder.join("nowhere.pem")).unwrap();
    let folder = folder.to_str().unwrap();
    let two_folders = format!("/nowhere:{folder}");
    let missing = "/nowhere/roots.pem";
    let (cert_file, cert_dir) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    let roots = "SINCH_NUMBERS_ROOTS";
    let rows: [Row; 17] = [
        (&[], false, None),
        (&[(cert_file, &pem)], true, None),
        (&[(cert_file, "")], false, None),
        (&[(cert_dir, folder)], true, None),
        (&[(cert_dir, &two_folders)], true, None),
        (&[(cert_file, &wrong)], false, None),
        (&[(cert_file, &wrong), (cert_dir, folder)], true, None),
        (&[(cert_file, missing)], false, Some(cert_file)),
        (&[(cert_file, &empty)], false, Some(cert_file)),
        (&[(cert_file, "/")], false, Some(cert_file)),
        (&[(cert_dir, missing)], false, Some(cert_dir)),
        (&[(cert_file, missing), (cert_dir, folder)], true, Some(cert_file)),
        (&[(cert_file, &pem), (cert_dir, "/nowhere")], true, Some(cert_dir)),
        (&[(cert_file, &pem), (roots, "bundled")], false, None),
        (&[(cert_file, &pem), (roots, "platform")], true, None),
        (&[(cert_file, &wrong), ("SINCH_NUMBERS_CA_FILE", &pem)], true, None),
        (&[(cert_file, missing), ("SINCH_NUMBERS_CA_FILE", &pem)], true, None),
    ];
    for (environment, trusted, warned) in rows {
        for face in FACES {
            let seen = trust.get(face, environment);
            assert_eq!(seen.ok, trusted, "{face:?} {environment:?}: {}", seen.printed);
        }
        // Beside a config, too.
        let url = trust.server.url("localhost");
        let of_roots = |name: &&(&str, &str)| name.0.starts_with("SINCH_");
        let more = match environment.iter().find(of_roots) {
            Some(("SINCH_NUMBERS_ROOTS", value)) => format!(r#", "roots": "{value}""#),
            Some((_, value)) => format!(r#", "caFile": "{value}""#),
            None => String::new(),
        };
        let config = format!(
            r#"{{"projectId": "p", "keyId": "k", "keySecret": "s", "auth": "basic", "baseUrl": "{url}"{more}}}"#
        );
        let seen = Face::C.get(&[environment, &[("CONFIG", &config)]].concat());
        assert_eq!(seen.ok, trusted, "config {environment:?}: {}", seen.printed);
        for variable in [cert_file, cert_dir] {
            let says_so = seen.printed.contains(&format!("2 {variable}: "));
            assert_eq!(says_so, warned == Some(variable), "{environment:?}: {}", seen.printed);
        }
        let bundled = seen.printed.contains("the bundled roots are used");
        assert_eq!(bundled, warned.is_some() && !trusted, "{environment:?}: {}", seen.printed);
    }
}

#[test]
fn clients_without_tls_leave_the_roots_alone() {
    let server = server();
    let seen = Face::C.get(&account(&server.url, &[("SSL_CERT_FILE", "/nowhere/roots.pem")]));
    assert!(seen.ok && !seen.printed.contains("SSL_CERT_FILE"), "{seen:?}");
}

#[test]
fn nothing_listens_and_nothing_is_asked_for() {
    // Making a client sends nothing, whatever the environment says.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    fails(Face::C, &account(&url, &[("SINCH_AUTH", "digest")]), &["SINCH_AUTH: is none of"]);
    assert!(listener.accept().is_err());
}
