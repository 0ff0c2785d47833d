//! Makes the C header, and gives the shared library its name.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "capi")]
    capi::build();
}

#[cfg(feature = "capi")]
mod capi {
    use std::env;
    use std::fs;
    use std::path::Path;

    /// In the order of the header.
    const SOURCES: [&str; 12] = [
        "src/ffi/version.rs",
        "src/ffi/codes.rs",
        "src/ffi/log.rs",
        "src/ffi/client.rs",
        "src/ffi/operations.rs",
        "src/ffi/converge.rs",
        "src/ffi/pages.rs",
        "src/ffi/result.rs",
        "src/ffi/escape.rs",
        "src/ffi/explain.rs",
        "src/ffi/callback.rs",
        "src/ffi/cancel.rs",
    ];
    const CONTRACT: &str = "src/ffi/header.h";
    const COMMITTED: &str = "include/sinch_numbers.h";
    /// With this variable set, a build writes the committed header anew.
    const REFRESH: &str = "SINCH_NUMBERS_REFRESH_HEADER";

    pub(crate) fn build() {
        for source in SOURCES {
            println!("cargo::rerun-if-changed={source}");
        }
        println!("cargo::rerun-if-changed={CONTRACT}");
        println!("cargo::rerun-if-env-changed={REFRESH}");
        write_header();
        let os = env::var("CARGO_CFG_TARGET_OS").expect("cargo sets it");
        for argument in link_arguments(&os) {
            println!("cargo::rustc-cdylib-link-arg={argument}");
        }
    }

    /// The name that programs ask the loader for. Its number is the ABI's: it changes when a program built against an older
    /// header would break.
    fn link_arguments(os: &str) -> &'static [&'static str] {
        match os {
            "linux" => &[
                "-Wl,-soname,libsinch_numbers.so.1",
                // A look-up of a name may still be running on a thread of the library when a module that uses it is unloaded.
                "-Wl,-z,nodelete",
            ],
            "macos" => &[
                "-Wl,-install_name,@rpath/libsinch_numbers.1.dylib",
                "-Wl,-compatibility_version,1.0.0",
                concat!("-Wl,-current_version,", env!("CARGO_PKG_VERSION")),
            ],
            _ => &[],
        }
    }

    fn write_header() {
        let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
        let out = env::var("OUT_DIR").expect("cargo sets it");
        let contract = fs::read_to_string(Path::new(&root).join(CONTRACT)).expect("the contract");
        let version =
            |part: &str| env::var(format!("CARGO_PKG_VERSION_{part}")).expect("cargo sets it");
        let contract = contract
            .replace("@VERSION@", &env::var("CARGO_PKG_VERSION").expect("cargo sets it"))
            .replace("@MAJOR@", &version("MAJOR"))
            .replace("@MINOR@", &version("MINOR"))
            .replace("@PATCH@", &version("PATCH"));
        let (head, foot) = contract.split_once("@ITEMS@").expect("a place for the items");

        let mut items = Vec::new();
        let builder = cbindgen::Builder::new().with_config(config());
        SOURCES
            .iter()
            .fold(builder, |builder, source| builder.with_src(Path::new(&root).join(source)))
            .generate()
            .expect("cbindgen reads the C layer")
            .write(&mut items);
        let items = String::from_utf8(items).expect("cbindgen writes UTF-8");
        let header = format!("{head}{}{foot}", tidy(&items));
        fs::write(Path::new(&out).join("sinch_numbers.h"), &header).expect("the header is written");
        if env::var_os(REFRESH).is_some() {
            fs::write(Path::new(&root).join(COMMITTED), header).expect("the header is committed");
        }
    }

    fn config() -> cbindgen::Config {
        let mut config = cbindgen::Config {
            language: cbindgen::Language::C,
            no_includes: true,
            style: cbindgen::Style::Type,
            documentation_style: cbindgen::DocumentationStyle::C,
            usize_is_size_t: true,
            line_length: 100,
            ..cbindgen::Config::default()
        };
        config.function.prefix = Some("SINCH_NUMBERS_API".to_owned());
        config.function.postfix = Some("SINCH_NUMBERS_NOEXCEPT".to_owned());
        config.function.must_use = Some("SINCH_NUMBERS_MUST_USE".to_owned());
        config.export.include =
            ["sinch_numbers_log_fn".to_owned(), "sinch_numbers_poll_fn".to_owned()].into();
        config
    }

    /// Leaves out the part of each comment that speaks to Rust, and gives the comments their usual shape.
    fn tidy(items: &str) -> String {
        let mut kept: Vec<String> = Vec::new();
        let (mut comment, mut safety) = (false, false);
        for line in items.lines().map(str::trim_end) {
            match line {
                "/*" => (comment, safety) = (true, false),
                "*/" | " */" => {
                    while kept.last().is_some_and(|line| line == " *") {
                        kept.pop();
                    }
                    kept.push(" */".to_owned());
                    comment = false;
                    continue;
                }
                _ => {}
            }
            safety |= comment && line.trim() == "# Safety";
            if comment && line != "/*" {
                if !safety {
                    kept.push(format!(" *{line}"));
                }
            } else {
                kept.push(line.to_owned());
            }
        }
        kept.join("\n").trim().to_owned()
    }
}
