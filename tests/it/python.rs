//! The library from Python: the tests in `tests/python` and the examples in `examples/python`.

use std::process::Command;

use crate::toolchain::{bare, library_folder};

/// A Python that finds the library of this build.
pub(crate) fn python() -> Command {
    let found = Command::new("python3").arg("--version").output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "python3 cannot be run: the tests need cargo, a C and C++ compiler and python3"
    );
    let mut command = bare("python3");
    command
        .env("SINCH_NUMBERS_LIBRARY", library_folder())
        // No `__pycache__` among the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
