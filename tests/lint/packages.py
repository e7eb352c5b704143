"""The vcpkg port and the Conan recipe say what CMake says: version, components, dependencies."""

import ast
import itertools
import json
import re

import lint

VERSION_HEADER = "include/flashsale/version.h"
OPTIONS = "CMakeLists.txt"
COMPONENTS = "src/CMakeLists.txt"
TOOLCHAIN = "cmake/FlashsaleToolchain.cmake"
PORT = "cmake/vcpkg/ports/flashsale/"
RECIPE = "conanfile.py"
TEST_PACKAGE = "tests/consumer/conan"
TEST_RECIPE = TEST_PACKAGE + "/conanfile.py"
ALL = (VERSION_HEADER, OPTIONS, COMPONENTS, TOOLCHAIN, RECIPE, TEST_RECIPE,
       PORT + "vcpkg.json", PORT + "portfile.cmake", PORT + "usage")

# A target that components link -> the port of vcpkg and the requirement of Conan that bring it.
PACKAGED = {
    "absl::flat_hash_map": ("abseil", "abseil::absl_flat_hash_map"),
    "absl::hash": ("abseil", "abseil::absl_hash"),
    "Boost::headers": ("boost-container", "boost::headers"),
    "fmt::fmt": ("fmt", "fmt::fmt"),
    "OpenSSL::Crypto": ("openssl", "openssl::crypto"),
    "SQLite::SQLite3": ("sqlite3", "sqlite3::sqlite"),
    "Threads::Threads": (None, None),
}

# In the order that vcpkg's own formatter gives them.
MANIFEST_KEYS = ("name", "version", "port-version", "description", "homepage", "documentation",
                 "license", "supports", "dependencies", "default-features", "features")
FEATURE_KEYS = ("description", "supports", "dependencies")
HOST_TOOLS = {"vcpkg-cmake", "vcpkg-cmake-config"}


class Project:
    """What CMake says."""

    def __init__(self, root):
        texts = {name: lint.read(root / name) for name in ALL}
        self.version = ".".join(re.findall(
            r"^#define FLASHSALE_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)$", texts[VERSION_HEADER],
            re.MULTILINE))
        cmake = re.sub(r"#[^\n]*", "", texts[OPTIONS])
        self.options = set(re.findall(r"\b(?:option|set)\(\s*(FLASHSALE_\w+)", cmake))
        self.versions_in_cmake = re.findall(r"\bVERSION\s+(\d[\d.]*\b)(?!\.\.)",
                                            re.sub(r"cmake_minimum_required\([^)]*\)", "", cmake))
        self.with_options = {name.removeprefix("FLASHSALE_WITH_").lower()
                             for name in self.options if name.startswith("FLASHSALE_WITH_")}
        self.components = {}  # name -> (components of ours, targets of others)
        for name, rest in re.findall(r"flashsale_add_library\(\s*(\w+)([^)]*)\)",
                                     re.sub(r"#[^\n]*", "", texts[COMPONENTS])):
            self.components[name] = (_words_after("REQUIRES", rest),
                                     _words_after("PRIVATE_LINKS", rest))
        self.least_compilers = {
            {"GNU": "gcc", "Clang": "clang"}[compiler]: least
            for compiler, least in re.findall(
                r'COMPILER_ID STREQUAL "(GNU|Clang)" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS'
                r" (\d+)", texts[TOOLCHAIN])}
        self.texts = texts

    @property
    def optional(self):
        return set(self.components) - {"core"}

    def targets(self, component):
        return self.components.get(component, ([], []))[1]


def _words_after(keyword, arguments):
    words = arguments.split()
    after = words[words.index(keyword) + 1:] if keyword in words else []
    return list(itertools.takewhile(lambda word: not word.isupper(), after))


def _differ(what, ours, theirs):
    """Says what is missing and what is too much, if anything."""
    for name in sorted(set(theirs) - set(ours)):
        yield f"{what} {name} is missing"
    for name in sorted(set(ours) - set(theirs)):
        yield f"{what} {name} is not CMake's"


def check_cmake(project):
    for version in project.versions_in_cmake:
        yield OPTIONS, f"a version of its own, {version}: it is written in {VERSION_HEADER} alone"
    for message in _differ("the option for the component", project.with_options, project.optional):
        yield OPTIONS, message
    for component, (_, targets) in project.components.items():
        for target in targets:
            if target not in PACKAGED:
                yield COMPONENTS, (f"{component} links {target}, for which PACKAGED in "
                                   "tests/lint/packages.py names no package")


def check_manifest(project):
    path = PORT + "vcpkg.json"
    try:
        manifest = json.loads(project.texts[path])
    except ValueError as error:
        yield path, f"no JSON: {error}"
        return
    features = manifest.get("features", {})
    for where, keys, known in [("", manifest, MANIFEST_KEYS)] + [
            (f"feature {name}: ", feature, FEATURE_KEYS) for name, feature in features.items()]:
        if list(keys) != [key for key in known if key in keys]:
            yield path, f"{where}keys are {', '.join(keys)}; expected, in this order, {known}"
    if manifest.get("version") != project.version:
        yield path, f"version {manifest.get('version')}, not {project.version}"
    for message in _differ("feature", features, project.optional):
        yield path, message
    if list(features) != sorted(features):
        yield path, "features are not sorted"

    core = {PACKAGED[target][0] for target in project.targets("core") if target in PACKAGED}
    for component, holder in [("core", manifest), *features.items()]:
        names = [entry if isinstance(entry, str) else entry["name"]
                 for entry in holder.get("dependencies", ())]
        wanted = {PACKAGED[target][0] for target in project.targets(component)
                  if target in PACKAGED} - {None}
        wanted = wanted | HOST_TOOLS if component == "core" else wanted - core
        for message in _differ(f"{component}: dependency", names, wanted):
            yield path, message
        if names != sorted(names):
            yield path, f"{component}: dependencies are not sorted"


def check_portfile(project):
    path = PORT + "portfile.cmake"
    text = re.sub(r"#[^\n]*", "", project.texts[path])
    for name in sorted(set(re.findall(r"-D(FLASHSALE_\w+)=", text)) - project.options):
        yield path, f"sets {name}, which CMake does not know"
    checked = re.search(r"vcpkg_check_features\([^)]*\bFEATURES\s+([^)]*)\)", text)
    words = checked[1].split() if checked else []
    chosen = dict(zip(words[::2], words[1::2]))
    for message in _differ("feature", chosen, project.optional):
        yield path, message
    for feature, option in chosen.items():
        if option != f"FLASHSALE_WITH_{feature.upper()}":
            yield path, f"feature {feature} sets {option}"
    if not re.search(r'\bREF\s+"v\$\{VERSION\}"', text):
        yield path, 'fetches another REF than "v${VERSION}"'

    path = PORT + "usage"
    shown = set(re.findall(r"flashsale::(\w+)", project.texts[path]))
    for message in _differ("target flashsale::", shown, project.components):
        yield path, message.replace(":: ", "::")
    asked = set(re.findall(r"COMPONENTS ([\w ]+)", project.texts[path]))
    for name in sorted({name for line in asked for name in line.split()} - set(project.components)):
        yield path, f"asks for the component {name}, which is not CMake's"


def _class_attributes(text):
    """Of the first class; they are literals."""
    tree = ast.parse(text)
    recipe = next((node for node in tree.body if isinstance(node, ast.ClassDef)), None)
    return {node.targets[0].id: ast.literal_eval(node.value) for node in recipe.body
            if isinstance(node, ast.Assign)} if recipe else {}


def check_recipe(project):
    text = project.texts[RECIPE]
    for path in (RECIPE, TEST_RECIPE):
        try:
            ast.parse(project.texts[path])
        except SyntaxError as error:
            yield path, f"no Python: {error}"
            return
    values = _class_attributes(text)
    if "version" in values:
        yield RECIPE, f"a version of its own: set_version reads {VERSION_HEADER}"
    if values.get("test_package_folder") != TEST_PACKAGE:
        yield RECIPE, f"the test package is in {TEST_PACKAGE}"

    options = {name.removeprefix("with_") for name in values.get("options", ())
               if name.startswith("with_")}
    for message in _differ("option with_", options, project.optional):
        yield RECIPE, message.replace("with_ ", "with_")
    for name in sorted(set(values.get("options", ())) - set(values.get("default_options", ()))):
        yield RECIPE, f"option {name} has no default"
    components = values.get("_components", {})
    for message in _differ("component", components, project.components):
        yield RECIPE, message
    for name in sorted(set(components) & set(project.components)):
        requires, targets = project.components[name]
        wanted = set(requires) | {PACKAGED[target][1] for target in targets
                                  if target in PACKAGED} - {None}
        for message in _differ(f"{name}: requirement", components[name], wanted):
            yield RECIPE, message

    required = set(re.findall(r'self\.requires\("([\w-]+)/', text))
    wanted = {entry.split("::")[0] for entries in components.values()
              for entry in entries if "::" in entry}
    for message in _differ("self.requires of", required, wanted):
        yield RECIPE, message
    for name in sorted(set(re.findall(r"\bFLASHSALE_[A-Z_]*[A-Z]\b", text)) - project.options):
        if not name.startswith("FLASHSALE_VERSION") and name != "FLASHSALE_STATIC_DEFINE":
            yield RECIPE, f"sets {name}, which CMake does not know"
    least = values.get("_least_compilers", {})
    for compiler, version in project.least_compilers.items():
        if least.get(compiler) != version:
            yield RECIPE, f"{compiler} {least.get(compiler)}, but {TOOLCHAIN} asks for {version}"


def check_addresses(project):
    """Where the project lives is one place."""
    found = {}
    for path in (PORT + "vcpkg.json", RECIPE):
        for address in re.findall(r'"?(?:homepage|url)"?\s*[=:]\s*"https://github\.com/([^"]+)"',
                                  project.texts[path]):
            found.setdefault(address, path)
    for address in re.findall(r"\bREPO\s+(\S+)", project.texts[PORT + "portfile.cmake"]):
        found.setdefault(address, PORT + "portfile.cmake")
    if len(found) != 1:
        yield PORT + "portfile.cmake", f"the packages name {len(found)} repositories: {found}"


def check(root):
    missing = [f"{name}:1: missing" for name in ALL if not (root / name).is_file()]
    if missing:
        return missing
    project = Project(root)
    return [f"{path}:1: {message}"
            for part in (check_cmake, check_manifest, check_portfile, check_recipe, check_addresses)
            for path, message in part(project)]


GOOD_SAMPLE = {
    VERSION_HEADER: "#define FLASHSALE_VERSION_MAJOR 1\n#define FLASHSALE_VERSION_MINOR 2\n"
                    "#define FLASHSALE_VERSION_PATCH 3\n",
    OPTIONS: 'cmake_minimum_required(VERSION 3.24...3.31)\n'
             'option(FLASHSALE_BUILD_TESTS "Tests" ON)\noption(FLASHSALE_WITH_KIT\n  "A kit" OFF)\n'
             '# option(FLASHSALE_WITH_GONE "Gone" OFF)\n',
    COMPONENTS: "flashsale_add_library(\n  core\n  FOLDERS base backend/memory\n"
                "  PRIVATE_LINKS absl::hash fmt::fmt)\n"
                "flashsale_add_library(kit REQUIRES core FOLDERS kit\n"
                "                      PRIVATE_LINKS fmt::fmt OpenSSL::Crypto Threads::Threads)\n",
    TOOLCHAIN: 'if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND '
               "CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)\n",
    PORT + "vcpkg.json": """{"name": "flashsale", "version": "1.2.3",
 "homepage": "https://github.com/ann/flashsale",
 "dependencies": ["abseil", "fmt", {"name": "vcpkg-cmake", "host": true}, "vcpkg-cmake-config"],
 "features": {"kit": {"description": "A kit", "dependencies": ["openssl"]}}}
""",
    PORT + "portfile.cmake": 'vcpkg_from_github(REPO ann/flashsale REF "v${VERSION}")\n'
                             "vcpkg_check_features(OUT_FEATURE_OPTIONS o FEATURES\n"
                             "  kit FLASHSALE_WITH_KIT)\n"
                             "vcpkg_cmake_configure(OPTIONS -DFLASHSALE_BUILD_TESTS=OFF ${o})\n",
    PORT + "usage": "find_package(flashsale COMPONENTS core kit)\nflashsale::core flashsale::kit\n",
    TEST_RECIPE: "class Test(ConanFile):\n    pass\n",
    RECIPE: """class Recipe(ConanFile):
    test_package_folder = "tests/consumer/conan"
    url = "https://github.com/ann/flashsale"
    options = {"shared": [True, False], "with_kit": [True, False]}
    default_options = {"shared": False, "with_kit": False}
    _components = {"core": ["abseil::absl_hash", "fmt::fmt"],
                   "kit": ["core", "fmt::fmt", "openssl::crypto"]}
    _least_compilers = {"gcc": "12"}
    def requirements(self):
        self.requires("abseil/[>=1]")
        self.requires("fmt/[>=9.1 <13]")
        self.requires("openssl/[>=3.0 <5]")
    def generate(self):
        variables["FLASHSALE_BUILD_TESTS"] = variables[f"FLASHSALE_WITH_{name}"] = False
""",
}


def _but(path, old, new):
    assert old in GOOD_SAMPLE[path], (path, old)
    return {**GOOD_SAMPLE, path: GOOD_SAMPLE[path].replace(old, new)}


_MANIFEST, _PORTFILE, _USAGE = PORT + "vcpkg.json", PORT + "portfile.cmake", PORT + "usage"
_NEW_COMPONENT = _but(COMPONENTS, "flashsale_add_library(kit",
                      "flashsale_add_library(redis REQUIRES core)\nflashsale_add_library(kit")
BAD_SAMPLES = {
    "no port": ({name: text for name, text in GOOD_SAMPLE.items() if name != _MANIFEST},
                "vcpkg.json:1: missing"),
    "a version in CMake": (
        _but(OPTIONS, "option(FLASHSALE_BUILD", "project(f VERSION 1.2)\noption(FLASHSALE_BUILD"),
        "CMakeLists.txt:1: a version of its own"),
    "a component without an option": (_NEW_COMPONENT, "option for the component redis is missing"),
    "a component without a feature": (_NEW_COMPONENT, "vcpkg.json:1: feature redis is missing"),
    "a component that the portfile forgot": (_NEW_COMPONENT,
                                             "portfile.cmake:1: feature redis is missing"),
    "a component without usage": (_NEW_COMPONENT, "usage:1: target flashsale::redis is missing"),
    "a component without a Conan option": (_NEW_COMPONENT, "option with_redis is missing"),
    "a component that Conan lacks": (_NEW_COMPONENT, "conanfile.py:1: component redis is missing"),
    "an option without a component": (
        _but(OPTIONS, "# option", "option"), "the component gone is not CMake's"),
    "a link without a package": (_but(COMPONENTS, "absl::hash", "absl::hash PostgreSQL::PostgreSQL"),
                                 "links PostgreSQL::PostgreSQL"),
    "a manifest that is no JSON": (_but(_MANIFEST, "}}}", "}},}"), "no JSON"),
    "another version": (_but(_MANIFEST, "1.2.3", "1.2.4"), "version 1.2.4, not 1.2.3"),
    "an unknown key": (_but(_MANIFEST, '"homepage"', '"home"'), "keys are name, version, home"),
    "an unknown key of a feature": (_but(_MANIFEST, '"description"', '"text"'),
                                    "feature kit: keys are text"),
    "a dependency of the port missing": (_but(_MANIFEST, '"abseil", ', ""),
                                         "core: dependency abseil is missing"),
    "a dependency of the port too much": (_but(_MANIFEST, '["openssl"]', '["openssl", "zlib"]'),
                                          "kit: dependency zlib is not CMake's"),
    "unsorted dependencies": (_but(_MANIFEST, '"abseil", "fmt"', '"fmt", "abseil"'),
                              "dependencies are not sorted"),
    "an unknown option in the portfile": (_but(_PORTFILE, "BUILD_TESTS", "TESTS"),
                                          "sets FLASHSALE_TESTS"),
    "a feature with another's option": (_but(_PORTFILE, "WITH_KIT", "WITH_KITS"),
                                        "feature kit sets FLASHSALE_WITH_KITS"),
    "a fixed tag": (_but(_PORTFILE, "v${VERSION}", "v1.2.3"), "another REF"),
    "usage of what is not there": (_but(_USAGE, "flashsale::kit", "flashsale::kits"),
                                   "flashsale::kits is not CMake's"),
    "usage that asks for what is not there": (_but(_USAGE, "core kit", "core toolkit"),
                                              "the component toolkit"),
    "a recipe that is no Python": (_but(RECIPE, "def generate(self):", "def generate(self)"),
                                   "no Python"),
    "a test package that is no Python": (_but(TEST_RECIPE, "(ConanFile)", "(ConanFile"),
                                         "tests/consumer/conan/conanfile.py:1: no Python"),
    "a test package elsewhere": (_but(RECIPE, "tests/consumer", "test"), "the test package is in"),
    "a version in the recipe": (_but(RECIPE, "    url", '    version = "1.2.3"\n    url'),
                                "conanfile.py:1: a version of its own"),
    "an option without a default": (_but(RECIPE, ', "with_kit": False', ""),
                                    "option with_kit has no default"),
    "a requirement of the recipe missing": (_but(RECIPE, '"fmt::fmt"],', "],"),
                                            "core: requirement fmt::fmt is missing"),
    "a requirement nobody uses": (_but(RECIPE, 'self.requires("fmt/[>=9.1 <13]")',
                                       'self.requires("fmt/9")\n        self.requires("zlib/1")'),
                                  "self.requires of zlib is not CMake's"),
    "an unknown option in the recipe": (_but(RECIPE, "FLASHSALE_BUILD_TESTS", "FLASHSALE_TESTS"),
                                        "sets FLASHSALE_TESTS"),
    "an older compiler": (_but(RECIPE, '"gcc": "12"', '"gcc": "11"'), "asks for 12"),
    "another repository": (_but(_PORTFILE, "ann/", "bob/"), "2 repositories"),
}

if __name__ == "__main__":
    lint.main(check, BAD_SAMPLES, GOOD_SAMPLE)
