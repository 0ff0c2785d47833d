//! Files that are written completely or not at all.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process;

use crate::Failure;

/// A file that is renamed into place when it is complete.
pub(super) struct Draft {
    file: File,
    /// Where it is until then.
    beside: PathBuf,
    path: PathBuf,
}

impl Draft {
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        let failed =
            |why: &dyn Display| Failure::refused(format!("--html {}: {why}", path.display()));
        if path.is_dir() {
            return Err(failed(&"is a folder"));
        }
        let name = path.file_name().ok_or_else(|| failed(&"is no file"))?;
        let mut name_beside = OsString::from(".");
        name_beside.push(name);
        name_beside.push(format!(".{}.tmp", process::id()));
        let beside = path.with_file_name(name_beside);
        let file = File::create_new(&beside).map_err(|error| failed(&error))?;
        Ok(Self { file, beside, path: path.to_owned() })
    }

    pub(super) fn publish(mut self, text: &str) -> Result<(), Failure> {
        let mut write = || {
            self.file.write_all(text.as_bytes())?;
            self.file.sync_all()?;
            fs::rename(&self.beside, &self.path)
        };
        write().map_err(|error| Failure::other(format!("--html {}: {error}", self.path.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Already renamed if it was published.
        let _ = fs::remove_file(&self.beside);
    }
}
