//! Settings from environment variables, and from the files that `…_FILE` variables name.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;

use zeroize::Zeroizing;

use crate::error::Error;

/// A setting that an environment variable gives.
pub(crate) struct Variable {
    /// The key of the setting in a configuration.
    pub(crate) setting: &'static str,
    /// The variable, as errors name it.
    pub(crate) name: String,
    /// Trimmed, and not empty.
    pub(crate) text: Zeroizing<String>,
}

/// A function that looks up a variable: in the environment, or in a table of a test.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The settings that have variables.
const VARIABLES: [(&str, &str); 12] = [
    ("projectId", "SINCH_PROJECT_ID"),
    ("keyId", "SINCH_KEY_ID"),
    ("keySecret", "SINCH_KEY_SECRET"),
    ("auth", "SINCH_AUTH"),
    ("baseUrl", "SINCH_NUMBERS_URL"),
    ("authUrl", "SINCH_AUTH_URL"),
    ("caFile", "SINCH_NUMBERS_CA_FILE"),
    ("roots", "SINCH_NUMBERS_ROOTS"),
    ("allowHttp", "SINCH_NUMBERS_ALLOW_HTTP"),
    ("timeoutMs", "SINCH_NUMBERS_TIMEOUT_MS"),
    ("proxy", "SINCH_NUMBERS_PROXY"),
    ("logLevel", "SINCH_NUMBERS_LOG_LEVEL"),
];

/// The number of required settings, which come first. Each may come from a file, named by its variable with `_FILE`.
const REQUIRED: usize = 3;

/// Reads the variables that are set, except for settings that code gives.
pub(crate) fn read(
    variable: Lookup<'_>,
    is_given: impl Fn(&str) -> bool,
) -> Result<Vec<Variable>, Error> {
    let mut found = Vec::new();
    for (index, (setting, name)) in VARIABLES.into_iter().enumerate() {
        // Both say which certificates are trusted, so they count as one.
        let is_root = |setting: &str| matches!(setting, "caFile" | "roots");
        if is_given(setting) || is_root(setting) && (is_given("caFile") || is_given("roots")) {
            continue;
        }
        let mut text = value(name, variable)?.map(|text| (name.to_owned(), text));
        if index < REQUIRED {
            let file_name = format!("{name}_FILE");
            if let Some(path) = value(&file_name, variable)? {
                if text.is_some() {
                    let problem = format!("is set, and so is {file_name}: unset one of the two");
                    return Err(Error::invalid(name, problem));
                }
                let content = content(&file_name, &path)?;
                text = Some((file_name, content));
            }
        }
        if let Some((name, text)) = text {
            found.push(Variable { setting, name, text });
        }
    }
    Ok(found)
}

/// Makes the error that names the variables of all missing settings.
pub(crate) fn missing(settings: &[&str]) -> Error {
    let names = VARIABLES.iter().filter(|(setting, _)| settings.contains(setting));
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    let others = match names.get(1..) {
        Some([_, ..]) => format!(", nor is {}", names[1..].join(", nor is ")),
        _ => String::new(),
    };
    let problem = format!(
        "this environment variable is not set{others} (with _FILE behind its name, each can name a file instead); to try \
         things out without an account, start sinch-numbers sandbox and export what it prints"
    );
    Error::invalid(names.first().copied().unwrap_or_default(), problem)
}

fn value(name: &str, variable: Lookup<'_>) -> Result<Option<Zeroizing<String>>, Error> {
    let Some(value) = variable(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| Error::invalid(name, "is not UTF-8"))?;
    let value = clean(name, &Zeroizing::new(value))?;
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// Reads the file of a secret.
fn content(name: &str, path: &str) -> Result<Zeroizing<String>, Error> {
    const MOST: usize = 64 * 1024;
    // Errors do not quote the path: it may be the secret itself, by mistake.
    let refuse = |problem: String| Error::invalid(name, format!("names a file that {problem}"));
    // Allocated once, so that a growing buffer leaves no copy of the secret.
    let mut content = Zeroizing::new(Vec::with_capacity(MOST + 1));
    File::open(path)
        .and_then(|file| file.take(MOST as u64 + 1).read_to_end(&mut content))
        .map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if content.len() > MOST {
        return Err(refuse(format!("is longer than {MOST} bytes")));
    }
    let text = std::str::from_utf8(&content).map_err(|_| refuse("is not UTF-8".to_owned()))?;
    match clean(name, text)? {
        text if text.is_empty() => Err(refuse("is empty".to_owned())),
        text => Ok(text),
    }
}

/// Trims the blanks and line ends around a value, which editors, shells and secret stores leave there. A value in quotes is
/// refused: where no shell removes them, they are part of it.
fn clean(name: &str, value: &str) -> Result<Zeroizing<String>, Error> {
    let value = value.trim_matches([' ', '\t', '\r', '\n', '\u{FEFF}']);
    let quoted = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    if quoted('"') || quoted('\'') {
        let problem = "is in quotes, which are taken as part of the value: remove them (only a shell does so by itself)";
        return Err(Error::invalid(name, problem));
    }
    Ok(Zeroizing::new(value.to_owned()))
}
