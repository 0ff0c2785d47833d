//! What a reviewer would look for again and again.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The code without comments.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn named(path: &Path, allowed: &[&str]) -> bool {
    allowed.iter().any(|name| path.ends_with(name))
}

#[test]
fn only_the_transport_knows_ureq_and_rustls() {
    for library in ["rustls::", "ureq::"] {
        for (path, text) in sources("src") {
            let room = path.components().any(|part| part.as_os_str() == "transport");
            assert!(room || !code(&text).contains(library), "{library}: {}", path.display());
        }
    }
}

#[test]
fn unsafe_lives_in_its_places() {
    for (path, text) in sources("src") {
        let ffi = path.components().any(|part| part.as_os_str() == "ffi");
        if code(&text).contains("unsafe") {
            assert!(ffi || path.ends_with("src/sys/mod.rs"), "{}", path.display());
        }
    }
}

#[test]
fn values_know_no_machinery() {
    let values = [
        "api/emergency_address.rs",
        "api/enums.rs",
        "api/list.rs",
        "api/models.rs",
        "api/numbers.rs",
        "api/phone_number.rs",
        "api/request.rs",
        "api/timestamp.rs",
        "call/retry.rs",
        "error.rs",
        "json/cursor.rs",
        "json/decode.rs",
        "json/mod.rs",
        "json/raw.rs",
        "framing.rs",
    ];
    let machinery =
        ["body", "call", "client", "connection", "dns", "http", "sandbox", "socket", "sys", "tls"];
    let mut seen = 0;
    for (path, text) in sources("src") {
        if !named(&path, &values) || path.components().any(|part| part.as_os_str() == "sandbox") {
            continue;
        }
        seen += 1;
        for module in machinery {
            let import = format!("crate::{module}::");
            assert!(!code(&text).contains(&import), "{} knows {module}", path.display());
        }
    }
    assert_eq!(seen, values.len());
}

#[test]
fn nothing_is_left_undone() {
    // Written so that this file does not hold the words itself.
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["todo", "!("],
        ["unimple", "mented!"],
        ["#[ig", "nore"],
        ["dbg", "!("],
    ];
    for folder in ["src", "tests", "examples"] {
        for (path, text) in sources(folder) {
            for word in words {
                assert!(!text.contains(&word.concat()), "{}: {}", path.display(), word.concat());
            }
        }
    }
}

#[test]
fn the_committed_header_is_what_cbindgen_makes() {
    // Made by the build script of this very build.
    let made = include_str!(concat!(env!("OUT_DIR"), "/sinch_numbers.h"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/sinch_numbers.h");
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == made,
        "{} is out of date: SINCH_NUMBERS_REFRESH_HEADER=1 cargo build",
        path.display()
    );
}
