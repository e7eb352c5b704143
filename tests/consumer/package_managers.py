"""The vcpkg port and the Conan recipe at work: their steps with plain CMake, and the real tools.

Usage: as consumer.py.
"""

import json
import os
import pathlib
import re
import shutil
import sys

import conan_recipe
import consumer
from consumer import HERE, Failure, require, run


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(consumer.SKIPPED)


class PackageManagerSteps(consumer.Steps):
    def port(self):
        return self.source / "cmake/vcpkg/ports/flashsale"

    def features(self):
        return sorted(json.loads((self.port() / "vcpkg.json").read_text())["features"])

    def fresh(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    # -- vcpkg --------------------------------------------------------------------------------

    def run_port(self, name, features, source, must_fail_with=None):
        """Runs the portfile as it is; answers what it would install."""
        prefix = self.fresh(f"{name}-package")
        return prefix, run(
            self.options.cmake, f"-DPORT_DIR={self.port()}", f"-DVERSION={self.version()}",
            f"-DFEATURES={';'.join(features)}", f"-DCURRENT_PACKAGES_DIR={prefix}",
            f"-DCURRENT_BUILDTREES_DIR={self.work / name}",
            f"-DCONFIGURE_ARGUMENTS={';'.join(self.configure_arguments())}",
            "-P", HERE / "vcpkg/run_port.cmake",
            env={"FLASHSALE_SOURCE": source, "CCACHE_BASEDIR": str(self.work)},
            must_fail_with=must_fail_with)

    def vcpkg_release(self):
        self.run_port("vcpkg-release", [], "", must_fail_with=f" v{self.version()}")

    def vcpkg_port(self):
        prefix, output = self.run_port("vcpkg-port", self.features(), str(self.source))
        self.require_known_variables(output)
        require({path.name for path in (prefix / "share/flashsale").iterdir()}
                >= {"usage", "copyright", "flashsaleConfig.cmake"}, "share/flashsale is incomplete")
        require(not (prefix / "debug").exists() and not (prefix / "lib/cmake").exists(),
                "left debug or lib/cmake behind")
        self.require_components(prefix / "lib", ["core", *self.features()])
        usage = (self.port() / "usage").read_text()
        self.build_test_package("vcpkg-consumer", prefix,
                                sorted(set(re.findall(r"flashsale::(\w+)", usage))))

    def vcpkg_install(self):
        vcpkg = shutil.which("vcpkg")
        if vcpkg is None:
            skip("no vcpkg here; the port was run with plain CMake only")
        root = pathlib.Path(os.environ.get("VCPKG_ROOT", pathlib.Path(vcpkg).resolve().parent))
        installed = self.work / "vcpkg-installed"
        common = (f"--overlay-ports={self.port().parent}", f"--x-install-root={installed}",
                  f"--vcpkg-root={root}", "--classic")
        run(vcpkg, "remove", "flashsale", "--recurse", *common)
        run(vcpkg, "install", f"flashsale[{','.join(['core', *self.features()])}]", "--recurse",
            "--no-binarycaching", *common, env={"FLASHSALE_SOURCE": str(self.source)})
        self.build_test_package(
            "vcpkg-real-consumer", installed, ["core", *self.features()],
            f"-DCMAKE_TOOLCHAIN_FILE={root}/scripts/buildsystems/vcpkg.cmake",
            f"-DVCPKG_INSTALLED_DIR={installed}", "-DVCPKG_MANIFEST_MODE=OFF")

    # -- Conan --------------------------------------------------------------------------------

    def recipe(self):
        steps = self

        class CMake:
            """Of one build folder, as Conan's."""

            def __init__(self, recipe):
                self.recipe = recipe

            def configure(self):
                variables = {**self.recipe.cache_variables,
                             "BUILD_SHARED_LIBS": self.recipe.options.shared,
                             "CMAKE_INSTALL_LIBDIR": "lib"}
                steps.require_known_variables(steps.configure(
                    steps.source, self.recipe.build_folder,
                    *(f"-D{name}={value}" for name, value in variables.items())))

            def build(self):
                steps.build(self.recipe.build_folder)

            def install(self):
                run(steps.options.cmake, "--install", self.recipe.build_folder,
                    "--prefix", self.recipe.package_folder)

        return conan_recipe.Recipe(self.source, CMake)

    def conan_validate(self):
        recipe = self.recipe()
        for accepted in ({}, {"compiler": ("clang", "16", "gnu20")}, {"arch": "armv8"},
                         {"compiler": ("gcc", "14.2", "23")}, {"os": "Macos", "compiler":
                                                               ("apple-clang", "16", "20")}):
            recipe.configured(**accepted).validate()
        for text, refused in {
                "C++20": {"compiler": ("gcc", "13", "gnu17")},
                "gcc 12": {"compiler": ("gcc", "11.4", "20")},
                "clang 16": {"compiler": ("clang", "15", "20")},
                "GCC or Clang": {"compiler": ("msvc", "194", "20")},
                "not Windows": {"os": "Windows"},
                "not x86": {"arch": "x86"},
                "jthread": {"os": "Macos", "compiler": ("apple-clang", "17", "20"),
                            "with_testing": True}}.items():
            require(recipe.refuses(text, **refused), f"does not refuse {refused} with '{text}'")

    def conan_export(self):
        """What the recipe exports is enough for CMake."""
        recipe = self.recipe().configured()
        exported = self.fresh("conan-export")
        exported.mkdir()
        for pattern in recipe.exports_sources:
            # As Conan matches them, an asterisk goes through folders.
            if pattern.endswith("/*"):
                shutil.copytree(self.source / pattern[:-2], exported / pattern[:-2])
            else:
                shutil.copy(self.source / pattern, exported / pattern)
        recipe.generate()
        self.require_known_variables(self.configure(
            exported, self.fresh("conan-export-build"),
            *(f"-D{name}={value}" for name, value in recipe.cache_variables.items())))

    def conan_static(self):
        self.conan_steps("static", shared=False)

    def conan_shared(self):
        self.conan_steps("shared", shared=True)

    def conan_steps(self, kind, shared):
        """A package with everything, static, and one with nothing beyond core, shared."""
        chosen = [] if shared else self.features()
        recipe = self.recipe().configured(
            shared=shared, **{f"with_{component}": True for component in chosen})
        package = self.fresh(f"conan-{kind}-package")
        recipe.build_folder, recipe.package_folder = self.work / f"conan-{kind}", package
        recipe.set_version()
        require(recipe.version == self.version(), f"set_version says {recipe.version}")
        recipe.requirements()
        recipe.generate()
        recipe.build()
        recipe.package()
        kept = sorted(path.relative_to(package).as_posix() for path in package.glob("*/*"))
        require("licenses/LICENSE" in kept and "include/flashsale" in kept, f"packages only {kept}")
        require(all(path.startswith(("include/", "lib/lib", "licenses/")) for path in kept),
                f"packages more than headers, libraries and the license: {kept}")

        recipe.package_info()
        components = recipe.cpp_info.components
        self.require_components(package / "lib", components)
        require(set(components) == {"core", *chosen}, f"names the components {list(components)}")
        for name, component in components.items():
            require(component.properties["cmake_target_name"] == f"flashsale::{name}",
                    f"{name} has the target {component.properties['cmake_target_name']}")
            pc_name = component.properties["pkg_config_name"]
            pc = recipe.build_folder / f"{pc_name}.pc"
            require(pc.is_file() and f"-lflashsale_{name}\n" in pc.read_text(),
                    f"{name} has the pkg-config name {pc_name}, CMake another")
            require(component.libs == [f"flashsale_{name}"], f"{name} names {component.libs}")
            require(("-DFLASHSALE_STATIC_DEFINE" in pc.read_text())
                    == ("FLASHSALE_STATIC_DEFINE" in component.defines),
                    f"{name} defines {component.defines}, CMake something else")

    def conan_create(self):
        conan = shutil.which("conan")
        if conan is None:
            skip("no conan here; the recipe's steps were run with plain CMake only")
        home = {"CONAN_HOME": str(self.work / "conan-home")}
        run(conan, "profile", "detect", "--exist-ok", env=home)
        try:
            run(conan, "create", self.source, "--build=missing", "-s:a", "compiler.cppstd=20",
                *(f"-o=&:with_{feature}=True" for feature in self.features()), env=home)
        except Failure as failure:
            if "Unable to connect" in str(failure):
                skip("conan reaches no remote; the recipe's steps were run with plain CMake only")
            raise

    # -- what is expected ---------------------------------------------------------------------

    def require_known_variables(self, output):
        require("not used by the project" not in output, f"CMake does not know them all:\n{output}")

    def require_components(self, folder, components):
        suffixes = (".a", ".so")
        libraries = {path.stem for path in folder.glob("libflashsale_*") if path.suffix in suffixes}
        wanted = {f"libflashsale_{component}" for component in components}
        require(libraries == wanted, f"{folder} has {sorted(libraries)}, not {sorted(wanted)}")

    def build_test_package(self, name, prefix, components, *definitions):
        """The project of Conan's test package, with what was installed."""
        build = self.fresh(name)
        self.configure(HERE / "conan", build, f"-DCMAKE_PREFIX_PATH={prefix}",
                       f"-DCOMPONENTS={';'.join(components)}", *definitions)
        require(f"flashsale_DIR:PATH={prefix}/" in (build / "CMakeCache.txt").read_text(),
                f"found another flashsale than the one in {prefix}")
        self.build(build)
        self.check_greeting(run(build / "consumer"))


if __name__ == "__main__":
    consumer.main(PackageManagerSteps)
