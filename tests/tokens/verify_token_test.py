"""Verifies tokens of the library with the lines of examples/verify_token.py.

Usage: verify_token_test.py PARTNER EXAMPLES
"""

import base64
import pathlib
import subprocess
import sys
import uuid

partner, examples = sys.argv[1], pathlib.Path(sys.argv[2])
sys.path.insert(0, str(examples))
from verify_token import verify  # noqa: E402

NOW_US = 1_728_000_000 * 1_000_000
USER = uuid.UUID("00000000-0000-0001-0000-000000000007")
SECRET = b"0123456789abcdef0123456789abcdef"
KEYS = {"hs": SECRET}

issued = dict(line.split() for line in subprocess.run(
    [partner, "issue"], check=True, capture_output=True, text=True).stdout.splitlines())
token = issued["admission_hs"]


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found}, expected {expected}")


check("a token", verify(token, KEYS, "drop", USER, NOW_US), (3, 12, 2))
check("its first instant", verify(token, KEYS, "drop", USER, NOW_US - 1_000_000), (3, 12, 2))
check("its last instant", verify(token, KEYS, "drop", USER, NOW_US + 1_499_999), (3, 12, 2))
for what, arguments in {
        "too early": (token, KEYS, "drop", USER, NOW_US - 1_000_001),
        "expired": (token, KEYS, "drop", USER, NOW_US + 1_500_000),
        "another sale": (token, KEYS, "drop2", USER, NOW_US),
        "another user": (token, KEYS, "drop", uuid.UUID(int=7), NOW_US),
        "an unknown key": (token, {"other": SECRET}, "drop", USER, NOW_US),
        "another secret": (token, {"hs": SECRET[::-1]}, "drop", USER, NOW_US),
        "an empty secret": (token, {"hs": b""}, "drop", USER, NOW_US),
        "a ticket": (issued["ticket_hs"], KEYS, "drop", USER, NOW_US),
        "a signature of Ed25519": (issued["admission_ed"], {"ed": SECRET}, "drop", USER, NOW_US),
        "a JWT": (issued["admission_jwt_hs"], KEYS, "drop", USER, NOW_US),
        "padding": (token + "=", KEYS, "drop", USER, NOW_US),
        "nothing": ("", KEYS, "drop", USER, NOW_US),
}.items():
    check(what, verify(*arguments), None)

raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
for bit in range(8 * len(raw)):
    raw[bit // 8] ^= 1 << bit % 8
    changed = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    check(f"bit {bit} changed", verify(changed, KEYS, "drop", USER, NOW_US), None)
    raw[bit // 8] ^= 1 << bit % 8
for size in range(len(token)):
    check(f"cut to {size}", verify(token[:size], KEYS, "drop", USER, NOW_US), None)
for place, character in enumerate(token):
    for other in "A_-+/=é":
        changed = token[:place] + other + token[place + 1:]
        if changed != token:
            check(f"'{other}' at {place}", verify(changed, KEYS, "drop", USER, NOW_US), None)


def run(*arguments):
    return subprocess.run([sys.executable, examples / "verify_token.py", *arguments],
                          input=f"hs {SECRET.hex()}\n", capture_output=True, text=True, check=False)


called = run(token, "drop", str(USER), str(NOW_US))
check("the program", (called.returncode, called.stdout), (0, "tier 3, number 12, grant 2\n"))
check("the program, later", run(token, "drop", str(USER), str(2 * NOW_US)).returncode, 1)
check("the program, without arguments", run().returncode, 2)
