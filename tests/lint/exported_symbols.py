"""A shared library of ours exports names of namespace flashsale and nothing else.

Usage: exported_symbols.py LIBRARY...
       exported_symbols.py --self-test COMPILER SYMBOL_MAP
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import lint

OURS = re.compile(r"(?:(?:vtable|VTT|typeinfo|typeinfo name|guard variable) for )?flashsale::v0::")
# Put there by the linker itself in some configurations.
LINKERS_OWN = frozenset(("_init", "_fini", "_edata", "_end", "__bss_start"))


def check(library):
    listing = subprocess.run(["nm", "-DC", "--defined-only", str(library)],
                             capture_output=True, text=True, check=True).stdout
    names = [line.split(" ", 2)[2] for line in listing.splitlines() if line.count(" ") >= 2]
    findings = [f"{library}:1: exports {name}" for name in names
                if not OURS.match(name) and name not in LINKERS_OWN]
    if not any(OURS.match(name) for name in names):
        findings.append(f"{library}:1: exports nothing of ours")
    return findings


OURS_ONLY = """namespace flashsale::inline v0 {
struct __attribute__((visibility("default"))) A { virtual ~A(); };
A::~A() = default;
}
"""
SAMPLES = {  # source, flags, what the findings must contain
    "ours only": (OURS_ONLY, [], None),
    "a stray function": (OURS_ONLY + "int Stray() { return 1; }\n", [], "Stray()"),
    "a C function": (OURS_ONLY + 'extern "C" int stray() { return 1; }\n', [], "stray"),
    "another namespace": (OURS_ONLY + "namespace absl { int Stray() { return 1; } }\n", [],
                          "absl::Stray"),
    "nothing": ("", [], "nothing of ours"),
    # The symbol map that our libraries are linked with hides all of that.
    "mapped": (OURS_ONLY + "#include <vector>\ntemplate class std::vector<int>;\nint Stray() { return 1; }\n",
               ["-Wl,--version-script={map}"], None),
}


def self_test(compiler, symbol_map):
    failures = []
    for name, (source, flags, expected) in SAMPLES.items():
        with tempfile.TemporaryDirectory() as folder:
            library = pathlib.Path(folder) / "sample.so"
            subprocess.run([compiler, "-std=c++20", "-shared", "-fPIC", "-x", "c++", "-",
                            "-o", str(library)] + [flag.format(map=symbol_map) for flag in flags],
                           input=source, text=True, check=True)
            found = check(library)
        if expected is None and found:
            failures.append(f"{name}: {found}")
        if expected is not None and not any(expected in text for text in found):
            failures.append(f"{name}: expected a finding with '{expected}', got {found}")
    print(f"{len(SAMPLES)} samples, {len(failures)} misjudged")
    return failures


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--self-test":
        lint.report(self_test(sys.argv[2], sys.argv[3]))
    libraries = sys.argv[1:]
    if not libraries:
        sys.exit(__doc__)
    lint.report([finding for library in libraries for finding in check(library)])


if __name__ == "__main__":
    main()
