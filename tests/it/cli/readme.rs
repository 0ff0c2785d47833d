//! The README's section for operators: its commands print what it shows.

use std::fs;
use std::path::Path;
use std::process;

use super::{command, ended, run, sandbox};
use crate::support::toolchain::root;

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, block) = readme.split_once("```console\n").unwrap();
    let (shown, _) = block.split_once("```").unwrap();
    let sandbox = sandbox();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme.{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut printed = String::new();
    for part in shown.split("$ ").skip(1) {
        let (line, text) = part.split_once('\n').unwrap();
        if let Some(name) = line.strip_prefix("cat ") {
            // A file that the commands after it read.
            fs::write(folder.join(name), text).unwrap();
            printed += &format!("$ {part}");
        } else if let Some(words) = line.strip_prefix("sinch-numbers ") {
            // As on a terminal.
            let mut command = command(&sandbox, &format!("{words} -o table"));
            let ran = ended(&command.current_dir(&folder).output().unwrap());
            printed += &format!("$ {line}\n{}{}", ran.out, ran.err);
        }
    }
    fs::remove_dir_all(&folder).unwrap();
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
