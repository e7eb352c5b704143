"""Every public header compiles alone, twice in a row and without a warning.

Usage: self_contained.py ROOT COMPILER INCLUDE_DIR...    INCLUDE_DIR: where generated headers are
       self_contained.py --self-test COMPILER
Exit status 4: skipped, the compiler is not here.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import lint

# What careful users compile their own code with.
FLAGS = ["-std=c++20", "-O0", "-Werror", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
         "-Wsign-conversion", "-Wshadow", "-Wold-style-cast", "-Wnon-virtual-dtor"]
SKIPPED = 4


def command_of(compiler):
    # Most headers did not change since the last time.
    ccache = shutil.which("ccache")
    return [ccache, compiler] if ccache else [compiler]


def compile_alone(root, header, command, includes, folder):
    name = header.relative_to(root / "include").as_posix()
    source = folder / (name.replace("/", "_") + ".cc")
    source.write_text(f'#include "{name}"\n#include "{name}"\n', encoding="utf-8")
    done = subprocess.run(
        command + FLAGS + [f"-I{path}" for path in includes]
        + ["-c", source.name, "-o", source.with_suffix(".o").name],
        cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return [lint.finding(root, header, 1, "does not compile alone:\n" + done.stderr)]


def check(root, compiler, generated=()):
    includes = [root / "include", *generated]
    headers = list(lint.files(root, ("include",), (".h", ".hpp")))
    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(
                lambda header: compile_alone(root, header, command_of(compiler), includes,
                                             pathlib.Path(folder)), headers)
            return [finding for findings in results for finding in findings]


def _sample(text):
    return {"include/flashsale/a.h": text}


BAD_SAMPLES = {
    "leans on others' includes": (_sample("inline std::string f();\n"), "std"),
    "no guard": (_sample("struct A {};\n"), "redefinition"),
    "a warning": (_sample("#pragma once\ninline char f(int i) { return i; }\n"), "conversion"),
}
GOOD_SAMPLE = _sample("#pragma once\n#include <string>\ninline std::string f() { return {}; }\n")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    compiler = sys.argv[2]
    if shutil.which(compiler) is None:
        print(f"skipped: {compiler} is not here")
        sys.exit(SKIPPED)
    if sys.argv[1] == "--self-test":
        lint.report(lint.self_test(lambda root: check(root, compiler), BAD_SAMPLES, GOOD_SAMPLE))
    lint.report(check(pathlib.Path(sys.argv[1]).resolve(), compiler,
                      [pathlib.Path(path).resolve() for path in sys.argv[3:]]))


if __name__ == "__main__":
    main()
