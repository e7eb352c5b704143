#!/usr/bin/env python3
"""Checks a draw by its published files, with nothing but Python's standard library.

Written from docs/draw.md alone; it shares no code with the library.

  verify_draw.py check --record FILE --entrants FILE [--fifo FILE] [--order FILE] [--earlier FILE]...
  verify_draw.py order --record FILE --entrants FILE [--fifo FILE]
  verify_draw.py check-proof --record FILE --proof FILE [--entrant HEX]

`check` and `check-proof` print one line; `order` prints the order, one id a line.  Exit code: 0 it
is right, 1 it is wrong, 2 the arguments are.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
SOURCE = re.compile(r"[ !#-\[\]-~]{0,128}\Z")
HASH = re.compile(r"[0-9a-f]{64}\Z")
ENTRANT = re.compile(r"[0-9a-f]{32}\Z")
BEACON = re.compile(r"(?:[0-9a-f]{2}){1,256}\Z")
PATH = re.compile(r"(?:[0-9a-f]{64}){0,64}\Z")
LONGEST = 8192


class Wrong(Exception):
    """What does not hold."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hkdf(key_material, salt, info):
    """RFC 5869, 32 bytes."""
    extracted = hmac.digest(salt or bytes(32), key_material, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def leaf(entrant):
    return sha256(b"\x00", entrant)


def node(left, right):
    return sha256(b"\x01", left, right)


def merkle_root(entrants):
    """RFC 6962, 2.1: by recursion, as it stands there."""
    if not entrants:
        return sha256()
    if len(entrants) == 1:
        return leaf(entrants[0])
    k = 1
    while 2 * k < len(entrants):
        k *= 2
    return node(merkle_root(entrants[:k]), merkle_root(entrants[k:]))


# Files.

def no_member_twice(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise Wrong(f"{name}: given twice")
    return dict(pairs)


def refuse(text):
    raise Wrong(f"JSON: {text} is no whole number")


def whole_number(text):
    return refuse(text) if text.startswith("-") else int(text)


def read_object(path):
    with open(path, "rb") as file:
        data = file.read()
    if len(data) > LONGEST:
        raise Wrong(f"{len(data)} bytes, expected at most {LONGEST}")
    try:
        text = data.decode("ascii")
        if "\\" in text:
            raise Wrong("an escape")
        value = json.loads(text, object_pairs_hook=no_member_twice, parse_int=whole_number,
                           parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Wrong(error) from None
    if not isinstance(value, dict):
        raise Wrong("no object")
    return value


def read_file(path, parse):
    """What a file says, and its name with whatever is wrong with it."""
    try:
        return parse(read_object(path))
    except Wrong as error:
        raise Wrong(f"{path}: {error}") from None


def text_of(members, name, pattern):
    value = members.pop(name, None)
    if not isinstance(value, str) or not pattern.match(value):
        raise Wrong(f"{name}: {value!r}, expected {pattern.pattern}")
    return value


def number_of(members, name, lowest, highest):
    value = members.pop(name, None)
    if type(value) is not int or not lowest <= value <= highest:
        raise Wrong(f"{name}: {value!r}, expected {lowest} to {highest}")
    return value


def no_more(members):
    for name in members:
        raise Wrong(f"{name}: a member that there is not")


def record_of(members):
    record = {"version": number_of(members, "version", 1, 1),
              "sale": text_of(members, "sale", NAME),
              "tier": number_of(members, "tier", 0, 7),
              "commitment": text_of(members, "commitment", HASH),
              "beacon_source": text_of(members, "beacon_source", SOURCE),
              "fifo_per_mille": number_of(members, "fifo_per_mille", 0, 1000)}
    if members.keys() & {"fifo_count", "fifo_root", "count", "root"}:
        record["fifo_count"] = number_of(members, "fifo_count", 0, 2**32)
        record["fifo_root"] = text_of(members, "fifo_root", HASH)
        record["count"] = number_of(members, "count", 0, 2**32)
        record["root"] = text_of(members, "root", HASH)
    if "beacon" in members:
        record["beacon"] = text_of(members, "beacon", BEACON)
        if "root" not in record or not record["beacon_source"]:
            raise Wrong("beacon: before the freeze, or without a source")
    if "seed" in members:
        record["seed"] = text_of(members, "seed", HASH)
        if "root" not in record or (record["beacon_source"] and "beacon" not in record):
            raise Wrong("seed: before the freeze, or before the beacon")
    no_more(members)
    return record


def read_list(path):
    with open(path, "rb") as file:
        data = file.read()
    lines = data.decode("ascii", "replace").split("\n")
    if lines.pop() != "":
        raise Wrong(f"{path}: the last line has no line feed")
    for number, line in enumerate(lines, 1):
        if not ENTRANT.match(line):
            raise Wrong(f"{path}: line {number}: {line[:64]!r}, expected 32 hex digits")
    return [bytes.fromhex(line) for line in lines]


# The draw.

def replay(record, fifo, drawn):
    """The whole order, if everything holds."""
    for name in ("root", "seed"):
        if name not in record:
            raise Wrong(f"{name}: not published yet")
    check_seed(record)
    if len(fifo) != record["fifo_count"]:
        raise Wrong(f"fifo_count: {record['fifo_count']}, the list has {len(fifo)}")
    if len(drawn) != record["count"]:
        raise Wrong(f"count: {record['count']}, the list has {len(drawn)}")
    if len(fifo) != (len(fifo) + len(drawn)) * record["fifo_per_mille"] // 1000:
        raise Wrong("fifo_count: not the share that fifo_per_mille says")
    if drawn != sorted(drawn):
        raise Wrong("drawn: the list is not sorted")
    if len(set(fifo + drawn)) != len(fifo) + len(drawn):
        raise Wrong("somebody takes part twice")
    if merkle_root(fifo).hex() != record["fifo_root"]:
        raise Wrong("fifo_root: that of the list is another")
    if merkle_root(drawn).hex() != record["root"]:
        raise Wrong("root: that of the list is another")
    key = draw_key(record)
    return fifo + sorted(drawn, key=lambda who: (hmac.digest(key, who, "sha256"), who))


def check_seed(record):
    if "seed" in record and sha256(bytes.fromhex(record["seed"])).hex() != record["commitment"]:
        raise Wrong("seed: it is not the one that was committed to")


def draw_key(record):
    label = f"flashsale/1/draw-key/{record['sale']}/{record['tier']}".encode("ascii")
    return hkdf(bytes.fromhex(record["seed"]), bytes.fromhex(record["fifo_root"]),
                label + bytes.fromhex(record["root"]) + bytes.fromhex(record.get("beacon", "")))


def check_continues(earlier, later):
    for name, value in earlier.items():
        if later.get(name) != value:
            raise Wrong(f"{name}: {later.get(name)!r}, earlier {value!r}")


def proof_of(members):
    proof = {"version": number_of(members, "version", 1, 1),
             "sale": text_of(members, "sale", NAME),
             "tier": number_of(members, "tier", 0, 7),
             "list": text_of(members, "list", re.compile(r"(?:drawn|fifo)\Z")),
             "entrant": text_of(members, "entrant", ENTRANT),
             "index": number_of(members, "index", 0, 2**32),
             "path": text_of(members, "path", PATH)}
    no_more(members)
    return proof


def check_proof(record, proof):
    """RFC 9162, 2.1.3.2."""
    if (proof["sale"], proof["tier"]) != (record["sale"], record["tier"]):
        raise Wrong("sale, tier: a proof of another draw")
    if "root" not in record:
        raise Wrong("root: not published yet")
    check_seed(record)
    prefix = "fifo_" if proof["list"] == "fifo" else ""
    count, root = record[prefix + "count"], record[prefix + "root"]
    if proof["index"] >= count:
        raise Wrong(f"index: {proof['index']}, the list has {count}")
    path = bytes.fromhex(proof["path"])
    fn, sn = proof["index"], count - 1
    found = leaf(bytes.fromhex(proof["entrant"]))
    for start in range(0, len(path), 32):
        sibling = path[start:start + 32]
        if sn == 0:
            raise Wrong("path: too long")
        if fn & 1 or fn == sn:
            found = node(sibling, found)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Wrong("path: too short")
    if found.hex() != root:
        raise Wrong("path: it leads to another root")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("check", "order"):
        command = commands.add_parser(name)
        command.add_argument("--record", required=True)
        command.add_argument("--entrants", required=True)
        command.add_argument("--fifo")
        if name == "check":
            command.add_argument("--order")
            command.add_argument("--earlier", action="append", default=[])
    command = commands.add_parser("check-proof")
    command.add_argument("--record", required=True)
    command.add_argument("--proof", required=True)
    command.add_argument("--entrant", help="whose proof it should be, 32 hex digits")
    options = parser.parse_args(arguments)
    try:
        record = read_file(options.record, record_of)
        if options.command == "check-proof":
            proof = read_file(options.proof, proof_of)
            if options.entrant is not None and options.entrant != proof["entrant"]:
                raise Wrong(f"entrant: {proof['entrant']}, expected {options.entrant}")
            check_proof(record, proof)
            print(f"right: {proof['entrant']} takes part, number {proof['index']} of the "
                  f"{proof['list']} list")
            return 0
        fifo = read_list(options.fifo) if options.fifo else []
        order = replay(record, fifo, read_list(options.entrants))
        if options.command == "order":
            sys.stdout.write("".join(f"{who.hex()}\n" for who in order))
            return 0
        for earlier in options.earlier:
            check_continues(read_file(earlier, record_of), record)
        if options.order is not None and read_list(options.order) != order:
            raise Wrong("order: another one than the draw gives")
        print(f"right: {len(order)} entrants, {record['fifo_count']} first, {record['count']} drawn")
        return 0
    except (Wrong, OSError) as error:
        print(f"wrong: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
