"""How a bug is put on the list."""

import collections

Bug = collections.namedtuple("Bug", "name suite edits")

BUGS = []


def bug(name, suite, *edits):
    BUGS.append(Bug(name, suite, edits))
