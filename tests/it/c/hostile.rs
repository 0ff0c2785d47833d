//! Every function of the header with everything that can be wrong about its arguments: see `tests/c/hostile.py`, which reads
//! the header, so that no function can be forgotten.

use sinch_numbers::Sandbox;

use crate::support::toolchain::{library_folder, printed, root, with_account};

#[test]
fn every_function_withstands_everything() {
    let sandbox = Sandbox::start().unwrap();
    let output = with_account("python3", &sandbox)
        .arg(root().join("tests/c/hostile.py"))
        .arg(library_folder().join("libsinch_numbers.so.1"))
        .arg(root().join("include/sinch_numbers.h"))
        // A panic says one thing; with this it would say more.
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let text = printed(&output);
    let calls: usize = text.trim().split(' ').rev().nth(1).unwrap().parse().unwrap();
    assert!(calls > 50_000, "{text}");
}
