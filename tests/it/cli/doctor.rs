//! The doctor: each misconfiguration has a finding with a mend, and the exit code of what it leads to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{CertificateParams, DnType, date_time_ymd};
use serde_json::Value;
use sinch_numbers::Sandbox;

use super::{command, ended, sandbox};
use crate::support::tls_server::{Authority, Secure, Tunnels};

/// What it found that is not in order: about what, how bad, and the finding.
fn findings(
    sandbox: &Sandbox,
    settings: &[(&str, &str)],
    code: i32,
) -> Vec<(String, String, String)> {
    let mut doctor = command(sandbox, "doctor");
    for (name, value) in settings {
        match *value {
            "(unset)" => doctor.env_remove(name),
            value => doctor.env(name, value),
        };
    }
    let ran = ended(&doctor.output().unwrap()).with(code);
    let found = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |found: &Value, key: &str| found[key].as_str().unwrap().to_owned();
    let found = found.filter(|found| found["verdict"] != "ok").inspect(|found| {
        assert!(!text(found, "mend").is_empty(), "{found}");
    });
    found
        .map(|found| (text(&found, "about"), text(&found, "verdict"), text(&found, "finding")))
        .collect()
}

#[test]
fn a_healthy_account_has_no_findings() {
    assert_eq!(findings(&sandbox(), &[], 0), []);
}

#[test]
fn every_misconfiguration_is_found() {
    let sandbox = sandbox();
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor.{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &str, mode: u32| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, open) =
        (file("good", "sandbox-secret\n", 0o600), file("open", "sandbox-secret\n", 0o644));
    let (quoted, empty) = (file("quoted", "\"sandbox-secret\"\n", 0o600), file("empty", "", 0o600));
    let unset = ("SINCH_KEY_SECRET", "(unset)");
    let file_is = |path: &'_ str| {
        [unset, ("SINCH_KEY_SECRET_FILE", path)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    };
    let set = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let (warning, problem) = ("warning", "problem");
    let rows = [
        (set("SINCH_KEY_ID", "(unset)"), 2, "SINCH_KEY_ID", problem, "is not set"),
        (set("SINCH_KEY_ID", ""), 2, "SINCH_KEY_ID", warning, "set to nothing"),
        (set("SINCH_KEY_ID", "'sandbox-key'"), 2, "SINCH_KEY_ID", problem, "in quotes"),
        (set("SINCH_KEY_ID", " sandbox-key\n"), 0, "SINCH_KEY_ID", warning, "around"),
        (
            set("SINCH_KEY_SECRET", "sandbox\nsecret"),
            2,
            "SINCH_KEY_SECRET",
            problem,
            "line end inside",
        ),
        (
            set("SINCH_KEY_SECRET_FILE", &good),
            2,
            "SINCH_KEY_SECRET",
            problem,
            "so is SINCH_KEY_SECRET_FILE",
        ),
        (set("SINCH_KEYID", "x"), 0, "SINCH_KEYID", warning, "not a variable"),
        (file_is(&open), 0, "SINCH_KEY_SECRET_FILE", warning, "others can read"),
        (file_is(&quoted), 2, "SINCH_KEY_SECRET_FILE", problem, "in quotes"),
        (file_is(&empty), 2, "SINCH_KEY_SECRET_FILE", warning, "set to nothing"),
        (file_is("/nowhere/at/all"), 2, "SINCH_KEY_SECRET_FILE", problem, "cannot be read"),
        (
            set("SINCH_NUMBERS_CA_FILE", "/nowhere/at/all"),
            2,
            "SINCH_NUMBERS_CA_FILE",
            problem,
            "cannot be read",
        ),
        (set("SSL_CERT_FILE", "/nowhere/at/all"), 0, "SSL_CERT_FILE", warning, "cannot be read"),
        (set("SINCH_NUMBERS_CA_FILE", &empty), 2, "settings", problem, "holds no certificate"),
        (
            set("SSL_CERT_DIR", "/nowhere/at/all:/etc"),
            0,
            "SSL_CERT_DIR",
            warning,
            "/nowhere/at/all: No such file",
        ),
        (set("SSL_CERT_FILE", "/etc"), 0, "SSL_CERT_FILE", warning, "names a folder"),
        (set("SINCH_NUMBERS_ROOTS", "mine"), 2, "settings", problem, "SINCH_NUMBERS_ROOTS"),
        (set("SINCH_AUTH", "bearer"), 2, "settings", problem, "SINCH_AUTH: is none of"),
        (set("SINCH_PROJECT_ID", "my/project"), 2, "settings", problem, "SINCH_PROJECT_ID"),
        (set("SINCH_NUMBERS_URL", "numbers.test"), 2, "settings", problem, "SINCH_NUMBERS_URL"),
        (
            set("SINCH_NUMBERS_TIMEOUT_MS", "30s"),
            2,
            "settings",
            problem,
            "SINCH_NUMBERS_TIMEOUT_MS",
        ),
        (
            set("SINCH_NUMBERS_ALLOW_HTTP", "yes"),
            2,
            "settings",
            problem,
            "SINCH_NUMBERS_ALLOW_HTTP",
        ),
        (set("SINCH_NUMBERS_LOG_LEVEL", "loud"), 2, "settings", problem, "SINCH_NUMBERS_LOG_LEVEL"),
        (set("SINCH_NUMBERS_PROXY", "socks5://p"), 2, "settings", problem, "not SOCKS"),
        (set("http_proxy", "http://127.0.0.1:1"), 0, "http_proxy", warning, "not for https"),
        (set("SINCH_KEY_SECRET", "wrong"), 4, "token", problem, "401"),
        (set("SINCH_PROJECT_ID", "another"), 4, "permission", problem, "403"),
        (set("SINCH_NUMBERS_URL", "http://127.0.0.1:1"), 5, "127.0.0.1", problem, "0 of 1 IPv4"),
        (
            set("SINCH_NUMBERS_URL", "https://no-such-host.invalid"),
            5,
            "no-such-host.invalid",
            problem,
            "cannot be looked up",
        ),
        (
            set("SINCH_NUMBERS_URL", &sandbox.base_url().replace("http:", "https:")),
            1,
            "TLS",
            problem,
            "TLS",
        ),
        (
            set("SINCH_AUTH_URL", &format!("{}/elsewhere", sandbox.base_url())),
            3,
            "token",
            problem,
            "404",
        ),
        (
            [set("SINCH_CALLBACK_SECRET", "x"), set("SINCH_CALLBACK_SECRET_FILE", &good)].concat(),
            0,
            "SINCH_CALLBACK_SECRET",
            problem,
            "so is SINCH_CALLBACK_SECRET_FILE",
        ),
        (
            set("SINCH_NUMBERS_URL", "http://no-such-host.invalid"),
            2,
            "settings",
            problem,
            "SINCH_NUMBERS_ALLOW_HTTP",
        ),
        (
            set("SINCH_NUMBERS_URL", &format!("{}/elsewhere", sandbox.base_url())),
            3,
            "project",
            problem,
            "404",
        ),
    ];
    for (settings, code, about, verdict, words) in rows {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let found = findings(&sandbox, &settings, code);
        assert!(
            found.iter().any(|(a, v, text)| a == about && v == verdict && text.contains(words)),
            "{settings:?} {words}: {found:#?}"
        );
        // A secret is in no finding.
        assert!(found.iter().all(|(.., text)| !text.contains("sandbox-secret")), "{found:?}");
    }
    fs::remove_dir_all(folder).unwrap();
}

/// Settings for a server that is not the sandbox.
fn at<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("SINCH_NUMBERS_URL", url), ("SINCH_AUTH_URL", url)], more].concat()
}

#[test]
fn a_server_that_is_not_trusted_is_told_with_its_issuer() {
    let sandbox = sandbox();
    let ours = Authority::with(|params| {
        params.distinguished_name.push(DnType::CommonName, "Gate Root");
        params.distinguished_name.push(DnType::OrganizationName, "Acme Inc");
    });
    let file = ours.file("doctor-ca");
    let trusted = [("SINCH_NUMBERS_CA_FILE", file.to_str().unwrap())];
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let servers = [
        Secure::new(ours.certify(&["localhost", "numbers.test"], |_| ())),
        Secure::new(ours.certify(&["other.test"], |_| ())),
        Secure::new(ours.certify(&["localhost"], expired)),
    ];
    let [opened, other, old] = servers.each_ref().map(|server| server.url("localhost"));
    // What opens TLS on the way, with a proxy or without.
    let tunnels = Tunnels::to(servers[0].port);
    let proxy = format!("http://user:hush@127.0.0.1:{}", tunnels.port);
    let issuer = "shows was issued by \"Gate Root\" of Acme Inc";
    for (settings, words) in [
        (at(&opened, &[]), format!("localhost {issuer}")),
        (at("https://numbers.test", &[("https_proxy", &proxy)]), format!("numbers.test {issuer}")),
        (at(&other, &trusted), "not valid for name".to_owned()),
        (at(&old, &trusted), "expired".to_owned()),
    ] {
        let found = findings(&sandbox, &settings, 1);
        assert!(
            found.iter().any(|(about, verdict, text)| {
                about == "TLS" && verdict == "problem" && text.contains(&words)
            }),
            "{words}: {found:#?}"
        );
        assert!(found.iter().all(|(.., text)| !text.contains("hush")), "{found:?}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_found() {
    let gone = "http://127.0.0.1:1";
    for name in ["https_proxy", "ALL_PROXY", "SINCH_NUMBERS_PROXY"] {
        let found = findings(&sandbox(), &at("https://numbers.test", &[(name, gone)]), 5);
        let is = |about: &str, words: &str| {
            found.iter().any(|(a, _, text)| a == about && text.contains(words))
        };
        assert!(is("127.0.0.1", "0 of 1 IPv4") && is("proxy", "refused"), "{name}: {found:#?}");
    }
    // With a port or a block of addresses, as the library reads it.
    for (url, spared, through) in [
        ("https://numbers.test", "numbers.test:443", false),
        ("https://numbers.test", "numbers.test:80", true),
        ("https://255.255.255.255", "255.255.0.0/16", false),
        ("https://255.255.255.255", "255.254.0.0/16", true),
    ] {
        let settings = at(url, &[("https_proxy", gone), ("no_proxy", spared)]);
        let found = findings(&sandbox(), &settings, 5);
        let is_through = found.iter().any(|(about, ..)| about == "proxy");
        assert_eq!(is_through, through, "{url}, {spared}: {found:#?}");
    }
    // One of two URLs: nothing leaves this machine.
    let found = findings(&sandbox(), &[("SINCH_AUTH_URL", "(unset)"), ("https_proxy", gone)], 5);
    assert!(
        found
            .iter()
            .any(|(about, _, text)| about == "SINCH_AUTH_URL" && text.contains("is not set")),
        "{found:#?}"
    );
}
