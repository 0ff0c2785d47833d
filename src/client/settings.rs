//! Reads the settings of a client from a JSON configuration, environment variables, or both.

use std::borrow::Cow;
use std::env;
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::call::credentials::Credentials;
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use crate::client::environment::{self, Lookup, Variable};
use crate::error::Error;
use crate::json::cursor::DecodeError;
use crate::json::input::{Value, set};
use crate::log::LogLevel;

/// The configuration that takes all settings from the environment.
const ENVIRONMENT: &str = r#"{"fromEnv":true}"#;

/// Makes a builder with the settings of a configuration, which is one JSON object that was checked, and for what it leaves out
/// those of the environment if its `fromEnv` says so.
pub(crate) fn read(object: &str, variable: Lookup<'_>) -> Result<ClientBuilder, Error> {
    let mut given = Given { values: Value::members(object).collect(), known: Vec::new() };
    let from_env = given.take("fromEnv")? == Some(true);
    let variables =
        if from_env { environment::read(variable, |key| given.has(key))? } else { Vec::new() };
    given.values.extend(variables.iter().map(of_variable));
    let mut missing = ["projectId", "keyId", "keySecret"].to_vec();
    missing.retain(|key| !given.has(key));

    let project_id: Option<String> = given.take("projectId")?;
    let key_id: Option<String> = given.take("keyId")?;
    let mut key_secret = Zeroizing::new(given.take::<String>("keySecret")?.unwrap_or_default());
    let basic = given.choice("auth", [("oauth2", false), ("basic", true)])?;
    let with_key = if basic == Some(true) { Credentials::basic } else { Credentials::oauth2 };
    let credentials = with_key(key_id.unwrap_or_default(), std::mem::take(&mut *key_secret));
    let mut builder = ClientBuilder::new(project_id.unwrap_or_default(), credentials);
    builder = set(builder, given.take::<String>("baseUrl")?, ClientBuilder::base_url);
    builder = set(builder, given.take::<String>("authUrl")?, ClientBuilder::auth_url);
    builder = set(builder, given.take("allowHttp")?, ClientBuilder::allow_http);
    builder = set(builder, given.milliseconds("timeoutMs", 1)?, ClientBuilder::timeout);
    let connect_timeout = given.milliseconds("connectTimeoutMs", 1)?;
    builder = set(builder, connect_timeout, ClientBuilder::connect_timeout);
    // A value too big for the type is out of range as well: `build` reports it.
    let attempts: Option<u64> = given.take("maxAttempts")?;
    let attempts = attempts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    builder = set(builder, attempts, ClientBuilder::max_attempts);
    let rate = given.take("requestsPerSecond")?;
    builder = set(builder, rate, ClientBuilder::requests_per_second);
    let bundled = given.choice("roots", [("bundled", true), ("platform", false)])?;
    builder = set(builder, bundled, |builder, bundled| {
        if bundled { builder.bundled_roots() } else { builder.platform_roots() }
    });
    builder = set(builder, given.take::<String>("caFile")?, ClientBuilder::ca_file);
    let proxy: Option<String> = given.take("proxy")?;
    builder = set(builder, proxy, |builder, proxy| match proxy.as_str() {
        "env" => builder.proxy_from_env(),
        "none" => builder.no_proxy(),
        _ => builder.proxy(proxy),
    });
    builder = set(builder, given.take::<String>("userAgent")?, ClientBuilder::user_agent);
    builder = set(builder, given.take("maxResponseBytes")?, ClientBuilder::max_response_bytes);
    let idle: Option<u64> = given.take("maxIdleConnections")?;
    let idle = idle.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    builder = set(builder, idle, ClientBuilder::max_idle_connections);
    builder = set(builder, given.milliseconds("idleTimeoutMs", 0)?, ClientBuilder::idle_timeout);
    let age = given.milliseconds("maxConnectionAgeMs", 1)?;
    builder = set(builder, age, ClientBuilder::max_connection_age);
    let levels = [
        ("off", None),
        ("error", Some(LogLevel::Error)),
        ("warn", Some(LogLevel::Warn)),
        ("info", Some(LogLevel::Info)),
        ("debug", Some(LogLevel::Debug)),
        ("trace", Some(LogLevel::Trace)),
    ];
    builder.log_level = given.choice("logLevel", levels)?.unwrap_or(builder.log_level);
    let names = variables.iter().map(|variable| (variable.setting, variable.name.clone()));
    builder.variables = names.collect();
    given.finish()?;
    match missing.first() {
        None => Ok(builder),
        Some(_) if from_env => Err(environment::missing(&missing)),
        Some(key) => Err(Error::invalid(*key, "is missing")),
    }
}

/// Makes the value of a setting that a variable gives. Errors name the variable.
fn of_variable(variable: &Variable) -> (Cow<'_, str>, Value<'_>) {
    let Variable { setting, name, text } = variable;
    let json = matches!(*setting, "allowHttp" | "timeoutMs");
    let text = match (*setting, text.as_str()) {
        ("allowHttp", "1") => "true",
        ("allowHttp", "0") => "false",
        (_, text) => text,
    };
    ((*setting).into(), Value { name: name.into(), text, json })
}

/// The settings that were given and not yet taken.
struct Given<'a> {
    values: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The keys that were asked for.
    known: Vec<&'static str>,
}

impl<'a> Given<'a> {
    fn has(&self, key: &str) -> bool {
        self.values.iter().any(|(given, _)| given == key)
    }

    fn take_value(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.known.push(key);
        let index = self.values.iter().position(|(given, _)| given == key)?;
        Some(self.values.remove(index).1)
    }

    /// Takes the value of a key. Only its type is checked.
    fn take<T: Deserialize<'a>>(&mut self, key: &'static str) -> Result<Option<T>, Error> {
        Ok(self.take_value(key).map(T::deserialize).transpose()?)
    }

    /// Takes the value of a key that is one of several words.
    fn choice<T, const N: usize>(
        &mut self,
        key: &'static str,
        words: [(&str, T); N],
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.take_value(key) else { return Ok(None) };
        let name = value.name.clone();
        let given = String::deserialize(value)?;
        let known = words.each_ref().map(|(word, _)| *word).join(", ");
        match words.into_iter().find(|(word, _)| *word == given) {
            Some((_, meant)) => Ok(Some(meant)),
            None => Err(Error::invalid(name, format!("is none of {known}"))),
        }
    }

    /// Takes a time of at most a day. The error has the name and the unit in which it was given.
    fn milliseconds(&mut self, key: &'static str, least: u64) -> Result<Option<Duration>, Error> {
        const DAY: u64 = 86_400_000;
        let Some(value) = self.take_value(key) else { return Ok(None) };
        let name = value.name.clone();
        match u64::deserialize(value)? {
            ms if (least..=DAY).contains(&ms) => Ok(Some(Duration::from_millis(ms))),
            ms => Err(Error::invalid(name, format!("is {ms}; {least} to {DAY} is wanted"))),
        }
    }

    /// Fails if a value is left: its key is not known, or was given twice.
    fn finish(self) -> Result<(), Error> {
        let Some((key, _)) = self.values.into_iter().next() else { return Ok(()) };
        let problem = if self.known.contains(&key.as_ref()) {
            "is given twice".to_owned()
        } else {
            format!("is not known here; known are {}", self.known.join(", "))
        };
        Err(Error::invalid(key, problem))
    }
}

impl Client {
    /// Builds a client from the environment, with the defaults of [`ClientBuilder`]. [`ClientBuilder::from_env`] does so too, and
    /// takes further settings.
    ///
    /// | variable | type | default | |
    /// |---|---|---|---|
    /// | `SINCH_PROJECT_ID` | text | required | 1 to 64 letters, digits, `-` and `_` |
    /// | `SINCH_KEY_ID`, `SINCH_KEY_SECRET` | text | required | an access key of the project |
    /// | `SINCH_PROJECT_ID_FILE`, `SINCH_KEY_ID_FILE`, `SINCH_KEY_SECRET_FILE` | path | | a file that holds the value, as a container's secret; in place of the variable without `_FILE` |
    /// | `SINCH_AUTH` | `oauth2`, `basic` | `oauth2` | [`Credentials`] |
    /// | `SINCH_NUMBERS_URL` | URL | `https://numbers.api.sinch.com` | [`base_url`](ClientBuilder::base_url) |
    /// | `SINCH_AUTH_URL` | URL | `https://auth.sinch.com` | [`auth_url`](ClientBuilder::auth_url) |
    /// | `SINCH_NUMBERS_ALLOW_HTTP` | `true` or `1`, `false` or `0` | `false` | [`allow_http`](ClientBuilder::allow_http) |
    /// | `SINCH_NUMBERS_TIMEOUT_MS` | 1 to 86400000 | 30000 | [`timeout`](ClientBuilder::timeout) |
    /// | `SINCH_NUMBERS_CA_FILE` | path | | [`ca_file`](ClientBuilder::ca_file); goes before the next |
    /// | `SINCH_NUMBERS_ROOTS` | `bundled`, `platform` | as [`ca_file`](ClientBuilder::ca_file) says | [`bundled_roots`](ClientBuilder::bundled_roots), [`platform_roots`](ClientBuilder::platform_roots) |
    /// | `SINCH_NUMBERS_PROXY` | `env`, `none`, URL | `env` | [`proxy_from_env`](ClientBuilder::proxy_from_env), [`no_proxy`](ClientBuilder::no_proxy), [`proxy`](ClientBuilder::proxy) |
    /// | `SINCH_NUMBERS_LOG_LEVEL` | `off`, `error`, `warn`, `info`, `debug`, `trace` | `warn` | [`log_level`](ClientBuilder::log_level) |
    ///
    /// Blanks and line ends around a value are cut off, and a value that is empty then counts as unset. A value in quotes is
    /// refused: where no shell removes them, they are part of it.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that names the variable which is wrong, or all that are missing.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// Takes the settings from the environment; the variables are listed at [`Client::from_env`]. What is set here afterwards
    /// replaces what the environment gave.
    ///
    /// ```no_run
    /// use sinch_numbers::ClientBuilder;
    /// use std::time::Duration;
    ///
    /// let client = ClientBuilder::from_env()?.timeout(Duration::from_secs(5)).build()?;
    /// # Ok::<(), sinch_numbers::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that names the variable which is wrong, or all that are missing.
    pub fn from_env() -> Result<Self, Error> {
        read(ENVIRONMENT, &|name| env::var_os(name))
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::invalid(error.path, error.problem)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    const ACCOUNT: [(&str, &str); 3] =
        [("SINCH_PROJECT_ID", "p"), ("SINCH_KEY_ID", "k"), ("SINCH_KEY_SECRET", "hushhush")];

    /// The environment of the account, with more: a variable that is given twice has its last value, `-` is unset.
    fn environment(more: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        let all: Vec<(String, String)> = ACCOUNT
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        move |name| {
            let (_, value) = all.iter().rev().find(|(known, _)| known == name)?;
            (value != "-").then(|| value.into())
        }
    }

    fn from_env(more: &[(&str, &str)]) -> Result<ClientBuilder, Error> {
        read(ENVIRONMENT, &environment(more))
    }

    fn problem(result: Result<ClientBuilder, Error>) -> String {
        let error = result.and_then(ClientBuilder::build).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hush"), "{shown}");
        error.to_string()
    }

    /// A file of this test, with a content.
    fn file(name: &str, content: &[u8]) -> String {
        let name = format!("sinch-numbers-settings-{}-{name}", std::process::id());
        let path = env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    #[test]
    fn every_variable_sets_what_it_says() {
        let shown = |more: &[(&str, &str)]| {
            let builder = from_env(more).unwrap();
            format!(
                "{builder:?} {:?} {:?}",
                [&builder.base_url, &builder.auth_url],
                builder.log_level()
            )
        };
        let rows = [
            ("SINCH_PROJECT_ID", "other", r#"project_id: "other""#),
            ("SINCH_KEY_ID", "other", r#"key_id: "other""#),
            ("SINCH_AUTH", "basic", "scheme: Basic"),
            ("SINCH_AUTH", "oauth2", "scheme: OAuth2"),
            ("SINCH_NUMBERS_URL", "https://gw.test/a", r#"["https://gw.test/a", "#),
            ("SINCH_AUTH_URL", "https://gw.test/b", r#", "https://gw.test/b"]"#),
            ("SINCH_NUMBERS_CA_FILE", "/ca.pem", r#"roots: File("/ca.pem")"#),
            ("SINCH_NUMBERS_ROOTS", "platform", "roots: Platform"),
            ("SINCH_NUMBERS_ROOTS", "bundled", "roots: Bundled"),
            ("SINCH_NUMBERS_ALLOW_HTTP", "true", "allow_http: true"),
            ("SINCH_NUMBERS_ALLOW_HTTP", "1", "allow_http: true"),
            ("SINCH_NUMBERS_ALLOW_HTTP", "false", "allow_http: false"),
            ("SINCH_NUMBERS_ALLOW_HTTP", "0", "allow_http: false"),
            ("SINCH_NUMBERS_TIMEOUT_MS", "1500", " timeout: 1.5s"),
            ("SINCH_NUMBERS_LOG_LEVEL", "debug", "Some(Debug)"),
            ("SINCH_NUMBERS_LOG_LEVEL", "off", "] None"),
        ];
        for (name, value, expected) in rows {
            // As editors, shells and secret stores leave it.
            let odd = ["", "\n", "\r\n", " ", "\t", "\n\n"];
            for (before, behind) in odd.iter().flat_map(|a| odd.map(|b| (*a, b))) {
                let shown = shown(&[(name, &format!("{before}{value}{behind}"))]);
                assert!(shown.contains(expected), "{name}={value:?}: {shown}");
            }
            // Empty is unset.
            for empty in ["", " ", "\r\n", "\t \n"] {
                let unset = match name {
                    "SINCH_PROJECT_ID" | "SINCH_KEY_ID" => continue,
                    _ => from_env(&[(name, empty)]).unwrap(),
                };
                let plain = from_env(&[]).unwrap();
                assert_eq!(format!("{unset:?}"), format!("{plain:?}"), "{name}={empty:?}");
                assert_eq!(unset.log_level(), Some(LogLevel::Warn));
            }
        }
    }

    #[test]
    fn every_error_names_its_variable() {
        let rows = [
            ("SINCH_PROJECT_ID", "a/b", "holds more than letters"),
            ("SINCH_KEY_ID", "a b", "holds a character"),
            ("SINCH_KEY_SECRET", "hush\nhush", "holds a control character"),
            ("SINCH_AUTH", "digest", "is none of oauth2, basic"),
            ("SINCH_NUMBERS_URL", "nonsense", "begins with neither"),
            ("SINCH_NUMBERS_URL", "http://sandbox:8080", "is http to another machine"),
            ("SINCH_AUTH_URL", "https://user:hush@a.test", "holds a user name"),
            ("SINCH_NUMBERS_CA_FILE", "/nowhere/ca.pem", "/nowhere/ca.pem: cannot be read"),
            ("SINCH_NUMBERS_ROOTS", "mine", "is none of bundled, platform"),
            ("SINCH_NUMBERS_ALLOW_HTTP", "yes", "is not true or false"),
            ("SINCH_NUMBERS_TIMEOUT_MS", "30s", "is not a whole number"),
            ("SINCH_NUMBERS_TIMEOUT_MS", "-1", "is not a whole number"),
            ("SINCH_NUMBERS_TIMEOUT_MS", "0", "is 0; 1 to 86400000 is wanted"),
            ("SINCH_NUMBERS_PROXY", "ftp://user:hush@a.test", "only an HTTP proxy"),
            ("SINCH_NUMBERS_LOG_LEVEL", "loud", "is none of off, error"),
        ];
        for (name, value, expected) in rows {
            let problem = problem(from_env(&[(name, value)]));
            assert!(problem.starts_with(&format!("{name}: {expected}")), "{problem}");
            for quote in ['"', '\''] {
                let quoted = format!("\n{quote}{value}{quote}\r\n");
                let problem = self::problem(from_env(&[(name, &quoted)]));
                assert!(problem.starts_with(&format!("{name}: is in quotes")), "{problem}");
            }
            let bytes = |wanted: &str| {
                let value = environment(&[])(wanted);
                if wanted == name { Some(OsString::from_vec(b"\xff".to_vec())) } else { value }
            };
            let error = read(ENVIRONMENT, &bytes).unwrap_err();
            assert_eq!(error.to_string(), format!("{name}: is not UTF-8"));
        }
        // One quote can be a part of it.
        assert!(from_env(&[("SINCH_KEY_SECRET", "\"")]).unwrap().build().is_ok());
        assert!(from_env(&[("SINCH_KEY_SECRET", "'hush\"")]).unwrap().build().is_ok());
    }

    #[test]
    fn errors_of_settings_in_code_name_no_variable() {
        let builder =
            from_env(&[("SINCH_NUMBERS_URL", "nonsense"), ("SINCH_NUMBERS_PROXY", "x://")]);
        let problem = problem(builder.map(|builder| builder.base_url("rubbish").no_proxy()));
        assert!(problem.starts_with("baseUrl: "), "{problem}");
    }

    #[test]
    fn every_missing_variable_is_named() {
        let names = ["SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET"];
        for set in 0..7_u8 {
            let is_set = |index: usize| set >> index & 1 == 1;
            let more: Vec<_> =
                (0..3).filter(|index| !is_set(*index)).map(|index| (names[index], " \n")).collect();
            let problem = problem(from_env(&more));
            for (index, name) in names.iter().enumerate() {
                assert_eq!(problem.contains(name), !is_set(index), "{problem}");
            }
            assert!(problem.contains("sinch-numbers sandbox"), "{problem}");
        }
    }

    #[test]
    fn secrets_in_files() {
        let names = ["SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET"];
        for name in names {
            let file_name = format!("{name}_FILE");
            let of_content = |content: &[u8]| {
                let path = file(name, content);
                let result = from_env(&[(name, "-"), (&file_name, &format!("{path}\n"))]);
                std::fs::remove_file(path).unwrap();
                result
            };
            let plain = format!("{:?}", from_env(&[(name, "x")]).unwrap());
            for content in ["x", "x\n", "x\r\n", " x ", "\u{feff}x\r\n", "\n\tx\n\n"] {
                let builder = of_content(content.as_bytes()).unwrap();
                assert_eq!(format!("{builder:?}"), plain, "{content:?}");
                assert!(builder.build().is_ok());
            }
            let rows: [(&[u8], &str); 6] = [
                (b"", "names a file that is empty"),
                (b" \r\n", "names a file that is empty"),
                (b"\"hush\"\n", "is in quotes"),
                (b"\xff\xfeh\0", "names a file that is not UTF-8"),
                (b"hush\nhush\n", "holds a"),
                (&vec![b'x'; 65_537], "names a file that is longer than 65536 bytes"),
            ];
            for (content, expected) in rows {
                let problem = problem(of_content(content));
                let expected = if name == "SINCH_PROJECT_ID" && expected == "holds a" {
                    "holds more".to_owned()
                } else {
                    expected.to_owned()
                };
                assert!(problem.starts_with(&format!("{file_name}: {expected}")), "{problem}");
            }
            // The secret itself instead of the name of a file, and a folder.
            for path in ["hushhush", "/"] {
                let problem = problem(from_env(&[(name, "-"), (&file_name, path)]));
                let expected = format!("{file_name}: names a file that cannot be read: ");
                assert!(problem.starts_with(&expected), "{problem}");
            }
            let problem = problem(from_env(&[(name, "x"), (&file_name, "/none")]));
            let expected = format!("{name}: is set, and so is {file_name}: unset one of the two");
            assert_eq!(problem, expected);
        }
    }

    #[cfg(feature = "capi")]
    #[test]
    fn keys_beside_the_environment_win() {
        let read = |json: &str, more: &[(&str, &str)]| read(json, &environment(more));
        let shown = |json: &str, more: &[(&str, &str)]| format!("{:?}", read(json, more).unwrap());
        assert_eq!(shown(r#"{"fromEnv": true}"#, &[]), format!("{:?}", from_env(&[]).unwrap()));
        // A variable is not read if the setting was given.
        let bad = [
            ("projectId", r#""q""#, "SINCH_PROJECT_ID", r#"project_id: "q""#),
            ("keyId", r#""q""#, "SINCH_KEY_ID_FILE", r#"key_id: "q""#),
            ("keySecret", r#""hush""#, "SINCH_KEY_SECRET_FILE", "key_id"),
            ("auth", r#""basic""#, "SINCH_AUTH", "scheme: Basic"),
            ("allowHttp", "true", "SINCH_NUMBERS_ALLOW_HTTP", "allow_http: true"),
            ("timeoutMs", "7", "SINCH_NUMBERS_TIMEOUT_MS", " timeout: 7ms"),
            ("roots", r#""platform""#, "SINCH_NUMBERS_ROOTS", "roots: Platform"),
            ("roots", r#""platform""#, "SINCH_NUMBERS_CA_FILE", "roots: Platform"),
            ("caFile", r#""/a""#, "SINCH_NUMBERS_ROOTS", r#"roots: File("/a")"#),
            ("logLevel", r#""off""#, "SINCH_NUMBERS_LOG_LEVEL", "key_id"),
        ];
        for (key, value, variable, expected) in bad {
            let json = format!(r#"{{"{key}": {value}, "fromEnv": true}}"#);
            let more = [(variable, "\"bad\"")];
            let shown = shown(&json, &more);
            assert!(shown.contains(expected), "{shown}");
            let problem = problem(read(r#"{"fromEnv": true}"#, &more));
            assert!(problem.starts_with(variable) || problem.contains(variable), "{problem}");
        }
        for json in ["{}", r#"{"fromEnv": false}"#] {
            assert_eq!(problem(read(json, &[])), "projectId: is missing");
        }
        assert_eq!(problem(read(r#"{"fromEnv": 1}"#, &[])), "fromEnv: is not true or false");
    }
}
