"""Puts the library into the wheel, next to the module.

It is the file that SINCH_NUMBERS_LIBRARY names, or is built here with cargo. SINCH_NUMBERS_PLATFORM names the wheel's platform,
for a library of another machine.
"""

import json
import os
import subprocess
import sys
import sysconfig

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "libsinch_numbers.dylib" if sys.platform == "darwin" else "libsinch_numbers.so"


class Library(BuildHookInterface):
    def initialize(self, version, build_data):
        repository = os.path.dirname(os.path.dirname(self.root))
        if not os.path.exists(os.path.join(repository, "Cargo.toml")):
            raise SystemExit(f"{self.root} is not in the sinch-numbers repository: build the wheel there, without an sdist")
        library = os.environ.get("SINCH_NUMBERS_LIBRARY") or self.build(repository)
        if not os.path.isfile(library):
            raise SystemExit(f"{library} is no file: SINCH_NUMBERS_LIBRARY names the library for the wheel")
        build_data["force_include"][library] = f"sinch_numbers/{NAME}"
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"]:
            folder = f"sinch_numbers-{self.metadata.version}.dist-info/licenses"
            build_data["force_include"][os.path.join(repository, licence)] = f"{folder}/{licence}"
        # Any Python, this platform: ctypes needs no ABI of Python's. It runs where a libc as old as this machine's is.
        platform = os.environ.get("SINCH_NUMBERS_PLATFORM") or sysconfig.get_platform()
        platform = platform.replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        build_data["pure_python"] = False

    def build(self, repository):
        subprocess.run(["cargo", "build", "--release", "--lib", "--locked"], cwd=repository, check=True)
        asked = ["cargo", "metadata", "--format-version=1", "--no-deps"]
        metadata = json.loads(subprocess.run(asked, cwd=repository, check=True, stdout=subprocess.PIPE).stdout)
        return os.path.join(metadata["target_directory"], "release", NAME)
