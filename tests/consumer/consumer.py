"""Builds and runs a small program against flashsale in each way that a user may take it.

Usage: consumer.py STEP --source DIR --build DIR --work DIR --compiler CXX ...   (see CMakeLists.txt)
Exit status: 0 passed, 1 failed, 4 skipped.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 4


class Failure(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Failure(message)


def run(*command, env=None, must_fail_with=None):
    """Runs a command; shows its output only where it surprises."""
    command = [str(part) for part in command]
    done = subprocess.run(command, env={**os.environ, **(env or {})}, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    shown = f"$ {' '.join(command)}\n{done.stdout}"
    if must_fail_with is not None:
        require(done.returncode != 0, f"should have failed:\n{shown}")
        require(must_fail_with in done.stdout, f"does not say '{must_fail_with}':\n{shown}")
    else:
        require(done.returncode == 0, f"status {done.returncode}:\n{shown}")
    return done.stdout


class Steps:
    def __init__(self, options):
        self.options = options
        self.source = options.source
        self.work = options.work

    # -- installing ---------------------------------------------------------------------------

    def prefix(self, kind):
        return self.work / f"prefix-{kind}"

    def configure_arguments(self):
        launcher = shutil.which("ccache")
        return ["-G", self.options.generator, f"-DCMAKE_CXX_COMPILER={self.options.compiler}",
                # Not optimised: it is the packaging that is under test.
                "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
                *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else [])]

    def configure(self, source, build, *definitions, must_fail_with=None):
        return run(self.options.cmake, "-S", source, "-B", build, *self.configure_arguments(),
                   *definitions, must_fail_with=must_fail_with)

    def build(self, build):
        # Paths count from the build folder, so that the subprojects share what ccache keeps.
        run(self.options.cmake, "--build", build, env={"CCACHE_BASEDIR": str(self.work)})

    def install(self, kind):
        build = self.options.build
        if (kind == "shared") != self.options.shared:
            build = self.work / f"build-{kind}"
            self.configure(self.source, build, f"-DBUILD_SHARED_LIBS={kind == 'shared'}",
                           "-DFLASHSALE_BUILD_TESTS=OFF", "-DFLASHSALE_BUILD_EXAMPLES=OFF",
                           "-DFLASHSALE_BUILD_BENCH=OFF")
            self.build(build)
        prefix = self.prefix(kind)
        shutil.rmtree(prefix, ignore_errors=True)
        run(self.options.cmake, "--install", build, "--prefix", prefix)

        suffix = ".so" if kind == "shared" else ".a"
        require(list(prefix.rglob(f"libflashsale_core{suffix}")), f"no {suffix} in {prefix}")
        public = {path.relative_to(self.source) for path in (self.source / "include").rglob("*.h")}
        installed = {path.relative_to(prefix) for path in prefix.rglob("*.h")}
        require(installed == public | {pathlib.Path("include/flashsale/export.h")},
                f"public headers and installed ones differ: {sorted(map(str, installed ^ public))}")
        for path in prefix.rglob("*"):
            if path.suffix in (".cmake", ".pc", ".h"):
                text = path.read_text(encoding="utf-8")
                for folder in (prefix, build, self.source):
                    require(str(folder) not in text, f"{path} names {folder}: it cannot be moved")

    def install_static(self):
        self.install("static")

    def install_shared(self):
        self.install("shared")

    # -- using what was installed -------------------------------------------------------------

    def find_package(self, kind, prefix):
        build = self.work / f"find_package-{prefix.name}"
        shutil.rmtree(build, ignore_errors=True)
        self.configure(HERE / "find_package", build, f"-DCMAKE_PREFIX_PATH={prefix}",
                       f"-DEXPECTED_VERSION={self.version()}")
        require(f"flashsale_DIR:PATH={prefix}/" in (build / "CMakeCache.txt").read_text(),
                f"found another flashsale than the one in {prefix}")
        self.build(build)
        self.check_greeting(run(build / "consumer"))
        require(run(build / "durable", build / "drop.db").strip() == "sold for good",
                "what was sold is not sold any more")
        linked = run("ldd", build / "consumer")
        require((f"{prefix}/lib" in linked) == (kind == "shared"), f"not linked {kind}:\n{linked}")

    def find_package_static(self):
        self.find_package("static", self.prefix("static"))

    def find_package_shared(self):
        self.find_package("shared", self.prefix("shared"))

    def moved(self, kind):
        moved = self.work / "elsewhere" / f"moved-{kind}"
        shutil.rmtree(moved, ignore_errors=True)
        shutil.copytree(self.prefix(kind), moved, symlinks=True)
        self.find_package(kind, moved)

    def moved_static(self):
        self.moved("static")

    def moved_shared(self):
        self.moved("shared")

    def missing_component(self):
        build = self.work / "missing_component"
        shutil.rmtree(build, ignore_errors=True)
        self.configure(HERE / "find_package", build,
                       f"-DCMAKE_PREFIX_PATH={self.prefix('static')}",
                       "-DCOMPONENTS=core;no_such_component", must_fail_with="no_such_component")

    def pkg_config(self, kind):
        if shutil.which("pkg-config") is None:
            print("skipped: no pkg-config here")
            sys.exit(SKIPPED)
        folder = next(self.prefix(kind).rglob("flashsale.pc")).parent
        env = {"PKG_CONFIG_PATH": str(folder)}
        require(run("pkg-config", "--modversion", "flashsale", env=env).strip() == self.version(),
                "flashsale.pc has another version")
        how = ["--static"] if kind == "static" else []
        flags = run("pkg-config", *how, "--cflags", "--libs", "flashsale", env=env).split()
        program = self.work / f"pkg-config-{kind}"
        library_folder = folder.parent
        run(self.options.compiler, "-std=c++20", HERE / "main.cc", "-o", program, *flags,
            f"-Wl,-rpath,{library_folder}")
        self.check_greeting(run(program))

    def pkg_config_static(self):
        self.pkg_config("static")

    def pkg_config_shared(self):
        self.pkg_config("shared")

    def exported_symbols(self):
        libraries = sorted(self.prefix("shared").rglob("libflashsale_*.so"))
        run(sys.executable, HERE.parent / "lint" / "exported_symbols.py", *libraries)

    # -- as part of another project -----------------------------------------------------------

    def subproject(self, name):
        build = self.work / name
        self.configure(HERE / name, build, f"-DFLASHSALE_SOURCE={self.source}")
        self.build(build)
        self.check_greeting(run(build / "consumer"))
        prefix = self.work / f"prefix-{name}"
        shutil.rmtree(prefix, ignore_errors=True)
        run(self.options.cmake, "--install", build, "--prefix", prefix)
        installed = [path.relative_to(prefix).as_posix()
                     for path in prefix.rglob("*") if not path.is_dir()]
        require(installed == ["bin/consumer"], f"installed more than the consumer: {installed}")

    def add_subdirectory(self):
        self.subproject("add_subdirectory")

    def fetch_content(self):
        self.subproject("fetch_content")

    # -- what is expected ---------------------------------------------------------------------

    def version(self):
        text = (self.source / "include/flashsale/version.h").read_text(encoding="utf-8")
        return ".".join(text.split(f"#define FLASHSALE_VERSION_{part} ")[1].split()[0]
                        for part in ("MAJOR", "MINOR", "PATCH"))

    def check_greeting(self, output):
        expected = f"flashsale {self.version()}: sold\n"
        require(output == expected, f"the consumer said {output!r}, not {expected!r}")


def main(steps=Steps):
    parser = argparse.ArgumentParser()
    parser.add_argument("step")
    for name in ("source", "build", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("compiler", "generator", "cmake"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--shared", type=lambda text: text == "1", default=False)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        getattr(steps(options), options.step)()
    except Failure as failure:
        print(failure)
        sys.exit(1)


if __name__ == "__main__":
    main()
