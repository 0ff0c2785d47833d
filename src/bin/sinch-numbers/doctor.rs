//! The doctor: finds what prevents a working call from this machine, and says what to do about each problem.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use sinch_numbers::{Client, ClientBuilder, Error, ErrorKind, LogLevel, Phase};

use crate::args::OutputArgs;
use crate::columns::FINDINGS;
use crate::exit::Exit;
use crate::output::Output;
use crate::reach::{Proxy, Server, clock};
use crate::session::say;
use crate::{Failure, chain};

/// The variables that the client reads. Those of secrets can be replaced by files.
const SECRETS: [&str; 3] = ["SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET"];
const OTHERS: [&str; 11] = [
    "SINCH_AUTH",
    "SINCH_NUMBERS_URL",
    "SINCH_AUTH_URL",
    "SINCH_NUMBERS_CA_FILE",
    "SINCH_NUMBERS_ROOTS",
    "SINCH_NUMBERS_ALLOW_HTTP",
    "SINCH_NUMBERS_TIMEOUT_MS",
    "SINCH_NUMBERS_PROXY",
    "SINCH_NUMBERS_LOG_LEVEL",
    "SINCH_NUMBERS_LIBRARY",
    "SINCH_CALLBACK_SECRET",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works, but may not be meant, or may break later.
    Warning,
    /// No call works until it is corrected.
    Problem,
}

/// A finding, in the order in which a call depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    verdict: Verdict,
    /// What was checked.
    about: String,
    #[serde(rename = "finding")]
    found: String,
    /// What to do, in a line; empty if nothing is wrong.
    mend: String,
}

#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn ok(&mut self, about: &str, finding: impl Into<String>) {
        self.add(Verdict::Ok, about, finding, "");
    }

    pub(crate) fn warn(
        &mut self,
        about: &str,
        finding: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.add(Verdict::Warning, about, finding, mend);
    }

    pub(crate) fn problem(
        &mut self,
        about: &str,
        finding: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.add(Verdict::Problem, about, finding, mend);
    }

    pub(crate) fn add(
        &mut self,
        verdict: Verdict,
        about: &str,
        finding: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let (about, found, mend) = (about.to_owned(), finding.into(), mend.into());
        self.0.push(Finding { verdict, about, found, mend });
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.0.iter().filter(|finding| finding.verdict == verdict).count()
    }
}

pub(crate) fn run(output: &OutputArgs) -> Result<Exit, Failure> {
    let mut out = Output::of_many(output, FINDINGS)?;
    let mut found = Findings::default();
    variables(&mut found);
    files(&mut found);
    let exit = calls(&mut found);
    for finding in &found.0 {
        let json = serde_json::to_string(finding);
        out.item(&json.map_err(|error| Failure::other(error.to_string()))?)?;
    }
    out.finish()?;
    let (problems, warnings) = (found.count(Verdict::Problem), found.count(Verdict::Warning));
    let works = if exit == Exit::Done { "a call works" } else { "no call works" };
    let counted = |count, what| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    say(format_args!(
        "{works}: {}, {}",
        counted(problems, "problem"),
        counted(warnings, "warning")
    ));
    Ok(exit)
}

/// Checks the variables. Their values are not shown.
fn variables(found: &mut Findings) {
    let with_file = |name: &str| format!("{name}_FILE");
    let mut names: Vec<String> = SECRETS.iter().chain(&OTHERS).map(ToString::to_string).collect();
    names.extend(SECRETS.iter().chain(&["SINCH_CALLBACK_SECRET"]).map(|name| with_file(name)));
    let before = found.0.len();
    for name in &names {
        let Some(value) = env::var_os(name) else { continue };
        let Ok(value) = value.into_string() else {
            found.problem(name, "is not UTF-8", "set it again, as plain text");
            continue;
        };
        check_value(found, name, &value);
    }
    for name in SECRETS.into_iter().chain(["SINCH_CALLBACK_SECRET"]) {
        let (set, file) = (is_set(name), is_set(&with_file(name)));
        if set && file {
            let finding = format!("is set, and so is {name}_FILE");
            found.problem(name, finding, format!("unset {name} or {name}_FILE"));
        } else if !set && !file && SECRETS.contains(&name) {
            let mend = "export it; the id and the access key are in the Sinch dashboard, or try `sinch-numbers sandbox`";
            found.problem(name, format!("is not set, nor is {name}_FILE"), mend);
        }
    }
    for (name, _) in env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        let known = names.contains(&name) || name == "SINCH_NUMBERS_REFRESH_HEADER";
        if name.starts_with("SINCH_") && !known {
            found.warn(&name, "is not a variable that is read", "check its spelling, or unset it");
        }
    }
    check_combinations(found);
    if found.0.len() == before {
        found.ok("variables", "the account is set");
    }
}

/// Checks variables that depend on each other.
fn check_combinations(found: &mut Findings) {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|text| text.trim() == value);
    if is_set("SINCH_NUMBERS_CA_FILE") && is_set("SINCH_NUMBERS_ROOTS") {
        let finding = "is not used, as SINCH_NUMBERS_CA_FILE goes before it";
        found.warn("SINCH_NUMBERS_ROOTS", finding, "unset one of the two");
    }
    let (numbers, tokens) = (is_set("SINCH_NUMBERS_URL"), is_set("SINCH_AUTH_URL"));
    if numbers != tokens && !is("SINCH_AUTH", "basic") {
        let [set, unset] = if numbers {
            ["SINCH_NUMBERS_URL", "SINCH_AUTH_URL"]
        } else {
            ["SINCH_AUTH_URL", "SINCH_NUMBERS_URL"]
        };
        let finding = format!("is not set, but {set} is: one of the two is at sinch.com");
        found.warn(unset, finding, format!("set {unset} too, unless that is meant"));
    }
    let proxy = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "SINCH_NUMBERS_PROXY"];
    if let (Some(name), false) = (
        ["http_proxy", "HTTP_PROXY"].into_iter().find(|name| is_set(name)),
        proxy.iter().any(|name| is_set(name)),
    ) {
        let finding = "is not for https, so that calls go without a proxy";
        found.warn(name, finding, "set https_proxy as well if a proxy is needed");
    }
}

fn is_set(name: &str) -> bool {
    env::var(name).is_ok_and(|value| !value.trim().is_empty())
}

/// Checks a value for quotes, blanks and line ends, which editors, shells and secret stores leave in it.
fn check_value(found: &mut Findings, name: &str, value: &str) {
    let trimmed = value.trim_matches([' ', '\t', '\r', '\n', '\u{FEFF}']);
    let quoted =
        |quote| trimmed.len() > 1 && trimmed.starts_with(quote) && trimmed.ends_with(quote);
    if trimmed.is_empty() {
        found.warn(
            name,
            "is set to nothing, which counts as not set",
            format!("unset {name}, or give it a value"),
        );
    } else if quoted('"') || quoted('\'') {
        found.problem(
            name,
            "is in quotes, which are part of the value",
            "remove the quotes: only a shell does so by itself",
        );
    } else if trimmed.contains(['\r', '\n']) {
        found.problem(name, "has a line end inside", "set it to one line");
    } else if trimmed.contains(char::is_whitespace) && !name.ends_with("_FILE") {
        found.problem(name, "has a blank inside", "copy the value again, without blanks");
    } else if trimmed.len() < value.len() {
        found.warn(
            name,
            "has blanks or line ends around it, which are ignored",
            "set it without them: other programs may not ignore them",
        );
    }
}

/// Checks the files that variables name: permissions and content.
fn files(found: &mut Findings) {
    let secret = |name: &&str| format!("{name}_FILE");
    let secrets = SECRETS.iter().chain(&["SINCH_CALLBACK_SECRET"]).map(secret);
    let others = ["SINCH_NUMBERS_CA_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR"].map(str::to_owned);
    for name in secrets.chain(others) {
        let Ok(path) = env::var(&name) else { continue };
        let path = path.trim();
        if path.is_empty() {
            continue;
        }
        if name == "SSL_CERT_DIR" {
            folders(found, &name, path);
            continue;
        }
        let is_secret =
            name.ends_with("_FILE") && name.starts_with("SINCH_") && !name.contains("CA_FILE");
        // The client goes on without what SSL_CERT_FILE and SSL_CERT_DIR name.
        let verdict = if name.starts_with("SSL_") { Verdict::Warning } else { Verdict::Problem };
        match fs::metadata(path) {
            Err(error) => {
                // The path is not repeated: it may be the secret itself, by mistake.
                found.add(
                    verdict,
                    &name,
                    format!("names a file that cannot be read: {error}"),
                    file_advice(&error),
                );
            }
            Ok(data) if data.is_dir() => {
                found.add(verdict, &name, "names a folder", "name a file, or unset it");
            }
            Ok(data) => match fs::read(path).map(String::from_utf8) {
                Err(error) => {
                    found.add(
                        verdict,
                        &name,
                        format!("names a file that cannot be read: {error}"),
                        file_advice(&error),
                    );
                }
                Ok(content) if is_secret => {
                    match content {
                        Ok(content) => {
                            check_value(found, &name, content.trim_end_matches(['\r', '\n']));
                        }
                        Err(_) => found.problem(
                            &name,
                            "names a file that is not UTF-8",
                            "write it again, as plain text",
                        ),
                    }
                    if data.permissions().mode() & 0o077 != 0 {
                        found.warn(&name, "names a file that others can read", "chmod 600 it");
                    }
                }
                Ok(_) => {}
            },
        }
    }
}

/// Checks that the folders of a list can be read.
fn folders(found: &mut Findings, name: &str, list: &str) {
    for folder in env::split_paths(list) {
        if let Err(error) = fs::read_dir(&folder) {
            let finding =
                format!("names a folder that cannot be read: {}: {error}", folder.display());
            found.warn(name, finding, file_advice(&error));
        }
    }
}

fn file_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "let this user read it: chown or chmod it",
        _ => "correct the path",
    }
}

/// Checks what a call needs, in its order: name, addresses, proxy, clock, and the call itself. Returns the exit code.
fn calls(found: &mut Findings) -> Exit {
    let url = |name: &str, default: &str| match env::var(name) {
        Ok(url) if !url.trim().is_empty() => url.trim().to_owned(),
        _ => default.to_owned(),
    };
    let (numbers, tokens) = (
        url("SINCH_NUMBERS_URL", "https://numbers.api.sinch.com"),
        url("SINCH_AUTH_URL", "https://auth.sinch.com"),
    );
    let client = client(found);
    let mut looked_at = Vec::new();
    for url in [&tokens, &numbers] {
        let Some(server) = Server::of(url).filter(|server| !looked_at.contains(server)) else {
            continue;
        };
        match Proxy::to(&server) {
            Some(proxy) => {
                found.ok(&server.host, format!("goes through the proxy in {}", proxy.variable));
                if !looked_at.contains(&proxy.server) {
                    proxy.server.check_addresses(found);
                    looked_at.push(proxy.server);
                }
            }
            None => server.check_addresses(found),
        }
        clock(found, &server, url);
        looked_at.push(server);
    }
    let client = match client {
        Ok(client) => client,
        Err(exit) => return exit,
    };
    let error = match client.check() {
        Ok(page) => {
            let count = page.total_size.map_or(String::new(), |count| format!(": {count} numbers"));
            let project = client.project_id();
            let finding = format!("token, permission and list work for project {project}{count}");
            found.ok("call", finding);
            return Exit::Done;
        }
        Err(error) => error,
    };
    let text = chain(&error);
    let about_token = text.contains("access token");
    let server = Server::of(if about_token { &tokens } else { &numbers });
    let proxy = server.as_ref().and_then(Proxy::to);
    let shown = server.filter(|_| text.contains("invalid peer certificate"));
    let shown = shown.and_then(|server| {
        let issuer = server.issuer()?;
        Some(format!("; the certificate that {} shows was issued by {issuer}", server.host))
    });
    let text = text + &shown.unwrap_or_default();
    if let (ErrorKind::Transport(Phase::Connect), Some(Proxy { variable, .. })) =
        (error.kind(), proxy)
    {
        let mend = format!("correct {variable}, or unset it if no proxy is needed");
        found.problem("proxy", text, mend);
    } else {
        let (about, mend) = mend(&error);
        found.problem(about, text, mend);
    }
    Exit::of(&error)
}

/// Makes the client, and records its error or warnings.
fn client(found: &mut Findings) -> Result<Client, Exit> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let client = ClientBuilder::from_env().and_then(|builder| {
        let log = move |_: LogLevel, line: &str| {
            if let Ok(mut lines) = log.lock() {
                lines.push(line.to_owned());
            }
        };
        builder.log(LogLevel::Warn, log).build()
    });
    for line in lines.lock().map(|mut lines| std::mem::take(&mut *lines)).unwrap_or_default() {
        found.warn("settings", line, "correct what it names, or unset it");
    }
    client.map_err(|error| {
        // Usually there is a more detailed finding already.
        if found.count(Verdict::Problem) == 0 {
            let problem = chain(&error);
            let named = problem.split_once(": ").map(|(name, _)| format!("correct {name}"));
            let mend = named.unwrap_or_else(|| "correct the variable that it names".to_owned());
            found.problem("settings", problem, mend);
        }
        Exit::of(&error)
    })
}

/// Returns the part that a failed call points to, and what to do about it.
fn mend(error: &Error) -> (&'static str, &'static str) {
    let text = chain(error);
    let about_token = text.contains("access token");
    match error.kind() {
        ErrorKind::Authentication(api) if about_token || api.http_status == 401 => (
            "token",
            "check SINCH_KEY_ID and SINCH_KEY_SECRET; make a new access key in the dashboard if in doubt",
        ),
        ErrorKind::Authentication(_) => (
            "permission",
            "check SINCH_PROJECT_ID, and that the access key belongs to that project",
        ),
        ErrorKind::Transport(Phase::Resolve) => {
            ("name", "check the host in the URL, and the resolver of this machine")
        }
        ErrorKind::Transport(Phase::Tls)
            if text.contains("expired") || text.contains("not valid yet") =>
        {
            (
                "TLS",
                "check the clock of this machine; if it is right, the server's certificate has to be renewed",
            )
        }
        ErrorKind::Transport(Phase::Tls) if text.contains("not valid for") => {
            ("TLS", "check the host in the URL: the certificate is of another name")
        }
        ErrorKind::Transport(Phase::Tls) => (
            "TLS",
            "if the issuer is your own (a proxy that opens TLS, as companies have), name its certificate in \
             SINCH_NUMBERS_CA_FILE, or set SINCH_NUMBERS_ROOTS=platform if this machine trusts it",
        ),
        ErrorKind::Transport(_) if text.contains("proxy") => {
            ("proxy", "check the proxy's address and credentials, or set SINCH_NUMBERS_PROXY=none")
        }
        ErrorKind::Transport(_) => {
            ("network", "check the firewall, and whether a proxy is needed (https_proxy)")
        }
        ErrorKind::Timeout(_) => (
            "network",
            "check the firewall and the proxy; raise SINCH_NUMBERS_TIMEOUT_MS if the network is slow",
        ),
        ErrorKind::RateLimited(_) => ("limit", "wait, and send less at a time"),
        ErrorKind::Api(api) if about_token && api.http_status == 404 => {
            ("token", "check SINCH_AUTH_URL: something else than the service responds there")
        }
        ErrorKind::Api(api) if api.http_status == 404 => {
            ("project", "check SINCH_PROJECT_ID and SINCH_NUMBERS_URL")
        }
        ErrorKind::Api(_) => ("service", "try again later"),
        ErrorKind::Protocol(_) => (
            "service",
            "check SINCH_NUMBERS_URL and SINCH_AUTH_URL: something else than the service responds there",
        ),
        _ => ("call", "see the message"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_blanks_in_values_are_found() {
        use Verdict::{Problem, Warning};
        for (name, value, expected) in [
            ("SINCH_KEY_ID", "key", None),
            ("SINCH_KEY_ID", "\"key\"", Some((Problem, "in quotes"))),
            ("SINCH_KEY_ID", "'key'\n", Some((Problem, "in quotes"))),
            ("SINCH_KEY_ID", " key", Some((Warning, "around"))),
            ("SINCH_KEY_ID", "key\r\n", Some((Warning, "around"))),
            ("SINCH_KEY_ID", "k\ney", Some((Problem, "line end inside"))),
            ("SINCH_KEY_ID", "k ey", Some((Problem, "blank inside"))),
            ("SINCH_KEY_ID_FILE", "/a folder/key", None),
            ("SINCH_KEY_ID", " ", Some((Warning, "set to nothing"))),
        ] {
            let mut found = Findings::default();
            check_value(&mut found, name, value);
            let found = found.0.first();
            assert_eq!(
                found.map(|found| found.verdict),
                expected.map(|(verdict, _)| verdict),
                "{value:?}"
            );
            if let (Some(found), Some((_, words))) = (found, expected) {
                assert!(found.found.contains(words) && !found.mend.is_empty(), "{found:?}");
            }
        }
    }
}
