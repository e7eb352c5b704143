"""Seeds bugs into the library, one at a time, and has the test suites reject each.

For a bug the sources that its edits reach are compiled anew, from a copy; a program of the suite is
linked with them and the rest of the built library, and run.  The suite that the table names comes
first, then the others, cheapest first, until one fails, crashes or hangs: the bug is rejected.  One
that survives them all is a hole in the tests, and fails the run.

Without --count all bugs are tried with FLASHSALE_TEST_FULL=1, else three.  Which three follows from
--seed, and that from the text of the sources where it is not given: each change of them draws
others, and the same sources draw the same.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

from bugs import BUGS

# Cheapest first.  A program of None is the kit's.  The limit, in seconds, is many times what the
# right library takes on a busy machine.
Suite = collections.namedtuple("Suite", "name program arguments limit")
# What runs out of memory takes longest and is no business of the bugs here.
DOCTEST = ["--abort-after=1", "--source-file-exclude=*allocation_failure*"]
SUITES = [
    Suite("scripts", None, ["scripts"], 60),
    Suite("random runs", None, ["random"], 120),
    Suite("contention", None, ["contention"], 120),
    Suite("queues", None, ["queues"], 120),
    Suite("rates", None, ["rates"], 120),
    Suite("policy", "policy", DOCTEST, 180),
    Suite("service", "service", DOCTEST, 180),
    Suite("runtime", "runtime", DOCTEST, 180),
    Suite("backend", "backend", DOCTEST, 180),
    Suite("engine", "engine", DOCTEST, 180),
    Suite("journal", "journal", [*DOCTEST, "--test-case-exclude=*before every call*"], 180),
    Suite("hard cases", "hard_cases", DOCTEST, 300),
    Suite("interleavings", "linearizability",
          [*DOCTEST, "--source-file=*interleavings*"], 300),
    Suite("linearizability", "linearizability",
          [*DOCTEST, "--source-file-exclude=*interleavings*"], 300),
]
# A program of which no thread has run for so many seconds waits for itself.
IDLE_SECONDS = 15

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
ROOTS = ("include", "src")


class Hole(Exception):
    """What keeps the run from saying anything: a bug that cannot be seeded, a broken build."""


class Sources:
    """The library's sources: who includes whom, and how each is compiled."""

    def __init__(self, root, build, link):
        self.root = root
        linked = json.loads(link.read_text(encoding="utf-8"))["command"]
        commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        self.commands = {}
        self.library = []
        for entry in commands:
            path = pathlib.Path(entry["directory"], entry["file"]).resolve()
            unit = os.path.relpath(path, root)
            command = shlex.split(entry["command"])
            is_linked = self._is_linked(command, linked)
            # A fuzzer compiles some sources of the library for itself, too.
            if unit in self.commands and not is_linked:
                continue
            self.commands[unit] = (entry["directory"], command)
            if is_linked and unit.startswith("src/") and not unit.startswith("src/testing/"):
                self.library.append(unit)
        self._reached = {}

    @staticmethod
    def _is_linked(command, linked):
        """Whether what the source is compiled for is a library of the kit's."""
        target = re.search(r"CMakeFiles/(\w+)\.dir/", command[command.index("-o") + 1])[1]
        return any(f"/lib{target}." in f"/{argument}" for argument in linked)

    def included_by(self, file):
        text = (self.root / file).read_text(encoding="utf-8")
        return [f"{top}/{name}" for name in INCLUDE.findall(text) for top in ROOTS
                if (self.root / top / name).is_file()]

    def reached_from(self, file):
        """The files that `file` includes, however far away, itself among them."""
        if file not in self._reached:
            self._reached[file] = {file}.union(*map(self.reached_from, self.included_by(file)))
        return self._reached[file]

    def compiled_with(self, files):
        """The library's sources that the files reach."""
        return [unit for unit in self.library if self.reached_from(unit) & set(files)]

    def tests_of(self, files, folder):
        """The tests in the folder that are about these files: their inline code lies there, too."""
        return [unit for unit in self.commands if unit.startswith(f"tests/{folder}/")
                and set(self.included_by(unit)[:1]) & set(files)]


class Mutant:
    """The library with one bug in it."""

    def __init__(self, bug, sources, options):
        self.sources, self.options = sources, options
        self.folder = options.link.parent / "work" / re.sub(r"\W+", "_", bug.name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.texts = texts = {}
        for file, old, new in bug.edits:
            original = (sources.root / file).read_text(encoding="utf-8")
            text = texts.get(file, original)
            if original.count(old) != 1 or text.count(old) != 1:
                raise Hole(f"{file} has this text {original.count(old)} times, not once:\n{old}")
            texts[file] = text.replace(old, new)
        for file, text in texts.items():
            copy = self.folder / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text, encoding="utf-8")
        self.objects = self._compile_all(sources.compiled_with(texts))

    def _compile_all(self, units):
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            return list(pool.map(self._compile, units))

    def _compile(self, unit):
        directory, command = self.sources.commands[unit]
        source = self.folder / unit
        if not source.is_file():
            source = self.sources.root / unit
        target = self.folder / (unit.replace("/", "_") + ".o")
        arguments = [argument for argument in command[1:command.index("-o")]
                     if not re.match(r"-(O|g|W)", argument)]
        overlay = [f"-I{self.folder / top}" for top in ROOTS]
        run_tool([*self.options.launcher, command[0], *overlay, *arguments, "-O1", "-w",
                  "-o", str(target), "-c", str(source)], directory)
        return str(target)

    def link(self, suite):
        """The suite's program, linked with the mutant."""
        recorded = json.loads(self.options.link.read_text(encoding="utf-8"))
        command = recorded["command"]
        target = self.folder / (suite.program or "kit")
        if target.is_file():
            return target
        kit = next(i for i, argument in enumerate(command) if argument.endswith("kit.cc.o"))
        tests = [command[kit]]
        if suite.program:
            tests = next(built[1:] for built in self.options.suite if built[0] == suite.program)
            anew = self.sources.tests_of(self.texts, suite.program)
            old = tuple(f"{unit.removeprefix('tests/')}.o" for unit in anew)
            tests = [built for built in tests if not (old and built.endswith(old))]
            tests += self._compile_all(anew)
        # The mutant's objects come first: the library's own of the same names are then not taken.
        command = [*command[:kit], *self.objects, *tests, *command[kit + 1:]]
        command[command.index("-o") + 1] = str(target)
        run_tool(command, recorded["directory"])
        return target


def run_tool(command, directory):
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Hole(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")


def cpu_ticks(pid):
    """How long the process has run, in ticks; None where the system does not tell."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        return sum(map(int, fields.split()[11:13]))
    except OSError:
        return None


def objection(program, suite):
    """Why the suite rejects the program, in a few words; empty where it does not."""
    log = program.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen([program, *suite.arguments], stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    began = last_ran = time.monotonic()
    ticks = None
    hangs = ""
    while process.poll() is None and not hangs:
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            ticks_now = cpu_ticks(process.pid)
            if ticks_now is None or ticks_now != ticks:
                last_ran = now
            ticks = ticks_now
            if now - last_ran > IDLE_SECONDS:
                hangs = "it waits for ever"
            elif now - began > suite.limit:
                hangs = f"it takes more than {suite.limit} s"
    if hangs:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return hangs
    if process.returncode == 0:
        return ""
    if process.returncode < 0:
        return f"it crashes: {signal.Signals(-process.returncode).name}"
    return first_complaint(log.read_text(encoding="utf-8", errors="replace"))


def first_complaint(text):
    """The test case and the check of doctest that failed, or the first line of the kit."""
    case = re.findall(r"^TEST CASE:\s+(.*)$", text, re.MULTILINE)
    error = re.search(r"^.*?([^/\n]+:\d+): (?:FATAL )?ERROR: (.*)$", text, re.MULTILINE)
    if error:
        before = text[:error.start()]
        case = re.findall(r"^TEST CASE:\s+(.*)$", before, re.MULTILINE)
        return f"{case[-1] if case else '?'} ({error[1]})"
    return next((line for line in text.splitlines() if line.strip()), "?")


def reject(mutant, first):
    """The suite that rejects the mutant, and why; (None, "") where none does."""
    order = sorted(SUITES, key=lambda suite: suite.name != first)
    for suite in order:
        why = objection(mutant.link(suite), suite)
        if why:
            return suite.name, why
    return None, ""


def control(options, sources):
    """The library as it is must pass: a suite that fails for another reason rejects nothing."""
    right = type(BUGS[0])("no bug", "", [])
    mutant = Mutant(right, sources, options)
    failed = False
    for suite in SUITES:
        began = time.monotonic()
        why = objection(mutant.link(suite), suite)
        print(f"{'FAILED' if why else 'passed'}    {time.monotonic() - began:6.1f} s  "
              f"{suite.name}: the library without a bug{': ' + why if why else ''}", flush=True)
        failed |= bool(why)
    return not failed


def draw(options):
    bugs = [bug for bug in BUGS if options.only in bug.name]
    seed = options.seed
    if seed is None:
        text = b"".join((options.source / file).read_bytes()
                        for file in sorted({edit[0] for bug in BUGS for edit in bug.edits}))
        seed = int(hashlib.sha256(text).hexdigest()[:8], 16)
    if options.count < len(bugs):
        bugs = random.Random(seed).sample(bugs, options.count)
    print(f"{len(bugs)} of {len(BUGS)} bugs, seed {seed}", flush=True)
    return bugs


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    full = os.environ.get("FLASHSALE_TEST_FULL") == "1"
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--link", type=pathlib.Path, required=True, help="from record_link.py")
    parser.add_argument("--suite", nargs="+", action="append", default=[],
                        help="a program's name and its objects")
    parser.add_argument("--launcher", type=shlex.split, default=[], help="before the compiler")
    parser.add_argument("--count", type=int, default=len(BUGS) if full else 3)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="bugs with this text in their name")
    parser.add_argument("--cheapest-first", action="store_true",
                        help="do not begin with the suite that the table names")
    parser.add_argument("--control", action="store_true", default=full,
                        help="first see the library as it is pass every suite")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    options.launcher = [part for part in options.launcher if part]
    return options


def main():
    options = parse_arguments()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Every suite runs in its short form, whatever this run is.
    os.environ.pop("FLASHSALE_TEST_FULL", None)
    sources = Sources(options.source.resolve(), options.build, options.link)
    bugs = draw(options)
    if options.control and not control(options, sources):
        return 1
    rejected_by = collections.Counter()
    for bug in bugs:
        began = time.monotonic()
        try:
            mutant = Mutant(bug, sources, options)
            suite, why = reject(mutant, "" if options.cheapest_first else bug.suite)
        except Hole as hole:
            suite, why = None, str(hole)
        rejected_by[suite] += 1
        print(f"{'rejected' if suite else 'SURVIVED'}  {time.monotonic() - began:6.1f} s  "
              f"{bug.name}\n             {suite or 'no suite'}: {why}", flush=True)
        if suite:
            shutil.rmtree(mutant.folder, ignore_errors=True)
    survivors = rejected_by.pop(None, 0)
    print(f"{len(bugs) - survivors} of {len(bugs)} bugs rejected: "
          + ", ".join(f"{count} by {suite}" for suite, count in rejected_by.most_common()))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
