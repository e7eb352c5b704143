"""The Conan package: `conan create . -s compiler.cppstd=20 --build=missing`."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.0.9"


class FlashsaleConan(ConanFile):
    name = "flashsale"
    description = "Embeddable flash sales: scarce stock, huge crowds, proofs"
    license = "Apache-2.0"
    homepage = "https://github.com/flashsale/flashsale"
    url = "https://github.com/flashsale/flashsale"
    topics = ("flash-sale", "inventory", "reservation", "rate-limiting")

    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "with_runtime": [True, False],
        "with_sqlite": [True, False],
        "with_testing": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_runtime": False,
        "with_sqlite": False,
        "with_testing": False,
        # Of Boost only headers are used, by our sources alone.
        "boost/*:header_only": True,
    }
    implements = ["auto_shared_fpic"]

    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"
    test_package_folder = "tests/consumer/conan"

    # component -> what it needs, of ours and of others; all but core have a with_<component>
    _components = {
        "core": ["abseil::absl_flat_hash_map", "abseil::absl_hash", "boost::headers", "fmt::fmt", "openssl::crypto"],
        "runtime": ["core", "abseil::absl_hash", "fmt::fmt"],
        "sqlite": ["core", "fmt::fmt", "sqlite3::sqlite"],
        "testing": ["core", "fmt::fmt", "openssl::crypto"],
    }
    _least_compilers = {"gcc": "12", "clang": "16", "apple-clang": "16"}

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include", "flashsale", "version.h"))
        parts = re.findall(r"^#define FLASHSALE_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)$", header,
                           re.MULTILINE)
        self.version = ".".join(parts)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # No header of ours includes any of them, so they are not transitive_headers.
        self.requires("abseil/[>=20220623.0]")
        self.requires("boost/[>=1.74 <2]")
        self.requires("fmt/[>=9.1 <13]")
        self.requires("openssl/[>=3.0 <5]")
        if self.options.with_sqlite:
            self.requires("sqlite3/[>=3.37 <4]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os not in ("Linux", "Macos"):
            raise ConanInvalidConfiguration(
                f"flashsale needs Linux or macOS, not {self.settings.os}")
        if self.settings.arch not in ("x86_64", "armv8"):
            raise ConanInvalidConfiguration(
                f"flashsale needs a 64-bit x86_64 or armv8, not {self.settings.arch}")
        compiler, version = str(self.settings.compiler), Version(self.settings.compiler.version)
        least = self._least_compilers.get(compiler)
        if least is None:
            raise ConanInvalidConfiguration(f"flashsale needs GCC or Clang, not {compiler}")
        if version < least:
            raise ConanInvalidConfiguration(
                f"flashsale needs {compiler} {least} or later, not {version}")
        if self.options.with_testing and self.settings.os == "Macos":
            raise ConanInvalidConfiguration(
                "with_testing needs std::jthread, which Apple's standard library lacks")

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("BENCH", "EXAMPLES", "TESTS"):
            toolchain.cache_variables[f"FLASHSALE_BUILD_{part}"] = False
        toolchain.cache_variables["FLASHSALE_INSTALL"] = True
        for component in self._optional_components():
            toolchain.cache_variables[f"FLASHSALE_WITH_{component.upper()}"] = (
                self._is_built(component))
        toolchain.generate()

        dependencies = CMakeDeps(self)
        # Our CMake files ask for a least version; CMakeDeps would take it for the only major one.
        for package in ("fmt", "openssl", "sqlite3"):
            dependencies.set_property(package, "cmake_config_version_compat", "AnyNewerVersion")
        dependencies.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan writes its own of these, out of package_info.
        for folder in ("cmake", "pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, "lib", folder))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "flashsale")
        # Before 1.0 a minor version may break source compatibility.
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        for name, requires in self._components.items():
            if not self._is_built(name):
                continue
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", f"flashsale::{name}")
            component.set_property("pkg_config_name",
                                   "flashsale" if name == "core" else f"flashsale-{name}")
            component.libs = [f"flashsale_{name}"]
            component.requires = requires
            if not self.options.shared:
                component.defines = ["FLASHSALE_STATIC_DEFINE"]
            if self.settings.os == "Linux":
                component.system_libs = ["pthread"]

    def _optional_components(self):
        return [component for component in self._components if component != "core"]

    def _is_built(self, component):
        return component == "core" or bool(self.options.get_safe(f"with_{component}"))
