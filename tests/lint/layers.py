"""The tree is the architecture: no folder includes one that is not below it."""

import lint

_BELOW_POLICY = ("base", "domain", "repository")

# folder -> the folders that its files, in include/flashsale and in src, may include
LAYERS = {
    "base":             (),
    "domain":           ("base",),
    "repository":       ("base", "domain"),
    "policy":           _BELOW_POLICY,
    "service":          _BELOW_POLICY + ("policy",),
    "runtime":          _BELOW_POLICY + ("policy", "service"),
    "engine":           _BELOW_POLICY,
    "backend/memory":   _BELOW_POLICY + ("engine",),
    "backend/journal":  _BELOW_POLICY + ("engine", "backend/memory"),
    "backend/sqlite":   _BELOW_POLICY + ("backend/journal",),
    "backend/postgres": _BELOW_POLICY,
    "backend/redis":    _BELOW_POLICY,
    "testing":          _BELOW_POLICY,
    "integration/*":    _BELOW_POLICY + ("policy", "service"),
}

# Of everyone and of nobody: they include nothing of ours and may be included by all.
FREE = ("flashsale/export.h", "flashsale/version.h")


def folder_of(path):
    """"backend/memory" for flashsale/backend/memory.h and for backend/memory/x.cc."""
    parts = path.removeprefix("flashsale/").rsplit(".", 1)[0].split("/")
    nested = parts[0] in ("backend", "integration")
    if len(parts) < 2:
        return ""
    return "/".join(parts[:2]) if nested else parts[0]


def may_include(folder):
    if folder.startswith("integration/"):
        return LAYERS["integration/*"]
    return LAYERS.get(folder)


def resolve(root, path, quoted):
    """The path of an included file below include/ or src/, or None."""
    if quoted.startswith("flashsale/"):
        return quoted
    if (root / "src" / quoted).is_file():
        return quoted
    beside = path.parent / quoted
    if beside.is_file() and (root / "src") in beside.resolve().parents:
        return beside.resolve().relative_to(root / "src").as_posix()
    return None


def check(root):
    findings = []
    for top in ("include", "src"):
        for path in lint.files(root, (top,), lint.SOURCE_SUFFIXES):
            text = lint.read(path)
            own = folder_of(path.relative_to(root / top).as_posix())
            allowed = may_include(own)
            if allowed is None and own:
                findings.append(lint.finding(
                    root, path, 1, f"the folder {own} has no place in tests/lint/layers.py"))
                continue
            for match in lint.INCLUDE.finditer(text):
                line = lint.line_of(text, match.start())
                target = resolve(root, path, match[2])
                if target is None:
                    if match[1] == '"':
                        findings.append(lint.finding(
                            root, path, line, f'"{match[2]}" is neither in include/ nor in src/'))
                    continue
                if target in FREE:
                    continue
                if match[2].startswith("../"):
                    findings.append(lint.finding(root, path, line, "name it from the root"))
                if top == "include" and not target.startswith("flashsale/"):
                    findings.append(lint.finding(
                        root, path, line, f"a public header includes the private {target}"))
                other = folder_of(target)
                # A header at the top gathers others, but never a backend.
                lawful = (not other.startswith("backend/") if not own
                          else other == own or other in allowed)
                if not lawful:
                    findings.append(lint.finding(
                        root, path, line, f"{own or 'the top'} may not include {other} ({target})"))
    for path in lint.files(root, ("examples",), lint.SOURCE_SUFFIXES):
        text = lint.read(path)
        for match in lint.INCLUDE.finditer(text):
            if (root / "src" / match[2]).is_file() and not (path.parent / match[2]).is_file():
                findings.append(lint.finding(root, path, lint.line_of(text, match.start()),
                                             f"an example includes the private {match[2]}"))
    return findings


BAD_SAMPLES = {
    "upward": ({"include/flashsale/base/a.h": '#include "flashsale/domain/b.h"\n'},
               "base may not include domain"),
    "sideways": ({"src/policy/a.cc": '#include "engine/b.h"\n', "src/engine/b.h": ""},
                 "policy may not include engine"),
    "a backend from above": (
        {"src/service/a.cc": '#include "flashsale/backend/memory.h"\n'},
        "service may not include backend/memory"),
    "a backend from another": (
        {"src/backend/sqlite/a.cc": '#include "backend/memory/b.h"\n',
         "src/backend/memory/b.h": ""},
        "backend/sqlite may not include backend/memory"),
    "a shared backend on the engine": (
        {"include/flashsale/backend/redis.h": '#include "engine/b.h"\n', "src/engine/b.h": ""},
        "backend/redis may not include engine"),
    "a backend from the top": (
        {"include/flashsale/flashsale.h": '#include "flashsale/backend/memory.h"\n'},
        "the top may not include backend/memory"),
    "private from public": (
        {"include/flashsale/domain/a.h": '#include "base/b.h"\n', "src/base/b.h": ""},
        "a public header includes the private base/b.h"),
    "beside": ({"src/domain/a.cc": '#include "../engine/b.h"\n', "src/engine/b.h": ""},
               "domain may not include engine"),
    "a new folder": ({"src/util/a.cc": ""}, "has no place"),
    "an example that looks inside": (
        {"examples/a.cc": '#include "engine/b.h"\n', "src/engine/b.h": ""},
        "an example includes the private"),
}
GOOD_SAMPLE = {
    "include/flashsale/base/a.h": '#include <vector>\n#include "flashsale/export.h"\n',
    "include/flashsale/backend/memory.h": '#include "flashsale/repository/r.h"\n',
    "include/flashsale/flashsale.h": '#include "flashsale/base/a.h"\n',
    "src/backend/memory/m.cc": '#include "flashsale/backend/memory.h"\n#include "engine/e.h"\n',
    "src/engine/e.h": '#include "flashsale/base/a.h"\n#include <absl/hash/hash.h>\n',
    "src/integration/prometheus/p.cc": '#include "flashsale/service/s.h"\n',
    "examples/a.cc": '#include "flashsale/backend/memory.h"\n#include "b.h"\n',
    "examples/b.h": "",
}

if __name__ == "__main__":
    lint.main(check, BAD_SAMPLES, GOOD_SAMPLE)
