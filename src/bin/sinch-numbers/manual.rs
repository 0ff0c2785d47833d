//! Completions of shells, and manual pages.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;

use crate::Failure;
use crate::args::Cli;
use crate::exit::Exit;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sinch-numbers", &mut text);
    print(&text)
}

/// Prints the page of the program, or writes the pages of all commands into a folder.
pub(crate) fn pages(folder: Option<&Path>) -> Result<Exit, Failure> {
    let Some(folder) = folder else {
        let mut text = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut text)?;
        return print(&text);
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| Failure::other(format!("{}: {error}", folder.display())))?;
    Ok(Exit::Done)
}

fn print(text: &[u8]) -> Result<Exit, Failure> {
    io::Write::write_all(&mut io::stdout().lock(), text)?;
    Ok(Exit::Done)
}
