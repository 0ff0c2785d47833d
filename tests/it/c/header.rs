//! The header, and the shared library that it describes: what compilers say of the one, and the linker's tools of the other.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::toolchain::{library_folder, root};

/// The names of the functions in the header, comments left out.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(root().join("include/sinch_numbers.h")).unwrap();
    let mut code = String::new();
    let mut rest = header.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        code += before;
        rest = after.split_once("*/").expect("the comment ends").1;
    }
    code += rest;
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("sinch_numbers_") {
        let length = code[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap();
        if code[at + length..].starts_with('(') {
            names.insert(code[at..at + length].to_owned());
        }
    }
    assert!(names.len() >= 30, "{names:?}");
    names
}

/// What a tool of binutils, which every compiler brings, says about the library.
fn inspect(tool: &str, flags: &[&str]) -> String {
    let library = library_folder().join("libsinch_numbers.so.1");
    let output = Command::new(tool).args(flags).arg(library).env("LC_ALL", "C").output();
    let output = output.unwrap_or_else(|error| panic!("{tool} cannot be run: {error}"));
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let exported: BTreeSet<String> = inspect("nm", &["-D", "--defined-only"])
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(exported, declared());
}

#[test]
fn the_library_has_its_name_and_needs_next_to_nothing() {
    let dynamic = inspect("readelf", &["-dW"]);
    let entries = |kind: &str| -> Vec<&str> {
        let of_kind = dynamic.lines().filter(|line| line.contains(&format!("({kind})")));
        of_kind.map(|line| line.split(['[', ']']).nth(1).unwrap_or(line)).collect()
    };
    assert_eq!(entries("SONAME"), ["libsinch_numbers.so.1"]);
    assert!(entries("FLAGS_1").iter().any(|flags| flags.contains("NODELETE")), "{dynamic}");
    for library in entries("NEEDED") {
        // The last three are empty shells in any glibc of today; an older one may ask for them.
        let known = ["libc.so", "libgcc_s.so", "ld-linux", "libm.so", "libdl.so", "libpthread.so"];
        assert!(known.iter().any(|name| library.starts_with(name)), "needs {library}");
    }
}

#[test]
fn the_header_is_clean_in_every_dialect() {
    let strict =
        ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wundef", "-Wshadow", "-Wconversion"];
    let c = ["-x", "c", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wc++-compat"];
    let cxx = ["-x", "c++", "-Wold-style-cast"];
    let mut dialects = Vec::new();
    for standard in ["c89", "c99", "c11", "c17", "c2x", "gnu89", "gnu17"] {
        dialects.push(("cc", &c[..], standard));
    }
    for standard in ["c++98", "c++11", "c++14", "c++17", "c++20", "c++23", "gnu++98", "gnu++23"] {
        dialects.push(("c++", &cxx[..], standard));
    }
    let own: [&[&str]; 2] = [
        &[],
        &["-DSINCH_NUMBERS_API=extern", "-DSINCH_NUMBERS_MUST_USE=", "-DSINCH_NUMBERS_NOEXCEPT="],
    ];
    for (compiler, flags, standard) in dialects {
        for macros in own {
            let output = Command::new(compiler)
                .args(strict)
                .args(flags)
                .args(macros)
                .args([&format!("-std={standard}"), "-fsyntax-only", "-I"])
                .arg(root().join("include"))
                .arg(root().join("tests/c/header.c"))
                .output()
                .unwrap_or_else(|error| panic!("{compiler} cannot be run: {error}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{standard} {macros:?}: {said}");
        }
    }
}
