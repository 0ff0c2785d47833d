//! Calls over TLS while a process or a thread ends: in exit handlers and destructors nothing of the library may be gone already.

use rustls::version::TLS13;

use crate::support::server::{Server, ok, token};
use crate::support::tls_front::front;
use crate::support::tls_server::Authority;
use crate::support::toolchain::{bare, compile, printed};

/// A server behind TLS: its URL, the file with its root, and the server itself.
fn server() -> (String, String, Server) {
    let number = r#"{"phoneNumber":"+12025550134","displayName":"desk"}"#;
    let server = Server::with_tokens([ok(number)], [token("t")]);
    let authority = Authority::new();
    let file = authority.file("at-exit.pem").display().to_string();
    let port = front(authority.certify(&["localhost"], |_| ()), &[&TLS13], &server.url);
    (format!("https://localhost:{port}"), file, server)
}

#[test]
fn calls_work_in_exit_handlers_and_destructors() {
    let program = compile("cc", "tests/c/at_exit.c", &["-std=gnu11"]);
    let (url, file, _server) = server();
    for place in ["main", "atexit", "destructor", "thread"] {
        for before in ["new", "used"] {
            let said = bare(&program).args([&url, &file, place, before]).output().unwrap();
            let mut expected = String::new();
            if before == "used" || place == "main" {
                expected.push_str("used: OK \n");
            }
            if place != "main" {
                expected.push_str(&format!("{place}: OK \n"));
            }
            assert_eq!(printed(&said), expected, "{place} {before}");
        }
    }
}

#[test]
fn calls_work_in_static_destructors() {
    let program = compile("c++", "tests/cpp/at_exit.cpp", &["-std=c++11"]);
    let (url, file, _server) = server();
    let said = bare(program).args([&url, &file]).output().unwrap();
    assert_eq!(printed(&said), "desk\nreturned\n");
}
