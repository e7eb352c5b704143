"""What the lints share: reading sources, reporting findings, proving that a lint can go red.

A lint is a script with check(root, ...) -> findings ("path:line: what is wrong") and
BAD_SAMPLES, each a small tree of files with a text that the findings about it must contain.
Run as `script.py ROOT` it checks, as `script.py --self-test` it proves itself.
"""

import pathlib
import re
import sys
import tempfile

SOURCE_FOLDERS = ("include", "src", "tests", "examples", "bench")
SOURCE_SUFFIXES = (".h", ".cc", ".cpp")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\s\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'",
    re.DOTALL)


def files(root, folders, suffixes):
    """The files under these folders, in a stable order."""
    for folder in folders:
        top = root / folder
        if top.is_dir():
            for path in sorted(top.rglob("*")):
                if path.suffix in suffixes and path.is_file():
                    yield path


def read(path):
    return path.read_text(encoding="utf-8")


def code_only(text):
    """The text without comments and literals; line numbers stay."""
    return _TOKENS.sub(lambda match: "\n" * match.group().count("\n") or " ", text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def finding(root, path, line, message):
    return f"{path.relative_to(root).as_posix()}:{line}: {message}"


def write_tree(root, tree):
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def self_test(check, bad_samples, good_sample):
    """Each bad sample must be found, for the reason given, and the good one must pass."""
    failures = []
    for name, (tree, expected) in bad_samples.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write_tree(root, tree)
            found = check(root)
            if not any(expected in text for text in found):
                failures.append(f"{name}: expected a finding with '{expected}', got {found}")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, good_sample)
        found = check(root)
        if found:
            failures.append(f"the good sample: {found}")
    print(f"{len(bad_samples)} bad samples and a good one, {len(failures)} misjudged")
    return failures


def report(findings):
    for text in findings:
        print(text)
    sys.exit(1 if findings else 0)


def main(check, bad_samples, good_sample):
    if sys.argv[1:] == ["--self-test"]:
        report(self_test(check, bad_samples, good_sample))
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT | --self-test")
    report(check(pathlib.Path(sys.argv[1]).resolve()))
