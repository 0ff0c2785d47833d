//! How the addresses of a name are found and tried, with a preloaded getaddrinfo(3).

use std::net::TcpListener;
use std::process::Command;
use std::thread;

use crate::support::calls::call;
use crate::support::drivers::{c_driver, drive};
use crate::support::faults::{Faults, Gate, Step, Unresponsive, send};
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
fn dead_addresses_before_a_good_one_cost_no_call_and_the_winner_is_remembered() {
    let (connected, revived) = (Gate::default(), Gate::default());
    let first = [Step::Request, Step::Open(connected.clone()), Step::Await(revived.clone())];
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let server =
        Faults::new([[&first[..], &[send(last)]].concat(), vec![Step::Request, send(last)]]);
    let dead = [2, 3, 4, 5].map(|last| format!("127.0.0.{last}"));
    let listeners =
        dead.clone().map(|address| Unresponsive::at(&format!("{address}:{}", server.port)));
    let driver = driver(&format!("{} 127.0.0.1", dead.join(" ")));
    let url = format!("http://numbers.test:{}", server.port);
    let more = r#""auth": "basic", "allowHttp": true, "maxAttempts": 1, "connectTimeoutMs": 60000, "timeoutMs": 60000"#;
    thread::scope(|scope| {
        scope.spawn(|| {
            connected.wait();
            // Whoever begins there now connects at once, and waits for a response that does not come.
            listeners.iter().for_each(Unresponsive::revive);
            revived.open();
        });
        let outcomes = drive(driver, &url, more, call("active_release").line().repeat(2));
        assert_eq!(outcomes, vec![(0, 200, "{}".to_owned()); 2]);
    });
    assert_eq!(server.connections(), 2);
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
