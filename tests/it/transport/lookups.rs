//! How the addresses of a name are found and tried, with a preloaded getaddrinfo(3).

use std::net::TcpListener;
use std::process::Command;

use crate::support::calls::call;
use crate::support::drivers::{c_driver, drive};
use crate::support::server::{Server, ok};
use crate::support::tls_server::{Authority, Secure};
use crate::support::toolchain::compile;

/// A driver that gets these addresses for numbers.test.
fn driver(addresses: &str) -> Command {
    let preloaded = compile("cc", "tests/c/lookups.c", &["-std=gnu11", "-fPIC", "-shared"]);
    let mut driver = c_driver();
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        driver.env_remove(name);
    }
    driver.env("LD_PRELOAD", preloaded).env("ADDRESSES", addresses);
    driver
}

#[test]
fn a_name_is_looked_up_again_and_without_threads() {
    let rows: [(&str, &[(&str, &str)]); 4] = [
        ("at once", &[]),
        ("the name server is busy for a moment", &[("FAILURES", "1")]),
        ("no thread is to be had", &[("NO_THREADS", "1")]),
        ("both", &[("FAILURES", "1"), ("NO_THREADS", "1")]),
    ];
    for (name, variables) in rows {
        let server = Server::new([ok("{}")]);
        let port = server.url.rsplit(':').next().unwrap();
        let mut driver = driver("127.0.0.1");
        driver.envs(variables.iter().copied());
        let url = format!("http://numbers.test:{port}");
        let more = r#""allowHttp": true, "maxAttempts": 2"#;
        let outcomes = drive(driver, &url, more, call("active_release").line());
        assert_eq!(outcomes, [(0, 200, "{}".to_owned())], "{name}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}

#[test]
fn an_address_that_stalls_in_tls_is_tried_last() {
    let authority = Authority::new();
    let file = authority.file("stalls.pem");
    let server = Secure::new(authority.certify(&["numbers.test"], |_| ()));
    // Accepts, for the kernel does, and never says a word.
    let stalls = TcpListener::bind(("127.0.0.2", server.port)).unwrap();
    let url = format!("https://numbers.test:{}", server.port);
    let more = format!(
        r#""caFile": "{}", "connectTimeoutMs": 1500, "maxAttempts": 4, "timeoutMs": 60000"#,
        file.display()
    );
    let line = call("active_get").line();
    let outcomes = drive(driver("127.0.0.2 127.0.0.1"), &url, &more, line);
    assert_eq!(outcomes[0].0, 0, "{outcomes:?}");
    stalls.set_nonblocking(true).unwrap();
    let tried = std::iter::from_fn(|| stalls.accept().ok()).count();
    assert_eq!(tried, 1, "the first attempt began there, no other did");
}
