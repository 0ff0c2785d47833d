//! The README's section for operators: its commands print what it shows.

use std::fs;

use super::{run, sandbox};
use crate::support::toolchain::root;

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, block) = readme.split_once("```console\n").unwrap();
    let (shown, _) = block.split_once("```").unwrap();
    let sandbox = sandbox();
    let mut printed = String::new();
    for command in shown.lines().filter_map(|line| line.strip_prefix("$ sinch-numbers ")) {
        // As on a terminal.
        let ran = run(&sandbox, &format!("{command} -o table"));
        printed += &format!("$ sinch-numbers {command}\n{}{}", ran.out, ran.err);
    }
    let missing = printed.lines().count() < 30;
    assert!(printed == shown && !missing, "the README should show:\n{printed}");
}

#[test]
fn the_readme_has_every_exit_code() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = run(&sandbox(), "--help").with(0).out;
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let mut count = 0;
    for code in codes.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(readme.contains(&format!("\n| {code} | ")), "{code}");
        count += 1;
    }
    assert_eq!(count, 12, "{codes}");
}
