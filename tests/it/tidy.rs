//! Checks the rules of ARCHITECTURE.md, which a reviewer would otherwise have to check.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::calls::CALLS;

/// A source file of the library: its path below `src`, and its text.
struct Source {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found
}

/// The library itself: without the sandbox and the programs.
fn library() -> Vec<Source> {
    let src = root().join("src");
    let mut found: Vec<Source> = files("src", "rs")
        .into_iter()
        .map(|(path, text)| {
            let path = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
            Source { path, text }
        })
        .filter(|source| !source.path.starts_with("sandbox/") && !source.path.starts_with("bin/"))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    /// The lines of code: neither blank nor comments, before the tests.
    fn code(&self) -> Vec<&str> {
        let lines = self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        lines.filter(|line| !matches!(line.trim(), "") && !line.trim().starts_with("//")).collect()
    }

    /// The top-level module: the folder, or the file itself at the top.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    /// The paths below the crate that the code names, as in `call::retry`, braces resolved as far as the module.
    fn imports(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let code = self.code().join("\n");
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            let path = rest[..end.unwrap_or(rest.len())].trim_end_matches(':');
            match rest[path.len()..].strip_prefix("::{") {
                // `crate::call::{Engine, retry::RetryBudget}`
                Some(group) => {
                    let group = &group[..group.find('}').unwrap_or(0)];
                    for item in group.split(',') {
                        found.insert(format!("{path}::{}", item.trim()));
                    }
                }
                None => {
                    found.insert(path.to_owned());
                }
            }
        }
        let folder = self.path.rsplit_once('/').map(|(folder, _)| folder.replace('/', "::"));
        if let Some(folder) = folder.filter(|_| !self.path.ends_with("mod.rs")) {
            for (at, _) in code.match_indices("super::") {
                let rest = &code[at + "super::".len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
                found.insert(format!("{folder}::{}", &rest[..end.unwrap_or(rest.len())]));
            }
        }
        found
    }
}

/// The layers of ARCHITECTURE.md, the lowest first.
const LAYERS: [(usize, &[&str]); 6] = [
    (1, &["cancel", "error", "json", "log", "sys"]),
    (2, &["api"]),
    (3, &["transport"]),
    (4, &["call"]),
    (5, &["client"]),
    (6, &["ffi"]),
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().find(|(_, modules)| modules.contains(&module)).map(|(layer, _)| *layer)
}

/// Fails with everything that was found, one line each.
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn lower_layers_import_no_higher_ones() {
    let mut found = Vec::new();
    for source in library() {
        let Some(here) = layer(source.module()) else {
            assert_eq!(source.path, "lib.rs", "a module without a layer");
            continue;
        };
        for import in source.imports() {
            let module = import.split("::").next().unwrap();
            if layer(module).is_some_and(|there| there > here) {
                found.push(format!("src/{} (layer {here}) imports {import}", source.path));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn values_import_no_machinery() {
    let mut found = Vec::new();
    for source in library().iter().filter(|source| source.module() == "api") {
        for import in source.imports() {
            let module = import.split("::").next().unwrap().to_owned();
            if !["api", "error", "json"].contains(&module.as_str()) {
                found.push(format!("src/{} imports {import}", source.path));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn no_two_files_import_each_other() {
    let sources = library();
    // From the name of a module to its file.
    let modules: BTreeMap<String, usize> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            let name = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
            (name.replace('/', "::"), index)
        })
        .collect();
    let target = |import: &str| {
        let mut path = import.to_owned();
        loop {
            if let Some(index) = modules.get(&path) {
                return Some(*index);
            }
            path.truncate(path.rfind("::")?);
        }
    };
    let edges: Vec<BTreeSet<usize>> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            source
                .imports()
                .iter()
                .filter_map(|import| target(import))
                .filter(|to| *to != index)
                .collect()
        })
        .collect();
    let reaches = |from: usize, to: usize| {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(at) = open.pop() {
            for next in &edges[at] {
                if *next == to {
                    return true;
                }
                if seen.insert(*next) {
                    open.push(*next);
                }
            }
        }
        false
    };
    let mut found = Vec::new();
    for (index, direct) in edges.iter().enumerate() {
        for to in direct {
            if reaches(*to, index) {
                found.push(format!("src/{} and src/{}", sources[index].path, sources[*to].path));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn libraries_and_unsafe_code_stay_in_their_modules() {
    let mut found = Vec::new();
    for source in library() {
        let code = source.code().join("\n");
        for (word, modules) in [
            ("ureq::", &["transport"][..]),
            ("rustls::", &["transport"]),
            ("unsafe", &["ffi", "sys"]),
        ] {
            if code.contains(word) && !modules.contains(&source.module()) {
                found.push(format!("src/{} says {word}", source.path));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn files_are_short_and_the_library_is_small() {
    const MOST_IN_A_FILE: usize = 500;
    // The goal is 8,900: 7,800, and 1,100 for what waits, relinks, explains and verifies callbacks.
    const MOST: usize = 10_500;
    let sources = library();
    let mut found = Vec::new();
    for (path, text) in files("src", "rs") {
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let source = Source { path, text };
        let lines = source.code().len();
        if lines > MOST_IN_A_FILE {
            found.push(format!("{}: {lines} lines of code", source.path));
        }
    }
    let all: usize = sources.iter().map(|source| source.code().len()).sum();
    if all > MOST {
        found.push(format!(
            "src: {all} lines of code, {MOST} at most: shorten something, or raise MOST and say why"
        ));
    }
    assert_none(&found);
}

/// The names that a file declares with a keyword, as in `pub(crate) enum Failure {`: name and whether it is exported.
fn declared(code: &[&str], keyword: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for line in code {
        let line = line.trim();
        let (visibility, rest) = match line.split_once(&format!("{keyword} ")) {
            Some((before, rest)) if before.is_empty() || before.starts_with("pub") => {
                (before, rest)
            }
            _ => continue,
        };
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        found.push((rest[..end].to_owned(), visibility == "pub "));
    }
    found
}

#[test]
fn failures_have_few_types() {
    const WORDS: [&str; 6] = ["Error", "Failure", "Problem", "Refusal", "Stop", "Violation"];
    let mut private = BTreeSet::new();
    for source in library() {
        for keyword in ["struct", "enum", "type"] {
            for (name, exported) in declared(&source.code(), keyword) {
                // A private type that is called `Error` in a trait is the trait's.
                let names_failure =
                    WORDS.iter().any(|word| name.ends_with(word)) || name.ends_with("ErrorKind");
                if names_failure && !exported && name != "Error" {
                    private.insert(format!("{name} (src/{})", source.path));
                }
            }
        }
    }
    assert!(private.len() <= 8, "{private:#?}");
}

#[test]
fn no_trait_has_a_single_implementor() {
    let sources = library();
    let others: Vec<String> = ["tests/model", "tests/fuzz"]
        .into_iter()
        .flat_map(|folder| files(folder, "rs"))
        .map(|(_, text)| text)
        .collect();
    let all = || sources.iter().map(|source| &source.text).chain(&others);
    let mut found = Vec::new();
    for source in &sources {
        for (name, _) in declared(&source.code(), "trait") {
            let implements = |line: &str| {
                let line = line.trim_start();
                line.starts_with("impl")
                    && (line.contains(&format!(" {name} for "))
                        || line.contains(&format!("::{name} for ")))
            };
            let count: usize =
                all().map(|text| text.lines().filter(|line| implements(line)).count()).sum();
            // A macro's implementation stands for several.
            if count < 2 {
                found.push(format!("src/{}: {name} has {count}", source.path));
            }
        }
    }
    assert_none(&found);
}

/// Where each operation must occur, with the text that is looked for: `NAME` is the operation's name, `RUST` the method of the
/// Rust client, `REQUEST` the beginning of a call that makes its request in `src/api`.
#[rustfmt::skip]
const PLACES: &[(&str, &str)] = &[
    ("src/client/mod.rs", "pub fn RUST("),
    ("src/ffi/operations.rs", "fn sinch_numbers_NAME("),
    ("src/lib.rs", "(Client::RUST)"),
    ("src/error/mod.rs", "`NAME`"),
    ("src/sandbox/routes.rs", "\"NAME\""),
    ("include/sinch_numbers.h", "sinch_numbers_NAME("),
    ("include/sinch_numbers.hpp", " NAME("),
    ("examples/all_operations.rs", ".RUST("),
    ("examples/python/sinch_numbers.py", "\"NAME\": (c_int32, ["),
    ("examples/python/sinch_numbers.py", "def NAME("),
    ("README.md", "`NAME`"),
    ("tests/abi/libsinch_numbers.abi", "'sinch_numbers_NAME'"),
    ("tests/contract/prism.py", "\"NAME\""),
    ("tests/c/operations.h", "\"NAME\""),
    ("tests/cpp/behaviour.cpp", "NAME("),
    ("tests/fuzz/properties.rs", "REQUEST"),
    ("tests/it/api/content/mod.rs", "\"NAME\""),
    ("tests/it/api/operations.rs", "(\"RUST"),
    ("tests/it/api/operations.rs", "\"NAME\""),
    ("tests/it/api/table.rs", "row(\"NAME\""),
    ("tests/python/test_operations.py", "NAME("),
];

/// Where a write must occur besides: what proves it, told to users and tried out with writes that are lost or late.
const PLACES_OF_WRITES: &[(&str, &str)] = &[
    ("src/lib.rs", "//! | WRITE | "),
    ("src/ffi/header.h", " *     NAME  "),
    ("tests/model/writes.rs", "REQUEST"),
    ("tests/it/api/sandbox.rs", "(\"NAME\", |"),
    ("tests/it/retry/effects.rs", "name: \"NAME\""),
    ("tests/it/retry/read_back.rs", "\"NAME\""),
    ("tests/it/retry/recovered.rs", "\"NAME\""),
];

/// The operations that are sent with POST and change nothing: they are retried as reads are.
const POSTS_THAT_READ: [&str; 1] = ["emergency_address_validate"];

/// A newcomer who adds an operation is shown every place that lacks it, one message each, all at once.
#[test]
fn every_operation_is_everywhere() {
    let operations = operations();
    let mut found = Vec::new();
    for call in CALLS {
        let Some(operation) = operations.iter().find(|operation| operation.name == call.name)
        else {
            found.push(format!("src/api lacks an operation whose name is {}", call.name));
            continue;
        };
        if operation.writes != call.writes {
            let (ours, theirs) = (operation.writes, call.writes);
            found.push(format!(
                "{}: writes is {theirs} in tests/it/support/calls.rs, but {ours} by the constructor of Request in src/api",
                call.name
            ));
        }
        if call.method != "GET" && !call.writes && !POSTS_THAT_READ.contains(&call.name) {
            found.push(format!(
                "{} is a {} that counts as a read, and would be sent again after a failure: if it changes something, make it \
                 with Request::post or Request::patch and the proof of it; if not, add it to POSTS_THAT_READ",
                call.name, call.method
            ));
        }
        let word = call.rust.split('_').next().unwrap_or_default();
        let writes = if call.writes { PLACES_OF_WRITES } else { &[] };
        for (path, place) in PLACES.iter().chain(writes) {
            let text = fs::read_to_string(root().join(path)).unwrap();
            let wanted = place.replace("NAME", call.name).replace("RUST", call.rust);
            let wanted = wanted.replace("REQUEST", &operation.request).replace("WRITE", word);
            if !text.contains(&wanted) {
                found.push(format!("{path} lacks {wanted}"));
            }
        }
    }
    assert_none(&found);
}

/// An operation of `src/api`.
#[derive(Debug)]
struct ApiOperation {
    name: String,
    /// The beginning of a call that makes its request: `get_number(` or `ListNumbers::`.
    request: String,
    /// Whether its request is made as a write, with a proof.
    writes: bool,
}

/// The operations of `src/api`.
fn operations() -> Vec<ApiOperation> {
    let mut found = Vec::new();
    for source in library().iter().filter(|source| source.module() == "api") {
        let mut request = String::new();
        for line in source.code() {
            for (start, call) in [("pub(crate) fn ", "("), ("impl ", "::")] {
                if let Some(rest) = line.strip_prefix(start) {
                    let made_by = rest.split(['(', '<', ' ']).next().unwrap_or_default();
                    request = format!("{made_by}{call}");
                }
            }
            for (start, writes) in [
                ("Request::get(\"", false),
                ("Request::post_that_reads(\"", false),
                ("Request::patch(\"", true),
                ("Request::post(\"", true),
                ("const NAME: &'static str = \"", false),
            ] {
                if let Some((_, rest)) = line.split_once(start) {
                    let (name, _) = rest.split_once('"').unwrap_or_default();
                    found.push(ApiOperation {
                        name: name.to_owned(),
                        request: request.clone(),
                        writes,
                    });
                }
            }
        }
    }
    assert!(found.len() >= 8, "{found:?}");
    found
}

/// The list is complete: each name that an operation of the library has is in it.
#[test]
fn the_list_of_operations_is_complete() {
    let missing: Vec<String> = operations()
        .into_iter()
        .filter(|operation| !CALLS.iter().any(|call| call.name == operation.name))
        .map(|operation| format!("tests/it/support/calls.rs lacks {}", operation.name))
        .collect();
    assert_none(&missing);
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
    let mut found = Vec::new();
    for folder in ["src", "tests", "examples"] {
        for (path, text) in files(folder, "rs") {
            for word in words {
                if text.contains(&word.concat()) {
                    found.push(format!("{}: {}", path.display(), word.concat()));
                }
            }
        }
    }
    assert_none(&found);
}

#[test]
fn the_committed_header_is_what_cbindgen_makes() {
    // Made by the build script of this very build.
    let made = include_str!(concat!(env!("OUT_DIR"), "/sinch_numbers.h"));
    let path = root().join("include/sinch_numbers.h");
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == made,
        "{} is out of date: SINCH_NUMBERS_REFRESH_HEADER=1 cargo build",
        path.display()
    );
}

/// Everything that names the version follows `Cargo.toml`.
#[test]
fn the_version_is_named_alike() {
    let version = env!("CARGO_PKG_VERSION");
    let (major_minor, _) = version.rsplit_once('.').unwrap();
    let named = [
        ("cmake/SinchNumbersConfigVersion.cmake", format!("set(PACKAGE_VERSION \"{version}\")")),
        ("examples/python/sinch_numbers.py", format!("__version__ = \"{version}\"")),
        ("Cargo.toml", format!("\"libsinch-numbers1 (= {version}-1), ")),
        ("README.md", format!("/dist/sinch-numbers-{version}-x86_64-unknown-linux-gnu.tar.gz")),
        ("README.md", format!("find_package(SinchNumbers {major_minor} ")),
    ];
    let missing: Vec<_> = named
        .iter()
        .filter(|(file, text)| !fs::read_to_string(root().join(file)).unwrap().contains(text))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
