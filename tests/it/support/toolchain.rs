//! The library as C sees it: the shared object of this very build, and compilers that link programs with it.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::thread;

use sinch_numbers::Sandbox;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of this process alone: two runs at once do not share a file. It is left there for whoever looks into a failure,
/// and removed by a later run.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runs");
        fs::create_dir_all(&all).unwrap();
        for entry in fs::read_dir(&all).unwrap() {
            let entry = entry.unwrap();
            if !Path::new("/proc").join(entry.file_name()).exists() {
                // Another run may be removing it, too.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = all.join(std::process::id().to_string());
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    });
    &FOLDER
}

/// Writes a file into [`folder`].
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// A folder with `libsinch_numbers.so` and `libsinch_numbers.so.1`.
pub(crate) fn library_folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        // Where cargo puts the cdylib when it builds tests: beside the test itself.
        let test = env::current_exe().unwrap();
        let library = test.parent().unwrap().join("libsinch_numbers.so");
        assert!(library.exists(), "{} is missing: `cargo test` builds it", library.display());
        let folder = folder().join("lib");
        fs::create_dir(&folder).unwrap();
        for name in ["libsinch_numbers.so", "libsinch_numbers.so.1"] {
            // A build that goes on beside the tests puts a new file in its place; the tests keep theirs.
            fs::hard_link(&library, folder.join(name)).unwrap();
        }
        folder
    });
    &FOLDER
}

/// A program, once it is there.
type Program = Arc<OnceLock<PathBuf>>;

/// Compiles a program from a source file below the project's root, every warning an error, and links it with the library.
/// Once for all tests: a program that runs cannot be written again.
pub(crate) fn compile(compiler: &str, source: &str, flags: &[&str]) -> PathBuf {
    static PROGRAMS: OnceLock<Mutex<HashMap<String, Program>>> = OnceLock::new();
    let label: String = format!("{source}-{compiler}{}", flags.concat())
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let programs = PROGRAMS.get_or_init(Mutex::default);
    let program = Arc::clone(programs.lock().unwrap().entry(label.clone()).or_default());
    program.get_or_init(|| compile_anew(compiler, source, flags, &label)).clone()
}

fn compile_anew(compiler: &str, source: &str, flags: &[&str], label: &str) -> PathBuf {
    let program = folder().join(label);
    let lib = library_folder();
    let mut command = Command::new(compiler);
    command
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-pthread"])
        .args(flags)
        .arg("-I")
        .arg(root().join("include"))
        .arg(root().join(source))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(lib)
        .arg(format!("-Wl,-rpath,{}", lib.display()))
        .args(["-lsinch_numbers", "-ldl"]);
    let output = command.output().unwrap_or_else(|error| {
        panic!("{compiler} cannot be run ({error}): the tests need cargo, a C and C++ compiler and python3")
    });
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    program
}

/// A command without an account or a setting in its environment.
pub(crate) fn bare(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"SINCH_") {
            command.env_remove(name);
        }
    }
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    command
}

/// Puts an account into the environment of a command: project, key id, key secret, and the URL of the service.
pub(crate) fn account<'a>(command: &'a mut Command, values: [&str; 4]) -> &'a mut Command {
    let [project, key_id, key_secret, url] = values;
    command
        .env("SINCH_PROJECT_ID", project)
        .env("SINCH_KEY_ID", key_id)
        .env("SINCH_KEY_SECRET", key_secret)
        .env("SINCH_NUMBERS_URL", url)
        .env("SINCH_AUTH_URL", url)
}

/// Puts the account of a sandbox into the environment of a command.
pub(crate) fn sandbox_account<'a>(command: &'a mut Command, sandbox: &Sandbox) -> &'a mut Command {
    let values = [sandbox.project_id(), sandbox.key_id(), sandbox.key_secret(), sandbox.base_url()];
    account(command, values)
}

/// Puts an account at a server of the tests into the environment of a command.
pub(crate) fn server_account<'a>(command: &'a mut Command, url: &str) -> &'a mut Command {
    account(command, ["project-1", "key-id", "key-secret", url])
}

/// A command with the sandbox's project in its environment.
pub(crate) fn with_account(program: impl AsRef<Path>, sandbox: &Sandbox) -> Command {
    let mut command = bare(program);
    sandbox_account(&mut command, sandbox);
    command
}

/// Runs a program with this on its standard input, and collects what it prints.
pub(crate) fn fed(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut pipe = running.stdin.take().unwrap();
    thread::scope(|scope| {
        // Beside the reading: a pipe holds only so much. The program may end without reading it.
        scope.spawn(move || drop(pipe.write_all(input)));
        running.wait_with_output().unwrap()
    })
}

/// What a program printed, if it ended well and said nothing on stderr.
pub(crate) fn printed(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert_eq!(err, "", "nothing on stderr");
    out.into_owned()
}
