"""The bugs that are seeded into the library, each with the suite that must reject it.

An edit is (file, old text, new text); the old text stands in the file exactly once.  A bug is a
library that somebody could have written: it compiles, and answers most calls well.

Not here, because harmless:
  - an expiry that returns the units asked instead of those held: they differ only after a confirm
    of a part, and what was bought does not expire; "a void returns the units asked" stands for it;
  - stock returned before the record changes: both happen under the shard's lock, and nobody reads
    a record without it; what others can see is the number, and that order is here.
Nor what only shows where memory runs out: those suites take longest and are not run here.
"""

import bugs_of_crowds
import bugs_of_journals
import bugs_of_policies
import bugs_of_stock
from seeded import BUGS

__all__ = ["BUGS", "bugs_of_crowds", "bugs_of_journals", "bugs_of_policies", "bugs_of_stock"]
