"""Guards by path, files of a readable length, nothing left for later, no test that sleeps."""

import re

import lint

MAX_LINES = 600

# path -> why it may be longer; an entry that is not needed any more is a finding
LONG_FILES = {}

LENGTH_SUFFIXES = lint.SOURCE_SUFFIXES + (".py", ".sh", ".cmake", ".lua", ".sql", ".js", ".ts")
LENGTH_FOLDERS = lint.SOURCE_FOLDERS + ("cmake", "scripts", "docs")

# Split, so that this file does not find itself.
LEFT_FOR_LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)


def guard_of(relative):
    """FLASHSALE_BASE_ID_H_ for include/flashsale/base/id.h, FLASHSALE_SRC_... below src/."""
    name = relative.removeprefix("include/")
    if not name.startswith("flashsale/"):
        name = "flashsale/" + name
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper() + "_"


def check_header(root, path, text):
    relative = path.relative_to(root).as_posix()
    guard = guard_of(relative)
    lines = [line for line in text.splitlines() if line.strip()]
    if (lines[:2] != [f"#ifndef {guard}", f"#define {guard}"]
            or lines[-1] != f"#endif  // {guard}"):
        yield lint.finding(root, path, 1, f"begins and ends with the guard {guard}, by its path")
    code = lint.code_only(text)
    shipped = relative.startswith(("include/", "src/"))
    for match in re.finditer(r"\busing\s+namespace\b", code) if shipped else ():
        yield lint.finding(root, path, lint.line_of(code, match.start()),
                           "a header opens no namespace for those who include it")
    for match in re.finditer(r"^\s*#\s*pragma\s+once", code, re.MULTILINE):
        yield lint.finding(root, path, lint.line_of(code, match.start()), "guards, not #pragma once")
    if not relative.startswith("include/"):
        return
    for match in MACRO.finditer(code):
        if not match[1].startswith("FLASHSALE_"):
            yield lint.finding(root, path, lint.line_of(code, match.start()),
                               f"the macro {match[1]} lacks the prefix FLASHSALE_")
    for match in re.finditer(r"\bnamespace\s+flashsale\b(?!::inline v0\b)", code):
        yield lint.finding(root, path, lint.line_of(code, match.start()),
                           "public names live in namespace flashsale::inline v0")


def check(root):
    findings = []
    for path in lint.files(root, lint.SOURCE_FOLDERS, (".h",)):
        findings.extend(check_header(root, path, lint.read(path)))

    for path in lint.files(root, LENGTH_FOLDERS, LENGTH_SUFFIXES):
        relative = path.relative_to(root).as_posix()
        text = lint.read(path)
        length = len(text.splitlines())
        if length > MAX_LINES and relative not in LONG_FILES:
            findings.append(lint.finding(
                root, path, MAX_LINES, f"{length} lines; more than {MAX_LINES} need a reason"))
        if length <= MAX_LINES and relative in LONG_FILES:
            findings.append(lint.finding(root, path, 1, "no longer long: strike it from LONG_FILES"))
        for match in LEFT_FOR_LATER.finditer(text):
            findings.append(lint.finding(root, path, lint.line_of(text, match.start()),
                                         f"{match[0]}: do it, or write down what is"))
    for relative in LONG_FILES:
        if not (root / relative).is_file():
            findings.append(f"{relative}:1: gone: strike it from LONG_FILES")

    for path in lint.files(root, ("tests", "src/testing"), lint.SOURCE_SUFFIXES):
        code = lint.code_only(lint.read(path))
        for match in SLEEP.finditer(code):
            findings.append(lint.finding(root, path, lint.line_of(code, match.start()),
                                         "a test that sleeps: move simulated time instead"))
    return findings


def _header(guard, body=""):
    return f"#ifndef {guard}\n#define {guard}\n{body}\n#endif  // {guard}\n"


BAD_SAMPLES = {
    "another's guard": ({"include/flashsale/base/id.h": _header("FLASHSALE_ID_H_")},
                        "FLASHSALE_BASE_ID_H_"),
    "a guard below src": ({"src/engine/e.h": _header("FLASHSALE_ENGINE_E_H_")},
                          "FLASHSALE_SRC_ENGINE_E_H_"),
    "something before the guard": (
        {"include/flashsale/a.h": "#include <map>\n" + _header("FLASHSALE_A_H_")},
        "begins and ends"),
    "an open namespace": (
        {"include/flashsale/a.h": _header("FLASHSALE_A_H_", "using namespace std;")},
        "opens no namespace"),
    "a macro without prefix": (
        {"include/flashsale/a.h": _header("FLASHSALE_A_H_", "#define MAX 3")}, "macro MAX"),
    "a namespace without version": (
        {"include/flashsale/a.h": _header("FLASHSALE_A_H_", "namespace flashsale {}")},
        "flashsale::inline v0"),
    "too long": ({"src/a.cc": "int a;\n" * (MAX_LINES + 1)}, "need a reason"),
    "left for later": ({"src/a.cc": "// TO" "DO: all of it\n"}, "do it"),
    "left for later in a script": ({"scripts/a.sh": "# FIX" "ME\n"}, "do it"),
    "a sleeping test": (
        {"tests/a_test.cc": "void f() { std::this_thread::sleep_for(t); }\n"}, "simulated time"),
    "a napping test": ({"tests/a_test.cc": "void f() { sleep (1); }\n"}, "simulated time"),
}
GOOD_SAMPLE = {
    "include/flashsale/base/id.h": _header(
        "FLASHSALE_BASE_ID_H_",
        "#define FLASHSALE_X 1\nnamespace flashsale::inline v0 {}  // using namespace"),
    "src/engine/e.h": _header("FLASHSALE_SRC_ENGINE_E_H_"),
    "tests/a_test.cc": "// sleep_for(1) is forbidden\nconst char* k = \"sleep(1)\";\n",
    "src/a.cc": "int a;\n" * MAX_LINES,
}

if __name__ == "__main__":
    lint.main(check, BAD_SAMPLES, GOOD_SAMPLE)
