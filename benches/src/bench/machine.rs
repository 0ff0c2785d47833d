//! What is measured with: the programs that `run.sh` built, the cores, the server, one run of a contender.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

/// What `run.sh prepare` says: where things are, and their versions.
pub struct Machine {
    facts: HashMap<String, String>,
    /// The core of the server.
    near: usize,
    /// Another one; the same where there is only one.
    far: usize,
}

/// Where a client runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the server's core: what repeats.
    Near,
    /// On another: what the machine's wake-ups hide.
    Far,
}

impl Machine {
    pub fn prepare() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let done = Command::new("bash").arg(here.join("run.sh")).arg("prepare").status();
        assert!(done.is_ok_and(|status| status.success()), "run.sh prepare failed");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or(here.join("target"), PathBuf::from);
        let text = fs::read_to_string(target.join("cache/env")).expect("cache/env");
        let facts = text.lines().filter_map(|line| line.split_once('='));
        let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let allowed = allowed();
        let near = *allowed.last().expect("a core");
        Self { facts, near, far: allowed[0] }
    }

    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).unwrap_or_else(|| panic!("{name} is not in cache/env"))
    }

    pub fn cache(&self, name: &str) -> String {
        format!("{}/{name}", self.fact("CACHE"))
    }

    /// Lets this thread, and what it starts from now on, run on one core only.
    pub fn pin(&self, place: Place) {
        let core = if place == Place::Near { self.near } else { self.far };
        // SAFETY: an all-zero set is an empty one, and the pointer is to one that is alive.
        let done = unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(core, &mut set);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
        };
        assert_eq!(done, 0, "cannot pin to core {core}");
    }

    /// A command with the environment that all have.
    pub fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        for name in
            ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        {
            command.env_remove(name);
        }
        command
            .env("SINCH_NUMBERS_LIBRARY", self.cache("lib"))
            .env("PYTHONPATH", format!("{}/examples/python", self.fact("ROOT")))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NODE_CACHE", self.cache("node"))
            .env("CA_FILE", self.cache("ca.pem"))
            .stdin(Stdio::null());
        command
    }

    /// Runs a contender to its end and returns the figures that it printed.
    pub fn figures(&self, words: &[String]) -> HashMap<String, Value> {
        let output = self.command(words).stderr(Stdio::inherit()).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", words.join(" ")));
        assert!(output.status.success(), "{}: {}", words.join(" "), output.status);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}", words.join(" ")))
    }

    /// How long a process takes from its start to its end, in microseconds.
    pub fn lifetime(&self, words: &[String], ca_file: &str) -> f64 {
        let mut command = self.command(words);
        command.env("CA_FILE", ca_file).stdout(Stdio::null());
        let began = Instant::now();
        let status = command.status();
        let took = began.elapsed();
        assert!(status.is_ok_and(|status| status.success()), "{}", words.join(" "));
        took.as_nanos() as f64 / 1e3
    }
}

/// The cores that this process may use.
fn allowed() -> Vec<usize> {
    // SAFETY: an all-zero set is an empty one, and the pointer is to one that is alive.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        let size = size_of::<libc::cpu_set_t>();
        assert_eq!(libc::sched_getaffinity(0, size, &mut set), 0);
        set
    };
    // SAFETY: the numbers are below the size of the set.
    (0..libc::CPU_SETSIZE as usize).filter(|core| unsafe { libc::CPU_ISSET(*core, &set) }).collect()
}

/// The loopback server, in a process of its own.
pub struct Server {
    child: Child,
    /// It ends when this does.
    _stdin: ChildStdin,
    ports: HashMap<String, u16>,
}

impl Server {
    /// Starts it on the core where this thread is pinned.
    pub fn start(machine: &Machine) -> Self {
        let program = format!("{}/server", machine.fact("PEERS"));
        let mut child = Command::new(program)
            .arg(machine.fact("CACHE"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout");
        BufReader::new(stdout).read_line(&mut line).expect("the server's ports");
        let ports = serde_json::from_str(&line).expect("the server's ports");
        let stdin = child.stdin.take().expect("stdin");
        Self { child, _stdin: stdin, ports }
    }

    pub fn url(&self, port: &str, host: &str) -> String {
        let scheme = if matches!(port, "tls" | "once") { "https" } else { "http" };
        format!("{scheme}://{host}:{}", self.ports[port])
    }

    /// What it counted on a port: `connections`, `requests` or `resumed`.
    pub fn count(&self, port: &str, what: &str) -> u64 {
        let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
        let url = format!("{}/stats", self.url("plain", "127.0.0.1"));
        let text =
            agent.get(url).call().expect("stats").body_mut().read_to_string().expect("stats");
        let stats: Value = serde_json::from_str(&text).expect("stats");
        stats[port][what].as_u64().expect("a count")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
