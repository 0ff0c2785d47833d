//! The way through a proxy: what it is asked, what it is told, and what its failures come to.

use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::{Client, ClientBuilder, Credentials, ErrorKind};

use crate::support::calls::{Failed, NUMBER, bound, call, connect_timeout, kind, whole_message};
use crate::support::drivers::{c_driver, drive};
use crate::support::faults::{Faults, Gate, Step, reply, send};
use crate::support::server::{Server, ok};
use crate::support::tls_server::{Authority, Secure, Tunnels};

fn builder(origin: &str, proxy: &str) -> ClientBuilder {
    Client::builder("project-1", Credentials::oauth2("key-id", "key-secret"))
        .base_url(origin)
        .auth_url(origin)
        .proxy(proxy)
}

const YES: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// How a proxy says yes, each piece in a segment of its own.
#[test]
fn a_proxy_may_say_yes_in_its_own_way() {
    let rows: [(&str, &[&str]); 8] = [
        ("plainly", &[YES]),
        (
            "in pieces",
            &["HTTP/1.1 20", "0 Connection establ", "ished\r", "\nVia: 1.1 a\r\n\r", "\n"],
        ),
        ("in an older version", &["HTTP/1.0 200 OK\r\n\r\n"]),
        ("without words", &["HTTP/1.1 200 \r\n\r\n"]),
        ("with headers", &["HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nDate: now\r\nX: y\r\n\r\n"]),
        ("with a length of nothing", &["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]),
        // RFC 9110, 9.3.6: a client ignores them.
        ("with a length of something", &["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"]),
        ("in chunks", &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
    ];
    let authority = Authority::new();
    let file = authority.file("yes.pem");
    let server = Secure::new(authority.certify(&["numbers.test"], |_| ()));
    for (name, pieces) in rows {
        let proxy = Tunnels::answering(server.port, pieces);
        let client = builder("https://numbers.test", &proxy.url()).ca_file(&file).build().unwrap();
        let response = client.get(NUMBER);
        assert!(response.is_ok(), "{name}: {response:?}");
        assert_eq!(proxy.heads().len(), 1, "{name}: one tunnel for the token and the call");
    }
}

/// Where a tunnel is to lead, and who asks for it. Nothing of the request itself is shown to the proxy.
#[test]
fn a_proxy_is_asked_for_a_tunnel_and_sees_nothing_else() {
    // Of the proxy's URL, what stands before its host.
    let rows = [
        ("https://numbers.test", "", "numbers.test:443", None),
        ("https://numbers.test:8443", "", "numbers.test:8443", None),
        ("https://NUMBERS.test", "", "NUMBERS.test:443", None),
        ("https://[fd00::1]", "", "[fd00::1]:443", None),
        ("https://[fd00::1]:8443", "", "[fd00::1]:8443", None),
        ("https://192.0.2.7", "", "192.0.2.7:443", None),
        ("https://numbers.test", "user:pass@", "numbers.test:443", Some("dXNlcjpwYXNz")),
        ("https://numbers.test", "user@", "numbers.test:443", Some("dXNlcjo=")),
        ("https://numbers.test", ":pass@", "numbers.test:443", Some("OnBhc3M=")),
        // p@ss:w/rd, 100%, a+b, ü
        (
            "https://numbers.test",
            "user:p%40ss%3Aw%2Frd@",
            "numbers.test:443",
            Some("dXNlcjpwQHNzOncvcmQ="),
        ),
        ("https://numbers.test", "user:100%25@", "numbers.test:443", Some("dXNlcjoxMDAl")),
        ("https://numbers.test", "user:a+b@", "numbers.test:443", Some("dXNlcjphK2I=")),
        ("https://numbers.test", "user:%C3%BC@", "numbers.test:443", Some("dXNlcjrDvA==")),
    ];
    let authority = Authority::new();
    let file = authority.file("asked.pem");
    let names = ["numbers.test", "fd00::1", "192.0.2.7"];
    let server = Secure::new(authority.certify(&names, |_| ()));
    for (origin, user, target, credentials) in rows {
        let proxy = Tunnels::to(server.port);
        let url = format!("http://{user}127.0.0.1:{}", proxy.port);
        let client = builder(origin, &url).ca_file(&file).build().unwrap();
        for _ in 0..3 {
            client.get(NUMBER).unwrap();
        }
        let heads = proxy.heads();
        let [head] = heads.as_slice() else { panic!("{heads:?}") };
        let mut expected = vec![
            format!("CONNECT {target} HTTP/1.1"),
            format!("Host: {target}"),
            format!("User-Agent: sinch-numbers/{}", env!("CARGO_PKG_VERSION")),
            "Proxy-Connection: Keep-Alive".to_owned(),
        ];
        if let Some(credentials) = credentials {
            expected.push(format!("Proxy-Authorization: Basic {credentials}"));
        }
        assert_eq!(head.lines().collect::<Vec<_>>(), [&expected[..], &[String::new()]].concat());
        if !user.is_empty() {
            let shown = format!("{client:?}");
            assert!(!shown.contains(user.trim_end_matches('@')), "{shown}");
        }
    }
    let unproxied = builder("https://numbers.test", "127.0.0.1:1").build();
    assert!(unproxied.is_ok(), "the scheme may be left out");
}

#[test]
fn plain_http_goes_through_a_tunnel_too() {
    for (origin, target) in
        [("http://numbers.test", "numbers.test:80"), ("http://numbers.test:81", "numbers.test:81")]
    {
        let server = Server::new([ok("{}")]);
        let port = server.url.rsplit(':').next().unwrap().parse().unwrap();
        let proxy = Tunnels::to(port);
        let client = builder(origin, &proxy.url()).allow_http(true).build().unwrap();
        client.get(NUMBER).unwrap();
        client.get(NUMBER).unwrap();
        let heads = proxy.heads();
        let [head] = heads.as_slice() else { panic!("{heads:?}") };
        assert!(head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{head}");
        assert!(!head.contains("uthorization"), "{head}");
        let target = format!("/v1/projects/project-1/activeNumbers/{NUMBER}");
        assert_eq!(server.requests()[0].target, target, "not the form that is for proxies");
    }
}

#[test]
fn each_host_is_reached_by_its_own_way() {
    let authority = Authority::new();
    let file = authority.file("ways.pem");
    let far = Secure::new(authority.certify(&["far.test"], |_| ()));
    let near = Secure::new(authority.certify(&["localhost"], |_| ()));
    let near_url = near.url("localhost");
    // The API, the token endpoint; then how many requests the one beyond the proxy gets.
    let rows = [
        ("https://far.test", near_url.as_str(), 1, 1),
        (near_url.as_str(), "https://far.test", 1, 1),
    ];
    for (base_url, auth_url, beyond, direct) in rows {
        let proxy = Tunnels::to(far.port);
        let (far_before, near_before) = (far.requests().len(), near.requests().len());
        let client =
            builder(base_url, &proxy.url()).auth_url(auth_url).ca_file(&file).build().unwrap();
        client.get(NUMBER).unwrap();
        assert_eq!(far.requests().len() - far_before, beyond, "{base_url}");
        assert_eq!(near.requests().len() - near_before, direct, "{base_url}");
        assert_eq!(proxy.heads().len(), 1, "{base_url}");
    }
}

/// A proxy that leads nowhere.
struct Failing {
    what: &'static str,
    /// What it does once it was asked.
    script: Vec<Step>,
    kind: &'static str,
    /// A piece of what the error says.
    piece: &'static str,
    /// Whether another attempt is worth it.
    passing: bool,
}

#[test]
fn a_proxy_that_fails_is_a_network_failure_in_which_nothing_was_sent() {
    let row = |what, script, piece| Failing {
        what,
        script,
        kind: "transport:connect",
        piece,
        passing: true,
    };
    let tls = |what, script, piece, passing| Failing {
        what,
        script,
        kind: "transport:tls",
        piece,
        passing,
    };
    let refusal =
        |status: u16| vec![reply(status, r#"{"error":{"code":404,"status":"NOT_FOUND"}}"#)];
    // Its word is final: repeated, it would lock an account.
    let final_row = |what, script, piece| Failing { passing: false, ..row(what, script, piece) };
    let many_headers = format!("HTTP/1.1 403 No\r\n{}\r\n", "X: y\r\n".repeat(60));
    let rows = vec![
        final_row("knows us not", refusal(407), "407"),
        final_row("forbids", refusal(403), "403"),
        final_row("finds nothing", refusal(404), "404"),
        row("cannot reach it", refusal(502), "502"),
        row("is busy", refusal(503), "503"),
        row(
            "leads elsewhere",
            vec![send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")],
            "302",
        ),
        final_row("refuses at length", vec![send(many_headers)], "403"),
        row("closes", vec![Step::End], "closed the connection"),
        row(
            "closes in the middle",
            vec![send("HTTP/1.1 200 Conn"), Step::End],
            "closed the connection",
        ),
        row("resets", vec![Step::Reset], "reset"),
        row("speaks another language", vec![send("SSH-2.0-OpenSSH_9.2\r\n\r\n")], ""),
        row("speaks TLS", vec![send([21, 3, 1, 0, 2, 2, 70]), Step::End], ""),
        row(
            "never ends",
            vec![send("HTTP/1.1 200 OK\r\n"), Step::Flood(b"X: y\r\n".to_vec(), 1 << 20)],
            "",
        ),
        row("says yes and explains it", vec![reply(200, "{}")], "sent more"),
        row("stalls", vec![], "timed out"),
        row("stalls in the middle", vec![send("HTTP/1.1 200 OK\r\n")], "timed out"),
        row(
            "a byte at a time",
            vec![Step::Drip(vec![b'H'; 200], Duration::from_millis(200))],
            "timed out",
        ),
        // From here on it is the server's word, for all one can tell.
        tls("says yes and closes", vec![send(YES), Step::End], "", true),
        tls("says yes and stalls", vec![send(YES)], "timed out", true),
    ];
    assert!(rows.len() >= 18);
    thread::scope(|scope| {
        for row in rows {
            scope.spawn(move || {
                let name = row.what;
                let proxy = Faults::new([[vec![Step::Request], row.script].concat()]);
                let url = format!("http://user:hush-hush@127.0.0.1:{}", proxy.port);
                let connect_timeout = connect_timeout(row.piece);
                let client =
                    Client::builder("project-1", Credentials::basic("key-id", "key-secret"))
                        .base_url("https://numbers.test")
                        .proxy(url)
                        .connect_timeout(connect_timeout)
                        .max_attempts(2)
                        .build()
                        .unwrap();
                let began = Instant::now();
                let error = client.release(NUMBER).unwrap_err();
                assert!(began.elapsed() < bound(connect_timeout * 4), "{name}");
                let text = whole_message(&error);
                let expected = Failed {
                    kind: row.kind.to_owned(),
                    status: None,
                    attempts: if row.passing { 2 } else { 1 },
                    maybe_applied: false,
                    can_retry: row.passing,
                };
                assert_eq!(Failed::from(&error), expected, "{name}: {text}");
                assert!(text.contains(row.piece), "{name}: {text}");
                for secret in ["hush-hush", "dXNlcjpodXNoLWh1c2g", "key-secret"] {
                    assert!(!format!("{text} {error:?}").contains(secret), "{name}: {error:?}");
                }
                assert_eq!(proxy.connections(), expected.attempts as usize, "{name}");
                for request in proxy.requests() {
                    assert!(!request.contains("\r\nAuthorization"), "{name}: {request}");
                }
                proxy.assert_held(0, name);
            });
        }
    });
}

#[test]
fn a_proxy_that_is_not_there_is_a_network_failure() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = builder("https://numbers.test", &format!("http://user:hush@127.0.0.1:{port}"));
    let error = client.max_attempts(2).build().unwrap().release(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "transport:connect");
    assert!(!error.may_have_been_applied() && error.can_retry());
    assert!(!format!("{error:?}").contains("hush"));
}

#[test]
fn the_deadline_and_a_cancel_end_the_way_to_a_proxy_too() {
    let proxy = Faults::new([vec![Step::Request]]);
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let client = builder("https://numbers.test", &url).timeout(Duration::from_secs(2));
    let error = client.build().unwrap().release(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "timeout:connect", "{error:?}");
    assert!(!error.may_have_been_applied());

    let asked = Gate::default();
    let proxy = Faults::new([vec![Step::Request, Step::Open(asked.clone())]]);
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let client = builder("https://numbers.test", &url).connect_timeout(Duration::from_secs(60));
    let client = client.timeout(Duration::from_secs(60)).build().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            asked.wait();
            client.shutdown();
        });
        let error = client.release(NUMBER).unwrap_err();
        assert_eq!(kind(&error), "cancelled", "{error:?}");
        assert!(!error.may_have_been_applied());
    });
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_being_shown() {
    for url in [
        "socks5://user:hush@proxy.test:1080",
        "https://user:hush@proxy.test",
        "ftp://hush",
        "http://",
        "http://[hush",
        "",
        "http://user:hush@",
        "http://user:hush@proxy.test:99999",
        "http://user:hush@proxy.test:0",
        "http://user:hush@proxy.test:",
        "http://user:hush%FF@proxy.test",
        "http://user:hush\r\nX: y@proxy.test",
        "http://user:hush @proxy.test",
    ] {
        let error = builder("https://numbers.test", url).build().unwrap_err();
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error:?}") };
        assert_eq!(input.field, "proxy");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

/// SOCKS in the environment stops only those who would use it, and they hear which variable it was.
#[test]
fn socks_is_an_error_where_it_would_be_used() {
    let server = Server::new([ok("{}")]);
    let driver = |url: &str, config: &str| {
        let mut driver = c_driver();
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            driver.env_remove(name).env_remove(name.to_lowercase());
        }
        driver.env("ALL_PROXY", "socks5://user:hush@127.0.0.1:1");
        let config = format!(
            r#"{{"projectId": "p", "keyId": "k", "keySecret": "s", "baseUrl": "{url}", "authUrl": "{url}", "maxAttempts": 1{config}}}"#
        );
        driver.env("CONFIG", config).stdin(Stdio::null());
        driver.output().unwrap()
    };
    let (far, none) = ("https://numbers.test", r#", "proxy": "none""#);
    for (url, config) in [(server.url.as_str(), ""), (far, none)] {
        assert!(driver(url, config).status.success(), "{url}{config}");
    }
    let said = driver(far, "");
    let said = String::from_utf8_lossy(&said.stderr);
    assert!(said.contains("ALL_PROXY: only an HTTP proxy") && !said.contains("hush"), "{said}");
}

/// The essential ones once more through C, each in a process with an environment of its own. The server listens at an address
/// that is this machine's, but not one that is never reached through a proxy.
#[test]
fn c_finds_its_way() {
    // What the environment says (P is the proxy), the configuration, and whether the way leads through the proxy.
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, bool);
    let authority = Authority::new();
    let file = authority.file("c-ways.pem");
    let server = Secure::new(authority.certify(&["0.0.0.0"], |_| ()));
    let plain = Server::new([ok("{}")]);
    let plain_port: u16 = plain.url.rsplit(':').next().unwrap().parse().unwrap();
    let (https, http) = (server.url("0.0.0.0"), format!("http://0.0.0.0:{plain_port}"));
    let rows: [Row; 13] = [
        (&https, &[], "", false),
        (&https, &[], r#", "proxy": "P""#, true),
        (&https, &[("https_proxy", "P")], "", true),
        (&https, &[("HTTPS_PROXY", "P")], r#", "proxy": "env""#, true),
        (&https, &[("all_proxy", "P")], "", true),
        (&https, &[("https_proxy", "P")], r#", "proxy": "none""#, false),
        (&https, &[("https_proxy", "P"), ("no_proxy", "a.test,0.0.0.0")], "", false),
        (&https, &[("https_proxy", "P"), ("NO_PROXY", "0.0.0.0/8")], "", false),
        (&https, &[("https_proxy", "P"), ("no_proxy", "0.0.0.0:1")], "", true),
        // What was said outright counts.
        (&https, &[("no_proxy", "*")], r#", "proxy": "P""#, true),
        (&https, &[("http_proxy", "P")], "", false),
        (&http, &[("http_proxy", "P")], "", true),
        (&http, &[("HTTP_PROXY", "P"), ("https_proxy", "P")], "", false),
    ];
    for (url, environment, config, through) in rows {
        let name = format!("{url} {environment:?} {config}");
        let proxy = Tunnels::to(if url == https { server.port } else { plain_port });
        let mut driver = c_driver();
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            driver.env_remove(name).env_remove(name.to_lowercase());
        }
        for (name, value) in environment {
            driver.env(name, value.replace('P', &proxy.url()));
        }
        let config = format!(
            r#""allowHttp": true, "caFile": "{}"{}"#,
            file.display(),
            config.replace("\"P\"", &format!("\"{}\"", proxy.url())),
        );
        let outcomes = drive(driver, url, &config, call("active_get").line());
        assert_eq!(outcomes, [(0, 200, "{}".to_owned())], "{name}");
        assert_eq!(proxy.heads().len(), usize::from(through), "{name}");
    }
}

#[test]
fn c_hears_of_a_proxy_that_refuses_and_not_of_its_password() {
    let proxy = Faults::new([vec![Step::Request, reply(407, "")]]);
    let config = format!(r#""proxy": "http://user:hush-hush@127.0.0.1:{}""#, proxy.port);
    let line = call("active_release").line();
    let outcomes = drive(c_driver(), "https://numbers.test", &config, line);
    let [(code, status, json)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!((*code, *status), (6, 0), "{json}");
    for piece in [r#""phase":"connect""#, r#""maybeApplied":false"#, r#""retryAfterMs":-1"#, "407"]
    {
        assert!(json.contains(piece), "{piece}: {json}");
    }
    assert!(!json.contains("hush"), "{json}");
}
