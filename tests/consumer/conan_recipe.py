"""Stands in for as much of Conan as our recipe calls, so that its own steps run with plain CMake.

What Conan makes of a recipe (the graph, version ranges, the files of its generators) only Conan can
show.  What the recipe does is seen here: the variables that it sets, the files that it keeps, the
libraries that it names.
"""

import collections
import importlib.util
import pathlib
import shutil
import sys
import types

sys.dont_write_bytecode = True


class InvalidConfiguration(Exception):
    pass


class Version:
    def __init__(self, text):
        self.text = str(text)

    def __lt__(self, other):
        return self.parts() < Version(other).parts()

    def __str__(self):
        return self.text

    def parts(self):
        return [int(part) for part in self.text.split(".")]


class Values(types.SimpleNamespace):
    """Settings and options; a setting with settings of its own reads as its name."""

    def get_safe(self, name):
        return getattr(self, name, None)


class Compiler(str):
    def __new__(cls, name, version, cppstd):
        compiler = str.__new__(cls, name)
        compiler.version, compiler.cppstd = version, cppstd
        return compiler


class Component:
    def __init__(self):
        self.properties = {}
        self.libs, self.requires, self.defines, self.system_libs = [], [], [], []

    def set_property(self, name, value):
        self.properties[name] = value


class PackageInfo(Component):
    def __init__(self):
        super().__init__()
        self.components = collections.defaultdict(Component)


class Toolchain:
    def __init__(self, recipe):
        self.recipe, self.cache_variables = recipe, {}

    def generate(self):
        self.recipe.cache_variables = self.cache_variables


class Dependencies:
    def __init__(self, recipe):
        self.recipe = recipe

    def set_property(self, package, name, value):
        pass

    def generate(self):
        pass


def _check_min_cppstd(recipe, least):
    if int(recipe.settings.compiler.cppstd.removeprefix("gnu")) < least:
        raise InvalidConfiguration(f"needs C++{least}")


def _copy(_, pattern, source, destination):
    for path in pathlib.Path(source).glob(pattern):
        pathlib.Path(destination).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, destination)


def _install_modules(cmake):
    modules = {
        "conan": {"ConanFile": object},
        "conan.errors": {"ConanInvalidConfiguration": InvalidConfiguration},
        "conan.tools": {},
        "conan.tools.build": {"check_min_cppstd": _check_min_cppstd},
        "conan.tools.cmake": {"CMake": cmake, "CMakeDeps": Dependencies,
                              "CMakeToolchain": Toolchain, "cmake_layout": lambda recipe: None},
        "conan.tools.files": {
            "copy": _copy,
            "load": lambda _, path: pathlib.Path(path).read_text(encoding="utf-8"),
            "rmdir": lambda _, path: shutil.rmtree(path, ignore_errors=True)},
        "conan.tools.scm": {"Version": Version},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module


class Recipe:
    """Loads conanfile.py; `cmake` is a class with configure, build and install."""

    def __init__(self, source, cmake):
        _install_modules(cmake)
        specification = importlib.util.spec_from_file_location("conanfile", source / "conanfile.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        self.source, self.recipe_class = source, module.FlashsaleConan

    def configured(self, *, os="Linux", arch="x86_64", compiler=("gcc", "12", "20"), **options):
        recipe = self.recipe_class()
        recipe.settings = Values(os=os, arch=arch, compiler=Compiler(*compiler),
                                 build_type="Release")
        defaults = {name: value for name, value in self.recipe_class.default_options.items()
                    if "/" not in name}
        recipe.options = Values(**{**defaults, **options})
        recipe.recipe_folder = recipe.source_folder = str(self.source)
        recipe.cpp_info = PackageInfo()
        recipe.required = []
        recipe.requires = recipe.required.append
        return recipe

    def refuses(self, text, **configuration):
        """Whether it does, naming the text."""
        try:
            self.configured(**configuration).validate()
        except InvalidConfiguration as refusal:
            return text in str(refusal)
        return False
