//! Who is trusted, and who is told apart and sent nothing.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    NameConstraints, SanType, date_time_ymd,
};
use sinch_numbers::{Client, ClientBuilder, Credentials, ErrorKind};

use crate::support::calls::{NUMBER, call, kind, whole_message};
use crate::support::drivers::{c_driver, drive};
use crate::support::tls_server::{Authority, Identity, Secure, Tunnels};
use crate::support::toolchain::{file, folder};

/// A client of a server on this machine, or of one of another name through a proxy that leads there.
fn builder(url: &str, through: Option<&str>) -> ClientBuilder {
    let builder = Client::builder("project-1", Credentials::basic("key-id", "key-secret"))
        .base_url(url)
        .auth_url(url);
    match through {
        Some(proxy) => builder.proxy(proxy),
        None => builder.no_proxy(),
    }
}

/// A server's certificate, and what is made of it.
struct Row {
    what: &'static str,
    host: &'static str,
    identity: Identity,
    /// The certificates that the client trusts; the bundled ones if it is told of none.
    roots: Option<String>,
    /// A piece of what the error says; none where the server is trusted.
    refused: Option<&'static str>,
}

fn ends_in_2021(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}

fn rows() -> Vec<Row> {
    let ours = Authority::new();
    let row = |what, host, identity, refused| Row {
        what,
        host,
        identity,
        roots: Some(ours.pem.clone()),
        refused,
    };
    let good = |what, host, names: &[&str]| row(what, host, ours.certify(names, |_| ()), None);
    let bad = |what, host, names: &[&str], piece| {
        row(what, host, ours.certify(names, |_| ()), Some(piece))
    };
    let local = |what, change: fn(&mut CertificateParams), refused| {
        row(what, "localhost", ours.certify(&["localhost"], change), refused)
    };
    let trusting = |roots: String, row: Row| Row { roots: Some(roots), ..row };
    let below = |change: fn(&mut CertificateParams)| {
        let middle = ours.below(change);
        middle.certify(&["localhost"], |_| ()).through(&middle)
    };
    let not_for_name = Some("not valid for name");

    // Whoever has one of our certificates for a host is no authority all the same.
    let host_as_authority = ours.below(|params| params.is_ca = IsCa::NoCa);
    let pinned = Authority::with(|params| {
        *params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    });
    let root_as_server = Authority::with(|params| {
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
    });
    let named_alike = Authority::with(|params| {
        params.distinguished_name.push(DnType::CommonName, "The same name");
    });
    let named_alike_too = Authority::with(|params| {
        params.distinguished_name.push(DnType::CommonName, "The same name");
    });
    let middle = ours.below(|_| ());

    vec![
        good("its name", "localhost", &["localhost"]),
        good("one of its names", "localhost", &["a.test", "localhost", "b.test"]),
        good("its name in capitals", "localhost", &["LOCALHOST"]),
        good("a wildcard", "api.numbers.test", &["*.numbers.test"]),
        good("an address", "127.0.0.1", &["127.0.0.1"]),
        good("an address of version 6", "[fd00::1]", &["fd00::1"]),
        local(
            "for servers, among other things",
            |params| {
                params.extended_key_usages =
                    vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
            },
            None,
        ),
        row("through an authority between", "localhost", below(|_| ()), None),
        trusting(
            pinned.pem.clone(),
            row("itself among the roots", "localhost", pinned.into_server(), None),
        ),
        trusting(
            named_alike.pem.clone() + &ours.pem,
            row(
                "one of two roots of one name",
                "localhost",
                named_alike.certify(&["localhost"], |_| ()),
                None,
            ),
        ),
        row(
            "an unknown authority",
            "localhost",
            Authority::new().certify(&["localhost"], |_| ()),
            Some("UnknownIssuer"),
        ),
        trusting(
            named_alike.pem.clone(),
            row(
                "an authority of our authority's name",
                "localhost",
                named_alike_too.certify(&["localhost"], |_| ()),
                Some("BadSignature"),
            ),
        ),
        Row {
            roots: None,
            ..row(
                "not among the bundled roots",
                "localhost",
                ours.certify(&["localhost"], |_| ()),
                Some("UnknownIssuer"),
            )
        },
        row("self-signed", "localhost", Identity::alone(&["localhost"]), Some("UnknownIssuer")),
        trusting(
            root_as_server.pem.clone(),
            row(
                "an authority's own certificate",
                "localhost",
                root_as_server.into_server(),
                Some("CaUsedAsEndEntity"),
            ),
        ),
        local("expired", ends_in_2021, Some("certificate expired")),
        local(
            "not valid yet",
            |params| params.not_before = date_time_ymd(4000, 1, 1),
            Some("certificate not valid yet"),
        ),
        bad(
            "another host",
            "localhost",
            &["example.com"],
            "only valid for DnsName(\"example.com\")",
        ),
        bad(
            "a name that only begins alike",
            "localhost",
            &["localhost.test"],
            "not valid for name",
        ),
        bad(
            "a wildcard one label too short",
            "a.b.numbers.test",
            &["*.numbers.test"],
            "not valid for name",
        ),
        bad(
            "a wildcard without a label",
            "numbers.test",
            &["*.numbers.test"],
            "not valid for name",
        ),
        bad("a name for an address", "127.0.0.1", &["localhost"], "not valid for name"),
        bad("another address", "127.0.0.1", &["127.0.0.2"], "not valid for name"),
        bad("an address for a name", "localhost", &["127.0.0.1"], "not valid for name"),
        row(
            "an address that pretends to be a name",
            "127.0.0.1",
            ours.certify(&[], |params| {
                params.subject_alt_names = vec![SanType::DnsName("127.0.0.1".try_into().unwrap())];
            }),
            not_for_name,
        ),
        row(
            "the name where names used to be",
            "localhost",
            ours.certify(&[], |params| {
                params.distinguished_name.push(DnType::CommonName, "localhost");
            }),
            not_for_name,
        ),
        local(
            "for clients only",
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Some("does not allow extended key usage for server"),
        ),
        row(
            "an authority between that is not shown",
            "localhost",
            middle.certify(&["localhost"], |_| ()),
            Some("UnknownIssuer"),
        ),
        row(
            "an authority between that has expired",
            "localhost",
            below(ends_in_2021),
            Some("certificate expired"),
        ),
        row(
            "a host that plays authority",
            "localhost",
            host_as_authority.certify(&["localhost"], |_| ()).through(&host_as_authority),
            Some("EndEntityUsedAsCa"),
        ),
        row(
            "an authority between that may vouch for other names only",
            "localhost",
            below(|params| {
                params.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".to_owned())],
                    excluded_subtrees: Vec::new(),
                });
            }),
            Some("NameConstraintViolation"),
        ),
        row(
            "an authority below one that may have none below",
            "localhost",
            {
                let last = ours.below(|params| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                });
                let one_more = last.below(|_| ());
                one_more.certify(&["localhost"], |_| ()).through(&one_more).through(&last)
            },
            Some("PathLenConstraintViolated"),
        ),
    ]
}

#[test]
fn a_server_that_cannot_be_trusted_is_told_apart_and_sent_nothing() {
    let rows = rows();
    assert!(rows.len() >= 30);
    thread::scope(|scope| {
        for (index, row) in rows.into_iter().enumerate() {
            scope.spawn(move || check(index, row));
        }
    });
}

fn check(index: usize, row: Row) {
    let name = row.what;
    let server = Secure::new(row.identity);
    let tunnels = Tunnels::to(server.port);
    let near = row.host == "localhost" || row.host.starts_with("127.");
    let (url, through) = if near {
        (server.url(row.host), None)
    } else {
        (format!("https://{}", row.host), Some(tunnels.url()))
    };
    let mut builder = builder(&url, through.as_deref());
    if let Some(roots) = &row.roots {
        builder = builder.ca_file(file(&format!("roots-{index}.pem"), roots));
    }
    let result = builder.build().unwrap().release(NUMBER);
    assert_eq!(server.connections(), 1, "{name}: not tried again");
    let Some(piece) = row.refused else {
        assert!(result.is_ok(), "{name}: {}", whole_message(&result.unwrap_err()));
        return;
    };
    let error = result.unwrap_err();
    assert_eq!(kind(&error), "transport:tls", "{name}: {error:?}");
    let text = whole_message(&error);
    assert!(text.contains(piece), "{name}: {text}");
    assert!(!error.can_retry() && !error.may_have_been_applied(), "{name}");
    assert_eq!(error.attempts(), 1, "{name}");
    assert_eq!(server.requests().len(), 0, "{name}");
}

#[test]
fn a_file_of_roots_may_hold_more_than_one_certificate() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (pem, others) = (ours.pem.as_str(), other.pem.as_str());
    let rows = [
        ("the second of two", format!("{others}{pem}")),
        ("the first of three", format!("{pem}{others}{pem}")),
        ("lines that end with CR and LF", pem.replace('\n', "\r\n")),
        ("no line end at the end", pem.trim_end().to_owned()),
        ("a private key before it", format!("{}{pem}", other.key_pem)),
        ("a byte order mark", format!("\u{feff}{pem}")),
        ("the label of older tools", pem.replace("CERTIFICATE", "X509 CERTIFICATE")),
        ("OpenSSL's label", pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE")),
        (
            "labels of all kinds",
            format!("{}{pem}", others.replace("CERTIFICATE", "X509 CERTIFICATE")),
        ),
        ("words around it", format!("# Our own\nsubject=CN\n{pem}\nissued by ourselves\n")),
    ];
    for (index, (what, content)) in rows.into_iter().enumerate() {
        let server = Secure::new(ours.certify(&["localhost"], |_| ()));
        let client = builder(&server.url("localhost"), None)
            .ca_file(file(&format!("several-{index}.pem"), &content))
            .build()
            .unwrap();
        assert!(client.get(NUMBER).is_ok(), "{what}");
    }
}

#[test]
fn a_file_of_roots_that_cannot_be_used_is_refused_by_name() {
    let folder = folder();
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    fs::create_dir_all(folder.join("folder.pem")).unwrap();
    let authority = Authority::new();
    file("empty.pem", "");
    file("broken.pem", broken);
    file("key.pem", &authority.key_pem);
    file("half.pem", &authority.pem[..authority.pem.len() / 2]);
    file("second-broken.pem", &(authority.pem.clone() + broken));
    for (file, piece) in [
        ("missing.pem", "cannot be read"),
        ("folder.pem", "cannot be read"),
        ("empty.pem", "holds no certificate"),
        ("key.pem", "holds no certificate"),
        ("half.pem", "is no valid PEM"),
        ("broken.pem", "is no valid PEM"),
        ("second-broken.pem", "is no valid PEM"),
    ] {
        let builder = Client::builder("p", Credentials::oauth2("k", "s"));
        let error = builder.ca_file(folder.join(file)).build().expect_err(file);
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error:?}") };
        assert_eq!(input.field, "caFile");
        assert!(input.problem.contains(piece) && input.problem.contains(file), "{error}");
        assert!(error.source().is_none());
    }
}

/// The essential ones once more through C, which is also a process of its own with an environment of its own.
#[test]
fn c_trusts_whom_it_is_told_to() {
    // The certificate, the roots, the file in the environment; then code and a piece of the message.
    type Row<'a> = (&'a str, Identity, &'a str, Option<&'a Path>, i32, &'a str);
    let ours = Authority::new();
    let good = || ours.certify(&["localhost"], |_| ());
    let pem: PathBuf = ours.file("c-trusts.pem");
    let ca_file = format!(r#""caFile": "{}""#, pem.display());
    let rows: Vec<Row> = vec![
        ("a file", good(), &ca_file, None, 0, ""),
        ("bundled roots", good(), r#""roots": "bundled""#, None, 6, "UnknownIssuer"),
        (
            "bundled roots have no ear for the environment",
            good(),
            r#""roots": "bundled""#,
            Some(&pem),
            6,
            "UnknownIssuer",
        ),
        ("the environment's roots", good(), r#""roots": "platform""#, Some(&pem), 0, ""),
        (
            "expired",
            ours.certify(&["localhost"], ends_in_2021),
            &ca_file,
            None,
            6,
            "certificate expired",
        ),
        (
            "another host",
            ours.certify(&["example.com"], |_| ()),
            &ca_file,
            None,
            6,
            "not valid for name",
        ),
        ("self-signed", Identity::alone(&["localhost"]), &ca_file, None, 6, "UnknownIssuer"),
    ];
    for (what, identity, config, in_environment, code, piece) in rows {
        let server = Secure::new(identity);
        let mut driver = c_driver();
        driver.env_remove("SSL_CERT_FILE");
        if let Some(path) = in_environment {
            driver.env("SSL_CERT_FILE", path);
        }
        let config = format!(r#""auth": "basic", "proxy": "none", {config}"#);
        let line = call("active_release").line();
        let outcomes = drive(driver, &server.url("localhost"), &config, line);
        let [(seen, _, json)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert_eq!(*seen, code, "{what}: {json}");
        assert!(json.contains(piece), "{what}: {json}");
        assert_eq!(server.connections(), 1, "{what}: not tried again");
        if code != 0 {
            assert!(json.contains(r#""phase":"tls""#), "{what}: {json}");
            assert!(json.contains(r#""retryAfterMs":-1"#), "{what}: {json}");
            assert!(json.contains(r#""maybeApplied":false"#), "{what}: {json}");
            assert_eq!(server.requests().len(), 0, "{what}");
        }
    }
}
