"""The README shows examples/quickstart.cpp as it is: what is shown is what is compiled and run."""

import re

import lint

EXAMPLE = "examples/quickstart.cpp"
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def check(root):
    readme, example = root / "README.md", root / EXAMPLE
    for path in (readme, example):
        if not path.is_file():
            return [lint.finding(root, path, 1, "missing")]
    wanted = lint.read(example)
    text = lint.read(readme)
    blocks = list(BLOCK.finditer(text))
    if any(block[1] == wanted for block in blocks):
        return []
    if not blocks:
        return [lint.finding(root, readme, 1, f"shows no C++; expected {EXAMPLE}")]
    first = blocks[0]
    shown, line = first[1].splitlines(), lint.line_of(text, first.start(1))
    for offset, (ours, theirs) in enumerate(zip(shown, wanted.splitlines())):
        if ours != theirs:
            return [lint.finding(root, readme, line + offset,
                                 f"differs from {EXAMPLE}:{offset + 1}: {theirs.strip()}")]
    return [lint.finding(root, readme, line, f"shows another length than {EXAMPLE}")]


GOOD_SAMPLE = {"README.md": "Start:\n```cpp\nint main() {}\n```\n", EXAMPLE: "int main() {}\n"}
BAD_SAMPLES = {
    "no example": ({"README.md": GOOD_SAMPLE["README.md"]}, "missing"),
    "no code": ({"README.md": "Start.\n", EXAMPLE: "int main() {}\n"}, "shows no C++"),
    "another line": ({"README.md": "```cpp\nint mian() {}\n```\n", EXAMPLE: "int main() {}\n"},
                     "differs from examples/quickstart.cpp:1"),
    "cut short": ({"README.md": "```cpp\nint a;\n```\n", EXAMPLE: "int a;\nint b;\n"},
                  "another length"),
}

if __name__ == "__main__":
    lint.main(check, BAD_SAMPLES, GOOD_SAMPLE)
