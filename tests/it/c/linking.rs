//! The library from C: programs that these tests compile and run.

use sinch_numbers::Sandbox;

use crate::support::toolchain::{compile, printed, with_account};

#[test]
fn a_program_links_and_runs() {
    let sandbox = Sandbox::start().unwrap();
    for compiler in ["cc", "c++"] {
        let flags: &[&str] = if compiler == "cc" { &["-std=c89"] } else { &["-x", "c++"] };
        let program = compile(compiler, "tests/c/smoke.c", flags);
        let text = printed(&with_account(&program, &sandbox).output().unwrap());
        assert_eq!(text, "+12025550117 of 12\n");
    }
}
