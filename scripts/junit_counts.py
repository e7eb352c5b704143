"""Counts the results of ctest runs.

Usage: junit_counts.py FILE...     prints "<passed> <failed> <skipped>", of all of them

A test that ctest did not run for any reason but its own word that it cannot run here (its program
was not built, its set-up failed) counts as failed.
"""

import sys
import xml.etree.ElementTree as ElementTree


def classify(case):
    status = case.get("status")
    if status == "run":
        return "passed"
    if status == "disabled":
        return "skipped"
    skipped = case.find("skipped")
    if status == "notrun" and skipped is not None:
        if skipped.get("message", "").startswith("SKIP_"):
            return "skipped"
    return "failed"


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for file in sys.argv[1:]:
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            counts[classify(case)] += 1
    print(counts["passed"], counts["failed"], counts["skipped"])


if __name__ == "__main__":
    main()
