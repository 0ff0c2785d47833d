//! What the libraries below log at their most talkative: a program that listens to all of it must not hear a secret. In a
//! program of its own, since a logger is for the whole process.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use sinch_numbers::{Client, Credentials, ListNumbers, LogLevel, Sandbox};

struct Heard(Mutex<String>);

impl Log for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut heard = self.0.lock().unwrap();
        heard.push_str(&record.args().to_string());
        heard.push('\n');
    }

    fn flush(&self) {}
}

static HEARD: Heard = Heard(Mutex::new(String::new()));

/// Undoes the columns of a dump: every printable character that was logged, in one row.
fn run_together(text: &str) -> String {
    text.lines()
        .map(|line| line.rsplit("  ").next().unwrap_or(line).rsplit(' ').next().unwrap_or(""))
        .collect()
}

#[test]
fn no_secret_is_logged_at_any_level() {
    log::set_logger(&HEARD).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let sandbox = Sandbox::start().unwrap();
    let (id, secret) = (sandbox.key_id(), sandbox.key_secret());
    for credentials in [Credentials::oauth2(id, secret), Credentials::basic(id, secret)] {
        let client = Client::builder(sandbox.project_id(), credentials)
            .base_url(sandbox.base_url())
            .auth_url(sandbox.base_url())
            .log(LogLevel::Trace, |_, line| HEARD.0.lock().unwrap().push_str(line))
            .build()
            .unwrap();
        client.list(&ListNumbers::new().page_size(1)).unwrap();
        assert!(client.get("+12025559999").is_err());
    }
    let heard = HEARD.0.lock().unwrap().clone();
    let dumped = run_together(&heard);
    // The logger hears the protocol, requests included …
    assert!(dumped.contains("activeNumbers"), "{heard}");
    // … but no way in: neither the headers nor what is in them.
    let basic = "c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=";
    for secret in [secret, basic, "Bearer", "Basic "] {
        assert!(!heard.contains(secret), "{secret} is in the log");
        assert!(!dumped.contains(secret), "{secret} is in a dump of the log");
    }
}
