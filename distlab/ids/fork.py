"""Forks: the child of a fork has a copy of every generator, in the same state.

If both went on, they would make the same ids. So each generator remembers the `generation` of the
process that it was made in, and looks whether it is still there:

* random ids (`uuids`, `objectid`) draw anew in the child;
* a range or a lease (`segment`, `lease`) stays with the parent, and the child asks for its own;
* a Snowflake refuses: its worker id belongs to one process, the parent.

A process id would tell it as well, but to ask for it takes about as long as to make an id.
"""

import os

from distlab.host import Refused

generation = 0
"""The number of forks between the first process and this one."""


class Forked(Refused):
    """This generator belongs to the parent process."""


def _count() -> None:
    global generation
    generation += 1


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_count)
