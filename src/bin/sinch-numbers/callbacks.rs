//! Callbacks: verifying one from standard input, and the secrets they are verified with.

use std::env;
use std::fs;
use std::io::{self, Read as _};

use sinch_numbers::callbacks;
use zeroize::Zeroizing;

use crate::Failure;
use crate::args::{Callbacks, OutputArgs, Secrets};
use crate::columns::EVENTS;
use crate::exit::Exit;
use crate::listen;
use crate::output::Output;
use crate::session::say;

/// The longest body of a callback, in bytes.
pub(crate) const LONGEST: usize = 1024 * 1024;

pub(crate) fn run(args: Callbacks, output: &OutputArgs) -> Result<Exit, Failure> {
    match args {
        Callbacks::Verify { signature, secrets } => verify(&signature, &secrets, output),
        Callbacks::Listen(args) => listen::run(args, output),
    }
}

fn verify(signature: &str, secrets: &Secrets, output: &OutputArgs) -> Result<Exit, Failure> {
    let mut out = Output::of_one(output, EVENTS)?;
    let secrets = secrets.read()?;
    let mut body = Vec::new();
    let stdin = io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut body);
    stdin.map_err(|error| Failure::other(format!("standard input: {error}")))?;
    let event = callbacks::verify(&secrets, Some(signature), &body)?;
    out.item(event.json())?;
    out.finish()?;
    if let Some(explanation) = event.explain() {
        say(format_args!("{} {}", explanation.meaning, explanation.action));
    }
    Ok(Exit::Done)
}

impl Secrets {
    /// Reads the secrets from the environment, or from the files that it names.
    pub(crate) fn read(&self) -> Result<Vec<Zeroizing<String>>, Failure> {
        self.secret_env.iter().map(|name| secret(name)).collect()
    }
}

fn secret(name: &str) -> Result<Zeroizing<String>, Failure> {
    let variable = |name: &str| match env::var(name) {
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::refused(format!("{name}: is not UTF-8"))),
    };
    let file_name = format!("{name}_FILE");
    let value = match (variable(name)?, variable(&file_name)?) {
        (Some(_), Some(_)) => {
            return Err(Failure::refused(format!(
                "{name} and {file_name} are both set: unset one"
            )));
        }
        (Some(value), None) => value,
        (None, Some(path)) => {
            let content = fs::read_to_string(path.as_str());
            // The path is not repeated: it may be the secret itself, by mistake.
            content.map(Zeroizing::new).map_err(|error| {
                Failure::refused(format!("{file_name}: names a file that cannot be read: {error}"))
            })?
        }
        (None, None) => {
            let problem =
                format!("{name}: this environment variable is not set, nor is {file_name}");
            return Err(Failure::refused(problem).advise(
                "it holds the HMAC secret of the project's callback configuration; --secret-env names another one",
            ));
        }
    };
    match value.trim() {
        "" => Err(Failure::refused(format!("{name}: is empty"))),
        secret => Ok(Zeroizing::new(secret.to_owned())),
    }
}
