"""Has draw_verify (C++, with the library) and verify_draw.py (Python, from docs/draw.md) check each
other's draws, and both refuse draws and proofs that were tampered with.

Usage: cross_check.py DRAW_VERIFY VERIFY_DRAW_PY
"""

import contextlib
import hashlib
import importlib.util
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile

PROGRAM, SCRIPT = sys.argv[1:3]
spec = importlib.util.spec_from_file_location("verify_draw", SCRIPT)
verify_draw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify_draw)

SIZES = [0, 1, 2, 3, 7, 8, 9, 31, 33, 1000, 1025]
SEEDS_EACH = 3
STRANGER = "f" * 32


def run_program(*arguments):
    """(exit code, output) of the program."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def run_script(*arguments):
    """The same of the script, within this process."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = verify_draw.main([str(argument) for argument in arguments])
    return code, output.getvalue() if code == 0 else errors.getvalue()


def expect(holds, what, *shown):
    if not holds:
        sys.exit("\n".join([f"wrong: {what}", *map(str, shown)]))


class Draw:
    """The files of one draw in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.record = json.loads((folder / "record.json").read_text())

    def arguments(self):
        return ["--record", self.folder / "record.json", "--entrants", self.folder / "entrants.txt",
                "--fifo", self.folder / "fifo.txt"]

    def lines(self, name):
        return (self.folder / name).read_text().split()

    def verdicts(self, *more):
        return (run_program("check", *self.arguments(), *more),
                run_script("check", *self.arguments(), *more))


def make(folder, ids, seed, beacon, per_mille):
    (folder / "ids.txt").write_text("".join(f"{who}\n" for who in ids))
    arguments = ["make", "--ids", folder / "ids.txt", "--seed", seed, "--sale", "cross-check",
                 "--tier", 5, "--fifo-per-mille", per_mille, "--out", folder]
    if beacon:
        arguments += ["--beacon", beacon, "--beacon-source", "a die"]
    code, output = run_program(*arguments)
    expect(code == 0, "a draw could not be made", output)
    return Draw(folder)


def check_right(draw, ids):
    more = ["--order", draw.folder / "order.txt", "--earlier", draw.folder / "announced.json",
            "--earlier", draw.folder / "frozen.json"]
    (program, said), (script, says) = draw.verdicts(*more)
    expect(program == 0 and script == 0 and said == says, "a right draw", said, says)
    code, order = run_script("order", *draw.arguments())
    expect(code == 0 and order == (draw.folder / "order.txt").read_text(), "another order", order)
    expect(sorted(order.split()) == sorted(ids), "not everybody is drawn once")


def check_tampering(draw, dice):
    """Each way of cheating that leaves the record a lawful one, and each that does not."""
    record, drawn, fifo = draw.record, draw.lines("entrants.txt"), draw.lines("fifo.txt")
    other_seed = dice.randbytes(32).hex()
    commitment = hashlib.sha256(bytes.fromhex(other_seed)).hexdigest()
    # What cannot be told from the last record alone can from an earlier one.
    kept_secret = [({**record, "seed": other_seed, "commitment": commitment}, drawn, fifo)]
    cheats = [({**record, "seed": other_seed}, drawn, fifo),
              ({**record, "count": record["count"] + 1}, drawn, fifo),
              (record, sorted(drawn + [STRANGER]), fifo),
              ({**record, "count": record["count"] + 1}, sorted(drawn + [STRANGER]), fifo),
              ({**record, "version": 2}, drawn, fifo),
              ({**record, "root": STRANGER * 2}, drawn, fifo),
              ({**record, "remark": "none"}, drawn, fifo),
              ({name: value for name, value in record.items() if name != "seed"}, drawn, fifo)]
    if record["beacon_source"]:
        kept_secret.append(({**record, "beacon": "00" + record["beacon"]}, drawn, fifo))
        kept_secret.append(({**record, "beacon": record["beacon"] + "00"}, drawn, fifo))
        cheats.append(({**record, "beacon_source": ""}, drawn, fifo))
    if len(drawn) > 1:
        cheats += [(record, drawn[1:], fifo),
                   ({**record, "count": record["count"] - 1}, drawn[1:], fifo),
                   (record, drawn[:1] + drawn[:-1], fifo),
                   ({**record, "count": record["count"] + 1}, drawn[:1] + drawn, fifo),
                   (record, drawn[:-1] + [STRANGER], fifo),
                   (record, drawn[::-1], fifo)]
        cheats.append(with_double(record, drawn, fifo))
    if fifo:
        cheats += [(record, drawn, fifo[1:]), ({**record, "fifo_per_mille": 0}, drawn, fifo),
                   (record, drawn, fifo[:-1] + [STRANGER])]
    if len(fifo) > 1:
        cheats.append((record, drawn, fifo[::-1]))
    for number, (changed, changed_drawn, changed_fifo) in enumerate(cheats + kept_secret):
        folder = draw.folder / f"cheat{number}"
        folder.mkdir()
        (folder / "record.json").write_text(json.dumps(changed))
        (folder / "entrants.txt").write_text("".join(f"{who}\n" for who in changed_drawn))
        (folder / "fifo.txt").write_text("".join(f"{who}\n" for who in changed_fifo))
        (folder / "order.txt").write_text((draw.folder / "order.txt").read_text())
        ways = [[]] if number < len(cheats) else [["--earlier", draw.folder / "record.json"]]
        if changed.get("beacon") != record.get("beacon") and len(drawn) > 30:
            ways.append(["--order", folder / "order.txt"])
        for shown in ways:
            (program, said), (script, says) = Draw(folder).verdicts(*shown)
            expect((program, script) == (1, 1), f"cheat {number} of {draw.folder}", changed, said,
                   says)


def with_double(record, drawn, fifo):
    """Somebody stands in the list twice, and everything was published that way."""
    double = sorted(drawn + drawn[-1:])
    root = verify_draw.merkle_root([bytes.fromhex(who) for who in double]).hex()
    return {**record, "count": len(double), "root": root}, double, fifo


def check_garbage(folder):
    """What is no record or proof at all is refused in one line."""
    for number, text in enumerate(["", "{", "[]", "{" * 8000, "[" * 8000, '{"version":' * 700,
                                   '{"version": 1' + "0" * 5000 + "}", "\0", "\xff", " " * 9000]):
        file = folder / f"garbage{number}.json"
        file.write_text(text)
        for arguments in [["check", "--record", file, "--entrants", file],
                          ["check-proof", "--record", file, "--proof", file]]:
            (program, said), (script, says) = run_program(*arguments), run_script(*arguments)
            expect((program, script) == (1, 1) and said.count("\n") == says.count("\n") == 1,
                   f"garbage {number}", said, says)


def check_proof_by_last_record(draw, proof, dice):
    """It holds by the whole record, and not by one whose seed is another than was committed to."""
    proof_file, record = draw.folder / "proof.json", draw.folder / "other.json"
    proof_file.write_text(proof)
    for change, right in [({}, True), ({"seed": dice.randbytes(32).hex()}, False)]:
        record.write_text(json.dumps({**draw.record, **change}))
        arguments = ["check-proof", "--record", record, "--proof", proof_file]
        (program, said), (script, says) = run_program(*arguments), run_script(*arguments)
        expect((program == 0, script == 0) == (right, right), f"a record with {change}", said, says)


def check_proofs(draw, dice):
    lists = [(who, "drawn") for who in draw.lines("entrants.txt")]
    lists += [(who, "fifo") for who in draw.lines("fifo.txt")]
    record = draw.folder / "frozen.json"
    proof_file = draw.folder / "proof.json"
    for who, name in dice.sample(lists, min(len(lists), 3)):
        code, proof = run_program("prove", *draw.arguments(), "--entrant", who)
        expect(code == 0 and json.loads(proof)["list"] == name, f"no proof for {who}", proof)
        path = json.loads(proof)["path"]
        for change, right in [({}, True), ({"entrant": STRANGER}, False), ({"tier": 4}, False),
                              ({"index": len(lists)}, False), ({"path": path + "0" * 64}, False),
                              ({"path": path[64:] if path else "0" * 64}, False),
                              ({"path": path[:-1] + "g"}, False)]:
            proof_file.write_text(json.dumps({**json.loads(proof), **change}))
            arguments = ["check-proof", "--record", record, "--proof", proof_file]
            (program, said), (script, says) = run_program(*arguments), run_script(*arguments)
            expect((program == 0, script == 0) == (right, right), f"a proof with {change}", said, says)
            expect(not right or said == says, "two words for one thing", said, says)
            if change.get("path", "").endswith("g"):
                expect(str(proof_file) in said and str(proof_file) in says, "no file", said, says)
        check_proof_by_last_record(draw, proof, dice)
    code, said = run_program("prove", *draw.arguments(), "--entrant", STRANGER)
    expect(code == 1, "a proof for a stranger", said)


def main():
    dice = random.Random(1)
    draws = 0
    with tempfile.TemporaryDirectory() as top:
        check_garbage(pathlib.Path(top))
        for size in SIZES:
            for round_ in range(SEEDS_EACH):
                folder = pathlib.Path(top, f"{size}-{round_}")
                folder.mkdir()
                ids = [dice.randbytes(16).hex() for _ in range(size)]
                beacon = ["", dice.randbytes(dice.randint(1, 256)).hex()][(size + round_) % 2]
                draw = make(folder, ids, dice.randbytes(32).hex(), beacon, [0, 250, 1000][round_])
                check_right(draw, ids)
                check_tampering(draw, dice)
                check_proofs(draw, dice)
                draws += 1
    print(f"{draws} draws, of {SIZES} entrants: both agree")


if __name__ == "__main__":
    main()
