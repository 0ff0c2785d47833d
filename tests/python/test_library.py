"""The module against the header, and how it finds its library."""

import ctypes
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import MODULE, ROOT

import sinch_numbers

with open(os.path.join(ROOT, "include", "sinch_numbers.h"), encoding="utf-8") as file:
    HEADER = file.read()

KINDS = {
    "client": sinch_numbers._client_p,
    "pages": sinch_numbers._pages_p,
    "result": sinch_numbers._result_p,
    "cancel": sinch_numbers._cancel_p,
    "log": sinch_numbers._log_p,
}

TYPES = {
    "void": None,
    "const char *": ctypes.c_char_p,
    "void *": ctypes.c_void_p,
    "const void *": ctypes.c_void_p,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint32_t": ctypes.c_uint32,
    "size_t": ctypes.c_size_t,
    "size_t *": ctypes.POINTER(ctypes.c_size_t),
    # A buffer that is written to: c_char_p is for texts that are read.
    "char *": ctypes.c_void_p,
    "sinch_numbers_code": ctypes.c_int32,
    "int32_t *": ctypes.POINTER(ctypes.c_int32),
    "sinch_numbers_log_fn": sinch_numbers._log_fn,
    "sinch_numbers_poll_fn": sinch_numbers._poll_fn,
}
for kind, pointer in KINDS.items():
    TYPES["sinch_numbers_%s *" % kind] = TYPES["const sinch_numbers_%s *" % kind] = pointer
    TYPES["sinch_numbers_%s **" % kind] = ctypes.POINTER(pointer)


def prototypes():
    """The functions of the header: name, what each returns, what it takes."""
    code = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)
    code = re.sub(r"^\s*#(.*\\\n)*.*$", "", code, flags=re.M)
    # The prefix of every function is what tells them from the types.
    for text in re.findall(r"SINCH_NUMBERS_API\s(.*?)SINCH_NUMBERS_NOEXCEPT;", code, flags=re.S):
        text = " ".join(text.replace("SINCH_NUMBERS_MUST_USE", "").split())
        returns, name, takes = re.fullmatch(r"(.*?)(?<=[ *])sinch_numbers_(\w+)\((.*)\)", text).groups()
        takes = [] if takes == "void" else [re.fullmatch(r"(.*?)\w+", taken)[1].strip() for taken in takes.split(", ")]
        yield name, returns.strip(), takes


class Header(unittest.TestCase):
    def test_every_function_has_its_types(self):
        found = {name: (TYPES[returns], [TYPES[taken] for taken in takes]) for name, returns, takes in prototypes()}
        self.assertEqual(len(found), HEADER.count("SINCH_NUMBERS_NOEXCEPT;"))
        self.assertGreaterEqual(len(found), 30)
        self.assertEqual(sinch_numbers._FUNCTIONS, found)
        for name, (returns, takes) in found.items():
            function = getattr(sinch_numbers._library, name)
            self.assertIs(function.restype, returns, name)
            self.assertEqual(list(function.argtypes), takes, name)

    def test_the_log_function(self):
        self.assertIn("typedef void (*sinch_numbers_log_fn)(void *userdata, int32_t level, const char *message);", HEADER)
        self.assertIsNone(sinch_numbers._log_fn._restype_)
        takes = (ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p)
        self.assertEqual(sinch_numbers._log_fn._argtypes_, takes)

    def test_every_code_has_its_error(self):
        codes = {int(code): name for name, code in re.findall(r"#define SINCH_NUMBERS_(E_\w+|OK|DONE) (\d+)", HEADER)}
        self.assertEqual(set(codes), {0, 1} | set(sinch_numbers._ERRORS))
        for code, name in codes.items():
            self.assertEqual(sinch_numbers._library.code_name(code).decode(), name)

    def test_every_setting_is_a_keyword(self):
        table = HEADER.split("key                 type")[1].split("log, log_userdata:")[0]
        keys = {key for names in re.findall(r"^ \*   (\w+(?:, \w+)*) +(?:string|boolean|number) ", table, flags=re.M)
                for key in names.split(", ")}  # fmt: skip
        self.assertGreaterEqual(len(keys), 18)
        keywords = set(inspect.signature(sinch_numbers.Client).parameters) - {"logger"}
        # That one is a method of its own: Client.from_env.
        self.assertEqual({sinch_numbers._key(name) for name in keywords} | {"fromEnv"}, keys)

    def test_the_version(self):
        version = re.search(r'#define SINCH_NUMBERS_VERSION "(.*)"', HEADER)[1]
        self.assertEqual(sinch_numbers.__version__, version)

    def test_a_handle_of_another_kind_is_refused(self):
        cancel = sinch_numbers.Cancel()
        with self.assertRaises(ctypes.ArgumentError):
            sinch_numbers._library.client_free(cancel._handle.pointer)


class Documentation(unittest.TestCase):
    def test_everything_public_says_what_it_is(self):
        public = {name for name, value in vars(sinch_numbers).items()
                  if not name.startswith("_") and getattr(value, "__module__", "") == "sinch_numbers"}  # fmt: skip
        self.assertEqual(public, set(sinch_numbers.__all__))
        for name in public:
            item = getattr(sinch_numbers, name)
            self.assertTrue(item.__doc__, name)
            for member, value in vars(item).items():
                if not member.startswith("_") and callable(value):
                    self.assertTrue(value.__doc__, "%s.%s" % (name, member))


class Discovery(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        shutil.copy(os.path.join(MODULE, "sinch_numbers.py"), self.folder)
        given = os.environ["SINCH_NUMBERS_LIBRARY"]
        self.library = os.path.realpath(os.path.join(given, "libsinch_numbers.so") if os.path.isdir(given) else given)

    def link(self, *names):
        where = os.path.join(self.folder, *names)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        os.symlink(self.library, where)
        return where

    def stub(self, text):
        """Compiles a library that is another one than ours."""
        source, made = os.path.join(self.folder, "stub.c"), os.path.join(self.folder, "stub.so")
        with open(source, "w") as file:
            file.write(text)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source], check=True)
        return made

    def load(self, **environment):
        """Imports the copy; returns whether that went well, and which file was loaded or what was said."""
        clean = {k: v for k, v in os.environ.items() if k not in ("SINCH_NUMBERS_LIBRARY", "LD_LIBRARY_PATH")}
        program = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "try:\n"
            "    import sinch_numbers\n"
            "except ImportError as error:\n"
            "    print('no', error)\n"
            "else:\n"
            "    assert sinch_numbers.__file__.startswith(sys.argv[1])\n"
            "    print('yes', [line.split()[-1] for line in open('/proc/self/maps') if 'sinch_numbers.so' in line][0])\n"
        )
        command = [sys.executable, "-c", program, self.folder]
        run = subprocess.run(command, env={**clean, **environment}, stdout=subprocess.PIPE, check=True, cwd="/")
        found, said = run.stdout.decode().strip().split(" ", 1)
        return found == "yes", said

    def test_next_to_the_module(self):
        for name in ["libsinch_numbers.so", "libsinch_numbers.so.1"]:
            here = self.link(name)
            self.assertEqual(self.load(), (True, self.library))
            os.remove(here)

    def test_by_the_environment(self):
        named = self.link("elsewhere", "any-name.so")
        self.assertEqual(self.load(SINCH_NUMBERS_LIBRARY=named), (True, self.library))
        self.link("lib", "libsinch_numbers.so")
        folder = os.path.join(self.folder, "lib")
        self.assertEqual(self.load(SINCH_NUMBERS_LIBRARY=folder), (True, self.library))

    def test_by_the_loader(self):
        self.link("lib", "libsinch_numbers.so.1")
        self.assertEqual(self.load(LD_LIBRARY_PATH=os.path.join(self.folder, "lib")), (True, self.library))

    def test_the_environment_comes_first_and_alone(self):
        self.link("libsinch_numbers.so")
        found, said = self.load(SINCH_NUMBERS_LIBRARY="/nowhere/libsinch_numbers.so")
        self.assertFalse(found)
        self.assertIn("/nowhere/libsinch_numbers.so", said)

    def test_nowhere(self):
        found, said = self.load()
        self.assertFalse(found)
        for piece in ["SINCH_NUMBERS_LIBRARY", "libsinch_numbers.so.1", "next to"]:
            self.assertIn(piece, said)

    def test_something_else(self):
        function = "unsigned sinch_numbers_version_number(void) { return %s; }\n"
        rows = [
            ("int x;", "has no sinch_numbers_version_number"),
            (function % "0x00000902", "is version 0.9; this module needs 1.0 or a later 1.x"),
            (function % "0x00020000", "is version 2.0; this module needs 1.0 or a later 1.x"),
            (function % "0x00010000", "has no sinch_numbers_version"),
        ]
        for text, problem in rows:
            with self.subTest(problem):
                library = self.stub(text)
                found, said = self.load(SINCH_NUMBERS_LIBRARY=library)
                self.assertFalse(found)
                self.assertIn(library + " " + problem, said)
        with open(os.path.join(self.folder, "libsinch_numbers.so"), "w") as file:
            file.write("no library at all")
        found, said = self.load()
        self.assertFalse(found)
        self.assertIn("cannot be loaded", said)


if __name__ == "__main__":
    unittest.main()
